# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages: connections with edges, nodes and cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from .._settings import Settings
from ._errors import FieldError

T = TypeVar("T")


def matches(text: str | None, name: str, meaning: str) -> bool:
    """Tell whether a name passes a text filter of that meaning (setting `search`)."""
    if not text or meaning == "ignored":
        return True
    if meaning == "contains_case":
        return text in name
    text, name = text.lower(), name.lower()
    return {"contains": text in name, "prefix": name.startswith(text), "exact": name == text}[meaning]


def _cursor(position: int, key: list[Any], kind: str) -> str:
    return base64.b64encode(json.dumps(position if kind == "position" else key).encode()).decode()


def _decode(cursor: str, kind: str) -> Any:
    try:
        value = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError as error:
        raise FieldError(400, "the cursor is not one of this list") from error
    if not isinstance(value, int if kind == "position" else list):
        raise FieldError(400, "the cursor is not one of this list")
    return value


def _wanted(settings: Settings, arguments: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return `first` and `last` as they count."""
    most = max(1, settings.integer("page_size_max"))
    wanted: dict[str, int | None] = {name: arguments.get(name) for name in ("first", "last")}
    for name, number in wanted.items():
        if number is None:
            continue
        if number < 1:
            raise FieldError(400, f"{name} must be positive")
        if number > most and settings["page_size_over"] == "rejected":
            raise FieldError(400, f"{name} must not be more than {most}")
        wanted[name] = min(number, most)
    if wanted["first"] is None and wanted["last"] is None:
        wanted["first"] = min(most, max(1, settings.integer("page_size")))
    return wanted["first"], wanted["last"]


def connection(
    settings: Settings,
    items: list[T],
    key: Callable[[T], list[Any]],
    show: Callable[[T], dict[str, Any]],
    arguments: dict[str, Any],
) -> dict[str, Any]:
    """Return the page that `arguments` ask for: first, after, last, before, sortOrder.

    :arg key: what the items are sorted by, a JSON list that no two of them share.
    """
    kind = settings["cursor"]
    descending = arguments.get("sortOrder") == "DESC"
    items = sorted(items, key=key, reverse=descending)
    keys = [key(item) for item in items]

    def position(name: str, default: int) -> int:
        """Return the number of items up to and including the one that the cursor stands for."""
        cursor = arguments.get(name)
        if not cursor:
            return default
        value = _decode(cursor, kind)
        if kind == "position":
            return min(max(int(value) + 1, 0), len(items))
        try:
            return sum(one >= value if descending else one <= value for one in keys)
        except TypeError as error:
            raise FieldError(400, "the cursor is not one of this list") from error

    start = position("after", 0)
    end = len(items)
    if arguments.get("before"):
        end = position("before", 0)
        # the entry itself does not count, if it is still there
        end -= kind == "position" or (end > 0 and keys[end - 1] == _decode(arguments["before"], kind))
    end = max(start, end)
    first, last = _wanted(settings, arguments)
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    edges = [{"cursor": _cursor(index, keys[index], kind), "node": show(items[index])} for index in range(start, end)]
    return {
        "count": len(items),
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "startCursor": edges[0]["cursor"] if edges else "",
            "endCursor": edges[-1]["cursor"] if edges else "",
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
        },
    }
