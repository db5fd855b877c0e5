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

What to expect, compared with what one would do instead:
"""
EXPECT = """\
This was measured on simulated appliances, which answer at once. Real ones take longer to answer, on both sides alike.
"""
# What to expect: the names of our way and of the other one, and a sentence about their ratio.
SENTENCES = (
    ("a whole rotation", "a rotation by hand", "A rotation takes {} time of the same steps written as tasks of a playbook."),
    (
        "a run with nothing due",
        "a look by hand",
        "A run that finds nothing due takes {} time of a playbook that only looks; most of it is the start of Ansible.",
    ),
    ("credentials on", "times one rotation", "{ours} take {} time of as many runs of one rotation each."),
    ("peak memory with", "peak memory with", "The memory of that run is {} memory of a run of a tenth of the credentials."),
    (
        "in process, less an empty task",
        "uri, less an empty task",
        "A task of a module takes {} time of a request by ``ansible.builtin.uri``.",
    ),
    ("with play_token", "with a fixed token", "{ours} takes {} time of one with a token that is written in the playbook."),
    ("with play_token", "with a login on each host", "{ours} takes {} time of one that logs in on each host."),
    (
        "vault_vars, whole file",
        "ansible-vault decrypt",
        "To change one value of a large vars file takes {} time of ``ansible-vault decrypt``, an edit and ``ansible-vault encrypt``.",
    ),
    (
        "one ad-hoc access_token",
        "qq auth_create",
        "One ad-hoc task takes {} time of Qumulo's own command ``qq``, which starts faster than Ansible.",
    ),
    ("a play", "ten processes of qq", "A play of ten tasks takes {} time of ten such commands."),
)
MEASURED = """\
``make bench`` in a checkout measures both sides in the same run and lets them take turns, so that a busy machine slows both. Times are the
median of the runs, with the least and the most in parentheses; they are those of the machine below, and what counts are the ratios.
"""
REQUESTS = """\
These are all the requests of a task, logging in and out included. What each of them is, and why it takes so many, is in
``tests/plays/test_request_counts.py``, which fails as soon as a task sends one that is not listed there.
"""


def main() -> None:
    """Write the page."""
    machine, groups = read()
    groups["fleet"] = Group([*fleet.rows()])
    groups = {name: group for name, group in groups.items() if any(one.ours for one in group.rows)}
    PAGE.write_text("\n".join(_page(machine, groups)))


def _page(machine: dict[str, Any], groups: dict[str, Group]) -> Iterator[str]:
    yield HEAD
    yield from _expectations([one for group in groups.values() for one in group.rows])
    yield EXPECT
    for name, title in TITLES.items():
        if name in groups:
            yield _heading(title)
            yield from _group(groups[name])
            if name == "request_counts":
                yield REQUESTS
                yield table_of_requests()
    yield _heading("How it was measured")
    yield MEASURED
    yield _table([[name, str(value)] for name, value in machine.items()], "30 70", header=False)


def _expectations(rows: list[Row]) -> Iterator[str]:
    """Say in words what was measured, the first row that fits each sentence."""
    for ours, theirs, sentence in SENTENCES:
        for one in rows:
            if one.ours and one.theirs and one.ratio is not None and ours in one.ours.name and theirs in one.theirs.name:
                name = one.ours.name[:1].upper() + one.ours.name[1:]
                yield _bullet(sentence.format(in_words(one.ratio), ours=name))
                break


def in_words(ratio: float) -> str:
    """Return a ratio as words that go before what it is a ratio of."""
    if ratio < 0.95:
        return f"{100 * ratio:.0f} % of the"
    return "about the" if ratio < 1.15 else f"{ratio:.1f} times the"


def _group(group: Group) -> Iterator[str]:
    cells = [["what", "instead", "ratio"], *(one.cells()[:3] for one in group.rows)]
    yield _table([[_escaped(cell) for cell in line] for line in cells], "45 40 15")
    for one in group.rows:
        if one.why:
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
    caption = f"{curve.title}. One line for each way; both axes are logarithmic."
    return f"{caption}\n\n.. raw:: html\n\n{textwrap.indent(svg(curve), '   ')}\n{table}"


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
