# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for requests: never more than there are, over threads and processes, and none lost with a process that is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ConnectionFailedError, LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._http import slots as request_places
from ansible_collections.latchkey.tokens.plugins.module_utils._http.slots import NoPlaceError, RequestPlaces
from tests.unit.module_utils.http_layer.rig import client, reply

HOLDER = """
import sys, tempfile
from ansible_collections.latchkey.tokens.plugins.module_utils._http.slots import RequestPlaces
tempfile.tempdir = sys.argv[1]
with RequestPlaces("cluster:8000", 1, 5).one():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"latchkey.tokens-{os.getuid()}"


def taken(appliance="cluster:8000", count=1):
    """Tell whether all places are taken."""
    try:
        with RequestPlaces(appliance, count, 0).one():
            return False
    except NoPlaceError:
        return True


@pytest.mark.parametrize("count", [1, 3])
def test_never_more_than_there_are(count):
    lock, meet = threading.Lock(), threading.Barrier(count)
    now = high = 0

    def work(_number):
        nonlocal now, high
        with RequestPlaces("cluster:8000", count, 30).one():
            with lock:
                now += 1
                high = max(high, now)
            meet.wait(10)  # only so many together get on
            with lock:
                now -= 1

    with ThreadPoolExecutor(4 * count) as pool:
        list(pool.map(work, range(4 * count)))
    assert high == count


def test_a_place_is_one_at_one_appliance():
    with RequestPlaces("cluster:8000", 1, 0).one():
        assert taken()
        assert taken("CLUSTER:8000")
        assert not taken("cluster:8001")
        assert not taken(count=2)
    assert not taken()


def test_a_place_is_free_after_a_failure():
    with pytest.raises(ZeroDivisionError), RequestPlaces("cluster:8000", 1, 0).one():
        raise ZeroDivisionError
    assert not taken()


def test_a_place_of_a_process_that_is_killed_is_free(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": ":".join(sys.path)}, stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        assert taken()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        assert not taken()


def test_the_files_are_the_users_alone(folder):
    assert not taken()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()] == [0o600]


@pytest.mark.parametrize("how", ["open to others", "a link", "a file"])
def test_a_folder_that_somebody_else_may_have_made(folder, tmp_path, how):
    if how == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    elif how == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.touch(0o600)
    with pytest.raises(LatchkeyError) as caught:
        taken()
    assert str(caught.value) == (
        f"max_parallel_requests: requests cannot be counted, since {folder} is not a directory that only this user may enter; nothing was "
        "sent. Fix that, or set TMPDIR to a directory that all runs share, or leave the option out."
    )


def test_a_file_system_without_locks(folder, monkeypatch):
    def no_locks(*_unused):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(request_places.fcntl, "flock", no_locks)
    with pytest.raises(LatchkeyError, match=r"since .*latchkey\.tokens-\d+ cannot be locked \(No locks available\); nothing was sent"):
        taken()


# -- requests that need a place


def test_a_request_that_gets_no_turn_is_not_sent(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = serve(reply(200, "{}"))
    http = client(server, timeout=0.01, max_parallel_requests=1)
    http._timeout = 5.0  # to wait for the answer, not for the turn
    with (
        RequestPlaces(f"127.0.0.1:{server.port}", 1, 0).one(),
        pytest.raises(ConnectionFailedError, match=r"so this one was not sent\. Run with fewer forks") as caught,
    ):
        http.request("make a token", "POST", "/x")
    assert not caught.value.may_have_acted
    assert server.requests == []
    assert http.request("make a token", "POST", "/x").status == 200


def test_nothing_is_held_between_two_attempts(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = serve(reply(503), reply(200, "{}"))
    http = client(server, max_parallel_requests=1)

    def pause(_seconds: float) -> None:
        with RequestPlaces(f"127.0.0.1:{server.port}", 1, 0).one():
            pass

    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=pause, monotonic=time.monotonic))
    assert http.request("look", "GET", "/x").status == 200
    assert len(server.requests) == 2


def test_without_a_limit_there_are_no_places(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert client(serve(reply(200, "{}"))).request("look", "GET", "/x").status == 200
    assert list(tmp_path.iterdir()) == []
