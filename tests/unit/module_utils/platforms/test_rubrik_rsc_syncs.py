# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pending actions tell of a secret on its way to the clusters, by table."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Carried, SecretSync
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.syncs import sync_of


def action(status: Any, cluster: str = "a", minute: int = 0, **more: Any) -> dict[str, Any]:
    return {"status": status, "clusterUuid": cluster, "createdAt": f"2026-11-30T10:{minute:02}:00Z", **more}


@pytest.mark.parametrize(
    ("actions", "sync"),
    [
        ([], SecretSync()),
        ([action("QUEUED")], SecretSync(Carried.WAITS, "QUEUED")),
        ([action("QUEUED"), action("IN_PROGRESS", "b")], SecretSync(Carried.WAITS, "IN_PROGRESS and QUEUED")),
        ([action("SUCCEEDED"), action("SYNCED_TO_CDM", "b")], SecretSync(Carried.ARRIVED)),
        ([action("FAILED", description="Sync", info="cannot\nbe reached")], SecretSync(Carried.FAILED, "Sync: cannot be reached")),
        ([action("FAILED")], SecretSync(Carried.FAILED, "FAILED")),
        # for each cluster, what was told last
        ([action("SUCCEEDED", minute=5), action("FAILED", minute=1)], SecretSync(Carried.ARRIVED)),
        ([action("FAILED", minute=5, info="no"), action("SUCCEEDED", minute=1)], SecretSync(Carried.FAILED, "no")),
        ([action("FAILED", minute=1, updatedAt="2026-11-30T10:09:00Z"), action("QUEUED", minute=5)], SecretSync(Carried.FAILED, "FAILED")),
        ([action("FAILED"), action("QUEUED", "b")], SecretSync(Carried.WAITS, "QUEUED")),
        # statuses that no schema has
        ([action("NEW")], SecretSync()),
        ([action(None), {}], SecretSync()),
    ],
)
def test_how_far_a_secret_has_got(actions: list[dict[str, Any]], sync: SecretSync) -> None:
    assert sync_of(actions) == sync
