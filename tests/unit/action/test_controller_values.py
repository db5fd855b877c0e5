# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every action of the controller with a value of another type: refused by its name before the action does anything."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction

CANARY = "canary-Pa55word"
LIST, MAPPING = [CANARY], {CANARY: 1}
OTHERS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("str", "path", "bool", "int", "float"), (LIST, MAPPING)),
    "list": (MAPPING, [None]),
    "dict": (LIST, 5, CANARY, ""),
    "raw": (),
}


def _actions() -> dict[str, type[ControllerAction]]:
    found = Path(__file__).resolve().parents[3] / "plugins" / "action"
    classes = [
        import_module(f"ansible_collections.latchkey.tokens.plugins.action.{path.stem}").ActionModule for path in sorted(found.glob("*.py"))
    ]
    return {one.name: one for one in classes if issubclass(one, ControllerAction)}


ACTIONS = _actions()


@pytest.mark.parametrize(("action", "option"), [(name, option) for name, one in ACTIONS.items() for option in one.argument_spec])
def test_a_value_of_another_type(action, option):
    one = ACTIONS[action]
    for value in OTHERS[one.argument_spec[option].get("type", "str")]:
        with pytest.raises(OptionError) as refused:
            checked_arguments(action, {option: value}, one.argument_spec, one.rules, one.called)
        assert one.called.get(option, option) in str(refused.value), value
        assert CANARY not in str(refused.value)


def test_all_actions_of_the_controller_are_there():
    assert {"vault_vars", "vault_vars_info", "git_publish", "rotation", "leaked", "report", "awx_setup"} <= ACTIONS.keys()
