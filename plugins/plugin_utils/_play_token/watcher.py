# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the process that revokes a run's play tokens after the run is gone. Private to this collection."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from contextlib import ExitStack

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import watcher_process as play_token_watcher_process
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start

_PROMPT = 10.0  # seconds; a Python that takes longer to start counts as one that does not
# What the libraries need that send the revocation; the rest of the environment may hold secrets, which it does not need.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # where an OpenSSL, or a Python, is that the system does not find by itself
_NAMES = ("LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES")  # how the names of hosts are looked up
_OPENSSL = "OPENSSL_"  # its configuration, and where the modules and engines are that this names, such as a FIPS provider
_COLLECTIONS = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 5))


def start_watcher(ledger_path: str, key: bytes, main_pid: int) -> int | None:
    """Start it in a session of its own, with nothing inherited but the ledger.

    Args:
        ledger_path: the ledger of the run.
        key: the ledger's.
        main_pid: the process whose end it waits for.

    Returns:
        Its process id; None where it cannot be started.
    """
    with ExitStack() as stack:
        try:
            ledger = os.open(ledger_path, os.O_RDWR | os.O_APPEND)
            stack.callback(os.close, ledger)
            pidfd = _pidfd(main_pid)
            if pidfd is not None:
                stack.callback(os.close, pidfd)
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", os.path.abspath(play_token_watcher_process.__file__)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[ledger] if pidfd is None else [ledger, pidfd],
                start_new_session=True,
                cwd="/",
                env={name: value for name, value in os.environ.items() if _is_kept(name)},
            )
        except OSError:
            return None
        settings = {
            "ledger": ledger,
            "key": key.hex(),
            "pid": main_pid,
            "start": process_start(main_pid),
            "pidfd": pidfd,
            "path": [os.path.abspath(one) for one in sys.path],
            "collections": _COLLECTIONS,
        }
        return process.pid if _told(process, json.dumps(settings).encode()) else None


def _is_kept(name: str) -> bool:
    """Tell whether the watcher gets this variable of the environment."""
    return name in (*_KEPT, *_LIBRARIES, *_NAMES) or name.startswith(_OPENSSL) or name.lower().endswith("_proxy")


def _pidfd(pid: int) -> int | None:
    """Return a descriptor that tells when a process ends; None where there is no such thing (before Linux 5.3, elsewhere)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _told(process: subprocess.Popen[bytes], settings: bytes) -> bool:
    """Hand over the settings, and tell whether they came."""
    ready: object = b""
    if process.stdin and process.stdout:
        with contextlib.suppress(OSError), process.stdin, process.stdout:
            process.stdin.write(settings)
            process.stdin.close()
            ready = select.select([process.stdout], [], [], _PROMPT)[0] and process.stdout.read(1)
    if not ready:
        process.kill()
        process.wait()
    return bool(ready)
