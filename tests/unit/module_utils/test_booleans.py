# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for booleans are those of ansible-core."""

from __future__ import annotations

import pytest
from ansible.module_utils.parsing.convert_bool import BOOLEANS, BOOLEANS_FALSE, BOOLEANS_TRUE

from ansible_collections.latchkey.tokens.plugins.module_utils._common.booleans import FALSE, TRUE, as_boolean


def test_the_words_are_those_of_ansible_core() -> None:
    assert {one for one in BOOLEANS_TRUE if isinstance(one, str)} == TRUE
    assert {one for one in BOOLEANS_FALSE if isinstance(one, str)} == FALSE
    assert all(as_boolean(one) is (one in BOOLEANS_TRUE) for one in BOOLEANS)


@pytest.mark.parametrize("value", ["", "maybe", "truee", "2", 2, -1, None, [], [True], {}, b"yes"])
def test_the_rest_is_neither(value: object) -> None:
    assert as_boolean(value) is None
