# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's clock: the real one plus an offset that tests move forward."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """Real time plus an offset in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """Return the simulated time in seconds since the epoch."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds` (negative: back)."""
        self.offset += seconds

    def isoformat(self) -> str:
        """Return the simulated time as ISO 8601 in UTC, with milliseconds."""
        moment = datetime.fromtimestamp(self.now(), timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
