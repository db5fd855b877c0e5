# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks in the README, run as printed."""

from __future__ import annotations

import re

import pytest

from tests.integration._ansible import ROOT, Ansible
from tests.integration._play_token_rig import wait_until
from tests.simulator.launch import Simulator, launch

PLAYBOOKS = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
VAULT = ["--vault-id", "prod@vault-password"]


def prepared(ansible: Ansible) -> list[str]:
    """Write the playbooks and the password file into the folder; return the names of the playbooks, in the README's order."""
    (ansible.folder / "vault-password").write_text("not a real one\n")
    names = [f"playbook-{number}.yml" for number in range(len(PLAYBOOKS))]
    for name, text in zip(names, PLAYBOOKS, strict=True):
        (ansible.folder / name).write_text(text)
    return names


def environment(prefix: str, simulator: Simulator, *names: str) -> dict[str, str]:
    """Return what the README says is taken from the environment."""
    credentials = {f"{prefix}_{name.upper()}": simulator.admin[name] for name in names}
    return {f"{prefix}_ENDPOINT": simulator.url, f"{prefix}_CA_PATH": simulator.ca_file, **credentials}


def test_qumulo(ansible: Ansible, qumulo: Simulator) -> None:
    rotate, from_nothing, *_others = prepared(ansible)
    env = environment("QUMULO", qumulo, "username", "password")

    ansible.run(from_nothing, VAULT, env=env).assert_ok()
    first = (ansible.folder / "vault.yml").read_text()
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in first

    not_due = ansible.run(rotate, VAULT, env=env).assert_ok()
    assert "changed=0" in not_due.output
    assert (ansible.folder / "vault.yml").read_text() == first

    forced = ansible.run(rotate, [*VAULT, "-e", "rotate_force=true"], env=env).assert_ok()
    assert "failed=0" in forced.output
    assert (ansible.folder / "vault.yml").read_text() != first
    again = ansible.run(rotate, VAULT, env=env).assert_ok()
    assert "changed=0" in again.output
    assert len([one for one in qumulo.credentials() if one["account"] == "svc-backup"]) == 1


def test_rubrik_security_cloud(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    _rotate, _from_nothing, rsc, _cdm, play_token = prepared(ansible)
    with launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as simulator:
        env = environment("RUBRIK_RSC", simulator, "client_id", "client_secret")
        ansible.run(rsc, VAULT, env=env).assert_ok()
        first = (ansible.folder / "vault.yml").read_text()
        assert "rsc_client_id: 'client|" in first or "rsc_client_id: client|" in first
        assert "changed=0" in ansible.run(rsc, VAULT, env=env).assert_ok().output
        assert (ansible.folder / "vault.yml").read_text() == first
        ansible.run(rsc, [*VAULT, "-e", "rotate_force=true"], env=env).assert_ok()
        assert (ansible.folder / "vault.yml").read_text() != first
        minted = [one["path"] for one in simulator.journal()].count("/api/client_token")
        ansible.run(play_token, env=env).assert_ok()
        assert [one["path"] for one in simulator.journal()].count("/api/client_token") == minted + 1
        wait_until(lambda: not [one for one in simulator.credentials() if one["kind"] == "session"], "every session has ended")


def test_rubrik_cdm(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    cdm = prepared(ansible)[3]
    with launch("rubrik_cdm", settings={"totp": "on", "code_reuse": "refused"}, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        env = environment("RUBRIK_CDM", simulator, "username", "password", "totp_secret")
        ansible.run(cdm, env=env).assert_ok()
        assert simulator.credentials() == []
