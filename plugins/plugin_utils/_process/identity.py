# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run of Ansible this is, and whether another one is still there. Private to this collection.

Reads /proc on Linux and sends no signals. A run is named by its main process, which all its workers are children of.
"""

from __future__ import annotations

import os
import platform


def this_run(host: str) -> str:
    """Return a name for one host's part of the run that this worker belongs to.

    It says the machine, the process space, the main process and when that started, and the inventory host.
    """
    pid = os.getppid()
    return f"{_place()} {pid} {process_start(pid)} {host.replace(' ', '_')}"


def is_gone(run: str, host: str) -> bool | None:
    """Tell whether no process is at work under this name any more: the run has ended, or it is this one.

    None when it was on another machine or in another container, where that cannot be told from here.
    """
    parts = run.split(" ")
    if len(parts) != 4 or parts[0] != _place() or not parts[1].isdecimal():
        return None
    return run == this_run(host) or process_start(int(parts[1])) != parts[2]


def _place() -> str:
    """Name the machine since its boot and the container on it, since process ids mean nothing beyond them."""
    parts = [platform.node().replace(" ", "_") or "unknown"]
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            parts.append(file.read().strip()[:8])
        parts.append(os.readlink("/proc/self/ns/pid").strip("pid:[]"))
    except OSError:
        pass
    return "/".join(parts)


def process_start(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; empty when there is none, 'alive' where the system does not tell.

    One that has ended counts as none, although its parent has not asked for its exit code yet, or never will.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else fields[19]
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return ""
    except (OSError, IndexError):
        return "alive"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "alive"
