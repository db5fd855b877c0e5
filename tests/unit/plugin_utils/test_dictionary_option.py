# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the role that say how to reach another product."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.dictionary_option import DictionaryOption

VARIABLES = {"url": ("FIRST", "SECOND"), "ca_path": ("CA",)}


def option(written=None, environment=None):
    return DictionaryOption("rotate_x", written or {}, environment or {}, VARIABLES)


@pytest.mark.parametrize(
    ("written", "environment", "found"),
    [
        ({"url": " a\n"}, {"FIRST": "b"}, "a"),
        ({"url": " "}, {"FIRST": "", "SECOND": "c "}, "c"),
        ({"url": None}, {"FIRST": "b", "SECOND": "c"}, "b"),
        ({}, {"SECOND": "c"}, "c"),
    ],
)
def test_what_is_not_written_comes_from_the_environment(written, environment, found):
    assert option(written, environment).needed("url") == found


def test_blank_counts_as_not_written():
    assert option({"url": " ", "other": None, "third": 0, "timeout": 5}, {"FIRST": " "}).texts == {"third": "0"}


@pytest.mark.parametrize(
    ("ask", "written", "words"),
    [
        (lambda one: one.needed("url"), {}, "rotate_x: url is not set, and neither is FIRST, and neither is SECOND. Set it."),
        (lambda one: one.needed("name", "Name it."), {}, "rotate_x: name is not set. Name it."),
        (
            lambda one: one.endpoint("url", 443),
            {"url": "http://h"},
            "rotate_x: url: plain http to 'h' would send",
        ),
        (lambda one: one.ca_path(str), {"ca_path": "/no/ca"}, "there is no /no/ca with certificates to trust. Check ca_path, CA."),
        *(
            (lambda one: one.timeout(30), {"timeout": seconds}, f"rotate_x: timeout {seconds} is not a number of seconds.")
            for seconds in ("0", "-1", "nan", "inf")
        ),
    ],
)
def test_what_is_missing_or_malformed_is_refused_by_name(ask, written, words):
    with pytest.raises(OptionError) as caught:
        ask(option(written))
    assert words in str(caught.value)


def test_what_is_fine_is_taken(tmp_path):
    fine = option({"url": "h.example.com", "timeout": 2.5}, {"CA": "ca.pem"})
    (tmp_path / "ca.pem").touch()
    assert fine.endpoint("url", 8200).url == "https://h.example.com:8200"
    assert fine.ca_path(lambda written: str(tmp_path / written)) == str(tmp_path / "ca.pem")
    assert (fine.timeout(30), option().timeout(30), option().ca_path(str)) == (2.5, 30, "")
