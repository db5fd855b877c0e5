#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module api_token: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_token
short_description: Keep a live API token on Rubrik CDM
version_added: 1.0.0
description:
  - Creates and revokes API tokens of Rubrik CDM. An API token is a long-lived session with a tag, its owner's name for it. It may do what
    its owner may do, apart from creating sessions, tokens, users and service accounts.
  - They can only be created for the calling user, who must have logged in with O(username) and O(password), and with O(totp_code) or
    O(totp_secret) where two-step verification is on. A service account and an API token are refused.
  - Rubrik CDM has API tokens from 5.0 on. On 9.4 they are deprecated and block the upgrade to 9.5.1, so O(state=present) warns. From 9.5.1
    on there are none, and O(state=present) fails; use a service account of Rubrik Security Cloud
    (M(latchkey.tokens.service_account) with V(rubrik_rsc)) and M(latchkey.tokens.access_token) instead.
  - An API token cannot be changed or prolonged. When one runs out, another one is created. M(latchkey.tokens.api_token_info) lists them.
  - A token's secret is told once, when it is created. A result that carries it is hidden from output and logs even without C(no_log).
    Register it and store it, for example with M(latchkey.tokens.vault_vars). C(async) is refused for that reason.
  - The request that creates a token is sent once. When its answer is lost, the task fails, looks whether a token was created, and names it
    in the error and in RV(created); the secret of such a token is lost, so revoke it with O(state=absent) and O(token_ids).
options:
  platform:
    description:
      - The platform to speak to. No other one has API tokens, so another value in C(module_defaults) is an error; set this option in the
        task then.
    type: str
    required: false
    choices: [rubrik_cdm]
    default: rubrik_cdm
  user:
    description:
      - Whose tokens these are, as a user name, V(User:::) with its id, or the id alone. The calling user when not set.
      - With O(state=present) it can only name the calling user; another user is an error before anything is created.
      - With O(state=absent) an administrator may name another user. A name that no user has is an error, and so is one that several have;
        the error then lists their ids.
      - This option, like the others here that take text, must not be empty. Leave it out, for example with C(default(omit, true)).
    type: str
  tag:
    description:
      - What the token is called. Needed for O(state=present), which leaves tokens with another tag alone. Tags are compared exactly.
      - At most 20 characters; a longer one is refused before anything is sent. A client of a Rubrik employee keeps 19 of them.
      - Tags are not unique on Rubrik CDM. With O(state=absent) all tokens of the user with this tag are revoked, or, with O(token_ids) too,
        those of them that it names.
    type: str
  state:
    description:
      - With V(present), the calling user has a live token with this O(tag), that is, one that has not expired and lives longer than
        O(min_remaining). When there is one, nothing changes and no secret is returned. Others with the same tag stay.
      - With V(absent), the tokens that O(tag) or O(token_ids) name are revoked; one of the two is required. What is gone already is fine.
        Log-in sessions are never touched; M(latchkey.tokens.session_revoke) ends those.
      - The token that the task itself authenticates with is revoked only when O(token_ids) names it; otherwise the task fails before it
        changes anything.
    type: str
    choices: [present, absent]
    default: present
  expires_in:
    description:
      - How long a new token lives, for example V(30d), V(12h), V(1d12h) or a number of seconds. At least one minute and at most 365 days,
        and longer than O(min_remaining). Seconds beyond whole minutes are cut off.
      - A token that exists keeps its expiry. No effect with O(state=absent).
      - When not set, Rubrik CDM gives it 60 minutes, so O(min_remaining) must be less.
    type: str
  additional:
    description:
      - Always creates another token with this O(tag), as a rotation does, so it is not idempotent. No effect with O(state=absent).
    type: bool
    default: false
  token_ids:
    description:
      - Ids of the tokens to revoke, for O(state=absent) only; an error otherwise. Write them in quotes. None of them may be empty.
      - B(An empty list counts as not set,) so with O(tag) all tokens of that tag are revoked. Leave out the task when there is none to
        revoke.
      - An id that is not one of the user's API tokens counts as gone.
    type: list
    elements: str
  min_remaining:
    description:
      - A token that lives no longer than this does not count as live, for example V(7d), so another one is created beside it. When not set,
        any time left will do. A token whose expiry Rubrik CDM does not tell counts as live. An empty string is an error.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
seealso:
  - module: latchkey.tokens.api_token_info
  - module: latchkey.tokens.access_token
    description: Tokens of 24 hours, also for service accounts.
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: A token for the nightly report, for 90 days; a new one once less than 14 are left
  latchkey.tokens.api_token:
    endpoint: rubrik.example.com
    username: reports
    password: "{{ rubrik_report_password }}"
    totp_secret: "{{ rubrik_report_totp_secret }}"
    tag: nightly-report
    expires_in: 90d
    min_remaining: 14d
  register: minted

- name: Store it, if it is new
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      rubrik_report_token: "{{ minted.token }}"
  when: minted.token is defined

- name: Revoke what is left of a project, as that user
  latchkey.tokens.api_token:
    endpoint: rubrik.example.com
    username: reports
    password: "{{ rubrik_report_password }}"
    totp_secret: "{{ rubrik_report_totp_secret }}"
    tag: migration-2026
    state: absent

- name: Revoke one token of a user who left, as an administrator
  latchkey.tokens.api_token:
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    user: jane
    token_ids:
      - 3f0a5c0e-6d1c-4a55-9f0b-0d6f4f6b7c21
    state: absent
"""

RETURN = r"""
token:
  description:
    - The API token, to be sent as a bearer token. It is told only now; the platform never tells it again.
    - A result that carries it is hidden from output, logs and callbacks, and can be registered and used.
  returned: when a token was created, not in check mode
  type: str
  sample: eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJzYW1wbGUifQ.bGF0Y2hrZXkgc2FtcGxl
token_id:
  description: Id of the token; V(null) in check mode for one that would be created.
  returned: when O(state=present)
  type: str
  sample: 3f0a5c0e-6d1c-4a55-9f0b-0d6f4f6b7c21
kind:
  description: What it is, always V(api_token).
  returned: when O(state=present)
  type: str
  sample: api_token
tag:
  description: What the token is called.
  returned: when O(state=present)
  type: str
  sample: nightly-report
account:
  description: Name of the user whose token it is.
  returned: success
  type: str
  sample: svc-report
account_id:
  description: The platform's id of that user.
  returned: success
  type: str
  sample: User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11
created_at:
  description: When the token was created, ISO 8601 in UTC; V(null) for one that exists where Rubrik CDM does not tell.
  returned: when O(state=present)
  type: str
  sample: "2026-11-23T08:12:31.123456Z"
expires_at:
  description:
    - When the token expires, ISO 8601 in UTC; V(null) where Rubrik CDM does not tell, and in check mode without O(expires_in).
  returned: when O(state=present)
  type: str
  sample: "2027-02-21T08:12:31Z"
expires_in:
  description: Seconds left until then; V(null) where that is not known.
  returned: when O(state=present)
  type: int
  sample: 7775999
lifetime:
  description: Seconds from when the token was created until it expires; V(null) where either is not known.
  returned: when O(state=present)
  type: int
  sample: 7776000
last_used_at:
  description: When the token was used last, ISO 8601 in UTC; V(null) when it never was, or where Rubrik CDM does not tell.
  returned: when O(state=present)
  type: str
  sample: "2026-11-24T02:00:05Z"
enabled:
  description: Always V(true), since Rubrik CDM cannot disable a token.
  returned: when O(state=present)
  type: bool
  sample: true
live:
  description: Whether the token can be used now, that is, it has not expired.
  returned: when O(state=present)
  type: bool
  sample: true
creator:
  description: Always V(null); a user creates only the user's own.
  returned: when O(state=present)
  type: str
  sample: null
revoked:
  description: Ids of the tokens that were revoked, or would be in check mode.
  returned: when O(state=absent)
  type: list
  elements: str
  sample: [3f0a5c0e-6d1c-4a55-9f0b-0d6f4f6b7c21]
created:
  description: Ids of tokens that were created although the answer was lost. Their secrets are lost; revoke them.
  returned: when the task failed like that
  type: list
  elements: str
  sample: [3f0a5c0e-6d1c-4a55-9f0b-0d6f4f6b7c21]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.api_token import API_TOKEN


def main() -> None:
    """Run as an ordinary module."""
    run_module(API_TOKEN)


if __name__ == "__main__":
    main()
