# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated RSC account, without a server around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.rubrik_rsc import RUBRIK_RSC
from tests.simulator.rubrik_rsc._caller_fields import ORG_ID
from tests.simulator.tests._rsc_tenant import (
    ADMINISTRATOR,
    ASSIGN,
    CREATE,
    DELETE,
    GRAPHQL,
    LIST,
    ME,
    MINT,
    READ_ONLY,
    ROLES,
    ROTATE,
    SESSION,
    SWITCH,
    UNKNOWN,
    UPDATE,
    VERSION,
    Tenant,
    named,
)


def test_defaults_are_choices() -> None:
    for name, setting in RUBRIK_RSC.settings.items():
        assert setting.accepts(setting.default) or setting.choices == ("<text>",), name


def test_every_switch_is_tested() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_rsc_*.py"))
    assert [name for name in RUBRIK_RSC.settings if f"{name}=" not in text and f'"{name}"' not in text] == []


# Minting


@pytest.mark.parametrize("how", ["json", "data"])
@pytest.mark.parametrize("grant", [{}, {"grant_type": "client_credentials"}, {"name": "x"}])
def test_mint(how: str, grant: dict[str, str]) -> None:
    tenant = Tenant()
    body: dict[str, Any] = {how: {"client_id": tenant.id, "client_secret": tenant.secret, **grant}}
    status, answer = tenant.send("POST", MINT, **body)
    assert (status, set(answer)) == (200, {"client_id", "access_token", "expires_in"})
    assert (answer["client_id"], answer["expires_in"]) == (tenant.id, 43200)
    assert tenant.get(ME, token=answer["access_token"])["id"] == tenant.id


def test_mint_needs_all_of_it() -> None:
    tenant = Tenant()
    good = {"client_id": tenant.id, "client_secret": tenant.secret}
    for body in ({}, {"client_id": tenant.id}, {**good, "client_id": 5}, {**good, "grant_type": "password"}):
        assert tenant.send("POST", MINT, json=body)[0] == 400
    # users forget the prefix
    assert tenant.mint(tenant.id.removeprefix("client|"))[0] == 403


def test_token_seconds() -> None:
    tenant = Tenant(token_seconds="900")
    answer = tenant.mint()[1]
    assert answer["expires_in"] == 900
    tenant.clock.advance(890)
    assert tenant.code(VERSION, token=answer["access_token"]) is None
    tenant.clock.advance(11)
    for method, path in (("POST", GRAPHQL), ("DELETE", SESSION)):
        status, error = tenant.send(method, path, answer["access_token"])
        assert (status, error["message"]) == (401, "JWT validation failed: TIME_CONSTRAINT_FAILURE")


@pytest.mark.parametrize(("status", "name"), [(403, "PERMISSION_DENIED"), (401, "UNAUTHENTICATED"), (400, "INVALID_"), (404, "NOT_FOUND")])
def test_unknown_client_status(status: int, name: str) -> None:
    answered, error = Tenant(unknown_client_status=str(status)).mint(UNKNOWN)
    assert (answered, error["code"]) == (status, status)
    assert error["message"].startswith(name)


@pytest.mark.parametrize(("mode", "status"), [("refused", 403), ("accepted", 200)])
def test_no_roles_login(mode: str, status: int) -> None:
    tenant = Tenant(no_roles_login=mode, service_account_role="none")
    assert tenant.mint()[0] == status
    assert status == 403 or tenant.get(ME, token=tenant.token())["roles"] == []


@pytest.mark.parametrize("status", [403, 401, 400, 500])
def test_ip_allow_list(status: int) -> None:
    tenant = Tenant(ip_allow_list="blocked", ip_block_status=str(status))
    answered, error = tenant.mint()
    assert (answered, error["message"]) == (status, "cannot process audit object")
    allowed = Tenant().get("{ ipWhitelistSettings { enabled mode isInheritedFromGlobal } }")
    assert allowed == {"enabled": False, "mode": "ALL_USERS", "isInheritedFromGlobal": False}


def test_org_service_accounts() -> None:
    assert Tenant(org_service_accounts="disabled").mint()[0] == 403
    assert Tenant().get("{ isOrgServiceAccountDisabled }") is False


def test_lockout_after() -> None:
    for mode, after in (("0", 200), ("3", 403)):
        tenant = Tenant(lockout_after=mode)
        assert [tenant.mint(client_secret="wrong")[0] for _unused in range(3)] == [401] * 3
        assert tenant.mint()[0] == after
        tenant.clock.advance(901)
        assert tenant.mint()[0] == 200
    # the count is of wrong ones in a row
    tenant = Tenant(lockout_after="3")
    statuses = [tenant.mint(client_secret=secret)[0] for secret in ("wrong", "wrong", None, "wrong", "wrong", None)]
    assert statuses == [401, 401, 200, 401, 401, 200]


@pytest.mark.parametrize(("mode", "status", "first"), [("off", 200, 200), ("refuse", 403, 200), ("end_oldest", 200, 401)])
def test_session_limit(mode: str, status: int, first: int) -> None:
    tenant = Tenant(session_limit=mode, max_sessions="2")
    oldest, second = tenant.token(), tenant.token()
    assert tenant.mint()[0] == status
    assert tenant.ask(VERSION, token=oldest)[0] == first
    tenant.send("DELETE", SESSION, second)
    assert tenant.mint()[0] == 200


@pytest.mark.parametrize("code", [404, 403])
def test_unknown_org(code: int) -> None:
    tenant = Tenant(unknown_org=str(code))
    assert tenant.code(SWITCH, {"input": {"orgId": "x"}}) == code
    token = tenant.token()
    switched = tenant.get(SWITCH, {"input": {"orgId": ORG_ID}}, token)["accessToken"]
    assert tenant.get(ME, token=switched)["id"] == tenant.id
    # a session of its own
    assert tenant.send("DELETE", SESSION, token)[0] == 204
    assert tenant.get(VERSION, token=switched) == "v20261012-1"
    assert tenant.send("DELETE", SESSION, switched)[0] == 204
    assert tenant.ask(VERSION, token=switched)[0] == 401


def test_cdm_cluster() -> None:
    tenant = Tenant()
    body = {"client_id": tenant.id, "client_secret": tenant.secret, "cluster_uuid": tenant.account["cluster_uuid"]}
    path = "/api/cdm_client_token"
    status, answer = tenant.send("POST", path, json=body)
    assert (status, set(answer["session"])) == (200, {"id", "token", "expiration"})
    minutes = [tenant.send("POST", path, json={**body, "session_ttl_minutes": number})[0] for number in (0, 1440, 1441, -1, "5")]
    assert minutes == [200, 200, 400, 400, 400]
    assert tenant.send("POST", path, json={**body, "cluster_uuid": "x"})[0] == 404
    assert tenant.send("POST", path, json={**body, "client_secret": "x"})[0] == 401
    offline = Tenant(cdm_cluster="disconnected", service_account_client_secret="s")
    body = {"client_id": offline.id, "client_secret": "s", "cluster_uuid": offline.account["cluster_uuid"]}
    status, error = offline.send("POST", path, json=body)
    assert (status, error["message"]) == (500, "UNKNOWN: cdm cluster disconnected")


# Ending


@pytest.mark.parametrize(
    ("shape", "status", "message"),
    [("credentials", 401, "Missing or invalid"), ("expired", 401, "TIME_CONSTRAINT_FAILURE"), ("graphql", 200, "JWT is missing.")],
)
def test_revoked_token(shape: str, status: int, message: str) -> None:
    tenant = Tenant(revoked_token=shape)
    token = tenant.token()
    assert tenant.send("DELETE", SESSION, token) == (204, None)
    answered, error = tenant.ask(VERSION, token=token)
    assert answered == status
    assert message in str(error)
    assert status == 401 or error["errors"][0]["extensions"]["code"] == 401
    # only that session
    assert tenant.mint()[0] == 200


@pytest.mark.parametrize("status", [401, 204])
def test_revoke_again(status: int) -> None:
    tenant = Tenant(revoke_again=str(status))
    token = tenant.token()
    assert [tenant.send("DELETE", SESSION, token)[0] for _unused in range(3)] == [204, status, status]
    assert tenant.send("DELETE", SESSION, "x")[0] == 401


def test_revocation_seconds() -> None:
    tenant = Tenant(revocation_seconds="30")
    token = tenant.token()
    assert tenant.send("DELETE", SESSION, token)[0] == 204
    assert tenant.ask(VERSION, token=token)[0] == 200
    tenant.clock.advance(31)
    assert tenant.ask(VERSION, token=token)[0] == 401


def test_old_secret_seconds() -> None:
    for seconds, first in (("0", 401), ("60", 200)):
        tenant = Tenant(old_secret_seconds=seconds)
        new = tenant.get(ROTATE, {"input": {"id": tenant.id}})["clientSecret"]
        assert new != tenant.secret
        assert [tenant.mint(client_secret=one)[0] for one in (tenant.secret, new)] == [first, 200]
        states = [
            one["state"] for one in tenant.platform.credentials() if one["account"] == "svc-ansible" and one["kind"] == "client_secret"
        ]
        assert states == ["live" if first == 200 else "rotated", "live"]
        tenant.clock.advance(61)
        assert tenant.mint()[0] == 401


def test_new_secret_seconds() -> None:
    tenant = Tenant(new_secret_seconds="20")
    # what was there at the start is not new
    assert tenant.mint()[0] == 200
    new = tenant.get(ROTATE, {"input": {"id": tenant.id}})["clientSecret"]
    created = tenant.create()
    assert [tenant.mint(client_secret=new)[0], tenant.mint(created["clientId"], created["clientSecret"])[0]] == [401, 401]
    tenant.clock.advance(20)
    assert [tenant.mint(client_secret=new)[0], tenant.mint(created["clientId"], created["clientSecret"])[0]] == [200, 200]


@pytest.mark.parametrize(("mode", "status"), [("kept", 200), ("ended", 401)])
def test_rotate_tokens(mode: str, status: int) -> None:
    tenant = Tenant(rotate_tokens=mode)
    token = tenant.token()
    tenant.get(ROTATE, {"input": {"id": tenant.id}})
    assert tenant.ask(VERSION, token=token)[0] == status


@pytest.mark.parametrize(("mode", "status"), [("ended", 401), ("kept", 200)])
@pytest.mark.parametrize("role_change", ["live", "at_mint"])
def test_delete_tokens(mode: str, status: int, role_change: str) -> None:
    tenant = Tenant(delete_tokens=mode, role_change=role_change)
    token = tenant.token()
    assert tenant.get(DELETE, {"input": {"ids": [tenant.id]}}) is True
    assert tenant.ask(VERSION, token=token)[0] == status
    assert tenant.mint()[0] == 403
    assert tenant.entry(tenant.id) is None
    if status == 200:
        me = tenant.get(ME, token=token)
        assert (me["id"], me["lastLogin"], [one["id"] for one in me["roles"]]) == (tenant.id, None, [READ_ONLY])


@pytest.mark.parametrize(("mode", "status", "code"), [("live", 200, 403), ("at_mint", 200, None), ("ends_tokens", 401, 16)])
def test_role_change(mode: str, status: int, code: int | None) -> None:
    tenant = Tenant(role_change=mode)
    token = tenant.token()
    operator = tenant.role_id("Backup Operator")
    # what stays the same ends nothing
    tenant.get(ASSIGN, {"users": [tenant.id], "roles": [READ_ONLY]})
    assert tenant.ask(LIST, token=token)[0] == 200
    tenant.get(ASSIGN, {"users": [tenant.id], "roles": [operator]})
    assert tenant.ask(LIST, token=token)[0] == status
    assert tenant.code(LIST, token=token) == code


def test_role_approval() -> None:
    tenant = Tenant(role_approval="waits")
    assert tenant.get(ASSIGN, {"users": [tenant.id], "roles": [tenant.role_id("Backup Operator")]}) is True
    entry = tenant.entry(tenant.id) or {}
    assert [one["id"] for one in entry["roles"]] == [READ_ONLY]


SYNCS = "query allPendingActions($ids: [String!]) { allPendingActions(objectIds: $ids) { status info } }"


@pytest.mark.parametrize(
    ("secret_sync", "statuses"),
    [
        ("not_told", [[], [], []]),
        ("told", [["QUEUED"], ["IN_PROGRESS"], ["SUCCEEDED"]]),
        ("fails", [["QUEUED"], ["IN_PROGRESS"], ["FAILED"]]),
    ],
)
def test_secret_sync(secret_sync: str, statuses: list[list[str]]) -> None:
    tenant = Tenant(secret_sync=secret_sync, sync_seconds="60")
    tenant.get(ROTATE, {"input": {"id": tenant.id}})
    told = []
    for _number in range(3):
        told.append([one["status"] for one in tenant.get(SYNCS, {"ids": [tenant.id]})])
        tenant.clock.advance(31)
    assert told == statuses
    assert tenant.get(SYNCS, {"ids": ["another"]}) == []


def test_secret_sync_is_refused() -> None:
    assert Tenant(secret_sync="refused").code(SYNCS, {"ids": []}) == 403


# Service accounts


@pytest.mark.parametrize(("form", "code"), [("both", None), ("full", 404)])
def test_id_form(form: str, code: int | None) -> None:
    tenant = Tenant(id_form=form)
    bare = tenant.id.removeprefix("client|")
    assert tenant.code(UPDATE, {"input": {"id": bare, "description": "x"}}) == code
    assert tenant.code(ASSIGN, {"users": [bare], "roles": [READ_ONLY]}) == code
    assert tenant.code(ROTATE, {"input": {"id": bare}}) == code
    assert tenant.code(DELETE, {"input": {"ids": [bare]}}) == code


def test_client_id_form() -> None:
    tenant = Tenant(client_id_form="legacy")
    assert {len(one) for one in (tenant.id, tenant.create()["clientId"])} == {len("client|") + 32}
    assert tenant.mint()[0] == 200


@pytest.mark.parametrize("code", [400, 409, 500])
def test_duplicate_names(code: int) -> None:
    tenant = Tenant(duplicate_names="rejected", duplicate_code=str(code))
    jane = {"input": {"name": "jane", "roleIds": []}}
    assert [tenant.code(CREATE, jane) for _unused in range(2)] == [None, code]
    tenant = Tenant()
    assert tenant.create()["clientId"] != tenant.create()["clientId"]
    assert tenant.code(CREATE, {"input": {"name": " ", "roleIds": []}}) == 400


@pytest.mark.parametrize(("mode", "code"), [("accepted", None), ("rejected", 400)])
def test_empty_roles(mode: str, code: int | None) -> None:
    tenant = Tenant(empty_roles=mode)
    assert tenant.code(CREATE, {"input": {"name": "jane", "roleIds": []}}) == code
    assert tenant.code(ASSIGN, {"users": [tenant.id], "roles": []}) == code


@pytest.mark.parametrize("code", [404, 400, 403, 500])
def test_unknown_things(code: int) -> None:
    tenant = Tenant(unknown_id=str(code), unknown_role=str(code))
    for query, variables in (
        (UPDATE, {"input": {"id": UNKNOWN}}),
        (ROTATE, {"input": {"id": UNKNOWN}}),
        (DELETE, {"input": {"ids": [UNKNOWN]}}),
        (ASSIGN, {"users": [tenant.id, UNKNOWN], "roles": [ADMINISTRATOR]}),
        # names are no ids
        (ASSIGN, {"users": [tenant.id], "roles": ["Administrator"]}),
        (CREATE, {"input": {"name": "jane", "roleIds": ["Administrator"]}}),
        ('{ getRolesByIds(roleIds: ["Administrator"]) { id } }', None),
        ('mutation { addRoleAssignments(groupIds: ["x"], roleIds: []) }', None),
    ):
        assert tenant.code(query, variables) == code
    assert tenant.code(ASSIGN, {"users": [], "roles": [ADMINISTRATOR]}) == 400
    assert tenant.code(DELETE, {"input": {"ids": []}}) == 400
    # nothing happened
    assert [one["roles"][0]["id"] for one in tenant.get(LIST)["nodes"]] == [ADMINISTRATOR, READ_ONLY]


@pytest.mark.parametrize(
    ("mode", "code", "result", "left"),
    [("error", 404, None, 2), ("partial_error", 404, None, 1), ("true", None, True, 1), ("false", None, False, 1)],
)
def test_delete_unknown(mode: str, code: int | None, result: bool | None, left: int) -> None:
    tenant = Tenant(delete_unknown=mode)
    variables = {"input": {"ids": [tenant.id, UNKNOWN]}}
    if code is None:
        assert tenant.get(DELETE, variables) is result
    else:
        assert tenant.code(DELETE, variables) == code
    assert tenant.get(LIST)["count"] == left


NO_DESCRIPTION: dict[str, dict[str, Any]] = {
    "description_null": {"description": None},
    "description_omitted": {},
    "description_empty": {"description": ""},
}


@pytest.mark.parametrize(("setting", "mode"), [(name, mode) for name in NO_DESCRIPTION for mode in RUBRIK_RSC.settings[name].choices])
def test_description(setting: str, mode: str) -> None:
    given = NO_DESCRIPTION[setting]
    shown = {"clears": "", "keeps": "old", "rejected": None}[mode]
    tenant = Tenant(**{setting: mode})
    client_id = tenant.create(description="old")["clientId"]
    variables = {"input": {"id": client_id, **given}}
    if shown is None:
        assert tenant.code(UPDATE, variables) == 400
    else:
        assert tenant.get(UPDATE, variables)["description"] == shown
    entry = tenant.entry(client_id)
    assert entry is not None
    assert entry["description"] == ("old" if shown is None else shown)


@pytest.mark.parametrize(("mode", "code"), [("accepted", None), ("refused", 400)])
def test_changing_oneself(mode: str, code: int | None) -> None:
    tenant = Tenant(self_rotate=mode, self_delete=mode)
    own = tenant.administrator["client_id"]
    assert tenant.code(ROTATE, {"input": {"id": own}}) == code
    assert tenant.code(DELETE, {"input": {"ids": [own]}}) == code
    assert (tenant.platform.admin() == {}) == (mode == "accepted")


def test_tpr_policies() -> None:
    tenant = Tenant(tpr_policies="2")
    suspended = [tenant.get(ROTATE, {"input": {"id": tenant.id}})["suspendedTprPolicyIds"] for _unused in range(2)]
    assert suspended == [["policy-1", "policy-2"], []]


@pytest.mark.parametrize(
    ("role", "codes"),
    [
        ("Administrator", [None] * 7),
        ("Owner", [None] * 7),
        ("Read-only Administrator", [None, None, 403, 403, 403, 403, 403]),
        ("Account Manager", [None, None, None, None, 403, None, 403]),
        ("Secret Rotator", [None, 403, 403, 403, None, 403, 403]),
        ("Backup Operator", [403] * 7),
    ],
)
def test_service_account_role(role: str, codes: list[int | None]) -> None:
    tenant = Tenant(service_account_role=role)
    token = tenant.token()
    other = tenant.create()["clientId"]
    set_config = "mutation ($input: SetUserSessionManagementConfigInput!) { setUserSessionManagementConfig(input: $input) { __typename } }"
    config = {
        "clientSessionTimeoutInSeconds": 3600,
        "sessionTimeoutInSeconds": 3600,
        "inactivityTimeoutInSeconds": 3600,
        "maxConcurrentSessions": 3,
        "isConcurrentSessionLimitationEnabled": False,
        "isInactivityTimeoutEnabled": False,
    }
    asked: list[tuple[str, dict[str, Any] | None]] = [
        (LIST, None),
        (ROLES, None),
        (CREATE, {"input": {"name": "x", "roleIds": []}}),
        (UPDATE, {"input": {"id": other, "description": "x"}}),
        (ROTATE, {"input": {"id": other}}),
        (ASSIGN, {"users": [other], "roles": []}),
        (set_config, {"input": config}),
    ]
    assert [tenant.code(query, variables, token) for query, variables in asked] == codes
    # who may do nothing may still ask who they are
    assert tenant.get(ME, token=token)["roles"][0]["name"] == role
    assert tenant.get(ME, token=token)["isAccountOwner"] == (role == "Owner")


# Lists


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("contains", ["Extra-x", "extra-0001", "my-extra"]),
        ("contains_case", ["extra-0001", "my-extra"]),
        ("prefix", ["Extra-x", "extra-0001"]),
        ("exact", []),
        ("ignored", ["Extra-x", "admin", "extra-0001", "my-extra", "svc-ansible"]),
    ],
)
def test_search(mode: str, found: list[str]) -> None:
    tenant = Tenant(search=mode, extra_accounts="1")
    for name in ("my-extra", "Extra-x"):
        tenant.create(name)
    page = tenant.get(LIST, {"text": "extra"})
    assert ([named(one) for one in page["nodes"]], page["count"]) == (found, len(found))
    assert [named(one) for one in tenant.get(LIST, {"text": "EXTRA-0001"})["nodes"]] == {
        "contains_case": [],
        "ignored": found,
    }.get(mode, ["extra-0001"])
    assert tenant.get(LIST, {"text": ""})["count"] == 5
    roles = [named(one) for one in tenant.get(ROLES, {"text": "Backup"})["nodes"]]
    assert ("Backup Operator" in roles) == (mode != "exact")


def pages(tenant: Tenant, first: int | None = None, order: str = "ASC", backwards: bool = False) -> list[list[str]]:
    """Return the names on all pages."""
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        step = {"last": first, "before": cursor} if backwards else {"first": first, "after": cursor}
        page = tenant.get(LIST, {"order": order, **step})
        assert len(page["edges"]) == len(page["nodes"])
        found.append([named(one) for one in page["nodes"]])
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            return found
        cursor = info["startCursor" if backwards else "endCursor"]


@pytest.mark.parametrize("cursor", ["entry", "position"])
def test_pages(cursor: str) -> None:
    tenant = Tenant(cursor=cursor, extra_accounts="3", page_size="2")
    names = ["admin", "extra-0001", "extra-0002", "extra-0003", "svc-ansible"]
    assert pages(tenant) == [names[:2], names[2:4], names[4:]]
    assert pages(tenant, 4) == [names[:4], names[4:]]
    assert pages(tenant, 5) == [names]
    assert pages(tenant, 4, "DESC") == [names[:0:-1], names[:1]]
    assert pages(tenant, 2, backwards=True) == [names[3:], names[1:3], names[:1]]
    assert pages(tenant, 2, "DESC", backwards=True) == [names[1::-1], names[3:1:-1], names[4:]]
    nobody = tenant.get(LIST, {"text": "nobody"})
    assert (nobody["count"], nobody["nodes"], nobody["pageInfo"]["endCursor"], nobody["pageInfo"]["hasNextPage"]) == (0, [], "", False)
    for bad in ("x", "e30=", "WyJ4Il0", "WzEsIDJd"):
        assert tenant.code(LIST, {"after": bad}) == 400
    assert [tenant.code(LIST, {"first": number}) for number in (0, -1)] == [400, 400]


@pytest.mark.parametrize(("cursor", "missed"), [("entry", False), ("position", True)])
def test_cursor_in_a_list_that_changes(cursor: str, missed: bool) -> None:
    tenant = Tenant(cursor=cursor, extra_accounts="3")
    first = tenant.get(LIST, {"first": 2})
    tenant.get(DELETE, {"input": {"ids": [first["nodes"][1]["clientId"]]}})
    second = tenant.get(LIST, {"first": 9, "after": first["pageInfo"]["endCursor"]})
    assert [named(one) for one in second["nodes"]] == [*([] if missed else ["extra-0002"]), "extra-0003", "svc-ansible"]


@pytest.mark.parametrize(("mode", "code"), [("capped", None), ("rejected", 400)])
def test_page_size_over(mode: str, code: int | None) -> None:
    tenant = Tenant(page_size_over=mode, page_size_max="3", extra_accounts="3")
    assert tenant.code(LIST, {"first": 4}) == code
    assert len(tenant.get(LIST)["nodes"]) == 3
    assert code or len(tenant.get(LIST, {"first": 4})["nodes"]) == 3


@pytest.mark.parametrize(("mode", "order"), [("name", ["admin", "anna", "svc-ansible"]), ("creation", ["admin", "svc-ansible", "anna"])])
def test_list_order(mode: str, order: list[str]) -> None:
    tenant = Tenant(list_order=mode)
    tenant.create("anna")
    assert [named(one) for one in tenant.get(LIST)["nodes"]] == order
    by_name = tenant.get("{ serviceAccounts(sortBy: NAME) { nodes { name } } }")
    assert [named(one) for one in by_name["nodes"]] == ["admin", "anna", "svc-ansible"]
    roles = [named(one) for one in tenant.get(ROLES)["nodes"]]
    assert (roles == sorted(roles)) == (mode == "name")


def test_list_filters() -> None:
    tenant = Tenant()
    assert [named(one) for one in tenant.get(LIST, {"roles": [READ_ONLY.upper()]})["nodes"]] == ["svc-ansible"]
    query = "query ($r: [UUID!]) { getAllRolesInOrgConnection(sortBy: ASSIGNMENT, assignedRoleIds: $r) { nodes { id } } }"
    assert tenant.get(query, {"r": [READ_ONLY]})["nodes"][0]["id"] == READ_ONLY
    assert tenant.get("{ getAllRolesInOrgConnection(roleSyncedFilter: true) { count } }")["count"] == 0
    found = tenant.get("query ($r: [String!]!) { getRolesByIds(roleIds: $r) { name isReadOnly } }", {"r": [READ_ONLY]})
    assert found == [{"name": "Read-only Administrator", "isReadOnly": True}]


def test_duplicate_role_name() -> None:
    for mode, number in (("no", 1), ("yes", 2)):
        roles = Tenant(duplicate_role_name=mode).get(ROLES)
        assert len([one for one in roles["nodes"] if one["name"] == "Backup Operator"]) == number
        assert len({one["id"] for one in roles["nodes"]}) == roles["count"] == 5 + number


# The caller and the RSC account


@pytest.mark.parametrize(("mode", "start"), [("client_id", "client|"), ("bare", ""), ("other", "user-")])
def test_current_user_id(mode: str, start: str) -> None:
    tenant = Tenant(current_user_id=mode)
    shown = tenant.get(ME, token=tenant.token())["id"]
    assert shown.startswith(start)
    assert (shown in tenant.id) == (mode != "other")


@pytest.mark.parametrize("domain", ["CLIENT", "LOCAL", "SSO"])
def test_current_user_domain(domain: str) -> None:
    assert Tenant(current_user_domain=domain).get(ME)["domain"] == domain


@pytest.mark.parametrize("mode", ["name", "client_id", "empty"])
def test_current_user_name_and_email(mode: str) -> None:
    tenant = Tenant(current_user_name=mode, current_user_email=mode)
    me = tenant.get(ME, token=tenant.token())
    assert me["username"] == me["email"] == {"name": "svc-ansible", "client_id": tenant.id, "empty": ""}[mode]


def test_login_context() -> None:
    tenant = Tenant(account="acme", service_account="svc-x")
    context = tenant.get("{ currentUserLoginContext { accountName orgId orgName orgFullName user { username patId status } } }")
    assert context["accountName"] == "acme"
    assert context["user"] == {"username": "admin", "patId": "", "status": "ACTIVE"}
    answer = tenant.ask("{ accountId deploymentVersion currentIpAddress }")[1]["data"]
    assert answer == {"accountId": "acme-id", "deploymentVersion": "v20261012-1", "currentIpAddress": "127.0.0.1"}
    orgs = (
        "query ($t: String) { orgsForPrincipal(orgSearchFilter: $t) { allOrgs { id name isServiceAccountDisabled orgAdminRole { id } } } }"
    )
    assert [len(tenant.get(orgs, {"t": text})["allOrgs"]) for text in (None, "glob", "x")] == [1, 1, 0]
    assert tenant.platform.service_account()["name"] == "svc-x"


def test_session_config() -> None:
    query = "{ userSessionManagementConfig { config { clientSessionTimeoutInSeconds clientSessionTimeoutInSecondsMaxLimit } } }"
    assert Tenant(session_config="null").get(query) == {"config": None}
    tenant = Tenant()
    assert tenant.get(query)["config"] == {"clientSessionTimeoutInSeconds": 43200, "clientSessionTimeoutInSecondsMaxLimit": 86400}
    change = """mutation ($input: SetUserSessionManagementConfigInput!) { setUserSessionManagementConfig(input: $input) {
        config { clientSessionTimeoutInSeconds maxConcurrentSessions } } }"""
    values = {
        "clientSessionTimeoutInSeconds": 3600,
        "sessionTimeoutInSeconds": 3600,
        "inactivityTimeoutInSeconds": 600,
        "maxConcurrentSessions": 7,
        "isConcurrentSessionLimitationEnabled": False,
        "isInactivityTimeoutEnabled": True,
    }
    assert tenant.get(change, {"input": values})["config"] == {"clientSessionTimeoutInSeconds": 3600, "maxConcurrentSessions": 7}
    assert tenant.mint()[1]["expires_in"] == 3600
    assert tenant.code(change, {"input": {**values, "clientSessionTimeoutInSeconds": 90000}}) == 400
    assert tenant.ask(change, {"input": {**values, "clientSessionTimeoutInSeconds": 2**63}})[0] == 400
    assert tenant.ask(change, {"input": {**values, "clientSessionTimeoutInSeconds": True}})[0] == 400


def test_given_secrets() -> None:
    tenant = Tenant(admin_client_secret="a", service_account_client_secret="s")
    assert tenant.administrator["client_secret"] == "a"
    assert [tenant.mint(client_secret="s")[0], tenant.mint(client_secret="a")[0]] == [200, 401]
