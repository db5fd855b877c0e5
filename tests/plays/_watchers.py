# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that watch the runs of a test, and revoke what those leave."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def watchers(folder: Path) -> list[int]:
    """Return the processes that watch runs of a directory: each holds a file open there."""
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and _watches(one, folder)]


def _watches(process: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        if b"_play_token/watcher_process" in (process / "cmdline").read_bytes():
            return any(str(folder) in _target(one) for one in (process / "fd").iterdir())
    return False


def _target(descriptor: Path) -> str:
    """Return what a descriptor of a process stands for; nothing for one that was closed meanwhile."""
    with contextlib.suppress(OSError):
        return os.readlink(descriptor)
    return ""
