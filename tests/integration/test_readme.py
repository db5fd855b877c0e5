# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks in the README, run as printed."""

from __future__ import annotations

import re

from tests.integration._ansible import ROOT, Ansible
from tests.simulator.launch import Simulator

PLAYBOOKS = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_playbooks_of_the_readme(ansible: Ansible, qumulo: Simulator) -> None:
    rotate, from_nothing = PLAYBOOKS
    (ansible.folder / "rotate.yml").write_text(rotate)
    (ansible.folder / "from_nothing.yml").write_text(from_nothing)
    (ansible.folder / "vault-password").write_text("not a real one\n")
    env = {
        "QUMULO_ENDPOINT": qumulo.url,
        "QUMULO_USERNAME": qumulo.admin["username"],
        "QUMULO_PASSWORD": qumulo.admin["password"],
        "QUMULO_CA_PATH": qumulo.ca_file,
    }
    vault = ["--vault-id", "prod@vault-password"]

    ansible.run("from_nothing.yml", vault, env=env).assert_ok()
    first = (ansible.folder / "vault.yml").read_text()
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in first

    not_due = ansible.run("rotate.yml", vault, env=env).assert_ok()
    assert "changed=0" in not_due.output
    assert (ansible.folder / "vault.yml").read_text() == first

    forced = ansible.run("rotate.yml", [*vault, "-e", "rotate_force=true"], env=env).assert_ok()
    assert "failed=0" in forced.output
    assert (ansible.folder / "vault.yml").read_text() != first
    again = ansible.run("rotate.yml", vault, env=env).assert_ok()
    assert "changed=0" in again.output
    assert len([one for one in qumulo.credentials() if one["account"] == "svc-backup"]) == 1
