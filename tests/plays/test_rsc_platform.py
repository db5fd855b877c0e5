# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Rubrik Security Cloud against the simulated account in this process, under every choice of every setting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    ForbiddenError,
    OptionError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.platform import RubrikRsc
from tests.simulator.rubrik_rsc import RUBRIK_RSC
from tests.simulator.rubrik_rsc._caller_fields import ORG_ID
from tests.simulator.tests._rsc_tenant import ADMINISTRATOR, READ_ONLY, SESSION, Tenant
from tests.unit.module_utils.wire import Response

# Values of the settings that take any number, and what else they need to matter.
NUMBERS = {
    "extra_accounts": "230",
    "tpr_policies": "2",
    "token_seconds": "300",
    "lockout_after": "3",
    "max_sessions": "9",
    "revocation_seconds": "30",
    "old_secret_seconds": "30",
    "new_secret_seconds": "30",
    "page_size": "1",
    "page_size_max": "2",
    "account_flag_errors": "3",
    "sync_seconds": "30",
}
CHOICES: list[dict[str, str]] = [
    {name: choice}
    for name, setting in RUBRIK_RSC.settings.items()
    for choice in ([NUMBERS[name]] if setting.choices == ("<integer>",) else setting.choices)
    if choice != "<text>"
]
CHOICES += [
    {"page_size_max": "2", "page_size_over": "rejected", "cursor": "position", "list_order": "creation"},
    {"page_size_max": "2", "page_size_over": "rejected", "page_size": "1", "extra_accounts": "5"},
    {"description_empty": "keeps", "description_omitted": "keeps"},
    {"id_form": "full", "client_id_form": "legacy"},
    {"role_change": "ends_tokens", "rotate_tokens": "ended", "delete_tokens": "ended", "revoked_token": "graphql"},
    {"current_user_id": "other", "current_user_domain": "SSO", "current_user_name": "empty"},
    {"duplicate_role_name": "yes", "search": "ignored"},
    {"session_limit": "refuse", "max_sessions": "5"},
    {"session_limit": "end_oldest", "max_sessions": "5"},
    *({"schema": schema, "validation_status": "200"} for schema in RUBRIK_RSC.settings["schema"].choices),
]
ROLES_WAIT = {"role_approval": "waits"}
NOBODY = ({"ip_allow_list": "blocked"}, {"org_service_accounts": "disabled"})


def named(settings: dict[str, str]) -> str:
    return " ".join(f"{name}={choice}" for name, choice in settings.items())


def can_log_in(settings: dict[str, str]) -> bool:
    """Tell whether the service account can."""
    return settings not in (*NOBODY, {"service_account_role": "none"})


def role_id(tenant: Tenant, name: str) -> str:
    """Return the id of the first role of this name, looked up in the account's data."""
    return next(str(one["id"]) for one in tenant.platform.dump()["roles"].values() if one["name"] == name)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _pause: None)


def connect(tenant: Tenant, **how: Any) -> RubrikRsc:
    """Return the platform, as the administrator unless told otherwise, on a wire that ends in this process."""
    admin = {"client_id": tenant.administrator["client_id"], "client_secret": tenant.administrator["client_secret"]}
    options = {"platform": "rubrik_rsc", "endpoint": "tenant.example.com", **(admin if "token" not in how else {}), **how}
    one = RubrikRsc(resolve_connection(options, {}))

    def request(method: str, url: str, *, json: Any, headers: Any, auth: Any, **_how: Any) -> Response:
        parts = urlsplit(url)
        assert parts.hostname == "tenant.example.com"
        flask = tenant.platform.app.test_client()

        class Prepared:
            headers: dict[str, str]

        prepared = Prepared()
        prepared.headers = dict(headers)
        answer = flask.open(parts.path, method=method, json=json, headers=auth(prepared).headers)
        return Response(answer.status_code, dict(answer.headers), answer.data)

    session: Any = one.http._session
    session.request = request
    return one


def as_service_account(tenant: Tenant, **how: Any) -> RubrikRsc:
    return connect(tenant, **{"client_id": tenant.id, "client_secret": tenant.secret, **how})


def sessions(tenant: Tenant) -> int:
    """Return how many sessions are live once revocations have spread."""
    tenant.clock.advance(tenant.platform.settings.number("revocation_seconds"))
    return sum(one["kind"] == "session" and one["state"] == "live" for one in tenant.platform.credentials())


def only(one: Platform, name: str) -> AccountState:
    (state,) = one.service_accounts(name)
    return state


def apply(one: Platform, state: AccountState, roles: set[str]) -> None:
    """Give an account these roles, by name or id."""
    give, take = one.role_steps(state, one.checked_account(replace(state, roles=frozenset(roles)), state))
    assert take == []
    for _words, act in give:
        act()


@pytest.mark.parametrize("settings", [one for one in CHOICES if one not in (*NOBODY, ROLES_WAIT)], ids=named)
def test_life_of_a_service_account(settings: dict[str, str]) -> None:
    tenant = Tenant(**settings)
    with connect(tenant) as one:
        rotator, manager = role_id(tenant, "Secret Rotator"), role_id(tenant, "Account Manager")
        wish = AccountState(Account("", "svc-new"), frozenset({"Secret Rotator"}), attributes={"description": "a robot"})
        created, first = one.create_account(one.checked_account(wish, None))
        assert first is not None
        state = only(one, "svc-new")
        assert (state.account, state.roles, state.attributes) == (created.account, created.roles, created.attributes)
        assert (state.account.id, state.roles, state.role_names) == (first.client_id, frozenset({rotator}), {rotator: "Secret Rotator"})

        one.update_account(state, {"description": "it"})
        assert only(one, "svc-new").attributes == {"description": "it"}
        one.update_account(state, {"description": None})
        assert only(one, "svc-new").attributes == {"description": None}

        apply(one, state, {"Account Manager", rotator})
        state = only(one, "svc-new")
        assert state.roles == frozenset({manager, rotator})
        wanted = one.checked_account(replace(state, roles=frozenset({"Account Manager", "Secret Rotator"})), state)
        assert one.role_steps(state, wanted)[0] == []

        second = one.rotate_secret(state, expire_sessions=False)
        assert (second.client_id, second.name, second.token_uri) == (first.client_id, "svc-new", first.token_uri)
        assert second.client_secret != first.client_secret
        tenant.clock.advance(30)
        with connect(tenant, client_id=second.client_id, client_secret=second.client_secret) as other:
            assert other.caller().account.id == second.client_id
            with pytest.raises(OptionError, match="no role 'nothing'"):
                other.checked_account(replace(wish, roles=frozenset({"nothing"})), None)
        one.delete_account(state)
        one.delete_account(state)
        assert one.service_accounts("svc-new") == []
        assert len(one.service_accounts()) == 2 + int(settings.get("extra_accounts", "0"))
        assert one.warnings == []
    assert sessions(tenant) == 0


def test_roles_that_wait_for_approval_are_not_reported_as_set() -> None:
    tenant = Tenant(**ROLES_WAIT)
    with connect(tenant) as one:
        before = only(one, "svc-ansible")
        with pytest.raises(AnswerError, match=r"does not have these roles: the change waits for approval \(quorum authorization\)"):
            apply(one, before, {"Account Manager"})
        assert only(one, "svc-ansible").roles == before.roles


@pytest.mark.parametrize("settings", CHOICES, ids=named)
def test_life_of_a_token(settings: dict[str, str]) -> None:
    tenant = Tenant(**{"service_account_role": "Read-only Administrator", **settings})
    if not can_log_in(settings):
        with pytest.raises(RequestError), as_service_account(tenant) as one:
            one.mint_token(None, None)
        return
    with as_service_account(tenant) as one:
        minted = one.mint_token(None, None)
    assert sessions(tenant) == 1
    with connect(tenant, token=minted.secret) as bearer:
        caller = bearer.caller()
        assert (caller.account.id, caller.token_id, caller.with_token) == (tenant.id, minted.credential.id, True)
        assert bearer.caller_roles() == (settings.get("service_account_role", "Read-only Administrator"),)
        assert bearer.is_account(tenant.id, caller.account)
        assert bearer.is_account(tenant.id.removeprefix("client|"), caller.account)
        seen = bearer.inspect_token(minted.secret)
        assert seen is not None
        assert (seen.id, seen.expires_at, seen.account.id) == (minted.credential.id, minted.credential.expires_at, tenant.id)
        own = bearer.own_token()
        assert own is not None
        assert (own.id, own.kind) == (minted.credential.id, "session")
        assert bearer.end_own_token(own)
        assert sessions(tenant) == 0
        assert bearer.inspect_token(minted.secret) is None
        if settings.get("revoke_again") == "204":
            assert bearer.end_own_token(own)
        else:
            with pytest.raises(AuthenticationError):
                bearer.end_own_token(own)
        with pytest.raises(AuthenticationError, match="create a new one with access_token"):
            bearer.service_accounts()
        assert bearer.warnings == []


@pytest.mark.parametrize("settings", CHOICES, ids=named)
def test_a_session_of_the_task_ends_with_it(settings: dict[str, str]) -> None:
    tenant = Tenant(**settings)
    if not can_log_in(settings):
        with pytest.raises(RequestError), as_service_account(tenant, organization_id=ORG_ID) as one:
            one.caller()
    else:
        old = settings.get("schema") == "2022-09-01"  # it has no way to switch to an organisation
        where = {} if old else {"organization_id": ORG_ID}
        with as_service_account(tenant, **where) as one:
            assert one.caller().account.id == tenant.id
            assert one.is_account("svc-ansible", one.caller().account)
            assert sessions(tenant) == 2 - old
            assert one.own_token() is None
    assert sessions(tenant) == 0


@pytest.mark.parametrize("status", ["200", "400"])
def test_a_schema_without_organizations(status: str) -> None:
    tenant = Tenant(schema="2022-09-01", validation_status=status)
    words = "organization_id needs a schema of April 2023 or later"
    with pytest.raises(RequestError, match=words), as_service_account(tenant, organization_id=ORG_ID) as one:
        one.caller()
    assert sessions(tenant) == 0


def test_who_is_told_no_name_and_may_not_look_it_up() -> None:
    one = as_service_account(Tenant(service_account_role="Backup Operator", current_user_name="empty"))
    with pytest.raises(ForbiddenError, match="name the account by its id"):
        one.is_account("svc-ansible", one.caller().account)


def test_an_expired_token() -> None:
    tenant = Tenant(token_seconds="300")
    token = tenant.token()
    tenant.clock.advance(301)
    one = connect(tenant, token=token)
    with pytest.raises(AuthenticationError, match="The token has expired: create a new one"):
        one.caller()
    assert one.inspect_token(token) is None


# What refuses a login -> what the user is told.
LOGINS: list[tuple[dict[str, str], dict[str, str], str]] = [
    *(({"ip_allow_list": "blocked", "ip_block_status": status}, {}, "not on the IP allow list") for status in ("403", "401", "400", "500")),
    *(
        ({"unknown_client_status": status}, {"client_id": "client|x"}, "which begins with client")
        for status in ("403", "401", "400", "404")
    ),
    ({}, {"client_secret": "canary-wrong"}, "incorrect client secret. The client secret is wrong"),
    ({"org_service_accounts": "disabled"}, {}, "disabled in this organisation"),
    ({"service_account_role": "none"}, {}, "without one it cannot log in"),
    ({"session_limit": "refuse", "max_sessions": "0"}, {}, "as many sessions as the tenant allows"),
]


@pytest.mark.parametrize(("settings", "how", "words"), LOGINS, ids=str)
def test_a_refused_login_says_why(settings: dict[str, str], how: dict[str, str], words: str) -> None:
    tenant = Tenant(**settings)
    for ask in (lambda one: one.caller(), lambda one: one.mint_token(None, None)):
        with pytest.raises(RequestError, match=words) as caught, as_service_account(tenant, **how) as one:
            ask(one)
        assert not caught.value.may_have_acted
        assert "canary" not in str(caught.value)
        assert tenant.secret not in str(caught.value)


def test_a_locked_account_says_so() -> None:
    tenant = Tenant(lockout_after="1")
    tenant.mint(client_secret="wrong")
    with pytest.raises(ForbiddenError, match="wait until the account is unlocked"):
        as_service_account(tenant).caller()


@pytest.mark.parametrize(("code", "kind"), [("404", RequestError), ("403", ForbiddenError)])
def test_an_unknown_organisation_leaves_no_session(code: str, kind: type[RequestError]) -> None:
    tenant = Tenant(unknown_org=code)
    for ask in (lambda one: one.caller(), lambda one: one.mint_token(None, None)):
        with pytest.raises(kind, match="Check organization_id"), as_service_account(tenant, organization_id="x") as one:
            ask(one)
        assert sessions(tenant) == 0


def test_the_organisation_of_a_users_token() -> None:
    tenant = Tenant()
    token = tenant.token()
    with connect(tenant, token=token, organization_id=ORG_ID) as one:
        own = one.own_token()
        assert own is not None
        assert own.id != one.caller().token_id
        assert sessions(tenant) == 2
        assert one.end_own_token(own)
    assert sessions(tenant) == 0


@pytest.mark.parametrize("role", ["Read-only Administrator", "Account Manager", "Secret Rotator", "Backup Operator"])
@pytest.mark.parametrize("schema", ["version", "2025-06-01"])
def test_a_missing_right_is_named(role: str, schema: str) -> None:
    tenant = Tenant(service_account_role=role, schema=schema)
    admin, one = connect(tenant), as_service_account(tenant)
    state = only(admin, "admin")
    wish = AccountState(Account("", "x"), frozenset({READ_ONLY}), attributes={})
    calls: dict[str, Callable[[], Any]] = {
        "VIEW_SERVICE_ACCOUNT": one.service_accounts,
        "VIEW_ROLE": lambda: one.checked_account(wish, None),
        "MANAGE_SERVICE_ACCOUNT": lambda: one.update_account(state, {"description": "x"}),
        "MANAGE_SERVICE_ACCOUNT_CREDENTIALS": lambda: one.rotate_secret(state, False),
        "ASSIGN_ROLE": lambda: apply(one, state, {ADMINISTRATOR, READ_ONLY} if role == "Account Manager" else set()),
    }
    rights = set(tenant.platform.dump()["roles"][role_id(tenant, role)]["rights"])
    if schema != "version":  # the rotation went with the management then
        right = "MANAGE_SERVICE_ACCOUNT_CREDENTIALS"
        rights = rights | {right} if "MANAGE_SERVICE_ACCOUNT" in rights else rights - {right}
    for right, call in calls.items():
        if right in rights:
            call()
            continue
        with pytest.raises(ForbiddenError, match=f"needs a role with the right {right}"):
            call()


@pytest.mark.parametrize("null", ["keeps", "rejected"])
def test_a_description_that_cannot_be_cleared(null: str) -> None:
    one = connect(Tenant(description_empty="keeps", description_null=null))
    one.update_account(only(one, "admin"), {"description": "x"})
    with pytest.raises(AnswerError, match=r"cannot clear the description of admin .*Set another description"):
        one.update_account(only(one, "admin"), {"description": None})


def test_a_tenant_that_wants_roles() -> None:
    one = connect(Tenant(empty_roles="rejected"))
    with pytest.raises(RequestError, match="name one with roles"):
        one.create_account(AccountState(Account("", "x"), frozenset()))
    with pytest.raises(RequestError, match="or delete the account"):
        apply(one, only(one, "svc-ansible"), set())
    assert only(one, "svc-ansible").roles == frozenset({READ_ONLY})


def test_an_account_without_roles() -> None:
    one = connect(Tenant())
    state, _secret = one.create_account(AccountState(Account("", "x"), frozenset()))
    assert only(one, "x").roles == state.roles == frozenset()
    apply(one, only(one, "svc-ansible"), set())
    assert only(one, "svc-ansible").roles == frozenset()


def test_a_role_name_that_is_not_unique() -> None:
    tenant = Tenant(duplicate_role_name="yes")
    one = connect(tenant)
    wish = AccountState(Account("", "x"), frozenset({"Backup Operator"}))
    with pytest.raises(OptionError, match=r"2 roles are called 'Backup Operator': .*by its id"):
        one.checked_account(wish, None)
    role = role_id(tenant, "Backup Operator")
    assert one.checked_account(replace(wish, roles=frozenset({role})), None).roles == frozenset({role})
    with pytest.raises(OptionError, match=f"no role '{tenant.id.removeprefix('client|')}'. There are: Account Manager, Administrator"):
        one.checked_account(replace(wish, roles=frozenset({tenant.id.removeprefix("client|")})), None)


@pytest.mark.parametrize("code", ["400", "409", "500"])
def test_a_name_that_exists(code: str) -> None:
    one = connect(Tenant(duplicate_names="rejected", duplicate_code=code))
    with pytest.raises(RequestError, match="a service account of this name exists"):
        one.create_account(AccountState(Account("", "admin"), frozenset({READ_ONLY})))


@pytest.mark.parametrize("mode", ["error", "partial_error", "true", "false"])
@pytest.mark.parametrize("code", ["404", "403", "400", "500"])
def test_deleting_what_is_gone_is_fine_and_what_stays_is_not(mode: str, code: str) -> None:
    tenant = Tenant(delete_unknown=mode, unknown_id=code, self_delete="refused")
    with connect(tenant) as one:
        state = only(one, "svc-ansible")
        one.delete_account(state)
        one.delete_account(state)
        with pytest.raises(RequestError, match="cannot do this to itself"):
            one.delete_account(only(one, "admin"))


def test_rotating_oneself() -> None:
    with connect(Tenant(self_rotate="refused")) as one, pytest.raises(RequestError, match="cannot do this to itself"):
        one.rotate_secret(only(one, "admin"), False)
    tenant = Tenant(rotate_tokens="ended")
    with connect(tenant) as one:
        one.rotate_secret(only(one, "admin"), False)
    assert (one.warnings, sessions(tenant)) == ([], 0)


def test_suspended_exemptions_are_told() -> None:
    with connect(Tenant(tpr_policies="2")) as one:
        one.rotate_secret(only(one, "svc-ansible"), False)
        (warning,) = one.warnings
        assert "policies policy-1, policy-2" in warning
        assert "RESTORE_SERVICE_ACCOUNT_TPR_EXEMPTION" in warning


@pytest.mark.parametrize("status", ["200", "400"])
@pytest.mark.parametrize("schema", ["2026-05-25", "2025-06-01", "2022-09-01"])
def test_an_old_schema_rotates_once(schema: str, status: str) -> None:
    tenant = Tenant(schema=schema, validation_status=status, tpr_policies="1")
    with connect(tenant) as one:
        one.rotate_secret(only(one, "svc-ansible"), False)
        assert one.warnings == []
    secrets = [one for one in tenant.platform.credentials() if one["kind"] == "client_secret" and one["account"] == "svc-ansible"]
    assert len(secrets) == 2


@pytest.mark.parametrize("body", ["empty", "html"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_a_proxy_answers(status: int, body: str) -> None:
    tenant = Tenant(gateway_body=body)
    with connect(tenant) as one:
        one.caller()
        tenant.faults.add(f"POST:/api/graphql:{status}:1")
        state = only(one, "svc-ansible")  # reading is repeated
        tenant.faults.add(f"POST:/api/graphql:{status}:1")
        with pytest.raises(RequestError, match="busy or down") as caught:
            one.rotate_secret(state, False)
        assert caught.value.may_have_acted == (status >= 500)
        tenant.faults.add(f"DELETE:{SESSION}:{status}:9")
    (warning,) = one.warnings
    assert "A session that this task opened could not be ended" in warning


@pytest.mark.parametrize("settings", [{}, {"validation_status": "200"}], ids=named)
def test_probes(settings: dict[str, str]) -> None:
    one = as_service_account(Tenant(service_account_role="Backup Operator", **settings))
    for query, status in (("{ accountId }", 200), ("{ serviceAccounts { count } }", 403), ("{ nothing }", 400)):
        assert one.probe("POST", "/api/graphql", {"query": query}).status == status
    assert one.probe("GET", "/api/nothing").status == 404
    assert one.probe("GET", "/nothing").status == 404
