# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a job, as AWX shows it: what was rotated is one line that says all, whatever the width of the terminal.

Where a program reads the output of a run, that line is not in it.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
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


def play_that_rotates(rig: Rig) -> Path:
    """Return a playbook that rotates a credential, due or not."""
    tasks: list[dict[str, Any]] = [{"name": "Rotate", "ansible.builtin.import_role": {"name": "latchkey.tokens.rotate"}}]
    variables = rig.variables(rotate_force=True)
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    playbook = rig.ansible.folder / "play.yml"
    playbook.write_text(yaml.safe_dump([play]))
    return playbook


def test_one_line_says_what_was_rotated(ansible: Ansible, qumulo: Simulator) -> None:
    rig = Rig(ansible, qumulo)
    old = rig.seed()
    playbook = play_that_rotates(rig)
    text = text_of(ansible.command(playbook, rig.vault_arguments), ansible.env(), 80, str(ansible.folder))
    assert [len(line) for line in text.splitlines() if line.startswith("PLAY [")] == [80], "Ansible knows the width"
    new = rig.assert_settled()
    (line,) = [one for one in text.splitlines() if old in one and new in one]
    assert len(line) > 80
    assert line.startswith("[localhost] ")
    assert all(part in line for part in (rig.account, "replaced by", "expires", "next due")), line


# As ansible.posix.jsonl does, which is not installed here, it shows JSON alone.
JSON_CALLBACK = """
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "jsonl"

    def v2_playbook_on_stats(self, stats):
        self._display.display('{"hosts": ["localhost"]}')
"""


@pytest.mark.parametrize("beside", [{}, {"ANSIBLE_CALLBACKS_ENABLED": "latchkey.tokens.progress"}], ids=["alone", "with progress"])
def test_output_for_a_program_is_not_broken(each_core: Ansible, qumulo: Simulator, beside: dict[str, str]) -> None:
    rig = Rig(each_core, qumulo)
    old = rig.seed()
    plugins = each_core.folder / "outputs"
    plugins.mkdir()
    (plugins / "jsonl.py").write_text(JSON_CALLBACK)
    outputs = {"ANSIBLE_STDOUT_CALLBACK": "jsonl", "ANSIBLE_CALLBACK_PLUGINS": str(plugins), **beside}
    command = each_core.command(play_that_rotates(rig), rig.vault_arguments)
    run = subprocess.run(command, env={**each_core.env(), **outputs}, cwd=each_core.folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"hosts": ["localhost"]}
    assert f"{old} was replaced by {rig.assert_settled()}" in run.stderr
