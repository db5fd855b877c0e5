# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the collection costs against what one would do instead, print a table, and write .cache/bench.json.

Usage: python -m tests.benchmark [--runs N] [tasks|play_token|rotation|vars_file|clients|imports ...]

Run by `make bench`. The requests of each operation are counted by tests/integration/test_request_counts.py, and a fleet is measured by
`make test-fleet`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import time
from dataclasses import asdict

from tests.benchmark._measure import Row
from tests.benchmark._rig import bench
from tests.integration._ansible import ROOT

GROUPS = ("imports", "tasks", "rotation", "play_token", "vars_file", "clients")


def main() -> None:
    """Measure the groups that are asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; all when none is named")
    parser.add_argument("--runs", type=int, default=5, help="how often each way is measured (5)")
    asked = parser.parse_args()
    unknown = set(asked.groups) - {*GROUPS}
    if unknown:
        parser.error(f"there is no {' and no '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    started, found = time.monotonic(), list[Row]()
    with bench() as rig:
        for name in asked.groups or GROUPS:
            for row in importlib.import_module(f"tests.benchmark.{name}").rows(rig, asked.runs):
                print(_line(row), flush=True)
                found.append(row)
    machine = {"python": platform.python_version(), "system": platform.platform(), "seconds": round(time.monotonic() - started)}
    report = ROOT / ".cache" / "bench.json"
    report.write_text(json.dumps({"machine": machine, "rows": [{**asdict(one), "met": one.met} for one in found]}, indent=1))
    wanted = [one for one in found if one.target is not None]
    print(f"{sum(one.met for one in wanted)} of {len(wanted)} targets met, in {machine['seconds']} s; details are in {report}")


def _line(row: Row) -> str:
    target = "" if row.target is None else f" (wanted: at most {row.target:.3g}; {'met' if row.met else 'MISSED'})"
    return f"{row.what} / {row.against}: {row.ratio:.2f}{target}{'; ' + row.why if row.why else ''}"


if __name__ == "__main__":
    main()
