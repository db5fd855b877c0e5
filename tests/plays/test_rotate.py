# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate: when it rotates, what it leaves alone, and what becomes of the old credential."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import TOKENS, WHO_AM_I, Rig
from tests.plays._role_rig import failure, role
from tests.simulator.launch import Simulator, launch

DAY = 86400


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


def test_forced_rotation(each_core: Ansible, qumulo: Simulator) -> None:
    rig = Rig(each_core, qumulo)
    old = rig.seed()
    old_secret = rig.stored()
    with rig.rest_untouched():
        start = len(qumulo.journal())
        result = rig.result(rig.rotate(rotate_force=True))
    new = rig.assert_settled()
    assert new != old
    assert rig.writing_requests(start) == [f"POST {TOKENS}", f"DELETE {TOKENS}{old}"]
    assert rig.who_is(old_secret) is None
    steps = result.pop("steps")
    assert [one["outcome"] for one in steps] == ["done"] * len(steps)
    assert "Create the new access token" in [one["name"] for one in steps]
    assert all(one["seconds"] >= 0 for one in steps)
    what = f"local:svc-ansible on {qumulo.url}"
    assert result.pop("message").startswith(f"{what}: token {old} was replaced by {new} (it was asked for); expires ")
    assert result.pop("time") >= rig.state["current"]["minted_at"]
    assert result == {
        "platform": "qumulo",
        "account": "local:svc-ansible",
        "endpoint": qumulo.url,
        "unretired": [],
        "next_due_reason": None,
        "rotated": True,
        "reason": "it was asked for",
        "token_id": new,
        "created_at": rig.state["current"]["minted_at"],
        "expires_at": rig.state["current"]["expires_at"],
        "old_token_id": old,
        "retired": True,
        "next_due": result["next_due"],
    }
    assert rig.assert_unchanged()["next_due"] == result["next_due"]


def test_due_by_expiry(rig: Rig) -> None:
    old = rig.seed(8 * DAY - 60)
    with rig.nothing_changes():
        assert rig.assert_unchanged()["token_id"] == old
    with rig.rest_untouched():
        result = rig.result(rig.rotate(rotate_when_remaining="10d"))
    assert (result["rotated"], result["reason"]) == (True, "it expires in 7 d 23 h")
    assert rig.assert_settled() != old


def test_stored_token_is_refused(rig: Rig) -> None:
    rig.seed(8 * DAY)
    rig.revoke_all()
    with rig.rest_untouched():
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "the platform refuses the stored credential")
    rig.assert_settled()
    rig.assert_unchanged()


def test_due_by_age(rig: Rig) -> None:
    rig.simulator.advance(-40 * DAY)
    old = rig.seed(None)
    rig.simulator.advance(40 * DAY)
    with rig.nothing_changes():
        rig.assert_unchanged(rotate_max_age="41d")
    result = rig.result(rig.rotate(rotate_max_age="40d"))
    assert result["reason"].startswith("it is 40 d")
    assert rig.assert_settled() != old
    rig.assert_unchanged(rotate_max_age="40d")


def test_checks_run_also_when_nothing_is_due(rig: Rig) -> None:
    token_id = rig.seed()
    checks = [{"path": WHO_AM_I, "expect": "name=='svc-ansible'"}, {"path": "/v1/users/", "status": [200]}]
    with rig.nothing_changes():
        rig.assert_unchanged(rotate_checks=checks)
    assert [one["credential_id"] for one in rig.simulator.journal() if one["path"] == "/v1/users/"] == [token_id]
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_checks=[{"path": "/v1/users/", "status": [403]}]))
    assert "GET /v1/users/ was answered with HTTP 200 instead of 403" in said


def test_a_token_rotates_itself(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    # The vars file is loaded by the play, and what comes after the role sees the new token.
    with launch("qumulo", "7.3.0", directory=tmp_path_factory.mktemp("qumulo")) as simulator:
        rig = Rig(ansible, simulator)
        rig.seed()
        start = len(simulator.journal())
        more = {"rotate_auth": {"token": "{{ qumulo_token }}", "ca_path": simulator.ca_file}, "rotate_force": True}
        later: dict[str, Any] = {
            "name": "Later",
            "latchkey.tokens.access_check": {
                "platform": "qumulo",
                "endpoint": simulator.url,
                "ca_path": simulator.ca_file,
                "token": "{{ qumulo_token }}",
            },
        }
        rig.play = {"vars_files": ["vault.yml"]}
        run = rig.rotate(tasks=[*role(rig.variables(**more)), later])
        result = rig.result(run)
        assert run["Later"]["token_id"] == rig.assert_settled() == result["token_id"]
        assert {one["account"] for one in simulator.journal()[start:] if one["path"] != "/v1/version"} == {"svc-ansible"}


def test_check_mode(rig: Rig) -> None:
    token_id = rig.seed()
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_force=True)
    result = rig.result(run)
    assert (result["rotated"], result["token_id"]) == (True, token_id)
    would = rig.would(run)
    assert would[0].startswith("create a new access token that expires ")
    assert would[1] == "store it in qumulo_token"
    assert would[-1] == f"delete the old access token {token_id}"
    assert all(one in run.output for one in would)
    with rig.nothing_changes():
        run = rig.rotate(check=True)
    assert rig.result(run)["rotated"] is False
    assert rig.would(run) == []
    assert "changed=0 " in run.output


def _second_account(rig: Rig) -> Rig:
    user = {"name": "svc-second", "primary_group": "513", "uid": "", "home_directory": None, "password": "Not-real-1"}
    assert rig.call("POST", "/v1/users/", user)[0] == 200
    return Rig(rig.ansible, rig.simulator, "second_token", "svc-second")


def test_two_variables_of_one_file_in_one_play(rig: Rig) -> None:
    rig.seed()
    second = _second_account(rig)
    run = rig.rotate(
        tasks=[
            *role(rig.variables(rotate_force=True), "One"),
            *role(second.variables(), "Two"),  # nothing is stored for it yet
            *role(second.variables(rotate_force=True), "Two again"),
            *role(rig.variables(), "One again"),
        ]
    )
    one, two, three, four = (rig.result(run, name) for name in ("One", "Two", "Two again", "One again"))
    assert [each["rotated"] for each in (one, two, three, four)] == [True, True, True, False]
    assert (two["old_token_id"], two["retired"]) == (None, False)
    assert (three["old_token_id"], three["retired"]) == (two["token_id"], True)
    assert (four["old_token_id"], four["retired"], four["reason"]) == (None, False, "")
    assert rig.assert_settled() == one["token_id"] == four["token_id"]
    assert second.assert_settled() == three["token_id"]


@pytest.mark.parametrize(
    ("how", "keywords"), [("import_role", {}), ("include_role", {"apply": {"run_once": True}}), ("include_role", {})], ids=str
)
def test_hosts_that_share_a_credential(ansible: Ansible, qumulo: Simulator, how: str, keywords: dict[str, Any]) -> None:
    """With run_once on the role's tasks, the other hosts have the new credential, too; else they keep what they had."""
    rig = Rig(ansible, qumulo, "shared", file="group_vars/storage/vault.yml")
    rig.path.parent.mkdir(parents=True)
    rig.seed()
    inventory = ansible.folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"storage": {"hosts": {"a": None, "b": None}}}))
    connection = {"platform": "qumulo", "endpoint": qumulo.url, "ca_path": qumulo.ca_file}
    use: dict[str, Any] = {"latchkey.tokens.access_check": {**connection, "token": "{{ shared }}"}}
    rotate = {f"ansible.builtin.{how}": {"name": "latchkey.tokens.rotate", **keywords}, "run_once": True}
    run = ansible.play(
        [{"name": "Before", **use}, {"name": "Rotate", **rotate}, {"name": "After", **use}],
        arguments=["-i", str(inventory), *rig.vault_arguments],
        hosts="storage",
        vars={
            **rig.variables(rotate_force=True),
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        },
    )
    rig.assert_settled()
    assert [one.status for one in run.tasks if one.task == "Before"] == ["ok", "ok"]
    reaches_all = how == "import_role" or "apply" in keywords
    assert sorted(one.status for one in run.tasks if one.task == "After") == (["ok", "ok"] if reaches_all else ["failed", "ok"])


# What becomes of the old one


def test_retire_by_switching_off_and_its_place_is_freed(rig: Rig) -> None:
    first = rig.seed()
    disable: dict[str, Any] = {"rotate_retire": "disable"}
    result = rig.result(rig.rotate(rotate_force=True, **disable))
    assert result["retired"] is True
    second = rig.assert_settled()
    assert sorted(rig.ids(everything=True)) == sorted([first, second])
    rig.assert_unchanged(**disable)
    result = rig.result(rig.rotate(rotate_force=True, **disable))
    third = rig.assert_settled()
    assert result["old_token_id"] == second
    assert sorted(rig.ids(everything=True)) == sorted([second, third])


def _wait_until(instant: str) -> None:
    """Wait for a time that a test chose to be seconds away."""
    moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    while datetime.now(timezone.utc) < moment:
        time.sleep(0.05)


def test_retire_after_a_while(rig: Rig) -> None:
    first = rig.seed()
    later: dict[str, Any] = {"rotate_retire_after": "1h"}
    result = rig.result(rig.rotate(rotate_force=True, **later))
    second = rig.assert_works()
    rig.assert_settled(sorted([first, second]))
    assert sorted(rig.ids(everything=True)) == sorted([first, second])
    rig.assert_unchanged(**later)
    # the next rotation needs its place
    soon: dict[str, Any] = {"rotate_retire_after": "1s"}
    result = rig.result(rig.rotate(rotate_force=True, **soon))
    assert result["old_token_id"] == second
    third = rig.assert_works()
    assert sorted(rig.ids(everything=True)) == sorted([second, third])
    _wait_until(rig.state["previous"]["delete_at"])
    assert rig.result(rig.rotate(**soon))["rotated"] is False
    assert rig.assert_settled() == third
    assert rig.ids(everything=True) == [third]
    rig.assert_unchanged(**soon)


def test_retiring_fails_and_the_next_run_does_it(rig: Rig) -> None:
    old = rig.seed()
    rig.simulator.fault(f"PATCH:^{TOKENS}:403:1")
    run = rig.rotate(rotate_force=True, rotate_retire="disable")
    assert rig.result(run)["retired"] is False
    said = " ".join(run.output.split())
    assert f"The rotation is done, but the old credential {old} could not be retired; the next run tries again." in said
    new = rig.assert_works()
    assert sorted(rig.ids()) == sorted([old, new])
    rig.rotate(rotate_retire="disable").assert_ok()
    assert rig.assert_settled() == new
    rig.assert_unchanged(rotate_retire="disable")


def test_an_old_credential_that_stays_undeletable(rig: Rig) -> None:
    old = rig.seed()
    rig.simulator.fault(f"DELETE:^{TOKENS}:500:3")
    rig.rotate(rotate_force=True).assert_ok()
    new = rig.assert_works()
    run = rig.rotate().assert_ok()  # nothing is due, and what is left to do does not fail the run either
    assert f"The earlier credential {old} could not be deleted; the next run tries again." in " ".join(run.output.split())
    assert "could not be deleted to make room" in failure(rig.rotate(rotate_force=True))  # but a new one needs its place
    assert rig.assert_works() == new
    assert sorted(rig.ids()) == sorted([old, new])
    rig.rotate().assert_ok()
    assert rig.assert_settled() == new
