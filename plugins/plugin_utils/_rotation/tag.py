# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API tokens of a rotation are called. Private to this collection. Pure functions."""

from __future__ import annotations

import hashlib

_LONGEST = 19  # characters of a tag that Rubrik CDM keeps for sure
_KEPT, _DIGITS = 12, 6  # characters of a longer name, and hexadecimal digits that stand for all of it


def tag_of(tag: str, var: str) -> str:
    """Return what an API token of Rubrik CDM is called, so that no two rotations of one user share a tag.

    Args:
        tag: the tag that the user chose; empty for the variable's name.
        var: the name of the variable that holds the token, a path with dots where it is inside another one.
    """
    name = tag or var
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_KEPT]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"
