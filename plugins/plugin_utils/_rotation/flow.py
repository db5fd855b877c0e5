# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a way to rotate is to the engine, and what all ways have in common. Private."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.delivery import Delivery
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.publishing import Publishing

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.undo import Undo

undo_of: OnDemand[[Context], Undo] = OnDemand("plugin_utils._rotation.undo", "Undo")  # few rotations need it


class Flow(ABC):
    """One rotation, in one of the ways to rotate."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._record = context.record
        self._ports = context.ports
        self._publishing = Publishing(context)
        self._delivery = Delivery(context)

    @abstractmethod
    def change(self) -> bool:
        """Rotate up to the tasks of the user. True when there are such tasks, and complete() must follow once they went well."""

    @abstractmethod
    def complete(self) -> None:
        """Go on after the tasks of the user: to the sinks behind them, and to the end."""

    @abstractmethod
    def keep(self) -> None:
        """Do what is left of earlier runs where nothing is due, and prove the stored credential where that is wanted."""

    @abstractmethod
    def failed(self, failure: LatchkeyError) -> RotationFailedError:
        """Do what a failure of a later phase, or of the user's tasks, calls for, and return what the user is told."""

    @abstractmethod
    def standing(self, failure: LatchkeyError) -> str:
        """Return what is there after a failure that no way to rotate has told of, as the rest of a sentence about what is rotated."""

    @abstractmethod
    def current(self) -> Mapping[str, Any]:
        """Return id, minted_at and expires_at of the credential in the store, or of the one that was just stored."""

    @property
    @abstractmethod
    def old_id(self) -> str:
        """The id of the credential that goes once the new one is proved; empty where there is none."""

    def _read_to_prove(self) -> Held:
        """Return what the store holds now. Raises VarsFileError where it holds no credential any more."""
        held = self._ports.store.read()
        if not held.value:
            raise VarsFileError(
                f"{held.where} does not hold {self._context.settings.var} any more, since it was changed by hand meanwhile.", "Run again."
            )
        return held
