# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module printed is told from banners before, after and beside it."""

from __future__ import annotations

import json

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.module_output import (
    is_telling,
    named_in,
    own_output,
    without_names_as_secrets,
)

RESULT = json.dumps({"changed": True, "token": "CANARY", "nested": {"a": [{}]}, "invocation": {}})


@pytest.mark.parametrize(
    "text",
    [
        RESULT,
        f"\n{RESULT}\n",
        f"{{ Welcome to host }}\n\n{RESULT}\n",
        f"{{\n  unbalanced\n\n{RESULT}\n",
        f'{{"motd": "valid JSON", "n": 1}}\n\n{RESULT}\n',
        f"hello\r\n\r\n{RESULT}\r\n",
        f"\n{RESULT}Connection to host closed.\n{{ bye }}\n",
        f'\n{RESULT}\n{{"logout": 1}}',
        f"{{ banner without an end of line\n{RESULT}",
        f"x{RESULT}",
        f'{{ Welcome }} {{"changed": 1}} x{RESULT}x{{ Bye }}x',
    ],
)
def test_the_result_is_found(text: str) -> None:
    assert own_output(text) == RESULT


@pytest.mark.parametrize("text", ["", "sh: python: not found", RESULT[:-4], 'x{"changed": 1}', "[]", '{"a": 1}', "{" * 5000])
def test_no_result(text: str) -> None:
    assert own_output(text) is None


def test_what_may_be_shown() -> None:
    assert not is_telling("/bin/sh: 1: /usr/bin/python9: not found")
    assert is_telling(RESULT[:20])
    assert is_telling(RESULT[-5:])


def test_what_identifies_a_credential() -> None:
    assert named_in('{"token": "CANARY", "token_id": "12", "account": "svc", "expi') == ["token_id 12", "account svc"]
    assert named_in("CANARY") == []
    assert named_in('"token_id": "12", "diff": {"after": [{"token_id": "12"}, {"token_id": "9"}') == ["token_id 12"]


def test_names_are_not_reported_as_secrets():
    """From ansible-core 2.22 on a module reports what it was given in options with no_log."""
    printed = '{"changed": false, "_ansible_new_secrets": ["admin", "pw", "CANARY"], "account": "admin"}'
    assert json.loads(without_names_as_secrets(printed, ["admin", "svc"])) == {
        "changed": False,
        "account": "admin",
        "_ansible_new_secrets": ["CANARY"],
    }
    assert without_names_as_secrets('{"changed":  false}', ["admin"]) == '{"changed":  false}'
