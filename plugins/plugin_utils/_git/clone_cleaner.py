# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that waits for a run of Ansible to end, however it ends, and then deletes the run's clone. Private to this collection.

Started as a script without site-packages, by its own function ``start``: it needs the standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time

_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # where a Python is that the system does not find by itself
_PAUSE = 0.25  # seconds between two looks, where the system has nothing to wait on


def start(place: str, lock: str, pid: int, python: str) -> None:
    """Start it in a session of its own. Where it cannot be started, the next run deletes what this one leaves.

    Args:
        place: the directory to delete.
        lock: the file in it that is locked as long as a rotation is at work there.
        pid: the process whose end it waits for.
        python: the interpreter.
    """
    ended = -1
    with contextlib.suppress(AttributeError, OSError):  # before Linux 5.3, elsewhere
        ended = os.pidfd_open(pid)
    try:
        with contextlib.suppress(OSError):
            subprocess.Popen(
                [python, "-I", "-S", os.path.abspath(__file__), place, lock, str(pid), str(ended)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[ended] if ended >= 0 else [],
                start_new_session=True,
                cwd="/",
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
    finally:
        if ended >= 0:
            os.close(ended)


def _wait_for_end(pid: int, ended: int) -> None:
    """Return once the process is gone. Without a descriptor its id may become another one's, and the next run deletes the clone."""
    if ended >= 0:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        while not poll.poll():
            pass
        return
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(_PAUSE)


def _delete(place: str, lock: str) -> None:
    """Delete the clone when no rotation is at work in it: a worker may outlive a run that was killed."""
    with contextlib.suppress(OSError):
        file = os.open(os.path.join(place, lock), os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(file, fcntl.LOCK_EX)
        shutil.rmtree(place, ignore_errors=True)


def main(place: str, lock: str, pid: str, ended: str) -> None:
    """Wait, and delete."""
    # When a machine or a service is stopped, every process is told to end at once; this process ends soon after the one it waits for.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))
    _wait_for_end(int(pid), int(ended))
    _delete(place, lock)


if __name__ == "__main__":
    main(*sys.argv[1:])
