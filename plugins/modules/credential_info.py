#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module credential_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: credential_info
short_description: List every credential that a platform has, without secrets
version_added: 1.1.0
description:
  - Lists every credential that the caller may see, of all accounts and all kinds, in one shape on all platforms. Expired and disabled ones
    are among them. A session that the task opened for itself is not.
  - On Qumulo Core these are access tokens and S3 access keys. On Rubrik CDM they are API tokens, sessions, and the secrets of service
    accounts, also of those that Rubrik Security Cloud manages. On Rubrik Security Cloud they are the secrets of service accounts.
  - What a platform does not tell is V(null), and RV(not_told) says once what that is. RV(not_listed) says which kinds it has and does not
    list at all.
  - It takes as many requests as lists have pages. Rubrik CDM has no list of the sessions of all accounts, so there it takes one request
    for each account besides.
  - Where the caller lacks the right to one of the lists, the others are returned, with a warning, and RV(not_permitted) names the right.
    The task fails only where all of them are refused.
  - On Qumulo Core it needs C(PRIVILEGE_ACCESS_TOKENS_READ), C(PRIVILEGE_S3_CREDENTIALS_READ) or C(PRIVILEGE_S3_BUCKETS_READ), which the
    vendor's guides do not agree on, and C(PRIVILEGE_ROLE_READ) with C(PRIVILEGE_LOCAL_GROUP_READ) to tell who is an administrator. On
    Rubrik CDM it needs the role Administrator, on Rubrik Security Cloud C(VIEW_SERVICE_ACCOUNT).
options:
  kinds:
    description:
      - Only credentials of these kinds, and only the requests for them. A kind that the platform does not have finds nothing. An empty list
        is an error.
      - All kinds when not set.
    type: list
    elements: str
    choices: [access_token, api_token, session, service_account_secret, s3_access_key]
  account:
    description:
      - Only the credentials of this account, and where the platform can be asked for them, only the requests for them. A name or an id,
        written as for O(latchkey.tokens.access_token#module:user). On Rubrik Security Cloud the name or the client id of a service account.
      - An empty string is an error, and so is an account that is not there. Several accounts of one name are all taken on Rubrik.
    type: str
  live_only:
    description:
      - Leaves out credentials that the platform does not accept any more, that is, expired and disabled ones. Those of which it does not
        tell that stay.
    type: bool
    default: false
  query:
    description:
      - A JMESPath expression over the list of credentials, whose result is returned in its place. An empty string is an error.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
seealso:
  - module: latchkey.tokens.access_token_info
  - module: latchkey.tokens.api_token_info
  - module: latchkey.tokens.service_account_info
  - module: latchkey.tokens.s3_access_key_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Which credentials of the cluster never expire?
  latchkey.tokens.credential_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    live_only: true
    query: "[?expires_known && !expires_at].{kind: kind, id: id, account: account, created_at: created_at}"

- name: Look at the slots for access tokens
  latchkey.tokens.credential_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    kinds: [access_token]
  register: listed

- name: Which accounts have no free slot, so that a rotation cannot create the new token beside the old one?
  ansible.builtin.debug:
    msg: "{{ listed.accounts | selectattr('used', '>=', 2) | map(attribute='account') }}"

- name: What blocks the upgrade of the cluster to Rubrik CDM 9.5.1?
  latchkey.tokens.credential_info:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    kinds: [api_token, service_account_secret]
    query: "[?local].{kind: kind, account: account, id: id, name: name}"

- name: When did each service account of Rubrik Security Cloud log in last?
  latchkey.tokens.credential_info:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    query: "[].[account, last_used_at]"
"""

RETURN = r"""
credentials:
  description:
    - The credentials, sorted by account, kind and age; with O(query), what that found in them. Each has all of these keys.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - What it is. V(access_token), V(api_token), V(session), V(service_account_secret) or V(s3_access_key).
      returned: always
      type: str
      sample: access_token
    id:
      description:
        - The platform's id of it; of a service account's secret the client id that goes with it.
      returned: always
      type: str
      sample: "3421890012345678901234"
    account:
      description: Name of the account whose credential it is; the id where the platform does not tell the name.
      returned: always
      type: str
      sample: svc-backup
    account_id:
      description: The platform's id of that account.
      returned: always
      type: str
      sample: "1002"
    name:
      description:
        - What the credential is called. Of an API token or a session its tag, of a secret in Rubrik Security Cloud the description of the
          account. V(null) where it has none.
      returned: always
      type: str
      sample: nightly-report
    created_at:
      description: When it was created, ISO 8601 in UTC; V(null) where the platform does not tell.
      returned: always
      type: str
      sample: "2026-11-23T08:12:31.123456Z"
    expires_at:
      description:
        - When it expires, ISO 8601 in UTC. V(null) with RV(credentials[].expires_known=true) means never, and otherwise that the platform
          does not tell.
      returned: always
      type: str
      sample: "2026-12-23T08:12:31Z"
    expires_known:
      description: Whether it is known when it expires, or that it never does.
      returned: always
      type: bool
      sample: true
    lifetime:
      description: Seconds from when it was created until it expires; V(null) when it never expires, or where either is not known.
      returned: always
      type: int
      sample: 2592000
    last_used_at:
      description:
        - When it was used last, ISO 8601 in UTC; V(null) when it never was, or where the platform does not tell. On Rubrik Security Cloud
          when the account logged in last, which for the caller's own is this very task.
      returned: always
      type: str
      sample: "2026-11-24T02:00:05Z"
    enabled:
      description:
        - Whether it is enabled. V(true) where it cannot be disabled, V(null) where the platform does not tell.
      returned: always
      type: bool
      sample: true
    live:
      description:
        - Whether the platform accepts it now, that is, it is enabled and has not expired by the platform's clock. V(null) where the
          platform does not tell, as of the secrets of service accounts.
      returned: always
      type: bool
      sample: true
    creator:
      description: Who created it; V(null) where the platform does not tell.
      returned: always
      type: str
      sample: admin
    administrator:
      description:
        - Whether the account is an administrator. On Qumulo Core, whether it has the role Administrators, itself or through the local group
          of that name; V(null) where it may have it through another group. On Rubrik CDM, whether it has the built-in role. On
          Rubrik Security Cloud, whether it has the role Administrator or Owner, or administers an organization. V(null) also where the
          caller may not read roles.
      returned: always
      type: bool
      sample: false
    local:
      description:
        - On Rubrik CDM, whether it is the cluster's own, and not one of an account that Rubrik Security Cloud manages; such secrets and API
          tokens block the upgrade to 9.5.1. An account is told by the form of its id; how a cluster shows those that it does not
          manage is not published. V(null) on other platforms.
      returned: always
      type: bool
      sample: true
accounts:
  description:
    - How many credentials each account has, and may have, of each kind that it has any of. Those that O(live_only) or O(query) leave out
      are counted, since disabled and expired ones take a slot too; sessions that have ended do not. Secrets of service accounts are not
      counted, since each account has one.
  returned: success
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account; the id where the platform does not tell the name.
      returned: always
      type: str
      sample: svc-backup
    account_id:
      description: The platform's id of the account.
      returned: always
      type: str
      sample: "1002"
    kind:
      description: The kind of credential.
      returned: always
      type: str
      sample: access_token
    used:
      description: How many the account has.
      returned: always
      type: int
      sample: 1
    limit:
      description:
        - How many it may have. V(null) where no limit is known. On Rubrik CDM service accounts may have ten sessions, unless Rubrik's
          support has raised that.
      returned: always
      type: int
      sample: 2
not_told:
  description: The keys that this platform never tells, for each kind of credential that it lists.
  returned: success
  type: dict
  sample:
    access_token: [name, last_used_at, local]
not_listed:
  description: The kinds of which this platform or version has credentials that it does not list, and why, as a sentence.
  returned: success
  type: dict
  sample:
    session: No request lists sessions; each ends by itself ten hours after the login.
not_permitted:
  description: The lists that the caller may not have, or not all of. Empty when there were none.
  returned: success, or when all lists were refused
  type: list
  elements: dict
  contains:
    kind:
      description:
        - The kind of credential of which some are missing; V(role) where only RV(credentials[].administrator) is not known because of it.
      returned: always
      type: str
      sample: access_token
    right:
      description: The right that the caller lacks, by the platform's name for it.
      returned: always
      type: str
      sample: PRIVILEGE_ACCESS_TOKENS_READ
    message:
      description: How the platform refused it.
      returned: always
      type: str
      sample: >-
        Qumulo Core at https://qumulo.example.com:8000: cannot list access tokens: GET /v1/auth/access-tokens/ was answered with HTTP 403.
product:
  description: What was asked.
  returned: success
  type: dict
  contains:
    platform:
      description: The platform, as in O(platform).
      returned: always
      type: str
      sample: qumulo
    endpoint:
      description: Its URL.
      returned: always
      type: str
      sample: https://qumulo.example.com:8000
    version:
      description: Its version; V(null) where it was not told.
      returned: always
      type: str
      sample: 7.10.2.1
as_of:
  description: The time by the platform's clock, ISO 8601 in UTC, for which RV(credentials[].live) holds.
  returned: success
  type: str
  sample: "2026-11-30T08:12:31.123456Z"
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.credential_info import CREDENTIAL_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(CREDENTIAL_INFO)


if __name__ == "__main__":
    main()
