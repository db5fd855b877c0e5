# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read fields of Rubrik Security Cloud's answers. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from typing import Any

from ..._http.client import Answer
from ..fields import text_field

PREFIX = "client|"  # what ids of service accounts begin with; some places tell them without it
ID = re.compile(r"[A-Za-z0-9_.:|@+=/-]{1,200}")  # never part of a path


def json_object(answer: Answer, value: Any) -> dict[str, Any]:
    """Return a value that must be a JSON object."""
    if not isinstance(value, dict):
        raise answer.strange("a value in it is not a JSON object")
    return value


def json_objects(answer: Answer, value: Any) -> list[dict[str, Any]]:
    """Return a value that must be a list of JSON objects."""
    if not isinstance(value, list):
        raise answer.strange("a value in it is not a list")
    return [json_object(answer, one) for one in value]


def rsc_id_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be an id; those of accounts have a bar in them."""
    found = text_field(answer, value, key)
    if not ID.fullmatch(found):
        raise answer.strange(f"'{key}' is not an id")
    return found
