# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock an open file without waiting, and tell whether it is still the one at its path. Private to this collection."""

from __future__ import annotations

import fcntl
import os


def try_lock(fd: int, how: int = fcntl.LOCK_EX) -> bool:
    """Lock a file; return False where another process has locked it. Raises OSError where it cannot be locked.

    Args:
        fd: the open file.
        how: LOCK_EX, or LOCK_SH for a lock that others may share.
    """
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(fd: int, path: str) -> bool:
    """Tell whether an open file is the one at a path: it may have been replaced or deleted since it was opened."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False
