# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run it is, and whether another one is still there."""

from __future__ import annotations

import os
import subprocess
import sys

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process import identity as run_identity
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import is_gone, this_run


def test_a_name_has_four_parts_and_is_stable():
    assert this_run("web 1") == this_run("web 1")
    place, pid, started, host = this_run("web 1").split(" ")
    assert (place, pid, host) == (run_identity._place(), str(os.getppid()), "web_1")
    assert started


def test_this_run_may_go_on_with_its_own_work():
    assert is_gone(this_run("web1"), "web1") is True


def test_another_host_of_this_run_is_at_work():
    assert is_gone(this_run("web2"), "web1") is False


def test_a_process_that_ended():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run = f"{run_identity._place()} {process.pid} {run_identity.process_start(process.pid)} web1"
        assert is_gone(run, "web1") is False
        process.communicate(b"\n")
    assert is_gone(run, "web1") is True


def test_a_process_id_that_was_given_to_another():
    assert is_gone(f"{run_identity._place()} {os.getpid()} 1 web1", "web1") is True


def test_elsewhere_nobody_can_tell():
    assert is_gone(f"other/machine {os.getpid()} 1 web1", "web1") is None


def test_what_is_no_name():
    for text in ("", "x", f"{run_identity._place()} pid 1 web1", f"{run_identity._place()} 1 web1", "a b c d e"):
        assert is_gone(text, "web1") is None
