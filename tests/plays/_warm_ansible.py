# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks in forks of a process that has imported Ansible and the collection already: the imports are most of a short play.

What runs is the command line of ansible-playbook, in a process, an environment and a directory of its own, with whatever processes Ansible
starts. A test that is about the start of a process, such as its arguments or what Python is told by the environment, starts one.

This file is also the program of that process: it runs with the Python of each ansible-core, and has nothing but that to import.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

_MOST = 1 << 20  # bytes of a request
# What takes effect when Python or Ansible is imported.
_EARLY = ("ANSIBLE_", "PYTHON", "LD_", "LC_", "LANG")


def early(env: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment takes effect when Ansible is imported."""
    return {name: value for name, value in env.items() if name.startswith(_EARLY)}


class WarmAnsible:
    """A process that has imported Ansible.

    Args:
        python: of the ansible-core.
        collections: where the collection is installed.
        env: the environment that Ansible is imported in.
    """

    def __init__(self, python: Path, collections: Path, env: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [str(python), __file__, str(theirs.fileno()), str(collections)],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def run(self, command: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float) -> tuple[int, str]:
        """Run ansible-playbook; return its exit code, or the negative signal, and its output. Raises subprocess.TimeoutExpired."""
        output, their_output = os.pipe()
        status, their_status = os.pipe()
        request = json.dumps({"command": list(command), "cwd": str(cwd), "env": dict(env)}).encode()
        socket.send_fds(self._ours, [request], [their_output, their_status])
        os.close(their_output)
        os.close(their_status)
        with os.fdopen(output, "rb") as shown, os.fdopen(status, "rb") as told:
            pid = int(told.readline())
            text = _read(shown.fileno(), timeout)
            if text is None:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(command), timeout)
            return int(told.readline()), text

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.wait(timeout=30)


def _read(descriptor: int, timeout: float) -> str | None:
    """Read to the end; None when that does not come in time."""
    parts: list[bytes] = []
    give_up = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(max(0.0, give_up - time.monotonic())):
            part = os.read(descriptor, 1 << 16)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)
    return None


# In that process


def _import_everything(collections: str) -> None:
    """Import Ansible, the plugins that every play looks at or uses, and of the collection what runs on the controller."""
    from importlib import import_module

    for name in ("ansible.cli.playbook", "ansible.executor.playbook_executor", "ansible.playbook.role"):
        import_module(name)
    loader = import_module("ansible.plugins.loader")
    loader.init_plugin_loader([collections])
    import_module("ansible_collections.ansible.builtin")
    # Not "vars": Ansible would take the plugin that reads group_vars for one that is not enabled.
    for kind in ("callback", "inventory", "filter", "test", "connection", "shell", "become"):
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    loader.strategy_loader.get("linear", class_only=True)
    for kind in ("action", "lookup"):
        for file in sorted(Path(collections, "ansible_collections/latchkey/tokens/plugins", kind).glob("*.py")):
            import_module(f"ansible_collections.latchkey.tokens.plugins.{kind}.{file.stem}")


def _serve(requests: socket.socket) -> NoReturn:
    """Fork a play for each request, until there will be none."""
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(requests, _MOST, 2)
        if not message:
            raise SystemExit(0)
        output, status = descriptors
        if os.fork() == 0:
            requests.close()
            _attend(json.loads(message), output, status)
        os.close(output)
        os.close(status)
        while _reaped():
            pass


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _attend(request: Mapping[str, Any], output: int, status: int) -> None:
    """Fork the play, and tell its process id and how it ended. Returns in the process of the play alone, with its exit."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _play(request, output)
    os.close(output)
    os.write(status, f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(status, f"{code}\n".encode())
    os._exit(0)


def _play(request: Mapping[str, Any], output: int) -> NoReturn:
    """Become ansible-playbook with the request's arguments, environment and directory."""
    import multiprocessing
    import warnings

    from ansible import constants
    from ansible.cli.playbook import main

    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = request["command"]
    multiprocessing.current_process().authkey = os.urandom(32)
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    for setting in constants.config.get_configuration_definitions():
        constants.set_constant(setting, constants.config.get_config_value(setting, variables=vars(constants)))
    main(sys.argv)
    raise SystemExit(0)


if __name__ == "__main__":
    _import_everything(sys.argv[2])
    _serve(socket.socket(fileno=int(sys.argv[1])))
