# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, with everything that can be wrong with a server or the way to it, at every request of a run.

The fault strikes the N-th request, once, or from there on for good. Each run ends in one of these ways, seen from outside:

- rotated: one credential is live, and it is in the file. The old one may have been left to the next run, and then that is said.
- undone: the file's bytes and the appliance's credentials are what they were before, and one sentence says what was wrong.
- open: nobody could be asked any more. The file, or the rescue file, holds a credential that works; one sentence says what was wrong,
  and one why it is not undone; a plain run once the fault is gone sets it right.

Never is a request to make something sent twice.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos._points import PointsOf
from tests.chaos._record import FULL, Recorder
from tests.chaos._scenarios import Scenario
from tests.chaos._server_faults import FAULTS, Fault
from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import TOKENS
from tests.plays._role_rig import failure
from tests.plays._rotation_kinds import KINDS, AnyRig, Appliances, assert_known, in_use, rig_of, set_right, turns_kept
from tests.plays._rubrik_rigs import RubrikRig
from tests.plays._saboteur import Saboteur

EVERY = "access_token-qumulo"  # the kind that meets every fault in CI, where it asks for a token
# What a kind asks for that no other does, and the faults that make a difference there.
OWN = {
    # A server of its own, and a credential without a mark.
    "s3_access_key-qumulo": (re.compile("^(GET /|POST .*/access-keys/)$"), ("HTTP 403", "closed after it acted")),
    # It ends a secret, and is waited for.
    "alternate-cdm": (re.compile("^POST .*/rotate$"), ("closed after it acted", "served late")),
}
# In CI one kind meets all the rest: the simulation lets every fault meet every kind.
STRUCK = tuple(kind for kind in KINDS if not kind.startswith(("s3_access_key", "alternate"))) if FULL else (EVERY,)
STAYING = "HTTP 500"  # the fault that stays in CI, of this kind, from there on: no client waits for it, so a run takes no minutes
STRIDE = 5  # by which the faults are shifted from one kind to the next
_SESSION = re.compile(r"/(session|client_token|session/me)$")
_MINT = re.compile(r"POST \S+/(access-(tokens|keys)/|session|service_account|rotate)$|create|rotate", re.IGNORECASE)


@dataclass
class Before:
    """What there was before a run."""

    rig: AnyRig

    def __post_init__(self) -> None:
        self.requests = len(self.rig.simulator.journal())
        self.content, self.value, self.held = self.rig.path.read_bytes(), self.rig.stored(), self.rig.held()

    @contextlib.contextmanager
    def sessions_end(self, unless: bool) -> Iterator[None]:
        """No session of the run is left, except where the fault struck when it was opened or ended."""
        rig = self.rig
        if not isinstance(rig, RubrikRig):
            yield
            return
        rig.allow_left, sessions = True, rig.sessions()
        yield
        left = rig.sessions() - sessions
        assert unless or not left, f"sessions are left: {left}"

    def mints(self) -> int:
        """Return how many requests that make a credential came in since then."""
        return sum(self._makes(entry) for entry in self.rig.simulator.journal()[self.requests :])

    def _makes(self, entry: Mapping[str, Any]) -> bool:
        named = entry["operation"] if entry.get("operation") else [f"{entry['method']} {entry['path']}"]
        return self.rig.is_writing(entry) and any(_MINT.search(one) for one in named)


def outcome_of(fault: Fault, run: Run, before: Before) -> str:
    """Assert that a run ended in one of the ways, and return which."""
    rig = before.rig
    shown = " ".join(run.output.split())  # warnings are broken into lines
    assert before.mints() <= 1, f"made twice: {rig.writing_requests(before.requests)}"
    where = assert_known(rig, before.requests)
    if run.returncode == 0:
        assert rig.stored() != before.value, shown[-2000:]
        if sorted(rig.ids()) == sorted(in_use(rig)):
            rig.assert_current()
            return "rotated"
        assert "the next run tries again" in shown
        assert fault.is_told(rig, shown)
        return f"rotated, but for the old one; {_set_right(rig)}"
    said = failure(run)
    told = fault.is_told(rig, said)
    if rig.path.read_bytes() == before.content and rig.held() == before.held:
        assert told == 1, said
        rig.assert_works()
        rig.assert_live(in_use(rig))
        assert rig.leftover_files() == []
        return "undone" if before.mints() else "not begun"
    assert told in (1, 2), said
    return f"open, with the credential {where}; {_set_right(rig)}"


def _set_right(rig: AnyRig) -> str:
    with rig.rest_untouched():
        said = set_right(rig)
    return "set right by the next run" + (f", which was {said}" if said else "")


def _grid() -> list[Any]:
    return [
        pytest.param(kind, fault, stays, id=f"{kind}-{fault.name}-{'for good' if stays else 'once'}".replace(" ", "-"))
        for kind in (*STRUCK, *OWN)
        for fault in FAULTS
        for stays in (False, True)
        if (not stays and fault.name in OWN[kind][1] if kind in OWN else FULL or not stays or (kind, fault.name) == (EVERY, STAYING))
    ]


def is_struck(kind: str, fault: Fault, stays: bool, number: int, requests: list[tuple[str, str]]) -> bool:
    """Tell whether a request meets a fault: in CI each meets one, in turn, and that which creates a token, of one kind, meets all.

    Of a kind that has requests of its own, only these do.
    """
    if kind in OWN:
        return OWN[kind][0].search(" ".join(requests[number])) is not None
    if FULL:
        return True
    creation = requests.index(("POST", TOKENS)) if kind == EVERY else len(requests)
    if stays:
        return number >= creation
    return number == creation or (number + KINDS.index(kind) * STRIDE) % len(FAULTS) == FAULTS.index(fault)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "fault", "stays"), _grid())
def test_every_fault_at_every_request(
    ansible: Ansible,
    simulators: Appliances,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    fault: Fault,
    stays: bool,
) -> None:
    rig = rig_of(kind, ansible, simulators)
    scenario = Scenario(kind)
    failures = []
    requests = points_of(rig, scenario).requests
    for after, (method, path) in enumerate(requests):
        if not is_struck(kind, fault, stays, after, requests):
            continue
        point = f"request {after + 1}: {method} {path}"
        try:
            with recorder.trial("server faults", kind, point, fault.name + (", for good" if stays else "")) as trial:
                scenario.begin(rig)
                before = Before(rig)
                with rig.rest_untouched(), turns_kept(rig), before.sessions_end(unless=stays or _SESSION.search(path) is not None):
                    env = fault.strike(rig, saboteur, after, stays)
                    try:
                        run = rig.rotate(env=env, **scenario.variables, **fault.variables(rig))
                        assert fault.has_struck(rig, saboteur, before.requests, stays)
                    finally:
                        rig.simulator.clear_faults()
                    trial.outcome = outcome_of(fault, run, before)
        except AssertionError as error:  # the other requests are worth a look all the same
            failures.append(f"{point}: {error}")
    assert not failures, "\n".join(failures)
