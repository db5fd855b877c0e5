# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read fields of an appliance's answer, and refuse what makes no sense. Private to this collection. No vendor detail."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .._errors import OptionError
from .._http import Answer
from .._times import parse_instant

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def quoted(part: str) -> str:
    """Return a name or an id as one part of a path.

    Raises:
        OptionError: it is empty or climbs up the path.
    """
    if part in ("", ".", ".."):  # HTTP libraries would climb up the path, and the path of nothing is that of the whole list
        raise OptionError(f"'{part}' is not a name or an id.")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:  # half of a surrogate pair
        raise OptionError(f"{part!a} is not a name or an id.") from None


def text_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be a non-empty string."""
    found = value.get(key)
    if not isinstance(found, str) or not found:
        raise answer.strange(f"'{key}' is missing or is not a string")
    return found


def id_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be an id; ids come as strings. It ends up in paths, vars files and variables, so not all will do."""
    found = text_field(answer, value, key)
    if not _ID.fullmatch(found) or found in (".", ".."):
        raise answer.strange(f"'{key}' is not an id")
    return found


def bearer_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be a bearer token, fit for a header; no error shows it from now on."""
    found = text_field(answer, value, key)
    answer.where.hide(found)
    if not found.isascii() or not found.isprintable() or " " in found:
        raise answer.strange(f"'{key}' is not a bearer token")
    return found


def instant_field(answer: Answer, value: dict[str, Any], key: str) -> datetime | None:
    """Return a field that is an instant; None where it is null, empty or missing."""
    found = value.get(key)
    if not found:
        return None
    try:
        return parse_instant(found, key)
    except OptionError:
        raise answer.strange(f"'{key}' is not a time") from None
