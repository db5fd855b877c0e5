# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection awx.awx, unmodified, for tests: from the package ansible, which is where a package index has it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = "ansible==11.13.0"  # brings awx.awx 24.6.1; 60 MB, of which 1 MB is kept
_PART = "ansible_collections/awx/awx/"


def awx_collection() -> Path:
    """Return the path of collections with awx.awx, which is downloaded once for all test runs of this checkout."""
    target = ROOT / ".cache" / "awx"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "complete").exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target), _PACKAGE]
            environment = {**os.environ, "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"), "PIP_NO_CACHE_DIR": "1"}
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=280)
            (wheel,) = target.glob("ansible-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target, [name for name in archive.namelist() if name.startswith(_PART)])
            wheel.unlink()
            (target / "complete").touch()
    return target
