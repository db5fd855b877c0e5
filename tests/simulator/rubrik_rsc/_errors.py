# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSC's error answers. There are four shapes: the gateway's, a service's, GraphQL's, and the bare status of a proxy in front."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, jsonify, request
from graphql import GraphQLError

INVALID = "JWT validation failed: Missing or invalid credentials"
EXPIRED = "JWT validation failed: TIME_CONSTRAINT_FAILURE"
BARE_STATUSES = frozenset({429, 502, 503, 504})
_NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class GatewayError(Exception):
    """The gateway refuses the bearer token: HTTP 401."""

    def __init__(self, message: str = INVALID) -> None:
        super().__init__(message)
        self.message = message


class ServiceError(Exception):
    """A service refuses the request; `status` is the HTTP status where it is not the body's code."""

    def __init__(self, code: int, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or code

    @classmethod
    def named(cls, code: int, text: str) -> ServiceError:
        """Return an error whose message starts with the code's gRPC name, as recorded ones do."""
        return cls(code, f"{_NAMES.get(code, 'UNKNOWN')}: {text}")


class FieldError(Exception):
    """A root field of a GraphQL operation fails; the HTTP status is 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _trace(operation: str) -> dict[str, str]:
    return {"operation": operation, "traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8)}


def gateway_response(error: GatewayError) -> Response:
    """Return the gateway's answer; its code is gRPC's for UNAUTHENTICATED."""
    debug = {"@type": "type.googleapis.com/google.rpc.DebugInfo", "stackEntries": [], "detail": "auth"}
    response = jsonify(code=16, message=error.message, details=[debug])
    response.status_code = 401
    return response


def service_response(error: ServiceError) -> Response:
    """Return a service's answer."""
    response = jsonify(code=error.code, uri=request.path, traceSpan=_trace(request.path), message=error.message)
    response.status_code = error.status
    return response


def bare_response(status: int, body: str) -> Response:
    """Return what a proxy in front answers: no JSON."""
    text = f"<html><body><h1>{status}</h1></body></html>" if body == "html" else ""
    return Response(text, status, mimetype="text/html")


def graphql_error(error: GraphQLError) -> dict[str, Any]:
    """Return a GraphQL error as RSC shows it: with an integer code in its extensions.

    :raises BaseException: what is not a :class:`FieldError` is a bug of the simulator.
    """
    original = error.original_error
    if not isinstance(original, FieldError):
        raise original or error
    path = error.path or []
    return {
        "message": error.message,
        "path": path,
        "locations": [location.formatted for location in error.locations or []],
        "extensions": {"code": original.code, "trace": _trace(str(path[0]) if path else "")},
    }
