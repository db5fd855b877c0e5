# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local users and groups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ._cluster import authenticate, body, built_in, changed, check_if_match, cluster, duplicate, empty, required, with_etag
from ._errors import UNCONFIRMED, ApiError, decode_error, not_found
from ._model import ADMIN, ADMINISTRATORS, GUEST, GUESTS, USERS, Group, User

views = Blueprint("users", __name__)
USER_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "primary_group": str,
    "uid": str,
    "password": (str, type(None)),
    "home_directory": (str, type(None)),
}


def _user(user_id: str) -> User:
    user = cluster().data.users.get(user_id)
    if user is None:
        raise not_found("no such local user")
    return user


def _group(group_id: str) -> Group:
    group = cluster().data.groups.get(group_id)
    if group is None:
        raise not_found("no such local group")
    return group


def _group_json(group: Group) -> dict[str, Any]:
    return {"id": group.id, "name": group.name, "sid": f"{cluster().data.local_sid}-{group.id}", "gid": group.gid}


def _members(group: Group) -> list[User]:
    users = cluster().data.users.values()
    return [user for user in users if user.primary_group == group.id or user.id in group.members]


def _check_name(name: str, own_id: str | None) -> None:
    core = cluster()
    if not name.strip():
        raise decode_error("name must not be empty")
    taken = {core.identities.fold(one.name): one.id for kind in (core.data.users, core.data.groups) for one in kind.values()}
    if taken.get(core.identities.fold(name), own_id) != own_id:
        raise duplicate("the name")


def _check_number(number: str, fieldname: str, own_id: str | None) -> None:
    data = cluster().data
    if number and not number.isdigit():
        raise decode_error(f"{fieldname} must be decimal digits or empty")
    holders: list[Any] = list(data.users.values() if fieldname == "uid" else data.groups.values())
    if number and any(getattr(one, fieldname) == number and one.id != own_id for one in holders):
        raise duplicate(f"the {fieldname}")


def _primary_group(given: str) -> str:
    # "0" is how `qq` asks for the default (vendor SDK 7.10)
    group = USERS if given == "0" else given
    if group not in cluster().data.groups:
        raise ApiError(400, UNCONFIRMED + "no_such_group_error", "no such primary group")
    return group


@views.get("/v1/users/")
def list_users() -> ResponseReturnValue:
    authenticate("LOCAL_USER_READ")
    users = [cluster().user_json(user) for user in cluster().data.users.values()]
    key = cluster().settings["user_list"]
    return jsonify(users if key == "bare" else {key: users})


@views.post("/v1/users/")
def add_user() -> ResponseReturnValue:
    authenticate("LOCAL_USER_WRITE")
    core = cluster()
    given = body(**USER_FIELDS)
    name, uid, password = required(given, "name"), given.get("uid", ""), required(given, "password")
    group = _primary_group(required(given, "primary_group"))
    _check_name(name, None)
    _check_number(uid, "uid", None)
    core.check_password(password or "")
    user = User(core.data.take_id(), name, group, password, uid, given.get("home_directory"))
    core.data.users[user.id] = user
    changed()
    return with_etag(core.user_json(user))


@views.get("/v1/users/<user_id>")
def get_user(user_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_USER_READ")
    return with_etag(cluster().user_json(_user(user_id)))


@views.put("/v1/users/<user_id>")
def change_user(user_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_USER_WRITE")
    core = cluster()
    user = _user(user_id)
    given = body(id=str, **USER_FIELDS)
    check_if_match(core.user_json(user))
    if given.get("id", user.id) != user.id:
        raise decode_error("id differs from the path")
    name, uid, group = required(given, "name"), given.get("uid", ""), _primary_group(required(given, "primary_group"))
    _check_name(name, user.id)
    _check_number(uid, "uid", user.id)
    password = given.get("password")
    if password is not None:
        core.check_password(password)
        user.password = password
        core.end_credentials(user.id)
    user.name, user.uid, user.primary_group, user.home_directory = name, uid, group, given.get("home_directory")
    changed()
    return with_etag(core.user_json(user))


@views.delete("/v1/users/<user_id>")
def delete_user(user_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_USER_WRITE")
    core = cluster()
    user = _user(user_id)
    if user.id in (ADMIN, GUEST):
        raise built_in("the user")
    del core.data.users[user.id]
    core.data.removed[user.id] = user.name
    for members in [group.members for group in core.data.groups.values()] + [role.members for role in core.data.roles.values()]:
        if user.id in members:
            members.remove(user.id)
    if core.settings["delete_user_tokens"] == "deleted":
        for token in [one for one in core.data.tokens.values() if one.user == user.id]:
            del core.data.tokens[token.id]
    changed()
    return empty()


@views.post("/v1/users/<user_id>/setpassword")
def set_password(user_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_USER_WRITE")
    core = cluster()
    user = _user(user_id)
    password = required(body(new_password=str), "new_password")
    core.check_password(password)
    user.password = password
    core.end_credentials(user.id)
    changed()
    return empty()


@views.get("/v1/users/<user_id>/groups/")
def groups_of_user(user_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_USER_READ")
    data = cluster().data
    # empty, not 404, when it is not a local user (vendor docs)
    groups = cluster().groups_of(user_id) if user_id in data.users else []
    return jsonify([_group_json(data.groups[group]) for group in groups])


@views.get("/v1/groups/")
def list_groups() -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_READ")
    return jsonify([_group_json(group) for group in cluster().data.groups.values()])


@views.post("/v1/groups/")
def add_group() -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_WRITE")
    data = cluster().data
    given = body(name=str, gid=str)
    name, gid = required(given, "name"), given.get("gid", "")
    _check_name(name, None)
    _check_number(gid, "gid", None)
    group = Group(data.take_id(), name, gid)
    data.groups[group.id] = group
    changed()
    return with_etag(_group_json(group))


@views.get("/v1/groups/<group_id>")
def get_group(group_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_READ")
    return with_etag(_group_json(_group(group_id)))


@views.put("/v1/groups/<group_id>")
def change_group(group_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_WRITE")
    group = _group(group_id)
    given = body(id=str, name=str, gid=str)
    check_if_match(_group_json(group))
    if given.get("id", group.id) != group.id:
        raise decode_error("id differs from the path")
    name, gid = required(given, "name"), given.get("gid", "")
    _check_name(name, group.id)
    _check_number(gid, "gid", group.id)
    group.name, group.gid = name, gid
    changed()
    return with_etag(_group_json(group))


@views.delete("/v1/groups/<group_id>")
def delete_group(group_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_WRITE")
    data = cluster().data
    group = _group(group_id)
    if group.id in (ADMINISTRATORS, USERS, GUESTS):
        raise built_in("the group")
    if any(user.primary_group == group.id for user in data.users.values()):
        raise ApiError(400, UNCONFIRMED + "group_in_use_error", "the group is a user's primary group")
    del data.groups[group.id]
    for role in data.roles.values():
        if group.id in role.members:
            role.members.remove(group.id)
    changed()
    return empty()


@views.get("/v1/groups/<group_id>/members/")
def list_members(group_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_READ")
    return jsonify([cluster().user_json(user) for user in _members(_group(group_id))])


@views.post("/v1/groups/<group_id>/members/")
def add_member(group_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_WRITE")
    core = cluster()
    group = _group(group_id)
    user = _user(required(body(member_id=str), "member_id"))
    if user.id in group.members:
        if core.settings["duplicate_member"] == "error":
            raise duplicate("the member")
    else:
        group.members.append(user.id)
    changed()
    return jsonify(core.user_json(user))


@views.delete("/v1/groups/<group_id>/members/<member_id>")
def remove_member(group_id: str, member_id: str) -> ResponseReturnValue:
    authenticate("LOCAL_GROUP_WRITE")
    group = _group(group_id)
    if member_id not in group.members:
        raise not_found("no such member")
    group.members.remove(member_id)
    changed()
    return empty()
