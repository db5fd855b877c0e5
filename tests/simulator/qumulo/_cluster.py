# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views share: the data, who calls, and what a caller may do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, jsonify, request

from .._clock import Clock
from .._platform import Context
from ._errors import UNCONFIRMED, ApiError, decode_error, not_found
from ._identities import AD_GROUP, AD_JANE, Identities, Identity
from ._model import EVERYONE, Data, S3Key, Session, Token, User


def version_tuple(version: str) -> tuple[int, ...]:
    """Return a version such as 7.10.2.1 in comparable form."""
    return tuple(int(part) for part in version.split("."))


@dataclass(frozen=True)
class Caller:
    """Who makes the request."""

    kind: str
    credential_id: str
    identity: Identity
    roles: list[str]
    privileges: frozenset[str]


class Cluster:
    """A cluster's data and rules, without its HTTP paths."""

    def __init__(self, context: Context, data: Data) -> None:
        self.data = data
        self.version = version_tuple(context.version)
        self.version_text = context.version
        self.settings = context.settings
        self.clock: Clock = context.clock
        self.identities = Identities(data, context.settings)
        self.dirty = False

    def since(self, version: str) -> bool:
        """Tell whether the cluster has at least this version."""
        return self.version >= version_tuple(version)

    def need(self, version: str) -> None:
        """Answer 404 as a cluster before `version` does, for a path it does not have."""
        if not self.since(version):
            raise not_found("no such path in this version")

    # rights

    def roles_of(self, auth_id: str) -> list[str]:
        """Return the names of the roles that an identity has, by itself and through its groups."""
        holders = {auth_id, EVERYONE, *self.groups_of(auth_id)}
        return [role.name for role in self.data.roles.values() if holders.intersection(role.members)]

    def groups_of(self, auth_id: str) -> list[str]:
        """Return the ids of the groups that an identity is in."""
        if auth_id == AD_JANE:
            return [AD_GROUP]
        user = self.data.users.get(auth_id)
        if user is None:
            return []
        return [group.id for group in self.data.groups.values() if group.id == user.primary_group or auth_id in group.members]

    def privileges_of(self, auth_id: str) -> frozenset[str]:
        """Return the privileges that an identity has now."""
        return frozenset(privilege for role in self.roles_of(auth_id) for privilege in self.data.roles[role].privileges)

    # credentials

    def token_state(self, token: Token) -> str:
        """Return "live", or why the token does not authenticate."""
        if token.user in self.data.removed:
            return "user deleted"
        if not token.enabled:
            return "disabled"
        if token.expires is not None and token.expires <= self.clock.now():
            return "expired"
        return "live"

    def session_state(self, session: Session) -> str:
        """Return "live", or why the session does not authenticate."""
        if session.user in self.data.removed:
            return "user deleted"
        return "live" if session.expires > self.clock.now() else "expired"

    def s3_key_state(self, key: S3Key) -> str:
        """Return "live", or why the S3 access key does not authenticate."""
        return "user deleted" if key.user in self.data.removed else "live"

    def presented(self) -> tuple[Token | Session | None, str]:
        """Return the credential that the request carries, and its state: none, unknown, live, ..."""
        scheme, _unused, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None, "none"
        if scheme.lower() == "bearer":
            for token in self.data.tokens.values():
                if token.secret == secret:
                    return token, self.token_state(token)
            for session in self.data.sessions.values():
                if session.secret == secret:
                    return session, self.session_state(session)
        return None, "unknown"

    def caller(self) -> Caller:
        """Return who calls.

        :raises ApiError: when the request proves nobody.
        """
        credential, state = self.presented()
        if credential is None or state != "live":
            status = 401 if state == "none" else self.settings.integer("dead_token_status")
            raise ApiError(status, UNCONFIRMED + "authentication_error", "authentication failed")
        identity = self.identities.by_auth_id(credential.user)
        if isinstance(credential, Session):
            return Caller("session", credential.id, identity, credential.roles, frozenset(credential.privileges))
        roles = self.roles_of(credential.user)
        live = self.privileges_of(credential.user)
        kept = self.settings["token_privileges"] == "live"
        return Caller("access_token", credential.id, identity, roles, live if kept else frozenset(credential.privileges))

    def end_credentials(self, auth_id: str) -> None:
        """End what a password change ends."""
        ends = self.settings["password_change_revokes"]
        if ends in ("sessions", "both"):
            for session in [one for one in self.data.sessions.values() if one.user == auth_id]:
                del self.data.sessions[session.id]
        if ends in ("tokens", "both"):
            for token in [one for one in self.data.tokens.values() if one.user == auth_id]:
                del self.data.tokens[token.id]

    def check_password(self, password: str) -> None:
        """Refuse a password with fewer than three of the four character classes (seen on live clusters)."""
        met = sum(re.search(one, password) is not None for one in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
        if met < 3 or len(password) < self.settings.integer("password_min_length"):
            raise ApiError(
                self.settings.integer("weak_password_status"), UNCONFIRMED + "weak_password_error", "the password is not complex enough"
            )

    def user_json(self, user: User) -> dict[str, Any]:
        """Return a local user as the API shows it: every id is a string, no uid is an empty one."""
        return {
            "id": user.id,
            "name": user.name,
            "primary_group": user.primary_group,
            "sid": f"{self.data.local_sid}-{user.id}",
            "uid": user.uid,
            "home_directory": user.home_directory,
            "can_change_password": True,
        }


def cluster() -> Cluster:
    """Return the cluster that the current request is for."""
    found: Cluster = current_app.extensions["qumulo"]
    return found


def authenticate(*privileges: str) -> Caller:
    """Return who calls, provided they have all these privileges (named without their common prefix).

    :raises ApiError: 401 when they prove nobody, 403 when a privilege is missing.
    """
    caller = cluster().caller()
    missing = [name for name in privileges if f"PRIVILEGE_{name}" not in caller.privileges]
    if missing:
        raise forbidden(*missing)
    return caller


def forbidden(*missing: str) -> ApiError:
    """Return the error for missing privileges."""
    status = cluster().settings.integer("forbidden_status")
    return ApiError(status, UNCONFIRMED + "privilege_error", f"missing privilege: {', '.join(missing)}")


def body(**known: type | tuple[type, ...]) -> dict[str, Any]:
    """Return the request's JSON object, its known fields checked for their types.

    :raises ApiError: 400 when it is no JSON object (a byte order mark counts as garbage), or a field has a wrong type.
    """
    try:
        given = json.loads(request.get_data().decode("utf-8"))
    except ValueError as error:
        raise decode_error("the body is not JSON") from error
    if not isinstance(given, dict):
        raise decode_error("the body is not an object")
    for name, value in given.items():
        if name not in known:
            if cluster().settings["unknown_field"] == "rejected":
                raise decode_error(f"unknown field {name!r}")
        elif not isinstance(value, known[name]):
            raise decode_error(f"{name} has a wrong type")
    return given


def required(given: dict[str, Any], name: str) -> Any:
    """Return a field that must be there."""
    if name not in given:
        raise decode_error(f"{name} is missing")
    return given[name]


def changed() -> None:
    """Note that the cluster's data changed."""
    cluster().dirty = True


def duplicate(what: str) -> ApiError:
    """Return the error for a thing that exists already."""
    return ApiError(cluster().settings.integer("duplicate_status"), UNCONFIRMED + "already_exists_error", f"{what} exists already")


def built_in(what: str) -> ApiError:
    """Return the error for a change to a built-in thing."""
    return ApiError(cluster().settings.integer("built_in_status"), UNCONFIRMED + "built_in_error", f"{what} is built in")


def with_etag(value: Any, state: Any = None) -> Response:
    """Return a JSON answer with an ETag over `state` (default: over what is answered)."""
    response = jsonify(value)
    response.headers["ETag"] = etag(value if state is None else state)
    return response


def etag(value: Any) -> str:
    """Return the ETag of a JSON value."""
    return '"' + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16] + '"'


def check_if_match(value: Any) -> None:
    """Refuse with 412 when the request has an If-Match that is not this value's ETag."""
    if_match = request.headers.get("If-Match")
    if if_match not in (None, "*", etag(value)):
        raise ApiError(412, UNCONFIRMED + "precondition_error", "the resource has changed")


def last_page() -> str | None:
    """Return what `paging.next` says on the last page."""
    return None if cluster().settings["paging_end"] == "null" else ""


def page(items: list[Any], cursor: Callable[[Any], int], path: str, more: str = "") -> tuple[list[Any], str | None]:
    """Cut one page out of `items` for the request's `limit` and `after`.

    :arg cursor: gives the number that an item is sorted by.
    :arg more: query that the next page repeats.
    :returns: the page and what `paging.next` says.
    """
    limit = max(1, cluster().settings.integer("page_size"))
    if "limit" in request.args:
        if not request.args["limit"].isdigit() or int(request.args["limit"]) < 1:
            raise decode_error("limit must be a positive number")
        # the server may lower it (vendor docs)
        limit = min(limit, int(request.args["limit"]))
    if "after" in request.args:
        if not request.args["after"].isdigit():
            raise decode_error("after is not from paging.next")
        items = [item for item in items if cursor(item) > int(request.args["after"])]
    if limit < len(items):
        return items[:limit], f"{path}?{more}limit={limit}&after={cursor(items[limit - 1])}"
    return items, last_page()


def empty() -> Response:
    """Return the answer of a removal: 200 without a body (vendor docs)."""
    return Response(status=200, headers={"Content-Length": "0"})
