# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of HashiCorp Vault in the simulated world; and faults of it that the simulation must find."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault import VaultStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import notes_in
from tests.simulation.events import At
from tests.simulation.explore import SINGLE, Schedule, replay
from tests.simulation.explored import explored
from tests.simulation.secret import KEYS
from tests.simulation.versions import Plain, VersionedWorld

CASE = "access_token/versions"
UNPROVED = f"{CASE}, new ones do not work"


@pytest.mark.parametrize(("case", "how", "number"), [(CASE, "singles", float("inf")), (UNPROVED, "turns", 40)])
def test_what_consumers_read_works_at_every_instant(case: str, how: str, number: float) -> None:
    explorer = explored(case, how, number)
    assert [f"{one.schedule.script()}\n    {one.broken[0]}" for one in explorer.failures] == []
    assert how != "singles" or explorer.counts[SINGLE] > 300


@pytest.mark.parametrize("events", [(), (At(1, 13, "edit"),), (At(1, 18, "lost after", "versions.put"),)])
def test_no_earlier_version_can_be_read_after_a_rotation(events: Sequence[At]) -> None:
    world = replay(Schedule(CASE, tuple(events)))
    assert isinstance(world, VersionedWorld)
    assert world.broken == []
    assert [number for number, text in enumerate(world.versions, 1) if text is not None] == [world.latest]


def _nothing_is_compared(patch: pytest.MonkeyPatch) -> None:
    real = Plain.put
    patch.setattr(Plain, "put", lambda client, data, _cas: real(client, data, client.world.latest))


def _what_a_hand_wrote_between_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    real = VaultStore._superseded

    def superseded(store: VaultStore) -> dict[str, list[str]]:
        found = real(store)
        assert store._last is not None
        noted = notes_in(store._last, KEYS).get("superseded", {})
        return {version: ids for version, ids in found.items() if version in (*noted, store._last.version)}

    patch.setattr(VaultStore, "_superseded", superseded)


def _the_newest_is_destroyed_too(patch: pytest.MonkeyPatch) -> None:
    real = VaultStore._superseded
    patch.setattr(VaultStore, "_superseded", lambda store: {**real(store), str(store._newest + 1): []})


@pytest.mark.parametrize(
    ("plant", "case", "how", "number", "found_as"),
    [
        (_nothing_is_compared, CASE, "turns", 150, "stored a credential that"),
        (_what_a_hand_wrote_between_is_forgotten, CASE, "singles", 250, "no rotation will destroy it"),
        (_the_newest_is_destroyed_too, UNPROVED, "singles", 20, "destroyed the version that consumers read"),
    ],
)
def test_a_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], case: str, how: str, number: int, found_as: str
) -> None:
    plant(monkeypatch)
    explorer = explored(case, how, number)
    assert any(found_as in words for one in explorer.failures for words in one.broken)
