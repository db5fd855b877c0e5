# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation_plan, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_plan
short_description: Find out what there is, and decide what a rotation has to do next
version_added: 1.0.0
description:
  - A part of the role P(latchkey.tokens.rotate#role). It reads what the vars file holds, lists what the account has, asks the platform
    whether it takes the stored credential, and decides. It changes nothing.
  - There is no need to use it by itself, and its options may change with the role.
options:
  path:
    description: The vars file. Fails where there is none, and where it cannot be written. Not needed with O(only_leftovers) or O(warn).
    type: path
  var:
    description: Name of the variable that holds the credential. An empty value is none.
    type: str
    default: ""
  state_var:
    description:
      - Name of the variable that holds the state of the rotation. When not set, or where there is no such variable, there is no state yet.
        One that no version wrote is an error.
    type: str
  old_var:
    description: Name of the variable that holds the old credential, while there are two. When not set, it is not read.
    type: str
  client_id_var:
    description:
      - Name of the variable that holds the client id; read for secrets of service accounts. When empty, there is none. With V(replace), a
        stored credential without a client id is an error.
    type: str
    default: ""
  rescue_path:
    description: The rescue file, which V(in_place) reads and which need not be there. When not set, there is none.
    type: path
  state:
    description: The state of the rotation, with O(only_leftovers). When empty, there is none. One that no version wrote is an error.
    type: dict
    default: {}
  roles:
    description: As O(latchkey.tokens.rotate#role:main:rotate_roles).
    type: list
    elements: str
    default: []
  tag:
    description: Of the user's API tokens count only those with this tag, and those that the state names. When not set, all count.
    type: str
  force:
    description: As O(latchkey.tokens.rotate#role:main:rotate_force).
    type: bool
    default: false
  expires_in:
    description: As O(latchkey.tokens.rotate#role:main:rotate_expires_in). When not set, a new credential does not expire.
    type: str
  orphans:
    description: As O(latchkey.tokens.rotate#role:main:rotate_orphans).
    type: str
    choices: [fail, revoke, ignore]
    default: fail
  probes:
    description: As O(latchkey.tokens.access_check#module:probes). They are not sent, but one that is malformed is an error.
    type: list
    elements: dict
    suboptions:
      path:
        description: As O(latchkey.tokens.access_check#module:probes[].path).
        type: str
        required: true
      method:
        description: As O(latchkey.tokens.access_check#module:probes[].method).
        type: str
        choices: [GET, HEAD, POST]
        default: GET
      body:
        description: As O(latchkey.tokens.access_check#module:probes[].body).
        type: dict
      status:
        description: As O(latchkey.tokens.access_check#module:probes[].status).
        type: list
        elements: int
      expect:
        description: As O(latchkey.tokens.access_check#module:probes[].expect).
        type: str
  clusters:
    description: As O(latchkey.tokens.rotate#role:main:rotate_clusters). They are not asked, but one that is malformed is an error.
    type: list
    elements: dict
    default: []
  shared:
    description: Whether the vars file is published, so that a run on another machine may be at work on a copy of it.
    type: bool
    default: false
  only_leftovers:
    description: Only lists, and tells what of it an interrupted rotation with O(state) left.
    type: bool
    default: false
  warn:
    description: Only warns of this, and asks nothing. When not set or empty, it plans.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._rotation
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.rotation
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Plan, as the role does
  latchkey.tokens.rotation_plan:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    account: local:svc-backup
    path: group_vars/all/vault.yml
    var: qumulo_token
    state_var: qumulo_token_rotation
  register: planned
"""

RETURN = r"""
plan:
  description: What to do.
  returned: unless O(only_leftovers) or O(warn) is set
  type: dict
  sample: {"rotate": true, "reason": "it expires in 3 d 4 h"}
account_id:
  description: The account's id; V(null) for secrets of service accounts.
  returned: unless O(warn) is set
  type: str
  sample: "1002"
accounts:
  description: Service accounts, as M(latchkey.tokens.service_account_info) returns them; empty for tokens.
  returned: unless O(warn) is set
  type: list
  elements: dict
  sample: []
file:
  description: What the vars file holds, as M(latchkey.tokens.vault_vars_info) returns it. Where it holds a secret, that is not shown.
  returned: unless O(only_leftovers) or O(warn) is set
  type: dict
  sample: {"path": "/srv/plays/group_vars/all/vault.yml", "exists": true, "writable": true}
rescue:
  description: What the rescue file holds, in the same way; empty where it was not read.
  returned: unless O(only_leftovers) or O(warn) is set
  type: dict
  sample: {}
leftovers:
  description: Ids of what an interrupted rotation made and nobody knows the secret of.
  returned: when O(only_leftovers) is set
  type: list
  elements: str
  sample: []
check_mode:
  description: Whether the task ran in check mode.
  returned: unless O(only_leftovers) or O(warn) is set
  type: bool
  sample: false
"""
