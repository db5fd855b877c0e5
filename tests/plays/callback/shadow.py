# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for the tests: what ansible-core's other stdout callbacks would print of the same run, written to $SHADOW_FILE.

Ansible loads one stdout callback only; this one hands everything on to all of them.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import callback_loader

DOCUMENTATION = """
name: shadow
type: notification
short_description: Run the other stdout callbacks as well, for the tests
description: Writes what they display to a file.
"""
_SHADOWED = {"minimal": {}, "oneline": {}, "default": {"result_format": "yaml", "callback_result_format": "yaml"}}


class _Paper:
    """Stands in for Ansible's Display."""

    columns = 79
    verbosity = 4

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, _kind: str) -> Any:
        def display(message: Any = "", *_unused: Any, **_more: Any) -> None:
            with open(os.environ["SHADOW_FILE"], "a", encoding="utf-8") as file:
                file.write(f"{self._name}: {message}\n")

        return display


class CallbackModule(CallbackBase):
    """Hands on what a callback is told."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "shadow"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._shadowed = []
        for name, options in _SHADOWED.items():
            callback = callback_loader.get(f"ansible.builtin.{name}")
            callback.set_options()
            for option, value in options.items():
                if option in callback._plugin_options:
                    callback._plugin_options[option] = value
            callback._display = _Paper(name)
            self._shadowed.append(callback)


def _handing_on(method: str) -> Any:
    def hand_on(self: CallbackModule, *arguments: Any, **keywords: Any) -> None:
        for one in self._shadowed:
            getattr(one, method)(*arguments, **keywords)

    return hand_on


for _method in dir(CallbackBase):
    if _method.startswith("v2_") and _method != "v2_on_any":
        setattr(CallbackModule, _method, _handing_on(_method))
