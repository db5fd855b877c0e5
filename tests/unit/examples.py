# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many generated cases a test tries: as many as every run has time for, and many more with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

# ansible-test runs the unit tests once for each ansible-core: to see what differs between those, and not what an input may look like.
QUICK = "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(number: int, thorough: int = 10_000) -> int:
    """Return how many there are to try, of that number in every run and of the other one where all is to be tried."""
    return min(number, 10) if QUICK else thorough if THOROUGH else number
