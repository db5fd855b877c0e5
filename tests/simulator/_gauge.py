# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests are in progress at a time, and how many were at most."""

from __future__ import annotations

import threading


class Gauge:
    """Counts what is in progress. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self._most = 0

    def begin(self) -> None:
        """One more is in progress."""
        with self._lock:
            self._now += 1
            self._most = max(self._most, self._now)

    def end(self) -> None:
        """One has ended."""
        with self._lock:
            self._now -= 1

    def read(self) -> dict[str, int]:
        """Return both numbers."""
        with self._lock:
            return {"in_progress": self._now, "most": self._most}

    def forget(self) -> None:
        """Count from now on how many there are at most."""
        with self._lock:
            self._most = self._now
