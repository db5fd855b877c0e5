#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_token_info: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token_info
short_description: List access tokens, without their secrets
version_added: 0.1.0
description:
  - Lists the access tokens of one account, or of all accounts that the caller may see; expired and disabled ones too.
options:
  user:
    description:
      - Whose tokens to list. All that the caller may see when not set; an empty string is an error. Written as for
        M(latchkey.tokens.access_token).
    type: str
  token_id:
    description:
      - The one token to look for. The list is empty when there is no such token. An empty string is an error.
    type: str
  query:
    description:
      - A JMESPath expression over the list of tokens, whose result is returned in its place.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
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
        - Id of the token. A string, since it may have more digits than any number type keeps.
      returned: always
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
      returned: always
      type: str
      sample: "2026-11-23T08:12:31.123456Z"
    expires_at:
      description: When the token expires, ISO 8601 in UTC; V(null) when it never does.
      returned: always
      type: str
      sample: "2026-12-23T08:12:31Z"
    expires_in:
      description: Seconds left until then; V(null) when it never expires.
      returned: always
      type: int
      sample: 2591999
    enabled:
      description: Whether the token is switched on.
      returned: always
      type: bool
      sample: true
    live:
      description: Whether the token can be used now, that is, it is switched on and has not expired.
      returned: always
      type: bool
      sample: true
    creator:
      description: Who made the token, where the platform tells.
      returned: always
      type: str
      sample: admin
account:
  description: Name of the account whose tokens these are.
  returned: when O(user) was set
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: when O(user) was set
  type: str
  sample: "1002"
limit:
  description: How many tokens one account may have on this platform, expired and disabled ones included; V(null) for any number.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._info import ACCESS_TOKEN_INFO


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_TOKEN_INFO)


if __name__ == "__main__":
    main()
