# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Rubrik CDM: what it can do, and who calls. Private to this collection.

Facts come from Rubrik's documentation, its export of the cluster's API and its clients. What they leave open (most statuses and
texts of failures, many keys of bodies) is not relied on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ..._common.model import Account, Caller
from ..._connection import Connection
from ..._http.client import OWN, Answer
from ..fields import opaque_id_field, text_field
from ..rubrik_sdk import SERVICE_ACCOUNT_FILE
from .api import ME
from .api_tokens import LONGEST_LIFE
from .ids import USER, read_bearer, user_account
from .inventory import CdmInventory
from .sessions import CLIENT_LIFE


class RubrikCdm(CdmInventory):
    """A Rubrik CDM cluster, 5.0 or later."""

    name = "rubrik_cdm"
    title = "Rubrik CDM"
    options = frozenset(("roles", "rotate_secret", "expire_sessions", "credentials_file", "token_id", "admin_token"))
    instead: Mapping[str, str] = {
        "expires_in": "Its session tokens live for 24 hours; use api_token for another lifetime.",
        "expires_at": "Its session tokens live for 24 hours; use api_token for another lifetime.",
        "enabled": "Revoke the session instead.",
        "purge_sdk_cache": "It is for platform rubrik_rsc.",
    }
    public_paths = frozenset(("/api/v1/cluster/me/version", "/api/v1/cluster/me/api_version"))
    tokens_are_sessions = True
    has_secrets = True
    rotates = ("api_token", "service_account_secret")
    client_files = MappingProxyType({"service_account_secret": replace(SERVICE_ACCOUNT_FILE, uri_key="", uri_path="")})
    longest_api_token = LONGEST_LIFE
    longest_tag = 19  # a client of the vendor cuts tags to that
    accounts_elsewhere = "The secret of an account that Rubrik Security Cloud manages is rotated there: set rotate_platform to rubrik_rsc."
    local_advice = (
        "Rubrik CDM deprecates such credentials in 9.4 and refuses the upgrade to 9.5.1 while there are any: create a service account of "
        "Rubrik Security Cloud in its place, then revoke it, as the guide 'Before the upgrade to Rubrik CDM 9.5.1' shows."
    )
    dead_secret_statuses = (400, 401, 403, 404, 422)  # which of them a wrong secret gets is not published
    session_life = CLIENT_LIFE
    session_limit = 10  # vendor docs; how the eleventh log-in is refused is not published

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._own: Caller | None = None

    def caller(self, secret: str | None = None) -> Caller:
        if secret is None:
            self._own = self._own or self._who_logged_in()
        if secret is None and self._own:
            return self._own
        self.http.hide(secret)
        authorization = f"Bearer {secret}" if secret else OWN
        answer = self._call("identify the caller", "GET", ME, authorization=authorization, accept=(404, 405))
        opened = None if secret else self._session
        auth = self.connection.auth
        bearer = read_bearer(secret or (opened.token if opened else auth.token) or "")
        client = bearer.client or (auth.client_id if opened else None)
        if answer.status < 400:
            account = _told(answer, client)
        else:
            # Rubrik's list of calls of 2026 lacks that one. Any call that wants a live bearer proves it, and a 403 does, too.
            proof = {"params": {"limit": "1"}, "authorization": authorization, "accept": (403,)}
            self._call("find out whether the token works", "GET", "/api/v1/principal", **proof)
            user = (opened.user if opened else None) or bearer.subject
            if user is None:
                raise self._older("cannot identify the caller", "Use client_id with client_secret, or username with password.")
            account = user_account(USER + user, client=client)
        token_id = (opened.id if opened else bearer.session) or None
        caller = Caller(account, token_id=token_id, with_token=opened is None)
        if secret is None:
            self._own = caller
        return caller

    def _who_logged_in(self) -> Caller | None:
        """Return who logged in with a password, whose id the log-in told; None where only a request can tell who calls."""
        name = self.connection.auth.username
        if not name:
            return None
        self._log_in()
        session = self._session
        return Caller(user_account(USER + session.user, name), session.id or None) if session and session.user else None


def _told(answer: Answer, client: str | None) -> Account:
    """Return the account that internal/user/me tells."""
    value = answer.json_object()
    return user_account(opaque_id_field(answer, value, "id"), text_field(answer, value, "username"), client)
