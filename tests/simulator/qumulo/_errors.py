# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qumulo's error answers."""

from __future__ import annotations

from flask import Response, jsonify

# Class names that no public source states start with this: a client must go by the HTTP status.
UNCONFIRMED = "unconfirmed_"


class ApiError(Exception):
    """An error answer: HTTP status, error class and description."""

    def __init__(self, status: int, error_class: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error_class = error_class
        self.description = description


def decode_error(description: str) -> ApiError:
    """Return the error for a missing or bad JSON field (class seen on live clusters)."""
    return ApiError(400, "decode_error", description)


def not_found(description: str) -> ApiError:
    """Return a 404 (class from vendor SDK 7.10)."""
    return ApiError(404, "http_not_found_error", description)


def error_response(error: ApiError, unauthorized_body: str) -> Response:
    """Return the answer for an error: the five fields of vendor SDK 7.10, or for a 401 possibly an empty body."""
    if error.status == 401 and unauthorized_body == "empty":
        return Response(status=401)
    response = jsonify(
        module="simulator.qumulo",
        error_class=error.error_class,
        description=error.description,
        stack=["simulator frame 0", "simulator frame 1"],
        user_visible=True,
    )
    response.status_code = error.status
    return response
