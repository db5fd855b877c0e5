# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks in the README, run as printed; and where its links lead."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.plays._ansible import ROOT, Ansible
from tests.plays._cases import done
from tests.plays._play_token_rig import wait_until
from tests.simulator.launch import Simulator

README = (ROOT / "README.md").read_text()
PLAYBOOKS = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
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


def test_the_rotation(ansible: Ansible, qumulo: Simulator) -> None:
    rotate, _play_token = prepared(ansible)
    env = environment("QUMULO", qumulo, "username", "password")
    done(qumulo, "service_account", name="svc-backup")
    vault = ansible.folder / "vault.yml"
    vault.touch()

    ansible.run(rotate, VAULT, env=env).assert_ok()
    first = vault.read_text()
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in first
    forced = ansible.run(rotate, [*VAULT, "-e", "rotate_force=true"], env=env).assert_ok()
    assert "failed=0" in forced.output
    second = vault.read_text()
    assert second != first
    assert "changed=0" in ansible.run(rotate, VAULT, env=env).assert_ok().output
    assert vault.read_text() == second
    assert len([one for one in qumulo.credentials() if one["account"] == "svc-backup"]) == 1


def test_the_play_token(ansible: Ansible, rsc: Simulator) -> None:
    _rotate, play_token = prepared(ansible)
    ansible.run(play_token, env=environment("RUBRIK_RSC", rsc, "client_id", "client_secret")).assert_ok()
    assert [one["path"] for one in rsc.journal()].count("/api/client_token") == 1
    wait_until(lambda: not [one for one in rsc.credentials() if one["kind"] == "session"], "every session has ended")


def test_links_work_on_a_collection_index_too() -> None:
    """They are absolute, and what they name in the repository is there."""
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 15
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"]
    for link in links:
        assert link.startswith("https://"), link
        found = re.match(rf"(?:{repository}/(?:blob|tree)|{repository.replace('//github', '//raw.githubusercontent')})/main/([^#]+)", link)
        assert found is None or (ROOT / found[1]).exists(), link


@pytest.mark.parametrize("name", ["CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_the_other_pages_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / name).read_text()):
        assert link.startswith("https://") or (ROOT / link).exists(), link
