#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module s3_access_key_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access_key_info
short_description: List S3 access keys of Qumulo Core, without their secrets
version_added: 1.1.0
description:
  - Lists the S3 access keys of one account, or of all accounts that the caller may see. Every key that exists works.
  - On Rubrik CDM and Rubrik Security Cloud, which have no such keys, it is an error.
options:
  user:
    description:
      - Whose keys to list, written as for O(latchkey.tokens.access_token#module:user). An empty string is an error, and so is an account
        that is not there.
      - When not set, those of all accounts, which takes C(PRIVILEGE_S3_CREDENTIALS_READ) or C(PRIVILEGE_S3_BUCKETS_READ). One's own take no
        right from Core 7.2.3.1 on.
    type: str
  query:
    description:
      - A JMESPath expression over the list of keys, whose result is returned in its place. An empty string is an error.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
seealso:
  - module: latchkey.tokens.s3_access_key
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Which S3 access keys does the account have?
  latchkey.tokens.s3_access_key_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup

- name: Ids of all keys that were created before this year
  latchkey.tokens.s3_access_key_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    query: "[?created_at<'2026-01-01'].access_key_id"
"""

RETURN = r"""
s3_access_keys:
  description: The keys, sorted by account and age; with O(query), what that found in them.
  returned: success
  type: list
  elements: dict
  contains:
    access_key_id:
      description: Id of the key.
      returned: always
      type: str
      sample: 00000000000003ea8527
    account:
      description: Name of the account that requests with the key speak for; empty where it is not known, as for deleted ones.
      returned: always
      type: str
      sample: svc-backup
    account_id:
      description: The platform's id of that account.
      returned: always
      type: str
      sample: "1002"
    created_at:
      description: When the key was created, ISO 8601 in UTC.
      returned: always
      type: str
      sample: "2026-11-23T08:12:31.123456Z"
account:
  description: Name of the account whose keys these are.
  returned: when O(user) was set
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: when O(user) was set
  type: str
  sample: "1002"
limit:
  description: How many keys one account may have.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.s3_access_key import S3_ACCESS_KEY_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(S3_ACCESS_KEY_INFO)


if __name__ == "__main__":
    main()
