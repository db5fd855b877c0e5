# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All credentials of Rubrik Security Cloud that it lists, which are the secrets of service accounts. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from ..._common.errors import ForbiddenError
from ..._common.inventory import CLIENT_SECRET, SESSION, Inventory, Listed, Refused
from ..._common.model import Account, Credential
from ..._http.client import Answer
from ..fields import instant_field
from .accounts import RscAccounts, account_of
from .fields import PREFIX, json_objects
from .queries import SECRETS

# The ids of the built-in roles Administrator and Owner are the same for all tenants (vendor's rubrik-mcp).
_ADMINISTRATORS = frozenset(("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000009"))
_NO_SESSIONS = "No request lists sessions; each ends by itself after at most 24 hours."  # vendor docs
_EFFECT = "No secrets of service accounts are listed."


class RscInventory(RscAccounts):
    """Lists the secrets of service accounts in as few requests as there are pages."""

    # Vendor's rubrik-mcp: secrets do not expire by default, and nothing in the schema makes them.
    not_told: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {CLIENT_SECRET: ("created_at", "lifetime", "enabled", "live", "creator", "local")}
    )

    def inventory(self, kinds: Collection[str], account: str | None) -> Inventory:
        inventory = Inventory(unlisted={SESSION: _NO_SESSIONS})
        if CLIENT_SECRET not in kinds:
            return inventory
        try:
            nodes = self._nodes("list service accounts", SECRETS, "clientId")
        except ForbiddenError as failure:
            inventory.refused.append(Refused(CLIENT_SECRET, SECRETS.right, failure, _EFFECT))
            return inventory
        inventory.read = True
        inventory.version = next((_version(answer) for answer, _node in nodes), "")
        found = [(_secret(answer, node)) for answer, node in nodes]
        inventory.found = found if account is None else self._of(account, found)
        return inventory

    def _of(self, account: str, found: list[Listed]) -> list[Listed]:
        """Return the secrets of the accounts of this name or id. Raises OptionError where there are none."""
        accounts = {one.credential.account.id: one.credential.account for one in found}
        own = [one for one in found if _is(one.credential.account, account)]
        if not own:
            names = [one.name for one in accounts.values()]
            self.refuse_other_case(account, names)
            raise self._unknown("service account", f"'{account}'", names)
        return own


def _is(account: Account, identity: str) -> bool:
    return identity in (account.name, account.id, account.id.removeprefix(PREFIX))


def _secret(answer: Answer, node: dict[str, Any]) -> Listed:
    """Return the secret of a service account, of which there is one at a time; it is identified by the account's client id."""
    account = account_of(node["clientId"], str(node.get("name") or ""))
    roles = json_objects(answer, node.get("roles"))
    return Listed(
        CLIENT_SECRET,
        Credential(account.id, account, last_used_at=instant_field(answer, node, "lastLogin")),
        name=str(node.get("description") or "") or None,
        state_known=False,
        # Also one of an organization's: the vendor's own check for an administrator's token looks at isOrgAdmin (rubrik-mcp).
        administrator=any(role.get("id") in _ADMINISTRATORS or role.get("isOrgAdmin") is True for role in roles),
    )


def _version(answer: Answer) -> str:
    """Return the version of Rubrik Security Cloud that came with a page of the list."""
    data = answer.json_object().get("data")
    told = data.get("deploymentVersion") if isinstance(data, dict) else None
    return told if isinstance(told, str) else ""
