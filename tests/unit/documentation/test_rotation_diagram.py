# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagrams of the rotation in the README and in the guide: their stages and moves are those that the state machine makes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning as rotation
from tests.unit.plugin_utils import test_rotation_crashes as crashes
from tests.unit.plugin_utils import test_rotation_in_place as in_place
from tests.unit.plugin_utils.rotation_model import Disturbance

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "rotation.rst").read_text()
BESIDE, IN_PLACE = GUIDE.partition("\nIn place\n---")[::2]
SVG = ElementTree.parse(ROOT / "docs" / "rotation.svg").getroot()  # noqa: S314  (a file of ours)
STAGES = {rotation.CURRENT, rotation.MINTING, rotation.STORED, rotation.UNDOING}
# Only in a run that took over from a killed one, which left this stage behind: the file gets its old bytes back.
AGAIN = {(rotation.UNDOING, rotation.MINTING), (rotation.STORED, rotation.MINTING)}


class Noting(crashes.World):
    """A world that notes how the stage in its vars file moves."""

    def __init__(self, *arguments, **facts):
        self.moves, self.stage = set(), rotation.CURRENT
        super().__init__(*arguments, **facts)

    def watch(self, point):
        super().watch(point)
        stage = self.file.content.get("state", {}).get("stage", rotation.CURRENT)
        self.moves |= {(self.stage, stage)} - {(stage, stage)}
        self.stage = stage

    def run(self, *disturbances):
        role = super().run(*disturbances)
        self.watch("the end")
        return role


@pytest.fixture(scope="module")
def moves():
    """All moves of rotations that are disturbed once, and then run again, and of ones whose new credential never works."""
    found = set()
    for start, works, kind in itertools.product((crashes.start_noted, crashes.start_empty), (True, False), ("kill", "fail")):
        at = 0
        while True:
            world = Noting(crashes.EXPIRING, start, new_ones_work=works)
            world.run(Disturbance(at, kind))
            if at >= world.points:
                break
            world.run()
            found |= world.moves
            at += 1
    return found


def arrows(svg):
    return {(one.get("data-from"), one.get("data-to")) for one in svg.iter() if one.get("data-from")}


def boxes(drawing):
    return set(re.findall(r"\| (\w+) \|", drawing))


def test_the_picture_in_the_readme(moves):
    assert "docs/rotation.svg" in (ROOT / "README.md").read_text()
    assert {one.get("id") for one in SVG.iter() if one.tag.endswith("}g")} == STAGES
    assert arrows(SVG) == moves - AGAIN


def test_the_moves_in_the_guide(moves):
    table = BESIDE.partition("These are all the moves:")[2].partition("\n   * - Stage\n")[0]
    assert set(re.findall(r"\* - ``(\w+)``\n     - ``(\w+)``\n", table)) == moves
    assert moves >= AGAIN


def test_the_drawings_in_the_guide():
    drawings = [part.partition(".. list-table::")[0] for part in GUIDE.split(".. code-block:: text\n")[1:]]
    beside, alone = map(boxes, drawings)
    assert beside == STAGES
    assert alone == {in_place.begin("noted", False).file["state"]["stage"], *in_place_stages()}


def in_place_stages():
    """The stages that a rotation in place writes."""
    world, seen = in_place.begin("noted", False), set()
    for at in range(in_place.run(in_place.begin("noted", False))):
        world = in_place.begin("noted", False)
        in_place.run(world, (at, "kill"))
        seen.add(world.file["state"]["stage"])
    return seen


def test_the_stages_in_the_guide_are_described_once():
    table = BESIDE.partition("\n   * - Stage\n")[2].partition("The steps, and what a run")[0]
    assert set(re.findall(r"\* - ``(\w+)``", table)) == STAGES
