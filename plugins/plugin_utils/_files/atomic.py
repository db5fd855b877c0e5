# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and replace one file so that no writer loses another's change and no reader ever sees half a file.

Touches the file, a temporary file beside it that exists only while it is written, and on request a backup beside it. The lock is
a flock on the file's own inode, so nothing is left behind. Who takes no lock, such as an editor, is noticed until the instant before
the new content is put in place. Content is written as given: callers pass ciphertext, never clear text.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import re
import secrets
import stat
import time
from collections.abc import Iterator

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.private_file import resolved
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.flock import is_at, try_lock
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.lock_holder import holder

_POLL_SECONDS = 0.05
_BY_EFFECTIVE_ID = os.access in os.supports_effective_ids
_CAUSES = {
    errno.EACCES: ("permission is denied", "Grant the user that runs Ansible write access to the file and its directory."),
    errno.EPERM: (
        "the operation is not permitted",
        "Run as its owner; in a directory with the sticky bit only that user may.",
    ),
    errno.EROFS: ("the file system is read-only", "Mount it writable."),
    errno.ENOSPC: ("the disk is full", "Free some space."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space."),
    errno.EIO: ("the disk failed (input/output error)", "Check the disk."),
    errno.EFBIG: ("it would be larger than this process may write", "Raise the limit of file sizes (ulimit -f)."),
    errno.EBUSY: ("it is a mount point, which cannot be replaced", "Mount its directory instead of the file."),
    errno.ENOENT: ("the directory does not exist", "Create the directory first."),
    errno.ENOTDIR: ("a part of the path is not a directory", "Correct the path."),
    errno.EISDIR: ("it is not a regular file", "Name a file."),
    errno.ELOOP: ("its symbolic links form a loop", "Correct the link."),
    errno.ENOLCK: ("its file system has no locks", "Keep the file on a file system that supports flock."),
    errno.EOPNOTSUPP: ("its file system has no locks", "Keep the file on a file system that supports flock."),
}


class ChangedError(Exception):
    """Somebody who takes no lock has made, changed, moved or deleted the file meanwhile: start over with what is there now."""


def sha256(data: bytes) -> str:
    """The checksum of a file's content."""
    return hashlib.sha256(data).hexdigest()


def read(path: str) -> bytes | None:
    """The content of a regular file, or None when there is none."""
    with _explained(path, "read"):
        fd = _open(resolved(path))
        if fd is None:
            return None
        try:
            return _read_all(fd)
        finally:
            os.close(fd)


def is_writable(path: str) -> bool:
    """Whether replace would be allowed to put a new content in place of this file, or create it."""
    target = os.path.realpath(path)
    if not os.access(os.path.dirname(target), os.W_OK | os.X_OK, effective_ids=_BY_EFFECTIVE_ID):
        return False
    try:
        status = os.stat(target)
    except OSError as error:
        return error.errno == errno.ENOENT
    if not (stat.S_ISREG(status.st_mode) and os.access(target, os.R_OK, effective_ids=_BY_EFFECTIVE_ID)):
        return False
    return os.geteuid() == 0 or _may_replace(status, os.stat(os.path.dirname(target)))


def _may_replace(file: os.stat_result, directory: os.stat_result) -> bool:
    """Whether this user, who is not root, may put a file of the same group in place of another."""
    if directory.st_mode & stat.S_ISVTX and os.geteuid() not in (file.st_uid, directory.st_uid):
        return False
    given = {directory.st_gid} if directory.st_mode & stat.S_ISGID else set()
    return file.st_gid in {*given, os.getegid(), *os.getgroups()}


class LockedFile:
    """A file that nobody else replaces as long as the lock is held. Made by locked()."""

    def __init__(self, path: str, target: str, fd: int | None) -> None:
        self._path = path
        self._target = target
        self._fds = [] if fd is None else [fd]
        self._seen = None if fd is None else _read_all(fd)
        self.exists = fd is not None
        self.given_up_owner = ""  # whose the file was, when it could not stay that user's

    @property
    def mode(self) -> int | None:
        """The file's permission bits, None when it does not exist."""
        return os.fstat(self._fds[-1]).st_mode & 0o777 if self._fds else None

    @property
    def other_names(self) -> int:
        """How many hard links the file has beside this one; they keep the old content when it is replaced."""
        return max(0, os.fstat(self._fds[-1]).st_nlink - 1) if self._fds else 0

    def read(self) -> bytes | None:
        """The content now, or None when the file does not exist."""
        with _explained(self._path, "read"):
            if not self._fds:
                return None
            self._seen = _read_all(self._fds[-1])
            return self._seen

    def replace(self, data: bytes, mode: int | None = None, *, or_overwrite: bool = False) -> None:
        """Put this content in place in one step, and prove that it is there.

        Args:
            mode: of a file that is created; an existing file keeps its mode, group and extended attributes, and its owner unless
                only root could give it to that user.
            or_overwrite: where there is no room for a second file, write over the content that is there. A kill in that instant
                leaves half of each, so this is only for a file whose old content nobody needs.

        Raises:
            ChangedError: the file is no longer the one that was read.
            VarsFileError: it cannot be written, or not without giving its group up.
        """
        try:
            self._replace(data, mode)
        except VarsFileError:
            if not (or_overwrite and self.exists):
                raise
            with _explained(self._path, "write"):
                if os.fstat(self._fds[-1]).st_size < len(data):
                    raise
                _overwrite(self._fds[-1], data)
        with _explained(self._path, "write"):
            stored = read(self._path)
        if stored != data:
            raise VarsFileError(f"{self._path} does not hold what was written to it.", "Another program writes it without a lock; find it.")
        self._seen = data

    def _replace(self, data: bytes, mode: int | None) -> None:
        folder, name = os.path.split(self._target)
        temporary = os.path.join(folder, f".{name[:200]}.{secrets.token_hex(8)}.tmp")
        if self.exists and len(name) <= 200:
            _remove_leftovers(folder, name)
        with _explained(self._path, "write"):
            fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # Kept open and locked until the end: this is the inode that others find from now on.
            self._fds.append(fd)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                _write_all(fd, data)
                if self.exists:
                    self.given_up_owner = _copy_attributes(self._fds[-2], fd, self._path)
                else:
                    os.fchmod(fd, 0o600 if mode is None else mode)
                os.fsync(fd)
                if self.exists:
                    self._refuse_changed(self._fds[-2])
                    os.replace(temporary, self._target)
                else:
                    # Unlike a rename, a link never clobbers what has appeared meanwhile.
                    os.link(temporary, self._target)
                    os.unlink(temporary)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                os.close(self._fds.pop())
                # Who has made the file meanwhile may have taken our temporary one for that of a killed writer.
                if isinstance(error, (FileExistsError, FileNotFoundError)) and not self.exists:
                    raise ChangedError from None
                raise
            self.exists = True
            _sync_folder(folder)

    def _refuse_changed(self, fd: int) -> None:
        # Times do not tell: two writes may fall into one tick of the file system's clock, and tools set times.
        if _read_all(fd) != self._seen or os.path.realpath(self._path) != self._target or not is_at(fd, self._target):
            raise ChangedError

    def set_mode(self, mode: int) -> None:
        """Change the file's permission bits."""
        with _explained(self._path, "write"):
            os.fchmod(self._fds[-1], mode)

    def remove(self) -> None:
        """Delete the file. Raises ChangedError when it is no longer the one that was read."""
        with _explained(self._path, "remove"):
            if self._fds:
                self._refuse_changed(self._fds[-1])
            os.unlink(self._target)
            self.exists = False
            _sync_folder(os.path.dirname(self._target))

    def back_up(self) -> str:
        """Copy the file, with its mode and owner, to a new name beside it, and return that name."""
        stamp = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime())
        name = f"{self._target}.{os.getpid()}.{stamp}~"
        if os.path.lexists(name):
            name = f"{self._target}.{os.getpid()}.{stamp}.{secrets.token_hex(4)}~"
        with _explained(self._path, "back up"):
            fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _write_all(fd, _read_all(self._fds[-1]))
                _copy_attributes(self._fds[-1], fd, name)
                os.fsync(fd)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
            finally:
                os.close(fd)
        return name

    def close(self) -> None:
        """Let go of the lock."""
        while self._fds:
            os.close(self._fds.pop())


@contextlib.contextmanager
def locked(path: str, timeout: float = 30.0) -> Iterator[LockedFile]:
    """Hold the lock of a file; a symbolic link is followed. A file that does not exist cannot be locked: replace tells."""
    deadline = time.monotonic() + timeout
    with _explained(path, "lock"):
        file = _lock(path, deadline)
    if file is None:
        who = holder(os.path.realpath(path)) or "another process"
        raise VarsFileError(f"{path} is locked by {who} for more than {timeout:g} s.", "Wait for it to end, then try again.")
    try:
        yield file
    finally:
        file.close()


def _lock(path: str, deadline: float) -> LockedFile | None:
    while True:
        target = resolved(path)
        fd = _open(target)
        if fd is None:
            return LockedFile(path, target, None)
        try:
            while not try_lock(fd):
                if time.monotonic() >= deadline:
                    return None
                time.sleep(_POLL_SECONDS)
            # Whoever held the lock may have put another inode in place.
            if target == os.path.realpath(path) and is_at(fd, target):
                file = LockedFile(path, target, fd)
                fd = -1
                return file
        finally:
            if fd >= 0:
                os.close(fd)


def _open(target: str) -> int | None:
    """Open a regular file; None when there is none."""
    flags = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        try:
            # Network file systems grant an exclusive lock only to writers.
            fd = os.open(target, os.O_RDWR | flags)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            fd = os.open(target, os.O_RDONLY | flags)
    except FileNotFoundError:
        if os.path.isdir(os.path.dirname(target)):
            return None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise IsADirectoryError(errno.EISDIR, "not a regular file")
    return fd


def _read_all(fd: int) -> bytes:
    parts, offset = [], 0
    while part := os.pread(fd, 1 << 20, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _overwrite(fd: int, data: bytes) -> None:
    """Write over a file's content, which may not be shorter: the disk gave it that room already."""
    view, offset = memoryview(data), 0
    while offset < len(data):
        offset += os.pwrite(fd, view[offset:], offset)
    os.ftruncate(fd, len(data))
    os.fsync(fd)


def _copy_attributes(source: int, target: int, path: str) -> str:
    """Give a new file the owner, group, mode and extended attributes (such as ACLs and SELinux labels) of an old one.

    Returns:
        The name of the owner where the new file could not be given to that user, which only root can; else an empty text.

    Raises:
        VarsFileError: it cannot have the group. Then it could be read by others than before.
    """
    old, new = os.fstat(source), os.fstat(target)
    owner = ""
    if old.st_uid != new.st_uid:
        try:
            os.fchown(target, old.st_uid, -1)
        except PermissionError:
            owner = _name_of(old.st_uid)
    if old.st_gid != new.st_gid:
        refused = False
        try:
            os.fchown(target, -1, old.st_gid)
        except PermissionError:
            refused = True
        if refused:
            problem = f"{path} cannot be written: a new file could not keep the group (gid {old.st_gid})"
            raise VarsFileError(f"{problem}.", "Run as a member of that group, or make the directory a setgid one of that group.")
    os.fchmod(target, stat.S_IMODE(old.st_mode))
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                with contextlib.suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))
    return owner


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def _remove_leftovers(folder: str, name: str) -> None:
    """Delete the temporary files of writers that were killed.

    Under the file's lock no other writer needs one, but for one that found no file, and so had nothing to lock: it tries again.
    """
    pattern = re.compile(re.escape(f".{name}.") + r"[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):
        for found in os.listdir(folder):
            if pattern.fullmatch(found):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, found))


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _explained(path: str, action: str) -> Iterator[None]:
    """Turn an OSError into a sentence."""
    try:
        yield
    except OSError as error:
        default = ((error.strerror or type(error).__name__).lower(), "")
        cause, hint = _CAUSES.get(error.errno or 0, default)
        raise VarsFileError(f"{path} cannot be {_PAST[action]}: {cause}.", hint) from error


_PAST = {"read": "read", "write": "written", "remove": "removed", "back up": "backed up", "lock": "locked"}
