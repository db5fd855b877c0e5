# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Rubrik cluster's error answers, without a server around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.tests._cdm_cluster import (
    ACCOUNTS,
    ASSIGN,
    BULK,
    FORBIDDEN,
    INVALID,
    ME,
    NEEDED,
    NO_ROUTE,
    OPEN,
    PASSWORD,
    SESSION,
    UNKNOWN_ID,
    Cluster,
    refused,
)

BAD_BODIES: list[Any] = [None, [], {}, dict.fromkeys(("name", "serviceAccountId", "tokenIds", "initParams", "principals", "username"), 5)]


@pytest.fixture(scope="module")
def shared() -> Cluster:
    """A cluster for tests that change nothing."""
    return Cluster(unknown_field="rejected")


@pytest.mark.parametrize("choice", ["422", "400", "401", "401_text", "403", "403_text", "404", "404_text"])
def test_refusals(choice: str) -> None:
    names = ("bad_login", "bad_secret", "blocked_token", "session_limit", "unknown_id", "duplicate")
    settings: dict[str, Any] = dict.fromkeys(names, choice)
    cluster = Cluster(**settings)
    assert refused(cluster.call("POST", "/api/v1/session", token=("admin", "wrong")), choice)
    assert refused(cluster.call("GET", ME, token=("admin", "wrong")), choice)
    assert refused(cluster.open(secret="wrong"), choice)
    assert refused(cluster.open(serviceAccountId=f"User:::{UNKNOWN_ID}"), choice)
    assert refused(cluster.call("GET", f"{ACCOUNTS}/User:::{UNKNOWN_ID}"), choice)
    assert refused(cluster.open(organizationId=f"Organization:::{UNKNOWN_ID}"), choice)
    assert refused(cluster.call("POST", "/api/internal/user", {"username": "admin", "password": PASSWORD}), choice)
    assert refused(cluster.call("POST", ACCOUNTS, {"name": "robot"}, cluster.account_token()), choice)
    for _unused in range(9):
        assert cluster.open()[0] == 200
    assert refused(cluster.open(), choice)


def test_unknown_account() -> None:
    cluster = Cluster(unknown_account="404_text", bad_secret="401")
    for client_id in (f"User:::{UNKNOWN_ID}", f"client|{UNKNOWN_ID}", "", "x"):
        assert refused(cluster.open(serviceAccountId=client_id), "404_text")
    assert refused(cluster.open(secret=""), "401")


@pytest.mark.parametrize(("mode", "keys"), [("full", {"errorType", "message", "cause"}), ("message_only", {"message"})])
def test_error_json(mode: str, keys: set[str]) -> None:
    status, error = Cluster(error_json=mode).open(secret="wrong")
    assert (status, set(error)) == (422, keys)
    if mode == "full":  # a client looks for a body that begins so
        answer = Cluster().platform.app.test_client().post(OPEN, json={})
        assert (answer.status_code, answer.text.startswith('{"errorType":')) == (400, True)


def test_texts_of_the_http_server(shared: Cluster) -> None:
    answer = shared.platform.app.test_client().get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["Content-Type"], answer.text) == (404, "text/plain; charset=UTF-8", NO_ROUTE)
    answer = shared.platform.app.test_client().get("/api/v1/cluster/me/version")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert shared.call("GET", ME, token="") == (401, NEEDED)
    assert shared.call("GET", ME, token="eyJ.x.y") == (401, INVALID)
    assert shared.call("POST", ASSIGN, {}, shared.account_token()) == (403, FORBIDDEN)
    assert shared.call("GET", "/api/v1/role/x") == (400, "Invalid ManagedId: x")
    assert shared.call("GET", SESSION) == (400, "Failed to parse the query parameter 'user_id'")
    assert shared.call("GET", SESSION + "?user_id=")[0] == 400
    assert shared.call("GET", ASSIGN)[0] == 400
    for query in ("limit=x", "offset=-1", "sort_by=Colour", "sort_order=up", "is_service_account=maybe"):
        assert shared.call("GET", f"/api/v1/principal?{query}")[0] == 400


@pytest.mark.parametrize("choice", ["400", "422"])
def test_statuses_of_bad_bodies(choice: str) -> None:
    assert refused(Cluster(bad_body=choice).call("POST", OPEN, {"serviceAccountId": "x"}, ""), choice)


def test_statuses_of_bad_ids_and_queries() -> None:
    cluster = Cluster()
    assert cluster.call("GET", f"{ACCOUNTS}/{UNKNOWN_ID}") == (400, f"Invalid ManagedId: {UNKNOWN_ID}")
    assert cluster.call("GET", SESSION)[0] == 400


@pytest.mark.parametrize(("mode", "status"), [("405", 405), ("404", 404)])
def test_wrong_method(mode: str, status: int) -> None:
    answer = Cluster(wrong_method=mode).call("GET", ACCOUNTS)
    assert answer == (status, "HTTP method not allowed, supported methods: POST" if status == 405 else NO_ROUTE)


@pytest.mark.parametrize(("mode", "text"), [("needs_authentication", NEEDED), ("invalid", INVALID)])
def test_expired_login(mode: str, text: str) -> None:
    cluster = Cluster(expired_login=mode, session_idle_minutes="5")
    cluster.clock.advance(301)
    assert cluster.call("GET", ME) == (401, text)


@pytest.mark.parametrize(("mode", "status"), [("ignored", 201), ("rejected", 400)])
def test_unknown_field(mode: str, status: int) -> None:
    assert Cluster(unknown_field=mode).call("POST", ACCOUNTS, {"name": "robot", "colour": "red"})[0] == status


@pytest.mark.parametrize("body", BAD_BODIES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", OPEN),
        ("POST", SESSION),
        ("POST", BULK),
        ("POST", ACCOUNTS),
        ("POST", "/api/v1/role"),
        ("POST", ASSIGN),
        ("POST", ASSIGN + "/bulk_revoke"),
        ("POST", "/api/internal/user"),
        ("POST", "/api/internal/organization"),
    ],
)
def test_bad_bodies(shared: Cluster, method: str, path: str, body: Any) -> None:
    assert shared.call(method, path, body)[0] == 400


@pytest.mark.parametrize(
    "init",
    [
        {"organizationId": None},
        {"apiToken": None},
        {"apiToken": {"expiration": "60"}},
        {"apiToken": {"expiration": True}},
        {"apiToken": {"expiration": 1.5}},
        {"apiToken": {"tag": None}},
    ],
)
def test_bad_token_wishes(shared: Cluster, init: dict[str, Any]) -> None:
    assert shared.call("POST", SESSION, {"initParams": init})[0] == 400


def test_faults_are_worded_as_the_http_server_does(shared: Cluster) -> None:
    with shared.platform.app.app_context():
        assert shared.platform.error(503).get_data(as_text=True).startswith("The server is currently unavailable")
        assert shared.platform.error(429).is_json
