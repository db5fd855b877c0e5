# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rubrik CDM's settings: one switch for each behaviour that no public source states, or on which they disagree.

An error is given as a status: `422` answers JSON, `403_text` the sentence that the HTTP server has for 403.
"""

from __future__ import annotations

from .._settings import Setting

_REFUSALS = ("422", "400", "401", "401_text", "403", "403_text", "404", "404_text")


def _refusal(default: str, why: str, *more: str) -> Setting:
    return Setting((*_REFUSALS, *more), default, why)


SETTINGS: dict[str, Setting] = {
    # who is there
    "admin_password": Setting(("<text>",), "", "password of `admin`; empty: random"),
    "totp": Setting(("off", "on"), "off", "whether `admin` has two-step verification (5.3 and later)"),
    "totp_secret": Setting(("<text>",), "", "its Base32 secret; empty: random"),
    "service_account": Setting(("<text>",), "svc-ansible", "name of the local service account"),
    "service_account_secret": Setting(("<text>",), "", "its secret; empty: random"),
    "service_account_role": Setting(("Administrator", "ReadOnlyAdmin", "none"), "ReadOnlyAdmin", "role of both service accounts"),
    "rsc_account_secret": Setting(("<text>",), "", "secret of the service account that RSC manages; empty: random"),
    "rsc_sync_seconds": Setting(("<number>",), "0", "so long after the first start RSC brings its service account to the cluster"),
    "rsc_managed": Setting(("yes", "no"), "yes", "whether RSC manages the cluster: from 9.0 its configuration is then read-only here"),
    "service_accounts_since": Setting(("7.0", "6.0"), "7.0", "first version with local service accounts"),
    "rsc_accounts_since": Setting(("9.0", "6.0"), "9.0", "first version with service accounts that RSC manages"),
    # errors
    "error_json": Setting(("full", "message_only"), "full", "keys of a JSON error: errorType, message and cause, or the message only"),
    "bad_login": _refusal("422", "wrong user name or password"),
    "bad_secret": _refusal("422", "wrong secret of a service account"),
    "unknown_account": _refusal("bad_secret", "unknown service account; bad_secret: the same as for a wrong secret", "bad_secret"),
    "session_limit": _refusal("422", "one session more than a service account may have", "409", "429", "429_text", "500"),
    "blocked_token": _refusal("403_text", "an API token or service account's session where only log-ins are let in"),
    "bad_body": Setting(("400", "422"), "400", "a body that is no JSON, or lacks a field, or has one of a wrong type; 400 is published"),
    "unknown_id": _refusal("404", "an account, user, role, principal or organization that does not exist"),
    "duplicate": _refusal("422", "a user, role or organization of this name exists", "409"),
    "removed": _refusal("422", "from 9.5.1: making an API token or a local service account", "410", "410_text"),
    "expired_login": Setting(("needs_authentication", "invalid"), "needs_authentication", "which of the two texts an idle log-in gets"),
    "wrong_method": Setting(("405", "404"), "405", "a method that a path does not have"),
    "unknown_field": Setting(("ignored", "rejected"), "ignored", "fields that the cluster does not know"),
    # sessions
    "max_sessions": Setting(("<integer>",), "10", "sessions of a service account; Rubrik's support can raise it"),
    "session_idle_minutes": Setting(("<integer>",), "30", "after so long without a request a log-in ends"),
    "basic_auth": Setting(("by_version", "accepted", "refused"), "by_version", "user and password on every call; by_version: until 9.3"),
    "client_fields": Setting(
        ("accepted", "refused", "only"),
        "accepted",
        "clientId and clientSecret besides serviceAccountId and secret; only: nothing else for accounts that RSC manages",
    ),
    "csrf": Setting(
        ("absent", "told", "required"),
        "absent",
        "whether a log-in gets a cookie and a csrfToken; required: and goes on with these, not with its token",
    ),
    "rsc_account_ids": Setting(
        ("subject", "client", "uuid"),
        "subject",
        "id of an account that RSC manages, in lists and user/me: what its tokens say, its client id, or a UUID of the cluster's",
    ),
    "account_organization": Setting(("by_kind", "always", "empty"), "by_kind", "organizationId in their replies; by_kind: empty for RSC's"),
    "stale_bearer": Setting(("ignored", "refused"), "ignored", "a dead bearer token sent along when a service account opens a session"),
    "session_user_id": Setting(("bare", "prefixed"), "bare", "userId of sessions: a UUID, or one after `User:::`"),
    "nonadmin_logout": Setting(
        ("by_version", "refused", "allowed"),
        "by_version",
        "a service account that is no administrator ends sessions; by_version: not in 8.0",
    ),
    "unknown_session": _refusal("404", "deleting a session that does not exist (any more)", "204"),
    "sibling_session": Setting(("allowed", "refused"), "allowed", "deleting another session of one's own by its id"),
    "foreign_session": Setting(("allowed", "403_text", "404"), "allowed", "an administrator deletes another user's session by its id"),
    "delete_session_root": Setting(("404", "405", "204"), "404", "DELETE /api/v1/session without an id"),
    "bulk_without_user": Setting(("own", "any"), "own", "whose sessions an administrator's bulk_delete without userId reaches"),
    "bulk_unknown": Setting(("ignored", "404", "422"), "ignored", "bulk_delete of ids that do not exist; else nothing is deleted"),
    # lists
    "session_list": Setting(("present", "gone_in_9_4"), "present", "GET internal/session; absent from Rubrik's list of 2026"),
    "user_me": Setting(("present", "gone_in_9_4"), "present", "GET internal/user/me; absent from Rubrik's list of 2026"),
    "prefixed_user_id": Setting(("refused", "accepted", "empty"), "refused", "user_id=User:::UUID; clients strip the prefix"),
    "unknown_user_sessions": Setting(("empty", "404"), "empty", "sessions of a user_id that nobody has"),
    "list_expired": Setting(("dropped", "kept"), "dropped", "whether sessions that ended by themselves stay in lists"),
    "list_keys": Setting(("full", "minimal"), "full", "keys of sessions; minimal: no times and no sessionType"),
    "list_envelope": Setting(("full", "no_total"), "full", "keys of lists beside data: hasMore and total, or hasMore only"),
    "list_last_usage": Setting(("creation", "null", "absent"), "creation", "lastUsageTime of a token that was never used"),
    "session_type_api_token": Setting(("<text>",), "ApiToken", "sessionType of API tokens; that of log-ins is Web"),
    "session_type_account": Setting(("<text>",), "ServiceAccount", "sessionType of service accounts' sessions"),
    # two-step verification
    "challenge_status": Setting(("200", "401", "403"), "200", "status of the reply that asks for the code"),
    "challenge_session": Setting(("absent", "tokenless"), "absent", "that reply also has a session, without a token"),
    "wrong_code": _refusal("401_text", "wrong code; challenge: asks again", "challenge"),
    "code_reuse": Setting(("accepted", "refused"), "accepted", "a code that was used already; RFC 6238 wants it refused"),
    "totp_window": Setting(("<integer>",), "1", "steps of 30 s that a code may be early or late"),
    # API tokens
    "tag_limit": Setting(("<integer>",), "20", "characters of a tag; a client cuts them to 19"),
    "tag_too_long": Setting(("422", "400", "500", "truncated"), "422", "a longer tag"),
    "expiration_out_of_range": Setting(("422", "400", "clamped"), "422", "an expiration that is not 1 to 525600 minutes"),
    "token_reply": Setting(("minimal", "full"), "minimal", "whether the reply has expirationTime and tag, too"),
    "account_makes_tokens": Setting(("refused", "accepted"), "refused", "a service account's session makes an API token"),
    # service accounts
    "basic_auth_accounts": Setting(("accepted", "refused"), "accepted", "managing service accounts with user and password on the call"),
    "create_status": Setting(("201", "200"), "201", "status of creating a service account"),
    "update_status": Setting(("200", "204"), "200", "of changing one"),
    "delete_status": Setting(("204", "200"), "204", "of deleting one"),
    "rotate_status": Setting(("200", "201"), "200", "of rotating its secret"),
    "account_id_key": Setting(("id", "serviceAccountId", "clientId"), "id", "key of its id"),
    "account_secret_key": Setting(("secret", "clientSecret"), "secret", "key of its new secret"),
    "account_roles_key": Setting(("roleIds", "roles", "none"), "roleIds", "key of its roles' ids; none: only principal/role assigns them"),
    "account_duplicate": Setting(("accepted", "422", "409"), "accepted", "a service account of this name exists"),
    "rotate_field": Setting(("<text>",), "expireSessions", "key of the option that ends its sessions at a rotation"),
    "rotate_sessions": Setting(("kept", "ended"), "kept", "its sessions at a rotation without that option"),
    "rotate_old_secret": Setting(("dead", "works"), "dead", "the old secret after a rotation; works: 24 h more"),
    "rotate_reply": Setting(("full", "secret_only"), "full", "reply to a rotation: the account, or the secret only"),
    "rsc_in_principals": Setting(("listed", "hidden"), "listed", "service accounts that RSC manages in lists of principals"),
    # roles
    "role_id_key": Setting(("roleId", "id"), "roleId", "key of a role's id"),
    "assignment_fields": Setting(
        ("principals_roles", "ids"),
        "principals_roles",
        "body of principal/role; 6.0 has principals and roles; ids: principalIds and roleIds",
    ),
    "assignment_mode": Setting(("adds", "replaces"), "adds", "whether an assignment keeps the roles that a principal has"),
    "principal_name": Setting(("contains", "exact", "ignored"), "contains", "what the query name= of principals means"),
}
