# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that waits for a run of Ansible to end, however it ends, and then revokes what is left. Private to this collection.

Started by watcher.py as a script without site-packages: as long as it waits it needs the standard library only, and
little memory. What it must know comes by its standard input, which no other process can read.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import types
from typing import Any

_PAUSE = 0.25  # seconds between two looks, where the system has nothing to wait on


def _find_collection(directory: str) -> None:
    """Let the collection be imported; by hand, since a package of its name may also be installed without this collection in it."""
    package = types.ModuleType("ansible_collections")
    package.__path__ = [directory]
    sys.modules["ansible_collections"] = package


def _wait_for_end(pid: int, start: str, pidfd: int | None) -> None:
    """Return once the process is gone: its id alone may be that of a later one."""
    if pidfd is not None:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        while not poll.poll():
            pass
        return
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start

    while start and process_start(pid) == start:
        time.sleep(_PAUSE)


def _revoke(settings: dict[str, Any]) -> None:
    """Revoke what is left, with the libraries of the process that started this one; say in the system's log what went wrong."""
    sys.path[:] = settings["path"]
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_all_tokens

    for words in revoke_all_tokens(Ledger(settings["ledger"], bytes.fromhex(settings["key"]))):
        _say(words)


def _say(words: str) -> None:
    """Say something in the system's log: this process has no other place."""
    import syslog

    syslog.syslog(syslog.LOG_WARNING, f"latchkey.tokens: {words}")


def _revoke_or_say(settings: dict[str, Any]) -> None:
    try:
        _revoke(settings)
    except Exception as failure:  # noqa: BLE001  (such as ImportError, when the collection went away with the run; its words may be secret)
        _say(f"The play tokens of a run could not be revoked ({type(failure).__name__}) and stay until they end by themselves.")


def main() -> None:
    """Read the settings, say that they came, wait, revoke."""
    # When a machine or a service is stopped, every process is told to end at once; this process ends soon after the one it waits for.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))
    settings = json.loads(sys.stdin.buffer.read())
    os.write(sys.stdout.fileno(), b"!")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    _find_collection(settings["collections"])
    _wait_for_end(settings["pid"], settings["start"], settings["pidfd"])
    _revoke_or_say(settings)


if __name__ == "__main__":
    main()
