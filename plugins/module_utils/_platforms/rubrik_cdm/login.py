# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a session of Rubrik CDM is opened: with a client secret, or with a password and a one-time code. Private to this collection."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..._common.errors import AnswerError, RequestError
from ..._common.model import Account
from ..._common.times import utc_now
from ..._common.totp import one_time_code
from ..._connection import Connection
from ..._http.client import Answer, HttpClient
from ..fields import bearer_field, told_id, told_instant
from .ids import CLIENT, USER, bare_user, client_account, read_bearer, user_account

_CLIENT_SESSIONS = "/api/v1/service_account/session"
SESSIONS = "/api/internal/session"
# Names of the fields for id and secret: as local accounts have them, and as the vendor documents them for Rubrik Security Cloud's.
_CLIENT_FIELDS = (("serviceAccountId", "secret"), ("clientId", "clientSecret"))
_OTHER_REASON = re.compile(r"session|incorrect|wrong|credential|authenticat|password|locked|disabled", re.IGNORECASE)
_NEXT_COOKIE = re.compile(r", *(?=[^ ;,=]+=)")  # several Set-Cookie headers come as one text; dates have commas in them too
_CHALLENGE = "rubrik-totp-auth"  # vendor's client
_ONCE = "A code works once, for 30 seconds: wait for the next one and run again, or log in once with access_token and pass its token on."
_CHECK_LOGIN = (
    "Check username and password. Two-step verification may be on in a way that this module cannot answer: it logs in at "
    "internal/session and knows one-time codes only. Service accounts need no second step."
)
_MAYBE_OPEN = (
    "A session may have been opened whose token is lost; "
    "one of a service account takes one of its ten slots, and ends by itself after 24 hours."
)


@dataclass(frozen=True)
class OpenedSession:
    """A session just opened. What a reply lacks beside the token is left out: the token is told only once.

    Attributes:
        id: empty where neither the reply nor the token tells.
        user: the UUID of whose it is; None where neither the reply nor the token tells.
        account: whose it is, as it was named to open it.
        by_cookie: headers that stand for the token, where the cluster told some.
    """

    id: str
    token: str = field(repr=False)
    expires_at: datetime | None
    user: str | None
    account: Account
    by_cookie: Mapping[str, str] | None = field(default=None, repr=False)


def session_field(answer: Answer) -> dict[str, Any]:
    """Return the object ``session`` in a reply of internal/session."""
    session = answer.json_object().get("session")
    if not isinstance(session, dict):
        raise answer.strange("it has no session")
    return session


def open_session(http: HttpClient, connection: Connection) -> OpenedSession:
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


def _open_for_client(http: HttpClient, connection: Connection) -> OpenedSession:
    client_id = connection.auth.client_id or ""
    answer = _send_client(http, connection, client_id)
    value = answer.json_object()
    token = bearer_field(answer, value, "token")
    bearer = read_bearer(token)
    user = bare_user(client_id) or bearer.user
    id_ = told_id(value, "sessionId") or bearer.session or ""
    return OpenedSession(id_, token, told_instant(value, "expirationTime"), user, client_account(client_id, user or bearer.subject))


def _send_client(http: HttpClient, connection: Connection, client_id: str) -> Answer:
    """Log in with a client secret, under the names that the fields have.

    The vendor's documentation has the second pair for accounts of Rubrik Security Cloud, and scripts succeed with the first. A refusal
    of the fields opens no session, so the second is tried once where the first was refused for them.
    """
    refusal: RequestError | None = None
    for id_key, secret_key in _CLIENT_FIELDS:
        body = {id_key: client_id, secret_key: connection.auth.client_secret}
        if connection.organization_id:
            body["organizationId"] = connection.organization_id
        try:
            return http.request(f"log in as {client_id}", "POST", _CLIENT_SESSIONS, body=body, authorization=None)
        except RequestError as failure:
            if refusal is None and not (client_id.startswith(CLIENT) and _may_be_about_fields(failure)):
                raise
            if refusal is not None and not _may_be_about_fields(failure):
                raise  # the fields are right
            refusal = refusal or failure
    raise refusal or AssertionError("there are two pairs")


def _may_be_about_fields(failure: RequestError) -> bool:
    """Tell whether a log-in may have been refused for its fields: by its status, unless the words give another reason."""
    if failure.status not in (400, 422):
        return False
    return not _OTHER_REASON.search(str(failure).partition(f"HTTP {failure.status}")[2])


def _open_for_user(http: HttpClient, connection: Connection) -> OpenedSession:
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
    bearer = read_bearer(token)
    user = bare_user(told_id(session, "userId")) or bearer.subject or told_id(session, "userId").removeprefix(USER) or None
    name = auth.username or ""
    return OpenedSession(
        id=told_id(session, "id") or bearer.session or "",
        token=token,
        expires_at=told_instant(session, "expirationTime"),
        user=user,
        account=user_account(USER + user, name) if user else Account(name, name),
        by_cookie=_by_cookie(answer, session),
    )


def _by_cookie(answer: Answer, session: dict[str, Any]) -> dict[str, str] | None:
    """Return the headers that stand for a log-in's token; None where the reply tells none.

    Since 2025 a reply may hold ``csrfToken``, and a service provider's script then sends the session's cookie and that token in place of
    the bearer. Which versions do so, and whether they still take the bearer, is not published.
    """
    told = session.get("csrfToken")
    pairs = [one.partition(";")[0].strip() for one in _NEXT_COOKIE.split(answer.headers.get("set-cookie", ""))]
    cookie = "; ".join(one for one in pairs if "=" in one)
    answer.where.hide(told if isinstance(told, str) else None, *(one.partition("=")[2] for one in pairs))
    fit = all(isinstance(one, str) and one and one.isascii() and one.isprintable() for one in (told, cookie))
    return {"Cookie": cookie, "x-rubrik-csrf-token": str(told)} if fit else None


def _attempt_to_answer(answer: Answer) -> str | None:
    """Return the id of the log-in that waits for a code; None where none does (vendor's client)."""
    try:
        challenge = answer.json_object().get("mfaResponse")
    except AnswerError:
        return None
    attempt = challenge.get("attemptId") if isinstance(challenge, dict) else None
    return attempt if isinstance(attempt, str) and attempt else None
