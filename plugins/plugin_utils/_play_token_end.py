# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoke what is left of a run's play tokens. Private to this collection.

Called by the callback in Ansible's main process, and by the watcher after that is gone; so nothing here needs Ansible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_ledger import Entry, Ledger


def revoke_entry(ledger: Ledger, entry: Entry) -> list[str]:
    """Revoke one token and enter that; the ledger must be locked. Return what the user should know, a failure too."""
    try:
        from ansible_collections.latchkey.tokens.plugins.module_utils._operations._play_token import Grant, revoke

        words = revoke(Grant.from_data(entry.grant))
    except Exception as failure:  # noqa: BLE001  (the others must be revoked all the same, and a traceback could hold a secret)
        why = str(failure) if isinstance(failure, LatchkeyError) else f"This is a bug in latchkey.tokens: {type(failure).__name__}."
        account = entry.grant["account"]["name"]
        return [f"A play token of {account} could not be revoked. It stays until it ends by itself. {why}"]
    with contextlib.suppress(OSError):  # on a full disk, that it is gone matters more than that it is written down
        ledger.add_revoked(entry.name)
    return words


def revoke_tokens(ledger: Ledger, *, for_good: bool, which: Callable[[Entry], bool] = lambda _entry: True) -> list[str]:
    """Revoke the tokens of a run.

    Args:
        ledger: where they are.
        for_good: whether the run is over, so that none may be minted any more.
        which: tells which of them.

    Returns:
        What the user should know.
    """
    with ledger.locked() as contents:
        if for_good and not contents.closed:
            with contextlib.suppress(OSError):
                ledger.close_for_good()
        return [words for entry in contents.tokens.values() if which(entry) for words in revoke_entry(ledger, entry)]
