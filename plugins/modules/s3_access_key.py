#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module s3_access_key: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access_key
short_description: Keep an S3 access key for an account of Qumulo Core
version_added: 1.1.0
description:
  - Creates and deletes the access keys with which S3 clients sign their requests to a Qumulo Core cluster. A key is a pair of an id and a
    secret. It never expires, and it cannot be disabled, so every key that exists works.
  - An account has at most two. A third is refused before anything is sent, and the error names the two.
  - On Rubrik CDM and Rubrik Security Cloud, which have no such keys, it is an error.
  - The secret of a key is told once, when the key is created. A result that carries it is hidden from output and logs even without
    C(no_log). Register it and store it, for example with M(latchkey.tokens.vault_vars). C(async) is refused for that reason.
  - The request that creates a key is sent once. When its answer is lost, the task fails and says that a key may have been created whose
    secret is lost.
  - To replace a stored key by a new one without a failed request of its users, use the role P(latchkey.tokens.rotate#role) with
    O(latchkey.tokens.rotate#role:main:rotate_credential=s3_access_key).
options:
  user:
    description:
      - Whose key it is, written as for O(latchkey.tokens.access_token#module:user). The calling account when not set; O(state=absent) needs
        O(user) or O(access_key_id). An account that is not there is an error, with O(state=absent) too, and so is an empty string.
      - An account manages its own keys without a right from Core 7.2.3.1 on. For other accounts it takes C(PRIVILEGE_S3_CREDENTIALS_READ)
        and C(PRIVILEGE_S3_CREDENTIALS_WRITE), or C(PRIVILEGE_S3_BUCKETS_READ) and C(PRIVILEGE_S3_BUCKETS_WRITE); the vendor's guides do not
        agree which, so the error that names a missing one is what counts.
    type: str
  state:
    description:
      - With V(present), the account has a key. When it has one, nothing changes, no secret is returned, and the result is about the key
        that was created last.
      - With V(absent), the key named by O(access_key_id) is deleted, or all keys of O(user); one of the two is required. What is gone
        already is fine. It is revoked at once.
    type: str
    choices: [present, absent]
    default: present
  access_key_id:
    description:
      - The one key that is meant. It must exist for O(state=present). It excludes O(additional), and an empty string is an error.
      - With O(user), it is looked for among the keys of that account only. Without O(user), among all keys, or the caller's own where the
        caller may not list all; one that is not among those is an error then, since it may be another account's.
    type: str
  additional:
    description:
      - Asks for one key more than there are, for a rotation. Each run creates one, so this is not idempotent. An error with
        O(state=absent).
    type: bool
    default: false
  delete_last:
    description:
      - Whether the last key of the account may be deleted, with O(state=absent). When not, a task that would leave the account without a
        key fails before it changes anything. An error with O(state=present).
    type: bool
    default: false
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
seealso:
  - module: latchkey.tokens.s3_access_key_info
  - module: latchkey.tokens.service_account
  - module: latchkey.tokens.vault_vars
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: A key for the backup program
  latchkey.tokens.s3_access_key:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup
  register: created

- name: Store it, if it is new
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      s3_secret_access_key: "{{ created.secret_access_key }}"
    plain_vars:
      s3_access_key_id: "{{ created.access_key_id }}"
  when: created.secret_access_key is defined

- name: Delete one key that is not in use any more
  latchkey.tokens.s3_access_key:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup
    access_key_id: 00000000000003ea8527
    state: absent

- name: Delete all keys of an account whose program is gone
  latchkey.tokens.s3_access_key:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup
    state: absent
    delete_last: true
"""

RETURN = r"""
secret_access_key:
  description:
    - The secret of the key. It is told only now; the platform never tells it again.
    - A result that carries it is hidden from output, logs and callbacks, and can be registered and used.
  returned: when a key was created, not in check mode
  type: str
  sample: bGF0Y2hrZXkgc2FtcGxlLCBub3QgYSBzZWNyZXQ
access_key_id:
  description: Id of the key; V(null) in check mode for a key that would be created.
  returned: when O(state=present)
  type: str
  sample: 00000000000003ea8527
account:
  description: Name of the account that requests with the key speak for.
  returned: when it is known; with O(state=absent) and no O(user), a key that is gone tells no account
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: when it is known
  type: str
  sample: "1002"
created_at:
  description: When the key was created, ISO 8601 in UTC.
  returned: when O(state=present)
  type: str
  sample: "2026-11-23T08:12:31.123456Z"
deleted:
  description: Ids of the keys that were deleted, or would be in check mode.
  returned: when O(state=absent)
  type: list
  elements: str
  sample: ["00000000000003ea8527"]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.s3_access_key import S3_ACCESS_KEY


def main() -> None:
    """Run as an ordinary module."""
    run_module(S3_ACCESS_KEY)


if __name__ == "__main__":
    main()
