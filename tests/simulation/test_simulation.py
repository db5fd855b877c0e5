# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation engine in the simulated world: every event at every point of one run of each kind, and a slice of the rest.

`make test-simulation` explores all cases, and for longer.
"""

from __future__ import annotations

import random

import pytest

from tests.simulation.__main__ import main, shortest, table
from tests.simulation.cases import CASES, Case
from tests.simulation.events import At, Switch
from tests.simulation.explore import NONE, PAIR, RANDOM, SINGLE, TURNS, Explorer, Schedule, parse, replay
from tests.simulation.scheduler import PAUSE

QUICK = [case for case in CASES if case.quick]
SLICE = 80  # schedules

# Schedules that failed once, as they were printed.
FIXED = [
    Schedule("access_token/sinks", (At(1, 27, "late by two runs", "server.write"),)),
    Schedule("alternate/sinks", (At(1, 27, "late by a run", "server.write"),)),
    Schedule("replace/new ones do not work", (At(1, 26, "crash before", "store.restore"), At(2, 11, "truncated", "look"))),
    Schedule("in_place/noted", (), switches=(Switch(1, 22, PAUSE), Switch(2, 26, PAUSE)), seen=False),
    Schedule("in_place/first secret", (), switches=(Switch(1, 19, PAUSE), Switch(2, 16, PAUSE)), seen=False),
    Schedule("in_place/first secret", (), switches=(Switch(1, 21, PAUSE), Switch(2, 15, PAUSE)), seen=False),
    Schedule("in_place/old one lives on", (At(1, 29, "replace value", "store.write"), At(2, 7, "refuse", "check"))),
    Schedule("access_token/git and hooks", (At(1, 16, "pause unseen", "store.write"), At(2, 14, "revert to previous", "revoke"))),
    Schedule("api_token/noted", (At(1, 22, "revert to previous", "revoke"), At(1, 25, "revoke stored", "store.read"))),
    Schedule(
        "access_token/disable, delete later",
        (At(1, 14, "pause unseen", "store.write"), At(1, 15, "delete store", "store.read")),
    ),
    Schedule("in_place/old one lives on", (At(1, 21, "replace value", "store.read"), At(2, 20, "crash before", "rescue.reserve"))),
    Schedule("access_token/no ids told", (At(1, 1, "create alike", "store.read"), At(2, 5, "revoke stored", "look"))),
    Schedule(
        "access_token/never expiring, orphans ignored",
        (At(1, 24, "revert to previous", "store.write"), At(2, 5, "revoke stored", "look")),
    ),
    Schedule("api_token/empty", (At(1, 10, "late by two runs", "create"), At(1, 17, "appliance +1h", "store.write"))),
    Schedule("in_place/adopted", (At(1, 27, "pause unseen", "prove"), At(1, 29, "revert to start", "store.write"))),
    Schedule(
        "access_token/expiring",
        (),
        switches=(
            Switch(1, 14, PAUSE),
            Switch(2, 14, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/expiring",
        (),
        switches=(
            Switch(1, 14, PAUSE),
            Switch(2, 10, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/expiring",
        (),
        switches=(
            Switch(1, 14, PAUSE),
            Switch(2, 12, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/expiring",
        (),
        switches=(
            Switch(1, 16, PAUSE),
            Switch(2, 12, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/expiring",
        (),
        switches=(
            Switch(1, 16, PAUSE),
            Switch(2, 14, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/never expiring, orphans revoked",
        (
            At(1, 14, "pause unseen", "store.write"),
            At(2, 12, "lost after", "revoke"),
        ),
    ),
    Schedule("access_token/new ones do not work", (At(1, 14, "pause unseen", "store.write"),)),
    Schedule("access_token/new ones do not work", (), switches=(Switch(1, 14, PAUSE),), seen=False),
    Schedule(
        "replace/new ones do not work",
        (),
        switches=(
            Switch(1, 26, PAUSE),
            Switch(2, 30, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/new ones do not work",
        (),
        switches=(
            Switch(1, 26, PAUSE),
            Switch(2, 33, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "in_place/noted",
        (),
        switches=(
            Switch(1, 19, PAUSE),
            Switch(2, 27, PAUSE),
        ),
        seen=False,
    ),
    Schedule("in_place/old one lives on", (At(1, 19, "pause unseen", "create"),)),
    Schedule("in_place/old one lives on", (At(1, 22, "pause unseen", "rescue.keep"),)),
    Schedule("access_token/expiring", (At(1, 21, "revert to start", "store.read"),)),
    Schedule(
        "access_token/never expiring",
        (
            At(1, 21, "revert to previous", "store.read"),
            At(2, 3, "refuse", "check"),
        ),
    ),
    Schedule(
        "access_token/expiring",
        (
            At(1, 18, "interrupt", "step"),
            At(1, 22, "revert to previous", "store.read"),
        ),
    ),
    Schedule("in_place/noted", (At(1, 32, "revert to start", "store.read"),)),
    Schedule("in_place/noted", (At(1, 32, "delete store", "store.read"),)),
    Schedule("in_place/noted", (At(1, 21, "replace value", "store.read"),)),
    Schedule("access_token/hooks", (At(1, 18, "fail after", "hand over"),)),
    Schedule(
        "access_token/never expiring",
        (
            At(1, 21, "appliance -1h", "store.read"),
            At(1, 22, "crash before", "revoke"),
        ),
    ),
    Schedule(
        "api_token/noted",
        (
            At(1, 3, "refuse", "check"),
            At(1, 5, "truncated", "look"),
        ),
    ),
    Schedule(
        "in_place/noted",
        (),
        switches=(
            Switch(1, 19, PAUSE),
            Switch(2, 35, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "in_place/old one lives on",
        (),
        switches=(
            Switch(1, 19, PAUSE),
            Switch(2, 29, PAUSE),
        ),
        seen=False,
    ),
    Schedule(
        "access_token/expiring",
        (
            At(1, 12, "create alike", "create"),
            At(2, 5, "stale", "look"),
        ),
    ),
    Schedule(
        "access_token/adopted",
        (
            At(1, 3, "refuse", "check"),
            At(1, 5, "truncated", "look"),
        ),
    ),
    Schedule(
        "access_token/refused",
        (
            At(1, 16, "pause unseen", "store.write"),
            At(2, 21, "revert to start", "store.read"),
        ),
    ),
    Schedule(
        "replace/retire later",
        (
            At(1, 9, "appliance +1h", "store.write"),
            At(1, 12, "late by two runs", "create"),
        ),
    ),
    Schedule(
        "in_place/old one lives on",
        (
            At(1, 19, "revert to start", "create"),
            At(1, 24, "replace value", "store.write"),
        ),
    ),
    Schedule("access_token/retire later", (At(1, 14, "pause unseen", "store.write"), At(2, 14, "revert to previous", "store.write"))),
    Schedule("access_token/no ids told", (At(1, 24, "revert to previous", "store.write"), At(1, 25, "replace value", "store.read"))),
    Schedule("in_place/old one lives on", (At(1, 19, "pause unseen", "create"), At(3, 9, "revert to previous", "check"))),
    Schedule(
        "access_token/expiring",
        (
            At(1, 1, "edit", "store.read"),
            At(1, 19, "revoke stored", "store.write"),
            At(2, 19, "revoke stored", "prove"),
            At(2, 26, "create alike", "revoke"),
        ),
        switches=(Switch(1, 6, PAUSE), Switch(2, 0, PAUSE), Switch(1, 23, PAUSE)),
        seen=True,
    ),
    Schedule(
        "access_token/disable, delete later",
        (
            At(2, 19, "pause unseen", "store.write"),
            At(3, 5, "appliance -1h", "look"),
            At(3, 9, "fail", "store.read"),
            At(3, 17, "revert to previous", "store.read"),
        ),
        switches=(Switch(1, 8),),
    ),
    Schedule("access_token/adopted, asked for", (At(1, 24, "pause unseen", "store.write"), At(2, 26, "revert to start", "store.write"))),
    Schedule("access_token/orphans ignored", (At(1, 12, "late by two runs", "create"), At(2, 5, "appliance +1h", "look"))),
    Schedule(
        "access_token/never expiring, orphans revoked",
        (
            At(1, 1, "replace value", "store.read"),
            At(1, 3, "refuse", "check"),
            At(1, 10, "replace value", "revoke"),
            At(1, 20, "refuse", "prove"),
        ),
        switches=(Switch(1, 2), Switch(2, 1)),
        seen=True,
    ),
    Schedule("in_place/git", (At(1, 32, "pause unseen", "store.read"), At(2, 1, "replace value", "store.read"))),
    Schedule("in_place/old one lives on", (At(1, 22, "replace value", "rescue.keep"),)),
    Schedule("in_place/old one lives on", (At(1, 32, "replace value", "store.read"),)),
    Schedule("in_place/noted", (At(1, 33, "revert to start", "rescue.remove"),)),
    Schedule(
        "api_token/creation not told",
        (
            At(1, 12, "late by two runs", "create"),
            At(1, 13, "create unlimited", "store.read"),
        ),
    ),
    Schedule(
        "replace/orphans revoked",
        (
            At(1, 24, "replace value", "store.write"),
            At(2, 11, "revert to previous", "store.read"),
        ),
    ),
    Schedule(
        "in_place/noted",
        (
            At(1, 32, "fail", "store.read"),
            At(2, 7, "delete store", "check"),
        ),
    ),
    Schedule("access_token/versions", (At(1, 13, "edit", "versions.read"),)),
    Schedule("access_token/versions", (At(1, 3, "delete store", "check"),)),
    Schedule("access_token/versions", (At(1, 33, "replace value", "versions.destroy"),)),
    Schedule("access_token/versions", (), switches=(), seen=False),
    Schedule(
        "access_token/versions, new ones do not work",
        (At(1, 18, "pause unseen", "versions.put"), At(3, 27, "revoke stored", "versions.read")),
    ),
    Schedule("access_token/labels and sinks", (At(1, 34, "interrupt", "step"), At(1, 39, "lost after", "labels.move"))),
    Schedule(
        "access_token/sinks",
        (
            At(2, 20, "lost before", "server.write"),
            At(1, 23, "appliance -1h", "store.read"),
            At(2, 31, "appliance +1h", "file.write"),
        ),
        switches=(Switch(1, 20, PAUSE), Switch(2, 28)),
        seen=False,
    ),
    Schedule("access_token/sinks round hooks", (At(1, 28, "fail", "file.write"), At(1, 35, "fail", "hand over"))),
]


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
    explorer = Explorer(case, random.Random(kind))  # the same in each run; `python -m tests.simulation --seed 0` takes others
    explorer.no_event()
    explorer.stop_after = SLICE
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
    report = explorer.report()
    first, one, other, last = table([report, report])
    assert first.split()[:2] == ["case", "points"]
    assert one == other
    assert report.points
    failures = str(2 * len(explorer.failures))
    assert last.split() == ["in", "all", str(2 * report.points), "2", "0", "0", "0", "0", "0", failures]


def test_a_schedule_can_be_replayed_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", 'Schedule("access_token/not due", ())']) == 0
    assert capsys.readouterr().out.endswith("All holds.\n")
