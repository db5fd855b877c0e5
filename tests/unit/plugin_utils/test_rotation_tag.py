# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API tokens of a rotation are called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.tag import tag_of

LONG = st.text(min_size=20, max_size=60)


@pytest.mark.parametrize(
    ("tag", "var", "called"),
    [
        ("nightly", "backup.token", "nightly"),
        ("", "backup.token", "backup.token"),
        ("", "a" * 19, "a" * 19),
        ("", "a" * 20, "aaaaaaaaaaaa-42492d"),
        ("a" * 20, "backup.token", "aaaaaaaaaaaa-42492d"),
    ],
)
def test_tags(tag, var, called):
    assert tag_of(tag, var, 19) == called


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_a_tag_is_never_too_long_nor_empty(tag, var):
    assert 1 <= len(tag_of(tag, var, 19)) <= 19


@given(LONG, LONG)
@example("production.backup.token_a", "production.backup.token_b")
@example("é" * 20, "e" * 20)
def test_distinct_names_have_distinct_tags(one, other):
    assert (tag_of("", one, 19) == tag_of("", other, 19)) is (one == other)
    assert tag_of(one, other, 19) == tag_of("", one, 19)


def test_what_is_no_unicode_has_a_tag():
    assert len(tag_of("", "\ud800" * 20, 19)) == 19
