# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_token decides: by table, and what holds for all wishes and all lists of tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_token import (
    Current,
    Plan,
    Wish,
    _wish,
    guard_own_token,
    plan,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
ACCOUNT = Account("1002", "svc")
OTHER = Account("1003", "other")


def token(token_id: str = "1", left: timedelta | None = 30 * DAY, *, enabled: bool = True) -> Credential:
    return Credential(token_id, ACCOUNT, NOW - DAY, NOW + left if left is not None else None, enabled)


LIVE, LONGER, NEVER = token("1"), token("2", 60 * DAY), token("3", None)
EXPIRED, OFF = token("4", -DAY), token("5", enabled=False)
MINT = Plan(mint=True)


@pytest.mark.parametrize(
    ("wish", "tokens", "decided"),
    [
        (Wish(), [], MINT),
        (Wish(expires_in=DAY), [], Plan(mint=True, mint_expires_at=NOW + DAY)),
        (Wish(expires_at=NOW + DAY), [], Plan(mint=True, mint_expires_at=NOW + DAY)),
        (Wish(), [LIVE], Plan(keep=LIVE)),
        (Wish(), [LIVE, LONGER], Plan(keep=LONGER)),
        (Wish(), [LONGER, NEVER], Plan(keep=NEVER)),
        (Wish(), [EXPIRED], MINT),
        (Wish(), [OFF], MINT),
        (Wish(min_remaining=30 * DAY), [LIVE], MINT),
        (Wish(min_remaining=29 * DAY), [LIVE], Plan(keep=LIVE)),
        (Wish(expires_in=DAY), [LIVE], Plan(keep=LIVE)),
        (Wish(additional=True), [LIVE], MINT),
        (Wish(enabled=False), [LIVE], Plan(update=LIVE, update_enabled=False)),
        (Wish(enabled=False), [LIVE, OFF], Plan(keep=OFF)),
        (Wish(enabled=True), [OFF], Plan(update=OFF, update_enabled=True)),
        (Wish(enabled=True), [], MINT),
        (Wish(enabled=True), [EXPIRED], MINT),
        (Wish(enabled=True), [EXPIRED, OFF], Plan(update=OFF, update_enabled=True)),
        (Wish(enabled=True, expires_at=NOW + DAY), [EXPIRED], Plan(update=EXPIRED, update_expires_at=NOW + DAY)),
        (Wish(expires_at=NOW + DAY), [OFF], Plan(mint=True, mint_expires_at=NOW + DAY)),
        (Wish(expires_at=NOW + DAY), [LIVE], Plan(update=LIVE, update_expires_at=NOW + DAY)),
        (Wish(expires_at=NOW + 30 * DAY + timedelta(seconds=0.9)), [LIVE], Plan(keep=LIVE)),
        (Wish(expires_at=NOW + 30 * DAY + timedelta(seconds=1)), [LIVE], Plan(update=LIVE, update_expires_at=NOW + timedelta(30, 1))),
        (Wish(token_id="1", expires_in=60 * DAY), [LIVE], Plan(keep=LIVE)),
        (Wish(token_id="1", expires_in=60 * DAY, min_remaining=30 * DAY), [LIVE], Plan(update=LIVE, update_expires_at=NOW + 60 * DAY)),
        (Wish(token_id="4", expires_in=DAY), [EXPIRED], Plan(update=EXPIRED, update_expires_at=NOW + DAY)),
        (Wish(token_id="3", expires_in=DAY), [NEVER], Plan(keep=NEVER)),
        (Wish(present=False), [LIVE, OFF], Plan(delete=(LIVE, OFF))),
        (Wish(present=False), [], Plan()),
    ],
)
def test_decisions(wish, tokens, decided):
    assert plan(wish, tokens, NOW, limit=2) == decided


@pytest.mark.parametrize(
    ("current", "tokens", "decided"),
    [
        (Current(works=True, token_id="1"), [LIVE, LONGER], Plan(keep=LIVE)),
        (Current(works=True), [LIVE, LONGER], Plan(keep=LONGER)),
        (Current(works=False), [LIVE], MINT),
        (Current(works=True, token_id="9"), [LIVE], MINT),
        (Current(works=True), [], MINT),
    ],
)
def test_with_a_current_token(current, tokens, decided):
    assert plan(Wish(), tokens, NOW, current=current, limit=3) == decided


@pytest.mark.parametrize(
    ("wish", "tokens", "words"),
    [
        (Wish(additional=True), [LIVE, OFF], "has 2 access tokens already, and the platform allows 2: 1, created"),
        (Wish(), [EXPIRED, OFF], "disabled. Delete one that is not in use"),
        (Wish(enabled=False), [LIVE, LONGER], "has 2 access tokens, and the task does not say which to change"),
        (Wish(enabled=False), [], "enabled=false needs a token that exists"),
    ],
)
def test_refusals(wish, tokens, words):
    with pytest.raises(OptionError, match=words):
        plan(wish, tokens, NOW, limit=2)


CREDENTIALS = st.builds(
    token,
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from([None, -DAY, timedelta(0), timedelta(hours=1), DAY, 30 * DAY, 90 * DAY]),
    enabled=st.booleans(),
)
LISTS = st.lists(CREDENTIALS, max_size=3, unique_by=lambda one: one.id)
TIMES = st.one_of(
    st.fixed_dictionaries({"expires_in": st.sampled_from([None, 8 * DAY, 30 * DAY])}),
    st.fixed_dictionaries({"expires_at": st.sampled_from([NOW + 8 * DAY, NOW + 20 * DAY])}),
)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    return Wish(
        present=draw(st.booleans()),
        enabled=draw(st.sampled_from([None, True, False])),
        additional=draw(st.booleans()),
        min_remaining=draw(st.sampled_from([timedelta(0), DAY, 7 * DAY])),
        **draw(TIMES),
    )


def done(decided: Plan, tokens: list[Credential]) -> list[Credential]:
    """Do what a plan says to a list of tokens."""
    if decided.mint:
        return [*tokens, Credential("new", ACCOUNT, NOW, decided.mint_expires_at)]
    if decided.update:
        changed = decided.updated()
        return [changed if one.id == changed.id else one for one in tokens]
    return [one for one in tokens if one not in decided.delete]


@settings(max_examples=500, deadline=None)
@given(wishes(), LISTS, st.booleans(), st.sampled_from([None, 2, 3]))
def test_a_plan_is_one_thing_and_planning_again_finds_nothing_to_do(wish, tokens, named, limit):
    if named and tokens:
        wish, tokens = replace(wish, token_id=tokens[0].id), tokens[:1]
    try:
        decided = plan(wish, tokens, NOW, limit=limit)
    except OptionError:
        return
    assert (decided.mint, decided.update is not None, bool(decided.delete), decided.keep is not None).count(True) <= 1
    after = done(decided, tokens)
    assert limit is None or len(after) <= max(limit, len(tokens))
    assert not decided.mint or limit is None or len(after) <= limit
    if wish.present and wish.additional and not wish.token_id:
        assert decided.mint
        return
    again = plan(wish, after, NOW, limit=limit)
    assert (again.mint, again.update, again.delete) == (False, None, ()), again


# -- the token in use

BY_TOKEN = Caller(ACCOUNT, "1", with_token=True)
UNTOLD = Caller(ACCOUNT, None, with_token=True)
BY_SESSION = Caller(ACCOUNT, None)


@pytest.mark.parametrize(
    ("caller", "tokens", "words"),
    [
        (
            BY_TOKEN,
            [LONGER, LIVE],
            "Access token 1 is the one that this task authenticates with, so it is not deleted; nothing was changed",
        ),
        (BY_TOKEN, [LONGER], ""),
        (UNTOLD, [LONGER], "may be the one that this task authenticates with"),
        (Caller(OTHER, None, with_token=True), [LONGER], ""),
        (BY_SESSION, [LIVE, LONGER], ""),
        (UNTOLD, [], ""),
    ],
)
def test_guard_own_token(caller, tokens, words):
    if not words:
        guard_own_token(caller, tokens, "deleted")
        return
    with pytest.raises(RefusedError, match=words):
        guard_own_token(caller, tokens, "deleted")


# -- options


def wish_of(**options: Any) -> Wish:
    return _wish(Task({"state": "present", **options}, False, lambda: NOW))


def test_options_become_a_wish():
    found = wish_of(token_id=123, expires_in="30d", min_remaining="7d", enabled=True, additional=True)
    assert found == Wish(True, "123", None, 30 * DAY, True, True, 7 * DAY)
    assert wish_of(state="absent", user="jane").present is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"enabled": False, "additional": True}, "enabled=false does not go with additional"),
        ({"enabled": False, "current": "x"}, "enabled does not go with current"),
        ({"enabled": True, "current": "x"}, "enabled does not go with current"),
        ({"expires_at": "2026-12-31T23:59:59Z"}, "is in the past"),
        ({"expires_at": "2027-01-01T00:00:00Z"}, "is in the past"),
        ({"expires_at": "2027-01-02T00:00:00"}, "has no time zone"),
        ({"expires_in": "59s"}, "a token must live at least a minute"),
        ({"expires_in": "0"}, "a token must live at least a minute"),
        ({"expires_in": "7d", "min_remaining": "7d"}, "expires_in is not longer than min_remaining"),
        ({"expires_at": "2027-01-08T00:00:00Z", "min_remaining": "7d"}, "expires_at is not later than min_remaining from now"),
        ({"min_remaining": "soon"}, "min_remaining: 'soon' is not a duration"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(OptionError, match=words):
        wish_of(**options)
