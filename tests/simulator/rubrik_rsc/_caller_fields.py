# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GraphQL: the caller, the RSC account and its session settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import request

from ._account_fields import Field
from ._errors import FieldError
from ._model import PREFIX, SessionConfig
from ._rights import ADMINISTRATOR, OWNER
from ._tenant import Caller, Tenant, isoformat

ORG_ID = "00000000-0000-0000-0000-000000000000"  # unconfirmed, as the name is
ORG_NAME = "Global"
# the vendor publishes neither; the maximum of a client's session is 24 hours by its documentation
LIMITS: dict[str, tuple[int, int]] = {
    "clientSessionTimeoutInSeconds": (300, 86400),
    "sessionTimeoutInSeconds": (300, 86400),
    "inactivityTimeoutInSeconds": (300, 86400),
}
MAX_SESSIONS = 100


def _org(core: Tenant) -> dict[str, Any]:
    return {
        "allUrls": [core.context.url],
        "allowedClusters": [],
        "description": "",
        "fullName": ORG_NAME,
        "hasOwnIdpConfigured": False,
        "id": ORG_ID,
        "isEnvoyRequired": False,
        "isInheritIpAllowlistDisabled": False,
        "isServiceAccountDisabled": core.settings["org_service_accounts"] == "disabled",
        "name": ORG_NAME,
        "orgAdminRole": core.role_json(ADMINISTRATOR),
        "physicalStorageUsed": 0,
        "replicationOnlyClusters": [],
        "shouldEnforceMfaForAll": False,
    }


def _user(core: Tenant, caller: Caller, _arguments: dict[str, Any]) -> dict[str, Any]:
    client_id, name = caller.session.client_id, caller.session.name
    texts = {"client_id": client_id, "bare": client_id.removeprefix(PREFIX), "name": name, "empty": ""}
    texts["other"] = f"user-{caller.session.client_id.rpartition('-')[2]}"
    roles = [core.role_json(role) for role in caller.roles]
    last_login = caller.account.last_login if caller.account else None
    return {
        "allOrgs": [_org(core)],
        "assignedRoles": [{"isExplicitlyAssigned": True, "role": role} for role in roles],
        "directlyAssignedRoles": roles,
        "domain": core.settings["current_user_domain"],
        "domainName": None,
        "email": texts[core.settings["current_user_email"]],
        "eulaState": {"isAccepted": True, "isPactsafeEnabled": False, "isPactsafeV2Enabled": False},
        "groups": [],
        "id": texts[core.settings["current_user_id"]],
        "inheritedRoles": [],
        "isAccountOwner": OWNER in caller.roles,
        "isEmailEnabled": False,
        "isHidden": False,
        "lastLogin": None if last_login is None else isoformat(last_login),
        "patId": "",
        "roles": roles,
        "status": "ACTIVE",
        "unreadCount": 0,
        "username": texts[core.settings["current_user_name"]],
    }


def _login_context(core: Tenant, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "accountName": core.settings["account"],
        "orgFullName": ORG_NAME,
        "orgId": ORG_ID,
        "orgName": ORG_NAME,
        "user": _user(core, caller, arguments),
    }


def _orgs(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    text = arguments.get("orgSearchFilter") or ""
    return {"allOrgs": [_org(core)] if text.lower() in ORG_NAME.lower() else []}


def _switch_org(core: Tenant, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    if arguments["input"]["orgId"] != ORG_ID or caller.account is None:
        raise FieldError(core.settings.integer("unknown_org"), "no such organization, or no right to act in it")
    return {"accessToken": core.open_session(caller.account)}


def _config(core: Tenant) -> dict[str, Any]:
    limits = {f"{name}{side}Limit": value for name, pair in LIMITS.items() for side, value in zip(("Min", "Max"), pair, strict=True)}
    config = {**asdict(core.data.config), **limits, "maxConcurrentSessionsMaxLimit": MAX_SESSIONS, "isGlobalPolicyEnforced": False}
    return {"config": config if core.settings["session_config"] == "present" else None}


def _session_config(core: Tenant, _caller: Caller, _arguments: dict[str, Any]) -> dict[str, Any]:
    return _config(core)


def _set_session_config(core: Tenant, _caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    given = arguments["input"]
    for name, (low, high) in {**LIMITS, "maxConcurrentSessions": (1, MAX_SESSIONS)}.items():
        if not low <= given[name] <= high:
            raise FieldError(400, f"{name} must be {low} to {high}")
    core.data.config = SessionConfig(**given)
    core.dirty = True
    return _config(core)


def _ip_allow_list(core: Tenant, _caller: Caller, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"enabled": core.settings["ip_allow_list"] == "blocked", "isInheritedFromGlobal": False, "mode": "ALL_USERS"}


FIELDS: dict[str, Field] = {
    "accountId": lambda core, caller, arguments: f"{core.settings['account']}-id",
    "deploymentVersion": lambda core, caller, arguments: core.version_text,
    "currentIpAddress": lambda core, caller, arguments: request.remote_addr or "",
    "currentUser": _user,
    "currentUserLoginContext": _login_context,
    "isOrgServiceAccountDisabled": lambda core, caller, arguments: core.settings["org_service_accounts"] == "disabled",
    "orgsForPrincipal": _orgs,
    "createOrgSwitchSession": _switch_org,
    "userSessionManagementConfig": _session_config,
    "setUserSessionManagementConfig": _set_session_config,
    "ipWhitelistSettings": _ip_allow_list,
}
