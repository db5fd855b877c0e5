# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that a simulated rotation acts on: a platform, a store, a rescue file, a remote, clocks; and what must never happen to them.

All of it is plain data in memory. Whatever takes effect goes through a method here, with the name of the actor: a run, or HAND, which
stands for a person or another program. A broken promise is noted, never raised, since the engine could catch an exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant

START = datetime(2027, 1, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
HAND = "by hand"
ACCOUNT, ACCOUNT_ID = "svc-backup", "1002"
OTHER_ACCOUNT, OTHER_ID = "svc-other", "1003"
IDLE_ACCOUNT, IDLE_ID = "svc-backup-2", "1004"  # it takes turns with the account
TAG = "backup"
ACCESS_TOKEN, API_TOKEN, IN_PLACE, REPLACE, ALTERNATE = "access_token", "api_token", "in_place", "replace", "alternate"
ONE_SECRET = (IN_PLACE, ALTERNATE)  # each account has one, and a new one ends it
NO_TIME, MINUTE, HOUR, DAY = timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A credential that the platform issued. In place, each secret that the account ever had.

    Attributes:
        id: the platform's id of it; for an account of its own, the account's; in place, the account's too.
        secret: what it is used with.
        account_id: whose it is.
        maker: who had it created: a run, HAND, or "" for what was there at the beginning.
        name: an account's name, where it is one.
        ended_by: who revoked, disabled or superseded it; empty while it is there.
        listed: False once it is deleted.
        dies_at: when it stops working, where it was superseded and lives on for a while; by no clock that is ever set.
    """

    id: str
    secret: str = field(repr=False)
    account_id: str
    maker: str
    created_at: datetime
    expires_at: datetime | None = None
    enabled: bool = True
    tag: str = ""
    name: str = ""
    ended_by: str = ""
    listed: bool = True
    dies_at: datetime | None = None


@dataclass(frozen=True)
class Content:
    """All of what the store holds. Two contents with the same values differ by their serial, as two encryptions do."""

    serial: int
    value: str = ""
    client_id: str = ""
    state: str = ""  # JSON
    old_value: str = ""
    other: int = 0  # a variable of others

    @property
    def blob(self) -> bytes:
        """The content as bytes that only World.content_of can read."""
        return b"content %d" % self.serial


@dataclass(frozen=True)
class Pushed:
    """What is published of the store."""

    value: str = ""
    client_id: str = ""
    state: str = ""
    commit: int = 0


@dataclass(frozen=True)
class Behaviour:
    """How the platform of a world behaves.

    Attributes:
        kind: which kind of credential is rotated.
        limit: how many live or dead ones an account may have; None for any number.
        tells_created: whether a list tells when a credential was created.
        tells_id: whether the platform tells which credential a request came with.
        grace: how long a secret that was replaced in place lives on.
        cuts_expiry: whether expiries are cut to whole seconds.
        new_ones_work: whether credentials that rotations create are taken.
        orphans_may_go: whether the user asked for the revocation of orphans.
        identifies: whether what an interrupted run created can be told from what others created.
    """

    kind: str
    limit: int | None = None
    tells_created: bool = True
    tells_id: bool = True
    grace: timedelta = NO_TIME
    cuts_expiry: bool = False
    new_ones_work: bool = True
    orphans_may_go: bool = False
    identifies: bool = True


class World:
    """The world. Copied with fork()."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.time = START
        self.appliance_skew = self.controller_skew = NO_TIME
        self.set_back = NO_TIME  # how far clocks were set back in all
        self.issued: dict[str, Issued] = {}  # by secret
        self.listed_before: tuple[Issued, ...] = ()  # before the last change
        self.content: Content | None = None
        self.contents: dict[bytes, Content] = {}
        self.start_content: Content | None = None
        self.previous_content: Content | None = None
        self.last_content: Content | None = None  # the last one there was
        self.rescue: str | None = None  # "" where room is reserved
        self.rescued_at = ""  # when the secret in it was created
        self.pushed = Pushed()
        self.handed_over = ""  # the secret that the user's tasks have
        self.sinks: dict[str, str] = {}  # the secret that each sink holds, by name
        self.serial = 0
        self.tick = 0  # counts calls of all runs
        self.created: dict[str, int] = {}  # by run
        self.stored_ever: set[str] = set()
        self.dead_by_hand: set[str] = set()  # dead credentials that were put into the store by hand, or that a broken promise left there
        # No run can know these: they were refused although they worked, before any state named them; or they appeared later than can be.
        self.disowned: set[str] = set()
        self.written_too_late: set[str] = set()  # sinks that a write reached later than can be
        self.placed_by = ""
        self.hand_placed = -1  # the tick at which the value was last placed by hand
        self.hand_put = -1  # and that at which the store was
        self.hand: set[str] = set()  # what was done by hand
        self.effects = 0  # of runs
        self.history: list[str] = []
        self.broken: list[str] = []

    def fork(self) -> World:
        """Return a copy that goes its own way."""
        twin = World.__new__(World)
        twin.__dict__.update(self.__dict__)
        for name, value in self.__dict__.items():
            if isinstance(value, (set, dict, list)):
                setattr(twin, name, value.copy())
        return twin

    def digest(self) -> tuple[Any, ...]:
        """Return all that decides what happens from here on."""
        return (
            (self.time, self.appliance_skew, self.controller_skew, self.set_back),
            (self.behaviour, tuple(self.issued.values()), self.listed_before),
            (self.content, self.start_content, self.previous_content, self.last_content, self.placed_by),
            (self.rescue, self.rescued_at, self.pushed, self.handed_over, tuple(self.sinks.items()), frozenset(self.written_too_late)),
            (frozenset(self.hand), frozenset(self.dead_by_hand), frozenset(self.disowned), frozenset(self.stored_ever)),
        )

    # Clocks

    @property
    def appliance_now(self) -> datetime:
        """The time by the platform's clock."""
        return self.time + self.appliance_skew

    @property
    def controller_now(self) -> datetime:
        """The time by the clock of the machine that a run is on."""
        return self.time + self.controller_skew

    # What happens, and what is promised

    def note(self, actor: str, what: str) -> None:
        """Add a line to the history."""
        self.history.append(f"{actor or 'the start'}: {what}")
        if actor != HAND:
            self.effects += 1

    def breaks(self, promise: str) -> None:
        """Note that a promise is broken."""
        self.broken.append(promise)
        self.history.append(f"BROKEN: {promise}")

    def works(self, secret: str) -> bool:
        """Tell whether the platform takes a credential now."""
        found = self.issued.get(secret)
        return found is not None and self.is_live(found)

    def is_live(self, one: Issued) -> bool:
        """Tell whether a credential works now."""
        now = self.appliance_now
        if not one.enabled or not one.listed or (one.expires_at is not None and one.expires_at <= now):
            return False
        if one.maker not in ("", HAND) and not self.behaviour.new_ones_work:
            return False
        return not one.ended_by or (one.dies_at is not None and self.time < one.dies_at)

    def is_ours(self, one: Issued) -> bool:
        """Tell whether a credential is the rotation's: it was created by a run, or was in the store at some time."""
        return (one.maker not in ("", HAND)) or one.secret in self.stored_ever

    @property
    def value(self) -> str:
        """The credential in the store; empty when there is none."""
        return self.content.value if self.content is not None else ""

    @property
    def state(self) -> dict[str, Any]:
        """The state in the store."""
        found: dict[str, Any] = json.loads(self.content.state) if self.content is not None and self.content.state else {}
        return found

    # The platform

    def issue(
        self,
        maker: str,
        *,
        age: timedelta = NO_TIME,
        expires_at: datetime | None = None,
        account_id: str = ACCOUNT_ID,
        tag: str = "",
        name: str = "",
        enabled: bool = True,
    ) -> Issued:
        """Create a credential; in place, replace the account's secret by a new one."""
        behaviour, number = self.behaviour, len(self.issued) + 1
        self.listed_before = tuple(self.of_account())
        if behaviour.cuts_expiry and expires_at is not None:
            expires_at = expires_at.replace(microsecond=0)
        own_id = account_id if behaviour.kind in ONE_SECRET else f"SA-{number}" if behaviour.kind == REPLACE else f"T{number}"
        one = Issued(
            id=own_id,
            secret=f"5ecret-{number}-0f",
            account_id=own_id if behaviour.kind == REPLACE else account_id,
            maker=maker,
            created_at=self.appliance_now - age,
            expires_at=expires_at,
            tag=tag,
            name=name,
            enabled=enabled,
        )
        if behaviour.kind in ONE_SECRET:
            for old in [old for old in self.issued.values() if old.account_id == account_id and not old.ended_by]:
                self.issued[old.secret] = replace(old, ended_by=maker, dies_at=self.time + behaviour.grace)
        self.issued[one.secret] = one
        self.note(maker, f"created {one.id} ({one.secret})")
        if maker not in ("", HAND):
            self.created[maker] = self.created.get(maker, 0) + 1
            if self.created[maker] > 1:
                self.breaks(f"{maker} created a credential twice")
        return one

    def sink(self, actor: str, name: str, secret: str) -> None:
        """Let a sink hold a credential; "" for none."""
        self.sinks[name] = secret
        self.written_too_late.discard(name)
        self.note(actor, f"{name} holds {secret or 'nothing'}")

    def of_account(self, known: Collection[str] = ()) -> list[Issued]:
        """Return what the platform lists of the rotation, in the order of creation; those whose ids are known whatever they are called."""
        kind = self.behaviour.kind
        found = [one for one in self.issued.values() if one.listed]
        if kind == REPLACE:
            return [one for one in found if one.name == ACCOUNT or re.fullmatch(ACCOUNT + r"-\d{8}T\d{6}Z", one.name)]
        if kind == API_TOKEN:
            return [one for one in found if one.account_id == ACCOUNT_ID and (one.tag == TAG or one.id in known)]
        ids = (ACCOUNT_ID, IDLE_ID) if kind == ALTERNATE else (ACCOUNT_ID,)
        return [one for one in found if one.account_id in ids and (kind == ACCESS_TOKEN or not one.ended_by)]

    def by_id(self, credential_id: str) -> Issued | None:
        """Return a credential of any account that is there."""
        return next((one for one in self.issued.values() if one.id == credential_id and one.listed), None)

    def end(self, actor: str, one: Issued, sent_at: int, *, disable: bool = False) -> None:
        """Revoke or disable a credential.

        Args:
            actor: who.
            one: which.
            sent_at: the tick at which the request was sent.
            disable: whether it is only switched off.
        """
        self.note(actor, f"{'disabled' if disable else 'revoked'} {one.id} ({one.secret})")
        if actor != HAND:
            if one.secret == self.value and self.is_live(one):
                if one.secret not in self.disowned and not (self.placed_by == HAND and self.hand_placed >= sent_at):
                    self.breaks(f"{actor} ended the stored credential {one.id}")
                self.dead_by_hand.add(one.secret)
            if self.hand_put >= sent_at:  # another content was put in place since the run looked, which may name this one, or ask for it
                self.dead_by_hand.add(one.secret)
            if one.secret in self.sinks.values() and self.is_live(one) and not self.hand:
                self.breaks(f"{actor} ended {one.id}, which a sink holds")
            stranger = not self.is_ours(one)
            if stranger and (one not in self.of_account() or not self.behaviour.orphans_may_go):
                self.breaks(f"{actor} ended {one.id}, which is not of this rotation")
        self.listed_before = tuple(self.of_account())
        self.issued[one.secret] = replace(one, ended_by=actor, enabled=False, listed=disable)

    def newest(self) -> Issued | None:
        """Return the account's present secret, in place."""
        return next((one for one in self.issued.values() if one.account_id == ACCOUNT_ID and not one.ended_by), None)

    # The store

    def put(self, actor: str, content: Content | None) -> None:
        """Let the store hold a content; None for nothing."""
        before, had_copy, was_gone = self.value, self._has_copy(), self.content is None
        if self.content is not None:
            self.previous_content = self.content
        self.content = content
        if content is not None:
            self.contents[content.blob] = self.last_content = content
        after = self.value
        if actor == HAND:
            self.hand_put = self.tick
        if actor == HAND and content is not None and content.old_value and not self.works(content.old_value):
            self.dead_by_hand.add(content.old_value)
        if actor == HAND:  # a run that was paused may find its own intent there again, and store what another one has ended
            run = self.state.get("pending", {}).get("run", "")
            self.dead_by_hand |= {one.secret for one in self.issued.values() if one.maker == run and not self.works(one.secret)}
        if after != before:
            self.placed_by = actor
            if after:
                self.stored_ever.add(after)
            if actor == HAND:
                self.hand_placed = self.tick
            if after and not self.works(after):
                ended_by = self.issued[after].ended_by
                # In place, a run cannot know of a secret that another one creates at the same time: see Run.created.
                known = self.behaviour.kind not in ONE_SECRET or ended_by == actor or actor not in self.created
                if actor != HAND and ended_by not in ("", HAND) and not {before, after} & self.dead_by_hand and known and not was_gone:
                    self.breaks(f"{actor} stored a credential that {ended_by} had ended")
                self.dead_by_hand.add(after)
        self.note(actor, f"stored {after or 'no credential'}, {self._stage()}")
        self._check_copy(actor, had_copy)

    def _stage(self) -> str:
        return str(self.state.get("stage", "without a state")) if self.content is not None else "no store"

    def check_rest(self) -> None:
        """Note what must not be left of the store's history once all is quiet."""

    def written(self, content: Content | None, **changes: Any) -> Content:
        """Return a content with changes, and a serial of its own."""
        self.serial += 1
        return replace(content, serial=self.serial, **changes) if content is not None else Content(self.serial, **changes)

    def content_of(self, blob: bytes) -> Content:
        """Return the content that bytes stand for."""
        return self.contents[blob]

    # The rescue file

    def set_rescue(self, actor: str, secret: str | None, created_at: str = "", *, sent_at: int = 0) -> None:
        """Let the rescue file hold a secret that was created then; "" for reserved room, None for no file.

        Where the store is changed by hand between the run's last look at it and the removal, that is as if it were changed after it: two
        files cannot be changed at once.
        """
        had_copy = self._has_copy()
        self.rescue, self.rescued_at = secret, created_at
        self.note(actor, f"rescue file: {'removed' if secret is None else secret or 'reserved'}")
        if not (secret is None and self.hand_placed >= sent_at):
            self._check_copy(actor, had_copy)

    def _has_copy(self) -> bool:
        if self.behaviour.kind != IN_PLACE:
            return False
        newest = self.newest()  # a platform that says that a secret is dead is believed
        return newest is not None and newest.secret in (self.value, self.rescue) and newest.secret not in self.disowned

    def _check_copy(self, actor: str, had_copy: bool) -> None:
        if had_copy and actor != HAND and not self._has_copy():
            self.breaks(f"{actor} destroyed the last copy of the account's secret")

    # What can be seen of credentials

    def as_listed(self, one: Issued) -> dict[str, Any]:
        """Return a credential as a list tells it."""
        kind, told = self.behaviour.kind, self.behaviour.tells_created
        found: dict[str, Any] = {
            "token_id": one.id,
            "created_at": format_instant(one.created_at) if told else None,
            "expires_at": format_instant(one.expires_at) if one.expires_at else None,
            "live": one.enabled and not (one.expires_at is not None and one.expires_at <= self.appliance_now),
        }
        if kind == API_TOKEN:
            found["tag"] = one.tag
        return found


def state_text(state: Mapping[str, Any]) -> str:
    """Return a state as the store keeps it."""
    return json.dumps(state, sort_keys=True) if state else ""


def live_of_rotation(world: World) -> list[Issued]:
    """Return the rotation's credentials that work."""
    return [one for one in world.issued.values() if world.is_ours(one) and world.is_live(one)]


def unrecorded(world: World) -> Sequence[Issued]:
    """Return what runs created that lives and that the store does not name."""
    known = world.content.state if world.content is not None else ""
    made = [one for one in live_of_rotation(world) if one.maker not in ("", HAND) and one.secret != world.value]
    return [one for one in made if f'"id": "{one.id}"' not in known]
