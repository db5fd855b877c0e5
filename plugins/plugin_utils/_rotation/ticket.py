# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one phase of a rotation hands to the next: secrets too, sealed with a key that only this run has. Private to this collection.

Sealed, it is letters, digits, "+", "/" and "=", which no template has a meaning for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.cipher import Cipher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import run_key

_BYTES = "base64"  # the only key of a mapping that stands for bytes
_PLAIN = "mapping"  # the only key of one that stands for a mapping that would be taken for one of these two


def ticket_key() -> bytes:
    """Return the key of this run's tickets."""
    return run_key("key of the ticket")


def seal(data: Mapping[str, Any], key: bytes) -> str:
    """Return data as text that only unseal can read: JSON data, and bytes anywhere among it."""
    return Cipher(key).seal(json.dumps(_encoded(data)).encode()).decode("ascii")


def unseal(text: str, key: bytes) -> dict[str, Any]:
    """Return what seal was called with. Raises OptionError for any other text."""
    try:
        data = json.loads(Cipher(key).unseal(str(text).encode()))
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise OptionError("ticket: it is not one that an earlier phase of this run returned.")
    return dict(_decoded(data))


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        encoded = {name: _encoded(one) for name, one in value.items()}
        return {_PLAIN: encoded} if set(encoded) in ({_BYTES}, {_PLAIN}) else encoded
    if isinstance(value, (list, tuple)):
        return [_encoded(one) for one in value]
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_BYTES}:
        return base64.b64decode(value[_BYTES])
    return {name: _decoded(one) for name, one in (value[_PLAIN] if set(value) == {_PLAIN} else value).items()}
