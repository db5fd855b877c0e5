# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights, the roles that give them, and the operations that need them."""

from __future__ import annotations

# names from the vendor's schema (enum Operation)
VIEW = frozenset({"VIEW_SERVICE_ACCOUNT", "VIEW_ROLE", "VIEW_SECURITY_SETTINGS"})
CREDENTIALS = "MANAGE_SERVICE_ACCOUNT_CREDENTIALS"
ALL = VIEW | {"MANAGE_SERVICE_ACCOUNT", CREDENTIALS, "ASSIGN_ROLE", "EDIT_SECURITY_SETTINGS"}

# ids that are the same in all accounts (vendor's MCP server)
ADMINISTRATOR = "00000000-0000-0000-0000-000000000000"
OWNER = "00000000-0000-0000-0000-000000000009"
READ_ONLY = "00000000-0000-0000-0000-000000000017"

BUILT_IN_ROLES: dict[str, tuple[str, str, frozenset[str]]] = {
    ADMINISTRATOR: ("Administrator", "Every right", ALL),
    OWNER: ("Owner", "Every right, and the account's ownership", ALL),
    READ_ONLY: ("Read-only Administrator", "Every right to look", VIEW),
}

CUSTOM_ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "Account Manager": (
        "Manages service accounts but not their secrets",
        frozenset({"VIEW_SERVICE_ACCOUNT", "MANAGE_SERVICE_ACCOUNT", "VIEW_ROLE", "ASSIGN_ROLE"}),
    ),
    "Secret Rotator": ("Rotates secrets and no more", frozenset({"VIEW_SERVICE_ACCOUNT", CREDENTIALS})),
    "Backup Operator": ("Nothing about service accounts", frozenset()),
}

# Which right belongs to which operation is stated for the rotation only; the others follow from the rights' names.
OPERATIONS: dict[str, str] = {
    "serviceAccounts": "VIEW_SERVICE_ACCOUNT",
    "getAllRolesInOrgConnection": "VIEW_ROLE",
    "getRolesByIds": "VIEW_ROLE",
    "userSessionManagementConfig": "VIEW_SECURITY_SETTINGS",
    "ipWhitelistSettings": "VIEW_SECURITY_SETTINGS",
    "createServiceAccount": "MANAGE_SERVICE_ACCOUNT",
    "updateServiceAccount": "MANAGE_SERVICE_ACCOUNT",
    "deleteServiceAccountsFromAccount": "MANAGE_SERVICE_ACCOUNT",
    "rotateServiceAccountSecret": CREDENTIALS,
    "addRoleAssignments": "ASSIGN_ROLE",
    "updateRoleAssignments": "ASSIGN_ROLE",
    "setUserSessionManagementConfig": "EDIT_SECURITY_SETTINGS",
}

# the rotation's own right came on this date (vendor's schema changelog); before, it went with the management
CREDENTIALS_RIGHT_SINCE = "2025-09-22"


def needed(operation: str, schema_date: str) -> str | None:
    """Return the right that an operation needs, or None when any caller may."""
    if operation == "rotateServiceAccountSecret" and schema_date < CREDENTIALS_RIGHT_SINCE:
        return "MANAGE_SERVICE_ACCOUNT"
    return OPERATIONS.get(operation)
