# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings (`--set KEY=VALUE`): one for each behaviour that the vendor's public sources leave open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class SettingError(ValueError):
    """An unknown setting, or a value that the setting does not have."""


@dataclass(frozen=True)
class Setting:
    """One setting.

    `choices` lists the possible values; `<number>` and `<integer>` stand for any that is not negative, `<text>` for any text.
    """

    choices: tuple[str, ...]
    default: str
    why: str

    def accepts(self, value: str) -> bool:
        """Tell whether `value` is a possible value."""
        if self.choices == ("<text>",):
            return True
        if self.choices == ("<integer>",):
            return value.isascii() and value.isdigit()
        if self.choices == ("<number>",):
            return value.isascii() and value.replace(".", "", 1).isdigit()
        return value in self.choices


COMMON_SETTINGS: dict[str, Setting] = {
    "slow_seconds": Setting(("<number>",), "60", "how long the fault `slow` sleeps before the request goes on"),
}


class Settings:
    """The values in force: given ones over defaults."""

    def __init__(self, definitions: Mapping[str, Setting], given: Mapping[str, str]) -> None:
        for name, value in given.items():
            if name not in definitions:
                raise SettingError(f"unknown setting {name!r}; there are: {', '.join(sorted(definitions))}")
            if not definitions[name].accepts(value):
                raise SettingError(f"setting {name!r} cannot be {value!r}; choose from: {', '.join(definitions[name].choices)}")
        self._values = {name: given.get(name, definition.default) for name, definition in definitions.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def number(self, name: str) -> float:
        """Return a `<number>` setting."""
        return float(self._values[name])

    def integer(self, name: str) -> int:
        """Return a setting whose value is a whole number, such as an HTTP status."""
        return int(self._values[name])


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Turn `KEY=VALUE` strings into a dict.

    :raises SettingError: when one has no `=`.
    """
    given: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise SettingError(f"{assignment!r} is not KEY=VALUE")
        given[name.strip()] = value
    return given


def describe(definitions: Mapping[str, Setting]) -> str:
    """Return the settings as text, one per line: name, choices with the default starred, why."""
    lines = []
    for name, setting in sorted(definitions.items()):
        choices = " | ".join(f"{choice}*" if choice == setting.default else choice for choice in setting.choices)
        if setting.default not in setting.choices and setting.default:
            choices += f" (default {setting.default})"
        lines.append(f"{name:<24} {choices}\n{'':<24}   {setting.why}")
    return "\n".join(lines)
