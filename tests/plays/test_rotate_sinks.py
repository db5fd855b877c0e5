# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with what else gets the credential: the files that the vendors' own clients read, in order, and undone in reverse."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.awx.controller import TOKEN, running
from tests.contract._qumulo_client import Qq
from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure, guarded, refusal, role
from tests.plays._rubrik_rigs import SecretRig, each_secret
from tests.simulator.launch import Simulator

FILE = "client.json"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def qumulo_rig(ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str]) -> Rig:
    more = {"rotate_publish": "credentials_file", "rotate_publish_credentials_file": {"path": FILE}}
    rig = Rig(ansible, shared, more=more, _admin=shared_administrator)
    rig.seed()
    return rig


def test_qq_works_with_the_file_through_a_rotation(qumulo_rig: Rig, tmp_path: Path) -> None:
    qq, path = Qq(qumulo_rig.simulator, tmp_path), qumulo_rig.ansible.folder / FILE
    own = f'"name": "{qumulo_rig.account}"'
    qumulo_rig.result(qumulo_rig.rotate(), "Rotate")  # not due, and the file is not there yet
    old = json.loads(path.read_text())
    assert (mode(path), old["bearer_token"]) == (0o600, qumulo_rig.stored())
    assert own in qq("who_am_i", store=path)

    run = qumulo_rig.rotate(tasks=[*role(qumulo_rig.variables(rotate_force=True), "Forced"), *role(qumulo_rig.variables(), "Again")])
    qumulo_rig.result(run, "Forced")
    qumulo_rig.assert_no_secret(run)
    assert json.loads(path.read_text()) == {"version": 1, "bearer_token": qumulo_rig.stored()} != old
    assert own in qq("who_am_i", store=path)
    assert qumulo_rig.who_is(old["bearer_token"]) is None
    qumulo_rig.assert_settled()


def test_a_later_one_that_fails_gives_the_file_its_bytes_and_mode_back(qumulo_rig: Rig) -> None:
    path, tasks = qumulo_rig.ansible.folder / FILE, qumulo_rig.ansible.folder / "tasks.yml"
    path.write_text(f'{{"bearer_token": "{qumulo_rig.stored()}",\n  "version": 1, "own": true}}')
    path.chmod(0o640)
    text = path.read_text()
    looks = {
        "name": "Look at the file",
        "ansible.builtin.assert": {"that": ["(lookup('ansible.builtin.file', f) | from_json).bearer_token == rotate_publish_secret"]},
        "vars": {"f": str(path)},
    }
    tasks.write_text(yaml.safe_dump([looks, {"name": "Talk", "ansible.builtin.fail": {"msg": "no"}}]))
    with qumulo_rig.all_undone():
        said = failure(qumulo_rig.rotate(rotate_force=True, rotate_publish=["credentials_file", "tasks"], rotate_publish_tasks="tasks.yml"))
    assert "What failed: Talk: no" in said
    assert (path.read_text(), mode(path)) == (text, 0o640)


@each_secret("replace-rsc", chaos=("in_place-rsc", "replace-cdm"))
def test_a_service_account_file_has_what_is_stored(rig: SecretRig) -> None:
    client_id, path = rig.seed(), rig.ansible.folder / FILE
    path.write_text(json.dumps({"client_id": client_id, "client_secret": rig.stored(), "name": rig.account, "own": 1}))
    rig.more |= {"rotate_publish": ["credentials_file"], "rotate_publish_credentials_file": {"path": FILE}}
    would = rig.would(rig.rotate(check=True, rotate_force=True))
    assert f"put it into the credentials file {path}" in would
    run = rig.rotate(rotate_force=True)
    result, found = rig.result(run), json.loads(path.read_text())
    assert (found["client_id"], found["client_secret"], found["own"]) == (result["token_id"], rig.stored(), 1)
    assert (found["name"] != rig.account) is (rig.strategy == "replace")
    uri = f"{rig.simulator.url}/api/client_token" if rig.simulator.platform == "rubrik_rsc" else None
    assert found.get("access_token_uri") == uri
    assert rig.appliance.works(found["client_id"], found["client_secret"])
    rig.assert_settled()


def test_a_credential_in_awx_is_the_old_one_again_when_a_later_one_fails(qumulo_rig: Rig, tmp_path: Path) -> None:
    (qumulo_rig.ansible.folder / "tasks.yml").write_text(yaml.safe_dump([{"name": "Talk", "ansible.builtin.fail": {"msg": "no"}}]))
    old = qumulo_rig.stored()
    with running(tmp_path) as awx:
        kind = awx.put("credential_types", name="Appliance", inputs={"fields": [{"id": "token", "secret": True}]})["id"]
        credential = awx.put("credentials", name="Qumulo", credential_type=kind, inputs={"token": "stale"})
        qumulo_rig.ansible.environment = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}
        options = {"name": "Qumulo", "input": "token", "ca_path": awx.ca_file}
        more: dict[str, Any] = {"rotate_force": True, "rotate_publish": ["awx_credential"], "rotate_publish_awx_credential": options}
        failing = {**more, "rotate_publish": ["awx_credential", "tasks"], "rotate_publish_tasks": "tasks.yml"}
        failed = qumulo_rig.rotate(tasks=[guarded("Fails", qumulo_rig.variables(**failing))])
        assert "all is as it was before" in refusal(failed, "Fails")
        assert credential["inputs"]["token"] == old == qumulo_rig.stored()
        run = qumulo_rig.rotate(**more)
        qumulo_rig.result(run)
    assert credential["inputs"]["token"] == qumulo_rig.stored() != old
    assert len(awx.journal) == 3
    for one in (failed, run):
        assert TOKEN not in one.output
        qumulo_rig.assert_no_secret(one)
    qumulo_rig.assert_settled()
