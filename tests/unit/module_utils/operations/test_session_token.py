# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_token does where a token is a session of the calling account itself."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ForbiddenError, OptionError, RefusedError, RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential, Minted
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_token import is_enough, run_absent, run_present
from tests.unit.module_utils.operations.fake import OTHER, OWN, Fake

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
SESSION = Credential("s1", OWN, NOW - HOUR, NOW + HOUR, kind="session")


def task(check_mode: bool = False, **options: object) -> Task:
    return Task(options, check_mode, lambda: NOW)


@pytest.mark.parametrize(
    ("current", "is_own", "min_remaining", "enough"),
    [
        (SESSION, True, timedelta(0), True),
        (SESSION, True, timedelta(minutes=59), True),
        (SESSION, True, HOUR, False),
        (SESSION, False, timedelta(0), False),
        (Credential("s1", OWN), True, 100 * HOUR, True),
        (Credential("s1", OWN, NOW, NOW), True, timedelta(0), False),
        (None, True, timedelta(0), False),
        (None, False, timedelta(0), False),
    ],
)
def test_is_enough(current, is_own, min_remaining, enough):
    assert is_enough(current, is_own, NOW, min_remaining) is enough


def fake(**auth: object) -> Fake:
    one = Fake(**{"client_id": "one", **auth})
    one.made = Minted(Credential("s2", OWN, None, NOW + 24 * HOUR, kind="session"), "SECRET")
    one.inspected = SESSION
    return one


def test_one_that_will_do_is_kept():
    one = fake()
    outcome = run_present(one, task(current="CURRENT"), False, timedelta(0))
    assert (outcome.changed, outcome.values["token_id"], "token" in outcome.values) == (False, "s1", False)
    assert outcome.before == outcome.after
    assert one.done == ["inspect CURRENT"]


@pytest.mark.parametrize("account", [OTHER, Account("9", "")])
def test_one_of_another_account_is_not_kept(account):
    one = fake(client_id="two")
    one.inspected = Credential("s1", account, NOW, NOW + HOUR)
    assert run_present(one, task(current="CURRENT"), False, timedelta(0)).changed


def test_a_check_of_the_bearer_alone_keeps_it_whoever_it_is():
    one = fake(client_id=None, token="CURRENT")
    one.inspected = Credential("s1", OTHER, NOW, NOW + HOUR)
    assert not run_present(one, task(current="CURRENT"), False, timedelta(0)).changed


@pytest.mark.parametrize("check_mode", [True, False])
def test_one_more(check_mode):
    one = fake()
    outcome = run_present(one, task(check_mode, current="CURRENT"), True, timedelta(0))
    assert outcome.changed
    assert one.done == ([] if check_mode else ["mint"])
    assert outcome.values.get("token") == (None if check_mode else "SECRET")
    assert outcome.values["token_id"] == (None if check_mode else "s2")
    assert outcome.values["kind"] == "session"
    assert outcome.values["created_at"] == "2027-01-01T00:00:00Z"
    assert "SECRET" not in str((outcome.before, outcome.after))


def test_a_refused_mint_is_explained_with_the_tokens_at_hand():
    one = fake()
    one.inspected, one.failure = None, ForbiddenError("No.")
    with pytest.raises(RequestError):
        run_present(one, task(current="CURRENT", admin_token="ADMIN"), False, timedelta(0))
    assert one.done == ["inspect CURRENT", "mint", "explain with CURRENT, ADMIN"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token_id": "s1"}, "token_id goes with state=absent here"),
        ({"user": "somebody"}, "opens sessions for the calling account only, and that is not somebody"),
        ({"current": "two words"}, "current: it holds characters"),
    ],
)
def test_bad_options(options, words):
    one = fake()
    with pytest.raises(OptionError, match=words):
        run_present(one, task(**options), False, timedelta(0))
    assert one.done == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("additional", [True, False])
def test_a_token_opens_no_session(check_mode, additional):
    one = fake(client_id=None, token="TOKEN")
    one.inspected = None  # dead
    with pytest.raises(OptionError, match="A token cannot create another one"):
        run_present(one, task(check_mode, current="CURRENT"), additional, timedelta(0))
    assert one.done == ([] if additional else ["inspect CURRENT"])


@pytest.mark.parametrize("user", ["one", "me", "1"])
def test_the_calling_account_by_any_of_its_names(user):
    assert run_present(fake(), task(user=user), False, timedelta(0)).changed


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_end_of_all_of_an_accounts(check_mode):
    one = fake()
    one.listed = [SESSION, Credential("own", OWN), Credential("s3", OWN)]
    outcome = run_absent(one, task(check_mode, user="me"))
    assert (outcome.changed, outcome.before, outcome.after) == (True, {"sessions": ["s1", "s3"]}, {"sessions": []})
    assert outcome.values == {"account": "me", "account_id": "1"}
    assert one.done == ([] if check_mode else ["delete s1", "delete s3"])


def test_the_end_of_one_by_its_id():
    one = fake()
    one.listed = [SESSION, Credential("s3", OWN)]
    assert run_absent(one, task(token_id="s3")).changed
    assert one.done == ["delete s3"]
    assert not run_absent(one, task(token_id="s4")).changed


def test_the_token_in_use_is_not_ended_with_the_others():
    one = fake(client_id=None, token="TOKEN")
    one.who = Caller(OWN, "s1", with_token=True)
    one.listed = [SESSION, Credential("s3", OWN)]
    with pytest.raises(RefusedError, match="is the one that this task authenticates with, so it is not ended"):
        run_absent(one, task(user="me"))
    assert one.done == []
