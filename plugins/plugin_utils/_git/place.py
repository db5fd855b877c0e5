# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the clones of this user are. Private to this collection."""

from __future__ import annotations

import os
import tempfile


def clones() -> str:
    """Return the directory of clones, which there need not be."""
    return os.path.join(os.path.realpath(tempfile.gettempdir()), f"latchkey.tokens-clones-{os.getuid()}")


def is_among_clones(path: str) -> bool:
    """Tell whether a path, as it is written, leads into a clone."""
    return os.path.abspath(path).startswith(os.path.join(clones(), ""))
