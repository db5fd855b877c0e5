# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for Prometheus: report.prom, which the textfile collector of node_exporter reads. Private to this collection. Pure functions.

The format is that of prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4. Sessions have no series of their own: they
come and go, and each would be a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import SESSION
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import instant_of

_Labels = dict[str, str]
_Samples = Iterable[tuple[_Labels, float]]


@dataclass(frozen=True)
class Metric:
    """A metric's name and what it means."""

    name: str
    help: str


REPORT_TIME = Metric("latchkey_report_timestamp_seconds", "When the report was written.")
UP = Metric("latchkey_endpoint_up", "Whether the endpoint told its credentials: 1 or 0.")
CREDENTIALS = Metric("latchkey_credentials", "How many credentials the endpoint has, by kind and state.")
FINDINGS = Metric("latchkey_findings", "How many findings there are, by code and severity.")
SLOTS_USED = Metric("latchkey_account_slots_used", "How many credentials of a kind the account has, of those that it may have.")
SLOTS = Metric("latchkey_account_slots_limit", "How many credentials of a kind the account may have.")
EXPIRY = Metric("latchkey_credential_expiry_timestamp_seconds", "When the credential expires.")
EXPIRES_IN = Metric("latchkey_credential_expires_in_seconds", "How long the credential still lived when the report was written.")
AGE = Metric("latchkey_credential_age_seconds", "How old the credential was when the report was written.")
METRICS = (REPORT_TIME, UP, CREDENTIALS, FINDINGS, SLOTS_USED, SLOTS, EXPIRY, EXPIRES_IN, AGE)


def as_prometheus(report: Mapping[str, Any]) -> str:
    """Return the content of report.prom."""
    lasting = [(_labels(one), one) for one in report["credentials"] if one["kind"] != SESSION]
    samples: dict[Metric, _Samples] = {
        REPORT_TIME: [({}, _seconds(report["written_at"]))],
        UP: [(_place(one), float(one["reached"])) for one in report["endpoints"]],
        CREDENTIALS: _credentials(report),
        FINDINGS: _findings(report),
        SLOTS_USED: [(labels, float(one["used"])) for labels, one in _accounts(report) if isinstance(one["used"], int)],
        SLOTS: [(labels, float(one["limit"])) for labels, one in _accounts(report) if isinstance(one["limit"], int)],
        EXPIRY: [(labels, _seconds(one["expires_at"])) for labels, one in lasting if one["expires_at"]],
        EXPIRES_IN: [(labels, float(one["expires_in"])) for labels, one in lasting if one["expires_in"] is not None],
        AGE: [(labels, float(one["age"])) for labels, one in lasting if one["age"] is not None],
    }
    return "".join(line for metric in METRICS for line in _metric(metric, samples[metric]))


def _metric(metric: Metric, samples: _Samples) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} gauge\n"
    told = {",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()): value for labels, value in samples}
    for labels, value in told.items():  # each once: the collector refuses a file with a series that is there twice
        yield f"{metric.name}{{{labels}}} {value:.0f}\n" if labels else f"{metric.name} {value:.0f}\n"


def _place(one: Mapping[str, Any]) -> _Labels:
    return {"platform": str(one["platform"]), "endpoint": str(one["endpoint"])}


def _labels(one: Mapping[str, Any]) -> _Labels:
    more = {"kind": one["kind"], "account": one["account"], "id": one["id"], "name": one["name"] or ""}
    stored = "yes" if one["store"] else "no"
    return {**_place(one), **{name: str(value) for name, value in more.items()}, "stored": stored}


def _accounts(report: Mapping[str, Any]) -> Iterator[tuple[_Labels, Mapping[str, Any]]]:
    for endpoint in report["endpoints"]:
        for one in endpoint["accounts"]:
            if one["limit"] is not None:
                more = {"kind": str(one["kind"]), "account": str(one["account"]), "account_id": str(one["account_id"])}
                yield {**_place(endpoint), **more}, one


def _credentials(report: Mapping[str, Any]) -> _Samples:
    counts: dict[tuple[str, ...], int] = {}
    for one in report["credentials"]:
        key = (one["platform"], one["endpoint"], one["kind"], one["state"])
        counts[key] = counts.get(key, 0) + 1
    return [(dict(zip(("platform", "endpoint", "kind", "state"), key, strict=True)), float(count)) for key, count in counts.items()]


def _findings(report: Mapping[str, Any]) -> _Samples:
    """Return the number of findings for each code, 0 too: an alarm needs a series that is there before it goes off."""
    counts: dict[tuple[str, ...], int] = {}
    places = [(str(one["platform"]), str(one["endpoint"])) for one in report["endpoints"]]
    places += [(str(one["platform"]), str(one["endpoint"])) for one in report["findings"]]
    for place in dict.fromkeys(places):
        counts |= {(*place, code, severity): 0 for code, about in CODES.items() for severity in about.severities}
    for one in report["findings"]:
        counts[str(one["platform"]), str(one["endpoint"]), one["code"], one["severity"]] += 1
    return [(dict(zip(("platform", "endpoint", "code", "severity"), key, strict=True)), float(count)) for key, count in counts.items()]


def _seconds(instant: str) -> float:
    found = instant_of(instant)
    return found.timestamp() if found else 0.0


def _escaped(text: str) -> str:
    """Return a label's value as the format wants it; all but half characters stays, so that two values stay two."""
    sent = text.encode("utf-8", "replace").decode()
    return sent.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
