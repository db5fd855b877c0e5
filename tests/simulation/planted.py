# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old faults, put back into the engine one by one: the simulation must find each of them, or it proves nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import (
    engine,
    planning_beside,
    planning_in_place,
    recognition,
    undo,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.delivery import Delivery
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.in_place import InPlace
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, Created, Expected, Written
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import Recognised
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.side_by_side import SideBySide
from tests.simulation.cases import BY_NAME
from tests.simulation.explore import Explorer, Schedule
from tests.simulation.ports import MemoryCredentials, MemoryStore
from tests.simulation.scheduler import Simulation

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """A fault that there was once.

    Attributes:
        name: what it does.
        plant: puts it back.
        case: where it shows.
        found_as: words of the broken promise.
        turns: whether it takes two runs at once, rather than one event.
    """

    name: str
    plant: Plant
    case: str
    found_as: str
    turns: bool = False


def _no_intent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SideBySide, "_write_intent", lambda self: None)


def _no_fence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Context, "check_fence", lambda self: None)
    patch.setattr(Context, "refuse_taken_over", lambda self, held: None)
    patch.setattr(Context, "_check_ending", lambda self, value, *, stored: None)


def _no_claim(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Context, "claim", lambda self: None)


def _restores_over_others(patch: pytest.MonkeyPatch) -> None:
    def restore(self: MemoryStore, before: bytes | None, after: bytes | None) -> bool:
        world = self.point.world
        world.put(self.point.actor, world.content_of(before) if before is not None else None)
        return True

    patch.setattr(MemoryStore, "_restore", restore)
    patch.setattr(Context, "refuse_taken_over", lambda self, held: None)


def _two_writes(patch: pytest.MonkeyPatch) -> None:
    real = Context.write

    def write(self: Context, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        if not change.value:
            return real(self, change, expected, if_gone)
        held = self.ports.store.read()
        first = real(self, replace(change, state=held.state, old_value=held.old_value), expected, if_gone)
        second = real(self, change, {"value": (first.version["value"],)}, if_gone)
        return replace(second, before=first.before)

    patch.setattr(Context, "write", write)


def _never_in_doubt(patch: pytest.MonkeyPatch) -> None:
    real = SideBySide._create

    def create(self: SideBySide) -> None:
        try:
            real(self)
        finally:
            self._record.in_doubt = False

    patch.setattr(SideBySide, "_create", create)


def _lease_by_another_clock(patch: pytest.MonkeyPatch) -> None:
    def busy(state: Mapping[str, Any], run_is_gone: bool | None, now: datetime) -> str:
        since = states.since_of(states.part_of(state, "pending"))
        is_free = states.stage_of(state) == states.CURRENT or run_is_gone or now - since >= states.LEASE
        return "" if is_free else "Another run has been rotating this credential."

    for module in (planning_beside, planning_in_place):
        patch.setattr(module, "busy", busy)


def _no_compare_and_set(patch: pytest.MonkeyPatch) -> None:
    def write(self: Context, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        return self.ports.store.write(change, {}, if_gone)

    patch.setattr(Context, "write", write)


def _late_effects_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recognition, "LATE", timedelta(0))


def _possible_is_proved(patch: pytest.MonkeyPatch) -> None:
    real = recognition.recognise

    def recognise(state: Mapping[str, Any], credentials: Sequence[Mapping[str, Any]], now: datetime) -> Recognised:
        found = real(state, credentials, now)
        return replace(found, proved=(*found.proved, *found.possible), possible=())

    for module in (planning_beside, undo):
        patch.setattr(module, "recognise", recognise)


def _same_second_is_proved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recognition, "_AS_TOLD", timedelta(seconds=1))


def _part_taken_for_all(patch: pytest.MonkeyPatch) -> None:
    def gone(self: engine.Rotation, held: Any, listing: Any) -> frozenset[str]:
        previous = held.state.get("previous", {}).get("id")
        return frozenset({previous} - {one["token_id"] for one in listing.credentials} - {None})

    patch.setattr(engine.Rotation, "_gone", gone)


def _unknown_taken_for_refused(patch: pytest.MonkeyPatch) -> None:
    real = InPlace._not_created

    def not_created(self: InPlace, failure: Any, reserved: bool) -> Any:
        self._record.in_doubt = False
        return real(self, failure, reserved)

    patch.setattr(InPlace, "_not_created", not_created)


def _no_rescue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(InPlace, "_keep_in_rescue_file", lambda self: None)


def _no_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SideBySide, "_prove", lambda self: None)


def _late_requests_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    real = recognition.recognise

    def recognise(*arguments: Any) -> Recognised:
        return replace(real(*arguments), open=())

    patch.setattr(planning_beside, "recognise", recognise)


def _sinks_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "put_back", lambda self, name, held: None)


def _sinks_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "keep", lambda self: None)


def _late_writes_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(states, "late_writes", lambda *_unused: {})


def _interrupted_unrecorded(patch: pytest.MonkeyPatch) -> None:
    real = MemoryCredentials.create

    def create(self: MemoryCredentials, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        created = real(self, pending, current)
        self.point.stepped("Look for a signal between the creation and its record")
        return created

    patch.setattr(MemoryCredentials, "create", create)


FAULTS = [
    Fault("a run that was paused does not notice that another took over", _no_fence, "access_token/expiring", "ended", turns=True),
    Fault("what may be another's is taken for a leftover", _possible_is_proved, "access_token/never expiring", "not of this rotation"),
    Fault("one of the same second is taken for a leftover", _same_second_is_proved, "access_token/expiring", "not of this rotation"),
    Fault("a previous credential that is not listed is forgotten", _part_taken_for_all, "api_token/overdue", "fails without a reason"),
    Fault("an intent of which nothing is found is forgotten", _late_effects_forgotten, "access_token/expiring", "fails without a reason"),
    Fault("an unanswered request counts as refused", _never_in_doubt, "access_token/expiring", "then its credential appeared"),
    Fault("an unanswered request counts as refused, in place", _unknown_taken_for_refused, "in_place/old one lives on", "as it was before"),
    Fault("nothing is claimed before a revocation", _no_claim, "access_token/expiring", "ended", turns=True),
    Fault("an undo writes over what another run stored", _restores_over_others, "access_token/new ones do not work", "", turns=True),
    Fault("a new credential is not proved", _no_proof, "access_token/new ones do not work", ""),
    Fault("value and state are written one after the other", _two_writes, "access_token/expiring", "fails without a reason"),
    Fault("a lease from the future locks out", _lease_by_another_clock, "access_token/lease from the future", "fails without a reason"),
    Fault("no intent is written before the creation", _no_intent, "access_token/expiring", "fails without a reason"),
    Fault("writes do not compare", _no_compare_and_set, "access_token/expiring", "", turns=True),
    Fault("a request without an answer is not waited for", _late_requests_not_waited_for, "alternate/noted", "", turns=True),
    Fault("a sink keeps the new credential when a rotation is undone", _sinks_stay, "access_token/sinks", "which a sink holds"),
    Fault("a sink is not looked at when nothing is due", _sinks_not_looked_at, "access_token/sinks", "at rest, the file holds"),
    Fault("a write to a sink without an answer is forgotten", _late_writes_forgotten, "access_token/sinks", "at rest, the server holds"),
    Fault("a new secret is not kept before it is stored", _no_rescue, "in_place/noted", "before it was kept"),
    Fault("a signal stops a run between creation and record", _interrupted_unrecorded, "access_token/never expiring", "as it was before"),
    Fault("a signal stops a run between creation and record, in place", _interrupted_unrecorded, "in_place/noted", "lost the"),
]


class _Found(Exception):
    """A schedule shows the fault."""


@dataclass
class _Hunter(Explorer):
    """Explores until a promise is broken in these words."""

    words: str = ""

    def _judge(self, schedule: Schedule, simulation: Simulation, kind: str) -> None:
        super()._judge(schedule, simulation, kind)
        if self.failures and any(self.words in one for one in self.failures[-1].broken):
            raise _Found


def hunt(fault: Fault) -> tuple[int, str]:
    """Return how many schedules it takes until one shows a planted fault, and that one; nothing where none does."""
    hunter = _Hunter(BY_NAME[fault.case], random.Random(1), words=fault.found_as)
    with pytest.MonkeyPatch.context() as patch:
        fault.plant(patch)
        try:
            hunter.no_event()
            if fault.turns:
                hunter.turns()
            else:
                hunter.singles()
        except _Found:
            return sum(hunter.counts.values()), hunter.failures[-1].schedule.script()
    return sum(hunter.counts.values()), ""


def table_of_faults(found: Sequence[tuple[Fault, int, str]]) -> list[str]:
    """Return, as lines of text, how many schedules it took until each fault was found, and by which one."""
    width = max(len(fault.name) for fault, _number, _script in found)
    return [f"{fault.name.ljust(width)}  {number:6}  {script or 'not found'}" for fault, number, script in found]
