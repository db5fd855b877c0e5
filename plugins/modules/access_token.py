#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_token: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token
short_description: Keep a live access token for an account
version_added: 0.1.0
description:
  - Makes, changes and revokes the access tokens of one account. A live token is one that is switched on and has not expired.
  - On Qumulo Core an account has at most two access tokens, expired and disabled ones included. A third is refused before anything is
    sent, and the error names the two.
  - A token's secret is told once, when it is made. A result that carries it is hidden from output and logs even without C(no_log).
    Register it and store it, for example with M(latchkey.tokens.vault_vars).
options:
  user:
    description:
      - Whose token it is. The calling account when not set; O(state=absent) needs O(user) or O(token_id).
      - This option, like the others here that take text, must not be empty. Leave it out, for example with C(default(omit, true)).
      - On Qumulo Core one of V(jane), V(local:jane), V(ad:jane), V(AD\\jane), V(jane@example.com), V(ldap_user:jane), V(auth_id:1002),
        V(uid:1001), a SID, or V(name:...) for a name that looks like one of these. A bare number is a name.
    type: str
  state:
    description:
      - With V(present), the account has a live token. When it has one that fits, nothing changes and no secret is returned.
      - With V(absent), the token named by O(token_id) is revoked, or all tokens of O(user); one of the two is required. The token that
        the task itself authenticates with is revoked only when O(token_id) names it; otherwise the task fails before it changes
        anything.
    type: str
    choices: [present, absent]
    default: present
  token_id:
    description:
      - The one token to change or revoke. It must exist for O(state=present), and belong to O(user) when both are set.
      - Write it in quotes. It has more digits than a number keeps.
    type: str
  expires_in:
    description:
      - How long a token lives from when it is made, for example V(30d), V(12h), V(1d12h) or a number of seconds. At least a minute.
      - A token that exists keeps its expiry. Only with O(token_id), and once no more than O(min_remaining) is left, it is moved
        forward; that also revives an expired token.
      - Without O(expires_in) and O(expires_at) a new token never expires.
    type: str
  expires_at:
    description:
      - When the token expires, in ISO 8601 with a zone, for example V(2027-01-31T12:00:00Z). A time without a zone is an error, and so
        is one in the past.
      - A token that exists is changed to this expiry. Fractions of a second do not count.
    type: str
  enabled:
    description:
      - Whether the token is switched on. A token that is switched off is refused until it is switched on again.
      - When the account has two tokens that both would need the change, O(token_id) must say which is meant.
      - The token that the task itself authenticates with is switched off only when O(token_id) names it.
    type: bool
  additional:
    description:
      - Asks for one token more than there are, whatever exists, for a rotation. Each run makes one, so this is not idempotent.
    type: bool
    default: false
  current:
    description:
      - The secret of the token that is in use. When it works, is O(user)'s and lives for O(min_remaining), nothing changes; otherwise
        another one is made.
    type: str
  min_remaining:
    description:
      - A token that lives no longer than this does not count as live, for example V(7d). When not set, any time left will do.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: A token for the backup scripts, for 30 days
  latchkey.tokens.access_token:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    user: local:svc-backup
    expires_in: 30d
  register: minted

- name: Store it, if it is new
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      qumulo_token: "{{ minted.token }}"
  when: minted.token is defined

- name: Switch one token off
  latchkey.tokens.access_token:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    token_id: "3421890012345678901234"
    enabled: false

- name: Revoke all tokens of an account
  latchkey.tokens.access_token:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup
    state: absent
"""

RETURN = r"""
token:
  description:
    - The bearer token. It is told only now; the platform never tells it again.
    - A result that carries it is hidden from output, logs and callbacks, and can be registered and used.
  returned: when a token was made, not in check mode
  type: str
  sample: access-v1:bGF0Y2hrZXkgc2FtcGxl
token_id:
  description:
    - Id of the token. A string, since it may have more digits than any number type keeps.
    - V(null) in check mode for a token that would be made.
  returned: when there is a token
  type: str
  sample: "3421890012345678901234"
account:
  description: Name of the account that the token speaks for.
  returned: always
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: always
  type: str
  sample: "1002"
created_at:
  description: When the token was made, ISO 8601 in UTC.
  returned: when there is a token
  type: str
  sample: "2026-11-23T08:12:31.123456Z"
expires_at:
  description: When the token expires, ISO 8601 in UTC; V(null) when it never does.
  returned: when there is a token
  type: str
  sample: "2026-12-23T08:12:31Z"
expires_in:
  description: Seconds left until then; V(null) when it never expires.
  returned: when there is a token
  type: int
  sample: 2591999
enabled:
  description: Whether the token is switched on.
  returned: when there is a token
  type: bool
  sample: true
live:
  description: Whether the token can be used now, that is, it is switched on and has not expired.
  returned: when there is a token
  type: bool
  sample: true
creator:
  description: Who made the token, where the platform tells.
  returned: when there is a token
  type: str
  sample: admin
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_token import ACCESS_TOKEN


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_TOKEN)


if __name__ == "__main__":
    main()
