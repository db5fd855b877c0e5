# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own command qq as a process, against one ad-hoc task, and ten commands against ten tasks of a play."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmark._measure import Row, take_turns
from tests.benchmark._rig import Bench
from tests.contract._qumulo_client import Qq

TEN = 10


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure the creation and the listing of access tokens."""
    qq = Qq(bench.cluster.simulator, bench.folder, forked=False)
    nothing = {"the start of Ansible": lambda: bench.run(bench.empty_ad_hoc())}
    accounts = iter(_accounts(bench, (runs + 1) * 2 * (1 + TEN)))
    task = {**bench.options, "additional": True}
    made = take_turns(
        {
            **nothing,
            "qq auth_create_access_token": lambda: qq("auth_create_access_token", f"local:{next(accounts)}"),
            "one ad-hoc access_token": lambda: bench.run(
                bench.ad_hoc("latchkey.tokens.access_token", {**task, "user": f"local:{next(accounts)}"})
            ),
            "ten processes of qq that create one": _ten(lambda: qq("auth_create_access_token", f"local:{next(accounts)}")),
            "a play that creates ten": _with_ten_accounts(bench, accounts, {"latchkey.tokens.access_token": task}),
        },
        runs,
    )
    listed = take_turns(
        {
            **nothing,
            "qq auth_list_access_tokens": lambda: qq("auth_list_access_tokens", "--json"),
            "one ad-hoc access_token_info": lambda: bench.run(bench.ad_hoc("latchkey.tokens.access_token_info", bench.options)),
            "ten processes of qq that list": _ten(lambda: qq("auth_list_access_tokens", "--json")),
            "a play that lists ten times": bench.play(
                "list", [{"name": f"List {number}", "latchkey.tokens.access_token_info": bench.options} for number in range(TEN)]
            ),
        },
        runs,
    )
    for times in (made, listed):
        start, theirs, ours, their_ten, our_ten = times.values()
        yield Row(ours, theirs, why=f"An empty ad-hoc task takes {start.shown()}.")
        yield Row(our_ten, their_ten)


def _accounts(bench: Bench, count: int) -> list[str]:
    """Create so many accounts: one may have two tokens only."""
    names = [f"svc-qq-{number}" for number in range(count)]
    for name in names:
        bench.cluster.call("POST", "/v1/users/", {"name": name, "primary_group": "0", "password": "Not-a-real-1"})
    return names


def _ten(one: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for _unused in range(TEN):
            one()

    return run


def _with_ten_accounts(bench: Bench, accounts: Iterator[str], task: dict[str, dict[str, Any]]) -> Callable[[], object]:
    [(module, options)] = task.items()
    tasks = [{"name": f"Create {number}", module: {**options, "user": f"local:{{{{ accounts[{number}] }}}}"}} for number in range(TEN)]
    play = bench.play("create", tasks)
    return lambda: play("-e", json.dumps({"accounts": [*itertools.islice(accounts, TEN)]}))
