# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters to which Rubrik Security Cloud carries a new secret, as the role names them. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms._registry import open_platform

CLUSTERS: dict[str, Any] = {"type": "list", "elements": "dict", "default": []}
_SOMEBODY = {"platform": "rubrik_cdm", "client_id": "somebody", "client_secret": "unknown"}


def where_is(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say where a cluster is."""
    return {name: cluster.get(name) for name in ("endpoint", "ca_path", "validate_certs")}


def check_cluster(cluster: Mapping[str, Any]) -> None:
    """Make sure that a cluster could be asked. Sends nothing. Raises OptionError."""
    given = {name: value for name, value in where_is(cluster).items() if value is not None}
    with open_platform(resolve_connection({**given, **_SOMEBODY}, {})):
        pass
