# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that may be anybody's, made fit for a message. Private to this collection. Pure functions."""

from __future__ import annotations

_MOST = 4000  # characters; more than any sentence of ours needs


def one_line(words: str, most: int = _MOST) -> str:
    """Return words on one line, without what a terminal or a reader could be misled with, and not too long.

    What cannot be printed (control characters, those that change the direction of text, halves of characters) becomes a space.
    """
    seen = words if words.isprintable() else "".join(char if char.isprintable() else " " for char in words)
    words = " ".join(seen.split())
    return words if len(words) <= most else words[:most] + "..."
