# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that is found is cheap: no network, and nothing loaded that only a request needs."""

from __future__ import annotations

import os
import subprocess
import sys

HIT = """
import os, socket, sys

def no_network(*_unused, **_unused_either):
    raise AssertionError("a hit went to the network")

socket.socket.connect = no_network
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([{collections!r}])
from ansible import constants as C
C.DEFAULT_LOCAL_TMP = {folder!r}
from ansible.plugins.loader import lookup_loader
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _play_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_ledger import Ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token_run import identity, run_key

options = {{"platform": "qumulo"}}
with Ledger.open(_play_tokens.ledger_path(), run_key()) as ledger:
    ledger.add_minted(identity(options, os.environ), {{"secret": "found", "good_for": 3600}}, "run")
request = _play_tokens.Request(options, None, 300, False, "run")
assert _play_tokens.play_token(request, print) == "found"
assert lookup_loader.get("latchkey.tokens.play_token", class_only=True)
print([name for name in ("requests", "urllib3") if name in sys.modules])
"""


def test_a_hit_loads_nothing_for_requests(tmp_path):
    collections = next(path for path in sys.path if os.path.isdir(os.path.join(path, "ansible_collections", "latchkey")))
    code = HIT.format(collections=collections, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
