# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a store are called in it. Private. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import OLD_VALUE

STATE = "_rotation"  # what the name of a credential and that of its state differ by


@dataclass(frozen=True)
class Names:
    """What the variables are called in a vars file; client_id is empty where the file does not hold one."""

    value: str
    client_id: str = ""
    _between: ClassVar[str] = "."  # the old credential is a part of the state there

    @property
    def state(self) -> str:
        """The name of the rotation's state."""
        return f"{self.value}{STATE}"

    @property
    def old_value(self) -> str:
        """Where the old credential is kept until the new one is proved."""
        return f"{self.state}{self._between}{OLD_VALUE}"

    def by_part(self) -> dict[str, str]:
        """Return the names of those of PARTS that the store holds."""
        parts = {"value": self.value, "state": self.state, "old_value": self.old_value, "client_id": self.client_id}
        return {part: name for part, name in parts.items() if name}


class Keys(Names):
    """What the keys are called in a secret of a secret manager, which is flat."""

    _between = "_"
