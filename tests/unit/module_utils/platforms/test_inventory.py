# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""credential_info on a scripted wire, on all platforms: the requests to the byte, pages, missing rights, odd answers."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import (
    ACCESS_TOKEN,
    API_TOKEN,
    CLIENT_SECRET,
    KINDS,
    ROLE,
    S3_KEY,
    SESSION,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.credential_info import CREDENTIAL_INFO
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import execute, shared_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.inventory import administrators
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.queries import SECRETS
from tests.unit.module_utils.platforms.test_qumulo import JANE, TOKENS, meta
from tests.unit.module_utils.platforms.test_rubrik_cdm import (
    ACCOUNTS,
    CLIENT,
    ISSUER,
    LOGIN,
    ME,
    NO_ROUTE,
    OTHER,
    PRINCIPALS,
    UUID,
    V93,
    api_token,
    item,
    jwt,
    listed,
    page,
)
from tests.unit.module_utils.platforms.test_rubrik_cdm import VERSION as CDM_VERSION
from tests.unit.module_utils.platforms.test_rubrik_rsc import GRAPHQL, ID
from tests.unit.module_utils.wire import Exchange, Script

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
BEARER = {"qumulo": "access-v1:canary", "rubrik_cdm": jwt(), "rubrik_rsc": "canary-of-the-user"}
KEYS = {
    "kind",
    "id",
    "account",
    "account_id",
    "name",
    "created_at",
    "expires_at",
    "expires_known",
    "lifetime",
    "last_used_at",
    "enabled",
    "live",
    "creator",
    "administrator",
    "local",
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    monkeypatch.setattr(http_layer, "utc_now", lambda: NOW)


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs the operation as the module does, against a script."""

    def play(platform: str, *exchanges: Exchange, **options: Any) -> dict[str, Any]:
        script = Script(*exchanges).install(monkeypatch)
        unset = {name: spec.get("default") for name, spec in {**shared_arguments(), **CREDENTIAL_INFO.argument_spec}.items()}
        shared = {"platform": platform, "endpoint": "cluster.example.com:8000", "token": BEARER[platform]}
        result = execute(CREDENTIAL_INFO, {**unset, **shared, **options}, check_mode=False)
        script.done()
        assert "canary" not in str(result)
        assert BEARER[platform] not in str(result)
        for one in result.get("credentials", ()):
            if isinstance(one, dict):
                assert one.keys() == KEYS
        return result

    return play


def by_id(result: dict[str, Any], key: str) -> dict[str, Any]:
    return {one["id"]: one[key] for one in result["credentials"]}


# -- Qumulo Core

KEYS_PATH, MEMBERS = "/v1/s3/access-keys/", "/v1/auth/roles/Administrators/members"
NO_RIGHT: dict[str, Any] = {"status": 403, "answer": {"error_class": "x", "description": "missing privilege"}}
WHO = Exchange("GET", "/v1/session/who-am-i", {"id": "1002", "name": "jane"})
VERSION = Exchange("GET", "/v1/version", {"revision_id": "Qumulo Core 7.10.2.1"}, authorization=None)


def tokens(*found: Any, following: str | None = None, **more: Any) -> Exchange:
    return Exchange("GET", TOKENS, {"entries": list(found), "paging": {"next": following}}, **more)


def s3_keys(*found: Any, **more: Any) -> Exchange:
    return Exchange("GET", KEYS_PATH, {"entries": list(found), "paging": {"next": None}}, **more)


def members(*ids: str) -> Exchange:
    return Exchange("GET", MEMBERS, {"members": dict.fromkeys(ids, JANE), "paging": {"next": None}})


def s3_key(key_id: str, owner: dict[str, Any]) -> dict[str, Any]:
    return {"access_key_id": key_id, "owner": owner, "creation_time": "2026-12-06T01:14:39.5Z"}


def test_qumulo_pages_names_slots_and_states(run):
    bob = {"auth_id": "1003", "name": None, "domain": None}
    result = run(
        "qumulo",
        tokens(meta("1"), meta("2", enabled=False), following=f"{TOKENS}?after=2"),
        tokens(
            meta("2", enabled=False),  # shown on both pages
            meta("3", user=bob, creator={"auth_id": "500"}, expiration_time="2026-12-31T00:00:00Z"),
            query={"after": "2"},
        ),
        s3_keys(s3_key("AKID1", bob)),
        Exchange("GET", "/v1/users/", [{"id": "1003", "name": "bob"}, {"id": "500", "name": "admin"}]),
        members("500", "1002"),
        VERSION,
    )
    assert [(one["kind"], one["id"], one["account"]) for one in result["credentials"]] == [
        (ACCESS_TOKEN, "3", "bob"),
        (S3_KEY, "AKID1", "bob"),
        (ACCESS_TOKEN, "1", "jane"),
        (ACCESS_TOKEN, "2", "jane"),
    ]
    assert by_id(result, "live") == {"1": True, "2": False, "3": False, "AKID1": True}
    assert by_id(result, "administrator") == {"1": True, "2": True, "3": False, "AKID1": False}
    assert by_id(result, "creator") == {"1": "jane", "2": "jane", "3": "admin", "AKID1": None}
    assert by_id(result, "lifetime")["3"] == 2155520
    first = next(one for one in result["credentials"] if one["id"] == "1")
    assert (first["expires_at"], first["expires_known"], first["created_at"]) == (None, True, "2026-12-06T01:14:39.566214Z")
    assert result["accounts"] == [
        {"account": "bob", "account_id": "1003", "kind": ACCESS_TOKEN, "used": 1, "limit": 2},
        {"account": "bob", "account_id": "1003", "kind": S3_KEY, "used": 1, "limit": 2},
        {"account": "jane", "account_id": "1002", "kind": ACCESS_TOKEN, "used": 2, "limit": 2},
    ]
    assert result["product"] == {"platform": "qumulo", "endpoint": "https://cluster.example.com:8000", "version": "7.10.2.1"}
    assert (result["not_permitted"], result["as_of"], "warnings" in result) == ([], "2027-01-01T00:00:00Z", False)
    assert result["not_listed"].keys() == {SESSION}
    assert all(one[key] is None for one in result["credentials"] for key in result["not_told"][one["kind"]])


def test_qumulo_filters_ask_for_no_more_than_they_show(run):
    find = Exchange("POST", "/v1/identity/find", JANE, body={"domain": "LOCAL", "name": "jane"})
    own = tokens(meta("1"), meta("2", enabled=False), query={"user": "auth_id:1002"})
    options = {"account": "local:jane", "kinds": [ACCESS_TOKEN], "live_only": True, "query": "[].id"}
    result = run("qumulo", find, own, members(), VERSION, **options)
    assert result["credentials"] == ["1"]
    assert [one["used"] for one in result["accounts"]] == [2]
    assert result["not_told"].keys() == {ACCESS_TOKEN}
    assert result["not_listed"] == {}


@pytest.mark.parametrize("kinds", [[SESSION], [CLIENT_SECRET, API_TOKEN]])
def test_qumulo_sends_nothing_for_kinds_that_it_has_no_list_of(run, kinds):
    result = run("qumulo", kinds=kinds)
    assert result["credentials"] == []
    assert result["not_listed"].keys() == {SESSION} & set(kinds)


def test_qumulo_lists_the_callers_own_where_others_are_not_permitted(run):
    result = run(
        "qumulo",
        Exchange("GET", TOKENS, **NO_RIGHT),
        WHO,
        tokens(meta("1"), query={"user": "auth_id:1002"}),
        Exchange("GET", KEYS_PATH, **NO_RIGHT),
        s3_keys(query={"user": "auth_id:1002"}),
        Exchange("GET", MEMBERS, **NO_RIGHT),
        VERSION,
    )
    assert by_id(result, "administrator") == {"1": None}
    assert [(one["kind"], one["right"]) for one in result["not_permitted"]] == [
        (ACCESS_TOKEN, "PRIVILEGE_ACCESS_TOKENS_READ"),
        (S3_KEY, "PRIVILEGE_S3_CREDENTIALS_READ"),
        (ROLE, "PRIVILEGE_ROLE_READ"),
    ]
    assert "missing privilege" in result["not_permitted"][0]["message"]
    assert [one.rpartition(": ")[2] for one in result["warnings"]] == [
        "Only the caller's own access tokens are listed. The calling account lacks PRIVILEGE_ACCESS_TOKENS_READ.",
        "Only the caller's own S3 access keys are listed. The calling account lacks PRIVILEGE_S3_CREDENTIALS_READ.",
        "Whether an account is an administrator is not known. The calling account lacks PRIVILEGE_ROLE_READ.",
    ]


def test_qumulo_fails_only_when_all_is_refused(run):
    own = {"user": "auth_id:1002"}
    refused = [Exchange("GET", TOKENS, **NO_RIGHT), WHO, Exchange("GET", TOKENS, **NO_RIGHT, query=own)]
    keys = [Exchange("GET", KEYS_PATH, **NO_RIGHT), Exchange("GET", KEYS_PATH, **NO_RIGHT, query=own)]
    result = run("qumulo", *refused, *keys)
    assert (result["failed"], result["status"]) == (True, 403)
    assert result["msg"].endswith("The calling account lacks PRIVILEGE_ACCESS_TOKENS_READ and PRIVILEGE_S3_CREDENTIALS_READ.")
    assert [one["kind"] for one in result["not_permitted"]] == [ACCESS_TOKEN, S3_KEY]
    result = run("qumulo", *refused, s3_keys(s3_key("AKID1", JANE)), members(), VERSION)
    assert list(by_id(result, "kind")) == ["AKID1"]


def test_qumulo_of_a_version_that_lacks_s3_keys(run):
    gone = Exchange("GET", KEYS_PATH, {"error_class": "http_not_found_error"}, status=404)
    result = run("qumulo", tokens(meta("1")), gone, members(), VERSION)
    assert list(by_id(result, "kind")) == ["1"]
    assert "Old versions of Qumulo Core have no S3 access keys" in result["not_listed"][S3_KEY]
    assert result["not_told"].keys() == {ACCESS_TOKEN}


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], {"1": False, "2": False}),
        (["500", "1"], {"1": True, "2": False}),
        (["500", str((3 << 32) + 7), "2"], {"1": False, "2": True}),
        (["512"], {}),
        (["1", "4711"], {"1": True}),  # which may be a group, with 2 in it
        ([str(4 << 32)], {}),
        (["x"], {}),
    ],
)
def test_who_is_an_administrator_of_qumulo(held, expected):
    assert administrators(["1", "2"], held) == expected


@pytest.mark.parametrize(
    ("group", "known"),
    [
        (Exchange("GET", "/v1/groups/512/members/", [{"id": "1002", "name": "jane"}]), True),
        (Exchange("GET", "/v1/groups/512/members/", []), False),
        (Exchange("GET", "/v1/groups/512/members/", **NO_RIGHT), None),
        (Exchange("GET", "/v1/groups/512/members/", {"odd": 1}), None),
    ],
)
def test_the_group_of_administrators_is_looked_into(run, group, known):
    result = run("qumulo", tokens(meta("1")), members("500", "512"), group, VERSION, kinds=[ACCESS_TOKEN])
    assert by_id(result, "administrator") == {"1": known}
    assert [one["right"] for one in result["not_permitted"]] == ["PRIVILEGE_LOCAL_GROUP_READ"] * (group.status == 403)


@pytest.mark.parametrize("odd", [{"entries": [5]}, {"entries": {}}, {}, [], {"entries": [meta("1", creation_time="yesterday")]}])
def test_qumulo_refuses_what_makes_no_sense(run, odd):
    assert "unexpected response" in run("qumulo", Exchange("GET", TOKENS, odd), kinds=[ACCESS_TOKEN])["msg"]


# -- Rubrik CDM

ADMIN_ROLE = {"roleId": "Role:::1", "name": "Chiefs", "roleTemplate": "Administrator"}
READER_ROLE = {"roleId": "Role:::2", "name": "ReadOnlyAdminRole", "roleTemplate": "ReadOnlyAdmin"}
THIRD = "62482f5f-0000-4000-8000-000000000009"
FORBIDDEN: dict[str, Any] = {"status": 403, "answer": b"The request was a legal request, but the server is refusing to respond to it."}


def principal(uuid: str, name: str, *roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": f"User:::{uuid}", "name": name, "roles": list(roles), "principalType": "User", **more}


ADMIN, SVC = principal(UUID, "admin", ADMIN_ROLE), principal(OTHER, "svc", READER_ROLE)
MANAGED = principal(f"{ISSUER}_{CLIENT}", "rsc-svc")
GROUP = principal(THIRD, "operators", principalType="Group")
SERVICES = {"is_service_account": "true"}


def no_sessions(user: str) -> Exchange:
    return listed(user=user)


def test_cdm_pages_kinds_and_accounts(run):
    odd = {"id": "User::: €", "name": "odd"}
    result = run(
        "rubrik_cdm",
        V93,
        page(ADMIN, SVC, has_more=True),
        page(MANAGED, GROUP, odd, offset=2),
        page(SVC, MANAGED, **SERVICES),
        listed(item("s-1", tag=None), {**api_token("t-1"), "expirationTime": None}),
        listed({**item("s-2", sessionType="ServiceAccount", lastUsageTime="2026-12-31T10:00:00.000Z"), "userId": OTHER}, user=OTHER),
        no_sessions(f"{ISSUER}_{CLIENT}"),
    )
    assert [(one["account"], one["kind"], one["id"], one["name"]) for one in result["credentials"]] == [
        ("admin", API_TOKEN, "t-1", "nightly"),
        ("admin", SESSION, "s-1", None),
        ("rsc-svc", CLIENT_SECRET, CLIENT, None),
        ("svc", CLIENT_SECRET, f"User:::{OTHER}", None),
        ("svc", SESSION, "s-2", None),
    ]
    assert by_id(result, "administrator") == {"t-1": True, "s-1": True, CLIENT: False, f"User:::{OTHER}": False, "s-2": False}
    assert by_id(result, "local") == {"t-1": True, "s-1": True, CLIENT: False, f"User:::{OTHER}": True, "s-2": True}
    assert by_id(result, "live") == {"t-1": None, "s-1": True, CLIENT: None, f"User:::{OTHER}": None, "s-2": True}
    assert by_id(result, "expires_known") == {"t-1": False, "s-1": True, CLIENT: False, f"User:::{OTHER}": False, "s-2": True}
    assert by_id(result, "last_used_at")["s-2"] == "2026-12-31T10:00:00Z"
    assert by_id(result, "enabled") == {"t-1": True, "s-1": True, CLIENT: None, f"User:::{OTHER}": None, "s-2": True}
    slots = [(one["account"], one["kind"], one["used"], one["limit"]) for one in result["accounts"]]
    assert slots == [("admin", API_TOKEN, 1, None), ("admin", SESSION, 1, None), ("svc", SESSION, 1, 10)]
    assert result["product"]["version"] == "9.3.0"
    assert (result["not_permitted"], result["not_listed"], "warnings" in result) == ([], {}, False)


@pytest.mark.parametrize(
    ("kinds", "lists"),
    [
        ([API_TOKEN], [page(ADMIN), listed()]),
        ([SESSION], [page(ADMIN), page(**SERVICES), listed()]),
        ([CLIENT_SECRET], [page(SVC, **SERVICES)]),
        ([ACCESS_TOKEN, S3_KEY], None),
    ],
)
def test_cdm_sends_what_the_kinds_need(run, kinds, lists):
    result = run("rubrik_cdm", *([] if lists is None else [V93, *lists]), kinds=kinds)
    assert [one["kind"] for one in result["credentials"]] == [one for one in kinds if one == CLIENT_SECRET]


def test_cdm_of_one_account(run):
    result = run("rubrik_cdm", V93, page(ADMIN, SVC), page(SVC, **SERVICES), listed(item("s-2"), user=OTHER), account="svc")
    assert {one["account"] for one in result["credentials"]} == {"svc"}
    gone = [page(ADMIN), page(**SERVICES), Exchange("GET", ME, {"id": f"User:::{UUID}", "username": "admin"})]
    missing = run("rubrik_cdm", V93, *gone, page(name="nobody"), page(ADMIN), account="nobody")
    assert "there is no account 'nobody'" in missing["msg"]


def test_cdm_stops_asking_for_others_once_it_is_clear_that_none_are_permitted(run):
    people = [principal(f"62482f5f-0000-4000-8000-0000000001{number:02}", f"p{number}") for number in range(30)]
    refused = [Exchange("GET", LOGIN, query={"user_id": one["id"][7:]}, **FORBIDDEN) for one in people[:3]]
    result = run("rubrik_cdm", V93, page(*people, ADMIN), page(SVC, **SERVICES), *refused, listed(item("s-1")))
    assert list(by_id(result, "kind")) == ["s-1", f"User:::{OTHER}"]
    assert [(one["kind"], one["right"]) for one in result["not_permitted"]] == [
        (API_TOKEN, "the role Administrator"),
        (SESSION, "the role Administrator"),
    ]
    assert "Only the caller's own sessions are listed. The calling account lacks the role Administrator." in result["warnings"][1]


def test_cdm_goes_on_where_some_are_permitted(run):
    people = [principal(f"62482f5f-0000-4000-8000-0000000001{number:02}", f"p{number}") for number in range(6)]
    ids = [one["id"][7:] for one in people]
    answers = [no_sessions(user) if user == ids[1] else Exchange("GET", LOGIN, query={"user_id": user}, **FORBIDDEN) for user in ids]
    result = run("rubrik_cdm", V93, page(*people), *answers, kinds=[API_TOKEN])
    assert "Some API tokens are not listed." in result["warnings"][0]


def test_cdm_where_accounts_may_not_be_listed(run):
    me = Exchange("GET", ME, {"id": f"User:::{UUID}", "username": "jane"})
    result = run(
        "rubrik_cdm", V93, Exchange("GET", PRINCIPALS, query={"limit": "100", "offset": "0"}, **FORBIDDEN), me, listed(item("s-1"))
    )
    assert [(one["id"], one["account"], one["administrator"]) for one in result["credentials"]] == [("s-1", "jane", None)]
    assert [one["kind"] for one in result["not_permitted"]] == [API_TOKEN, CLIENT_SECRET, SESSION]
    refused = Exchange("GET", PRINCIPALS, query={**SERVICES, "limit": "100", "offset": "0"}, **FORBIDDEN)
    failed = run("rubrik_cdm", V93, refused, me, kinds=[CLIENT_SECRET])
    assert failed["msg"].endswith("The calling account lacks the role Administrator.")


def test_cdm_that_no_longer_lists_sessions(run):
    gone = Exchange("GET", LOGIN, NO_ROUTE, status=404, query={"user_id": UUID})
    v94 = Exchange("GET", CDM_VERSION, {"version": "9.4.0-p1"})
    result = run("rubrik_cdm", v94, page(ADMIN, SVC), page(SVC, **SERVICES), gone)
    assert list(by_id(result, "kind").values()) == [CLIENT_SECRET]
    assert result["not_listed"] == dict.fromkeys((SESSION, API_TOKEN), "Rubrik CDM 9.4.0 no longer lists sessions.")
    assert result["not_told"].keys() == {CLIENT_SECRET}


def test_cdm_before_there_were_principals_or_service_accounts(run):
    v50 = Exchange("GET", CDM_VERSION, {"version": "5.0.3"})
    no_principals = Exchange("GET", PRINCIPALS, NO_ROUTE, status=404, query={"limit": "100", "offset": "0"})
    users = Exchange("GET", "/api/internal/user", [{"id": f"User:::{UUID}", "username": "admin"}])
    result = run("rubrik_cdm", v50, no_principals, users, listed(item("s-1")))
    assert [(one["account"], one["administrator"]) for one in result["credentials"]] == [("admin", None)]
    v60 = Exchange("GET", CDM_VERSION, {"version": "6.0.2"})
    no_accounts = Exchange("GET", f"{ACCOUNTS}/User%3A%3A%3A{UUID}", NO_ROUTE, status=404)
    result = run("rubrik_cdm", v60, page(ADMIN), page(ADMIN, **SERVICES), no_accounts, listed(item("s-1")))
    assert [one["kind"] for one in result["credentials"]] == [SESSION]


def test_cdm_where_an_account_is_not_known_by_its_own_id(run):
    refused = Exchange("GET", LOGIN, b"Invalid ManagedId", status=400, query={"user_id": f"{ISSUER}_{CLIENT}"})
    result = run("rubrik_cdm", V93, page(MANAGED, ADMIN), refused, listed(api_token()), kinds=[API_TOKEN])
    assert len(result["credentials"]) == 1
    assert "a list was a part only" in result["warnings"][0]


def test_cdm_ids_of_local_accounts_from_9_5_1_on(run):
    v951 = Exchange("GET", CDM_VERSION, {"version": "9.5.1"})
    assert by_id(run("rubrik_cdm", v951, page(SVC, **SERVICES), kinds=[CLIENT_SECRET]), "local") == {f"User:::{OTHER}": False}


# -- Rubrik Security Cloud

OWNER, ROBOTS = "00000000-0000-0000-0000-000000000009", "5f0c0000-0000-4000-8000-000000000001"


def account(client_id: str, name: str, *roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"clientId": client_id, "name": name, "description": "", "lastLogin": None, "roles": list(roles), **more}


def accounts(*nodes: Any, cursor: str = "", after: str = "", **more: Any) -> Exchange:
    variables = {"first": 100, **({"after": after} if after else {})}
    body = {"query": SECRETS.text, "variables": variables, "operationName": SECRETS.field}
    info = {"endCursor": cursor, "hasNextPage": bool(cursor)}
    data = {"deploymentVersion": "v20261012-5", "serviceAccounts": {"nodes": list(nodes), "pageInfo": info}}
    return Exchange("POST", GRAPHQL, more.pop("answer", {"data": data}), body=body, **more)


OTHER_ID = "client|11111111-89ab-cdef-0123-456789abcdef"
ONE = account(ID, "svc", {"id": ROBOTS, "isOrgAdmin": False}, description="Reports", lastLogin="2026-12-30T23:00:00.000Z")
TWO = account(OTHER_ID, "boss", {"id": OWNER, "isOrgAdmin": False})


def test_rsc_pages_and_administrators(run):
    three = account("client|22222222-89ab-cdef-0123-456789abcdef", "org-boss", {"id": ROBOTS, "isOrgAdmin": True})
    result = run("rubrik_rsc", accounts(ONE, TWO, cursor="c2"), accounts(TWO, three, after="c2"))
    assert [(one["account"], one["administrator"], one["last_used_at"], one["name"]) for one in result["credentials"]] == [
        ("boss", True, None, None),
        ("org-boss", True, None, None),
        ("svc", False, "2026-12-30T23:00:00Z", "Reports"),
    ]
    assert {(one["kind"], one["expires_at"], one["expires_known"], one["live"]) for one in result["credentials"]} == {
        (CLIENT_SECRET, None, True, None)
    }
    assert (result["product"]["version"], result["accounts"]) == ("v20261012-5", [])
    assert result["not_listed"].keys() == {SESSION}


@pytest.mark.parametrize("identity", ["svc", ID, ID.removeprefix("client|")])
def test_rsc_of_one_account(run, identity):
    result = run("rubrik_rsc", accounts(ONE, TWO), account=identity)
    assert by_id(result, "account") == {ID: "svc"}


@pytest.mark.parametrize(("identity", "words"), [("nobody", "there is no service account 'nobody'"), ("SVC", "differs in case only")])
def test_rsc_of_an_account_that_is_not_there(run, identity, words):
    assert words in run("rubrik_rsc", accounts(ONE, TWO), account=identity)["msg"]


def test_rsc_without_the_right(run):
    refusal = {"data": None, "errors": [{"message": "no", "path": ["serviceAccounts"], "extensions": {"code": 403}}]}
    result = run("rubrik_rsc", accounts(answer=refusal))
    assert result["failed"]
    assert result["msg"].endswith("The calling account lacks VIEW_SERVICE_ACCOUNT.")
    assert [(one["kind"], one["right"]) for one in result["not_permitted"]] == [(CLIENT_SECRET, "VIEW_SERVICE_ACCOUNT")]


@pytest.mark.parametrize("odd", [{"clientId": "a b"}, {**ONE, "lastLogin": "yesterday"}, {**ONE, "roles": None}, 5])
def test_rsc_refuses_what_makes_no_sense(run, odd):
    assert "unexpected response" in run("rubrik_rsc", accounts(odd))["msg"]


def test_rsc_sends_nothing_for_kinds_that_it_has_no_list_of(run):
    assert run("rubrik_rsc", kinds=[SESSION, ACCESS_TOKEN])["not_listed"].keys() == {SESSION}


# -- all


@pytest.mark.parametrize("platform", BEARER)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"query": "[?"}, "is not a JMESPath expression"),
        ({"kinds": []}, "kinds: it is an empty list."),
        ({"account": " "}, "account: it is"),
    ],
)
def test_a_malformed_option_is_refused_before_anything_is_sent(run, platform, options, words):
    assert words in run(platform, **options)["msg"]


def test_the_kinds_of_all_platforms_are_known():
    assert CREDENTIAL_INFO.argument_spec["kinds"]["choices"] == list(KINDS)
    for platform, bearer in BEARER.items():
        one = http_platform(platform, bearer)
        assert set(one.not_told) <= set(KINDS)
        assert all(set(keys) <= KEYS for keys in one.not_told.values())


def http_platform(platform: str, bearer: str) -> Any:
    from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform

    return open_platform(resolve_connection({"platform": platform, "endpoint": "cluster.example.com:8000", "token": bearer}, {}))
