# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation_plan, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_plan
short_description: Decide what a rotation has to do next
version_added: 1.0.0
description:
  - A part of the role P(latchkey.tokens.rotate#role), which calls it with what it found. It sends nothing and changes nothing.
  - There is no need to use it by itself, and its options may change with the role.
options:
  kind:
    description: What is rotated; V(in_place) and V(replace) are the two ways to rotate the secret of a service account.
    type: str
    choices: [access_token, api_token, in_place, replace]
    default: access_token
  account:
    description: Name of the account to rotate.
    type: str
    default: ""
  state:
    description: The state of the rotation, from the vars file.
    type: dict
    default: {}
  has_value:
    description: Whether a credential is stored.
    type: bool
    default: false
  works:
    description: Whether the platform takes the stored credential.
    type: bool
    default: false
  has_rescue:
    description: Whether an earlier run left a rescue file.
    type: bool
    default: false
  rescue_works:
    description: Whether the platform takes the secret in it.
    type: bool
    default: false
  value_id:
    description: The stored credential's id, where the platform tells.
    type: str
  value_account:
    description: Id and name of the account that the stored credential is of.
    type: dict
  account_id:
    description: Id of the account to rotate.
    type: str
  tokens:
    description: The account's credentials, as M(latchkey.tokens.access_token_info) returns them.
    type: list
    elements: dict
    default: []
  tag:
    description: Of O(tokens) count only those with this tag, and those that the state or O(value_id) names.
    type: str
  accounts:
    description: Service accounts, as M(latchkey.tokens.service_account_info) returns them.
    type: list
    elements: dict
    default: []
  limit:
    description: How many the account may have.
    type: int
  force:
    description: As O(latchkey.tokens.rotate#role:main:rotate_force).
    type: bool
    default: false
  when_remaining:
    description: As O(latchkey.tokens.rotate#role:main:rotate_when_remaining).
    type: str
    default: 7d
  max_age:
    description: As O(latchkey.tokens.rotate#role:main:rotate_max_age).
    type: str
  expires_in:
    description: As O(latchkey.tokens.rotate#role:main:rotate_expires_in).
    type: str
  orphans:
    description: As O(latchkey.tokens.rotate#role:main:rotate_orphans).
    type: str
    choices: [fail, revoke, ignore]
    default: fail
  retire:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire).
    type: str
    choices: [delete, disable]
    default: delete
  retire_after:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire_after).
    type: str
  new:
    description: Id and times of the credential that is now in use; asks for the settled RV(state) in place of a plan.
    type: dict
  old_id:
    description: Id of the credential before it.
    type: str
  warn:
    description: Only warns of this.
    type: str
  sync_timeout:
    description: As O(latchkey.tokens.rotate#role:main:rotate_sync_timeout); asks for RV(retries) and RV(delay) in place of a plan.
    type: str
  shared:
    description: Whether the vars file is published, so that a run on another machine may be at work on a copy of it.
    type: bool
    default: false
extends_documentation_fragment:
  - latchkey.tokens._attributes.controller_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Plan, as the role does
  latchkey.tokens.rotation_plan:
    has_value: true
    works: true
    value_id: "3421890012345678901234"
    account_id: "1002"
    tokens: "{{ listed.access_tokens }}"
    limit: 2
  register: planned
"""

RETURN = r"""
plan:
  description: What to do.
  returned: unless O(new) or O(warn) is set
  type: dict
  sample: {"rotate": true, "reason": "it expires in 3 d 4 h"}
leftovers:
  description: Ids of what an interrupted rotation made and nobody knows the secret of.
  returned: unless O(new) or O(warn) is set
  type: list
  elements: str
  sample: []
check_mode:
  description: Whether the task ran in check mode.
  returned: unless O(new), O(warn) or O(sync_timeout) is set
  type: bool
  sample: false
state:
  description: The state to keep in the vars file after a rotation, while the old credential is still to be retired.
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
retries:
  description: How often to look whether a new secret is known.
  returned: when O(sync_timeout) is set
  type: int
  sample: 30
delay:
  description: Seconds between two looks.
  returned: when O(sync_timeout) is set
  type: int
  sample: 10
"""
