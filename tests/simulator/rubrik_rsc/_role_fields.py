# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GraphQL: roles, and who has them."""

from __future__ import annotations

from typing import Any

from ._account_fields import Field
from ._errors import FieldError
from ._model import Account, Role
from ._paging import connection, matches
from ._tenant import Caller, Tenant


def _list(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    # no role is synchronised to a cluster here
    roles = [] if arguments.get("roleSyncedFilter") else list(core.data.roles.values())
    found = [role for role in roles if matches(arguments.get("nameFilter"), role.name, core.settings["search"])]
    assigned = set(arguments.get("assignedRoleIds") or [])
    order = list(core.data.roles)

    def key(role: Role) -> list[Any]:
        if arguments.get("sortBy") == "ASSIGNMENT":
            return [role.id not in assigned, role.name, role.id]
        by_name = arguments.get("sortBy") == "Name" or core.settings["list_order"] == "name"
        return [role.name, role.id] if by_name else [order.index(role.id)]

    return connection(core.settings, found, key, lambda role: core.role_json(role.id), arguments)


def _by_ids(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    if any(role not in core.data.roles for role in arguments["roleIds"]):
        raise FieldError(core.settings.integer("unknown_role"), "no such role")
    return [core.role_json(role) for role in arguments["roleIds"]]


def _targets(core: Tenant, arguments: dict[str, Any]) -> list[Account]:
    users = arguments.get("userIds") or []
    # there are no groups here
    if arguments.get("groupIds") or arguments.get("adGroupIds"):
        raise core.unknown_id()
    if not users:
        raise FieldError(400, "userIds or groupIds are needed")
    return [core.account(one) for one in users]


def _assign(core: Tenant, arguments: dict[str, Any], keep: bool) -> bool:
    accounts = _targets(core, arguments)
    roles = core.check_roles(arguments["roleIds"])
    if core.settings["role_approval"] == "waits":
        return True
    for account in accounts:
        new = list(dict.fromkeys([*account.roles, *roles])) if keep else roles
        if new != account.roles and core.settings["role_change"] == "ends_tokens":
            core.end_sessions(account, "roles changed")
        account.roles = list(new)
    core.dirty = True
    return True


def _update(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> bool:
    return _assign(core, arguments, keep=False)


def _add(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> bool:
    return _assign(core, arguments, keep=True)


FIELDS: dict[str, Field] = {
    "getAllRolesInOrgConnection": _list,
    "getRolesByIds": _by_ids,
    "updateRoleAssignments": _update,
    "addRoleAssignments": _add,
}
