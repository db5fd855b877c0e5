# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worlds of secret managers have in common: the real store, each of whose requests is a point, and what consumers read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ConnectionFailedError, ForbiddenError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import SecretContent, held_in
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import StoreError
from tests.simulation.ports import WHERE, Point
from tests.simulation.world import HAND, Content, Issued, World, state_text

Result = TypeVar("Result")
KEYS = Keys("token", "client_id")
OTHER = "other"
LAG = timedelta(seconds=10)  # for so long, a manager of many machines may tell what was there before


@dataclass
class Pointed:
    """A client of a manager whose requests are points of a run."""

    point: Point | None = None

    @property
    def _run(self) -> Point:
        assert self.point is not None
        return self.point


class SecretWorld(World):
    """A world whose store is a secret of a secret manager. Its content is what a run would read, and a hand puts what consumers read.

    Attributes:
        told_until: until when the next request may be told what was there before the last write.
        looked: the tick of the last request that was told what there is.
        hand_given: what a hand let consumers read.
    """

    told_until: datetime
    looked: int
    hand_given: frozenset[str]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told_until, self.looked, self.hand_given = self.time, 0, frozenset()

    def fork(self) -> SecretWorld:
        """Return a copy that goes its own way."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(super().fork().__dict__)
        return twin

    @property
    @abstractmethod
    def consumed(self) -> str:
        """The credential that consumers read; empty when there is none."""

    @abstractmethod
    def load(self) -> SecretContent | None:
        """Return what a run would read, by the real store."""

    @abstractmethod
    def put_by_hand(self, content: Content | None) -> None:
        """Let consumers read a content; delete the secret where it is None."""

    def put(self, actor: str, content: Content | None) -> None:
        """Let a hand, or the start, put a version in place; a run's content comes from the manager, see sync()."""
        if actor in ("", HAND):
            self.put_by_hand(content)
            if content is not None:
                self.hand_given |= {self.consumed}
                content = self._as_read()
        super().put(actor, content)

    def _as_read(self) -> Content | None:
        found = self.load()
        held: Held = held_in(found, KEYS, WHERE)
        if found is None:
            return None
        parts = {"value": held.value, "client_id": held.client_id or "", "state": state_text(held.state), "old_value": held.old_value or ""}
        return self.written(None, other=int(found.data.get(OTHER) or 0), **parts)

    def sync(self, actor: str) -> None:
        """Take note of what a run made of the store, and of what consumers read."""
        before, now = self.content, self._as_read()
        if before is None or now is None or before != self.written_as(before, now):
            super().put(actor, now)

    @staticmethod
    def written_as(before: Content, now: Content) -> Content:
        """Return a content with the serial of another one."""
        return Content(before.serial, now.value, now.client_id, now.state, now.old_value, now.other)

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

    def is_unproved(self, value: str) -> bool:
        """Tell whether a run created a credential that never worked."""
        return bool(value) and not self.behaviour.new_ones_work and self.issued[value].maker not in ("", HAND)


def ask(point: Point, name: str, act: Callable[[], Result]) -> Result:
    """Let a request of a manager be a point of a run. Raises StoreError where it is refused, or its answer is lost."""
    try:
        return point.call(name, act)
    except ConnectionFailedError as failure:
        raise StoreError(str(failure), may_have_acted=True) from None
    except ForbiddenError as failure:
        raise StoreError(str(failure)) from None
