# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Rubrik cluster without a server around it, and what the tests ask it."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

from tests.simulator._clock import Clock
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal
from tests.simulator._platform import Context
from tests.simulator._settings import COMMON_SETTINGS, Settings
from tests.simulator._state import StateFile
from tests.simulator.rubrik_cdm import RUBRIK_CDM
from tests.simulator.rubrik_cdm._tokens import STEP_SECONDS, totp

OPEN = "/api/v1/service_account/session"
SESSION = "/api/internal/session"
BULK = SESSION + "/bulk_delete"
ACCOUNTS = "/api/v1/service_account"
ME = "/api/internal/user/me"
ASSIGN = "/api/v1/principal/role"
PASSWORD = "Correct-horse-7"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
INVALID = "The supplied authentication is invalid"
NEEDED = "Request needs authentication!"
FAILED = "Authentication is possible but has failed or not yet been provided."
FORBIDDEN = "The request was a legal request, but the server is refusing to respond to it."
NO_ROUTE = "Route not defined."


class Cluster:
    """A cluster in this process; calls answer (status, JSON or text)."""

    def __init__(self, version: str = "9.3.0", saved: dict[str, Any] | None = None, **settings: str) -> None:
        values = Settings({**COMMON_SETTINGS, **RUBRIK_CDM.settings}, settings)
        context = Context(version, values, Clock(), StateFile(None), Journal(None), Faults(), 0.0, threading.Event())
        self.platform = RUBRIK_CDM.start(context, saved)
        self.clock = context.clock
        self.service: dict[str, Any] = self.platform.service_account()
        self.me = self.platform.admin()
        self.user_id = self.me["id"].removeprefix("User:::")
        self.account_id = self.service.get("id", "").removeprefix("User:::")
        self.admin = "none" if settings.get("totp") == "on" else self.log_in()

    def log_in(self, username: str = "admin", password: str = "") -> str:
        status, session = self.call("POST", "/api/v1/session", token=(username, password or self.me["password"]))
        assert status == 200, session
        return str(session["token"])

    def call(self, method: str, path: str, body: Any = None, token: str | tuple[str, str] | None = None) -> tuple[int, Any]:
        """Send a request: as the administrator who logged in, with a token, with user and password, or with nothing ("")."""
        token = self.admin if token is None else token
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(token, tuple):
            headers = {"Authorization": "Basic " + base64.b64encode(":".join(token).encode()).decode()}
        client = self.platform.app.test_client()
        answer = client.open(path, method=method, json=body, headers=headers if token else {})
        if answer.is_json:
            return answer.status_code, answer.get_json()
        return answer.status_code, answer.get_data(as_text=True)

    def basic(self) -> tuple[str, str]:
        return self.me["username"], self.me["password"]

    def open(self, prefix: str = "", token: str = "", **fields: Any) -> tuple[int, Any]:
        """Open a session of the service account."""
        body = {"serviceAccountId": self.service[f"{prefix}client_id"], "secret": self.service[f"{prefix}client_secret"], **fields}
        return self.call("POST", OPEN, body, token)

    def account_token(self, prefix: str = "") -> str:
        return str(self.open(prefix)[1]["token"])

    def add_token(self, token: str | tuple[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        status, answer = self.call("POST", SESSION, {"initParams": {"apiToken": fields}}, token)
        assert status == 200, answer
        return dict(answer["session"])

    def sessions(self, user_id: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"{SESSION}?user_id={user_id or self.user_id}")[1]["data"]
        return found

    def role_id(self, name: str) -> str:
        key = self.platform.settings["role_id_key"]
        return str(next(one[key] for one in self.call("GET", "/api/v1/role")[1]["data"] if one["name"] == name))

    def add_account(self, name: str = "robot") -> dict[str, Any]:
        status, account = self.call("POST", ACCOUNTS, {"name": name})
        assert status in (200, 201), account
        return dict(account)

    def add_user(self, name: str = "jane") -> str:
        user: dict[str, str] = self.call("POST", "/api/internal/user", {"username": name, "password": PASSWORD})[1]
        return user["id"].removeprefix("User:::")


def refused(answer: tuple[int, Any], choice: str) -> bool:
    """Tell whether an answer is what a choice such as 422 or 403_text asks for."""
    status, _unused, form = choice.partition("_")
    texts = {"401": FAILED, "403": FORBIDDEN}
    if form == "text":
        return answer[0] == int(status) and isinstance(answer[1], str) and answer[1] == texts.get(status, answer[1])
    return answer[0] == int(status) and set(answer[1]) == {"errorType", "message", "cause"}


def challenge(cluster: Cluster) -> tuple[int, Any]:
    return cluster.call("POST", SESSION, {"initParams": {}}, cluster.basic())


def answer_challenge(cluster: Cluster, code: str | None = None, steps: int = 0, **fields: str) -> tuple[int, Any]:
    """Log in with a code; the right one when none is given."""
    attempt = challenge(cluster)[1]["mfaResponse"]["attemptId"]
    code = code or totp(cluster.me["totp_secret"], int(time.time() // STEP_SECONDS) + steps)
    params = {"attemptId": attempt, "challengeSetId": "N/A", "challengeId": "rubrik-totp-auth", "credValue": code, **fields}
    return cluster.call("POST", SESSION, {"initParams": {}, "mfaParams": params}, cluster.basic())
