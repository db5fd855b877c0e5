# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What session_revoke and access_check decide."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.query import Query
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_revoke import plan

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


@pytest.mark.parametrize("query", ["length(@)", "[0]", "nothing"])
def test_a_query_that_returns_no_list(query):
    with pytest.raises(OptionError, match="returns no list"):
        plan(ALL, Caller(OWN), NOW, query=Query(query, "query"))


@pytest.mark.parametrize("query", ["[[]]", "[[].token_id]", "[{a: @}]", "[`1`]", "[[0].expires_at]"])
def test_a_query_that_returns_a_list_of_something_else(query):
    with pytest.raises(OptionError, match="something else than entries or their ids"):
        plan(ALL, Caller(OWN), NOW, query=Query(query, "query"))
