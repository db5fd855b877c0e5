# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deterministic simulation of the rotation engine: the real engine, planner and state code on ports in memory.

`world` holds what there is and what must never happen to it, `ports` are the engine's ports on that, `scheduler` lets something happen at
their calls, of what is in `events` and `hands`; `cases` are the situations, `verdict` says what must hold when all is quiet, `explore` goes
through the schedules.
"""

import sys
from pathlib import Path

_COLLECTIONS = str(Path(__file__).resolve().parents[2] / ".cache" / "collections")
if _COLLECTIONS not in sys.path:  # for `python -m tests.simulation`
    sys.path.append(_COLLECTIONS)
