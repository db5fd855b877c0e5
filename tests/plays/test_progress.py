# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback progress: a line for each credential of a fleet as it is done, as the only output of a run and beside another one."""

from __future__ import annotations

import re

from tests.plays._ansible import Ansible
from tests.plays._fleet import fleet
from tests.plays.test_fleet import FAILING

NAME = "latchkey.tokens.progress"


def test_as_the_output_of_a_run(each_core: Ansible) -> None:
    """A line for each host and few more; a failure is told once."""
    each_core.environment |= {"ANSIBLE_STDOUT_CALLBACK": NAME, "ANSIBLE_CALLBACK_PLUGINS": ""}
    with fleet(each_core, credentials=4, clusters=1, files=1) as made:
        made[1].more = {"rotate_credential": "acess_token"}
        made[2].more = {"rotate_endpoint": "127.0.0.1:1"}
        made[3].more = {"rotate_checks": FAILING}
        output = made.rotate(["--forks", "2"], rotate_force=True, rotate_serial=2).run.output
    shown = [line for line in output.splitlines() if line.startswith("[") and "WARNING" not in line]
    told = [match.groups() for line in shown if (match := re.match(r"\[(\d) of 4, (\d) left", line))]
    assert told == [(str(n), str(4 - n)) for n in range(1, 5)], output
    outcomes = {found[2]: found[1] for found in re.finditer(r"\] (.+), \d+\.\d s: cluster00_backup0(\d): ", output)}
    assert outcomes == {"0": "rotated", "1": "failed", "2": "failed", "3": "undone"}
    assert output.count("the connection was refused") == 1
    assert re.search(r"^1 rotated, 1 undone, 2 failed; the next one is due at .*\n3 hosts failed\.$", output, re.MULTILINE)
    assert "TASK" not in output


def test_beside_another_output(ansible: Ansible) -> None:
    """As in AWX, whose own output takes what is displayed; the role's last line is not there twice."""
    ansible.environment |= {"ANSIBLE_CALLBACKS_ENABLED": NAME, "ANSIBLE_CALLBACK_PLUGINS": ""}
    with fleet(ansible, credentials=2, clusters=1, files=1) as made:
        run = ansible.run("latchkey.tokens.rotate", ["-i", str(made.inventory()), "--vault-id", "prod@prod-password", "--check"])
        assert run.output.count("[2 of 2, 0 left] not due") == 1
        assert "TASK [latchkey.tokens.rotate : Rotate the credential, up to the tasks" in run.output
        assert f"[{made[0].host}] local:" not in run.output
