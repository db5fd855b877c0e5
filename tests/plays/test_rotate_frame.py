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
from tests.plays._role_rig import failure
from tests.simulator.launch import Simulator, launch

FAILING = [{"path": "/v1/users/", "status": [403]}]


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


@pytest.mark.parametrize("variables", [{"rotate_vault_id": "typo"}, {"rotate_checks": FAILING}], ids=["vault-id", "checks"])
def test_a_play_that_ignores_errors(rig: Rig, variables: dict[str, Any]) -> None:
    old = rig.seed()
    rig.play = {"ignore_errors": True}
    with rig.all_undone():
        failure(rig.rotate(rotate_force=True, **variables))
    assert rig.assert_settled() == old


def test_check_mode_where_the_play_says_that_it_is_none(rig: Rig) -> None:
    old = rig.seed()
    rig.play = {"check_mode": False}
    rig.rotate(check=True, rotate_force=True).assert_ok()
    assert rig.assert_settled() != old


def test_a_play_that_is_in_check_mode(rig: Rig) -> None:
    rig.seed()
    rig.play = {"check_mode": True}
    with rig.nothing_changes():
        run = rig.rotate(rotate_force=True)
    assert rig.result(run)["rotated"] is True


def test_a_play_with_become(rig: Rig) -> None:
    old = rig.seed()
    rig.play = {"become": True, "become_user": "nobody", "become_method": "su"}
    rig.rotate(rotate_force=True).assert_ok()
    assert rig.assert_settled() != old


def test_an_empty_value_is_no_credential(rig: Rig) -> None:
    rig.seed()
    rig.revoke_all()
    rig.write('qumulo_token: ""\nother: 1\n')
    env = {"QUMULO_TOKEN": rig.variables()["rotate_auth"]["token"]}
    result = rig.result(rig.rotate(env=env, rotate_auth={"ca_path": rig.simulator.ca_file}))
    assert result["reason"] == "no credential is stored yet"
    assert result["token_id"] == rig.assert_settled()


@pytest.mark.parametrize("retire", ["delete", "disable"])
def test_a_number_of_seconds_for_a_time(rig: Rig, retire: str) -> None:
    old = rig.seed()
    result = rig.result(rig.rotate(rotate_force=True, rotate_retire=retire, rotate_retire_after=3600))
    new = rig.assert_settled([old, rig.assert_works()] if retire == "delete" else None)
    assert (result["token_id"], result["retired"]) == (new, retire == "disable")


def test_a_life_of_no_time(rig: Rig) -> None:
    rig.seed()
    with rig.nothing_changes():
        assert "rotate_expires_in: a credential must live at least a minute." in failure(rig.rotate(rotate_force=True, rotate_expires_in=0))
    run = rig.rotate(rotate_force=True, rotate_expires_in="1d").assert_ok()
    assert "every run rotates it. Increase rotate_expires_in." in " ".join(run.output.split())


def test_unknown_ways_to_authenticate_are_refused(rig: Rig) -> None:
    rig.seed()
    with rig.nothing_changes():
        run = rig.rotate(rotate_auth={"pasword": "x", "username": "admin", "ca_path": rig.simulator.ca_file})
    assert run.returncode == 2
    assert "pasword" in run.output


@pytest.mark.parametrize("version", ["2.16", "2.19"])
def test_native_types_in_templates(ansible: Ansible, qumulo: Simulator, version: str) -> None:
    if core_bin(version) is None:
        pytest.skip(f"ansible-core {version} is not installed here")
    rig = Rig(ansible.with_core(version), qumulo)
    old = rig.seed()
    env = {"ANSIBLE_JINJA2_NATIVE": "true"}
    result = rig.result(rig.rotate(env=env, rotate_force=True))
    assert (result["token_id"], result["old_token_id"]) == (rig.assert_settled(), old)
    assert isinstance(rig.state["current"]["id"], str)
    assert rig.result(rig.rotate(env=env))["rotated"] is False


def test_a_dead_token_that_is_forbidden(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("qumulo", directory=tmp_path_factory.mktemp("qumulo"), settings={"dead_token_status": "403"}) as simulator:
        rig = Rig(ansible, simulator)
        rig.seed()
        rig.revoke_all()
        result = rig.result(rig.rotate())
        assert result["reason"] == "the platform refuses the stored credential"
        assert result["token_id"] == rig.assert_settled()


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
