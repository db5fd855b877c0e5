# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one session that a rotation works with, where tokens are sessions. Private to this collection.

It is entered in the ledger of play tokens, so that a run that is killed leaves no session. Every host may open one at the same time, so
the ledger is not locked while the platform is asked: what is opened is entered first, and revoked where the run has ended meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, log_in, session_grant
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.unanswered import Attempt
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.broker import not_kept, noted_mint, open_ledger, settle, watch
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import is_orphan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import ROTATION, Entry, Ledger, process_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_entry


@dataclass(frozen=True)
class Session:
    """A session of the rotator's.

    Attributes:
        grant: its token, and what it takes to revoke that.
        entry: its name in the ledger.
    """

    grant: Grant = field(repr=False)
    entry: str

    @property
    def connection(self) -> Connection:
        """How to connect with its token."""
        return self.grant.connection

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data, its token in it."""
        return {"entry": self.entry, "grant": self.grant.as_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Session:
        """Return the session that as_data was called on, which this process works with from now on."""
        session = cls(Grant.from_data(data["grant"]), data["entry"])
        with contextlib.suppress(LatchkeyError, OSError), open_ledger() as ledger:
            ledger.add_holder(session.entry, process_name(os.getpid()))
        return session

    def close(self) -> list[str]:
        """Revoke it; one that is gone already is fine. Return what the user should know, a failure too."""
        entry = Entry(self.entry, "", self.grant.as_data(), 0.0, ROTATION)
        with contextlib.ExitStack() as stack:
            ledger = None  # it goes with the run, and the session must go all the same
            with contextlib.suppress(LatchkeyError):
                ledger = stack.enter_context(open_ledger())
            return revoke_entry(ledger, entry)


def open_session(connection: Connection, warn: Callable[[str], None]) -> Session:
    """Log in, and see to it that the session is revoked however the run ends. The caller holds signals back.

    Args:
        connection: with credentials to log in with.
        warn: shows a warning.

    Raises:
        OptionError: the connection has a token only.
        RequestError: the log-in was refused, or failed; where a session may have been opened, the failure says so.
        LatchkeyError: the session could not be entered, or the run has ended; then it is revoked again.
    """
    with open_ledger() as ledger:
        _watch(ledger, warn)
        grant, intent = noted_mint(ledger, partial(log_in, connection))
        session = _entered(grant, ledger, intent)
        if ledger.read().is_abandoned():
            _watch(ledger, warn)
        return session


def _watch(ledger: Ledger, warn: Callable[[str], None]) -> None:
    """See to it that a process waits for the end of the run. Raises RefusedError where the run has ended already."""
    contents = ledger.read()
    if contents.closed or is_orphan():
        raise _run_has_ended()
    if not contents.is_watched():
        with ledger.locked() as contents:
            watch(ledger, contents, warn, "session that the rotation is about to open")


@contextlib.contextmanager
def entered_sessions(platform: Platform, warn: Callable[[str], None]) -> Iterator[None]:
    """Enter the sessions that a platform opens for itself, until it has ended them: a run that is killed leaves none of them either.

    Args:
        platform: it is used, and closed, inside of the block.
        warn: shows a warning.
    """
    intents: list[str] = []
    entries: list[str] = []

    def intend() -> None:
        with contextlib.suppress(LatchkeyError, OSError), open_ledger() as ledger:
            _watch(ledger, warn)
            intents.append(ledger.add_intent(Attempt.now(platform.connection).as_data()))

    def enter(bearer: str, session_id: str) -> None:
        with contextlib.suppress(LatchkeyError, OSError), open_ledger() as ledger:
            grant = session_grant(platform.connection, bearer, session_id)
            entries.append(_entered(grant, ledger, intents.pop() if intents else "").entry)

    platform.before_session, platform.on_session = intend, enter
    try:
        yield
    except LatchkeyError as failure:
        with contextlib.suppress(LatchkeyError, OSError), open_ledger() as ledger:
            settle(ledger, intents, failure)
        raise
    if entries:
        with contextlib.suppress(LatchkeyError, OSError), open_ledger() as ledger:
            for entry in entries:
                ledger.add_revoked(entry, ROTATION)


def _run_has_ended() -> LatchkeyError:
    return RefusedError("No session is opened for the rotation: the run of Ansible that asks for it has ended.")


def _entered(grant: Grant, ledger: Ledger, intent: str) -> Session:
    # No option of a play token has this identity, so none of them ever is this session.
    identity = f"{ROTATION} {secrets.token_hex(8)}"
    try:
        session = Session(grant, ledger.add_minted(identity, grant.as_data(), ROTATION, process_name(os.getpid()), intent))
    except OSError as failure:
        raise not_kept(grant, failure) from None
    if ledger.read().closed or is_orphan():
        ended = _run_has_ended()
        for words in session.close():
            ended.add(words)
        raise ended
    return session
