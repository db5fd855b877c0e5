# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the documentation's page about costs from the figures of `make bench` and `make test-fleet`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from tests.benchmark import fleet
from tests.benchmark._chart import svg
from tests.benchmark._measure import Curve, Row
from tests.benchmark._report import Group, read
from tests.plays._ansible import ROOT
from tests.plays.test_request_counts import TABLE

PAGE = ROOT / "docs" / "docsite" / "rst" / "performance.rst"
TITLES = {
    "tasks": "A task",
    "play_token": "A token for a play",
    "rotation": "A rotation",
    "fleet": "Many rotations in one run",
    "vars_file": "A value in a vars file",
    "clients": "Qumulo's own command",
    "imports": "Loading",
    "request_counts": "Requests",
}
PLATFORMS = {"qumulo": "Qumulo Core", "rubrik_cdm": "Rubrik CDM", "rubrik_rsc": "Rubrik Security Cloud"}
HEAD = """\
..
  SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
  SPDX-License-Identifier: GPL-3.0-or-later
  Written by `make bench-page`; change tests/benchmark/page.py.

.. _ansible_collections.latchkey.tokens.docsite.performance:

What it costs
=============

Here is what tasks, tokens, rotations and vars files cost, beside what one would do instead. ``make bench`` in a checkout measures both
sides in the same run and lets them take turns, so that a busy machine slows both. Times are the median of the runs, with the least and the
most in parentheses; they are those of the machine below, and what counts are the ratios. The appliances are simulated ones on the same
machine. They answer at once, so on both sides nearly all of the time is Ansible's own.
"""
REQUESTS = """\
These are all the requests of a task, logging in and out included. What each of them is, and why it takes so many, is in
``tests/plays/test_request_counts.py``, which fails as soon as a task sends one that is not listed there.
"""


def main() -> None:
    """Write the page."""
    machine, groups = read()
    groups["fleet"] = Group([*fleet.rows()])
    PAGE.write_text("\n".join(_page(machine, groups)))


def _page(machine: dict[str, Any], groups: dict[str, Group]) -> Iterator[str]:
    yield HEAD
    yield _table([[name, str(value)] for name, value in machine.items()], "30 70", header=False)
    yield from _targets([one for group in groups.values() for one in group.rows])
    for name, title in TITLES.items():
        if name in groups:
            yield _heading(title)
            yield from _group(groups[name])
            if name == "request_counts":
                yield REQUESTS
                yield table_of_requests()


def _targets(rows: list[Row]) -> Iterator[str]:
    wanted = [one for one in rows if one.target is not None]
    yield _heading("Targets")
    yield f"{sum(one.met is True for one in wanted)} of {len(wanted)} targets are met.\n"
    missed = [one for one in wanted if one.met is False and one.ours]
    if missed:
        yield "Missed, and where the time goes:\n"
    for one in missed:
        assert one.ours
        instead = f" / {one.theirs.name}" if one.theirs else ""
        yield _bullet(
            f"{_escaped(one.ours.name + instead)}: {one.cells()[2] or one.ratio} instead of {one.target:.3g}. {_escaped(one.why)}"
        )


def _group(group: Group) -> Iterator[str]:
    cells = [["what", "instead", "ratio", "target"]]
    for one in group.rows:
        what, instead, ratio, target, result = one.cells()
        cells.append([what, instead, ratio, f"{target}, {result}" if target else ""])
    yield _table([[_escaped(cell) for cell in line] for line in cells], "40 35 10 15")
    for one in group.rows:
        if one.why and one.met is not False:
            yield _bullet(f"{_escaped(one.ours.name if one.ours else one.what)}: {_escaped(one.why)}")
    for curve in group.curves:
        yield _picture(curve)


def _picture(curve: Curve) -> str:
    """Return the curve as a picture, and as figures for where there are none."""
    sizes = sorted({size for line in curve.lines.values() for size, _cost in line})
    cells = [[curve.unit, *(f"{size:,g} {curve.size}" for size in sizes)]]
    for name, line in curve.lines.items():
        costs = {size: f"{cost:.3g}" for size, cost in line}
        cells.append([name, *(costs.get(size, "") for size in sizes)])
    table = _table(cells, " ".join(["40", *["20"] * len(sizes)]))
    return f"{curve.title}:\n\n.. raw:: html\n\n{textwrap.indent(svg(curve), '   ')}\n{table}"


def table_of_requests() -> str:
    """Return the table of how many requests each operation sends on each platform."""
    operations = dict.fromkeys(words for _platform, words in TABLE)
    counts = [[words, *(str(len(TABLE.get((platform, words), [])) or "") for platform in PLATFORMS)] for words in operations]
    return _table([["what is done", *PLATFORMS.values()], *counts], "40 20 20 20")


def _heading(title: str) -> str:
    return f"\n{title}\n{'-' * len(title)}\n"


def _bullet(text: str) -> str:
    return textwrap.fill(text, 140, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) + "\n"


def _table(lines: Iterable[list[str]], widths: str, *, header: bool = True) -> str:
    """Return a table with a header."""
    rows = "\n".join("   * - " + "\n     - ".join(line) for line in lines)
    rows = "\n".join(line.rstrip() for line in rows.splitlines())
    options = ["   :header-rows: 1"] if header else []
    return "\n".join([".. list-table::", *options, f"   :widths: {widths}", "", rows, ""])


def _escaped(text: str) -> str:
    """Return text in which nothing is markup."""
    return text.replace("\\", "\\\\").replace("`make test-fleet`", "``make test-fleet``").replace("*", "\\*").replace("_ ", "\\_ ")


if __name__ == "__main__":
    main()
