# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSC's settings: one switch for each behaviour that no public source of the vendor states, or that differs between tenants."""

from __future__ import annotations

from .._settings import Setting

SETTINGS: dict[str, Setting] = {
    # who is there
    "account": Setting(("<text>",), "simulated", "name of the RSC account"),
    "admin_client_secret": Setting(("<text>",), "", "client secret of the service account `admin`; empty: random"),
    "service_account": Setting(("<text>",), "svc-ansible", "name of the service account"),
    "service_account_role": Setting(
        ("Read-only Administrator", "Administrator", "Owner", "Account Manager", "Secret Rotator", "Backup Operator", "none"),
        "Read-only Administrator",
        "its role; the first three are built in",
    ),
    "service_account_client_secret": Setting(("<text>",), "", "its client secret; empty: random"),
    "extra_accounts": Setting(("<integer>",), "0", "so many more service accounts, extra-0001 and so on"),
    "duplicate_role_name": Setting(("no", "yes"), "no", "a second custom role of the name Backup Operator"),
    "client_id_form": Setting(("uuid", "legacy"), "uuid", "what follows client| in new ids; legacy: 32 letters and digits"),
    "tpr_policies": Setting(
        ("<integer>",), "0", "quorum authorization policies that the service account is exempt from; rotating suspends them"
    ),
    "role_approval": Setting(
        ("none", "waits"), "none", "waits: with quorum authorization, a change of roles is taken and waits for approval"
    ),
    # the tenant's schema
    "schema": Setting(("version", "2026-05-25", "2025-06-01", "2022-09-01"), "version", "the schema's date; version: that of --version"),
    "validation_status": Setting(("400", "200"), "400", "HTTP status when validation fails; the body has code 400 either way"),
    # minting
    "token_seconds": Setting(("<integer>",), "43200", "lifetime of access tokens, until the session settings are changed"),
    "unknown_client_status": Setting(("403", "401", "400", "404"), "403", "mint with an unknown client id; a wrong secret gets 401"),
    "no_roles_login": Setting(("refused", "accepted"), "refused", "mint by an account without roles; refused is documented for users"),
    "ip_allow_list": Setting(("allowed", "blocked"), "allowed", "whether the caller's address may mint"),
    "ip_block_status": Setting(("403", "401", "400", "500"), "403", "status of a mint from a blocked address"),
    "org_service_accounts": Setting(("enabled", "disabled"), "enabled", "disabled: the organisation's service accounts cannot mint"),
    "lockout_after": Setting(
        ("<integer>",), "0", "wrong secrets in a row that lock an account for 15 minutes; 0: lockout is for users only"
    ),
    "session_limit": Setting(("off", "refuse", "end_oldest"), "off", "whether the limit of concurrent sessions binds service accounts"),
    "max_sessions": Setting(("<integer>",), "5", "that limit, until the session settings are changed"),
    "unknown_org": Setting(("404", "403"), "404", "code for an organisation that does not exist, when a session is switched to it"),
    # ending
    "revoked_token": Setting(
        ("credentials", "expired", "graphql"),
        "credentials",
        "what a revoked token gets: 401 as an invalid or as an expired one, or a GraphQL error 401",
    ),
    "revocation_seconds": Setting(("<integer>",), "0", "so long a revoked token still works"),
    "revoke_again": Setting(("401", "204"), "401", "DELETE /api/session with a token that is revoked already"),
    "old_secret_seconds": Setting(("<integer>",), "0", "so long the old secret works after a rotation"),
    "new_secret_seconds": Setting(("<integer>",), "0", "so long a new secret is refused after it was made"),
    "rotate_tokens": Setting(("kept", "ended"), "kept", "minted tokens of an account whose secret is rotated"),
    "delete_tokens": Setting(("ended", "kept"), "ended", "minted tokens of a deleted account; kept: with the roles it had at the mint"),
    "role_change": Setting(("live", "at_mint", "ends_tokens"), "live", "whether a change of roles reaches minted tokens"),
    # service accounts
    "id_form": Setting(("both", "full"), "both", "ids that mutations take; both: also without client|"),
    "duplicate_names": Setting(("accepted", "rejected"), "accepted", "creating an account of a name that exists"),
    "duplicate_code": Setting(("400", "409", "500"), "400", "code of that rejection"),
    "empty_roles": Setting(("accepted", "rejected"), "accepted", "creating an account, or assigning, with roleIds: []"),
    "unknown_role": Setting(("404", "400", "403", "500"), "404", "code for a role id that does not exist, as a role's name"),
    "unknown_id": Setting(("404", "403", "400", "500"), "404", "code for a service account id that does not exist"),
    "delete_unknown": Setting(
        ("error", "partial_error", "true", "false"), "error", "an unknown id among those to delete; all but error delete the known ones"
    ),
    "description_null": Setting(("clears", "keeps", "rejected"), "clears", "updateServiceAccount with description: null"),
    "description_omitted": Setting(("clears", "keeps", "rejected"), "clears", "updateServiceAccount without description"),
    "description_empty": Setting(("clears", "keeps"), "clears", 'updateServiceAccount with description: ""'),
    "self_rotate": Setting(("accepted", "refused"), "accepted", "an account that rotates its own secret"),
    "self_delete": Setting(("accepted", "refused"), "accepted", "an account that deletes itself"),
    # lists
    "search": Setting(
        ("contains", "contains_case", "prefix", "exact", "ignored"),
        "contains",
        "meaning of searchText and nameFilter; only contains_case minds the case",
    ),
    "page_size": Setting(("<integer>",), "50", "entries per page when neither first nor last is given"),
    "page_size_max": Setting(("<integer>",), "1000", "the most that a page has"),
    "page_size_over": Setting(("capped", "rejected"), "capped", "asking for more than the most"),
    "list_order": Setting(("name", "creation"), "name", "order without sortBy"),
    "cursor": Setting(
        ("entry", "position"), "entry", "what a cursor stands for; with position, entries are missed when earlier ones are deleted"
    ),
    # the caller
    "current_user_id": Setting(("client_id", "bare", "other"), "client_id", "currentUser.id of a service account; bare: without client|"),
    "current_user_domain": Setting(("CLIENT", "LOCAL", "SSO"), "CLIENT", "currentUser.domain of a service account"),
    "current_user_name": Setting(("name", "client_id", "empty"), "name", "currentUser.username of a service account"),
    "current_user_email": Setting(("empty", "name", "client_id"), "empty", "currentUser.email of a service account"),
    "session_config": Setting(("present", "null"), "present", "userSessionManagementConfig.config, which may be null"),
    # errors
    "account_flag_errors": Setting(("<integer>",), "0", "so many GraphQL requests first get the 403 that passes when repeated"),
    "gateway_body": Setting(("empty", "html"), "empty", "body of a fault's 429, 502, 503 and 504"),
    # clusters
    "secret_sync": Setting(
        ("not_told", "told", "fails", "refused"),
        "not_told",
        "what allPendingActions tells of new secrets; refused: to callers that may not ask",
    ),
    "sync_seconds": Setting(("<integer>",), "0", "so long a new secret is on its way to the clusters, or until that fails"),
    "cdm_cluster": Setting(("connected", "disconnected"), "connected", "whether a token for the cluster can be had"),
}
