# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation_prove, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_prove
short_description: Prove that a vars file holds a credential that works, and the right one
version_added: 1.0.0
description:
  - A part of the role P(latchkey.tokens.rotate#role), which calls it between storing a new credential and retiring the old one. It reads
    the credential back from the vars file, decrypted, and checks access with it. It changes nothing.
  - There is no need to use it by itself, and its options may change with the role.
  - A result with the credential in it is hidden from output and logs even without C(no_log), and can be registered.
options:
  path:
    description: The vars file. A relative path is beside the playbook.
    type: path
    required: true
  var:
    description: Name of the variable that holds the credential. Fails where it is not there, or empty.
    type: str
    required: true
  client_id_var:
    description: Name of the variable that holds the client id, for secrets. Without one, it is O(expect_account_id).
    type: str
    default: ""
  expect_account_id:
    description: The platform's id of the account that the credential must speak for.
    type: str
    required: true
  expect_token_id:
    description: The id that a token must have, where the platform tells. When not set or empty, any.
    type: str
  probes:
    description: As O(latchkey.tokens.access_check#module:probes).
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
    description: As O(latchkey.tokens.rotate#role:main:rotate_clusters).
    type: list
    elements: dict
    default: []
  new:
    description: Id and times of the credential that is now in use; asks for the RV(state) to keep. When not set or empty, there is none.
    type: dict
  old_id:
    description: Id of the credential before it. Not set or empty when there was none.
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
- name: Who is the caller?
  latchkey.tokens.access_check:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ minted.token }}"
  register: caller

- name: Prove what is in the vars file, as the role does
  latchkey.tokens.rotation_prove:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ minted.token }}"
    path: group_vars/all/vault.yml
    var: qumulo_token
    expect_account_id: "{{ caller.account_id }}"
  register: proof
"""

RETURN = r"""
account_id:
  description: The id of the account that the credential speaks for.
  returned: success
  type: str
  sample: "1002"
token_id:
  description: The token's id; V(null) where the platform does not tell.
  returned: success
  type: str
  sample: "3421890012345678901234"
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/playbooks/group_vars/all/vault.yml
vars:
  description: What was read back, decrypted, by name.
  returned: success
  type: dict
  sample: {"qumulo_token": "access-v1:bGF0Y2hrZXkgc2FtcGxl"}
fingerprints:
  description: A fingerprint of what is stored for each name, for O(latchkey.tokens.vault_vars#module:expect).
  returned: success
  type: dict
  sample: {"qumulo_token": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}
state:
  description: The state to keep in the vars file, while the old credential is still to be retired.
  returned: when O(new) is set
  type: dict
  sample: {"stage": "current", "current": {"id": "3421890012345678901234"}}
state_when_retired:
  description: The state to keep once the old credential is retired.
  returned: when O(new) is set
  type: dict
  sample: {"stage": "current", "current": {"id": "3421890012345678901234"}}
next_due:
  description: When the rotation is due next; V(null) when only force brings one.
  returned: when O(new) is set
  type: str
  sample: "2026-12-16T08:12:31Z"
"""
