# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated Rubrik cluster, and what its versions lack, without a server around it."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

import pytest

from tests.simulator._clock import Clock
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal, hide_secrets
from tests.simulator._platform import Context
from tests.simulator._settings import COMMON_SETTINGS, SettingError, Settings
from tests.simulator._state import StateFile
from tests.simulator.rubrik_cdm import RUBRIK_CDM
from tests.simulator.rubrik_cdm._cluster import version_tuple
from tests.simulator.rubrik_cdm._tokens import STEP_SECONDS, new_totp_secret, totp

OPEN = "/api/v1/service_account/session"
SESSION = "/api/internal/session"
BULK = SESSION + "/bulk_delete"
ACCOUNTS = "/api/v1/service_account"
ME = "/api/internal/user/me"
ASSIGN = "/api/v1/principal/role"
PASSWORD = "Correct-horse-7"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
INVALID = "The supplied authentication is invalid"
NEEDED = "Request needs authentication!"
FAILED = "Authentication is possible but has failed or not yet been provided."
FORBIDDEN = "The request was a legal request, but the server is refusing to respond to it."
NO_ROUTE = "Route not defined."
BAD_BODIES: list[Any] = [None, [], {}, dict.fromkeys(("name", "serviceAccountId", "tokenIds", "initParams", "principals", "username"), 5)]


class Cluster:
    """A cluster in this process; calls answer (status, JSON or text)."""

    def __init__(self, version: str = "9.3.0", saved: dict[str, Any] | None = None, **settings: str) -> None:
        values = Settings({**COMMON_SETTINGS, **RUBRIK_CDM.settings}, settings)
        context = Context(version, values, Clock(), StateFile(None), Journal(None), Faults(), 0.0, threading.Event())
        self.platform = RUBRIK_CDM.start(context, saved)
        self.clock = context.clock
        self.service: dict[str, Any] = self.platform.service_account()
        self.me = self.platform.admin()
        self.user_id = self.me["id"].removeprefix("User:::")
        self.account_id = self.service.get("id", "").removeprefix("User:::")
        self.admin = "none" if settings.get("totp") == "on" else self.log_in()

    def log_in(self, username: str = "admin", password: str = "") -> str:
        status, session = self.call("POST", "/api/v1/session", token=(username, password or self.me["password"]))
        assert status == 200, session
        return str(session["token"])

    def call(self, method: str, path: str, body: Any = None, token: str | tuple[str, str] | None = None) -> tuple[int, Any]:
        """Send a request: as the administrator who logged in, with a token, with user and password, or with nothing ("")."""
        token = self.admin if token is None else token
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(token, tuple):
            headers = {"Authorization": "Basic " + base64.b64encode(":".join(token).encode()).decode()}
        client = self.platform.app.test_client()
        answer = client.open(path, method=method, json=body, headers=headers if token else {})
        if answer.is_json:
            return answer.status_code, answer.get_json()
        return answer.status_code, answer.get_data(as_text=True)

    def basic(self) -> tuple[str, str]:
        return self.me["username"], self.me["password"]

    def open(self, prefix: str = "", token: str = "", **fields: Any) -> tuple[int, Any]:
        """Open a session of the service account."""
        body = {"serviceAccountId": self.service[f"{prefix}client_id"], "secret": self.service[f"{prefix}client_secret"], **fields}
        return self.call("POST", OPEN, body, token)

    def account_token(self, prefix: str = "") -> str:
        return str(self.open(prefix)[1]["token"])

    def add_token(self, token: str | tuple[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        status, answer = self.call("POST", SESSION, {"initParams": {"apiToken": fields}}, token)
        assert status == 200, answer
        return dict(answer["session"])

    def sessions(self, user_id: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"{SESSION}?user_id={user_id or self.user_id}")[1]["data"]
        return found

    def role_id(self, name: str) -> str:
        key = self.platform.settings["role_id_key"]
        return str(next(one[key] for one in self.call("GET", "/api/v1/role")[1]["data"] if one["name"] == name))

    def add_account(self, name: str = "robot") -> dict[str, Any]:
        status, account = self.call("POST", ACCOUNTS, {"name": name})
        assert status in (200, 201), account
        return dict(account)

    def add_user(self, name: str = "jane") -> str:
        user: dict[str, str] = self.call("POST", "/api/internal/user", {"username": name, "password": PASSWORD})[1]
        return user["id"].removeprefix("User:::")


def refused(answer: tuple[int, Any], choice: str) -> bool:
    """Tell whether an answer is what a choice such as 422 or 403_text asks for."""
    status, _unused, form = choice.partition("_")
    texts = {"401": FAILED, "403": FORBIDDEN}
    if form == "text":
        return answer[0] == int(status) and isinstance(answer[1], str) and answer[1] == texts.get(status, answer[1])
    return answer[0] == int(status) and set(answer[1]) == {"errorType", "message", "cause"}


@pytest.fixture(scope="module")
def shared() -> Cluster:
    """A cluster for tests that change nothing."""
    return Cluster(unknown_field="rejected")


def test_defaults_are_choices() -> None:
    for name, setting in RUBRIK_CDM.settings.items():
        assert setting.accepts(setting.default) or setting.choices == ("<text>",), name


# Errors


@pytest.mark.parametrize("choice", ["422", "400", "401", "401_text", "403", "403_text", "404", "404_text"])
def test_refusals(choice: str) -> None:
    names = ("bad_login", "bad_secret", "blocked_token", "session_limit", "bad_body", "unknown_id", "duplicate")
    settings: dict[str, Any] = dict.fromkeys(names, choice)
    cluster = Cluster(**settings)
    assert refused(cluster.call("POST", "/api/v1/session", token=("admin", "wrong")), choice)
    assert refused(cluster.call("GET", ME, token=("admin", "wrong")), choice)
    assert refused(cluster.open(secret="wrong"), choice)
    assert refused(cluster.open(serviceAccountId=f"User:::{UNKNOWN_ID}"), choice)
    assert refused(cluster.call("POST", OPEN, {"serviceAccountId": "x"}, ""), choice)
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


def test_statuses_of_bad_ids_and_queries() -> None:
    cluster = Cluster(bad_id_status="422", bad_query_status="422")
    assert cluster.call("GET", f"{ACCOUNTS}/{UNKNOWN_ID}") == (422, f"Invalid ManagedId: {UNKNOWN_ID}")
    assert cluster.call("GET", SESSION)[0] == 422


@pytest.mark.parametrize(("mode", "status"), [("405", 405), ("404", 404)])
def test_wrong_method(mode: str, status: int) -> None:
    answer = Cluster(wrong_method=mode).call("GET", ACCOUNTS)
    assert answer == (status, "HTTP method not allowed, supported methods: POST" if status == 405 else NO_ROUTE)


@pytest.mark.parametrize(("mode", "text"), [("needs_authentication", NEEDED), ("invalid", INVALID)])
def test_expired_login(mode: str, text: str) -> None:
    cluster = Cluster(expired_login=mode, session_idle_minutes="5")
    cluster.clock.advance(301)
    assert cluster.call("GET", ME) == (401, text)


@pytest.mark.parametrize(("mode", "status"), [("ignored", 201), ("rejected", 422)])
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
    assert shared.call(method, path, body)[0] == 422


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
    assert shared.call("POST", SESSION, {"initParams": init})[0] == 422


def test_faults_are_worded_as_the_http_server_does(shared: Cluster) -> None:
    with shared.platform.app.app_context():
        assert shared.platform.error(503).get_data(as_text=True).startswith("The server is currently unavailable")
        assert shared.platform.error(429).is_json


# Sessions


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


@pytest.mark.parametrize(("mode", "status"), [("refused", 422), ("accepted", 200)])
def test_client_fields(mode: str, status: int) -> None:
    cluster = Cluster(client_fields=mode)
    body = {"clientId": cluster.service["client_id"], "clientSecret": cluster.service["client_secret"]}
    assert cluster.call("POST", OPEN, body, "")[0] == status
    assert cluster.open()[0] == 200


@pytest.mark.parametrize(("mode", "shown"), [("by_kind", [True, False]), ("always", [True, True]), ("empty", [False, False])])
def test_account_organization(mode: str, shown: list[bool]) -> None:
    cluster = Cluster(account_organization=mode)
    assert [bool(cluster.open(prefix)[1]["organizationId"]) for prefix in ("", "rsc_")] == shown


@pytest.mark.parametrize(("mode", "answer"), [("ignored", 200), ("refused", 401)])
def test_stale_bearer(mode: str, answer: int) -> None:
    cluster = Cluster(stale_bearer=mode)
    assert cluster.open(token="eyJ.of.another")[0] == answer
    assert cluster.open(token=cluster.account_token())[0] == 200


def test_useless_authorization_is_ignored(shared: Cluster) -> None:
    body = {"serviceAccountId": shared.service["client_id"], "secret": shared.service["client_secret"]}
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-8"):
        answer = shared.platform.app.test_client().post(
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


# Lists


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
    assert len([one for one in cluster.sessions() if "tag" in one]) == left
    cluster.add_token()
    assert len([one for one in cluster.sessions() if "tag" in one]) == left + 1


def test_list_keys() -> None:
    cluster = Cluster(list_keys="minimal")
    cluster.add_token()
    assert [set(one) - {"tag"} for one in cluster.sessions()] == [{"id", "userId", "organizationId"}] * 2
    assert set(cluster.call("GET", "/api/v1/principal")[1]["data"][0]) == {"id", "name"}


@pytest.mark.parametrize(
    ("mode", "keys"), [("full", {"data", "hasMore", "total"}), ("no_has_more", {"data", "total"}), ("data_only", {"data"})]
)
def test_list_envelope(mode: str, keys: set[str]) -> None:
    cluster = Cluster(list_envelope=mode)
    for path in (f"{SESSION}?user_id={cluster.user_id}", "/api/v1/principal", "/api/v1/role", "/api/internal/organization"):
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
    cluster = Cluster(page_size="2")
    for number in range(3):
        cluster.add_account(f"robot{number}")
    seen: list[str] = []
    more = True
    while more:
        status, listed = cluster.call("GET", f"/api/v1/principal?is_service_account=true&offset={len(seen)}")
        seen += [one["name"] for one in listed["data"]]
        more = listed["hasMore"]
        assert (status, listed["total"]) == (200, 5)
    assert seen == ["robot0", "robot1", "robot2", "svc-ansible", "svc-rsc"]
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


# Two-step verification


def challenge(cluster: Cluster) -> tuple[int, Any]:
    return cluster.call("POST", SESSION, {"initParams": {}}, cluster.basic())


def answer_challenge(cluster: Cluster, code: str | None = None, steps: int = 0, **fields: str) -> tuple[int, Any]:
    """Log in with a code; the right one when none is given."""
    attempt = challenge(cluster)[1]["mfaResponse"]["attemptId"]
    code = code or totp(cluster.me["totp_secret"], int(time.time() // STEP_SECONDS) + steps)
    params = {"attemptId": attempt, "challengeSetId": "N/A", "challengeId": "rubrik-totp-auth", "credValue": code, **fields}
    return cluster.call("POST", SESSION, {"initParams": {}, "mfaParams": params}, cluster.basic())


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037"), (20000000000, "353130")])
def test_codes_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", seconds // STEP_SECONDS) == code


@pytest.mark.parametrize("status", [200, 401, 403])
def test_challenge_status(status: int) -> None:
    answer = challenge(Cluster(totp="on", challenge_status=str(status)))
    assert (answer[0], set(answer[1])) == (status, {"mfaResponse"})


def test_challenge_session() -> None:
    answer = challenge(Cluster(totp="on", challenge_session="tokenless"))[1]
    assert "token" not in answer["session"]
    assert answer["mfaResponse"]["attemptId"]


@pytest.mark.parametrize("choice", ["401_text", "422", "challenge"])
def test_wrong_code(choice: str) -> None:
    cluster = Cluster(totp="on", wrong_code=choice)
    for answer in (
        answer_challenge(cluster, "000000x"),
        answer_challenge(cluster, steps=3),
        answer_challenge(cluster, attemptId=UNKNOWN_ID),
    ):
        assert "mfaResponse" in answer[1] if choice == "challenge" else refused(answer, choice)
    assert answer_challenge(cluster, challengeId="rsa")[0] == 422
    assert answer_challenge(cluster)[0] == 200


@pytest.mark.parametrize(("mode", "statuses"), [("accepted", [200, 200]), ("refused", [200, 401])])
def test_code_reuse(mode: str, statuses: list[int]) -> None:
    cluster = Cluster(totp="on", code_reuse=mode)
    code = totp(cluster.me["totp_secret"], int(time.time() // STEP_SECONDS))
    assert [answer_challenge(cluster, code)[0] for _unused in statuses] == statuses


def test_totp_window() -> None:
    cluster = Cluster(totp="on", totp_window="4")
    assert [answer_challenge(cluster, steps=steps)[0] for steps in (-3, 3)] == [200, 200]


def test_attempts_end() -> None:
    cluster = Cluster(totp="on")
    attempt = challenge(cluster)[1]["mfaResponse"]["attemptId"]
    cluster.clock.advance(301)
    assert answer_challenge(cluster, attemptId=attempt)[0] == 401


def test_api_token_with_a_code() -> None:
    secret = new_totp_secret()
    cluster = Cluster(totp="on", totp_secret=secret)
    assert cluster.me["totp_secret"] == secret
    params = {"attemptId": challenge(cluster)[1]["mfaResponse"]["attemptId"], "challengeId": "rubrik-totp-auth"}
    params["credValue"] = totp(secret, int(time.time() // STEP_SECONDS))
    body = {"initParams": {"apiToken": {"tag": "x"}}, "mfaParams": params}
    status, answer = cluster.call("POST", SESSION, body, cluster.basic())
    assert status == 200
    assert cluster.call("GET", ME, token=answer["session"]["token"])[0] == 200


def test_totp_needs_5_3() -> None:
    assert "totp_secret" not in Cluster("5.2.0", totp="on").me
    with pytest.raises(SettingError, match="Base32"):
        Cluster(totp="on", totp_secret="!")


# API tokens


@pytest.mark.parametrize(("mode", "status"), [("422", 422), ("400", 400), ("500", 500), ("truncated", 200)])
def test_tag_too_long(mode: str, status: int) -> None:
    cluster = Cluster(tag_too_long=mode, tag_limit="5")
    assert cluster.call("POST", SESSION, {"initParams": {"apiToken": {"tag": "123456"}}})[0] == status
    cluster.add_token(tag="12345")
    assert {one["tag"] for one in cluster.sessions() if "tag" in one} == {"12345"}


@pytest.mark.parametrize(("mode", "status"), [("422", 422), ("400", 400), ("clamped", 200)])
@pytest.mark.parametrize("minutes", [0, -1, 525601])
def test_expiration_out_of_range(mode: str, status: int, minutes: int) -> None:
    assert Cluster(expiration_out_of_range=mode).call("POST", SESSION, {"initParams": {"apiToken": {"expiration": minutes}}})[0] == status


def test_token_reply() -> None:
    token = Cluster(token_reply="full").add_token()
    assert set(token) == {"id", "organizationId", "token", "userId", "expirationTime", "tag"}
    assert token["tag"] == "API Token"


@pytest.mark.parametrize(("mode", "status"), [("refused", 403), ("accepted", 200)])
def test_account_makes_tokens(mode: str, status: int) -> None:
    cluster = Cluster(account_makes_tokens=mode)
    assert cluster.call("POST", SESSION, {"initParams": {"apiToken": {}}}, cluster.account_token())[0] == status
    # never a log-in, which would be let in where service accounts are not
    assert cluster.call("POST", SESSION, {"initParams": {}}, cluster.account_token())[0] == 403


def test_tags_are_not_unique() -> None:
    cluster = Cluster()
    assert len({cluster.add_token(tag="same")["id"] for _unused in range(2)}) == 2


# Service accounts


@pytest.mark.parametrize(("mode", "status"), [("accepted", 201), ("refused", 403)])
def test_basic_auth_accounts(mode: str, status: int) -> None:
    cluster = Cluster(basic_auth_accounts=mode)
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"}, cluster.basic())[0] == status
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"})[0] == 201


def test_only_administrators_manage_accounts() -> None:
    cluster = Cluster()
    cluster.add_user()
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"}, cluster.log_in("jane", PASSWORD)) == (403, FORBIDDEN)


def test_account_statuses() -> None:
    cluster = Cluster(create_status="200", update_status="204", delete_status="200", rotate_status="201")
    status, account = cluster.call("POST", ACCOUNTS, {"name": "robot"})
    path = f"{ACCOUNTS}/{account['id']}"
    calls = [("PATCH", path, {"name": "other"}), ("POST", path + "/rotate", {}), ("DELETE", path, None)]
    assert [status, *(cluster.call(*call)[0] for call in calls)] == [200, 204, 201, 200]


@pytest.mark.parametrize("id_key", ["id", "serviceAccountId", "clientId"])
@pytest.mark.parametrize("secret_key", ["secret", "clientSecret"])
def test_account_keys(id_key: str, secret_key: str) -> None:
    cluster = Cluster(account_id_key=id_key, account_secret_key=secret_key)
    account = cluster.add_account()
    assert cluster.open(serviceAccountId=account[id_key], secret=account[secret_key])[0] == 200
    rotated = cluster.call("POST", f"{ACCOUNTS}/{account[id_key]}/rotate")[1]
    assert rotated[secret_key] != account[secret_key]
    assert secret_key not in cluster.call("GET", f"{ACCOUNTS}/{account[id_key]}")[1]


@pytest.mark.parametrize(("key", "has_role"), [("roleIds", True), ("roles", True), ("none", False)])
def test_account_roles_key(key: str, has_role: bool) -> None:
    cluster = Cluster(account_roles_key=key)
    role = cluster.role_id("AdministratorRole")
    account = cluster.call("POST", ACCOUNTS, {"name": "robot", "roleIds": [role], "roles": [role]})[1]
    assert account.get(key, []) == [role] * has_role
    granted = cluster.call("GET", f"{ASSIGN}?principals={account['id']}")[1][0]["roles"]
    assert len(granted) == has_role
    for bad, status in ((f"Role:::{UNKNOWN_ID}", 404), ("x", 400), (5, 422)):
        assert key == "none" or cluster.call("PATCH", f"{ACCOUNTS}/{account['id']}", {key: [bad]})[0] == status


@pytest.mark.parametrize(("mode", "status"), [("accepted", 201), ("422", 422), ("409", 409)])
def test_account_duplicate(mode: str, status: int) -> None:
    cluster = Cluster(account_duplicate=mode)
    account = cluster.add_account()
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"})[0] == status
    assert cluster.call("PATCH", f"{ACCOUNTS}/{account['id']}", {"name": "robot"})[0] == 200
    assert cluster.call("POST", ACCOUNTS, {"name": " "})[0] == 422


@pytest.mark.parametrize(
    ("mode", "option", "kept"), [("kept", {}, True), ("ended", {}, False), ("kept", {"x": True}, False), ("ended", {"x": False}, True)]
)
def test_rotate_sessions(mode: str, option: dict[str, bool], kept: bool) -> None:
    cluster = Cluster(rotate_sessions=mode, rotate_field="x")
    token = cluster.account_token()
    assert cluster.call("POST", f"{ACCOUNTS}/{cluster.service['client_id']}/rotate", option)[0] == 200
    assert (cluster.call("GET", ME, token=token)[0] == 200) == kept


@pytest.mark.parametrize(("mode", "status"), [("dead", 422), ("works", 200)])
def test_rotate_old_secret(mode: str, status: int) -> None:
    cluster = Cluster(rotate_old_secret=mode)
    path = f"{ACCOUNTS}/{cluster.service['client_id']}/rotate"
    new = cluster.call("POST", path)[1]["secret"]
    assert [cluster.open()[0], cluster.open(secret=new)[0]] == [status, 200]
    cluster.clock.advance(24 * 3600 + 1)
    assert [cluster.open()[0], cluster.open(secret=new)[0]] == [422, 200]


def test_rotate_reply() -> None:
    cluster = Cluster(rotate_reply="secret_only")
    assert set(cluster.call("POST", f"{ACCOUNTS}/{cluster.service['client_id']}/rotate")[1]) == {"secret"}


def test_deleting_an_account_ends_its_sessions() -> None:
    cluster = Cluster()
    token = cluster.account_token()
    assert cluster.call("DELETE", f"{ACCOUNTS}/{cluster.service['client_id']}") == (204, "")
    assert cluster.call("GET", ME, token=token) == (401, INVALID)
    assert cluster.open()[0] == 422


def test_accounts_of_rsc_are_not_managed_here() -> None:
    cluster = Cluster()
    assert cluster.call("GET", f"{ACCOUNTS}/{cluster.service['rsc_client_id']}")[0] == 400
    assert cluster.call("GET", f"{ACCOUNTS}/{cluster.service['rsc_id']}")[0] == 404
    for method in ("PUT", "DELETE"):
        assert cluster.call(method, "/api/internal/rsc/service_accounts/bulk", {}) == (403, FORBIDDEN)


def test_rsc_sync_seconds() -> None:
    cluster = Cluster(rsc_sync_seconds="60")
    assert cluster.open("rsc_")[0] == 422
    cluster.clock.advance(61)
    assert cluster.open("rsc_")[0] == 200


def test_given_accounts() -> None:
    secrets: dict[str, Any] = {"service_account_secret": "a+/=", "rsc_account_secret": "b+/=", "admin_password": "P-1"}
    cluster = Cluster(service_account="robot", service_account_role="Administrator", **secrets)
    assert [cluster.service[key] for key in ("name", "client_secret", "rsc_client_secret")] == ["robot", "a+/=", "b+/="]
    assert cluster.call("GET", "/api/v1/principal", token=cluster.account_token())[0] == 200
    assert cluster.me["password"] == "P-1"


# Roles


@pytest.mark.parametrize("key", ["roleId", "id"])
def test_role_id_key(key: str) -> None:
    cluster = Cluster(role_id_key=key)
    role = cluster.call("POST", "/api/v1/role", {"name": "backup"})[1]
    assert cluster.call("PATCH", f"/api/v1/role/{role[key]}", {"name": "other"})[1]["name"] == "other"
    assert [one["name"] for one in cluster.call("GET", "/api/v1/role?name=oth")[1]["data"]] == ["other"]
    assert len(cluster.call("GET", "/api/v1/role?role_template=Administrator")[1]["data"]) == 1
    assert cluster.call("GET", f"/api/v1/role/{role[key]}")[1]["roleTemplate"] == "Custom"
    assert cluster.call("DELETE", f"/api/v1/role/{cluster.role_id('AdministratorRole')}")[0] == 422
    for name, template in (("other", "Custom"), (" ", "Custom"), ("new", "Emperor")):
        assert cluster.call("POST", "/api/v1/role", {"name": name, "roleTemplate": template})[0] == 422


@pytest.mark.parametrize("key", ["id", "principalId", "principal"])
def test_principal_id_key(key: str) -> None:
    cluster = Cluster(principal_id_key=key)
    ids = [cluster.me["id"], cluster.service["id"]]
    for query in (f"principals={','.join(ids)}", "&".join(f"principals={one}" for one in ids)):
        assert [one[key] for one in cluster.call("GET", f"{ASSIGN}?{query}")[1]] == ids


@pytest.mark.parametrize(("mode", "keys"), [("principals_roles", ("principals", "roles")), ("ids", ("principalIds", "roleIds"))])
def test_assignment_fields(mode: str, keys: tuple[str, str]) -> None:
    cluster = Cluster(assignment_fields=mode)
    values = [cluster.service["id"]], [cluster.role_id("AdministratorRole")]
    assert cluster.call("POST", ASSIGN, dict(zip(keys, values, strict=True)))[0] == 200
    assert cluster.call("POST", ASSIGN, dict(zip(("a", "b"), values, strict=True)))[0] == 422
    for bad in (f"User:::{UNKNOWN_ID}", UNKNOWN_ID):
        assert cluster.call("POST", ASSIGN, {keys[0]: [bad], keys[1]: values[1]})[0] in (400, 404)


@pytest.mark.parametrize(("mode", "names"), [("adds", ["AdministratorRole", "ReadOnlyAdminRole"]), ("replaces", ["AdministratorRole"])])
def test_assignment_mode(mode: str, names: list[str]) -> None:
    cluster = Cluster(assignment_mode=mode)
    role = cluster.role_id("AdministratorRole")
    for _unused in range(2):
        cluster.call("POST", ASSIGN, {"principals": [cluster.service["id"]], "roles": [role]})
    granted = cluster.call("GET", f"{ASSIGN}?principals={cluster.service['id']}")[1][0]["roles"]
    assert [one["name"] for one in granted] == names
    # with a role that lets it, an API token or service account assigns roles as well
    body = {"principals": [cluster.service["id"]], "roles": [role]}
    assert cluster.call("POST", f"{ASSIGN}/bulk_revoke", body, cluster.account_token())[0] == 204
    assert cluster.call("POST", ASSIGN, body, cluster.account_token()) == (403, FORBIDDEN)


# The cluster and its organizations


@pytest.mark.parametrize(("mode", "status"), [("authenticated", 401), ("open", 200)])
def test_cluster_me(mode: str, status: int) -> None:
    cluster = Cluster(cluster_me=mode)
    assert cluster.call("GET", "/api/v1/cluster/me", token="")[0] == status
    # these prove nothing
    assert cluster.call("GET", "/api/v1/cluster/me/version", token="eyJ.x.y")[0] == 200
    assert cluster.call("GET", "/api/v1/cluster/other/version")[0] == 404


@pytest.mark.parametrize(("version", "mode", "status"), [("9.0.0", "yes", 403), ("9.0.0", "no", 200), ("8.1.0", "yes", 200)])
def test_rsc_managed(version: str, mode: str, status: int) -> None:
    assert Cluster(version, rsc_managed=mode).call("PATCH", "/api/v1/cluster/me", {"name": "other"})[0] == status


def test_organizations() -> None:
    cluster = Cluster()
    path = "/api/internal/organization"
    tenant = cluster.call("POST", path, {"name": "tenant"})[1]["id"]
    everyone = cluster.call("GET", f"{path}?is_global=true")[1]["data"]
    assert [one["name"] for one in everyone] == ["Global"]
    assert cluster.call("POST", path, {"name": "tenant"})[0] == 422
    assert cluster.call("PATCH", f"{path}/{tenant}", {"name": "other"})[1]["name"] == "other"
    session = cluster.call("POST", f"/api/v1/session?organization_id={tenant}", token=cluster.basic())[1]
    assert session["organizationId"] == tenant
    body = {"initParams": {"apiToken": {}, "organizationId": tenant}}
    assert cluster.call("POST", SESSION, body)[1]["session"]["organizationId"] == tenant
    # what a session makes is bound as the session is
    assert cluster.add_token(session["token"])["organizationId"] == tenant
    # a tenant that is not its own
    assert cluster.open(organizationId=tenant) == (403, FORBIDDEN)
    assert cluster.open(organizationId=everyone[0]["id"])[0] == 200
    assert cluster.call("POST", "/api/v1/session?realm=other", token=cluster.basic())[0] == 422
    assert cluster.call("POST", f"{SESSION}/realm/local", {"initParams": {}}, cluster.basic())[0] == 200
    assert len(cluster.call("GET", "/api/internal/user/me/organization")[1]["data"]) == 2
    assert len(cluster.call("GET", "/api/internal/user/me/organization", token=cluster.account_token())[1]["data"]) == 1
    assert [cluster.call("DELETE", f"{path}/{one}")[0] for one in (tenant, everyone[0]["id"])] == [204, 422]


def test_users() -> None:
    cluster = Cluster()
    user = cluster.add_user()
    path = f"/api/internal/user/User:::{user}"
    token = cluster.log_in("jane", PASSWORD)
    assert cluster.call("GET", path, token=token) == (403, FORBIDDEN)
    assert cluster.call("GET", ME, token=token)[1]["userType"] == "Local"
    assert cluster.call("PATCH", path, {"password": "Other-1", "firstName": "Jane"})[1]["firstName"] == "Jane"
    assert cluster.log_in("jane", "Other-1")
    api_token = cluster.add_token()["token"]
    for method in ("PATCH", "DELETE"):
        assert cluster.call(method, path, {}, api_token) == (403, FORBIDDEN)
    assert cluster.call("GET", f"/api/v1/user/{cluster.me['id']}/totp/status", token=token) == (403, FORBIDDEN)
    assert cluster.call("DELETE", path) == (204, "")
    assert cluster.call("GET", ME, token=token) == (401, INVALID)
    assert cluster.call("DELETE", f"/api/internal/user/{cluster.me['id']}")[0] == 422


# Versions


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


def test_journal_hides_codes_and_shows_wishes() -> None:
    body = {"initParams": {"apiToken": {"expiration": 5}}, "mfaParams": {"attemptId": "a", "credValue": "123456"}, "apiToken": "x"}
    assert hide_secrets(body) == {**body, "mfaParams": {"attemptId": "a", "credValue": "<hidden>"}, "apiToken": "<hidden>"}


def test_restart_keeps_everything() -> None:
    cluster = Cluster(totp="on")
    challenge(cluster)
    answer_challenge(cluster)
    cluster.open()
    dumped = cluster.platform.dump()
    again = RUBRIK_CDM.start(cluster.platform.context, dumped)
    assert again.dump() == dumped
    assert again.credentials() == cluster.platform.credentials()
