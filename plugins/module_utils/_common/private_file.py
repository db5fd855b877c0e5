# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a file that only its owner may read, as a whole or not at all, and remove files. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Sequence

from .errors import LatchkeyError, OptionError

_MOST_LINKS = 40  # as in Linux


def check_writable(path: str, option: str) -> None:
    """Refuse a path that write_private could not write, before there is anything to write.

    Args:
        path: where the file goes, or is to be replaced; a symbolic link is followed, unless another user may have put it there.
        option: the option's name, for the error.

    Raises:
        OptionError: its directory is missing or not writable, it is not a regular file, or a link on the way is another user's.
    """
    target = resolved(path, option)
    directory = os.path.dirname(target)
    why = ""
    if not os.path.isdir(directory):
        why = f"there is no directory '{directory}'"
    elif not os.access(directory, os.W_OK | os.X_OK):
        why = f"the directory '{directory}' is not writable"
    elif os.path.lexists(target) and not os.path.isfile(target):
        why = "it is not a regular file"
    if why:
        raise OptionError(f"{option}: '{path}' cannot be written, {why}; nothing was created.", "Correct the path or its permissions.")


def resolved(path: str, option: str = "") -> str:
    """Return where a path leads through symbolic links, as the kernel follows them with fs.protected_symlinks.

    In a directory in which everyone may create files and no one may remove another's, such as /tmp, anyone may have put a link where a
    file is expected. The kernel (proc(5), may_follow_link in fs/namei.c) follows it only when it belongs to who follows it or to the
    owner of the directory. Writing beside what a link names bypasses that, so it is checked here, for every link on the way.

    Args:
        path: a path; what does not exist is left as it is.
        option: the option's name, for the error; empty where the path alone tells.

    Raises:
        OptionError: a link is another user's.
    """
    named = f"{option}: " if option else ""
    here, rest, links = "/", list(reversed(os.path.join(os.getcwd(), path).split("/"))), 0
    while rest:
        part = rest.pop()
        if part in ("", "."):
            continue
        if part == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, part)
        try:
            owner, target = os.lstat(step).st_uid, os.readlink(step)
        except OSError:  # no link, or not there, which opening it tells
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            return os.path.join(step, *reversed(rest))  # which cannot be opened
        directory = os.stat(here)
        is_shared = directory.st_mode & stat.S_ISVTX and directory.st_mode & stat.S_IWOTH
        if is_shared and owner not in (os.geteuid(), directory.st_uid):
            raise OptionError(
                f"{named}'{path}' is not used, since '{step}' is a symbolic link of another user in a directory that all may write to.",
                "Name a file in a directory of your own.",
            )
        here = "/" if target.startswith("/") else here
        rest += reversed(target.split("/"))
    return here


def write_private(path: str, text: str, option: str) -> None:
    """Put a text into a file of mode 0600, atomically.

    Args:
        path: where; what is there is replaced, through a symbolic link too.
        text: the content.
        option: the option's name, for the error.

    Raises:
        LatchkeyError: it could not be written; what was there is still there.
    """
    target = resolved(path, option)
    # Beside it, so that the replacement is atomic, and made anew with its mode, so that no one else ever reads it.
    draft = f"{target}.{secrets.token_hex(8)}.tmp"
    try:
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
            _sync_directory(os.path.dirname(target))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise
    except OSError as failure:
        raise LatchkeyError(f"{option}: '{path}' could not be written: {failure.strerror}.", "What was there is unchanged.") from None


def _sync_directory(directory: str) -> None:
    with contextlib.suppress(OSError):  # some file systems do not sync directories
        fd = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def remove_files(paths: Sequence[str], check_mode: bool) -> list[str]:
    """Remove those of these files that are there, and return their paths.

    Args:
        paths: the files.
        check_mode: True only tells.

    Raises:
        LatchkeyError: one of them could not be removed.
    """
    removed = []
    for path in paths:
        if os.path.lexists(path):
            try:
                if not check_mode:
                    os.unlink(path)
            except FileNotFoundError:
                continue
            except OSError as failure:
                raise LatchkeyError(f"'{path}' could not be removed: {failure.strerror}.", "Remove it by hand.") from None
            removed.append(path)
    return removed
