# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results with a secret in them are not shown, on every ansible-core."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import (
    hide_secrets,
    loop_secrets,
    secrets_of_the_run,
    show_apart,
)

RESULT = {"changed": True, "token": "CANARY"}


@pytest.fixture(params=[False, True], ids=["hides all", "masks"])
def registered(request, monkeypatch):
    """The secrets that ansible-core was told of; None where it cannot be told."""
    told: list[str] | None = [] if request.param else None
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", request.param)
    monkeypatch.setattr(hidden, "register_secrets", told.extend if told is not None else None, raising=False)
    return told


def test_a_secret(registered):
    found = hide_secrets(RESULT, ["CANARY"])
    assert found["token"] == "CANARY"
    if registered is None:
        assert found["_ansible_no_log"] is True
    else:
        assert registered == ["CANARY"]
        assert "_ansible_no_log" not in found
    assert "_ansible_no_log" not in RESULT


@pytest.mark.parametrize(
    ("secret", "names"),
    [("abc", []), ("admin", ["admin"]), ("a-secret-that-is-a-name", ["a-secret-that-is-a-name", "x"])],
    ids=["short", "user and password alike", "long"],
)
def test_what_may_not_be_masked_everywhere_hides_the_result(secret, names, registered):
    found = hide_secrets({"item": {"user": "admin", "password": secret}}, [secret, "long-CANARY"], plain=names)
    assert found["_ansible_no_log"] is True
    assert registered in (None, ["long-CANARY"])


def test_no_secret(registered):
    assert hide_secrets({"changed": False}, []) == {"changed": False}


def test_always(registered):
    assert hide_secrets({"changed": False}, [], always=True)["_ansible_no_log"] is True


def test_what_is_shown_apart_from_a_hidden_result():
    shown: list[str] = []
    show = SimpleNamespace(warning=shown.append, display=lambda text, color, stderr: shown.append(text))
    of_a_module = SimpleNamespace(event=SimpleNamespace(msg="wrapped"))
    result = {"failed": True, "msg": "why", "warnings": ["plain", of_a_module], "token": "CANARY"}
    show_apart(result, show)
    assert shown == []
    show_apart({**result, "_ansible_no_log": True}, show)
    assert shown == ["plain", "wrapped", "[ERROR]: why"]


ITEM = {"user": "x", "password": "long-CANARY-one"}


@pytest.mark.parametrize(
    ("item", "given", "found"),
    [
        (ITEM, ["long-CANARY-one"], ["long-CANARY-one"]),
        (ITEM, ["Bearer long-CANARY-one"], ["long-CANARY-one"]),  # the task made its secret of the item
        (ITEM, ["CANARY-one"], ["long-CANARY-one"]),  # or of a part of it
        ("abc", ["abc"], ["abc"]),
        ("prod", ["the-prod-password"], []),  # a word that happens to be in it
        ({"name": "x"}, ["long-CANARY-one"], []),
        ({"results": [{"token": "t"}]}, [], ["t"]),
        (7, ["long-CANARY-one"], []),
    ],
)
def test_secrets_of_a_loop_item(item, given, found):
    assert loop_secrets({"ansible_loop_var": "one", "one": item}, given) == found


def test_no_loop():
    assert loop_secrets(None, ["long-CANARY-one"]) == loop_secrets({"item": ITEM}, ["long-CANARY-one"]) == []


def test_what_earlier_tasks_registered_is_known() -> None:
    class Everyone(dict[str, Any]):
        """As hostvars, of which each look costs."""

        def values(self) -> Any:
            raise AssertionError

    task_vars = {
        "minted": {"token": "token-of-a-task", "changed": True},
        "looped": {"results": [{"client_secret": "secret-of-a-loop"}, {"token": ""}, {"skipped": True}]},
        "short": {"token": "x"},
        "auth": {"username": "administrator", "password": "password-of-a-dictionary"},
        "reference": {"client_secret": "{{ robot_secret }}"},
        "hostvars": Everyone(),
        "ansible_delegated_vars": {"localhost": {"hostvars": Everyone()}},
        "text": "a text",
    }
    assert list(secrets_of_the_run(task_vars)) == ["token-of-a-task", "secret-of-a-loop", "password-of-a-dictionary"]
    assert list(secrets_of_the_run(None)) == []
