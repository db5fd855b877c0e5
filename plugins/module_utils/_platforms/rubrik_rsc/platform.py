# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Rubrik Security Cloud: what it can do, who calls, and tokens. Private to this collection.

Facts come from the vendor's schema (2022-09-05 to 2026-10), the vendor's docs and the vendor's clients, unless said otherwise. What no
public source tells is not relied on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from ..._common.errors import AuthenticationError, ForbiddenError, OptionError
from ..._common.model import Account, Caller, Credential, Minted
from ..._connection import Connection
from ..._http.client import OWN
from ..base import Probed
from ..fields import text_field
from ..jwt import instant_claim, jwt_claims
from ..rubrik_sdk import SERVICE_ACCOUNT_FILE
from .api import ENDS_BY_ITSELF, GRAPHQL
from .errors import told_code
from .fields import ID, PREFIX, json_object, json_objects, rsc_id_field
from .inventory import RscInventory
from .queries import CALLER

# What follows client|: a UUID, in older accounts 32 letters and digits.
_BARE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-z]{32}", re.IGNORECASE)
_NO_LIST = f"It does not list sessions. End a token with session_revoke and target=self, as its bearer; else {ENDS_BY_ITSELF}."
_NO_API_TOKENS = "API tokens are Rubrik CDM's; use access_token here."


class RubrikRsc(RscInventory):
    """A tenant of Rubrik Security Cloud."""

    name = "rubrik_rsc"
    title = "Rubrik Security Cloud"
    options = frozenset(("description", "roles", "rotate_secret", "credentials_file", "purge_sdk_cache", "sdk_cache_dir"))
    instead = MappingProxyType(
        {
            "expire_sessions": "Its API cannot end the sessions of another account; they end by themselves after at most 24 hours.",
            "expires_in": "The tenant's session settings say how long its tokens live.",
            "expires_at": "The tenant's session settings say how long its tokens live.",
            "enabled": "End a token with session_revoke and target=self instead.",
            "token_id": _NO_LIST,
            "privileges": "Give the account roles instead.",
            "primary_group": "Its accounts are in no groups.",
            "home_directory": "Its accounts have no home directories.",
        }
    )
    tokens_are_sessions = True
    lists_tokens = False
    has_secrets = True
    rotates = ("service_account_secret",)
    client_files = MappingProxyType({"service_account_secret": SERVICE_ACCOUNT_FILE})
    # 403 tells that an account may not log in, whatever its secret.
    dead_secret_statuses = (401,)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._own: Caller | None = None

    # Who calls

    def caller(self, secret: str | None = None) -> Caller:
        if secret is None and self._own:
            return self._own
        self.http.hide(secret)
        answer, value = self._query("identify the caller", CALLER, authorization=OWN if secret is None else f"Bearer {secret}")
        context = json_object(answer, value)
        user = json_object(answer, context["user"]) if "user" in context else context  # CALLER_OLD tells of the user only
        bearer = secret or (self.http.authorization or "").removeprefix("Bearer ")
        known = self.connection.auth.client_id if secret is None else None
        account_id, aliases = _account_id(rsc_id_field(answer, user, "id"), str(user.get("domain")), known, jwt_claims(bearer))
        names = (user.get("username"), user.get("email"), account_id)
        caller = Caller(
            account=Account(account_id, next(str(one) for one in names if one), str(context.get("orgName") or ""), aliases),
            token_id=_session_of(bearer, Account("", "")).id or None,
            with_token=bool(secret or self.connection.auth.token),
            roles=tuple(sorted(text_field(answer, role, "name") for role in json_objects(answer, user.get("roles")))),
        )
        if secret is None:
            self._own = caller
        return caller

    def is_account(self, identity: str, account: Account) -> bool:
        if super().is_account(identity, account):
            return True
        if _BARE_ID.fullmatch(identity.removeprefix(PREFIX)) or account.name not in (account.id, *account.aliases):
            return False
        # Whether a service account is told its own name is not published; without it, the name is looked up.
        try:
            return any(one.account.id == account.id for one in self.service_accounts(identity))
        except ForbiddenError as failure:
            failure.add(f"It does not tell the name of {account.id} otherwise: name the account by its id.")
            raise

    def find_account(self, identity: str) -> Account:
        self._cannot("tell which sessions an account has", _NO_LIST)

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        self._authorize()
        answer = self.http.request(f"probe {path}", method, path, body=body, accept=range(100, 600))
        probed = Probed.of(answer)
        told = told_code(probed.body) if answer.status == 200 and path == GRAPHQL else None
        return probed if told is None else replace(probed, status=told)

    # Access tokens, which are sessions of the caller's

    def tokens(self, account: Account | None) -> list[Credential]:
        self._cannot("list tokens", _NO_LIST)

    def token(self, token_id: str) -> Credential | None:
        self._cannot("look a token up", _NO_LIST)

    def find_tokens(self, ids: Sequence[str], account: Account | None = None) -> list[Credential]:
        self._cannot("look tokens up", _NO_LIST)

    def delete_token(self, token_id: str) -> bool:
        self._cannot("end a token by its id", _NO_LIST)

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        """Log in for the user; the token outlives the task. Its lifetime cannot be asked for.

        Raises:
            OptionError: the connection has no client secret, or the account is another one.
        """
        self.check_log_in()
        client_id = self.connection.auth.client_id or ""  # there is no third way to authenticate
        if account and client_id not in (account.id, *account.aliases):
            raise OptionError(
                f"{self.title} creates tokens for the calling account only, not for {account}.", "Authenticate as that account."
            )
        with self._lost_token_told():
            secret, told = self._log_in()
            if self.connection.organization_id:
                self._own_sessions.append(secret)
                switched = self._switch_organization(secret)
                # Whether the new session outlives the one that it was had with is not published, so the latter is left alone.
                self._own_sessions.remove(secret)
                secret = switched
        return Minted(_session_of(secret, Account(client_id, client_id), told), secret)

    def inspect_token(self, secret: str) -> Credential | None:
        self.http.hide(secret)
        expires_at = instant_claim(jwt_claims(secret), "exp")
        if expires_at and expires_at <= self.now():
            return None
        try:
            return _session_of(secret, self.caller(secret).account)
        except AuthenticationError:
            return None

    def own_token(self) -> Credential | None:
        token = self.connection.auth.token
        if not token:
            self.warn("The token that this task works with is its own, and ends with it; there is nothing else to end.")
            return None
        own = _session_of(token, Account("", ""))
        return own if own.id else replace(own, id="self")

    def end_own_token(self, own: Credential) -> bool:
        self._end_session(self.connection.auth.token or "")
        return True

    # API tokens

    def check_api_token(self, tag: str, lifetime: timedelta | None) -> None:
        self._cannot("create API tokens", _NO_API_TOKENS)

    def api_tokens(self, account: Account | None) -> list[Credential]:
        self._cannot("list API tokens", _NO_API_TOKENS)

    def mint_api_token(self, tag: str, lifetime: timedelta | None) -> Minted:
        self._cannot("create API tokens", _NO_API_TOKENS)


def _account_id(told: str, domain: str, client_id: str | None, claims: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the caller's id in the form that lists have, and the other forms.

    What the API tells a service account about itself is not published, so better sources come first.

    Args:
        told: the user id that the API tells, perhaps without client|.
        domain: the user's domain, CLIENT for service accounts.
        client_id: what was logged in with.
        claims: the bearer's; the subject may be the client id.
    """
    subject = claims.get("sub")
    if client_id:
        found = client_id
    elif isinstance(subject, str) and subject.startswith(PREFIX) and ID.fullmatch(subject):
        found = subject
    else:
        found = PREFIX + told if domain == "CLIENT" and not told.startswith(PREFIX) else told
    bare = found.removeprefix(PREFIX)
    forms = {told, bare, PREFIX + bare} if _BARE_ID.fullmatch(bare) else {told, bare}
    return found, tuple(sorted(forms - {found}))


def _session_of(token: str, account: Account, told_expiry: datetime | None = None) -> Credential:
    """Return what a token says of itself; the id is empty where it says none that could be one."""
    claims = jwt_claims(token)
    session = claims.get("jti")
    return Credential(
        id=session if isinstance(session, str) and ID.fullmatch(session) else "",
        account=account,
        created_at=instant_claim(claims, "iat"),
        expires_at=instant_claim(claims, "exp") or told_expiry,
        kind="session",
    )
