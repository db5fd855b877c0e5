# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own command qq as a process, against one ad-hoc task, and ten commands against ten tasks of a play."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmark._measure import Row, summaries, take_turns
from tests.benchmark._rig import Bench
from tests.contract._qumulo_client import Qq

TEN = 10


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure the listing of access tokens."""
    qq = Qq(bench.cluster.simulator, bench.folder)

    def listed() -> None:
        qq("auth_list_access_tokens", "--json")

    def ten_listed() -> None:
        for _unused in range(TEN):
            listed()

    task = {"latchkey.tokens.access_token_info": bench.options}
    ways = {
        "qq": listed,
        "one task": bench.play("one", [{"name": "List", **task}]),
        "qq ten times": ten_listed,
        "ten tasks": bench.play("ten", [{"name": f"List {number}", **task} for number in range(TEN)]),
    }
    times = take_turns(ways, runs)
    yield Row(
        "a play with one listing",
        "qq auth_list_access_tokens",
        None,
        times["one task"].median / times["qq"].median,
        details=summaries(times),
    )
    yield Row("a play with ten listings", "qq ten times", None, times["ten tasks"].median / times["qq ten times"].median)
