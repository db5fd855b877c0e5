#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module session_revoke: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_revoke
short_description: End sessions and revoke tokens by id, account, age or query
version_added: 0.1.0
description:
  - Makes sure that named sessions or tokens are gone. What is gone already is fine, and no change.
  - On Qumulo Core an access token is deleted through its own id. A session that came from a password cannot be revoked there, since
    the API has no logout; the task then warns, changes nothing and does not fail.
options:
  target:
    description:
      - V(self) is the credential that the task authenticates with. V(ids) are those in O(ids). V(account) are those of O(account).
      - May be left out when O(ids) or O(account) says it.
    type: str
    choices: [self, ids, account]
  ids:
    description:
      - Ids of the tokens or sessions to end. Write them in quotes. None of them may be empty.
      - This is the way to revoke the very token that the task uses by its id; that happens only when it is named.
    type: list
    elements: str
  account:
    description:
      - The account whose tokens or sessions to end, written like O(latchkey.tokens.access_token#module:user).
      - The token that the task itself uses is spared, with a warning.
    type: str
  older_than:
    description:
      - Only those that were made at least so long ago, for example V(2h). With O(account).
    type: str
  query:
    description:
      - A JMESPath expression over the list of the account's tokens, in the form that M(latchkey.tokens.access_token_info) returns; it
        must return a list of them, or of their ids. Only those are ended. With O(account).
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
requirements:
  - jmespath, where the task runs, for O(query)
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: End what this play logged in with
  latchkey.tokens.session_revoke:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ minted.token }}"
    target: self

- name: Revoke two tokens by their ids
  latchkey.tokens.session_revoke:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    ids:
      - "3421890012345678901234"
      - "8823411200990012349999"

- name: Revoke what leaked from a killed job, older than two hours
  latchkey.tokens.session_revoke:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    account: local:svc-backup
    older_than: 2h
    query: "[?expires_at!=null]"
"""

RETURN = r"""
revoked:
  description: Ids of what was revoked, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["3421890012345678901234"]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._session_revoke import SESSION_REVOKE


def main() -> None:
    """Run as an ordinary module."""
    run_module(SESSION_REVOKE)


if __name__ == "__main__":
    main()
