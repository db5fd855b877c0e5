# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation credential_info: every credential that the caller may see, of all kinds, in one shape. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from .._common.errors import OptionError
from .._common.inventory import CLIENT_SECRET, KINDS, SESSION, Inventory, Listed
from .._common.query import Query
from .._common.times import format_instant
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


def slots(found: Iterable[Listed], now: datetime) -> list[dict[str, Any]]:
    """Return how many credentials of each kind each account has, and may have.

    A session that has ended by itself takes no slot. Secrets of service accounts have none: there is one for each account.
    """
    counted: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        if one.kind == CLIENT_SECRET:
            continue
        account = one.credential.account
        entry = {"account": account.name or account.id, "account_id": account.id, "kind": one.kind, "used": 0, "limit": one.limit}
        slot = counted.setdefault((account.id, one.kind), entry)
        slot["used"] += one.kind != SESSION or one.is_live(now) is not False
    return sorted(counted.values(), key=lambda one: (one["account"], one["account_id"], one["kind"]))


def _order(one: Listed) -> tuple[Any, ...]:
    account = one.credential.account
    return account.name, account.id, one.kind, one.credential.created_at or _EARLIEST, one.credential.id


def _raise_if_all_refused(inventory: Inventory) -> None:
    """Fail as the platform refused the first list, where no list could be had.

    Raises:
        ForbiddenError: with the names of the rights that are missing.
    """
    if inventory.read or not inventory.refused:
        return
    failure = inventory.refused[0].failure
    rights = sorted({one.right for one in inventory.refused})
    told = [one.as_result() for one in inventory.refused]
    failure.add(f"The calling account lacks {' and '.join(rights)}.", not_permitted=told)
    raise failure


def run(platform: Platform, task: Task) -> Outcome:
    """List all credentials, or those of some kinds or of one account.

    Raises:
        OptionError: an option is malformed, raised before any request; or there is no such account.
        ForbiddenError: the caller may have none of the lists.
    """
    query = Query(task.options["query"], "query") if task.options.get("query") else None
    wanted = task.options.get("kinds")
    if wanted is not None and not wanted:
        raise OptionError("kinds: it is an empty list.", "Leave the option out for all kinds.")
    kinds = frozenset(wanted or KINDS)
    inventory = platform.inventory(kinds, task.options.get("account"))
    _raise_if_all_refused(inventory)
    now = task.now
    place = f"{platform.title} at {platform.http.endpoint.url}"
    for one in inventory.refused:
        platform.warn(f"{place}: {one.effect} The calling account lacks {one.right}.")
    if platform.incomplete:
        platform.warn(f"{place}: a list was a part only, so there are more credentials than these.")
    shown = [one for one in sorted(inventory.found, key=_order) if not (task.options.get("live_only") and one.is_live(now) is False)]
    entries = [one.as_result(now) for one in shown]
    return Outcome(
        values={
            "credentials": query.search(entries) if query else entries,
            "accounts": slots(inventory.found, now),
            "not_told": {kind: list(keys) for kind, keys in platform.not_told.items() if kind in kinds - inventory.unlisted.keys()},
            "not_listed": {kind: why for kind, why in inventory.unlisted.items() if kind in kinds},
            "not_permitted": [one.as_result() for one in inventory.refused],
            "product": {"platform": platform.name, "endpoint": platform.http.endpoint.url, "version": inventory.version or None},
            "as_of": format_instant(now),
        }
    )


CREDENTIAL_INFO = Operation(
    name="credential_info",
    argument_spec={
        "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
        "account": {"type": "str"},
        "live_only": {"type": "bool", "default": False},
        "query": {"type": "str"},
    },
    run=run,
)
