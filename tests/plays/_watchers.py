# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of the runs of a test, and those that watch such runs and revoke what they leave."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path


def watchers(folder: Path) -> list[int]:
    """Return the processes that watch runs of a directory: each holds a file open there."""
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and _watches(one, folder)]


def wait_for_workers(folder: Path) -> None:
    """Wait until no process runs a playbook of a directory: a worker may outlive the main process of its run, and go on working."""
    give_up = time.monotonic() + 60
    while any(str(folder) in _command(one) for one in Path("/proc").iterdir() if one.name.isdecimal()):
        assert time.monotonic() < give_up, "a worker did not end"
        time.sleep(0.05)


def _command(process: Path) -> str:
    """Return the command line of a process; nothing for one that is gone, or that is only in the process table."""
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes().decode(errors="replace")
    return ""


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
