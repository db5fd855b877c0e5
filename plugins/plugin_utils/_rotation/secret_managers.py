# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the secret manager that they name. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import AWS_SECRETSMANAGER, HASHICORP_VAULT

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import SecretStore

_STORES: dict[str, OnDemand[[Mapping[str, Any], str, str, Mapping[str, str], Callable[[str], str]], SecretStore]] = {
    HASHICORP_VAULT: OnDemand("plugin_utils._rotation.hashicorp_vault_client", "vault_store"),
    AWS_SECRETSMANAGER: OnDemand("plugin_utils._rotation.aws_secretsmanager_client", "secrets_manager_store"),
}


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
    manager = str(options.get("store"))
    return _STORES[manager](options.get(manager) or {}, var, id_var, environment, path) if manager in _STORES else None
