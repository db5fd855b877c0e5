# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what survives a restart, secrets included, so only its owner may read it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` (mode 0600) so that readers see the old file or the whole new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class StateFile:
    """A JSON file with a platform's data; without a path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def is_kept(self) -> bool:
        """Whether there is such a file, so that it is worth to put the data together."""
        return self._path is not None

    def load(self) -> dict[str, Any] | None:
        """Return what was saved, or None at the first start."""
        if self._path is None or not self._path.exists():
            return None
        loaded: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return loaded

    def save(self, data: dict[str, Any]) -> None:
        """Save `data`."""
        if self._path is not None:
            write_atomically(self._path, json.dumps(data, indent=1))
