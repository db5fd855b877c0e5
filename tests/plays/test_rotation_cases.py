# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and inputs that once failed: states that say what is not so, clocks that differ, odd inventories.

Those about a run that is interrupted are in test_rotation_interrupted.py, those about options that are not set in test_rotation_unset.py.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._role_rig import RoleRig, failure, guarded, refusal, role
from tests.plays._rotation_kinds import AnyRig, Appliances, kill_and_recover, rig_of
from tests.plays._rubrik_rigs import CdmApiTokenRig, SecretRig
from tests.plays._saboteur import Saboteur, adds_fault

CHAOS = pytest.mark.chaos
SESSIONS = "/api/internal/session"


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as found:
        yield found


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    """Appliances of the test's own, whose clocks it may set."""
    with Appliances(tmp_path_factory) as found:
        yield found


def ago(seconds: float) -> str:
    """Return a time as the state has it."""
    return f"{datetime.now(timezone.utc) - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


# The state says what is not so


def _foreign(rig: AnyRig, of_the_same_user: bool) -> tuple[str, str]:
    """Make a credential, or an account, that is none of the rotation's; return its id and its account's name."""
    if isinstance(rig, Rig):
        user = {"name": "svc-other", "primary_group": "513", "uid": "", "home_directory": None, "password": "Not-real-1"}
        assert rig.call("POST", "/v1/users/", user)[0] in (200, 409)
        other = Rig(rig.ansible, rig.simulator, "other_token", "svc-other", _admin=rig._admin)
        other.revoke_all()
        return other.mint()[0], "svc-other"
    if isinstance(rig, CdmApiTokenRig):
        if of_the_same_user:
            return rig.mint(tag="theirs")[0], "admin"
        account = rig.simulator.service_account
        bearer = rig.appliance.open_session(account["client_id"], account["client_secret"])
        claims = bearer.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]), "svc-ansible"
    return str(rig.appliance.create("svc-other")[0]), "svc-other"


def _lives(rig: AnyRig, credential_id: str) -> bool:
    return any(one["id"] == credential_id for one in rig.simulator.credentials())


@pytest.mark.parametrize(
    "kind",
    [
        "access_token-qumulo",
        "replace-rsc",
        "api_token-cdm",
        "api_token-cdm of the same user",
        *(pytest.param(one, marks=CHAOS) for one in ("replace-cdm", "in_place-rsc", "in_place-cdm")),
    ],
)
def test_a_state_that_names_what_is_not_the_rotation_s(ansible: Ansible, appliances: Appliances, kind: str) -> None:
    kind, _unused, same = kind.partition(" of ")
    rig = rig_of(kind, ansible, appliances)
    mine = rig.seed()
    theirs, name = _foreign(rig, bool(same))
    now, old = ago(0), ago(20 * 60)
    pending = {"since": old, "run": "elsewhere 1 1 localhost"}
    states: dict[str, dict[str, Any]] = {
        "stored": {"stage": "stored", "current": {"id": theirs}, "pending": {**pending, "id": mine}},
        "stored by another": {"stage": "stored", "current": {"id": mine}, "pending": {**pending, "id": theirs}},
        "undoing": {"stage": "undoing", "current": {"id": mine}, "pending": {**pending, "id": theirs}},
        "minting": {"stage": "minting", "current": {"id": mine}, "pending": {**pending, "id": theirs}},
        "minting by name": {"stage": "minting", "current": {"id": mine}, "pending": {**pending, "name": name}},
        "previous": {"stage": "current", "current": {"id": mine}, "previous": {"id": theirs, "delete_at": old}},
        "current": {"stage": "current", "current": {"id": theirs}, "previous": {"id": theirs, "delete_at": old, "disable": True}},
        "unconfirmed": {"stage": "current", "current": {"id": mine}, "unconfirmed": [{"id": theirs, "since": now}]},
    }
    tasks = []
    for number, (what, state) in enumerate(states.items()):
        file = f"vault-{number}.yml"
        (rig.path.parent / file).write_text(rig.text + yaml.safe_dump({f"{rig.name}_rotation": state}))
        tasks.append(guarded(what, rig.variables(rotate_vars_file=file)))
    before, foreign = [_lives(rig, theirs), rig.foreign()]
    assert isinstance(rig, SecretRig) or before
    run = rig.rotate(tasks=tasks).assert_ok()
    for what in states:
        assert refusal(run, what) or run[f"Result of {what}"]["rotate_result"]
    assert _lives(rig, theirs) == before
    assert rig.foreign() == foreign
    assert isinstance(rig, SecretRig) or rig.assert_works() == mine


# Clocks that differ


@pytest.mark.parametrize(
    ("kind", "ahead"),
    [
        ("access_token-qumulo", 1200),
        ("api_token-cdm", -420),
        *(
            pytest.param(kind, ahead, marks=CHAOS)
            for kind in ("access_token-qumulo", "api_token-cdm", "replace-rsc", "replace-cdm")
            for ahead in (1200, -420)
            # The simulated RSC refuses secrets that are made in its future, its administrator's too.
            if (kind, ahead) not in (("access_token-qumulo", 1200), ("api_token-cdm", -420), ("replace-rsc", -420))
        ),
    ],
)
def test_the_appliance_s_clock_differs(ansible: Ansible, own: Appliances, saboteur: Saboteur, kind: str, ahead: int) -> None:
    rig = rig_of(kind, ansible, own)
    rig.simulator.advance(ahead)
    # It is killed once the new credential is there.
    assert kill_and_recover(rig, saboteur, "before write#2", rotate_force=True) == "in the vars file"
    # The answer is lost.
    rig.seed()
    point, fault = {
        "access_token-qumulo": (f"before POST {TOKENS}#1", f"POST:^{TOKENS}$:drop:1"),
        "api_token-cdm": (f"before POST {SESSIONS}#2", f"POST:^{SESSIONS}$:drop:1"),
        "replace-rsc": ("before POST /api/graphql#5", "POST:^/api/graphql$:drop:1"),
        "replace-cdm": ("before POST /api/v1/service_account#1", "POST:^/api/v1/service_account$:drop:1"),
    }[kind]
    since = len(rig.simulator.journal())
    with rig.all_undone():
        said = failure(rig.rotate(env=saboteur.environment(rig.file, point, adds_fault(rig.simulator, fault)), rotate_force=True))
    assert [one for one in rig.simulator.journal()[since:] if one.get("fault") == "drop" and rig.is_writing(one)], kind
    assert "was not rotated, and all is as it was before" in said
    rig.assert_works()


@pytest.mark.parametrize("ahead", [1000, pytest.param(-400, marks=CHAOS)])
def test_a_never_expiring_token_whose_answer_is_lost(ansible: Ansible, own: Appliances, ahead: int) -> None:
    rig = rig_of("access_token-qumulo", ansible, own)
    assert isinstance(rig, Rig)
    rig.simulator.advance(ahead)
    old = rig.seed(None)
    rig.simulator.fault(f"POST:^{TOKENS}$:drop:1")
    said = failure(rig.rotate(rotate_force=True, rotate_expires_in=""))
    [new] = set(rig.ids()) - {old}
    assert "revoked" not in said
    assert "Whether a new access token was created is not known" in said
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert f"An interrupted run may have created {new}, and it may as well be in use elsewhere." in said
    assert rig.assert_works() == old


# Whatever the inventory says


def _inventory(ansible: Ansible, **variables: Any) -> list[str]:
    """Write an inventory beside the usual one that says more of localhost; return the arguments that name it."""
    (ansible.folder / "more.yml").write_text(yaml.safe_dump({"all": {"hosts": {"localhost": variables}}}))
    return ["-i", str(ansible.folder / "more.yml")]


@contextlib.contextmanager
def nothing_in_clear(rig: RoleRig) -> Iterator[None]:
    """No file that a run left anywhere below its folder holds a secret in clear."""
    yield
    for path in rig.ansible.folder.rglob("*"):
        if path.is_file() and not path.name.endswith("-password") and "playbook" not in path.name and path.parent.name != "group_vars":
            text = path.read_text(errors="replace")
            assert not any(secret in text for secret in rig.secrets()), path


@pytest.mark.parametrize("core", ["2.19", *(pytest.param(one, marks=CHAOS) for one in ("2.16", "2.21"))])
def test_become_in_group_vars(ansible: Ansible, appliances: Appliances, core: str) -> None:
    rig = rig_of("access_token-qumulo", ansible.with_core(core), appliances)
    old = rig.seed()
    (ansible.folder / "group_vars").mkdir()
    how = {"user": "nobody", "method": "sudo", "exe": "/bin/false", "password": "Not-real-either-1"}
    become = {"ansible_become": True, **{f"ansible_become_{name}": value for name, value in how.items()}}
    (ansible.folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(become))
    other = {"name": "Another task", "ansible.builtin.command": "true", "changed_when": False, "ignore_errors": True}
    env = {"ANSIBLE_KEEP_REMOTE_FILES": "true"}
    with rig.rest_untouched(), nothing_in_clear(rig):
        run = rig.rotate(tasks=[other, *role(rig.variables(rotate_force=True))], env=env)
        assert rig.result(run)["rotated"] is True
    assert run.by_name["Another task"].status == "ignored"  # become does fail here
    assert rig.assert_settled() != old


@pytest.mark.parametrize("core", ["2.19", *(pytest.param(one, marks=CHAOS) for one in ("2.16", "2.21"))])
@pytest.mark.parametrize("kind", ["access_token-qumulo", pytest.param("in_place-rsc", marks=CHAOS)])
def test_localhost_is_listed_with_ssh(ansible: Ansible, appliances: Appliances, kind: str, core: str) -> None:
    rig = rig_of(kind, ansible.with_core(core), appliances)
    rig.seed()
    before = rig.stored()
    (ansible.folder / "hand_over.yml").write_text('- ansible.builtin.set_fact:\n    handed: "{{ rotate_publish_id }}"\n')
    ssh = _inventory(ansible, ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1)
    other = {"name": "Another task", "ansible.builtin.ping": {}, "ignore_unreachable": True, "ignore_errors": True}
    with rig.rest_untouched(), nothing_in_clear(rig):
        run = rig.rotate(
            tasks=[other, *role(rig.variables(rotate_force=True, rotate_publish_tasks="hand_over.yml"))], vault=[*rig.vault_arguments, *ssh]
        )
        assert rig.result(run)["rotated"] is True
    assert run.by_name["Another task"].status == "unreachable"  # ssh does fail here
    rig.assert_settled()
    assert rig.stored() != before
