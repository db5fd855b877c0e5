# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rotates: the platform opened once, when it is first asked, with one session that no end of the run leaves behind. Private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform, platform_class
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.session import Session

_open_session: OnDemand[[Connection, Callable[[str], None]], Session] = OnDemand("plugin_utils._rotation.session", "open_session")
_session_of: OnDemand[[Mapping[str, Any]], Session] = OnDemand("plugin_utils._rotation.session", "Session.from_data")


def needs_session(connection: Connection) -> bool:
    """Tell whether a rotation has to open a session: it logs in, and the platform's sessions are tokens that can be revoked."""
    if connection.auth.token:
        return False
    with open_platform(connection) as platform:
        return platform.tokens_are_sessions


class Rotator:
    """The caller of a rotation.

    Args:
        connection: how to connect, and as whom.
        rescued: returns the secret that an earlier run could not store; an account that rotates its own secret logs in with it where the
            one that it was given is dead by now. Empty where there is none.
        warn: shows a warning.
        session: the data of a session that an earlier phase opened.
    """

    def __init__(
        self, connection: Connection, rescued: Callable[[], str], warn: Callable[[str], None], session: Mapping[str, Any] | None = None
    ) -> None:
        self._connection = connection
        self._rescued = rescued
        self._warn = warn
        self._session = _session_of(session) if session else None
        self._platform: Platform | None = None

    @property
    def platform(self) -> Platform:
        """The platform; logs in where that has not happened yet. Raises what a log-in raises."""
        if self._platform is None:
            if self._session is None and needs_session(self._connection):
                self._session = self._log_in()
            self._platform = open_platform(self._session.connection if self._session else self._connection)
        return self._platform

    def now(self) -> datetime:
        """Return the time by the platform's clock, as far as its answers told it."""
        return self.platform.now()

    def _log_in(self) -> Session:
        try:
            return _open_session(self._connection, self._warn)
        except RequestError as failure:
            auth, secret = self._connection.auth, self._rescued()
            if not (secret and auth.client_id and failure.status in platform_class(self._connection.platform).dead_secret_statuses):
                raise
        return _open_session(replace(self._connection, auth=replace(auth, client_secret=secret)), self._warn)

    def session_data(self) -> dict[str, Any] | None:
        """Return the session as data for the next phase; None where there is none."""
        return self._session.as_data() if self._session else None

    def close(self, *, keep_session: bool) -> None:
        """Close the connection, and end the session unless the next phase goes on with it."""
        if self._platform is not None:
            with self._platform:
                pass
            for warning in self._platform.warnings:
                self._warn(warning)
        if self._session is not None and not keep_session:
            for warning in self._session.close():
                self._warn(warning)
