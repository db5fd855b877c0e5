# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with rotate_publish_tasks: the example for AWX against a stand-in of its API, alone and before a push."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask, abort, jsonify, request
from werkzeug.serving import make_server

from tests.plays._ansible import ROOT, Ansible, core_bin
from tests.plays._publish_rig import Remote, commit_and_push
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure, guarded, refusal, role
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.simulator.launch import Simulator

EXAMPLE = ROOT / "docs" / "awx" / "publish_awx_credential.yml"
CANARY = "awx-canary-0123456789"


@dataclass
class Awx:
    """One credential of AWX, as far as its API goes: see awx.main.models.credential for what it does with $encrypted$."""

    url: str = ""
    inputs: dict[str, str] = field(default_factory=lambda: {"host": "qumulo.example.com", "token": "", "other": "kept"})
    told: list[str] = field(default_factory=list)
    refuse: bool = False
    secret = ("token", "other")

    def answer(self, number: int) -> Any:
        if number != 7 or request.headers.get("Authorization") != f"Bearer {CANARY}":
            abort(404 if number != 7 else 401)
        if request.method == "PATCH":
            if self.refuse:
                return jsonify(detail=f"Not allowed: {request.get_json()['inputs']['token']}"), 403
            new = request.get_json()["inputs"]
            self.inputs = {key: self.inputs[key] if value == "$encrypted$" else value for key, value in new.items()}
            self.told.append(self.inputs["token"])
        return jsonify(id=7, inputs={key: "$encrypted$" if key in self.secret and value else value for key, value in self.inputs.items()})


@pytest.fixture
def awx() -> Iterator[Awx]:
    found, app = Awx(), Flask("awx")
    app.add_url_rule("/api/v2/credentials/<int:number>/", view_func=found.answer, methods=["GET", "PATCH"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def rig(ansible: Ansible, shared: Simulator, awx: Awx, shared_administrator: dict[str, str]) -> Rig:
    ansible.environment = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": CANARY, "no_proxy": "*"}
    more = {"rotate_publish_tasks": str(EXAMPLE), "rotate_awx_credential_id": 7, "rotate_awx_input": "token"}
    rig = Rig(ansible, shared, more=more, _admin=shared_administrator)
    rig.seed()
    return rig


def test_the_credential_in_awx_is_the_new_one(rig: Rig, awx: Awx) -> None:
    run = rig.rotate(tasks=[*role(rig.variables(rotate_force=True)), *role(rig.variables(), "Again")])
    assert (rig.result(run)["rotated"], rig.result(run, "Again")["rotated"]) == (True, False)
    assert CANARY not in run.output
    rig.assert_settled()
    assert awx.inputs == {"host": "qumulo.example.com", "token": rig.stored(), "other": "kept"}
    assert len(awx.told) == 1


def test_tasks_that_are_not_there_or_fail(rig: Rig, awx: Awx) -> None:
    awx.refuse = True
    nowhere = rig.variables(rotate_force=True, rotate_publish_tasks="nowhere.yml")
    with rig.all_undone():
        run = rig.rotate(tasks=[guarded("Nowhere", nowhere), guarded("Fail", rig.variables(rotate_force=True))])
    said = f"rotate_publish_tasks: there is no file {rig.ansible.folder}/nowhere.yml. Nothing was rotated."
    assert refusal(run, "Nowhere") == said
    said = refusal(run, "Fail")
    assert "was not rotated, and all is as it was before" in said
    assert "What failed: Put the secret into it: Status code was 403" in said
    assert CANARY not in run.output
    assert awx.told == []


def test_the_roles_own_words_never_show_the_secrets(rig: Rig, tmp_path: Path) -> None:
    if core_bin("2.16") is None:
        pytest.skip("ansible-core 2.16 is not installed here; later ones show the words of a failed task whatever no_log says")
    rig.ansible = rig.ansible.with_core("2.16")
    remote = Remote(tmp_path / "remote.git")
    commit_and_push(rig, remote)
    remote.hook("pre-receive", "exit 1")
    talk = {"name": "Talk", "ansible.builtin.fail": {"msg": "no place for {{ rotate_publish_secret }} here"}}
    for name, more in (("tasks.yml", {}), ("undo.yml", {"when": "rotate_publish_undo"})):
        (rig.ansible.folder / name).write_text(yaml.safe_dump([{**talk, **more}]))
    pushed = {"rotate_force": True, "rotate_publish": "git", "rotate_publish_tasks": "undo.yml"}
    with rig.all_undone():
        new = rig.rotate(tasks=[guarded("New", rig.variables(rotate_force=True, rotate_publish_tasks="tasks.yml"))])
    old = rig.rotate(tasks=[guarded("Old", rig.variables(**pushed))])
    assert "Talk: no place for ******** here" in refusal(new, "New")
    assert "What failed while undoing: Talk: no place for ******** here" in refusal(old, "Old")


def test_what_the_tasks_are_given(rig: Rig) -> None:
    names = ("id", "expires_at", "file", "undo")
    given = {name: f"{{{{ rotate_publish_{name} }}}}" for name in names} | {"account": "{{ rotate_account }}"}
    copy = {"content": "{{ " + repr(given).replace("'{{ ", "").replace(" }}'", "") + " | to_json }}", "dest": "{{ playbook_dir }}/given"}
    (rig.ansible.folder / "tasks.yml").write_text(yaml.safe_dump([{"name": "Note", "ansible.builtin.copy": {**copy, "mode": "0600"}}]))
    done = rig.result(rig.rotate(rotate_force=True, rotate_publish_tasks="tasks.yml"))
    found = yaml.safe_load((rig.ansible.folder / "given").read_text())
    assert (found["id"], found["expires_at"]) == (done["token_id"], done["expires_at"])
    assert (found["file"], found["undo"], found["account"]) == (str(rig.path), False, f"local:{rig.account}")


def test_a_push_that_is_refused_hands_the_old_one_back(rig: Rig, awx: Awx, tmp_path: Path) -> None:
    rig.more["rotate_publish"] = "git"
    remote = Remote(tmp_path / "remote.git")
    commit_and_push(rig, remote)
    remote.hook("pre-receive", "exit 1")
    old = rig.stored()
    with rig.all_undone():
        assert "pre-receive hook declined" in failure(rig.rotate(rotate_force=True))
    assert len(awx.told) == 2
    assert awx.inputs["token"] == old == rig.stored()
    # When that fails as well, the new one, which is in AWX, is not revoked yet.
    tasks = rig.ansible.folder / "tasks.yml"
    refuse = {"name": "Not again", "ansible.builtin.fail": {"msg": "no"}, "when": "rotate_publish_undo"}
    tasks.write_text(yaml.safe_dump([{"name": "All", "ansible.builtin.include_tasks": str(EXAMPLE)}, refuse]))
    said = failure(rig.rotate(rotate_force=True, rotate_publish_tasks="tasks.yml"))
    assert "not all of it could be undone yet" in said
    assert "What failed while undoing: Not again: no" in said
    assert len(rig.ids()) == 2
    assert rig.stored() == old
    remote.hook("pre-receive", "exit 0")
    rig.result(rig.rotate())
    rig.assert_settled()
    assert awx.inputs["token"] == old


def test_killed_after_the_tasks(rig: Rig, awx: Awx, saboteur: Saboteur) -> None:
    assert run_and_kill(rig, saboteur, "before replace#3", rotate_force=True)
    rig.result(rig.rotate())
    rig.assert_settled()
    assert awx.told == [rig.stored()] * 2
