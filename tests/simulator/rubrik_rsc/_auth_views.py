# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Minting and ending tokens."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ._errors import GatewayError, ServiceError
from ._tenant import isoformat, tenant

views = Blueprint("auth", __name__)
MINT, CLUSTER_MINT = "/api/client_token", "/api/cdm_client_token"
MINTS = frozenset({MINT, CLUSTER_MINT})
MAX_CLUSTER_MINUTES = 1440


def given() -> dict[str, Any]:
    """Return what the body says: a JSON object or a form; nothing when it is neither."""
    if request.mimetype == "application/x-www-form-urlencoded":
        return request.form.to_dict()
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _client() -> tuple[str, str]:
    body = given()
    client_id, client_secret = body.get("client_id"), body.get("client_secret")
    if not isinstance(client_id, str) or not isinstance(client_secret, str):
        raise ServiceError.named(400, "client_id and client_secret are needed")
    return client_id, client_secret


@views.post(MINT)
def client_token() -> ResponseReturnValue:
    core = tenant()
    client_id, client_secret = _client()
    if given().get("grant_type", "client_credentials") != "client_credentials":
        raise ServiceError.named(400, "unknown grant_type")
    token = core.open_session(core.prove(client_id, client_secret))
    return jsonify(client_id=client_id, access_token=token, expires_in=core.data.config.clientSessionTimeoutInSeconds)


@views.delete("/api/session")
def end_session() -> ResponseReturnValue:
    core = tenant()
    session, state = core.presented()
    if session is not None and state not in ("live", "expired"):
        if core.settings["revoke_again"] == "204":
            return Response(status=204)
        raise GatewayError
    # the state is live, or this raises
    core.revoke(core.caller().session)
    return Response(status=204)


@views.post("/api/pat_login")
def pat_login() -> ResponseReturnValue:
    raise ServiceError.named(403, "personal access tokens are not enabled")


@views.post(CLUSTER_MINT)
def cdm_client_token() -> ResponseReturnValue:
    core = tenant()
    core.prove(*_client())
    body = given()
    minutes = body.get("session_ttl_minutes", MAX_CLUSTER_MINUTES)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= MAX_CLUSTER_MINUTES:
        raise ServiceError.named(400, f"session_ttl_minutes must be 0 to {MAX_CLUSTER_MINUTES}")
    if body.get("cluster_uuid") != core.data.cluster_uuid:
        raise ServiceError.named(404, "no such cluster")
    if core.settings["cdm_cluster"] == "disconnected":
        raise ServiceError(500, "UNKNOWN: cdm cluster disconnected")
    # the token is for the cluster, which is not simulated here
    expiration = isoformat(core.clock.now() + 60 * minutes)
    return jsonify(session={"id": f"cdm-{secrets.token_hex(8)}", "token": secrets.token_urlsafe(48), "expiration": expiration})
