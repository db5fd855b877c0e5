# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that v1 opens, for users and for service accounts, and how sessions end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._cluster import LOGIN, SERVICE_ACCOUNT, Caller, iso
from ._errors import FAILED, UNCONFIRMED, ApiError, forbidden, refusal, text_error
from ._model import USER, Account, Session
from ._requests import authenticate, authenticate_login, body, changed, cluster, need, no_content, no_route, required, texts

views = Blueprint("sessions", __name__)
ACCOUNT_SECONDS = 24 * 3600  # vendor docs
REALMS = ("", "local", "Local")


def check_realm(realm: str) -> None:
    """Refuse a directory that the cluster does not have."""
    if realm not in REALMS:
        raise refusal(cluster().settings["bad_login"], UNCONFIRMED + "no such realm")


def session_user_id(session: Session) -> str:
    """Return the user id as sessions show it."""
    return USER * (cluster().settings["session_user_id"] == "prefixed") + cluster().shown_id(session.user)


@views.post("/api/v1/session")
def log_in() -> ResponseReturnValue:
    core = cluster()
    check_realm(request.args.get("realm", ""))
    presented = core.presented()
    if presented.kind == "basic":
        assert presented.user is not None
        if core.has_totp(core.data.users[presented.user]):
            # no hint that a second factor is what it wants
            raise text_error(401, FAILED)
        user = presented.user
    else:
        user = authenticate_login(admin=False).user
    organization = core.organization_for(user, request.args.get("organization_id") or None)
    session = core.open_session(user, LOGIN, core.idle_seconds(), organization)
    return jsonify(id=session.id, organizationId=session.organization, token=session.token, userId=session_user_id(session))


# service accounts


def _credentials() -> tuple[str, str, str | None]:
    given = body(serviceAccountId=str, secret=str, clientId=str, clientSecret=str, organizationId=str)
    keys, mode = ("serviceAccountId", "secret"), cluster().settings["client_fields"]
    managed = str(given.get("serviceAccountId", given.get("clientId"))).startswith("client|")
    if (mode == "accepted" and "clientId" in given) or (mode == "only" and managed):
        keys = ("clientId", "clientSecret")
    return required(given, keys[0]), required(given, keys[1]), given.get("organizationId") or None


def _refused(setting: str, message: str) -> ApiError:
    settings = cluster().settings
    choice = settings["bad_secret"] if settings[setting] == "bad_secret" else settings[setting]
    return refusal(choice, UNCONFIRMED + message)


def _shown_organization(account: Account, organization: str) -> str:
    mode = cluster().settings["account_organization"]
    return organization if mode == "always" or (mode == "by_kind" and not account.rsc_id) else ""


@views.post("/api/v1/service_account/session")
def open_account_session() -> ResponseReturnValue:
    core = cluster()
    need(min(core.settings["service_accounts_since"], core.settings["rsc_accounts_since"]))
    presented = core.presented()
    if presented.kind == "invalid" and presented.refusal and core.settings["stale_bearer"] == "refused":
        raise presented.refusal
    client_id, secret, asked = _credentials()
    account = core.account_of(client_id)
    if account is None:
        raise _refused("unknown_account", "Incorrect service account ID or secret")
    if not core.secret_works(account, secret):
        raise _refused("bad_secret", "Incorrect service account ID or secret")
    organization = core.organization_for(account.id, asked)
    limit = core.settings.integer("max_sessions")
    if len(core.live_sessions(account.id)) >= limit:
        raise refusal(core.settings["session_limit"], UNCONFIRMED + f"maximum number of active sessions ({limit}) reached")
    session = core.open_session(account.id, SERVICE_ACCOUNT, ACCOUNT_SECONDS, organization)
    return jsonify(
        sessionId=session.id,
        serviceAccountId=account.client_id,
        token=session.token,
        expirationTime=iso(session.expires),
        organizationId=_shown_organization(account, organization),
    )


# the end


def _check_logout(caller: Caller) -> None:
    mode = cluster().settings["nonadmin_logout"]
    barred = mode == "refused" or (mode == "by_version" and cluster().version[:2] == (8, 0))
    if barred and caller.kind == SERVICE_ACCOUNT and not caller.is_admin:
        raise forbidden()


def _target(session_id: str, caller: Caller) -> Session | None:
    """Return the session that the caller may delete; None when there is none such."""
    core = cluster()
    if session_id == "me":
        return caller.session
    session = core.data.sessions.get(session_id)
    if session is None or core.state_of(session) != "live":
        return None
    if session.user == caller.user:
        if session is not caller.session and core.settings["sibling_session"] == "refused":
            raise forbidden()
    elif not caller.is_admin or core.settings["foreign_session"] == "403_text":
        raise forbidden()
    elif core.settings["foreign_session"] == "404":
        return None
    return session


@views.delete("/api/v1/session/<session_id>")
def delete_session(session_id: str) -> ResponseReturnValue:
    core = cluster()
    caller = authenticate()
    session = _target(session_id, caller)
    if session is None:
        if core.settings["unknown_session"] == "204":
            return no_content()
        raise refusal(core.settings["unknown_session"], UNCONFIRMED + "no such session")
    _check_logout(caller)
    del core.data.sessions[session.id]
    changed()
    return no_content()


@views.delete("/api/v1/session")
def delete_without_id() -> ResponseReturnValue:
    mode = cluster().settings["delete_session_root"]
    if mode == "404":
        raise no_route()
    if mode == "405":
        raise text_error(405, "HTTP method not allowed, supported methods: POST")
    return delete_session("me")


@views.post("/api/internal/session/bulk_delete")
def bulk_delete() -> ResponseReturnValue:
    need("5.0")
    core = cluster()
    caller = authenticate()
    given = body(tokenIds=list, userId=str)
    required(given, "tokenIds")
    ids = texts(given, "tokenIds")
    user = known_user_id(given["userId"]) if "userId" in given else caller.user
    if user != caller.user and not caller.is_admin:
        raise forbidden()
    _check_logout(caller)
    anyone = "userId" not in given and caller.is_admin and core.settings["bulk_without_user"] == "any"
    found = [core.data.sessions[one] for one in ids if one in core.data.sessions and (anyone or core.data.sessions[one].user == user)]
    if len(found) < len(ids) and core.settings["bulk_unknown"] != "ignored":
        raise refusal(core.settings["bulk_unknown"], UNCONFIRMED + "no such session")
    for session in found:
        core.data.sessions.pop(session.id, None)
    changed()
    return no_content()


def known_user_id(given: Any) -> str:
    """Return a user id of a session request, which clients send without its prefix."""
    text = str(given)
    if not text.startswith(USER):
        return cluster().internal_id(text)
    mode = cluster().settings["prefixed_user_id"]
    if mode == "refused":
        raise text_error(400, f"Invalid ManagedId: {text}")
    return cluster().internal_id(text.removeprefix(USER)) if mode == "accepted" else ""
