# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What expires when, as a drawing: the weeks of the year to come. Private to this collection. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import SESSION
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import DISABLED, EXPIRED
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import instant_of

_WEEK = timedelta(weeks=1)
_WEEKS = 53
_WIDTH, _HEIGHT, _LEFT, _TOP, _FLOOR = 760, 210, 36, 22, 170  # of the drawing, in its own units
_STEP = (_WIDTH - _LEFT - 4) / _WEEKS
_NUMBERED = 18  # bars; more numbers would touch one another
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Calendar:
    """How many credentials expire when; sessions, which end by themselves, and disabled credentials are left out.

    Attributes:
        begin: of the first week.
        weeks: how many expire in each week of the year to come.
        expired, later, never, unknown: how many of the others.
    """

    begin: datetime
    weeks: tuple[int, ...]
    expired: int
    later: int
    never: int
    unknown: int


def calendar(report: Mapping[str, Any]) -> Calendar:
    """Return how many credentials of a report expire when."""
    begin = parse_instant(report["written_at"], "written_at")
    weeks, counts = [0] * _WEEKS, {"expired": 0, "later": 0, "never": 0, "unknown": 0}
    for one in report["credentials"]:
        if one["kind"] == SESSION or one["state"] == DISABLED:
            continue
        expires_at = instant_of(one["expires_at"])
        week = (expires_at - begin) // _WEEK if expires_at else 0
        if expires_at is None:
            counts["never" if one["expires_known"] else "unknown"] += 1
        elif one["state"] == EXPIRED or week < 0:
            counts["expired"] += 1
        elif week >= _WEEKS:
            counts["later"] += 1
        else:
            weeks[week] += 1
    return Calendar(begin, tuple(weeks), **counts)


def words(found: Calendar) -> str:
    """Return what the drawing has no room for, as a sentence."""
    soon = sum(found.weeks)
    parts = [
        f"{soon} {'expires' if soon == 1 else 'expire'} within {_WEEKS} weeks",
        f"{found.later} later" if found.later else "",
        f"{found.never} never" if found.never else "",
        f"{found.expired} expired already" if found.expired else "",
        f"of {found.unknown} it is not known" if found.unknown else "",
    ]
    return f"{', '.join(part for part in parts if part)}. Sessions and disabled credentials are left out."


def drawing(found: Calendar, warn: timedelta) -> str:
    """Return an SVG element.

    Args:
        found: how many credentials expire when.
        warn: weeks that begin within this time from now are drawn in the colour of a warning.
    """
    most = max((*found.weeks, 1))
    numbered = sum(map(bool, found.weeks)) <= _NUMBERED
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="timeline-title timeline-words">',
        '<title id="timeline-title">What expires when, by weeks</title>',
        f'<desc id="timeline-words">{escape(words(found))}</desc>',
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{_FLOOR}" y2="{_FLOOR}"/>',
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{_TOP}" y2="{_TOP}"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" class="end">{most}</text><text x="{_LEFT - 6}" y="{_FLOOR + 4}" class="end">0</text>',
        *_months(found.begin),
        *(_bar(found, week, most, warn, numbered) for week, count in enumerate(found.weeks) if count),
        "</svg>",
    ]
    return "".join(parts)


def rows(found: Calendar) -> Sequence[tuple[str, int]]:
    """Return the weeks in which something expires: the day on which each begins, and how many."""
    return [(_day(found.begin + week * _WEEK), count) for week, count in enumerate(found.weeks) if count]


def _bar(found: Calendar, week: int, most: int, warn: timedelta, numbered: bool) -> str:
    count = found.weeks[week]
    height = max(3.0, count / most * (_FLOOR - _TOP))
    left, top = _LEFT + week * _STEP, _FLOOR - height
    kind = "bar soon" if week * _WEEK < warn else "bar"
    label = f'<text x="{left + _STEP / 2:.1f}" y="{top - 4:.1f}" class="mid">{count}</text>' if numbered else ""
    begin = found.begin + week * _WEEK
    title = f"<title>{count} in the week from {_day(begin)}</title>"
    place = f'x="{left + 1:.1f}" y="{top:.1f}" width="{_STEP - 2:.1f}" height="{height:.1f}"'
    return f'<g><rect class="{kind}" {place} rx="2">{title}</rect>{label}</g>'


def _months(begin: datetime) -> list[str]:
    """Return a mark and a name at the first day of each month, and the day on which the drawing begins."""
    found = [f'<text x="{_LEFT}" y="{_FLOOR + 34}">{escape(_day(begin))}</text>']
    year, month = begin.year, begin.month
    for _unused in range(12):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        at = _LEFT + (datetime(year, month, 1, tzinfo=begin.tzinfo) - begin) / _WEEK * _STEP
        if at > _WIDTH:
            break
        found.append(f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{_FLOOR}" y2="{_FLOOR + 5}"/>')
        if at < _WIDTH - 24:
            found.append(f'<text x="{at + 2:.1f}" y="{_FLOOR + 17}">{_MONTHS[month - 1]}{f" {year}" if month == 1 else ""}</text>')
    return found


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d}"
