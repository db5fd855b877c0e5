# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What importing takes: a module, an action plugin, the lookup. Each in a Python of its own that has imported Ansible already."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmark._measure import Row
from tests.benchmark._rig import Bench

PACKAGE = "ansible_collections.latchkey.tokens.plugins"
PARTS = {"lookup": "lookup.play_token", "action": "action.access_token", "module": "modules.access_token"}
PROBE = """
import sys, time
import ansible.plugins.action, ansible.plugins.lookup, ansible.utils.display, ansible.parsing.vault
known = set(sys.modules)
started = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - started, "requests" in set(sys.modules) - known)
"""


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure the least of some imports; whether requests came along is told."""
    environment = {**os.environ, "PYTHONPATH": str(bench.ansible.collections)}
    found = {}
    for name, part in PARTS.items():
        command = [sys.executable, "-c", PROBE, f"{PACKAGE}.{part}"]
        told = [
            subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.split()
            for _unused in range(runs + 1)
        ]
        found[name] = {"milliseconds": round(min(float(one[0]) for one in told) * 1000, 1), "requests": told[0][1] == "True"}
    words = "; ".join(f"{name} {one['milliseconds']} ms{' with requests' if one['requests'] else ''}" for name, one in found.items())
    ratio = found["lookup"]["milliseconds"] / found["module"]["milliseconds"]
    yield Row("import of the lookup", "import of a module", None, ratio, why=words, details=found)
