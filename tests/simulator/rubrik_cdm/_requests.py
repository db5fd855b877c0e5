# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views share: who may call, the request's body and ids, lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request

from ._cluster import TOKEN_KINDS, Caller, Cluster
from ._errors import NO_ROUTE, UNCONFIRMED, ApiError, forbidden, refusal, text_error
from ._model import USER


def cluster() -> Cluster:
    """Return the cluster that the current request is for."""
    found: Cluster = current_app.extensions["rubrik_cdm"]
    return found


def need(version: str) -> None:
    """Answer as a cluster before `version` does, for a path it does not have."""
    if not cluster().since(version):
        raise no_route()


def no_route() -> ApiError:
    """Return the error for a path that the cluster does not have."""
    return text_error(404, NO_ROUTE)


def authenticate(admin: bool = False, reader: bool = False) -> Caller:
    """Return who calls; with `admin` or `reader` only those whose roles let them change or read everything."""
    caller = cluster().caller()
    if (admin and not caller.is_admin) or (reader and not caller.may_read):
        raise forbidden()
    return caller


def authenticate_login(admin: bool = True, blocked: tuple[str, ...] = TOKEN_KINDS) -> Caller:
    """Return who calls, who must have logged in: tokens are blocked whatever their roles."""
    core = cluster()
    caller = core.caller()
    if caller.kind in blocked:
        raise refusal(core.settings["blocked_token"], UNCONFIRMED + "API tokens cannot be used for this")
    if admin and not caller.is_admin:
        raise forbidden()
    return caller


def changed() -> None:
    """Note that the cluster's data changed."""
    cluster().dirty = True


def no_content(status: int = 204) -> Response:
    """Return an answer without a body."""
    return Response(status=status, headers={"Content-Length": "0"} if status != 204 else None)


# bodies


def bad_body(message: str) -> ApiError:
    """Return the error for a body that does not fit."""
    return refusal(cluster().settings["bad_body"], UNCONFIRMED + message)


def optional_body(**known: type | tuple[type, ...]) -> dict[str, Any]:
    """Return the request's JSON object as :func:`body` does; no body, or `null`, counts as an empty one."""
    return {} if request.get_data().strip() in (b"", b"null") else body(**known)


def body(**known: type | tuple[type, ...]) -> dict[str, Any]:
    """Return the request's JSON object, whatever its Content-Type, its known fields checked for their types."""
    try:
        given = json.loads(request.get_data().decode("utf-8"))
    except ValueError as error:
        raise bad_body("the body is not JSON") from error
    return checked(given, **known)


def checked(given: Any, **known: type | tuple[type, ...]) -> dict[str, Any]:
    """Return a JSON object, its known fields checked for their types; `int` does not accept booleans."""
    if not isinstance(given, dict):
        raise bad_body("not an object")
    for name, value in given.items():
        if name not in known:
            if cluster().settings["unknown_field"] == "rejected":
                raise bad_body(f"unknown field {name!r}")
        elif not isinstance(value, known[name]) or (known[name] is int and isinstance(value, bool)):
            raise bad_body(f"{name} has a wrong type")
    return given


def required(given: dict[str, Any], name: str) -> Any:
    """Return a field that must be there."""
    if name not in given:
        raise bad_body(f"{name} is missing")
    return given[name]


def texts(given: dict[str, Any], name: str) -> list[str]:
    """Return a field that must be a list of strings; without it an empty one."""
    values = given.get(name, [])
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise bad_body(f"{name} is no list of strings")
    return values


# ids and queries


def unknown(what: str) -> ApiError:
    """Return the error for an id that does not exist."""
    return refusal(cluster().settings["unknown_id"], UNCONFIRMED + f"no such {what}")


def duplicate(what: str) -> ApiError:
    """Return the error for a name that is taken."""
    return refusal(cluster().settings["duplicate"], UNCONFIRMED + f"a {what} of this name exists")


def bare_id(managed_id: str, prefix: str = USER) -> str:
    """Return an id of a path without its prefix, which must be there."""
    if not managed_id.startswith(prefix):
        raise text_error(400, f"Invalid ManagedId: {managed_id}")
    return managed_id.removeprefix(prefix)


def bad_query(name: str) -> ApiError:
    """Return the error for a query parameter that is missing or bad."""
    return text_error(400, f"Failed to parse the query parameter '{name}'")


def query_number(name: str, default: int) -> int:
    """Return a query parameter that is a number."""
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise bad_query(name)
    return int(text)


def query_flag(name: str) -> bool | None:
    """Return a query parameter that is true or false."""
    text = request.args.get(name)
    if text not in (None, "true", "false"):
        raise bad_query(name)
    return None if text is None else text == "true"


# lists


def listing(items: list[Any], describe: Callable[[Any], Any], paged: bool = True) -> dict[str, Any]:
    """Return a list as the API shows it; with `paged` the part that `offset` and `limit` ask for.

    Without a limit it is the whole list (vendor's schema). A client needs `total` in the list of sessions, which is not paged.
    """
    start, end = 0, len(items)
    if paged:
        start = query_number("offset", 0)
        end = start + query_number("limit", len(items))
    answer: dict[str, Any] = {"data": [describe(item) for item in items[start:end]], "hasMore": end < len(items)}
    if not paged or cluster().settings["list_envelope"] == "full":
        answer["total"] = len(items)
    return answer
