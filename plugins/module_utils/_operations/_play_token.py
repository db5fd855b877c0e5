# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token for the duration of a play: minted, asked about, revoked. Private to this collection.

A Grant holds all that it takes to do that later, perhaps in another process. As data it is plain and full of secrets: to be kept
encrypted only.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from .._connection import Auth, Connection, resolve_connection
from .._endpoint import Endpoint
from .._errors import AuthenticationError, ForbiddenError, OptionError, RequestError
from .._model import Account, Credential, Minted
from .._platforms._base import Platform
from .._platforms._registry import open_platform
from .._times import parse_duration, utc_now

_USUAL_LIFE = timedelta(hours=1)  # where the platform lets the lifetime be chosen
_SHORTEST_LIFE = timedelta(minutes=1)
_LARGEST_TRUST = 64 * 1024  # characters of certificates that are kept; larger files are the system's, and stay


@dataclass(frozen=True)
class Grant:
    """A token that was minted for a play.

    Attributes:
        connection: how it was had, with the credentials.
        expires_in: how long it was asked to live; None for the usual time.
        session: whether a session was asked for where the platform has tokens that can be revoked.
        minted: the token.
        good_for: for how many seconds from the mint it can be used; None where that is not known.
        trusted: the certificates in ca_path; None where there are none to keep. A job of AWX has them in a folder that ends with the job.
    """

    connection: Connection = field(repr=False)
    expires_in: str | None
    session: bool
    minted: Minted
    good_for: float | None
    trusted: str | None = None

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
        connection = dict(data["connection"])
        connection["endpoint"] = Endpoint(**connection["endpoint"])
        connection["auth"] = Auth(**connection["auth"])
        credential = Credential(data["id"], Account(**data["account"]), kind=data["kind"])
        minted = Minted(credential, data["secret"])
        return cls(Connection(**connection), data["expires_in"], data["session"], minted, data["good_for"], data["trusted"])


def mint(options: Mapping[str, Any], environment: Mapping[str, str], bearers: list[str]) -> Grant:
    """Make a token for the account whose credentials the options or the environment hold.

    Args:
        options: the shared options, ``expires_in`` and ``qumulo_kind``.
        environment: environment variables.
        bearers: tokens of this run that a refusal may be explained with.

    Raises:
        OptionError, UnsupportedError: the options ask for what cannot be.
        RequestError: it was not made; where it may have been made, the failure says so.
    """
    connection = resolve_connection(options, environment)
    session = connection.platform == "qumulo" and options.get("qumulo_kind") == "session"
    return _mint(connection, options.get("expires_in"), session, bearers)


def log_in(connection: Connection) -> Grant:
    """Open a session for a rotation, where tokens are sessions; the grant holds its token only, and no other credentials.

    Raises:
        OptionError: the connection has a token, or cannot log in otherwise.
        RequestError: it was not opened; where it may have been, the failure says so.
    """
    grant = _mint(connection, None, False, [])
    return replace(grant, connection=_as_bearer(grant))


def session_grant(connection: Connection, bearer: str) -> Grant:
    """Return what it takes to end a session that a platform opened for itself, and no other credentials."""
    if connection.ca_path:
        connection = replace(connection, ca_path=os.path.abspath(connection.ca_path))
    minted = Minted(Credential("", Account("", connection.auth.client_id or connection.auth.username or ""), kind="session"), bearer)
    grant = Grant(connection, None, False, minted, None, _certificates(connection.ca_path))
    return replace(grant, connection=_as_bearer(grant))


def mint_like(grant: Grant) -> Grant:
    """Make another token on the same terms. Raises what mint raises."""
    return _mint(grant.connection, grant.expires_in, grant.session, [grant.minted.secret])


def _mint(connection: Connection, expires_in: str | None, session: bool, bearers: list[str]) -> Grant:
    lifetime = _USUAL_LIFE if expires_in is None else parse_duration(expires_in, "expires_in")
    if lifetime < _SHORTEST_LIFE:
        raise OptionError("expires_in: a token must live at least a minute.")
    if connection.ca_path:  # the process that revokes it has another working directory
        connection = replace(connection, ca_path=os.path.abspath(connection.ca_path))
    with open_platform(connection) as platform:
        if expires_in is not None:
            platform.require_options(["expires_in"])
        before = utc_now()
        try:
            if session:
                minted = platform.open_session()
            else:
                minted = platform.mint_token(None, None if platform.tokens_are_sessions else before + lifetime)
        except RequestError as failure:
            _explain(platform, failure, bearers)
            raise
    credential = minted.credential
    good_for = None
    if credential.expires_at:  # by the appliance's clock alone where it tells both ends, since ours may differ
        good_for = (credential.expires_at - (credential.created_at or before)).total_seconds()
    return Grant(connection, expires_in, session, minted, good_for, _certificates(connection.ca_path))


def _certificates(path: str | None) -> str | None:
    """Return what is in a file of certificates; None for a folder, or for what nobody should keep."""
    try:
        with open(path or "", encoding="utf-8") as file:
            text = file.read(_LARGEST_TRUST + 1)
    except (OSError, UnicodeDecodeError):
        return None
    return text if len(text) <= _LARGEST_TRUST else None


@contextlib.contextmanager
def _with_its_certificates(grant: Grant) -> Iterator[Grant]:
    """Have the certificates in a file of our own, for theirs may go at any moment once the run is over."""
    with contextlib.ExitStack() as stack:
        if grant.trusted is not None:
            with contextlib.suppress(OSError):  # no place for it, so theirs has to do
                file = stack.enter_context(tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="latchkey-", suffix=".pem"))
                file.write(grant.trusted)
                file.flush()
                grant = replace(grant, connection=replace(grant.connection, ca_path=file.name))
        yield grant


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
            "Delete one that nobody uses, with access_token, state=absent and its token_id."
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
        return []  # nobody can
    with _with_its_certificates(grant) as reachable:
        return _revoke(reachable)


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
