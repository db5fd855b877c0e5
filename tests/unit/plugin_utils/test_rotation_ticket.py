# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket of a rotation: all of its content comes back, and nothing else is taken for one."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.cipher import Cipher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import run_key
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ticket import seal, ticket_key, unseal

KEY = bytes(range(32))
NAMES = st.text() | st.sampled_from(["base64", "mapping"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_all_of_it_comes_back(data):
    assert unseal(seal(data, KEY), KEY) == data


def test_it_tells_nothing_and_is_no_template():
    text = seal({"token": "canary-token", "after": b"canary"}, KEY)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", text)
    assert b"canary" not in base64.b64decode(text)
    assert text != seal({"token": "canary-token", "after": b"canary"}, KEY)


def test_a_tuple_comes_back_as_a_list():
    assert unseal(seal({"ids": ("a", "b")}, KEY), KEY) == {"ids": ["a", "b"]}


OTHERS = {
    "empty": "",
    "short": "canary",
    "long": "c" * 100,
    "template": "{{ ticket }}",
    "not ASCII": "ä",
    "half a character": "\udcff",
    "number": 17,
    "none": None,
    "mapping": {"ticket": "canary"},
    "another run's": seal({}, bytes(32)),
    "cut off": seal({"a": 1}, KEY)[:-4],
    "not JSON": Cipher(KEY).seal(b"not JSON").decode(),
    "a list": Cipher(KEY).seal(b"[]").decode(),
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_is_none_is_refused(text):
    with pytest.raises(OptionError) as caught:
        unseal(text, KEY)
    assert str(caught.value) == "ticket: it is not one that an earlier phase of this run returned."


def test_every_changed_character_is_found():
    text = seal({"a": 1}, KEY)
    for position in range(0, len(text) - 2, 5):
        other = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(OptionError):
            unseal(other, KEY)


def test_the_key_is_the_runs_and_for_tickets_only():
    assert len(ticket_key()) == 32
    assert ticket_key() == ticket_key()
    assert ticket_key() != run_key()
