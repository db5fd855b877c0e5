# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation that is told to end: it hears of it between two steps and while it waits, and undoes itself undisturbed."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.signals import STOPS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.interruption import Interruption
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import InterruptedRunError

WORDS = {
    signal.SIGALRM: "the task's time-out",
    signal.SIGINT: "Ctrl-C (SIGINT)",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "SIGHUP",
    signal.SIGQUIT: "SIGQUIT",
}


class TimeoutOfTaskError(BaseException):
    """As Ansible's."""


@pytest.fixture(autouse=True)
def seen():
    """The signals that the process's own handlers got; that of SIGALRM raises, as Ansible's does."""

    def on_alarm(_number, _frame):
        raise TimeoutOfTaskError

    numbers = []
    before = {number: signal.signal(number, lambda number, _frame: numbers.append(number)) for number in STOPS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, on_alarm)
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number, after=0.0):
    """Send it from another thread, as the kernel would."""

    def work():
        time.sleep(after)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=work)
    thread.start()
    if not after:
        thread.join()
    return thread


def wait_for(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("number", WORDS)
def test_it_is_noted_and_told(seen, number):
    with Interruption() as interruption:
        assert interruption.came == ""
        interruption.check()
        send(number)
        wait_for(lambda: interruption.came)
        assert interruption.came == WORDS[number]
        for _unused in range(2):
            with pytest.raises(InterruptedRunError) as caught:
                interruption.check()
            assert str(caught.value) == f"The rotation was interrupted by {WORDS[number]}."
        assert seen == []
    wait_for(lambda: seen or number == signal.SIGALRM)
    assert seen == [one for one in [number] if one != signal.SIGALRM]
    assert interruption.came == WORDS[number]


def test_the_first_is_told():
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGALRM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.came == "the task's time-out"


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGTERM])
def test_it_wakes_who_waits(number):
    with Interruption() as interruption:
        since = time.monotonic()
        thread = send(number, after=0.05)
        with pytest.raises(InterruptedRunError):
            interruption.sleep(60)
        assert time.monotonic() - since < 20
        thread.join()
        with pytest.raises(InterruptedRunError):  # who did not hear of it does not wait again
            interruption.sleep(60)


def test_a_wait_lasts_as_long_as_it_should():
    with Interruption() as interruption:
        since = time.monotonic()
        interruption.sleep(0.05)
        assert time.monotonic() - since >= 0.05
        interruption.sleep(0)


def test_an_undo_waits_undisturbed(seen):
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        since = time.monotonic()
        send(signal.SIGTERM, after=0.02)
        send(signal.SIGINT, after=0.03)
        time.sleep(0.1)  # as DisplayedSteps does once the rotation is being undone
        assert time.monotonic() - since >= 0.1
        wait_for(lambda: len(interruption._noted) == 3)
    assert seen == [signal.SIGTERM, signal.SIGINT]


def test_a_signal_after_a_wait_raises_nothing():
    with Interruption() as interruption:
        interruption.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.came == "SIGTERM"


def test_many_signals_wake_once():
    with Interruption() as interruption:
        threads = [send(signal.SIGTERM, after=0.02) for _unused in range(20)]
        with pytest.raises(InterruptedRunError):
            interruption.sleep(60)
        for thread in threads:
            thread.join()


def test_ansibles_time_out_does_not_take_the_result():
    """It is set before the action runs, and switched off after that."""
    signal.alarm(1)
    try:
        with Interruption() as interruption:
            with pytest.raises(InterruptedRunError, match="the task's time-out"):
                interruption.sleep(60)
            result = "undone"
    finally:
        signal.alarm(0)
    assert result == "undone"


def test_another_thread_only_waits():
    def work():
        with Interruption() as interruption:
            interruption.sleep(0.01)
            found.append(interruption.came)

    found = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [""]
