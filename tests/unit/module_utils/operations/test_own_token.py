# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tokens are spared because the task depends on them; guard_own_token is tested with access_token."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.own_token import without_own_session

OWN = Account("1", "me")
TOKENS = [Credential("s1", OWN), Credential("s2", OWN)]


@pytest.mark.parametrize(
    ("caller", "left"),
    [
        (Caller(OWN, "s1"), ["s2"]),  # a session of the task's own
        (Caller(OWN, "s1", with_token=True), ["s1", "s2"]),  # the user's
        (Caller(OWN), ["s1", "s2"]),
        (Caller(OWN, "s3"), ["s1", "s2"]),
    ],
)
def test_without_own_session(caller, left):
    assert [one.id for one in without_own_session(caller, TOKENS)] == left
