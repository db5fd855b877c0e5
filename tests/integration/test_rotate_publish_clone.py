# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample playbook for AWX that rotates in a clone of its own, from a folder without git, over https with a token."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration._ansible import ROOT, Ansible
from tests.integration._git_over_https import serve
from tests.integration._publish_rig import Remote, commit_and_push, fresh_clone
from tests.integration._qumulo_rig import Rig
from tests.simulator.launch import Simulator

CANARY = "git-canary-0123456789"


def test_the_sample_rotates_in_a_clone_and_deletes_it(ansible: Ansible, shared: Simulator, tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    ansible.folder = tmp_path / "first"
    ansible.folder.mkdir()
    rig, remote = Rig(ansible, shared), Remote(tmp_path / "inventory.git")
    old = rig.seed()
    commit_and_push(rig, remote)
    base = remote.head
    variables = {key: value for key, value in rig.variables(rotate_force=True).items() if key != "rotate_vars_file"}
    (job / "variables.json").write_text(json.dumps(variables))
    playbook = job / "rotate_in_a_clone.yml"
    playbook.write_bytes((ROOT / "docs" / "awx" / "project" / playbook.name).read_bytes())
    ansible.folder = job
    Rig(ansible, shared, _admin=rig._admin)  # the vault's passwords
    certificate = tmp_path / "ca.pem"
    with serve(remote.path, "robot", CANARY, certificate) as url:
        env = {
            "GIT_SSL_CAINFO": str(certificate),
            "TMPDIR": str(tmp_path),
            "LATCHKEY_GIT_REMOTE": url,
            "LATCHKEY_GIT_USERNAME": "robot",
            "LATCHKEY_GIT_TOKEN": CANARY,
        }
        ansible.run(playbook, ["--check", "-e", "@variables.json", *rig.vault_arguments], env=env).assert_ok()
        assert (remote.head, old in rig.ids(), list(tmp_path.glob("ansible.*"))) == (base, True, [])
        run = ansible.run(playbook, ["-vvv", "-e", "@variables.json", *rig.vault_arguments], env=env)
    run.assert_ok()
    assert CANARY not in run.output
    rig.assert_no_secret(run)
    fresh = fresh_clone(rig, remote, tmp_path / "fresh")
    assert fresh.assert_settled() != old
    assert len(remote.log(base)) == 2
    assert not list(tmp_path.glob("ansible.*"))
