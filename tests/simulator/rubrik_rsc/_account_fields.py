# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GraphQL: service accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._errors import FieldError
from ._model import Account, Secret, new_client_id, new_secret
from ._paging import connection, matches
from ._tenant import Caller, Tenant, isoformat

Field = Callable[[Tenant, Caller, dict[str, Any]], Any]


def _last_login(account: Account) -> str | None:
    return None if account.last_login is None else isoformat(account.last_login)


def _with_secret(core: Tenant, account: Account, secret: Secret) -> dict[str, Any]:
    return {"clientId": account.client_id, "clientSecret": secret.value, "name": account.name, "accessTokenUri": core.token_uri}


def _list(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted = arguments.get("roleIds")
    found = [
        account
        for account in core.data.accounts.values()
        if matches(arguments.get("searchText"), account.name, core.settings["search"])
        and (not wanted or not set(wanted).isdisjoint(account.roles))
    ]

    def key(account: Account) -> list[Any]:
        by_name = arguments.get("sortBy") == "NAME" or core.settings["list_order"] == "name"
        return [account.name if by_name else "", account.serial]

    def show(account: Account) -> dict[str, Any]:
        return {
            "clientId": account.client_id,
            "description": account.description,
            "integrationId": None,
            "integrationName": None,
            "lastLogin": _last_login(account),
            "name": account.name,
            "roles": [core.role_json(role) for role in account.roles],
        }

    return connection(core.settings, found, key, show, arguments)


def _create(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    given = arguments["input"]
    name = given["name"]
    if not name.strip():
        raise FieldError(400, "name must not be empty")
    roles = core.check_roles(given["roleIds"])
    if core.settings["duplicate_names"] == "rejected" and any(one.name == name for one in core.data.accounts.values()):
        raise FieldError(core.settings.integer("duplicate_code"), "a service account of this name exists")
    secret = new_secret("", core.clock.now())
    account = core.data.add(name, roles, secret, new_client_id(core.settings["client_id_form"]), given.get("description") or "")
    core.dirty = True
    return _with_secret(core, account, secret)


def _update(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    given = arguments["input"]
    account = core.account(given["id"])
    description = given.get("description")
    if description:
        meaning = "set"
    elif description is None:
        meaning = core.settings["description_null" if "description" in given else "description_omitted"]
    else:
        meaning = core.settings["description_empty"]
    if meaning == "rejected":
        raise FieldError(400, "description is needed")
    if meaning != "keeps":
        account.description = description or ""
        core.dirty = True
    return {
        "clientId": account.client_id,
        "name": account.name,
        "description": account.description,
        "lastLogin": _last_login(account),
    }


def _rotate(core: Tenant, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    account = core.account(arguments["input"]["id"])
    _check_self(core, caller, account, "self_rotate")
    secret = core.rotate(account)
    suspended, account.exemptions = account.exemptions, []
    core.dirty = True
    return {**_with_secret(core, account, secret), "suspendedTprPolicyIds": suspended}


def _delete(core: Tenant, caller: Caller, arguments: dict[str, Any]) -> bool:
    ids = arguments["input"]["ids"]
    if not ids:
        raise FieldError(400, "ids must not be empty")
    found = [core.find(one) for one in ids]
    unknown = None in found
    mode = core.settings["delete_unknown"]
    if unknown and mode == "error":
        raise core.unknown_id()
    accounts = {account.client_id: account for account in found if account is not None}
    for account in accounts.values():
        _check_self(core, caller, account, "self_delete")
    for account in accounts.values():
        if core.settings["delete_tokens"] == "ended":
            core.end_sessions(account, "account deleted")
        else:
            # what it may do from now on
            for session in core.data.sessions.values():
                if session.client_id == account.client_id and core.settings["role_change"] != "at_mint":
                    session.roles = list(account.roles)
        del core.data.accounts[account.client_id]
        core.dirty = True
    if unknown and mode == "partial_error":
        raise core.unknown_id()
    return not (unknown and mode == "false")


def _check_self(core: Tenant, caller: Caller, account: Account, setting: str) -> None:
    if account is caller.account and core.settings[setting] == "refused":
        raise FieldError(400, "a service account cannot do this to itself")


CLUSTER = "11111111-2222-4333-8444-555555555555"


def _pending_actions(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Tell what is on its way to the clusters: the newest secret of each account that is asked for."""
    how = core.settings["secret_sync"]
    if how == "refused":
        raise FieldError(403, "not permitted to see pending actions")
    wanted = arguments.get("objectIds") or []
    accounts = [one for one in core.data.accounts.values() if one.client_id in wanted and how != "not_told"]
    return [_pending_action(core, one) for one in accounts]


def _pending_action(core: Tenant, account: Account) -> dict[str, Any]:
    created, seconds, now = account.secrets[-1].created, core.settings.integer("sync_seconds"), core.clock.now()
    done = now >= created + seconds
    status = "QUEUED" if now < created + seconds / 2 else "IN_PROGRESS"
    if done:
        status = "FAILED" if core.settings["secret_sync"] == "fails" else "SUCCEEDED"
    return {
        "actionType": {"pendingActionGroupType": "SERVICE_ACCOUNT", "pendingActionSubGroupType": "SERVICE_ACCOUNT_SYNC"},
        "actionTypeStr": "SERVICE_ACCOUNT_SYNC",
        "clusterUuid": CLUSTER,
        "createdAt": isoformat(created),
        "description": f"Synchronize the service account {account.name}",
        "info": "the cluster cannot be reached" if status == "FAILED" else "",
        "pendingActionId": f"{account.serial}-{len(account.secrets)}",
        "status": status,
        "updatedAt": isoformat(now if not done else created + seconds),
    }


FIELDS: dict[str, Field] = {
    "allPendingActions": _pending_actions,
    "serviceAccounts": _list,
    "createServiceAccount": _create,
    "updateServiceAccount": _update,
    "rotateServiceAccountSecret": _rotate,
    "deleteServiceAccountsFromAccount": _delete,
}
