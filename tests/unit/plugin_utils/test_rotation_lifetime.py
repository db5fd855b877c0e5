# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifetimes of API tokens that tell a rotation's token from one created by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.lifetime import is_marked, marked_lifetime

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
LIFETIMES = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=365))


@pytest.mark.parametrize(
    ("lifetime", "most"),
    [
        (timedelta(days=30), 59),
        (timedelta(minutes=5900), 59),
        (timedelta(minutes=5899), 58),
        (timedelta(minutes=500, seconds=59), 5),
        (timedelta(minutes=499, seconds=59), None),
        (timedelta(hours=1), None),
        (timedelta(seconds=59), None),
    ],
)
def test_how_much_a_lifetime_may_be_shortened(lifetime, most):
    asked = []
    shortened, marked = marked_lifetime(lifetime, lambda count: asked.append(count) or count)
    assert (asked, marked) == ([] if most is None else [most], most is not None)
    assert shortened == (lifetime // MINUTE - (most or 0)) * MINUTE


@given(LIFETIMES, st.data())
def test_at_most_one_part_in_a_hundred_is_lost(lifetime, data):
    shortened, marked = marked_lifetime(lifetime, lambda count: data.draw(st.integers(1, count)))
    whole = lifetime // MINUTE * MINUTE
    assert shortened % MINUTE == timedelta()
    assert whole - whole / 100 <= shortened <= whole
    assert (shortened < whole) is marked
    assert is_marked(shortened, NOW, NOW + shortened)
    assert not marked or not is_marked(shortened, NOW, NOW + whole)


@given(LIFETIMES, st.integers(1, 59), st.integers(1, 59))
def test_two_marks_differ(lifetime, one, other):
    first, second = (marked_lifetime(lifetime, lambda count, drawn=drawn: min(drawn, count))[0] for drawn in (one, other))
    assert is_marked(first, NOW, NOW + second) is (first == second)


@pytest.mark.parametrize(("seconds", "marked"), [(0, True), (30, True), (-30, True), (31, False), (-31, False), (60, False)])
def test_a_cluster_may_round(seconds, marked):
    assert is_marked(timedelta(days=1), NOW, NOW + timedelta(days=1, seconds=seconds)) is marked


@pytest.mark.parametrize(("created_at", "expires_at"), [(None, NOW), (NOW, None), (None, None)])
def test_a_token_whose_times_are_not_told_is_not_marked(created_at, expires_at):
    assert not is_marked(timedelta(), created_at, expires_at)
