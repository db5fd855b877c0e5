# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one page for people: report.html. Private to this collection. Pure functions.

The file needs no other one and no network, and its policy (CSP) forbids a browser any: only the style and the script of this collection
count, by their digests. Words of platforms are escaped here, or are data that the script makes text of, so none of them is ever markup.
The totals, the time line and the endpoints are there without the script, too; the rows of the two large tables it makes as they are needed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from html import escape
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import describe_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import STATES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import NOUNS, SEVERITIES, credential_name, instant_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.page_script import SCRIPT
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.page_style import STYLE
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.timeline import calendar, drawing, rows, words

_SHOWN = 600  # characters of a word in the tables; the other files have all of it
_WITHOUT_SCRIPT = (
    '<p class="without-script">This table needs a browser that runs the script of this page. report.csv and report.json have the same.</p>'
)


def as_page(report: Mapping[str, Any]) -> str:
    """Return the content of report.html."""
    policy = f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'; base-uri 'none'; form-action 'none'"
    body = [
        _header(report),
        f'<main id="main">{_timeline(report)}{_findings(report)}{_credentials(report)}{_endpoints(report)}</main>',
        _footer(report),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>Credentials, {_day(report['written_at'])}</title><style>{STYLE}</style></head>\n<body>{''.join(body)}\n"
        f'<script type="application/json" id="data">{_data(report)}</script>\n<script>{SCRIPT}</script></body></html>\n'
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _said(value: Any) -> str:
    """Return a word as HTML text that cannot be markup, on one line; empty for None."""
    return "" if value is None else escape(one_line(str(value)))


def _header(report: Mapping[str, Any]) -> str:
    totals = report["totals"]
    cards = [
        (totals["credentials"], "credentials", ""),
        (totals["stored"], "of them in a store", ""),
        (totals["endpoints"], "endpoints", ""),
        (totals["unreachable"], "endpoints not reached", "critical" if totals["unreachable"] else ""),
        *((totals["findings"][severity], f"{severity} findings", severity) for severity in SEVERITIES),
    ]
    told = "".join(f'<li class="{kind}"><b>{number:,}</b>{label}</li>' for number, label, kind in cards)
    written = _said(report["written_at"].replace("T", " ").replace("Z", " UTC"))
    return (
        f'<a class="skip" href="#findings">To the findings</a><header><h1>Credentials of data platforms</h1>'
        f'<p class="soft">Written {written}</p><ul class="totals">{told}</ul></header>'
    )


def _timeline(report: Mapping[str, Any]) -> str:
    found = calendar(report)
    lines = "".join(f"<tr><td>{day}<td>{count}" for day, count in rows(found))
    head = "<thead><tr><th scope=col>Week from<th scope=col>Expire"
    table = f"<details><summary>As a table</summary><table>{head}<tbody>{lines}</table></details>" if lines else ""
    warn = timedelta(seconds=report["policy"]["warn"])
    return (
        f'<section aria-labelledby="timeline-head"><h2 id="timeline-head">What expires when</h2><p class="soft">{_said(words(found))}</p>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="Time line">{drawing(found, warn)}</div>{table}</section>'
    )


def _controls(what: str, filters: Iterable[str]) -> str:
    selects = "".join(f'<label>{name.capitalize()}<select name="{name}"><option value="">all</select></label>' for name in filters)
    search = f'<label class="wide">Search<input type="search" aria-label="Search the {what}"></label>'
    return f'<div class="controls" hidden>{search}{selects}</div>'


def _large_table(what: str, title: str, intro: str, filters: Iterable[str]) -> str:
    return (
        f'<section id="{what}" aria-labelledby="{what}-head"><h2 id="{what}-head">{title}</h2>{intro}{_controls(what, filters)}'
        f'<table class="cards"><caption aria-live="polite"></caption><thead><tr></thead><tbody></tbody></table>{_WITHOUT_SCRIPT}'
        '<div class="more" hidden><button type="button">Show 100 more</button><button type="button">Show all</button></div></section>'
    )


def _findings(report: Mapping[str, Any]) -> str:
    totals = report["totals"]
    there = [(about.title, totals["codes"][code]) for code, about in CODES.items() if totals["codes"][code]]
    counted = ", ".join(f"{title}: {count}" for title, count in there)
    intro = f'<p class="soft">{escape(counted) if counted else "Nothing was found that needs attention."}</p>'
    return _large_table("findings", "Findings", intro, ("severity", "finding", "endpoint"))


def _credentials(report: Mapping[str, Any]) -> str:
    totals = report["totals"]
    there = [f"{count} {NOUNS[kind]}{'' if count == 1 else 's'}" for kind, count in totals["kinds"].items() if count]
    intro = f'<p class="soft">{escape(", ".join(there)) or "No credentials were seen."}</p>'
    return _large_table("credentials", "All credentials", intro, ("endpoint", "kind", "state", "store"))


def _endpoints(report: Mapping[str, Any]) -> str:
    lines = []
    for one in report["endpoints"]:
        state = _said(one["failure"]) if one["failure"] else "told its credentials"
        kept = [f"{_noun(kind)}: {_said(why)}" for kind, why in one["not_listed"].items()]
        kept += [f"{_noun(kind)}: it does not tell {_said(_keys(keys))}" for kind, keys in one["not_told"].items() if keys]
        notes = "".join(f"<small>{note}</small>" for note in kept)
        place = f"{_said(one['title'])} {_said(one['version'])}<small>{_said(', '.join(one['hosts']))}</small>"
        lines.append(
            f'<tr><td data-label="Endpoint">{_said(_host(one["endpoint"]))}</td><td data-label="Platform">{place}</td>'
            f'<td data-label="Credentials">{one["credentials"]}</td><td data-label="Look">{state}{notes}</td></tr>'
        )
    head = "".join(f"<th scope=col>{name}" for name in ("Endpoint", "Platform", "Credentials", "What it told"))
    table = (
        f'<table class="cards plain"><thead><tr>{head}</thead><tbody>{"".join(lines)}</tbody></table>'
        if lines
        else "<p>None was named.</p>"
    )
    return f'<section aria-labelledby="endpoints-head"><h2 id="endpoints-head">Endpoints</h2>{table}</section>'


def _keys(keys: Sequence[str]) -> str:
    return ", ".join(keys).replace("_", " ")


def _noun(kind: str) -> str:
    return _said(NOUNS.get(kind, kind))


def _footer(report: Mapping[str, Any]) -> str:
    policy = {name: describe_duration(timedelta(seconds=seconds)) for name, seconds in report["policy"].items()}
    return (
        f"<footer><p>Too old: after {policy['max_age']}. Expires soon: within {policy['warn']}. Unused: for {policy['unused']}. "
        "Made by latchkey.tokens.report. No secret is in this page.</p></footer>"
    )


def _host(endpoint: str) -> str:
    """Return an endpoint as short as it can be told."""
    return endpoint.removeprefix("https://")


def _day(instant: str) -> str:
    return _said(instant[:10])


class _Words:
    """Words that occur often, as numbers; a word that occurs once stays as it is."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, word: Any) -> int:
        return self._numbers.setdefault("" if word is None else one_line(str(word), _SHOWN), len(self._numbers))

    def all(self) -> list[str]:
        return list(self._numbers)


def _data(report: Mapping[str, Any]) -> str:
    """Return what the script makes its tables of, as JSON that no HTML can be in."""
    told, codes, kinds = _Words(), list(CODES), list(NOUNS)
    credentials = {_key(one): (number, one) for number, one in enumerate(report["credentials"])}
    written = instant_of(report["written_at"])
    data = {
        "now": int(written.timestamp()) if written else 0,
        "severities": SEVERITIES,
        "titles": [one.title for one in CODES.values()],
        "kinds": list(NOUNS.values()),
        "states": STATES,
        "credentials": [_row(one, told, codes, kinds) for one in report["credentials"]],
        "findings": [_finding_row(one, told, codes, credentials) for one in report["findings"]],
        "words": told.all(),
    }
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["platform"], one["endpoint"], one["kind"], one["id"]


def _row(one: Mapping[str, Any], told: _Words, codes: Sequence[str], kinds: Sequence[str]) -> list[Any]:
    return [
        told(_host(one["endpoint"])),
        kinds.index(one["kind"]),
        one_line(str(one["id"]), _SHOWN),
        told(one["account"]),
        told(one["name"]),
        STATES.index(one["state"]),
        _seconds(one["created_at"]),
        _seconds(one["expires_at"]),
        int(bool(one["expires_known"])),
        _seconds(one["last_used_at"]),
        int(one["administrator"] is True),
        int(one["local"] is True),
        told(one["store"]),
        SEVERITIES.index(one["severity"]) if one["severity"] else -1,
        [codes.index(code) for code in one["findings"]],
    ]


def _finding_row(
    one: Mapping[str, Any], told: _Words, codes: Sequence[str], credentials: Mapping[tuple[Any, ...], tuple[int, Mapping[str, Any]]]
) -> list[Any]:
    number, credential = credentials.get(_key(one), (-1, {}))
    what = str(one["what"])
    if credential:  # the row names it, so the words need not
        what = what.removeprefix(credential_name(credential)).strip()
        what = f"{what[:1].upper()}{what[1:]}"
    row: list[Any] = [SEVERITIES.index(one["severity"]), codes.index(one["code"]), number, told(what), told(one["advice"])]
    return row if number >= 0 else [*row, told(_host(one["endpoint"]) or one["host"]), told(one["account"])]


def _seconds(instant: Any) -> int | None:
    found = instant_of(instant)
    return int(found.timestamp()) if found else None
