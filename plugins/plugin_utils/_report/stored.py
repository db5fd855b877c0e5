# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a store holds, as the report sees it. Private to this collection. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import ACCESS_TOKEN, API_TOKEN, KINDS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import Stored
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning_beside import is_overdue
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held

BEARERS = (ACCESS_TOKEN, API_TOKEN)  # what a platform can be asked about with the value alone
ENTRY: dict[str, Any] = {
    "vars_file": {"type": "path"},
    "var": {"type": "str"},
    "account": {"type": "str"},
    "credential": {"type": "str", "choices": [*(kind for kind in KINDS if kind != "session"), ""]},
    "id_var": {"type": "str", "aliases": ["client_id_var"]},
    "accounts": {"type": "list", "elements": "str"},
    "store": {"type": "str"},
    "hashicorp_vault": {"type": "dict"},
    "aws_secretsmanager": {"type": "dict"},
}


_MANAGED = "a secret manager"
_MANAGERS = ("store", "hashicorp_vault", "aws_secretsmanager")


@dataclass(frozen=True)
class StoreEntry:
    """Where a store has one credential, as the user named it; see Stored. Without a place, options name a secret manager."""

    where: str
    var: str
    kind: str
    account: str = ""
    id_var: str = ""
    accounts: tuple[str, ...] = ()
    manager: Mapping[str, Any] = field(default_factory=dict)

    def stored(self, host: str, platform: str, endpoint: str) -> Stored:
        """Return what is known of the credential before the store is read."""
        where, var = self.where or _MANAGED, self.var or self.account
        return Stored(host, platform, endpoint, where, var, self.kind, self.account, others=list(self.accounts))


def entry_of(options: Mapping[str, Any], path: Callable[[str], str], kinds: tuple[str, ...], *, is_rotated: bool = False) -> StoreEntry:
    """Return an entry of the option vars_files.

    Args:
        options: those of ENTRY.
        path: makes a path on the controller of what was written.
        kinds: what can be stored of the platform, what is most likely first.
        is_rotated: whether it describes a rotation, which may have its credential in another store than a vars file.

    Raises:
        OptionError: the file or the variable is missing.
    """
    file = str(options.get("vars_file") or "").strip()
    for name in () if is_rotated and not file else ("vars_file", "var"):
        if not str(options.get(name) or "").strip():
            raise OptionError(f"report_vars_files: {name} of an entry is missing.", "Name the vars file and the variable in it.")
    id_var = str(options.get("id_var") or "")
    with_id = (kind for kind in kinds if id_var and kind not in BEARERS)
    kind = str(options.get("credential") or next(with_id, kinds[0]))
    accounts = tuple(str(one) for one in options.get("accounts") or ())
    where, var = path(file) if file else "", str(options.get("var") or "")
    manager = {name: options[name] for name in _MANAGERS if options.get(name)} if is_rotated else {}
    return StoreEntry(where, var, kind, str(options.get("account") or ""), id_var, accounts, manager)


def with_held(stored: Stored, held: Held, now: datetime) -> Stored:
    """Add what a store holds to what is known of a credential; a store that has no value there has a problem."""
    if held.refusal:
        return replace(stored, problem=f"{held.refusal} {held.advice}".strip())
    if not held.exists:
        return replace(stored, problem=f"There is no {held.where}. Correct the path.")
    if not held.value:
        there = f" It holds {', '.join(list(held.names)[:10])}." if held.names else ""
        return replace(stored, problem=f"{held.where} holds no value in {stored.var}.{there} Correct the name, or run the rotation.")
    return with_state(stored, held.state, held.client_id or "", now)


def with_state(stored: Stored, state: Mapping[str, Any], id_beside: str, now: datetime) -> Stored:
    """Add what the state of a rotation tells, and the id that is stored beside the value."""
    pending = states.id_of(state, "pending")
    is_stored = states.stage_of(state) == states.STORED  # then the value is the new credential, and the old one is kept
    current = states.id_of(state, "current")
    id_ = (pending if is_stored else current) or (id_beside if stored.kind not in BEARERS else "")
    previous = current if is_stored else states.id_of(state, "previous")
    under_way = states.stage_of(state) != states.CURRENT
    return replace(
        stored,
        id=id_,
        created_at=str(states.part_of(state, "pending" if is_stored else "current").get("minted_at") or ""),
        previous_id=previous if previous != id_ else "",  # a secret that is replaced in its place keeps its id
        is_overdue=not under_way and is_overdue(state, now),
        pending_id=pending if pending != id_ else "",
        interrupted_at=str(states.part_of(state, "pending").get("since") or "") if under_way else "",
    )


def unread(stored: Stored, failure: LatchkeyError) -> Stored:
    """Note why a store could not be read."""
    return replace(stored, problem=str(failure))
