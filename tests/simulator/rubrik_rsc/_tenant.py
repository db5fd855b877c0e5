# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views share: the data, who calls, and what a caller may do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from flask import current_app, request

from .._platform import Context
from . import _tokens
from ._errors import EXPIRED, FieldError, GatewayError, ServiceError
from ._model import PREFIX, Account, Data, Secret, Session, new_secret
from ._rights import ADMINISTRATOR, needed
from ._schema import schema_of

LOCKED_SECONDS = 15 * 60


def isoformat(instant: float) -> str:
    """Return an instant as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(instant, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Caller:
    """Who makes the request; `account` is None when it was deleted and the token lives on."""

    session: Session
    account: Account | None
    roles: list[str]
    rights: frozenset[str]


class Tenant:
    """An RSC account's data and rules, without its HTTP paths."""

    def __init__(self, context: Context, data: Data, schema_date: str) -> None:
        self.context = context
        self.clock = context.clock
        self.settings = context.settings
        self.version_text = context.version
        self.data = data
        self.schema_date = schema_date
        self.schema = schema_of(schema_date)
        self.flag_errors = self.settings.integer("account_flag_errors")
        self.dirty = False

    @property
    def token_uri(self) -> str:
        """Where tokens are minted."""
        return f"{self.context.url}/api/client_token"

    # secrets

    def secret_state(self, secret: Secret) -> str:
        """Return "live", or why the secret does not authenticate."""
        now = self.clock.now()
        if secret.ends is not None and secret.ends <= now:
            return "rotated"
        return "live" if secret.created + self.settings.number("new_secret_seconds") <= now else "not yet live"

    def rotate(self, account: Account) -> Secret:
        """Give the account a new secret and return it; end what a rotation ends."""
        now = self.clock.now()
        for secret in account.secrets:
            if secret.ends is None:
                secret.ends = now + self.settings.number("old_secret_seconds")
        secret = new_secret("", now)
        account.secrets.append(secret)
        account.failures, account.locked_until = 0, 0.0
        if self.settings["rotate_tokens"] == "ended":
            self.end_sessions(account, "rotated")
        return secret

    def prove(self, client_id: str, client_secret: str) -> Account:
        """Return the account that these belong to, provided that it may log in.

        :raises ServiceError: when it may not.
        """
        settings = self.settings
        if settings["ip_allow_list"] == "blocked":
            raise ServiceError(settings.integer("ip_block_status"), "cannot process audit object")
        account = self.data.accounts.get(client_id)
        if account is None:
            raise ServiceError.named(settings.integer("unknown_client_status"), "invalid client id")
        if account.locked_until > self.clock.now():
            raise ServiceError.named(403, "the account is locked")
        live = [one.value for one in account.secrets if self.secret_state(one) == "live"]
        fitting = [secrets.compare_digest(client_secret.encode(), value.encode()) for value in live]  # all of them, in constant time
        if not any(fitting):
            self.dirty = True
            account.failures += 1
            if account.failures == settings.integer("lockout_after"):
                account.failures, account.locked_until = 0, self.clock.now() + LOCKED_SECONDS
            raise ServiceError.named(401, "incorrect client secret")
        account.failures = 0
        if settings["org_service_accounts"] == "disabled":
            raise ServiceError.named(403, "service accounts are disabled in this organization")
        if not account.roles and settings["no_roles_login"] == "refused":
            raise ServiceError.named(403, "the account has no roles")
        return account

    # sessions

    def session_state(self, session: Session) -> str:
        """Return "live", or why the token does not authenticate."""
        now = self.clock.now()
        if session.ended is not None and session.ended <= now:
            return session.end
        return "live" if session.expires > now else "expired"

    def open_session(self, account: Account) -> str:
        """Return a new access token.

        :raises ServiceError: when the account has too many.
        """
        now = self.clock.now()
        limit = self.settings["session_limit"]
        if limit != "off" and self.data.config.isConcurrentSessionLimitationEnabled:
            live = [one for one in self.data.sessions.values() if one.client_id == account.client_id and self.session_state(one) == "live"]
            while len(live) >= self.data.config.maxConcurrentSessions:
                if limit == "refuse":
                    raise ServiceError.named(403, "too many concurrent sessions")
                self._end(live.pop(0), "too many sessions", now)
        account.last_login = now
        session = Session(
            id=f"session-{secrets.token_hex(8)}",
            client_id=account.client_id,
            name=account.name,
            created=now,
            # a JSON web token has whole seconds
            expires=float(int(now) + self.data.config.clientSessionTimeoutInSeconds),
            roles=list(account.roles),
        )
        self.data.sessions[session.id] = session
        self.dirty = True
        return _tokens.write(self.data.signing_key, session, self.context.url)

    def revoke(self, session: Session) -> None:
        """End a session as its holder asks."""
        self._end(session, "revoked", self.clock.now() + self.settings.number("revocation_seconds"))
        self.dirty = True

    def end_sessions(self, account: Account, why: str) -> None:
        """End all sessions of an account."""
        for session in self.data.sessions.values():
            if session.client_id == account.client_id:
                self._end(session, why, self.clock.now())

    @staticmethod
    def _end(session: Session, why: str, when: float) -> None:
        if session.ended is None or when < session.ended:
            session.ended, session.end = when, why

    def presented(self) -> tuple[Session | None, str]:
        """Return the session whose token the request carries, and its state: none, unknown, live, ..."""
        scheme, _unused, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None, "none"
        found = _tokens.session_id(self.data.signing_key, token) if scheme.lower() == "bearer" else None
        session = self.data.sessions.get(found or "")
        return (None, "unknown") if session is None else (session, self.session_state(session))

    def caller(self) -> Caller:
        """Return who calls.

        :raises GatewayError: when the request proves nobody.
        :raises FieldError: the same, where the setting has GraphQL answer it.
        """
        session, state = self.presented()
        if session is None:
            raise GatewayError
        if state == "expired":
            raise GatewayError(EXPIRED)
        if state != "live":
            shape = self.settings["revoked_token"]
            if shape == "graphql":
                raise FieldError(401, "JWT is missing.")
            raise GatewayError(EXPIRED) if shape == "expired" else GatewayError
        account = self.data.accounts.get(session.client_id)
        roles = session.roles if account is None or self.settings["role_change"] == "at_mint" else account.roles
        rights = frozenset(right for role in roles for right in self.data.roles[role].rights)
        return Caller(session, account, roles, rights)

    def check_right(self, caller: Caller, operation: str) -> None:
        """Refuse an operation that the caller has no right to.

        :raises FieldError: with code 403.
        """
        right = needed(operation, self.schema_date)
        if right is not None and right not in caller.rights:
            raise FieldError(403, f"{operation} needs the right {right}")

    # service accounts and roles

    def find(self, account_id: str) -> Account | None:
        """Return the service account that an id stands for."""
        account = self.data.accounts.get(account_id)
        if account is None and self.settings["id_form"] == "both":
            account = self.data.accounts.get(PREFIX + account_id)
        return account

    def account(self, account_id: str) -> Account:
        """Return the service account that an id stands for.

        :raises FieldError: when there is none.
        """
        account = self.find(account_id)
        if account is None:
            raise self.unknown_id()
        return account

    def unknown_id(self) -> FieldError:
        """Return the error for an id that nothing has."""
        return FieldError(self.settings.integer("unknown_id"), "no such object, or no right to see it")

    def check_roles(self, role_ids: list[str]) -> list[str]:
        """Return the ids of roles, each once.

        :raises FieldError: when one does not exist, or there is none and there must be.
        """
        if not role_ids and self.settings["empty_roles"] == "rejected":
            raise FieldError(400, "roleIds must not be empty")
        if any(role not in self.data.roles for role in role_ids):
            raise FieldError(self.settings.integer("unknown_role"), "no such role")
        return list(dict.fromkeys(role_ids))

    def role_json(self, role_id: str) -> dict[str, Any]:
        """Return a role as the API shows it."""
        role = self.data.roles[role_id]
        return {
            "alreadySyncedClusters": 0,
            "description": role.description,
            "explicitProtectableClusters": [],
            "id": role.id,
            "isOrgAdmin": False,
            "isReadOnly": role.built_in,
            "isSynced": False,
            "name": role.name,
            "orgId": ADMINISTRATOR,  # the global organisation's id; the same text as that role's
            "protectableClusters": [],
        }


def tenant() -> Tenant:
    """Return the RSC account that the current request is for."""
    found: Tenant = current_app.extensions["rubrik_rsc"]
    return found
