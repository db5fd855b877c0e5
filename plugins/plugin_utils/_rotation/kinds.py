# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of credentials that can be rotated, as the engine sees them, on an open platform. Private.

Each looks, asks, creates and revokes through operations and platforms; nothing here decides when.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    CheckFailedError,
    ForbiddenError,
    LatchkeyError,
    RefusedError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState, Carried, Credential, SecretSync
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, parse_instant
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, Connection, checked_token
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import check
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import as_credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Created, Credentials, Listing, Owner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.session import entered_sessions

_PAUSE = 10.0  # seconds between two looks whether a new secret has reached everywhere; fewer when there is less time
_TRIES_AGAIN = 10  # more refused log-ins could lock an account


@dataclass(frozen=True)
class Wanted:
    """What the user wants of a credential, beside the policy.

    Attributes:
        what: what is rotated, for people.
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

    what: str
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

    def __init__(self, rotator: Rotator, wanted: Wanted, clock: Clock, warn: Callable[[str], None]) -> None:
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
        with entered_sessions(platform, self.warn), platform:
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
        """Make sure that a refusal means that the credential is dead. Raises RefusedError where it may mean something else."""

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


def _count(number: int) -> str:
    return {10: "ten"}.get(number, str(number))


def retries_within(patience: timedelta) -> tuple[int, float]:
    """Return how often to try again within a time, and the seconds between two tries."""
    if not patience:
        return 0, 1.0
    seconds = patience.total_seconds()
    pause = max(1, math.ceil(max(seconds / _TRIES_AGAIN, min(_PAUSE, seconds / 5))))
    return max(1, math.ceil(seconds / pause)), float(pause)


class _Tokens(PlatformCredentials):
    """Tokens: each is a bearer by itself."""

    def _auth(self, value: str, client_id: str | None) -> Auth:
        return Auth(token=checked_token(value, self.wanted.var))

    def _whose(self, value: str, client_id: str | None) -> Owner:
        token = checked_token(value, self.wanted.var)
        return self._checked(self.platform, None, None, bearer=token)  # over the connection that there is

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        if self.wanted.checks:
            return super().prove(value, client_id, account_id, token_id)
        token = checked_token(value, self.wanted.var)
        return self._proved(self._checked(self.platform, account_id, token_id, bearer=token), account_id)

    def _find(self, ids: Sequence[str]) -> list[Credential]:
        """Return those that are there, and those that may be since the platform told a part only."""
        account = self._look_up()
        self.platform.incomplete = False
        found = self.platform.find_tokens([str(one) for one in dict.fromkeys(ids)], account)
        told = {one.id for one in found}
        return [*found, *(Credential(str(one), account) for one in dict.fromkeys(ids) if self.platform.incomplete and str(one) not in told)]

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials."""
        return [one.id for one in self._find(ids)]

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials."""
        found = self._find(ids)
        if found:
            apply_steps(self.platform.revoke_steps(found))

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        if self.find([token_id]):
            self.platform.update_token(token_id, enabled=False)


class AccessTokens(_Tokens):
    """Access tokens of an account, of which it may have a few."""

    noun = "access token"

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        account, now = self._look_up(), self.platform.now()
        self.platform.incomplete = False
        tokens = [one.as_result(now) for one in self.platform.tokens(account)]
        return Listing(account.id, tokens, self.platform.token_limit, not self.platform.incomplete)

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        expires_at = parse_instant(pending["expires_at"], "expires_at") if pending.get("expires_at") else None
        minted = self.platform.mint_token(self._look_up(), expires_at)
        made = minted.credential
        created_at = made.created_at or self.platform.now()
        expiry = format_instant(made.expires_at) if made.expires_at else None
        return Created(made.id, minted.secret, format_instant(created_at), expiry)


class ApiTokens(_Tokens):
    """API tokens of the calling user, told apart by their tag."""

    noun = "API token"

    def __init__(self, rotator: Rotator, wanted: Wanted, clock: Clock, warn: Callable[[str], None]) -> None:
        super().__init__(rotator, wanted, clock, warn)
        self._own_ids: set[str] = set()  # ids of tokens whose secret the store holds, or that this run created: ours whatever their tag

    def _whose(self, value: str, client_id: str | None) -> Owner:
        owner = super()._whose(value, client_id)
        self._own_ids |= {owner.token_id} if owner.token_id else set()
        return owner

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials. A token with another tag is left alone: a state may have been edited by hand."""
        found = self._find(ids)
        ours = [one for one in found if one.id in self._own_ids or one.tag in (None, self.wanted.tag, self.wanted.old_tag)]
        if ours:
            apply_steps(self.platform.revoke_steps(ours))
        if len(ours) < len(found):
            others = " and ".join(f"{one.id} (tag {one.tag})" for one in found if one not in ours)
            raise RefusedError(
                f"{self.platform.title}: {others} has not the tag {self.wanted.tag} of this rotation, so it was left alone.",
                "Revoke it with latchkey.tokens.api_token and token_ids, if it is of no use any more.",
            )

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        account, now = self._look_up(), self.platform.now()
        self.platform.incomplete = False
        tokens = [one for one in self.platform.api_tokens(account) if one.tag == self.wanted.tag or one.id in self._own_ids]
        return Listing(account.id, [one.as_result(now) for one in tokens], None, not self.platform.incomplete)

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""
        self.platform.check_api_token(self.wanted.tag, timedelta(seconds=pending["lifetime"]))

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        lifetime = timedelta(seconds=pending["lifetime"])
        self.platform.check_api_token(self.wanted.tag, lifetime)
        caller = self.platform.caller().account
        if not self.platform.is_account(self.wanted.account, caller):
            raise RefusedError(
                f"{self.platform.title}: every user creates API tokens for that user only, and this rotation is {caller}, not "
                f"{self.wanted.account}.",
                "Log in as that user, or set rotate_account.",
            )
        minted = self.platform.mint_api_token(self.wanted.tag, lifetime)
        made = minted.credential
        self._own_ids.add(made.id)
        created_at = made.created_at or self.platform.now()
        expires_at = made.expires_at or created_at + lifetime
        return Created(made.id, minted.secret, format_instant(created_at), format_instant(expires_at))


class S3AccessKeys(PlatformCredentials):
    """S3 access keys of an account, of which it may have a few: each is a secret that signs requests, and its id."""

    noun = "S3 access key"

    def _keys(self) -> list[Credential]:
        return self.platform.s3_keys(self._look_up())

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        self.platform.s3_endpoint(self.wanted.s3_endpoint)  # what is malformed is refused before anything is created
        found = [
            {"token_id": one.id, "created_at": format_instant(one.created_at) if one.created_at else None, "expires_at": None, "live": True}
            for one in self._keys()
        ]
        return Listing(self._look_up().id, found, self.platform.s3_key_limit)

    def _owner_if_taken(self, secret: str, key_id: str, own: Collection[str]) -> Owner | None:
        """Sign a request with a key; return whose the key is, or None where it is dead.

        Which refusal a deleted key gets is not published, so the list of keys decides where the answer does not tell.
        """
        try:
            is_taken = self.platform.takes_s3_key(key_id, secret.strip(), self.wanted.s3_endpoint)
        except (AuthenticationError, ForbiddenError):
            if key_id in own:
                raise
            is_taken = False
        return self._owner(key_id, own) if is_taken else None

    def _own_ids(self) -> list[str]:
        """Return the ids of the account's keys. This comes before a request is signed, since it tells the cluster's clock, too."""
        return [one.id for one in self._keys()]

    def _owner(self, key_id: str, own: Collection[str]) -> Owner:
        """Return whose a key is; the S3 API itself need not tell."""
        account = self._look_up()
        if key_id not in own:
            found = self.platform.s3_keys_with(key_id)
            if not found:
                raise RefusedError(
                    f"{self.wanted.what}: the S3 API takes the stored key {key_id}, which is not listed, so it is not known whose it is. "
                    "Nothing was rotated.",
                    "Run again; if it stays so, check that rotate_endpoint and rotate_s3_endpoint are the same cluster.",
                )
            account = found[0].account
        return Owner(account.name, account.id, key_id)

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        """See ports.Credentials. Where the store holds no id, it is that of the account's keys which has this secret."""
        own = self._own_ids()
        owners = (self._owner_if_taken(value, key_id, own) for key_id in ([client_id] if client_id else own))
        return next((one for one in owners if one), None)

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        if not client_id or token_id not in (None, client_id):
            raise CheckFailedError(f"{self.wanted.id_var} holds {client_id or 'no id'}, and not {token_id}.", "The old key stays.")
        owner = self._owner_if_taken(value, client_id, self._own_ids())
        if owner is None:
            raise CheckFailedError(f"{self.platform.title}: the S3 API does not take the stored key {client_id}.", "The old key stays.")
        return self._proved(owner, account_id)

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials."""
        there = {one.id for one in self._keys()}
        return [one for one in ids if one in there]

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        minted = self.platform.create_s3_key(self._look_up())
        return Created(minted.credential.id, minted.secret, format_instant(minted.credential.created_at or self.platform.now()))

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials."""
        apply_steps([(f"{one.id} deleted", partial(self.platform.delete_s3_key, one)) for one in self._keys() if one.id in ids])

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        raise RefusedError(f"{self.platform.title}: S3 access keys cannot be disabled.", "Use rotate_retire=delete.")


class _Secrets(PlatformCredentials):
    """Secrets of service accounts: each goes with the id of its account."""

    noun = "account"

    def _auth(self, value: str, client_id: str | None) -> Auth:
        return Auth(client_id=client_id, client_secret=value.strip())  # one read from a file often brings its line break along

    def _says_dead(self, failure: RequestError) -> bool:
        return failure.status in self.platform.dead_secret_statuses

    def _rule_out_other_causes(self, client_id: str | None) -> None:
        """Raise RefusedError where the log-in may have been refused since the account has as many sessions as it may have."""
        limit = self.platform.session_limit
        if limit is None:
            return
        now = self.platform.now()
        try:
            sessions = self.platform.tokens(self.platform.find_account(str(client_id)))
        except LatchkeyError as failure:
            if self.wanted.force:
                return
            raise RefusedError(
                f"{self.wanted.what}: the stored secret was refused. It may be dead, or the account may have {_count(limit)} sessions, "
                f"and they cannot be counted: {failure} Nothing was rotated.",
                "Set rotate_force to make a new secret all the same.",
            ) from None
        live = [one for one in sessions if one.is_live(now)]
        if len(live) >= limit:
            raise RefusedError(
                f"{self.wanted.what}: the stored secret was refused, but the account has {len(live)} sessions, so that may be why. "
                "Nothing was rotated.",
                f"End old ones with latchkey.tokens.session_revoke, target account, account {client_id}, and run again.",
            )

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials. The secret must also work at each cluster that it is carried to."""
        connection = self._as(value, client_id)
        owner = self._proved(self._patiently(lambda: self._ask(connection, account_id, None, self.wanted.checks)), account_id)
        auth = self._auth(value, owner.account_id)
        for cluster in self.wanted.clusters:
            self._arrive(replace(cluster, auth=auth), owner.account_id)
        return owner

    def _arrive(self, there: Connection, account_id: str) -> None:
        """Log in at a cluster once the secret has reached it, as far as the platform tells; else try for a while.

        Raises:
            CheckFailedError: the platform says that it could not carry the secret there.
            RequestError: the cluster does not take it in time.
        """
        retries, pause = retries_within(self.wanted.patience)
        tries, waited = 0, False
        for number in range(retries + 1):
            sync = self.platform.secret_sync(account_id)
            if sync.carried is not Carried.WAITS or number == retries:
                tries += 1
                try:
                    self._ask(there)
                except RequestError as failure:
                    self._refuse_to_wait(failure, sync, tries, last=number == retries)
                else:
                    return
            elif not waited:
                waited = True
                self.wanted.tell(f"{self.platform.title} is carrying the new secret to its clusters ({sync.words}); waiting for that.")
            self.clock.sleep(pause)

    def _refuse_to_wait(self, failure: RequestError, sync: SecretSync, tries: int, *, last: bool) -> None:
        """Raise a refusal at a cluster that waiting does not change."""
        if failure.status in self.platform.not_yet_statuses and sync.carried is Carried.FAILED:
            raise CheckFailedError(
                f"{self.platform.title} could not carry the new secret to its clusters: {sync.words}. {failure}",
                "Find out why in its list of pending actions, and run again.",
            ) from None
        if last or failure.status not in self.platform.not_yet_statuses:
            if tries > 1:
                failure.add(f"It was tried {tries} times within rotate_sync_timeout; more could lock the account.")
            raise failure

    def _operate(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run the operation service_account on the open platform; return its result."""
        spec = SERVICE_ACCOUNT.argument_spec
        defaults = {name: one.get("default") for name, one in spec.items()}
        outcome = SERVICE_ACCOUNT.run(self.platform, Task({**defaults, **options}, check_mode, self.platform.now))
        for warning in outcome.warnings:
            self.warn(warning)
        return outcome.values

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials. Only a list tells of accounts, and where that is cut off any may be there."""
        listing = self.look()
        there = {str(one["token_id"]) for one in listing.credentials}
        return [one for one in ids if one in there or not listing.complete]

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        raise RefusedError(f"{self.platform.title}: accounts cannot be switched off.", "Use rotate_retire=delete.")

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        raise NotImplementedError


class SecretInPlace(_Secrets):
    """The one secret of a service account, replaced in its place."""

    noun = "secret"

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        states = self.platform.service_accounts(self.wanted.account)
        return Listing(None, [{"token_id": one.account.id, "name": one.account.name, "live": True} for one in states])

    def _account(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        """Return the account that gets a new secret, as options of service_account."""
        return {"name": self.wanted.account, "account_id": str(pending["id"])}

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""
        self._operate(check_mode=True, rotate_secret=True, **self._account(pending, current))

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        made = self._operate(rotate_secret=True, **self._account(pending, current))
        return Created(str(made["client_id"]), made["client_secret"])

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials. The engine asks for none: neither in place, nor where accounts take turns."""
        raise RefusedError(f"{self.platform.title}: a secret is only ended by a new one.")


class AccountsInTurn(SecretInPlace):
    """The secrets of two service accounts that take turns: the one that is not stored gets a new secret."""

    def __init__(self, rotator: Rotator, wanted: Wanted, clock: Clock, warn: Callable[[str], None]) -> None:
        super().__init__(rotator, wanted, clock, warn)
        self._names: dict[str, str] = {}  # by id, once both are looked up

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials. Neither account is ever an orphan.

        Raises:
            RefusedError: one of them is not there, or they do not have the same roles.
        """
        if not self._names:
            first, second = (self._the_account(name) for name in self.wanted.accounts)
            self._refuse_other_roles(first, second)
            self._names = {one.account.id: one.account.name for one in (first, second)}
        return Listing(None, [{"token_id": account_id, "name": name, "live": False} for account_id, name in self._names.items()])

    def _the_account(self, name: str) -> AccountState:
        found = self.platform.service_accounts(name)
        if len(found) == 1:
            return found[0]
        if not found:
            raise RefusedError(
                f"{self.wanted.what}: there is no service account {name}. Nothing was rotated.",
                "Create it with latchkey.tokens.service_account, with the roles of the other one, or check rotate_accounts.",
            )
        ids = " and ".join(sorted(one.account.id for one in found))
        raise RefusedError(
            f"{self.wanted.what}: there are several service accounts {name}, {ids}. Nothing was rotated.",
            "Delete those that are not in use.",
        )

    def _refuse_other_roles(self, *accounts: AccountState) -> None:
        """Raise RefusedError where a rotation would change what its users may do."""
        more, fewer = (sorted(one.role_names.get(role, role) for role in one.roles or ()) for one in accounts)
        if more == fewer:
            return
        names = [one.account.name for one in accounts]
        only = [(names[0], sorted(set(more) - set(fewer))), (names[1], sorted(set(fewer) - set(more)))]
        told = ", and ".join(f"only {name} has {', '.join(roles)}" for name, roles in only if roles)
        raise RefusedError(
            f"{self.wanted.what}: the two accounts do not have the same roles: {told}. Nothing was rotated.",
            "Give both the same roles with latchkey.tokens.service_account.",
        )

    def _account(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        """Return the account whose turn it is; the first one where nothing is stored."""
        account_id = next(one for one in self._names if one != str(current.get("id") or ""))
        return {"name": self._names[account_id], "account_id": account_id}


class Accounts(_Secrets):
    """Service accounts that replace one another, each with its secret."""

    def __init__(self, rotator: Rotator, wanted: Wanted, clock: Clock, warn: Callable[[str], None]) -> None:
        super().__init__(rotator, wanted, clock, warn)
        self._by_id: dict[str, dict[str, Any]] = {}  # all service accounts, as far as they are listed

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        self.platform.incomplete = False
        self._by_id = {str(one["account_id"]): one for one in (state.as_result() for state in self.platform.service_accounts())}
        ours = self._ours()
        if not ours:
            self.platform.refuse_other_case(self.wanted.account, [str(one["account"]) for one in self._by_id.values()])
        return Listing(None, ours, None, not self.platform.incomplete)

    def _ours(self) -> list[dict[str, Any]]:
        return as_credentials(self.wanted.account, list(self._by_id.values()))

    def _successor(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        predecessor = self._by_id.get(str(current.get("id")), {})
        roles = list(self.wanted.roles) or list(predecessor.get("role_ids") or ())
        description = predecessor.get("description")
        return {"name": pending["name"], "roles": roles, **({"description": description} if description else {})}

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""
        self._operate(check_mode=True, **self._successor(pending, current))

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        made = self._operate(**self._successor(pending, current))
        self._by_id[str(made["client_id"])] = {"account_id": made["client_id"], "account": pending["name"]}
        return Created(str(made["client_id"]), made["client_secret"])

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials. Only accounts that are called as the rotation calls them are deleted."""
        if not set(ids) <= self._by_id.keys() and not self.look().complete and not set(ids) <= self._by_id.keys():
            missing = " and ".join(sorted(set(ids) - self._by_id.keys()))
            raise RefusedError(
                f"{self.platform.title} listed a part of its service accounts only, so it is not known whether {missing} is gone.",
                "Run again, or delete it with latchkey.tokens.service_account.",
            )
        for one in self._ours():
            if one["token_id"] in ids:
                self._operate(name=one["name"], account_id=one["token_id"], state="absent")


KINDS: dict[str, Callable[[Rotator, Wanted, Clock, Callable[[str], None]], Credentials]] = {
    "access_token": AccessTokens,
    "api_token": ApiTokens,
    "in_place": SecretInPlace,
    "replace": Accounts,
    "s3_access_key": S3AccessKeys,
    "alternate": AccountsInTurn,
}
