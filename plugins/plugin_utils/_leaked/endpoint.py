# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an endpoint whose a secret is, revoke the secret there, end sessions, prove that it is dead. Private to this collection.

What is asked is asked as the bearer of the secret, so that it takes no right of an administrator to find out whose it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_bearer
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    ForbiddenError,
    LatchkeyError,
    RefusedError,
    RequestError,
    UnsupportedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import CLIENT_SECRET
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Connection, resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import ACCESS_CHECK
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.own_token import without_own_session
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_revoke import SESSION_REVOKE, plan
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import CARRIED_TO, open_platform, platform_class
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.planning import REFUSED, UNKNOWN, WORKS, Asked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds import KINDS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import WantedCredential, retries_within
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Credentials, NothingRotatedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.session import entered_sessions
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import ACCESS_TOKEN, IN_PLACE

_NOUNS = {"api_token": "API token", "session": "session", "": "access token"}  # by the kind of a credential
_OWN_USE = timedelta(seconds=30)  # a use that is not older than this is the look of this run
_TRANSPORT = ("validate_certs", "ca_path", "timeout", "organization_id")  # of the options to authenticate, those that say how to connect


@dataclass(frozen=True)
class LeakPlace:
    """Where an endpoint is, and how an administrator authenticates there; unset options are left out.

    Attributes:
        platform, endpoint: as the user wrote them.
        auth: the options to authenticate.
        max_parallel_requests: None for any number.
    """

    platform: str
    endpoint: str
    auth: Mapping[str, Any] = field(default_factory=dict, repr=False)
    max_parallel_requests: int | None = None

    def _options(self) -> dict[str, Any]:
        return {"platform": self.platform, "endpoint": self.endpoint, "max_parallel_requests": self.max_parallel_requests}

    def url(self, environment: Mapping[str, str]) -> str:
        """Return the endpoint, the same for the same endpoint. Raises OptionError where it is malformed."""
        return self.as_bearer(environment, token="none").endpoint.url  # noqa: S106  (never sent)

    def as_administrator(self, environment: Mapping[str, str]) -> Connection:
        """Return how to connect as the administrator. Raises OptionError where there are no credentials, or they are malformed."""
        return resolve_connection({**self._options(), **self.auth}, environment)

    def as_bearer(self, environment: Mapping[str, str], **secret: str) -> Connection:
        """Return how to connect with the secret: as ``token``, or as ``client_id`` and ``client_secret``. Raises OptionError."""
        how = {name: value for name, value in self.auth.items() if name in _TRANSPORT}
        return resolve_connection({**self._options(), **how, **secret}, environment)


@dataclass(frozen=True)
class Leak:
    """The secret, and the id of the account that it is of where it is a client secret; else empty."""

    secret: str = field(repr=False)
    client_id: str = ""

    @property
    def way(self) -> dict[str, str]:
        """How it authenticates, as options."""
        return {"client_id": self.client_id, "client_secret": self.secret} if self.client_id else {"token": self.secret}


@dataclass
class EndedLeak:
    """What was done at an endpoint.

    Attributes:
        revoked: whether it still worked and was revoked.
        sessions: ids of the account's sessions that were ended.
        notes: what the user should know.
    """

    revoked: bool = False
    sessions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class LeakEndpoint:
    """One endpoint, and the secret that may be one of its credentials.

    Args:
        place: where it is.
        environment: environment variables, for options that are not set.
        clock: to wait with.
        warn: shows a warning.
    """

    def __init__(self, place: LeakPlace, environment: Mapping[str, str], clock: Clock, warn: Callable[[str], None]) -> None:
        self._place = place
        self._environment = environment
        self._clock = clock
        self._warn = warn

    # Asking

    def ask(self, leak: Leak, account: str = "") -> Asked:
        """Find out whose the secret is, and what it may do. A failure is an outcome, too.

        Args:
            leak: the secret.
            account: the account whose client secret it is by the store, where no client id is known.
        """
        kind = platform_class(self._place.platform)
        try:
            if account and kind.has_secrets and not leak.client_id:
                leak = replace(leak, client_id=self._id_of(account))
            fits = kind.has_secrets if leak.client_id else is_bearer(leak.secret)
            return self._ask_as(leak) if fits else self._refused()
        except LatchkeyError as failure:
            return Asked(UNKNOWN, str(failure))

    def _id_of(self, account: str) -> str:
        """Return the client id of a service account; empty where there is no such account, or several."""
        with self._administrator() as rotator:
            found = rotator.platform.service_accounts(account)
        return found[0].account.id if len(found) == 1 else ""

    def _ask_as(self, leak: Leak) -> Asked:
        notes: list[str] = []
        # Before the secret is used here: that is a use, too.
        token = self._secret_as_listed(leak, notes) if leak.client_id else None
        platform = open_platform(self._place.as_bearer(self._environment, **leak.way))
        try:
            with entered_sessions(platform, self._warn), platform:
                values = ACCESS_CHECK.run(platform, Task({}, False, platform.now)).values
                account = platform.caller().account
                token = token if leak.client_id else _told(platform, leak, values["token_id"] or "", account)
                now = platform.now()
        except RequestError as failure:
            if not _says_dead(platform, leak, failure):
                raise
            return self._refused()
        if not leak.client_id and not (token and token.created_at):
            try:
                token = self._told_to_administrator(leak, values["token_id"] or "", account) or token
            except LatchkeyError as failure:
                notes.append(f"When it was created is not known. {failure}")
        recent = bool(token and token.last_used_at and now - token.last_used_at < _OWN_USE)
        used_here = recent and (not leak.client_id or self._is_administrator(leak))
        return replace(self._found(leak, values, account, token, notes), used_here=used_here)

    def _is_administrator(self, leak: Leak) -> bool:
        """Tell whether this run authenticates with the very account of a client secret."""
        with contextlib.suppress(LatchkeyError):
            return self._place.as_administrator(self._environment).auth.client_id == leak.client_id
        return False

    def _secret_as_listed(self, leak: Leak, notes: list[str]) -> Credential | None:
        """Return a client secret as it is listed for the administrator; None, and a note why, where it is not."""
        try:
            with self._administrator() as rotator:
                found = rotator.platform.inventory([CLIENT_SECRET], None).found
        except LatchkeyError as failure:
            notes.append(f"When it was last used is not known. {failure}")
            return None
        return next((one.credential for one in found if leak.client_id in (one.credential.id, *one.credential.account.aliases)), None)

    def _refused(self) -> Asked:
        return Asked(REFUSED, title=platform_class(self._place.platform).title, url=self._place.url(self._environment))

    def _told_to_administrator(self, leak: Leak, token_id: str, account: Account) -> Credential | None:
        with self._administrator() as rotator:
            return _told(rotator.platform, leak, token_id, account)

    def _found(self, leak: Leak, values: Mapping[str, Any], account: Account, token: Credential | None, notes: Sequence[str]) -> Asked:
        return Asked(
            WORKS,
            title=platform_class(self._place.platform).title,
            url=self._place.url(self._environment),
            noun="client secret" if leak.client_id else _NOUNS[token.kind if token else ""],
            account={"id": account.id, "name": account.name, "domain": account.domain, "aliases": list(account.aliases)},
            client_id=leak.client_id,
            token_id="" if leak.client_id else values["token_id"] or (token.id if token else ""),
            roles=values["roles"],
            privileges=values["privileges"],
            created_at=_instant(token.created_at if token else None),
            expires_at=_instant(token.expires_at if token else None),
            last_used_at=_instant(token.last_used_at if token else None),
            creator=(token.creator or None) if token else None,
            tag=token.tag if token else None,
            carries=bool(leak.client_id) and self._place.platform != CARRIED_TO,
            notes=notes,
        )

    @contextlib.contextmanager
    def _administrator(self) -> Iterator[Rotator]:
        """Connect as the administrator; a session that this takes is ended however the run ends."""
        rotator = Rotator(self._place.as_administrator(self._environment), lambda: "", self._warn)
        try:
            yield rotator
        finally:
            rotator.close(keep_session=False)

    # Ending

    def end(self, leak: Leak, asked: Asked, *, revokes: bool, patience: timedelta) -> EndedLeak:
        """Revoke the secret if it still works, end the account's sessions, and prove that the secret is dead.

        Args:
            leak: the secret.
            asked: what the endpoint said of it before anything was done.
            revokes: whether to revoke it here; else it dies since another platform revoked it.
            patience: how long it may still be taken.

        Raises:
            LatchkeyError: it could not be revoked, or is not proved to be dead.
        """
        ended = EndedLeak()
        with self._administrator() as rotator:
            if revokes and self._works(leak):
                self._revoke(rotator.platform, leak, asked)
                ended.revoked = True
            if asked.account:
                self._end_sessions(rotator, _account(asked), ended)
            self._prove(rotator, leak, patience)
        return ended

    def _works(self, leak: Leak) -> bool:
        platform = open_platform(self._place.as_bearer(self._environment, **leak.way))
        try:
            with entered_sessions(platform, self._warn), platform:
                platform.caller()
        except RequestError as failure:
            if not _says_dead(platform, leak, failure):
                raise
            return False
        return True

    def _revoke(self, platform: Platform, leak: Leak, asked: Asked) -> None:
        if leak.client_id:
            self._replace_secret(platform, leak.client_id)
            return
        try:
            if not platform.lists_tokens or not asked.token_id:
                raise UnsupportedError(f"{platform.title} does not end a token by its id.")
            apply_steps(platform.revoke_steps(platform.find_tokens([asked.token_id], _account(asked))))
        except LatchkeyError as failure:
            self._revoke_as_bearer(leak, failure)

    def _revoke_as_bearer(self, leak: Leak, before: LatchkeyError) -> None:
        """Have the token end itself, where the administrator could not end it. Raises why that failed."""
        platform = open_platform(self._place.as_bearer(self._environment, **leak.way))
        try:
            with platform:
                SESSION_REVOKE.run(platform, Task({"target": "self"}, False, platform.now))
        except LatchkeyError as failure:
            if not isinstance(before, UnsupportedError):
                failure.add(f"It could not be revoked by the administrator either. {before}")
            raise

    def _replace_secret(self, platform: Platform, client_id: str) -> None:
        """Give the account of a client secret another one, which is not kept: a secret ends by nothing else.

        Raises:
            RefusedError: there is no such account.
        """
        states = [one for one in platform.service_accounts() if client_id in (one.account.id, *one.account.aliases)]
        if len(states) != 1:
            raise RefusedError(
                f"{platform.title} at {platform.http.endpoint.url} lists no service account with the client id {client_id}, so its secret "
                "was not replaced.",
                "Run this with the endpoint of the platform that manages the account among the hosts.",
            )
        options = {name: spec.get("default") for name, spec in SERVICE_ACCOUNT.argument_spec.items()}
        account = states[0].account
        options |= {"name": account.name, "account_id": account.id, "rotate_secret": True}
        SERVICE_ACCOUNT.run(platform, Task(options, False, platform.now))

    @staticmethod
    def _end_sessions(rotator: Rotator, account: Account, ended: EndedLeak) -> None:
        """End the account's sessions; a failure is a note, since the secret itself is dead already."""
        platform = rotator.platform
        if "expire_sessions" not in platform.options:
            how = platform.instead.get("expire_sessions", "They end by themselves.")
            ended.notes.append(f"The sessions of {account} at {platform.title} were not ended. {how}")
            return
        try:
            caller = platform.caller()
            plan_ = plan(without_own_session(caller, platform.tokens(account)), caller, platform.now())
            done = apply_steps(platform.revoke_steps(list(plan_.revoke))) if plan_.revoke else []
            ended.sessions += [one for ids in done for one in ids]
            if rotator.session_data() is None:  # else what is spared is this run's own, which ends with it
                ended.notes += [f"{one.id} was spared: this run may be authenticating with it." for one in plan_.spared]
        except LatchkeyError as failure:
            ended.notes.append(f"The sessions of {account} could not be ended; they end by themselves. {failure}")

    def _prove(self, rotator: Rotator, leak: Leak, patience: timedelta) -> None:
        """Ask until the secret is refused. Raises RefusedError where it is still taken in the end, LatchkeyError where that is unknown."""
        wanted = WantedCredential(account=leak.client_id, var="secret")
        kind = IN_PLACE if leak.client_id else ACCESS_TOKEN
        credentials: Credentials = KINDS[kind](rotator, wanted, self._clock, self._warn)
        retries, pause = retries_within(patience)
        for number in range(retries + 1):
            if number:
                self._clock.sleep(pause)
            try:
                owner = credentials.check(leak.secret, leak.client_id or None)
            except NothingRotatedError as failure:
                failure.reword(f"the leaked secret at {self._place.endpoint}: {failure}")
                raise
            if owner is None:
                return
        raise RefusedError(
            f"{rotator.platform.title} at {rotator.platform.http.endpoint.url} still takes the leaked secret.",
            "Disable or delete the account there at once.",
        )


def _says_dead(platform: Platform, leak: Leak, failure: RequestError) -> bool:
    """Tell whether a refusal means that the secret is none of this endpoint's that works."""
    if leak.client_id:
        return failure.status in platform.dead_secret_statuses
    return isinstance(failure, (AuthenticationError, ForbiddenError))


def _told(platform: Platform, leak: Leak, token_id: str, account: Account) -> Credential | None:
    """Return what the platform tells of a token; None where it does not tell, or the caller may not know."""
    try:
        if token_id and platform.lists_tokens:
            return next(iter(platform.find_tokens([token_id], account)), None)
        return platform.inspect_token(leak.secret)
    except (ForbiddenError, UnsupportedError):
        return None


def _account(asked: Asked) -> Account:
    return Account(**{**asked.account, "aliases": tuple(asked.account["aliases"])})


def _instant(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None
