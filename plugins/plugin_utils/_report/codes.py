# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of findings: how serious each may be, and what it means. Private to this collection.

The table in the guide to reports is held to this one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import CRITICAL, INFO, WARNING


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    Attributes:
        title: for people, in a few words.
        severities: which severities it may have, the worst first.
    """

    title: str
    severities: tuple[str, ...]


# In the order of a report's tables, within one severity.
CODES = {
    "unreachable": Code("Endpoint not reachable", (CRITICAL,)),
    "store_unreadable": Code("Store not readable", (CRITICAL,)),
    "dead_in_store": Code("Stored and dead", (CRITICAL,)),
    "expires_soon": Code("Expires soon", (CRITICAL, WARNING)),
    "slots_nearly_full": Code("Slots nearly full", (CRITICAL, WARNING)),
    "unretired": Code("Not retired", (WARNING,)),
    "orphan": Code("Orphan", (WARNING,)),
    "blocks_upgrade": Code("Blocks an upgrade", (WARNING,)),
    "administrator": Code("Administrator", (WARNING,)),
    "never_expires": Code("Never expires", (WARNING, INFO)),
    "too_old": Code("Too old", (WARNING,)),
    "unused": Code("Unused", (WARNING,)),
    "not_permitted": Code("Not permitted to look", (WARNING,)),
    "disabled": Code("Disabled and kept", (INFO,)),
}
ORDER = {code: number for number, code in enumerate(CODES)}
