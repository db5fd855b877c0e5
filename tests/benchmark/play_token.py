# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play token costs, against what a user would write in its place; prints medians, spread and ratios.

Run by `make bench`. Both ways take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.integration._ansible import Ansible, install_collection
from tests.integration._play_token_rig import LOOKUP
from tests.integration.conftest import client, where
from tests.simulator.launch import Simulator, launch

HOSTS, USES, RUNS, FORKS = 100, 10, 5, 10
CALLBACK = "with callback"
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "record,latchkey.tokens.revoke_play_tokens"}


def play(simulator: Simulator, uses: int, expression: str) -> list[dict[str, Any]]:
    """Return a play that uses an expression so many times on each host."""
    options = {**where(simulator), **client(simulator)}
    return [
        {
            "name": "Bench",
            "hosts": "many",
            "gather_facts": False,
            "vars": {f"latchkey_{name}": value for name, value in options.items()},
            "tasks": [
                {"name": "Use", "ansible.builtin.debug": {"msg": "{{ [" + ", ".join([expression] * uses) + "] | map('length') | sum }}"}}
            ],
        }
    ]


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as scratch, launch("rubrik_cdm") as simulator:
        folder = Path(scratch)
        ansible = Ansible(folder, install_collection(folder / "installed"))
        inventory = folder / "many.yml"
        hosts = {f"host{number}": {"ansible_connection": "local"} for number in range(HOSTS)}
        inventory.write_text(yaml.safe_dump({"many": {"hosts": hosts}}))
        ways = {
            "no lookup": play(simulator, USES, "'x'"),
            "lookup('env')": play(simulator, USES, "lookup('ansible.builtin.env', 'PATH')"),
            "play_token": play(simulator, USES, LOOKUP),
            CALLBACK: play(simulator, USES, LOOKUP),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for name, content in ways.items():
            (folder / f"{name}.yml").write_text(yaml.safe_dump(content))
        for number in range(RUNS + 1):
            for name in ways:
                started = time.perf_counter()
                done = ansible.run(
                    folder / f"{name}.yml",
                    ["-i", str(inventory), "--forks", str(FORKS)],
                    env=ENABLED if name == CALLBACK else {},
                    timeout=300,
                )
                if number:  # the first one of each warms up
                    times[name].append(time.perf_counter() - started)
                done.assert_ok()
        mints = sum(one["path"].endswith("service_account/session") for one in simulator.journal())
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{HOSTS} hosts x {USES} uses, {FORKS} forks, {RUNS} runs each, {mints} tokens made in {2 * (RUNS + 1)} runs of play_token")
    for name, found in times.items():
        print(f"{name:14} median {medians[name]:6.2f} s   from {min(found):6.2f} s to {max(found):6.2f} s")
    for name in ("play_token", CALLBACK):
        ratio = medians[name] / medians["lookup('env')"]
        print(f"{name} / lookup('env'), the one mint included: {ratio:.2f}")


if __name__ == "__main__":
    main()
