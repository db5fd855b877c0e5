# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token for the duration of a play: minted, asked about, revoked. Private to this collection.

A Grant holds all that it takes to do that later, perhaps in another process. As data it is plain and full of secrets: to be kept
encrypted only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from .._common.errors import AuthenticationError, ForbiddenError, OptionError, RequestError
from .._common.model import Account, Credential, Minted
from .._common.times import parse_duration, utc_now
from .._connection import Auth, Connection, resolve_connection
from .._platforms.base import Platform
from .._platforms.registry import open_platform, platform_class
from .kept_connection import certificates, connection_from_data, from_anywhere, with_certificates
from .unanswered import Attempt

_USUAL_LIFE = timedelta(hours=1)  # where the platform lets the lifetime be chosen
_SHORTEST_LIFE = timedelta(minutes=1)

Intend = Callable[[Attempt], None]  # notes a mint before it is sent, and raises where that cannot be done


@dataclass(frozen=True)
class Grant:
    """A token that was minted for a play.

    Attributes:
        connection: how it was had, with the credentials.
        expires_in: how long it was asked to live; None for the usual time.
        session: whether a session was asked for where the platform has tokens that can be revoked.
        minted: the token.
        good_for: for how many seconds from the mint it can be used; None where that is not known.
        trusted: the certificates in ca_path; None where there are none to keep. A job of AWX deletes its files when it ends.
        ahead: by how many seconds the appliance's clock is ahead of this machine's; negative where it is behind. It is not kept as data.
    """

    connection: Connection = field(repr=False)
    expires_in: str | None
    session: bool
    minted: Minted
    good_for: float | None
    trusted: str | None = None
    ahead: float = 0.0

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data, secrets in it."""
        account = self.minted.credential.account
        return {
            "connection": asdict(self.connection),
            "expires_in": self.expires_in,
            "session": self.session,
            "id": self.minted.credential.id,
            "kind": self.minted.credential.kind,
            "account": {"id": account.id, "name": account.name},
            "secret": self.minted.secret,
            "good_for": self.good_for,
            "trusted": self.trusted,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Grant:
        """Return what as_data was called on."""
        credential = Credential(data["id"], Account(**data["account"]), kind=data["kind"])
        minted = Minted(credential, data["secret"])
        return cls(connection_from_data(data["connection"]), data["expires_in"], data["session"], minted, data["good_for"], data["trusted"])


def mint(options: Mapping[str, Any], environment: Mapping[str, str], grants: Iterable[Grant], intend: Intend | None = None) -> Grant:
    """Make a token for the account whose credentials the options or the environment hold.

    Args:
        options: the shared options, ``expires_in``, and those by which a platform tells whether a session is asked for.
        environment: environment variables.
        grants: tokens of this run; with those of the same appliance a refusal may be explained.
        intend: called before the token is made, unless it is one that cannot be ended.

    Raises:
        OptionError, UnsupportedError: the options ask for what cannot be.
        RequestError: it was not made; where it may have been made, the failure says so.
    """
    connection = resolve_connection(options, environment)
    session = platform_class(connection.platform).asks_for_session(options)
    bearers = [one.minted.secret for one in grants if same_appliance(one.connection, connection)]
    return _mint(connection, options.get("expires_in"), session, bearers, intend)


def same_appliance(one: Connection, other: Connection) -> bool:
    """Tell whether the other connection may carry a bearer of the first: it leads to the same place, which is verified in the same way."""
    return (one.platform, one.endpoint, one.validate_certs, one.ca_path) == (
        other.platform,
        other.endpoint,
        other.validate_certs,
        from_anywhere(other).ca_path,
    )


def is_of_account(grant: Grant, connection: Connection) -> bool:
    """Tell whether a token is of the account that a connection authenticates as; False where that cannot be told."""
    auth = connection.auth
    return grant.minted.credential.account.name in (auth.client_id, auth.username) or bool(auth.token and auth == grant.connection.auth)


def log_in(connection: Connection, intend: Intend | None = None) -> Grant:
    """Open a session for a rotation, where tokens are sessions; the grant holds its token only, and no other credentials.

    Args:
        connection: with credentials to log in with.
        intend: called before the session is opened.

    Raises:
        OptionError: the connection has a token, or cannot log in otherwise.
        RequestError: it was not opened; where it may have been, the failure says so.
    """
    grant = _mint(connection, None, False, [], intend)
    return replace(grant, connection=_as_bearer(grant))


def session_grant(connection: Connection, bearer: str, session_id: str = "") -> Grant:
    """Return what it takes to end a session that a platform opened for itself, and no other credentials.

    Args:
        connection: how it was opened.
        bearer: its token.
        session_id: its id; empty where the platform does not tell.
    """
    connection = from_anywhere(connection)
    account = Account("", connection.auth.client_id or connection.auth.username or "")
    grant = Grant(connection, None, False, Minted(Credential(session_id, account, kind="session"), bearer), None)
    grant = replace(grant, trusted=certificates(connection.ca_path))
    return replace(grant, connection=_as_bearer(grant))


def mint_like(grant: Grant, intend: Intend | None = None) -> Grant:
    """Make another token on the same terms. Raises what mint raises."""
    return _mint(grant.connection, grant.expires_in, grant.session, [grant.minted.secret], intend)


def _mint(connection: Connection, expires_in: str | None, session: bool, bearers: list[str], intend: Intend | None) -> Grant:
    lifetime = _USUAL_LIFE if expires_in is None else parse_duration(expires_in, "expires_in")
    if lifetime < _SHORTEST_LIFE:
        raise OptionError("expires_in: a token must live at least a minute.")
    connection = from_anywhere(connection)  # for the process that revokes it
    with open_platform(connection) as platform:
        if expires_in is not None:
            platform.require_options(["expires_in"])
        try:
            minted = _minted(platform, connection, lifetime, session, intend)
        except RequestError as failure:
            _explain(platform, failure, bearers)
            raise
        credential, ahead = minted.credential, (platform.now() - utc_now()).total_seconds()
        good_for = None
        if credential.expires_at:  # by the appliance's clock, since ours may differ
            good_for = (credential.expires_at - (credential.created_at or platform.now())).total_seconds()
    return Grant(connection, expires_in, session, minted, good_for, certificates(connection.ca_path), ahead)


def _minted(platform: Platform, connection: Connection, lifetime: timedelta, session: bool, intend: Intend | None) -> Minted:
    if session:
        return platform.open_session()
    expires_at = None
    if not platform.tokens_are_sessions:
        platform.caller()  # any answer tells the appliance's clock, by which the token ends; minting asks this first anyway
        expires_at = platform.now() + lifetime
    if intend:
        intend(Attempt.now(connection, expires_at))
    return platform.mint_token(None, expires_at)


def _explain(platform: Platform, failure: RequestError, bearers: list[str]) -> None:
    """Add to a refused mint which tokens the account has, where it has as many as it may have."""
    platform.explain_refused_mint(failure, bearers)
    if platform.token_limit is None or failure.status is None or isinstance(failure, AuthenticationError):
        return
    try:
        tokens = platform.tokens(platform.caller().account)
    except RequestError:
        return
    failure.no_place = len(tokens) >= platform.token_limit
    if failure.no_place:
        listed = "; ".join(one.describe(utc_now()) for one in tokens)
        failure.add(
            f"The account has {len(tokens)} access tokens already, and the platform allows {platform.token_limit}: {listed}. "
            "Delete one that is not in use, with access_token, state=absent and its token_id."
        )


def is_alive(grant: Grant) -> bool:
    """Tell whether the platform still takes the token, asked with that token itself. Raises RequestError when it cannot be asked."""
    with open_platform(_as_bearer(grant)) as platform:
        if platform.tokens_are_sessions:
            return platform.inspect_token(grant.minted.secret) is not None
        try:
            platform.caller()
        except (AuthenticationError, ForbiddenError):  # it takes no right to ask who one is, so either means a dead token
            return False
        return True


def revoke(grant: Grant) -> list[str]:
    """End the token; one that has ended already is fine.

    Returns:
        What the user should know although nothing failed.

    Raises:
        RequestError: it may still be alive.
    """
    if grant.session:
        return []  # nothing can
    with with_certificates(grant.connection, grant.trusted) as reachable:
        return _revoke(replace(grant, connection=reachable))


def _revoke(grant: Grant) -> list[str]:
    credential = grant.minted.credential
    platform = open_platform(_as_bearer(grant))
    try:
        with platform:
            platform.end_own_token(credential)
            return platform.warnings
    except RequestError as failure:
        if platform.tokens_are_sessions:
            if isinstance(failure, AuthenticationError):
                return []
            raise
    # Some versions do not let a token delete itself, and one that has expired still takes the place of another.
    with open_platform(grant.connection) as platform:
        platform.delete_token(credential.id)
        return platform.warnings


def _as_bearer(grant: Grant) -> Connection:
    return replace(grant.connection, auth=Auth(token=grant.minted.secret))
