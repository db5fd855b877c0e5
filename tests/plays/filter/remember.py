# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter for the tests: writes a secret to $REMEMBER_FILE, one line each, and returns nothing of it but a fingerprint."""

from __future__ import annotations

import hashlib
import os
from typing import Any


class FilterModule:
    """Lets a test know a secret that no output may show."""

    def filters(self) -> dict[str, Any]:
        """Return the filter."""
        return {"remember": _remember}


def _remember(secret: str) -> str:
    with open(os.environ["REMEMBER_FILE"], "a", encoding="utf-8") as file:
        file.write(f"{secret}\n")
    return hashlib.sha256(secret.encode()).hexdigest()[:12]
