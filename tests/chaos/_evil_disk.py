# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to a vars file and the disk below it, as Python that the saboteur runs in the middle of a run, and as real mounts."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible

STEPS = ("before write", "half written", "before fsync", "before replace", "before link")  # the points at which the disk can fail


@dataclass(frozen=True)
class Error:
    """A way in which the disk fails, and the words for it."""

    number: int
    words: str

    @property
    def once(self) -> str:
        """Python that makes a step on the disk fail."""
        return f"raise OSError({self.number}, {os.strerror(self.number)!r})"

    @property
    def at_steps(self) -> str:
        """The same, at points of which some are requests: they go on."""
        return f"if event.startswith({STEPS!r}): {self.once}"


FULL_DISK = Error(errno.ENOSPC, "the disk is full")
ERRORS = (
    FULL_DISK,
    Error(errno.EROFS, "the file system is read-only"),
    Error(errno.EACCES, "permission is denied"),
    Error(errno.EIO, "the disk failed"),
    Error(errno.EDQUOT, "the disk quota is used up"),
    Error(errno.EFBIG, "it would be larger than this process may write"),
)


# What somebody else does to the file. The saboteur watches os.replace and os.write, so these use other calls.


def adds_a_line(path: Path) -> str:
    """As an editor that writes into the file itself."""
    return f"open({str(path)!r}, 'a').write('theirs: 1\\n')"


def puts_in_place(path: Path, content: bytes) -> str:
    """As git does with an older version: the file goes, and another one comes."""
    return f"import os; os.remove({str(path)!r}); open({str(path)!r}, 'wb').write({content!r})"


def deletes(path: Path) -> str:
    return f"import os; os.remove({str(path)!r})"


def moves_behind_a_link(path: Path) -> str:
    """As stow and git-annex do."""
    real = path.with_name("moved")
    return f"import os; os.rename({str(path)!r}, {str(real)!r}); os.symlink({real.name!r}, {str(path)!r})"


# Real disks, where the tests may mount one


def _mount(*arguments: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        pytest.skip(f"no mounts here: {done.stderr.strip()}")


@contextlib.contextmanager
def mounted(target: Path, *arguments: str) -> Iterator[Path]:
    """Mount something at a folder, or a file, for a while."""
    if not target.exists():
        target.mkdir()
    _mount(*arguments, str(target))
    try:
        yield target
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True, timeout=30)


def tmpfs(target: Path) -> contextlib.AbstractContextManager[Path]:
    """Mount a small disk of its own."""
    return mounted(target, "-t", "tmpfs", "-o", "size=128k", "latchkey-test")


def filling(folder: Path) -> str:
    """Python that fills a disk to the last byte."""
    return f"""
with open({str(folder / "filler")!r}, "ab", buffering=0) as filler:
    try:
        while filler.write(bytes(512)) == 512:
            pass
    except OSError:
        pass
"""


def remounting(folder: Path, how: str) -> str:
    """Python that makes a mounted folder read-only (ro) or writable (rw)."""
    return f"import subprocess; subprocess.run(['mount', '-o', 'remount,bind,{how}', {str(folder)!r}], check=True)"


def without_rights(ansible: Ansible) -> Ansible:
    """Return the same Ansible, for whom modes of files count also when the tests run as root."""
    if os.geteuid() != 0:
        return ansible
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv here, and modes of files do not bind root")
    folder = ansible.folder / "unprivileged"
    folder.mkdir()
    script = folder / "ansible-playbook"
    dropped = "--bounding-set=-dac_override,-dac_read_search"
    script.write_text(f'#!/bin/sh\nexec setpriv {dropped} "{ansible.bin}/ansible-playbook" "$@"\n')
    script.chmod(0o755)
    return Ansible(ansible.folder, ansible.collections, folder, {**ansible.environment, "PATH": f"{ansible.bin}:{os.environ['PATH']}"})


_HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "rb")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def lock_held(path: Path) -> Iterator[int]:
    """Let another process hold a file's lock; gives its id."""
    with subprocess.Popen([sys.executable, "-S", "-c", _HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        try:
            assert holder.stdout.readline()
            yield holder.pid
        finally:
            holder.stdin.close()


def takes_the_lock(path: Path, gate: Path) -> str:
    """Python that lets another process take a file's lock, and keep it until somebody has opened the gate, a named pipe, for writing."""
    code = _HOLDER.replace("sys.stdin.read()", "open(sys.argv[2]).read()")
    return f"""
import subprocess, sys
command = [sys.executable, "-S", "-c", {code!r}, {str(path)!r}, {str(gate)!r}]
holder = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
assert holder.stdout.readline()
"""
