# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse values of another type than their option's, before Ansible converts them. Private to this collection. Pure functions.

Ansible makes text of whatever it is given for an option of type str or path: a list of names would become one name, "['x', 'y']".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_dict

from ._common.errors import OptionError

_SINGLE = ("str", "path", "int", "float", "bool")
_LISTS = (list, tuple, set, frozenset)


def refuse_other_types(arguments: Mapping[str, Any], argument_spec: Mapping[str, Any], before: str = "") -> None:
    """Refuse a list or a mapping where a single value is expected, and other values where a mapping is; in options of options, too.

    Args:
        arguments: what the task says.
        argument_spec: as AnsibleModule takes it.
        before: what the names of these options come after.

    Raises:
        OptionError: one of them has another type; its name is told, and no value.
    """
    for option, spec in argument_spec.items():
        value, name = arguments.get(option), f"{before}{option}"
        if value is None:
            continue
        if spec.get("type", "str") != "list":
            _refuse(name, "it", value, spec.get("type", "str"), spec)
            continue
        if isinstance(value, Mapping):
            raise OptionError(f"{name}: it is a mapping, and a list is expected.", "Write a list.")
        for one in _elements(value):
            if one is None:
                raise OptionError(f"{name}: one of them is null.", "Take what is null out of the list.")
            _refuse(name, "one of them", one, spec.get("elements", "raw"), spec)


def _refuse(name: str, which: str, value: Any, wanted: str, spec: Mapping[str, Any]) -> None:
    if wanted in _SINGLE and isinstance(value, (Mapping, *_LISTS)):
        found = "mapping" if isinstance(value, Mapping) else "list"
        raise OptionError(f"{name}: {which} is a {found}, and a single value is expected.", "Write one value.")
    if wanted != "dict":
        return
    mapping = _mapping(value)
    if mapping is None:
        raise OptionError(f"{name}: {which} is not a mapping, and one is expected.", "Write pairs of a name and a value.")
    refuse_other_types(mapping, spec.get("options") or {}, f"{name}: ")


def _elements(value: Any) -> Iterable[Any]:
    """Return the elements that Ansible would find."""
    if isinstance(value, str):
        return value.split(",")
    return value if isinstance(value, _LISTS) else [value]


def _mapping(value: Any) -> Mapping[str, Any] | None:
    """Return the mapping that Ansible would find, in a text too; None where there is none."""
    if isinstance(value, Mapping):
        return value
    try:
        return check_type_dict(value) if isinstance(value, str) else None
    except (TypeError, ValueError):
        return None
