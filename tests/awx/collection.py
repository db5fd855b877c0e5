# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, unmodified, for tests: from the package ansible, which is where a package index has them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = "ansible==11.13.0"  # brings awx.awx 24.6.1, community.hashi_vault 6 and amazon.aws 9; 60 MB, of which 8 MB are kept
_PARTS = tuple(f"ansible_collections/{one}/" for one in ("awx/awx", "community/hashi_vault", "amazon/aws"))


def packaged_collections() -> Path:
    """Return the path of these collections, which are downloaded once for all test runs of this checkout."""
    target = ROOT / ".cache" / "awx"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete, wanted = target / "complete", " ".join((_PACKAGE, *_PARTS))
        if not complete.exists() or complete.read_text() != wanted:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target), _PACKAGE]
            environment = {**os.environ, "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"), "PIP_NO_CACHE_DIR": "1"}
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=280)
            (wheel,) = target.glob("ansible-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target, [name for name in archive.namelist() if name.startswith(_PARTS)])
            wheel.unlink()
            complete.write_text(wanted)
    return target
