# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own vault with passwords for tests, and edits with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import Edit, plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import read_file

PASSWORDS = {"dev": b"dev password", "prod": b"prod password", "default": b"plain password"}


class Verbatim(yaml.SafeLoader):
    """Reads a vaulted value as Ansible does: its text as it is."""


Verbatim.add_constructor("!vault", lambda _loader, node: node.value)


def real_vault(*ids: str, encrypt_id: str | None = None, **passwords: bytes) -> Vault:
    secrets = [(vault_id, VaultSecret(passwords.get(vault_id, PASSWORDS.get(vault_id, b"?")))) for vault_id in ids]
    return Vault(VaultLib(secrets), encrypt_id)


DEV_PROD = real_vault("dev", "prod")


def made(vault: Vault, text: str, vault_id: str, indent: int = 2) -> str:
    return "!vault |\n" + "".join(" " * indent + line + "\n" for line in vault.encrypt(text, vault_id).split())


def plan(old: str | bytes | None, vault: Vault = DEV_PROD, **options: Any) -> Edit:
    return plan_edit(old.encode() if isinstance(old, str) else old, Request(**options), vault, where="v.yml")


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(VarsFileError) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def read(data: bytes, *names: str, vault: Vault = DEV_PROD, folder: Path) -> dict[str, object]:
    path = folder / "read.yml"
    path.write_bytes(data)
    return read_file(str(path), names, vault).values
