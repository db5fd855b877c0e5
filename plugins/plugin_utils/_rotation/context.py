# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ways to rotate work with: the settings, the ports, the record, and the fence round each write and revocation. Private."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError, TakenOverError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    Change,
    ChangedMeanwhileError,
    Clock,
    Credentials,
    Expected,
    Held,
    Listing,
    Progress,
    Remote,
    Rescue,
    Sink,
    Store,
    Written,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationSettings


@dataclass(frozen=True)
class Ports:
    """The world of one rotation; rescue only for a secret that is rotated in place, remote only where the store is published.

    The sinks are in the order in which they are written.
    """

    store: Store
    credentials: Credentials
    rescue: Rescue | None
    remote: Remote | None
    clock: Clock
    progress: Progress
    sinks: Mapping[str, Sink] = field(default_factory=dict)


@dataclass
class Context:
    """One rotation."""

    settings: RotationSettings
    ports: Ports
    run: str
    record: Record = field(default_factory=Record)

    # What was found

    @property
    def found(self) -> Held:
        """What the store held at first."""
        if self.record.found is None:
            raise AssertionError("the store was not read")
        return self.record.found

    @property
    def where(self) -> str:
        """The store, for people."""
        return self.found.where

    @property
    def store(self) -> str:
        """What the store is, for people."""
        return self.ports.store.noun

    @property
    def what(self) -> str:
        """What is rotated, for people."""
        return self.settings.what

    def look(self, *more: str | None) -> Listing:
        """List what the account has; what the state knows, and these ids, belong to the rotation whatever they are called."""
        known = [states.id_of(self.found.state, part) for part in ("current", "previous", "pending")]
        with self.step(f"List what {self.settings.account} has"):
            return self.ports.credentials.look([one for one in (*known, *more, self.record.created_id) if one])

    # Steps

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do one step, visibly; the first that fails is kept."""
        try:
            with self.ports.progress.step(name):
                yield
        except Exception:
            self.record.failed_step = self.record.failed_step or name
            raise

    def warn(self, sentence: str) -> None:
        """Tell the user something although nothing failed."""
        self.ports.progress.warn(sentence)

    def go_on(self, sentence: str) -> None:
        """Tell the user that a step failed and the rotation goes on without it."""
        self.record.failed_step = ""
        self.warn(sentence)

    def fail(
        self, sentence: str, cause: LatchkeyError | None = None, *, undone: bool = False, names_step: bool = False
    ) -> RotationFailedError:
        """Return the failure of this rotation, with the step that failed and what it raised.

        Args:
            sentence: what is there now, as the rest of a sentence about what is rotated.
            cause: what the step raised; None where the sentence says it.
            undone: whether all is as it was before.
            names_step: whether the sentence names the step that failed.
        """
        return self._failed(f"{self.what} {sentence}", cause, undone=undone, names_step=names_step)

    def fail_at(self, sentence: str, cause: LatchkeyError | None = None) -> RotationFailedError:
        """Return the failure of a rotation that is not undone, with the step that failed and what it raised."""
        return self._failed(f"{self.what}: {sentence}", cause)

    def _failed(self, words: str, cause: LatchkeyError | None, *, undone: bool = False, names_step: bool = False) -> RotationFailedError:
        step = self.record.failed_step
        if cause is None:
            return RotationFailedError(words, undone=undone, names_step=names_step)
        caused = f"What failed: {step}: {cause}" if step else str(cause)
        return RotationFailedError(f"{words} {caused}", undone=undone, names_step=bool(step))

    # The fence

    @property
    def _since(self) -> str:
        return str(states.part_of(self.record.plan.intent, "pending").get("since") or "")

    def is_mine(self, held: Held) -> bool:
        """Tell whether the store is at a stage of this very rotation, or as this rotation wrote it."""
        known = [*self.writes(), *([self.record.pushed] if self.record.pushed else [])]
        written = any(held.version.get("state", "") == one.version.get("state", "") for one in known)
        return written or states.is_of(held.state, self.run, self._since)

    def is_as_found(self, held: Held) -> bool:
        """Tell whether the store holds what it held at first: nothing was written yet, or an older content was put in place."""
        return all(held.version.get(part, "") == self.found.version.get(part, "") for part in ("value", "state"))

    def check_fence(self) -> None:
        """Stop where another run took this rotation over, for example while this one was suspended.

        Called before each request that ends or creates a credential. The store alone decides: it must be as found, or at a stage of this
        rotation, or gone.

        Raises:
            TakenOverError: it is neither.
        """
        held = self.ports.store.read()
        if held.exists:
            self.refuse_taken_over(held)

    def refuse_taken_over(self, held: Held) -> None:
        """Raise TakenOverError where what the store holds is of another run."""
        if self.is_mine(held) or self.is_as_found(held):
            return
        if held.version.get("state", "") == self.found.version.get("state", ""):
            return  # the value alone was changed, by hand
        pending = states.part_of(held.state, "pending")
        by = f" ({pending['run']})" if states.stage_of(held.state) != states.CURRENT and pending.get("run") else ""
        raise TakenOverError(
            f"Another run{by} took this rotation over while this one stood still, so this one stopped; {self.where} holds what the other "
            "run stored.",
            "Look at the other run's result; nothing else is to be done.",
        )

    def write(self, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        """Write into the store what still is this rotation's to write.

        Args:
            change: what to write.
            expected: what must still be there.
            if_gone: what the store held, where it was deleted.

        Raises:
            TakenOverError: another run is at work there.
            ChangedMeanwhileError: it was changed by hand.
            LatchkeyError: it cannot be written.
        """
        try:
            written = self.ports.store.write(change, expected, if_gone)
        except ChangedMeanwhileError:
            self.check_fence()
            raise
        self.record.changed = True
        for warning in written.warnings:
            self.warn(warning)
        return written

    def claim(self) -> None:
        """Take over what an earlier run left half-way, before anything is revoked: should that run go on, its writes fail from now on."""
        found = self.found
        if states.stage_of(found.state) == states.CURRENT:
            return
        with self.step("Take over what an earlier run left"):
            state = states.claimed(found.state, self.run)
            written = self.write(Change(state, old_value=found.old_value), found.as_expected())
            self.record.found = replace(found, state=state, version=written.version)

    def _check_ending(self, value: str | None, *, stored: bool) -> None:
        """Stop before a credential is ended that is stored by now, or, where another one must be stored, that one is not.

        What a hand, or a run that was paused, does between this look and the request itself cannot be seen: a platform knows no store.

        Raises:
            TakenOverError: another run is at work.
            ChangedMeanwhileError: an older content was put in place, or the store was deleted.
        """
        held = self.ports.store.read()
        if held.exists:
            self.refuse_taken_over(held)
        noted = self.record.noted
        in_use = bool(value) and value in (held.value, held.old_value)
        # Which credential an id stands for cannot be told from the store; as it was found, it holds none of those that go first.
        in_use = in_use or (value is None and not self.writes() and not self.is_as_found(held))
        if in_use or (stored and noted is not None and held.version.get("state") != noted.version.get("state")):
            raise ChangedMeanwhileError(
                f"{self.where} was changed meanwhile and holds another credential than this rotation left there, so none was ended.",
                "Run again.",
            )

    def revoke(self, ids: Sequence[str], value: str | None = None, *, stored: bool = False) -> None:
        """Revoke credentials of the account, unless the store says otherwise.

        Args:
            ids: their ids.
            value: the credential, where it is known; it is not revoked while it is stored.
            stored: whether the store must be as this rotation noted it last.

        Raises:
            TakenOverError, ChangedMeanwhileError: it does.
        """
        self._check_ending(value, stored=stored)
        self.ports.credentials.revoke(ids)
        self.record.changed = True

    def disable(self, token_id: str, value: str | None = None, *, stored: bool = False) -> None:
        """Switch a credential off; arguments and errors are those of revoke."""
        self._check_ending(value, stored=stored)
        self.ports.credentials.disable(token_id)
        self.record.changed = True

    def writes(self) -> list[Written]:
        """Return what this rotation has written, in order."""
        record = self.record
        return [one for one in (record.intent, record.stored, record.put_back, record.noted) if one]

    def restore(self) -> bool:
        """Give the store back the content that it had before this rotation's writes; False where there are changes of others in it."""
        chain = self.writes()
        if not chain or any(later.before != earlier.after for earlier, later in pairwise(chain)):
            return False
        return self.ports.store.restore(chain[0].before, chain[-1].after, chain[0].mode)


def marks(part: str, *contents: Held | Written | None) -> tuple[str, ...]:
    """Return the marks that a part has in these contents of a store."""
    return tuple(dict.fromkeys(one.version.get(part, "") for one in contents if one))


def as_failure(failure: Exception) -> LatchkeyError:
    """Return a failure that a user can be told: what is none of ours is a bug of ours, and its words could hold a secret."""
    if isinstance(failure, LatchkeyError):
        return failure
    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else ""
    return LatchkeyError(
        f"This is a bug in latchkey.tokens: {type(failure).__name__}{place}.", "Please report it with the task that led here."
    )
