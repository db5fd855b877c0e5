# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback progress: one line for each credential of a fleet as it is done, beside another output or in place of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
short_description: Show one line for each credential that a run rotates
version_added: 1.1.0
description:
  - Shows one line for each host whose credential the role P(latchkey.tokens.rotate#role) is done with, how many are done and left, what
    was done, and how many seconds it took. Then the role does not show that itself.
  - As the output of a run it shows only that, and what else a person has to read. This is failed tasks, warnings, what
    M(ansible.builtin.debug) shows, and a last line with the number of hosts that failed; of the table that the playbook
    C(latchkey.tokens.rotate) shows at its end, the last line. So a run with 500 hosts shows about 500 lines.
  - Beside another output, as in AWX, it adds its lines to that.
requirements:
  - As the output of a run, set E(ANSIBLE_STDOUT_CALLBACK=latchkey.tokens.progress), or C(stdout_callback) in ansible.cfg.
  - Beside another output, set C(callbacks_enabled = latchkey.tokens.progress) in ansible.cfg, or E(ANSIBLE_CALLBACKS_ENABLED).
author:
  - The latchkey.tokens authors (@latchkey)
"""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import display as rotation_display
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.progress import CHANGED, FAILED, OK, FleetProgress, Line

_NAME = "latchkey.tokens.progress"
_ROTATION = "latchkey.tokens.rotation"
_ROLE = "latchkey.tokens.rotate"
_COLORS = {OK: C.COLOR_OK, CHANGED: C.COLOR_CHANGED, FAILED: C.COLOR_ERROR}


class CallbackModule(CallbackBase):
    """Watches the action rotation; shows the rest of a run only where it is the only output."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = _NAME
    CALLBACK_NEEDS_ENABLED = True

    _loaded = False  # of the class: as the output and beside it, one is enough

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disabled = CallbackModule._loaded
        CallbackModule._loaded = True
        self._is_output = _NAME == C.DEFAULT_STDOUT_CALLBACK
        self._play: Any = None
        self._progress = FleetProgress(0, time.monotonic)
        self._table: list[str] = []
        self._reasons: dict[str, str] = {}  # by host whose failure has been shown, why it failed
        if not self.disabled and not self._display.verbosity:
            rotation_display.shown_by_callback = True  # in this process, and in the workers that are forked from it

    # What is rotated

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play or a batch of it starts; the same play comes here once for each of its batches."""
        if self._play is None or play._uuid != self._play._uuid:
            self._play = play
            self._progress = FleetProgress(_hosts_of(play), time.monotonic)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A host begins a task."""
        if _is_rotation(task):
            self._progress.start(host.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task went well."""
        task, host, content = _parts(result)
        if _is_rotation(task):
            self._show(host, self._progress.after_phase(host, content, bool(task.check_mode)), content.get("reason"))
        if self._is_output:
            self._note_table(content)
            self._warn(content)
            if task.action in ("debug", "ansible.builtin.debug"):
                self._show_message(content.get("msg"))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed. What fails in the role is undone first, and then there is a reason to tell."""
        task, host, content = _parts(result)
        reason = str(content.get("msg") or "it said nothing")
        if self._is_output:
            self._warn(content)
        if _is_of_role(task):
            if _ends_role(task):
                self._show(host, self._progress.failed(host, reason), reason)
        elif self._is_output and not ignore_errors and self._reasons.get(host) != one_line(reason):
            self._display.display(f"failed: [{host}] {task.get_name()}: {one_line(reason)}", color=C.COLOR_ERROR)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host cannot be reached."""
        _task, host, content = _parts(result)
        reason = str(content.get("msg") or "it is unreachable")
        self._show(host, self._progress.failed(host, reason), reason)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The playbook has ended."""
        if not self._is_output:
            return
        numbers = [stats.summarize(host) for host in stats.processed]
        failed = sum(bool(one["failures"] or one["unreachable"]) for one in numbers)
        words = "No host failed." if not failed else f"{failed} {'host' if failed == 1 else 'hosts'} failed."
        self._display.display(words, color=C.COLOR_ERROR if failed else C.COLOR_OK)

    # What is shown

    def _show(self, host: str, line: Line | None, reason: Any = None) -> None:
        """Show the line of a host; a failure that has been shown is not shown again at the end of the playbook."""
        if line:
            show = rotation_display.shown_beside(C.DEFAULT_STDOUT_CALLBACK, self._display.display)
            show(line.text, color=_COLORS[line.kind])
        if line and line.kind == FAILED:
            self._reasons[host] = one_line(str(reason))

    def _note_table(self, content: Mapping[str, Any]) -> None:
        """Remember the table of the summary: its rows have been shown one by one."""
        if isinstance(content.get("table"), list) and "summary" in content:
            self._table = list(content["table"])

    def _show_message(self, message: Any) -> None:
        lines = message if isinstance(message, list) else [message]
        for line in lines[-1:] if lines == self._table else lines:
            self._display.display(str(line))

    def _warn(self, content: dict[str, Any]) -> None:
        self._handle_warnings(content)


def _parts(result: Any) -> tuple[Any, str, dict[str, Any]]:
    """Return the task, the host's name and the result of a task; before ansible-core 2.19 they have other names."""
    task = getattr(result, "task", None) or result._task
    host = getattr(result, "host", None) or result._host
    return task, str(host.get_name()), result.result if hasattr(result, "result") else result._result


def _is_rotation(task: Any) -> bool:
    return bool(task.action == _ROTATION)


def _is_of_role(task: Any) -> bool:
    return task._role is not None and task._role.get_name() == _ROLE


def _ends_role(task: Any) -> bool:
    """Tell whether the role is over when a task of it fails: all others lead to its undo."""
    phase = str(task.args.get("phase")) if _is_rotation(task) else ""
    return phase in ("undo", "undone") or task.action.rpartition(".")[2] in ("fail", "validate_argument_spec")


def _hosts_of(play: Any) -> int:
    """Return how many hosts all batches of a play have together; 0 where Ansible does not tell."""
    with contextlib.suppress(Exception):  # what Ansible tells here is no public interface
        return len(play.get_variable_manager().get_vars(play=play, include_hostvars=False)["ansible_play_hosts_all"])
    return 0
