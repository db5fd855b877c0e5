# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report: what is in them, and that no name of a platform gets out of its place in any of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.csv_file import COLUMNS, as_csv
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import as_json, reached
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.page import as_page
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.prometheus import METRICS, as_prometheus
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.table import as_notice, as_table
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.timeline import calendar, rows, words
from tests.unit.plugin_utils.report_facts import DAY, HOSTILE, HOUR, NOW, URL, credential, look, report, stored

FLEET = [
    look(
        credential("1", expires=2 * DAY, administrator=True),
        credential("2", expires=None, name="nightly"),
        credential("3", expires=-DAY),
        credential("4", enabled=False, live=False),
        credential("5", kind="session", expires=HOUR, age=HOUR),
        accounts=[{"account": "svc", "account_id": "7", "kind": "access_token", "used": 2, "limit": 2}],
        not_listed={"session": "Qumulo Core lists no sessions."},
    ),
    look(host="lost", endpoint="https://lost.example.com:8000", failure="It is down. Start it."),
]
STORES = [stored("1"), stored("gone")]
# Every word of a platform is hostile at once.
EVIL = [
    look(
        *(
            credential(f"{number} {word}", name=word, account=word, account_id=word, creator=word, expires=None, administrator=True)
            for number, word in enumerate(HOSTILE)
        ),
        version=HOSTILE[0],
        accounts=[{"account": word, "account_id": word, "kind": "access_token", "used": 2, "limit": 2} for word in HOSTILE],
        not_permitted=[{"kind": "s3_access_key", "right": HOSTILE[0], "message": HOSTILE[1]}],
        not_listed={"session": HOSTILE[0]},
    ),
    look(host=HOSTILE[0], endpoint="https://lost", failure=HOSTILE[1]),
]


def test_the_document():
    found = report(FLEET, STORES)
    assert json.loads(as_json(found)) == found
    assert found["totals"]["findings"] == {"critical": 2, "warning": 5, "info": 1}
    assert {code: count for code, count in found["totals"]["codes"].items() if count} == {
        "unreachable": 1, "dead_in_store": 1, "expires_soon": 1, "slots_nearly_full": 1, "orphan": 1, "administrator": 1,
        "never_expires": 1, "disabled": 1,
    }  # fmt: skip
    assert found["totals"]["states"] == {"live": 3, "expired": 1, "disabled": 1, "unknown": 0}
    first, second = found["credentials"][:2]
    assert (first["store"], first["severity"], first["findings"]) == (
        "1_token in /srv/vault.yml",
        "warning",
        ["expires_soon", "administrator"],
    )
    assert (first["age"], first["expires_in"], second["expires_in"]) == (864000, 172800, None)
    assert (second["store"], second["findings"]) == (None, ["orphan", "never_expires"])
    assert [one["reached"] for one in found["endpoints"]] == [True, False]
    assert found["endpoints"][0]["not_listed"] == {"session": "Qumulo Core lists no sessions."}


@pytest.mark.parametrize(
    ("seen", "fail_on", "words"),
    [
        (FLEET, "critical", "The report has 2 critical findings, and report_fail_on is critical."),
        (FLEET, "warning", "The report has 2 critical and 5 warning findings, and report_fail_on is warning."),
        (FLEET, "never", ""),
        (FLEET[1:], "warning", "The report has 1 critical finding, and report_fail_on is warning."),
        ([look(credential("1", administrator=True))], "critical", ""),
        ([look(credential("1", enabled=False, live=False))], "warning", ""),
    ],
)
def test_what_lets_the_run_fail(seen, fail_on, words):
    assert reached(report(seen, STORES if seen is FLEET else []), fail_on) == words


def test_the_table():
    lines = as_table(report(FLEET, STORES))
    assert [line.split()[0] for line in lines[1:-1]] == ["info", *["warning"] * 5, *["critical"] * 2]
    assert len({line.index("qumulo.example.com") for line in lines[1:7]}) == 1
    assert lines[-1] == "5 credentials at 2 endpoints (1 could not be asked); 1 in a store; findings: 2 critical, 5 warning, 1 info"
    assert as_table(report([])) == ["0 credentials at 0 endpoints; no store was named; no findings"]
    many = as_table(report([look(*(credential(str(number), administrator=True) for number in range(60)))]))
    assert (len(many), many[-2]) == (53, "10 more findings are in the files")
    assert all(line.isprintable() for line in as_table(report(EVIL)))


def test_what_people_are_told():
    told = as_notice(report(FLEET, STORES))
    assert told["subject"] == f"Credentials: {as_table(report(FLEET, STORES))[-1]}"
    assert [line.partition(":")[0] for line in told["lines"]] == [*["critical"] * 2, *["warning"] * 5]
    assert told["lines"][0].startswith("critical: lost.example.com:8000: The credentials of host lost are not known. It is down.")
    assert as_notice(report([look(credential("1", enabled=False, live=False))]))["attention"] is False
    assert len(as_notice(report([look(*(credential(str(number), administrator=True) for number in range(60)))]))["lines"]) == 51
    assert all(line.isprintable() for line in as_notice(report(EVIL))["lines"])


# CSV


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv():
    lines = table_of(as_csv(report(FLEET, STORES)))
    assert tuple(lines[0]) == COLUMNS
    assert [one["id"] for one in lines] == ["1", "2", "3", "4", "5", "", "gone", ""]
    first = lines[0]
    assert (first["severity"], first["findings"], first["age_days"], first["expires_in_days"]) == (
        "warning",
        "expires_soon administrator",
        "10",
        "2",
    )
    assert (first["administrator"], first["store"], first["local"]) == ("yes", "1_token in /srv/vault.yml", "")
    assert lines[-1]["words"].startswith("Account svc uses 2 of its 2 slots")


def test_no_cell_is_a_formula_or_breaks_a_line():
    evil = as_csv(report(EVIL))
    lines = table_of(evil)
    assert len(evil.splitlines()) == len(lines) + 1
    for cell in (cell for one in lines for cell in one.values()):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell.isprintable()


# Prometheus

SERIES = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+)')


def series_of(text: str) -> dict[tuple[str, str], int]:
    """Read a file as its format has it; a series that is there twice, or in front of its TYPE, is an error."""
    found: dict[tuple[str, str], int] = {}
    name = ""
    for line in text.split("\n")[:-1]:
        if line.startswith("# "):
            kind, name, rest = line[2:].split(" ", 2)
            assert (kind, rest == "gauge") in (("HELP", False), ("TYPE", True))
            continue
        match = SERIES.fullmatch(line)
        assert match, line
        assert match[1] == name
        assert (match[1], match[2]) not in found
        found[match[1], match[2] or ""] = int(match[3])
    return found


def test_the_prometheus_file():
    found = series_of(as_prometheus(report(FLEET, STORES)))
    place = f'platform="qumulo",endpoint="{URL}"'
    one = f'{place},kind="access_token",account="svc",id="1",name="",stored="yes"'
    assert found["latchkey_credential_expires_in_seconds", one] == 172800
    assert found["latchkey_credential_expiry_timestamp_seconds", one] == NOW.timestamp() + 172800
    assert found["latchkey_credential_age_seconds", one] == 864000
    assert found["latchkey_report_timestamp_seconds", ""] == NOW.timestamp()
    assert found["latchkey_endpoint_up", 'platform="qumulo",endpoint="https://lost.example.com:8000"'] == 0
    assert found["latchkey_findings", f'{place},code="dead_in_store",severity="critical"'] == 1
    assert found["latchkey_findings", f'{place},code="unretired",severity="warning"'] == 0
    assert found["latchkey_credentials", f'{place},kind="session",state="live"'] == 1
    assert not [labels for name, labels in found if name.startswith("latchkey_credential_") and 'kind="session"' in labels]
    assert {name for name, _labels in found} == {one.name for one in METRICS}


def test_names_stay_labels_and_stay_apart():
    evil = as_prometheus(report([look(*EVIL[0].credentials, credential("a\nb"), credential("a b"), as_of="")]))
    found = series_of(evil)
    evil.encode()
    assert sum(name == "latchkey_credential_age_seconds" for name, _labels in found) == len(HOSTILE) + 2


# The page


class Tags(HTMLParser):
    """Notes the elements of a page, their attributes, and the text of style and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.raw: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.raw.setdefault(tag if not dict(attrs).get("type") else "data", "")

    def handle_data(self, data):
        if self.cdata_elem:
            key = "data" if self.tags[-1] == "script" and not self.raw["data"] else self.tags[-1]
            self.raw[key] += data


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_allows_its_own_style_and_script_alone():
    page = Tags(as_page(report(FLEET, STORES)))
    (policy,) = [value for tag, name, value in page.attributes if tag == "meta" and name == "content" and "default-src" in value]
    assert policy == (
        f"default-src 'none'; style-src {digest(page.raw['style'])}; script-src {digest(page.raw['script'])}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not [name for _tag, name, _value in page.attributes if name.startswith("on") or name in ("style", "src", "srcset")]
    assert {value for _tag, name, value in page.attributes if name == "href"} == {"#findings"}
    assert not re.search(r"https?://(?!www\.w3\.org)", page.raw["style"] + page.raw["script"])
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(|url\(|@import", page.raw["style"] + page.raw["script"]
    )


def test_names_are_no_markup():
    evil = as_page(report(EVIL))
    evil.encode()
    assert set(Tags(evil).tags) <= set(Tags(as_page(report(FLEET, STORES))).tags)
    assert Tags(evil).tags.count("script") == 2
    data = json.loads(Tags(evil).raw["data"])
    assert "</script><script>alert(1)</script>" in data["words"]


def test_what_the_page_says():
    page = as_page(report(FLEET, STORES))
    data = json.loads(Tags(page).raw["data"])
    assert len(data["credentials"]) == 5
    assert len(data["findings"]) == 8
    told = {data["titles"][row[1]]: data["words"][row[3]] for row in data["findings"]}
    assert told["Never expires"] == "Never expires."  # the row names the credential
    assert told["Stored and dead"].startswith("The access token gone in gone_token in /srv/vault.yml")
    assert "It is down. Start it." in page
    assert 'role="img"' in page
    assert '<html lang="en">' in page


def test_the_page_of_ten_thousand_credentials():
    """By bytes; the rows are made when they are looked at, so opening it does not take longer."""
    looks, stores = [], []
    for number in range(20):
        url = f"https://cluster{number:02}.example.com:8000"
        looks.append(
            look(
                *(
                    credential(
                        f"{number:02}{nth:020}", account=f"svc-{number}-{nth // 2}", age=timedelta(hours=9 * nth), name="nightly",
                        expires=timedelta(hours=nth) if nth % 3 else None, administrator=nth % 7 == 0,
                    )
                    for nth in range(500)
                ),
                endpoint=url,
                host=f"cluster{number:02}",
            )
        )  # fmt: skip
        stores += [stored(f"{number:02}{nth:020}", endpoint=url, where=f"/srv/{number}.yml") for nth in range(0, 500, 2)]
    found = report(looks, stores)
    assert len(found["credentials"]) == 10_000
    assert sum(found["totals"]["findings"].values()) > 10_000
    assert len(as_page(found).encode()) < 3 * 2**20


# The time line


def test_what_expires_when():
    credentials = [
        *(credential(str(number), expires=days * DAY) for number, days in enumerate((0.5, 6, 8, 370, 400, -3))),
        credential("never", expires=None),
        credential("unknown", expires=None, expires_known=False),
        credential("off", enabled=False, live=False),
        credential("login", kind="session"),
    ]
    found = calendar(report([look(*credentials)]))
    assert rows(found) == [("2027-01-01", 2), ("2027-01-08", 1), ("2027-12-31", 1)]
    assert (found.expired, found.later, found.never, found.unknown) == (1, 1, 1, 1)
    assert words(found).startswith("4 expire within 53 weeks, 1 later, 1 never, 1 expired already, of 1 it is not known.")


def test_every_code_has_a_title_of_its_own():
    assert len({one.title for one in CODES.values()}) == len(CODES)
