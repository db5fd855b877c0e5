# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no public source tells of Rubrik's products, where the choice changes what a user sees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._cases import do, done, live, refused
from tests.plays._in_process_simulator import Start, definition_of
from tests.plays._options import administrator, client
from tests.simulator.rubrik_rsc._caller_fields import ORG_ID

CDM, RSC = definition_of("rubrik_cdm").settings, definition_of("rubrik_rsc").settings
CANARY = "canary-Wr0ng"


# Rubrik CDM


@pytest.mark.parametrize("choice", CDM["bad_secret"].choices)
@pytest.mark.parametrize("body", CDM["error_json"].choices)
def test_wrong_credentials_on_cdm(appliance: Start, choice: str, body: str) -> None:
    cdm = appliance("rubrik_cdm", bad_secret=choice, bad_login=choice, error_json=body)
    for who in ({**client(cdm), "client_secret": CANARY}, {**administrator(cdm), "password": CANARY}):
        for module in ("access_token", "access_check"):
            message = refused(cdm, module, **who)
            assert f"Rubrik CDM at {cdm.url}: cannot log in as " in message
            assert "Check " in message
            assert CANARY not in message
    assert cdm.credentials() == []


@pytest.mark.parametrize("choice", CDM["foreign_session"].choices)
@pytest.mark.parametrize("unknown", CDM["unknown_session"].choices)
def test_ids_of_another_account(appliance: Start, choice: str, unknown: str) -> None:
    """Without the account nobody can tell whose they are; with it they are ended whatever the cluster thinks of that."""
    cdm = appliance("rubrik_cdm", foreign_session=choice, unknown_session=unknown)
    me = client(cdm)
    minted = done(cdm, "access_token", **me)
    result = do(cdm, "session_revoke", ids=[minted["token_id"]])
    if choice == "allowed":
        assert result["revoked"] == [minted["token_id"]]
    elif result.get("failed"):
        assert "cannot revoke a session" in result["msg"]
    elif unknown != "204":  # which says that it is done
        assert "revoke it with session_revoke and that account" in result["warnings"][0]
        assert (result["changed"], result["revoked"]) == (False, [])
    ended = done(cdm, "session_revoke", ids=[minted["token_id"], "no-such-session"], account=me["client_id"])
    assert ended["revoked"] == ([] if choice == "allowed" else [minted["token_id"]])
    assert "warnings" not in ended
    assert do(cdm, "access_check", token=minted["token"])["failed"]


@pytest.mark.parametrize("choice", CDM["account_duplicate"].choices)
def test_the_name_of_an_account_that_rsc_manages(appliance: Start, choice: str) -> None:
    """Where the list leaves such accounts out, only the cluster can refuse the name."""
    cdm = appliance("rubrik_cdm", rsc_in_principals="hidden", account_duplicate=choice)
    if choice == "accepted":
        made = done(cdm, "service_account", name="svc-rsc")
        assert done(cdm, "service_account", name="svc-rsc")["account_id"] == made["account_id"]
    else:
        message = refused(cdm, "service_account", name="svc-rsc")
        assert f"HTTP {choice}: unconfirmed wording: a service account of this name exists" in message


@pytest.mark.parametrize("choice", CDM["account_makes_tokens"].choices)
@pytest.mark.parametrize("refusal", CDM["blocked_token"].choices)
def test_a_session_of_a_service_account_that_asks_for_an_api_token(appliance: Start, choice: str, refusal: str) -> None:
    cdm = appliance("rubrik_cdm", account_makes_tokens=choice, blocked_token=refusal)
    session = done(cdm, "access_token", **client(cdm))["token"]
    if choice == "accepted":
        assert done(cdm, "api_token", tag="nightly", token=session)["changed"] is True
    else:
        message = refused(cdm, "api_token", tag="nightly", token=session)
        assert "A token cannot create tokens, whatever its roles. Log in with username and password." in message


@pytest.mark.parametrize("choice", CDM["session_list"].choices)
def test_a_token_of_which_the_cluster_tells_nothing(appliance: Start, choice: str) -> None:
    cdm = appliance("rubrik_cdm", "9.4.0", session_list=choice)
    minted = done(cdm, "access_token", **administrator(cdm))
    own = {"target": "self", "token": minted["token"]}
    if choice == "present":
        assert done(cdm, "session_revoke", **own)["revoked"] == [minted["token_id"]]
    else:
        assert "The token in use may be an API token; ending this session would delete it." in refused(cdm, "session_revoke", **own)
        assert done(cdm, "session_revoke", ids=[minted["token_id"]], token=minted["token"])["revoked"] == [minted["token_id"]]


@pytest.mark.parametrize("choice", CDM["unknown_id"].choices)
def test_an_organization_that_does_not_exist_on_cdm(appliance: Start, choice: str) -> None:
    cdm = appliance("rubrik_cdm", unknown_id=choice)
    for who in (client(cdm), administrator(cdm)):
        message = refused(cdm, "access_token", **who, organization_id="Organization:::no")
        assert f"Rubrik CDM at {cdm.url}: cannot log in as " in message
    assert cdm.credentials() == []


# Rubrik Security Cloud


@pytest.mark.parametrize("choice", RSC["unknown_org"].choices)
def test_an_organization_that_does_not_exist_on_rsc(appliance: Start, choice: str) -> None:
    rsc = appliance("rubrik_rsc", unknown_org=choice)
    for module in ("access_token", "access_check"):
        assert "Check organization_id" in refused(rsc, module, **client(rsc), organization_id="no")
    assert [one for one in rsc.credentials() if one["kind"] == "session"] == []


def test_a_session_of_an_organization(appliance: Start) -> None:
    """It is a second one, and both end with the task; a token of the user's stays, unless that is what the task ends."""
    rsc = appliance("rubrik_rsc")
    assert done(rsc, "access_check", **client(rsc), organization_id=ORG_ID)["account"] == "svc-ansible"
    assert live(rsc, "session") == []
    minted = done(rsc, "access_token", **client(rsc))
    assert done(rsc, "access_check", token=minted["token"], organization_id=ORG_ID)["account"] == "svc-ansible"
    assert live(rsc, "session") == [minted["token_id"]]
    ended = done(rsc, "session_revoke", token=minted["token"], organization_id=ORG_ID, target="self")["revoked"]
    assert ended == [minted["token_id"]]
    assert live(rsc, "session") == []


@pytest.mark.parametrize("status", RSC["validation_status"].choices)
def test_a_schema_without_organizations(appliance: Start, status: str) -> None:
    rsc = appliance("rubrik_rsc", schema="2022-09-01", validation_status=status)
    words = "organization_id needs a schema of April 2023 or later"
    assert words in refused(rsc, "access_check", **client(rsc), organization_id=ORG_ID)
    assert live(rsc, "session") == []


def test_roles_that_wait_for_approval_are_not_reported_as_set(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", role_approval="waits")
    message = refused(rsc, "service_account", name="svc-ansible", roles=["Account Manager"])
    assert "does not have these roles: the change waits for approval (quorum authorization)" in message
    assert done(rsc, "access_check", **client(rsc))["roles"] == ["Read-only Administrator"]


def test_who_is_told_no_name_and_may_not_look_it_up(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", service_account_role="Backup Operator", current_user_name="empty")
    assert "name the account by its id" in refused(rsc, "access_check", **client(rsc), expect_account="svc-ansible")


def test_a_locked_account(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", lockout_after="1")
    refused(rsc, "access_check", **{**client(rsc), "client_secret": CANARY})
    assert "wait until the account is unlocked" in refused(rsc, "access_check", **client(rsc))


def test_an_account_that_may_not_rotate_its_own_secret(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", self_rotate="refused")
    assert "cannot do this to itself" in refused(rsc, "service_account", name="admin", rotate_secret=True)


@pytest.mark.parametrize("choice", RSC["ip_block_status"].choices)
def test_the_ip_allow_list(appliance: Start, choice: str) -> None:
    rsc = appliance("rubrik_rsc", ip_allow_list="blocked", ip_block_status=choice)
    for module, options in (("access_token", client(rsc)), ("service_account", {"name": "svc-one"})):
        message = refused(rsc, module, **options)
        assert "The address that this runs from is not on the IP allow list of Rubrik Security Cloud" in message
        assert "may have been" not in message


@pytest.mark.parametrize("choice", RSC["session_limit"].choices)
def test_concurrent_sessions(appliance: Start, choice: str) -> None:
    rsc = appliance("rubrik_rsc", session_limit=choice, max_sessions="2")
    first, _second = (done(rsc, "access_token", **client(rsc)) for _unused in range(2))
    if choice == "refuse":
        words = "The account has as many sessions as the tenant allows: end one with session_revoke and target=self"
        assert words in refused(rsc, "access_token", **client(rsc))
        done(rsc, "session_revoke", token=first["token"], target="self")
    assert done(rsc, "access_token", **client(rsc))["changed"] is True
    assert do(rsc, "access_check", token=first["token"]).get("failed", False) is (choice != "off")


@pytest.mark.parametrize("choice", RSC["duplicate_code"].choices)
def test_a_name_that_somebody_else_took_meanwhile(appliance: Start, monkeypatch: pytest.MonkeyPatch, choice: str) -> None:
    rsc = appliance("rubrik_rsc", duplicate_names="rejected", duplicate_code=choice)
    done(rsc, "service_account", name="svc-one")
    platform = "ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.platform.RubrikRsc.service_accounts"
    monkeypatch.setattr(platform, lambda _platform, _name=None: [])
    message = refused(rsc, "service_account", name="svc-one")
    assert "a service account of this name exists" in message
    assert ("The account 'svc-one' is not there yet; the request may still be served." in message) is (choice == "500")


def test_roles_whose_name_is_not_unique(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", duplicate_role_name="yes")
    ids = sorted(id_ for id_, role in rsc.data()["roles"].items() if role["name"] == "Backup Operator")
    message = refused(rsc, "service_account", name="svc-one", roles=["Backup Operator"])
    assert f"2 roles are called 'Backup Operator': {ids[0]}, {ids[1]}. Name the one that is meant by its id." in message
    made = done(rsc, "service_account", name="svc-one", roles=[ids[0]])
    assert (made["roles"], made["role_ids"]) == (["Backup Operator"], [ids[0]])
    assert done(rsc, "service_account", name="svc-one", roles=[ids[0]])["changed"] is False
    assert done(rsc, "service_account", name="svc-one", roles=[ids[1]])["role_ids"] == [ids[1]]


@pytest.mark.parametrize("choice", RSC["empty_roles"].choices)
def test_accounts_without_roles(appliance: Start, choice: str) -> None:
    rsc = appliance("rubrik_rsc", empty_roles=choice)
    none: dict[str, Any] = {"name": "svc-ansible", "roles": []}
    if choice == "rejected":
        assert "name one with roles, or delete the account" in refused(rsc, "service_account", **none)
        assert "name one with roles" in refused(rsc, "service_account", name="svc-one")
        assert done(rsc, "access_check", **client(rsc))["roles"] == ["Read-only Administrator"]
    else:
        assert done(rsc, "service_account", **none)["roles"] == []
        assert "without one it cannot log in: give it one with service_account" in refused(rsc, "access_token", **client(rsc))


@pytest.mark.parametrize("null", RSC["description_null"].choices)
@pytest.mark.parametrize("empty", RSC["description_empty"].choices)
def test_a_description_that_is_cleared(appliance: Start, null: str, empty: str) -> None:
    rsc = appliance("rubrik_rsc", description_null=null, description_empty=empty)
    done(rsc, "service_account", name="svc-ansible", description="x")
    if empty == "keeps" and null != "clears":
        message = refused(rsc, "service_account", name="svc-ansible", description="")
        assert "neither an empty one nor none is taken. Set another description instead." in message
    else:
        assert done(rsc, "service_account", name="svc-ansible", description="")["description"] is None
        assert done(rsc, "service_account", name="svc-ansible", description="")["changed"] is False


@pytest.mark.parametrize("choice", RSC["revoked_token"].choices)
def test_a_token_that_was_revoked(appliance: Start, choice: str) -> None:
    rsc = appliance("rubrik_rsc", revoked_token=choice)
    token = done(rsc, "access_token", **client(rsc))["token"]
    done(rsc, "session_revoke", token=token, target="self")
    for module in ("access_check", "service_account_info"):
        message = refused(rsc, module, token=token)
        assert ("has expired" if choice == "expired" else "was revoked, has ended") in message
        assert "create a new one with access_token" in message
