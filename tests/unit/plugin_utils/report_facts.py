# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the report have in common: a time, credentials as credential_info returns them, looks and stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import document
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.findings import find
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.join import join
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import Finding, Look, ReportPolicy, Stored

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POLICY = ReportPolicy(max_age=365 * DAY, warn=7 * DAY, unused=90 * DAY)
URL = "https://qumulo.example.com:8000"
HOSTILE = (
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ lookup('pipe', 'id') }}", "=HYPERLINK(1)", "a\nb\r\tc",
    "\u202eevil", "\ud800", 'back\\slash "quote"', "<!--", "$ANSIBLE_VAULT;1.1;AES256", "x" * 5000,
)  # fmt: skip


def ago(age: timedelta | None) -> str | None:
    """Return the instant so long before now; one that lies ahead where the time is negative."""
    return None if age is None else format_instant(NOW - age)


def credential(
    id: str,
    *,
    kind: str = "access_token",
    account: str = "svc",
    age: timedelta | None = 10 * DAY,
    expires: timedelta | None = 60 * DAY,
    used: timedelta | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a credential that nothing is to be said of, where nothing else is given."""
    lifetime = round((age + expires).total_seconds()) if age is not None and expires is not None else None
    told = {
        "kind": kind,
        "id": id,
        "account": account,
        "account_id": f"id of {account}",
        "name": None,
        "created_at": ago(age),
        "expires_at": ago(None if expires is None else -expires),
        "expires_known": True,
        "lifetime": lifetime,
        "last_used_at": ago(used),
        "enabled": True,
        "live": expires is None or expires > timedelta(0),
        "creator": None,
        "administrator": False,
        "local": None,
    }
    return {**told, **more}


def look(*credentials: dict[str, Any], **more: Any) -> Look:
    """Return what a caller saw at the endpoint."""
    told = {
        "host": "cluster",
        "platform": "qumulo",
        "title": "Qumulo Core",
        "endpoint": URL,
        "version": "7.10",
        "as_of": format_instant(NOW),
    }
    not_told = {"not_told": {"access_token": ["last_used_at"], "s3_access_key": ["last_used_at", "expires_at"]}}
    return Look(**{**told, **not_told, "credentials": credentials, **more})


def stored(id: str = "", *, kind: str = "access_token", **more: Any) -> Stored:
    """Return what a store knows of a credential at the endpoint."""
    where = {"host": "cluster", "platform": "qumulo", "endpoint": URL, "where": "/srv/vault.yml", "var": f"{id or 'some'}_token"}
    return Stored(**{**where, "kind": kind, "account": "svc", "id": id, **more})


def found(looks: Sequence[Look], stores: Sequence[Stored] = (), policy: ReportPolicy = POLICY) -> list[Finding]:
    """Return the findings."""
    return find(join(looks, stores, NOW), policy, NOW)


def report(looks: Sequence[Look], stores: Sequence[Stored] = ()) -> dict[str, Any]:
    """Return the document."""
    joined = join(looks, stores, NOW)
    return document(joined, find(joined, POLICY, NOW), POLICY, NOW)
