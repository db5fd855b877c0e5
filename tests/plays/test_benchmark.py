# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the benchmarks reckon: medians, what one way takes above another, targets, and the report."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.benchmark import page
from tests.benchmark._measure import Curve, Row, Side, take_turns
from tests.plays.test_request_counts import TABLE


def test_what_a_way_takes_above_another_is_reckoned_run_by_run() -> None:
    busy, idle = Side("ours", [5.0, 3.0, 4.0]), Side("empty", [3.0, 1.0, 1.0])
    assert busy.less(idle, "above", parts=2).values == [1.0, 1.0, 1.5]


@pytest.mark.parametrize(
    ("values", "unit", "shown"),
    [
        ([0.0123, 0.011, 0.5], "s", "12.3 ms (11..500)"),
        ([1.5, 1.25, 2.0], "s", "1.5 s (1.25..2)"),
        ([63.04], "MiB", "63 MiB"),
    ],
)
def test_a_side_is_shown_with_its_spread(values: list[float], unit: str, shown: str) -> None:
    assert Side("ours", values, unit).shown() == shown


@pytest.mark.parametrize(
    ("ours", "theirs", "target", "exact", "cells"),
    [
        ([1.0, 9.0, 2.0], [4.0, 8.0, 1.0], 0.5, False, ["0.500", "<= 0.5", "met"]),
        ([2.1], [4.0], 0.5, False, ["0.525", "<= 0.5", "MISSED"]),
        ([1.0], None, 1.0, True, ["", "1", "met"]),
        ([0.0], None, 1.0, True, ["", "1", "MISSED"]),
        ([2.0], [4.0], None, False, ["0.500", "", ""]),
        (None, None, 0.6, False, ["", "<= 0.6", "not measured"]),
    ],
)
def test_a_target_is_met_missed_or_not_measured(
    ours: list[float] | None, theirs: list[float] | None, target: float | None, exact: bool, cells: list[str]
) -> None:
    mine, instead = (Side("x", values) if values else None for values in (ours, theirs))
    row = Row(mine, instead, target, exact=exact)
    assert row.cells()[2:] == cells
    assert Row.from_data(row.as_data()) == row


def test_ways_take_turns_after_one_to_warm_up() -> None:
    calls: list[str] = []
    sides = take_turns({"ours": lambda: calls.append("ours"), "theirs": lambda: calls.append("theirs")}, 2)
    assert calls == ["ours", "theirs"] * 3
    assert {name: len(side.values) for name, side in sides.items()} == {"ours": 2, "theirs": 2}
    calls.clear()
    take_turns({"ours": lambda: calls.append("ours")}, 2, warm=True)
    assert calls == ["ours"] * 2


def test_a_curve_has_the_medians_by_size() -> None:
    curve = Curve("Cost", "values")
    for size in (10, 100):
        curve.add(size, {"ours": Side("ours", [size, size * 3, size * 2])})
    assert asdict(curve)["lines"] == {"ours": [(10, 20), (100, 200)]}


def test_the_requests_on_the_page_are_those_of_today() -> None:
    text = page.PAGE.read_text()
    assert page.table_of_requests() in text
    assert f"requests of {len(TABLE)} operations: {sum(map(len, TABLE.values()))} requests" in text
