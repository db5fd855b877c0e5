# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a job, as AWX shows it: what was rotated is one line that says all, whatever the width of the terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from typing import Any

import yaml

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.simulator.launch import Simulator


def text_of(command: list[str], env: dict[str, str], columns: int, cwd: str) -> str:
    """Return what a command writes to a terminal of a width."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=its, stderr=its)
    os.close(its)
    found = b""
    try:
        while part := os.read(ours, 65536):
            found += part
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(ours)
    assert process.wait(120) == 0, found.decode()
    return found.decode().replace("\r\n", "\n")


def test_one_line_says_what_was_rotated(ansible: Ansible, qumulo: Simulator) -> None:
    rig = Rig(ansible, qumulo)
    old = rig.seed()
    tasks: list[dict[str, Any]] = [{"name": "Rotate", "ansible.builtin.import_role": {"name": "latchkey.tokens.rotate"}}]
    variables = rig.variables(rotate_force=True)
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    playbook = ansible.folder / "play.yml"
    playbook.write_text(yaml.safe_dump([play]))
    text = text_of(ansible.command(playbook, rig.vault_arguments), ansible.env(), 80, str(ansible.folder))
    assert [len(line) for line in text.splitlines() if line.startswith("PLAY [")] == [80], "Ansible knows the width"
    new = rig.assert_settled()
    (line,) = [one for one in text.splitlines() if old in one and new in one]
    assert len(line) > 80
    assert line.startswith("[localhost] ")
    assert all(part in line for part in (rig.account, "replaced by", "expires", "next due")), line
