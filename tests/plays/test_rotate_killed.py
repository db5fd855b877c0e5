# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed where it matters most: a look at two kinds of credentials. All points of all kinds are in tests/chaos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible
from tests.plays._rotation_kinds import Appliances, kill_and_recover, rig_of
from tests.plays._saboteur import Saboteur


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as appliances:
        yield appliances


@pytest.mark.parametrize(
    ("kind", "at", "where"),
    [
        ("access_token-qumulo", "after replace#2", "in the vars file"),  # the new token is stored, and not proved yet
        ("in_place-rsc", "before write#3", "nowhere"),  # the platform has a new secret, and no file has it
    ],
)
def test_killed(ansible: Ansible, appliances: Appliances, tmp_path: Path, kind: str, at: str, where: str) -> None:
    rig = rig_of(kind, ansible, appliances)
    assert kill_and_recover(rig, Saboteur(tmp_path / "saboteur"), at, rotate_force=True) == where
