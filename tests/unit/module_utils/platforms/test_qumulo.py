# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Qumulo platform on a scripted wire: the modules' requests to the byte, and whatever a server may answer."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import datetime, timezone
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from ansible.module_utils import basic
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AnswerError, LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import KINDS
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform import Qumulo
from tests.unit.examples import examples
from tests.unit.module_utils.wire import BASE, Echo, Exchange, Response, Script

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
TOKENS, S3_KEYS, WHO = "/v1/auth/access-tokens/", "/v1/s3/access-keys/", "/v1/session/who-am-i"
JANE = {"domain": "LOCAL", "auth_id": "1002", "uid": None, "gid": None, "sid": "S-1-5-21-1-1002", "name": "jane"}
READ_TOKENS = "PRIVILEGE_ACCESS_TOKENS_READ"
ADMIN = Exchange("GET", WHO, {"id": "500", "name": "admin", "privileges": []})
FIND = Exchange("POST", "/v1/identity/find", JANE, body={"domain": "LOCAL", "name": "jane"}, authorization="Bearer access-v1:admin")
SHARED = {"platform": "qumulo", "endpoint": "cluster.example.com", "token": "access-v1:admin"}


def meta(token_id: str, **more: Any) -> dict[str, Any]:
    fields = {
        "id": token_id,
        "user": JANE,
        "creator": JANE,
        "creation_time": "2026-12-06T01:14:39.56621474Z",
        "expiration_time": "",
        "enabled": True,
    }
    return fields | more


def listed(*tokens: dict[str, Any]) -> Exchange:
    return Exchange("GET", TOKENS, {"entries": list(tokens), "paging": {"next": None}}, query={"user": "auth_id:1002"})


def s3_key(key_id: str, **more: Any) -> dict[str, Any]:
    owner = {**dict.fromkeys(JANE), "auth_id": "1002"}  # a list tells no more of an owner (vendor docs)
    return {"access_key_id": key_id, "owner": owner, "creation_time": "2026-12-06T01:14:39.56621474Z"} | more


def listed_keys(*keys: dict[str, Any]) -> Exchange:
    return Exchange("GET", S3_KEYS, {"entries": list(keys), "paging": {"next": None}}, query={"user": "auth_id:1002"})


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    monkeypatch.setattr(http_layer, "utc_now", lambda: NOW)
    for name in ("ENDPOINT", "TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"QUMULO_{name}", raising=False)


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a module's main() against a script, and returns its result."""

    def play(module: str, options: dict[str, Any], *exchanges: Exchange, check: bool = False) -> dict[str, Any]:
        script = Script(*exchanges).install(monkeypatch)
        arguments = {"ANSIBLE_MODULE_ARGS": SHARED | options | {"_ansible_check_mode": check}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit):
            import_module(f"ansible_collections.latchkey.tokens.plugins.modules.{module}").main()
        script.done()
        return json.loads(capsys.readouterr().out)

    return play


MINTED = {"id": "77", "bearer_token": "access-v1:new"}


@pytest.mark.parametrize("wrap", [lambda users: {"users": users}, lambda users: {"entries": users}, lambda users: users])
def test_a_list_of_users_may_be_wrapped(run, wrap):
    users = Exchange("GET", "/v1/users/", wrap([{"id": "1002", "name": "jane"}]))
    roles = Exchange("GET", "/v1/auth/roles/", {})
    assert [one["account"] for one in run("service_account_info", {}, users, roles)["service_accounts"]] == ["jane"]


@pytest.mark.parametrize("answer", [{"groups": []}, {"users": {}}, {"users": None, "entries": []}, {"entries": [5]}, [[]], {}, None])
def test_what_is_no_list_of_users_is_not_taken_for_one(run, answer):
    result = run("service_account_info", {}, Exchange("GET", "/v1/users/", b"null" if answer is None else answer))
    assert "the local users are not a list of JSON objects" in result["msg"]


def test_mint(run):
    body = {"user": {"auth_id": "1002"}, "expiration_time": "2027-01-31T00:00:00+00:00"}
    version = Exchange("GET", "/v1/version", {"revision_id": "Qumulo Core 7.10.2.1"}, authorization=None)
    mint = Exchange("POST", TOKENS, MINTED, body=body, authorization="Bearer access-v1:admin")
    result = run("access_token", {"user": "local:jane", "expires_in": "30d"}, FIND, listed(), version, mint)
    assert (result["changed"], result["token"], result["token_id"], result["expires_at"]) == (
        True,
        "access-v1:new",
        "77",
        "2027-01-31T00:00:00Z",
    )
    assert (result["account"], result["account_id"], result["live"]) == ("jane", "1002", True)


def test_mint_of_a_second_one_for_ever(run):
    mint = Exchange("POST", TOKENS, MINTED, body={"user": {"auth_id": "1002"}})
    result = run("access_token", {"user": "local:jane", "additional": True}, FIND, listed(meta("1")), mint)
    assert result["expires_at"] is None


def test_mint_in_check_mode_sends_nothing_that_changes(run):
    result = run("access_token", {"user": "local:jane"}, FIND, listed(), check=True)
    assert (result["changed"], result["token_id"], "token" in result) == (True, None, False)


def test_a_live_token_is_kept(run):
    result = run("access_token", {"user": "local:jane"}, FIND, listed(meta("1")))
    assert (result["changed"], result["token_id"], result["created_at"]) == (False, "1", "2026-12-06T01:14:39.566214Z")


def test_a_third_token_is_refused_before_anything_is_sent(run):
    result = run("access_token", {"user": "local:jane", "additional": True}, FIND, listed(meta("1"), meta("2", enabled=False)))
    assert result["failed"]
    assert "the platform allows 2: 1, created 2026-12-06" in result["msg"]


def test_update(run):
    read = Exchange("GET", f"{TOKENS}1", meta("1"))
    patch = Exchange("PATCH", f"{TOKENS}1", meta("1", enabled=False), body={"enabled": False})
    result = run("access_token", {"token_id": "1", "enabled": False}, read, patch)
    assert (result["changed"], result["enabled"], result["live"]) == (True, False, False)


def test_update_is_sent_again_when_the_connection_broke(run):
    read = Exchange("GET", f"{TOKENS}1", meta("1"))
    broken = Exchange("PATCH", f"{TOKENS}1", body={"enabled": False}, failure=requests.ConnectionError())
    patch = Exchange("PATCH", f"{TOKENS}1", meta("1", enabled=False), body={"enabled": False})
    assert run("access_token", {"token_id": "1", "enabled": False}, read, broken, patch)["changed"]


def test_mint_is_not_sent_again_when_the_connection_broke(run):
    broken = Exchange("POST", TOKENS, body={"user": {"auth_id": "1002"}}, failure=requests.ConnectionError())
    result = run("access_token", {"user": "local:jane"}, FIND, listed(), broken)
    assert "so it was not sent again" in result["msg"]


def test_delete_all(run):
    deletions = [Exchange("DELETE", f"{TOKENS}1"), Exchange("DELETE", f"{TOKENS}2", status=404), Exchange("GET", f"{TOKENS}2", status=404)]
    result = run("access_token", {"user": "local:jane", "state": "absent"}, FIND, listed(meta("1"), meta("2")), ADMIN, *deletions)
    assert result["changed"], result
    assert result["diff"]["after"] == {"access_tokens": []}


def test_delete_spares_the_token_in_use(run):
    own = Exchange("GET", WHO, {"id": "1002", "name": "jane", "access_token_id": "1"})
    result = run("access_token", {"user": "local:jane", "state": "absent"}, FIND, listed(meta("1"), meta("2")), own)
    assert "Access token 1 is the one that this task authenticates with" in result["msg"]


def test_absent_needs_to_be_told_whose_or_which(run):
    assert run("access_token", {"state": "absent"})["msg"].startswith("state=absent needs user or token_id")


def test_an_empty_home_directory_clears_it(run):
    user = {"id": "1010", "name": "svc", "primary_group": "513", "uid": "", "home_directory": "/x"}
    result = run(
        "service_account",
        {"name": "svc", "home_directory": ""},
        Exchange("GET", "/v1/users/", [user]),
        Exchange("GET", "/v1/auth/roles/", {}),
        Exchange("GET", "/v1/users/1010", user),
        Exchange("PUT", "/v1/users/1010", user, body={**user, "home_directory": None, "password": None}),
    )
    assert (result["changed"], result["home_directory"]) == (True, None)


def test_log_in_once(run):
    login = Exchange(
        "POST", "/v1/session/login", {"bearer_token": "session-v1:x"}, body={"username": "admin", "password": "p"}, authorization=None
    )
    page = Exchange("GET", TOKENS, {"entries": [], "paging": {"next": None}}, authorization="Bearer session-v1:x")
    result = run("access_token_info", {"token": None, "username": "admin", "password": "p"}, login, page)
    assert (result["access_tokens"], result["limit"]) == ([], 2)


def test_create_an_account(run, monkeypatch):
    monkeypatch.setattr(
        "ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.accounts.throwaway_password", lambda: "pw"
    )
    own_role = {
        "name": "latchkey-svc",
        "description": "Privileges of the service account svc. Kept by latchkey.tokens.",
        "privileges": ["PRIVILEGE_X"],
    }
    user = {"name": "svc", "primary_group": "513", "uid": "", "home_directory": None, "password": "pw"}
    role = "/v1/auth/roles/latchkey-svc"
    result = run(
        "service_account",
        {"name": "svc", "roles": ["observers"], "privileges": ["PRIVILEGE_X"]},
        Exchange("GET", "/v1/users/", []),
        Exchange("GET", "/v1/auth/roles/", {"Observers": {"description": "", "privileges": []}}),
        Exchange("GET", "/v1/auth/privileges/", {"PRIVILEGE_X": "x"}),
        Exchange("POST", "/v1/users/", {"id": "1010", **user}, body=user),
        Exchange("POST", "/v1/auth/roles/Observers/members", JANE, body={"auth_id": "1010"}),
        Exchange("GET", role, status=404),
        Exchange("POST", "/v1/auth/roles/", own_role, body=own_role),
        Exchange("POST", f"{role}/members", JANE, body={"auth_id": "1010"}),
    )
    assert (result["changed"], result["account_id"], result["roles"]) == (True, "1010", ["Observers"])
    assert "pw" not in json.dumps(result)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("options", [{}, {"roles": ["Observers"]}], ids=["no roles", "roles"])
def test_a_role_that_somebody_else_made_is_left_alone_before_anything_changes(run, check, options):
    roles = {"Observers": {"description": "", "privileges": []}, "Latchkey-SVC": {"description": "Mine", "privileges": []}}
    start = [Exchange("GET", "/v1/users/", []), Exchange("GET", "/v1/auth/roles/", roles)]
    known = Exchange("GET", "/v1/auth/privileges/", {"PRIVILEGE_X": "x"})
    wish = {"name": "svc", "privileges": ["PRIVILEGE_X"], **options}
    steps = [*start, known] if options else [start[0], known, start[1]]
    result = run("service_account", wish, *steps, check=check)
    assert result["failed"]
    assert "the role 'Latchkey-SVC' exists already and was not created by this collection for svc." in result["msg"]


def test_a_role_that_somebody_else_made_matters_to_privileges_only(run):
    roles = Exchange("GET", "/v1/auth/roles/", {"latchkey-jane": {"description": "Mine", "privileges": []}})
    members = Exchange("GET", "/v1/auth/roles/latchkey-jane/members", {"members": {}, "paging": {"next": None}})
    users = Exchange("GET", "/v1/users/", [{"id": "1002", "name": "jane"}])
    assert not run("service_account", {"name": "jane", "privileges": []}, users, roles, members)["changed"]


def test_s3_access_keys_to_the_byte(run):
    made = s3_key("k2", owner=JANE, secret_access_key="TEIT4liMZ8A32iI7JXmqIiLWp5co/jmkjEXAMPLE")
    create = Exchange("POST", S3_KEYS, made, body={"user": {"auth_id": "1002"}}, authorization="Bearer access-v1:admin")
    result = run("s3_access_key", {"user": "local:jane"}, FIND, listed_keys(), create)
    assert (result["access_key_id"], result["secret_access_key"]) == ("k2", made["secret_access_key"])
    assert result["created_at"] == "2026-12-06T01:14:39.566214Z"
    delete = Exchange("DELETE", f"{S3_KEYS}k1", {"description": "no such key"}, status=404)
    wish = {"user": "local:jane", "access_key_id": "k1", "state": "absent"}
    result = run("s3_access_key", wish, FIND, listed_keys(s3_key("k1"), s3_key("k2")), delete, listed_keys(s3_key("k2")))
    assert (result["changed"], result["deleted"]) == (True, ["k1"]), "another caller was faster"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"entries": [None]},
        {"entries": [s3_key("a/../b")]},
        {"entries": [s3_key("k1", owner="jane")]},
        {"entries": [s3_key("k1", creation_time="soon")]},
    ],
    ids=["nothing", "null", "id", "owner", "time"],
)
def test_strange_lists_of_s3_access_keys(run, answer):
    exchange = Exchange("GET", S3_KEYS, answer, query={"user": "auth_id:1002"})
    assert "cannot list S3 access keys: HTTP 200" in run("s3_access_key", {"user": "local:jane"}, FIND, exchange)["msg"]


@pytest.mark.parametrize("secret", [None, "", "{{ lookup('pipe', 'id') }}", "two\nlines"])
def test_strange_secrets_of_s3_access_keys(run, secret):
    create = Exchange("POST", S3_KEYS, s3_key("k2", secret_access_key=secret), body={"user": {"auth_id": "1002"}})
    result = run("s3_access_key", {"user": "local:jane"}, FIND, listed_keys(), create)
    assert "its secret is lost" in result["msg"]
    assert not secret or secret not in str(result)


def test_delete_an_account_says_how_far_it_got(run):
    roles = {"R": {"description": "", "privileges": []}}
    own_role = {"description": "Privileges of the service account jane. Kept by latchkey.tokens.", "privileges": ["PRIVILEGE_X"]}
    members = {"members": {"1002": {}}, "paging": {"next": None}}
    own = "/v1/auth/roles/latchkey-jane"
    result = run(
        "service_account",
        {"name": "jane", "state": "absent"},
        Exchange("GET", "/v1/users/", [{"id": "1002", "name": "jane"}]),
        Exchange("GET", "/v1/auth/roles/", roles | {"latchkey-jane": own_role}),
        Exchange("GET", "/v1/auth/roles/R/members", members),
        Exchange("GET", f"{own}/members", members),
        ADMIN,
        listed_keys(s3_key("k1")),
        listed(meta("1")),
        Exchange("DELETE", f"{S3_KEYS}k1"),
        Exchange("DELETE", f"{TOKENS}1"),
        Exchange("GET", own, own_role),
        Exchange("DELETE", own),
        Exchange("DELETE", "/v1/auth/roles/R/members/1002", {"description": "no"}, status=409),
    )
    assert result["failed"]
    assert result["done"] == ["S3 access key k1 deleted", "access token 1 deleted", "role 'latchkey-jane' deleted"]
    assert result["not_done"] == ["role 'R' taken away", "account jane (id 1002) deleted"]
    assert "Running again goes on from there." in result["msg"]


def test_probe_and_check(run):
    who = Exchange("GET", WHO, {"id": "500", "name": "admin", "access_token_id": "9", "privileges": ["B", "A"]})
    probe = Exchange("GET", "/v1/cluster/settings", {"cluster_name": "q"})
    probes = [{"path": "/v1/cluster/settings", "expect": "cluster_name == 'q'"}]
    result = run("access_check", {"expect_account": "admin", "probes": probes}, who, probe)
    assert (result["token_id"], result["privileges"], result["probes"][0]["status"]) == ("9", ["A", "B"], 200)


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        ({"cluster_name": "q"}, {"expect": "cluster_name == 'x'"}, "what came back is not as expected by"),
        ({}, {"status": [404]}, "was answered with HTTP 200 instead of 404"),
    ],
)
def test_probe_that_fails(run, answer, options, words):
    result = run("access_check", {"probes": [{"path": "/x", **options}]}, ADMIN, Exchange("GET", "/x", answer))
    assert result["failed"]
    assert words in result["msg"]


@pytest.mark.parametrize("path", ["x", "//evil.example.com/x", "https://evil.example.com"])
def test_probes_stay_on_the_appliance(run, path):
    assert "does not begin with one slash. Begin it with one," in run("access_check", {"probes": [{"path": path}]})["msg"]


def test_revoke_by_id(run):
    read, delete = Exchange("GET", f"{TOKENS}1", meta("1")), Exchange("DELETE", f"{TOKENS}1")
    missing = Exchange("GET", f"{TOKENS}2", status=404)
    assert run("session_revoke", {"ids": ["1", "2", "1"]}, read, missing, ADMIN, delete)["revoked"] == ["1"]


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("listed_ids", [["1"], ["1", "2"]])
def test_an_id_is_missing_only_when_the_list_says_so_too(run, status, listed_ids):
    missing = Exchange("GET", f"{TOKENS}2", status=status)
    reader = Exchange("GET", WHO, {"id": "500", "name": "admin", "privileges": [READ_TOKENS]})
    everything = Exchange("GET", TOKENS, {"entries": [meta(one) for one in listed_ids]})
    result = run("session_revoke", {"ids": ["2"]}, missing, reader, everything)
    if "2" in listed_ids:
        assert f"cannot read an access token: GET {TOKENS}2 was answered with HTTP {status}" in result["msg"]
    else:
        assert result["revoked"] == []


def test_an_old_cluster_has_no_expiry(run):
    version = Exchange("GET", "/v1/version", {"revision_id": "Qumulo Core 5.3.0"})
    result = run("access_token", {"user": "local:jane", "expires_in": "1d"}, FIND, listed(), version)
    assert "Qumulo Core 5.3.0 at https://cluster.example.com:8000 has no expiration times" in result["msg"]


# -- pages


def platform() -> Qumulo:
    return Qumulo(resolve_connection(SHARED, {}))


def test_pages_are_followed(monkeypatch):
    script = Script(
        Exchange("GET", TOKENS, {"entries": [meta("1")], "paging": {"next": f"{TOKENS}?after=1"}}),
        Exchange("GET", TOKENS, {"entries": [meta("2")], "paging": {"next": ""}}, query={"after": "1"}),
    ).install(monkeypatch)
    assert [one.id for one in platform().tokens(None)] == ["1", "2"]
    script.done()


LINKS = [
    f"{TOKENS}?after=1",
    TOKENS,
    "https://evil.example.com/x",
    "//evil.example.com/x",
    "x",
    "@evil.example.com",
    ".evil.example.com/x",
    7,
    [],
    "?a",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(LINKS) | st.text(max_size=8).map("/".__add__) | st.none(), min_size=1, max_size=5))
def test_pages_never_lead_elsewhere_nor_in_a_circle(links):
    one, sent = platform(), []

    def request(method: str, url: str, **_how: Any) -> Response:
        assert url.startswith(f"{BASE}/"), url
        sent.append(url)
        assert len(sent) < 50
        return Response(200, {}, json.dumps({"entries": [], "paging": {"next": links[(len(sent) - 1) % len(links)]}}).encode())

    one.http._session.request = request
    with contextlib.suppress(LatchkeyError):
        one.tokens(None)


# -- whatever a server may answer

KEYS = ["id", "name", "auth_id", "access_token_id", "privileges", "entries", "paging", "next", "user", "creator", "members", "revision_id"]
KEYS += ["bearer_token", "enabled", "creation_time", "expiration_time", "description", "domain", "primary_group", "home_directory", "jane"]
WORDS = ["", "1002", "jane", "Qumulo Core 7.1", "2027-01-01T00:00:00Z", "a\nb", "€", "LOCAL", "/x", "latchkey-jane", TOKENS]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(WORDS)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(KEYS), one, max_size=6), max_leaves=25
)
ACCOUNT = Account("1002", "jane", "LOCAL")
STATE = AccountState(ACCOUNT, frozenset(["R"]), frozenset(["PRIVILEGE_X"]), {"primary_group": "g", "home_directory": None})
CALLS = {
    "caller": lambda one: one.caller(),
    "caller of a secret": lambda one: one.caller("access-v1:x"),
    "find_account": lambda one: one.find_account("jane"),
    "is_account": lambda one: one.is_account("AD\\jane", ACCOUNT),
    "probe": lambda one: one.probe("GET", "/x"),
    "tokens": lambda one: one.tokens(ACCOUNT),
    "all tokens": lambda one: one.tokens(None),
    "token": lambda one: one.token("1"),
    "mint_token": lambda one: one.mint_token(ACCOUNT, NOW),
    "update_token": lambda one: one.update_token("1", enabled=True, expires_at=NOW),
    "delete_token": lambda one: one.delete_token("1"),
    "s3_keys": lambda one: one.s3_keys(ACCOUNT),
    "all s3_keys": lambda one: one.s3_keys(None),
    "s3_keys_with": lambda one: one.s3_keys_with("k1"),
    "create_s3_key": lambda one: one.create_s3_key(ACCOUNT),
    "delete_s3_key": lambda one: one.delete_s3_key(Credential("k1", ACCOUNT)),
    "with_s3_keys": lambda one: one.with_s3_keys(STATE),
    "service_accounts": lambda one: one.service_accounts(),
    "service_accounts of a name": lambda one: one.service_accounts("jane"),
    "checked_account": lambda one: one.checked_account(STATE, None),
    "create_account": lambda one: one.create_account(STATE),
    "update_account": lambda one: one.update_account(STATE, {"home_directory": "/x"}),
    "give a role": lambda one: [act() for _words, act in one.role_steps(replace(STATE, roles=frozenset()), STATE)[0]],
    "take a role": lambda one: [act() for _words, act in one.role_steps(STATE, replace(STATE, roles=frozenset()))[1]],
    "set_privileges": lambda one: one.set_privileges(STATE, frozenset(["PRIVILEGE_X"])),
    "delete_account": lambda one: one.delete_account(STATE),
    "inventory": lambda one: [entry.as_result(NOW) for entry in one.inventory(KINDS, None).found],
    "inventory of an account": lambda one: one.inventory(KINDS, "svc"),
}


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=examples(20, thorough=1000), deadline=None)
@given(
    answers=st.lists(st.tuples(st.sampled_from([200, 200, 200, 200, 400, 401, 403, 404, 500]), VALUES), min_size=1, max_size=6),
    login=st.booleans(),
)
def test_whatever_comes_back_is_a_result_or_a_failure_of_ours(call, answers, login):
    how = {"token": None, "username": "u", "password": "p"} if login else {}
    one = Qumulo(resolve_connection(SHARED | how, {}))
    Echo(answers).install(one)
    with contextlib.suppress(LatchkeyError):
        CALLS[call](one)


@pytest.mark.parametrize("bearer", ["a\nb", "€", "a b", " ", 7, None, ""])
def test_a_login_that_answers_with_no_token(monkeypatch, bearer):
    Script(Exchange("POST", "/v1/session/login", {"bearer_token": bearer}, body={"username": "u", "password": "p"})).install(monkeypatch)
    one = Qumulo(resolve_connection(SHARED | {"token": None, "username": "u", "password": "p"}, {}))
    with pytest.raises(LatchkeyError, match="returned an unexpected response"):
        one.tokens(None)


NO_BEARERS = ["a\nb", "€", "a b", " ", 7, None, ""]
NO_IDS = ["{{ x }}", "a\nb", "1 ", "€", "a/b", "'", "#", ".", "..", "x" * 129]
ID_ANSWERS = {
    "caller": lambda bad: {"id": bad, "name": "jane"},
    "caller of a secret": lambda bad: {"id": "1", "name": "jane", "access_token_id": bad},
    "find_account": lambda bad: JANE | {"auth_id": bad},
    "tokens": lambda bad: {"entries": [meta(bad)]},
    "all tokens": lambda bad: {"entries": [meta("1", user=JANE | {"auth_id": bad})]},
    "token": meta,
    "mint_token": lambda bad: {"id": bad, "bearer_token": "access-v1:x", "revision_id": "Qumulo Core 7.1"},
    "update_token": lambda bad: meta(bad) | {"revision_id": "Qumulo Core 7.1"},
    "service_accounts": lambda bad: [{"id": bad, "name": "jane"}],
    "create_account": lambda bad: {"id": bad},
}


def answering(value: Any) -> Qumulo:
    """Return a platform whose every request is answered with this."""
    one = platform()
    one.http._session.request = lambda *_what, **_how: Response(200, {}, json.dumps(value).encode())
    return one


@pytest.mark.parametrize("bad", NO_IDS)
@pytest.mark.parametrize("call", ID_ANSWERS)
def test_what_is_no_id_is_not_taken_for_one(call, bad):
    with pytest.raises(AnswerError, match="is not an id") as caught:
        CALLS[call](answering(ID_ANSWERS[call](bad)))
    assert bad in (".", "..", "'", "1 ", "a/b", "#") or bad not in str(caught.value)


@pytest.mark.parametrize("good", ["1", "3421890012345678901234", "a-b_c.d:E", "...", "x" * 128])
@pytest.mark.parametrize("call", [call for call in ID_ANSWERS if call not in ("tokens", "service_accounts")])
def test_what_is_an_id_is_taken(call, good):
    assert good in repr(CALLS[call](answering(ID_ANSWERS[call](good))))


@pytest.mark.parametrize("bearer", NO_BEARERS)
def test_a_mint_that_answers_with_no_token(bearer):
    with pytest.raises(AnswerError, match="If a token was created, its secret is lost"):
        answering({"id": "1", "bearer_token": bearer}).mint_token(ACCOUNT, None)


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_parts_of_a_path_that_name_something_else(part):
    for call in (Qumulo.token, Qumulo.delete_token):
        with pytest.raises(OptionError, match="is not a name or an id"):
            call(platform(), part)
