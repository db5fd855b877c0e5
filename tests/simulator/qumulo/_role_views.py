# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, their members, and privileges."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._cluster import authenticate, body, built_in, changed, check_if_match, cluster, duplicate, empty, page, required, with_etag
from ._errors import UNCONFIRMED, ApiError, decode_error, not_found
from ._model import Role
from ._privileges import PRIVILEGES

views = Blueprint("roles", __name__)
PATH = "/v1/auth/roles/"


def _role(name: str) -> Role:
    # the HTTP server leaves %2F encoded, so that it stays one part of the path
    wanted = re.sub("%2f", "/", name, flags=re.IGNORECASE).lower()
    for role in cluster().data.roles.values():
        if role.name.lower() == wanted:
            return role
    raise not_found("no such role")


def _json(role: Role) -> dict[str, Any]:
    return {"description": role.description, "privileges": role.privileges}


def _checked_privileges(privileges: list[Any]) -> list[str]:
    unknown = [str(name) for name in privileges if not isinstance(name, str) or name not in PRIVILEGES]
    if unknown:
        raise decode_error(f"unknown privilege: {', '.join(unknown)}")
    return sorted(set(privileges))


@views.get("/v1/auth/privileges/")
def list_privileges() -> ResponseReturnValue:
    authenticate("ROLE_READ")
    return jsonify(PRIVILEGES)


@views.get(PATH)
def list_roles() -> ResponseReturnValue:
    authenticate("ROLE_READ")
    return jsonify({role.name: _json(role) for role in cluster().data.roles.values()})


@views.post(PATH)
def create_role() -> ResponseReturnValue:
    authenticate("ROLE_WRITE")
    data = cluster().data
    given = body(name=str, description=str, privileges=list)
    name, description = required(given, "name"), required(given, "description")
    if not name or re.search(r"\s", name):
        raise ApiError(400, UNCONFIRMED + "role_name_error", "a role's name must not contain whitespace")
    if name.lower() in map(str.lower, data.roles):
        raise duplicate("the role")
    role = Role(name, description, _checked_privileges(required(given, "privileges")))
    data.roles[name] = role
    changed()
    return with_etag({"name": role.name, **_json(role)}, _json(role))


@views.get(PATH + "<name>")
def get_role(name: str) -> ResponseReturnValue:
    authenticate("ROLE_READ")
    return with_etag(_json(_role(name)))


@views.route(PATH + "<name>", methods=["PATCH", "PUT"])
def change_role(name: str) -> ResponseReturnValue:
    authenticate("ROLE_WRITE")
    role = _role(name)
    given = body(description=str, privileges=list)
    check_if_match(_json(role))
    if role.built_in:
        raise built_in("the role")
    if request.method == "PUT":
        required(given, "description")
        required(given, "privileges")
    privileges = _checked_privileges(given.get("privileges", role.privileges))
    role.description, role.privileges = given.get("description", role.description), privileges
    changed()
    return with_etag(_json(role))


@views.delete(PATH + "<name>")
def delete_role(name: str) -> ResponseReturnValue:
    authenticate("ROLE_WRITE")
    role = _role(name)
    check_if_match(_json(role))
    if role.built_in:
        raise built_in("the role")
    del cluster().data.roles[role.name]
    changed()
    return empty()


@views.get(PATH + "<name>/members")
def list_members(name: str) -> ResponseReturnValue:
    authenticate("ROLE_READ")
    identities = cluster().identities
    path = request.environ["REQUEST_URI"].partition("?")[0]
    members, following = page(sorted(_role(name).members, key=int), int, path)
    return jsonify(members={auth_id: identities.by_auth_id(auth_id).api() for auth_id in members}, paging={"next": following})


@views.post(PATH + "<name>/members")
def add_member(name: str) -> ResponseReturnValue:
    authenticate("ROLE_WRITE")
    core = cluster()
    role = _role(name)
    identity = core.identities.resolve(body(domain=object, auth_id=object, uid=object, gid=object, sid=object, name=object))
    if identity.removed:
        raise ApiError(400, "cred_invalid_local_user_error", "no such local user")
    if identity.auth_id in role.members:
        if core.settings["duplicate_member"] == "error":
            raise duplicate("the member")
    else:
        role.members.append(identity.auth_id)
    changed()
    return jsonify(identity.api())


@views.get(PATH + "<name>/members/<auth_id>")
def get_member(name: str, auth_id: str) -> ResponseReturnValue:
    authenticate("ROLE_READ")
    if auth_id not in _role(name).members:
        raise not_found("no such member")
    return jsonify(cluster().identities.by_auth_id(auth_id).api())


@views.delete(PATH + "<name>/members/<auth_id>")
def remove_member(name: str, auth_id: str) -> ResponseReturnValue:
    authenticate("ROLE_WRITE")
    role = _role(name)
    if auth_id not in role.members:
        raise not_found("no such member")
    role.members.remove(auth_id)
    changed()
    return empty()
