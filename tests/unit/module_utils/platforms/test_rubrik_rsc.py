# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Rubrik Security Cloud on a scripted wire: its requests to the byte, and whatever a tenant may answer."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    NotFoundError,
    OptionError,
    RequestError,
    UnsupportedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import KINDS
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc import queries as rubrik_rsc_queries
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.platform import RubrikRsc
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.queries import GraphqlDocument
from tests.unit.examples import examples
from tests.unit.module_utils.wire import BASE, Echo, Exchange, Response, Script

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
BARE = "01234567-89ab-cdef-0123-456789abcdef"
ID = f"client|{BARE}"
CANARY = "canary-0f1e2d3c"
MINT, SESSION, GRAPHQL = "/api/client_token", "/api/session", "/api/graphql"
TOKEN = {"token": "t0ken-of-the-user"}
CLIENT = {"client_id": ID, "client_secret": CANARY}
WHO = {"accountName": "acme", "orgName": "Global", "user": {"id": ID, "username": "svc", "email": "", "domain": "CLIENT", "roles": []}}
STATE = AccountState(Account(ID, "svc", aliases=(BARE,)), frozenset({"r1"}), attributes={"description": "x"}, role_names={"r1": "One"})


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    monkeypatch.setattr(http_layer, "utc_now", lambda: NOW)


def platform(**how: Any) -> RubrikRsc:
    return RubrikRsc(resolve_connection({"platform": "rubrik_rsc", "endpoint": "cluster.example.com:8000", **(how or TOKEN)}, {}))


def jwt(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.x"


def login(answer: Any = None, **more: Any) -> Exchange:
    body = {**CLIENT, "grant_type": "client_credentials"}
    told = {"client_id": ID, "access_token": "minted", "expires_in": 43200} if answer is None else answer
    return Exchange("POST", MINT, told, body=body, authorization=None, **more)


def asked(document: GraphqlDocument, value: Any = None, variables: Any = None, **more: Any) -> Exchange:
    body = {"query": document.text, "variables": variables or {}, "operationName": document.field}
    answer = more.pop("answer", {"data": {document.field: value}})
    return Exchange("POST", GRAPHQL, answer, body=body, **{"authorization": "Bearer t0ken-of-the-user", **more})


def page(*nodes: Any, cursor: str = "", more: bool = False) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"endCursor": cursor, "hasNextPage": more}}


def account(client_id: str = ID, name: str = "svc", **more: Any) -> dict[str, Any]:
    return {"clientId": client_id, "name": name, "description": "", "roles": [{"id": "r1", "name": "One"}], **more}


def failed(code: Any, message: str, *path: str, data: Any = None) -> dict[str, Any]:
    return {"data": data, "errors": [{"message": message, "path": list(path), "extensions": {"code": code, "trace": {}}}]}


# -- logging in and out


@pytest.mark.parametrize("endpoint", ["cluster.example.com:8000", "https://cluster.example.com:8000/api", f"{BASE}/api/", f"{BASE}/"])
def test_the_api_is_found_from_a_host_and_from_a_service_account_file(monkeypatch, endpoint):
    script = Script(asked(rubrik_rsc_queries.CALLER, WHO)).install(monkeypatch)
    platform(endpoint=endpoint, **TOKEN).caller()
    script.done()


def test_one_login_that_is_ended_with_the_task(monkeypatch):
    own = {"authorization": "Bearer minted"}
    script = Script(
        login(),
        asked(rubrik_rsc_queries.CALLER, WHO, **own),
        asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(), {"first": 100}, **own),
        Exchange("DELETE", SESSION, status=204, authorization="Bearer minted"),
    ).install(monkeypatch)
    with platform(**CLIENT) as one:
        assert one.caller() is one.caller()
        assert one.service_accounts() == []
    script.done()


def test_no_request_no_login(monkeypatch):
    script = Script().install(monkeypatch)
    with platform(**CLIENT):
        pass
    script.done()


def test_a_users_token_is_never_ended_with_the_task(monkeypatch):
    script = Script(asked(rubrik_rsc_queries.CALLER, WHO)).install(monkeypatch)
    with platform() as one:
        assert one.caller().with_token
    script.done()


@pytest.mark.parametrize(("status", "warned"), [(204, False), (401, False), (403, True), (404, True), (500, True)])
def test_a_logout_never_fails_the_task(monkeypatch, status, warned):
    Script(login(), Exchange("DELETE", SESSION, {"message": f"no {CANARY}"}, status=status)).install(monkeypatch)
    with platform(**CLIENT) as one:
        one._authorize()
    assert bool(one.warnings) == warned
    assert all("could not be ended; it ends by itself" in warning and CANARY not in warning for warning in one.warnings)


def test_an_organisation_has_a_session_of_its_own_and_both_are_ended(monkeypatch):
    switch = asked(
        rubrik_rsc_queries.SWITCH_ORGANIZATION, {"accessToken": "switched"}, {"input": {"orgId": "o1"}}, authorization="Bearer minted"
    )
    script = Script(
        login(),
        switch,
        asked(rubrik_rsc_queries.CALLER, WHO, authorization="Bearer switched"),
        Exchange("DELETE", SESSION, status=500, authorization="Bearer switched"),
        Exchange("DELETE", SESSION, status=204, authorization="Bearer minted"),
    ).install(monkeypatch)
    with platform(**CLIENT, organization_id="o1") as one:
        one.caller()
    script.done()
    assert len(one.warnings) == 1


@pytest.mark.parametrize("bearer", ["a\nb", "€", "a b", " ", 7, None, ""])
def test_a_login_that_answers_with_no_token(monkeypatch, bearer):
    Script(login({"client_id": ID, "access_token": bearer})).install(monkeypatch)
    with pytest.raises(AnswerError, match="returned an unexpected response"):
        platform(**CLIENT).caller()


@pytest.mark.parametrize("echoed", [None, "client|x", 7])
def test_a_login_for_somebody_else(monkeypatch, echoed):
    Script(login({"client_id": echoed, "access_token": "minted"})).install(monkeypatch)
    with pytest.raises(AnswerError, match="another client_id") as caught:
        platform(**CLIENT).caller()
    assert "minted" not in str(caught.value)


@pytest.mark.parametrize("failure", [requests.ConnectionError(), requests.ReadTimeout()])
def test_a_login_is_never_repeated_blindly(monkeypatch, failure):
    script = Script(login(failure=failure)).install(monkeypatch)
    with pytest.raises(ConnectionFailedError, match=r"not sent again.*If a token was created, it is lost, and it ends by itself"):
        platform(**CLIENT).mint_token(None, None)
    script.done()


LOGINS = [
    (401, {"code": 401, "message": "UNAUTHENTICATED: incorrect client secret"}, AuthenticationError, "wrong, or a rotation replaced it"),
    (403, {"code": 403, "message": "PERMISSION_DENIED: "}, ForbiddenError, "Check client_id, which begins with client"),
    (403, {"code": 403, "message": "cannot process audit object"}, ForbiddenError, "not on the IP allow list"),
    (500, {"code": 500, "message": "x: Cannot process audit object"}, RequestError, "not on the IP allow list"),
    (200, {"code": 404, "message": "no such client"}, NotFoundError, "Check client_id"),
    (403, {"message": "LoginFailedInsufficientPermissions, insufficient permissions"}, ForbiddenError, "has no role"),
    (403, {"message": "maximum number of concurrent sessions"}, ForbiddenError, "as many sessions as the tenant allows"),
    (429, None, RequestError, "busy or down"),
    (503, b"<html><h1>503</h1></html>", RequestError, "busy or down"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), LOGINS)
def test_a_refused_login(monkeypatch, status, body, kind, words):
    script = Script(login(body if body is not None else b"", status=status)).install(monkeypatch)
    with pytest.raises(kind, match=words):
        platform(**CLIENT).caller()
    script.done()


def test_a_refused_login_hides_the_secret(monkeypatch):
    Script(login({"code": 401, "message": f"wrong: {CANARY}"}, status=401)).install(monkeypatch)
    with pytest.raises(AuthenticationError) as caught:
        platform(**CLIENT).caller()
    assert CANARY not in str(caught.value)


# -- GraphQL: every way to say no

GATEWAY = {"code": 16, "message": "JWT validation failed: Missing or invalid credentials", "details": []}
EXPIRED = {"code": 16, "message": "JWT validation failed: TIME_CONSTRAINT_FAILURE"}
INVALID = {"code": 400, "message": "[QueryAnalysisError] Query does not pass validation. Violations: no field name"}
NO = [
    (401, GATEWAY, AuthenticationError, "was revoked, has ended, or is of another tenant"),
    (401, EXPIRED, AuthenticationError, "The token has expired: create a new one"),
    (200, failed(401, "JWT is missing."), AuthenticationError, "was revoked, has ended"),
    (200, failed(403, "no", "serviceAccounts"), ForbiddenError, "needs a role with the right VIEW_SERVICE_ACCOUNT"),
    (403, {"code": 403, "message": "cannot process audit object"}, ForbiddenError, "not on the IP allow list"),
    (200, failed(404, "gone", data={"serviceAccounts": page()}), NotFoundError, "answered with error 404: gone"),
    (200, failed(500, "oops"), RequestError, "answered with error 500: oops"),
    (200, {"data": {"serviceAccounts": page()}, "errors": [{"message": "odd"}]}, RequestError, "error 500: odd"),
    (200, {"errors": "odd"}, RequestError, "error 500 and no words"),
    (400, INVALID, RequestError, "no field name. The schema of this tenant is older or newer"),
    (200, INVALID, RequestError, "no field name. The schema of this tenant is older or newer"),
    (429, b"", RequestError, "busy or down"),
    (502, b"<html>", RequestError, "busy or down"),
    (500, {"code": 500, "message": "UNKNOWN: x"}, RequestError, "UNKNOWN: x"),
    (302, b"", AnswerError, "Redirects are not followed"),
    (200, b"<html>hello</html>", AnswerError, "the body is not JSON"),
    (200, {"data": None}, AnswerError, "it has no serviceAccounts"),
    (200, [], AnswerError, "not a JSON object"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), NO)
def test_a_refused_query(monkeypatch, status, body, kind, words):
    one = answering(body, status)
    with pytest.raises(kind, match=words) as caught:
        one.service_accounts()
    assert "Rubrik Security Cloud at https://cluster.example.com:8000: cannot list service accounts" in str(caught.value)


PASSING = [
    "Error checking account flags to determine access. Please try again.",
    "UNAVAILABLE: Connection closed while performing TLS negotiation",
]


@pytest.mark.parametrize("words", PASSING)
def test_what_passes_is_repeated_even_for_a_rotation(monkeypatch, words):
    reply = {"clientId": ID, "clientSecret": CANARY, "name": "svc", "accessTokenUri": "https://x/api/client_token"}
    how = {"variables": {"input": {"id": ID}}}
    refused = asked(rubrik_rsc_queries.ROTATE, **how, answer=failed(403, words, "rotateServiceAccountSecret"))
    script = Script(refused, refused, asked(rubrik_rsc_queries.ROTATE, reply, **how)).install(monkeypatch)
    assert platform().rotate_secret(STATE, False).client_secret == CANARY
    script.done()
    Script(*[refused] * 4).install(monkeypatch)
    with pytest.raises(ForbiddenError, match="This passes: run again later") as caught:
        platform().rotate_secret(STATE, False)
    assert not caught.value.may_have_acted


def test_what_failed_inside_a_rotation_is_not_repeated(monkeypatch):
    answer = failed(403, PASSING[0], "rotateServiceAccountSecret", "suspendedTprPolicyIds")
    script = Script(asked(rubrik_rsc_queries.ROTATE, variables={"input": {"id": ID}}, answer=answer)).install(monkeypatch)
    with pytest.raises(ForbiddenError) as caught:
        platform().rotate_secret(STATE, False)
    assert caught.value.may_have_acted
    script.done()


SECRETS = {
    rubrik_rsc_queries.CREATE: lambda one: one.create_account(STATE)[1],
    rubrik_rsc_queries.ROTATE: lambda one: one.rotate_secret(STATE, False),
}
TOLD = {"clientId": ID, "clientSecret": CANARY, "name": "svc", "accessTokenUri": None, "suspendedTprPolicyIds": None}


@pytest.mark.parametrize("document", SECRETS)
@pytest.mark.parametrize("code", [403, 400, 404, 500, None, "FORBIDDEN"])
@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("words", [f"no right, {CANARY}.", PASSING[0], INVALID["message"], ""])
def test_a_secret_that_comes_with_errors_is_used(monkeypatch, document, code, status, words):
    answer = failed(code, words, document.field, "accessTokenUri", data={document.field: TOLD})
    del answer["errors"][0]["path"][1 if words == PASSING[0] else 2 :]  # where it failed does not matter
    one = platform()
    one.http._session.request = request = Mock(side_effect=[Response(status, {}, json.dumps(answer).encode())])
    secret = SECRETS[document](one)
    assert (secret.client_id, secret.client_secret, secret.token_uri) == (ID, CANARY, f"{BASE}/api/client_token")
    assert request.call_count == 1
    (warning,) = one.warnings
    assert warning.startswith("Rubrik Security Cloud at https://cluster.example.com:8000 answered the request to ")
    assert (words.split(",")[0].rstrip(".") or "no words") in warning
    assert CANARY not in warning


@pytest.mark.parametrize("document", SECRETS)
@pytest.mark.parametrize("nothing", [None, "", 7])
def test_a_refusal_without_a_secret_stays_one(document, nothing):
    answer = failed(403, "no", document.field, "x", data={document.field: TOLD | {"clientSecret": nothing}})
    one = answering(answer)
    with pytest.raises(ForbiddenError) as caught:
        SECRETS[document](one)
    assert caught.value.may_have_acted
    assert not one.warnings


@pytest.mark.parametrize("document", SECRETS)
@pytest.mark.parametrize("client_id", [None, "", 7, "two words"])
@pytest.mark.parametrize("errors", [True, False])
def test_a_secret_without_an_id_is_used(monkeypatch, document, client_id, errors):
    told = {document.field: TOLD | {"clientId": client_id}}
    answer = failed(403, "no", document.field, "clientId", data=told) if errors else {"data": told}
    body = {"roleIds": ["r1"], "name": "svc", "description": "x"} if document is rubrik_rsc_queries.CREATE else {"id": ID}
    listed = [asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(account()), {"first": 100})] if "name" in body else []
    script = Script(asked(document, variables={"input": body}, answer=answer), *listed).install(monkeypatch)
    secret = SECRETS[document](platform())
    assert (secret.client_id, secret.client_secret) == (ID, CANARY)
    script.done()


@pytest.mark.parametrize("listed", [{"data": {"serviceAccounts": page(account(), account("client|two"))}}, failed(403, "no")])
def test_a_secret_of_an_account_that_cannot_be_found_is_in_the_result(monkeypatch, listed):
    create = rubrik_rsc_queries.CREATE
    body = {"roleIds": ["r1"], "name": "svc", "description": "x"}
    script = Script(
        asked(create, TOLD | {"clientId": None}, {"input": body}),
        asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, variables={"first": 100}, answer=listed),
    ).install(monkeypatch)
    with pytest.raises(AnswerError) as caught:
        platform().create_account(STATE)
    script.done()
    assert caught.value.may_have_acted
    assert caught.value.details["client_secret"] == CANARY
    assert CANARY not in str(caught.value)


ERRORS = [
    (200, [403], False),
    (200, [400, 404], False),
    (200, [500], True),
    (200, [None], True),
    (200, [403, 503], True),
    (200, [403, None], True),
    (400, [None], False),
    (403, [500], True),
    (500, [403], True),
]


@pytest.mark.parametrize("document", SECRETS)
@pytest.mark.parametrize(("status", "codes", "acted"), ERRORS)
@pytest.mark.parametrize("data", [None, {}, "null"])
def test_a_refusal_of_a_change_tells_whether_it_may_have_acted(document, status, codes, acted, data):
    errors = [{"message": "no", "path": [document.field], **({"extensions": {"code": code}} if code else {})} for code in codes]
    one = answering({"data": {document.field: None} if data == "null" else data, "errors": errors}, status)
    with pytest.raises(RequestError) as caught:
        SECRETS[document](one)
    assert caught.value.may_have_acted is acted
    with pytest.raises(RequestError) as caught:
        one.service_accounts()
    assert not caught.value.may_have_acted


def test_a_change_that_was_done_in_part_is_not_sent_again_for_an_older_schema(monkeypatch):
    answer = failed(400, INVALID["message"], data={"rotateServiceAccountSecret": {"clientId": ID}})
    script = Script(asked(rubrik_rsc_queries.ROTATE, variables={"input": {"id": ID}}, answer=answer)).install(monkeypatch)
    with pytest.raises(RequestError) as caught:
        platform().rotate_secret(STATE, False)
    assert caught.value.may_have_acted
    script.done()


def test_a_session_of_an_organisation_that_comes_with_errors_is_used(monkeypatch):
    switched = failed(403, "no", "createOrgSwitchSession", "x", data={"createOrgSwitchSession": {"accessToken": "switched"}})
    script = Script(
        asked(rubrik_rsc_queries.SWITCH_ORGANIZATION, variables={"input": {"orgId": "o1"}}, answer=switched),
        asked(rubrik_rsc_queries.CALLER, WHO, authorization="Bearer switched"),
        Exchange("DELETE", SESSION, status=204, authorization="Bearer switched"),
    ).install(monkeypatch)
    with platform(**TOKEN, organization_id="o1") as one:
        one.caller()
    script.done()
    assert len(one.warnings) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_is_repeated_and_changing_is_not(monkeypatch, status):
    first = {"variables": {"first": 100}}
    busy = asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, **first, answer=b"", status=status)
    script = Script(busy, busy, asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(), **first)).install(monkeypatch)
    assert platform().service_accounts() == []
    script.done()
    changes = {
        rubrik_rsc_queries.ROTATE: lambda one: one.rotate_secret(STATE, False),
        rubrik_rsc_queries.CREATE: lambda one: one.create_account(STATE),
        rubrik_rsc_queries.DELETE: lambda one: one.delete_account(STATE),
        rubrik_rsc_queries.UPDATE: lambda one: one.update_account(STATE, {"description": "y"}),
        rubrik_rsc_queries.SET_ROLES: lambda one: one.role_steps(STATE, AccountState(STATE.account, frozenset()))[0][0][1](),
    }
    for document, change in changes.items():
        for answer in (Response(status, {}, b""), requests.ConnectionError()):
            one, request = platform(), Mock(side_effect=[answer])
            one.http._session.request = request
            with pytest.raises(RequestError):
                change(one)
            assert [call.kwargs["json"]["operationName"] for call in request.call_args_list] == [document.field]


# -- who calls


@pytest.mark.parametrize(
    ("user", "token", "account_id", "aliases"),
    [
        ({"id": ID, "domain": "CLIENT"}, "opaque", ID, (BARE,)),
        ({"id": BARE, "domain": "CLIENT"}, "opaque", ID, (BARE,)),
        ({"id": "user-7", "domain": "CLIENT"}, jwt(sub=ID), ID, (BARE, "user-7")),
        ({"id": BARE, "domain": "LOCAL"}, jwt(sub=ID), ID, (BARE,)),
        ({"id": BARE, "domain": "LOCAL"}, jwt(sub="x"), BARE, (ID,)),
        ({"id": "auth0|5d", "domain": "SSO"}, jwt(sub=7), "auth0|5d", ()),
        ({"id": "user-7", "domain": "LOCAL"}, jwt(sub="client|{{ x }}"), "user-7", ()),
    ],
)
def test_the_callers_id_and_its_other_forms(user, token, account_id, aliases):
    one = answering({"data": {"currentUserLoginContext": WHO | {"user": WHO["user"] | user}}}, token=token)
    caller = one.caller()
    assert (caller.account.id, caller.account.aliases) == (account_id, aliases)


@pytest.mark.parametrize(
    ("told", "name"),
    [({"username": "u", "email": "e"}, "u"), ({"username": "", "email": "e"}, "e"), ({"username": None, "email": ""}, ID)],
)
def test_the_callers_name(told, name):
    roles = [{"id": "2", "name": "Zwei"}, {"id": "1", "name": "Eins"}]
    one = answering({"data": {"currentUserLoginContext": WHO | {"user": WHO["user"] | told | {"roles": roles}}}}, token=jwt(jti="s1"))
    caller = one.caller()
    assert (caller.account.name, caller.roles, caller.token_id) == (name, ("Eins", "Zwei"), "s1")
    assert one.caller_roles() == ("Eins", "Zwei")


@pytest.mark.parametrize("status", [200, 400])
def test_the_caller_of_a_schema_that_tells_the_user_only(monkeypatch, status):
    script = Script(
        asked(rubrik_rsc_queries.CALLER, answer=INVALID, status=status), asked(rubrik_rsc_queries.CALLER_OLD, WHO["user"])
    ).install(monkeypatch)
    caller = platform().caller()
    script.done()
    assert (caller.account.id, caller.account.name, caller.account.domain, caller.roles) == (ID, "svc", "", ())


def test_the_id_that_was_logged_in_with_is_the_callers(monkeypatch):
    own = {"authorization": "Bearer minted"}
    told = WHO | {"user": WHO["user"] | {"id": "user-7", "domain": "LOCAL"}}
    Script(login(), asked(rubrik_rsc_queries.CALLER, told, **own)).install(monkeypatch)
    caller = platform(**CLIENT).caller()
    assert (caller.account.id, caller.account.aliases, caller.with_token) == (ID, (BARE, "user-7"), False)


def test_a_name_is_looked_up_only_where_the_caller_is_told_none(monkeypatch):
    one = platform()
    named, nameless = Account(ID, "svc", aliases=(BARE,)), Account(ID, ID, aliases=(BARE,))
    Script().install(monkeypatch)
    assert [one.is_account(text, named) for text in ("svc", ID, BARE, "x")] == [True, True, True, False]
    assert not one.is_account(f"{ID[:-1]}0", nameless)
    script = Script(*[asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(account()), {"first": 100})] * 2).install(monkeypatch)
    assert [one.is_account(text, nameless) for text in ("svc", "x")] == [True, False]
    script.done()


# -- tokens


def test_another_bearer_is_asked_about_as_itself(monkeypatch):
    token = jwt(sub="client|other", jti="s2")
    told = WHO | {"user": WHO["user"] | {"id": "other"}}
    script = Script(asked(rubrik_rsc_queries.CALLER, told, authorization=f"Bearer {token}")).install(monkeypatch)
    caller = platform(**CLIENT).caller(token)
    script.done()
    assert (caller.account.id, caller.token_id, caller.with_token) == ("client|other", "s2", True)


def test_a_minted_token_is_one_request_and_stays(monkeypatch):
    token = jwt(sub=ID, jti="s1", iat=int(NOW.timestamp()), exp=int(NOW.timestamp()) + 60)
    script = Script(login({"client_id": ID, "access_token": token, "expires_in": 43200})).install(monkeypatch)
    with platform(**CLIENT) as one:
        minted = one.mint_token(None, None)
    script.done()
    assert (minted.secret, minted.credential.id, minted.credential.account) == (token, "s1", Account(ID, ID))
    assert (minted.credential.created_at, minted.credential.expires_at) == (NOW, NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("told", "expires_at"), [(43200, NOW + timedelta(hours=12)), (None, None), ("x", None), (10**400, None), (1e300, None)]
)
def test_the_expiry_of_a_token_that_says_none(monkeypatch, told, expires_at):
    Script(login({"client_id": ID, "access_token": "opaque", "expires_in": told})).install(monkeypatch)
    minted = platform(**CLIENT).mint_token(Account("x", "svc", aliases=(ID,)), None)
    assert (minted.credential.id, minted.credential.expires_at) == ("", expires_at)


def test_who_can_make_no_token(monkeypatch):
    Script().install(monkeypatch)
    with pytest.raises(OptionError, match="A token cannot create another one"):
        platform().mint_token(None, None)
    with pytest.raises(OptionError, match=r"A token cannot create another one\. Authenticate with client_id and client_secret, or service"):
        platform().check_log_in()  # in the same words, for check mode
    platform(**CLIENT).check_log_in()
    with pytest.raises(OptionError, match="for the calling account only"):
        platform(**CLIENT).mint_token(Account("client|x", "x"), None)


def test_an_expired_token_is_not_asked_about(monkeypatch):
    Script().install(monkeypatch)
    assert platform().inspect_token(jwt(exp=int(NOW.timestamp()))) is None


def test_a_live_token_is_asked_about_as_its_bearer(monkeypatch):
    for token, session in ((jwt(exp=int(NOW.timestamp()) + 1, jti="s1"), "s1"), ("opaque", ""), (jwt(jti="{{ x }}"), "")):
        script = Script(asked(rubrik_rsc_queries.CALLER, WHO, authorization=f"Bearer {token}")).install(monkeypatch)
        seen = platform(**CLIENT).inspect_token(token)
        script.done()
        assert seen is not None
        assert (seen.id, seen.account.id, seen.kind) == (session, ID, "session")


@pytest.mark.parametrize(("status", "body"), [(401, GATEWAY), (401, EXPIRED), (200, failed(401, "JWT is missing."))])
def test_a_dead_token(status, body):
    assert answering(body, status).inspect_token("opaque") is None


def test_a_token_that_cannot_be_judged_is_not_dead():
    with pytest.raises(ForbiddenError):
        answering(failed(403, "no"), 200).inspect_token("opaque")


@pytest.mark.parametrize(("token", "session"), [("t0ken-of-the-user", "self"), (jwt(jti="s1"), "s1")])
def test_ending_the_users_token_is_one_request(monkeypatch, token, session):
    script = Script(Exchange("DELETE", SESSION, status=204, authorization=f"Bearer {token}")).install(monkeypatch)
    one = platform(token=token)
    own = one.own_token()
    assert (own.id, own.kind) == (session, "session")
    assert one.end_own_token(own)
    script.done()


def test_ending_a_token_of_the_users_that_is_dead(monkeypatch):
    Script(Exchange("DELETE", SESSION, EXPIRED, status=401)).install(monkeypatch)
    one = platform()
    with pytest.raises(AuthenticationError, match="TIME_CONSTRAINT_FAILURE"):
        one.end_own_token(one.own_token())


def test_there_is_no_token_of_the_users_to_end(monkeypatch):
    Script().install(monkeypatch)
    one = platform(**CLIENT)
    assert one.own_token() is None
    assert "ends with it" in one.warnings[0]


CANNOT = {
    "find_account": lambda one: one.find_account("svc"),
    "tokens": lambda one: one.tokens(None),
    "token": lambda one: one.token("s1"),
    "find_tokens": lambda one: one.find_tokens(["s1"]),
    "delete_token": lambda one: one.delete_token("s1"),
    "update_token": lambda one: one.update_token("s1", enabled=False),
    "check_api_token": lambda one: one.check_api_token("t", None),
    "api_tokens": lambda one: one.api_tokens(None),
    "mint_api_token": lambda one: one.mint_api_token("t", None),
}


@pytest.mark.parametrize("call", CANNOT)
def test_what_it_cannot_do_is_said_at_once(monkeypatch, call):
    Script().install(monkeypatch)
    with pytest.raises(UnsupportedError, match=r"^Rubrik Security Cloud cannot "):
        CANNOT[call](platform(**CLIENT))


@pytest.mark.parametrize("option", ["expire_sessions", "expires_in", "enabled", "token_id", "privileges", "primary_group"])
def test_options_that_it_cannot_heed(option):
    with pytest.raises(UnsupportedError, match=f"^{option}: Rubrik Security Cloud has nothing like it. "):
        platform().require_options([option])


# -- probes


@pytest.mark.parametrize(
    ("path", "status", "body", "probed"),
    [
        (GRAPHQL, 200, {"data": {}}, 200),
        (GRAPHQL, 200, failed(403, "no"), 403),
        (GRAPHQL, 200, {"errors": [{"message": "odd"}]}, 500),
        (GRAPHQL, 200, INVALID, 400),
        (GRAPHQL, 429, b"", 429),
        ("/api/rest/workloads", 200, {"data": [], "code": 5}, 200),
        ("/api/rest/workloads", 200, b"hello", 200),
        ("/api/rest/workloads", 404, b"", 404),
    ],
)
def test_probes(monkeypatch, path, status, body, probed):
    script = Script(Exchange("POST", path, body, status=status, body={"query": "{ x }"})).install(monkeypatch)
    assert platform(endpoint=f"{BASE}/api", **TOKEN).probe("POST", path, {"query": "{ x }"}).status == probed
    script.done()


# -- lists


def test_pages_are_followed_and_an_entry_counts_once(monkeypatch):
    document = rubrik_rsc_queries.SERVICE_ACCOUNTS
    script = Script(
        asked(document, page(account("client|1"), cursor="c1", more=True), {"first": 100}),
        asked(document, page(account("client|1"), account("client|2", description="d"), cursor="c2"), {"first": 100, "after": "c1"}),
    ).install(monkeypatch)
    found = platform().service_accounts("svc")
    script.done()
    assert [one.account for one in found] == [Account("client|1", "svc", aliases=("1",)), Account("client|2", "svc", aliases=("2",))]
    assert [one.attributes["description"] for one in found] == [None, "d"]


@pytest.mark.parametrize(("told", "incomplete"), [({"hasNextPage": False}, False), ({"hasNextPage": None}, True), ({}, True)])
def test_a_list_that_does_not_tell_whether_it_ends(told, incomplete):
    one = answering({"data": {"serviceAccounts": {"nodes": [account()], "pageInfo": told}}})
    assert len(one.service_accounts()) == 1
    assert one.incomplete is incomplete


def test_a_page_size_that_is_rejected_is_left_out(monkeypatch):
    document = rubrik_rsc_queries.SERVICE_ACCOUNTS
    script = Script(
        asked(document, variables={"first": 100}, answer=failed(400, "first must not be more than 50")),
        asked(document, page(account(), cursor="c1", more=True)),
        asked(document, page(), {"after": "c1"}),
    ).install(monkeypatch)
    assert [one.account.name for one in platform().service_accounts()] == ["svc"]
    script.done()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "", 7, None]), min_size=1, max_size=4))
def test_pages_never_go_in_a_circle(cursors):
    one, sent = platform(), []

    def request(*_what: Any, **_how: Any) -> Response:
        sent.append(1)
        assert len(sent) < 20
        value = page(cursor=cursors[(len(sent) - 1) % len(cursors)], more=True)
        return Response(200, {}, json.dumps({"data": {"serviceAccounts": value}}).encode())

    one.http._session.request = request
    with pytest.raises(AnswerError):
        one.service_accounts()


# -- service accounts


def test_roles_that_the_account_holds_are_known_without_asking(monkeypatch):
    Script().install(monkeypatch)
    one = platform()
    for roles, ids in ((["One"], {"r1"}), (["r1", "One"], {"r1"}), ([], set())):
        wish = one.checked_account(AccountState(STATE.account, frozenset(roles), attributes={"description": ""}), STATE)
        assert (wish.roles, wish.attributes, wish.role_names) == (ids, {"description": None}, {"r1": "One"})
    assert one.checked_account(AccountState(STATE.account), None).roles is None


def test_other_roles_are_looked_up(monkeypatch):
    roles = [{"id": f"r{number}", "name": name} for number, name in ((1, "One"), (2, "Two"), (3, "Three"), (4, "Two"))]
    script = Script(*[asked(rubrik_rsc_queries.ROLES, page(*roles), {"first": 100})] * 3).install(monkeypatch)
    one = platform()
    assert one.checked_account(AccountState(STATE.account, frozenset({"Three", "r2", "One"})), STATE).roles == {"r1", "r2", "r3"}
    with pytest.raises(OptionError, match=r"2 roles are called 'Two': r2, r4\. Name the one that is meant by its id"):
        one.checked_account(AccountState(STATE.account, frozenset({"Two"})), STATE)
    with pytest.raises(OptionError, match=r"there is no role 'two'\. There are: One, Three, Two\."):
        one.checked_account(AccountState(STATE.account, frozenset({"two"})), None)
    script.done()


def test_create(monkeypatch):
    reply = {"clientId": ID, "clientSecret": CANARY, "name": "svc", "accessTokenUri": "https://acme.my.rubrik.com/api/client_token"}
    given_ = {"name": "svc", "roleIds": ["r1", "r2"], "description": "x"}
    script = Script(asked(rubrik_rsc_queries.CREATE, reply, {"input": given_})).install(monkeypatch)
    wanted = AccountState(Account("", "svc"), frozenset({"r2", "r1"}), attributes={"description": "x"})
    state, secret = platform().create_account(wanted)
    script.done()
    assert (state.account, state.roles) == (Account(ID, "svc", aliases=(BARE,)), wanted.roles)
    assert (secret.client_id, secret.client_secret, secret.token_uri) == (ID, CANARY, reply["accessTokenUri"])
    assert CANARY not in repr((state, secret))


def test_create_without_roles(monkeypatch):
    refused = asked(
        rubrik_rsc_queries.CREATE, variables={"input": {"name": "svc", "roleIds": []}}, answer=failed(400, "roleIds must not be empty")
    )
    Script(refused).install(monkeypatch)
    with pytest.raises(RequestError, match="name one with roles"):
        platform().create_account(AccountState(Account("", "svc"), attributes={"description": None}))


def test_a_reply_without_a_secret_may_have_acted():
    for document, call in SECRETS.items():
        with pytest.raises(AnswerError, match="'clientSecret' is missing") as caught:
            call(answering({"data": {document.field: {"clientId": ID, "name": "svc", "accessTokenUri": "x"}}}))
        assert caught.value.may_have_acted


def test_a_file_can_be_written_from_a_reply_that_lacks_the_rest():
    one = answering({"data": {"rotateServiceAccountSecret": {"clientId": ID, "clientSecret": CANARY}}})
    secret = one.rotate_secret(STATE, False)
    assert json.loads(one.client_file(secret)) == {
        "client_id": ID,
        "client_secret": CANARY,
        "name": "svc",
        "access_token_uri": f"{BASE}/api/client_token",
    }


@pytest.mark.parametrize("status", [200, 400])
def test_a_schema_without_suspensions_rotates_once_more_without_asking_for_them(monkeypatch, status):
    how = {"variables": {"input": {"id": ID}}}
    reply = {"clientId": ID, "clientSecret": CANARY, "name": "svc", "accessTokenUri": "x"}
    script = Script(
        asked(rubrik_rsc_queries.ROTATE, **how, answer=INVALID, status=status),
        asked(rubrik_rsc_queries.ROTATE_OLD, reply, **how),
    ).install(monkeypatch)
    assert platform().rotate_secret(STATE, False).client_secret == CANARY
    script.done()
    # any other refusal is final
    script = Script(asked(rubrik_rsc_queries.ROTATE, **how, answer=failed(400, "no"))).install(monkeypatch)
    with pytest.raises(RequestError, match="error 400: no"):
        platform().rotate_secret(STATE, False)
    script.done()


def test_suspended_exemptions_are_told(monkeypatch):
    reply = {"clientId": ID, "clientSecret": CANARY, "name": "svc", "accessTokenUri": "x", "suspendedTprPolicyIds": ["p1", "p2"]}
    Script(asked(rubrik_rsc_queries.ROTATE, reply, {"input": {"id": ID}})).install(monkeypatch)
    one = platform()
    one.rotate_secret(STATE, False)
    (warning,) = one.warnings
    assert "two-person rule" in warning
    assert "policies p1, p2: " in warning
    assert "RESTORE_SERVICE_ACCOUNT_TPR_EXEMPTION" in warning


def described(given_: str | None, shown: str) -> Exchange:
    reply = {"clientId": ID, "name": "svc", "description": shown}
    return asked(rubrik_rsc_queries.UPDATE, reply, {"input": {"id": ID, "description": given_}})


def test_descriptions(monkeypatch):
    for exchanges, wanted in (
        ([described("y", "y")], "y"),
        ([described("", "")], None),
        ([described("", "x"), described(None, "")], None),
    ):
        script = Script(*exchanges).install(monkeypatch)
        platform().update_account(STATE, {"description": wanted})
        script.done()
    Script().install(monkeypatch)
    platform().update_account(STATE, {})


def test_a_description_that_stays(monkeypatch):
    rejected = asked(rubrik_rsc_queries.UPDATE, variables={"input": {"id": ID, "description": None}}, answer=failed(400, "needed"))
    for last in (described(None, "x"), rejected):
        Script(described("", "x"), last).install(monkeypatch)
        with pytest.raises(AnswerError, match="cannot clear the description of svc"):
            platform().update_account(STATE, {"description": None})


def test_roles_are_replaced_at_once(monkeypatch):
    one = platform()
    wanted = AccountState(STATE.account, frozenset({"r2", "r1"}), role_names={"r1": "One", "r2": "Two"})
    give, take = one.role_steps(STATE, wanted)
    ((words, act),) = give
    assert (words, take) == ("roles set to One, Two", [])
    done = asked(rubrik_rsc_queries.SET_ROLES, True, {"userIds": [ID], "roleIds": ["r1", "r2"]})
    both = [{"id": "r1", "name": "One"}, {"id": "r2", "name": "Two"}]
    script = Script(done, asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(account(roles=both)), {"first": 100})).install(monkeypatch)
    act()
    script.done()
    script = Script(done, asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, page(account()), {"first": 100})).install(monkeypatch)
    with pytest.raises(AnswerError, match=r"waits for approval \(quorum authorization\)"):
        act()
    script.done()
    Script(asked(rubrik_rsc_queries.SET_ROLES, False, {"userIds": [ID], "roleIds": ["r1", "r2"]})).install(monkeypatch)
    with pytest.raises(AnswerError, match="the roles were not set"):
        act()
    assert one.role_steps(STATE, STATE) == one.role_steps(STATE, AccountState(STATE.account)) == ([], [])
    assert one.role_steps(STATE, AccountState(STATE.account, frozenset()))[0][0][0] == "all roles taken away"


@pytest.mark.parametrize("code", [400, 403, 404, 500, False])
@pytest.mark.parametrize("left", [True, False])
def test_delete_looks_again(monkeypatch, code, left):
    variables = {"input": {"ids": [ID]}}
    answer = failed(code, "no such object", "x") if code else {"data": {"deleteServiceAccountsFromAccount": False}}
    again = page(account("client|other", "svc"), *([account()] if left else []))
    script = Script(
        asked(rubrik_rsc_queries.DELETE, variables=variables, answer=answer),
        asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, again, {"first": 100}),
    ).install(monkeypatch)
    with pytest.raises(RequestError, match="cannot delete the service account svc") if left else contextlib.nullcontext():
        platform().delete_account(STATE)
    script.done()


def test_delete_is_one_request_and_a_dead_token_is_no_proof(monkeypatch):
    variables = {"input": {"ids": [ID]}}
    script = Script(asked(rubrik_rsc_queries.DELETE, True, variables)).install(monkeypatch)
    platform().delete_account(STATE)
    script.done()
    refused = asked(rubrik_rsc_queries.DELETE, variables=variables, answer=failed(404, "no such object"))
    unread = asked(rubrik_rsc_queries.SERVICE_ACCOUNTS, variables={"first": 100}, answer=failed(403, "no"))
    for exchanges in ([refused, unread], [asked(rubrik_rsc_queries.DELETE, variables=variables, answer=GATEWAY, status=401)]):
        Script(*exchanges).install(monkeypatch)
        with pytest.raises(RequestError, match="cannot delete"):
            platform().delete_account(STATE)


def test_where_the_vendors_clients_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {})
    (path,) = platform().sdk_cache_files("svc", STATE.account, str(tmp_path))
    assert path.startswith(f"{tmp_path}/token-")


# -- whatever a tenant may answer

ROOTS = {one.field for one in vars(rubrik_rsc_queries).values() if isinstance(one, GraphqlDocument)}
KEYS = [
    *sorted(ROOTS),
    "data",
    "errors",
    "message",
    "extensions",
    "code",
    "path",
    "user",
    "id",
    "username",
    "email",
    "domain",
    "roles",
    "name",
]
KEYS += ["clientId", "clientSecret", "accessToken", "access_token", "client_id", "expires_in", "nodes", "pageInfo", "endCursor"]
KEYS += ["hasNextPage", "description", "suspendedTprPolicyIds", "accessTokenUri", "accountName", "orgName"]
WORDS = ["", ID, BARE, "svc", "CLIENT", "One", "r1", "a\nb", "€", INVALID["message"], PASSING[0], jwt(sub=ID, exp=4e9, jti="s")]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.sampled_from(WORDS)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(KEYS), one, max_size=6), max_leaves=25
)
NODE = st.fixed_dictionaries({"clientId": VALUES, "id": VALUES, "name": VALUES, "roles": VALUES, "description": VALUES}) | st.just(
    account()
)
FIELDS = VALUES | st.fixed_dictionaries(
    {
        "user": st.fixed_dictionaries({"id": LEAVES, "username": LEAVES, "domain": LEAVES, "roles": VALUES}),
        "nodes": st.lists(NODE, max_size=2),
        "pageInfo": st.fixed_dictionaries({"hasNextPage": LEAVES, "endCursor": LEAVES}),
        "clientId": LEAVES,
        "clientSecret": LEAVES,
        "accessToken": LEAVES,
        "suspendedTprPolicyIds": VALUES,
    }
)
BODIES = VALUES | st.fixed_dictionaries(
    {
        "data": FIELDS.map(lambda value: dict.fromkeys(ROOTS, value)),  # whatever is asked for
        "access_token": LEAVES,
        "client_id": st.just(ID),
    },
    optional={"errors": VALUES, "expires_in": LEAVES},
)
WISH = AccountState(STATE.account, frozenset({"Two"}), attributes={"description": None})
CALLS = {
    "caller": lambda one: one.caller(),
    "caller of a secret": lambda one: one.caller("opaque"),
    "is_account": lambda one: one.is_account("svc", Account(ID, ID)),
    "probe": lambda one: one.probe("POST", GRAPHQL),
    "mint_token": lambda one: one.mint_token(None, None),
    "inspect_token": lambda one: one.inspect_token("opaque"),
    "own_token": lambda one: one.own_token(),
    "service_accounts": lambda one: one.service_accounts(),
    "service_accounts of a name": lambda one: one.service_accounts("svc"),
    "checked_account": lambda one: one.checked_account(WISH, STATE),
    "create_account": lambda one: one.create_account(WISH),
    "rotate_secret": lambda one: one.rotate_secret(STATE, False),
    "update_account": lambda one: one.update_account(STATE, {"description": None}),
    "role_steps": lambda one: one.role_steps(STATE, WISH)[0][0][1](),
    "delete_account": lambda one: one.delete_account(STATE),
    "inventory": lambda one: [entry.as_result(NOW) for entry in one.inventory(KINDS, None).found],
    "inventory of an account": lambda one: one.inventory(KINDS, "svc"),
}


def answering(value: Any, status: int = 200, **how: Any) -> RubrikRsc:
    """Return a platform whose every request is answered with this."""
    one = platform(**how)
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    one.http._session.request = lambda *_what, **_how: Response(status, {}, body)
    return one


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=examples(20, thorough=1000), deadline=None)
@given(
    answers=st.lists(st.tuples(st.sampled_from([200, 200, 200, 200, 400, 401, 403, 404, 429, 500]), BODIES), min_size=1, max_size=6),
    how=st.sampled_from([TOKEN, CLIENT, {**CLIENT, "organization_id": "o1"}]),
)
def test_whatever_comes_back_is_a_result_or_a_failure_of_ours(call, answers, how):
    one = platform(**how)
    Echo(answers).install(one)
    with contextlib.suppress(LatchkeyError), one:
        CALLS[call](one)


NO_IDS = ["{{ x }}", "a\nb", "1 ", "€", "'", "#", "x" * 201]
ID_ANSWERS = {
    "caller": lambda bad: {"currentUserLoginContext": WHO | {"user": WHO["user"] | {"id": bad}}},
    "service_accounts": lambda bad: {"serviceAccounts": page(account(bad))},
    "service_accounts of a name": lambda bad: {"serviceAccounts": page(account(roles=[{"id": bad, "name": "One"}]))},
    "checked_account": lambda bad: {"getAllRolesInOrgConnection": page({"id": bad, "name": "Two"})},
    "create_account": lambda bad: {"createServiceAccount": {"clientId": bad, "clientSecret": CANARY}},
}


@pytest.mark.parametrize("bad", NO_IDS)
@pytest.mark.parametrize("call", ID_ANSWERS)
def test_what_is_no_id_is_not_taken_for_one(call, bad):
    with pytest.raises(AnswerError, match="is not an id"):
        CALLS[call](answering({"data": ID_ANSWERS[call](bad)}))
