# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for spreadsheets: report.csv, RFC 4180. Private to this collection. Pure functions.

A line for each credential, with what was found of it; then one for each finding that is of no credential that a platform has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line

COLUMNS = (
    "severity",
    "findings",
    "platform",
    "endpoint",
    "kind",
    "account",
    "account_id",
    "id",
    "name",
    "state",
    "created_at",
    "age_days",
    "expires_at",
    "expires_in_days",
    "last_used_at",
    "administrator",
    "local",
    "creator",
    "store",
    "words",
)
_DAY = 86400  # seconds
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, CSV injection: what spreadsheets calculate


def as_csv(report: Mapping[str, Any]) -> str:
    """Return the content of report.csv."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    words: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for one in report["findings"]:
        words.setdefault(_key(one), []).append(one)
    for one in report["credentials"]:
        found = words.pop(_key(one), [])
        writer.writerow(_row({**one, **_told(found), "age_days": _days(one["age"]), "expires_in_days": _days(one["expires_in"])}))
    for found in words.values():
        for one in found:
            writer.writerow(_row({**one, **_told([one])}))
    return file.getvalue()


def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["platform"], one["endpoint"], one["kind"], one["id"]


def _told(findings: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns about findings, which are sorted, the worst first."""
    return {
        "severity": findings[0]["severity"] if findings else None,
        "findings": " ".join(dict.fromkeys(str(one["code"]) for one in findings)),
        "words": " ".join(f"{one['what']} {one['advice']}" for one in findings),
    }


def _row(values: Mapping[str, Any]) -> list[str]:
    return [_cell(values.get(name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    text = one_line(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _days(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // _DAY
