# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All credentials of a Rubrik CDM cluster. Private to this collection.

No request lists the sessions of all accounts, so it takes one for each account (vendor docs: user_id is required).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..._common.errors import AuthenticationError, ForbiddenError, NotFoundError, RequestError, UnsupportedError
from ..._common.inventory import API_TOKEN, CLIENT_SECRET, SESSION, Inventory, Listed, Refused
from ..._common.model import Account, Credential
from ..fields import is_opaque_id
from .accounts import ONLY_ACCOUNTS, CdmAccounts
from .api import has_no_route, was_refused
from .api_tokens import CdmApiTokens
from .ids import CLIENT, is_managed, same_account
from .principals import Item, account_of

_RIGHT = "the role Administrator"  # the vendor publishes no finer right
_WORDS = {SESSION: "sessions", API_TOKEN: "API tokens", CLIENT_SECRET: "secrets of service accounts"}
_ADMINISTRATORS = ("Administrator", "AdministratorRole")  # template and name of the built-in role
_GROUP = "Group"  # the other principalType of the schema of 6.0; groups have no sessions
_ENOUGH = 3  # refusals in a row after which a caller may see no other account's sessions


@dataclass(frozen=True)
class _Holder:
    """An account that may have credentials.

    Attributes:
        account: the account.
        is_service: whether it is a service account; None where that is not known.
        administrator: whether it has an administrator's role; None where that is not known.
    """

    account: Account
    is_service: bool | None = None
    administrator: bool | None = None

    @property
    def client_id(self) -> str:
        """The id that Rubrik Security Cloud knows the account by; empty for one that it does not manage."""
        ids = (self.account.id, *self.account.aliases)
        return next((one for one in ids if one.startswith(CLIENT)), "") if any(map(is_managed, ids)) else ""


class CdmInventory(CdmApiTokens, CdmAccounts):
    """Lists sessions and API tokens of all principals, and the secrets of service accounts."""

    not_told: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {
            SESSION: ("creator",),
            API_TOKEN: ("creator",),
            CLIENT_SECRET: ("name", "created_at", "expires_at", "lifetime", "last_used_at", "enabled", "live", "creator"),
        }
    )

    def inventory(self, kinds: Collection[str], account: str | None) -> Inventory:
        inventory = Inventory()
        wanted = frozenset(kinds) & self.not_told.keys()
        if not wanted:
            return inventory
        inventory.version = self._version_text()
        holders = self._holders(inventory, wanted)
        if account:
            holders = [one for one in holders if account == one.account.name or same_account(account, one.account)]
            holders = holders or [_Holder(self.find_account(account))]
        if CLIENT_SECRET in wanted:
            inventory.found += [self._secret(one) for one in holders if one.is_service]
        if wanted != {CLIENT_SECRET}:
            self._add_sessions(inventory, holders, wanted)
        return inventory

    # Accounts

    def _holders(self, inventory: Inventory, wanted: frozenset[str]) -> list[_Holder]:
        """Return the accounts that may have such credentials; the caller's own where the others are not the caller's to see."""
        listed: list[Item] = []
        services: list[Item] | None = None
        try:
            if wanted != {CLIENT_SECRET}:
                listed, _others = self._principals(None, {})
            if wanted != {API_TOKEN}:  # the only question that service accounts make no difference to
                services = self._service_principals()
        except ForbiddenError as failure:
            for kind in sorted(wanted):
                effect = f"No {_WORDS[kind]} are listed." if kind == CLIENT_SECRET else f"Only the caller's own {_WORDS[kind]} are listed."
                inventory.refused.append(Refused(kind, _RIGHT, failure, effect))
            return [_Holder(self.caller().account)]
        except NotFoundError as failure:
            if not has_no_route(failure):
                raise
            listed, services = self._all_users(), []
        inventory.read = CLIENT_SECRET in wanted
        return _merged(listed, services)

    def _service_principals(self) -> list[Item]:
        found, _others = self._principals(None, ONLY_ACCOUNTS)
        first = next((account_of(*item) for item in found if is_opaque_id(item[1].get("id"))), None)
        return found if first and self._has_accounts(first) else []

    def _all_users(self) -> list[Item]:
        """Return the users before 5.2, which has no principals."""
        answer = self._call("list users", "GET", "/api/internal/user")
        return [(answer, {"id": one.get("id"), "name": one.get("username")}) for one in self._entries(answer)]

    def _secret(self, holder: _Holder) -> Listed:
        managed = holder.client_id
        return Listed(
            CLIENT_SECRET,
            Credential(managed or holder.account.id, holder.account),
            expires_known=False,
            state_known=False,
            administrator=holder.administrator,
            local=not managed and self._version() < (9, 5, 1),  # from then on there are no local ones
        )

    # Sessions and API tokens

    def _add_sessions(self, inventory: Inventory, holders: list[_Holder], wanted: frozenset[str]) -> None:
        """List the sessions of each account; of the caller's only, once it is clear that no others are the caller's to see."""
        refusals: list[ForbiddenError] = []
        answered: list[_Holder] = []
        waiting = holders[::-1]
        while waiting:
            holder = waiting.pop()
            try:
                listed = self._sessions_if_fit(holder.account)
            except ForbiddenError as failure:
                refusals.append(failure)
                if len(refusals) == _ENOUGH and all(map(self._is_own, answered)):
                    waiting = [one for one in waiting if self._is_own(one)]
                continue
            if listed is None:
                why = f"{self.title} {self._version_text()} no longer lists sessions."
                inventory.unlisted |= dict.fromkeys((SESSION, API_TOKEN), why)
                return
            answered.append(holder)
            inventory.found += [_listed(one, holder, self.session_limit) for one in listed if one.kind in wanted and not self._is_mine(one)]
        inventory.read = inventory.read or bool(answered)
        for kind in sorted(wanted - {CLIENT_SECRET}) if refusals else ():
            own_only = all(map(self._is_own, answered))
            effect = f"Only the caller's own {_WORDS[kind]} are listed." if own_only else f"Some {_WORDS[kind]} are not listed."
            inventory.refused.append(Refused(kind, _RIGHT, refusals[0], effect))

    def _sessions_if_fit(self, account: Account) -> list[Credential] | None:
        """Return what _sessions does; nothing for an account that the cluster does not know by the id which it told."""
        try:
            return self._sessions(account)
        except (AuthenticationError, ForbiddenError):
            raise
        except UnsupportedError:
            self.incomplete = True
        except RequestError as failure:
            if not was_refused(failure):
                raise
            self.incomplete = True
        return []

    def _is_own(self, holder: _Holder) -> bool:
        return same_account(self._myself().id, holder.account)

    def _is_mine(self, one: Credential) -> bool:
        """Tell whether it is the session that this task opened, and that ends with it."""
        return self._session is not None and one.id == self._session.id


def _merged(listed: list[Item], services: list[Item] | None) -> list[_Holder]:
    """Return the accounts of two lists, each once; services is None where it was not asked which of them are service accounts."""
    # What the cluster calls an account that it does not manage itself is not published, so one with an odd id is passed over.
    named = [(answer, one) for answer, one in (*listed, *(services or ())) if is_opaque_id(one.get("id"))]
    by_id = {str(one["id"]): (answer, one) for answer, one in named if one.get("principalType") != _GROUP}
    ids = None if services is None else {one.get("id") for _answer, one in services}
    return [
        _Holder(account_of(answer, one), None if ids is None else id_ in ids, _is_administrator(one))
        for id_, (answer, one) in by_id.items()
    ]


def _is_administrator(principal: Mapping[str, Any]) -> bool | None:
    """Tell whether a principal has an administrator's role; None where its roles are not told (a list that 6.0 requires)."""
    roles = principal.get("roles")
    if not isinstance(roles, list):
        return None
    names = [one.get(key) for one in roles if isinstance(one, dict) for key in ("roleTemplate", "name")]
    return any(one in _ADMINISTRATORS for one in names)


def _listed(one: Credential, holder: _Holder, session_limit: int | None) -> Listed:
    return Listed(
        one.kind,
        one,
        name=one.tag,
        expires_known=one.expires_at is not None,
        administrator=holder.administrator,
        local=one.kind == API_TOKEN or not holder.client_id,
        limit=session_limit if one.kind == SESSION and holder.is_service else None,
    )
