# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in anything that the role rotate leaves: rotations that go well, are only looked at, are undone, or meet an appliance
that shows what it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._canaries import Scene, control
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import ROLE, RoleRig
from tests.plays._rubrik_rigs import FAILING, rig_of
from tests.plays._vaulted import PASSWORDS
from tests.plays.test_canaries import BEYOND_THE_LOGIN, appliance

KINDS = {
    "access_token-qumulo": "qumulo",
    "api_token-cdm": "rubrik_cdm",
    "in_place-cdm": "rubrik_cdm",
    "replace-cdm": "rubrik_cdm",
    "in_place-rsc": "rubrik_rsc",
    "replace-rsc": "rubrik_rsc",
}
TWINS = ("in_place-cdm", "replace-rsc")  # which go the same ways through the role
FILES = [f"{label}-password" for label in PASSWORDS]  # that the user has


def step(name: str, variables: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task that uses the role and goes on when it fails, telling why, and what is left in its variables."""
    return {
        "name": name,
        "block": [{"name": f"Rotate: {name}", "ansible.builtin.include_role": {"name": ROLE}, "vars": variables}],
        "rescue": [{"name": f"Failure of {name}", "ansible.builtin.debug": {"var": "ansible_failed_result"}}],
        "always": [{"name": f"Result of {name}", "ansible.builtin.debug": {"var": "rotate_result"}}],
        **keywords,
    }


def variables_of(scene: Scene, rig: RoleRig) -> tuple[dict[str, Any], str]:
    """Return the role's variables without a secret in them, and the file that has them."""
    variables = rig.variables(rotate_force=True)
    file = scene.give("auth.json", {"auth": variables["rotate_auth"], "wrong": scene.canaries.new("wrong variable")})
    for value in variables["rotate_auth"].values():
        if value not in (rig.simulator.ca_file, rig.simulator.admin.get("username"), rig.simulator.admin.get("client_id")):
            scene.canaries.add("what the rotation logs in with", value)
    for password in PASSWORDS.values():
        scene.canaries.add("vault password", password)
    return {**variables, "rotate_auth": "{{ auth }}"}, file


@pytest.mark.parametrize("kind", [pytest.param(one, marks=pytest.mark.chaos if one in TWINS else ()) for one in KINDS])
def test_rotations(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    platform = KINDS[kind]
    scene = Scene(ansible, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))
    with appliance(scene, platform, tmp_path_factory.mktemp("appliance"), totp="off") as simulator:
        rig: Any = Rig(ansible, simulator) if platform == "qumulo" else rig_of(kind, ansible, {kind.rpartition("-")[2]: simulator})
        rig.seed()
        scene.canaries.add("the first credential", str(rig.stored()))
        variables, file = variables_of(scene, rig)
        no_awx = {"controller_host": simulator.url, "controller_oauthtoken": "{{ wrong }}", "ca_path": simulator.ca_file}
        no_awx |= {"name": "Appliance", "input": "secret", "id_input": "id"}
        fault = f"*:{BEYOND_THE_LOGIN[platform]}:echo"
        of_all_kinds: dict[str, dict[str, Any]] = {  # so with one of them
            "wrong variable": {"rotate_max_age": "{{ wrong }}"},
            "wrong type": {"rotate_auth": "{{ wrong }}"},
            "no AWX": {"rotate_publish": "awx_credential", "rotate_publish_awx_credential": no_awx},
        }
        failing = {"failed check": {"rotate_checks": FAILING}, **(of_all_kinds if platform == "qumulo" else {})}
        run = scene.play(
            [
                step("look", variables, check_mode=True),
                step("well", variables),
                *(step(name, {**variables, **more}) for name, more in failing.items()),
                control(simulator, "Echo", fault),
                step("echo", variables),
                control(simulator, "Echo no more", None),
                control(simulator, "Echo all", "*:.:echo"),
                step("echo of the log-in", variables),
                control(simulator, "Echo nothing", None),
            ],
            arguments=["-vvvv", "--diff", "-e", f"@{file}", *rig.vault_arguments],
        ).assert_ok()
        scene.canaries.add("the last credential", str(rig.stored()))
        scene.assert_clean(simulator, allowed=FILES)
        assert run["Result of well"]["rotate_result"]["rotated"] is True
        assert len([one for one in run.tasks if one.result.get("would")]) == 1
        for name in (*failing, "echo", "echo of the log-in"):
            assert run[f"Failure of {name}"]["ansible_failed_result"]["msg"], name
        assert "500 Internal Error" in run["Failure of echo"]["ansible_failed_result"]["msg"]


def test_with_ssh(each_core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The role never leaves the controller, whatever connection the inventory or the play gives localhost, so ssh has nothing to show."""
    scene = Scene(each_core, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))
    with appliance(scene, "qumulo", tmp_path_factory.mktemp("appliance")) as simulator:
        rig = Rig(each_core, simulator)
        rig.seed()
        scene.canaries.add("the first credential", str(rig.stored()))
        variables, file = variables_of(scene, rig)
        (each_core.folder / "tasks.yml").write_text("- {name: Take it, ansible.builtin.debug: {msg: taken}}\n")
        run = scene.play(
            [
                step("handed over", {**variables, "rotate_publish_tasks": "tasks.yml"}),
                step("failed check", {**variables, "rotate_checks": FAILING}),
            ],
            arguments=["-vvvv", "--diff", "-e", f"@{file}", *rig.vault_arguments],
            vars=scene.over_ssh("refused"),
        ).assert_ok()
        scene.canaries.add("the last credential", str(rig.stored()))
        scene.assert_clean(simulator, allowed=FILES)
        assert run["Result of handed over"]["rotate_result"]["rotated"] is True
        assert "What failed" in run["Failure of failed check"]["ansible_failed_result"]["msg"]
