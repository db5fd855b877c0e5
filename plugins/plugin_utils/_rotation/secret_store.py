# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all secret managers have in common as the store of a rotation: read, compare, write, compare again. Private.

A manager compares the version of a secret as a whole, the engine the marks of its parts. So a write reads, compares the marks, and writes
on the condition that the version is still the one that it read; where it is not, it begins again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    Change,
    ChangedMeanwhileError,
    Expected,
    Held,
    NothingRotatedError,
    Written,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import SecretContent, changed, held_in, version_of

_TRIES = 5
_PAUSE = 0.25  # seconds between two reads of what must be there already
_LOOKS = 40  # such reads, so 10 seconds of them
Sleep = Callable[[float], None]


class StoreError(LatchkeyError):
    """A secret manager refused, or did not answer.

    Args:
        message, hint: as for LatchkeyError.
        may_have_acted: whether it may have done what was asked although no answer said so.
    """

    def __init__(self, message: str, hint: str = "", *, may_have_acted: bool = False) -> None:
        super().__init__(message, hint)
        self.may_have_acted = may_have_acted


class LostRaceError(Exception):
    """The secret has another version than the one that was read: nothing was written."""


class SecretStore(ABC):
    """A secret of a secret manager; see ports.Store. Subclasses say how a version is read and written.

    Args:
        where: what the secret is called, for people.
        keys: of the secret.
        how_to_create: what to do where there is no such secret, as a sentence.
        sleep: waits so many seconds.
    """

    noun = "store"

    def __init__(self, where: str, keys: Keys, how_to_create: str, sleep: Sleep = time.sleep) -> None:
        self.where = where
        self._keys = keys
        self._how_to_create = how_to_create
        self._sleep = sleep
        self._was_there = False

    @abstractmethod
    def _load(self) -> SecretContent | None:
        """Return the secret as it is; None where there is none. Raises LatchkeyError."""

    @abstractmethod
    def _save(self, content: SecretContent | None, data: dict[str, Any]) -> tuple[SecretContent, Sequence[str]]:
        """Write a new version, if the one that _load() returned last is still the newest.

        Returns:
            What the secret holds now, and warnings.

        Raises:
            LostRaceError: it is not the newest any more.
            LatchkeyError: it cannot be written.
        """

    @abstractmethod
    def _check_rights(self) -> None:
        """Find out whether the secret may be written, as far as the manager tells. Raises LatchkeyError."""

    def _refusal(self) -> tuple[str, str]:
        """Return why the secret that was read last is not for a rotation, and what to do; two empty texts where it is."""
        return "", ""

    @abstractmethod
    def close(self) -> None:
        """End the session at the manager, where there is one."""

    # ports.Store

    def read(self) -> Held:
        """See ports.Store. A secret that was never there is an error; one that is gone since is told as gone."""
        content = self._load()
        if content is None and not self._was_there:
            raise NothingRotatedError(f"There is no {self.where}, so nothing was rotated.", self._how_to_create)
        self._was_there = True
        return held_in(content, self._keys, self.where, *self._refusal())

    def try_write(self, change: Change, expected: Expected) -> None:
        """See ports.Store."""
        self._base(self._load(), expected, None)
        self._check_rights()

    def write(self, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        """See ports.Store."""
        for _try in range(_TRIES):
            content = self._load()
            data = changed(self._base(content, expected, if_gone), change, self._keys)
            try:
                saved, warnings = self._save(content, data)
            except LostRaceError:
                continue
            before = content.as_bytes() if content else None
            return Written(version_of(saved, self._keys, self.where), before, saved.as_bytes(), None, warnings)
        raise ChangedMeanwhileError(f"{self.where} is being changed all the time, so it was not written.", "Run again.")

    def _base(self, content: SecretContent | None, expected: Expected, if_gone: Written | None) -> SecretContent:
        """Return the content to change. Raises ChangedMeanwhileError where it is not as expected, LatchkeyError where there is none."""
        if content is None:
            if if_gone is None:
                raise LatchkeyError(f"There is no {self.where} any more, so it was not written.", self._how_to_create)
            content = SecretContent.from_bytes(if_gone.after)
        version = version_of(content, self._keys, self.where)
        names = self._keys.by_part()
        for part, marks in expected.items():
            if part in names and version[part] not in marks:
                raise ChangedMeanwhileError(
                    f"{self.where} was not written, since {names[part]} in it is not what it was when it was read.",
                    "Another run, or a hand, changed it meanwhile. Run again.",
                )
        return content

    def restore(self, before: bytes | None, after: bytes | None, mode: int | None) -> bool:
        """See ports.Store. The old content becomes a new version."""
        content = self._load()
        if before is None or (content.as_bytes() if content else None) != after:
            return False
        try:
            self._save(content, dict(SecretContent.from_bytes(before).data))
        except LostRaceError:
            return False
        return True

    # For subclasses

    def _until_new(self, look: Callable[[], Any], is_old: Callable[[Any], bool]) -> Any:
        """Look until what is seen is not older than what this run wrote: a manager of many machines may take a moment to agree.

        Raises:
            LatchkeyError: it still is, after ten seconds.
        """
        for _look in range(_LOOKS):
            seen = look()
            if not is_old(seen):
                return seen
            self._sleep(_PAUSE)
        raise LatchkeyError(f"{self.where} is still told as it was before this run wrote it.", "Run again.")
