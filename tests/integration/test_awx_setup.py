# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_setup, with the modules of awx.awx, unmodified, against a stand-in of AWX over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.awx.collection import awx_collection
from tests.awx.controller import TOKEN, Awx, running
from tests.integration._ansible import Ansible, Run

PASSWORD, GIT_TOKEN, VAULT_PASSWORD = "canary-cluster-password", "canary-git-token", "canary-vault-password"
SECRETS = (TOKEN, PASSWORD, GIT_TOKEN, VAULT_PASSWORD)
VARIABLES = {
    "platforms": "qumulo",
    "image": "registry.example.com/ops/latchkey-ee",
    "project_url": "https://git.example.com/ops/keys.git",
}


@pytest.fixture
def awx(tmp_path: Path) -> Iterator[Awx]:
    with running(tmp_path) as found:
        yield found


def setup(ansible: Ansible, awx: Awx, *arguments: str, environment: dict[str, str] | None = None, **variables: str) -> Run:
    """Run the playbook with values from the environment, and look for secrets in its output."""
    password_file = ansible.folder / "vault-password"
    password_file.write_text(f"{VAULT_PASSWORD}\n")
    env = {
        "ANSIBLE_COLLECTIONS_PATH": f"{ansible.collections}:{awx_collection()}",
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "SSL_CERT_FILE": awx.ca_file,
        "QUMULO_ENDPOINT": "qumulo.example.com",
        "QUMULO_USERNAME": "admin",
        "QUMULO_PASSWORD": PASSWORD,
        "LATCHKEY_GIT_TOKEN": GIT_TOKEN,
        "ANSIBLE_VAULT_PASSWORD_FILE": str(password_file),
        **(environment or {}),
    }
    extra = [part for name, value in {**VARIABLES, **variables}.items() for part in ("-e", f"awx_setup_{name}={value}")]
    run = ansible.run("latchkey.tokens.awx_setup", ["-vvv", *extra, *arguments], env=env, timeout=240)
    assert [one for one in SECRETS if one in run.output] == []
    return run


def test_one_run_creates_all_and_a_second_one_changes_nothing(ansible: Ansible, awx: Awx) -> None:
    planned = setup(ansible, awx, "--check").assert_ok()["Create what jobs need"]
    assert awx.journal == [], "check mode changes nothing"
    first = setup(ansible, awx).assert_ok()["Create what jobs need"]
    print(first)
    assert first["created"] == planned["created"]
    assert awx.names()["job_templates"] == ["rotate", "report", "sweep", "leaked"]
    (job,) = awx.jobs
    assert (job["name"], job["job_type"]) == ("rotate", "check")

    asked = len(awx.journal)
    second = setup(ansible, awx).assert_ok()["Create what jobs need"]
    assert (second["changed"], second["created"], second["changed_objects"]) == (False, [], [])
    assert awx.journal[asked:] == []
