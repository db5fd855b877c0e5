# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Rubrik CDM platform on a scripted wire: its requests to the byte, and whatever a server may answer."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    ForbiddenError,
    LatchkeyError,
    OptionError,
    RefusedError,
    RequestError,
    UnsupportedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import KINDS
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState, ClientSecret, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_cdm import login as rubrik_cdm_login
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_cdm.platform import RubrikCdm
from tests.unit.examples import examples
from tests.unit.module_utils.wire import Echo, Exchange, Response, Script

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
LOGIN, CLIENT_LOGIN, LOGOUT = "/api/internal/session", "/api/v1/service_account/session", "/api/v1/session/me"
BULK, ME, VERSION = f"{LOGIN}/bulk_delete", "/api/internal/user/me", "/api/v1/cluster/me/version"
PRINCIPALS, HELD, ACCOUNTS = "/api/v1/principal", "/api/v1/principal/role", "/api/v1/service_account"
NO_ROUTE = b"Route not defined."
UUID, OTHER, SESSION = (
    "62482f5f-0000-4000-8000-000000000001",
    "62482f5f-0000-4000-8000-000000000002",
    "550cdae1-0000-4000-8000-000000000003",
)
CLIENT = "client|c145aaaa-0000-4000-8000-000000000004"
ISSUER = "7ab10000-0000-4000-8000-000000000005"
SECRET, PASSWORD = "canary+secret/1", "canary-password"
ME_IS_SVC = {"id": f"User:::{UUID}", "username": "svc"}


def jwt(sub: str = UUID, jti: str = SESSION, iat: int = int(NOW.timestamp())) -> str:
    parts = ({"alg": "HS256"}, {"sub": sub, "jti": jti, "iat": iat, "iss": ISSUER})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".sig"


TOKEN = jwt()
AS_TOKEN = {"token": TOKEN}
AS_CLIENT = {"client_id": f"User:::{UUID}", "client_secret": SECRET}
AS_USER = {"username": "admin", "password": PASSWORD}
BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
OPENED = {"sessionId": SESSION, "serviceAccountId": f"User:::{UUID}", "token": TOKEN, "expirationTime": "2027-01-02T00:00:00.000Z"}
CLIENT_BODY = {"serviceAccountId": f"User:::{UUID}", "secret": SECRET}
LOGGED_IN = {"session": {"id": SESSION, "organizationId": "", "token": TOKEN, "userId": UUID}}
LOG_IN = Exchange("POST", LOGIN, LOGGED_IN, body={"initParams": {}}, authorization=BASIC)
OPEN = Exchange("POST", CLIENT_LOGIN, OPENED, body=CLIENT_BODY, authorization=None)
END = Exchange("DELETE", LOGOUT, status=204, authorization=f"Bearer {TOKEN}")
V93 = Exchange("GET", VERSION, {"version": "9.3.0-p1-22135"}, authorization=None)


def item(id_: str = SESSION, **more: Any) -> dict[str, Any]:
    times = {"creationTime": "2026-12-31T00:00:00.000Z", "expirationTime": "2027-01-02T00:00:00.000Z", "lastUsageTime": None}
    return {"id": id_, "userId": UUID, "organizationId": "", "sessionType": "Web", **times, **more}


def listed(*items: dict[str, Any], user: str = UUID, **more: Any) -> Exchange:
    return Exchange("GET", LOGIN, {"data": list(items), "total": len(items), "hasMore": False}, query={"user_id": user}, **more)


def api_token(id_: str = SESSION, tag: str = "nightly") -> dict[str, Any]:
    return item(id_, sessionType="ApiToken", tag=tag)


def page(*items: dict[str, Any], offset: int = 0, has_more: bool = False, **query: str) -> Exchange:
    return Exchange("GET", PRINCIPALS, {"data": list(items), "hasMore": has_more}, query={**query, "limit": "100", "offset": str(offset)})


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    for module in (http_layer, rubrik_cdm_login):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


def platform(**who: Any) -> RubrikCdm:
    return RubrikCdm(resolve_connection({"platform": "rubrik_cdm", "endpoint": "cluster.example.com:8000", **(who or AS_TOKEN)}, {}))


@pytest.fixture
def play(monkeypatch):
    """Return a function that does something with the platform against a script, and returns what came of it and the platform."""

    def run(who: dict[str, Any], act: Any, *exchanges: Exchange) -> tuple[Any, RubrikCdm]:
        script = Script(*exchanges).install(monkeypatch)
        one = platform(**who)
        try:
            with one:
                result = act(one)
        except LatchkeyError as failure:
            result = failure
        script.done()
        text = f"{result!r} {result} {one.warnings} {getattr(result, 'details', '')}"
        assert SECRET not in text
        assert PASSWORD not in text
        if isinstance(result, LatchkeyError):
            assert TOKEN not in text
            assert str(result).endswith((".", "?"))
        return result, one

    return run


# -- logging in and out


def test_a_service_account_logs_in_once_and_out(play):
    caller, one = play(AS_CLIENT, lambda one: (one.caller(), one.caller())[1], OPEN, Exchange("GET", ME, ME_IS_SVC), END)
    assert (caller.account.id, caller.account.name, caller.token_id, caller.with_token) == (f"User:::{UUID}", "svc", SESSION, False)
    assert one.warnings == []


def test_the_organization_goes_along(play):
    organization = {"organizationId": "Organization:::1"}
    client = Exchange("POST", CLIENT_LOGIN, OPENED, body=CLIENT_BODY | organization)
    minted, _one = play(AS_CLIENT | {"organization_id": "Organization:::1"}, lambda one: one.mint_token(None, None), client)
    assert minted.secret == TOKEN
    user = Exchange("POST", LOGIN, LOGGED_IN, body={"initParams": organization})
    play(AS_USER | {"organization_id": "Organization:::1"}, lambda one: one.mint_token(None, None), user)


def test_a_token_of_the_users_is_never_logged_out(play):
    caller, _one = play(AS_TOKEN, lambda one: one.caller(), Exchange("GET", ME, ME_IS_SVC, authorization=f"Bearer {TOKEN}"))
    assert (caller.token_id, caller.with_token) == (SESSION, True)


GONE = [Exchange("DELETE", LOGOUT, status=401)], [Exchange("DELETE", LOGOUT, status=404), Exchange("GET", ME, status=401)]


@pytest.mark.parametrize("answers", GONE, ids=["401", "404"])
def test_a_session_that_is_gone_needs_no_end(play, answers):
    _caller, one = play(AS_CLIENT, lambda one: one.caller(), OPEN, Exchange("GET", ME, ME_IS_SVC), *answers)
    assert one.warnings == []


@pytest.mark.parametrize("status", [200, 404, 400])
def test_an_end_that_is_not_found_is_no_proof(play, status):
    answers = [Exchange("DELETE", LOGOUT, status=404), Exchange("GET", ME, ME_IS_SVC, status=status)]
    _caller, one = play(AS_CLIENT, lambda one: one.caller(), OPEN, Exchange("GET", ME, ME_IS_SVC), *answers)
    assert "did not let the session end (HTTP 404)" in one.warnings[0]


@pytest.mark.parametrize(("status", "words"), [(403, "keeps one of the account's ten slots"), (500, "it stays until it expires")])
def test_a_session_that_cannot_be_ended_warns(play, status, words):
    _caller, one = play(
        AS_CLIENT, lambda one: one.caller(), OPEN, Exchange("GET", ME, ME_IS_SVC), Exchange("DELETE", LOGOUT, status=status)
    )
    assert words in one.warnings[0]


def test_a_log_in_is_never_sent_twice(play):
    broken = Exchange("POST", CLIENT_LOGIN, body=CLIENT_BODY, failure=requests.ConnectionError())
    failure, _one = play(AS_CLIENT, lambda one: one.caller(), broken)
    assert "was not sent again" in str(failure)
    assert "takes one of its ten slots" in str(failure)


CHALLENGES = [
    {"mfaResponse": {"attemptId": "a1"}},
    {"mfaResponse": {"attemptId": "a1"}, "session": {"id": "", "organizationId": "", "userId": UUID}},
]
CODE = "755224"
ANSWERED = {"attemptId": "a1", "challengeSetId": "N/A", "challengeId": "rubrik-totp-auth", "credValue": CODE}
SECOND = Exchange("POST", LOGIN, LOGGED_IN, body={"initParams": {}, "mfaParams": ANSWERED}, authorization=BASIC)


@pytest.mark.parametrize("challenge", CHALLENGES)
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_second_step(play, challenge, status):
    first = Exchange("POST", LOGIN, challenge, status, body={"initParams": {}}, authorization=BASIC)
    account, _one = play(AS_USER | {"totp_code": CODE}, lambda one: one.mint_token(None, None).credential.account, first, SECOND)
    assert (account.id, account.name) == (f"User:::{UUID}", "admin")


def test_a_second_step_from_the_secret(play, monkeypatch):
    monkeypatch.setattr(rubrik_cdm_login, "utc_now", lambda: datetime.fromtimestamp(0, timezone.utc))
    first = Exchange("POST", LOGIN, CHALLENGES[0], body={"initParams": {}})
    secret = {"totp_secret": "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"}  # RFC 4226: its first code is the one above
    play(AS_USER | secret, lambda one: one.mint_token(None, None), first, SECOND)


def test_a_second_step_without_a_code(play):
    first = Exchange("POST", LOGIN, CHALLENGES[0], 401, body={"initParams": {}})
    failure, _one = play(AS_USER, lambda one: one.caller(), first)
    assert isinstance(failure, AuthenticationError)
    assert "two-step verification is on" in str(failure)
    assert "Set totp_code or totp_secret" in str(failure)


@pytest.mark.parametrize(
    ("status", "answer"), [(200, CHALLENGES[0]), (401, b"no"), (422, {"message": f"bad code {CODE}"}), (403, CHALLENGES[0])]
)
def test_a_code_that_is_not_taken(play, status, answer):
    first = Exchange("POST", LOGIN, CHALLENGES[0], body={"initParams": {}})
    second = Exchange("POST", LOGIN, answer, status, body=SECOND.body)
    failure, _one = play(AS_USER | {"totp_code": CODE}, lambda one: one.caller(), first, second)
    assert isinstance(failure, RequestError)
    assert "A code works once, for 30 seconds: wait for the next one" in str(failure)
    assert CODE not in str(failure)


def test_a_log_in_that_says_nothing_of_a_second_step(play):
    words = b"Authentication is possible but has failed or not yet been provided."
    failure, _one = play(AS_USER, lambda one: one.caller(), Exchange("POST", LOGIN, words, 401, body={"initParams": {}}))
    assert isinstance(failure, AuthenticationError)
    for part in (
        "Check username and password.",
        "Two-step verification may be on",
        "internal/session",
        "Service accounts need no second step.",
    ):
        assert part in str(failure)


# -- who calls


def test_who_calls_without_user_me(play):
    gone, proof = Exchange("GET", ME, NO_ROUTE, 404), Exchange("GET", PRINCIPALS, b"no", 403, query={"limit": "1"})
    caller, _one = play({"token": jwt(f"{UUID}_{CLIENT}")}, lambda one: one.caller(), gone, proof)
    assert caller.account == Account(f"User:::{UUID}_{CLIENT}", CLIENT, aliases=(f"{UUID}_{CLIENT}", CLIENT))
    failure, _one = play(AS_TOKEN, lambda one: one.caller(), gone, Exchange("GET", PRINCIPALS, b"no", 401, query={"limit": "1"}))
    assert isinstance(failure, AuthenticationError)
    version = Exchange("GET", VERSION, {"version": "9.4.1"})
    failure, _one = play({"token": "opaque"}, lambda one: one.caller(), gone, Exchange(**vars(proof) | {"status": 200}), version)
    assert "Rubrik CDM 9.4.1 at https://cluster.example.com:8000 cannot identify the caller." in str(failure)


@pytest.mark.parametrize("identity", [UUID, f"User:::{UUID}"])
def test_an_id_needs_no_request(play, identity):
    account, _one = play(AS_TOKEN, lambda one: one.find_account(identity))
    assert (account.id, account.aliases) == (f"User:::{UUID}", (UUID,))


def test_a_name_is_looked_for_on_all_pages(play):
    one, two = {"id": f"User:::{OTHER}", "name": "svc-two"}, {"id": "User:::x", "name": "svc-two-b"}
    pages = (page(two, name="svc-two"), page(two, has_more=True), page(one, offset=1))
    account, _one = play(AS_TOKEN, lambda one: one.find_account("svc-two"), Exchange("GET", ME, ME_IS_SVC), *pages)
    assert (account.id, account.name) == (f"User:::{OTHER}", "svc-two")


def test_a_name_that_several_or_none_have(play):
    twins = [{"id": f"User:::{id_}", "name": "twin"} for id_ in (UUID, OTHER)]
    failure, _one = play(AS_TOKEN, lambda one: one.find_account("twin"), Exchange("GET", ME, ME_IS_SVC), page(*twins, name="twin"))
    assert f"2 accounts are called 'twin': User:::{UUID}, User:::{OTHER}." in str(failure)
    failure, _one = play(AS_TOKEN, lambda one: one.find_account("x"), Exchange("GET", ME, ME_IS_SVC), page(name="x"), page(*twins))
    assert "there is no account 'x'. There are: twin." in str(failure)


def test_a_name_before_there_were_principals(play):
    none = Exchange("GET", PRINCIPALS, NO_ROUTE, 404, query={"name": "jane", "limit": "100", "offset": "0"})
    users = Exchange("GET", "/api/internal/user", [{"id": f"User:::{OTHER}", "username": "jane"}], query={"username": "jane"})
    account, _one = play(AS_TOKEN, lambda one: one.find_account("jane"), Exchange("GET", ME, ME_IS_SVC), none, users)
    assert account.id == f"User:::{OTHER}"


@pytest.mark.parametrize(
    ("envelopes", "requests_"),
    [
        ([{"hasMore": True}, {"hasMore": False}], 2),
        ([{"total": 2}, {"total": 2}], 2),
        ([{}, {}, {}], 3),
        ([{"hasMore": True}] * 3, 3),
    ],
)
def test_pages_end(envelopes, requests_):
    one, sent = platform(), []

    def request(_method: str, _url: str, *, params: dict[str, str], **_how: Any) -> Response:
        sent.append(params["offset"])
        data = [{"id": f"User:::{(UUID, OTHER)[int(params['offset'])]}", "name": "a"}] if params["offset"] in "01" else []
        return Response(200, {}, json.dumps({"data": data, **envelopes[len(sent) - 1]}).encode())

    one.http._session.request = request
    assert len(one._principals(None, {})[0]) == 2
    assert len(sent) == requests_
    assert one.incomplete is (requests_ == 3 and bool(envelopes[-1]))  # a last page without entries that promises more


# -- sessions


def test_sessions_and_api_tokens_are_told_apart(play):
    items = [
        item("a"),
        item("b", sessionType="Other"),
        item("c", tag="x"),
        item("d", tag="x", sessionType="Other"),
        {"id": "e", "tag": "x"},
    ]
    account = Account(f"User:::{UUID}", "svc")
    foreign = item("f", userId=f"User:::{OTHER}")
    sessions, _one = play(AS_TOKEN, lambda one: one.tokens(account), listed(*items, foreign))
    assert [one.id for one in sessions] == ["a", "b", "c"]
    tokens, _one = play(AS_TOKEN, lambda one: one.api_tokens(account), Exchange(**vars(listed()) | {"answer": items}))
    assert [(one.id, one.tag, one.kind) for one in tokens] == [("d", "x", "api_token"), ("e", "x", "api_token")]


@pytest.mark.parametrize(
    ("envelope", "incomplete"),
    [
        ({"hasMore": False, "total": 9}, False),
        ({"hasMore": True}, True),
        ({"hasMore": True, "total": 1}, True),
        ({"total": 1}, False),
        ({"total": 2}, True),
        ({}, False),
    ],
)
def test_a_part_of_the_sessions_is_known_as_one(play, envelope, incomplete):
    answer = {"data": [item("a")], **envelope}
    found, one = play(AS_TOKEN, lambda one: one.tokens(Account(f"User:::{UUID}", "svc")), Exchange(**vars(listed()) | {"answer": answer}))
    assert [session.id for session in found] == ["a"]
    assert (one.incomplete, len(one.warnings)) == (incomplete, incomplete)
    assert all("listed a part of the sessions of svc" in warning for warning in one.warnings)


def test_a_part_of_the_roles_is_known_as_one(play):
    held = {"data": [{"principal": f"User:::{UUID}", "roles": [{"id": A, "name": "A"}]}], "hasMore": True}
    asked = Exchange("GET", HELD, held, query={"principals": f"User:::{UUID}"})
    found, one = play(AS_TOKEN, lambda one: one._roles_held(Account(f"User:::{UUID}", "svc")), asked)
    assert (found, one.incomplete) == ({A: "A"}, True)


def test_a_version_that_lists_no_sessions(play):
    gone = Exchange("GET", LOGIN, NO_ROUTE, 404, query={"user_id": UUID})
    version = Exchange("GET", VERSION, {"version": "9.4.1"})
    failure, _one = play(AS_TOKEN, lambda one: one.tokens(Account(f"User:::{UUID}", "svc")), gone, version)
    assert "Rubrik CDM 9.4.1 at https://cluster.example.com:8000 no longer lists sessions." in str(failure)
    found, _one = play(AS_TOKEN, lambda one: one.find_tokens(["a"], Account(f"User:::{UUID}", "svc")), gone)
    assert [one.id for one in found] == ["a"]


@pytest.mark.parametrize(("user", "is_caller"), [(UUID, True), (OTHER, False)])
def test_the_caller_is_never_gone(play, user, is_caller):
    missing = Exchange("GET", LOGIN, {"message": "nobody"}, 404, query={"user_id": user})
    found, one = play(AS_TOKEN, lambda one: one.tokens(Account(f"User:::{user}", "svc")), missing)
    assert one.incomplete is not is_caller  # it may have sessions all the same
    if is_caller:
        assert "cannot list the sessions of svc" in str(found)
        assert "error 404: nobody" in str(found)
    else:
        assert found == []


def test_sessions_go_in_one_request_for_each_account(play):
    mine, other = Account(f"User:::{UUID}", "svc"), Account(f"User:::{OTHER}", "other")
    credentials = [Credential(SESSION, mine), Credential("b", mine), Credential("c", other), Credential("d", Account("", ""))]
    steps, _one = play(
        AS_TOKEN,
        lambda one: [apply_steps(one.revoke_steps(credentials)), [words for words, _act in one.revoke_steps(credentials)]][1],
        Exchange("POST", BULK, status=204, body={"tokenIds": ["c"], "userId": OTHER}),
        Exchange("DELETE", "/api/v1/session/d", status=204),
        Exchange("POST", BULK, status=204, body={"tokenIds": ["b", SESSION]}),  # the one in use last
    )
    assert steps == ["c revoked", "d revoked", f"b and {SESSION} revoked"]


def test_an_unknown_id_among_several_keeps_none_of_them_alive(play):
    account = Account(f"User:::{UUID}", "svc")
    refused = Exchange("POST", BULK, {"message": "no such session"}, 422, body={"tokenIds": ["a", "b"]})
    again = Exchange("POST", BULK, status=204, body={"tokenIds": ["b"]})
    steps = [Credential("a", account), Credential("b", account)]
    play(AS_TOKEN, lambda one: apply_steps(one.revoke_steps(steps)), refused, listed(item("b")), again)
    play(AS_TOKEN, lambda one: apply_steps(one.revoke_steps(steps)), refused, listed())
    failure, _one = play(AS_TOKEN, lambda one: apply_steps(one.revoke_steps(steps)), refused, listed(item("a"), item("b")))
    assert "no such session" in str(failure)


def test_deleting_is_sent_again_when_the_connection_broke(play):
    broken = Exchange("DELETE", "/api/v1/session/a", failure=requests.ConnectionError())
    assert play(AS_TOKEN, lambda one: one.delete_token("a"), broken, Exchange("DELETE", "/api/v1/session/a", status=204))[0] is True


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_session_that_is_not_there(play, status):
    missing = Exchange("DELETE", "/api/v1/session/a", b"no", status)
    gone, one = play(AS_TOKEN, lambda one: one.delete_token("a"), missing, listed())
    assert gone is False
    assert "If it is another account's" in one.warnings[0]
    failure, _one = play(AS_TOKEN, lambda one: one.delete_token("a"), missing, listed(item("a")))
    assert failure.status == status


def test_an_api_token_is_not_ended_as_a_session(play):
    failure, _one = play(AS_TOKEN, lambda one: one.own_token(), listed(api_token()))
    assert isinstance(failure, RefusedError)
    assert f"The token in use ({SESSION}) is an API token; ending this session would delete it." in str(failure)
    gone = Exchange("GET", LOGIN, NO_ROUTE, 404, query={"user_id": UUID})
    failure, _one = play(AS_TOKEN, lambda one: one.own_token(), gone)
    assert "may be an API token" in str(failure)
    me = Exchange("GET", ME, {"id": f"User:::{UUID}", "username": "svc"})
    own, _one = play({"token": jwt(f"{ISSUER}_{CLIENT}")}, lambda one: one.own_token(), me, gone)
    assert own.id == SESSION


def test_ones_own_session_is_ended(play):
    play(AS_TOKEN, lambda one: one.end_own_token(one.own_token()), listed(item()), END)
    refused = Exchange("DELETE", LOGOUT, b"no", 403)
    ended, one = play(AS_TOKEN, lambda one: one.end_own_token(one.own_token()), listed(item()), refused)
    assert ended is False
    assert "ten slots" in one.warnings[0]
    dead, _one = play(AS_TOKEN, lambda one: one.end_own_token(one.own_token()), listed(item()), Exchange("DELETE", LOGOUT, b"no", 401))
    assert isinstance(dead, AuthenticationError)
    own, one = play(AS_CLIENT, lambda one: one.own_token())
    assert own is None
    assert one.warnings


def test_a_token_is_looked_at_with_itself(play):
    found, _one = play(AS_CLIENT, lambda one: one.inspect_token(TOKEN), listed(item(), authorization=f"Bearer {TOKEN}"))
    assert (found.id, found.kind, found.expires_at) == (SESSION, "session", NOW + timedelta(days=1))
    dead, _one = play(AS_CLIENT, lambda one: one.inspect_token(TOKEN), listed(item(), status=401))
    assert dead is None


def test_a_token_that_no_list_tells_of_lives_for_a_day(play):
    forbidden, me = listed(status=403), Exchange("GET", ME, ME_IS_SVC, authorization=f"Bearer {TOKEN}")
    found, _one = play(AS_CLIENT, lambda one: one.inspect_token(TOKEN), forbidden, me)
    assert (found.id, found.account.name, found.expires_at) == (SESSION, "svc", NOW + timedelta(days=1))
    found, _one = play(AS_USER, lambda one: one.inspect_token(TOKEN), forbidden, me)
    assert found.expires_at is None  # a log-in's session lives as long as it is used


def test_a_session_is_minted_in_one_request(play):
    minted, _one = play(AS_CLIENT, lambda one: one.mint_token(None, None), OPEN)
    assert (minted.secret, minted.credential.id, minted.credential.account.id) == (TOKEN, SESSION, f"User:::{UUID}")
    assert (minted.credential.expires_at, minted.credential.kind) == (NOW + timedelta(days=1), "session")


def test_no_session_is_minted_with_a_token_or_for_another_account(play):
    refusals = [play(AS_TOKEN, act)[0] for act in (lambda one: one.mint_token(None, None), lambda one: one.check_log_in())]
    assert [type(one) for one in refusals] == [OptionError, OptionError]
    assert str(refusals[0]) == str(refusals[1])
    assert play(AS_CLIENT, lambda one: one.check_log_in())[0] is None
    assert isinstance(play(AS_CLIENT, lambda one: one.mint_token(Account("User:::x", "x"), None))[0], OptionError)


def refused_mint(one: RubrikCdm, bearers: list[str]) -> Any:
    try:
        return one.mint_token(None, None)
    except RequestError as failure:
        one.explain_refused_mint(failure, bearers)
        raise


LIMIT = "A service account may have ten sessions at once"


def test_a_refused_mint_is_explained(play):
    refused = Exchange("POST", CLIENT_LOGIN, {"message": "too many sessions"}, 422, body=CLIENT_BODY)
    dead, alive = listed(status=401, authorization="Bearer dead"), listed(item("a"), item("b"), authorization=f"Bearer {TOKEN}")
    failure, _one = play(AS_CLIENT, lambda one: refused_mint(one, ["dead", TOKEN]), refused, dead, alive)
    assert "The account has 2 sessions: a, created 2026-12-31T00:00:00Z" in str(failure)
    assert LIMIT in str(failure)
    assert f"account: 'User:::{UUID}', older_than: 1h}}." in str(failure)
    assert [one["token_id"] for one in failure.details["sessions"]] == ["a", "b"]


def test_a_refused_mint_for_another_reason_is_not_blamed_on_the_limit(play):
    refused = Exchange("POST", CLIENT_LOGIN, {"message": "Incorrect secret"}, 422, body=CLIENT_BODY)
    failure, _one = play(AS_CLIENT, lambda one: refused_mint(one, [TOKEN]), refused, listed(item("a")))
    assert "The account has 1 sessions" in str(failure)
    assert LIMIT not in str(failure)
    unseen = str(play(AS_CLIENT, lambda one: refused_mint(one, []), refused)[0])
    assert f"Or all slots are taken: a{LIMIT[1:]}" in unseen
    denied = Exchange("POST", CLIENT_LOGIN, b"no", 401, body=CLIENT_BODY)
    assert LIMIT not in str(play(AS_CLIENT, lambda one: refused_mint(one, [TOKEN]), denied)[0])
    for said in (failure, play(AS_CLIENT, lambda one: refused_mint(one, [TOKEN]), denied)[0]):
        assert "Check client_id and client_secret" in str(said)


# -- API tokens


@pytest.mark.parametrize(("tag", "lifetime"), [("", None), ("x" * 21, None), ("x", timedelta(seconds=59)), ("x", timedelta(days=366))])
def test_what_no_api_token_can_be(play, tag, lifetime):
    assert isinstance(play(AS_USER, lambda one: one.check_api_token(tag, lifetime))[0], OptionError)


def test_a_tag_of_the_vendors_own_documentation_is_taken(play):
    assert play(AS_USER, lambda one: one.check_api_token("Weekly report token1", None), V93)[0] is None


def test_who_can_make_no_api_tokens(play):
    assert isinstance(play(AS_CLIENT, lambda one: one.check_api_token("x", None))[0], UnsupportedError)
    managed = {"token": jwt(f"{UUID}_{CLIENT}")}
    assert isinstance(play(managed, lambda one: one.check_api_token("x", None), V93)[0], RefusedError)
    assert isinstance(play(AS_TOKEN, lambda one: one.check_api_token("x", None), V93, listed(api_token()))[0], RefusedError)
    assert play(AS_TOKEN, lambda one: one.check_api_token("x", None), V93, listed(item()))[0] is None


@pytest.mark.parametrize(
    ("version", "refused", "warned"),
    [
        ("9.5.1-p2", True, False),
        ("10.0.0", True, False),
        ("9.4.0", False, True),
        ("9.5.0", False, True),
        ("9.3.9", False, False),
        ("?", False, False),
    ],
)
def test_versions_and_api_tokens(play, version, refused, warned):
    result, one = play(AS_USER, lambda one: one.check_api_token("x", None), Exchange("GET", VERSION, {"version": version}))
    assert isinstance(result, UnsupportedError) is refused
    assert bool(one.warnings) is warned
    assert not refused or "platform rubrik_rsc" in str(result)


def test_an_api_token_is_made(play):
    body = {"initParams": {"apiToken": {"tag": "nightly", "expiration": 90}}}
    answer = {"session": {"id": "t1", "token": "canary.api.token", "userId": UUID}}
    make = Exchange("POST", LOGIN, answer, body=body, authorization=f"Bearer {TOKEN}")
    minted, _one = play(AS_USER, lambda one: one.mint_api_token("nightly", timedelta(minutes=90, seconds=59)), LOG_IN, make, END)
    assert (minted.credential.expires_at, minted.credential.created_at) == (NOW + timedelta(minutes=90), None)
    assert (minted.credential.tag, minted.credential.account.name) == ("nightly", "admin")
    make = Exchange("POST", LOGIN, answer, body={"initParams": {"apiToken": {"tag": "nightly"}}})
    minted, _one = play(AS_USER, lambda one: one.mint_api_token("nightly", None), LOG_IN, make, END)
    assert minted.credential.expires_at == NOW + timedelta(hours=1)


def test_an_api_token_is_never_made_twice(play):
    broken = Exchange("POST", LOGIN, body={"initParams": {"apiToken": {"tag": "x"}}}, failure=requests.ConnectionError())
    failure, _one = play(AS_USER, lambda one: one.mint_api_token("x", None), LOG_IN, broken, END)
    assert failure.may_have_acted
    assert "so it was not sent again" in str(failure)


def test_a_token_that_makes_tokens(play):
    refused = Exchange("POST", LOGIN, b"no", 403, body={"initParams": {"apiToken": {"tag": "x"}}})
    failure, _one = play(AS_TOKEN, lambda one: one.mint_api_token("x", None), refused)
    assert "A token cannot create tokens, whatever its roles. Log in with username and password." in str(failure)


# -- service accounts

SVC = Account(f"User:::{OTHER}", "svc-new", aliases=(OTHER,))
A, B = "Role:::a", "Role:::b"
ROLE_LIST = {"data": [{"roleId": A, "name": "A"}, {"id": B, "name": "B"}], "hasMore": False}
ROLES = Exchange("GET", "/api/v1/role", ROLE_LIST, query={"limit": "100", "offset": "0"})
ONLY = {"is_service_account": "true"}


def held(*roles: str, key: str = "id") -> Exchange:
    answer = [{key: SVC.id, "roles": [{"roleId": role, "name": role[-1].upper()} for role in roles]}]
    return Exchange("GET", HELD, answer, query={"principals": SVC.id})


def state(*roles: str) -> AccountState:
    return AccountState(SVC, frozenset(roles), role_names={A: "A", B: "B"})


@pytest.mark.parametrize("key", ["id", "principalId", "principal"])
def test_accounts_with_the_roles_asked_for_apart(play, key):
    accounts = page({"id": SVC.id, "name": "svc-new"}, name="svc-new", **ONLY)
    found, _one = play(AS_USER, lambda one: one.service_accounts("svc-new"), LOG_IN, accounts, held(A, key=key), V93, END)
    assert [(one.account, one.roles, one.role_names) for one in found] == [(SVC, frozenset([A]), {A: "A"})]


def test_a_version_that_lists_users_as_service_accounts(play):
    users = page({"id": f"User:::{UUID}", "name": "admin", "roles": []}, **ONLY)
    version = Exchange("GET", VERSION, {"version": "6.0.2"})
    one = Exchange("GET", f"{ACCOUNTS}/User%3A%3A%3A{UUID}", NO_ROUTE, 404)
    failure, _one = play(AS_USER, lambda one: one.service_accounts(), LOG_IN, users, version, one, END)
    assert "Rubrik CDM 6.0.2 at https://cluster.example.com:8000 has no local service accounts." in str(failure)


def test_a_wish_is_checked(play):
    def wish(*roles: str) -> AccountState:
        return AccountState(Account("", "svc-new"), frozenset(roles))

    checked, _one = play(AS_USER, lambda one: one.checked_account(wish("A", B), None), LOG_IN, ROLES, V93, END)
    assert (checked.roles, checked.role_names) == (frozenset([A, B]), {A: "A", B: "B"})
    unchanged, _one = play(AS_USER, lambda one: one.checked_account(wish("A"), state(A)))
    assert unchanged.roles == {A}
    assert "there is no role 'C'. There are: A, B." in str(
        play(AS_USER, lambda one: one.checked_account(wish("C"), None), LOG_IN, ROLES, END)[0]
    )
    assert isinstance(play(AS_CLIENT, lambda one: one.checked_account(AccountState(Account("", "x")), None))[0], UnsupportedError)
    new = Exchange("GET", VERSION, {"version": "9.5.1"})
    assert "platform rubrik_rsc" in str(play(AS_USER, lambda one: one.checked_account(AccountState(Account("", "x")), None), new)[0])


@pytest.mark.parametrize(
    "answer",
    [{"id": SVC.id, "secret": SECRET}, {"serviceAccountId": SVC.id, "clientSecret": SECRET}, {"clientId": SVC.id, "secret": SECRET}],
)
def test_an_account_is_made(play, answer):
    make = Exchange("POST", ACCOUNTS, answer, 201, body={"name": "svc-new"})
    (made, secret), _one = play(
        AS_USER, lambda one: one.create_account(AccountState(Account("", "svc-new"), frozenset([A]))), LOG_IN, make, END
    )
    assert (made.account, made.roles, secret.client_id, secret.client_secret) == (SVC, frozenset(), SVC.id, SECRET)


def test_a_file_for_the_vendors_clients():
    content = json.loads(platform().client_file(ClientSecret(SVC.id, SECRET, "svc-new")))
    assert content == {"client_id": SVC.id, "client_secret": SECRET, "name": "svc-new"}


def test_roles_are_given_and_taken_in_one_request_each(play):
    def change(one: RubrikCdm) -> None:
        give, take = one.role_steps(state(A), state(B))
        assert [words for words, _act in give + take] == ["roles 'B' given", "roles 'A' taken away"]
        apply_steps(give + take)

    give = Exchange("POST", HELD, [], body={"principals": [SVC.id], "roles": [B]})
    refused = Exchange("POST", f"{HELD}/bulk_revoke", b"no", 400, body={"principals": [SVC.id], "roles": [A]})
    take = Exchange("POST", f"{HELD}/bulk_revoke", status=204, body={"principalIds": [SVC.id], "roleIds": [A]})
    play(AS_TOKEN, change, give, held(A, B), refused, take, held(B))
    failure, _one = play(AS_TOKEN, change, give, held(A))
    assert f"but svc-new (id {SVC.id}) lacks 'B'." in str(failure)
    assert play(AS_TOKEN, lambda one: one.role_steps(state(A), state(A)))[0] == ([], [])


ROTATE = f"{ACCOUNTS}/User%3A%3A%3A{OTHER}/rotate"


def test_a_secret_is_rotated_and_kept_whatever_happens_to_the_sessions(play):
    rotate = Exchange("POST", ROTATE, {"secret": SECRET})
    sessions = listed(item("s", userId=OTHER), user=OTHER)
    end = Exchange("POST", BULK, status=204, body={"tokenIds": ["s"], "userId": OTHER})
    secret, one = play(AS_USER, lambda one: one.rotate_secret(state(), True), LOG_IN, rotate, sessions, end, END)
    assert (secret.client_id, secret.client_secret, one.warnings) == (SVC.id, SECRET, [])
    failed = listed(user=OTHER, status=403)
    secret, one = play(AS_USER, lambda one: one.rotate_secret(state(), True), LOG_IN, rotate, failed, END)
    assert secret.client_secret == SECRET
    assert "its sessions go on until they expire" in one.warnings[0]


def test_a_token_manages_no_service_accounts(play):
    failure, _one = play(AS_TOKEN, lambda one: one.rotate_secret(state(), False), Exchange("POST", ROTATE, b"no", 403))
    assert isinstance(failure, ForbiddenError)
    assert "a token may not, whatever its roles." in str(failure)


NEEDED = b"Request needs authentication!"
BLOCKED = {
    "an API token": (
        lambda one: one.mint_api_token("x", None),
        Exchange("POST", LOGIN, NEEDED, 401, body={"initParams": {"apiToken": {"tag": "x"}}}),
    ),
    "a rotation": (lambda one: one.rotate_secret(state(), False), Exchange("POST", ROTATE, NEEDED, 401)),
    "an account": (
        lambda one: one.create_account(AccountState(Account("", "x"))),
        Exchange("POST", ACCOUNTS, NEEDED, 401, body={"name": "x"}),
    ),
}


@pytest.mark.parametrize("what", BLOCKED)
def test_a_blocked_token_is_not_called_dead(play, what):
    act, refused = BLOCKED[what]
    failure, _one = play(AS_TOKEN, act, refused, Exchange("GET", ME, ME_IS_SVC))
    assert isinstance(failure, ForbiddenError)
    assert "the token works, but tokens are blocked for this (HTTP 401)." in str(failure)
    assert "username and password" in str(failure)
    assert "expired" not in str(failure)
    dead, _one = play(AS_TOKEN, act, refused, Exchange("GET", ME, NEEDED, 401))
    assert isinstance(dead, AuthenticationError)


THERE = page({"id": SVC.id, "name": "svc-new", "roles": []}, name="svc-new", **ONLY)
ENDS: dict[str, dict[str, Any]] = {"rotated": {"state": "present", "rotate_secret": True}, "deleted": {"state": "absent"}}


def planned(one: RubrikCdm, check: bool, **options: Any) -> Any:
    """Run service_account on the account that is there."""
    return SERVICE_ACCOUNT.run(one, Task({"name": "svc-new", **options}, check, lambda: NOW))


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("end", ENDS)
def test_a_service_account_is_told_while_planning_that_it_manages_none(play, end, check):
    who = [Exchange("GET", ME, ME_IS_SVC)] if end == "deleted" else []
    failure, _one = play(AS_CLIENT, lambda one: planned(one, check, **ENDS[end]), OPEN, THERE, V93, *who, END)
    assert isinstance(failure, UnsupportedError)
    assert "may not manage service accounts, whatever its roles. Log in with username and password." in str(failure)


@pytest.mark.parametrize("check", [True, False])
def test_a_version_without_local_accounts_is_told_while_planning_a_rotation(play, check):
    new = Exchange("GET", VERSION, {"version": "9.5.1"})
    failure, _one = play(AS_USER, lambda one: planned(one, check, **ENDS["rotated"]), LOG_IN, THERE, new, END)
    assert isinstance(failure, UnsupportedError)
    assert "has no local service accounts any more." in str(failure)


def test_a_version_on_the_way_out_warns_of_a_rotation_and_not_of_a_deletion(play):
    old = Exchange("GET", VERSION, {"version": "9.4.0"})
    for end, warnings in (("rotated", 1), ("deleted", 0)):
        outcome, one = play(AS_USER, lambda one, end=end: planned(one, True, **ENDS[end]), LOG_IN, THERE, old, END)
        assert (outcome.changed, len(one.warnings)) == (True, warnings)
    rotate = Exchange("POST", ROTATE, {"secret": SECRET})
    changed, _one = play(AS_USER, lambda one: planned(one, False, **ENDS["rotated"]).changed, LOG_IN, THERE, V93, rotate, END)
    assert changed is True


def test_an_account_is_deleted(play):
    path = f"{ACCOUNTS}/User%3A%3A%3A{OTHER}"
    there = page({"id": SVC.id, "name": "svc-new"}, name="svc-new", **ONLY)
    play(AS_USER, lambda one: one.delete_account(state()), LOG_IN, Exchange("DELETE", path, status=204), END)
    missing = Exchange("DELETE", path, {"message": "unknown"}, 404)
    play(AS_USER, lambda one: one.delete_account(state()), LOG_IN, missing, page(name="svc-new", **ONLY), page(**ONLY), END)
    failure, _one = play(AS_USER, lambda one: one.delete_account(state()), LOG_IN, missing, there, END)
    assert "If Rubrik Security Cloud manages this account, use platform rubrik_rsc." in str(failure)
    gone = Exchange("DELETE", path, NO_ROUTE, 404)
    failure, _one = play(AS_USER, lambda one: one.delete_account(state()), LOG_IN, gone, V93, END)
    assert isinstance(failure, UnsupportedError)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errorType": "user_error", "message": "No", "cause": None}, ": No."),
        ({"errorType": "user_error"}, ": user_error."),
        ({"message": 7}, " and no words."),
        (b"", " and no words."),
        (b"Plain words", ": Plain words."),
    ],
)
def test_the_vendors_words(play, body, words):
    failure, _one = play(AS_TOKEN, lambda one: one.caller(), Exchange("GET", ME, body, 400))
    assert f"was answered with HTTP 400{words}" in str(failure)


# -- accounts that Rubrik Security Cloud manages: what a cluster calls them is not published

MANAGED = jwt(f"{ISSUER}_{CLIENT}")
SUBJECT = f"{ISSUER}_{CLIENT}"
IDS = [CLIENT, f"User:::{CLIENT}", SUBJECT, f"User:::{SUBJECT}", f"User:::{OTHER}"]
FORMS = [CLIENT, SUBJECT, f"User:::{SUBJECT}"]


@pytest.mark.parametrize("told", IDS)
def test_the_callers_id_is_what_the_cluster_tells(play, told):
    me = Exchange("GET", ME, {"id": told, "username": "rsc-svc"})
    caller, one = play({"token": MANAGED}, lambda one: one.caller(), me)
    assert (caller.account.id, caller.account.name) == (told, "rsc-svc")
    assert all(one.is_account(form, caller.account) for form in (*FORMS[: 1 if OTHER in told else 3], told, "rsc-svc"))
    assert not one.is_account(f"User:::{ISSUER}", caller.account)
    assert not one.is_account(ISSUER, caller.account)
    assert not one.is_account(f"{ISSUER}_client|c145aaaa-0000-4000-8000-00000000000f", caller.account)


@pytest.mark.parametrize("told", IDS)
def test_the_sessions_of_the_caller_are_asked_for_by_its_own_id(play, told):
    user = told.removeprefix("User:::")
    me, mine = Exchange("GET", ME, {"id": told, "username": "rsc-svc"}), item("a", userId=user)
    sessions = listed(mine, item("b", userId=UUID), user=user)
    found, _one = play({"token": MANAGED}, lambda one: one.tokens(None), me, sessions)
    assert [one.id for one in found] == ["a"]


def admin(act: Any, *exchanges: Exchange) -> tuple[dict[str, Any], Any, list[Exchange]]:
    return AS_TOKEN, act, [Exchange("GET", ME, ME_IS_SVC), *exchanges]


@pytest.mark.parametrize("told", IDS[:4])
@pytest.mark.parametrize("identity", FORMS)
def test_an_administrator_finds_a_managed_account_by_every_form_of_its_id(play, told, identity):
    principals = [{"id": "<odd id>", "name": "odd"}, {"id": told, "name": "rsc-svc"}, {"id": f"User:::{OTHER}", "name": "x"}]
    who, act, exchanges = admin(lambda one: one.find_account(identity), page(name=identity), page(*principals))
    account, _one = play(who, act, *exchanges)
    assert (account.id, account.name) == (told, "rsc-svc")


@pytest.mark.parametrize("identity", FORMS)
def test_a_managed_account_that_no_list_shows_is_found_by_its_sessions(play, identity):
    others = [{"id": f"User:::{OTHER}", "name": "x"}]
    sessions = listed(item(userId=SUBJECT), user=SUBJECT)
    who, act, exchanges = admin(lambda one: one.find_account(identity), page(name=identity), page(*others), sessions)
    account, _one = play(who, act, *exchanges)
    assert (account.id, account.name) == (f"User:::{SUBJECT}", f"User:::{SUBJECT}")
    nothing = listed(user=SUBJECT)
    who, act, exchanges = admin(lambda one: one.find_account(identity), page(name=identity), page(*others), nothing)
    failure, _one = play(who, act, *exchanges)
    assert f"there is no account '{identity}'. There are: x." in str(failure)
    assert "The cluster may list an account of Rubrik Security Cloud under another name" in str(failure)


@pytest.mark.parametrize("id_", ["<odd id>", "a b", "", 7, None, "{{ x }}"])
def test_a_foreign_principal_with_an_odd_id_is_skipped(play, id_):
    odd, managed = {"id": id_, "name": "odd", "roles": []}, {"id": f"User:::{SUBJECT}", "name": "rsc-svc", "roles": []}
    states, _one = play(AS_TOKEN, lambda one: one.service_accounts(), page(odd, managed, **ONLY), V93)
    assert [one.account.name for one in states] == ["rsc-svc"]


def test_the_sessions_of_a_refused_managed_account_are_shown(play):
    who = {"client_id": CLIENT, "client_secret": SECRET}
    body = {"serviceAccountId": CLIENT, "secret": SECRET}
    refused = Exchange("POST", CLIENT_LOGIN, {"message": "too many sessions"}, 422, body=body)
    for bearer in (TOKEN, MANAGED):
        sessions = listed(*(item(str(number), userId=SUBJECT) for number in range(10)), user=SUBJECT, authorization=f"Bearer {bearer}")
        failure, _one = play(who, lambda one, bearer=bearer: refused_mint(one, [bearer]), refused, sessions)
        assert "The account has 10 sessions" in str(failure)
        assert failure.no_place


PAIRS = [{"serviceAccountId": CLIENT, "secret": SECRET}, {"clientId": CLIENT, "clientSecret": SECRET}]
AS_MANAGED = {"client_id": CLIENT, "client_secret": SECRET}
OPENED_MANAGED = OPENED | {"token": MANAGED, "serviceAccountId": CLIENT}


@pytest.mark.parametrize(
    ("status", "answer"), [(400, b"no"), (422, {"message": "clientId is missing"}), (422, b"no"), (400, {"message": "x"})]
)
def test_the_other_names_of_the_fields_are_tried_once(play, status, answer):
    first, second = (Exchange("POST", CLIENT_LOGIN, answer, status, body=body, authorization=None) for body in PAIRS)
    taken = Exchange(**vars(second) | {"status": 200, "answer": OPENED_MANAGED})
    minted, _one = play(AS_MANAGED, lambda one: one.mint_token(None, None), first, taken)
    assert minted.secret == MANAGED
    failure, _one = play(AS_MANAGED, lambda one: one.mint_token(None, None), first, second)
    assert failure.status == status
    denied = Exchange(**vars(second) | {"status": 403, "answer": b"no"})
    failure, _one = play(AS_MANAGED, lambda one: one.mint_token(None, None), first, denied)
    assert failure.status == 403


@pytest.mark.parametrize(
    ("who", "status", "answer"),
    [
        (AS_CLIENT, 400, b"no"),
        (AS_MANAGED, 401, b"no"),
        (AS_MANAGED, 403, b"no"),
        (AS_MANAGED, 404, b"no"),
        (AS_MANAGED, 422, {"message": "Incorrect service account ID or secret"}),
        (AS_MANAGED, 422, {"message": "maximum number of active sessions (10) reached"}),
        (AS_MANAGED, 500, b"no"),
    ],
)
def test_a_log_in_that_is_refused_for_another_reason_is_not_tried_again(play, who, status, answer):
    body = CLIENT_BODY if who is AS_CLIENT else PAIRS[0]
    failure, _one = play(who, lambda one: one.mint_token(None, None), Exchange("POST", CLIENT_LOGIN, answer, status, body=body))
    assert failure.status == status


# -- what comes beside a secret that is told only once


@pytest.mark.parametrize("odd", [{"expirationTime": "soon"}, {"expirationTime": 7}, {"sessionId": None}, {"sessionId": "a b"}])
def test_a_session_is_used_whatever_else_is_odd_in_the_reply(play, odd):
    minted, _one = play(AS_CLIENT, lambda one: one.mint_token(None, None), Exchange(**vars(OPEN) | {"answer": OPENED | odd}))
    assert (minted.secret, minted.credential.id) == (TOKEN, SESSION)


@pytest.mark.parametrize("odd", [{"expirationTime": "soon"}, {"id": None}, {"id": "a b"}, {"userId": None}])
def test_a_log_in_is_used_whatever_else_is_odd_in_the_reply(play, odd):
    answer = {"session": LOGGED_IN["session"] | odd}
    minted, _one = play(AS_USER, lambda one: one.mint_token(None, None), Exchange(**vars(LOG_IN) | {"answer": answer}))
    assert (minted.secret, minted.credential.id, minted.credential.account.id) == (TOKEN, SESSION, f"User:::{UUID}")


@pytest.mark.parametrize("odd", [{"expirationTime": "soon"}, {"creationTime": 7}, {"id": "a b"}])
def test_an_api_token_is_used_whatever_else_is_odd_in_the_reply(play, odd):
    answer = {"session": {"id": "t1", "token": jwt(jti="t1"), "userId": UUID} | odd}
    make = Exchange("POST", LOGIN, answer, body={"initParams": {"apiToken": {"tag": "x"}}})
    minted, _one = play(AS_USER, lambda one: one.mint_api_token("x", None), LOG_IN, make, END)
    assert (minted.secret, minted.credential.id) == (jwt(jti="t1"), "t1")


@pytest.mark.parametrize("id_", [None, "a b", 7])
def test_a_new_account_whose_reply_tells_no_id_is_looked_up(play, id_):
    make = Exchange("POST", ACCOUNTS, {"id": id_, "secret": SECRET}, 201, body={"name": "svc-new"})
    look = page({"id": SVC.id, "name": "svc-new", "roles": []}, name="svc-new", **ONLY)
    (made, secret), _one = play(AS_USER, lambda one: one.create_account(AccountState(Account("", "svc-new"))), LOG_IN, make, look, V93, END)
    assert (made.account, secret.client_id, secret.client_secret) == (SVC, SVC.id, SECRET)


# -- log-ins that a cluster wants the cookie of

COOKIES = {"Set-Cookie": "rk=canary-cookie; Path=/; Expires=Fri, 01 Jan 2027 00:00:00 GMT; Secure, b=2; HttpOnly"}
CSRF = "canary-csrf"
WITH_CSRF = {"session": LOGGED_IN["session"] | {"csrfToken": CSRF}}
LOG_IN_CSRF = Exchange(**vars(LOG_IN) | {"answer": WITH_CSRF, "headers": COOKIES})
BY_COOKIE = {"authorization": None, "sends": {"Cookie": "rk=canary-cookie; b=2", "x-rubrik-csrf-token": CSRF}}
MINT_BODY = {"initParams": {"apiToken": {"tag": "x"}}}
MADE = {"session": {"id": "t1", "token": "canary.api.token", "userId": UUID}}


@pytest.mark.parametrize("status", [401, 403])
def test_a_log_in_goes_on_by_cookie_where_its_bearer_is_refused(play, status):
    refused = Exchange("POST", LOGIN, b"no", status, body=MINT_BODY, authorization=f"Bearer {TOKEN}")
    made = Exchange("POST", LOGIN, MADE, body=MINT_BODY, **BY_COOKIE)
    end = Exchange("DELETE", LOGOUT, status=204, **BY_COOKIE)
    minted, one = play(AS_USER, lambda one: one.mint_api_token("x", None), LOG_IN_CSRF, refused, made, end)
    assert minted.secret == "canary.api.token"
    assert "takes the cookie of a log-in" in one.warnings[0]
    assert len(one.warnings) == 1


@pytest.mark.parametrize("log_in", [LOG_IN_CSRF, LOG_IN])
def test_a_log_in_goes_on_by_bearer_where_that_is_taken(play, log_in):
    made = Exchange("POST", LOGIN, MADE, body=MINT_BODY, authorization=f"Bearer {TOKEN}", sends={"Cookie": None})
    _minted, one = play(AS_USER, lambda one: one.mint_api_token("x", None), log_in, made, END)
    assert one.warnings == []


def test_a_right_that_is_missing_is_no_reason_for_the_cookie(play):
    refused = Exchange("POST", LOGIN, b"no", 403, body=MINT_BODY, authorization=f"Bearer {TOKEN}")
    by_cookie = Exchange("POST", LOGIN, f"no {CSRF} canary-cookie".encode(), 403, body=MINT_BODY, **BY_COOKIE)
    failure, one = play(AS_USER, lambda one: one.mint_api_token("x", None), LOG_IN_CSRF, refused, by_cookie, END)
    assert isinstance(failure, ForbiddenError)
    assert CSRF not in str(failure)
    assert "canary-cookie" not in str(failure)
    assert one.warnings == []


# -- whatever a server may answer

KEYS = ["id", "name", "username", "data", "hasMore", "total", "session", "token", "userId", "sessionId", "expirationTime", "creationTime"]
KEYS += [
    "csrfToken",
    "lastUsageTime",
    "tag",
    "sessionType",
    "mfaResponse",
    "attemptId",
    "roles",
    "roleId",
    "principal",
    "secret",
    "clientId",
    "version",
]
WORDS = ["", UUID, f"User:::{OTHER}", "svc-new", SESSION, TOKEN, "9.3.0", "2027-01-01T00:00:00Z", "a\nb", "€", "Web", "Role:::a", CLIENT]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(WORDS)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(KEYS), one, max_size=6), max_leaves=25
)
LIKELY = st.sampled_from([LOGGED_IN, OPENED, CHALLENGES[0], {"data": [item(), api_token("t")]}, ME_IS_SVC, ROLE_LIST, {"version": "9.3.0"}])
CALLS = {
    "caller": lambda one: one.caller(),
    "caller of a secret": lambda one: one.caller(TOKEN),
    "caller_roles": lambda one: one.caller_roles(),
    "find_account": lambda one: one.find_account("svc-new"),
    "is_account": lambda one: one.is_account("svc-new", Account(SVC.id, SVC.id)),
    "probe": lambda one: one.probe("GET", "/x"),
    "tokens": lambda one: one.tokens(SVC),
    "own api_tokens": lambda one: one.api_tokens(None),
    "token": lambda one: one.token(SESSION),
    "mint_token": lambda one: one.mint_token(None, None),
    "mint_api_token": lambda one: one.mint_api_token("x", None),
    "check_api_token": lambda one: one.check_api_token("x", None),
    "inspect_token": lambda one: one.inspect_token(TOKEN),
    "revoke": lambda one: apply_steps(one.revoke_steps([Credential("a", SVC), Credential("b", Account("", ""))])),
    "own_token": lambda one: one.own_token(),
    "end_own_token": lambda one: one.end_own_token(Credential(SESSION, SVC)),
    "service_accounts": lambda one: one.service_accounts("svc-new"),
    "checked_account": lambda one: one.checked_account(AccountState(Account("", "x"), frozenset(["A"])), None),
    "create_account": lambda one: one.create_account(state(A)),
    "rotate_secret": lambda one: one.rotate_secret(state(A), True),
    "roles": lambda one: [apply_steps(steps) for steps in one.role_steps(state(A), state(B))],
    "delete_account": lambda one: one.delete_account(state(A)),
    "explain_refused_mint": lambda one: one.explain_refused_mint(RequestError("No.", status=422), [TOKEN]),
    "inventory": lambda one: [entry.as_result(NOW) for entry in one.inventory(KINDS, None).found],
    "inventory of an account": lambda one: one.inventory(KINDS, "svc"),
}


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=examples(20, thorough=1000), deadline=None)
@given(
    answers=st.lists(
        st.tuples(st.sampled_from([200, 200, 200, 200, 400, 401, 403, 404, 422, 500]), LIKELY | VALUES), min_size=1, max_size=6
    ),
    who=st.sampled_from([AS_TOKEN, AS_CLIENT, AS_USER, AS_USER | {"totp_code": CODE}, {"token": "opaque"}]),
)
def test_whatever_comes_back_is_a_result_or_a_failure_of_ours(call, answers, who):
    one = platform(**who)
    Echo(answers).install(one)
    told = ""
    try:
        with one:
            CALLS[call](one)
    except LatchkeyError as failure:
        told = str(failure)
    assert not any(secret in told for secret in (SECRET, PASSWORD, who.get("token", SECRET)))


@pytest.mark.parametrize("bearer", ["a\nb", "€", "a b", " ", 7, None, ""])
def test_a_log_in_that_answers_with_no_token(bearer):
    for who, answer in ((AS_CLIENT, OPENED | {"token": bearer}), (AS_USER, {"session": LOGGED_IN["session"] | {"token": bearer}})):
        one = platform(**who)
        one.http._session.request = lambda *_what, answer=answer, **_how: Response(200, {}, json.dumps(answer).encode())
        with pytest.raises(AnswerError, match="A session may have been opened"):
            one.mint_token(None, None)


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_parts_of_a_path_that_name_something_else(part):
    with pytest.raises(OptionError, match="is not a name or an id"):
        platform().delete_token(part)
