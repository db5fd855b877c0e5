# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a file that only its owner may read, as a whole or not at all, and remove files. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence

from ._errors import LatchkeyError, OptionError


def check_writable(path: str, option: str) -> None:
    """Refuse a path that write_private could not write, before there is anything to write.

    Args:
        path: where the file goes, or is to be replaced; a symbolic link is followed.
        option: the option's name, for the error.

    Raises:
        OptionError: its folder is missing or not writable, or it is not a regular file.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    why = ""
    if not os.path.isdir(folder):
        why = f"there is no folder '{folder}'"
    elif not os.access(folder, os.W_OK | os.X_OK):
        why = f"the folder '{folder}' is not writable"
    elif os.path.lexists(target) and not os.path.isfile(target):
        why = "it is not a regular file"
    if why:
        raise OptionError(f"{option}: '{path}' cannot be written, {why}; nothing was made.", "Correct the path or its permissions.")


def write_private(path: str, text: str, option: str) -> None:
    """Put a text into a file of mode 0600, atomically.

    Args:
        path: where; what is there is replaced, through a symbolic link too.
        text: the content.
        option: the option's name, for the error.

    Raises:
        LatchkeyError: it could not be written; what was there is still there.
    """
    target = os.path.realpath(path)
    # Beside it, so that the replacement is atomic, and made anew with its mode, so that nobody else ever reads it.
    draft = f"{target}.{secrets.token_hex(8)}.tmp"
    try:
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
            _sync_folder(os.path.dirname(target))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise
    except OSError as failure:
        raise LatchkeyError(f"{option}: '{path}' could not be written: {failure.strerror}.", "What was there is unchanged.") from None


def _sync_folder(folder: str) -> None:
    with contextlib.suppress(OSError):  # some file systems do not sync folders
        fd = os.open(folder, os.O_RDONLY)
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
