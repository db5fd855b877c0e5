#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module service_account_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_account_info
short_description: List service accounts and their rights
version_added: 0.1.0
description:
  - Lists accounts with their roles. On Qumulo Core these are all local users, people included, since the platform makes no difference.
options:
  name:
    description:
      - Exact name of the account to look for. All when not set; an empty string is an error. The list is empty when there is no such
        account.
    type: str
  query:
    description:
      - A JMESPath expression over the list of accounts, whose result is returned in its place.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: What may the account do?
  latchkey.tokens.service_account_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    name: svc-backup

- name: Who is an administrator?
  latchkey.tokens.service_account_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    query: "[?contains(roles, 'Administrators')].account"
"""

RETURN = r"""
service_accounts:
  description: The accounts, sorted by name; with O(query), what that found in them.
  returned: success
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account.
      returned: always
      type: str
      sample: svc-backup
    account_id:
      description: The platform's id of the account.
      returned: always
      type: str
      sample: "1002"
    roles:
      description: The roles that it holds directly, without its own.
      returned: always
      type: list
      elements: str
      sample: [Observers]
    privileges:
      description: What the role of its own holds; empty when it has none.
      returned: always
      type: list
      elements: str
      sample: [PRIVILEGE_IDENTITY_READ]
    primary_group:
      description: Id of the primary group. Qumulo Core only.
      returned: on Qumulo Core
      type: str
      sample: "513"
    home_directory:
      description: Path of the home directory, or V(null). Qumulo Core only.
      returned: on Qumulo Core
      type: str
      sample: /home/svc-backup
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._info import SERVICE_ACCOUNT_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(SERVICE_ACCOUNT_INFO)


if __name__ == "__main__":
    main()
