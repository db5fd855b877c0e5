# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Rubrik cluster's error answers: JSON from its application, plain sentences from its HTTP server."""

from __future__ import annotations

import json

from flask import Response

# Sentences that no public source states start with this: a client must not go by them.
UNCONFIRMED = "unconfirmed wording: "

INVALID = "The supplied authentication is invalid"
NEEDED = "Request needs authentication!"
FAILED = "Authentication is possible but has failed or not yet been provided."
FORBIDDEN = "The request was a legal request, but the server is refusing to respond to it."
NO_ROUTE = "Route not defined."

# what the HTTP server says for a status by itself
TEXTS = {
    400: "The request contains bad syntax or cannot be fulfilled.",
    401: FAILED,
    403: FORBIDDEN,
    404: "The requested resource could not be found but may be available again in the future.",
    410: "The resource requested is no longer available and will not be available again.",
    429: "The user has sent too many requests in a given amount of time.",
    500: "There was an internal server error.",
    502: "The server was acting as a gateway or proxy and received an invalid response from the upstream server.",
    503: "The server is currently unavailable (because it is overloaded or down for maintenance).",
    504: "The server was acting as a gateway or proxy and did not receive a timely response from the upstream server.",
}


class ApiError(Exception):
    """An error answer of the application (JSON), or of the HTTP server (`text`)."""

    def __init__(self, status: int, message: str, text: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.text = text


def text_error(status: int, text: str) -> ApiError:
    """Return an error whose whole body is `text`."""
    return ApiError(status, text, text=True)


def refusal(choice: str, message: str) -> ApiError:
    """Return the error that a setting asks for: `422` is JSON with this message, `403_text` what the HTTP server says for 403."""
    status, _unused, form = choice.partition("_")
    if form == "text":
        return text_error(int(status), TEXTS[int(status)])
    return ApiError(int(status), message)


def forbidden() -> ApiError:
    """Return the error for what the caller's roles do not allow."""
    return text_error(403, FORBIDDEN)


def error_response(error: ApiError, body: str) -> Response:
    """Return the answer for an error.

    :arg body: "full", or "message_only" for JSON bodies with nothing but the message.
    """
    if error.text:
        return Response(error.message, error.status, content_type="text/plain; charset=UTF-8")
    fields: dict[str, str | None] = {"message": error.message}
    if body == "full":
        fields = {"errorType": "user_error" if error.status < 500 else "internal_error", "message": error.message, "cause": None}
    # In this order: a client looks for a body that begins with errorType.
    return Response(json.dumps(fields, separators=(",", ":")), error.status, content_type="application/json")
