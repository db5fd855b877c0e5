# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a session of Rubrik CDM is opened: with a client secret, or with a password and a one-time code. Private to this collection."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._connection import Connection
from .._errors import AnswerError, RequestError
from .._http import Answer, HttpClient
from .._model import Account
from .._times import utc_now
from .._totp import one_time_code
from ._fields import bearer_field, id_field, instant_field
from ._rubrik_cdm_ids import bare_user, client_account, read_bearer, user_account

_CLIENT_SESSIONS = "/api/v1/service_account/session"
SESSIONS = "/api/internal/session"
_CHALLENGE = "rubrik-totp-auth"  # vendor's client
_ONCE = "A code works once, for 30 seconds: wait for the next one and run again, or log in once with access_token and pass its token on."
_CHECK_LOGIN = (
    "Check username and password. Two-step verification may be on in a way that this module cannot answer: it logs in at "
    "internal/session and knows one-time codes only. Service accounts need no second step."
)
_MAYBE_OPEN = (
    "A session may have been opened that nobody has the token of; "
    "one of a service account takes one of its ten slots, and ends by itself after 24 hours."
)


@dataclass(frozen=True)
class Opened:
    """A session just opened.

    Attributes:
        user: the UUID of whose it is; None where neither the reply nor the token tells.
        account: whose it is, as it was named to open it.
    """

    id: str
    token: str = field(repr=False)
    expires_at: datetime | None
    user: str | None
    account: Account


def session_field(answer: Answer) -> dict[str, Any]:
    """Return the object ``session`` in a reply of internal/session."""
    session = answer.json_object().get("session")
    if not isinstance(session, dict):
        raise answer.strange("it has no session")
    return session


def open_session(http: HttpClient, connection: Connection) -> Opened:
    """Open a session with the connection's client secret or password; never sent twice.

    Raises:
        AuthenticationError: two-step verification is on and there is no code.
        OptionError: totp_secret is no secret.
        RequestError: it was refused, or what came back makes no sense.
    """
    try:
        return _open_for_client(http, connection) if connection.auth.client_id else _open_for_user(http, connection)
    except RequestError as failure:
        if failure.may_have_acted:
            failure.add(_MAYBE_OPEN)
        raise


def _open_for_client(http: HttpClient, connection: Connection) -> Opened:
    client_id = connection.auth.client_id or ""
    body = {"serviceAccountId": client_id, "secret": connection.auth.client_secret}
    if connection.organization_id:
        body["organizationId"] = connection.organization_id
    answer = http.request(f"log in as {client_id}", "POST", _CLIENT_SESSIONS, body=body, authorization=None)
    value = answer.json_object()
    token = bearer_field(answer, value, "token")
    user = bare_user(client_id) or read_bearer(token).user
    expires_at = instant_field(answer, value, "expirationTime")
    return Opened(id_field(answer, value, "sessionId"), token, expires_at, user, client_account(client_id, user))


def _open_for_user(http: HttpClient, connection: Connection) -> Opened:
    auth = connection.auth
    basic = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
    http.hide(basic)
    body: dict[str, Any] = {"initParams": {"organizationId": connection.organization_id} if connection.organization_id else {}}

    def send(**more: Any) -> Answer:
        # Which status asks for the code is not published, so refusals are read as answers first.
        return http.request(
            f"log in as {auth.username}",
            "POST",
            SESSIONS,
            body=body | more,
            authorization=f"Basic {basic}",
            accept=range(400, 500),
        )

    answer, hint = send(), _CHECK_LOGIN
    attempt = _attempt_to_answer(answer)
    if attempt:
        code = auth.totp_code or (one_time_code(auth.totp_secret, utc_now()) if auth.totp_secret else None)
        if not code:
            words = "two-step verification is on for this account, and the task has no code"
            raise answer.refusal(401, words, "Set totp_code or totp_secret, or use a service account, which needs no code.")
        http.hide(code)
        params = {"attemptId": attempt, "challengeSetId": "N/A", "challengeId": _CHALLENGE, "credValue": code}
        answer, hint = send(mfaParams=params), f"The code of two-step verification was not taken. {_ONCE}"
    if answer.status >= 400 or _attempt_to_answer(answer):
        raise answer.refusal(max(answer.status, 401), answer.words(), hint)
    session = session_field(answer)
    token = bearer_field(answer, session, "token")
    user = bare_user(str(session.get("userId"))) or read_bearer(token).user
    if user is None:
        raise answer.strange("it does not tell whose session it is")
    expires_at = instant_field(answer, session, "expirationTime")
    return Opened(id_field(answer, session, "id"), token, expires_at, user, user_account(user, auth.username or ""))


def _attempt_to_answer(answer: Answer) -> str | None:
    """Return the id of the log-in that waits for a code; None where none does (vendor's client)."""
    try:
        challenge = answer.json_object().get("mfaResponse")
    except AnswerError:
        return None
    attempt = challenge.get("attemptId") if isinstance(challenge, dict) else None
    return attempt if isinstance(attempt, str) and attempt else None
