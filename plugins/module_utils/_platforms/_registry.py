# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a connection to the platform that speaks it. Private to this collection."""

from __future__ import annotations

from .._connection import Connection
from .._errors import OptionError
from ._base import Platform


def open_platform(connection: Connection) -> Platform:
    """Return the platform for a connection, whose name resolve_connection has checked; nothing is sent yet.

    A task imports the one platform that it speaks to, and nothing of the others. The imports are written out since Ansible packs into an
    ordinary module what it sees imported.
    """
    if connection.platform == "qumulo":
        from ._qumulo import Qumulo

        return Qumulo(connection)
    if connection.platform == "rubrik_cdm":
        from ._rubrik_cdm import RubrikCdm

        return RubrikCdm(connection)
    if connection.platform == "rubrik_rsc":
        from ._rubrik_rsc import RubrikRsc

        return RubrikRsc(connection)
    raise OptionError(f"platform: nothing speaks to '{connection.platform}'.")
