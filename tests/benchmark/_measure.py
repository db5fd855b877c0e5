# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways of doing the same thing, timed side by side: they take turns, so that a busy machine slows all of them."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Times:
    """What the runs of one way took, in seconds: by the clock, and of the processors."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median by the clock."""
        return statistics.median(self.wall)

    def summary(self) -> dict[str, Any]:
        """Return it for the report."""
        return {
            "median": round(self.median, 4),
            "least": round(min(self.wall), 4),
            "most": round(max(self.wall), 4),
            "cpu": round(statistics.median(self.cpu), 4),
            "runs": len(self.wall),
        }


@dataclass
class Row:
    """One line of the table.

    Attributes:
        what, against: what is measured, and what one would do instead.
        target: the ratio that is wanted at most; None where there is none.
        ratio: the ratio that came out.
        why: where it is missed, the cause; and what else there is to know.
        details: what was measured, by way.
    """

    what: str
    against: str
    target: float | None
    ratio: float
    why: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.target is None or self.ratio <= self.target


def take_turns(ways: Mapping[str, Callable[[], object]], runs: int) -> dict[str, Times]:
    """Run each way so many times, in turns, after once to warm up; what a way returns is not looked at."""
    times = {name: Times() for name in ways}
    for number in range(runs + 1):
        for name, way in ways.items():
            before, started = _cpu(), time.perf_counter()
            way()
            took, used = time.perf_counter() - started, _cpu() - before
            if number:
                times[name].wall.append(took)
                times[name].cpu.append(used)
    return times


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def summaries(times: Mapping[str, Times]) -> dict[str, Any]:
    """Return what was measured, for a row's details."""
    return {name: one.summary() for name, one in times.items()}


def peak_memory(command: list[str], **how: Any) -> int:
    """Run a command that must go well, and return the most memory that it had resident, in KiB."""
    asked = [sys.executable, "-c", _PEAK, *command]
    done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, **how)
    return int(done.stdout.splitlines()[-1])


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
