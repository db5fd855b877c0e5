#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module api_token_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_token_info
short_description: List API tokens of Rubrik CDM, without their secrets
version_added: 1.0.0
description:
  - Lists the API tokens of one user of Rubrik CDM, expired ones too. Log-in sessions, which have no tag, are left out;
    M(latchkey.tokens.access_token_info) lists those.
  - Works with any authentication method. A version that no longer lists sessions is an error that says so; that may be from 9.4 on.
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
      - Whose tokens to list. The calling user's own when not set; an administrator may name another user. Written as for
        O(latchkey.tokens.api_token#module:user). An empty string is an error, and so is a name that no user has.
    type: str
  tag:
    description:
      - Only tokens with exactly this tag. The list is empty when there is none. An empty string is an error.
    type: str
  query:
    description:
      - A JMESPath expression over the list of tokens, whose result is returned in its place. An empty string is an error.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
seealso:
  - module: latchkey.tokens.api_token
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: When does my token for the nightly report expire?
  latchkey.tokens.api_token_info:
    endpoint: rubrik.example.com
    token: "{{ rubrik_report_token }}"
    tag: nightly-report

- name: What has to go before the upgrade to 9.5.1?
  latchkey.tokens.api_token_info:
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    user: "{{ item }}"
    query: "[].{id: token_id, tag: tag, expires_at: expires_at}"
  loop:
    - reports
    - jane
"""

RETURN = r"""
api_tokens:
  description: The tokens, sorted by tag and id; with O(query), what that found in them.
  returned: success
  type: list
  elements: dict
  contains:
    token_id:
      description: Id of the token.
      returned: always
      type: str
      sample: 3f0a5c0e-6d1c-4a55-9f0b-0d6f4f6b7c21
    kind:
      description: What it is, always V(api_token).
      returned: always
      type: str
      sample: api_token
    tag:
      description: What the token is called. Several may have the same tag.
      returned: always
      type: str
      sample: nightly-report
    account:
      description: Name of the user whose token it is.
      returned: always
      type: str
      sample: svc-report
    account_id:
      description: The platform's id of that user.
      returned: always
      type: str
      sample: User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11
    created_at:
      description: When the token was created, ISO 8601 in UTC; V(null) where Rubrik CDM does not tell.
      returned: always
      type: str
      sample: "2026-11-23T08:12:31.123Z"
    expires_at:
      description: When the token expires, ISO 8601 in UTC; V(null) where Rubrik CDM does not tell.
      returned: always
      type: str
      sample: "2027-02-21T08:12:31Z"
    expires_in:
      description: Seconds left until then, 0 for an expired one; V(null) where that is not known.
      returned: always
      type: int
      sample: 7775999
    lifetime:
      description: Seconds from when the token was created until it expires; V(null)  where either is not known.
      returned: always
      type: int
      sample: 7776000
    last_used_at:
      description: When the token was used last, ISO 8601 in UTC; V(null) when it never was, or where Rubrik CDM does not tell.
      returned: always
      type: str
      sample: "2026-11-24T02:00:05Z"
    enabled:
      description: Always V(true), since Rubrik CDM cannot disable a token.
      returned: always
      type: bool
      sample: true
    live:
      description: Whether the token can be used now, that is, it has not expired.
      returned: always
      type: bool
      sample: true
    creator:
      description: Always V(null); a user creates only the user's own.
      returned: always
      type: str
      sample: null
account:
  description: Name of the user whose tokens these are. Where O(user) was given as an id, that id.
  returned: success
  type: str
  sample: svc-report
account_id:
  description: The platform's id of that user.
  returned: success
  type: str
  sample: User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import API_TOKEN_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(API_TOKEN_INFO)


if __name__ == "__main__":
    main()
