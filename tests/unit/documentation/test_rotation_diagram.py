# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagrams of the rotation in the README and in the guide: their stages and moves are those that the engine makes.

The engine itself is run on the simulated world, undisturbed and disturbed at each point, and the stages that it writes are noted.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import CURRENT, MINTING, STAGES, STORED, UNDOING
from tests.simulation.events import BY_CALL, At
from tests.simulation.explore import Schedule, simulation_of

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "rotation.rst").read_text()
BESIDE, IN_PLACE = GUIDE.partition("\nIn place\n---")[::2]
SVG = ElementTree.parse(ROOT / "docs" / "rotation.svg").getroot()  # noqa: S314  (a file of ours)
EVENTS = ("crash before", "crash after", "refuse", "fail", "lost before", "lost after")
# Only in a run that took over from a killed one, which left this stage behind: the file gets its old bytes back.
AGAIN = {(UNDOING, MINTING)}
# Only where the new secret is stored and proved already, and a kill left the rescue file behind.
ONCE_MORE = {(CURRENT, STORED)}
Move = tuple[str, str]


def schedules(case: str) -> Iterator[Schedule]:
    """Return a case undisturbed, and disturbed once, in each way and at each point."""
    simulation = simulation_of(Schedule(case))
    simulation.trace = []
    simulation.run()
    yield Schedule(case)
    for _run, at, call in simulation.trace:
        yield from (Schedule(case, (At(1, at, event),)) for event in EVENTS if event in BY_CALL.get(call, ()))


def moves_of(*cases: str) -> set[Move]:
    """Return how the stage in the store moves in a run, and in the two that follow it."""
    found = set()
    for schedule in (one for case in cases for one in schedules(case)):
        simulation = simulation_of(schedule)
        for _number in range(3):
            simulation.run()
        written = re.findall(r"^[^:\n]+: stored .*, ([\w ]+)$", "\n".join(simulation.world.history), re.MULTILINE)
        stages = [CURRENT, *(CURRENT if stage == "without a state" else stage for stage in written)]
        found |= {(before, after) for before, after in itertools.pairwise(stages) if before != after}
    return found


@pytest.fixture(scope="module")
def moves() -> set[Move]:
    """All moves of credentials side by side."""
    return moves_of(
        "access_token/expiring", "access_token/empty", "access_token/hooks", "access_token/new ones do not work", "api_token/noted",
        "replace/noted", "replace/empty", "replace/new ones do not work",
    )  # fmt: skip


@pytest.fixture(scope="module")
def moves_in_place() -> set[Move]:
    """All moves of a secret that is replaced in its place."""
    return moves_of("in_place/noted", "in_place/first secret", "in_place/refused", "in_place/hooks")


def boxes(drawing: str) -> set[str]:
    return set(re.findall(r"\| (\w+) \|", drawing))


def drawings() -> list[str]:
    return [part.partition(".. list-table::")[0] for part in GUIDE.split(".. code-block:: text\n")[1:]]


def test_every_stage_is_reached(moves):
    assert {stage for move in moves for stage in move} == set(STAGES)


def test_the_picture_in_the_readme(moves):
    assert "docs/rotation.svg" in (ROOT / "README.md").read_text()
    assert {one.get("id") for one in SVG.iter() if one.tag.endswith("}g")} == set(STAGES)
    arrows = {(one.get("data-from"), one.get("data-to")) for one in SVG.iter() if one.get("data-from")}
    assert arrows == moves - AGAIN


def test_the_moves_in_the_guide(moves):
    table = BESIDE.partition("These are all the moves:")[2].partition("\n   * - Stage\n")[0]
    assert set(re.findall(r"\* - ``(\w+)``\n     - ``(\w+)``\n", table)) == moves
    assert moves >= AGAIN


def test_the_drawings_in_the_guide(moves, moves_in_place):
    beside, alone = map(boxes, drawings())
    assert beside == {stage for move in moves for stage in move}
    assert alone == {stage for move in moves_in_place for stage in move}


def test_a_secret_in_place_moves_as_it_is_drawn(moves_in_place):
    assert UNDOING not in {stage for move in moves_in_place for stage in move}
    assert moves_in_place - ONCE_MORE == {(CURRENT, MINTING), (MINTING, STORED), (STORED, CURRENT), (MINTING, CURRENT)}


def test_the_stages_in_the_guide_are_described_once():
    table = BESIDE.partition("\n   * - Stage\n")[2].partition("The steps, and what a run")[0]
    described = re.findall(r"\* - ``(\w+)``", table)
    assert sorted(described) == sorted(STAGES)
