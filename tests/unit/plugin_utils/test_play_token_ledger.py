# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of play tokens: what its entries add up to, who may read them, and its lock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import ledger as play_token_ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.ledger import Entry, Ledger

KEY = bytes(range(32))
FORK = multiprocessing.get_context("fork")


def grant(secret="canary-token", good_for=3600.0):
    return {"secret": secret, "good_for": good_for}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "ledger")


@pytest.fixture
def ledger(path):
    with Ledger.open(path, KEY) as opened:
        yield opened


def test_nothing_yet(ledger):
    contents = ledger.read()
    assert (contents.tokens, contents.revoked, contents.refusals, contents.watcher, contents.closed) == ({}, [], {}, "", False)
    assert contents.current("one") is None


def test_the_latest_of_an_identity_is_current(ledger):
    for secret in ("first", "second"):
        ledger.add_minted("one", grant(secret), "run")
    ledger.add_minted("two", grant("third"), "play")
    contents = ledger.read()
    assert [(one.secret, one.current, one.scope) for one in contents.tokens.values()] == [
        ("first", False, "run"),
        ("second", True, "run"),
        ("third", True, "play"),
    ]
    assert contents.current("one").secret == "second"
    assert contents.current("two").secret == "third"


def test_revoked_ones_are_still_known(ledger):
    ledger.add_minted("one", grant(), "run")
    (name,) = ledger.read().tokens
    ledger.add_revoked(name)
    ledger.add_revoked(name)
    contents = ledger.read()
    assert contents.tokens == {}
    assert contents.current("one") is None
    assert contents.find("canary-token").identity == "one"
    assert contents.find("another") is None


def test_refusals_are_forgotten_after_a_mint(ledger):
    ledger.add_refusal("one", "It was refused.")
    ((at, words),) = ledger.read().refusals.values()
    assert words == "It was refused."
    assert abs(time.time() - at) < 5
    ledger.add_minted("one", grant(), "run")
    assert ledger.read().refusals == {}


def test_the_watcher_and_the_end(ledger):
    ledger.add_watcher(os.getpid())
    ledger.close_for_good()
    contents = ledger.read()
    assert (contents.is_watched(), contents.is_abandoned(), contents.closed) == (True, False, True)


def test_a_process_that_has_the_watchers_id_is_not_the_watcher(ledger, monkeypatch):
    ledger.add_watcher(os.getpid())
    monkeypatch.setattr(play_token_ledger, "process_start", lambda _pid: "another time")
    contents = ledger.read()
    assert (contents.is_watched(), contents.is_abandoned()) == (False, True)


def test_an_intent_is_settled_by_what_it_made(ledger):
    made, nothing, open_one = (ledger.add_intent({"secret": "canary"}) for _unused in range(3))
    ledger.add_minted("one", grant(), "run", intent=made)
    ledger.add_settled(nothing)
    assert ledger.read().intents == {}  # a use need not know of them
    contents = ledger.read(rotations=True)
    assert list(contents.intents) == [open_one]
    assert contents.intents[open_one].is_held()
    assert "canary" not in repr(contents)


def test_an_intent_of_a_process_that_has_ended(path):
    def intend():
        with Ledger.open(path, KEY) as opened:
            opened.add_intent({})

    process = FORK.Process(target=intend)
    process.start()
    process.join(10)
    with Ledger.open(path, KEY) as opened:
        [intent] = list(opened.read(rotations=True).intents.values())
    assert intent.holder.startswith(f"{process.pid} ")
    assert not intent.is_held()


@pytest.mark.parametrize(
    ("good_for", "age", "margin", "good"),
    [
        (None, 1e6, 300, True),  # nobody knows, so it is used until it is refused
        (3600, 0, 300, True),
        (3600, 3299, 300, True),
        (3600, 3301, 300, False),
        (3600, 3601, 0, False),
        (60, 29, 300, True),  # a short life: half of it will do, or every use would mint
        (60, 31, 300, False),
        (60, 59, 0, True),
    ],
)
def test_how_long_a_token_is_good(good_for, age, margin, good):
    entry = Entry("name", "one", grant(good_for=good_for), time.time() - age, "run")
    assert entry.is_good(margin) is good


def test_nothing_is_in_clear(path, ledger):
    ledger.add_minted("one", grant("canary-token"), "run")
    ledger.add_refusal("one", "canary-words")
    with open(path, "rb") as file:
        content = file.read()
    assert b"canary" not in content
    assert b"minted" not in content
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "canary-token" not in repr(ledger.read())


def test_entries_of_another_run_are_passed_over(path, ledger):
    ledger.add_minted("one", grant(), "run")
    with Ledger.open(path, bytes(32)) as other:
        assert other.read().tokens == {}


def test_what_is_still_being_written_is_passed_over(path, ledger):
    ledger.add_minted("one", grant(), "run")
    whole = os.path.getsize(path)
    ledger.add_minted("two", grant(), "run")
    os.truncate(path, os.path.getsize(path) - 1)
    assert len(ledger.read().tokens) == 1
    os.truncate(path, whole + 10)
    assert len(ledger.read().tokens) == 1


def test_a_link_in_its_place_is_not_followed(tmp_path, path):
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(OSError, match="symbolic"):
        Ledger.open(path, KEY)


def _mint_when_none(path, start):
    start.wait(10)
    with Ledger.open(path, KEY) as ledger, ledger.locked() as contents:
        if contents.current("one") is None:
            time.sleep(0.05)
            ledger.add_minted("one", grant(), "run")


def test_one_at_a_time(path):
    start = FORK.Event()
    processes = [FORK.Process(target=_mint_when_none, args=(path, start)) for _unused in range(8)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    with Ledger.open(path, KEY) as ledger:
        assert len(ledger.read().tokens) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM])
def test_signals_wait_for_the_lock(ledger, number):
    """A handler that wants the ledger, too, must not meet our own lock, and a token just made must be entered first."""
    seen = []
    before = signal.signal(number, lambda *_unused: seen.append(len(ledger.read().tokens)))
    try:
        with ledger.locked():
            # Another thread may get it, as in Ansible's main process.
            other = threading.Thread(target=os.kill, args=(os.getpid(), number))
            other.start()
            other.join()
            ledger.add_minted("one", grant(), "run")
            assert seen == []
        wait = time.monotonic() + 60
        while not seen and time.monotonic() < wait:
            time.sleep(0.01)
        assert seen == [1]
    finally:
        signal.signal(number, before)


def test_a_failure_gives_the_lock_back(path, ledger):
    with pytest.raises(ValueError), ledger.locked():
        raise ValueError
    with Ledger.open(path, KEY) as other, other.locked():
        pass
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_an_entry_that_a_full_disk_cut_off_harms_only_itself(ledger, path, cut):
    ledger.add_minted("one", grant("first"), "run")
    whole = os.path.getsize(path)
    ledger.add_minted("two", grant("second"), "run")
    os.truncate(path, whole + cut)
    ledger.add_minted("three", grant("third"), "run")
    ledger.close_for_good()
    contents = ledger.read()
    assert [one.secret for one in contents.tokens.values()] == ["first", "third"]
    assert contents.closed
