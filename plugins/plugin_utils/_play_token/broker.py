# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One token per identity and run: found in the ledger, else minted, by whichever process asks first. Private to this collection.

A token that is found costs no network, and does not load what a request would need.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible import constants as C

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    LatchkeyError,
    RefusedError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import describe_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import identity, is_orphan, main_process, run_key
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Contents, Entry, Ledger

if TYPE_CHECKING:  # a token that is found does not load them
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, Intend
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.unanswered import Attempt

_REMEMBERED = 60.0  # seconds for which refused credentials are not tried again: accounts get locked
_CLOCKS_DIFFER = 300.0  # seconds by which a clock must be wrong to be named
_MAKE_ROOM = "Make room there, or set local_tmp in ansible.cfg to another place."
_UNWATCHED = (
    "the callback latchkey.tokens.revoke_play_tokens is not enabled, and no process could be started that waits for the end of this run. "
    "Enable the callback with callbacks_enabled in ansible.cfg."
)

# Set by the callback in the main process, and thereby in every worker that is forked from it.
callback_is_enabled = False


@dataclass(frozen=True)
class TokenRequest:
    """What a lookup asks for.

    Attributes:
        options: all that has a say in which token it gets.
        timeout: the option timeout, which has none.
        margin: seconds that the token must still live.
        refresh: whether to ask the platform if it still takes the token.
        scope: ``play`` or ``run``, for a token that is made.
    """

    options: Mapping[str, Any]
    timeout: float | None
    margin: float
    refresh: bool
    scope: str


def ledger_path() -> str:
    """Return where this run keeps its ledger: in the directory that Ansible makes for it and that only its user may enter."""
    return os.path.join(C.DEFAULT_LOCAL_TMP, "latchkey_play_tokens")


def play_token(request: TokenRequest, warn: Callable[[str], None]) -> str:
    """Return the run's token for this identity; mint it where there is none that will do.

    Args:
        request: what is asked for.
        warn: shows a warning.

    Raises:
        LatchkeyError: there is none, and none could be made.
    """
    key = identity(request.options, os.environ)
    with open_ledger() as ledger:
        contents = ledger.read()
        found = contents.current(key)
        if found and found.is_good(request.margin) and not request.refresh and not contents.is_abandoned():
            return found.secret
        with ledger.locked() as contents:
            return _under_lock(request, key, ledger, contents, warn)


def open_ledger() -> Ledger:
    """Open the run's ledger. Raises LatchkeyError."""
    try:
        return Ledger.open(ledger_path(), run_key())
    except FileNotFoundError:
        raise _run_has_ended() from None
    except OSError as failure:
        raise LatchkeyError(
            f"The list of play tokens '{ledger_path()}' cannot be opened: {failure.strerror}.", "Check local_tmp in ansible.cfg."
        ) from None


def _run_has_ended() -> LatchkeyError:
    return RefusedError("No play token is created: the run of Ansible that asks for it has ended.")


def _under_lock(request: TokenRequest, key: str, ledger: Ledger, contents: Contents, warn: Callable[[str], None]) -> str:
    if contents.closed or is_orphan():
        raise _run_has_ended()
    found = contents.current(key)
    dead = bool(found and request.refresh and not _is_alive(found))
    if found and not dead and found.is_good(request.margin):
        if contents.is_abandoned():
            watch(ledger, contents, warn)
        return found.secret  # perhaps another process made it while this one waited
    words = "" if request.refresh else _remembered_refusal(contents, key)
    if words and found and found.is_good(0):
        return found.secret
    if words:
        raise LatchkeyError(words)
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, mint

    options = {**request.options, "timeout": request.timeout}

    def minted(intend: Intend) -> Grant:
        return mint(options, os.environ, [Grant.from_data(one.grant) for one in contents.tokens.values()], intend)

    return _replace(key, request.scope, found if dead else None, ledger, contents, minted, warn)


def _remembered_refusal(contents: Contents, key: str) -> str:
    """Return in which words a mint was refused a moment ago, and until when that is remembered; empty when none was."""
    at, words = contents.refusals.get(key, (0.0, ""))
    if not 0 <= time.time() - at < _REMEMBERED:
        return ""
    then, until = (datetime.fromtimestamp(one, timezone.utc).strftime("%H:%M:%SZ") for one in (at, at + _REMEMBERED))
    return (
        f"{words} That was at {then}. It is remembered until {until}, since some platforms lock an account that is refused too often; "
        "the lookup play_token with refresh=true asks again at once."
    )


def _is_alive(entry: Entry) -> bool:
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, is_alive

    return is_alive(Grant.from_data(entry.grant))


def _replace(
    key: str,
    scope: str,
    dead: Entry | None,
    ledger: Ledger,
    contents: Contents,
    mint: Callable[[Intend], Grant],
    warn: Callable[[str], None],
) -> str:
    """Mint, and revoke those of the same identity that no task can be using any more."""
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_entry

    watch(ledger, contents, warn)
    others = [one for one in contents.tokens.values() if one.identity == key]
    # The latest one may be in use by a task that runs now, so it stays until the next one is replaced.
    unused = [one for one in others if one is dead or not one.current]
    for one in unused:
        _show(revoke_entry(ledger, one), warn)
    in_use = [one for one in others if one not in unused]
    try:
        try:
            grant, intent = noted_mint(ledger, mint)
        except RequestError as failure:
            if not failure.no_place or not in_use:
                raise
            while in_use:
                _show(revoke_entry(ledger, in_use.pop()), warn)
            grant, intent = noted_mint(ledger, mint)
    except RequestError as failure:
        works_on = [one for one in in_use if one.is_good(0)]
        if works_on or isinstance(failure, AuthenticationError):
            ledger.add_refusal(key, str(failure))
        if not works_on:
            raise
        warn(f"The play token of this run ends soon, and another one could not be created. {failure}")
        return works_on[-1].secret
    try:
        ledger.add_minted(key, grant.as_data(), scope, intent=intent)
    except OSError as failure:
        raise not_kept(grant, failure) from None
    contents = ledger.read()
    if contents.is_abandoned():
        watch(ledger, contents, warn)
    if abs(grant.ahead) > _CLOCKS_DIFFER:
        warn(
            f"The clock of {grant.connection.endpoint.url} is {describe_duration(timedelta(seconds=abs(grant.ahead)))} "
            f"{'ahead of' if grant.ahead > 0 else 'behind'} this machine's. The play token was created by its clock; correct the wrong one."
        )
    return str(grant.minted.secret)


def noted_mint(ledger: Ledger, mint: Callable[[Intend], Grant]) -> tuple[Grant, str]:
    """Mint, after entering that in the ledger: the end of the run finds what was made when this process is killed meanwhile.

    Args:
        ledger: where the intent is entered.
        mint: makes the token, and calls its argument before it sends anything that does.

    Returns:
        What was made, and the name of the intent, which is settled when that is entered; empty where there is none.

    Raises:
        LatchkeyError: the intent could not be entered, so nothing was created; and what the mint raises.
    """
    intents: list[str] = []

    def intend(attempt: Attempt) -> None:
        try:
            intents.append(ledger.add_intent(attempt.as_data()))
        except OSError as failure:
            raise LatchkeyError(
                f"The list of play tokens '{ledger_path()}' cannot be written ({failure.strerror}), so no token is created.", _MAKE_ROOM
            ) from None

    try:
        grant = mint(intend)
    except LatchkeyError as failure:
        settle(ledger, intents, failure)
        raise
    return grant, "".join(intents)


def settle(ledger: Ledger, intents: list[str], failure: LatchkeyError) -> None:
    """Enter what a mint that failed means for its intents: it made nothing, or what it made has to be looked for."""
    with contextlib.suppress(OSError):
        for intent in intents:
            if isinstance(failure, RequestError) and failure.may_have_acted:
                ledger.add_lost(intent)
            else:
                ledger.add_settled(intent)


def not_kept(grant: Grant, failure: OSError) -> LatchkeyError:
    """Revoke a token that the ledger cannot take, and return what to say of it."""
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import revoke

    try:
        revoke(grant)
    except LatchkeyError as left:
        became = f"could not be revoked and stays until it ends by itself. {left}"
    else:
        became = "was revoked again."
    return LatchkeyError(
        f"The list of play tokens '{ledger_path()}' cannot be written ({failure.strerror}), so the token that was created for it {became}",
        _MAKE_ROOM,
    )


def _show(sentences: list[str], warn: Callable[[str], None]) -> None:
    for one in sentences:
        warn(one)


def watch(ledger: Ledger, contents: Contents, warn: Callable[[str], None], what: str = "token that play_token is about to create") -> None:
    """See to it that a process revokes what is about to be minted; the ledger must be locked."""
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.watcher import start_watcher

    if contents.is_watched():
        return
    pid = start_watcher(ledger_path(), run_key(), main_process())
    if pid:
        ledger.add_watcher(pid)
    elif not callback_is_enabled:
        warn(f"Nothing will revoke the {what}: {_UNWATCHED}")


def replacement(refused: str, warn: Callable[[str], None]) -> str | None:
    """Return another token in place of one that the platform refused; None where it is no play token of this run, or alive after all.

    Args:
        refused: the token.
        warn: shows a warning.

    Raises:
        LatchkeyError: none could be made.
    """
    if not os.path.exists(ledger_path()):
        return None
    with open_ledger() as ledger, ledger.locked() as contents:
        refused_one = contents.find(refused)
        if refused_one is None:
            return None
        latest = contents.current(refused_one.identity)
        if latest and latest.secret != refused:
            return latest.secret
        if contents.closed or is_orphan():
            raise _run_has_ended()
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, is_alive, mint_like

        grant = Grant.from_data(refused_one.grant)
        if is_alive(grant):
            return None
        words = _remembered_refusal(contents, refused_one.identity)
        if words:
            raise LatchkeyError(words)
        return _replace(refused_one.identity, refused_one.scope, refused_one, ledger, contents, partial(mint_like, grant), warn)
