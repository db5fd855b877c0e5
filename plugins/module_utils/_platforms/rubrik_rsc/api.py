# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all calls of Rubrik Security Cloud's API share: log-in and log-out, GraphQL, lists in pages. Private to this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..._common.endpoint import Endpoint
from ..._common.errors import AuthenticationError, RequestError
from ..._connection import Connection
from ..._http.client import OWN, Answer
from ..base import Platform
from ..fields import bearer_field, text_field
from ..pages import PageCount
from .errors import (
    call_refusal,
    is_schema_gap,
    is_usable,
    login_refusal,
    may_have_acted,
    refusal_code,
    refused_for_now,
    root_value,
    vendor_words,
)
from .fields import json_object, json_objects, rsc_id_field
from .queries import SWITCH_ORGANIZATION, GraphqlDocument

GRAPHQL = "/api/graphql"
_PAGE = 100  # neither default nor maximum is published
# Refusals whose words are read here. Those of a proxy in front are read by HttpClient, which repeats what may be repeated.
_WORDED = frozenset((400, 401, 403, 404, 409, 500))
ENDS_BY_ITSELF = "it ends by itself after at most 24 hours"  # vendor docs: 12 hours unless the tenant sets it otherwise, up to 24


class RscApi(Platform):
    """The base of the platform; what it offers is in the classes built on it."""

    def __init__(self, connection: Connection) -> None:
        # A service account file names the API, people name the host; probes are written from the host on.
        host = Endpoint(connection.endpoint.url.removesuffix("/api"))
        super().__init__(replace(connection, endpoint=host), vendor_words)
        self._own_sessions: list[str] = []  # bearers that the task made for itself, to be ended with it

    # One request

    def _authorize(self) -> None:
        """Get, once, the token to work with: the user's or a new one, and in its place one for the organisation where one is named."""
        if self.http.authorization:
            return
        token = self.connection.auth.token
        if token is None:
            self.before_session()
            with self._lost_token_told():
                token, _expires_at = self._log_in()
            self._opened(token)
        if self.connection.organization_id:
            with self._lost_token_told():
                token = self._switch_organization(token)
            self._opened(token)
        self.http.authorization = f"Bearer {token}"

    def _opened(self, token: str) -> None:
        self._own_sessions.append(token)
        self.on_session(token, "")

    @staticmethod
    @contextlib.contextmanager
    def _lost_token_told() -> Iterator[None]:
        """Where no answer tells whether a token was created, say what becomes of it."""
        try:
            yield
        except RequestError as failure:
            if failure.may_have_acted:
                failure.add(f"If a token was created, it is lost, and {ENDS_BY_ITSELF}.")
            raise

    def _log_in(self) -> tuple[str, datetime | None]:
        """Return a new access token, and when it expires as far as the reply tells that."""
        auth = self.connection.auth
        body = {"client_id": auth.client_id, "client_secret": auth.client_secret, "grant_type": "client_credentials"}
        answer = self.http.request("log in", "POST", "/api/client_token", body=body, authorization=None, accept=_WORDED)
        code = refusal_code(answer)
        if code is not None:
            raise login_refusal(answer, code)
        value = answer.json_object()
        token = bearer_field(answer, value, "access_token")
        if value.get("client_id") != auth.client_id:
            raise answer.strange("it is for another client_id")
        return token, _later(self.now(), value.get("expires_in"))

    def _switch_organization(self, token: str) -> str:
        """Return a token for the organisation that the connection names, had with this token."""
        organization = self.connection.organization_id
        try:
            answer, reply = self._query(
                f"switch to the organisation '{organization}'",
                SWITCH_ORGANIZATION,
                {"input": {"orgId": organization}},
                authorization=f"Bearer {token}",
                hint="Check organization_id, and that the calling account may act in that organisation.",
            )
        except RequestError as failure:
            if is_schema_gap(failure.status or 0, str(failure)):
                failure.add("organization_id needs a schema of April 2023 or later.")
            raise
        return bearer_field(answer, json_object(answer, reply), "accessToken")

    def _query(
        self,
        operation: str,
        document: GraphqlDocument,
        variables: dict[str, Any] | None = None,
        *,
        authorization: str | None = OWN,
        hint: str = "",
    ) -> tuple[Answer, Any]:
        """Send a GraphQL document; return the answer and the value of its root field.

        Args:
            operation: what it does, for the error.
            document, variables: what is sent.
            authorization: the header, where it is not the client's own.
            hint: what to do about a refusal that shows none of the usual causes.
        """
        if authorization is OWN:
            self._authorize()
        answer = self.http.request(
            operation,
            "POST",
            GRAPHQL,
            body={"query": document.text, "variables": variables or {}, "operationName": document.field},
            authorization=authorization,
            reads=not document.changes,
            accept=_WORDED,
            refused_for_now=lambda answer: refused_for_now(answer, document),
        )
        code = refusal_code(answer)
        if code is not None:
            value = root_value(answer, document)
            secret = value.get(document.told_once) if document.told_once and isinstance(value, dict) else None
            self.http.hide(secret if isinstance(secret, str) else None)  # before the vendor's words are shown, which may repeat it
            if is_usable(value, document):
                said = answer.words().rstrip(".") or "no words"
                self.warn(
                    f"{self.title} at {self.http.endpoint.url} answered the request to {operation} with an error and with its result, "
                    f"which is used. The error: {said}."
                )
                return answer, value
            if document.fallback and is_schema_gap(code, answer.words()) and not may_have_acted(answer, code, document):
                return self._query(operation, document.fallback, variables, authorization=authorization, hint=hint)
            raise call_refusal(answer, code, document, hint)
        data = answer.json_object().get("data")
        if not isinstance(data, dict) or data.get(document.field) is None:
            raise answer.strange(f"it has no {document.field}")
        return answer, data[document.field]

    def _nodes(self, operation: str, document: GraphqlDocument, key: str) -> list[tuple[Answer, dict[str, Any]]]:
        """Return the entries of a list from all its pages, each once: a list that changes meanwhile may show one on two pages.

        Args:
            operation, document: as for _query; the document takes $first and $after.
            key: the field that is an entry's id.
        """
        found: dict[str, tuple[Answer, dict[str, Any]]] = {}
        seen: set[str] = set()
        pages = PageCount()
        variables: dict[str, Any] = {"first": _PAGE}
        while True:
            try:
                answer, value = self._query(operation, document, variables)
            except RequestError as failure:
                if failure.status != 400 or "first" not in variables:
                    raise
                del variables["first"]  # too much for this tenant, perhaps
                continue
            pages.add(answer)
            page = json_object(answer, value)
            for node in json_objects(answer, page.get("nodes")):
                found.setdefault(rsc_id_field(answer, node, key), (answer, node))
            info = json_object(answer, page.get("pageInfo"))
            if not info.get("hasNextPage"):
                self.incomplete |= info.get("hasNextPage") is not False  # it does not tell
                return list(found.values())
            cursor = text_field(answer, info, "endCursor")
            if cursor in seen:
                raise answer.strange("the next page is one that was read already")
            seen.add(cursor)
            variables["after"] = cursor

    def log_out(self) -> None:
        while self._own_sessions:
            try:
                self._end_session(self._own_sessions.pop())
            except AuthenticationError:  # gone already
                continue
            except RequestError as failure:
                self.warn(f"A session that this task opened could not be ended; {ENDS_BY_ITSELF}. {failure}")

    def _end_session(self, token: str) -> None:
        """End the session of a token. Raises AuthenticationError when it is refused, so gone already."""
        self.http.request("end a session", "DELETE", "/api/session", authorization=f"Bearer {token}", repeatable=True)


def _later(now: datetime, seconds: Any) -> datetime | None:
    """Return the instant so many seconds later; None where that makes no sense."""
    try:
        return now + timedelta(seconds=seconds)
    except (TypeError, ValueError, OverflowError):
        return None
