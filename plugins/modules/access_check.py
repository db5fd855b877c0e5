#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_check: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_check
short_description: Prove that a credential works, whose it is and what it may do
version_added: 0.1.0
description:
  - Asks the platform whom it takes the caller for, compares that with what is expected, and sends probes.
  - Fails when the credential is refused, is another account's or another token, or when a probe is not answered as expected. Changes
    nothing.
options:
  expect_account:
    description:
      - The account that the credential must speak for, by name, V(local:name) or V(auth_id:1002). An empty string is an error.
    type: str
  expect_account_id:
    description:
      - The platform's id of the account that the credential must speak for. An empty string is an error.
    type: str
  expect_token_id:
    description:
      - The id that the credential must have. Qumulo Core tells it for access tokens. An empty string is an error.
    type: str
  probes:
    description:
      - Requests to send with the credential, and what their answers must be.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the API, beginning with a slash; a query may follow it.
        type: str
        required: true
      method:
        description:
          - The HTTP method. V(POST) is for platforms that read with it; such a probe is not sent in check mode.
        type: str
        choices: [GET, HEAD, POST]
        default: GET
      body:
        description:
          - JSON to send with V(POST).
        type: dict
      status:
        description:
          - The HTTP statuses that are right; V(200) when not set. With V(403) a probe proves that something is not allowed.
        type: list
        elements: int
      expect:
        description:
          - A JMESPath expression over the answer's JSON that must find something true, that is, not V(false), V(null) or empty.
        type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: The token works, is the right one, and may not administer users
  latchkey.tokens.access_check:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_token }}"
    expect_account: svc-backup
    probes:
      - path: /v1/session/who-am-i
        expect: "name=='svc-backup'"
      - path: /v1/users/
        status: [403]
"""

RETURN = r"""
account:
  description: Name of the account that the credential speaks for.
  returned: success
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: success
  type: str
  sample: "1002"
token_id:
  description: Id of the token in use; V(null) for a session, or where the platform does not tell.
  returned: success
  type: str
  sample: "3421890012345678901234"
privileges:
  description: What the credential may do, in the platform's words; V(null) where the platform does not tell.
  returned: success
  type: list
  elements: str
  sample: [PRIVILEGE_IDENTITY_READ]
probes:
  description: The probes that were sent.
  returned: success
  type: list
  elements: dict
  sample: [{"method": "GET", "path": "/v1/session/who-am-i", "status": 200}]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_check import ACCESS_CHECK


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_CHECK)


if __name__ == "__main__":
    main()
