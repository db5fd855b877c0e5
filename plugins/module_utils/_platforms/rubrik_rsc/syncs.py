# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Rubrik Security Cloud tells of a secret on its way to the clusters. Private to this collection. Pure functions.

The statuses are those of PendingActionStatus in the vendor's schema of 2026-10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._common.model import Carried, SecretSync
from ..._common.one_line import one_line

_WAITS = {"QUEUED", "IN_PROGRESS"}
_ARRIVED = {"SYNCED_TO_CDM", "SUCCEEDED"}


def sync_of(actions: Iterable[Mapping[str, Any]]) -> SecretSync:
    """Return how far a secret has got, from all pending actions that tell of it: for each cluster the newest counts."""
    newest: dict[str, Mapping[str, Any]] = {}
    for action in sorted(actions, key=_when):
        newest[str(action.get("clusterUuid"))] = action
    statuses = {str(action.get("status")) for action in newest.values()}
    if statuses & _WAITS:
        return SecretSync(Carried.WAITS, " and ".join(sorted(statuses & _WAITS)))
    failed = [action for action in newest.values() if action.get("status") == "FAILED"]
    if failed:
        words = [str(failed[-1].get(name) or "") for name in ("description", "info")]
        return SecretSync(Carried.FAILED, one_line(": ".join(one for one in words if one)) or "FAILED")
    return SecretSync(Carried.ARRIVED) if statuses & _ARRIVED else SecretSync()


def _when(action: Mapping[str, Any]) -> str:
    """Return when an action was changed last, as ISO 8601 text in UTC, which sorts as the times do."""
    return str(action.get("updatedAt") or action.get("createdAt") or "")
