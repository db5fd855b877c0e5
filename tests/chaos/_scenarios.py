# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the role that are made to go wrong: what is rotated and where, how it begins, and with which variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.plays import _rubrik_rigs as rubrik
from tests.plays._qumulo_rig import Rig
from tests.plays._rotation_kinds import KINDS, AnyRig
from tests.plays._vaulted import encrypted

FORCED = {"rotate_force": True}
FAILING = [{"path": "/v1/users/", "status": [403]}]


@dataclass(frozen=True)
class Scenario:
    """One kind of run.

    Attributes:
        kind: one of KINDS.
        name: how the run differs from a plain forced rotation.
        begin: makes what is there before it.
        variables: it is run with.
        after: variables that the run after it has too.
        works_before: whether the vars file holds a credential that works when it begins.
        ends: with this code when nobody disturbs it.
    """

    kind: str
    name: str = "forced"
    begin: Callable[[Any], Any] = lambda rig: rig.seed()
    variables: dict[str, Any] = field(default_factory=lambda: dict(FORCED))
    after: dict[str, Any] = field(default_factory=dict)
    works_before: bool = True
    ends: int = 0

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


def _nothing(rig: AnyRig) -> None:
    rig.seed(stored=False)


def _whole_file(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(rig.text))


def _self(rig: Rig) -> None:
    rig.seed()
    rig.more = {"rotate_auth": {"token": "{{ qumulo_token }}", "ca_path": rig.simulator.ca_file}}
    rig.play = {"vars_files": [rig.file]}


def _password(rig: Rig) -> None:
    rig.seed()
    rig.more = {"rotate_auth": {**rig.simulator.admin, "ca_path": rig.simulator.ca_file}}


def _disabled_one(rig: Rig) -> None:
    rig.seed()
    rig.result(rig.rotate(rotate_force=True, rotate_retire="disable"))


def _orphan(rig: Rig) -> None:
    rig.seed()
    rig.mint()


def _refused(rig: Rig) -> None:
    rig.seed()
    rig.revoke_all()


def _of_qumulo(
    name: str, begin: Callable[[Any], Any], variables: dict[str, Any], *after: str, works_before: bool = True, ends: int = 0
) -> Scenario:
    return Scenario("access_token-qumulo", name, begin, variables, {key: variables[key] for key in after}, works_before, ends)


def _undone(kind: str, name: str = "undone") -> Scenario:
    return Scenario(kind, name, variables={**FORCED, "rotate_checks": rubrik.FAILING}, ends=2)


def _first(kind: str) -> Scenario:
    # A secret that is not stored may be in use elsewhere, so ending it must be asked for.
    forced = FORCED if kind.startswith(("in_place", "alternate")) else {}
    return Scenario(kind, "first", _nothing, forced, after=forced, works_before=False)


FORCED_ONES = tuple(Scenario(kind) for kind in KINDS)
# What CI has no time for.
MORE = (
    _of_qumulo("first", _nothing, {}, works_before=False),
    _of_qumulo("undone", Rig.seed, {**FORCED, "rotate_checks": FAILING}, ends=2),
    _of_qumulo("first-undone", _nothing, {"rotate_checks": FAILING}, works_before=False, ends=2),
    _of_qumulo("never-expires", Rig.seed, {**FORCED, "rotate_expires_in": ""}, "rotate_expires_in"),
    _of_qumulo("whole-file", _whole_file, FORCED),
    _of_qumulo("disable", _disabled_one, {**FORCED, "rotate_retire": "disable"}, "rotate_retire"),
    _of_qumulo("orphan", _orphan, {**FORCED, "rotate_orphans": "revoke"}, "rotate_orphans"),
    _of_qumulo("refused", _refused, {}, works_before=False),
    _of_qumulo("password", _password, FORCED),
    _of_qumulo("self", _self, FORCED),
    *(_first(kind) for kind in ("api_token-cdm", "in_place-rsc", "replace-rsc", "s3_access_key-qumulo", "alternate-rsc")),
    *(_undone(kind) for kind in ("api_token-cdm", "replace-rsc", "alternate-rsc")),
    _undone("in_place-rsc", "unproved"),
    Scenario("replace-rsc", "first-undone", _nothing, {"rotate_checks": rubrik.FAILING}, works_before=False, ends=2),
)
