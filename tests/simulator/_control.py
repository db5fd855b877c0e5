# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface under /_simulator/: neither journaled nor delayed nor faulted."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from ._faults import FaultError
from ._platform import CONTROL, Platform


def add_control(platform: Platform) -> None:
    """Add the control interface to a platform's application."""
    app, context = platform.app, platform.context

    @app.post(CONTROL + "advance")
    def advance() -> ResponseReturnValue:
        seconds = _json().get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            return jsonify(error='send {"seconds": number}'), 400
        context.clock.advance(seconds)
        platform.save()
        return jsonify(time=context.clock.isoformat())

    @app.get(CONTROL + "credentials")
    def credentials() -> ResponseReturnValue:
        everything = request.args.get("all") == "true"
        return jsonify([entry for entry in platform.credentials() if everything or entry["state"] == "live"])

    @app.get(CONTROL + "requests")
    def requests_in_progress() -> ResponseReturnValue:
        return jsonify(context.gauge.read())

    @app.delete(CONTROL + "requests")
    def forget_requests() -> ResponseReturnValue:
        context.gauge.forget()
        return jsonify(context.gauge.read())

    @app.post(CONTROL + "serve-late")
    def serve_late() -> ResponseReturnValue:
        return jsonify(served=context.held_back.serve())

    @app.get(CONTROL + "issued")
    def issued() -> ResponseReturnValue:
        return jsonify(sorted(context.issued))

    @app.get(CONTROL + "faults")
    def faults() -> ResponseReturnValue:
        return jsonify(context.faults.texts())

    @app.post(CONTROL + "faults")
    def add_fault() -> ResponseReturnValue:
        given = _json()
        try:
            context.faults.add(str(given.get("fault")), int(given.get("after", 0)))
        except FaultError as error:
            return jsonify(error=str(error)), 400
        return jsonify(context.faults.texts())

    @app.delete(CONTROL + "faults")
    def clear_faults() -> ResponseReturnValue:
        context.faults.clear()
        return jsonify([])


def _json() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
