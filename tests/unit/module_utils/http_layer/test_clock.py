# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header Date of an answer tells about the appliance's clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._http.clock import clock_offset, http_date

SENT = datetime(2027, 1, 1, tzinfo=timezone.utc)
RECEIVED = SENT + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("after_sent", "offset"),
    [(-5, 0), (0, 0), (12, 0), (25, 0), (-6, -6), (-3600, -3600), (26, 6), (3620, 3600), (20 + 86400 * 3652, 86400 * 3652)],
)
def test_only_what_the_way_of_the_answer_does_not_explain_is_an_offset(after_sent, offset):
    date = format_datetime(SENT + timedelta(seconds=after_sent), usegmt=True)
    assert clock_offset(date, SENT, RECEIVED) == timedelta(seconds=offset)


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "yesterday",
        "Fri, 32 Jan 2027 00:00:00 GMT",
        "Fri, 01 Jan 2027 25:00:00 GMT",
        "1798761600",
        "2027-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 05 Jan 2038 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Mon, 01 Jan 0001 00:00:00 +2300",
    ],
)
def test_a_date_that_tells_nothing(date):
    assert clock_offset(date, SENT, RECEIVED) is None


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", "UTC"])
def test_zones(zone):
    assert http_date(f"Fri, 01 Jan 2027 00:00:00 {zone}") == SENT


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,6} [A-Z][a-z]{2} [0-9]{1,20} [0-9:]{1,12} [A-Z+0-9-]{0,6}", fullmatch=True))
def test_whatever_comes(date):
    offset = clock_offset(date, SENT, RECEIVED)
    assert offset is None or abs(offset) <= timedelta(days=3653)
