# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways of doing the same thing, timed side by side: they take turns, so that a busy machine slows all of them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Side:
    """What was measured of one way, run by run.

    Attributes:
        name: what the way is.
        values: in the order of the runs.
        unit: of the values: ``s``, ``MiB``, or whatever is counted.
    """

    name: str
    values: Sequence[float]
    unit: str = "s"

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    def less(self, other: Side, name: str, parts: int = 1) -> Side:
        """Return what it takes above another way, run by run, for each of so many parts."""
        return Side(name, [(one - without) / parts for one, without in zip(self.values, other.values, strict=True)], self.unit)

    def shown(self) -> str:
        """Return the median and the spread, for people."""
        factor, unit = (1000, "ms") if self.unit == "s" and self.median < 1 else (1, self.unit)
        least, median, most = (_shown(one * factor) for one in (min(self.values), self.median, max(self.values)))
        return f"{median} {unit}" + (f" ({least}..{most})" if len(self.values) > 1 else "")


def _shown(number: float) -> str:
    return f"{number:.0f}" if number == int(number) or abs(number) >= 100 else f"{number:.3g}"


@dataclass
class Row:
    """One line of the table.

    Attributes:
        ours: what was measured; None where it was not.
        theirs: what one would do instead; None where a number is wanted, not a ratio.
        target: the ratio, or the number, that is wanted at most; None where none is.
        exact: whether the target must be met exactly.
        why: where the time goes, from what was measured.
        what: what the row is about, where ``ours`` does not say it.
    """

    ours: Side | None
    theirs: Side | None = None
    target: float | None = None
    why: str = ""
    exact: bool = False
    what: str = ""

    @property
    def ratio(self) -> float | None:
        """The ratio of the medians; the median where there is nothing to compare with."""
        if self.ours is None:
            return None
        return self.ours.median / self.theirs.median if self.theirs else self.ours.median

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one, and where nothing was measured."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio == self.target if self.exact else self.ratio <= self.target

    def cells(self) -> list[str]:
        """Return it as a line of the table: what, instead of what, ratio, target, result."""
        sides = [f"{side.name}: {side.shown()}" if side else "" for side in (self.ours, self.theirs)]
        ratio = "" if self.ratio is None or not self.theirs else f"{self.ratio:.3f}" if self.ratio < 10 else f"{self.ratio:.0f}"
        target = "" if self.target is None else f"{'' if self.exact else '<= '}{self.target:.3g}"
        result = "" if self.target is None else {True: "met", False: "MISSED", None: "not measured"}[self.met]
        return [sides[0] or self.what, sides[1], ratio, target, result]

    def as_data(self) -> dict[str, Any]:
        """Return all of it, for the report."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Row:
        """Return the row that was written to a report."""
        ours, theirs = (Side(**data[name]) if data[name] else None for name in ("ours", "theirs"))
        return cls(ours, theirs, **{name: data[name] for name in ("target", "why", "exact", "what")})


HEADER = ["what (median, least..most)", "instead", "ratio", "target", "result"]


@dataclass
class Curve:
    """Cost against size.

    Attributes:
        title: what is plotted.
        size: what the sizes count.
        lines: by way, the cost at each size.
    """

    title: str
    size: str
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    unit: str = "seconds"

    def add(self, size: float, sides: Mapping[str, Side]) -> None:
        """Add the medians at one size."""
        for name, side in sides.items():
            self.lines.setdefault(name, []).append((size, side.median))


def take_turns(ways: Mapping[str, Callable[[], object]], runs: int, *, warm: bool = False) -> dict[str, Side]:
    """Run each way so many times, in turns, after once to warm up unless it is warm; what a way returns is not looked at."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(1 if warm else 0, runs + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return {name: Side(name, values) for name, values in seconds.items()}


def peak_memory(command: list[str], name: str, runs: int, **how: Any) -> Side:
    """Run a command that must go well, and return the most memory that one of its processes had resident."""
    asked = [sys.executable, "-c", _PEAK, *command]
    told = [subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, **how).stdout for _unused in range(runs)]
    return Side(name, [int(one.splitlines()[-1]) / 1024 for one in told], "MiB")


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
