# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulation finds old faults that are put back into the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.explore import Schedule, parse, replay
from tests.simulation.planted import FAULTS, Fault, hunt, table_of_faults


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    number, script = hunt(fault)
    assert script, f"none of {number} schedules shows it"
    schedule = parse(script)
    anywhere = tuple(replace(one, name="") for one in schedule.events)  # the fault may have moved the points
    assert replay(replace(schedule, events=anywhere)).broken == [], "it shows without the fault, too"
    assert table_of_faults([(fault, number, script)]) == [f"{fault.name}  {number:6}  {script}"]


def test_what_was_planted_is_gone_afterwards() -> None:
    assert replay(Schedule("access_token/expiring")).broken == []
