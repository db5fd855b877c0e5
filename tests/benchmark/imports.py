# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What loading takes: the lookup up to a token that is found, an action plugin, a module; and what of it takes most.

Each in a Python of its own that has loaded Ansible already, beside what one would use instead.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.benchmark._measure import Row, Side
from tests.benchmark._rig import Bench

PACKAGE = "ansible_collections.latchkey.tokens.plugins"
# What Ansible has loaded before it comes to a plugin. A module has a Python of its own, with nothing loaded.
LOADED = """
import sys, os, time
from ansible import constants as C
import ansible.executor.task_executor, ansible.plugins.action, ansible.plugins.lookup, ansible.parsing.vault
C.DEFAULT_LOCAL_TMP = os.getcwd()
"""
# As in tests/unit/plugin_utils/test_play_tokens.py: a token that somebody has made, whose time does not count; and then a use of it.
MINTED = f"""
since = time.perf_counter()
from {PACKAGE}.plugin_utils._play_token.ledger import Ledger
from {PACKAGE}.plugin_utils._play_token.keys import identity, run_key
with Ledger.open(os.path.join(os.getcwd(), "latchkey_play_tokens"), run_key()) as ledger:
    ledger.add_minted(identity({{"platform": "qumulo"}}, os.environ), {{"secret": "found", "good_for": 3600}}, "run")
"""
HIT = f"""
from {PACKAGE}.plugin_utils._play_token.broker import TokenRequest, play_token
assert play_token(TokenRequest({{"platform": "qumulo"}}, None, 300, False, "run"), print) == "found"
"""
# What is timed, after what comes before it; and a mark in what Python itself writes of each import.
PROBE = """
import sys, os, time
{before}
os.write(2, b"begin\\n")
started, apart = time.perf_counter(), 0.0
{timed}
print(time.perf_counter() - started - apart)
print(sum(name.partition(".")[0] in ("requests", "urllib3") for name in sys.modules))
"""


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure each part, and what one would use instead."""
    hit, hit_modules, mostly = _timed(bench, runs, LOADED, f"import {PACKAGE}.lookup.play_token{MINTED}{HIT}")
    env, *_unused = _timed(bench, runs, LOADED, "import ansible.plugins.lookup.env")
    yield Row(Side("play_token, loaded up to the first hit", hit), Side("loading lookup('env')", env), why=mostly)
    yield Row(Side("modules of requests and urllib3 that a hit loads", hit_modules, "modules"), None, 0.0, exact=True)
    for kind, ours, theirs, before in (
        ("action plugin", f"{PACKAGE}.action.access_token", "ansible.plugins.action.uri", LOADED),
        ("module", f"{PACKAGE}.modules.access_token", "ansible.modules.uri", ""),
    ):
        seconds, _modules, mostly = _timed(bench, runs, before, f"import {ours}")
        instead, *_unused = _timed(bench, runs, before, f"import {theirs}")
        yield Row(Side(f"loading the {kind} access_token", seconds), Side(f"loading the {kind} uri", instead), why=mostly)


def _timed(bench: Bench, runs: int, before: str, timed: str) -> tuple[Sequence[float], Sequence[float], str]:
    """Return the seconds, how many modules of requests and urllib3 were there, and which packages took most."""
    code = PROBE.format(before=before, timed=timed)

    def told(*flags: str) -> tuple[list[str], str]:
        environment = {**os.environ, "PYTHONPATH": str(bench.ansible.collections)}
        with tempfile.TemporaryDirectory() as folder:  # a ledger of its own
            done = subprocess.run(
                [sys.executable, *flags, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
        assert done.returncode == 0, done.stderr
        return done.stdout.split(), done.stderr

    told()  # to warm up
    seconds, modules = zip(*(map(float, told()[0]) for _unused in range(3 * runs)), strict=True)
    return seconds, modules, _mostly(told("-X", "importtime")[1].partition("begin\n")[2])


def _mostly(told: str) -> str:
    """Return which packages take most, from what Python writes of each import."""
    took: Counter[str] = Counter()
    for own, name in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", told):
        # Of our own, each file by itself.
        package = name.rpartition(".")[2] if name.startswith("ansible_collections.latchkey") else name.partition(".")[0]
        took[package] += int(own)
    whole = took.total() or 1
    return "Most of it: " + ", ".join(f"{package} {count / whole:.0%}" for package, count in took.most_common(4)) + "."
