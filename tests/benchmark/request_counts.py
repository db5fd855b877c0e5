# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP requests of each operation, against the fewest that the vendor's API allows: the table that the tests hold each one to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmark._measure import Row, Side
from tests.benchmark._rig import Bench
from tests.plays._in_process_simulator import simulators_in_this_process
from tests.plays.test_request_counts import OPERATIONS, TABLE, sent_for


def rows(_bench: Bench, _runs: int) -> Iterator[Row]:
    """Count what each operation sends."""
    with pytest.MonkeyPatch.context() as patch:
        start = simulators_in_this_process(patch)
        sent = {operation: len(sent_for(start(operation[0]), *operation)) for operation in OPERATIONS}
    more = [f"{platform}: {words}" for (platform, words), count in sent.items() if count > len(TABLE[platform, words])]
    yield Row(
        Side(f"requests of {len(sent)} operations", [sum(sent.values())], "requests"),
        Side("the fewest that the APIs allow", [sum(map(len, TABLE.values()))], "requests"),
        1.0,
        f"More than needed: {', '.join(more)}." if more else "",
    )
