# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read fields of an appliance's answer, and refuse what makes no sense. Private to this collection. No vendor detail."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .._common.credential_form import is_bearer, is_secret
from .._common.errors import OptionError
from .._common.times import parse_instant
from .._http.client import Answer

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_OPAQUE_ID = re.compile(r"[A-Za-z0-9_.:|@+=/-]{1,200}")


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


def is_opaque_id(value: Any) -> bool:
    """Tell whether a value can be an id that is only compared and quoted, such as an account's ``client|...``."""
    return isinstance(value, str) and bool(_OPAQUE_ID.fullmatch(value)) and value not in (".", "..")


def opaque_id_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be an id of any form, fit to be compared and quoted."""
    found = text_field(answer, value, key)
    if not is_opaque_id(found):
        raise answer.strange(f"'{key}' is not an id")
    return found


def bearer_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be a bearer token, fit for a header; no error shows it from now on."""
    return _hidden_field(answer, value, key, is_bearer, "a bearer token")


def secret_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be a client secret; no error shows it from now on."""
    return _hidden_field(answer, value, key, is_secret, "a secret")


def _hidden_field(answer: Answer, value: dict[str, Any], key: str, fits: Callable[[str], bool], what: str) -> str:
    found = text_field(answer, value, key)
    answer.where.hide(found)
    if not fits(found):
        raise answer.strange(f"'{key}' is not {what}")
    return found


def told_id(value: dict[str, Any], key: str) -> str:
    """Return a field that should be an id, and need not: an empty string where it is none. For what comes beside a secret."""
    found = value.get(key)
    return str(found) if is_opaque_id(found) else ""


def told_instant(value: dict[str, Any], key: str) -> datetime | None:
    """Return a field that should be an instant, and need not: None where it is none. For what comes beside a secret."""
    found = value.get(key)
    try:
        return parse_instant(found, key) if isinstance(found, str) else None
    except OptionError:
        return None


def instant_field(answer: Answer, value: dict[str, Any], key: str) -> datetime | None:
    """Return a field that is an instant; None where it is null, empty or missing."""
    found = value.get(key)
    if not found:
        return None
    try:
        return parse_instant(found, key)
    except OptionError:
        raise answer.strange(f"'{key}' is not a time") from None
