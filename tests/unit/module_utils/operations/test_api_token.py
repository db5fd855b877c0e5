# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What api_token does, and what it says when an answer is lost."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    ForbiddenError,
    OptionError,
    RefusedError,
    RequestError,
    UnsupportedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Caller, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.api_token import API_TOKEN
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from tests.unit.module_utils.operations.fake import OTHER, OWN, Fake

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def api(id_: str, tag: str = "nightly", left: timedelta = 30 * DAY) -> Credential:
    return Credential(id_, OWN, NOW - DAY, NOW + left, kind="api_token", tag=tag)


def run(one: Fake, check_mode: bool = False, **options: object):
    return API_TOKEN.run(one, Task({"state": "present", **options}, check_mode, lambda: NOW))


@pytest.fixture
def one() -> Fake:
    found = Fake(username="me")
    found.listed = [api("a1"), api("a2", "other")]
    found.made = Minted(Credential("a3", OWN, None, NOW + 60 * DAY, kind="api_token", tag="nightly"), "SECRET")
    return found


@pytest.mark.parametrize(
    ("options", "minted"),
    [
        ({"tag": "nightly"}, False),
        ({"tag": "nightly", "min_remaining": "29d"}, False),
        ({"tag": "nightly", "min_remaining": "30d"}, True),
        ({"tag": "Nightly"}, True),
        ({"tag": "nightly", "additional": True}, True),
        ({"tag": "nightly", "user": "one"}, False),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_decisions(one, options, minted, check_mode):
    outcome = run(one, check_mode, **options)
    assert outcome.changed is minted
    assert (f"mint {options['tag']} None" in one.done) is (minted and not check_mode)
    assert outcome.values.get("token") == ("SECRET" if minted and not check_mode else None)
    assert outcome.values["token_id"] == ("a1" if not minted else None if check_mode else "a3")
    assert "SECRET" not in str((outcome.before, outcome.after))


def test_min_remaining_is_compared_with_what_the_token_will_live(one):
    """Where the platform has a default, or cuts what is asked for, every run would make another otherwise."""
    one.api_token_lifetime = lambda lifetime: timedelta(minutes=60) if lifetime is None else timedelta(minutes=1)
    for options in ({"min_remaining": "2h"}, {"min_remaining": "61s", "expires_in": "90s"}):
        with pytest.raises(OptionError, match="not longer than min_remaining"):
            run(one, tag="nightly", **options)


def test_an_expired_one_counts_as_none(one):
    one.listed = [api("a1", left=-DAY)]
    assert run(one, tag="nightly", expires_in="60d").changed
    assert one.done == ["check nightly 60 days, 0:00:00", "mint nightly 60 days, 0:00:00"]


def test_the_platform_checks_first(one):
    one.check_api_token = lambda tag, lifetime: one._cannot("create API tokens")
    with pytest.raises(UnsupportedError):
        run(one, tag="nightly")
    assert one.done == []


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, OptionError, "state=present needs tag"),
        ({"tag": "nightly", "token_ids": ["a1"]}, OptionError, "state=present needs tag, and no token_ids"),
        ({"tag": "nightly", "user": "svc"}, OptionError, "API tokens can only be created for the calling user"),
        ({"tag": "nightly", "expires_in": "1d", "min_remaining": "1d"}, OptionError, "not longer than min_remaining"),
        ({"state": "absent"}, OptionError, "state=absent needs tag or token_ids"),
    ],
)
def test_bad_options(one, options, kind, words):
    with pytest.raises(kind, match=words):
        run(one, **options)
    assert not [words for words in one.done if not words.startswith("check")]


@pytest.mark.parametrize(
    ("options", "revoked"),
    [
        ({"tag": "nightly"}, ["a1"]),
        ({"token_ids": ["a2", "a1"]}, ["a1", "a2"]),
        ({"tag": "nightly", "token_ids": ["a2"]}, []),
        ({"token_ids": ["a9"]}, []),
        ({"tag": "nightly", "user": "svc"}, ["a1"]),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_absent(one, options, revoked, check_mode):
    outcome = run(one, check_mode, state="absent", **options)
    assert (outcome.changed, outcome.values["revoked"]) == (bool(revoked), revoked)
    assert one.done == ([] if check_mode else [f"delete {id_}" for id_ in revoked])
    assert outcome.values["account"] == (OTHER if "user" in options else OWN).name


def test_the_token_in_use_goes_only_by_its_id(one):
    one.who = Caller(OWN, "a1", with_token=True)
    with pytest.raises(RefusedError, match="Name it with token_ids"):
        run(one, state="absent", tag="nightly")
    assert one.done == []
    assert run(one, state="absent", token_ids=["a1"]).values["revoked"] == ["a1"]


def lost() -> RequestError:
    return RequestError("Lost.", may_have_acted=True)


def test_a_lost_answer_where_one_was_made(one):
    one.failure, looks = lost(), iter([[api("a1")], [api("a1"), api("a3"), api("a4", "other")]])
    one.api_tokens = lambda account: next(looks)
    with pytest.raises(RequestError, match="A token was created all the same, a3, and its secret is lost") as caught:
        run(one, tag="nightly", additional=True)
    assert caught.value.details["created"] == ["a3"]
    assert one.done.count("mint nightly None") == 1


def test_a_lost_answer_where_none_was_made(one):
    one.failure = lost()
    with pytest.raises(RequestError, match=r"with the tag 'nightly' is not there yet; the request may still be served\. Look again"):
        run(one, tag="nightly", additional=True)


def test_a_lost_answer_where_nobody_can_look(one):
    one.failure, looks = lost(), iter([[api("a1")]])

    def look(_account):
        for found in looks:
            return found
        raise ForbiddenError("No.")

    one.api_tokens = look
    with pytest.raises(RequestError, match="Whether a token was created is not known; look with api_token_info"):
        run(one, tag="nightly", additional=True)


def test_a_refusal_is_not_looked_after(one):
    one.failure, looks = ForbiddenError("No."), iter([[api("a1")]])
    one.api_tokens = lambda account: next(looks)
    with pytest.raises(ForbiddenError, match=r"^No\.$"):
        run(one, tag="nightly", additional=True)
