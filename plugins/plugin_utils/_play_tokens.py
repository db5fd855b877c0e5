# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One token per identity and run: found in the ledger, else minted, by whichever process asks first. Private to this collection.

A token that is found costs no network, and does not load what a request would need.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible import constants as C

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import AuthenticationError, LatchkeyError, RefusedError, RequestError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_ledger import Contents, Entry, Ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_run import identity, is_orphan, main_process, run_key

_REMEMBERED = 60.0  # seconds for which refused credentials are not tried again: accounts get locked
_UNWATCHED = (
    "the callback latchkey.tokens.revoke_play_tokens is not enabled, and no process could be started that waits for the end of this run. "
    "Enable the callback with callbacks_enabled in ansible.cfg."
)

# Set by the callback in the main process, and thereby in every worker that is forked from it.
callback_is_enabled = False


@dataclass(frozen=True)
class Request:
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
    """Return where this run keeps its ledger: in the folder that Ansible makes for it and that only its user may enter."""
    return os.path.join(C.DEFAULT_LOCAL_TMP, "latchkey_play_tokens")


def play_token(request: Request, warn: Callable[[str], None]) -> str:
    """Return the run's token for this identity; mint it where there is none that will do.

    Args:
        request: what is asked for.
        warn: shows a warning.

    Raises:
        LatchkeyError: there is none, and none could be made.
    """
    key = identity(request.options, os.environ)
    with open_ledger() as ledger:
        found = ledger.read().current(key)
        if found and found.is_good(request.margin) and not request.refresh:
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
    return RefusedError("No play token is made: the run of Ansible that asks for it has ended.")


def _under_lock(request: Request, key: str, ledger: Ledger, contents: Contents, warn: Callable[[str], None]) -> str:
    if contents.closed or is_orphan():
        raise _run_has_ended()
    found = contents.current(key)
    dead = bool(found and request.refresh and not _is_alive(found))
    if found and not dead and found.is_good(request.margin):
        return found.secret  # perhaps somebody made it while this one waited
    words = _remembered_refusal(contents, key)
    if words and found and not dead and found.is_good(0):
        return found.secret
    if words:
        raise LatchkeyError(words)
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import Grant, mint

    options = {**request.options, "timeout": request.timeout}

    def minted() -> Grant:
        return mint(options, os.environ, [one.secret for one in contents.tokens.values()])

    return _replace(key, request.scope, found if dead else None, ledger, contents, minted, warn)


def _remembered_refusal(contents: Contents, key: str) -> str:
    """Return in which words a mint was refused a moment ago; empty when none was."""
    at, words = contents.refusals.get(key, (0.0, ""))
    return words if time.time() - at < _REMEMBERED else ""


def _is_alive(entry: Entry) -> bool:
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import Grant, is_alive

    return is_alive(Grant.from_data(entry.grant))


def _replace(
    key: str,
    scope: str,
    dead: Entry | None,
    ledger: Ledger,
    contents: Contents,
    mint: Callable[[], Any],
    warn: Callable[[str], None],
) -> str:
    """Mint, and revoke those of the same identity that nobody can be using any more."""
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_end import revoke_entry

    watch(ledger, contents, warn)
    others = [one for one in contents.tokens.values() if one.identity == key]
    # The latest one may be in use by a task that runs now, so it stays until the next one is replaced.
    unused = [one for one in others if one is dead or not one.current]
    for one in unused:
        _show(revoke_entry(ledger, one), warn)
    in_use = [one for one in others if one not in unused]
    try:
        try:
            grant = mint()
        except RequestError as failure:
            if not failure.no_place or not in_use:
                raise
            while in_use:
                _show(revoke_entry(ledger, in_use.pop()), warn)
            grant = mint()
    except RequestError as failure:
        works_on = [one for one in in_use if one.is_good(0)]
        if works_on or isinstance(failure, AuthenticationError):
            ledger.add_refusal(key, str(failure))
        if not works_on:
            raise
        warn(f"The play token of this run ends soon, and another one could not be made. {failure}")
        return works_on[-1].secret
    try:
        ledger.add_minted(key, grant.as_data(), scope)
    except OSError as failure:
        raise not_kept(grant, failure) from None
    return str(grant.minted.secret)


def not_kept(grant: Any, failure: OSError) -> LatchkeyError:
    """Revoke a token that the ledger cannot take, and return what to say of it."""
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import revoke

    try:
        revoke(grant)
    except LatchkeyError as left:
        became = f"could not be revoked and stays until it ends by itself. {left}"
    else:
        became = "was revoked again."
    return LatchkeyError(
        f"The list of play tokens '{ledger_path()}' cannot be written ({failure.strerror}), so the token that was made for it {became}",
        "Make room there, or set local_tmp in ansible.cfg to another place.",
    )


def _show(sentences: list[str], warn: Callable[[str], None]) -> None:
    for one in sentences:
        warn(one)


def watch(ledger: Ledger, contents: Contents, warn: Callable[[str], None], what: str = "token that play_token is about to make") -> None:
    """See to it that a process revokes what is about to be minted; the ledger must be locked."""
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_watcher import start_watcher

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
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import Grant, is_alive, mint_like

        grant = Grant.from_data(refused_one.grant)
        if is_alive(grant):
            return None
        words = _remembered_refusal(contents, refused_one.identity)
        if words:
            raise LatchkeyError(words)
        return _replace(refused_one.identity, refused_one.scope, refused_one, ledger, contents, lambda: mint_like(grant), warn)
