# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of HashiCorp Vault in memory, KV version 2: the real store, each of whose requests is a point, and what consumers read.

A write compares the number of the newest version, and the next read after it may be one of a performance standby that lags behind.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault import Newest, VaultStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import SecretContent, notes_in
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError
from tests.simulation.ports import WHERE, Point
from tests.simulation.secret import KEYS, LAG, OTHER, Pointed, SecretWorld, ask
from tests.simulation.world import HAND, Content


class VersionedWorld(SecretWorld):
    """A world whose store has numbered versions, of which consumers read the newest.

    Attributes:
        versions: the text of each, from 1 on; None for a destroyed one.
        deleted: the numbers of those that a hand deleted.
        told: the number and the text of the version that the next read is told for a while, where that is not the newest; else 0.
        forgotten: versions that a hand wrote over with a content that knows nothing of the rotation's notes.
    """

    versions: tuple[str | None, ...]
    deleted: frozenset[int]
    told: tuple[int, str | None]
    forgotten: int

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.versions, self.deleted, self.told, self.forgotten = (), frozenset(), (0, None), 0

    def digest(self) -> tuple[Any, ...]:
        """Return all that decides what happens from here on."""
        return (*super().digest(), self.versions, self.deleted, self.told, self.told_until, self.forgotten)

    def data(self, version: int) -> dict[str, Any] | None:
        """Return what a version holds; None where there is none, or it is deleted or destroyed."""
        text = self.versions[version - 1] if version and version not in self.deleted else None
        return json.loads(text) if text else None

    @property
    def latest(self) -> int:
        """The number of the newest version; 0 where there is none."""
        return len(self.versions)

    @property
    def consumed(self) -> str:
        """The credential that consumers read; empty when there is none."""
        return str((self.data(self.latest) or {}).get(KEYS.value) or "")

    def load(self) -> SecretContent | None:
        """Return what a run would read, by the real store."""
        return VaultStore(Plain(self), KEYS)._load()

    def put_by_hand(self, content: Content | None) -> None:
        """Write a version as people do; delete the newest where there is no content."""
        if content is None:
            self.deleted |= {self.latest}
            return
        there, before = self.data(self.latest) or {}, self.content
        texts = {KEYS.value: content.value, KEYS.client_id: content.client_id, KEYS.state: content.state, KEYS.old_value: content.old_value}
        if before is not None and content.state == before.state:
            texts[KEYS.state] = there.get(KEYS.state, "")  # they do not touch it, so the notes in it stay
        if not self._noted(texts[KEYS.state]):
            self.forgotten = self.latest
        data = {name: text for name, text in texts.items() if text}
        self.versions = (*self.versions, json.dumps({**data, OTHER: content.other}))

    @staticmethod
    def _noted(state: str) -> Collection[str]:
        """Return the versions that the text of a state notes as superseded."""
        found: dict[str, Any] = notes_in(SecretContent("", {KEYS.state: state}), KEYS).get("superseded", {})
        return found

    def check_consumed(self, actor: str) -> None:
        """Check what a run has put in place: a credential that works, or the new one that is about to be proved."""
        super().check_consumed(actor)
        value, hand = self.consumed, self.hand & {"delete", "revert", "replace"}
        by_hand = value in self.dead_by_hand or (bool(value) and self.issued[value].ended_by == HAND)
        if value and not self.works(value) and not self.is_unproved(value) and not by_hand:
            self.breaks(f"{actor} let consumers read {value}, which does not work")
        if not value and not hand and any(self.works(one) for one in self.hand_given):
            self.breaks(f"{actor} took the credential away from consumers")

    def check_rest(self) -> None:
        """Check that no earlier version keeps a dead credential, unless the next rotation would destroy it."""
        store = VaultStore(Plain(self), KEYS)
        store._load()
        noted = store._superseded()
        for version in range(self.forgotten + 1, self.latest):
            text = self.versions[version - 1]
            data = json.loads(text) if text else {}
            dead = [one for name in (KEYS.value, KEYS.old_value) if (one := data.get(name)) and not self.works(one)]
            if dead and str(version) not in noted:
                self.breaks(f"at rest, version {version} holds {dead[0]}, which is dead, and no rotation will destroy it")


@dataclass
class Plain:
    """The requests, without points."""

    world: VersionedWorld
    where: str = WHERE

    def newest(self) -> Newest:
        return Newest(self.world.latest, self.world.data(self.world.latest))

    def put(self, data: Mapping[str, Any], cas: int) -> int:
        world = self.world
        if cas != world.latest:
            raise LostRaceError
        there = None if world.latest in world.deleted or not world.latest else world.versions[-1]
        world.told, world.told_until = (world.latest, there), world.time + LAG
        world.versions = (*world.versions, json.dumps(dict(data), sort_keys=True))
        return world.latest

    def destroy(self, versions: Sequence[int]) -> None:
        kept = enumerate(self.world.versions, 1)
        self.world.versions = tuple(None if number in versions else text for number, text in kept)

    def check_rights(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class PointedClient(Pointed, Plain):
    """The same, each of them a point of a run."""

    def newest(self) -> Newest:
        def act() -> Newest:
            world = self.world
            (told, text), world.told = world.told, (0, None)
            if told and world.time <= world.told_until:
                return Newest(told, json.loads(text) if text else None)
            world.looked = world.tick
            return Plain.newest(self)

        return ask(self._run, "versions.read", act)

    def put(self, data: Mapping[str, Any], cas: int) -> int:
        actor = self._run.actor

        def act() -> int:
            before = self.world.consumed
            version = Plain.put(self, data, cas)
            self.world.sync(actor)
            if self.world.consumed != before:
                self.world.check_consumed(actor)
            return version

        return ask(self._run, "versions.put", act)

    def destroy(self, versions: Sequence[int]) -> None:
        actor, world = self._run.actor, self.world

        def act() -> None:
            standing = str(world.state.get("previous", {}).get("id"))
            for version in versions:
                value = str((world.data(version) or {}).get(KEYS.value) or "")
                if version == world.latest:
                    world.breaks(f"{actor} destroyed the version that consumers read")
                elif world.works(value) and world.issued[value].id == standing:
                    world.breaks(f"{actor} destroyed version {version} with {value}, which still stands")
            Plain.destroy(self, versions)

        ask(self._run, "versions.destroy", act)

    def check_rights(self) -> None:
        ask(self._run, "versions.rights", lambda: None)


class PointedStore(VaultStore):
    """The store of a run."""

    def __init__(self, point: Point) -> None:
        world = point.world
        assert isinstance(world, VersionedWorld)
        super().__init__(PointedClient(world, point=point), KEYS, lambda _seconds: None)
        self._point = point

    def read(self) -> Held:
        held = super().read()
        self._point.saw(held.value, held.old_value or "")
        return held
