# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All credentials of a Qumulo Core cluster, and which accounts are administrators. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from ..._common.errors import ForbiddenError, NotFoundError, RequestError, UnsupportedError
from ..._common.inventory import ACCESS_TOKEN, ROLE, S3_KEY, SESSION, Inventory, Listed, Refused
from ..._common.model import Account, Credential
from ..fields import id_field
from .accounts import listed
from .s3_keys import QumuloS3Keys
from .tokens import QumuloTokens

_ADMINISTRATORS = "Administrators"  # vendor docs: the built-in role
_ADMIN_USER, _GUEST_USER, _ADMIN_GROUP = "500", "501", "512"  # vendor's client: built-in users, and the local group Administrators
_POSIX_USERS = range(3 << 32, 4 << 32)  # vendor's client: ids of NFS users; those of groups come after them
_NO_SESSIONS = "No request lists sessions; each ends by itself ten hours after the login."  # vendor docs


class _Kind(NamedTuple):
    """A kind of credential that the cluster lists.

    Attributes:
        name: as in results.
        words: for people, in the plural.
        read: returns those of one account, or all.
        right: what it takes to list those of others.
        limit: how many an account may have.
    """

    name: str
    words: str
    read: Callable[[Account | None], list[Credential]]
    right: str
    limit: int | None


class QumuloInventory(QumuloTokens, QumuloS3Keys):
    """Lists what all accounts have in as few requests as there are pages."""

    not_told: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {
            ACCESS_TOKEN: ("name", "last_used_at", "local"),
            S3_KEY: ("name", "last_used_at", "creator", "local"),
        }
    )

    def inventory(self, kinds: Collection[str], account: str | None) -> Inventory:
        listable = [
            _Kind(ACCESS_TOKEN, "access tokens", self.tokens, "PRIVILEGE_ACCESS_TOKENS_READ", self.token_limit),
            _Kind(S3_KEY, "S3 access keys", self._s3_keys_if_there, "PRIVILEGE_S3_CREDENTIALS_READ", self.s3_key_limit),
        ]
        inventory = Inventory(unlisted={SESSION: _NO_SESSIONS})
        wanted = [one for one in listable if one.name in kinds]
        if not wanted:
            return inventory
        who = self.find_account(account) if account else None
        found = [(kind, one) for kind in wanted for one in self._seen(inventory, kind, who)]
        if found:
            roles = self._administrators(inventory, {one.account.id for _kind, one in found})
            names = self._names_for(found)
            inventory.found = [
                Listed(kind.name, _with_names(one, names), administrator=roles.get(one.account.id), limit=kind.limit) for kind, one in found
            ]
        if inventory.read:
            inventory.version = self._version_if_told()
        return inventory

    def _seen(self, inventory: Inventory, kind: _Kind, who: Account | None) -> list[Credential]:
        """Return the credentials of one account or of all; the caller's own where the others are not the caller's to see."""
        try:
            found = kind.read(who)
        except UnsupportedError as failure:
            inventory.unlisted[kind.name] = str(failure)
            return []
        except ForbiddenError as failure:
            own = None if who else self._own_of(kind)
            effect = f"No {kind.words} are listed." if own is None else f"Only the caller's own {kind.words} are listed."
            inventory.refused.append(Refused(kind.name, kind.right, failure, effect))
            if own is None:
                return []
            found = own
        inventory.read = True
        return list({one.id: one for one in found}.values())  # a list that changes meanwhile may show one on two pages

    def _s3_keys_if_there(self, account: Account | None) -> list[Credential]:
        """Return S3 access keys. Raises UnsupportedError on a 404, as versions without them answer."""
        try:
            return self.s3_keys(account)
        except NotFoundError as failure:
            raise UnsupportedError(str(failure)) from None

    def _own_of(self, kind: _Kind) -> list[Credential] | None:
        """Return the caller's own, which takes no right since the versions with self-service (vendor docs); None where it does."""
        try:
            return kind.read(self.caller().account)
        except ForbiddenError:
            return None

    def _names_for(self, found: Iterable[tuple[_Kind, Credential]]) -> Mapping[str, str]:
        """Return the names of the local users by id, where a list tells ids only (vendor docs, of S3 keys)."""
        return {} if all(one.account.name for _kind, one in found) else self._local_names()

    def _administrators(self, inventory: Inventory, owners: Collection[str]) -> Mapping[str, bool]:
        """Return which accounts are administrators, as far as the members of the role tell."""
        members: set[str] = set()
        right = "PRIVILEGE_ROLE_READ"
        try:
            members = self._members(_ADMINISTRATORS)
            if _ADMIN_GROUP in members:
                right = "PRIVILEGE_LOCAL_GROUP_READ"
                members = members - {_ADMIN_GROUP} | self._members_of_group()
        except ForbiddenError as failure:
            effect = "Whether an account is an administrator is not known."
            inventory.refused.append(Refused(ROLE, right, failure, effect))
        except RequestError:  # what is built in is there, so it is something in between that answers so
            pass
        else:
            return administrators(owners, members)
        return {one: True for one in owners if one in members}

    def _members_of_group(self) -> set[str]:
        answer = self._call("list the members of the group 'Administrators'", "GET", f"/v1/groups/{_ADMIN_GROUP}/members/")
        return {id_field(answer, one, "id") for one in listed(answer, "users")}

    def _version_if_told(self) -> str:
        try:
            return ".".join(map(str, self._version()))
        except RequestError:
            return ""


def administrators(owners: Iterable[str], members: Collection[str]) -> dict[str, bool]:
    """Return which owners of credentials are administrators; those are left out of whom the members of the role do not tell.

    A member may be a group, and then any account may be in it. Groups own no tokens (vendor docs).

    Args:
        owners: ids of accounts with credentials.
        members: ids of the role's members.
    """
    users = {*owners, _ADMIN_USER, _GUEST_USER}
    may_be_groups = any(one not in users and not (one.isdecimal() and int(one) in _POSIX_USERS) for one in members)
    return {one: one in members for one in owners if one in members or not may_be_groups}


def _with_names(one: Credential, names: Mapping[str, str]) -> Credential:
    """Return a credential with the names of its account and its creator, where a list told their ids only."""
    account = one.account if one.account.name else replace(one.account, name=names.get(one.account.id, ""))
    return replace(one, account=account, creator=names.get(one.creator.removeprefix("auth_id:"), one.creator))
