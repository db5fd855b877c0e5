# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What session_revoke and access_check decide."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.query import Query
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_revoke import _ages, plan

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
OWN, OTHER = Account("1", "me"), Account("2", "svc")
OLD, NEW = Credential("10", OTHER, NOW - 9 * DAY), Credential("11", OTHER, NOW)
AGELESS, MINE = Credential("12", OTHER), Credential("13", OWN, NOW - 9 * DAY)
ALL = [OLD, NEW, AGELESS, MINE]


@pytest.mark.parametrize(
    ("caller", "older_than", "query", "revoked", "spared"),
    [
        (Caller(OWN), None, None, ["10", "11", "12", "13"], []),
        (Caller(OWN, "13", with_token=True), None, None, ["10", "11", "12"], ["13"]),
        (Caller(OWN, None, with_token=True), None, None, ["10", "11", "12"], ["13"]),
        (Caller(OWN), 9 * DAY, None, ["10", "13"], []),
        (Caller(OWN), 10 * DAY, None, [], []),
        (Caller(OWN, "13", with_token=True), 9 * DAY, None, ["10"], ["13"]),
        (Caller(OWN), None, "[?account=='svc']", ["10", "11", "12"], []),
        (Caller(OWN), None, "[?account=='svc'].token_id", ["10", "11", "12"], []),
        (Caller(OWN), DAY, "[].token_id", ["10", "13"], []),
        (Caller(OWN), None, "[?token_id=='99']", [], []),
    ],
)
def test_decisions(caller, older_than, query, revoked, spared):
    found = plan(ALL, caller, NOW, older_than=older_than, query=Query(query, "query") if query else None)
    assert ([one.id for one in found.revoke], [one.id for one in found.spared]) == (revoked, spared)


@pytest.mark.parametrize(
    ("lifetime", "revoked"), [(timedelta(hours=1), ["14"]), (DAY, ["14", "15"]), (9 * DAY, ["14", "15"]), (timedelta(0), [])]
)
def test_what_was_made_to_live_longer_stays(lifetime, revoked):
    """And so does what has no end, and what does not tell."""
    hour = Credential("14", OTHER, NOW, NOW + timedelta(hours=1))
    day = Credential("15", OTHER, NOW, NOW + DAY)
    long = Credential("16", OTHER, NOW, NOW + 90 * DAY)
    found = plan([*ALL, hour, day, long], Caller(OWN), NOW, max_lifetime=lifetime)
    assert [one.id for one in found.revoke] == revoked


@pytest.mark.parametrize(
    ("older_than", "life", "refused"),
    [("24h", DAY, True), ("2d", DAY, True), ("23h", DAY, False), ("90d", None, False), (None, DAY, False)],
)
def test_an_age_that_no_session_reaches_is_refused(older_than, life, refused):
    platform = SimpleNamespace(title="P", session_life=life, tokens_are_sessions=True)
    options = {"older_than": older_than, "max_lifetime": "1h"}
    if refused:
        with pytest.raises(OptionError, match=f"ends after 24 hours, so {older_than} would end nothing. Set it to less than 24h"):
            _ages(platform, options)
    else:
        assert _ages(platform, options)[1] is None, "sessions end by themselves"
        assert _ages(SimpleNamespace(**vars(platform) | {"tokens_are_sessions": False}), options)[1] == timedelta(hours=1)


@pytest.mark.parametrize("query", ["length(@)", "[0]", "nothing"])
def test_a_query_that_returns_no_list(query):
    with pytest.raises(OptionError, match="returns no list"):
        plan(ALL, Caller(OWN), NOW, query=Query(query, "query"))


@pytest.mark.parametrize("query", ["[[]]", "[[].token_id]", "[{a: @}]", "[`1`]", "[[0].expires_at]"])
def test_a_query_that_returns_a_list_of_something_else(query):
    with pytest.raises(OptionError, match="something else than entries or their ids"):
        plan(ALL, Caller(OWN), NOW, query=Query(query, "query"))
