# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old faults, planted into the engine one by one: the simulation must find each of them, or it proves nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import engine, planning_beside, recognition, side_by_side, undo
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.in_place import InPlace
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, Expected, Written
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import Recognised
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.side_by_side import SideBySide
from tests.simulation.cases import BY_NAME
from tests.simulation.explore import Explorer, Schedule, replay

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """A fault that there was once.

    Attributes:
        name: what it does.
        plant: puts it back.
        case: where it shows.
        found_as: words of the broken promise.
        turns: whether it takes two runs at once.
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

    for module in (planning_beside, undo, side_by_side):
        patch.setattr(module, "recognise", recognise, raising=False)


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


FAULTS = [
    Fault("no intent is written before the creation", _no_intent, "access_token/expiring", "fails without a reason"),
    Fault("nothing is fenced", _no_fence, "access_token/expiring", "ended", turns=True),
    Fault("writes do not compare", _no_compare_and_set, "access_token/expiring", "", turns=True),
    Fault("an effect that comes late is not waited for", _late_effects_forgotten, "access_token/expiring", "fails without a reason"),
    Fault("what may be another's is revoked", _possible_is_proved, "access_token/never expiring", "not of this rotation"),
    Fault("a part of a list is taken for all of it", _part_taken_for_all, "api_token/overdue", "fails without a reason"),
    Fault("an unanswered request counts as refused", _unknown_taken_for_refused, "in_place/old one lives on", "all is as it was before"),
    Fault("a new secret is not kept before it is stored", _no_rescue, "in_place/noted", ""),
    Fault("a new credential is not proved", _no_proof, "access_token/new ones do not work", ""),
]


def _explore(fault: Fault) -> Explorer:
    explorer = Explorer(BY_NAME[fault.case], random.Random(1))
    explorer.no_event()
    if fault.turns:
        explorer.turns()
    else:
        explorer.singles()
    return explorer


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = {one.schedule for one in _explore(fault).failures}
    fault.plant(monkeypatch)
    found = [one for one in _explore(fault).failures if one.schedule not in sound]
    assert found, "the simulation does not see it"
    assert any(fault.found_as in words for one in found for words in one.broken), found[0].broken


def test_what_was_planted_is_gone_afterwards() -> None:
    assert replay(Schedule("access_token/expiring")).broken == []
