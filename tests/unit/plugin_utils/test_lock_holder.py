# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lock. Looks at this process, and touches only pytest's temporary folder."""

from __future__ import annotations

import builtins
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.lock_holder import holder

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="no /proc/locks here")


def test_the_holder_is_named_by_its_program_only(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    assert holder(str(path)) == ""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        program = Path("/proc/self/comm").read_text().strip()
        assert holder(str(path)) == f"process {os.getpid()} ({program})"
        assert holder(str(tmp_path / "other")) == ""
    assert holder(str(path)) == ""


def test_a_file_system_with_two_device_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, locks = tmp_path / "v", tmp_path / "locks"
    path.write_bytes(b"")
    inode = path.stat().st_ino
    locks.write_text(f"1: POSIX ADVISORY WRITE 1 ff:ff:{inode} 0 EOF\n1: -> FLOCK ADVISORY WRITE 1 ff:ff:{inode} 0 EOF\n")
    real = builtins.open

    def opened(name: Any, *arguments: Any, **more: Any) -> Any:
        return real(locks if name == "/proc/locks" else name, *arguments, **more)

    monkeypatch.setattr(builtins, "open", opened)
    assert holder(str(path)) == ""
    with locks.open("a") as file:
        file.write(f"2: FLOCK ADVISORY WRITE {os.getpid()} ff:ff:{inode} 0 EOF\n")
    assert holder(str(path)) == ""  # it has another file of this number on another disk
    with path.open("rb"):
        assert holder(str(path)).startswith(f"process {os.getpid()} (")


def test_where_nobody_can_tell(tmp_path: Path) -> None:
    assert holder(str(tmp_path / "none")) == ""
