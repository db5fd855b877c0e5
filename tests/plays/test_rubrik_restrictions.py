# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Rubrik's products do not allow, and what users get wrong with them: each has a sentence of its own, with the way out."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.jwt import jwt_claims
from tests.plays._cases import do, done, refused, writes
from tests.plays._in_process_simulator import InProcess, Start, definition_of
from tests.plays._options import administrator, client
from tests.simulator.launch import Simulator
from tests.simulator.rubrik_rsc._schema import schema_of

CANARY = "canary-Pa55word"
SLOTS = "A service account may have ten sessions at once"
NEW_ACCOUNT = {"name": "svc-one"}


def said(simulator: InProcess, words: list[str], module: str, **options: Any) -> None:
    """Do what must be refused with these words, in check mode and for real, without a change."""
    for check in (True, False):
        start = len(simulator.journal())
        message = refused(simulator, module, check=check, **options)
        for word in words:
            assert word in message, (check, message)
        assert CANARY not in message
        assert writes(simulator.journal()[start:]) == []


# Who may do what


def test_a_token_makes_no_tokens(appliance: Start) -> None:
    """Each kind of token is told so before the cluster is asked to make one, where its kind can be told."""
    cdm = appliance("rubrik_cdm")
    api = done(cdm, "api_token", tag="nightly")["token"]
    session = done(cdm, "access_token", **client(cdm))["token"]
    managed = done(cdm, "access_token", **client(cdm, "rsc_"))["token"]
    way_out = ["A token cannot create tokens, whatever its roles.", "Log in with username and password."]
    said(cdm, way_out, "api_token", tag="more", token=api)
    said(cdm, way_out, "api_token", tag="more", token=managed)
    assert all(words in refused(cdm, "api_token", tag="more", token=session) for words in way_out)  # only the cluster knows
    said(cdm, ["a service account's session cannot create API tokens", way_out[1]], "api_token", tag="more", **client(cdm))
    login = done(cdm, "access_token", **administrator(cdm))["token"]
    assert done(cdm, "api_token", tag="more", token=login)["changed"] is True


def test_tokens_manage_no_service_accounts(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm")
    words = "Only a user who logged in with username and password may manage service accounts; a token may not, whatever its roles."
    api = done(cdm, "api_token", tag="nightly")["token"]
    done(cdm, "service_account", name="svc-old")
    for wish in ({"name": "svc-new"}, {"name": "svc-old", "rotate_secret": True}, {"name": "svc-old", "state": "absent"}):
        assert words in refused(cdm, "service_account", **wish, token=api)
    said(cdm, ["a service account may not manage service accounts", "Log in"], "service_account", name="svc-new", **client(cdm))


def test_an_api_token_is_never_ended_by_accident(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm")
    api = done(cdm, "api_token", tag="nightly")
    said(
        cdm,
        ["is an API token; ending this session would delete it", "Name it with ids"],
        "session_revoke",
        target="self",
        token=api["token"],
    )
    said(cdm, ["is the one that this task authenticates with", "token_ids"], "api_token", tag="nightly", state="absent", token=api["token"])
    assert done(cdm, "session_revoke", account="admin", token=api["token"])["revoked"] == []  # API tokens are no sessions
    assert done(cdm, "session_revoke", account="admin")["revoked"] == []
    assert [one["id"] for one in cdm.credentials()] == [api["token_id"]]
    assert done(cdm, "session_revoke", ids=[api["token_id"]], token=api["token"])["revoked"] == [api["token_id"]]


def test_everybody_makes_api_tokens_for_himself(appliance: Start) -> None:
    said(
        appliance("rubrik_cdm"),
        ["API tokens can only be created for the calling user", "svc-ansible"],
        "api_token",
        tag="x",
        user="svc-ansible",
    )


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_a_token_is_of_the_calling_account(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    me = client(simulator)
    assert "for the calling account only, and that is not admin" in refused(simulator, "access_token", **me, user="admin")
    for user in (me["client_id"], "svc-ansible"):
        assert done(simulator, "access_token", **me, user=user)["changed"] is True
    other = done(simulator, "access_token", **administrator(simulator))["token"]
    assert done(simulator, "access_token", **me, current=other)["changed"] is True  # it works, and is somebody else's
    assert done(simulator, "access_token", **administrator(simulator), current=other)["changed"] is False


@pytest.mark.parametrize("choice", definition_of("rubrik_cdm").settings["wrong_code"].choices)
def test_two_step_verification(appliance: Start, choice: str) -> None:
    cdm = appliance("rubrik_cdm", totp="on", code_reuse="refused", wrong_code=choice)
    password = {key: cdm.admin[key] for key in ("username", "password")}
    secret = cdm.admin["totp_secret"]
    message = refused(cdm, "access_check", **password)
    assert "two-step verification is on" in message
    assert "Set totp_code or totp_secret, or use a service account" in message
    once = "was not taken. A code works once, for 30 seconds: wait for the next one and run again, or log in once with access_token"
    assert once in refused(cdm, "access_check", **password, totp_code="12345")
    assert "totp_secret: it is not Base32." in refused(cdm, "access_check", **password, totp_secret="canary!")
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)).lower()
    login = done(cdm, "access_token", **password, totp_secret=spaced)
    assert once in refused(cdm, "access_check", **password, totp_secret=secret)  # used within the same 30 seconds
    assert done(cdm, "access_check", token=login["token"])["account"] == "admin"
    assert done(cdm, "service_account", name="svc-one", token=login["token"])["changed"] is True


# Ten sessions


def fill(cdm: InProcess) -> list[str]:
    """Open as many sessions as the service account may have, and return their tokens."""
    return [done(cdm, "access_token", **client(cdm))["token"] for _unused in range(10)]


@pytest.mark.parametrize("with_", ["current", "admin_token"])
def test_ten_sessions_are_listed(appliance: Start, with_: str) -> None:
    cdm = appliance("rubrik_cdm")
    me, tokens = client(cdm), fill(cdm)
    login = done(cdm, "access_token", **administrator(cdm))["token"]
    asked_with = {"current": tokens[0], "min_remaining": "25h"} if with_ == "current" else {"admin_token": login}
    result = do(cdm, "access_token", **me, **asked_with)
    message = refused(cdm, "access_token", **me, **asked_with)
    ids = [one["id"] for one in cdm.credentials() if one["kind"] == "service_account"]
    assert "The account has 10 sessions: " in message
    assert SLOTS in message
    for id_ in ids:
        assert f"{id_}, created 20" in message
    assert " s ago), expires " in message
    assert sorted(one["token_id"] for one in result["sessions"]) == sorted(ids)
    # the task that it names
    assert f"{{platform: rubrik_cdm, target: account, account: '{me['client_id']}', older_than: 1h}}" in message
    assert done(cdm, "session_revoke", target="account", account=me["client_id"], older_than="1h")["revoked"] == []
    assert sorted(done(cdm, "session_revoke", target="account", account=me["client_id"], older_than="0s")["revoked"]) == sorted(ids)
    assert done(cdm, "access_token", **me)["changed"] is True


@pytest.mark.parametrize("refusal", ["422", "409", "429", "429_text", "500", "403_text", "404"])
def test_ten_sessions_where_nobody_can_list_them(appliance: Start, refusal: str) -> None:
    """Then the task that frees them is named all the same, whatever the cluster calls it, also to a task that logs in for itself."""
    cdm = appliance("rubrik_cdm", session_limit=refusal)
    fill(cdm)
    for module in ("access_token", "access_check"):
        message = refused(cdm, module, **client(cdm))
        assert SLOTS[2:] in message
        assert "latchkey.tokens.session_revoke: {platform: rubrik_cdm, target: account" in message
    assert len(cdm.credentials()) == 10


@pytest.mark.parametrize("version", ["9.3.0", "9.5.1"])
@pytest.mark.parametrize(
    ("ids", "in_lists", "named"),
    [
        ("subject", "listed", "client_id"),
        ("subject", "hidden", "client_id"),
        ("client", "listed", "client_id"),
        ("uuid", "listed", "name"),  # nothing that the cluster shows has the client id in it
    ],
)
def test_the_sessions_of_a_managed_account_are_ended_as_the_error_advises(
    appliance: Start, version: str, ids: str, in_lists: str, named: str
) -> None:
    cdm = appliance("rubrik_cdm", version, rsc_account_ids=ids, rsc_in_principals=in_lists)
    me = client(cdm, "rsc_")
    tokens = [done(cdm, "access_token", **me)["token"] for _unused in range(10)]
    message = refused(cdm, "access_token", **me, current=tokens[0], min_remaining="25h")
    assert f"account: '{me['client_id']}', older_than" in message
    if named == "name":
        words = "may list an account of Rubrik Security Cloud under another name"
        assert words in refused(cdm, "session_revoke", account=me["client_id"])
    ended = done(cdm, "session_revoke", account=me["client_id"] if named == "client_id" else "svc-rsc")["revoked"]
    assert len(ended) == 10
    minted = done(cdm, "access_token", **me)
    done(cdm, "access_check", token=minted["token"], expect_account=me["client_id"])
    cluster_id = str(jwt_claims(minted["token"])["iss"])
    assert f"not of {cluster_id}" in refused(cdm, "access_check", token=minted["token"], expect_account=cluster_id)
    listed = done(cdm, "access_token_info", token=minted["token"])["access_tokens"]
    assert [one["token_id"] for one in listed] == [minted["token_id"]]


def test_a_session_that_may_not_be_ended(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm", "8.0.1-p1-22135")
    slot = "On CDM 8.0 a service account without the Administrator role may not end its own session"
    assert slot in done(cdm, "access_check", **client(cdm))["warnings"][0]
    minted = done(cdm, "access_token", **client(cdm))
    ended = done(cdm, "session_revoke", target="self", token=minted["token"])
    assert (ended["changed"], ended["revoked"]) == (False, [])
    assert slot in ended["warnings"][0]
    assert slot in refused(cdm, "session_revoke", ids=[minted["token_id"]], token=minted["token"])
    assert done(cdm, "session_revoke", ids=[minted["token_id"]], account=client(cdm)["client_id"])["changed"] is True


# Versions and tenants


def test_versions_without_service_accounts(appliance: Start) -> None:
    for version in ("5.0.3", "5.1.2-8188", "5.2.0", "5.3.1", "6.0.2"):
        cdm = appliance("rubrik_cdm", version)
        for module, wish in (("service_account", NEW_ACCOUNT), ("service_account_info", {})):
            words = f"Rubrik CDM {version.partition('-')[0]} at {cdm.url} has no local service accounts. They came with 7.0"
            said(cdm, [words, "platform rubrik_rsc"], module, **wish)
        message = refused(cdm, "access_token", client_id="client|x", client_secret=CANARY)
        assert "This version has no service accounts" in message
        assert SLOTS[2:] not in message
        assert done(cdm, "api_token", tag="nightly")["changed"] is True
        assert len(done(cdm, "access_token_info", user="admin")["access_tokens"]) == 1
        assert "there is no account 'nowhere'" in refused(cdm, "access_token_info", user="nowhere")


def test_the_last_versions_with_local_credentials(appliance: Start) -> None:
    for version in ("9.4.0", "9.5.0"):
        cdm = appliance("rubrik_cdm", version)
        for module, wish, what in (("service_account", NEW_ACCOUNT, "service accounts"), ("api_token", {"tag": "x"}, "API tokens")):
            [warning] = done(cdm, module, **wish)["warnings"]
            assert f"Rubrik CDM {version} at {cdm.url}: local {what} are deprecated, and the upgrade to 9.5.1 is blocked" in warning
            assert "platform rubrik_rsc" in warning
            assert "warnings" not in done(cdm, module, **wish, state="absent")  # which is what the upgrade needs


def test_versions_without_local_credentials(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm", "9.5.1")
    for module, wish, what in (("service_account", NEW_ACCOUNT, "service accounts"), ("api_token", {"tag": "x"}, "API tokens")):
        said(cdm, [f"Rubrik CDM 9.5.1 at {cdm.url} has no local {what} any more.", "platform rubrik_rsc"], module, **wish)
    assert done(cdm, "access_token", **client(cdm, "rsc_"))["account_id"] == client(cdm, "rsc_")["client_id"]


def test_an_account_that_rsc_manages(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm")
    for wish in ({"rotate_secret": True}, {"state": "absent"}):
        message = refused(cdm, "service_account", name="svc-rsc", **wish)
        assert "If Rubrik Security Cloud manages this account, use platform rubrik_rsc." in message
    assert done(cdm, "access_token", **client(cdm, "rsc_"))["changed"] is True


def test_a_secret_that_has_not_reached_the_cluster_yet(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm", rsc_sync_seconds="3600")
    me = client(cdm, "rsc_")
    assert "takes a while to reach the cluster" in refused(cdm, "access_token", **me)
    cdm.advance(3601)
    assert done(cdm, "access_token", **me)["changed"] is True


@pytest.mark.parametrize("status", ["400", "200"])
def test_an_older_schema(appliance: Start, status: str) -> None:
    """A rotation that the schema refuses was not run, so the older way is taken."""
    rsc = appliance("rubrik_rsc", schema="2022-09-01", validation_status=status, tpr_policies="1")
    start = len(rsc.journal())
    rotated = done(rsc, "service_account", name="svc-ansible", rotate_secret=True)
    assert [one["operation"] for one in rsc.journal()[start:]].count(["rotateServiceAccountSecret"]) == 2
    assert done(rsc, "access_token", client_id=rotated["client_id"], client_secret=rotated["client_secret"])["changed"] is True


@pytest.mark.parametrize("status", ["400", "200"])
def test_a_schema_that_lacks_a_field(appliance: Start, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    rsc = appliance("rubrik_rsc", schema="2026-05-25", validation_status=status)
    account = schema_of("2026-05-25").type_map["ServiceAccount"]
    assert isinstance(account, GraphQLObjectType)
    monkeypatch.delitem(account.fields, "description")
    words = ["cannot list service accounts", "description", "The schema of this tenant is older or newer than what this collection knows"]
    said(rsc, words, "service_account", **NEW_ACCOUNT)


def test_rights_are_named(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", service_account_role="Backup Operator")
    message = refused(rsc, "service_account_info", **client(rsc))
    assert "The calling account needs a role with the right VIEW_SERVICE_ACCOUNT." in message
    rsc = appliance("rubrik_rsc", service_account_role="Read-only Administrator")
    for wish, right in (
        ({"name": "x", "roles": ["Backup Operator"]}, "MANAGE_SERVICE_ACCOUNT"),
        ({"name": "admin", "rotate_secret": True}, "MANAGE_SERVICE_ACCOUNT_CREDENTIALS"),
        ({"name": "admin", "roles": ["Backup Operator"]}, "ASSIGN_ROLE"),
    ):
        assert f"needs a role with the right {right}." in refused(rsc, "service_account", **wish, **client(rsc))


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_names_that_are_not_unique_or_not_there(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    role = {"rubrik_cdm": "ReadOnlyAdminRole", "rubrik_rsc": "Backup Operator"}[platform]
    first = done(simulator, "service_account", name="svc-two", roles=[role])
    second = twin(simulator, "svc-two")
    for state in ("present", "absent"):
        words = ["has 2 accounts named 'svc-two'", first["account_id"], second, "Say which one is meant with account_id."]
        said(simulator, words, "service_account", name="svc-two", state=state)
    said(simulator, ["no account named 'svc-two' with the id nope"], "service_account", name="svc-two", account_id="nope")
    assert done(simulator, "service_account", name="svc-two", account_id=first["account_id"])["roles"] == [role]
    assert done(simulator, "service_account", name="svc-two", account_id=second, state="absent")["changed"] is True
    assert done(simulator, "service_account", name="svc-two")["account_id"] == first["account_id"]
    said(simulator, ["no role 'Observer'", "There are: ", role], "service_account", name="svc-new", roles=["Observer"])


def test_the_calling_account_is_never_deleted(appliance: Start) -> None:
    said(appliance("rubrik_rsc"), ["is the account that this task authenticates with"], "service_account", name="admin", state="absent")


def twin(simulator: InProcess, name: str) -> str:
    """Make another account of the same name, as somebody else might; return its id."""
    known = set(simulator.data()["accounts"])
    path, body = "/api/v1/service_account", {"name": name}
    if simulator.platform == "rubrik_rsc":
        given = f'{{name: "{name}", roleIds: []}}'
        path, body = "/api/graphql", {"query": f"mutation {{ createServiceAccount(input: {given}) {{ clientId }} }}"}
    done(simulator, "access_check", probes=[{"method": "POST", "path": path, "body": body, "status": [200, 201]}])
    [made] = set(simulator.data()["accounts"]) - known
    return str(made) if simulator.platform == "rubrik_rsc" else f"User:::{made}"


# The way there


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
def test_the_way_there(request: pytest.FixtureRequest, platform: str) -> None:
    """What is not the platform's in this is in test_bad_input.py, and lost replies in test_rubrik_lost_replies.py."""
    simulator: Simulator = request.getfixturevalue({"rubrik_cdm": "cdm", "rubrik_rsc": "rsc"}[platform])
    title = {"rubrik_cdm": "Rubrik CDM", "rubrik_rsc": "Rubrik Security Cloud"}[platform]
    me = client(simulator)
    untrusted = refused(simulator, "access_token", **me, ca_path=None)
    assert f"{title} at {simulator.url}: cannot log in" in untrusted
    assert "its TLS certificate is not trusted (" in untrusted
    assert "Set ca_path" in untrusted
    assert simulator.journal() == []
    assert CANARY not in refused(simulator, "access_token", **{**me, "client_secret": CANARY})
