# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoke what is left of a run's play tokens. Private to this collection.

Called by the callback in Ansible's main process, and by the watcher after that is gone; so nothing here needs Ansible.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_ledger import ROTATION, Entry, Ledger

_PAUSE = 0.25  # seconds between two looks at what is still in use
_PATIENCE = 3600.0  # seconds for which a token in use is waited for


def revoke_entry(ledger: Ledger | None, entry: Entry) -> list[str]:
    """Revoke one token and enter that, unless the ledger is gone. Return what the user should know, a failure too."""
    try:
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import Grant, revoke

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
    ledger: Ledger, *, for_good: bool, which: Callable[[Entry], bool] = lambda _entry: True, held_too: bool = False
) -> list[str]:
    """Revoke the tokens of a run.

    Args:
        ledger: where they are.
        for_good: whether the run is over, so that none may be minted any more.
        which: tells which of them.
        held_too: whether to revoke those as well that a process still works with.

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
        return [words for entry in entries for words in revoke_entry(ledger, entry)]


def revoke_all_tokens(ledger: Ledger) -> list[str]:
    """Revoke the tokens of a run that is over, those in use once their use has ended: a rotation may still be undoing itself."""
    warnings = revoke_tokens(ledger, for_good=True)
    give_up = time.monotonic() + _PATIENCE
    held = {entry.name for entry in _held(ledger)}
    while _held(ledger) and time.monotonic() < give_up:
        time.sleep(_PAUSE)
    return warnings + revoke_tokens(ledger, for_good=True, which=lambda entry: entry.name in held, held_too=True)


def _held(ledger: Ledger) -> list[Entry]:
    return [entry for entry in ledger.read(rotations=True).tokens.values() if entry.is_held()]
