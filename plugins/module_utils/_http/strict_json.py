# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON as the standard has it and no deeper than a task can walk. Private to this collection. Pure functions."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

_DEEPEST = 100  # JSON values inside one another; what follows an answer walks it by recursion
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how JSON writes half of a character


class StrangeJsonError(Exception):
    """A text is no JSON, or none that can be worked with; the words say which."""


def strict_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        StrangeJsonError: it is not JSON, too deep, or its strings are not Unicode.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise StrangeJsonError("the body is not JSON") from None
    if text.count("[") + text.count("{") > _DEEPEST and _is_too_deep(value):
        raise StrangeJsonError(f"more than {_DEEPEST} values inside one another")
    if "\\u" in text and _has_surrogates(text, value):
        raise StrangeJsonError("its text is not Unicode")
    return value


def _refuse_number(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity, which are not JSON, and which Ansible would hand on


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(digits)
    return number


def _is_too_deep(value: Any) -> bool:
    """Tell whether more than so many lists and objects of a JSON value are inside one another; without recursion."""
    level = [value]
    for _unused in range(_DEEPEST + 1):
        level = [inner for one in level if isinstance(one, (dict, list)) for inner in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True


def _has_surrogates(text: str, value: Any) -> bool:
    """Tell whether a JSON value has halves of characters in it, which no encoding takes."""
    if not _HALF.search(text):
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
