# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common import query
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.query import Query


def test_search():
    assert Query("[?live].token_id", "query").search([{"live": True, "token_id": "1"}, {"live": False, "token_id": "2"}]) == ["1"]


@pytest.mark.parametrize("expression", ["[?", "", "a b", "nosuch(@", "a..b", "\ud800", "(" * 3000])
def test_malformed(expression):
    with pytest.raises(OptionError, match=r"query: .* is not a JMESPath expression"):
        Query(expression, "query")


@pytest.mark.parametrize("expression", ["sum(@)", "keys(@)", "nosuch(@)", "abs(@, @)"])
def test_not_applicable_and_the_value_is_not_repeated(expression):
    with pytest.raises(OptionError, match="cannot be applied to what came back") as caught:
        Query(expression, "query").search("CANARY")
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("contains(a, b)", {"a": "CANARY", "b": 7}), ("[::0]", ["CANARY"]), ("floor(to_number('1e999'))", {})],
)
def test_what_jmespath_lets_through(expression, value):
    with pytest.raises(OptionError, match=r"query: ") as caught:
        Query(expression, "query").search(value)
    assert "CANARY" not in str(caught.value)


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(query, "HAS_JMESPATH", False)
    with pytest.raises(LatchkeyError, match="query needs the Python library jmespath"):
        Query("a", "query")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab[]?*.|&@(),'`1:{}=<>! \"-", max_size=12), VALUES)
def test_anything_gives_a_result_or_an_option_error(expression, value):
    with contextlib.suppress(OptionError):
        Query(expression, "query").search(value)
