# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sitecustomize.py, so loaded by every Python that finds its folder on PYTHONPATH; the saboteur puts a copy there.

Notes what the run does, one line for each point of it, and does evil at one. Knows nothing but what is in the orders beside it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

_here = os.path.dirname(os.path.abspath(__file__))
# Modules that run in a process of their own load this too.
_main = int(os.environ.setdefault("SABOTEUR_MAIN", str(os.getpid())))
with open(os.path.join(_here, "orders.json")) as _file:
    _orders = json.load(_file)
_log = os.path.join(_here, "events")


def _note(event: str) -> None:
    fd = os.open(_log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _write(fd, (event + "\n").encode())
        events = os.pread(fd, 1 << 20, 0).decode().splitlines()
    finally:
        os.close(fd)
    if len(events) in _orders["at"] or f"{event}#{events.count(event)}" in _orders["at"]:
        _evil(event)


def _evil(event: str) -> None:
    if "run" in _orders:
        exec(compile(_orders["run"], "evil", "exec"), {"main": _main, "event": event})  # noqa: S102  (what a test hands in)
        return
    # Workers of ansible-core 2.19 and later lead a session of their own: the main process first, then this one.
    os.killpg(os.getpgid(_main), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


# -- the vars file


def _is_ours(path: Any) -> bool:
    return _orders["file"] in os.path.basename(os.fsdecode(path))


def _path_of(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


_half: set[str] = set()  # files whose first half was written by itself
_write, _fsync = os.write, os.fsync


def write(fd: int, data: Any) -> int:
    path = _path_of(fd)
    if not _is_ours(path) or path in _half:
        return _write(fd, data)
    _half.add(path)
    _note("before write")
    done = _write(fd, data[: len(data) // 2])
    _note("half written")
    return done


def fsync(fd: int) -> None:
    path = _path_of(fd)
    if _is_ours(path) or os.path.isdir(path):
        _note("before fsync of " + ("folder" if os.path.isdir(path) else "file"))
    _fsync(fd)


def _noting(name: str, operation: Any, is_ours: Callable[[Any], bool]) -> Any:
    """The operation, noted before and after where the file that it is about is ours."""

    def noting(*paths: Any, **more: Any) -> None:
        ours = is_ours(paths[-1])
        if ours:
            _note(f"before {name}")
        operation(*paths, **more)
        if ours:
            _note(f"after {name}")

    return noting


def _is_rescue_file(path: Any) -> bool:
    return os.fsdecode(path).endswith(".rescue.yml")


# -- git


def _started(self: Any, args: Any, *more: Any, **named: Any) -> None:
    self._event = f"git {args[1]}" if args and args[0] == "git" else ""
    if self._event:
        _note("before " + self._event)
    _init(self, args, *more, **named)


def _ended(self: Any, *arguments: Any, **named: Any) -> int:
    code = _wait(self, *arguments, **named)
    if getattr(self, "_event", ""):
        event, self._event = self._event, ""
        _note("after " + event)
    return code


# -- requests


def _requested(self: Any, method: str, url: str, *arguments: Any, **more: Any) -> None:
    self._event = f"{method} {url.split('?')[0]}"
    _putrequest(self, method, url, *arguments, **more)


def _given_header(self: Any, header: Any, *values: Any) -> None:
    if os.fsdecode(header).lower() == "x-amz-target":  # what AWS is asked for, which its paths do not tell
        self._event += " " + os.fsdecode(values[0]).rpartition(".")[2]
    _putheader(self, header, *values)


def _sent(self: Any, *arguments: Any, **more: Any) -> None:
    _note("before " + self._event)
    _endheaders(self, *arguments, **more)


def _answered(self: Any, *arguments: Any, **more: Any) -> http.client.HTTPResponse:
    answer = _getresponse(self, *arguments, **more)
    _note("answered " + self._event)
    return answer


def getaddrinfo(host: Any, port: Any, *arguments: Any, **more: Any) -> Any:
    if port == _orders["unresolved"].get("port") and _is_unresolved(**_orders["unresolved"]):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _getaddrinfo(host, port, *arguments, **more)


def _is_unresolved(after: int, times: int | None, **_port: int) -> bool:
    with open(_log, "a+") as events:
        events.seek(0)
        if sum(line.startswith("answered ") for line in events) < after:
            return False
    with open(os.path.join(_here, "unresolved"), "a") as struck:
        struck.write("x")
        struck.flush()
        return times is None or struck.tell() <= times


def _patch(owner: Any, **replacements: Any) -> None:
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)


_init, _wait = subprocess.Popen.__init__, subprocess.Popen.wait
_putrequest, _getresponse = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse
_putheader, _endheaders = http.client.HTTPConnection.putheader, http.client.HTTPConnection.endheaders
_getaddrinfo = socket.getaddrinfo
_unlink = _noting("unlink", os.unlink, _is_rescue_file)
_patch(os, write=write, fsync=fsync, unlink=_unlink, remove=_unlink)
_patch(os, replace=_noting("replace", os.replace, _is_ours), link=_noting("link", os.link, _is_ours))
_patch(subprocess.Popen, __init__=_started, wait=_ended)
_patch(http.client.HTTPConnection, putrequest=_requested, putheader=_given_header, endheaders=_sent, getresponse=_answered)
_patch(socket, getaddrinfo=getaddrinfo)
