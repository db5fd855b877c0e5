#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_check: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_check
short_description: Prove that a credential works, whose it is and what it may do
version_added: 1.0.0
description:
  - Asks the platform whom it takes the caller for, compares that with what is expected, and sends probes.
  - Fails when the credential is refused, is another account's or another token, or when a probe is not answered as expected. Changes
    nothing.
  - With O(client_id) and O(client_secret), O(service_account_file), or O(username) and O(password) it proves that these log in. The session
    that it opens on Rubrik for that ends with the task.
  - A version of Rubrik CDM that cannot identify the caller, perhaps from 9.4 on, is asked for something that only a live credential is
    answered; whose it is then comes from the log-in or from the token itself, and the task fails where neither tells.
options:
  expect_account:
    description:
      - The account that the credential must speak for. An empty string is an error.
      - On Qumulo Core its name, V(local:name) or V(auth_id:1002). On Rubrik CDM its name, V(User:::) with its id, that id alone, or
        V(client|) with the id of an account that Rubrik Security Cloud manages. On Rubrik Security Cloud V(client|) with its id, that id
        alone, or its name.
      - Where Rubrik does not tell the caller its name, the name is looked up, which needs the right to list accounts. Use the id without
        that right.
    type: str
  expect_account_id:
    description:
      - The platform's id of the account that the credential must speak for, exactly as in RV(account_id). An empty string is an error.
    type: str
  expect_token_id:
    description:
      - The id that the credential must have. An empty string is an error.
      - Qumulo Core tells it for access tokens. On Rubrik it is the id of the session, as M(latchkey.tokens.access_token) returned it; that
        of a session which the task opens for itself is new each time.
    type: str
  probes:
    description:
      - Requests to send with the credential, and what their answers must be. They are sent in order; the first that is not answered as
        expected fails the task. With an empty list, none is sent.
      - Paths that are open to all prove nothing, so they are refused when there are no others. These are C(/v1/version) on
        Qumulo Core, and C(/api/v1/cluster/me), C(/api/v1/cluster/me/version) and C(/api/v1/cluster/me/api_version) on Rubrik CDM.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the API from the host's root on, beginning with one slash; a query may follow it. C(/api/graphql) on Rubrik Security
            Cloud.
        type: str
        required: true
      method:
        description:
          - The HTTP method. V(POST) is for platforms that read with it, as GraphQL does; such a probe is not sent in check mode. The module
            does not look at what it would change.
        type: str
        choices: [GET, HEAD, POST]
        default: GET
      body:
        description:
          - JSON to send with V(POST). With another method it has no effect. For GraphQL a dictionary with C(query), and C(variables) where
            it has some.
        type: dict
      status:
        description:
          - The HTTP statuses that are right; V(200) when not set or an empty list. With V(403) a probe proves that something is not
            allowed.
          - Rubrik Security Cloud tells GraphQL errors in an answer with HTTP 200. The code of the first error counts as the status then,
            and 500 where it has no code.
        type: list
        elements: int
      expect:
        description:
          - A JMESPath expression over the answer's JSON that must find something true, that is, not V(false), V(null) or empty; a
            number is true, V(0) too. An empty expression is an error, and so is one that is not JMESPath. Of an answer without
            JSON, such as any to V(HEAD), it sees V(null).
        type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes.info
seealso:
  - module: latchkey.tokens.access_token
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

- name: The service account logs in to Rubrik CDM, is the right one and may look at roles
  latchkey.tokens.access_check:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    client_id: "{{ rubrik_client_id }}"
    client_secret: "{{ rubrik_client_secret }}"
    expect_account: svc-report
    probes:
      - path: /api/v1/role?limit=1
        expect: data

- name: The new secret logs in to Rubrik Security Cloud, and may not look at service accounts
  latchkey.tokens.access_check:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/svc-report.json
    expect_account: "{{ rsc_report_client_id }}"
    probes:
      - path: /api/graphql
        method: POST
        body:
          query: "query { deploymentVersion }"
        expect: data.deploymentVersion
      - path: /api/graphql
        method: POST
        body:
          query: "query { serviceAccounts(first: 1) { count } }"
        status: [403]
"""

RETURN = r"""
account:
  description: Name of the account that the credential speaks for; its id where Rubrik tells no name.
  returned: success
  type: str
  sample: svc-backup
account_id:
  description: The platform's id of that account.
  returned: success
  type: str
  sample: "1002"
token_id:
  description: Id of the token or session in use; V(null) for a session of Qumulo Core, or where the platform does not tell.
  returned: success
  type: str
  sample: "3421890012345678901234"
roles:
  description: Names of the roles that the account holds, sorted; V(null) where the platform does not tell, as Qumulo Core.
  returned: success
  type: list
  elements: str
  sample: [Backup Operator]
privileges:
  description: What the credential may do, in the platform's words; V(null) where the platform does not tell, as on Rubrik.
  returned: success
  type: list
  elements: str
  sample: [PRIVILEGE_IDENTITY_READ]
probes:
  description: The probes that were sent. One that check mode left out has C(skipped) in place of C(status).
  returned: success
  type: list
  elements: dict
  sample: [{"method": "GET", "path": "/v1/session/who-am-i", "status": 200}]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import ACCESS_CHECK


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_CHECK)


if __name__ == "__main__":
    main()
