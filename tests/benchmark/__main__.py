# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the collection costs against what one would do instead, print a table, write .cache/bench.json, and plot cost against size.

Usage: python -m tests.benchmark [--runs N] [tasks|play_token|rotation|vars_file|clients|imports|request_counts|fleet ...]

Run by `make bench`. `python -m tests.benchmark.page` makes the page of the documentation from what it wrote.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import sys
import time
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmark._chart import svg
from tests.benchmark._measure import HEADER, Curve, Row
from tests.benchmark._report import REPORT
from tests.benchmark._rig import bench

GROUPS = ("imports", "request_counts", "tasks", "rotation", "play_token", "vars_file", "clients", "fleet")


def main() -> None:
    """Measure the groups that are asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; all when none is named")
    parser.add_argument("--runs", type=int, default=5, help="how often each way is measured (5)")
    asked = parser.parse_args()
    unknown = set(asked.groups) - {*GROUPS}
    if unknown:
        parser.error(f"there is no {' and no '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    machine, started, found, curves = _machine(), time.monotonic(), dict[str, list[Row]](), list[Curve]()
    with bench() as rig:
        for name in asked.groups or GROUPS:
            print(f"... {name}", file=sys.stderr, flush=True)
            for one in importlib.import_module(f"tests.benchmark.{name}").rows(rig, asked.runs):
                curves.append(one) if isinstance(one, Curve) else found.setdefault(name, []).append(one)
    machine |= {"seconds": round(time.monotonic() - started), "runs": asked.runs}
    data = {
        "machine": machine,
        "rows": {name: [one.as_data() for one in group] for name, group in found.items()},
        "curves": [asdict(one) for one in curves],
    }
    REPORT.write_text(json.dumps(data, indent=1) + "\n")
    for number, curve in enumerate(curves, 1):
        REPORT.with_name(f"bench-{number}.svg").write_text(svg(curve))
    print("\n".join(_table([one for group in found.values() for one in group])))
    wanted = [one for group in found.values() for one in group if one.target is not None]
    print(f"{sum(one.met is True for one in wanted)} of {len(wanted)} targets met, in {machine['seconds']} s; details are in {REPORT}")


def _table(rows: list[Row]) -> list[str]:
    """Return the rows aligned, each with its cause below it."""
    cells = [HEADER, *(one.cells() for one in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    causes = [[], *([f"    {one.why}"] if one.why else [] for one in rows)]
    return [text for line, cause in zip(lines, causes, strict=True) for text in (line, *cause)]


def _machine() -> dict[str, Any]:
    """Return where this runs."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text()) if os.path.exists("/proc/cpuinfo") else None
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "ansible-core": version("ansible-core"),
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


if __name__ == "__main__":
    main()
