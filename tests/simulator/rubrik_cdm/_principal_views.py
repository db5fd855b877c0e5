# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Principals (users and service accounts), roles, and who has which (5.2 and later)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._errors import UNCONFIRMED, refusal
from ._model import ROLE, USER, Account, Role, User, new_id
from ._requests import (
    authenticate,
    bad_body,
    bad_query,
    bare_id,
    body,
    changed,
    cluster,
    duplicate,
    listing,
    need,
    no_content,
    query_flag,
    required,
    texts,
    unknown,
)

views = Blueprint("principals", __name__)
TEMPLATES = ("Administrator", "ReadOnlyAdmin", "EndUser", "Custom")
SORT_KEYS = ("Name", "PrincipalType", "Description", "FirstName", "LastName", "EmailAddress", "DisplayName")


@views.before_request
def need_version() -> None:
    need("5.2")


# principals


def _name(principal: User | Account) -> str:
    return principal.username if isinstance(principal, User) else principal.name


def role_json(role: Role) -> dict[str, Any]:
    return {
        cluster().settings["role_id_key"]: role.id,
        "name": role.name,
        "description": role.description,
        "roleTemplate": role.template,
        "organizationId": role.organization,
    }


def _roles_of(principal_id: str) -> list[dict[str, Any]]:
    return [role_json(role) for role in cluster().data.roles.values() if principal_id in role.principals]


def _json(principal: User | Account) -> dict[str, Any]:
    core = cluster()
    answer: dict[str, Any] = {"id": USER + core.shown_id(principal.id), "name": _name(principal)}
    roles = _roles_of(principal.id)
    answer |= {
        "principalType": "User",
        "authDomainId": "LocalDomain:::" + core.data.cluster_id,
        "authDomainType": "Local",
        "isAssignedRoles": bool(roles),
        "isAssignedRolesOrIsLocal": True,
        "isLocked": False,
        "roles": roles,
    }
    if core.since("5.3"):
        answer["isTotpEnabled"] = isinstance(principal, User) and core.has_totp(principal)
    if isinstance(principal, User):
        answer |= {key: value for key in ("firstName", "lastName", "emailAddress") if (value := principal.details.get(key))}
    return answer


def _listed_accounts() -> list[Account]:
    core = cluster()
    hidden = core.settings["rsc_in_principals"] == "hidden"
    return [one for one in core.data.accounts.values() if core.is_live(one) and not (one.rsc_id and hidden)]


def _matches(name: str) -> bool:
    wanted, mode = request.args.get("name", ""), cluster().settings["principal_name"]
    if not wanted or mode == "ignored":
        return True
    return name == wanted if mode == "exact" else wanted.lower() in name.lower()


@views.get("/api/v1/principal")
def list_principals() -> ResponseReturnValue:
    authenticate(reader=True)
    core = cluster()
    only_accounts = None
    if core.since(core.settings["service_accounts_since"]):
        only_accounts = query_flag("is_service_account")
    principals: list[User | Account] = [] if only_accounts else list(core.data.users.values())
    principals += [] if only_accounts is False else _listed_accounts()
    if request.args.get("sort_by", "Name") not in SORT_KEYS:
        raise bad_query("sort_by")
    if request.args.get("sort_order", "asc") not in ("asc", "desc"):
        raise bad_query("sort_order")
    found = sorted((one for one in principals if _matches(_name(one))), key=lambda one: (_name(one).lower(), one.id))
    if request.args.get("sort_order") == "desc":
        found.reverse()
    return jsonify(listing(found, _json))


# who has which role


def _known_principal(principal_id: str) -> str:
    core = cluster()
    bare = core.internal_id(bare_id(principal_id))
    if bare not in core.data.users and bare not in [one.id for one in core.data.accounts.values() if core.is_live(one)]:
        raise unknown("principal")
    return bare


@views.get("/api/v1/principal/role")
def roles_of_principals() -> ResponseReturnValue:
    authenticate(reader=True)
    ids = [one for text in request.args.getlist("principals") for one in text.split(",") if one]
    if not ids:
        raise bad_query("principals")
    return jsonify([{"principal": one, "roles": _roles_of(_known_principal(one))} for one in ids])


def _assignment() -> tuple[list[str], list[Role]]:
    """Return the principals (bare ids) and roles that a body names."""
    keys = ("principals", "roles") if cluster().settings["assignment_fields"] == "principals_roles" else ("principalIds", "roleIds")
    known: dict[str, Any] = dict.fromkeys(keys, list)
    given = body(**known)
    for key in keys:
        required(given, key)
    return [_known_principal(one) for one in texts(given, keys[0])], [_role(one) for one in texts(given, keys[1])]


@views.post("/api/v1/principal/role")
def assign() -> ResponseReturnValue:
    authenticate(admin=True)
    principals, roles = _assignment()
    for role in cluster().data.roles.values():
        kept = [one for one in role.principals if one not in principals or cluster().settings["assignment_mode"] == "adds"]
        added = [one for one in principals if one not in kept] if role in roles else []
        role.principals = kept + added
    changed()
    return jsonify([role_json(role) for role in roles])


@views.post("/api/v1/principal/role/bulk_revoke")
def revoke() -> ResponseReturnValue:
    authenticate(admin=True)
    principals, roles = _assignment()
    for role in roles:
        role.principals = [one for one in role.principals if one not in principals]
    changed()
    return no_content()


# roles


def _role(role_id: str) -> Role:
    bare_id(role_id, ROLE)
    role = cluster().data.roles.get(role_id)
    if role is None:
        raise unknown("role")
    return role


def _own_role(role_id: str) -> Role:
    role = _role(role_id)
    if role.built_in:
        raise refusal("422", UNCONFIRMED + "the role is built in")
    return role


def _check_name(name: str, own: Role | None) -> None:
    if not name.strip():
        raise bad_body("name must not be empty")
    if any(role.name == name and role is not own for role in cluster().data.roles.values()):
        raise duplicate("role")


@views.get("/api/v1/role")
def list_roles() -> ResponseReturnValue:
    authenticate(reader=True)
    wanted, template = request.args.get("name", "").lower(), request.args.get("role_template")
    roles = [role for role in cluster().data.roles.values() if wanted in role.name.lower() and template in (None, role.template)]
    roles.sort(key=lambda role: role.name.lower(), reverse=request.args.get("sort_order") == "desc")
    return jsonify(listing(roles, role_json))


@views.post("/api/v1/role")
def create_role() -> ResponseReturnValue:
    caller = authenticate(admin=True)
    given = body(name=str, description=str, roleTemplate=str)
    name, template = required(given, "name"), given.get("roleTemplate", "Custom")
    if template not in TEMPLATES:
        raise bad_body("no such roleTemplate")
    _check_name(name, None)
    role = Role(ROLE + new_id(), name, given.get("description", ""), template, caller.organization)
    cluster().data.roles[role.id] = role
    changed()
    return jsonify(role_json(role))


@views.get("/api/v1/role/<role_id>")
def get_role(role_id: str) -> ResponseReturnValue:
    authenticate(reader=True)
    return jsonify(role_json(_role(role_id)))


@views.patch("/api/v1/role/<role_id>")
def modify_role(role_id: str) -> ResponseReturnValue:
    authenticate(admin=True)
    role = _own_role(role_id)
    given = body(name=str, description=str)
    _check_name(given.get("name", role.name), role)
    role.name, role.description = given.get("name", role.name), given.get("description", role.description)
    changed()
    return jsonify(role_json(role))


@views.delete("/api/v1/role/<role_id>")
def delete_role(role_id: str) -> ResponseReturnValue:
    authenticate(admin=True)
    del cluster().data.roles[_own_role(role_id).id]
    changed()
    return no_content()


@views.delete("/api/v1/authorization/cache")
def clear_cache() -> ResponseReturnValue:
    authenticate()
    return no_content()
