# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tests.simulation` explores schedules, prints a table, and fails where something does not hold.

Without options it plays the same schedules on each machine, so that it fails for what has changed alone. To hunt for more, give it another
seed and some time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.cases import CASES
from tests.simulation.explore import CLASSES, Failure, Report, explore_more, explore_singles, parse, replay, together
from tests.simulation.planted import FAULTS, hunt, table_of_faults

_SHOWN = 20
_SCHEDULES = 1200
_RESERVE = 5  # seconds, for schedules that are being played when the time is up


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=_SCHEDULES, help="of each case, beside all single events (%(default)s)")
    parser.add_argument("--seconds", type=float, help="instead of a number; FULL=1 in the environment plays all pairs")
    parser.add_argument("--seed", type=int, default=1, help="of what comes first, and of random schedules (1); 0: another one")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--case", action="append", default=[], metavar="TEXT", help="only cases whose names hold this; may be repeated")
    parser.add_argument("--planted", action="store_true", help="put old faults into the engine, and count the schedules that find them")
    parser.add_argument("--replay", metavar="SCHEDULE", help="play one schedule, as it was printed, and show what happens")
    return parser


def table(reports: Sequence[Report]) -> list[str]:
    """Return the numbers as lines of text."""
    columns = ["case", "points", *CLASSES, "merged", "failures"]
    rows = [
        [one.case, str(one.points), *(str(one.counts.get(kind, 0)) for kind in CLASSES), str(one.merged), str(len(one.failures))]
        for one in reports
    ]
    total: Counter[str] = sum((Counter(one.counts) for one in reports), Counter())
    merged, failures = sum(one.merged for one in reports), sum(len(one.failures) for one in reports)
    points = str(sum(one.points for one in reports))
    rows.append(["in all", points, *(str(total[kind]) for kind in CLASSES), str(merged), str(failures)])
    widths = [max(len(row[column]) for row in [columns, *rows]) for column in range(len(columns))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in [columns, *rows]
    ]


def shortest(failures: Sequence[Failure]) -> list[Failure]:
    """Return failures, the shortest schedule of each kind first."""

    def length(one: Failure) -> int:
        return len(one.schedule.events) + len(one.schedule.switches or ())

    firsts: dict[str, Failure] = {}
    for one in sorted(failures, key=length):
        firsts.setdefault(one.what, one)
    return sorted(firsts.values(), key=length)


def show(text: str) -> int:
    """Play a schedule and print what happens; return the exit code."""
    world = replay(parse(text))
    print("\n".join(world.history))
    print("\n".join(f"BROKEN: {one}" for one in world.broken) or "All holds.")
    return 1 if world.broken else 0


def _told(reports: Iterable[Report]) -> list[Report]:
    """Return reports, and tell at once which cases have failures."""
    found = []
    for report in reports:
        found.append(report)
        if report.failures:
            print(f"{report.case}: {len(report.failures)} schedules fail", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.replay:
        return show(options.replay)
    if options.planted:
        found = [(fault, *hunt(fault)) for fault in FAULTS]
        print("\n".join(table_of_faults(found)))
        return 0 if all(script for _fault, _number, script in found) else 1
    full = os.environ.get("FULL", "") not in ("", "0")
    seed = str(options.seed or time.time_ns())
    names = [case.name for case in CASES if not options.case or any(text in case.name for text in options.case)]
    began = time.monotonic()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        singles = _told(pool.map(explore_singles, names, [seed] * len(names)))
        schedules, seconds = options.schedules, None
        if full or options.seconds is not None:
            schedules = None
        if options.seconds is not None and not full:
            left = began + options.seconds - _RESERVE - time.monotonic()
            seconds = max(0.0, left) * options.jobs / max(1, len(names))
        more = _told(pool.map(explore_more, names, *([one] * len(names) for one in (seed, schedules, seconds))))
        reports = [together(first, second) for first, second in zip(singles, more, strict=True)]
    print("\n".join(table(reports)))
    schedules = sum(sum(one.counts.values()) for one in reports)
    took = time.monotonic() - began
    print(f"\n{schedules} schedules in {took:.0f} s, seed {seed}; single events are complete.")
    failures = [failure for one in reports for failure in one.failures]
    for failure in shortest(failures)[:_SHOWN]:
        print(f"\n{failure.schedule.script()}\n    {failure.broken[0]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
