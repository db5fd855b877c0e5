# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks rotate and demo around the role: runs without hosts or endpoints, empty variables, and what the summary says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible, Run
from tests.plays._fleet import PLAYBOOK, fleet

DEMO = "latchkey.tokens.demo"
CHECK = "Check that the pattern matches a host"
NOTHING = "so nothing was rotated."


@pytest.fixture
def inventory(ansible: Ansible) -> Path:
    """Two groups of a host each, whose variables are wrong, and a group without hosts; nothing is ever sent."""
    path = ansible.folder / "hosts.yml"
    common = {"rotate_platform": "qumulo", "rotate_endpoint": "127.0.0.1:1", "rotate_credential": "acess_token"}
    common |= {"rotate_account": "local:svc", "rotate_var": "token", "rotate_vars_file": str(ansible.folder / "vault.yml")}
    groups = {"rotate": {"hosts": {"a": None}, "vars": common}, "other": {"hosts": {"b": None}, "vars": common}, "empty": {}}
    path.write_text(yaml.safe_dump(groups))
    return path


def rotate(ansible: Ansible, inventory: Path, *arguments: str, **variables: Any) -> Run:
    return ansible.run(PLAYBOOK, ["-i", str(inventory), "-e", json.dumps(variables), *arguments])


def assert_without_hosts(run: Run, *parts: str) -> None:
    """The run fails with one message, which says all of these."""
    assert run.returncode == 2, run.output
    assert [one.task for one in run.tasks if one.status == "failed"] == [CHECK]
    assert "Rotate the credential" not in [one.task for one in run.tasks]
    (message,) = run.failures
    for part in (*parts, NOTHING):
        assert part in message


@pytest.mark.parametrize("group", ["rotate:&other", ["storrage", "empty"]])
def test_a_pattern_without_hosts(ansible: Ansible, inventory: Path, group: Any) -> None:
    pattern = ",".join(group) if isinstance(group, list) else group
    summary = ansible.folder / "summary.json"
    summary.write_text('{"run": "an earlier one", "hosts": {"a": {}}}')
    run = rotate(ansible, inventory, rotate_group=group, rotate_summary_file=str(summary))
    assert_without_hosts(run, f"No host of the inventory matches rotate_group={pattern}, ", "Check the inventory (-i)")
    assert json.loads(summary.read_text())["hosts"] == {}


def test_a_run_without_hosts_on_each_core(each_core: Ansible, inventory: Path) -> None:
    assert_without_hosts(rotate(each_core, inventory, rotate_group="storrage"), "rotate_group=storrage")
    assert_without_hosts(rotate(each_core, inventory, "--limit", "b"), "--limit b leaves no host of rotate_group=rotate", "such as a.")


def test_a_limit_and_a_pattern_without_hosts(ansible: Ansible, inventory: Path) -> None:
    assert_without_hosts(rotate(ansible, inventory, "--limit", "b", rotate_group="storrage"), "No host of the inventory matches")


def test_a_limit_that_leaves_a_host(ansible: Ansible, inventory: Path) -> None:
    run = rotate(ansible, inventory, "--limit", "b", rotate_group="all")
    assert list(run["Write the summary"]["summary"]["hosts"]) == ["b"]


def test_a_limit_and_an_inventory_without_hosts(each_core: Ansible) -> None:
    """There is no host that a task could fail on."""
    (each_core.folder / "hosts.yml").write_text("rotate: {}\n")
    run = without_localhost(each_core, "-i", "hosts.yml", "--limit", "a", PLAYBOOK)
    assert run.returncode not in (0, 2), run.output
    assert "The inventory has no hosts, so --limit leaves none" in " ".join(run.output.split())


def without_localhost(ansible: Ansible, *arguments: str) -> Run:
    """Run ansible-playbook with no inventory but that in the arguments."""
    command = [str(ansible.bin / "ansible-playbook"), *arguments]
    with ansible.start(command, ansible.env()) as process:
        output, _unused = process.communicate(timeout=120)
    return Run(process.returncode, output)


def test_no_inventory(ansible: Ansible) -> None:
    run = without_localhost(ansible, PLAYBOOK)
    assert run.returncode == 2
    assert "No host of the inventory matches rotate_group=rotate" in " ".join(run.output.split())


def test_a_group_that_the_inventory_names(ansible: Ansible, inventory: Path) -> None:
    """Ansible reads the pattern of a play before there is a host, so without the inventory's variables."""
    groups = yaml.safe_load(inventory.read_text())
    groups["storage"] = groups.pop("rotate")
    inventory.write_text(yaml.safe_dump({**groups, "all": {"vars": {"rotate_group": "storage"}}}))
    assert_without_hosts(rotate(ansible, inventory), "rotate_group=storage is set in the inventory", "Set it with -e")


def test_the_playbook_twice_in_a_run(ansible: Ansible) -> None:
    """That the first group has a host does not help the second."""
    plays = [{"ansible.builtin.import_playbook": PLAYBOOK, "vars": {"rotate_group": group}} for group in ("all:!localhost", "empty")]
    (ansible.folder / "site.yml").write_text(yaml.safe_dump(plays))
    (ansible.folder / "empty.yml").write_text("empty: {}\n")
    with fleet(ansible, credentials=1, clusters=1, files=1) as made:
        arguments = ["-i", str(made.inventory()), "-i", "empty.yml", "--vault-id", "prod@prod-password"]
        run = ansible.run("site.yml", arguments)
    assert run.returncode == 2
    assert [one.status for one in run.tasks if one.task == CHECK] == ["ok", "failed"]
    assert "No host of the inventory matches rotate_group=empty" in run.failures[0]


def test_empty_variables_mean_the_defaults(each_core: Ansible) -> None:
    names = ("rotate_group", "rotate_serial", "rotate_throttle", "rotate_summary_file")
    plays = [{"ansible.builtin.import_playbook": PLAYBOOK, "vars": dict.fromkeys(names, unset)} for unset in ("", None)]
    (each_core.folder / "site.yml").write_text(yaml.safe_dump(plays))
    with fleet(each_core, credentials=1, clusters=1, files=1) as made:
        run = each_core.run("site.yml", ["-i", str(made.inventory()), "--vault-id", "prod@prod-password"]).assert_ok()
    found = [one.result["summary"] for one in run.tasks if one.task == "Write the summary"]
    assert [list(one["hosts"]) for one in found] == [[made[0].host]] * 2
    assert [one["counts"]["not_due"] for one in found] == [1, 1]
    assert run.output.count("PLAY [Rotate each host's credential]") == 2
    assert not list(each_core.folder.glob("*.json"))


@pytest.mark.parametrize(("variables", "batches"), [({"rotate_serial": [1, "50%"]}, 3), ({"rotate_throttle": "2"}, 2)])
def test_batches(ansible: Ansible, inventory: Path, variables: dict[str, Any], batches: int) -> None:
    groups = yaml.safe_load(inventory.read_text())
    other = {"b": {"rotate_platform": "qumolo"}, "c": {"rotate_credential": "access_token", "rotate_checks": "/v1/x"}}
    groups["rotate"]["hosts"] = {"a": None, **other}
    inventory.write_text(yaml.safe_dump(groups))
    run = rotate(ansible, inventory, **variables)
    assert run.output.count("PLAY [Rotate each host's credential]") == batches
    summary = run["Write the summary"]["summary"]
    assert summary["counts"]["failed"] == 3
    for host, name in {"a": "rotate_credential", "b": "rotate_platform", "c": "rotate_checks"}.items():
        assert name in summary["hosts"][host]["reason"]


def test_hosts_that_are_never_due(ansible: Ansible) -> None:
    with fleet(ansible, credentials=3, clusters=1, files=1) as made:
        made[0].more = {"rotate_max_age": "30d"}
        made[2].more = {"rotate_endpoint": "127.0.0.1:1"}
        ended = made.rotate(["--forks", "3"])
        assert ended.run.returncode == 2
        summary = made.summary
        aged, never, failed = (one.host for one in made.credentials)
        assert set(summary) == {"run", "written_at", "finished", "check_mode", "counts", "never_due", "unretired", "next_due", "hosts"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", summary["written_at"])
        assert (summary["never_due"], summary["unretired"]) == (1, 0)
        kept = {"token_id", "expires_at", "old_token_id", "retired", "next_due", "next_due_reason", "unretired"}
        which = {"run", "time", "platform", "endpoint", "account", "created_at", "age"}
        assert set(summary["hosts"][never]) == {"status", "reason", *kept, *which}
        assert set(summary["hosts"][failed]) == {"status", "reason", *which}
        assert (summary["hosts"][failed]["endpoint"], summary["hosts"][failed]["age"]) == ("127.0.0.1:1", None)
        assert summary["hosts"][never]["next_due"] is None
        assert summary["hosts"][aged]["next_due"] == summary["next_due"]
        assert summary["hosts"][failed].get("next_due") is None
        assert re.search(rf'"{never} +not due +never +the stored credential works"', ended.run.output)
        assert "; 1 is never due" in ended.run.output
        told = " ".join(ended.run.output.split())
        assert f"1 host is never due, because the credential does not expire and rotate_max_age is not set: {never}; rotate_max_age" in told


def test_a_demo_without_endpoints(ansible: Ansible) -> None:
    run = ansible.run(DEMO, ["-e", json.dumps({"demo_vars_file": "vault.yml", "demo_qumulo_endpoint": "", "demo_cdm_endpoint": None})])
    assert run.returncode == 2
    (message,) = run.failures
    assert "Set at least one of demo_qumulo_endpoint, demo_cdm_endpoint and demo_rsc_endpoint." in message


def test_a_demo_without_a_vars_file(ansible: Ansible) -> None:
    run = ansible.run(DEMO, ["-e", json.dumps({"demo_qumulo_endpoint": "127.0.0.1:1", "demo_vars_file": ""})])
    assert run.returncode == 2
    assert "Set demo_vars_file" in run.failures[0]


def test_a_demo_whose_limit_leaves_out_localhost(ansible: Ansible, inventory: Path) -> None:
    given = json.dumps({"demo_qumulo_endpoint": "127.0.0.1:1", "demo_vars_file": "vault.yml"})
    run = ansible.run(DEMO, ["-i", str(inventory), "--limit", "b", "-e", given])
    assert run.returncode == 2
    assert run.failures == ["The demo runs on localhost, which --limit leaves out, so nothing was done. Run it without --limit."]
    (ansible.folder / "none.yml").write_text("rotate: {}\n")
    run = without_localhost(ansible, "-i", "none.yml", "--limit", "a", DEMO)
    assert run.returncode not in (0, 2), run.output
    assert "The demo runs on localhost" in " ".join(run.output.split())
