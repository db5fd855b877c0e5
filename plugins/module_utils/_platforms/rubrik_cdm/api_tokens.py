# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""API tokens of Rubrik CDM, which a user can make after a log-in, and for that user only. Private to this collection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..._common.errors import OptionError, RefusedError, RequestError, UnsupportedError
from ..._common.model import Credential, Minted
from ..fields import bearer_field, told_id, told_instant
from .api import was_refused
from .ids import read_bearer
from .login import SESSIONS, session_field
from .sessions import API_TOKEN, CdmSessions

_LONGEST_TAG = 20  # vendor's documentation: New-RubrikAPIToken has a tag of 20 characters; a client cuts them to 19
_DEFAULT_LIFE = timedelta(minutes=60)  # vendor's client
LONGEST_LIFE = timedelta(days=365)  # vendor's client
_LOG_IN = "Log in with username and password."
_NO_TOKENS = "A token cannot create tokens, whatever its roles."


class CdmApiTokens(CdmSessions):
    """What the platform does with API tokens beyond listing and ending them."""

    def check_api_token(self, tag: str, lifetime: timedelta | None) -> None:
        if not tag.strip():
            raise OptionError("tag: it is empty.", "The tag is what tells API tokens apart.")
        if len(tag) > _LONGEST_TAG:
            raise OptionError(f"tag: '{tag}' is longer than {_LONGEST_TAG} characters, more than {self.title} keeps for sure.")
        if lifetime is not None and not timedelta(minutes=1) <= lifetime <= LONGEST_LIFE:
            raise OptionError("expires_in: an API token of Rubrik CDM lives between 1 minute and 365 days.")
        if self.connection.auth.client_id:
            raise UnsupportedError(f"{self.title}: a service account's session cannot create API tokens.", _LOG_IN)
        self._require_local("API tokens", "Use a service account of Rubrik Security Cloud (platform rubrik_rsc) and access_token.")
        token = self.connection.auth.token
        if not token:
            return
        managed = read_bearer(token).client is not None
        own = None if managed else self._session_in_use()
        if managed or (own and own.kind == API_TOKEN):  # what any other may do shows when it is asked to
            raise RefusedError(f"{self.title} at {self.http.endpoint.url}: {_NO_TOKENS}", _LOG_IN)

    def api_token_lifetime(self, lifetime: timedelta | None) -> timedelta:
        return _DEFAULT_LIFE if lifetime is None else _whole_minutes(lifetime) * timedelta(minutes=1)

    def mint_api_token(self, tag: str, lifetime: timedelta | None) -> Minted:
        account = self._myself()
        wanted: dict[str, Any] = {"tag": tag}
        if lifetime is not None:
            wanted["expiration"] = _whole_minutes(lifetime)
        body: dict[str, Any] = {"initParams": {"apiToken": wanted}}
        if self.connection.organization_id:  # null would be refused (vendor's client)
            body["initParams"]["organizationId"] = self.connection.organization_id
        try:
            answer = self._call(f"create an API token for {account}", "POST", SESSIONS, body=body)
            value = session_field(answer)
            secret = bearer_field(answer, value, "token")
            made = Credential(
                id=told_id(value, "id") or read_bearer(secret).session or "",
                account=account,
                created_at=told_instant(value, "creationTime"),
                expires_at=told_instant(value, "expirationTime") or self.now() + self.api_token_lifetime(lifetime),
                kind=API_TOKEN,
                tag=tag,
            )
        except RequestError as refusal:
            failure = self._explained(refusal)
            if was_refused(failure) and self.connection.auth.token:
                failure.add(f"{_NO_TOKENS} {_LOG_IN}")
            raise failure from None
        return Minted(made, secret)


def _whole_minutes(lifetime: timedelta) -> int:
    return int(lifetime / timedelta(minutes=1))
