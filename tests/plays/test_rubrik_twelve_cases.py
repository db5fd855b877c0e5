# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module on Rubrik CDM and Rubrik Security Cloud through real playbooks: in check mode, for real, and both again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, live, show, twelve_cases
from tests.plays._options import client, defaults, where
from tests.simulator.launch import Simulator, launch

ACCOUNT = "svc-one"
LOOK = {"latchkey.tokens.service_account_info": {"name": ACCOUNT}}
# The token that the last step made, kept for the next ones as a vars file would keep it.
HELD = {"held": ""}
HOLD = {"name": "Hold", "ansible.builtin.set_fact": {"held": "{{ step.token | default(held, true) }}"}, "no_log": True, "check_mode": False}
MINT = {"current": "{{ held | default(omit, true) }}"}


def a_day_later(simulator: Simulator) -> dict[str, Any]:
    """Return a task after which the tokens of today have expired, on the appliance's clock."""
    body = {"url": f"{simulator.url}/_simulator/advance", "ca_path": simulator.ca_file, "body": {"seconds": 90000}}
    return {"name": "A day later", "ansible.builtin.uri": {**body, "method": "POST", "body_format": "json"}}


def of(simulator: Simulator, who: dict[str, Any]) -> dict[str, Any]:
    """Return module_defaults of somebody else than the administrator."""
    return {"group/latchkey.tokens.latchkey": {**where(simulator), **who}}


def test_service_account_on_rsc(ansible: Ansible, rsc: Simulator) -> None:
    phases: dict[str, dict[str, Any]] = {
        "create": {"name": ACCOUNT, "description": "Reports", "roles": ["Backup Operator", "Secret Rotator"]},
        "change": {"name": ACCOUNT, "description": "", "roles": ["Read-only Administrator", "Secret Rotator"]},
        "delete": {"name": ACCOUNT, "state": "absent"},
    }
    results = twelve_cases(ansible, "service_account", phases, simulator=rsc, look=LOOK, module_defaults=defaults(rsc))
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


@pytest.mark.parametrize("version", ["9.3.0", "8.0.1-p1-22135"])
def test_service_account_on_cdm(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, version: str) -> None:
    phases: dict[str, dict[str, Any]] = {
        "create": {"name": ACCOUNT, "roles": ["ReadOnlyAdminRole"]},
        "change": {"name": ACCOUNT, "roles": ["AdministratorRole"]},
        "delete": {"name": ACCOUNT, "state": "absent"},
    }
    with launch("rubrik_cdm", version=version, directory=tmp_path_factory.mktemp("cdm")) as cdm:
        results = twelve_cases(ansible, "service_account", phases, simulator=cdm, look=LOOK, module_defaults=defaults(cdm))
        for phase in ("create", "change"):
            result = results[f"{phase}: for real"]
            [seen] = result["look"]["service_accounts"]
            assert seen["roles"] == result["roles"] == phases[phase]["roles"]
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


def test_access_token_on_cdm(ansible: Ansible, cdm: Simulator) -> None:
    me = client(cdm)
    phases = {"mint": MINT, "renew": MINT, "end": {"user": me["client_id"], "state": "absent"}}
    results = twelve_cases(
        ansible,
        "access_token",
        phases,
        simulator=cdm,
        before={"renew": [a_day_later(cdm)]},
        after=[HOLD],
        look={"latchkey.tokens.access_token_info": {}},
        module_defaults=of(cdm, me),
        vars=HELD,
    )
    first, second = (results[f"{phase}: for real"] for phase in ("mint", "renew"))
    assert results["mint: in check mode"]["token_id"] is None
    assert 86000 < first["expires_in"] <= 86400
    for one, again in ((first, "mint"), (second, "renew")):
        kept = results[f"{again}: again for real"]
        assert (kept["token_id"], kept["live"], kept["account_id"]) == (one["token_id"], True, me["client_id"])
        assert one["token_id"] in [entry["token_id"] for entry in one["look"]["access_tokens"]]
    assert first["token_id"] != second["token_id"]
    assert live(cdm, "service_account", account="svc-ansible") == []


def test_access_token_on_rsc(ansible: Ansible, rsc: Simulator) -> None:
    me = client(rsc)
    phases = {"mint": MINT, "renew": MINT}
    results = twelve_cases(
        ansible,
        "access_token",
        phases,
        simulator=rsc,
        before={"renew": [a_day_later(rsc)]},
        after=[HOLD],
        look={"latchkey.tokens.access_check": {"expect_account_id": me["client_id"]}},
        module_defaults=of(rsc, me),
        vars=HELD,
    )
    for phase in phases:
        minted, kept = results[f"{phase}: for real"], results[f"{phase}: again for real"]
        assert (kept["token_id"], kept["expires_at"], kept["account_id"]) == (minted["token_id"], minted["expires_at"], me["client_id"])
    assert live(rsc, "session", account="svc-ansible") == [results["renew: for real"]["token_id"]]


def test_session_revoke_on_cdm(ansible: Ansible, cdm: Simulator) -> None:
    """It can only end sessions, so there are four cases of each way to name them."""
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
    results = twelve_cases(ansible, "session_revoke", phases, simulator=cdm, module_defaults=defaults(cdm))
    for phase, gone in zip(phases, (one["token_id"], old, two["token_id"], three["token_id"]), strict=True):
        assert results[f"{phase}: in check mode"]["revoked"] == results[f"{phase}: for real"]["revoked"] == [gone]
        assert results[f"{phase}: again for real"]["revoked"] == []
    assert live(cdm, "service_account", account=ACCOUNT) == [own["token_id"]]
    assert live(cdm, "api_token", account="admin") == [api]


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_a_token_ends_itself(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str) -> None:
    """A token that is refused is gone already, which is fine."""
    with launch(platform, directory=tmp_path_factory.mktemp("self")) as simulator:
        minted = done(simulator, "access_token", **client(simulator))
        (ansible.folder / "token.yml").write_text(f"own: {minted['token']}\n")
        results = twelve_cases(
            ansible,
            "session_revoke",
            {"self": {"target": "self"}},
            simulator=simulator,
            module_defaults=of(simulator, {"token": "{{ own }}"}),
            arguments=["-e", f"@{ansible.folder / 'token.yml'}"],
        )
        assert results["self: in check mode"]["revoked"] == results["self: for real"]["revoked"] == [minted["token_id"]]
        assert [one for one in simulator.credentials() if one["id"] == minted["token_id"]] == []
        assert do(simulator, "access_check", token=minted["token"])["failed"]


def test_what_only_reads_is_the_same_in_check_mode(ansible: Ansible, cdm: Simulator, rsc: Simulator) -> None:
    made = done(cdm, "api_token", tag="nightly", expires_in="1d")
    kept = done(cdm, "access_token", **client(cdm))
    reads: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
        "who on CDM": ("access_check", where(cdm) | client(cdm), {"probes": [{"path": "/api/v1/role", "expect": "data"}]}),
        "who on RSC": (
            "access_check",
            where(rsc) | client(rsc),
            {"probes": [{"path": "/api/graphql", "method": "POST", "body": {"query": "{ accountId }"}, "expect": "data.accountId"}]},
        ),
        "accounts on CDM": ("service_account_info", defaults_of(cdm), {}),
        "accounts on RSC": ("service_account_info", defaults_of(rsc), {"query": "[].account"}),
        "sessions": ("access_token_info", defaults_of(cdm), {"user": "svc-ansible", "query": "[].token_id"}),
        "API tokens": ("api_token_info", defaults_of(cdm), {"query": "[].[tag, token_id]"}),
    }
    tasks: list[dict[str, Any]] = []
    for name, (module, who, options) in reads.items():
        task = {f"latchkey.tokens.{module}": {**who, **options}}
        tasks += [{"name": name, **task}, {"name": f"{name} in check mode", **task, "check_mode": True}]
    run = ansible.play([*tasks, show("Done", "1")]).assert_ok()
    for name in reads:
        checked, real = ({key: one[key] for key in one if key != "token_id"} for one in (run[f"{name} in check mode"], run[name]))
        if "POST" in str(reads[name]):  # which may change something, so it waits for the real run
            assert checked.pop("probes") == [{"method": "POST", "path": "/api/graphql", "skipped": True}]
            assert real.pop("probes") == [{"method": "POST", "path": "/api/graphql", "status": 200}]
        assert checked == real, name
        assert real["changed"] is False
    assert run["who on RSC"]["account"] == "svc-ansible"
    assert run["who on CDM"]["roles"] == ["ReadOnlyAdminRole"]
    assert run["accounts on RSC"]["service_accounts"] == ["admin", "svc-ansible"]
    assert run["sessions"]["access_tokens"] == [kept["token_id"]]
    assert run["API tokens"]["api_tokens"] == [["nightly", made["token_id"]]]


def defaults_of(simulator: Simulator) -> dict[str, Any]:
    """Return the administrator's options, for a task that needs them itself."""
    return dict(defaults(simulator)["group/latchkey.tokens.latchkey"])
