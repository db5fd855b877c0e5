# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the record of the chaos tests as a table, and write it to .cache/chaos.json: `python -m tests.chaos.table`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tests.chaos._record import LINES, Trial, recorded

JSON = LINES.with_suffix(".json")
COLUMNS = {
    "points killed": "killed",
    "faults injected": "faults",
    "runs": "runs",
    "credentials lost": "lost",
    "orphans left": "orphans",
    "canaries seen": "canaries",
    "failed": "failed",
}


def summary(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Return one row for each part and kind, and one for all."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for trial in trials:
        for key in ((trial.part, trial.kind), ("in all", "")):
            killed = trial.fault == "SIGKILL"
            rows.setdefault(key, Counter()).update(
                killed=killed,
                faults=not killed,
                runs=trial.runs,
                lost=trial.lost,
                orphans=trial.orphans,
                canaries=trial.canaries,
                failed=trial.failed,
            )
    last = rows.pop(("in all", ""), Counter())
    return [
        {"part": part, "kind": kind} | {name: counts[name] for name in COLUMNS.values()}
        for (part, kind), counts in [*sorted(rows.items()), (("in all", ""), last)]
    ]


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table, in Markdown that people can read as it is."""
    cells = [["what was done", "to", *COLUMNS]]
    cells += [[row["part"], row["kind"], *(str(row[name]) for name in COLUMNS.values())] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    rule = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return [
        "| " + " | ".join(_padded(cell, column, widths[column]) for column, cell in enumerate(row)) + " |"
        for row in (cells[0], rule, *cells[1:])
    ]


def _padded(cell: str, column: int, width: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def main() -> None:
    """Print the table of what is recorded."""
    trials = recorded()
    rows = summary(trials)
    JSON.parent.mkdir(parents=True, exist_ok=True)
    JSON.write_text(json.dumps({"table": rows, "trials": [asdict(one) for one in trials]}, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    main()
