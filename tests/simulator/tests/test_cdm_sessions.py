# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated Rubrik cluster for sessions: how they are opened, found out and ended, without a server around it."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.jwt import jwt_claims
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_cdm.ids import bare_user
from tests.simulator.tests._cdm_cluster import BULK, FAILED, FORBIDDEN, ME, OPEN, SESSION, UNKNOWN_ID, Cluster, refused


@pytest.mark.parametrize(
    ("version", "mode", "works"),
    [("9.3.0", "by_version", True), ("9.4.0", "by_version", False), ("9.4.0", "accepted", True), ("9.3.0", "refused", False)],
)
def test_basic_auth(version: str, mode: str, works: bool) -> None:
    cluster = Cluster(version, basic_auth=mode)
    answer = cluster.call("GET", ME, token=cluster.basic())
    assert answer[0] == 200 if works else answer == (401, FAILED)
    # logging in goes on
    assert cluster.log_in()
    assert cluster.add_token(cluster.basic())


@pytest.mark.parametrize("limit", ["1", "12"])
def test_max_sessions(limit: str) -> None:
    cluster = Cluster(max_sessions=limit)
    for _unused in range(int(limit)):
        assert cluster.open()[0] == 200
    assert cluster.open()[0] == 422
    # others do not count, and a leaked slot frees itself after 24 h
    assert cluster.open("rsc_")[0] == 200
    cluster.clock.advance(24 * 3600 + 1)
    assert cluster.open()[0] == 200


@pytest.mark.parametrize("choice", ["429", "429_text", "500"])
def test_session_limit(choice: str) -> None:
    cluster = Cluster(max_sessions="0", session_limit=choice)
    assert refused(cluster.open(), choice)


@pytest.mark.parametrize(("mode", "local", "managed"), [("refused", 400, 400), ("accepted", 200, 200), ("only", 400, 200)])
def test_client_fields(mode: str, local: int, managed: int) -> None:
    cluster = Cluster(client_fields=mode)
    for prefix, status in (("", local), ("rsc_", managed)):
        body = {"clientId": cluster.service[f"{prefix}client_id"], "clientSecret": cluster.service[f"{prefix}client_secret"]}
        assert cluster.call("POST", OPEN, body, "")[0] == status
    assert cluster.open()[0] == 200
    assert cluster.open("rsc_")[0] == (400 if mode == "only" else 200)


def test_a_managed_account_under_each_id() -> None:
    for mode, shown in (("subject", "{iss}_{client}"), ("client", "{client}"), ("uuid", None)):
        cluster = Cluster(rsc_account_ids=mode)
        cluster_id = cluster.call("GET", "/api/v1/cluster/me")[1]["id"]
        token = cluster.open("rsc_")[1]["token"]
        subject = f"{cluster_id}_{cluster.service['rsc_client_id']}"
        assert jwt_claims(token)["sub"] == subject
        me = cluster.call("GET", ME, token=token)[1]["id"].removeprefix("User:::")
        expected = (shown or "").format(iss=cluster_id, client=cluster.service["rsc_client_id"])
        assert me == expected if shown else bare_user(me)
        listed = cluster.call("GET", "/api/v1/principal?name=svc-rsc")[1]["data"]
        assert [one["id"] for one in listed] == [f"User:::{me}"]
        sessions = cluster.call("GET", f"{SESSION}?user_id={quote(me)}")[1]["data"]
        assert [one["userId"] for one in sessions] == [me]


@pytest.mark.parametrize(("mode", "by_bearer"), [("told", 200), ("required", 401)])
def test_csrf(mode: str, by_bearer: int) -> None:
    cluster = Cluster(csrf=mode)
    client = cluster.platform.app.test_client()
    answer = client.post(SESSION, json={"initParams": {}}, auth=cluster.basic(), base_url="https://localhost")
    session = answer.get_json()["session"]
    assert cluster.call("GET", ME, token=session["token"])[0] == by_bearer
    for header, status in ((session["csrfToken"], 200), ("x", 401)):
        seen = client.get(ME, headers={"x-rubrik-csrf-token": header}, base_url="https://localhost")
        assert seen.status_code == status
    other = Cluster()
    assert "csrfToken" not in other.call("POST", SESSION, {"initParams": {}}, other.basic())[1]["session"]


@pytest.mark.parametrize(("mode", "shown"), [("by_kind", [True, False]), ("always", [True, True]), ("empty", [False, False])])
def test_account_organization(mode: str, shown: list[bool]) -> None:
    cluster = Cluster(account_organization=mode)
    assert [bool(cluster.open(prefix)[1]["organizationId"]) for prefix in ("", "rsc_")] == shown


@pytest.mark.parametrize(("mode", "answer"), [("ignored", 200), ("refused", 401)])
def test_stale_bearer(mode: str, answer: int) -> None:
    cluster = Cluster(stale_bearer=mode)
    assert cluster.open(token="eyJ.of.another")[0] == answer
    assert cluster.open(token=cluster.account_token())[0] == 200


def test_useless_authorization_is_ignored() -> None:
    cluster = Cluster(unknown_field="rejected")
    body = {"serviceAccountId": cluster.service["client_id"], "secret": cluster.service["client_secret"]}
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-8"):
        answer = cluster.platform.app.test_client().post(
            OPEN, data=str(body).replace("'", '"'), content_type=content_type, headers={"Authorization": "apikey x"}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(("mode", "prefix"), [("bare", ""), ("prefixed", "User:::")])
def test_session_user_id(mode: str, prefix: str) -> None:
    cluster = Cluster(session_user_id=mode)
    expected = prefix + cluster.user_id
    assert cluster.call("POST", "/api/v1/session", token=cluster.basic())[1]["userId"] == expected
    assert cluster.add_token()["userId"] == expected
    assert {one["userId"] for one in cluster.sessions()} == {expected}


@pytest.mark.parametrize(
    ("version", "mode", "role", "status"),
    [
        ("8.0.1-p1-22135", "by_version", "ReadOnlyAdmin", 403),
        ("8.0.1-p1-22135", "by_version", "Administrator", 204),
        ("8.0.0", "allowed", "ReadOnlyAdmin", 204),
        ("7.0.3", "by_version", "none", 204),
        ("8.1.0", "by_version", "none", 204),
        ("9.3.0", "refused", "none", 403),
    ],
)
def test_nonadmin_logout(version: str, mode: str, role: str, status: int) -> None:
    cluster = Cluster(version, nonadmin_logout=mode, service_account_role=role)
    session = cluster.open()[1]
    bulk = ("POST", BULK, {"tokenIds": [session["sessionId"]]})
    for method, path, body in (("DELETE", f"/api/v1/session/{session['sessionId']}", None), ("DELETE", "/api/v1/session/me", None), bulk):
        answer = cluster.call(method, path, body, session["token"])
        assert answer == (403, FORBIDDEN) if status == 403 else answer[0] in (204, 401)
    assert len(cluster.sessions(cluster.account_id)) == (status == 403)


@pytest.mark.parametrize("choice", ["404", "404_text", "422", "403_text", "204"])
def test_unknown_session(choice: str) -> None:
    cluster = Cluster(unknown_session=choice)
    answer = cluster.call("DELETE", f"/api/v1/session/{UNKNOWN_ID}")
    assert answer == (204, "") if choice == "204" else refused(answer, choice)


@pytest.mark.parametrize(("mode", "status"), [("allowed", 204), ("refused", 403)])
def test_sibling_session(mode: str, status: int) -> None:
    cluster = Cluster(sibling_session=mode)
    first, second = cluster.open()[1], cluster.open()[1]
    assert cluster.call("DELETE", f"/api/v1/session/{first['sessionId']}", token=second["token"])[0] == status
    assert cluster.call("DELETE", f"/api/v1/session/{second['sessionId']}", token=second["token"])[0] == 204


@pytest.mark.parametrize(("mode", "status"), [("allowed", 204), ("403_text", 403), ("404", 404)])
def test_foreign_session(mode: str, status: int) -> None:
    cluster = Cluster(foreign_session=mode)
    session = cluster.open()[1]
    own = cluster.add_token()
    # only administrators at all
    assert cluster.call("DELETE", f"/api/v1/session/{own['id']}", token=session["token"]) == (403, FORBIDDEN)
    assert cluster.call("DELETE", f"/api/v1/session/{session['sessionId']}")[0] == status


@pytest.mark.parametrize(("mode", "status"), [("404", 404), ("405", 405), ("204", 204)])
def test_delete_session_root(mode: str, status: int) -> None:
    cluster = Cluster(delete_session_root=mode)
    assert cluster.call("DELETE", "/api/v1/session")[0] == status
    assert cluster.call("GET", ME)[0] == (401 if status == 204 else 200)


def test_bulk_delete() -> None:
    cluster = Cluster()
    session, own = cluster.open()[1], cluster.add_token()
    ids = [session["sessionId"], own["id"], UNKNOWN_ID]
    assert cluster.call("POST", BULK, {"tokenIds": ids, "userId": cluster.user_id}, session["token"]) == (403, FORBIDDEN)
    assert cluster.call("POST", BULK, {"tokenIds": ids, "userId": cluster.account_id}) == (204, "")
    assert cluster.sessions(cluster.account_id) == []
    assert own["id"] in [one["id"] for one in cluster.sessions()]
    assert cluster.call("POST", BULK, {"tokenIds": ids}, own["token"])[0] == 204
    assert cluster.call("POST", BULK, {"tokenIds": []}, own["token"])[0] == 401


@pytest.mark.parametrize(("mode", "left"), [("own", 1), ("any", 0)])
def test_bulk_without_user(mode: str, left: int) -> None:
    cluster = Cluster(bulk_without_user=mode)
    session = cluster.open()[1]
    assert cluster.call("POST", BULK, {"tokenIds": [session["sessionId"]]})[0] == 204
    assert len(cluster.sessions(cluster.account_id)) == left


@pytest.mark.parametrize(("mode", "status", "left"), [("ignored", 204, 0), ("404", 404, 1), ("422", 422, 1)])
def test_bulk_unknown(mode: str, status: int, left: int) -> None:
    cluster = Cluster(bulk_unknown=mode)
    token = cluster.add_token()
    assert cluster.call("POST", BULK, {"tokenIds": [token["id"], UNKNOWN_ID]})[0] == status
    assert len([one for one in cluster.sessions() if one["sessionType"] != "Web"]) == left
