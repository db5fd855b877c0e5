# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API tokens of a rotation are called. Private to this collection. Pure functions."""

from __future__ import annotations

import hashlib

_DIGITS = 6  # hexadecimal digits that stand for all of a name that is too long


def tag_of(tag: str, var: str, longest: int) -> str:
    """Return what an API token is called, so that no two rotations of one user share a tag.

    Args:
        tag: the tag that the user chose; empty for the variable's name.
        var: the name of the variable that holds the token, a path with dots where it is inside another one.
        longest: how many characters of a tag the platform keeps.
    """
    name = tag or var
    if len(name) <= longest:
        return name
    return f"{name[: longest - _DIGITS - 1]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"
