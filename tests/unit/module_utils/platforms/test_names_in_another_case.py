# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name that differs from an account's in case only: every operation refuses it alike, on every platform, and sends no change."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation, Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import SERVICE_ACCOUNT_INFO
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc import queries as rubrik_rsc_queries
from tests.unit.module_utils.wire import Exchange, Script

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
UUID = "62482f5f-0000-4000-8000-000000000001"
CLIENT = "client|01234567-89ab-cdef-0123-456789abcdef"
RSC_LIST = rubrik_rsc_queries.SERVICE_ACCOUNTS
ASKED = {"query": RSC_LIST.text, "variables": {"first": 100}, "operationName": RSC_LIST.field}
NODE = {"clientId": CLIENT, "name": "svc-backup", "description": "", "roles": []}
PAGE = {"nodes": [NODE], "pageInfo": {"endCursor": "", "hasNextPage": False}}
PRINCIPAL = {"id": f"User:::{UUID}", "name": "svc-backup", "roles": []}
ONLY = {"is_service_account": "true", "limit": "100", "offset": "0"}


def principals(*found: dict[str, Any], **query: str) -> Exchange:
    return Exchange("GET", "/api/v1/principal", {"data": list(found), "hasMore": False}, query=ONLY | query)


LISTS: dict[str, list[Exchange]] = {
    "qumulo": [Exchange("GET", "/v1/users/", [{"id": "1002", "name": "svc-backup"}])],
    "rubrik_rsc": [Exchange("POST", "/api/graphql", {"data": {RSC_LIST.field: PAGE}}, body=ASKED)],
    "rubrik_cdm": [principals(name="SVC-Backup"), principals(PRINCIPAL)],
}
OPERATIONS: dict[str, tuple[Operation, dict[str, Any]]] = {
    "present": (SERVICE_ACCOUNT, {"state": "present"}),
    "rotated": (SERVICE_ACCOUNT, {"state": "present", "rotate_secret": True}),
    "absent": (SERVICE_ACCOUNT, {"state": "absent"}),
    "absent by id": (SERVICE_ACCOUNT, {"state": "absent", "account_id": CLIENT}),
    "info": (SERVICE_ACCOUNT_INFO, {}),
}


def opened(platform: str) -> Platform:
    return open_platform(resolve_connection({"platform": platform, "endpoint": "cluster.example.com:8000", "token": "t"}, {}))


@pytest.mark.parametrize("platform", LISTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_in_another_case_is_refused(monkeypatch: pytest.MonkeyPatch, platform: str, operation: str) -> None:
    which, options = OPERATIONS[operation]
    if (platform, operation) == ("qumulo", "rotated"):  # it has no secrets
        options = {**options, "rotate_secret": False}
    script = Script(*LISTS[platform]).install(monkeypatch)
    defaults = {name: spec.get("default") for name, spec in which.argument_spec.items()}
    with pytest.raises(OptionError, match=r"there is no account 'SVC-Backup', but 'svc-backup', which differs in case only"):
        which.run(opened(platform), Task({**defaults, **options, "name": "SVC-Backup"}, False, lambda: NOW))
    script.done()


@pytest.mark.parametrize("there", [[], ["other"], ["svc"], ["svc", "SVC"], ["straße", "svc"]])
def test_a_name_as_it_is_there_is_taken(there: list[str]) -> None:
    opened("qumulo").refuse_other_case("svc", there)


@pytest.mark.parametrize(("name", "there"), [("svc", ["SVC", "Svc"]), ("STRASSE", ["straße"])])
def test_all_names_that_are_alike_are_said(name: str, there: list[str]) -> None:
    with pytest.raises(LatchkeyError) as caught:
        opened("qumulo").refuse_other_case(name, there)
    assert all(f"'{one}'" in str(caught.value) for one in there)


@pytest.mark.parametrize(("identity", "found"), [("local:SVC-Backup", "1002"), ("SVC-Backup", "1002"), ("local:SVC-Backup", "1003")])
def test_qumulo_core_says_whether_another_case_is_the_same_account(monkeypatch: pytest.MonkeyPatch, identity: str, found: str) -> None:
    asked = {"name": "SVC-Backup"} | ({"domain": "LOCAL"} if ":" in identity else {})
    answer = {"domain": "LOCAL", "auth_id": found, "name": "svc-backup"}
    script = Script(Exchange("POST", "/v1/identity/find", answer, body=asked)).install(monkeypatch)
    assert opened("qumulo").is_account(identity, Account("1002", "svc-backup", "LOCAL")) is (found == "1002")
    script.done()
