# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option of the role that is a dictionary and says how to reach another product; the environment fills in. Private."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError


class DictionaryOption:
    """What a user wrote there; blank counts as not written.

    Args:
        name: the variable of the role, for errors.
        written: its value.
        environment: environment variables.
        variables: for some names, the environment variables that are asked where the name is not written, the first one that is set.

    Attributes:
        texts: by name, what was written as text, or what the environment has.
    """

    def __init__(
        self, name: str, written: Mapping[str, Any], environment: Mapping[str, str], variables: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._name = name
        self._timeout = written.get("timeout")
        self._variables = variables or {}
        found = {key: next((environment[one] for one in names if environment.get(one)), None) for key, names in self._variables.items()}
        texts = {key: _text(value) or _text(found.get(key)) for key, value in {**found, **written}.items()}
        self.texts: dict[str, str] = {key: text for key, text in texts.items() if text and key != "timeout"}

    def needed(self, name: str, advice: str = "Set it.") -> str:
        """Return what was written there. Raises OptionError where nothing was, and nothing is in the environment."""
        if name not in self.texts:
            also = "".join(f", and neither is {one}" for one in self._variables.get(name, ()))
            raise self.error(f"{name} is not set{also}.", advice)
        return self.texts[name]

    def endpoint(self, name: str, default_port: int, advice: str = "Set it.") -> Endpoint:
        """Return where the product is. Raises OptionError where nothing is written there, or no endpoint."""
        return Endpoint.parse(self.needed(name, advice), default_port, f"{self._name}: {name}")

    def ca_path(self, path: Callable[[str], str]) -> str:
        """Return where the certificates to trust are; empty for those of the system.

        Args:
            path: makes a path on the controller of what was written.

        Raises:
            OptionError: there is nothing.
        """
        written = self.texts.get("ca_path", "")
        found = path(written) if written else ""
        if found and not os.path.exists(found):
            names = ["ca_path", *self._variables.get("ca_path", ())]
            raise self.error(f"there is no {found} with certificates to trust.", f"Check {', '.join(names)}.")
        return found

    def timeout(self, default: float) -> float:
        """Return the time-out that was written, in seconds, or the default. Raises OptionError where it is not more than nothing."""
        seconds = default if self._timeout is None else float(self._timeout)
        if not 0 < seconds < math.inf:
            raise self.error(f"timeout {seconds:g} is not a number of seconds.", "It must be more than 0.")
        return seconds

    def error(self, message: str, advice: str = "") -> OptionError:
        """Return the error that names the variable."""
        return OptionError(f"{self._name}: {message}", advice)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
