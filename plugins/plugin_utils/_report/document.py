# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one document, from which all its files are made: report.json. Private to this collection. Pure functions.

The guide to reports documents the keys. SCHEMA counts up when one goes away or gets another meaning; a new one leaves it as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.join import Joined, ListedCredential, SeenEndpoint
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import (
    NOUNS,
    SEVERITIES,
    Finding,
    ReportPolicy,
    Stored,
    instant_of,
)

SCHEMA = 1
LIVE, EXPIRED, DISABLED, UNKNOWN = "live", "expired", "disabled", "unknown"
STATES = (LIVE, EXPIRED, DISABLED, UNKNOWN)
# Of a credential, what credential_info returns; the order is that of the file.
_TOLD = ("kind", "id", "account", "account_id", "name", "created_at", "expires_at", "expires_known", "lifetime", "last_used_at", "enabled")
_TOLD_TOO = ("live", "creator", "administrator", "local")
_OF_CALLER = "report_auth"  # the variable that the report has its own credential from
_Document = dict[str, Any]


def document(joined: Joined, findings: Sequence[Finding], policy: ReportPolicy, now: datetime) -> _Document:
    """Return the report as data.

    Args:
        joined: what is known.
        findings: the worst first.
        policy: what counted as a finding.
        now: the time of the report.
    """
    by_credential: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        by_credential.setdefault((one.platform, one.endpoint, one.kind, one.id), []).append(one)
    credentials = [_credential(one, by_credential) for one in joined.held]
    counts = Counter((one["platform"], one["endpoint"]) for one in credentials)
    return {
        "schema": SCHEMA,
        "written_at": format_instant(now),
        "policy": {
            "max_age": int(policy.max_age.total_seconds()),
            "warn": int(policy.warn.total_seconds()),
            "unused": int(policy.unused.total_seconds()),
        },
        "totals": _totals(joined, credentials, findings),
        "findings": [_finding(one) for one in findings],
        "endpoints": [_endpoint(one, counts[one.platform, one.url]) for one in joined.endpoints],
        "stores": [_store(one) for one in joined.stores],
        "credentials": credentials,
    }


def as_json(report: Mapping[str, Any]) -> str:
    """Return the content of report.json: a line for each credential, finding and so on, so that two reports can be compared."""
    parts = []
    for key, value in report.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(f"    {json.dumps(one)}" for one in value)
            parts.append(f"  {json.dumps(key)}: [\n{lines}\n  ]")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def reached(report: Mapping[str, Any], fail_on: str) -> str:
    """Return why the run shall fail, as a sentence; empty where it shall not.

    Args:
        report: the document.
        fail_on: ``critical``, ``warning`` or ``never``: the mildest severity that fails the run.
    """
    if fail_on not in SEVERITIES:
        return ""
    counts = report["totals"]["findings"]
    bad = {one: counts[one] for one in SEVERITIES[: SEVERITIES.index(fail_on) + 1] if counts[one]}
    if not bad:
        return ""
    told = " and ".join(f"{count} {severity}" for severity, count in bad.items())
    return f"The report has {told} {'finding' if sum(bad.values()) == 1 else 'findings'}, and report_fail_on is {fail_on}."


def state_of(credential: Mapping[str, Any]) -> str:
    """Return in a word whether a credential works."""
    if credential["enabled"] is False:
        return DISABLED
    return UNKNOWN if credential["live"] is None else LIVE if credential["live"] else EXPIRED


def _credential(held: ListedCredential, by_credential: Mapping[tuple[str, ...], Sequence[Finding]]) -> _Document:
    one, endpoint = held.credential, held.endpoint
    created_at, expires_at = instant_of(one["created_at"]), instant_of(one["expires_at"])
    found = by_credential.get((endpoint.platform, endpoint.url, str(one["kind"]), str(one["id"])), ())
    return {
        "platform": endpoint.platform,
        "endpoint": endpoint.url,
        **{key: one[key] for key in (*_TOLD, *_TOLD_TOO)},
        "state": state_of(one),
        "age": int((endpoint.now - created_at).total_seconds()) if created_at else None,
        "expires_in": max(0, int((expires_at - endpoint.now).total_seconds())) if expires_at else None,
        "store": held.store.place if held.store else _OF_CALLER if held.is_callers else None,
        "severity": _worst(found),
        "findings": list(dict.fromkeys(each.code for each in found)),
    }


def _worst(findings: Iterable[Finding]) -> str | None:
    return min((one.severity for one in findings), key=SEVERITIES.index, default=None)


def _finding(one: Finding) -> _Document:
    return {
        "code": one.code,
        "severity": one.severity,
        "host": one.host,
        "platform": one.platform,
        "endpoint": one.endpoint,
        "kind": one.kind or None,
        "account": one.account or None,
        "id": one.id or None,
        "what": one.what,
        "advice": one.advice,
    }


def _endpoint(one: SeenEndpoint, credentials: int) -> _Document:
    failures = [look.failure for look in one.looks if look.failure]
    return {
        "platform": one.platform,
        "endpoint": one.url,
        "title": one.title,
        "version": one.version or None,
        "hosts": [look.host for look in one.looks],
        "reached": bool(one.answered),
        "failure": failures[0] if failures else None,
        "as_of": format_instant(one.now),
        "credentials": credentials,
        "accounts": [dict(each) for each in one.accounts()],
        "not_told": {kind: sorted(keys) for look in one.answered for kind, keys in look.not_told.items()},
        "not_listed": {kind: why for look in one.answered for kind, why in look.not_listed.items()},
        "not_permitted": [dict(each) for each in one.refusals()],
    }


def _store(one: Stored) -> _Document:
    return {
        "store": one.place,
        "platform": one.platform,
        "endpoint": one.endpoint,
        "kind": one.kind,
        "account": one.account or None,
        "id": one.id or None,
        "previous_id": one.previous_id or None,
        "read": not one.problem,
    }


def _totals(joined: Joined, credentials: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> _Document:
    kinds, states = Counter(one["kind"] for one in credentials), Counter(one["state"] for one in credentials)
    severities, codes = Counter(one.severity for one in findings), Counter(one.code for one in findings)
    looks = [look for one in joined.endpoints for look in one.looks]
    return {
        "endpoints": len(joined.endpoints) + len(joined.unplaced),
        "unreachable": sum(not one.answered for one in joined.endpoints) + len(joined.unplaced),
        "hosts": len(looks) + len(joined.unplaced),
        "stores": len(joined.stores),
        "credentials": len(credentials),
        "stored": sum(one.store is not None for one in joined.held),
        "kinds": {kind: kinds[kind] for kind in NOUNS},
        "states": {state: states[state] for state in STATES},
        "findings": {severity: severities[severity] for severity in SEVERITIES},
        "codes": {code: codes[code] for code in CODES},
    }
