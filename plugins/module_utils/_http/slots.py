# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""At most so many requests at a time to one appliance, over all processes of a user on a machine. Private to this collection.

A request needs a place, and a place is a file that it locks: the kernel unlocks it when the process ends, however it ends. Nobody
waits in a queue; who needs a place looks again and again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import random
import stat
import tempfile
import time
from collections.abc import Iterator

from .._common.errors import LatchkeyError

_LONGEST_PAUSE = 0.04  # seconds between two looks


class NoPlaceError(Exception):
    """No place became free in time."""


class RequestPlaces:
    """The places at one appliance.

    Args:
        appliance: its host and port.
        count: how many places there are.
        patience: seconds to wait for one.
    """

    def __init__(self, appliance: str, count: int, patience: float) -> None:
        self._appliance = appliance
        self._count = count
        self._patience = patience

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Have a place as long as the block lasts.

        Raises:
            NoPlaceError: there was none in time.
            LatchkeyError: places cannot be counted on this machine.
        """
        held = self._wait()
        try:
            yield
        finally:
            os.close(held)

    def _wait(self) -> int:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                held = self._take()
            except OSError as failure:
                raise _uncountable(f"{failure.filename or _folder()} cannot be locked ({failure.strerror})") from None
            if held is not None:
                return held
            if time.monotonic() >= deadline:
                raise NoPlaceError
            time.sleep(random.uniform(0.25, 1.0) * _LONGEST_PAUSE)  # noqa: S311  (to be out of step with the others, not secrecy)

    def _take(self) -> int | None:
        """Lock one of the files and return it; None when others have them all."""
        stem = os.path.join(_private_folder(), hashlib.sha256(self._appliance.lower().encode()).hexdigest()[:32])
        first = random.randrange(self._count)  # noqa: S311  (to begin elsewhere than the others, not secrecy)
        for number in itertools.chain(range(first, self._count), range(first)):
            file = os.open(f"{stem}.{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            except BaseException:
                os.close(file)
                raise
            else:
                return file
        return None


def _folder() -> str:
    return os.path.join(tempfile.gettempdir(), f"latchkey.tokens-{os.getuid()}")


def _private_folder() -> str:
    """Return the directory of the files, made when it is missing. Others may write beside it, so it must be ours alone."""
    directory = _folder()
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise _uncountable(f"{directory} is not a directory that only this user may enter")
    return directory


def _uncountable(why: str) -> LatchkeyError:
    return LatchkeyError(
        f"max_parallel_requests: requests cannot be counted, since {why}; nothing was sent.",
        "Fix that, or set TMPDIR to a directory that all runs share, or leave the option out.",
    )
