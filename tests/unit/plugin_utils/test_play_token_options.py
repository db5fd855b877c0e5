# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the lookup play_token: what counts as given, and what each may be."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.options import checked

DEFINITIONS = {
    "endpoint": {"type": "str"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float"},
    "max_parallel_requests": {"type": "int"},
    "validate_certs": {"type": "bool"},
    "scope": {"type": "str", "choices": ["run", "play"]},
}
PLACEHOLDER = "__omit_place_holder__1234"


class _OmitType:
    """As ansible-core 2.19 and later have it."""


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("value", [None, PLACEHOLDER, _OmitType()])
def test_what_is_omitted_is_not_given(name, value):
    assert checked({name: value}, {"omit": PLACEHOLDER}, DEFINITIONS) == {}


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize("name", DEFINITIONS)
def test_nothing_is_refused(name, value):
    if name == "ca_path":
        assert checked({name: value}, {}, DEFINITIONS) == {}
        return
    with pytest.raises(OptionError, match=f"^{name}: it is empty"):
        checked({name: value}, {}, DEFINITIONS)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("endpoint", ["canary"], "it must be text."),
        ("endpoint", {"canary": 1}, "it must be text."),
        ("endpoint", True, "it must be text."),
        ("ca_path", ["canary"], "it must be text."),
        ("timeout", "canary", "it is not a number."),
        ("timeout", True, "it is not a number."),
        ("timeout", [1], "it is not a number."),
        ("max_parallel_requests", "1.5", "it is not a number."),
        ("validate_certs", "canary", "it is neither true nor false."),
        ("validate_certs", 2, "it is neither true nor false."),
        ("validate_certs", [], "it is neither true nor false."),
        ("scope", "canary", "it must be one of run, play."),
        ("scope", 1, "it must be one of run, play."),
    ],
)
def test_another_type_is_refused(name, value, words):
    with pytest.raises(OptionError) as caught:
        checked({name: value}, {}, DEFINITIONS)
    assert str(caught.value) == f"{name}: {words}"


def test_what_fits():
    given = {"endpoint": 12, "timeout": "1.5", "max_parallel_requests": "3", "validate_certs": "No", "scope": "run"}
    assert checked(given, {}, DEFINITIONS) == given


def test_a_misspelt_one():
    with pytest.raises(OptionError, match="there is no option endpiont"):
        checked({"endpiont": PLACEHOLDER}, {"omit": PLACEHOLDER}, DEFINITIONS)
