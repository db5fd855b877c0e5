# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is simulated: kinds of credentials, what the user asks for, and what there is when the first run begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import successor_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy, RotationSettings
from tests.simulation.keys import S3_ACCESS_KEY, KeyWorld
from tests.simulation.labels import LabelledWorld
from tests.simulation.ports import FILE, SERVER
from tests.simulation.scheduler import LIFETIME
from tests.simulation.versions import VersionedWorld
from tests.simulation.world import (
    ACCESS_TOKEN,
    ACCOUNT,
    ACCOUNT_ID,
    ALTERNATE,
    API_TOKEN,
    DAY,
    HOUR,
    IDLE_ID,
    IN_PLACE,
    ONE_SECRET,
    OTHER_ACCOUNT,
    OTHER_ID,
    REPLACE,
    START,
    TAG,
    Behaviour,
    Issued,
    Pushed,
    World,
    state_text,
)

Start = Callable[["Case", World], None]


@dataclass(frozen=True)
class Case:
    """One situation.

    Attributes:
        name: how a schedule names it.
        settings: what the user asks for.
        behaviour: how the platform behaves.
        start: what there is.
        seen: whether it can be told that an earlier run has ended.
        quick: whether it is among those that every run of the tests explores.
        secret: the world of the secret manager that is the store; None for a vars file.
    """

    name: str
    settings: RotationSettings
    behaviour: Behaviour
    start: Start = field(repr=False)
    seen: bool = True
    quick: bool = False
    secret: type[World] | None = None

    @property
    def kind(self) -> str:
        """The kind of credential."""
        return self.settings.kind

    def world(self) -> World:
        """Return a fresh world."""
        kind_of_world = self.secret or (KeyWorld if self.kind == S3_ACCESS_KEY else World)
        world = kind_of_world(self.behaviour)
        _strangers(world)
        self.start(self, world)
        world.start_content = world.content
        world.listed_before = tuple(world.of_account())
        if self.settings.publishes and world.content is not None:
            world.pushed = Pushed(world.content.value, world.content.client_id, world.content.state)
        world.handed_over = world.value if self.settings.has_hooks else ""
        world.sinks = dict.fromkeys((*self.settings.sinks, *self.settings.later_sinks), world.value)
        world.effects = 0
        world.history.clear()
        return world


def _strangers(world: World) -> None:
    """What other accounts and other uses of the account have."""
    kind = world.behaviour.kind
    if kind == ACCESS_TOKEN:
        world.issue("", account_id=OTHER_ID)
    elif kind == API_TOKEN:
        world.issue("", tag="other tag", expires_at=START + 30 * DAY)
    elif kind == REPLACE:
        world.issue("", name=OTHER_ACCOUNT)
    else:
        world.issue("", account_id=OTHER_ID)
    if kind == ALTERNATE:
        world.issue("", age=200 * DAY, account_id=IDLE_ID)


def _issue(case: Case, world: World, *, age: timedelta = 100 * DAY, enabled: bool = True) -> Issued:
    """Create a credential of the rotation as it was long ago; the one in use expires in three days."""
    kind, lives = case.kind, case.settings.policy.expires_in
    until = START + 3 * DAY if lives else None
    name = ACCOUNT if age == 200 * DAY or case.settings.policy.force else successor_name(ACCOUNT, START - age)
    return world.issue(
        "",
        age=age,
        expires_at=until,
        enabled=enabled,
        account_id=ACCOUNT_ID,
        tag=TAG if kind == API_TOKEN else "",
        name=name if kind == REPLACE else "",
    )


def _store(case: Case, world: World, one: Issued | None, state: dict[str, object] | None = None) -> None:
    client_id = ""
    if one is not None and case.settings.client_id_var:
        client_id = one.account_id
    world.put("", world.written(None, value=one.secret if one else "", client_id=client_id, state=state_text(state or {})))


def _noted(case: Case, one: Issued) -> dict[str, object]:
    """The state of a rotation that ended well."""
    account_only = case.kind == IN_PLACE
    return {
        "stage": "current",
        "current": {
            "id": one.id,
            "minted_at": format_instant(one.created_at),
            "expires_at": format_instant(one.expires_at) if one.expires_at and not account_only else None,
        },
    }


def noted(case: Case, world: World) -> None:
    """A credential that is due, and whose state is known."""
    one = _issue(case, world)
    _store(case, world, one, _noted(case, one))


def adopted(case: Case, world: World) -> None:
    """A credential that was created by hand; the role has never run."""
    _store(case, world, _issue(case, world))


def empty(case: Case, world: World) -> None:
    """A store without a credential."""
    _store(case, world, None)


def first_of_account(case: Case, world: World) -> None:
    """An account whose secret is not stored yet."""
    _issue(case, world)
    _store(case, world, None)


def refused(case: Case, world: World) -> None:
    """A credential that was revoked by hand."""
    one = _issue(case, world)
    _store(case, world, one, _noted(case, one))
    if case.kind in ONE_SECRET:
        world.issue("by hand", account_id=ACCOUNT_ID)
    else:
        world.end("by hand", one, 0)


def overdue(case: Case, world: World) -> None:
    """An old credential that should have been deleted before."""
    old = _issue(case, world, age=200 * DAY)
    one = _issue(case, world)
    world.stored_ever.add(old.secret)
    _store(case, world, one, {**_noted(case, one), "previous": {"id": old.id, "delete_at": format_instant(START - DAY)}})


def switched_off(case: Case, world: World) -> None:
    """An old credential, switched off, that waits until its slot is needed."""
    old = _issue(case, world, age=200 * DAY, enabled=False)
    one = _issue(case, world)
    world.stored_ever.add(old.secret)
    _store(case, world, one, {**_noted(case, one), "previous": {"id": old.id, "delete_at": None}})


def fresh(case: Case, world: World) -> None:
    """A credential that is not due, in a store whose state tells nothing; only an old one is to be cleared away, where there is one."""
    one = world.issue(
        "",
        age=DAY,
        expires_at=START + 80 * DAY if case.settings.policy.expires_in else None,
        tag=TAG if case.kind == API_TOKEN else "",
        name=ACCOUNT if case.kind == REPLACE else "",
    )
    _store(case, world, one, _noted(case, one))


def interrupted_by_a_wrong_clock(case: Case, world: World) -> None:
    """What a run left that was killed before it created anything, on a machine whose clock was a day ahead."""
    one = _issue(case, world)
    pending = {"since": format_instant(START + DAY), "expires_at": None, "known": [one.id], "run": "run on another machine"}
    _store(case, world, one, {**_noted(case, one), "stage": "minting", "pending": pending})


_SECRETS = (IN_PLACE, REPLACE, ALTERNATE)
_MONTH = 30 * DAY
_AGED = RotationPolicy(max_age=_MONTH, when_remaining=7 * DAY)
_EXPIRING = replace(_AGED, expires_in=LIFETIME)


def _settings(kind: str, policy: RotationPolicy, **more: object) -> RotationSettings:
    base = RotationSettings(
        kind=kind,
        account=ACCOUNT,
        endpoint="appliance.example.com",
        var="token",
        client_id_var="client_id" if kind in (*_SECRETS, S3_ACCESS_KEY) else "",
        policy=replace(
            policy, exact_expiry=kind != API_TOKEN, successor_of=ACCOUNT if kind == REPLACE else "", alternates=kind == ALTERNATE
        ),
        roles=("backup",) if kind == REPLACE else (),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _behaviour(kind: str, policy: RotationPolicy, **more: object) -> Behaviour:
    base = Behaviour(
        kind=kind,
        limit=2 if kind in (ACCESS_TOKEN, S3_ACCESS_KEY) else None,
        orphans_may_go=policy.orphans == "revoke",
        identifies=kind in _SECRETS or policy.expires_in is not None,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _case(
    kind: str,
    what: str,
    start: Start,
    policy: RotationPolicy,
    *,
    quick: bool = False,
    seen: bool = True,
    settings: dict[str, object] | None = None,
    behaviour: dict[str, object] | None = None,
    secret: type[World] | None = None,
) -> Case:
    name = f"{kind}/{what}"
    return Case(name, _settings(kind, policy, **settings or {}), _behaviour(kind, policy, **behaviour or {}), start, seen, quick, secret)


_HOOKS: dict[str, object] = {"has_hooks": True}
_GIT: dict[str, object] = {"publishes": True}
_SINKS: dict[str, object] = {"sinks": (FILE, SERVER)}


def _shared(policy: RotationPolicy) -> RotationPolicy:
    return replace(policy, shared=True)


CASES = [
    _case(ACCESS_TOKEN, "expiring", noted, _EXPIRING, quick=True),
    _case(ACCESS_TOKEN, "never expiring", noted, _AGED, quick=True),
    _case(ACCESS_TOKEN, "adopted", adopted, _EXPIRING),
    _case(ACCESS_TOKEN, "adopted, asked for", adopted, replace(_AGED, force=True)),
    _case(ACCESS_TOKEN, "empty", empty, _EXPIRING),
    _case(ACCESS_TOKEN, "empty, never expiring", empty, _AGED),
    _case(ACCESS_TOKEN, "refused", refused, _EXPIRING),
    _case(ACCESS_TOKEN, "overdue", overdue, _EXPIRING),
    _case(ACCESS_TOKEN, "switched off", switched_off, replace(_EXPIRING, retire="disable")),
    _case(ACCESS_TOKEN, "disable", noted, replace(_EXPIRING, retire="disable")),
    _case(ACCESS_TOKEN, "retire later", noted, replace(_EXPIRING, retire_after=DAY)),
    _case(ACCESS_TOKEN, "disable, delete later", noted, replace(_EXPIRING, retire="disable", retire_after=DAY)),
    _case(ACCESS_TOKEN, "orphans revoked", noted, replace(_EXPIRING, orphans="revoke")),
    _case(ACCESS_TOKEN, "orphans ignored", noted, replace(_EXPIRING, orphans="ignore")),
    _case(ACCESS_TOKEN, "never expiring, orphans revoked", noted, replace(_AGED, orphans="revoke")),
    _case(ACCESS_TOKEN, "never expiring, orphans ignored", noted, replace(_AGED, orphans="ignore")),
    _case(ACCESS_TOKEN, "not due", fresh, _EXPIRING, settings={"always_proves": True}),
    _case(ACCESS_TOKEN, "unseen", noted, _EXPIRING, seen=False),
    _case(ACCESS_TOKEN, "lease from the future", interrupted_by_a_wrong_clock, _EXPIRING, seen=False),
    _case(ACCESS_TOKEN, "no ids told", noted, _EXPIRING, behaviour={"tells_id": False}),
    _case(ACCESS_TOKEN, "cut expiry", noted, _EXPIRING, behaviour={"cuts_expiry": True}),
    _case(ACCESS_TOKEN, "new ones do not work", noted, _EXPIRING, behaviour={"new_ones_work": False}),
    _case(ACCESS_TOKEN, "hooks", noted, _EXPIRING, settings=_HOOKS),
    _case(ACCESS_TOKEN, "git", noted, _shared(_EXPIRING), settings=_GIT),
    _case(ACCESS_TOKEN, "git, unseen", noted, _shared(_EXPIRING), settings=_GIT, seen=False),
    _case(ACCESS_TOKEN, "git and hooks", noted, _shared(_EXPIRING), settings={**_GIT, **_HOOKS}),
    _case(ACCESS_TOKEN, "sinks", noted, _EXPIRING, settings=_SINKS, quick=True),
    _case(ACCESS_TOKEN, "sinks, unseen", noted, _EXPIRING, settings=_SINKS, seen=False),
    _case(ACCESS_TOKEN, "sinks, new ones do not work", noted, _EXPIRING, settings=_SINKS, behaviour={"new_ones_work": False}),
    _case(ACCESS_TOKEN, "sinks round hooks", noted, _EXPIRING, settings={**_HOOKS, "sinks": (SERVER,), "later_sinks": (FILE,)}),
    _case(ACCESS_TOKEN, "sinks, hooks and git", noted, _shared(_EXPIRING), settings={**_GIT, **_HOOKS, "sinks": (FILE, SERVER)}),
    _case(ACCESS_TOKEN, "labels and sinks", noted, _EXPIRING, settings=_SINKS, secret=LabelledWorld),
    _case(ACCESS_TOKEN, "labels", noted, _EXPIRING, secret=LabelledWorld),
    _case(ACCESS_TOKEN, "labels, new ones do not work", noted, _EXPIRING, behaviour={"new_ones_work": False}, secret=LabelledWorld),
    _case(ACCESS_TOKEN, "versions", noted, _EXPIRING, secret=VersionedWorld),
    _case(ACCESS_TOKEN, "versions, new ones do not work", noted, _EXPIRING, behaviour={"new_ones_work": False}, secret=VersionedWorld),
    _case(API_TOKEN, "noted", noted, _EXPIRING, quick=True),
    _case(API_TOKEN, "adopted", adopted, _EXPIRING),
    _case(API_TOKEN, "empty", empty, _EXPIRING),
    _case(API_TOKEN, "overdue", overdue, _EXPIRING),
    _case(API_TOKEN, "retire later", noted, replace(_EXPIRING, retire_after=DAY)),
    _case(API_TOKEN, "creation not told", noted, _EXPIRING, behaviour={"tells_created": False, "identifies": False}),
    _case(API_TOKEN, "unmarked", noted, replace(_EXPIRING, expires_in=4 * HOUR, when_remaining=HOUR), behaviour={"identifies": False}),
    _case(API_TOKEN, "orphans revoked", noted, replace(_EXPIRING, orphans="revoke")),
    _case(API_TOKEN, "hooks", noted, _EXPIRING, settings=_HOOKS),
    _case(API_TOKEN, "sinks", noted, _EXPIRING, settings=_SINKS),
    _case(API_TOKEN, "git", noted, _shared(_EXPIRING), settings=_GIT),
    _case(S3_ACCESS_KEY, "noted", noted, _AGED, quick=True),
    _case(S3_ACCESS_KEY, "adopted", adopted, _AGED),
    _case(S3_ACCESS_KEY, "empty", empty, _AGED),
    _case(S3_ACCESS_KEY, "refused", refused, _AGED),
    _case(S3_ACCESS_KEY, "overdue", overdue, _AGED),
    _case(S3_ACCESS_KEY, "retire later", noted, replace(_AGED, retire_after=DAY)),
    _case(S3_ACCESS_KEY, "orphans revoked", noted, replace(_AGED, orphans="revoke")),
    _case(S3_ACCESS_KEY, "new ones do not work", noted, replace(_AGED, orphans="revoke"), behaviour={"new_ones_work": False}),
    _case(S3_ACCESS_KEY, "hooks", noted, _AGED, settings=_HOOKS),
    _case(S3_ACCESS_KEY, "git", noted, _shared(_AGED), settings=_GIT),
    _case(REPLACE, "noted", noted, _AGED, quick=True),
    _case(REPLACE, "adopted", adopted, replace(_AGED, force=True)),
    _case(REPLACE, "empty", empty, _AGED),
    _case(REPLACE, "overdue", overdue, _AGED),
    _case(REPLACE, "retire later", noted, replace(_AGED, retire_after=DAY)),
    _case(REPLACE, "orphans revoked", noted, replace(_AGED, orphans="revoke")),
    _case(REPLACE, "new ones do not work", noted, _AGED, behaviour={"new_ones_work": False}),
    _case(REPLACE, "hooks", noted, _AGED, settings=_HOOKS),
    _case(REPLACE, "sinks", noted, _AGED, settings=_SINKS),
    _case(REPLACE, "git", noted, _shared(_AGED), settings=_GIT),
    _case(REPLACE, "unseen", noted, _AGED, seen=False),
    _case(IN_PLACE, "noted", noted, _AGED, quick=True),
    _case(IN_PLACE, "adopted", adopted, replace(_AGED, force=True)),
    _case(IN_PLACE, "first secret", first_of_account, replace(_AGED, force=True)),
    _case(IN_PLACE, "refused", refused, _AGED),
    _case(IN_PLACE, "old one lives on", noted, _AGED, behaviour={"grace": 2 * HOUR}),
    _case(IN_PLACE, "hooks", noted, _AGED, settings=_HOOKS),
    _case(IN_PLACE, "sinks", noted, _AGED, settings=_SINKS),
    _case(IN_PLACE, "git", noted, _shared(_AGED), settings=_GIT),
    _case(IN_PLACE, "unseen", noted, _AGED, seen=False),
    _case(ALTERNATE, "noted", noted, _AGED, quick=True),
    _case(ALTERNATE, "adopted", adopted, replace(_AGED, force=True)),
    _case(ALTERNATE, "nothing stored", first_of_account, replace(_AGED, force=True)),
    _case(ALTERNATE, "refused", refused, _AGED),
    _case(ALTERNATE, "new ones do not work", noted, _AGED, behaviour={"new_ones_work": False}),
    _case(ALTERNATE, "hooks", noted, _AGED, settings=_HOOKS),
    _case(ALTERNATE, "sinks", noted, _AGED, settings=_SINKS),
    _case(ALTERNATE, "git", noted, _shared(_AGED), settings=_GIT),
    _case(ALTERNATE, "unseen", noted, _AGED, seen=False),
    _case(IN_PLACE, "without a client id", noted, _AGED, settings={"client_id_var": ""}),
]
BY_NAME = {case.name: case for case in CASES}
