# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play tokens of one run: a file that is encrypted entry by entry, only ever appended to, and its own lock. Private to this collection.

Knows neither Ansible nor platforms: what it takes to revoke a token is opaque data here.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

_NONCE = 12  # bytes, as AES-GCM wants it
_PAUSE = 0.02  # seconds between two looks at a lock that somebody else holds
# While the ledger is locked these wait: a token must not be made without being entered, and a handler must not wait for our own lock.
# Not with a signal mask: Ansible's main process has more threads, and any of them may get the signal.
_HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True)
class Entry:
    """A token that was minted and is not revoked yet.

    Attributes:
        name: of this entry; a token need not have an id.
        identity: whose token for what, as a name without content.
        grant: what it takes to revoke it, ``secret`` and ``good_for`` among it.
        minted_at: seconds since 1970, by the controller's clock.
        scope: ``play`` or ``run``: when it ends.
        current: whether it is the latest of its identity, and not known to be dead.
    """

    name: str
    identity: str
    grant: Mapping[str, Any] = field(repr=False)
    minted_at: float
    scope: str
    current: bool = True

    @property
    def secret(self) -> str:
        """The token itself."""
        return str(self.grant["secret"])

    def is_good(self, margin: float) -> bool:
        """Tell whether it lives for longer than the margin, in seconds; half of a life that is shorter than two of them will do."""
        good_for = self.grant["good_for"]
        return good_for is None or self.minted_at + good_for - time.time() > min(margin, good_for / 2)


@dataclass
class Contents:
    """What the entries add up to.

    Attributes:
        tokens: those that are not revoked, by the names of their entries, in the order in which they were made.
        revoked: those that are; tasks may still come with one of them.
        refusals: by identity, when a mint was refused last, and in which words.
        watcher: process id of the one that watches the run.
        closed: whether the run is over, so that nothing may be minted any more.
    """

    tokens: dict[str, Entry] = field(default_factory=dict)
    revoked: list[Entry] = field(default_factory=list)
    refusals: dict[str, tuple[float, str]] = field(default_factory=dict)
    watcher: int | None = None
    closed: bool = False

    def current(self, identity: str) -> Entry | None:
        """Return the token to use for an identity, however long it may live."""
        return next((one for one in self.tokens.values() if one.identity == identity and one.current), None)

    def find(self, secret: str) -> Entry | None:
        """Return what a token was made for, also one that is revoked; None for one that is none of ours."""
        return next((one for one in (*self.tokens.values(), *self.revoked) if one.secret == secret), None)

    def _add(self, kind: str, value: Any) -> None:
        if kind == "minted":
            minted = Entry(**value)
            for name, one in self.tokens.items():
                if one.identity == minted.identity:
                    self.tokens[name] = replace(one, current=False)
            self.tokens[minted.name] = minted
            self.refusals.pop(minted.identity, None)
        elif kind == "revoked":
            self.revoked += [self.tokens.pop(value)] if value in self.tokens else []
        elif kind == "refused":
            self.refusals[value["identity"]] = (value["at"], value["words"])
        elif kind == "watcher":
            self.watcher = value
        elif kind == "closed":
            self.closed = True


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Keep signals from being handled, and send them again afterwards. Only the main thread can, and only there handlers run."""
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: handler for number in _HELD_BACK if (handler := signal.getsignal(number)) is not None}
    for number in before:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came:
            os.kill(os.getpid(), one)


def _load_cipher() -> tuple[Any, type[Exception]]:
    """Return the cipher, and what it raises for a line that was written with another key."""
    # Here, so that this file can be looked at without it; Ansible itself comes with it.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM, InvalidTag


def warm_up(key: bytes) -> None:
    """Use the cipher once: OpenSSL takes two milliseconds to find it, in each process that was not forked from one that had."""
    cipher, _unused = _load_cipher()
    cipher(key).encrypt(os.urandom(_NONCE), b"", None)


class Ledger:
    """The file. Each process opens it for itself, since a lock belongs to an opening.

    Args:
        descriptor: the file, opened to read and append.
        key: 32 bytes.
    """

    def __init__(self, descriptor: int, key: bytes) -> None:
        cipher, self._foreign = _load_cipher()
        self.descriptor = descriptor
        self._cipher = cipher(key)

    @classmethod
    def open(cls, path: str, key: bytes) -> Ledger:
        """Open the file, which is made when there is none. Raises OSError."""
        return cls(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), key)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_unused: object) -> None:
        os.close(self.descriptor)

    @contextmanager
    def locked(self) -> Iterator[Contents]:
        """Keep every other process from minting and revoking, and signals from this one; yields what is in it."""
        while True:
            with _signals_held_back():
                try:
                    fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
                else:
                    try:
                        yield self.read()
                        return
                    finally:
                        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            time.sleep(_PAUSE)

    def read(self) -> Contents:
        """Return what is in it; without the lock, perhaps not the very latest."""
        contents = Contents()
        data = os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)
        for line in filter(None, data.split(b"\n")[:-1]):  # what has no end yet is still being written
            try:
                raw = base64.b64decode(line)
                kind, value = json.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None))
            except (self._foreign, ValueError):
                continue  # written with another key, or cut off by a full disk
            contents._add(kind, value)
        return contents

    def _append(self, kind: str, value: Any) -> None:
        nonce = os.urandom(_NONCE)
        # On a line of its own whatever comes before it: what a full disk has cut off has no end.
        line = b"\n" + base64.b64encode(nonce + self._cipher.encrypt(nonce, json.dumps([kind, value]).encode(), None)) + b"\n"
        while line:
            line = line[os.write(self.descriptor, line) :]

    def add_minted(self, identity: str, grant: Mapping[str, Any], scope: str) -> None:
        """Enter a token that was minted just now. Raises OSError."""
        entry = {"name": secrets.token_hex(8), "identity": identity, "grant": grant, "minted_at": time.time(), "scope": scope}
        self._append("minted", entry)

    def add_revoked(self, name: str) -> None:
        """Enter that a token is gone, or that nobody can revoke it."""
        self._append("revoked", name)

    def add_refusal(self, identity: str, words: str) -> None:
        """Enter that the credentials were refused."""
        self._append("refused", {"identity": identity, "words": words, "at": time.time()})

    def add_watcher(self, pid: int) -> None:
        """Enter which process watches the run."""
        self._append("watcher", pid)

    def close_for_good(self) -> None:
        """Enter that the run is over."""
        self._append("closed", None)
