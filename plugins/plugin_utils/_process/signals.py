# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that wait until some work is done. Private to this collection.

Not with a signal mask: Ansible's main process has more threads, and any of them may get the signal.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
TIME_OUT = signal.SIGALRM  # Ansible's time-out of a task; its handler raises an exception in the middle of anything


def in_main_thread() -> bool:
    """Tell whether this is the thread that handles signals."""
    return threading.current_thread() is threading.main_thread()


class HeldBack:
    """A context in which signals are noted only; those that came are sent again when it ends.

    Outside of the main thread this does nothing, since no handler runs there. A signal that the process ignores stays ignored.

    Args:
        numbers: the signals.
        forgotten: those of them that are not sent again, such as the time-out of work that is over by then.
    """

    def __init__(self, numbers: Sequence[int] = (*STOPS, TIME_OUT), *, forgotten: Sequence[int] = ()) -> None:
        self._numbers = numbers
        self._forgotten = forgotten
        self._stack = ExitStack()
        self._noted: list[int] = []

    def __enter__(self) -> HeldBack:
        if in_main_thread():
            with ExitStack() as stack:  # until all are replaced, a handler may raise
                stack.callback(self._send_again)
                for number in self._numbers:
                    before = signal.getsignal(number)
                    if before not in (None, signal.SIG_IGN):
                        stack.callback(signal.signal, number, before)
                        signal.signal(number, self._note)
                self._stack = stack.pop_all()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stack.close()  # all handlers are restored, and only then are signals sent, whatever one of them raises

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._noted.append(number)

    def _send_again(self) -> None:
        with ExitStack() as each:
            for number in reversed(dict.fromkeys(self._noted)):
                if number not in self._forgotten:
                    each.callback(os.kill, os.getpid(), number)
