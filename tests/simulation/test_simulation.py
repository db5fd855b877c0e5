# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation engine in the simulated world: every event at every point of one run of each kind, and a slice of the rest.

`make test-simulation` explores all cases, and for longer.
"""

from __future__ import annotations

import random
import time

import pytest

from tests.simulation.__main__ import main, shortest, table
from tests.simulation.cases import CASES, Case
from tests.simulation.explore import NONE, PAIR, RANDOM, SINGLE, TURNS, Explorer, Schedule, parse, replay
from tests.simulation.scheduler import PAUSE, At, Switch

QUICK = [case for case in CASES if case.quick]
SLICE = 0.5  # seconds

# Schedules that failed once, as they were printed.
FIXED: list[Schedule] = []


def _assert_all_holds(explorer: Explorer) -> None:
    told = [f"{one.schedule.script()}\n    {one.broken[0]}" for one in shortest(explorer.failures)]
    assert not told, "\n".join([f"{len(explorer.failures)} schedules fail, such as:", *told[:10]])


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_every_event_at_every_point(case: Case) -> None:
    explorer = Explorer(case, random.Random(1))
    explorer.singles()
    assert explorer.counts[SINGLE] > 150
    _assert_all_holds(explorer)


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
@pytest.mark.parametrize("kind", [PAIR, TURNS, RANDOM])
def test_a_slice_of_the_rest(case: Case, kind: str) -> None:
    explorer = Explorer(case, random.Random(time.time_ns()))
    explorer.no_event()
    explorer.stop_at = time.monotonic() + SLICE
    {PAIR: explorer.pairs, TURNS: explorer.turns, RANDOM: explorer.at_random}[kind]()
    _assert_all_holds(explorer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_undisturbed_run(case: Case) -> None:
    explorer = Explorer(case, random.Random(1))
    explorer.no_event()
    assert explorer.counts == {NONE: 1}
    _assert_all_holds(explorer)


@pytest.mark.parametrize("schedule", FIXED, ids=lambda schedule: schedule.script())
def test_a_schedule_that_failed_once(schedule: Schedule) -> None:
    assert replay(schedule).broken == []


def test_a_schedule_is_printed_as_it_is_written() -> None:
    schedule = Schedule("in_place/noted", (At(1, 3, "edit", "look"),), switches=(Switch(1, 4, PAUSE), Switch(2, 1)), seen=False)
    assert parse(schedule.script()) == schedule


def test_a_schedule_always_goes_the_same_way() -> None:
    schedule = Schedule("access_token/expiring", (), switches=(Switch(1, 12, PAUSE), Switch(2, 7), Switch(1, 14)), seen=False)
    assert replay(schedule).history == replay(schedule).history


def test_a_point_that_is_not_there_any_more_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"is store\.read, not create"):
        replay(Schedule("access_token/expiring", (At(1, 1, "crash before", "create"),)))


def test_the_table_counts_all() -> None:
    explorer = Explorer(QUICK[0], random.Random(1))
    explorer.no_event()
    first, *_rest, last = table([explorer.report()])
    assert first.split()[:2] == ["case", "points"]
    assert last.split() == ["in", "all", "1", "0", "0", "0", "0", "0", str(len(explorer.failures))]


def test_a_schedule_can_be_replayed_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", 'Schedule("access_token/not due", ())']) == 0
    assert capsys.readouterr().out.endswith("All holds.\n")
