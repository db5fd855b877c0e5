# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in one run, from what `make test-fleet` wrote, for it takes a quarter of an hour."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.benchmark._measure import Row, Side
from tests.benchmark._report import FLEET
from tests.benchmark._rig import Bench

TIME, MEMORY = 0.15, 1.1


def rows(_bench: Bench | None = None, _runs: int = 0) -> Iterator[Row]:
    """Read the figures; say so when there are none."""
    if not FLEET.exists():
        yield Row(None, None, TIME, "`make test-fleet` has not run here.", what="a fleet of 500 credentials on 20 clusters in one run")
        yield Row(None, None, MEMORY, "`make test-fleet` has not run here.", what="peak memory of 500 against that of 50")
        return
    told = json.loads(FLEET.read_text())
    runs = {name: told[name] for name in ("one", "few", "all")}
    count, few = runs["all"]["credentials"], runs["few"]["credentials"]
    yield Row(
        Side(f"{count} credentials on {told['clusters']} clusters in one run", [runs["all"]["seconds"]]),
        Side(f"{count} times one rotation", [count * runs["one"]["seconds"]]),
        TIME,
        f"{told['forks']} forks; every answer takes {told['latency_ms']} ms; {told['failing']} of the credentials fail.",
    )
    yield Row(
        Side(f"peak memory with {count}", [runs["all"]["MiB"]], "MiB"),
        Side(f"peak memory with {few}", [runs["few"]["MiB"]], "MiB"),
        MEMORY,
    )
