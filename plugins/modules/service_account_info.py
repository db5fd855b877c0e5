#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module service_account_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_account_info
short_description: List service accounts and their rights
version_added: 1.0.0
description:
  - Lists accounts with their roles. Secrets are never told.
  - On Qumulo Core these are all local users, people included, since the platform makes no difference.
  - On Rubrik CDM these are the service accounts that the cluster knows, which may include those that Rubrik Security Cloud manages. A
    version without service accounts, before 7.0 or so, is an error that says so. The caller must be allowed to list principals; any way to
    authenticate will do.
  - On Rubrik Security Cloud these are the service accounts of the organization. The caller needs a role with the right
    VIEW_SERVICE_ACCOUNT. When a secret was created or rotated last is not told there.
options:
  name:
    description:
      - Exact name of the account to look for. All when not set; an empty string is an error. The list is empty when there is no such
        account; where there is one whose name differs in case only, the task fails. On Rubrik several may have the same name.
    type: str
  query:
    description:
      - A JMESPath expression over the list of accounts, whose result is returned in its place. An empty string is an error.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
seealso:
  - module: latchkey.tokens.service_account
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

- name: Which service accounts of Rubrik Security Cloud have no description?
  latchkey.tokens.service_account_info:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    query: "[?description==null].{name: account, id: account_id}"

- name: Which service accounts does the cluster know?
  latchkey.tokens.service_account_info:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
"""

RETURN = r"""
service_accounts:
  description: The accounts, sorted by name and id; with O(query), what that found in them.
  returned: success
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account.
      returned: always
      type: str
      sample: svc-report
    account_id:
      description:
        - The platform's id of the account. On Rubrik Security Cloud, and for an account of Rubrik CDM's own, it is the client id that the
          account logs in with. How a cluster lists an account that Rubrik Security Cloud manages is not published.
      returned: always
      type: str
      sample: client|9f0c4a52-6b1e-4c0d-8a77-1f2e3d4c5b6a
    roles:
      description: Names of the roles that it holds directly, without its own.
      returned: always
      type: list
      elements: str
      sample: [Backup Operator]
    role_ids:
      description: Ids of those roles.
      returned: on Rubrik, when it holds any
      type: list
      elements: str
      sample: [7d2c1a34-55aa-4f0e-9b61-0c8e4d7f2a19]
    description:
      description: What the account is for; V(null) when it has no description.
      returned: on Rubrik Security Cloud
      type: str
      sample: Nightly report on backups
    privileges:
      description: What the role of its own holds; empty when it has none, and always on Rubrik.
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
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import SERVICE_ACCOUNT_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(SERVICE_ACCOUNT_INFO)


if __name__ == "__main__":
    main()
