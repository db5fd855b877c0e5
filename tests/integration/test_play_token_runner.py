# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play token under ansible-runner, which AWX runs everything with: no secret in its artifacts, and nothing left at the appliance."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration._ansible import Ansible
from tests.integration._play_token_rig import CALLBACK, LOOKUP, MODULE, Rig
from tests.simulator.launch import launch

FILTERS = str(Path(__file__).parent / "filter")


@pytest.mark.parametrize("callback", [False, True])
def test_no_secret_in_the_artifacts(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, callback: bool) -> None:
    with launch("rubrik_cdm", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = Rig(ansible, simulator)
        before = rig.live()
        data, notes = ansible.folder / "runner", tmp_path_factory.mktemp("notes") / "secrets"
        (data / "project").mkdir(parents=True)
        remember = {"name": "Remember", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | remember }}"}}
        fail = {"name": "Fail", MODULE: {"expect_account": "somebody-else"}, "ignore_errors": True}
        shutil.move(rig.write(rig.play({"name": "Use", MODULE: {}}, remember, fail)), data / "project" / "play.yml")
        (data / "inventory").mkdir()
        (data / "inventory" / "hosts").write_text(
            "localhost ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}}\n"
        )
        env = ansible.env({"ANSIBLE_FILTER_PLUGINS": FILTERS, "REMEMBER_FILE": str(notes)})
        env = {name: value for name, value in env.items() if name not in ("ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS")}
        if callback:
            env["ANSIBLE_CALLBACKS_ENABLED"] = CALLBACK
        done = subprocess.run(
            [str(ansible.bin / "ansible-runner"), "run", str(data), "-p", "play.yml", "-vvv", "--ident", "one"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (token,) = set(notes.read_text().split())
        artifacts = {one: one.read_bytes() for one in (data / "artifacts" / "one").rglob("*") if one.is_file()}
        events = [json.loads(text) for path, text in artifacts.items() if path.parent.name == "job_events"]
        assert {one["event"] for one in events} >= {"runner_on_ok", "runner_on_failed", "playbook_on_stats"}
        for secret in (token, rig.variables()["latchkey_client_secret"]):
            assert [path for path, text in artifacts.items() if secret.encode() in text] == []
            assert secret not in done.stdout + done.stderr
        rig.assert_as_before(before)
