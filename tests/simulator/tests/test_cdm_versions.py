# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What versions of the simulated Rubrik cluster have and lack, without a server around it."""

from __future__ import annotations

import pytest

from tests.simulator._settings import SettingError
from tests.simulator.rubrik_cdm._cluster import version_tuple
from tests.simulator.tests._cdm_cluster import ACCOUNTS, INVALID, ME, NO_ROUTE, OPEN, SESSION, Cluster, refused


def test_version_texts() -> None:
    assert version_tuple("8.0.1-p1-22135") == (8, 0, 1)
    assert version_tuple("10.0.0") > version_tuple("9.5.1-p2")
    for version in ("newest", "9", "9.", "-p1"):
        with pytest.raises(SettingError, match=r"is not like 9\.3\.0"):
            Cluster(version)
    shown = [Cluster(version).call("GET", "/api/v1/cluster/me/version")[1]["version"] for version in ("8.0.1-p1-22135", "9.3.0")]
    assert shown == ["8.0.1-p1-22135", "9.3.0-21844"]


@pytest.mark.parametrize(
    ("path", "first", "before"),
    [
        (f"{SESSION}?user_id=x", "5.0.0", "4.2.1"),
        ("/api/v1/role", "5.2.0", "5.1.2"),
        ("/api/v1/principal", "5.2.0", "5.1.2"),
        ("/api/v1/user/{me}/totp/status", "5.3.0", "5.2.0"),
        ("/api/v1/service_account/{account}", "7.0.0", "6.0.1"),
    ],
)
def test_paths_that_versions_add(path: str, first: str, before: str) -> None:
    for version, missing in ((first, False), (before, True)):
        cluster = Cluster(version)
        answer = cluster.call("GET", path.format(me=cluster.me["id"], account=cluster.service.get("client_id", "User:::x")))
        assert answer == (404, NO_ROUTE) if missing else answer[0] == 200


@pytest.mark.parametrize("path", ["/api/internal/user", "/api/internal/authorization/role/admin"])
def test_paths_that_5_3_takes_away(path: str) -> None:
    assert Cluster("5.2.0").call("GET", path)[0] == 200
    assert Cluster("5.3.0").call("GET", path) == (404, NO_ROUTE)


def test_old_roles() -> None:
    cluster = Cluster("5.0.0")
    path = "/api/internal/authorization/role/admin"
    body = {"principals": [f"User:::{cluster.add_user()}"], "privileges": {"fullAdmin": ["Global:::All"]}}
    assert cluster.call("POST", path, body)[1]["data"][0]["privileges"] == {"fullAdmin": ["Global:::All"]}
    assert cluster.call("GET", path)[1]["total"] == 2
    assert cluster.call("DELETE", path, body)[1]["data"][0]["privileges"] == {"fullAdmin": []}
    assert cluster.call("GET", "/api/internal/authorization/role/compliance_officer")[0] == 404


@pytest.mark.parametrize(
    ("version", "since", "rsc_since", "local", "rsc"),
    [
        ("5.3.0", "7.0", "9.0", False, False),
        ("6.0.0", "7.0", "9.0", False, False),
        ("6.0.0", "6.0", "9.0", True, False),
        ("6.0.0", "7.0", "6.0", False, True),
        ("7.0.0", "7.0", "9.0", True, False),
        ("9.0.0", "7.0", "9.0", True, True),
        ("9.5.0", "7.0", "9.0", True, True),
        ("9.5.1", "7.0", "9.0", False, True),
        ("9.5.1-p3-30001", "7.0", "9.0", False, True),
    ],
)
def test_service_accounts_of_versions(version: str, since: str, rsc_since: str, local: bool, rsc: bool) -> None:
    cluster = Cluster(version, service_accounts_since=since, rsc_accounts_since=rsc_since)
    assert bool(cluster.service) == (local or rsc)
    assert ("rsc_client_id" in cluster.service) == rsc
    assert cluster.service.get("client_id", "User:::").startswith("User:::" if local or not rsc else "client|")
    if local or rsc:
        assert cluster.open()[0] == 200
    elif version == "5.3.0":
        assert cluster.call("POST", OPEN, {}, "") == (404, NO_ROUTE)


@pytest.mark.parametrize("choice", ["422", "403_text", "404", "404_text", "410", "410_text"])
def test_removed_in_9_5_1(choice: str) -> None:
    before = Cluster("9.5.0")
    token = before.add_token()["token"]
    cluster = Cluster("9.5.1", removed=choice, saved=before.platform.dump())
    assert refused(cluster.call("POST", SESSION, {"initParams": {"apiToken": {}}}), choice)
    assert refused(cluster.call("POST", ACCOUNTS, {"name": "robot"}), choice)
    assert cluster.call("GET", ME, token=token) == (401, INVALID)
    assert [one["name"] for one in cluster.call("GET", "/api/v1/principal?is_service_account=true")[1]["data"]] == ["svc-rsc"]
    assert before.call("POST", ACCOUNTS, {"name": "robot"})[0] == 201
