# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rotation as lines on Ansible's display, as they happen, and as data for the result. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import redact
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import register
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.interruption import Interruption

shown_by_callback = False  # whether the callback progress shows each rotation in a line of its own
_FOR_PROGRAMS = ("json", "jsonl")  # outputs of a run that a program reads; those of ansible.posix


def shown_beside(output: str, show: Callable[..., None]) -> Callable[..., None]:
    """Return what shows a line beside the output of a run: on standard error where a line would break that output.

    Args:
        output: the name of the callback that is the output.
        show: Ansible's Display.display.
    """
    return partial(show, stderr=True) if output.rpartition(".")[2] in _FOR_PROGRAMS else show


class DisplayedSteps:
    """Progress on the display; see ports.Progress.

    Args:
        host: the inventory host that the lines are of.
        show: shows a line; None shows no steps, but the last line is shown all the same.
        interruption: tells whether the run is told to end.
        names: texts that are no secrets although one may be the same, such as a user's name that is also the password.
    """

    def __init__(
        self, host: str, show: Callable[[str], None], show_steps: bool, interruption: Interruption, names: Collection[str] = ()
    ) -> None:
        self._host = host
        self._show = show
        self._show_steps = show_steps
        self._interruption = interruption
        self.names = set(names)
        self._shielded = False
        self.secrets: list[str] = []
        self.steps: list[dict[str, Any]] = []
        self.warnings: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """See ports.Progress."""
        if not self._shielded:
            self._interruption.check()
        started, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "done"
        finally:
            seconds = round(time.monotonic() - started, 3)
            self.steps.append({"name": name, "outcome": outcome, "seconds": seconds})
            if self._show_steps:
                self.line(f"{name}{'' if outcome == 'done' else ': FAILED'} ({seconds:.2f} s)")

    def line(self, text: str) -> None:
        """Show a line, unless it is one that a callback shows."""
        if not shown_by_callback:
            self._show(f"[{self._host}] {self._masked(text)}")

    def shield(self, on: bool = True) -> None:
        """See ports.Progress."""
        self._shielded = on

    def sleep(self, seconds: float) -> None:
        """Wait, unless the run is told to end."""
        if self._shielded:
            time.sleep(seconds)
        else:
            self._interruption.sleep(seconds)

    def warn(self, sentence: str) -> None:
        """See ports.Progress."""
        sentence = self._masked(sentence)
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def hide(self, *secrets: str) -> None:
        """See ports.Progress."""
        new = [one for one in secrets if one and one not in self.secrets]
        self.secrets += new
        register(new, self.names)

    def _masked(self, text: str) -> str:
        """Return words of ours without secrets, and with the names in them. A server's words in them were masked when they came."""
        return redact(text, self.secrets, self.names)


class PlatformClock:
    """The platform's clock; see ports.Clock.

    Args:
        now: returns the time by the platform's clock.
        sleep: waits.
    """

    def __init__(self, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._now = now
        self._sleep = sleep

    def now(self) -> datetime:
        """See ports.Clock."""
        return self._now()

    def sleep(self, seconds: float) -> None:
        """See ports.Clock."""
        self._sleep(seconds)
