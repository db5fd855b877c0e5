#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_token_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token_info
short_description: List access tokens, without their secrets
version_added: 1.0.0
description:
  - Lists access tokens, expired and disabled ones too.
  - On Qumulo Core these are the tokens of one account, or of all accounts that the caller may see.
  - On Rubrik CDM these are the sessions of one account, the caller's own when O(user) is not set. A session that the task opened for itself
    is among them. API tokens are left out; M(latchkey.tokens.api_token_info) lists those. A version that no longer lists sessions is an
    error that says so; that may be from 9.4 on.
  - Rubrik Security Cloud has no request that lists sessions, so this is an error there. To learn whose a token is and whether it works, use
    M(latchkey.tokens.access_check).
options:
  user:
    description:
      - Whose tokens to list. An empty string is an error, and so is an account that is not there. It excludes O(token_id). Written as for
        O(latchkey.tokens.access_token#module:user).
      - When not set, on Qumulo Core all that the caller may see, on Rubrik CDM the caller's own. On Rubrik CDM it takes an administrator to
        list those of another account.
    type: str
  token_id:
    description:
      - The one token to look for. The list is empty when there is no such token. An empty string is an error.
      - On Rubrik CDM it is looked for among the caller's own sessions and API tokens only. For another account's, use O(user) and O(query).
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
  - module: latchkey.tokens.access_token
  - module: latchkey.tokens.api_token_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Which tokens does the account have?
  latchkey.tokens.access_token_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup

- name: Ids of all tokens that never expire
  latchkey.tokens.access_token_info:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    query: "[?expires_at==null].token_id"

- name: How many of its ten sessions does the service account have on Rubrik CDM?
  latchkey.tokens.access_token_info:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    user: svc-report
    query: "length([?live])"
"""

RETURN = r"""
access_tokens:
  description: The tokens, sorted by account and id; with O(query), what that found in them.
  returned: success
  type: list
  elements: dict
  contains:
    token_id:
      description:
        - Id of the token. A string, since it may have more digits than any number type keeps. On Rubrik CDM the id of the session.
      returned: always
      type: str
      sample: "3421890012345678901234"
    account:
      description: Name of the account that the token speaks for. On Rubrik CDM, where O(user) was given as an id, that id.
      returned: always
      type: str
      sample: svc-backup
    account_id:
      description: The platform's id of that account.
      returned: always
      type: str
      sample: "1002"
    created_at:
      description: When the token was created, ISO 8601 in UTC; V(null) where Rubrik CDM does not tell.
      returned: always
      type: str
      sample: "2026-11-23T08:12:31.123456Z"
    expires_at:
      description: When the token expires, ISO 8601 in UTC; V(null) when it never does, or where Rubrik CDM does not tell.
      returned: always
      type: str
      sample: "2026-12-23T08:12:31Z"
    expires_in:
      description: Seconds left until then, 0 for an expired one; V(null) when it never expires, or where that is not known.
      returned: always
      type: int
      sample: 2591999
    lifetime:
      description: Seconds from when the token was created until it expires; V(null) when it never expires, or where either is not known.
      returned: always
      type: int
      sample: 2592000
    enabled:
      description: Whether the token is enabled. Always V(true) on Rubrik CDM.
      returned: always
      type: bool
      sample: true
    live:
      description: Whether the token can be used now, that is, it is enabled and has not expired.
      returned: always
      type: bool
      sample: true
    creator:
      description: Who created the token, where the platform tells. V(null) on Rubrik CDM.
      returned: always
      type: str
      sample: admin
    kind:
      description: V(session); V(api_token) for one that O(token_id) named.
      returned: on Rubrik CDM
      type: str
      sample: session
    tag:
      description: What the session is called.
      returned: on Rubrik CDM, where it has a tag
      type: str
      sample: nightly-report
    last_used_at:
      description: When the session was used last, ISO 8601 in UTC; V(null) when it never was, or where Rubrik CDM does not tell.
      returned: on Rubrik CDM
      type: str
      sample: "2026-11-23T09:00:02Z"
account:
  description: Name of the account whose tokens these are. On Rubrik CDM, where O(user) was given as an id, that id.
  returned: when O(user) was set
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: when O(user) was set
  type: str
  sample: "1002"
limit:
  description:
    - How many tokens one account may have, expired and disabled ones included. 2 on Qumulo Core; V(null) on Rubrik CDM, where only service
      accounts have a limit, which is not told (10 unless Rubrik's support raised it).
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.info import ACCESS_TOKEN_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_TOKEN_INFO)


if __name__ == "__main__":
    main()
