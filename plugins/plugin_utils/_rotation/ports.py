# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rotation engine needs from the world: protocols, and the plain values that pass through them. Private to this collection.

The engine knows nothing else of platforms, files, git and Ansible. Adapters to the real world are in store.py, kinds_*.py and
remote.py; those of the simulation tests are in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed

NEVER_WRITTEN = "never written"  # stands for a credential where a write is only tried
Version = Mapping[str, str]  # of what a store holds: a mark for each of PARTS, "" for absent; opaque, and the same for the same content
PARTS = ("value", "client_id", "state", "old_value")
Expected = Mapping[str, Sequence[str]]  # of some PARTS: the marks that each may have, of which it must have one


class ChangedMeanwhileError(LatchkeyError):
    """A store does not hold what was expected of it; nothing was written."""


class NothingRotatedError(RefusedError):
    """A rotation is refused before it changes anything; its own words say that nothing was rotated."""


class InterruptedRunError(LatchkeyError):
    """The run is told to end: by Ansible's time-out of a task, by a signal, by Ctrl-C."""


@dataclass(frozen=True)
class Held:
    """What a store holds.

    Attributes:
        where: what the store is called, for people.
        value: the credential; empty when there is none.
        client_id: the id of the account that the credential is of; None where the store does not hold that.
        state: the state of the rotation, without the old credential; empty when there is none.
        old_value: the old credential, kept until the new one is proved; None when there is none.
        version: a mark of all this, for compare and set.
        exists, writable: whether the store is there, and could be written.
        names: what else the store holds, for an error that names what was probably meant.
        secrets: all of this that was encrypted, whatever it is called; none of it is ever shown.
        refusal, advice: why the store, as it is, is not for a rotation, and what to do; empty where it is.
    """

    where: str
    value: str = field(default="", repr=False)
    client_id: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    old_value: str | None = field(default=None, repr=False)
    version: Version = field(default_factory=dict)
    exists: bool = True
    writable: bool = True
    names: Sequence[str] = ()
    secrets: Sequence[str] = field(default=(), repr=False)
    refusal: str = ""
    advice: str = ""

    def as_expected(self) -> Expected:
        """Return what a write expects that must find all of this."""
        return {part: (self.version.get(part, ""),) for part in PARTS}


@dataclass(frozen=True)
class Change:
    """What to write, in one atomic step.

    Attributes:
        state: the new state of the rotation; it replaces the old one with all that is in it.
        value: the new credential; None leaves the one that is there, "" removes it.
        old_value: the old credential, to be kept encrypted beside the state; None keeps none.
        client_id: the new id; None leaves the one that is there, "" removes it.
    """

    state: Mapping[str, Any]
    value: str | None = field(default=None, repr=False)
    old_value: str | None = field(default=None, repr=False)
    client_id: str | None = None


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        version: of what the store holds now.
        before, after: all of the store's content, as ciphertext where it is secret; before is None where there was none.
        mode: of the file, where the store is one.
        warnings: what the user should know.
    """

    version: Version
    before: bytes | None = field(default=None, repr=False)
    after: bytes = field(default=b"", repr=False)
    mode: int | None = None
    warnings: Sequence[str] = ()


class Store(Protocol):
    """Where the credential and the state of its rotation live, written with compare and set.

    Attributes:
        where: what it is called, for people.
        noun: what it is, for people: "vars file".
    """

    where: str
    noun: str

    def read(self) -> Held:
        """Return what it holds. Raises LatchkeyError where it cannot be read."""

    def try_write(self, change: Change, expected: Expected) -> None:
        """Find out whether a write would succeed, and write nothing. Raises what write() raises."""

    def write(self, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        """Write a change, or nothing.

        Args:
            change: what to write.
            expected: what must still be there.
            if_gone: where the store's content was deleted: what it was, to start from.

        Raises:
            ChangedMeanwhileError: something else is there.
            LatchkeyError: it cannot be written; it holds what it held.
        """

    def restore(self, before: bytes | None, after: bytes | None, mode: int | None) -> bool:
        """Put a whole content back if this one is there now; None for none at all. False where another one is there."""


@dataclass(frozen=True)
class Rescued:
    """What a rescue file holds.

    Attributes:
        exists: whether there is one.
        secret: a secret that could not be stored yet; empty when there is none.
        created_at: when that was created, by the platform's clock; empty where that is not known.
    """

    exists: bool = False
    secret: str = field(default="", repr=False)
    created_at: str = ""


class Rescue(Protocol):
    """Where the new secret of an account is kept until it is stored and proved, since it is told only once."""

    where: str

    def read(self) -> Rescued:
        """Return what it holds. Raises NothingRotatedError where it is not this rotation's, and LatchkeyError where it cannot be read."""

    def try_write(self) -> None:
        """Find out whether it can be written and encrypted, and write nothing. Raises LatchkeyError."""

    def reserve(self) -> bool:
        """Make room for a secret, so that it can be kept on a full disk, too. True where nothing was there before."""

    def keep(self, secret: str, created_at: str) -> None:
        """Keep a secret that was created then.

        Raises:
            ChangedMeanwhileError: it keeps another one that read() has not told.
            LatchkeyError: it cannot be written.
        """

    def remove(self) -> None:
        """Remove it.

        Raises:
            ChangedMeanwhileError: it keeps another secret than read() has told or keep() was given.
            LatchkeyError: it cannot be removed.
        """


@dataclass(frozen=True)
class Listing:
    """What an account has.

    Attributes:
        account_id: the account's id; None where each credential is an account of its own.
        credentials: those that belong to the rotation, as dictionaries with token_id, created_at, expires_at, live, and name or tag.
        limit: how many the account may have; None for any number.
        complete: False where the platform told a part only.
    """

    account_id: str | None = None
    credentials: Sequence[Mapping[str, Any]] = ()
    limit: int | None = None
    complete: bool = True


@dataclass(frozen=True)
class Owner:
    """Whose a credential is that the platform takes.

    Attributes:
        account, account_id: the account's name and id.
        token_id: the credential's own id, where the platform tells.
    """

    account: str
    account_id: str
    token_id: str | None = None


@dataclass(frozen=True)
class Created:
    """A credential just made; its secret is never told again.

    Attributes:
        id: the credential's.
        secret: the credential.
        created_at, expires_at: as the platform tells them; None where it does not, or never.
    """

    id: str
    secret: str = field(repr=False)
    created_at: str | None = None
    expires_at: str | None = None


class Credentials(Protocol):
    """One kind of credential of one account, on one platform.

    Attributes:
        noun: what it is, for people: "access token".
    """

    noun: str

    @property
    def refusal(self) -> str:
        """The platform's words where the last check() found the stored credential dead; empty otherwise."""

    def look(self, known: Collection[str] = ()) -> Listing:
        """Return what the account has. Raises LatchkeyError.

        Args:
            known: ids that the store knows, which belong to the rotation whatever they are called.
        """

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        """Ask the platform whose a stored credential is; None where it refuses that credential as dead.

        Args:
            value, client_id: what is stored.
            patiently: whether to ask again for a while, since a secret that was created a moment ago may still be refused.

        Raises:
            LatchkeyError: it cannot be told whether it is dead.
        """

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """Prove that a stored credential works, is the account's, and passes the user's checks; wait for it where that takes time.

        Args:
            value, client_id: what is stored.
            account_id, token_id: whose, and which one, it must be; None for any.

        Raises:
            CheckFailedError: it is something else, or a check was not answered as expected.
            LatchkeyError: it was refused, or could not be asked.
        """

    def find(self, ids: Sequence[str]) -> list[str]:
        """Ask for credentials of the account by their ids; return those that are there, or that may be where the platform does not tell."""

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """Make a new credential, never twice.

        Args:
            pending: the intent, as it was written into the store.
            current: what the store holds now, by id; a successor takes after it.

        Raises:
            RequestError: none was made, or, where may_have_acted is set, one may have been made; details.client_id where one was.
        """

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """Find out whether create() would be refused, as far as that can be told without creating anything. Raises LatchkeyError."""

    def revoke(self, ids: Sequence[str]) -> None:
        """End credentials of this account and no others; those that are gone already are fine. Raises LatchkeyError."""

    def disable(self, token_id: str) -> None:
        """Switch a credential off. Raises LatchkeyError."""


@dataclass(frozen=True)
class Publication:
    """How a push went: the commit that has the variables (empty in check mode), and what the branch held of them before or holds now."""

    changed: bool
    commit: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class Remote(Protocol):
    """Where the store's content is published."""

    def publish(
        self, state: Mapping[str, Any] | None, expect: Mapping[str, str] | None, *, message: str = "", try_only: bool = False
    ) -> Publication:
        """Publish the stored credential with this state, never the old credential.

        Args:
            state: the state to publish; None for none.
            expect: what must be published now; None for what this checkout began with.
            message: of the commit.
            try_only: find out whether it could be published, and publish nothing.

        Raises:
            LatchkeyError: it is not published; where details.in_doubt is set, it may be.
        """


@dataclass(frozen=True)
class SinkContent:
    """What a sink held at some time.

    Attributes:
        data: its content; None for none at all, and where a sink does not tell.
        mode: of the file, where the sink is one.
    """

    data: bytes | None = field(default=None, repr=False)
    mode: int | None = None


class Sink(Protocol):
    """A further place that gets the new credential once it is proved, from which consumers read it.

    Attributes:
        where: what it is called, for people.
        tells: whether it tells what it holds; holds() and restore() are called only then.
        in_doubt: whether the last write was sent more than once, so that a copy of it may still be served.
    """

    where: str
    tells: bool
    in_doubt: bool

    def read(self) -> SinkContent:
        """Return what it holds. Raises LatchkeyError where that cannot be read, or not be written, or is something else."""

    def holds(self, content: SinkContent, credential: Handed) -> bool:
        """Tell whether a content is this credential."""

    def write(self, credential: Handed, expected: SinkContent) -> bool:
        """Hold a credential from now on, the more so where it does already.

        Args:
            credential: which.
            expected: what it must still hold.

        Returns:
            Whether anything was changed.

        Raises:
            ChangedMeanwhileError: it holds something else; it was not written.
            LatchkeyError: it may or may not hold the credential.
        """

    def restore(self, content: SinkContent, expected: SinkContent) -> None:
        """Hold a whole content again, or nothing where it has no data; errors are those of write."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the time by the platform's clock, as far as its answers told it; all machines that rotate this credential share that."""

    def sleep(self, seconds: float) -> None:
        """Wait. Raises InterruptedRunError when the run is told to end meanwhile."""


class Progress(Protocol):
    """Where each step becomes visible as it happens."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Show a step, how long it took, and whether it failed. Raises InterruptedRunError before one that may not begin any more."""

    def shield(self, on: bool = True) -> None:
        """Let every step begin from now on, also when the run is told to end: what is under way must be undone, or finished."""

    def warn(self, sentence: str) -> None:
        """Tell the user something although nothing failed."""

    def hide(self, *secrets: str) -> None:
        """Mask these strings in all that is shown from now on."""
