# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role that one rotation is told by: their types, which of them are set, and what the others mean. Private."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import ACCESS_CHECK
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import (
    ACCESS_TOKEN,
    ALTERNATE,
    API_TOKEN,
    IN_PLACE,
    REPLACE,
    S3_ACCESS_KEY,
    SINKS,
)

SERVICE_ACCOUNT_SECRET = "service_account_secret"  # noqa: S105  (a choice of an option)
VARS_FILE, HASHICORP_VAULT, AWS_SECRETSMANAGER = "vars_file", "hashicorp_vault", "aws_secretsmanager"
GIT, TASKS = "git", "tasks"

# What the role rotate hands over, but for publish_git; the names are those of its variables without rotate_.
ARGUMENTS: dict[str, Any] = {
    "credential": {"type": "str", "required": True, "choices": [ACCESS_TOKEN, API_TOKEN, SERVICE_ACCOUNT_SECRET, S3_ACCESS_KEY]},
    "account": {"type": "str"},
    "store": {"type": "str", "choices": [VARS_FILE, HASHICORP_VAULT, AWS_SECRETSMANAGER]},
    "vars_file": {"type": "path"},
    "hashicorp_vault": {
        "type": "dict",
        "options": {
            "url": {"type": "str"},
            "namespace": {"type": "str"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
            "mount": {"type": "str"},
            "path": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "role_id": {"type": "str"},
            "secret_id": {"type": "str", "no_log": True},
            "jwt": {"type": "str", "no_log": True},
            "role": {"type": "str"},
            "auth_mount": {"type": "str"},
        },
    },
    "aws_secretsmanager": {
        "type": "dict",
        "options": {
            "name": {"type": "str"},
            "region": {"type": "str"},
            "profile": {"type": "str"},
            "endpoint_url": {"type": "str"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
        },
    },
    "var": {"type": "str"},
    "vault_id": {"type": "str"},
    "strategy": {"type": "str", "choices": [IN_PLACE, REPLACE, ALTERNATE]},
    "id_var": {"type": "str"},
    "client_id_var": {"type": "str"},
    "accounts": {"type": "list", "elements": "str"},
    "roles": {"type": "list", "elements": "str"},
    "tag": {"type": "str"},
    "clusters": {
        "type": "list",
        "elements": "dict",
        "options": {
            "endpoint": {"type": "str", "required": True},
            "ca_path": {"type": "path"},
            "validate_certs": {"type": "bool"},
        },
    },
    "sync_timeout": {"type": "str"},
    "s3_endpoint": {"type": "str"},
    "rescue_file": {"type": "path"},
    "expires_in": {"type": "str"},
    "when_remaining": {"type": "str"},
    "max_age": {"type": "str"},
    "force": {"type": "bool"},
    "checks": ACCESS_CHECK.argument_spec["probes"],
    "orphans": {"type": "str", "choices": ["fail", "revoke", "ignore"]},
    "retire": {"type": "str", "choices": ["delete", "disable"]},
    "retire_after": {"type": "str"},
    "reload_vars": {"type": "bool"},
    "publish": {"type": "list", "elements": "str", "choices": ["none", GIT, TASKS, *SINKS]},
    "publish_credentials_file": {"type": "dict", "options": {"path": {"type": "path"}}},
    "publish_awx_credential": {
        "type": "dict",
        "options": {
            "controller_host": {"type": "str"},
            "controller_oauthtoken": {"type": "str", "no_log": True},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
            "api_path": {"type": "str"},
            "name": {"type": "str"},
            "organization": {"type": "str"},
            "input": {"type": "str"},
            "id_input": {"type": "str"},
        },
    },
    "publish_tasks": {"type": "str"},
    "lock_timeout": {"type": "str", "default": "30s"},
}
# What a variable means that is null, or left out with omit: the role's default, never less than that.
_DEFAULTS: dict[str, Any] = {
    "store": VARS_FILE,
    "hashicorp_vault": {},
    "aws_secretsmanager": {},
    "strategy": IN_PLACE,
    "id_var": "",
    "client_id_var": "",
    "accounts": [],
    "roles": [],
    "tag": "",
    "clusters": [],
    "sync_timeout": "5m",
    "s3_endpoint": "",
    "rescue_file": "",
    "expires_in": "90d",
    "when_remaining": "7d",
    "max_age": "",
    "force": False,
    "checks": [],
    "orphans": "fail",
    "retire": "delete",
    "retire_after": "",
    "reload_vars": True,
    "publish": [],
    "publish_credentials_file": {},
    "publish_awx_credential": {},
    "publish_git": {},
    "publish_tasks": "",
    "vault_id": "",
}
# An empty variable of these says something, if only that a value was forgotten. Any other that is empty is not set.
_TELLING_WHEN_EMPTY = frozenset(
    (
        *("platform", "endpoint", "credential", "vars_file", "var"),
        *("sync_timeout", "expires_in", "when_remaining", "max_age", "force", "retire_after", "reload_vars"),
    )
)


def variables_set(names: Iterable[str], variables: Mapping[str, Any], template: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the options that the role's variables set, rotate_ before the name of each.

    Args:
        names: of the options.
        variables: all that the task has, not templated yet.
        template: templates a value.
    """
    found = template({name: variables[f"rotate_{name}"] for name in names if f"rotate_{name}" in variables})
    omitted = variables.get("omit")  # before ansible-core 2.19, what omit becomes; later, omit leaves nothing
    kept = _without(found, omitted) if omitted else found
    return {name: value for name, value in kept.items() if _is_set(name, value)}


def _is_set(name: str, value: Any) -> bool:
    """Tell whether a variable says anything; a text of nothing but blanks is empty."""
    is_empty = not (value.strip() if isinstance(value, str) else value)
    return not is_empty or (name in _TELLING_WHEN_EMPTY and value is not None)


def _without(value: Any, omitted: Any) -> Any:
    """Return a value without what is omitted in it."""
    if isinstance(value, Mapping):
        return {name: _without(one, omitted) for name, one in value.items() if one != omitted}
    if isinstance(value, list):
        return [_without(one, omitted) for one in value if one != omitted]
    return value


def with_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the role's defaults for those that are not set."""
    return {**options, **{name: default for name, default in _DEFAULTS.items() if options.get(name) is None}}
