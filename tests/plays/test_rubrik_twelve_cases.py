# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module on Rubrik CDM and Rubrik Security Cloud: in check mode, for real, and both again.

A module that creates credentials is run in a real playbook once at least; where only the platform, its version or the options are
others, it is run in this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, live, twelve_cases, twelve_cases_here
from tests.plays._in_process_simulator import Start
from tests.plays._options import client, defaults
from tests.simulator.launch import Simulator

ACCOUNT = "svc-one"
LOOK = {"latchkey.tokens.service_account_info": {"name": ACCOUNT}}


def test_service_account_on_rsc(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc")
    phases: dict[str, dict[str, Any]] = {
        "create": {"name": ACCOUNT, "description": "Reports", "roles": ["Backup Operator", "Secret Rotator"]},
        "change": {"name": ACCOUNT, "description": "", "roles": ["Read-only Administrator", "Secret Rotator"]},
        "delete": {"name": ACCOUNT, "state": "absent"},
    }
    results = twelve_cases_here(rsc, "service_account", phases, look=LOOK)
    assert results["create: in check mode"]["account_id"] is None
    assert results["create: in check mode"]["look"]["service_accounts"] == []
    for phase, description in (("create", "Reports"), ("change", None)):
        result = results[f"{phase}: for real"]
        [seen] = result["look"]["service_accounts"]
        assert (seen["roles"], seen["description"]) == (phases[phase]["roles"], description)
        assert {key: result[key] for key in seen} == seen
        assert result["client_id"] == result["account_id"]
        assert results[f"{phase}: in check mode"]["diff"] == result["diff"]
    assert results["delete: for real"]["look"]["service_accounts"] == []
    assert live(rsc, "session", account="admin") == []


CDM_PHASES: dict[str, dict[str, Any]] = {
    "create": {"name": ACCOUNT, "roles": ["ReadOnlyAdminRole"]},
    "change": {"name": ACCOUNT, "roles": ["AdministratorRole"]},
    "delete": {"name": ACCOUNT, "state": "absent"},
}


@pytest.mark.parametrize("version", [None, "8.0.1-p1-22135"])
def test_service_account_on_cdm(appliance: Start, version: str | None) -> None:
    cdm = appliance("rubrik_cdm", version)
    results = twelve_cases_here(cdm, "service_account", CDM_PHASES, look=LOOK)
    for phase in ("create", "change"):
        result = results[f"{phase}: for real"]
        [seen] = result["look"]["service_accounts"]
        assert seen["roles"] == result["roles"] == CDM_PHASES[phase]["roles"]
        assert seen["account_id"] == result["account_id"] == result["client_id"]
        assert results[f"{phase}: in check mode"]["diff"] == result["diff"]
    assert results["delete: for real"]["look"]["service_accounts"] == []
    assert live(cdm, "session", account="admin") == []


def test_api_token(ansible: Ansible, cdm: Simulator) -> None:
    phases = {
        "create": {"tag": "nightly", "expires_in": "30d"},
        "renew": {"tag": "nightly", "expires_in": "300d", "min_remaining": "100d"},
        "delete": {"tag": "nightly", "state": "absent"},
    }
    look = {"latchkey.tokens.api_token_info": {"tag": "nightly"}}
    results = twelve_cases(ansible, "api_token", phases, simulator=cdm, look=look, module_defaults=defaults(cdm))
    first, second = (results[f"{phase}: for real"] for phase in ("create", "renew"))
    assert results["create: in check mode"]["token_id"] is None
    assert results["create: again for real"]["token_id"] == first["token_id"]
    assert results["renew: again for real"]["token_id"] == second["token_id"] != first["token_id"]
    assert 299 * 86400 < second["expires_in"] <= 300 * 86400
    assert {one["token_id"] for one in second["look"]["api_tokens"]} == {first["token_id"], second["token_id"]}
    assert sorted(results["delete: for real"]["revoked"]) == sorted([first["token_id"], second["token_id"]])
    assert results["delete: for real"]["look"]["api_tokens"] == []
    assert live(cdm, "api_token", account="admin") == live(cdm, "session", account="admin") == []


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_access_token(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    me = client(simulator)
    options: dict[str, Any] = dict(me)
    look = {"latchkey.tokens.access_check": {**me, "expect_account_id": me["client_id"]}}

    def hold(result: Mapping[str, Any]) -> None:
        options["current"] = result.get("token", options.get("current"))

    ids = []
    for phase in ("mint", "renew"):
        results = twelve_cases_here(simulator, "access_token", {phase: options}, look=look, after=hold)
        minted, kept = results[f"{phase}: for real"], results[f"{phase}: again for real"]
        assert results[f"{phase}: in check mode"]["token_id"] is None
        assert (kept["token_id"], kept["live"], kept["account_id"]) == (minted["token_id"], True, me["client_id"])
        assert 0 < minted["expires_in"] <= 86400
        ids.append(minted["token_id"])
        if phase == "mint":
            simulator.advance(90000)
    kind = {"rubrik_cdm": "service_account", "rubrik_rsc": "session"}[platform]
    assert ids[0] != ids[1]
    assert live(simulator, kind, account="svc-ansible") == ids[1:]
    if platform == "rubrik_cdm":
        twelve_cases_here(simulator, "access_token", {"end": {"user": me["client_id"], "state": "absent"}})
        assert live(simulator, kind, account="svc-ansible") == []


def test_session_revoke_on_cdm(appliance: Start) -> None:
    """It can only end sessions, so there are four cases of each way to name them."""
    cdm = appliance("rubrik_cdm")
    cdm.advance(-7200)
    made = done(cdm, "service_account", name=ACCOUNT)
    me = {name: made[name] for name in ("client_id", "client_secret")}
    old = done(cdm, "access_token", **me)["token_id"]
    cdm.advance(7200)
    one, two, three, own = (done(cdm, "access_token", **me) for _unused in range(4))
    api = done(cdm, "api_token", tag="kept")["token_id"]
    phases: dict[str, dict[str, Any]] = {
        "ids": {"ids": [one["token_id"], one["token_id"]], "account": ACCOUNT},
        "old ones": {"account": ACCOUNT, "older_than": "1h"},
        "found ones": {"account": ACCOUNT, "query": f"[?token_id=='{two['token_id']}']"},
        "own id": {"ids": [three["token_id"]], "account": me["client_id"]},
    }
    results = twelve_cases_here(cdm, "session_revoke", phases)
    for phase, gone in zip(phases, (one["token_id"], old, two["token_id"], three["token_id"]), strict=True):
        assert results[f"{phase}: in check mode"]["revoked"] == results[f"{phase}: for real"]["revoked"] == [gone]
        assert results[f"{phase}: again for real"]["revoked"] == []
    assert live(cdm, "service_account", account=ACCOUNT) == [own["token_id"]]
    assert live(cdm, "api_token", account="admin") == [api]


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_a_token_ends_itself(appliance: Start, platform: str) -> None:
    """A token that is refused is gone already, which is fine."""
    simulator = appliance(platform)
    minted = done(simulator, "access_token", **client(simulator))
    results = twelve_cases_here(simulator, "session_revoke", {"self": {"token": minted["token"], "target": "self"}})
    assert results["self: in check mode"]["revoked"] == results["self: for real"]["revoked"] == [minted["token_id"]]
    assert [one for one in simulator.credentials() if one["id"] == minted["token_id"]] == []
    assert do(simulator, "access_check", token=minted["token"])["failed"]


def test_what_only_reads_is_the_same_in_check_mode(appliance: Start) -> None:
    cdm, rsc = appliance("rubrik_cdm"), appliance("rubrik_rsc")
    made = done(cdm, "api_token", tag="nightly", expires_in="1d")
    kept = done(cdm, "access_token", **client(cdm))
    query = {"path": "/api/graphql", "method": "POST", "body": {"query": "{ accountId }"}, "expect": "data.accountId"}
    reads: dict[str, tuple[Simulator, str, dict[str, Any]]] = {
        "who on CDM": (cdm, "access_check", {**client(cdm), "probes": [{"path": "/api/v1/role", "expect": "data"}]}),
        "who on RSC": (rsc, "access_check", {**client(rsc), "probes": [query]}),
        "accounts on CDM": (cdm, "service_account_info", {}),
        "accounts on RSC": (rsc, "service_account_info", {"query": "[].account"}),
        "sessions": (cdm, "access_token_info", {"user": "svc-ansible", "query": "[].token_id"}),
        "API tokens": (cdm, "api_token_info", {"query": "[].[tag, token_id]"}),
    }
    results: dict[str, dict[str, Any]] = {}
    for name, (simulator, module, options) in reads.items():
        results[name], checked = (done(simulator, module, check=check, **options) for check in (False, True))
        probes = {check: one.pop("probes", None) for check, one in ((False, results[name]), (True, checked))}
        if options.get("probes") == [query]:  # which may change something, so it waits for the real run
            assert probes[True] == [{"method": "POST", "path": "/api/graphql", "skipped": True}]
            assert probes[False] == [{"method": "POST", "path": "/api/graphql", "status": 200}]
        else:
            assert probes[True] == probes[False]
        assert {**checked, "token_id": ""} == {**results[name], "token_id": ""}, name
        assert checked["changed"] is False
    assert results["who on RSC"]["account"] == "svc-ansible"
    assert results["who on CDM"]["roles"] == ["ReadOnlyAdminRole"]
    assert results["accounts on RSC"]["service_accounts"] == ["admin", "svc-ansible"]
    assert results["sessions"]["access_tokens"] == [kept["token_id"]]
    assert results["API tokens"]["api_tokens"] == [["nightly", made["token_id"]]]
