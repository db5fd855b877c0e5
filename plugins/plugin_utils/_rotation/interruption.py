# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that end a rotation only between two of its steps, so that it can undo them. Private to this collection.

Ansible's time-out of a task is SIGALRM, whose handler raises an exception in the middle of anything.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.signals import TIME_OUT, HeldBack, in_main_thread
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import InterruptedRunError

_WORDS = {signal.SIGALRM: "the task's time-out", signal.SIGINT: "Ctrl-C (SIGINT)"}


class Interruption(HeldBack):
    """A context in which signals are noted only, and looked at where the rotation can stop.

    When it ends the signals are sent again, except the time-out: Ansible would throw away the result of a rotation that is over.
    """

    def __init__(self) -> None:
        super().__init__(forgotten=(TIME_OUT,))
        self._asleep = False

    def __enter__(self) -> Interruption:
        super().__enter__()
        return self

    @property
    def came(self) -> str:
        """What came first, for people; empty when nothing came."""
        if not self._noted:
            return ""
        number = signal.Signals(self._noted[0])
        return _WORDS.get(number, number.name)

    def check(self) -> None:
        """Raise InterruptedRunError when a signal came."""
        if self._noted:
            raise InterruptedRunError(f"The rotation was interrupted by {self.came}.")

    def sleep(self, seconds: float) -> None:
        """Wait. Raises InterruptedRunError as soon as a signal comes."""
        try:
            self._asleep = in_main_thread()  # the handler runs in that thread, and raises there from now on
            self.check()
            time.sleep(seconds)
        finally:
            self._asleep = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        super()._note(number, frame)
        if self._asleep:
            self._asleep = False  # only once: the next one may come while this one is being raised
            self.check()
