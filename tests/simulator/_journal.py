# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one JSON line per request, without any secret."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

HIDDEN = "<hidden>"
_SECRET_KEY = re.compile(r"password|secret|token$|bearer|totp|^credValue$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(access|session)-v1(:|%3a)[A-Za-z0-9+/=%_-]*|eyJ[\w-]+\.[\w-]+\.[\w-]*", re.IGNORECASE)


def _is_secret(key: str, item: Any) -> bool:
    # the apiToken of a Rubrik request is what is wanted of a token, not one
    wish = key == "apiToken" and isinstance(item, dict)
    return _SECRET_KEY.search(key) is not None and item not in (None, "") and not wish


def hide_secrets(value: Any) -> Any:
    """Return a copy of a JSON value in which values of secret keys, and texts that look like tokens, are replaced."""
    if isinstance(value, dict):
        return {hide_secrets(key): HIDDEN if _is_secret(key, item) else hide_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide_secrets(item) for item in value]
    if isinstance(value, str):
        return _SECRET_VALUE.sub(HIDDEN, value)
    return value


def secrets_in(value: Any) -> set[str]:
    """Return the values of secret keys in a JSON value; what is too short to be a secret is none."""
    if isinstance(value, list):
        return {secret for item in value for secret in secrets_in(item)}
    if not isinstance(value, dict):
        return set()
    own = {item for key, item in value.items() if isinstance(item, str) and _is_secret(key, item) and len(item) >= 16}
    return own | {secret for item in value.values() for secret in secrets_in(item)}


class Journal:
    """Appends entries to a file; without a path it drops them. Safe to use from several threads."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._stream = None if path is None else path.open("a", encoding="utf-8")

    def write(self, entry: dict[str, Any]) -> None:
        """Write one entry and flush it."""
        if self._stream is None:
            return
        line = json.dumps(hide_secrets(entry), ensure_ascii=False)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
