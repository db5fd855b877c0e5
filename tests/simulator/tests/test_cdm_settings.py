# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the simulated Rubrik cluster as a whole, its organizations and users, and what a restart keeps."""

from __future__ import annotations

import pytest

from tests.simulator._journal import hide_secrets
from tests.simulator.rubrik_cdm import RUBRIK_CDM
from tests.simulator.tests._cdm_cluster import FORBIDDEN, INVALID, ME, PASSWORD, SESSION, Cluster, answer_challenge, challenge


def test_defaults_are_choices() -> None:
    for name, setting in RUBRIK_CDM.settings.items():
        assert setting.accepts(setting.default) or setting.choices == ("<text>",), name


def test_cluster_me() -> None:
    cluster = Cluster()
    assert cluster.call("GET", "/api/v1/cluster/me", token="")[0] == 401
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
