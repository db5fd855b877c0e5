# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stdout callback of `make demo`: a playbook as a short story. Tasks that changed nothing inside a role are left out."""

from __future__ import annotations

import textwrap
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: story
type: stdout
short_description: Tell a playbook as a story
description: Prints names of tasks, what they say, and failures in full.
extends_documentation_fragment:
  - default_callback
"""


class CallbackModule(CallbackBase):
    """Prints a line for each task, and what debug tasks say below it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "story"

    def _say(self, text: str, indent: str, first: str) -> None:
        for line in textwrap.wrap(text, 116, initial_indent=first, subsequent_indent=indent, break_long_words=False) or [first]:
            self._display.display(line)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._display.display(f"\n{play.get_name()}\n")

    def v2_runner_on_ok(self, result: Any, **_unused: Any) -> None:
        task = getattr(result, "task", None) or result._task
        content = result.result if hasattr(result, "result") else result._result
        name = task.get_name()
        role, _colon, step = name.rpartition(" : ")
        changed = bool(content.get("changed"))
        if task.action.endswith("debug"):
            said = content.get("msg", "")
            for line in said if isinstance(said, list) else [said]:
                self._say(str(line), "        ", "      ")
        elif role:
            if changed:
                self._say(step, "        ", "      > ")
        elif not task.action.endswith(("set_fact", "include_role")):
            self._say(name, "    ", "  * " if changed else "  - ")
            if task.action.endswith("assert"):
                self._say(str(content.get("msg", "")), "        ", "      ")

    def v2_playbook_on_include(self, included_file: Any) -> None:
        task = getattr(included_file, "_task", None)
        if task is not None and task.action.endswith("include_role"):
            self._say(task.name, "    ", "  * ")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False, **_unused: Any) -> None:
        task = getattr(result, "task", None) or result._task
        content = result.result if hasattr(result, "result") else result._result
        self._say(f"{task.get_name()}: {content.get('msg')}", "    ", "  ! ")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._display.display("")
