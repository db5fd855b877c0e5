# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options of the lookup play_token were given, and whether each can be what it is. Private to this collection. Pure functions.

Ansible checks a plugin's options less strictly than a module's: any text counts as a boolean, and its errors quote the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.booleans import as_boolean
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError

_MAY_BE_EMPTY = ("ca_path", "organization_id")  # then they count as not given, as in the modules
_NO_TEXT = (bool, bytes, Mapping, list, tuple, set, frozenset)


def is_omitted(value: Any, variables: Mapping[str, Any]) -> bool:
    """Tell whether a value means that the option is not given: null, or what ``omit`` is on this ansible-core.

    Args:
        value: the argument's or variable's.
        variables: the play's; before ansible-core 2.19 ``omit`` is one of them, and later an object of a type of its own.
    """
    return value is None or type(value).__name__ == "_OmitType" or (isinstance(value, str) and value == variables.get("omit"))


def checked(given: Mapping[str, Any], variables: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options that are given, without those that are omitted.

    Args:
        given: arguments or variables, by the option's name.
        variables: the play's.
        definitions: of the options, as documented.

    Raises:
        OptionError: there is no such option, or it is empty, or of another type; the value is not quoted, since it may be a secret.
    """
    found = {}
    for name, value in given.items():
        if name not in definitions:  # Ansible would take no notice of a misspelt option
            raise OptionError(f"there is no option {name}.", "See ansible-doc -t lookup latchkey.tokens.play_token.")
        if is_omitted(value, variables):
            continue
        if isinstance(value, str) and not value.strip():
            if name in _MAY_BE_EMPTY:
                continue
            raise OptionError(f"{name}: it is empty.", "Give it a value, or leave it out, for example with default(omit, true).")
        check_type(name, value, definitions[name])
        found[name] = value
    return found


def check_type(name: str, value: Any, definition: Mapping[str, Any]) -> None:
    """Refuse a value that cannot be what the option is. Raises OptionError.

    Args:
        name: what to call it: the option, or where its value comes from.
        value: it is not null and not empty.
        definition: of the option, as documented.
    """
    kind, choices = definition.get("type"), definition.get("choices")
    text = str(value).strip()
    if kind == "bool":
        if as_boolean(value) is None:
            raise OptionError(f"{name}: it is neither true nor false.")
    elif kind in ("int", "float"):
        try:
            fits = not isinstance(value, _NO_TEXT) and float(text) == (int(text) if kind == "int" else float(text))
        except ValueError:
            fits = False
        if not fits:
            raise OptionError(f"{name}: it is not a number.")
    elif isinstance(value, _NO_TEXT):
        raise OptionError(f"{name}: it must be text.")
    elif choices and text not in choices:
        raise OptionError(f"{name}: it must be one of {', '.join(choices)}.")
