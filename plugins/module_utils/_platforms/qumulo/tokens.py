# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens and sessions of Qumulo Core. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..._common.errors import NotFoundError, OptionError, RequestError, UnsupportedError
from ..._common.model import Account, Credential, Minted
from ..._http.client import Answer
from ..fields import bearer_field, id_field, instant_field, quoted
from .api import QumuloApi
from .identity import account_of

_TOKENS = "/v1/auth/access-tokens/"
_SESSION_LIFE = timedelta(hours=10)  # vendor docs
_READ_TOKENS = "PRIVILEGE_ACCESS_TOKENS_READ"


class QumuloTokens(QumuloApi):
    """Lists, makes, changes and deletes access tokens, and opens sessions."""

    def tokens(self, account: Account | None) -> list[Credential]:
        # Only auth_id is unambiguous: names may exist in several domains. Never with limit: user and limit exclude each other.
        params = {"user": f"auth_id:{account.id}"} if account else None
        found = []
        try:
            for answer, page in self._pages("list access tokens", _TOKENS, params):
                entries = page.get("entries")
                if not isinstance(entries, list):
                    raise answer.strange("it has no list of entries")
                found += [self._credential(answer, entry) for entry in entries]
        except NotFoundError as failure:
            raise self._too_old(failure) from None
        if account is None:
            return found
        # A list may tell no more of an identity than its auth_id.
        return [replace(one, account=account) for one in found if one.account.id == account.id]

    def token(self, token_id: str) -> Credential | None:
        try:
            answer = self._call("read an access token", "GET", _TOKENS + quoted(token_id))
        except RequestError as failure:
            # No source tells which status an id that nobody has gets, and a 404 may come from something in between. Whoever may read
            # all tokens can look for it among them.
            if failure.status not in (400, 403, 404):
                raise
            if _READ_TOKENS in (self.caller().privileges or ()):
                if any(one.id == token_id for one in self.tokens(None)):
                    raise
            elif failure.status != 404:
                raise
            return None
        return self._credential(answer, answer.json_object())

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        account = account or self.caller().account
        body: dict[str, Any] = {"user": {"auth_id": account.id}}
        if expires_at:
            self._require_version((5, 3, 2), "expiration times for access tokens")
            body["expiration_time"] = expires_at.isoformat()
        try:
            answer = self._call(f"create an access token for {account}", "POST", _TOKENS, body=body)
            value = answer.json_object()
            secret = bearer_field(answer, value, "bearer_token")
            return Minted(Credential(id_field(answer, value, "id"), account, expires_at=expires_at), secret)
        except NotFoundError as failure:
            raise self._too_old(failure) from None
        except RequestError as failure:
            if failure.may_have_acted:
                failure.add("If a token was created, its secret is lost: find it with access_token_info, and delete it with its token_id.")
            raise

    def update_token(self, token_id: str, *, enabled: bool | None = None, expires_at: datetime | None = None) -> Credential:
        self._require_version((5, 3, 3) if enabled is not None else (5, 3, 2), "such settings on access tokens")
        body: dict[str, Any] = {} if enabled is None else {"enabled": enabled}
        if expires_at:
            body["expiration_time"] = expires_at.isoformat()
        answer = self._call("change an access token", "PATCH", _TOKENS + quoted(token_id), body=body, repeatable=True)
        return self._credential(answer, answer.json_object())

    def delete_token(self, token_id: str) -> bool:
        return self._delete("delete an access token", _TOKENS + quoted(token_id), lambda: self.token(token_id) is None)

    @classmethod
    def asks_for_session(cls, options: Mapping[str, Any]) -> bool:
        return options.get("qumulo_kind") == "session"

    def open_session(self) -> Minted:
        if self.connection.auth.token:
            raise OptionError("token: a session cannot be opened with a token.", "Set username and password.")
        name = self.connection.auth.username or ""
        bearer = self._log_in()
        now = self.now()  # the answer told it
        return Minted(Credential("", Account(name, name), now, now + _SESSION_LIFE, kind="session"), bearer)

    def own_token(self) -> Credential | None:
        caller = self.caller()
        if not caller.with_token:
            self.warn("A session of Qumulo Core cannot be revoked: its API has no logout. It ends by itself 10 hours after the login.")
            return None
        if not caller.token_id:
            raise OptionError("The platform does not tell the id of the token in use.", "Name the token with ids.")
        return self.token(caller.token_id) or Credential(caller.token_id, caller.account)

    def _too_old(self, failure: NotFoundError) -> Exception:
        version = self._version()
        if version and version < (5, 3):
            return UnsupportedError(
                f"{self.title} {'.'.join(map(str, version))} at {self.http.endpoint.url} has no access tokens.", "They came with 5.3.0."
            )
        return failure

    def _credential(self, answer: Answer, value: Any) -> Credential:
        if not isinstance(value, dict):
            raise answer.strange("an access token is not a JSON object")
        self._modern = self._modern or "enabled" in value
        creator = value.get("creator")
        return Credential(
            id=id_field(answer, value, "id"),
            account=account_of(answer, value.get("user")),
            created_at=instant_field(answer, value, "creation_time"),
            expires_at=instant_field(answer, value, "expiration_time"),  # null, empty or missing: it never expires
            enabled=value.get("enabled") is not False,
            creator=str(creator.get("name") or f"auth_id:{creator.get('auth_id')}") if isinstance(creator, dict) else "",
        )
