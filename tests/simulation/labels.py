# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of AWS Secrets Manager in memory: the real store, each of whose requests is a point, and what consumers read by its labels.

Labels are told as they were once after each move, since AWS takes a moment to agree with itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ConnectionFailedError, ForbiddenError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import CURRENT, Secret, SecretsManagerStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import Keys, held_in
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError, StoreError
from tests.simulation.ports import WHERE, Point
from tests.simulation.world import HAND, Content, Issued, World, state_text

KEYS = Keys("token", "client_id")
_OTHER = "other"
_LAG = timedelta(seconds=10)


class LabelledWorld(World):
    """A world whose store has versions with labels. Its content is what a run would read, and a hand puts the version that consumers read.

    Attributes:
        versions: the text of each.
        labels: where each label is.
        told: the labels as the next request is told them for a while, where these are older; else None.
        told_until: until when.
        looked: the tick of the last request that was told the labels as they are.
        deleted: whether the secret is.
        hand_given: what a hand let consumers read.
    """

    versions: dict[str, str]
    labels: dict[str, str]
    told: dict[str, str] | None
    told_until: datetime
    looked: int
    deleted: bool
    hand_given: frozenset[str]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.versions, self.labels, self.told, self.told_until = {}, {}, None, self.time
        self.looked, self.deleted, self.hand_given = 0, False, frozenset()

    def fork(self) -> LabelledWorld:
        """Return a copy that goes its own way."""
        twin = LabelledWorld.__new__(LabelledWorld)
        twin.__dict__.update(super().fork().__dict__)
        twin.versions, twin.labels = dict(self.versions), dict(self.labels)
        return twin

    def digest(self) -> tuple[Any, ...]:
        """Return all that decides what happens from here on."""
        labelled = sorted((label, self.versions[version]) for label, version in self.labels.items())
        return (*super().digest(), tuple(labelled), tuple(sorted((self.told or {}).items())), self.told_until, self.deleted)

    @property
    def consumed(self) -> str:
        """The credential that consumers read; empty when there is none."""
        return "" if self.deleted or CURRENT not in self.labels else str(self._data(CURRENT).get(KEYS.value) or "")

    def _data(self, label: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.versions[self.labels[label]])
        return found

    def _held(self) -> tuple[Held, int]:
        """Return what a run would read, and the value of the key of others."""
        store = SecretsManagerStore(Plain(self), KEYS)
        content = store._load()
        return held_in(content, KEYS, WHERE), int(content.data.get(_OTHER) or 0) if content else 0

    def put(self, actor: str, content: Content | None) -> None:
        """Let a hand, or the start, put a version in place; a run's content comes from its labels, see sync()."""
        if actor in ("", HAND):
            self.deleted = content is None
            if content is not None:
                self._put_version(content)
                self.hand_given |= {self.consumed}
                content = self._as_read()
        super().put(actor, content)

    def _put_version(self, content: Content) -> None:
        texts = {KEYS.value: content.value, KEYS.client_id: content.client_id, KEYS.state: content.state, KEYS.old_value: content.old_value}
        data: dict[str, Any] = {name: text for name, text in texts.items() if text}
        if self.content is not None and self.labels and (content.value, content.state) == (self.content.value, self.content.state):
            data = self._data(CURRENT)  # an edit of other keys, of the version that people see
        self.labels[CURRENT] = self.new_version(json.dumps({**data, _OTHER: content.other}))

    def new_version(self, text: str) -> str:
        """Keep a text as a version, and return its id."""
        version = f"v{len(self.versions)}"
        self.versions[version] = text
        return version

    def _as_read(self) -> Content | None:
        held, other = self._held()
        if not held.exists:
            return None
        parts = {"value": held.value, "client_id": held.client_id or "", "state": state_text(held.state), "old_value": held.old_value or ""}
        return self.written(None, other=other, **parts)

    def sync(self, actor: str) -> None:
        """Take note of what the labels make of the store, and of what consumers read."""
        before, now = self.content, self._as_read()
        if before is None or now is None or replace(before, serial=now.serial) != now:
            super().put(actor, now)

    def end(self, actor: str, one: Issued, sent_at: int, *, disable: bool = False) -> None:
        """Revoke or disable a credential."""
        sent_at = min(sent_at, self.looked)  # what was told late is as what came later
        by_hand = self.placed_by == HAND and self.hand_placed >= sent_at
        if actor != HAND and one.secret == self.consumed and self.is_live(one) and one.secret not in self.disowned and not by_hand:
            self.breaks(f"{actor} ended {one.id}, which consumers read")
        super().end(actor, one, sent_at, disable=disable)

    def check_consumed(self, actor: str) -> None:
        """Check what a run has put in place."""
        value = self.consumed
        ended_by = self.issued[value].ended_by if value else ""
        if value and not self.works(value) and value not in self.dead_by_hand and ended_by not in ("", HAND):
            self.breaks(f"{actor} let consumers read a credential that {ended_by} had ended")
        if value and value not in self.hand_given and not self.behaviour.new_ones_work and self.issued[value].maker not in ("", HAND):
            self.breaks(f"{actor} let consumers read a credential that was not proved")


@dataclass
class Plain:
    """The requests, without points."""

    world: LabelledWorld
    where: str = WHERE

    def describe(self) -> Secret | None:
        return self._secret(self.world.labels)

    def _secret(self, where: dict[str, str]) -> Secret:
        labels: dict[str, list[str]] = {}
        for label, version in where.items():
            labels.setdefault(version, []).append(label)
        return Secret(labels, self.world.deleted)

    def get(self, version: str) -> str:
        return self.world.versions[version]

    def put(self, version: str, text: str, label: str) -> None:
        self.world.versions[version] = text
        self.world.labels[label] = version

    def move(self, label: str, to: str, away_from: str) -> None:
        labels = self.world.labels
        if self.world.deleted or labels.get(label, "") != away_from:
            raise LostRaceError
        self.world.told, self.world.told_until = dict(labels), self.world.time + _LAG
        if to:
            labels[label] = to
        else:
            del labels[label]

    def close(self) -> None:
        pass


@dataclass
class PointedClient(Plain):
    """The same, each of them a point of a run."""

    point: Point | None = None

    def _call(self, name: str, act: Any) -> Any:
        assert self.point is not None
        try:
            return self.point.call(name, act)
        except ConnectionFailedError as failure:
            raise StoreError(str(failure), may_have_acted=True) from None
        except ForbiddenError as failure:
            raise StoreError(str(failure)) from None

    def describe(self) -> Secret | None:
        def act() -> Secret:
            world = self.world
            told, world.told = world.told, None
            if told is not None and world.time <= world.told_until:
                return self._secret(told)
            world.looked = world.tick
            return self._secret(world.labels)

        found: Secret = self._call("labels.read", act)
        return found

    def put(self, version: str, text: str, label: str) -> None:
        self._call("labels.put", lambda: Plain.put(self, version, text, label))

    def move(self, label: str, to: str, away_from: str) -> None:
        assert self.point is not None
        actor = self.point.actor

        def act() -> None:
            Plain.move(self, label, to, away_from)
            self.world.sync(actor)
            if label == CURRENT:
                self.world.check_consumed(actor)

        self._call("labels.move", act)


class PointedStore(SecretsManagerStore):
    """The store of a run."""

    def __init__(self, point: Point) -> None:
        world = point.world
        assert isinstance(world, LabelledWorld)
        super().__init__(PointedClient(world, point=point), KEYS, lambda _seconds: None, lambda: f"{point.actor}-{len(world.versions)}")
        self._point = point

    def read(self) -> Held:
        held = super().read()
        self._point.saw(held.value, held.old_value or "")
        return held
