# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""any_errors_fatal: from ansible-core 2.19 on, the failure of one host sends the others into their rescue sections."""

from __future__ import annotations

import json

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import role
from tests.simulator.launch import Simulator

ALONE = "any_errors_fatal ends the play for all hosts"


def test_the_cause_is_said_once_with_tasks_of_the_user(each_core: Ansible, qumulo: Simulator) -> None:
    assert_that_the_cause_is_said_once(each_core, qumulo, handed=True)


def test_the_cause_is_said_once(ansible: Ansible, qumulo: Simulator) -> None:
    assert_that_the_cause_is_said_once(ansible, qumulo, handed=False)


def assert_that_the_cause_is_said_once(ansible: Ansible, qumulo: Simulator, handed: bool) -> None:
    rig = Rig(ansible, qumulo)
    rig.seed()
    (ansible.folder / "tasks.yml").write_text("- ansible.builtin.debug: {msg: handed over}\n")
    (ansible.folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"good": {}, "bad": {}}}}))
    variables = rig.variables(rotate_force=True, **({"rotate_publish_tasks": "tasks.yml"} if handed else {}))
    auth = variables["rotate_auth"]
    variables["rotate_auth"] = {**auth, "token": "{{ 'access-v1:wrong' if inventory_hostname == 'bad' else '" + auth["token"] + "' }}"}
    connection = {"platform": "qumulo", "endpoint": qumulo.url, "ca_path": qumulo.ca_file}
    check = {"latchkey.tokens.access_check": {**connection, "token": "{{ " + rig.name + " }}"}, "when": "inventory_hostname == 'good'"}
    run = ansible.play(
        [
            {"name": "Load", "ansible.builtin.include_vars": {"file": rig.file}},
            {"name": "Guard", "block": role(variables), "always": [{"name": "Use", **check}]},
            {"name": "Further", "ansible.builtin.debug": {"var": "rotate_result"}},
        ],
        arguments=["-i", str(ansible.folder / "hosts.yml"), *rig.vault_arguments],
        hosts="good,bad",
        any_errors_fatal=True,
        vars={"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    assert run.returncode == 2
    assert "said nothing" not in run.output
    assert "a task:" not in run.output
    told = [str(one.result.get("msg")) for one in run.tasks if one.status == "failed" and one.task.endswith("Fail with the reason")]
    assert len([one for one in told if "401" in one]) == 1, told
    if handed and ansible.bin.parent.name != "core-2.16":
        assert [one for one in told if ALONE in one and "401" not in one], told
        assert "all is as it was before" in next(one for one in told if ALONE in one)
    else:
        assert len(told) == 1
    rig.assert_settled()
    # Further tasks of the host have what is stored, be it the new credential or the old one.
    assert [one.status for one in run.tasks if one.task == "Use" and one.status != "skipped"] == ["ok"]
