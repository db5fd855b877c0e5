# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qumulo's settings: one switch for each behaviour that neither the vendor's documentation nor its SDK states."""

from __future__ import annotations

from .._settings import Setting

SETTINGS: dict[str, Setting] = {
    # who is there
    "admin_password": Setting(("<text>",), "", "password of `admin`; empty: random"),
    "service_account": Setting(("<text>",), "svc-ansible", "name of the service account"),
    "service_account_password": Setting(("<text>",), "", "its password; empty: random"),
    "service_account_role": Setting(("Administrators", "Data-Administrators", "Observers", "none"), "Observers", "its role"),
    "ad_password": Setting(("<text>",), "", "password of the Active Directory user AD\\jane; empty: random"),
    "require_sso": Setting(("no", "yes"), "no", "AD users must use SAML: their password logins fail with auth_sso_required_error"),
    # errors
    "unauthorized_body": Setting(("json", "empty"), "json", "body of a 401; the SDK handles both"),
    "bad_login_status": Setting(("401", "400", "403"), "401", "wrong name or password"),
    "dead_token_status": Setting(("401", "403"), "401", "expired, disabled, deleted or unknown token or session"),
    "forbidden_status": Setting(("403", "401", "404"), "403", "missing privilege"),
    "duplicate_status": Setting(("409", "400"), "409", "a user, group or role of this name, or this uid, exists"),
    "weak_password_status": Setting(("400", "422"), "400", "password with fewer than 3 of 4 character classes"),
    "password_min_length": Setting(("<integer>",), "1", "the documentation gives no length"),
    "identity_unknown": Setting(("404", "400"), "404", "an identity that nothing denotes"),
    "unknown_field": Setting(("ignored", "rejected"), "ignored", "fields that the version does not know, as expiration_time before 5.3.2"),
    "built_in_status": Setting(("400", "403", "409"), "400", "change or removal of a built-in user, group or role"),
    # access tokens
    "limit_status": Setting(("409", "400", "422", "403", "429", "500"), "409", "third token of a user"),
    "limit_counts": Setting(("all", "live"), "all", "whether disabled and expired tokens hold one of the two slots"),
    "never_expires": Setting(("null", "empty", "omitted"), "null", "expiration_time of a token that never expires"),
    "expiration_null": Setting(("clears", "rejected", "ignored"), "clears", 'meaning of "expiration_time": null'),
    "expiration_empty": Setting(("clears", "rejected", "ignored"), "rejected", 'meaning of "expiration_time": ""'),
    "expiration_precision": Setting(("echo", "seconds", "micros"), "micros", "how an expiration time is given back; echo: as it came"),
    "past_expiration": Setting(("accepted", "rejected"), "accepted", "an expiration time in the past, at creation or change"),
    "token_id_unknown": Setting(("404", "400", "403"), "404", "status for a token id that does not exist"),
    "foreign_token": Setting(("403", "404"), "403", "another user's token, for a caller without the privilege"),
    "unfiltered_list": Setting(("forbidden", "own"), "forbidden", "list without ?user= by a caller without the privilege"),
    "user_with_limit": Setting(("refused", "accepted"), "refused", "?user= with limit or after; refused (400) is reported for S3 keys"),
    "user_unknown": Setting(("404", "400", "empty"), "404", "?user= that denotes nobody"),
    "bare_digits": Setting(("auth_id", "name"), "auth_id", "?user=1002; auth_id is reported for S3 keys"),
    "page_size": Setting(("<integer>",), "50", "entries per page at most, also of role members"),
    "paging_end": Setting(("null", "empty"), "null", "paging.next of the last page"),
    "list_order": Setting(("by_id", "by_creation"), "by_id", "ids are random, so by_id is no particular order"),
    "list_identity": Setting(("full", "auth_id_only"), "full", "user and creator in a list; S3 documentation shows auth_id only"),
    "self_change": Setting(("accepted", "refused"), "accepted", "a token that disables or deletes itself"),
    "token_privileges": Setting(("live", "at_creation"), "live", "whether role changes reach existing tokens (sessions: only at login)"),
    "whoami_token_id": Setting(("present", "absent"), "present", "access_token_id in who-am-i; its first version is not documented"),
    # S3 access keys, and the S3 API
    "s3_limit_status": Setting(("409", "400", "422", "403", "429", "500"), "409", "third S3 access key of an identity"),
    "s3_rights": Setting(("credentials", "buckets"), "credentials", "PRIVILEGE_S3_..._READ and _WRITE; guides say buckets"),
    "s3_list_identity": Setting(("auth_id_only", "full"), "auth_id_only", "owner in a list; the documentation shows auth_id only"),
    "s3_key_unknown": Setting(("404", "400", "403"), "404", "deletion of a key that does not exist"),
    "s3_dead_key": Setting(("InvalidAccessKeyId", "AccessDenied", "Unauthorized"), "InvalidAccessKeyId", "request with a deleted key"),
    "s3_wrong_secret": Setting(("SignatureDoesNotMatch", "AccessDenied", "Unauthorized"), "SignatureDoesNotMatch", "wrong signature"),
    "s3_list_buckets": Setting(("anyone", "privilege"), "anyone", "whether ListBuckets takes PRIVILEGE_S3_BUCKETS_READ"),
    "s3_api": Setting(("enabled", "disabled"), "enabled", "a disabled one does not answer; clusters begin that way"),
    # accounts
    "delete_user_tokens": Setting(("kept", "deleted"), "kept", "tokens of a deleted user; its S3 keys are kept"),
    "deleted_name": Setting(("new", "removed"), "new", "what a re-created user's name resolves to; removed is reported for S3 keys"),
    "password_change_revokes": Setting(("nothing", "sessions", "tokens", "both"), "nothing", "what a password change ends"),
    "duplicate_member": Setting(("error", "ok"), "error", "adding a member that is one already"),
    "ambiguous_name": Setting(("local", "ad", "rejected"), "local", "a bare name that exists locally and in AD"),
    "name_case": Setting(("insensitive", "sensitive"), "insensitive", "user and group names"),
    "user_list": Setting(("bare", "users", "entries"), "bare", "GET /v1/users/: a list, or one under a key, as a client has seen it"),
    "cluster_settings": Setting(("privilege", "anyone"), "privilege", "whether reading cluster settings needs PRIVILEGE_CLUSTER_READ"),
}
