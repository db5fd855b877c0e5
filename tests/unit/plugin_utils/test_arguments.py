# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that do not fit are refused in words that never hold a value: it may be a secret in the wrong place."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import arguments as checking
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments

SPEC = {
    "choice": {"type": "str", "choices": ["one", "two"]},
    "flag": {"type": "bool"},
    "count": {"type": "int"},
    "seconds": {"type": "float"},
    "mapping": {"type": "dict"},
    "secret": {"type": "str", "no_log": True},
    "parts": {"type": "list", "elements": "dict", "options": {"kind": {"choices": ["a"]}, "numbers": {"type": "list", "elements": "int"}}},
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"choice": "CANARY"}, "value of choice must be one of: one, two, got: ********"),
        ({"flag": "CANARY"}, "The value '********' is not a valid boolean"),
        ({"count": "CANARY"}, "convert to int"),
        ({"seconds": "CANARY"}, "convert to float"),
        ({"mapping": "CANARY"}, "convert to dict"),
        ({"parts": "CANARY"}, "dictionary requested"),
        ({"parts": [{"kind": "CANARY"}]}, "value of kind must be one of: a, got: ********"),
        ({"parts": [{"numbers": ["CANARY"]}]}, "convert to int"),
        ({"unknown": "CANARY"}, "Unsupported parameters for (latchkey.tokens.x) module: unknown."),
        ({"CANARY": 1, "secret": "CANARY"}, "Unsupported parameters"),
    ],
)
def test_what_does_not_fit(arguments, words):
    with pytest.raises(OptionError) as refused:
        checked_arguments("latchkey.tokens.x", arguments, SPEC, {})
    assert words in str(refused.value)
    assert "CANARY" not in str(refused.value)


def test_what_fits():
    assert checked_arguments("latchkey.tokens.x", {"flag": "yes", "count": "7"}, SPEC, {})["flag"] is True


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secret": "CANARY", "flag": True}, ["CANARY"]),
        ({"secret": "abc"}, []),  # masked everywhere, it would shred words
        ({"secret": "admin", "choice": "one", "name": "admin"}, []),  # nor may a name be masked
        ({"secret": "CANARY", "mapping": {"body": "CANARY"}}, ["CANARY"]),
        ({"auth": {"user": "admin", "password": "admin"}}, []),
        ({"auth": {"user": "admin", "password": "CANARY"}}, ["CANARY"]),
    ],
)
def test_what_ansible_is_told_to_mask(given, told, monkeypatch):
    """From ansible-core 2.22 on. It would itself register the values of all options with no_log, so it does not learn which these are."""
    registered, seen = [], []
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", True)
    monkeypatch.setattr(hidden, "register_secrets", registered.extend, raising=False)
    real = checking.ArgumentSpecValidator
    monkeypatch.setattr(checking, "ArgumentSpecValidator", lambda spec, **rules: seen.append(spec) or real(spec, **rules))
    auth = {"type": "dict", "options": {"user": {"type": "str"}, "password": {"type": "str", "no_log": True}}}
    checked_arguments("latchkey.tokens.x", given, {**SPEC, "name": {"type": "str"}, "auth": auth}, {})
    assert registered == told
    assert "no_log" not in str(seen)
    assert auth["options"]["password"]["no_log"] is True
