# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that is found is cheap: no network, nothing loaded that only a request needs. And what becomes of mints that fail."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    ConflictError,
    LatchkeyError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._operations import play_token as operation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import broker as play_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import revoke as play_token_end
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import identity
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger

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
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import broker as play_tokens
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import identity, run_key

options = {{"platform": "qumulo"}}
with Ledger.open(play_tokens.ledger_path(), run_key()) as ledger:
    ledger.add_minted(identity(options, os.environ), {{"secret": "found", "good_for": 3600}}, "run")
request = play_tokens.TokenRequest(options, None, 300, False, "run")
assert play_tokens.play_token(request, print) == "found"
assert lookup_loader.get("latchkey.tokens.play_token", class_only=True)
print([name for name in ("requests", "urllib3") if name in sys.modules])
"""


def test_a_hit_loads_nothing_for_requests(tmp_path):
    collections = next(path for path in sys.path if os.path.isdir(os.path.join(path, "ansible_collections", "latchkey")))
    code = HIT.format(collections=collections, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


OPTIONS = {"platform": "qumulo"}
KEY = bytes(range(32))


class Run:
    """A run of Ansible, and an appliance that answers as it is told."""

    def __init__(self, tmp_path, monkeypatch):
        self.path, self.answers, self.mints, self.revoked, self.warnings, self.alive = str(tmp_path / "ledger"), [], 0, [], [], False
        self.ahead, self.meanwhile = 0.0, lambda: None
        monkeypatch.setattr(play_tokens, "ledger_path", lambda: self.path)
        monkeypatch.setattr(play_tokens, "run_key", lambda: KEY)
        monkeypatch.setattr(play_tokens, "is_orphan", lambda: False)
        monkeypatch.setattr(play_tokens, "watch", lambda *_unused: None)
        monkeypatch.setattr(play_token_end, "revoke_entry", self.revoke_entry)
        monkeypatch.setattr(operation, "mint", lambda *arguments: self.mint(arguments[-1]))
        monkeypatch.setattr(operation, "mint_like", lambda *arguments: self.mint(arguments[-1]))
        monkeypatch.setattr(operation, "is_alive", lambda _grant: self.alive)
        monkeypatch.setattr(operation, "revoke", lambda one: self.revoked.append(one.minted.secret))
        monkeypatch.setattr(operation.Grant, "from_data", lambda data: data)

    def mint(self, intend):
        intend(SimpleNamespace(as_data=lambda: {"connection": {}}))
        self.meanwhile()
        self.mints += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        data = {"secret": answer, "good_for": 3600.0}
        connection = SimpleNamespace(endpoint=SimpleNamespace(url="https://cluster.example.com"))
        return SimpleNamespace(minted=SimpleNamespace(secret=answer), as_data=lambda: data, ahead=self.ahead, connection=connection)

    def revoke_entry(self, ledger, entry):
        self.revoked.append(entry.secret)
        ledger.add_revoked(entry.name)
        return []

    def holds(self, secret, good_for):
        with Ledger.open(self.path, KEY) as ledger:
            ledger.add_minted(identity(OPTIONS, os.environ), {"secret": secret, "good_for": good_for}, "run")

    def ask(self, margin=300.0, refresh=False):
        request = play_tokens.TokenRequest(OPTIONS, None, margin, refresh, "run")
        return play_tokens.play_token(request, self.warnings.append)


@pytest.fixture
def run(tmp_path, monkeypatch):
    return Run(tmp_path, monkeypatch)


@pytest.fixture
def ends_soon(run, monkeypatch):
    """A run whose token lives, but not for as long as is asked."""
    run.holds("old", 100.0)
    monkeypatch.setattr(play_tokens.Entry, "is_good", lambda _entry, margin: margin < 100)
    return run


@pytest.mark.parametrize("status", [429, 403, 400, 302, None])
def test_a_token_that_works_is_kept_when_it_cannot_be_renewed(ends_soon, status):
    ends_soon.answers = [RequestError("It was refused.", status=status), "never asked for"]
    assert [ends_soon.ask(), ends_soon.ask()] == ["old", "old"]
    assert (ends_soon.mints, ends_soon.revoked) == (1, [])
    assert ends_soon.warnings == ["The play token of this run ends soon, and another one could not be created. It was refused."]


def test_a_token_that_works_goes_where_there_is_no_place_for_two(ends_soon):
    full = ConflictError("There are two.", status=409)
    full.no_place = True
    ends_soon.answers = [full, "new"]
    assert ends_soon.ask() == "new"
    assert ends_soon.revoked == ["old"]


def test_refused_credentials_are_tried_once_and_that_is_said(run):
    run.answers = [AuthenticationError("Wrong password.", status=401)] * 9
    with pytest.raises(LatchkeyError) as first:
        run.ask()
    assert str(first.value) == "Wrong password."
    for _unused in range(8):
        with pytest.raises(LatchkeyError, match=r"Wrong password\. That was at \d\d:\d\d:\d\dZ\. It is remembered until \d\d:\d\d:\d\dZ, "):
            run.ask()
    assert run.mints == 1


def test_refresh_asks_again_at_once(run):
    run.answers = [AuthenticationError("Wrong password.", status=401), "new"]
    with pytest.raises(LatchkeyError, match="Wrong password"):
        run.ask()
    assert run.ask(refresh=True) == "new"
    assert run.mints == 2


def test_a_mint_is_noted_before_it_is_sent(run):
    """Where the answer is lost, the intent stays; where nothing was made, or what was made is entered, it does not."""
    left = []

    def intents():
        with Ledger.open(run.path, KEY) as ledger:
            found = ledger.read(rotations=True).intents.values()
            left.append((len(found), sum(one.lost_at is not None for one in found)))

    run.meanwhile = intents
    run.answers = [RequestError("It was refused.", status=403), RequestError("No answer.", may_have_acted=True), "new"]
    for _unused in range(2):
        with pytest.raises(RequestError):
            run.ask()
        intents()
    assert run.ask() == "new"
    intents()
    assert left == [(1, 0), (0, 0), (1, 0), (1, 1), (2, 1), (1, 1)]


def test_nothing_is_made_that_cannot_be_noted(run, monkeypatch):
    def full(*_unused, **_how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Ledger, "add_intent", full)
    with pytest.raises(LatchkeyError, match=r"cannot be written \(No space left on device\), so no token is created"):
        run.ask()
    assert run.mints == 0


def test_a_killed_watcher_is_replaced_at_the_next_use(run, monkeypatch):
    run.holds("found", 3600.0)
    watched = []
    monkeypatch.setattr(play_tokens, "watch", lambda *_unused: watched.append(1))
    assert run.ask() == "found"
    assert watched == []  # none was ever started, so there is no point in trying again
    with Ledger.open(run.path, KEY) as ledger:
        ledger._append("watcher", f"{os.getpid()} another time")
    assert run.ask() == "found"
    assert watched == [1]


@pytest.mark.parametrize(("ahead", "words"), [(3600.0, "1 h ahead of"), (-400.0, "6 min 40 s behind"), (20.0, None)])
def test_clocks_that_differ_are_named(run, ahead, words):
    run.ahead, run.answers = ahead, ["new"]
    assert run.ask() == "new"
    said = f"The clock of https://cluster.example.com is {words} this machine's. The play token was created by its clock; "
    assert run.warnings == ([f"{said}correct the wrong one."] if words else [])


def test_refused_credentials_are_tried_once_in_place_of_a_dead_token(run):
    run.holds("old", 3600.0)
    run.answers = [AuthenticationError("Wrong password.", status=401)] * 9
    for _unused in range(8):
        with pytest.raises(LatchkeyError, match="Wrong password"):
            play_tokens.replacement("old", run.warnings.append)
    assert run.mints == 1


def test_a_token_that_cannot_be_kept_is_revoked(run, monkeypatch):
    def full(*_unused, **_how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Ledger, "add_minted", full)
    run.answers = ["new"]
    with pytest.raises(LatchkeyError, match=r"cannot be written \(No space left on device\), so the token .* was revoked again"):
        run.ask()
    assert run.revoked == ["new"]
