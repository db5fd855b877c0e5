# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoke what is left of a run's play tokens, also those whose making was interrupted. Private to this collection.

Called by the callback in Ansible's main process, and by the watcher after that is gone; so nothing here needs Ansible.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import (
    ROTATION,
    Contents,
    Entry,
    Intent,
    Ledger,
    process_name,
)

_PAUSE = 0.25  # seconds between two looks at what is still in use
_PATIENCE = 3600.0  # seconds for which a token in use is waited for
_SHORT_PATIENCE = 3.0  # seconds for which Ansible's own process looks for what an interrupted mint made


def revoke_entry(ledger: Ledger | None, entry: Entry) -> list[str]:
    """Revoke one token and enter that, unless the ledger is gone. Return what the user should know, a failure too."""
    try:
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, revoke

        words = revoke(Grant.from_data(entry.grant))
    except Exception as failure:  # noqa: BLE001  (the others must be revoked all the same, and a traceback could hold a secret)
        why = str(failure) if isinstance(failure, LatchkeyError) else f"This is a bug in latchkey.tokens: {type(failure).__name__}."
        account = entry.grant["account"]["name"]
        what = "The session of a rotation as" if entry.scope == ROTATION else "A play token of"
        return [f"{what} {account} could not be revoked. It stays until it ends by itself. {why}"]
    with contextlib.suppress(OSError):  # on a full disk, that it is gone matters more than that it is written down
        if ledger:
            ledger.add_revoked(entry.name, entry.scope)
    return words


def revoke_tokens(
    ledger: Ledger,
    *,
    for_good: bool,
    which: Callable[[Entry], bool] = lambda _entry: True,
    held_too: bool = False,
    last_look: bool = True,
) -> list[str]:
    """Revoke the tokens of a run.

    Args:
        ledger: where they are.
        for_good: whether the run is over, so that none may be minted any more.
        which: tells which of them.
        held_too: whether to revoke those as well that a process still works with.
        last_look: whether nothing looks again later for what interrupted mints made.

    Returns:
        What the user should know.
    """
    with ledger.locked(rotations=True) as contents:
        if for_good and not contents.closed:
            with contextlib.suppress(OSError):
                ledger.close_for_good()
            # A rotation mints without the lock, and looks for the end afterwards. Where it did not see it, its session is here now.
            contents = ledger.read(rotations=True)
        entries = [entry for entry in contents.tokens.values() if which(entry) and (held_too or not entry.is_held())]
        # These may be asked with: the account may have no place for another session.
        helpful = [entry for entry in entries if for_good and _can_tell_of(_ready(contents), entry)]
        warnings = [words for entry in entries if entry not in helpful for words in revoke_entry(ledger, entry)]
        if for_good:
            warnings += end_interrupted(ledger, contents, patience=_SHORT_PATIENCE, last_look=last_look)
        return warnings + [words for entry in helpful for words in revoke_entry(ledger, entry)]


def _ready(contents: Contents) -> list[Intent]:
    """Return the intents to look into: those whose sender is not waiting for an answer any more."""
    own = process_name(os.getpid())
    return [one for one in contents.intents.values() if one.holder == own or not one.is_held()]


def _can_tell_of(intents: Iterable[Intent], entry: Entry) -> bool:
    """Tell whether what one of these made may be asked for with this token: it is of the same account at the same appliance."""
    found = list(intents)
    if not found:
        return False
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, is_of_account, same_appliance
    from ansible_collections.latchkey.tokens.plugins.module_utils._operations.unanswered import Attempt

    try:
        grant = Grant.from_data(entry.grant)
        connections = [Attempt.from_data(one.attempt).connection for one in found]
    except (KeyError, TypeError):  # not what was entered; each is told of where it is used
        return False
    return any(same_appliance(grant.connection, one) and is_of_account(grant, one) for one in connections)


def end_interrupted(ledger: Ledger, contents: Contents, *, patience: float | None, last_look: bool = True) -> list[str]:
    """Find what interrupted mints made, and end it, unless the process that sent one may still get the answer.

    Args:
        ledger: where they are; what became of them is entered.
        contents: what is in it.
        patience: seconds to look for; None as long as the appliances may still serve them.
        last_look: whether nothing looks again later.

    Returns:
        What the user should know.
    """
    by_connection: dict[str, list[Intent]] = {}
    for intent in _ready(contents):
        by_connection.setdefault(json.dumps(intent.attempt["connection"], sort_keys=True), []).append(intent)
    warnings = []
    for intents in by_connection.values():
        settled, words = _end_made_by(intents, contents, patience)
        warnings += words if settled or last_look else []
        if settled:
            with contextlib.suppress(OSError):
                for one in intents:
                    ledger.add_settled(one.name)
    return warnings


def _end_made_by(intents: list[Intent], contents: Contents, patience: float | None) -> tuple[bool, list[str]]:
    """Return whether it is known what became of these mints, and what the user should know of them."""
    try:
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations.unanswered import Attempt, end_unanswered

        attempts = [Attempt.from_data(one.attempt, one.lost_at) for one in intents]
        known = {str(one.grant["id"]) for one in (*contents.tokens.values(), *contents.revoked)}
        bearers = [one.secret for one in contents.tokens.values() if _can_tell_of(intents, one)]
        ended = end_unanswered(attempts, known, bearers, patience=patience)
    except Exception as failure:  # noqa: BLE001  (the others must be ended all the same, and a traceback could hold a secret)
        why = str(failure) if isinstance(failure, LatchkeyError) else f"This is a bug in latchkey.tokens: {type(failure).__name__}."
        return False, [f"What an interrupted run may have left could not be ended. It stays until it ends by itself. {why}"]
    return ended.settled, ended.words


def revoke_all_tokens(ledger: Ledger) -> list[str]:
    """Revoke the tokens of a run that is over, those in use once their use has ended: a rotation may still be undoing itself."""
    warnings = revoke_tokens(ledger, for_good=True, last_look=False)
    give_up = time.monotonic() + _PATIENCE
    held = _held(ledger)
    while _held(ledger) and time.monotonic() < give_up:
        time.sleep(_PAUSE)
    if held:
        warnings += revoke_tokens(ledger, for_good=True, which=lambda entry: entry.name in held, held_too=True, last_look=False)
    return warnings + end_interrupted(ledger, ledger.read(rotations=True), patience=None)


def _held(ledger: Ledger) -> set[str]:
    contents = ledger.read(rotations=True)
    held: list[Entry | Intent] = [*contents.tokens.values(), *contents.intents.values()]
    return {one.name for one in held if one.is_held()}
