# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a connection to the platform that speaks it. Private to this collection."""

from __future__ import annotations

from typing import Any

from .._common.errors import OptionError
from .._connection import Connection
from .base import Platform

CARRIED_TO = "rubrik_cdm"  # what the clusters are to which Rubrik Security Cloud carries a new secret


def platform_class(name: str) -> type[Platform]:
    """Return what speaks to a platform. Raises OptionError where nothing does.

    A task imports the one platform that it speaks to, and nothing of the others. The imports are written out since Ansible packs into an
    ordinary module what it sees imported.
    """
    if name == "qumulo":
        from .qumulo.platform import Qumulo

        return Qumulo
    if name == "rubrik_cdm":
        from .rubrik_cdm.platform import RubrikCdm

        return RubrikCdm
    if name == "rubrik_rsc":
        from .rubrik_rsc.platform import RubrikRsc

        return RubrikRsc
    raise OptionError(f"platform: nothing speaks to '{name}'.")


def open_platform(connection: Connection) -> Platform:
    """Return the platform for a connection, whose name resolve_connection has checked; nothing is sent yet."""
    opened: type[Any] = platform_class(connection.platform)  # each takes a connection, and hands in the rest itself
    platform: Platform = opened(connection)
    return platform
