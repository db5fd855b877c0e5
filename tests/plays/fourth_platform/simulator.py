# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Keycard, an invented appliance: what the simulator of a fourth platform takes at least."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized

from tests.simulator._platform import Context, Definition, Identification, Platform


class Keycard(Platform):
    """One box. Holders by id; cards by id, each with its secret."""

    name = "keycard"

    def __init__(self, context: Context, saved: dict[str, Any] | None) -> None:
        super().__init__(context)
        self.data: dict[str, dict[str, Any]] = saved or {"holders": {"1": "root", "2": "svc"}, "cards": {}}
        self.changed = saved is None
        if saved is None:
            self._make("1", None), self._make("2", None)
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "me", self.me),
            ("GET", "holders", self.holders),
            ("POST", "holders", self.make_holder),
            ("DELETE", "holders/<which>", self.end_holder),
            ("GET", "cards", self.cards),
            ("POST", "cards", self.make_card),
            ("GET", "cards/<which>", self.card),
            ("DELETE", "cards/<which>", self.end_card),
        ]
        for method, path, view in routes:
            self.app.add_url_rule(f"/v1/{path}", view.__name__, view, methods=[method])
        self.app.register_error_handler(HTTPException, lambda failure: self.error(failure.code or 500))

    # What the base class asks for

    def admin(self) -> dict[str, str]:
        return {"token": self._secret_of("1")}

    def service_account(self) -> dict[str, Any]:
        return {"token": self._secret_of("2")}

    def identify(self) -> Identification:
        card = self._presented()
        return Identification("access_token", self.data["holders"][card["holder"]], card["id"]) if card else Identification()

    def credentials(self) -> list[dict[str, Any]]:
        return [
            {
                "id": one["id"],
                "kind": "access_token",
                "account": self.data["holders"][one["holder"]],
                "expires": one["expires"],
                "state": state,
            }
            for one in self.data["cards"].values()
            for state in ["live" if self._is_live(one) else "expired"]
        ]

    def dump(self) -> dict[str, Any]:
        return self.data

    def take_changes(self) -> bool:
        changed, self.changed = self.changed, False
        return changed

    def error(self, status: int) -> Response:
        answer = jsonify(error=f"the door stays shut ({status})")
        answer.status_code = status
        return answer

    # What the appliance does

    def me(self) -> Response:
        card = self._caller()
        return jsonify(holder=self._told_holder(card["holder"]), card=card["id"])

    def holders(self) -> Response:
        self._caller()
        return jsonify([self._told_holder(one) for one in self.data["holders"]])

    def make_holder(self) -> Response:
        self._caller()
        made = str(max(map(int, self.data["holders"])) + 1)
        self.data["holders"][made], self.changed = request.get_json()["name"], True
        return jsonify(self._told_holder(made))

    def end_holder(self, which: str) -> Response:
        self._caller()
        if which not in self.data["holders"]:
            raise NotFound
        del self.data["holders"][which]
        self.data["cards"] = {key: card for key, card in self.data["cards"].items() if card["holder"] != which}
        self.changed = True
        return Response(status=204)

    def cards(self) -> Response:
        self._caller()
        wanted = request.args.get("holder")
        return jsonify([self._told(card) for card in self.data["cards"].values() if wanted in (None, card["holder"])])

    def make_card(self) -> Response:
        self._caller()
        made = self._make(request.get_json()["holder"], request.get_json()["expires"])
        return jsonify({**self._told(made), "secret": made["secret"]})

    def card(self, which: str) -> Response:
        self._caller()
        if which not in self.data["cards"]:
            raise NotFound
        return jsonify(self._told(self.data["cards"][which]))

    def end_card(self, which: str) -> Response:
        self._caller()
        if self.data["cards"].pop(which, None) is None:
            raise NotFound
        self.changed = True
        return Response(status=204)

    def _make(self, holder: str, expires: str | None) -> dict[str, Any]:
        made = f"card-{secrets.token_hex(4)}"
        card = {"id": made, "holder": holder, "made": self.clock.isoformat(), "expires": expires, "secret": secrets.token_urlsafe(24)}
        self.data["cards"][made], self.changed = card, True
        return card

    def _told_holder(self, which: str) -> dict[str, str]:
        return {"id": which, "name": self.data["holders"][which]}

    def _told(self, card: dict[str, Any]) -> dict[str, Any]:
        return {"id": card["id"], "holder": self._told_holder(card["holder"]), "made": card["made"], "expires": card["expires"]}

    def _is_live(self, card: dict[str, Any]) -> bool:
        return card["expires"] is None or datetime.fromisoformat(card["expires"]) > datetime.fromtimestamp(self.clock.now(), timezone.utc)

    def _presented(self) -> dict[str, Any] | None:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return next((one for one in self.data["cards"].values() if one["secret"] == shown and self._is_live(one)), None)

    def _caller(self) -> dict[str, Any]:
        card = self._presented()
        if card is None:
            raise Unauthorized
        return card

    def _secret_of(self, holder: str) -> str:
        return next((one["secret"] for one in self.data["cards"].values() if one["holder"] == holder), "")


KEYCARD = Definition("keycard", "1.0", {}, Keycard)
