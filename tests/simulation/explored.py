# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the schedules of one case, for the tests of a store."""

from __future__ import annotations

import random

from tests.simulation.cases import BY_NAME
from tests.simulation.explore import Explorer


def explored(case: str, how: str, number: float) -> Explorer:
    """Play the schedule without an event, and so many of one sort; return what came of them.

    Args:
        case: its name.
        how: the method of Explorer that plays them, "singles", "pairs" or "turns".
        number: how many at the most.
    """
    explorer = Explorer(BY_NAME[case], random.Random(1))
    explorer.no_event()
    explorer.stop_after = number
    getattr(explorer, how)()
    return explorer
