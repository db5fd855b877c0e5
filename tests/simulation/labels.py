# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of AWS Secrets Manager in memory: the real store, each of whose requests is a point, and what consumers read by its labels.

Labels are told as they were once after each move, since AWS takes a moment to agree with itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import (
    CURRENT,
    DescribedSecret,
    SecretsManagerStore,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import SecretContent
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError
from tests.simulation.ports import WHERE, Point
from tests.simulation.secret import KEYS, LAG, OTHER, Pointed, SecretWorld, ask
from tests.simulation.world import Content


class LabelledWorld(SecretWorld):
    """A world whose store has versions with labels.

    Attributes:
        versions: the text of each.
        labels: where each label is.
        told: the labels as the next request is told them for a while, where these are older; else None.
        deleted: whether the secret is.
    """

    versions: dict[str, str]
    labels: dict[str, str]
    told: dict[str, str] | None
    deleted: bool

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.versions, self.labels, self.told, self.deleted = {}, {}, None, False

    def fork(self) -> LabelledWorld:
        """Return a copy that goes its own way."""
        twin = super().fork()
        assert isinstance(twin, LabelledWorld)
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

    def load(self) -> SecretContent | None:
        """Return what a run would read, by the real store."""
        return SecretsManagerStore(Plain(self), KEYS)._load()

    def put_by_hand(self, content: Content | None) -> None:
        """Let consumers read a content; delete the secret where it is None."""
        self.deleted = content is None
        if content is None:
            return
        texts = {KEYS.value: content.value, KEYS.client_id: content.client_id, KEYS.state: content.state, KEYS.old_value: content.old_value}
        data: dict[str, Any] = {name: text for name, text in texts.items() if text}
        if self.content is not None and self.labels and (content.value, content.state) == (self.content.value, self.content.state):
            data = self._data(CURRENT)  # an edit of other keys, of the version that people see
        self.labels[CURRENT] = self.new_version(json.dumps({**data, OTHER: content.other}))

    def new_version(self, text: str) -> str:
        """Keep a text as a version, and return its id."""
        version = f"v{len(self.versions)}"
        self.versions[version] = text
        return version

    def check_consumed(self, actor: str) -> None:
        """Check what a run has put in place: consumers read nothing before it is proved."""
        super().check_consumed(actor)
        value = self.consumed
        if value not in self.hand_given and self.is_unproved(value):
            self.breaks(f"{actor} let consumers read a credential that was not proved")


@dataclass
class Plain:
    """The requests, without points."""

    world: LabelledWorld
    where: str = WHERE

    def describe(self) -> DescribedSecret | None:
        return self._secret(self.world.labels)

    def _secret(self, where: dict[str, str]) -> DescribedSecret:
        labels: dict[str, list[str]] = {}
        for label, version in where.items():
            labels.setdefault(version, []).append(label)
        return DescribedSecret(labels, self.world.deleted)

    def get(self, version: str) -> str:
        return self.world.versions[version]

    def put(self, version: str, text: str, label: str) -> None:
        self.world.versions[version] = text
        self.world.labels[label] = version

    def move(self, label: str, to: str, away_from: str) -> None:
        labels = self.world.labels
        if self.world.deleted or labels.get(label, "") != away_from:
            raise LostRaceError
        self.world.told, self.world.told_until = dict(labels), self.world.time + LAG
        if to:
            labels[label] = to
        else:
            del labels[label]

    def close(self) -> None:
        pass


@dataclass
class PointedClient(Pointed, Plain):
    """The same, each of them a point of a run."""

    def describe(self) -> DescribedSecret | None:
        def act() -> DescribedSecret:
            world = self.world
            told, world.told = world.told, None
            if told is not None and world.time <= world.told_until:
                return self._secret(told)
            world.looked = world.tick
            return self._secret(world.labels)

        return ask(self._run, "labels.read", act)

    def put(self, version: str, text: str, label: str) -> None:
        ask(self._run, "labels.put", lambda: Plain.put(self, version, text, label))

    def move(self, label: str, to: str, away_from: str) -> None:
        actor = self._run.actor

        def act() -> None:
            Plain.move(self, label, to, away_from)
            self.world.sync(actor)
            if label == CURRENT:
                self.world.check_consumed(actor)

        ask(self._run, "labels.move", act)


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
