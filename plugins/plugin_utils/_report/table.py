# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for the screen: lines of text with aligned columns. Private to this collection. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import INFO, SEVERITIES

_SHOWN = 50  # findings; the files have them all
_WIDEST = 40  # characters of a cell, but for the last one


def as_table(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each of the first findings, what needs attention most last, where it is seen, and then the numbers."""
    findings: Sequence[Mapping[str, Any]] = report["findings"]
    shown = list(reversed(findings[:_SHOWN]))
    lines = []
    if shown:
        rows = [("severity", "finding", "endpoint", "account", "what, and what to do")]
        rows += [(one["severity"], one["code"], _host_of(one), _cell(one["account"]), _words(one)) for one in shown]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows]
    if len(findings) > _SHOWN:
        lines.append(f"{len(findings) - _SHOWN} more findings are in the files")
    return [*lines, _numbers(report["totals"])]


def as_notice(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to tell people who were not watching: a subject, whether it needs them, and a line for each finding that does."""
    needed = [one for one in report["findings"] if one["severity"] != INFO]
    lines = [f"{one['severity']}: {_host_of(one)}: {_words(one)}" for one in needed[:_SHOWN]]
    if len(needed) > _SHOWN:
        lines.append(f"{len(needed) - _SHOWN} more findings are in the files")
    return {"subject": f"Credentials: {_numbers(report['totals'])}", "attention": bool(needed), "lines": lines}


def _host_of(one: Mapping[str, Any]) -> str:
    return _cell(str(one["endpoint"] or one["host"]).removeprefix("https://"))


def _words(one: Mapping[str, Any]) -> str:
    return one_line(f"{one['what']} {one['advice']}")


def _cell(value: Any) -> str:
    words = one_line(str(value or "-"))
    return words if len(words) <= _WIDEST else f"{words[: _WIDEST - 3]}..."


def _numbers(totals: Mapping[str, Any]) -> str:
    counts = [f"{totals['findings'][one]} {one}" for one in SEVERITIES if totals["findings"][one]]
    missing = f" ({totals['unreachable']} could not be asked)" if totals["unreachable"] else ""
    parts = [
        f"{_count(totals['credentials'], 'credential')} at {_count(totals['endpoints'], 'endpoint')}{missing}",
        f"{totals['stored']} in a store" if totals["stores"] else "no store was named",
        f"findings: {', '.join(counts)}" if counts else "no findings",
    ]
    return "; ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
