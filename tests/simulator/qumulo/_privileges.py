# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileges that concern credentials, and the built-in roles; a real cluster has some 120 privileges."""

from __future__ import annotations

# vendor docs; the access token privileges are plural in the API although the prose has them in the singular
PRIVILEGES: dict[str, str] = {
    "PRIVILEGE_ACCESS_TOKENS_READ": "View access tokens",
    "PRIVILEGE_ACCESS_TOKENS_WRITE": "Create, modify and delete access tokens",
    "PRIVILEGE_AD_READ": "View Active Directory settings",
    "PRIVILEGE_CLUSTER_READ": "View cluster settings",
    "PRIVILEGE_CLUSTER_WRITE": "Modify cluster settings",
    "PRIVILEGE_IDENTITY_MAPPING_READ": "View identity mappings",
    "PRIVILEGE_IDENTITY_MAPPING_WRITE": "Modify identity mappings",
    "PRIVILEGE_IDENTITY_READ": "Look up identities",
    "PRIVILEGE_IDENTITY_WRITE": "Modify identity attributes",
    "PRIVILEGE_LOCAL_GROUP_READ": "View local groups",
    "PRIVILEGE_LOCAL_GROUP_WRITE": "Create, modify and delete local groups",
    "PRIVILEGE_LOCAL_USER_READ": "View local users",
    "PRIVILEGE_LOCAL_USER_WRITE": "Create, modify and delete local users",
    "PRIVILEGE_ROLE_READ": "View roles",
    "PRIVILEGE_ROLE_WRITE": "Create, modify and delete roles",
    "PRIVILEGE_S3_BUCKETS_READ": "View S3 buckets",
    "PRIVILEGE_S3_BUCKETS_WRITE": "Create, modify and delete S3 buckets",
    "PRIVILEGE_S3_CREDENTIALS_READ": "View S3 access keys",
    "PRIVILEGE_S3_CREDENTIALS_WRITE": "Create and delete S3 access keys",
    "PRIVILEGE_SAML_SETTINGS_READ": "View SAML settings",
    "PRIVILEGE_SAML_SETTINGS_WRITE": "Modify SAML settings",
}

BUILT_IN_ROLES: dict[str, tuple[str, list[str]]] = {
    "Administrators": ("Full access to manage the cluster", list(PRIVILEGES)),
    "Data-Administrators": (
        "Access to file system data",
        ["PRIVILEGE_IDENTITY_READ", "PRIVILEGE_LOCAL_USER_READ", "PRIVILEGE_LOCAL_GROUP_READ", "PRIVILEGE_S3_CREDENTIALS_WRITE"],
    ),
    "Observers": ("Read-only access", [name for name in PRIVILEGES if name.endswith("_READ")]),
}
