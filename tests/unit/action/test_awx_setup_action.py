# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action awx_setup: which of the inputs of credentials Ansible is told to mask."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.action.awx_setup import ActionModule
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from tests.unit.plugin_utils.test_awx_setup import OPTIONS, TYPES


@pytest.mark.parametrize(
    ("values", "masked"),
    [
        ({"username": "admin", "password": "canary"}, ["canary"]),
        ({"username": "admin", "password": "admin"}, []),
        ({"username": "root", "password": "main"}, []),  # as the branch is called
        ({"username": "root", "password": "abc"}, []),
    ],
)
def test_what_is_masked_of_a_credential(monkeypatch, values, masked):
    told: list[str] = []
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", True)
    monkeypatch.setattr(hidden, "register_secrets", told.extend, raising=False)
    action = object.__new__(ActionModule)
    action._hide(TYPES["qumulo"], values, OPTIONS)
    assert told == masked
    assert action.unsayable == [values["password"]]  # a failure, which may quote AWX, shows none of them
