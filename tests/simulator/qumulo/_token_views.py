# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens (Core 5.3.0 and later)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from . import _times
from ._cluster import Caller, Cluster, authenticate, body, changed, cluster, empty, forbidden, last_page, page, required
from ._errors import UNCONFIRMED, ApiError, decode_error, not_found
from ._identities import Identity
from ._model import Token, new_secret, new_token_id

views = Blueprint("tokens", __name__)
PATH = "/v1/auth/access-tokens/"
MAX_PER_USER = 2  # vendor docs
WRITE, READ = "ACCESS_TOKENS_WRITE", "ACCESS_TOKENS_READ"
_UNCHANGED = object()


@views.before_request
def need_version() -> None:
    cluster().need("5.3.0")


def make_token(core: Cluster, user: Identity, creator: Identity, expires: float | None = None, expiration_time: str = "") -> Token:
    """Create a token without any check, and return it."""
    now = core.clock.now()
    token = Token(
        id=new_token_id(),
        secret=new_secret("access-v1"),
        user=user.auth_id,
        creator=creator.auth_id,
        created=now,
        creation_time=_times.creation_time(now, core.data.next_serial),
        serial=core.data.next_serial,
        expires=expires,
        expiration_time=expiration_time,
        privileges=sorted(core.privileges_of(user.auth_id)),
    )
    core.data.next_serial += 1
    core.data.tokens[token.id] = token
    return token


def _may(caller: Caller, auth_id: str, privilege: str) -> bool:
    # users manage their own tokens without privileges from 7.3.0 (vendor docs)
    own = auth_id == caller.identity.auth_id and cluster().since("7.3.0")
    return own or f"PRIVILEGE_{privilege}" in caller.privileges


def _expiration(given: dict[str, Any]) -> Any:
    """Return the (instant, text) that a body asks for, with None for never, or _UNCHANGED."""
    core = cluster()
    if "expiration_time" not in given or not core.since("5.3.2"):
        return _UNCHANGED
    text = given["expiration_time"]
    if not text:
        meaning = core.settings["expiration_null" if text is None else "expiration_empty"]
        if meaning == "rejected":
            raise decode_error("expiration_time is not a time")
        return (None, "") if meaning == "clears" else _UNCHANGED
    try:
        instant = _times.parse(text)
    except ValueError as error:
        raise decode_error(f"expiration_time: {error}") from error
    precision = core.settings["expiration_precision"]
    if precision == "seconds":
        instant = float(int(instant))
    if core.settings["past_expiration"] == "rejected" and instant <= core.clock.now():
        raise ApiError(400, UNCONFIRMED + "expiration_error", "expiration_time is in the past")
    return instant, _times.expiration_time(instant, text, precision)


def _metadata(token: Token, listed: bool = False) -> dict[str, Any]:
    core = cluster()
    user, creator = (core.identities.by_auth_id(auth_id).api() for auth_id in (token.user, token.creator))
    if listed and core.settings["list_identity"] == "auth_id_only":
        user, creator = ({key: value if key == "auth_id" else None for key, value in ident.items()} for ident in (user, creator))
    answer: dict[str, Any] = {"id": token.id, "user": user, "creator": creator, "creation_time": token.creation_time}
    if core.since("5.3.2"):
        never = core.settings["never_expires"]
        if token.expires is not None:
            answer["expiration_time"] = token.expiration_time
        elif never != "omitted":
            answer["expiration_time"] = None if never == "null" else ""
    if core.since("5.3.3"):
        answer["enabled"] = token.enabled
    return answer


def _token(token_id: str, privilege: str) -> tuple[Token, Caller]:
    """Return a token, and the caller, who must have the right to it."""
    caller = authenticate()
    core = cluster()
    token = core.data.tokens.get(token_id)
    if token is None:
        # without the privilege nobody learns whether an id exists
        if f"PRIVILEGE_{privilege}" not in caller.privileges and not core.since("7.3.0"):
            raise forbidden(privilege)
        raise ApiError(core.settings.integer("token_id_unknown"), UNCONFIRMED + "no_such_token_error", "no such access token")
    if not _may(caller, token.user, privilege):
        if core.settings["foreign_token"] == "404":
            raise not_found("no such access token")
        raise forbidden(privilege)
    return token, caller


def _check_self_change(token: Token, caller: Caller) -> None:
    if token.id == caller.credential_id and cluster().settings["self_change"] == "refused":
        raise ApiError(400, UNCONFIRMED + "self_change_error", "a token cannot disable or delete itself")


@views.post(PATH)
def create() -> ResponseReturnValue:
    caller = authenticate()
    core = cluster()
    given = body(user=dict, expiration_time=(str, type(None)))
    ident = required(given, "user")
    try:
        user = core.identities.resolve(ident)
    except ApiError as error:
        # who may not look identities up does not learn that one is unknown
        if f"PRIVILEGE_{WRITE}" in caller.privileges or error.status == 400:
            raise
        raise forbidden(WRITE) from None
    if not _may(caller, user.auth_id, WRITE):
        raise forbidden(WRITE)
    if user.removed:
        raise ApiError(400, "cred_invalid_local_user_error", "no such local user")
    if user.kind == "GROUP":
        raise ApiError(400, "cred_identity_not_supported_error", "groups cannot have access tokens")
    wanted = _expiration(given)
    held = [token for token in core.data.tokens.values() if token.user == user.auth_id]
    if core.settings["limit_counts"] == "live":
        held = [token for token in held if core.token_state(token) == "live"]
    if len(held) >= MAX_PER_USER:
        raise ApiError(core.settings.integer("limit_status"), UNCONFIRMED + "token_limit_error", "the user has two access tokens already")
    expires, text = (None, "") if wanted is _UNCHANGED else wanted
    token = make_token(core, user, caller.identity, expires, text)
    changed()
    return jsonify(id=token.id, bearer_token=token.secret)


@views.get(PATH)
def list_tokens() -> ResponseReturnValue:
    caller = authenticate()
    core = cluster()
    owner: str | None = None
    if "user" in request.args:
        if core.settings["user_with_limit"] == "refused" and ("limit" in request.args or "after" in request.args):
            raise ApiError(400, UNCONFIRMED + "paging_error", "user does not go with limit or after")
        owner = _owner(caller, request.args["user"])
    elif f"PRIVILEGE_{READ}" not in caller.privileges:
        if core.settings["unfiltered_list"] == "forbidden" or not core.since("7.3.0"):
            raise forbidden(READ)
        owner = caller.identity.auth_id
    tokens = [token for token in core.data.tokens.values() if owner in (None, token.user)]
    tokens.sort(key=_cursor)
    if "user" in request.args and core.settings["user_with_limit"] == "refused":
        entries, following = tokens, last_page()
    else:
        repeated = urlencode({"user": request.args["user"]}) + "&" if "user" in request.args else ""
        entries, following = page(tokens, _cursor, PATH, repeated)
    return jsonify(entries=[_metadata(token, listed=True) for token in entries], paging={"next": following})


def _cursor(token: Token) -> int:
    return token.serial if cluster().settings["list_order"] == "by_creation" else int(token.id)


def _owner(caller: Caller, text: str) -> str:
    """Return the auth_id that `?user=` denotes; an id that nobody has when an unknown one means an empty list."""
    core = cluster()
    unknown = core.settings["user_unknown"]
    privileged = f"PRIVILEGE_{READ}" in caller.privileges
    try:
        owner = core.identities.resolve(core.identities.parse(text), 404 if unknown == "empty" else int(unknown)).auth_id
    except ApiError as error:
        if not privileged:
            raise forbidden(READ) from None
        if error.status == 404 and unknown == "empty":
            return ""
        raise
    if not _may(caller, owner, READ):
        raise forbidden(READ)
    return owner


@views.get(PATH + "<token_id>")
def get(token_id: str) -> ResponseReturnValue:
    cluster().need("5.3.2")
    return jsonify(_metadata(_token(token_id, READ)[0]))


@views.patch(PATH + "<token_id>")
def modify(token_id: str) -> ResponseReturnValue:
    core = cluster()
    core.need("5.3.2")
    token, caller = _token(token_id, WRITE)
    given = body(expiration_time=(str, type(None)), enabled=bool)
    wanted = _expiration(given)
    enabled = given.get("enabled", token.enabled) if core.since("5.3.3") else token.enabled
    if not enabled:
        _check_self_change(token, caller)
    if wanted is not _UNCHANGED:
        token.expires, token.expiration_time = wanted
    token.enabled = enabled
    changed()
    return jsonify(_metadata(token))


@views.delete(PATH + "<token_id>")
def delete(token_id: str) -> ResponseReturnValue:
    token, caller = _token(token_id, WRITE)
    _check_self_change(token, caller)
    del cluster().data.tokens[token.id]
    changed()
    return empty()
