# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated Rubrik cluster for lists of sessions and principals, without a server around it."""

from __future__ import annotations

import pytest

from tests.simulator.tests._cdm_cluster import BULK, ME, SESSION, UNKNOWN_ID, Cluster


@pytest.mark.parametrize(
    ("version", "mode", "status"), [("9.3.0", "gone_in_9_4", 200), ("9.4.0", "gone_in_9_4", 404), ("9.4.0", "present", 200)]
)
def test_paths_that_may_be_gone(version: str, mode: str, status: int) -> None:
    cluster = Cluster(version, session_list=mode, user_me=mode)
    assert cluster.call("GET", f"{SESSION}?user_id={cluster.user_id}")[0] == status
    assert cluster.call("GET", ME)[0] == status


@pytest.mark.parametrize(("mode", "expected"), [("refused", 400), ("accepted", 1), ("empty", 0)])
def test_prefixed_user_id(mode: str, expected: int) -> None:
    cluster = Cluster(prefixed_user_id=mode)
    session = cluster.open()[1]
    status, listed = cluster.call("GET", f"{SESSION}?user_id=User:::{cluster.account_id}")
    assert (len(listed["data"]) if status == 200 else status) == expected
    status = cluster.call("POST", BULK, {"tokenIds": [session["sessionId"]], "userId": f"User:::{cluster.account_id}"})[0]
    assert status == (400 if mode == "refused" else 204)


@pytest.mark.parametrize(("mode", "status"), [("empty", 200), ("404", 404)])
def test_unknown_user_sessions(mode: str, status: int) -> None:
    assert Cluster(unknown_user_sessions=mode).call("GET", f"{SESSION}?user_id={UNKNOWN_ID}")[0] == status


@pytest.mark.parametrize(("mode", "left"), [("dropped", 0), ("kept", 1)])
def test_list_expired(mode: str, left: int) -> None:
    cluster = Cluster(list_expired=mode)
    cluster.add_token(expiration=1)
    cluster.clock.advance(61)
    assert len([one for one in cluster.sessions() if one["tag"]]) == left
    cluster.add_token()
    assert len([one for one in cluster.sessions() if one["tag"]]) == left + 1


def test_list_keys() -> None:
    cluster = Cluster(list_keys="minimal")
    cluster.add_token()
    assert [set(one) - {"tag"} for one in cluster.sessions()] == [{"id", "userId", "organizationId"}] * 2


@pytest.mark.parametrize(("mode", "keys"), [("full", {"data", "hasMore", "total"}), ("no_total", {"data", "hasMore"})])
def test_list_envelope(mode: str, keys: set[str]) -> None:
    cluster = Cluster(list_envelope=mode)
    assert set(cluster.call("GET", f"{SESSION}?user_id={cluster.user_id}")[1]) == {"data", "hasMore", "total"}
    for path in ("/api/v1/principal", "/api/v1/role", "/api/internal/organization"):
        assert set(cluster.call("GET", path)[1]) == keys


@pytest.mark.parametrize(("mode", "shown"), [("null", True), ("absent", False), ("creation", True)])
def test_list_last_usage(mode: str, shown: bool) -> None:
    cluster = Cluster(list_last_usage=mode)
    token = cluster.add_token()
    item = next(one for one in cluster.sessions() if one["id"] == token["id"])
    assert ("lastUsageTime" in item) == shown
    assert not shown or (item["lastUsageTime"] is None) == (mode == "null")
    cluster.call("GET", ME, token=token["token"])
    assert next(one for one in cluster.sessions() if one["id"] == token["id"])["lastUsageTime"].endswith("Z")


def test_session_types() -> None:
    cluster = Cluster(session_type_api_token="REST", session_type_account="Machine")
    cluster.add_token()
    cluster.open()
    assert {one["sessionType"] for one in cluster.sessions()} == {"Web", "REST"}
    assert {one["sessionType"] for one in cluster.sessions(cluster.account_id)} == {"Machine"}


def test_pages_of_principals() -> None:
    cluster = Cluster()
    for number in range(3):
        cluster.add_account(f"robot{number}")
    seen: list[str] = []
    more = True
    while more:
        status, listed = cluster.call("GET", f"/api/v1/principal?is_service_account=true&limit=2&offset={len(seen)}")
        seen += [one["name"] for one in listed["data"]]
        more = listed["hasMore"]
        assert (status, listed["total"]) == (200, 5)
    assert seen == ["robot0", "robot1", "robot2", "svc-ansible", "svc-rsc"]
    assert len(cluster.call("GET", "/api/v1/principal")[1]["data"]) == 6  # without a limit it is all
    listed = cluster.call("GET", "/api/v1/principal?sort_order=desc&limit=1")[1]
    assert [one["name"] for one in listed["data"]] == ["svc-rsc"]
    assert [one["name"] for one in cluster.call("GET", "/api/v1/principal?is_service_account=false")[1]["data"]] == ["admin"]


@pytest.mark.parametrize(("mode", "names"), [("contains", 2), ("exact", 1), ("ignored", 4)])
def test_principal_name(mode: str, names: int) -> None:
    cluster = Cluster(principal_name=mode)
    cluster.add_account("svc-ansible-2")
    assert len(cluster.call("GET", "/api/v1/principal?name=svc-ansible&limit=9")[1]["data"]) == names


@pytest.mark.parametrize(("mode", "names"), [("listed", ["svc-ansible", "svc-rsc"]), ("hidden", ["svc-ansible"])])
def test_rsc_in_principals(mode: str, names: list[str]) -> None:
    listed = Cluster(rsc_in_principals=mode).call("GET", "/api/v1/principal?is_service_account=true")[1]
    assert [one["name"] for one in listed["data"]] == names
