# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to reports: its tables of findings, keys, metrics and variables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.action.report import ActionModule
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import CODES
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import SCHEMA
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.prometheus import METRICS, as_prometheus
from tests.unit.plugin_utils.report_facts import credential, look, report, stored

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "report.rst").read_text()
SLOTS = {"account": "svc", "account_id": "1", "kind": "access_token", "used": 1, "limit": 2}
DOCUMENT = report([look(credential("1", administrator=True), accounts=[SLOTS])], [stored("1")])


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table that has this title, or is the first below this headline; without its head."""
    table = GUIDE[GUIDE.index(heading) :].partition(".. list-table::" if "\n---" in heading else "\n")[2]
    table = table.partition("\n\n   * - ")[2].partition("\n\n")[0]
    return [[" ".join(cell.split()) for cell in re.split(r"\n     - ", row)] for row in table.split("\n   * - ")][1:]


def names(cell: str) -> list[str]:
    return re.findall(r"``([^`]+)``", cell)


def test_the_table_of_findings() -> None:
    table = rows("What is found\n---")
    assert [(names(row[0])[0], tuple(row[1].split(", "))) for row in table] == [(code, about.severities) for code, about in CODES.items()]
    assert all(cell.endswith(".") for row in table for cell in row[2:])


@pytest.mark.parametrize(
    ("title", "real"),
    [
        (":: The document", DOCUMENT),
        (":: A finding", DOCUMENT["findings"][0]),
        (":: An endpoint", DOCUMENT["endpoints"][0]),
        (":: A credential", DOCUMENT["credentials"][0]),
    ],
)
def test_the_keys_of_the_document(title: str, real: dict[str, Any]) -> None:
    assert sorted(name for row in rows(title) for name in names(row[0])) == sorted(real)


def test_the_keys_inside() -> None:
    inside = {names(row[0])[0]: names(row[1]) for row in rows(":: The document")}
    for key, value in (("policy", DOCUMENT["policy"]), ("totals", DOCUMENT["totals"]), ("stores", DOCUMENT["stores"][0])):
        assert inside[key] == list(value)
    assert f"``schema`` is {SCHEMA}." in GUIDE


def test_the_metrics() -> None:
    table = rows("Prometheus\n---")
    assert [names(row[0])[0] for row in table] == [one.name for one in METRICS]
    told: dict[str, list[str]] = {}
    for row in table:
        last = told.get(list(told)[-1]) if row[1].endswith("the same") else [name for name in names(row[1]) if name not in ("yes", "no")]
        told[names(row[0])[0]] = last or []
    for name, labels in re.findall(r"^(\w+)\{?(.*?)\}? \d+$", as_prometheus(DOCUMENT), re.MULTILINE):
        assert sorted(re.findall(r'(\w+)="', labels)) == sorted(told[name])


def test_the_variables() -> None:
    playbook = (ROOT / "playbooks" / "report.yml").read_text()
    spec = ActionModule.argument_spec
    for row in rows(":: Variables of the playbook"):
        (variable,) = names(row[0])
        assert variable in playbook
        default = spec.get(variable.removeprefix("report_"), {}).get("default")
        assert default is None or names(row[1]) == [default]
    of_host = [name for row in rows(":: Variables of a host") for name in names(row[0])]
    assert all(name in playbook for name in of_host)
    assert yaml.safe_load(playbook)
