# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a connection to the platform that speaks it: the one list of platforms. Private to this collection."""

from __future__ import annotations

from .._connection import Connection
from .._errors import UnsupportedError
from ._base import Platform
from ._qumulo import Qumulo

_PLATFORMS = {Qumulo.name: Qumulo}


def open_platform(connection: Connection) -> Platform:
    """Return the platform for a connection; nothing is sent yet.

    Raises:
        UnsupportedError: this version of the collection cannot speak to it.
    """
    if connection.platform not in _PLATFORMS:
        known = ", ".join(_PLATFORMS)
        raise UnsupportedError(
            f"platform: this version of latchkey.tokens does not speak to {connection.platform} yet.", f"It knows {known}."
        )
    return _PLATFORMS[connection.platform](connection)
