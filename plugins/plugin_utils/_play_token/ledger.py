# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play tokens of one run: a file that is encrypted entry by entry, only ever appended to, and its own lock. Private to this collection.

Knows neither Ansible nor platforms: what it takes to revoke a token is opaque data here.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.cipher import Cipher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.signals import HeldBack

_PAUSE = 0.02  # seconds between two looks at a lock that another process holds
ROTATION = "rotation"  # the scope of a session that a rotation works with
_MARK = b"~"  # in front of what concerns the end of the run only: a use of a play token need not decrypt it for hundreds of hosts


@dataclass(frozen=True)
class Entry:
    """A token that was minted and is not revoked yet.

    Attributes:
        name: of this entry; a token need not have an id.
        identity: whose token for what, as a name without content.
        grant: what it takes to revoke it, ``secret`` and ``good_for`` among it.
        minted_at: seconds since 1970, by the controller's clock.
        scope: ``play`` or ``run``: when it ends; ``rotation`` for a session that a rotation ends itself, or else the end of the run.
        holder: which process works with it, as process_name tells; empty when that does not count.
        current: whether it is the latest of its identity, and not known to be dead.
    """

    name: str
    identity: str
    grant: Mapping[str, Any] = field(repr=False)
    minted_at: float
    scope: str
    holder: str = ""
    current: bool = True

    @property
    def secret(self) -> str:
        """The token itself."""
        return str(self.grant["secret"])

    def is_good(self, margin: float) -> bool:
        """Tell whether it lives for longer than the margin, in seconds; half of a life that is shorter than two of them will do."""
        good_for = self.grant["good_for"]
        return good_for is None or self.minted_at + good_for - time.time() > min(margin, good_for / 2)

    def is_held(self) -> bool:
        """Tell whether a process works with it that has not ended."""
        return is_running(self.holder)


@dataclass(frozen=True)
class Intent:
    """A mint that was about to be sent, and of which nothing more is known.

    Attributes:
        name: of this entry.
        attempt: what it takes to find and end what it made.
        holder: which process sent it, as process_name tells.
        lost_at: when that process got no usable answer, in seconds since 1970; None where it may still get one, or was killed.
    """

    name: str
    attempt: Mapping[str, Any] = field(repr=False)
    holder: str
    lost_at: float | None = None

    def is_held(self) -> bool:
        """Tell whether that process may still get the answer."""
        return self.lost_at is None and is_running(self.holder)


def process_name(pid: int) -> str:
    """Return a name for a process that no later one gets."""
    return f"{pid} {process_start(pid)}"


def is_running(name: str) -> bool:
    """Tell whether the process that process_name named has not ended; an empty name is that of none."""
    pid, _separator, start = name.partition(" ")
    return bool(start) and process_start(int(pid)) == start


@dataclass
class Contents:
    """What the entries add up to.

    Attributes:
        tokens: those that are not revoked, by the names of their entries, in the order in which they were made.
        revoked: those that are; tasks may still come with one of them.
        refusals: by identity, when a mint was refused last, and in which words.
        intents: mints of which it is not known what they made, by the names of their entries.
        watcher: which process watches the run, as process_name tells; empty where none was started.
        closed: whether the run is over, so that nothing may be minted any more.
    """

    tokens: dict[str, Entry] = field(default_factory=dict)
    revoked: list[Entry] = field(default_factory=list)
    refusals: dict[str, tuple[float, str]] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    watcher: str = ""
    closed: bool = False

    def current(self, identity: str) -> Entry | None:
        """Return the token to use for an identity, however long it may live."""
        return next((one for one in self.tokens.values() if one.identity == identity and one.current), None)

    def find(self, secret: str) -> Entry | None:
        """Return what a token was made for, also one that is revoked; None for one that is none of ours."""
        return next((one for one in (*self.tokens.values(), *self.revoked) if one.secret == secret), None)

    def is_watched(self) -> bool:
        """Tell whether a process waits for the end of the run."""
        return is_running(self.watcher)

    def is_abandoned(self) -> bool:
        """Tell whether the process that watched the run has ended before it."""
        return bool(self.watcher) and not self.is_watched()

    def _add(self, kind: str, value: Any) -> None:
        if kind == "minted":
            self.intents.pop(value.pop("intent"), None)
            minted = Entry(**value)
            for name, one in self.tokens.items():
                if one.identity == minted.identity:
                    self.tokens[name] = replace(one, current=False)
            self.tokens[minted.name] = minted
            self.refusals.pop(minted.identity, None)
        elif kind == "revoked":
            self.revoked += [self.tokens.pop(value)] if value in self.tokens else []
        elif kind == "held":
            name, holder = value
            if name in self.tokens:
                self.tokens[name] = replace(self.tokens[name], holder=holder)
        elif kind == "intended":
            self.intents[value["name"]] = Intent(**value)
        elif kind == "lost":
            name, lost_at = value
            if name in self.intents:
                self.intents[name] = replace(self.intents[name], lost_at=lost_at)
        elif kind == "settled":
            self.intents.pop(value, None)
        elif kind == "refused":
            self.refusals[value["identity"]] = (value["at"], value["words"])
        elif kind == "watcher":
            self.watcher = value
        elif kind == "closed":
            self.closed = True


def warm_up(key: bytes) -> None:
    """Use the cipher once: OpenSSL takes two milliseconds to find it, in each process that was not forked from one that had."""
    Cipher(key).seal(b"")


class Ledger:
    """The file. Each process opens it for itself, since a lock belongs to an opening.

    Args:
        descriptor: the file, opened to read and append.
        key: 32 bytes.
    """

    def __init__(self, descriptor: int, key: bytes) -> None:
        self.descriptor = descriptor
        self._cipher = Cipher(key)

    @classmethod
    def open(cls, path: str, key: bytes) -> Ledger:
        """Open the file, which is made when there is none. Raises OSError."""
        return cls(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), key)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_unused: object) -> None:
        os.close(self.descriptor)

    @contextmanager
    def locked(self, *, rotations: bool = False) -> Iterator[Contents]:
        """Keep every other process from minting and revoking, and signals from this one; yields what read returns."""
        while True:
            with HeldBack():  # a token must not be made without being entered, and a handler must not wait for our own lock
                try:
                    fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
                else:
                    try:
                        yield self.read(rotations=rotations)
                        return
                    finally:
                        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            time.sleep(_PAUSE)

    def read(self, *, rotations: bool = False) -> Contents:
        """Return what is in it; without the lock, perhaps not the very latest.

        Args:
            rotations: whether the sessions of rotations are to be among the tokens, and intents be told.
        """
        contents = Contents()
        data = os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)
        for line in filter(None, data.split(b"\n")[:-1]):  # what has no end yet is still being written
            if line.startswith(_MARK) and not rotations:
                continue
            try:
                kind, value = json.loads(self._cipher.unseal(line.removeprefix(_MARK)))
            except ValueError:
                continue  # written with another key, or cut off by a full disk
            contents._add(kind, value)
        return contents

    def _append(self, kind: str, value: Any, *, marked: bool = False) -> None:
        # On a line of its own whatever comes before it: what a full disk has cut off has no end.
        line = b"\n" + (_MARK if marked else b"") + self._cipher.seal(json.dumps([kind, value]).encode()) + b"\n"
        # Whole or not at all, since who appends need not have the lock.
        while os.write(self.descriptor, line) < len(line):
            pass

    def add_intent(self, attempt: Mapping[str, Any]) -> str:
        """Enter that this process is about to send a mint; takes no lock. Return the name of the entry. Raises OSError."""
        name = secrets.token_hex(8)
        self._append("intended", {"name": name, "attempt": attempt, "holder": process_name(os.getpid())}, marked=True)
        return name

    def add_lost(self, intent: str) -> None:
        """Enter that the answer to a mint was lost, so that it may have made something. Raises OSError."""
        self._append("lost", [intent, time.time()], marked=True)

    def add_settled(self, intent: str) -> None:
        """Enter that a mint made nothing, or that it is known what became of it. Raises OSError."""
        self._append("settled", intent, marked=True)

    def add_minted(self, identity: str, grant: Mapping[str, Any], scope: str, holder: str = "", intent: str = "") -> str:
        """Enter a token that was minted just now; takes no lock.

        Args:
            identity, grant, scope, holder: as in Entry.
            intent: the entry of the mint, which this settles in the same write; empty where there is none.

        Returns:
            The name of the entry.

        Raises:
            OSError: it could not be written.
        """
        name = secrets.token_hex(8)
        entry = {"name": name, "identity": identity, "grant": grant, "minted_at": time.time(), "scope": scope, "holder": holder}
        self._append("minted", {**entry, "intent": intent}, marked=scope == ROTATION)
        return name

    def add_holder(self, name: str, holder: str) -> None:
        """Enter which process works with the session of a rotation from now on. Raises OSError."""
        self._append("held", [name, holder], marked=True)

    def add_revoked(self, name: str, scope: str = "") -> None:
        """Enter that a token of this scope is gone, or that it cannot be revoked."""
        self._append("revoked", name, marked=scope == ROTATION)

    def add_refusal(self, identity: str, words: str) -> None:
        """Enter that the credentials were refused."""
        self._append("refused", {"identity": identity, "words": words, "at": time.time()})

    def add_watcher(self, pid: int) -> None:
        """Enter which process watches the run."""
        self._append("watcher", process_name(pid))

    def close_for_good(self) -> None:
        """Enter that the run is over."""
        self._append("closed", None)
