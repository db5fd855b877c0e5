# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that wait until some work is done."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.signals import STOPS, HeldBack

HANDLED = (*STOPS, signal.SIGALRM)


@pytest.fixture
def seen():
    """The signals that the handlers of the process itself got."""
    numbers = []
    before = {number: signal.signal(number, lambda number, _frame: numbers.append(number)) for number in HANDLED}
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def send(*numbers):
    for number in numbers:
        os.kill(os.getpid(), number)


def test_they_are_sent_again_once_and_in_their_order(seen):
    with HeldBack():
        send(signal.SIGTERM, signal.SIGHUP, signal.SIGTERM)
        assert seen == []
    assert seen == [signal.SIGTERM, signal.SIGHUP]
    send(signal.SIGHUP)
    assert seen[2:] == [signal.SIGHUP]


def test_others_are_not_held_back(seen):
    with HeldBack((signal.SIGTERM,)):
        send(signal.SIGHUP)
        assert seen == [signal.SIGHUP]


def test_a_time_out_is_held_back_as_well(seen):
    with HeldBack():
        send(signal.SIGALRM)
        assert seen == []
    assert seen == [signal.SIGALRM]


def test_the_time_out_of_work_that_is_over_is_forgotten(seen):
    with HeldBack(forgotten=(signal.SIGALRM,)):
        send(signal.SIGALRM, signal.SIGTERM)
    assert seen == [signal.SIGTERM]
    send(signal.SIGALRM)
    assert seen == [signal.SIGTERM, signal.SIGALRM]


def test_what_is_ignored_stays_ignored(seen):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as with nohup
    with HeldBack() as held:
        send(signal.SIGHUP)
        assert held._noted == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_one_within_the_other(seen):
    with HeldBack() as outer:
        with HeldBack():
            send(signal.SIGTERM)
            assert outer._noted == []
        assert (outer._noted, seen) == ([signal.SIGTERM], [])
    assert seen == [signal.SIGTERM]


def test_a_handler_that_raises_keeps_none_of_the_others(seen):
    mine = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    held = HeldBack()
    held.__enter__()
    send(signal.SIGINT, signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        held.__exit__(ValueError, ValueError(), None)
    assert seen == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is mine
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_leaves_handlers_alone(seen):
    def work():
        with HeldBack():
            found.append([signal.getsignal(number) for number in STOPS])

    found = []
    before = [signal.getsignal(number) for number in STOPS]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
