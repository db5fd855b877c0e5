# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster itself, and what Rubrik Security Cloud does to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from .._platform import CONTROL
from ._errors import forbidden
from ._model import Secret
from ._requests import authenticate, body, changed, checked, cluster, need, no_route, required

views = Blueprint("cluster", __name__)


def _json() -> dict[str, Any]:
    core = cluster()
    return {
        "id": core.data.cluster_id,
        "version": core.version_text,
        "apiVersion": "1",
        "name": core.data.cluster_name,
        "timezone": {"timezone": core.data.timezone},
        "geolocation": {"address": core.data.address},
        "acceptedEulaVersion": "1.1",
        "latestEulaVersion": "1.1",
    }


def _check_id(cluster_id: str) -> None:
    if cluster_id not in ("me", cluster().data.cluster_id):
        raise no_route()


@views.get("/api/v1/cluster/<cluster_id>/version")
def version(cluster_id: str) -> ResponseReturnValue:
    _check_id(cluster_id)
    return jsonify(version=cluster().version_text)


@views.get("/api/v1/cluster/<cluster_id>/api_version")
def api_version(cluster_id: str) -> ResponseReturnValue:
    _check_id(cluster_id)
    return jsonify(apiVersion="1")


@views.get("/api/v1/cluster/<cluster_id>")
def get(cluster_id: str) -> ResponseReturnValue:
    _check_id(cluster_id)
    authenticate()
    return jsonify(_json())


@views.patch("/api/v1/cluster/<cluster_id>")
def modify(cluster_id: str) -> ResponseReturnValue:
    _check_id(cluster_id)
    authenticate(admin=True)
    core = cluster()
    if core.since("9.0") and core.settings["rsc_managed"] == "yes":
        raise forbidden()
    given = body(name=str, timezone=dict, geolocation=dict)
    data = core.data
    data.cluster_name = given.get("name", data.cluster_name)
    data.timezone = checked(given.get("timezone", {}), timezone=str).get("timezone", data.timezone)
    data.address = checked(given.get("geolocation", {}), address=str).get("address", data.address)
    changed()
    return jsonify(_json())


@views.route("/api/internal/rsc/service_accounts/bulk", methods=["PUT", "DELETE"])
def synchronize() -> ResponseReturnValue:
    need("9.0")
    authenticate()
    # only RSC may
    raise forbidden()


@views.post(CONTROL + "rsc_service_account")
def bring_account() -> ResponseReturnValue:
    """Do what RSC does when one of its service accounts is made or rotated: `after` so many seconds the secret works here."""
    core = cluster()
    given = body(client_id=str, client_secret=str, name=str, after=(int, float))
    client_id, secret = required(given, "client_id"), required(given, "client_secret")
    since = core.clock.now() + given.get("after", 0)
    account = next((one for one in core.data.accounts.values() if one.rsc_id == client_id), None)
    if account is None:
        template = core.settings["service_account_role"]
        account = core.data.add_account(given.get("name", client_id), since, template, secret, client_id)
    else:
        for one in account.secrets:
            one.until = since if one.until is None else min(since, one.until)
        account.secrets.append(Secret(secret, since))
    changed()
    return jsonify(id=account.id)
