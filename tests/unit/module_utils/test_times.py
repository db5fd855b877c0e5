# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations and instants."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import (
    describe_duration,
    format_instant,
    parse_duration,
    parse_instant,
    to_the_second,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2592000), ("12h", 43200), ("1w2d", 777600), ("90m", 5400), ("45s", 45), ("1d12h", 129600), (60, 60), ("0", 0), (" 1H ", 3600)],
)
def test_durations(text, seconds):
    assert parse_duration(text, "x") == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "-1d", "1.5h", "1h1d", "1y", "d", "1 d", "²", "٣d", "1d1d", "True", "999999d", "9" * 400, "9" * 5000]
)
def test_no_durations(text):
    with pytest.raises(OptionError, match="x: "):
        parse_duration(text, "x")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
        ("2027-01-31 12:00+01:00", "2027-01-31T11:00:00Z"),
        ("2027-01-31t12:00:00z", "2027-01-31T12:00:00Z"),
        ("2027-01-31T12:00:00-0530", "2027-01-31T17:30:00Z"),
        ("2022-12-06T01:14:39.56621474Z", "2022-12-06T01:14:39.566214Z"),
        ("2022-12-06T01:14:39.5Z", "2022-12-06T01:14:39.500000Z"),
        ("2022-12-06T01:14:39.123456789Z", "2022-12-06T01:14:39.123456Z"),
    ],
)
def test_instants(text, instant):
    assert format_instant(parse_instant(text, "x")) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-01-31",
        "2027-01-31T12:00:00",
        "2027-02-30T12:00:00Z",
        "2027-01-31T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1e9",
    ],
)
def test_no_instants(text):
    with pytest.raises(OptionError, match="x: "):
        parse_instant(text, "x")


@settings(max_examples=200, deadline=None)
@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_instants_come_back_as_they_were(instant: datetime):
    assert parse_instant(format_instant(instant), "x") == instant


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.integers() | st.floats())
def test_anything_is_read_or_refused(value):
    for parse in (parse_duration, parse_instant):
        try:
            parse(value, "x")
        except OptionError as failure:
            assert str(failure).startswith("x: ")  # noqa: PT017  (some are fine)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (-5, "0 s"), (8, "8 s"), (3600, "1 h"), (90061, "1 d 1 h"), (86401, "1 d 1 s"), (720, "12 min")]
)
def test_descriptions(seconds, words):
    assert describe_duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("instant", ["2027-01-01T12:00:00.123456Z", "2027-01-01T12:00:00Z"])
def test_a_time_for_people_has_no_fraction(instant):
    assert to_the_second(instant) == "2027-01-01T12:00:00Z"
    assert to_the_second("-") == "-"
