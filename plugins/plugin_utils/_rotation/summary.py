# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the playbook rotate did, host by host: as data, and as a table. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

# Status -> its words, and those in check mode. What needs somebody's attention comes last, where it is seen.
_WORDS = {
    "not_due": ("not due", "not due"),
    "rotated": ("rotated", "would rotate"),
    "undone": ("undone", "undone"),
    "failed": ("failed", "would fail"),
    "unfinished": ("unfinished", "unfinished"),
}
_ORDER = list(_WORDS)
_UNFINISHED = "The run ended before this host was done. Run again; no working credential was lost."
_KEPT = ("token_id", "expires_at", "old_token_id", "retired", "next_due")  # of rotate_result, beside the reason


def outcome(result: Mapping[str, Any], failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of one host.

    Args:
        result: the role's rotate_result; empty when it did not get that far.
        failure: why it failed, in ``reason``, and whether all is as before, in ``undone``; empty when it did not fail.
    """
    if failure:
        undone = str(failure.get("undone")).lower() == "true"
        return {"status": "undone" if undone else "failed", "reason": _one_line(failure.get("reason"))}
    if "rotated" not in result:
        return {"status": "unfinished", "reason": _UNFINISHED}
    status = "rotated" if result["rotated"] else "not_due"
    reason = result.get("reason") if result["rotated"] else _not_due(result.get("expires_at"))
    return {"status": status, "reason": _one_line(reason), **{key: result.get(key) for key in _KEPT}}


def summarize(outcomes: Mapping[str, Mapping[str, Any]], *, run: str, check_mode: bool, finished: bool) -> dict[str, Any]:
    """Return the summary of a run.

    Args:
        outcomes: by host, as outcome() returns them.
        run: which run of Ansible it is.
        check_mode: whether nothing was changed, but only said.
        finished: whether that was all.
    """
    counts = Counter(one["status"] for one in outcomes.values())
    due = [str(one["next_due"]) for one in outcomes.values() if one.get("next_due")]
    return {
        "run": run,
        "finished": finished,
        "check_mode": check_mode,
        "counts": {status: counts[status] for status in _ORDER},
        "next_due": min(due, default=None),
        "hosts": {host: dict(one) for host, one in outcomes.items()},
    }


def table(summary: Mapping[str, Any]) -> list[str]:
    """Return a summary as lines of text with aligned columns, and a last line with the numbers."""
    check_mode = summary["check_mode"]
    hosts: Mapping[str, Mapping[str, Any]] = summary["hosts"]
    rows = [("host", "result", "next due", "why")]
    for status in _ORDER:
        of_status = [(host, one) for host, one in hosts.items() if one["status"] == status]
        rows += [(host, _word(status, check_mode), _to_the_second(one.get("next_due") or "-"), one["reason"]) for host, one in of_status]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows]
    numbers = [f"{count} {_word(status, check_mode)}" for status, count in summary["counts"].items() if count]
    due = f"; the next one is due at {_to_the_second(summary['next_due'])}" if summary["next_due"] else ""
    return [*lines, (", ".join(numbers) or "no hosts") + due]


def _not_due(expires_at: Any) -> str:
    return f"the stored one works until {_to_the_second(expires_at)}" if expires_at else "the stored one works"


def _to_the_second(instant: Any) -> str:
    """Return an ISO 8601 time in UTC without fractions, as people want it; anything else as it is."""
    return re.sub(r"\.\d+Z$", "Z", str(instant))


def _word(status: str, check_mode: bool) -> str:
    return _WORDS[status][check_mode]


def _one_line(text: Any) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in str(text or "it said nothing")).split())
