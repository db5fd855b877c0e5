# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all kinds of credentials that can be rotated have in common: whom they ask, as whom, and what a refusal means. Private."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    CheckFailedError,
    ForbiddenError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import check
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Owner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator

_PAUSE = 10.0  # seconds between two looks whether a new secret has reached everywhere; fewer when there is less time
_TRIES_AGAIN = 10  # more refused log-ins could lock an account
_entered_sessions: OnDemand[[Platform, Callable[[str], None]], AbstractContextManager[None]] = OnDemand(
    "plugin_utils._rotation.session", "entered_sessions"
)


@dataclass(frozen=True)
class WantedCredential:
    """What the user wants of a credential, beside the policy.

    Attributes:
        account: whose it is, as the user wrote it.
        var, id_var: the variables that hold it and its id, for people; the latter may be empty.
        checks: requests that must be answered as expected, in the form of access_check's probes.
        clusters: connections, without credentials, to which a new secret is carried.
        patience: how long a new secret may still be refused.
        tag, old_tag: of API tokens; the latter is what version 1.0.0 called them.
        accounts: the two that take turns; else empty.
        roles: of a successor's account; empty takes those of the predecessor.
        s3_endpoint: where S3 access keys are proved; empty for where the platform has its S3 API.
        force: whether to rotate also where it cannot be told whether the stored secret is dead.
        tell: shows a line.
    """

    account: str
    var: str
    id_var: str = ""
    checks: Sequence[Mapping[str, Any]] = ()
    clusters: Sequence[Connection] = ()
    patience: timedelta = timedelta(0)
    tag: str = ""
    old_tag: str = ""
    accounts: Sequence[str] = ()
    roles: Sequence[str] = ()
    s3_endpoint: str = ""
    force: bool = False
    tell: Callable[[str], None] = lambda _line: None


class PlatformCredentials:
    """What all kinds have in common.

    Args:
        rotator: who rotates; its platform is opened when it is first asked.
        wanted: what the user wants.
        clock: to wait with.
        warn: shows a warning.
    """

    noun = "credential"

    def __init__(self, rotator: Rotator, wanted: WantedCredential, clock: Clock, warn: Callable[[str], None]) -> None:
        self._rotator = rotator
        self.wanted = wanted
        self.clock = clock
        self.warn = warn
        self.refusal = ""
        self.account: Account | None = None

    @property
    def platform(self) -> Platform:
        """The platform, opened as the caller of the rotation."""
        return self._rotator.platform

    # Asking as the stored credential

    def _auth(self, value: str, client_id: str | None) -> Auth:
        raise NotImplementedError

    def _says_dead(self, failure: RequestError) -> bool:
        """Tell whether a refusal means that the stored credential is dead."""
        return isinstance(failure, (AuthenticationError, ForbiddenError))

    def _ask(
        self, connection: Connection, account_id: str | None = None, token_id: str | None = None, checks: Sequence[Mapping[str, Any]] = ()
    ) -> Owner:
        """Ask a platform whose a credential is, and send the user's checks."""
        platform = open_platform(connection)
        with _entered_sessions(platform, self.warn), platform:
            owner = self._checked(platform, account_id, token_id, checks)
        for warning in platform.warnings:
            self.warn(warning)
        return owner

    @staticmethod
    def _checked(
        platform: Platform,
        account_id: str | None,
        token_id: str | None,
        checks: Sequence[Mapping[str, Any]] = (),
        bearer: str | None = None,
    ) -> Owner:
        caller, _unused = check(
            platform,
            expected=None,
            account_id=account_id,
            token_id=token_id,
            probes=[dict(one) for one in checks],
            check_mode=False,
            token_id_may_be_hidden=True,
            bearer=bearer,
        )
        return Owner(caller.account.name, caller.account.id, caller.token_id)

    def _as(self, value: str, client_id: str | None) -> Connection:
        """Return the connection as the bearer of a credential."""
        self.platform.http.hide(value)
        return replace(self.platform.connection, auth=self._auth(value, client_id))

    def _patiently(self, ask: Callable[[], Owner]) -> Owner:
        """Ask again for a while, since a secret that was created a moment ago may still be refused."""
        retries, pause = retries_within(self.wanted.patience)
        for _unused in range(retries):
            try:
                return ask()
            except RequestError as failure:
                if failure.status not in self.platform.not_yet_statuses:
                    raise
            self.clock.sleep(pause)
        return ask()

    def _whose(self, value: str, client_id: str | None) -> Owner:
        return self._ask(self._as(value, client_id))

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        """See ports.Credentials."""
        try:
            return self._patiently(lambda: self._whose(value, client_id)) if patiently else self._whose(value, client_id)
        except RequestError as failure:
            if not self._says_dead(failure):
                raise
            self._rule_out_other_causes(client_id)
            self.refusal = str(failure)
            return None

    def _rule_out_other_causes(self, client_id: str | None) -> None:
        """Make sure that a refusal means that the credential is dead. Raises NothingRotatedError where it may mean something else."""

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        owner = self._ask(self._as(value, client_id), account_id, token_id, self.wanted.checks)
        return self._proved(owner, account_id)

    @staticmethod
    def _proved(owner: Owner, account_id: str | None) -> Owner:
        if account_id is not None and owner.account_id != account_id:  # check() saw to that; nothing is retired without it
            raise CheckFailedError(f"The stored credential is of {owner.account}, and was not proved.", "The old one stays.")
        return owner

    def _look_up(self) -> Account:
        if self.account is None:
            self.account = self.platform.find_account(self.wanted.account)
        return self.account


def retries_within(patience: timedelta) -> tuple[int, float]:
    """Return how often to try again within a time, and the seconds between two tries."""
    if not patience:
        return 0, 1.0
    seconds = patience.total_seconds()
    pause = max(1, math.ceil(max(seconds / _TRIES_AGAIN, min(_PAUSE, seconds / 5))))
    return max(1, math.ceil(seconds / pause)), float(pause)
