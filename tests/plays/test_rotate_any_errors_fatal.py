# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""any_errors_fatal: from ansible-core 2.19 on, the failure of one host sends the others into their rescue sections."""

from __future__ import annotations

import json

import pytest

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import role
from tests.simulator.launch import Simulator

ALONE = "any_errors_fatal ends the play for all hosts"


@pytest.mark.parametrize("handed", [True, False], ids=["tasks of the user", "no tasks"])
def test_the_cause_is_said_once(each_core: Ansible, qumulo: Simulator, handed: bool) -> None:
    rig = Rig(each_core, qumulo)
    rig.seed()
    (each_core.folder / "tasks.yml").write_text("- ansible.builtin.debug: {msg: handed over}\n")
    (each_core.folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"good": {}, "bad": {}}}}))
    variables = rig.variables(rotate_force=True, **({"rotate_publish_tasks": "tasks.yml"} if handed else {}))
    auth = variables["rotate_auth"]
    variables["rotate_auth"] = {**auth, "token": "{{ 'access-v1:wrong' if inventory_hostname == 'bad' else '" + auth["token"] + "' }}"}
    run = each_core.play(
        [*role(variables), {"name": "Further", "ansible.builtin.debug": {"var": "rotate_result"}}],
        arguments=["-i", str(each_core.folder / "hosts.yml"), *rig.vault_arguments],
        hosts="good,bad",
        any_errors_fatal=True,
        vars={"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    assert run.returncode == 2
    assert "said nothing" not in run.output
    assert "a task:" not in run.output
    told = [str(one.result.get("msg")) for one in run.tasks if one.status == "failed" and one.task.endswith("Fail with the reason")]
    assert len([one for one in told if "401" in one]) == 1, told
    if handed and each_core.bin.parent.name != "core-2.16":
        assert [one for one in told if ALONE in one and "401" not in one], told
        assert "all is as it was before" in next(one for one in told if ALONE in one)
    else:
        assert len(told) == 1
    rig.assert_settled()
