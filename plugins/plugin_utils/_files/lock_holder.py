# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the lock of a file, in words. Private to this collection.

Reads /proc on Linux; elsewhere, and where the holder is in another container, it cannot be told. Of the holder only the program's name is
told: its arguments could hold a secret.
"""

from __future__ import annotations

import os


def holder(path: str) -> str:
    """Return "process 4711 (ansible-playbook)" for the process that holds a flock on this file; empty when that cannot be told."""
    try:
        status = os.stat(path)
        with open("/proc/locks", encoding="ascii") as file:
            locks = [line.split() for line in file]
    except (OSError, UnicodeDecodeError):
        return ""
    # A line: "1: FLOCK ADVISORY WRITE 4711 fe:00:123456 0 EOF"; one that only waits has an arrow behind its number.
    for fields in locks:
        if len(fields) < 6 or fields[1] != "FLOCK" or not fields[4].isdecimal():
            continue
        device, _separator, inode = fields[5].rpartition(":")
        if inode == str(status.st_ino) and (device == _device(status.st_dev) or _has_open(fields[4], status)):
            return f"process {fields[4]} ({_program(fields[4])})"
    return ""


def _device(number: int) -> str:
    return f"{os.major(number):02x}:{os.minor(number):02x}"


def _has_open(pid: str, status: os.stat_result) -> bool:
    """Tell whether a process has the file open: some file systems give stat another device than they lock on."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for number in numbers:
        try:
            if os.path.samestat(os.stat(f"/proc/{pid}/fd/{number}"), status):
                return True
        except OSError:
            continue
    return False


def _program(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() or "unknown"
    except OSError:
        return "unknown"
