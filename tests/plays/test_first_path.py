# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's first path on each ansible-core: account, token, vars file, rotation, and a second run that changes nothing."""

from __future__ import annotations

from typing import Any

from tests.plays._ansible import Ansible
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

OTHER_LINES = "# Kept as it is\n---\nother: [1,  2]   # odd spacing\n"


def rotation(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return the variables of the role for the account svc-first."""
    return {
        "rotate_platform": "qumulo",
        "rotate_endpoint": simulator.url,
        "rotate_credential": "access_token",
        "rotate_account": "local:svc-first",
        "rotate_vars_file": "vault.yml",
        "rotate_var": "qumulo_token",
        "rotate_auth": {**simulator.admin, "ca_path": simulator.ca_file},
        **more,
    }


def test_account_token_vars_file_rotation(each_core: Ansible, qumulo: Simulator) -> None:
    (each_core.folder / "vault-password").write_text("not a real one\n")
    (each_core.folder / "vault.yml").write_text(OTHER_LINES)
    vault = ["--vault-id", "prod@vault-password"]
    role = "latchkey.tokens.rotate"
    run = each_core.play(
        [
            {"name": "Account", "latchkey.tokens.service_account": {"name": "svc-first", "privileges": ["PRIVILEGE_CLUSTER_READ"]}},
            {"name": "Mint", "latchkey.tokens.access_token": {"user": "local:svc-first", "expires_in": "30d"}, "register": "minted"},
            {"name": "Store", "latchkey.tokens.vault_vars": {"path": "vault.yml", "vars": {"qumulo_token": "{{ minted.token }}"}}},
            {"name": "Rotate", "ansible.builtin.include_role": {"name": role}, "vars": rotation(qumulo, rotate_force=True)},
            {"name": "First", "ansible.builtin.debug": {"var": "rotate_result"}},
            {"name": "Again", "ansible.builtin.include_role": {"name": role}, "vars": rotation(qumulo)},
            {"name": "Second", "ansible.builtin.debug": {"var": "rotate_result"}},
        ],
        arguments=vault,
        module_defaults=defaults(qumulo),
    ).assert_ok()

    assert run.by_name["Mint"].hidden
    first, second = run["First"]["rotate_result"], run["Second"]["rotate_result"]
    assert first["rotated"] is True
    assert first["retired"] is True
    assert second["rotated"] is False
    assert second["token_id"] == first["token_id"]
    live = [one["id"] for one in qumulo.credentials() if one["account"] == "svc-first"]
    assert live == [first["token_id"]]
    text = (each_core.folder / "vault.yml").read_text()
    assert text.startswith(OTHER_LINES)
    assert "access-v1" not in run.output + text
