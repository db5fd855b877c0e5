# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_token decides: by table, and what holds for all that can be wanted and all lists of tokens."""

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
    TokenPlan,
    WantedToken,
    _wanted,
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
MINT = TokenPlan(mint=True)


@pytest.mark.parametrize(
    ("wanted", "tokens", "decided"),
    [
        (WantedToken(), [], MINT),
        (WantedToken(expires_in=DAY), [], TokenPlan(mint=True, mint_expires_at=NOW + DAY)),
        (WantedToken(expires_at=NOW + DAY), [], TokenPlan(mint=True, mint_expires_at=NOW + DAY)),
        (WantedToken(), [LIVE], TokenPlan(keep=LIVE)),
        (WantedToken(), [LIVE, LONGER], TokenPlan(keep=LONGER)),
        (WantedToken(), [LONGER, NEVER], TokenPlan(keep=NEVER)),
        (WantedToken(), [EXPIRED], MINT),
        (WantedToken(), [OFF], MINT),
        (WantedToken(min_remaining=30 * DAY), [LIVE], MINT),
        (WantedToken(min_remaining=29 * DAY), [LIVE], TokenPlan(keep=LIVE)),
        (WantedToken(expires_in=DAY), [LIVE], TokenPlan(keep=LIVE)),
        (WantedToken(additional=True), [LIVE], MINT),
        (WantedToken(enabled=False), [LIVE], TokenPlan(update=LIVE, update_enabled=False)),
        (WantedToken(enabled=False), [LIVE, OFF], TokenPlan(keep=OFF)),
        (WantedToken(enabled=True), [OFF], TokenPlan(update=OFF, update_enabled=True)),
        (WantedToken(enabled=True), [], MINT),
        (WantedToken(enabled=True), [EXPIRED], MINT),
        (WantedToken(enabled=True), [EXPIRED, OFF], TokenPlan(update=OFF, update_enabled=True)),
        (WantedToken(enabled=True, expires_at=NOW + DAY), [EXPIRED], TokenPlan(update=EXPIRED, update_expires_at=NOW + DAY)),
        (WantedToken(expires_at=NOW + DAY), [OFF], TokenPlan(mint=True, mint_expires_at=NOW + DAY)),
        (WantedToken(expires_at=NOW + DAY), [LIVE], TokenPlan(update=LIVE, update_expires_at=NOW + DAY)),
        (WantedToken(expires_at=NOW + 30 * DAY + timedelta(seconds=0.9)), [LIVE], TokenPlan(keep=LIVE)),
        (
            WantedToken(expires_at=NOW + 30 * DAY + timedelta(seconds=1)),
            [LIVE],
            TokenPlan(update=LIVE, update_expires_at=NOW + timedelta(30, 1)),
        ),
        (WantedToken(token_id="1", expires_in=60 * DAY), [LIVE], TokenPlan(keep=LIVE)),
        (
            WantedToken(token_id="1", expires_in=60 * DAY, min_remaining=30 * DAY),
            [LIVE],
            TokenPlan(update=LIVE, update_expires_at=NOW + 60 * DAY),
        ),
        (WantedToken(token_id="4", expires_in=DAY), [EXPIRED], TokenPlan(update=EXPIRED, update_expires_at=NOW + DAY)),
        (WantedToken(token_id="3", expires_in=DAY), [NEVER], TokenPlan(keep=NEVER)),
        (WantedToken(present=False), [LIVE, OFF], TokenPlan(delete=(LIVE, OFF))),
        (WantedToken(present=False), [], TokenPlan()),
    ],
)
def test_decisions(wanted, tokens, decided):
    assert plan(wanted, tokens, NOW, limit=2) == decided


@pytest.mark.parametrize(
    ("current", "tokens", "decided"),
    [
        (Current(works=True, token_id="1"), [LIVE, LONGER], TokenPlan(keep=LIVE)),
        (Current(works=True), [LIVE, LONGER], TokenPlan(keep=LONGER)),
        (Current(works=False), [LIVE], MINT),
        (Current(works=True, token_id="9"), [LIVE], MINT),
        (Current(works=True), [], MINT),
    ],
)
def test_with_a_current_token(current, tokens, decided):
    assert plan(WantedToken(), tokens, NOW, current=current, limit=3) == decided


@pytest.mark.parametrize(
    ("wanted", "tokens", "words"),
    [
        (WantedToken(additional=True), [LIVE, OFF], "has 2 access tokens already, and the platform allows 2: 1, created"),
        (WantedToken(), [EXPIRED, OFF], "disabled. Delete one that is not in use"),
        (WantedToken(enabled=False), [LIVE, LONGER], "has 2 access tokens, and the task does not say which to change"),
        (WantedToken(enabled=False), [], "enabled=false needs a token that exists"),
    ],
)
def test_refusals(wanted, tokens, words):
    with pytest.raises(OptionError, match=words):
        plan(wanted, tokens, NOW, limit=2)


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
def wanted_tokens(draw: st.DrawFn) -> WantedToken:
    return WantedToken(
        present=draw(st.booleans()),
        enabled=draw(st.sampled_from([None, True, False])),
        additional=draw(st.booleans()),
        min_remaining=draw(st.sampled_from([timedelta(0), DAY, 7 * DAY])),
        **draw(TIMES),
    )


def done(decided: TokenPlan, tokens: list[Credential]) -> list[Credential]:
    """Do what a plan says to a list of tokens."""
    if decided.mint:
        return [*tokens, Credential("new", ACCOUNT, NOW, decided.mint_expires_at)]
    if decided.update:
        changed = decided.updated()
        return [changed if one.id == changed.id else one for one in tokens]
    return [one for one in tokens if one not in decided.delete]


@settings(max_examples=500, deadline=None)
@given(wanted_tokens(), LISTS, st.booleans(), st.sampled_from([None, 2, 3]))
def test_a_plan_is_one_thing_and_planning_again_finds_nothing_to_do(wanted, tokens, named, limit):
    if named and tokens:
        wanted, tokens = replace(wanted, token_id=tokens[0].id), tokens[:1]
    try:
        decided = plan(wanted, tokens, NOW, limit=limit)
    except OptionError:
        return
    assert (decided.mint, decided.update is not None, bool(decided.delete), decided.keep is not None).count(True) <= 1
    after = done(decided, tokens)
    assert limit is None or len(after) <= max(limit, len(tokens))
    assert not decided.mint or limit is None or len(after) <= limit
    if wanted.present and wanted.additional and not wanted.token_id:
        assert decided.mint
        return
    again = plan(wanted, after, NOW, limit=limit)
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


def wanted_of(**options: Any) -> WantedToken:
    return _wanted(Task({"state": "present", **options}, False, lambda: NOW))


def test_options_become_what_is_wanted():
    found = wanted_of(token_id=123, expires_in="30d", min_remaining="7d", enabled=True, additional=True)
    assert found == WantedToken(True, "123", None, 30 * DAY, True, True, 7 * DAY)
    assert wanted_of(state="absent", user="jane").present is False


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
        wanted_of(**options)
