# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's Python SDK for Rubrik CDM, unmodified, against the simulated cluster."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rubrik_cdm import Connect
from rubrik_cdm.exceptions import APICallException

from tests.simulator.launch import Simulator, launch
from tests.simulator.rubrik_cdm._tokens import STEP_SECONDS, totp

# the SDK verifies no certificate, and cannot be told to
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
ACCOUNT_SESSION = "/service_account/session"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a proxy nor credentials from outside."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("node_ip", "username", "password", "token"):
        monkeypatch.delenv(f"rubrik_cdm_{name}", raising=False)


@pytest.fixture
def cdm(tmp_path: Path) -> Iterator[Simulator]:
    """A cluster of version 9.3.0."""
    with launch("rubrik_cdm", directory=tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A cluster for tests that leave nothing behind."""
    with launch("rubrik_cdm", directory=tmp_path_factory.mktemp("shared")) as running:
        yield running


def by_password(simulator: Simulator) -> Connect:
    """Return the SDK with the administrator's password on each call."""
    return Connect(f"{simulator.host}:{simulator.port}", simulator.admin["username"], simulator.admin["password"])


def by_token(simulator: Simulator, token: str) -> Connect:
    """Return the SDK with a bearer token."""
    return Connect(f"{simulator.host}:{simulator.port}", api_token=token)


def logged_in(simulator: Simulator) -> Connect:
    """Return the SDK with the administrator's log-in."""
    return by_token(simulator, by_password(simulator).post("v1", "/session", None)["token"])


def open_account_session(simulator: Simulator, prefix: str = "") -> dict[str, Any]:
    """Open a session of the ready file's service account."""
    account = simulator.service_account
    config = {"serviceAccountId": account[f"{prefix}client_id"], "secret": account[f"{prefix}client_secret"]}
    session: dict[str, Any] = by_token(simulator, "none").post("v1", ACCOUNT_SESSION, config, authentication=False)
    return session


def api_token(sdk: Connect, minutes: int = 60, tag: str = "nightly") -> dict[str, Any]:
    """Make an API token."""
    config = {"initParams": {"apiToken": {"expiration": minutes, "tag": tag}}}
    session: dict[str, Any] = sdk.post("internal", "/session", config)["session"]
    return session


def claims_of(token: str) -> dict[str, Any]:
    """Return a token's claims without verifying it."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_with_a_password_on_each_call(shared: Simulator) -> None:
    sdk = by_password(shared)
    assert sdk.cluster_version() == "9.3.0-21844"
    assert sdk.minimum_installed_cdm_version(5.0)
    assert sdk.get("v1", "/cluster/me/api_version", authentication=False) == {"apiVersion": "1"}
    assert shared.journal()[-1]["auth"] == "none"
    assert sdk.get("v1", "/cluster/me")["name"] == "simulated"
    assert sdk.get("internal", "/user/me")["id"] == shared.admin["id"]
    entry = shared.journal()[-1]
    assert (entry["auth"], entry["account"], entry["credential_id"]) == ("basic", "admin", None)
    assert entry["user_agent"].startswith("RubrikPythonSDK--2.0.10--")


def test_with_the_environment(shared: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_account_session(shared)
    monkeypatch.setenv("rubrik_cdm_node_ip", f"{shared.host}:{shared.port}")
    monkeypatch.setenv("rubrik_cdm_token", session["token"])
    sdk = Connect()
    assert sdk.get("internal", "/user/me")["username"] == "svc-ansible"
    assert sdk.delete("v1", "/session/me") == {"status_code": 204}


@pytest.mark.parametrize(("username", "password"), [("admin", "wrong"), ("nobody", "wrong"), ("admin", "with:colon+/é")])
def test_wrong_password(shared: Simulator, username: str, password: str) -> None:
    sdk = Connect(f"{shared.host}:{shared.port}", username, password)
    with pytest.raises(APICallException, match="Incorrect username/password"):
        sdk.post("v1", "/session", None)
    assert (shared.journal()[-1]["status"], shared.journal()[-1]["auth"]) == (422, "invalid")


def test_life_of_an_api_token(cdm: Simulator) -> None:
    admin = by_password(cdm)
    user_id = admin.get("internal", "/user/me")["id"].removeprefix("User:::")
    token = api_token(admin, minutes=525600)
    assert set(token) == {"id", "organizationId", "token", "userId"}
    assert token["userId"] == user_id
    assert claims_of(token["token"])["jti"] == token["id"]

    sdk = by_token(cdm, token["token"])
    listed = sdk.get("internal", "/session", params={"user_id": user_id})
    assert (listed["total"], listed["hasMore"]) == (1, False)
    item = listed["data"][0]
    assert {"id", "userId", "tag", "organizationId", "sessionType", "expirationTime", "lastUsageTime"} <= set(item)
    assert (item["id"], item["tag"], item["sessionType"]) == (token["id"], "nightly", "ApiToken")
    assert "token" not in item
    entry = cdm.journal()[-1]
    assert (entry["auth"], entry["account"], entry["credential_id"]) == ("api_token", "admin", token["id"])

    # it makes neither tokens, nor sessions, nor users, nor service accounts
    user = {"username": "jane", "password": "Correct-horse-7"}
    for version, path, config in (
        ("internal", "/session", {"initParams": {"apiToken": {}}}),
        ("internal", "/session", {"initParams": {}}),
        ("v1", "/session", None),
        ("internal", "/user", user),
        ("v1", "/service_account", {"name": "robot"}),
    ):
        with pytest.raises(APICallException, match=r"^The request was a legal request, but the server is refusing to respond to it\.$"):
            sdk.post(version, path, config)

    second = api_token(admin, tag="other")
    assert sdk.post("internal", "/session/bulk_delete", {"tokenIds": [second["id"]]}) == {"status_code": 204}
    # logging out destroys it
    assert sdk.delete("v1", "/session/me") == {"status_code": 204}
    assert cdm.journal()[-1]["body"] is None
    with pytest.raises(APICallException, match=r"^The supplied authentication is invalid$"):
        sdk.get("internal", "/user/me")
    assert cdm.credentials() == []


def test_api_token_expires(cdm: Simulator) -> None:
    admin = by_password(cdm)
    token = api_token(admin, minutes=5)
    sdk = by_token(cdm, token["token"])
    cdm.advance(299)
    assert sdk.get("internal", "/user/me")["username"] == "admin"
    cdm.advance(2)
    with pytest.raises(APICallException, match=r"^The supplied authentication is invalid$"):
        sdk.get("internal", "/user/me")
    assert [one["state"] for one in cdm.credentials(everything=True)] == ["expired"]


def test_idle_login_ends(cdm: Simulator) -> None:
    sdk = logged_in(cdm)
    for _unused in range(3):
        cdm.advance(29 * 60)
        assert sdk.get("v1", "/cluster/me")["version"].startswith("9.3.0")
    cdm.advance(31 * 60)
    with pytest.raises(APICallException, match=r"^Request needs authentication!$"):
        sdk.get("v1", "/cluster/me")


@pytest.mark.parametrize("prefix", ["", "rsc_"])
def test_service_account_session(cdm: Simulator, prefix: str) -> None:
    account = cdm.service_account
    session = open_account_session(cdm, prefix)
    assert set(session) == {"sessionId", "serviceAccountId", "token", "expirationTime", "organizationId"}
    assert session["serviceAccountId"] == account[f"{prefix}client_id"]
    assert account["client_id"].startswith("User:::")
    assert account["rsc_client_id"].startswith("client|")
    assert 84 <= len(account["client_secret"]) <= 92
    assert session["expirationTime"].endswith("Z")
    assert len(session["expirationTime"]) == len("2026-04-01T17:49:43.000Z")
    assert bool(session["organizationId"]) == (not prefix)

    head, payload, signature = session["token"].split(".")
    data = json.loads((cdm.directory / "state.json").read_text())["data"]
    signed = hmac.digest(data["signing_key"].encode(), f"{head}.{payload}".encode(), hashlib.sha256)
    assert signature == base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    claims = claims_of(session["token"])
    assert set(claims) == {"sub", "isMfaRememberToken", "iss", "iat", "jti"}
    assert (claims["jti"], claims["iss"]) == (session["sessionId"], data["cluster_id"])
    uuid = account[f"{prefix}id"].removeprefix("User:::")
    # The UUID before a client id is the issuer's.
    assert claims["sub"] == (f"{data['cluster_id']}_{account['rsc_client_id']}" if prefix else uuid)

    sdk = by_token(cdm, session["token"])
    assert sdk.get("v1", "/cluster/me")["id"] == claims["iss"]
    entry = cdm.journal()[-1]
    assert (entry["auth"], entry["account"]) == ("service_account", account[f"{prefix}name"])
    cdm.advance(24 * 3600 - 5)
    sdk.get("v1", "/cluster/me")
    cdm.advance(10)
    with pytest.raises(APICallException, match="invalid"):
        sdk.get("v1", "/cluster/me")


def test_ten_sessions(cdm: Simulator) -> None:
    sessions = [open_account_session(cdm) for _unused in range(10)]
    with pytest.raises(APICallException, match="maximum number"):
        open_account_session(cdm)
    # one's own log-out makes room, and so does an administrator
    assert by_token(cdm, sessions[0]["token"]).delete("v1", f"/session/{sessions[0]['sessionId']}") == {"status_code": 204}
    sessions[0] = open_account_session(cdm)
    admin = by_token(cdm, api_token(by_password(cdm))["token"])
    user_id = cdm.service_account["id"].removeprefix("User:::")
    listed = admin.get("internal", "/session", params={"user_id": user_id})
    assert {one["id"] for one in listed["data"]} == {one["sessionId"] for one in sessions}
    config = {"tokenIds": [one["sessionId"] for one in sessions], "userId": user_id}
    assert admin.post("internal", "/session/bulk_delete", config) == {"status_code": 204}
    assert admin.get("internal", "/session", params={"user_id": user_id})["total"] == 0
    open_account_session(cdm)


def test_life_of_a_service_account(cdm: Simulator) -> None:
    sdk = logged_in(cdm)
    roles = {one["name"]: one["roleId"] for one in sdk.get("v1", "/role")["data"]}
    made = sdk.post("v1", "/service_account", {"name": "robot", "roleIds": [roles["AdministratorRole"]]})
    assert cdm.journal()[-1]["status"] == 201
    assert set(made) == {"id", "name", "organizationId", "roleIds", "secret"}
    path = f"/service_account/{made['id']}"
    assert sdk.get("v1", path) == {key: made[key] for key in made if key != "secret"}

    login = {"serviceAccountId": made["id"], "secret": made["secret"]}
    token = sdk.post("v1", ACCOUNT_SESSION, login, authentication=False)["token"]
    robot = by_token(cdm, token)
    # an administrator by role, and yet blocked
    for call in (lambda: robot.get("v1", path), lambda: robot.post("v1", f"{path}/rotate", {}), lambda: robot.delete("v1", path)):
        with pytest.raises(APICallException, match=r"^The request was a legal request"):
            call()
    assert robot.get("v1", "/principal/role", params={"principals": made["id"]})

    changed = sdk.patch("v1", path, {"name": "renamed", "roleIds": []})
    assert (changed["name"], changed["roleIds"]) == ("renamed", [])
    found = sdk.get("v1", "/principal", params={"is_service_account": "true", "limit": 1, "offset": 0, "sort_by": "Name"})
    assert (found["total"], found["hasMore"], found["data"][0]["id"]) == (3, True, made["id"])

    rotated = sdk.post("v1", f"{path}/rotate", None)
    assert rotated["id"] == made["id"]
    with pytest.raises(APICallException, match="secret"):
        sdk.post("v1", ACCOUNT_SESSION, login, authentication=False)
    assert robot.get("internal", "/user/me")["username"] == "renamed"
    sdk.post("v1", f"{path}/rotate", {"expireSessions": True})
    with pytest.raises(APICallException, match="invalid"):
        robot.get("internal", "/user/me")

    assert sdk.delete("v1", path) == {"status_code": 204}
    with pytest.raises(APICallException, match="no such service account"):
        sdk.get("v1", path)


def test_roles_of_principals(cdm: Simulator) -> None:
    sdk = logged_in(cdm)
    principal = cdm.service_account["id"]
    role = sdk.post("v1", "/role", {"name": "backup", "description": "for backups"})
    assert sdk.post("v1", "/principal/role", {"principals": [principal], "roles": [role["roleId"]]}) == [role]
    # the SDK gives bare lists back as they come
    of_principal = sdk.get("v1", "/principal/role", params={"principals": principal})
    assert [one["name"] for one in of_principal[0]["roles"]] == ["ReadOnlyAdminRole", "backup"]
    revoked = sdk.post("v1", "/principal/role/bulk_revoke", {"principals": [principal], "roles": [role["roleId"]]})
    assert revoked == {"status_code": 204}
    assert sdk.delete("v1", f"/role/{role['roleId']}") == {"status_code": 204}
    assert sdk.delete("v1", "/authorization/cache") == {"status_code": 204}


def test_two_step_verification(tmp_path: Path) -> None:
    with launch("rubrik_cdm", settings={"totp": "on"}, directory=tmp_path) as cdm:
        sdk, secret = by_password(cdm), cdm.admin["totp_secret"]
        for call in (lambda: sdk.post("v1", "/session", None), lambda: sdk.get("v1", "/cluster/me")):
            with pytest.raises(APICallException, match=r"^Authentication is possible but has failed or not yet been provided\.$"):
                call()

        def answer(code: str) -> Any:
            challenge = sdk.post("internal", "/session", {"initParams": {}})
            params = {"challengeSetId": "N/A", "challengeId": "rubrik-totp-auth", "credValue": code}
            params["attemptId"] = challenge["mfaResponse"]["attemptId"]
            return sdk.post("internal", "/session", {"initParams": {}, "mfaParams": params})

        current = int(time.time() // STEP_SECONDS)
        with pytest.raises(APICallException, match="has failed"):
            answer(totp(secret, current - 10))
        # the simulated clock does not move the codes
        cdm.advance(3600)
        session = answer(totp(secret, int(time.time() // STEP_SECONDS)))["session"]
        logged = by_token(cdm, session["token"])
        assert logged.get("internal", "/user/me")["username"] == "admin"
        assert logged.get("v1", f"/user/{cdm.admin['id']}/totp/status") == {"isEnabled": True, "isEnforced": True}
        api_token(logged)
        # service accounts need no second factor
        open_account_session(cdm)
        code = totp(secret, int(time.time() // STEP_SECONDS))
        assert code not in cdm.journal_file.read_text()


def test_errors_that_are_no_json(shared: Simulator) -> None:
    sdk = by_password(shared)
    for version, path in (("v1", "/nothing"), ("v2", "/cluster/me"), ("internal", "/user")):
        with pytest.raises(APICallException, match=r"^Route not defined\.$"):
            sdk.get(version, path)
    with pytest.raises(APICallException, match=r"^Failed to parse the query parameter"):
        sdk.get("internal", "/session")
    with pytest.raises(APICallException, match=r"^Invalid ManagedId"):
        sdk.get("v1", "/service_account/robot")
    with pytest.raises(APICallException, match=r"^Request needs authentication!$"):
        sdk.get("v1", "/cluster/me", authentication=False)


def test_functions_of_the_sdk_for_users(tmp_path: Path) -> None:
    with launch("rubrik_cdm", version="5.2.0", directory=tmp_path) as cdm:
        sdk = by_password(cdm)
        assert sdk.create_user("jane", "Correct-horse-7", email_address="jane@example.com")["username"] == "jane"
        assert sdk.create_user("jane", "Correct-horse-7").startswith("No change required")
        assert sdk.read_only_authorization("jane")["data"][0]["privileges"] == {"basic": ["Global:::All"]}
        assert sdk.read_only_authorization("jane").startswith("No change required")
        jane = Connect(f"{cdm.host}:{cdm.port}", "jane", "Correct-horse-7")
        assert len(jane.get("v1", "/role")["data"]) == 2
    with (
        launch("rubrik_cdm", version="5.3.0", directory=tmp_path) as cdm,
        pytest.raises(APICallException, match=r"^Route not defined\.$"),
    ):
        by_password(cdm).create_user("joe", "Correct-horse-7")


def test_functions_of_the_sdk_for_the_cluster(tmp_path: Path) -> None:
    with launch("rubrik_cdm", version="8.1.0", directory=tmp_path) as cdm:
        sdk = by_password(cdm)
        assert sdk.configure_timezone("America/Chicago")["timezone"] == {"timezone": "America/Chicago"}
        assert sdk.configure_timezone("America/Chicago").startswith("No change required")
        assert sdk.configure_cluster_location("Here")["geolocation"] == {"address": "Here"}
    # RSC manages it: what it is configured to be can only be read
    with (
        launch("rubrik_cdm", version="9.0.0", directory=tmp_path) as cdm,
        pytest.raises(APICallException, match="refusing to respond"),
    ):
        by_password(cdm).configure_timezone("America/Denver")


def test_upgrade_to_9_5_1(tmp_path: Path) -> None:
    with launch("rubrik_cdm", version="9.5.0", settings={"basic_auth": "accepted"}, directory=tmp_path) as cdm:
        admin = by_password(cdm)
        tokens = [api_token(admin)["token"], open_account_session(cdm)["token"]]
        rsc = open_account_session(cdm, "rsc_")["token"]
        local = cdm.service_account["client_id"]
    with launch("rubrik_cdm", version="9.5.1", directory=tmp_path) as cdm:
        for token in tokens:
            with pytest.raises(APICallException, match="invalid"):
                by_token(cdm, token).get("v1", "/cluster/me")
        assert by_token(cdm, rsc).get("v1", "/cluster/me")["version"].startswith("9.5.1")
        sdk = logged_in(cdm)
        with pytest.raises(APICallException, match="no longer supported"):
            api_token(sdk)
        with pytest.raises(APICallException, match="no longer supported"):
            sdk.post("v1", "/service_account", {"name": "robot"})
        with pytest.raises(APICallException, match="no such service account"):
            sdk.get("v1", f"/service_account/{local}")
        assert cdm.service_account["client_id"] == cdm.service_account["rsc_client_id"]
        open_account_session(cdm)


def test_state_survives_a_restart(cdm: Simulator) -> None:
    sdk = logged_in(cdm)
    api_token(sdk)
    open_account_session(cdm)
    before = (cdm.admin, cdm.service_account, cdm.credentials())
    cdm.restart()
    assert before == (cdm.admin, cdm.service_account, cdm.credentials())
    assert sdk.get("internal", "/user/me")["username"] == "admin"


def test_journal_has_no_secret(cdm: Simulator) -> None:
    sdk = logged_in(cdm)
    token = api_token(sdk)
    session = open_account_session(cdm)
    with pytest.raises(APICallException):
        sdk.get("v1", f"/nothing/{token['token']}")
    sdk.post("internal", "/user", {"username": "jane", "password": "Very-secret-1"})
    sdk.post("internal", "/session/bulk_delete", {"tokenIds": [token["id"]]})
    bodies = [one["body"] for one in cdm.journal()]
    assert {"initParams": {"apiToken": {"expiration": 60, "tag": "nightly"}}} in bodies
    assert {"tokenIds": [token["id"]]} in bodies
    text = cdm.journal_file.read_text()
    secrets = [cdm.admin["password"], cdm.service_account["client_secret"], "Very-secret-1"]
    secrets += [token["token"].split(".")[2], session["token"].split(".")[2]]
    assert not [one for one in secrets if one[:10] in text]


def test_ready_file(cdm: Simulator) -> None:
    assert set(cdm.admin) == {"username", "password", "id"}
    account = {"client_id", "client_secret", "name", "id"}
    assert set(cdm.service_account) == account | {f"rsc_{key}" for key in account}


def test_rsc_brings_a_rotated_secret(cdm: Simulator) -> None:
    client_id = cdm.service_account["rsc_client_id"]
    cdm.control("POST", "rsc_service_account", {"client_id": client_id, "client_secret": "new+/==", "after": 60})
    open_account_session(cdm, "rsc_")
    login = {"serviceAccountId": client_id, "secret": "new+/=="}
    sdk = by_token(cdm, "none")
    with pytest.raises(APICallException, match="secret"):
        sdk.post("v1", ACCOUNT_SESSION, login, authentication=False)
    cdm.advance(61)
    sdk.post("v1", ACCOUNT_SESSION, login, authentication=False)
    with pytest.raises(APICallException, match="secret"):
        open_account_session(cdm, "rsc_")
