# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks, modes, links, and failures at every step of replacing a file. Touches only pytest's temporary folder."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file

COUNTER = """
import sys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
for _ in range(50):
    while True:
        try:
            with atomic_file.locked(sys.argv[1], 60) as file:
                file.replace(str(int(file.read() or b"0") + 1).encode())
                break
        except atomic_file.ChangedError:
            pass
"""


def replace(path: Path, data: bytes, **options: Any) -> None:
    with atomic_file.locked(str(path)) as file:
        file.replace(data, **options)


def test_who_makes_the_file_at_the_same_time_may_remove_the_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new"

    def link(temporary: str, target: str) -> None:
        path.write_bytes(b"of somebody else")
        os.unlink(temporary)
        raise FileNotFoundError(2, "No such file or directory", temporary)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(atomic_file.ChangedError):
        replace(path, b"ours")
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.parametrize("exists", [True, False])
def test_no_update_is_lost(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "counter"
    if exists:
        path.write_bytes(b"0")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    children = [subprocess.Popen([sys.executable, "-c", COUNTER, str(path)], env=environment) for _unused in range(2)]
    assert [child.wait(120) for child in children] == [0, 0]
    assert path.read_bytes() == b"100"
    assert os.listdir(tmp_path) == ["counter"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    with path.open("rb") as before:
        replace(path, b"new")
        assert before.read() == b"old"
    assert path.read_bytes() == b"new"


def test_mode_and_owner_stay(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 2345)
    status = path.stat()
    replace(path, b"new", mode=0o777)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (status.st_mode, status.st_uid, status.st_gid)
    assert after.st_ino != status.st_ino


@pytest.mark.parametrize(("mode", "expected"), [(None, 0o600), (0o644, 0o644), (0o640, 0o640)])
def test_mode_of_a_new_file(tmp_path: Path, mode: int | None, expected: int) -> None:
    before = os.umask(0o077)
    try:
        replace(tmp_path / "v", b"new", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "v").stat().st_mode & 0o7777 == expected


def test_the_temporary_file_is_private_and_in_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    path.chmod(0o644)
    seen = []

    def write_all(fd: int, data: bytes) -> None:
        seen.append((os.readlink(f"/proc/self/fd/{fd}"), os.fstat(fd).st_mode & 0o7777))
        os.write(fd, data)

    monkeypatch.setattr(atomic_file, "_write_all", write_all)
    replace(path, b"new")
    assert [(os.path.dirname(name), mode) for name, mode in seen] == [(str(tmp_path), 0o600)]


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_stays_a_link(tmp_path: Path, dangling: bool) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    if not dangling:
        (folder / "v").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("real/v")
    replace(link, b"new")
    assert link.is_symlink()
    assert (folder / "v").read_bytes() == b"new"
    assert not (folder / "v").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("function", ["fsync", "write", "fchmod", "replace", "link", "fcntl"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, exists: bool, error: BaseException
) -> None:
    if function == ("link" if exists else "replace"):
        pytest.skip("not used here")
    path = tmp_path / "v"
    if exists:
        path.write_bytes(b"old")

    def fail(*_arguments: object) -> None:
        raise error

    with atomic_file.locked(str(path)) as file:
        with monkeypatch.context() as patch:
            patch.setattr(*((fcntl, "flock") if function == "fcntl" else (os, function)), fail)
            with pytest.raises((VarsFileError, KeyboardInterrupt)) as caught:
                file.replace(b"new")
        if isinstance(error, OSError):
            assert str(caught.value) == f"{path} cannot be written: the disk is full. Free some space."
        assert os.listdir(tmp_path) == (["v"] if exists else [])
        assert file.read() == (b"old" if exists else None)
        # It still works afterwards.
        file.replace(b"newer")
    assert path.read_bytes() == b"newer"


def test_a_file_that_appears_is_not_clobbered(tmp_path: Path) -> None:
    path = tmp_path / "v"
    with atomic_file.locked(str(path)) as file:
        path.write_bytes(b"theirs")
        with pytest.raises(atomic_file.ChangedError):
            file.replace(b"ours")
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["v"]


@pytest.mark.parametrize("how", ["written to", "written to at the same time", "replaced", "deleted", "moved"])
def test_a_foreign_change_before_the_new_content_is_in_place_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path, other = tmp_path / "v", tmp_path / "other"
    path.write_bytes(b"old")
    fsync = os.fsync

    def late(fd: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        if how == "written to":
            path.write_bytes(b"their")
        elif how == "written to at the same time":  # within one tick of the file system's clock, or by a program that sets times
            times = path.stat()
            path.write_bytes(b"new")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        elif how == "replaced":
            other.write_bytes(b"old")
            other.rename(path)
        elif how == "deleted":
            path.unlink()
        else:
            path.rename(other)
            path.symlink_to(other)

    monkeypatch.setattr(os, "fsync", late)
    with pytest.raises(atomic_file.ChangedError):
        replace(path, b"ours")
    assert path.exists() == (how != "deleted")
    theirs = {"written to": b"their", "written to at the same time": b"new"}
    assert how == "deleted" or path.read_bytes() == theirs.get(how, b"old")
    assert path.is_symlink() == (how == "moved")
    assert [one for one in os.listdir(tmp_path) if one.endswith(".tmp")] == []


def test_a_file_that_was_only_touched_is_not_a_changed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    fsync = os.fsync

    def late(fd: int) -> None:
        os.utime(path, ns=(1, 1))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", late)
    replace(path, b"ours")
    assert path.read_bytes() == b"ours"


def test_a_file_that_was_changed_meanwhile_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    with atomic_file.locked(str(path)) as file:
        file.read()
        path.write_bytes(b"new")
        with pytest.raises(atomic_file.ChangedError):
            file.remove()
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("room", [100, 3, 2])
def test_where_there_is_no_room_for_a_second_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"x" * room)

    def full(_fd: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with atomic_file.locked(str(path)) as file:
        with pytest.raises(VarsFileError, match="the disk is full"):
            file.replace(b"new")
        if room < 3:
            with pytest.raises(VarsFileError, match="the disk is full"):
                file.replace(b"new", or_overwrite=True)
            assert path.read_bytes() == b"xx"
        else:
            file.replace(b"new", or_overwrite=True)
            assert file.read() == path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["v"]


def test_a_foreign_change_right_after_the_write_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    monkeypatch.setattr(atomic_file, "_sync_folder", lambda _folder: path.write_bytes(b"theirs"))
    with pytest.raises(VarsFileError, match="does not hold what was written"):
        replace(path, b"new")


def test_waiting_for_a_lock_ends(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        began = time.monotonic()
        with (
            pytest.raises(VarsFileError, match=rf"v is locked by process {os.getpid()} \(.+\) for more than 0\.2 s\. Wait"),
            atomic_file.locked(str(path), 0.2),
        ):
            pass
        assert 0.2 <= time.monotonic() - began < 60
    with atomic_file.locked(str(path), 0):
        pass


def test_the_new_file_is_locked_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "v"
    with atomic_file.locked(str(path)) as file:
        for data in (b"1", b"2"):
            file.replace(data)
            assert file.read() == data
            with pytest.raises(VarsFileError, match="is locked"), atomic_file.locked(str(path), 0):
                pass


def test_sentences(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_bytes(b"")
    cases = {
        tmp_path: "it is not a regular file",
        tmp_path / "fifo": "it is not a regular file",
        tmp_path / "none" / "v": "the directory does not exist",
        tmp_path / "file" / "v": "a part of the path is not a directory",
        tmp_path / "loop": "its symbolic links form a loop",
    }
    for path, cause in cases.items():
        with pytest.raises(VarsFileError) as caught:
            replace(path, b"x")
        assert str(caught.value).startswith(f"{path} cannot be locked: {cause}. ")
        with pytest.raises(VarsFileError, match=cause):
            atomic_file.read(str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        assert not atomic_file.is_writable(str(tmp_path / "v"))
        with pytest.raises(VarsFileError, match="permission is denied"):
            replace(tmp_path / "v", b"new")
    finally:
        tmp_path.chmod(0o700)


def test_writable(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"old")
    assert atomic_file.is_writable(str(tmp_path / "v"))
    assert atomic_file.is_writable(str(tmp_path / "new"))
    assert not atomic_file.is_writable(str(tmp_path))
    assert not atomic_file.is_writable(str(tmp_path / "none" / "v"))


MEMBER = """
import os, sys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
path, group, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
import encodings.idna, pwd
os.setgroups([group]); os.setgid(user); os.setuid(user)
print(atomic_file.is_writable(path))
try:
    with atomic_file.locked(path) as file:
        file.replace(b"new")
        print(file.given_up_owner)
except Exception as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
@pytest.mark.parametrize(
    ("file", "directory", "expected"),
    [
        ((0, 4242, 0o660), (0, 4242, 0o2770), "changed"),  # a setgid directory of the group
        ((0, 4242, 0o640), (0, 4242, 0o2770), "changed"),  # as for lineinfile, what counts is the directory
        ((0, 4242, 0o660), (0, 4242, 0o770), "changed"),  # a new file has the user's own group first
        ((4343, 4242, 0o600), (0, 4242, 0o770), "kept"),
        ((0, 4444, 0o644), (0, 4242, 0o770), "the group"),
        ((0, 4444, 0o644), (0, 4444, 0o2777), "changed"),  # a group that is not the user's, but comes from the directory
        ((0, 4242, 0o660), (0, 4242, 0o3770), "not permitted"),
        ((0, 4242, 0o660), (0, 4242, 0o750), "permission is denied"),
    ],
)
def test_a_group_member_may_change_what_the_system_lets_him(
    tmp_path: Path, file: tuple[int, int, int], directory: tuple[int, int, int], expected: str
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    path = shared / "v"
    path.write_bytes(b"old")
    for one, (owner, group, mode) in ((path, file), (shared, directory)):
        os.chown(one, owner, group)
        os.chmod(one, mode)
    for parent in (tmp_path, *tmp_path.parents):
        parent.chmod(parent.stat().st_mode | 0o005)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", MEMBER, str(path), "4242", "4343"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    writable, said = run.stdout.splitlines()
    changed = expected in ("changed", "kept")
    assert (path.read_bytes(), writable) == ((b"new", "True") if changed else (b"old", "False"))
    now = path.stat()
    assert (now.st_gid, now.st_mode & 0o7777) == file[1:]
    assert now.st_uid == (4343 if changed else file[0])
    assert os.listdir(shared) == ["v"]
    if changed:
        assert said == ("root" if expected == "changed" else "")
    else:
        assert expected in said or "permission is denied" in said


def test_a_backup_is_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with atomic_file.locked(str(path)) as file:
        names = [file.back_up(), file.back_up()]
        file.replace(b"new")
    assert len(set(names)) == 2
    for name in names:
        assert Path(name).read_bytes() == b"old"
        assert Path(name).stat().st_mode & 0o7777 == 0o640
        assert Path(name).name.startswith("v.")


def test_extended_attributes_stay(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes here")
    replace(path, b"new")
    assert os.getxattr(path, "user.note") == b"kept"


def test_a_link_of_another_user_in_a_shared_directory_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See fs.protected_symlinks in proc(5)."""
    (tmp_path / "vars.yml").write_text("a: 1\n")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link.yml").symlink_to(tmp_path / "vars.yml")
    shared.chmod(0o1777)
    real = os.lstat

    def lstat(path: Any, *arguments: Any, **more: Any) -> os.stat_result:
        found = real(path, *arguments, **more)
        return os.stat_result([*found[:4], 4711, *found[5:]]) if str(path).endswith("link.yml") else found

    monkeypatch.setattr(os, "lstat", lstat)
    with pytest.raises(OptionError, match=r"link\.yml' is a symbolic link of another user"):
        atomic_file.read(str(shared / "link.yml"))
    with pytest.raises(OptionError, match=r"link\.yml' is a symbolic link of another user"):
        replace(shared / "link.yml", b"b: 2\n")
