# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play one run as the role does: the phases of the engine, with the tasks of the user between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.engine import Ports, Rotation, RotationFailedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ticket import seal, unseal
from tests.simulation import labels, versions
from tests.simulation.cases import Case
from tests.simulation.ports import (
    MemoryCredentials,
    MemoryRemote,
    MemoryRescue,
    MemorySink,
    MemoryStore,
    QuietProgress,
    SkewedClock,
    fingerprints,
)
from tests.simulation.scheduler import Run
from tests.simulation.world import IN_PLACE

_KEY = bytes(32)


def _store_of(run: Run) -> Store:
    """Return the store of the world that a run is in."""
    if isinstance(run.world, labels.LabelledWorld):
        return labels.PointedStore(run)
    if isinstance(run.world, versions.VersionedWorld):
        return versions.PointedStore(run)
    return MemoryStore(run)


def ports_of(run: Run, case: Case) -> Ports:
    """Return the ports of one run."""
    return Ports(
        _store_of(run),
        MemoryCredentials(run, case.kind),
        MemoryRescue(run) if case.kind == IN_PLACE else None,
        MemoryRemote(run, fingerprints(run.world.pushed)) if case.settings.publishes else None,
        SkewedClock(run),
        QuietProgress(run),
        {name: MemorySink(run, name) for name in (*case.settings.sinks, *case.settings.later_sinks)},
    )


def player(case: Case) -> Callable[[Run], dict[str, Any]]:
    """Return what plays a run of a case."""

    def play(run: Run) -> dict[str, Any]:
        return _Play(case, run).whole()

    return play


class _Play:
    """One run."""

    def __init__(self, case: Case, run: Run) -> None:
        self._case = case
        self._run = run

    def _choose(self, number: int) -> int:
        """In place of chance: each run another number."""
        return 1 + self._run.ordinal % number

    def _ports(self) -> Ports:
        return ports_of(self._run, self._case)

    def whole(self) -> dict[str, Any]:
        """Play it."""
        run = self._run
        rotation = Rotation(
            self._case.settings, self._ports(), run=run.actor, is_gone=run.simulation.is_gone, choose=self._choose
        )  # fmt: skip
        result = rotation.begin()
        while "ticket_data" in result:
            result = self._second_half(result)
        return result

    def _second_half(self, result: dict[str, Any]) -> dict[str, Any]:
        rotation = self._resumed(result["ticket_data"])
        try:
            self._hand_over()
        except LatchkeyError as failure:
            raise self._ended(rotation, rotation.undo("the tasks of the user", str(failure))) from None
        try:
            return rotation.finish()
        except RotationFailedError as failure:
            raise self._ended(rotation, failure) from None

    def _resumed(self, ticket: dict[str, Any]) -> Rotation:
        data = unseal(seal(ticket, _KEY), _KEY)
        run = self._run
        rotation = Rotation.resume(self._case.settings, self._ports(), data, run=run.actor, is_gone=run.simulation.is_gone)
        rotation._choose = self._choose
        return rotation

    def _ended(self, rotation: Rotation, failure: RotationFailedError) -> RotationFailedError:
        if not failure.needs_hand_over:
            return failure
        rotation = self._resumed(rotation.ticket_data())
        words = ""
        try:
            self._hand_over()
        except LatchkeyError as refused:
            words = str(refused)
        return rotation.undone("the tasks of the user", words)

    def _hand_over(self) -> None:
        """What the tasks of the user do: they keep the credential that is stored in a place of their own."""
        run = self._run
        world = run.world

        def act() -> None:
            world.handed_over = world.value
            world.note(run.actor, f"handed over {world.value}")

        run.call("hand over", act)
