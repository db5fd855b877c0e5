# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Version, log-in, and what callers learn about themselves."""

from __future__ import annotations

import secrets

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ._cluster import authenticate, body, changed, check_if_match, cluster, empty, required, with_etag
from ._errors import UNCONFIRMED, ApiError
from ._identities import AD_JANE, Identity
from ._model import Session, new_secret

views = Blueprint("session", __name__)
SESSION_SECONDS = 10 * 3600  # vendor docs
OPEN_PATHS = frozenset({"/v1/version", "/v1/session/login", "/v1/session/start-saml-login", "/v1/session/retrieve-saml-login"})


@views.get("/v1/version")
def version() -> ResponseReturnValue:
    return jsonify(
        revision_id=f"Qumulo Core {cluster().version_text}",
        build_id="318412.1.2",
        flavor="release",
        build_date="2026-01-02T03:04:05Z",
    )


@views.post("/v1/session/login")
def login() -> ResponseReturnValue:
    given = body(username=str, password=str)
    username, password = required(given, "username"), required(given, "password")
    core = cluster()
    refused = ApiError(core.settings.integer("bad_login_status"), UNCONFIRMED + "login_error", "the user name or the password is wrong")
    identity = _who_logs_in(username)
    if identity is None:
        raise refused
    if identity.auth_id == AD_JANE:
        if core.settings["require_sso"] == "yes":
            raise ApiError(401, "auth_sso_required_error", "log in with SAML")
        expected = core.data.ad_password
    else:
        expected = core.data.users[identity.auth_id].password
    if not secrets.compare_digest(password.encode(), expected.encode()):
        raise refused
    now = core.clock.now()
    for session in [one for one in core.data.sessions.values() if one.expires <= now]:
        del core.data.sessions[session.id]
    session = Session(
        id=f"session-{secrets.token_hex(8)}",
        secret=new_secret("session-v1"),
        user=identity.auth_id,
        created=now,
        expires=now + SESSION_SECONDS,
        roles=core.roles_of(identity.auth_id),
        privileges=sorted(core.privileges_of(identity.auth_id)),
    )
    core.data.sessions[session.id] = session
    changed()
    return jsonify(bearer_token=session.secret)


def _who_logs_in(username: str) -> Identity | None:
    """Return the user of this name who has a password; a local one comes first."""
    denoted = [one for one in cluster().identities.denoted("name", username) if one.kind == "USER" and not one.removed]
    return min(denoted, key=lambda one: one.domain != "LOCAL", default=None)


@views.post("/v1/session/start-saml-login")
@views.post("/v1/session/retrieve-saml-login")
def saml_login() -> ResponseReturnValue:
    raise ApiError(400, "saml_not_configured_error", "SAML is not configured")


@views.get("/v1/session/who-am-i")
def who_am_i() -> ResponseReturnValue:
    caller = authenticate()
    core = cluster()
    user = core.data.users.get(caller.identity.auth_id)
    if user is not None:
        answer = core.user_json(user)
    else:
        answer = {
            "id": caller.identity.auth_id,
            "name": caller.identity.name or "",
            "primary_group": "",
            "sid": caller.identity.sid,
            "uid": "" if caller.identity.uid is None else str(caller.identity.uid),
            "home_directory": None,
            "can_change_password": False,
        }
    answer["privileges"] = sorted(caller.privileges)
    if caller.kind == "access_token" and core.settings["whoami_token_id"] == "present":
        answer["access_token_id"] = caller.credential_id
    return jsonify(answer)


@views.get("/v1/session/roles")
def roles() -> ResponseReturnValue:
    return jsonify(authenticate().roles)


@views.post("/v1/session/change-password")
def change_password() -> ResponseReturnValue:
    caller = authenticate()
    given = body(old_password=str, new_password=str)
    old, new = required(given, "old_password"), required(given, "new_password")
    core = cluster()
    user = core.data.users.get(caller.identity.auth_id)
    if user is None:
        raise ApiError(400, "cred_invalid_local_user_error", "only local users have a password here")
    if not secrets.compare_digest(old.encode(), user.password.encode()):
        raise ApiError(core.settings.integer("bad_login_status"), UNCONFIRMED + "login_error", "the old password is wrong")
    core.check_password(new)
    user.password = new
    core.end_credentials(user.id)
    changed()
    return empty()


@views.get("/v1/cluster/settings")
def cluster_settings() -> ResponseReturnValue:
    authenticate(*(["CLUSTER_READ"] if cluster().settings["cluster_settings"] == "privilege" else []))
    return with_etag({"cluster_name": cluster().data.cluster_name})


@views.put("/v1/cluster/settings")
def change_cluster_settings() -> ResponseReturnValue:
    authenticate("CLUSTER_WRITE")
    data = cluster().data
    check_if_match({"cluster_name": data.cluster_name})
    data.cluster_name = required(body(cluster_name=str), "cluster_name")
    changed()
    return with_etag({"cluster_name": data.cluster_name})
