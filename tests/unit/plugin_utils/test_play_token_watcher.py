# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher: started, told what to do, and at work once the process that it waits for is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import watcher as play_token_watcher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import watcher_process as play_token_watcher_process
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.watcher import start_watcher
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start

KEY = bytes(range(32))


@pytest.fixture
def run(tmp_path):
    """A run to be watched: a process that ends when its input does, and a ledger."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process, str(tmp_path / "ledger")
        process.kill()


def wait_for(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("pidfd", [True, False])
def test_it_closes_the_ledger_when_the_run_is_gone(run, monkeypatch, pidfd):
    """Also where the system has no descriptors of processes, and although the folder of the run is gone by then."""
    if not pidfd:
        monkeypatch.setattr(play_token_watcher, "_pidfd", lambda _pid: None)
    process, path = run
    with Ledger.open(path, KEY) as ledger:
        watcher = start_watcher(path, KEY, process.pid)
        assert process_start(watcher)
        assert not ledger.read().closed
        os.unlink(path)
        process.kill()
        process.wait()
        wait_for(lambda: ledger.read().closed)
        wait_for(lambda: not process_start(watcher))


def test_a_collection_that_went_away_with_the_run_is_told(monkeypatch):
    """In the system's log, without words that might hold a secret."""
    said = []

    def gone(_settings):
        raise ImportError("canary-token")

    monkeypatch.setattr(play_token_watcher_process, "_revoke", gone)
    monkeypatch.setattr(play_token_watcher_process, "_say", said.append)
    play_token_watcher_process._revoke_or_say({})
    assert said == ["The play tokens of a run could not be revoked (ImportError) and stay until they end by themselves."]


def test_it_knows_no_secret_from_outside(run, monkeypatch):
    monkeypatch.setenv("QUMULO_PASSWORD", "canary-password")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    process, path = run
    with Ledger.open(path, KEY):
        watcher = start_watcher(path, KEY, process.pid)
    with open(f"/proc/{watcher}/environ", "rb") as file:
        environment = file.read()
    with open(f"/proc/{watcher}/cmdline", "rb") as file:
        arguments = file.read()
    assert b"canary" not in environment
    assert b"proxy.example.com" in environment
    assert KEY.hex().encode() not in environment + arguments
    process.kill()
    process.wait()
    wait_for(lambda: not process_start(watcher))


def test_it_gets_what_tls_needs(run, monkeypatch):
    """A controller may name its OpenSSL configuration, with a provider for FIPS, in the environment only."""
    needed = {"OPENSSL_CONF": "/dev/null", "OPENSSL_MODULES": "/opt/fips", "LD_LIBRARY_PATH": "/opt/lib", "SSL_CERT_FILE": "/opt/ca.pem"}
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SSLKEYLOGFILE", "/opt/canary")
    process, path = run
    with Ledger.open(path, KEY):
        watcher = start_watcher(path, KEY, process.pid)
    with open(f"/proc/{watcher}/environ", "rb") as file:
        environment = dict(one.split("=", 1) for one in file.read().decode().split("\0") if one)
    assert needed.items() <= environment.items()
    assert "SSLKEYLOGFILE" not in environment
    process.kill()
    process.wait()
    wait_for(lambda: not process_start(watcher))


def test_a_process_that_has_the_runs_id_is_not_waited_for(run, monkeypatch):
    """Where the system has no descriptors of processes."""
    monkeypatch.setattr(play_token_watcher, "_pidfd", lambda _pid: None)
    monkeypatch.setattr(play_token_watcher, "process_start", lambda _pid: "another time")
    process, path = run
    with Ledger.open(path, KEY) as ledger:
        assert start_watcher(path, KEY, process.pid)
        wait_for(lambda: ledger.read().closed)
    assert process.poll() is None


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false", ""])
def test_it_cannot_be_started(run, monkeypatch, python):
    monkeypatch.setattr(sys, "executable", python)
    process, path = run
    with Ledger.open(path, KEY):
        assert start_watcher(path, KEY, process.pid) is None


def test_a_python_that_hangs_counts_as_none(run, monkeypatch, tmp_path):
    monkeypatch.setattr(play_token_watcher, "_PROMPT", 0.2)
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    process, path = run
    with Ledger.open(path, KEY):
        assert start_watcher(path, KEY, process.pid) is None
