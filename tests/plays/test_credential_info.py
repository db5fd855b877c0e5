# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""credential_info against simulated appliances: everything that they hold is listed, whichever way they behave, and however much it is.

What an appliance holds is told by its own control, not by its API.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.plays._cases import done, live, refused, request_of, writes
from tests.plays._in_process_simulator import InProcess, Start, definition_of
from tests.plays._options import administrator, client
from tests.plays.test_rubrik_unconfirmed import VALUES, VERSIONS
from tests.simulator.qumulo._model import ADMIN, USERS, User
from tests.simulator.qumulo._token_views import make_token
from tests.simulator.rubrik_cdm._cluster import API_TOKEN
from tests.simulator.rubrik_cdm._model import User as CdmUser
from tests.simulator.rubrik_cdm._model import new_id

MANY = 1000  # credentials, in all but a few
# Kinds of the simulators' own, and what they are called in results.
LISTABLE = {
    "qumulo": {"access_token": "access_token", "s3_access_key": "s3_access_key"},
    "rubrik_cdm": {"api_token": "api_token", "session": "session", "service_account": "session"},
    "rubrik_rsc": {},
}


def fill(simulator: InProcess) -> None:
    """Make one of each kind that the platform has."""
    if simulator.platform == "qumulo":
        done(simulator, "access_token", user="local:guest", expires_in="30d")
        done(simulator, "access_token", token_id=simulator.service_account["token_id"], enabled=False)
        done(simulator, "s3_access_key", user="local:guest")
    elif simulator.platform == "rubrik_cdm":
        done(simulator, "api_token", tag="nightly", expires_in="30d")
        done(simulator, "access_token", **client(simulator))


def held(simulator: InProcess) -> set[tuple[str, str]]:
    """Return kind and id of all that the appliance holds and its API lists."""
    kinds = LISTABLE[simulator.platform]
    everything = simulator.credentials(everything=simulator.platform == "qumulo")  # on CDM what is dead is listed by choice only
    return {(kinds[one["kind"]], one["id"]) for one in everything if one["kind"] in kinds}


def found_by(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["kind"], one["id"]) for one in result["credentials"] if one["kind"] != "service_account_secret"}


def listed(simulator: InProcess, **options: Any) -> dict[str, Any]:
    """List, and check what holds for every platform and behaviour."""
    start = len(simulator.journal())
    result = done(simulator, "credential_info", **options)
    assert writes(simulator.journal()[start:]) == []
    assert result["changed"] is False
    for one in result["credentials"]:
        assert all(one[key] is None for key in result["not_told"][one["kind"]]), one
        assert (one["live"] is not True) or one["enabled"] is True, one
    return result


# -- whichever way an appliance behaves

# The settings that change what lists show, and who may have them. The others are about log-ins, changes and failures.
ABOUT_LISTS = {
    "qumulo": r"never_|expiration_precision|page|paging|list_|user_list|user_with_limit|s3_(list_identity|rights)",
    "rubrik_cdm": r"list_|session_list|session_type|session_user_id|user_me|rsc_(account_ids|in_)|role_id|principal_name|prefixed"
    r"|unknown_user|csrf|account_organization|service_account_role",
    "rubrik_rsc": r"page|list_|search|extra|schema|validation|account_flag|client_id_form|service_account_role|tpr|duplicate_role",
}


def choices(platform: str) -> list[tuple[str, str]]:
    """Return those settings with each value, the defaults among them once."""
    named = {name: one for name, one in definition_of(platform).settings.items() if re.match(ABOUT_LISTS[platform], name)}
    values = {name: [one for one in VALUES.get(name, setting.choices) if not one.startswith("<")] for name, setting in named.items()}
    return [(name, value) for name, found in values.items() for value in found if value != named[name].default or name == min(values)]


@pytest.mark.parametrize(("setting", "choice"), choices("qumulo"), ids=lambda value: value)
def test_qumulo_core(appliance: Start, setting: str, choice: str) -> None:
    q = appliance("qumulo", **{setting: choice})
    fill(q)
    result = listed(q)
    assert found_by(result) == held(q)
    assert {one for one, _id in found_by(result)} == {"access_token", "s3_access_key"}
    told = {one["account"]: (one["enabled"], one["live"], one["administrator"]) for one in result["credentials"]}
    assert told == {"guest": (True, True, False), "svc-ansible": (False, False, False)}
    assert "warnings" not in result


@pytest.mark.parametrize(("setting", "choice"), choices("rubrik_cdm"), ids=lambda value: value)
def test_cdm(appliance: Start, setting: str, choice: str) -> None:
    cdm = appliance("rubrik_cdm", VERSIONS.get(setting), **{setting: choice})
    if setting != "session_list":
        fill(cdm)
    before = held(cdm)
    result = listed(cdm)
    assert found_by(result) == before
    secrets = {one["account"]: one["local"] for one in result["credentials"] if one["kind"] == "service_account_secret"}
    name = cdm.service_account["name"]
    # An account of RSC's whose id is one of the cluster's own is not told apart.
    of_rsc = {} if (setting, choice) == ("rsc_in_principals", "hidden") else {"svc-rsc": choice == "uuid"}
    assert secrets == {name: True, **of_rsc}
    assert bool(result["not_listed"]) is (setting == "session_list")


@pytest.mark.parametrize(("setting", "choice"), choices("rubrik_rsc"), ids=lambda value: value)
def test_rsc(appliance: Start, setting: str, choice: str) -> None:
    rsc = appliance("rubrik_rsc", **{setting: choice})
    result = listed(rsc)
    accounts = rsc.data()["accounts"]
    assert {one["id"] for one in result["credentials"]} == accounts.keys()
    administrators = {one["account"] for one in result["credentials"] if one["administrator"]}
    assert administrators == {"admin"} | ({rsc.service_account["name"]} if choice in ("Administrator", "Owner") else set())
    assert result["product"]["version"]


# -- who may see what


@pytest.mark.parametrize("version", ["7.2.3", "7.10.2"])
def test_qumulo_core_without_rights(appliance: Start, version: str) -> None:
    q = appliance("qumulo", version, service_account_role="none")
    done(q, "access_token", user="local:admin")
    me = {"token": q.service_account["token"]}
    if version == "7.2.3":
        assert "The calling account lacks PRIVILEGE_ACCESS_TOKENS_READ" in refused(q, "credential_info", kinds=["access_token"], **me)
        return
    result = listed(q, **me)
    assert found_by(result) == {("access_token", q.service_account["token_id"])}
    assert [one["right"] for one in result["not_permitted"] if one["kind"] != "s3_access_key"] == [
        "PRIVILEGE_ACCESS_TOKENS_READ",
        "PRIVILEGE_ROLE_READ",
    ]


@pytest.mark.parametrize("role", ["none", "ReadOnlyAdmin", "Administrator"])
def test_cdm_by_role(appliance: Start, role: str) -> None:
    cdm = appliance("rubrik_cdm", service_account_role=role)
    fill(cdm)
    mine = ("session", live(cdm, "service_account")[0])
    result = listed(cdm, **client(cdm))
    assert found_by(result) == ({mine, ("api_token", live(cdm, "api_token")[0])} if role == "Administrator" else {mine})
    kinds = {"none": ["api_token", "service_account_secret", "session"], "ReadOnlyAdmin": ["api_token", "session"], "Administrator": []}
    assert [one["kind"] for one in result["not_permitted"]] == kinds[role]
    assert {one["administrator"] for one in result["credentials"] if one["kind"] == "session"} == (
        {None} if role == "none" else {role == "Administrator"}
    )


def test_slots_of_cdm_are_those_that_are_taken(appliance: Start) -> None:
    """The task's own session is not among them."""
    cdm = appliance("rubrik_cdm", service_account_role="Administrator")
    for _slot in range(9):
        done(cdm, "access_token", **client(cdm))
    for who in (client(cdm), administrator(cdm)):
        [slots] = listed(cdm, kinds=["session"], account=cdm.service_account["client_id"], **who)["accounts"]
        assert (slots["used"], slots["limit"]) == (9, 10)


def test_rsc_without_the_right(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", service_account_role="Backup Operator")
    assert refused(rsc, "credential_info", **client(rsc)).endswith("The calling account lacks VIEW_SERVICE_ACCOUNT.")


def test_by_the_clock_of_the_appliance(appliance: Start) -> None:
    q = appliance("qumulo")
    done(q, "access_token", user="local:guest", expires_in="30d")
    q.advance(31 * 86400)
    [guest] = [one for one in listed(q)["credentials"] if one["account"] == "guest"]
    assert (guest["live"], guest["enabled"], guest["lifetime"]) == (False, True, 30 * 86400)
    result = listed(q, live_only=True)
    assert [one["account"] for one in result["credentials"]] == ["svc-ansible"]
    assert {one["account"]: one["used"] for one in result["accounts"]} == {"guest": 1, "svc-ansible": 1}
    assert result["as_of"] > guest["expires_at"]


# -- however many there are


def many_tokens(appliance: Start) -> InProcess:
    """Start a cluster of Qumulo Core with 500 users who have two tokens each."""
    q = appliance("qumulo")
    simulated: Any = q._simulated
    core = simulated.cluster
    core.settings._values["page_size"] = "100"
    admin = core.identities.by_auth_id(ADMIN)
    for _user in range(MANY // 2):
        user = User(core.data.take_id(), f"svc-{len(core.data.users)}", USERS, "")
        core.data.users[user.id] = user
        for _slot in range(2):
            make_token(core, core.identities.by_auth_id(user.id), admin)
    return q


def many_api_tokens(appliance: Start) -> InProcess:
    """Start a cluster of Rubrik CDM with 250 users who have four API tokens each."""
    cdm = appliance("rubrik_cdm")
    simulated: Any = cdm._simulated
    core = simulated.cluster
    for number in range(MANY // 4):
        user = CdmUser(new_id(), f"svc-{number:03}", "", core.data.global_organization)
        core.data.users[user.id] = user
        for tag in "abcd":
            core.open_session(user.id, API_TOKEN, 86400.0, user.organization, tag)
    return cdm


MANY_ON = {
    "qumulo": many_tokens,
    "rubrik_cdm": many_api_tokens,
    "rubrik_rsc": lambda appliance: appliance("rubrik_rsc", extra_accounts=str(MANY)),
}
REQUESTS = {
    "qumulo": {
        "POST /v1/session/login": 1,
        "GET /v1/auth/access-tokens/": 11,
        "GET /v1/s3/access-keys/": 1,
        "GET /v1/auth/roles/Administrators/members": 1,
        "GET /v1/groups/512/members/": 1,
        "GET /v1/version": 1,
    },
    "rubrik_cdm": {
        "GET /api/v1/cluster/me/version": 1,
        "POST /api/internal/session": 1,
        "GET /api/v1/principal": 3 + 1,  # all, and the service accounts
        "GET /api/internal/session": MANY // 4 + 3,  # one for each account
        "DELETE /api/v1/session/me": 1,
    },
    "rubrik_rsc": {"POST /api/client_token": 1, "POST /api/graphql deploymentVersion serviceAccounts": 11, "DELETE /api/session": 1},
}


@pytest.mark.parametrize("platform", MANY_ON)
def test_requests_for_a_thousand_credentials(appliance: Start, record_property: Callable[[str, object], None], platform: str) -> None:
    simulator = MANY_ON[platform](appliance)
    start = len(simulator.journal())
    result = listed(simulator)
    sent = [request_of(one) for one in simulator.journal()[start:]]
    assert MANY < len(result["credentials"]) < MANY + 4
    assert {one: sent.count(one) for one in sent} == REQUESTS[platform]
    record_property("requests", [platform, f"{MANY} credentials listed", [f"{one} ({sent.count(one)})" for one in dict.fromkeys(sent)]])
