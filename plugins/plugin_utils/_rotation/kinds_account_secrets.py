# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of service accounts, as the engine sees them: replaced in place, in turn, or with their account. Private."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    CheckFailedError,
    LatchkeyError,
    RefusedError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import AccountState, Carried, SecretSync
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import as_credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import (
    PlatformCredentials,
    WantedCredential,
    retries_within,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Clock, Created, Listing, NothingRotatedError, Owner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator


def _count(number: int) -> str:
    return {10: "ten"}.get(number, str(number))


class _Secrets(PlatformCredentials):
    """Secrets of service accounts: each goes with the id of its account."""

    noun = "account"

    def _auth(self, value: str, client_id: str | None) -> Auth:
        return Auth(client_id=client_id, client_secret=value.strip())  # one read from a file often brings its line break along

    def _says_dead(self, failure: RequestError) -> bool:
        return failure.status in self.platform.dead_secret_statuses

    def _rule_out_other_causes(self, client_id: str | None) -> None:
        """Raise NothingRotatedError where the log-in may have been refused since the account has as many sessions as it may have."""
        limit = self.platform.session_limit
        if limit is None:
            return
        now = self.platform.now()
        try:
            sessions = self.platform.tokens(self.platform.find_account(str(client_id)))
        except LatchkeyError as failure:
            if self.wanted.force:
                return
            raise NothingRotatedError(
                f"the stored secret was refused. It may be dead, or the account may have {_count(limit)} sessions, "
                f"and they cannot be counted: {failure} Nothing was rotated.",
                "Set rotate_force to create a new secret all the same.",
            ) from None
        live = [one for one in sessions if one.is_live(now)]
        if len(live) >= limit:
            raise NothingRotatedError(
                f"the stored secret was refused, but the account has {len(live)} sessions, so that may be why. Nothing was rotated.",
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
        raise RefusedError(f"{self.platform.title}: accounts cannot be disabled.", "Use rotate_retire=delete.")

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

    def __init__(self, rotator: Rotator, wanted: WantedCredential, clock: Clock, warn: Callable[[str], None]) -> None:
        super().__init__(rotator, wanted, clock, warn)
        self._names: dict[str, str] = {}  # by id, once both are looked up

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials. Neither account is ever an orphan.

        Raises:
            NothingRotatedError: one of them is not there, or they do not have the same roles.
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
            raise NothingRotatedError(
                f"there is no service account {name}. Nothing was rotated.",
                "Create it with latchkey.tokens.service_account, with the roles of the other one, or check rotate_accounts.",
            )
        ids = " and ".join(sorted(one.account.id for one in found))
        raise NothingRotatedError(
            f"there are several service accounts {name}, {ids}. Nothing was rotated.",
            "Delete those that are not in use.",
        )

    def _refuse_other_roles(self, *accounts: AccountState) -> None:
        """Raise NothingRotatedError where a rotation would change what its users may do."""
        more, fewer = (sorted(one.role_names.get(role, role) for role in one.roles or ()) for one in accounts)
        if more == fewer:
            return
        names = [one.account.name for one in accounts]
        only = [(names[0], sorted(set(more) - set(fewer))), (names[1], sorted(set(fewer) - set(more)))]
        told = ", and ".join(f"only {name} has {', '.join(roles)}" for name, roles in only if roles)
        raise NothingRotatedError(
            f"the two accounts do not have the same roles: {told}. Nothing was rotated.",
            "Give both the same roles with latchkey.tokens.service_account.",
        )

    def _account(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        """Return the account whose turn it is; the first one where nothing is stored."""
        account_id = next(one for one in self._names if one != str(current.get("id") or ""))
        return {"name": self._names[account_id], "account_id": account_id}


class Accounts(_Secrets):
    """Service accounts that replace one another, each with its secret."""

    def __init__(self, rotator: Rotator, wanted: WantedCredential, clock: Clock, warn: Callable[[str], None]) -> None:
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
        if not made.get("client_secret"):
            raise RefusedError(f"{self.platform.title} has an account {pending['name']} already, so none was created.", "Run again.")
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
