# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the collection costs against what one would do instead, print a table, write .cache/bench.json, and plot cost against size.

Usage: python -m tests.benchmark [--runs N] [tasks|play_token|rotation|vars_file|clients|imports|request_counts|fleet ...]

Run by `make bench`. `make bench-page` makes the page of the documentation from what it wrote.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from tests.benchmark._chart import svg
from tests.benchmark._measure import HEADER, Row
from tests.benchmark._report import REPORT, Group, machine, write
from tests.benchmark._rig import bench

GROUPS = ("imports", "request_counts", "tasks", "rotation", "play_token", "vars_file", "clients", "fleet")


def main() -> None:
    """Measure the groups that are asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; all when none is named")
    parser.add_argument("--runs", type=int, default=3, help="how often each way is measured (3)")
    asked = parser.parse_args()
    unknown = set(asked.groups) - {*GROUPS}
    if unknown:
        parser.error(f"there is no {' and no '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    where, started, seconds, groups = machine(), time.monotonic(), 0, dict[str, Group]()
    with bench() as rig:
        for name in asked.groups or GROUPS:
            print(f"... {name}", file=sys.stderr, flush=True)
            group = groups[name] = Group()
            for one in importlib.import_module(f"tests.benchmark.{name}").rows(rig, asked.runs):
                group.add(one)
            for number, curve in enumerate(group.curves, 1):
                REPORT.with_name(f"bench-{name}-{number}.svg").write_text(svg(curve))
            seconds = round(time.monotonic() - started)
            write({**where, "runs of each": asked.runs, "seconds in all": seconds}, groups)  # what there is, if it is stopped
    rows = [one for group in groups.values() for one in group.rows]
    print("\n".join(_table(rows)))
    wanted = [one.met for one in rows if one.target is not None]
    print(f"{wanted.count(True)} of {len(wanted)} targets met, in {seconds} s; details are in {REPORT}")


def _table(rows: list[Row]) -> list[str]:
    """Return the rows aligned, each with its cause below it."""
    cells = [HEADER, *(one.cells() for one in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    causes = [[], *([f"    {one.why}"] if one.why else [] for one in rows)]
    return [text for line, cause in zip(lines, causes, strict=True) for text in (line, *cause)]


if __name__ == "__main__":
    main()
