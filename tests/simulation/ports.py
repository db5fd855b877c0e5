# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of the rotation engine, in memory. Each call is a point at which the scheduler may do something: see scheduler.py."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    CheckFailedError,
    ConflictError,
    RefusedError,
    VarsFileError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, parse_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import as_credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    Change,
    ChangedMeanwhileError,
    Created,
    Expected,
    Held,
    Listing,
    Owner,
    Publication,
    Rescued,
    SinkContent,
    Written,
)
from tests.simulation.keys import S3_ACCESS_KEY
from tests.simulation.world import (
    ACCESS_TOKEN,
    ACCOUNT,
    ACCOUNT_ID,
    ALTERNATE,
    API_TOKEN,
    IDLE_ACCOUNT,
    IDLE_ID,
    IN_PLACE,
    OTHER_ACCOUNT,
    REPLACE,
    TAG,
    Content,
    Issued,
    Pushed,
    World,
    state_text,
)

Result = TypeVar("Result")
WHERE = "vault.yml"
FILE, SERVER = "file", "server"  # sinks
RESCUE_WHERE = "vault.yml.token.rescue.yml"
VAR = "token"
NOUNS = {
    ACCESS_TOKEN: "access token",
    API_TOKEN: "API token",
    IN_PLACE: "service account secret",
    REPLACE: "service account",
    ALTERNATE: "secret",
    S3_ACCESS_KEY: "S3 access key",
}
SECRETS = (IN_PLACE, REPLACE, ALTERNATE)
TURNS = {ACCOUNT_ID: ACCOUNT, IDLE_ID: IDLE_ACCOUNT}


class Point(Protocol):
    """Where a call passes the scheduler.

    Attributes:
        actor: the run, as the world knows it.
        world: the world.
        offset: what the clock of the platform is ahead of this machine's, as far as answers told it.
        sent_at: the tick at which the present call began.
    """

    actor: str
    world: World
    offset: timedelta
    sent_at: int

    def call(self, name: str, act: Callable[[], Result]) -> Result:
        """Let something take effect, unless something else happens first or instead."""

    def listing(self, name: str, found: Callable[[], list[Issued]]) -> tuple[list[Issued], bool]:
        """Return a list, and whether it is complete; it may be older or shorter than what there is."""

    def told(self, secret: str) -> None:
        """Take note of a secret that the run was told."""

    def saw(self, value: str, old_value: str) -> None:
        """Take note of what the run found in the store."""

    def stores(self, secret: str) -> None:
        """Take note of a secret that the run stores."""

    def warn(self, sentence: str) -> None:
        """Take note of a warning."""

    def stepped(self, name: str) -> None:
        """Pass the point at the beginning of a step."""

    def shield(self, on: bool = True) -> None:
        """Let no interruption stop the run any more, or let one stop it again."""


@lru_cache(maxsize=100_000)
def mark(text: str) -> str:
    """Return what stands for the text of a part in a version."""
    return f"{zlib.crc32(text.encode()):08x}" if text else ""


def version_of(content: Content | None) -> dict[str, str]:
    """Return the version of a content."""
    if content is None:
        return {"value": "", "client_id": "", "state": "", "old_value": ""}
    return {
        "value": mark(content.value),
        "client_id": mark(content.client_id),
        "state": mark(content.state),
        "old_value": mark(content.old_value),
    }


@dataclass
class MemoryStore:
    """A vars file."""

    point: Point
    where: str = WHERE
    noun: str = "vars file"

    def read(self) -> Held:
        return self.point.call("store.read", self._read)

    def _read(self) -> Held:
        content = self.point.world.content
        self.point.saw(content.value if content else "", content.old_value if content else "")
        if content is None:
            return Held(self.where, version=version_of(None), exists=False)
        return Held(
            self.where,
            value=content.value,
            client_id=content.client_id or None,
            state=json.loads(content.state) if content.state else {},
            old_value=content.old_value or None,
            version=version_of(content),
            names=("token", "other"),
        )

    def try_write(self, change: Change, expected: Expected) -> None:
        self.point.call("store.try_write", lambda: self._checked(expected, None))

    def _checked(self, expected: Expected, if_gone: Written | None) -> Content | None:
        content = self.point.world.content
        if content is None:
            if if_gone is None:
                raise VarsFileError(f"{self.where} does not exist.", "Create it first.")
            content = self.point.world.content_of(if_gone.after)
        version = version_of(content)
        for part, marks in expected.items():
            if version[part] not in marks:
                raise ChangedMeanwhileError(f"{self.where} was changed meanwhile: its {part} is another one.", "Run again.")
        return content

    def write(self, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        return self.point.call("store.write", lambda: self._write(change, expected, if_gone))

    def _write(self, change: Change, expected: Expected, if_gone: Written | None) -> Written:
        world = self.point.world
        base = self._checked(expected, if_gone)
        if change.value:
            self.point.stores(change.value)
        before = world.content.blob if world.content is not None else None
        content = world.written(base, state=state_text(change.state), old_value=change.old_value or "")
        if change.value is not None:
            content = world.written(content, value=change.value)
        if change.client_id is not None:
            content = world.written(content, client_id=change.client_id)
        world.put(self.point.actor, content)
        return Written(version_of(content), before, content.blob, 0o600)

    def restore(self, before: bytes | None, after: bytes | None, mode: int | None) -> bool:
        return self.point.call("store.restore", lambda: self._restore(before, after))

    def _restore(self, before: bytes | None, after: bytes | None) -> bool:
        world = self.point.world
        there = world.content.blob if world.content is not None else None
        if there != after:
            return False
        world.put(self.point.actor, world.content_of(before) if before is not None else None)
        return True


@dataclass
class MemoryRescue:
    """A rescue file."""

    point: Point
    where: str = RESCUE_WHERE
    _known: set[str] = field(default_factory=lambda: {""})  # the secrets that may be written over: none, and what this run knows

    def read(self) -> Rescued:
        return self.point.call("rescue.read", self._read)

    def _read(self) -> Rescued:
        held = self.point.world.rescue
        self._known.add(held or "")
        return Rescued(held is not None, held or "", self.point.world.rescued_at if held else "")

    def try_write(self) -> None:
        self.point.call("rescue.try_write", lambda: None)

    def reserve(self) -> bool:
        return self.point.call("rescue.reserve", self._reserve)

    def _reserve(self) -> bool:
        world = self.point.world
        fresh = world.rescue is None
        if fresh:
            world.set_rescue(self.point.actor, "")
        return fresh

    def keep(self, secret: str, created_at: str) -> None:
        self.point.call("rescue.keep", lambda: self._keep(secret, created_at))

    def _keep(self, secret: str, created_at: str) -> None:
        world = self.point.world
        if (world.rescue or "") not in self._known:
            raise ChangedMeanwhileError(f"{self.where} holds another secret by now; it was left alone.", "Look which run is at work there.")
        self._known.add(secret)
        world.set_rescue(self.point.actor, secret, created_at)

    def remove(self) -> None:
        self.point.call("rescue.remove", self._remove)

    def _remove(self) -> None:
        if (self.point.world.rescue or "") not in self._known:
            raise ChangedMeanwhileError(f"{self.where} holds another secret by now; it was left alone.", "Look which run is at work there.")
        if self.point.world.rescue is not None:
            self.point.world.set_rescue(self.point.actor, None, sent_at=self.point.sent_at)


@dataclass
class MemoryCredentials:
    """The credentials of one account."""

    point: Point
    kind: str
    noun: str = ""
    refusal: str = ""

    def __post_init__(self) -> None:
        self.noun = NOUNS[self.kind]

    @property
    def _world(self) -> World:
        return self.point.world

    def look(self, known: Collection[str] = ()) -> Listing:
        world = self._world
        found, complete = self.point.listing("look", lambda: world.of_account(known))
        if self.kind == IN_PLACE:
            return Listing(None, [{"token_id": ACCOUNT_ID, "name": ACCOUNT, "live": True}])
        if self.kind == ALTERNATE:
            return Listing(None, [{"token_id": one, "name": name, "live": False} for one, name in TURNS.items()])
        if self.kind == REPLACE:
            return Listing(None, as_credentials(ACCOUNT, [{"account_id": one.id, "account": one.name} for one in found]), None, complete)
        return Listing(ACCOUNT_ID, [world.as_listed(one) for one in found], world.behaviour.limit, complete)

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        try:
            return self.point.call("check", lambda: self._owner(value, client_id))
        except AuthenticationError:
            return None

    def _owner(self, value: str, client_id: str | None) -> Owner:
        world = self._world
        found = world.issued.get(value)
        if self.kind == S3_ACCESS_KEY:
            return self._owner_of_key(found, client_id)
        if found is None or not world.is_live(found) or (client_id and found.account_id != client_id and self.kind in SECRETS):
            raise AuthenticationError("The platform refused the credential with HTTP 401.", "Use another one.", status=401)
        name = found.name if self.kind == REPLACE else TURNS.get(found.account_id, OTHER_ACCOUNT)
        tells = world.behaviour.tells_id and self.kind in (ACCESS_TOKEN, API_TOKEN)
        return Owner(name, found.account_id, found.id if tells else None)

    def _owner_of_key(self, found: Issued | None, key_id: str | None) -> Owner:
        if found is None or not self._world.is_live(found) or key_id not in (None, found.id):
            raise AuthenticationError("The platform refused the signature.", "Use another key.", status=401)
        return Owner(TURNS.get(found.tag, OTHER_ACCOUNT), found.tag, found.id)

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        return self.point.call("prove", lambda: self._prove(value, client_id, account_id, token_id))

    def _prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        owner = self._owner(value, client_id)
        if account_id is not None and owner.account_id != account_id:
            raise CheckFailedError("The stored credential is of another account.", "Check rotate_account.")
        if token_id is not None and owner.token_id not in (None, token_id):
            raise CheckFailedError("The stored credential is another one.", "Run again.")
        return owner

    def find(self, ids: Sequence[str]) -> list[str]:
        return self.point.call("find", lambda: [one.id for one in self._world.of_account() if one.id in ids])

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        self.point.call("try_create", lambda: None)

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        created = self.point.call("create", lambda: self._create(pending, current))
        self.point.told(created.secret)
        return created

    def _create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        world, kind = self._world, self.kind
        world.time += timedelta(seconds=1)
        limit = world.behaviour.limit
        if limit is not None and len(world.of_account()) >= limit:
            raise ConflictError("The account has as many credentials as it may have.", "Revoke one.", status=409)
        expires_at: datetime | None = None
        if kind == ACCESS_TOKEN and pending.get("expires_at"):
            expires_at = parse_instant(pending["expires_at"], "expires_at")
        elif kind == API_TOKEN:
            expires_at = world.appliance_now + timedelta(minutes=int(pending["lifetime"]) // 60)
        name = str(pending.get("name") or "") if kind == REPLACE else ""
        if name and any(one.name == name for one in world.of_account()):
            raise ConflictError("There is an account of this name already.", "Choose another one.", status=409)
        account_id = next(one for one in TURNS if one != current.get("id")) if kind == ALTERNATE else ACCOUNT_ID
        tag = TAG if kind == API_TOKEN else ""
        one = world.issue(self.point.actor, expires_at=expires_at, account_id=account_id, tag=tag, name=name)
        if kind in SECRETS:
            return Created(one.id, one.secret)
        return Created(one.id, one.secret, format_instant(one.created_at), format_instant(one.expires_at) if one.expires_at else None)

    def revoke(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._end("revoke", one)

    def disable(self, token_id: str) -> None:
        self._end("disable", token_id)

    def _end(self, name: str, credential_id: str) -> None:
        actor = self.point.actor

        def act() -> None:
            world = self._world
            world.time += timedelta(seconds=1)
            found = world.by_id(credential_id)
            if found is not None and self.kind != IN_PLACE:
                world.end(actor, found, self.point.sent_at, disable=name == "disable")

        self.point.call(name, act)


@dataclass
class MemoryRemote:
    """A branch of a git repository, and a checkout of it."""

    point: Point
    began_with: Mapping[str, str] = field(default_factory=dict)

    def publish(
        self, state: Mapping[str, Any] | None, expect: Mapping[str, str] | None, *, message: str = "", try_only: bool = False
    ) -> Publication:
        name = "remote.try" if try_only else "remote.publish"
        return self.point.call(name, lambda: self._publish(state, expect, try_only))

    def _publish(self, state: Mapping[str, Any] | None, expect: Mapping[str, str] | None, try_only: bool) -> Publication:
        world = self.point.world
        there = fingerprints(world.pushed)
        wanted = Pushed(world.value, world.content.client_id if world.content is not None else "", state_text(state or {}))
        now = fingerprints(wanted)
        if there == now and not try_only:
            return Publication(False, f"c{world.pushed.commit}", now)
        expected = self.began_with if expect is None else expect
        if any(there.get(name, "") != one for name, one in expected.items()):
            raise RefusedError("Another run has published the credential meanwhile.", "Update the checkout and run again.")
        if try_only:
            return Publication(True, "", there)
        commit = world.pushed.commit + 1
        world.pushed = Pushed(wanted.value, wanted.client_id, wanted.state, commit)
        world.note(self.point.actor, f"published {wanted.value}, {json.loads(wanted.state or '{}').get('stage')}")
        return Publication(True, f"c{commit}", now)


def fingerprints(pushed: Pushed) -> dict[str, str]:
    """Return what stands for the published variables."""
    return {"token": mark(pushed.value), "client_id": mark(pushed.client_id), "token_rotation": mark(pushed.state)}


@dataclass
class MemorySink:
    """A further place that gets the credential: a file, or a server, which does not tell what it holds."""

    point: Point
    name: str
    in_doubt = False

    def __post_init__(self) -> None:
        self.where = f"the {self.name}"
        self.tells = self.name == FILE

    def read(self) -> SinkContent:
        return self.point.call(f"{self.name}.read", self._read)

    def _read(self) -> SinkContent:
        return SinkContent(self.point.world.sinks[self.name].encode() or None) if self.tells else SinkContent()

    def holds(self, content: SinkContent, credential: Handed) -> bool:
        return content.data == credential.value.encode()

    def write(self, credential: Handed, expected: SinkContent) -> bool:
        return self.point.call(f"{self.name}.write", lambda: self._write(credential.value, expected))

    def _write(self, secret: str, expected: SinkContent) -> bool:
        world = self.point.world
        if self.tells and world.sinks[self.name] == secret:
            return False
        if self._read() != expected:
            raise ChangedMeanwhileError(f"{self.where} was changed meanwhile.", "Run again.")
        world.sink(self.point.actor, self.name, secret)
        return True

    def restore(self, content: SinkContent, expected: SinkContent) -> None:
        self.point.call(f"{self.name}.write", lambda: self._write((content.data or b"").decode(), expected))


@dataclass
class SkewedClock:
    """The clock of a machine, corrected by what the platform's answers told."""

    point: Point

    def now(self) -> datetime:
        return self.point.world.controller_now + self.point.offset

    def sleep(self, seconds: float) -> None:
        def act() -> None:
            self.point.world.time += timedelta(seconds=seconds)

        self.point.call("sleep", act)


@dataclass
class QuietProgress:
    """Where steps would be shown."""

    point: Point

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.point.stepped(name)
        yield

    def shield(self, on: bool = True) -> None:
        self.point.shield(on)

    def warn(self, sentence: str) -> None:
        self.point.warn(sentence)

    def hide(self, *secrets: str) -> None:
        pass
