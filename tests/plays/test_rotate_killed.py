# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed where it matters most: a look at each kind of credential. All points are in tests/chaos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible
from tests.plays._rotation_kinds import Appliances, kill_and_recover, rig_of
from tests.plays._saboteur import Saboteur

MADE = "before write#2"  # the platform has made the new credential, and no file has it
STORED = "after replace#2"  # it is in the vars file
# A secret that is rotated in its place: the room of the rescue file is written first.
MADE_IN_PLACE = "before write#3"
RESCUED = "after replace#2"  # it is in the rescue file


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as appliances:
        yield appliances


@pytest.mark.parametrize(
    ("kind", "at", "where"),
    [
        ("access_token-qumulo", MADE, "in the vars file"),
        ("access_token-qumulo", STORED, "in the vars file"),
        ("api_token-cdm", MADE, "in the vars file"),
        ("api_token-cdm", STORED, "in the vars file"),
        ("replace-rsc", MADE, "in the vars file"),
        ("replace-rsc", STORED, "in the vars file"),
        ("in_place-rsc", MADE_IN_PLACE, "nowhere"),
        ("in_place-rsc", RESCUED, "in the rescue file"),
    ],
)
def test_killed(ansible: Ansible, appliances: Appliances, tmp_path: Path, kind: str, at: str, where: str) -> None:
    rig = rig_of(kind, ansible, appliances)
    assert kill_and_recover(rig, Saboteur(tmp_path / "saboteur"), at, rotate_force=True) == where
