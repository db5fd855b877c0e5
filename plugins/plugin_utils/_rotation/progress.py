# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run has got with the credentials of its hosts: one line for each as it is done. Private to this collection. No Ansible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line

OK, CHANGED, FAILED = "ok", "changed", "failed"


@dataclass(frozen=True)
class Line:
    """One line for people, and whether it is ok, changed or failed."""

    text: str
    kind: str


@dataclass
class FleetProgress:
    """The credentials of one play.

    Args:
        total: how many hosts the play has; 0 where that is not known.
        clock: seconds that only go on.
    """

    total: int
    clock: Callable[[], float]
    _started: dict[str, float] = field(default_factory=dict)
    _done: dict[str, str] = field(default_factory=dict)

    def start(self, host: str) -> None:
        """Note that a host's rotation begins, or goes on."""
        self._started.setdefault(host, self.clock())

    def after_phase(self, host: str, result: Mapping[str, Any], check_mode: bool) -> Line | None:
        """Return the line for a host after a phase that went well; None where another phase follows.

        Args:
            host: its name.
            result: what the action rotation returned.
            check_mode: whether the run only says what would be done.
        """
        if result.get("ticket"):
            return None
        if "undone" in result and "reason" in result:
            return self.failed(host, str(result["reason"]), undone=result["undone"] is True)
        told = result.get("rotate_result")
        if not isinstance(told, Mapping):
            return None
        if not told.get("rotated"):
            return self._line(host, OK, "not due", told)
        return self._line(host, CHANGED, "would rotate" if check_mode else "rotated", told)

    def failed(self, host: str, reason: str, *, undone: bool = False) -> Line | None:
        """Return the line for a host whose rotation failed; None where it has one already."""
        if host in self._done:
            return None
        return self._line(host, FAILED, "undone" if undone else "failed", {"message": reason})

    def _line(self, host: str, kind: str, outcome: str, told: Mapping[str, Any]) -> Line | None:
        if host in self._done:
            return None
        self._done[host] = kind
        now = self.clock()
        seconds = now - self._started.get(host, now)
        message = one_line(str(told.get("message") or told.get("reason") or ""))
        return Line(f"{self._position()} {outcome}, {seconds:.1f} s: {host}: {message}".rstrip(": "), kind)

    def _position(self) -> str:
        done = len(self._done)
        if not self.total:
            return f"[{done}]"
        failed = sum(kind == FAILED for kind in self._done.values())
        width = len(str(self.total))
        left = f"{self.total - done:>{width}} left"
        return f"[{done:>{width}} of {self.total}, {left}{f', {failed} failed' if failed else ''}]"
