# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words are true and which are false, where Ansible does not see to that: in the environment, in a lookup. Private."""

from __future__ import annotations

from typing import Any

# As in ansible.module_utils.parsing.convert_bool, which this part of the collection cannot import; a test compares them.
TRUE = frozenset(("1", "true", "yes", "on", "y", "t"))
FALSE = frozenset(("0", "false", "no", "off", "n", "f"))


def as_boolean(value: Any) -> bool | None:
    """Return what a value means as a boolean; None where it is neither true nor false."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in TRUE else False if word in FALSE else None
