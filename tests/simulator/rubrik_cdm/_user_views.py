# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local users, what callers learn about themselves, and the roles of versions before 5.3."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._cluster import API_TOKEN
from ._errors import UNCONFIRMED, forbidden, refusal
from ._model import ADMINISTRATOR, READ_ONLY, USER, User, new_id
from ._organization_views import organization_json
from ._requests import (
    authenticate,
    authenticate_login,
    bad_body,
    bare_id,
    body,
    changed,
    checked,
    cluster,
    duplicate,
    listing,
    need,
    no_content,
    no_route,
    required,
    texts,
    unknown,
)

views = Blueprint("users", __name__)
PATH = "/api/internal/user"
DETAILS = ("firstName", "lastName", "emailAddress", "contactNumber", "mfaServerId")
FIELDS: dict[str, type | tuple[type, ...]] = {"username": str, "password": str, **dict.fromkeys(DETAILS, (str, type(None)))}
# path of internal/authorization/role: (template, key of its privileges)
OLD_ROLES = {"admin": (ADMINISTRATOR, "fullAdmin"), "read_only_admin": (READ_ONLY, "basic")}
EVERYTHING = "Global:::All"


def _json(user: User) -> dict[str, Any]:
    core = cluster()
    answer: dict[str, Any] = {
        "id": USER + user.id,
        "authDomainId": "LocalDomain:::" + core.data.cluster_id,
        "username": user.username,
        **dict.fromkeys(DETAILS),
        **user.details,
    }
    if core.since("7.0"):
        answer["userType"] = "Local"
    return answer


def _user(user_id: str) -> User:
    user = cluster().data.users.get(bare_id(user_id))
    if user is None:
        raise unknown("user")
    return user


def _check_user_me() -> None:
    core = cluster()
    if core.settings["user_me"] == "gone_in_9_4" and core.since("9.4"):
        raise no_route()


@views.get(PATH)
def list_users() -> ResponseReturnValue:
    if cluster().since("5.3"):
        raise no_route()
    authenticate(reader=True)
    wanted = request.args.get("username", "")
    # a bare list (vendor's client)
    return jsonify([_json(user) for user in cluster().data.users.values() if wanted in ("", user.username)])


@views.post(PATH)
def create() -> ResponseReturnValue:
    caller = authenticate_login(blocked=(API_TOKEN,))
    given = body(**FIELDS)
    username, password = required(given, "username"), required(given, "password")
    if not username or not password:
        raise bad_body("username and password must not be empty")
    if cluster().user_named(username):
        raise duplicate("user")
    user = User(new_id(), username, password, caller.organization, details={key: given[key] for key in DETAILS if key in given})
    cluster().data.users[user.id] = user
    changed()
    return jsonify(_json(user))


@views.get(PATH + "/<user_id>")
def get(user_id: str) -> ResponseReturnValue:
    _check_user_me()
    caller = authenticate(reader=user_id != "me")
    core = cluster()
    if user_id == "me" and caller.user in core.data.accounts:
        account = core.data.accounts[caller.user]
        return jsonify(_json(User(core.shown_id(account.id), account.name, "", account.organization)))
    return jsonify(_json(_user(USER + caller.user if user_id == "me" else user_id)))


@views.patch(PATH + "/<user_id>")
def modify(user_id: str) -> ResponseReturnValue:
    authenticate_login(blocked=(API_TOKEN,))
    user = _user(user_id)
    given = body(**{key: kind for key, kind in FIELDS.items() if key != "username"})
    user.password = given.get("password") or user.password
    user.details |= {key: given[key] for key in DETAILS if key in given}
    changed()
    return jsonify(_json(user))


@views.delete(PATH + "/<user_id>")
def delete(user_id: str) -> ResponseReturnValue:
    authenticate_login(blocked=(API_TOKEN,))
    core = cluster()
    user = _user(user_id)
    if user.id == core.data.admin:
        raise refusal("422", UNCONFIRMED + "the user is built in")
    core.end_sessions(user.id)
    for role in core.data.roles.values():
        role.principals = [one for one in role.principals if one != user.id]
    del core.data.users[user.id]
    changed()
    return no_content()


@views.get(PATH + "/me/organization")
def own_organizations() -> ResponseReturnValue:
    caller = authenticate()
    core = cluster()
    organizations = [one for one in core.data.organizations.values() if caller.is_admin or one.id == caller.organization]
    return jsonify(listing(organizations, organization_json))


@views.get("/api/v1/user/<user_id>/totp/status")
def totp_status(user_id: str) -> ResponseReturnValue:
    need("5.3")
    caller = authenticate()
    user = _user(user_id)
    if user.id != caller.user and not caller.is_admin:
        raise forbidden()
    return jsonify(isEnabled=cluster().has_totp(user), isEnforced=cluster().since("8.0.2"))


# roles before 5.3


def _old_role(name: str) -> tuple[str, str]:
    if name not in OLD_ROLES or cluster().since("5.3"):
        raise no_route()
    return OLD_ROLES[name]


def _old_role_json(principal_id: str, name: str) -> dict[str, Any]:
    template, key = OLD_ROLES[name]
    core = cluster()
    granted = core.has_role(principal_id, template)
    privileges = {key: [EVERYTHING] if granted else []}
    return {"principal": USER + principal_id, "privileges": privileges, "organizationId": core.data.global_organization}


@views.get("/api/internal/authorization/role/<name>")
def get_old_role(name: str) -> ResponseReturnValue:
    template, _unused = _old_role(name)
    authenticate(reader=True)
    asked = [one for text in request.args.getlist("principals") for one in text.split(",") if one]
    ids = [_user(one).id for one in asked] or cluster().data.role_of_template(template).principals
    return jsonify(listing(ids, lambda principal_id: _old_role_json(principal_id, name), paged=False))


@views.route("/api/internal/authorization/role/<name>", methods=["POST", "DELETE"])
def change_old_role(name: str) -> ResponseReturnValue:
    template, key = _old_role(name)
    authenticate(admin=True)
    given = body(principals=list, privileges=dict, organizationId=str)
    ids = [_user(one).id for one in texts(given, "principals")]
    checked(given.get("privileges", {}), **{key: list})
    role = cluster().data.role_of_template(template)
    role.principals = [one for one in role.principals if one not in ids] + (ids if request.method == "POST" else [])
    changed()
    return jsonify(listing(ids, lambda principal_id: _old_role_json(principal_id, name), paged=False))
