# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mints whose answers this run never got, since it was killed or the answer was lost: what they made is found and ended. Private.

An attempt is noted before the mint, as data full of secrets: to be kept encrypted only. What it made is recognised among all that the
account has by when it was made, by the end that was asked for, or else by that it is not used by anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .._common.errors import LatchkeyError, RequestError, UnsupportedError
from .._common.model import Credential
from .._common.steps import apply_steps
from .._common.times import format_instant, parse_instant, utc_now
from .._connection import Auth, Connection
from .._platforms.base import Platform
from .._platforms.registry import open_platform, platform_class
from .kept_connection import certificates, connection_from_data, from_anywhere, with_certificates

_INEXACT = timedelta(seconds=6)  # by which the appliance's clock may differ from what its answers tell, in whole seconds
_AT_ONCE = timedelta(seconds=1)  # a last use so soon after the creation is the log-in itself
_SERVED_LATE = timedelta(seconds=15)  # after that, a request that its sender does not wait for any more counts as never served
_UNUSED = 1.5  # seconds for which one must have been there unused: what another run opens just now is used soon
_PAUSES = (0.25, 0.5, 1.0)  # seconds between two looks; the last one again and again
_NEXT_CODE = 31.0  # seconds after which there is another one-time code


@dataclass(frozen=True)
class Attempt:
    """A mint that is about to be sent.

    Attributes:
        connection: how it is sent, with the credentials.
        at: when, by this machine's clock.
        expires_at: the end that it asks for; None where the platform decides on that.
        trusted: the certificates in ca_path; None where there are none to keep.
        given_up_at: when its sender did not wait for the answer any more, by this machine's clock; None for just now.
    """

    connection: Connection = field(repr=False)
    at: datetime
    expires_at: datetime | None = None
    trusted: str | None = field(default=None, repr=False)
    given_up_at: datetime | None = None

    @classmethod
    def now(cls, connection: Connection, expires_at: datetime | None = None) -> Attempt:
        """Return an attempt that is sent at once."""
        connection = from_anywhere(connection)
        return cls(connection, utc_now(), expires_at, certificates(connection.ca_path))

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data, secrets in it."""
        expires_at = format_instant(self.expires_at) if self.expires_at else None
        return {"connection": asdict(self.connection), "at": format_instant(self.at), "expires_at": expires_at, "trusted": self.trusted}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], given_up_at: float | None = None) -> Attempt:
        """Return what as_data was called on, with when its sender gave up, in seconds since 1970."""
        until = None if given_up_at is None else datetime.fromtimestamp(given_up_at, timezone.utc)
        expires_at = parse_instant(data["expires_at"], "expires_at") if data["expires_at"] else None
        return cls(connection_from_data(data["connection"]), parse_instant(data["at"], "at"), expires_at, data["trusted"], until)

    def may_have_made(self, one: Credential, ahead: timedelta) -> bool:
        """Tell whether a credential of the account may be what this made.

        Args:
            one: the credential, as the platform lists it.
            ahead: how far the appliance's clock is ahead of this machine's.
        """
        if one.created_at is None or not self.at - _INEXACT <= one.created_at - ahead <= self.last_moment() + _INEXACT:
            return False
        if self.expires_at and (one.expires_at is None or abs(one.expires_at - self.expires_at) > _AT_ONCE):
            return False
        return one.last_used_at is None or one.last_used_at - one.created_at <= _AT_ONCE

    def last_moment(self) -> datetime:
        """Return until when the appliance may serve it."""
        return (self.given_up_at or utc_now()) + _SERVED_LATE

    def seconds_left(self) -> float:
        """Return for how long the appliance may still serve it."""
        return (self.last_moment() - utc_now()).total_seconds()


@dataclass
class EndedAttempts:
    """What became of some attempts.

    Attributes:
        settled: whether there is no need to look again.
        words: what the user should know.
    """

    settled: bool
    words: list[str] = field(default_factory=list)


def made_by(attempts: Sequence[Attempt], missing: int, listed: Sequence[Credential], ahead: timedelta) -> list[Credential] | None:
    """Return those of an account's credentials that these attempts made; None where there are more that they may have made.

    Args:
        attempts: all of one account.
        missing: how many of them are not accounted for yet.
        listed: what the account has, without what is known to be another's.
        ahead: how far the appliance's clock is ahead of this machine's.
    """
    found = [one for one in listed if any(attempt.may_have_made(one, ahead) for attempt in attempts)]
    return found if len(found) <= missing else None


def end_unanswered(
    attempts: Sequence[Attempt],
    known: Collection[str],
    bearers: Sequence[str] = (),
    *,
    log_in: bool = True,
    patience: float | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> EndedAttempts:
    """Find what attempts made, and end it.

    Args:
        attempts: at least one, all over the same connection.
        known: ids of credentials that are accounted for.
        bearers: live tokens of the same account and endpoint, which may be asked with.
        log_in: whether to log in where no bearer will do.
        patience: seconds to look for; None as long as the appliance may still serve one of them.
        pause: waits.
    """
    attempts = [replace(one, given_up_at=one.given_up_at or utc_now()) for one in attempts]
    last = max(attempts, key=Attempt.last_moment)
    seconds = max(last.seconds_left(), 0.0) + _UNUSED + _PAUSES[-1] if patience is None else patience
    search = _Search(attempts, set(known), time.monotonic() + seconds, pause)
    with with_certificates(last.connection, last.trusted) as reachable:
        ways = [Auth(token=one) for one in bearers] + ([reachable.auth] if log_in else [])
        return search.over([replace(reachable, auth=auth) for auth in ways])


class _Search:
    """Looks for what attempts made until it is found, or cannot come any more.

    Args:
        attempts: those whose credentials are not found yet.
        known: ids of what is accounted for; those that are found are added.
        give_up: until when to look, by the monotonic clock.
        pause: waits.
    """

    def __init__(self, attempts: list[Attempt], known: set[str], give_up: float, pause: Callable[[float], None]) -> None:
        self._attempts = attempts
        self._known = known
        self._give_up = give_up
        self._pause = pause
        self._missing = len(attempts)
        self._seen: dict[str, float] = {}  # when each candidate was seen first
        self._opened: tuple[datetime, float] | None = None  # when a session was opened for this, by the appliance's clock and by ours

    def over(self, ways: Sequence[Connection]) -> EndedAttempts:
        """Search with the first of these connections that works."""
        kind = platform_class(self._attempts[0].connection.platform)
        if not kind.lists_tokens:
            return self._left(f"{kind.title} lists no sessions.")
        codes = 1
        while True:
            ended, failure = None, None
            for way in ways:
                try:
                    with open_platform(way) as platform:
                        ended = self._with(platform)
                        break
                except UnsupportedError as unable:
                    return self._left(unable)
                except RequestError as refused:
                    failure = refused
            if ended:
                return ended
            if failure is None:
                return EndedAttempts(False)
            if failure.may_pass:
                wait = _PAUSES[-1]
            elif ways[-1].auth.totp_secret and codes:  # the code may have been used up by the very log-in that was interrupted
                wait, codes = _NEXT_CODE, codes - 1
            else:
                return self._left(failure)
            if time.monotonic() + wait > self._give_up:
                return EndedAttempts(False, self._left(failure).words)
            self._pause(wait)

    def _with(self, platform: Platform) -> EndedAttempts:
        caller, asked_at = platform.caller(), time.monotonic()
        pauses = list(_PAUSES)
        while True:
            everything = platform.tokens(caller.account)
            if not caller.with_token:  # our own session, opened just now
                own = next((one for one in everything if one.id == caller.token_id), None)
                self._opened = (own.created_at, asked_at) if own and own.created_at else None
            listed = [one for one in everything if one.id not in (*self._known, caller.token_id)]
            found = made_by(self._attempts, self._missing, listed, platform.now() - utc_now())
            if found is None:
                return self._left("The account opened others at the same time, and nothing tells them apart, so none was ended.")
            ripe = [one for one in found if self._is_ripe(one)]
            if ripe:
                apply_steps(platform.revoke_steps(ripe))
                self._known |= {one.id for one in ripe}
                self._missing -= len(ripe)
            if self._missing <= 0:
                return EndedAttempts(True, platform.warnings)
            wait = pauses.pop(0) if len(pauses) > 1 else pauses[0]
            if time.monotonic() + wait > self._give_up:
                if any(one.created_at is None for one in listed):
                    return self._left(f"{platform.title} does not tell when each of the account's sessions was opened.")
                return EndedAttempts(False, platform.warnings)
            self._pause(wait)

    def _is_ripe(self, one: Credential) -> bool:
        """Tell whether it is certain enough: the end that was asked for says it, or else it was there unused for a while."""
        now = time.monotonic()
        unused = now - self._seen.setdefault(one.id, now)
        if self._opened and one.created_at:
            opened_at, then = self._opened
            unused = max(unused, (opened_at - one.created_at).total_seconds() + now - then)
        return unused >= _UNUSED or any(attempt.expires_at for attempt in self._attempts)

    def _left(self, why: LatchkeyError | str) -> EndedAttempts:
        connection = self._attempts[0].connection
        who = connection.auth.client_id or connection.auth.username or "the bearer of a token"
        words = (
            f"A token of {who} at {connection.endpoint.url} was being created when the run was interrupted. "
            f"If it was created, it stays until it ends by itself. {why}"
        )
        return EndedAttempts(True, [words])
