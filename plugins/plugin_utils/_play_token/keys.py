# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run of Ansible this process belongs to, and which token of it is meant: keys and names. Private to this collection.

The main process and all of its workers have in common, in memory only, the key that Python's multiprocessing makes for each run.
"""

from __future__ import annotations

import hmac
import json
import multiprocessing
import os
from collections.abc import Mapping
from typing import Any


def run_key(purpose: str = "key of the ledger") -> bytes:
    """Return a key of 32 bytes that only the processes of this run have, another one for each purpose."""
    return hmac.digest(bytes(multiprocessing.current_process().authkey), f"latchkey.tokens: {purpose}".encode(), "sha256")


def identity(options: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return a name for a set of options that tells it from every other one, and does not tell what is in it.

    Args:
        options: all options that have a say in which token one gets.
        environment: environment variables; those of the platform count as well.
    """
    prefix = f"{options.get('platform')}_".upper()
    context = {name: value for name, value in environment.items() if name.startswith(prefix)}
    return run_key(json.dumps([dict(options), context], sort_keys=True)).hex()


def main_process() -> int:
    """Return the id of the main process of the run: this one, or the one that this worker was forked from."""
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def is_orphan() -> bool:
    """Tell whether the main process is gone; then no process is left that uses a token, or revokes it."""
    return main_process() not in (os.getpid(), os.getppid())
