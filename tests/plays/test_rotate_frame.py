# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role inside other people's plays: inherited keywords, empty and oddly typed variables, other settings of Ansible.

None of them may cost a working credential.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible, core_bin
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import guarded, refusal, role
from tests.simulator.launch import Simulator

FAILING = [{"path": "/v1/users/", "status": [404]}]  # the answer is 403


@pytest.fixture
def rig(ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str]) -> Rig:
    return Rig(ansible, shared, _admin=shared_administrator)


def of_accounts(rig: Rig, *names: str) -> list[Rig]:
    """Return rigs of other accounts at the same cluster, each with a token in a file of its own."""
    found = [Rig(rig.ansible, rig.simulator, account=name, file=f"{name}.yml", _admin=rig._admin) for name in names]
    for one in found:
        user = {"name": one.account, "primary_group": "513", "uid": "", "home_directory": None, "password": "Not-real-1"}
        assert rig.call("POST", "/v1/users/", user)[0] == 200
        one.seed()
    return found


def test_keywords_of_the_play(rig: Rig) -> None:
    ignoring, undone, planned, becoming = of_accounts(rig, "ignoring", "undone", "planned", "becoming")
    forced = {"rotate_force": True}
    failing = [
        guarded("No such vault id", ignoring.variables(**forced, rotate_vault_id="typo")),
        guarded("Check fails", undone.variables(**forced, rotate_checks=FAILING)),
    ]
    plays: list[dict[str, Any]] = [
        {"ignore_errors": True, "tasks": failing},
        {"check_mode": True, "tasks": role(planned.variables(**forced), "Planned")},
        {"become": True, "become_user": "nobody", "become_method": "su", "tasks": role(becoming.variables(**forced), "Become")},
    ]
    minted, old = rig.minted(), becoming.assert_works()
    with ignoring.all_undone(), undone.all_undone(), planned.all_undone():
        run = rig.run_plays([{"name": "Frame", "hosts": "localhost", "gather_facts": False, **one} for one in plays])
    assert "'typo'" in refusal(run, "No such vault id")
    assert "all is as it was before" in refusal(run, "Check fails")
    assert rig.result(run, "Planned")["rotated"] is True
    assert becoming.assert_settled() != old
    assert rig.minted() == minted + 2, "by the one that was undone, and by the last one"


def test_check_mode_where_the_play_says_that_it_is_none(rig: Rig) -> None:
    old = rig.seed()
    rig.play = {"check_mode": False}
    rig.rotate(check=True, rotate_force=True).assert_ok()
    assert rig.assert_settled() != old


def test_an_empty_value_is_no_credential(rig: Rig) -> None:
    rig.seed()
    rig.revoke_all()
    rig.write('qumulo_token: ""\nother: 1\n')
    env = {"QUMULO_TOKEN": rig.variables()["rotate_auth"]["token"]}
    result = rig.result(rig.rotate(env=env, rotate_auth={"ca_path": rig.simulator.ca_file}))
    assert result["reason"] == "no credential is stored yet"
    assert result["token_id"] == rig.assert_settled()


def test_numbers_for_times_and_unknown_keys(rig: Rig) -> None:
    refused, deleting, disabling, short = of_accounts(rig, "refused", "deleting", "disabling", "short")
    hour: dict[str, Any] = {"rotate_force": True, "rotate_retire_after": 3600}
    unknown = {"pasword": "x", "username": "admin", "ca_path": rig.simulator.ca_file}
    minted, old = rig.minted(), deleting.assert_works()
    with refused.all_undone():
        run = rig.rotate(
            tasks=[
                guarded("No time", refused.variables(rotate_force=True, rotate_expires_in=0)),
                guarded("Unknown key", refused.variables(rotate_force=True, rotate_auth=unknown)),
                *role(deleting.variables(**hour), "Delete"),
                *role(disabling.variables(**hour, rotate_retire="disable"), "Disable"),
                *role(short.variables(rotate_force=True, rotate_expires_in="1d"), "Short"),
            ]
        )
    assert "rotate_expires_in: a credential must live at least a minute." in refusal(run, "No time")
    assert "pasword" in refusal(run, "Unknown key")
    assert rig.minted() == minted + 3
    result, new = rig.result(run, "Delete"), deleting.assert_works()
    deleting.assert_settled([old, new])
    assert (result["token_id"], result["retired"]) == (new, False)
    result = rig.result(run, "Disable")
    assert (result["token_id"], result["retired"]) == (disabling.assert_settled(), True)
    assert "every run rotates it. Increase rotate_expires_in." in " ".join(run.output.split())


@pytest.mark.parametrize("version", ["2.16", "2.19"])
def test_native_types_in_templates(ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str], version: str) -> None:
    if core_bin(version) is None:
        pytest.skip(f"ansible-core {version} is not installed here")
    rig = Rig(ansible.with_core(version), shared, _admin=shared_administrator)
    old = rig.seed()
    uses = [*role(rig.variables(rotate_force=True)), *role(rig.variables(), "Again")]
    run = rig.rotate(tasks=uses, env={"ANSIBLE_JINJA2_NATIVE": "true"})
    result = rig.result(run)
    assert (result["token_id"], result["old_token_id"]) == (rig.assert_settled(), old)
    assert isinstance(rig.state["current"]["id"], str)
    assert rig.result(run, "Again")["rotated"] is False


def test_a_result_of_an_earlier_use_does_not_stay(rig: Rig) -> None:
    rig.seed()
    use = {"ansible.builtin.include_role": {"name": "latchkey.tokens.rotate"}}
    run = rig.rotate(
        tasks=[
            {"name": "First", **use, "vars": rig.variables(rotate_force=True)},
            {
                "block": [{"name": "Second", **use, "vars": rig.variables(rotate_account="local:nobody-there")}],
                "rescue": [{"name": "After it failed", "ansible.builtin.debug": {"var": "rotate_result"}}],
            },
        ]
    ).assert_ok()
    assert run["After it failed"]["rotate_result"] == {}
