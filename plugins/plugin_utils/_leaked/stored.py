# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look whether a store holds a leaked secret. Private to this collection."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.planning import CURRENT, ELSEWHERE, KEPT, OTHER, HostFacts
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import id_of


def look(store: Store, secret: str, host: HostFacts) -> HostFacts:
    """Return what a host stands for, with what its store holds of the secret. A store that cannot be read is said, and no failure.

    Args:
        store: where its credential is stored.
        secret: the secret that leaked.
        host: what is known of the host without its store.
    """
    try:
        found = store.read()
    except LatchkeyError as failure:
        return replace(host, problem=str(failure))
    if not found.exists:
        return replace(host, problem=f"{store.where} does not exist.")
    values = [found.value, found.old_value or "", *found.secrets]
    places = [CURRENT, KEPT, *(ELSEWHERE for _unused in found.secrets)]
    holds = next((place for value, place in zip(values, places, strict=True) if value.strip() == secret), "")
    if holds in (CURRENT, KEPT) and not host.is_ended_here:
        holds = OTHER
    known = {id_of(found.state, part) for part in ("current", "previous", "pending")} - {""}
    return replace(host, holds=holds, client_id=(found.client_id or "") if holds else "", known_ids=sorted(known))
