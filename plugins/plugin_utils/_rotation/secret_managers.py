# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the secret manager that they name. Private to this collection.

Each product's part is imported only where it is wanted: Ansible compiles what it imports in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.options import AWS_SECRETSMANAGER, HASHICORP_VAULT
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import SecretStore


def secret_store(
    options: Mapping[str, Any], var: str, id_var: str, environment: Mapping[str, str], path: Callable[[str], str]
) -> SecretStore | None:
    """Return the secret of a secret manager that is a store; None where the store is a vars file. To be closed after use.

    Args:
        options: ``store``, and the options of the manager by its name, as the role rotate has them.
        var, id_var: what the credential is called in the secret, and its id; the latter is empty where the secret does not hold one.
        environment: environment variables, which complete the options.
        path: makes a path on the controller of what was written.

    Raises:
        LatchkeyError: an option is missing or malformed, or the manager's client is not installed.
    """
    keys = Keys(var, id_var)
    given = options.get(str(options.get("store"))) or {}
    if options.get("store") == HASHICORP_VAULT:
        from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault import VaultStore
        from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.hashicorp_vault_client import HvacClient, access_of

        return VaultStore(HvacClient(access_of(given, environment, path)), keys)
    if options.get("store") == AWS_SECRETSMANAGER:
        from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import aws_secretsmanager_client as aws
        from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import SecretsManagerStore

        return SecretsManagerStore(aws.Boto3Client(aws.access_of(given, environment, path)), keys)
    return None
