# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every GraphQL document that is ever sent to Rubrik Security Cloud. Private to this collection. Text only.

Names, arguments and rights are those of the vendor's schema; tests/contract validates all documents against it.
"""

from __future__ import annotations

from typing import NamedTuple


class GraphqlDocument(NamedTuple):
    """One GraphQL operation with one root field, beside which a list may ask for the version.

    Attributes:
        field: the root field, whose name the operation has too.
        text: what is sent.
        right: the right that it needs, in the vendor's words; empty where any caller may. Only that of the rotation is documented,
            the others follow from the rights' names.
        told_once: the field of a reply that cannot be had again: with it the reply is of use, whatever errors came with it.
        fallback: what to send in its place to a tenant whose schema lacks a field of it; a refusal for that comes before anything is done.
    """

    field: str
    text: str
    right: str = ""
    told_once: str = ""
    fallback: GraphqlDocument | None = None

    @property
    def changes(self) -> bool:
        """Tell whether sending it twice could do harm."""
        return self.text.startswith("mutation")


_TOLD_ONCE = "clientSecret"

# For schemas before 2023-04-13, which lack currentUserLoginContext; the schema of 2022-09-05 has this.
CALLER_OLD = GraphqlDocument(
    "currentUser",
    """query currentUser {
  currentUser { id username email domain roles { id name } }
}""",
)
CALLER = GraphqlDocument(
    "currentUserLoginContext",
    """query currentUserLoginContext {
  currentUserLoginContext { accountName orgName user { id username email domain roles { id name } } }
}""",
    fallback=CALLER_OLD,
)
SWITCH_ORGANIZATION = GraphqlDocument(
    "createOrgSwitchSession",
    """mutation createOrgSwitchSession($input: CreateOrgSwitchSessionInput!) {
  createOrgSwitchSession(input: $input) { accessToken }
}""",
    told_once="accessToken",
)
SERVICE_ACCOUNTS = GraphqlDocument(
    "serviceAccounts",
    """query serviceAccounts($first: Int, $after: String) {
  serviceAccounts(first: $first, after: $after) {
    nodes { clientId name description roles { id name } }
    pageInfo { endCursor hasNextPage }
  }
}""",
    "VIEW_SERVICE_ACCOUNT",
)
# With the version, which costs no request of its own; any caller may have it (vendor's clients ask for it first of all).
SECRETS = GraphqlDocument(
    "serviceAccounts",
    """query serviceAccounts($first: Int, $after: String) {
  deploymentVersion
  serviceAccounts(first: $first, after: $after) {
    nodes { clientId name description lastLogin roles { id isOrgAdmin } }
    pageInfo { endCursor hasNextPage }
  }
}""",
    "VIEW_SERVICE_ACCOUNT",
)
ROLES = GraphqlDocument(
    "getAllRolesInOrgConnection",
    """query getAllRolesInOrgConnection($first: Int, $after: String) {
  getAllRolesInOrgConnection(first: $first, after: $after) {
    nodes { id name }
    pageInfo { endCursor hasNextPage }
  }
}""",
    "VIEW_ROLE",
)
CREATE = GraphqlDocument(
    "createServiceAccount",
    """mutation createServiceAccount($input: CreateServiceAccountInput!) {
  createServiceAccount(input: $input) { clientId clientSecret name accessTokenUri }
}""",
    "MANAGE_SERVICE_ACCOUNT",
    _TOLD_ONCE,
)
UPDATE = GraphqlDocument(
    "updateServiceAccount",
    """mutation updateServiceAccount($input: UpdateServiceAccountInput!) {
  updateServiceAccount(input: $input) { clientId name description }
}""",
    "MANAGE_SERVICE_ACCOUNT",
)
SET_ROLES = GraphqlDocument(
    "updateRoleAssignments",
    """mutation updateRoleAssignments($userIds: [String!], $roleIds: [String!]!) {
  updateRoleAssignments(userIds: $userIds, roleIds: $roleIds)
}""",
    "ASSIGN_ROLE",
)
# For schemas before 2026-06-15, which lack suspendedTprPolicyIds.
ROTATE_OLD = GraphqlDocument(
    "rotateServiceAccountSecret",
    """mutation rotateServiceAccountSecret($input: RotateServiceAccountSecretInput!) {
  rotateServiceAccountSecret(input: $input) { clientId clientSecret name accessTokenUri }
}""",
    "MANAGE_SERVICE_ACCOUNT_CREDENTIALS (MANAGE_SERVICE_ACCOUNT before 2025-09-22)",
    _TOLD_ONCE,
)
ROTATE = GraphqlDocument(
    "rotateServiceAccountSecret",
    """mutation rotateServiceAccountSecret($input: RotateServiceAccountSecretInput!) {
  rotateServiceAccountSecret(input: $input) { clientId clientSecret name accessTokenUri suspendedTprPolicyIds }
}""",
    "MANAGE_SERVICE_ACCOUNT_CREDENTIALS",
    _TOLD_ONCE,
    ROTATE_OLD,
)
# What objectIds holds for a service account, and the right that it takes, are not published.
SECRET_SYNCS = GraphqlDocument(
    "allPendingActions",
    """query allPendingActions($objectIds: [String!]) {
  allPendingActions(
    pendingActionGroupTypeFilter: [SERVICE_ACCOUNT]
    pendingActionSubGroupTypeFilter: [SERVICE_ACCOUNT_SYNC]
    objectIds: $objectIds
  ) { status clusterUuid description info createdAt updatedAt }
}""",
)
DELETE = GraphqlDocument(
    "deleteServiceAccountsFromAccount",
    """mutation deleteServiceAccountsFromAccount($input: DeleteServiceAccountsFromAccountInput!) {
  deleteServiceAccountsFromAccount(input: $input)
}""",
    "MANAGE_SERVICE_ACCOUNT",
)

DOCUMENTS: dict[str, str] = {name: value.text for name, value in list(globals().items()) if isinstance(value, GraphqlDocument)}
