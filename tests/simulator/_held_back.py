# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that the fault ``late`` holds back until a test has them served."""

from __future__ import annotations

import threading

_LONG = 10.0  # seconds in which a request that was sent has arrived


class HeldBack:
    """What is held back. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting = self._served = 0
        self._is_open = False

    def wait(self) -> None:
        """Wait until it is served."""
        with self._changed:
            self._waiting += 1
            served = self._served
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open or self._served != served)

    def open(self) -> None:
        """Hold nothing back any more."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def serve(self) -> int:
        """Serve what waits by now, at least one request, and return how many that was; none where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, _LONG)
            number, self._waiting = self._waiting, 0
            self._served += 1
            self._changed.notify_all()
        return number
