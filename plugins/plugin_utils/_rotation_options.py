# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables to a rotation's policy. Private to this collection. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import parse_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Policy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import successor_name

KINDS = ("access_token", "api_token", "in_place", "replace")
_SECRETS = ("in_place", "replace")
# What of it matters once there is a new credential.
SETTLING_ARGUMENTS: dict[str, Any] = {
    "when_remaining": {"type": "str", "default": "7d"},
    "max_age": {"type": "str"},
    "retire": {"type": "str", "choices": ["delete", "disable"], "default": "delete"},
    "retire_after": {"type": "str"},
}
POLICY_ARGUMENTS: dict[str, Any] = {
    **SETTLING_ARGUMENTS,
    "force": {"type": "bool", "default": False},
    "expires_in": {"type": "str"},
    "orphans": {"type": "str", "choices": ["fail", "revoke", "ignore"], "default": "fail"},
}
# The clusters to which Rubrik Security Cloud carries a new secret.
CLUSTERS: dict[str, Any] = {"type": "list", "elements": "dict", "default": []}


def where_is(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say where one of CLUSTERS is; nothing that is not set."""
    given = {name: cluster.get(name) for name in ("endpoint", "ca_path", "validate_certs")}
    return {name: value for name, value in given.items() if value is not None}


def is_secret(kind: str) -> bool:
    """Tell whether it is the secret of a service account that is rotated, and not a token."""
    return kind in _SECRETS


def policy(options: Mapping[str, Any], now: datetime) -> Policy:
    """Return what is wanted.

    Args:
        options: kind, account, and those of POLICY_ARGUMENTS or SETTLING_ARGUMENTS; and shared.
        now: the time.

    Raises:
        OptionError: one of them is malformed, or there is no such thing for this kind.
    """
    kind = options["kind"]
    if options["retire"] == "disable" and kind != "access_token":
        raise OptionError(
            "rotate_retire: only access tokens of Qumulo Core can be switched off.", "Use delete, with rotate_retire_after for a delay."
        )
    return Policy(
        force=options.get("force", False),
        when_remaining=parse_duration(options["when_remaining"], "rotate_when_remaining"),
        max_age=_duration(options["max_age"], "rotate_max_age"),
        expires_in=_lifetime(options.get("expires_in")) if not is_secret(kind) else None,
        orphans=options.get("orphans", "fail"),
        retire=options["retire"],
        retire_after=_duration(options["retire_after"], "rotate_retire_after"),
        exact_expiry=kind != "api_token",
        new_name=successor_name(options["account"], now) if kind == "replace" else "",
        shared=options.get("shared", False),
    )


def _lifetime(text: str | None) -> timedelta | None:
    expires_in = _duration(text, "rotate_expires_in")
    if expires_in is not None and expires_in < timedelta(minutes=1):
        raise OptionError("rotate_expires_in: a credential must live at least a minute.", "Leave it empty for one that never expires.")
    return expires_in


def _duration(text: str | None, option: str) -> timedelta | None:
    return parse_duration(text, option) if text else None
