#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module service_account: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_account
short_description: Keep a service account with the rights it needs
version_added: 0.1.0
description:
  - Makes, changes and deletes an account that automation acts as.
  - On Qumulo Core that is a local user. It gets a random password that nobody keeps, so that only access tokens open it
    (M(latchkey.tokens.access_token)).
options:
  name:
    description:
      - Name of the account.
    type: str
    required: true
  state:
    description:
      - With V(present), the account exists with all that the other options say.
      - With V(absent), it is gone; on Qumulo Core its access tokens, its role of its own and its role memberships are removed first.
        The account that the task itself authenticates as is never deleted.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the account is for. Qumulo Core knows no descriptions, so it is an error there.
    type: str
  roles:
    description:
      - The roles that the account holds, exactly these; others are taken away. An empty list takes all away.
      - When not set, roles stay as they are. The role that O(privileges) keeps does not count.
      - On Qumulo Core these are memberships of the account itself, not those that it has through groups.
    type: list
    elements: str
  privileges:
    description:
      - Qumulo Core only. Keeps a role of the account's own, named C(latchkey-) and the account's name, that holds exactly these
        privileges. An empty list removes that role.
      - A role of that name that this module did not make is never touched; the task fails.
      - When not set, that role stays as it is.
    type: list
    elements: str
  primary_group:
    description:
      - Qumulo Core only. Name or id of the local group that is the account's primary group. A new account gets V(Users) when not set.
    type: str
  home_directory:
    description:
      - Qumulo Core only. Path of the home directory; an empty string clears it.
    type: str
  rotate_secret:
    description:
      - Gives the account a new client secret. Qumulo Core has no client secrets, so V(true) is an error there; rotate access tokens
        instead.
    type: bool
    default: false
  expire_sessions:
    description:
      - Ends the sessions of the account when its secret is rotated. Qumulo Core cannot do that, so V(true) is an error there.
    type: bool
    default: false
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: An account for backups that may read files and make its own tokens
  latchkey.tokens.service_account:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    name: svc-backup
    roles:
      - Observers
    privileges:
      - PRIVILEGE_CLUSTER_READ
      - PRIVILEGE_IDENTITY_READ

- name: The account is gone, and its tokens with it
  latchkey.tokens.service_account:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    name: svc-backup
    state: absent
"""

RETURN = r"""
account:
  description: Name of the account.
  returned: always
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of the account; V(null) in check mode for one that would be made, and when there is none.
  returned: always
  type: str
  sample: "1002"
roles:
  description: The roles that the account now holds, without its own.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [Observers]
privileges:
  description: What the account's own role now holds; empty when it has none.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [PRIVILEGE_CLUSTER_READ, PRIVILEGE_IDENTITY_READ]
primary_group:
  description: Id of the primary group. Qumulo Core only.
  returned: when O(state=present) and the account existed or O(primary_group) was set
  type: str
  sample: "513"
home_directory:
  description: Path of the home directory, or V(null). Qumulo Core only.
  returned: when O(state=present) and the account existed or O(home_directory) was set
  type: str
  sample: /home/svc-backup
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._service_account import SERVICE_ACCOUNT


def main() -> None:
    """Run as an ordinary module."""
    run_module(SERVICE_ACCOUNT)


if __name__ == "__main__":
    main()
