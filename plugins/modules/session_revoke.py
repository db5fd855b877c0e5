#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module session_revoke: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_revoke
short_description: End sessions and revoke tokens by id, account, age or query
version_added: 1.0.0
description:
  - Makes sure that named sessions or tokens are gone. What is gone already is fine, and no change where the platform tells it.
  - On Qumulo Core an access token is deleted through its own id. A session that came from a password cannot be revoked there, since
    the API has no logout; the task then warns, changes nothing and does not fail.
  - On Rubrik CDM sessions are ended by id or by account, and an API token when O(ids) names it. It takes an administrator to end those of
    another account. This is the cure when a service account has used up its ten sessions.
  - On Rubrik Security Cloud a token can only end itself, so O(target=self) is all that there is; the others are errors. Other sessions end
    by themselves after at most 24 hours.
options:
  target:
    description:
      - V(self) is the O(token) that the task authenticates with. V(ids) are those in O(ids). V(account) are those of O(account).
      - May be left out when O(ids) or O(account) says it. O(ids) with O(account) means V(ids), and says whose they are. With none of the
        three, the task fails. With V(self), O(ids) and O(account) are errors, and so is O(ids) with V(account).
      - With V(self), a token that is refused counts as gone, with a warning. Without O(token) there is nothing to end but the session that
        the task opened for itself and that ends with it, so the task warns and changes nothing.
      - With V(self) on Rubrik CDM, an API token is refused, since ending its session would delete it; so is a token of which the cluster
        does not tell whether it is one. Name it with O(ids), or use M(latchkey.tokens.api_token), if it shall go.
      - With V(self) on Rubrik CDM 8.0, a service account without the Administrator role may not end its own session. The task then warns
        and changes nothing; the session keeps one of the account's ten slots until its 24 hours are over.
    type: str
    choices: [self, ids, account]
  ids:
    description:
      - Ids of the tokens or sessions to end. Write them in quotes. None of them may be empty. An empty list ends nothing.
      - This is the way to revoke the very token that the task uses by its id; that happens only when it is named.
      - On Rubrik CDM, set O(account) too when they are not the calling account's. Without it, ids that are not the caller's own are deleted
        blindly, one request each; check mode cannot tell whether they are there, and lists them all.
    type: list
    elements: str
  account:
    description:
      - The account whose tokens or sessions to end, written like O(latchkey.tokens.access_token#module:user). An account that is not there
        is an error, and so is an empty string. O(target=account) needs it.
      - With O(ids), whose these are. Ids that are not among the account's are left out. On Rubrik CDM all of them are then ended in one
        request.
      - Without O(ids), all of the account's are ended, or those that O(older_than), O(max_lifetime) and O(query) leave. The token
        that the task itself uses is spared, with a warning.
      - Without O(ids), API tokens of Rubrik CDM stay; M(latchkey.tokens.api_token) revokes them by tag or id.
    type: str
  older_than:
    description:
      - Only those that were created at least so long ago, for example V(2h). V(0) means all; an empty string
        is an error. With O(target=account) only; an error otherwise.
      - The age is counted by the platform's clock.
      - One of which the platform does not tell when it was created stays, with a warning, which on some versions of Rubrik CDM is every
        session. Use O(ids) or O(query) there.
      - On Rubrik CDM, where every session ends after 24 hours, so much or more is an error.
    type: str
  max_lifetime:
    description:
      - Only those that were created to live no longer than this, for example V(24h). A token that lives longer, or has no end, stays, since
        it may be stored somewhere. An empty string is an error. With O(target=account) only; an error otherwise.
      - On Rubrik CDM it has no effect, since sessions end by themselves and none is stored.
    type: str
    version_added: 1.1.0
  query:
    description:
      - A JMESPath expression over the list of the account's tokens, in the form that M(latchkey.tokens.access_token_info) returns; it
        must return a list of them, or of their ids; anything else, V(null) too, is an error. Only those are ended. With O(target=account)
        only; an error otherwise.
      - With O(older_than) and O(max_lifetime), it sees only those that these leave.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
requirements:
  - jmespath, where the task runs, for O(query)
seealso:
  - module: latchkey.tokens.access_token
  - module: latchkey.tokens.access_token_info
  - module: latchkey.tokens.api_token
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

- name: Revoke what leaked from a killed job, older than two hours; what was created to live for more than a day is something else
  latchkey.tokens.session_revoke:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    account: local:svc-backup
    older_than: 2h
    max_lifetime: 24h

- name: End the session that this play opened on Rubrik CDM
  latchkey.tokens.session_revoke:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ login.token }}"
    target: self

- name: Free the slots of a service account on Rubrik CDM that killed jobs have used up
  latchkey.tokens.session_revoke:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    account: svc-report
    older_than: 1h

- name: The same where the cluster does not tell when sessions were created, by what is left of their 24 hours
  latchkey.tokens.session_revoke:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    account: svc-report
    query: "[?expires_in < `82800`]"

- name: End one session of another account on Rubrik CDM
  latchkey.tokens.session_revoke:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    account: svc-report
    ids:
      - 550cdae1-9db2-44c9-bd55-a981ad80c945

- name: End a token of Rubrik Security Cloud
  latchkey.tokens.session_revoke:
    platform: rubrik_rsc
    endpoint: example.my.rubrik.com
    token: "{{ rsc.token }}"
    target: self
"""

RETURN = r"""
revoked:
  description:
    - Ids of what was revoked, or would be in check mode. Empty when nothing was to be done, or may not be.
    - V(self) stands for a token of Rubrik Security Cloud that tells no id.
  returned: success
  type: list
  elements: str
  sample: ["3421890012345678901234"]
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_revoke import SESSION_REVOKE


def main() -> None:
    """Run as an ordinary module."""
    run_module(SESSION_REVOKE)


if __name__ == "__main__":
    main()
