# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 access keys: the REST side of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from . import _times
from ._cluster import Caller, authenticate, body, changed, cluster, empty, forbidden, last_page, page, required
from ._errors import UNCONFIRMED, ApiError
from ._model import S3Key, new_s3_key

views = Blueprint("s3_keys", __name__)
PATH = "/v1/s3/access-keys/"
MAX_PER_IDENTITY = 2  # vendor docs
_RIGHTS = {"credentials": "S3_CREDENTIALS", "buckets": "S3_BUCKETS"}


def _right(what: str) -> str:
    return f"{_RIGHTS[cluster().settings['s3_rights']]}_{what}"


def _may(caller: Caller, auth_id: str, right: str) -> bool:
    own = auth_id == caller.identity.auth_id and cluster().since("7.2.3.1")  # vendor docs: self-service
    return own or f"PRIVILEGE_{right}" in caller.privileges


def _described(key: S3Key, listed: bool = False) -> dict[str, Any]:
    core = cluster()
    owner = core.identities.by_auth_id(key.user).api()
    if listed and core.settings["s3_list_identity"] == "auth_id_only":
        owner = {name: value if name == "auth_id" else None for name, value in owner.items()}
    return {"access_key_id": key.id, "owner": owner, "creation_time": key.creation_time}


@views.post(PATH)
def create() -> ResponseReturnValue:
    caller = authenticate()
    core, right = cluster(), _right("WRITE")
    user = core.identities.resolve(required(body(user=dict), "user"))
    if not _may(caller, user.auth_id, right):
        raise forbidden(right)
    if user.removed:
        raise ApiError(400, "cred_invalid_local_user_error", "no such local user")
    if user.kind == "GROUP":
        raise ApiError(400, "cred_identity_not_supported_error", "only users can have S3 access keys")
    if sum(key.user == user.auth_id for key in core.data.s3_keys.values()) >= MAX_PER_IDENTITY:
        status = core.settings.integer("s3_limit_status")
        raise ApiError(status, UNCONFIRMED + "s3_access_key_limit_error", "the user has two S3 access keys already")
    now = core.clock.now()
    key = new_s3_key(user.auth_id, now, _times.creation_time(now, core.data.next_serial), core.data.next_serial)
    core.data.next_serial += 1
    core.data.s3_keys[key.id] = key
    changed()
    return jsonify({**_described(key), "secret_access_key": key.secret})


@views.get(PATH)
def list_keys() -> ResponseReturnValue:
    caller = authenticate()
    core, right = cluster(), _right("READ")
    owner: str | None = None
    if "user" in request.args:
        if core.settings["user_with_limit"] == "refused" and ("limit" in request.args or "after" in request.args):
            raise ApiError(400, UNCONFIRMED + "paging_error", "user does not go with limit or after")
        owner = core.identities.resolve(core.identities.parse(request.args["user"])).auth_id
        if not _may(caller, owner, right):
            raise forbidden(right)
    elif f"PRIVILEGE_{right}" not in caller.privileges:
        raise forbidden(right)
    keys = [key for key in core.data.s3_keys.values() if owner in (None, key.user)]
    keys.sort(key=_cursor)
    if "user" in request.args and core.settings["user_with_limit"] == "refused":
        entries, following = keys, last_page()
    else:
        repeated = urlencode({"user": request.args["user"]}) + "&" if "user" in request.args else ""
        entries, following = page(keys, _cursor, PATH, repeated)
    return jsonify(entries=[_described(key, listed=True) for key in entries], paging={"next": following})


def _cursor(key: S3Key) -> int:
    return int(key.id, 16)  # in no particular order (vendor docs)


@views.delete(PATH + "<key_id>")
def delete(key_id: str) -> ResponseReturnValue:
    caller = authenticate()
    core, right = cluster(), _right("WRITE")
    key = core.data.s3_keys.get(key_id)
    if key is None:
        raise ApiError(core.settings.integer("s3_key_unknown"), UNCONFIRMED + "no_such_key_error", "no such S3 access key")
    if not _may(caller, key.user, right):
        raise forbidden(right)
    del core.data.s3_keys[key.id]
    changed()
    return empty()
