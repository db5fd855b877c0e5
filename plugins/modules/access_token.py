#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_token: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token
short_description: Keep a live access token for an account
version_added: 1.0.0
description:
  - Creates and revokes access tokens, and on Qumulo Core changes them. A live token is one that is enabled and has not expired.
  - On Qumulo Core an access token is a thing of its own, which an administrator creates for any account. An account has at most two,
    expired and disabled ones included. A third is refused before anything is sent, and the error names the two.
  - On Rubrik an access token is a session of the calling account itself, opened by logging in. The token of a session cannot be looked up
    that exists, so a task keeps one only when it brings it, in O(current). Without O(current) every run opens another one. End it with
    M(latchkey.tokens.session_revoke) and O(latchkey.tokens.session_revoke#module:target=self) when the play is done with it.
  - To open a session, Rubrik CDM takes O(client_id) with O(client_secret), O(service_account_file), or O(username) with O(password), and
    Rubrik Security Cloud the former two. O(token) cannot open one; with it, the task only checks O(current), and fails when that is dead.
  - On Rubrik CDM a service account's session lives for 24 hours, and the account may have ten at once (Rubrik's support can raise that).
    When an eleventh is refused, the error lists the ten where O(admin_token) or O(current) can see them, and says how to end old ones. The
    session of a user who logged in with a password ends when it is not used for a while, about half an hour.
  - On Rubrik Security Cloud the tenant's settings say how long a session lives, 12 hours by default, at most 24. The task cannot ask for
    another time.
  - A token's secret is told once, when it is created. A result that carries it is hidden from output and logs even without C(no_log).
    Register it and store it, for example with M(latchkey.tokens.vault_vars). C(async) is refused for that reason.
  - The request that creates a token is sent once. When its answer is lost, the task fails and says that a token may have been created whose
    secret is lost. On Qumulo Core, revoke it with M(latchkey.tokens.session_revoke); on Rubrik it ends by itself.
options:
  user:
    description:
      - Whose token it is. The calling account when not set; O(state=absent) needs O(user) or O(token_id). An account that is not there is
        an error, with O(state=absent) too.
      - This option, like the others here that take text, must not be empty. Leave it out, for example with C(default(omit, true)).
      - On Qumulo Core one of V(jane), V(local:jane), V(ad:jane), V(AD\\jane), V(jane@example.com), V(ldap_user:jane), V(auth_id:1002),
        V(uid:1001), a SID, or V(name:...) for a name that looks like one of these. A bare number is a name.
      - On Rubrik CDM a user's or service account's exact name, V(User:::) with its id, or that id alone. A name that several have is an
        error that lists their ids. An id is taken as it is, so one that no account has is an account without tokens.
      - On Rubrik Security Cloud V(client|) with the account's id, that id alone, or its name, which needs the right to list service
        accounts.
      - On Rubrik, with O(state=present), it can only name the calling account; it is an error otherwise.
    type: str
  state:
    description:
      - With V(present), the account has a live token. When it has one that fits, nothing changes and no secret is returned. On Rubrik only
        the one in O(current) can fit.
      - With V(absent), the token named by O(token_id) is revoked, or all tokens of O(user); one of the two is required. What is gone
        already is fine. The token that the task itself authenticates with is revoked only when O(token_id) names it; otherwise the task
        fails before it changes anything.
      - On Rubrik CDM V(absent) ends sessions. API tokens, which have a tag, stay; M(latchkey.tokens.api_token) revokes them. A session that
        the task opened for itself does not count; it ends with the task.
      - V(absent) is an error on Rubrik Security Cloud, which lets a token end only itself. Use M(latchkey.tokens.session_revoke) with
        O(latchkey.tokens.session_revoke#module:target=self).
    type: str
    choices: [present, absent]
    default: present
  token_id:
    description:
      - Qumulo Core, the one token to change or revoke. It must exist for O(state=present), and belong to O(user) when both are set. Write
        it in quotes. It has more digits than a number keeps. It excludes O(current), and O(additional) has no effect then.
      - Rubrik CDM, the one session to end, with O(state=absent) only. Set O(user) too when it is not the calling account's; without it, an
        id that is not among the caller's own sessions is deleted blindly, and check mode cannot tell whether it is there.
      - Rubrik Security Cloud knows no ids of sessions, so it is an error there.
    type: str
  expires_in:
    description:
      - Qumulo Core only, from 5.3.2 on. How long a token lives from when it is created, for example V(30d), V(12h), V(1d12h) or a number of
        seconds. At least a minute, longer than O(min_remaining), and at most a hundred years; anything else is an error. It excludes
        O(expires_at).
      - A token that exists keeps its expiry. Only with O(token_id), and once no more than O(min_remaining) is left, it is moved
        forward; that also revives an expired token.
      - Without O(expires_in) and O(expires_at) a new token never expires.
      - An error on Rubrik. For another lifetime than 24 hours on Rubrik CDM, see M(latchkey.tokens.api_token).
    type: str
  expires_at:
    description:
      - Qumulo Core only, from 5.3.2 on; an error on Rubrik. When the token expires, in ISO 8601 with a zone, for example
        V(2027-01-31T12:00:00Z). A time without a zone is an error, and so is one in the past, or not later than O(min_remaining) from now.
      - A token that exists is changed to this expiry. Fractions of a second do not count.
    type: str
  enabled:
    description:
      - Qumulo Core only, from 5.3.3 on; an error on Rubrik. Whether the token is enabled. A token that is disabled is refused until
        it is enabled again. When not set, it stays as it is.
      - With V(false), a token must exist; when the account has none, that is an error, and so is O(additional). With O(current), which
        leaves that token as it is, any value is an error.
      - When the account has two tokens that both would need the change, O(token_id) must say which is meant.
      - The token that the task itself authenticates with is disabled only when O(token_id) names it.
    type: bool
  additional:
    description:
      - Always creates another token, as a rotation does, so it is not idempotent. O(current) does not count then.
    type: bool
    default: false
  current:
    description:
      - The secret of the token that is in use. When it works, is O(user)'s and lives for O(min_remaining), nothing changes; otherwise
        another one is created, and this one is left alone.
      - On Rubrik it is asked about with itself, so that no session is opened while it will do. On Rubrik Security Cloud
        the expiry is in the token. On Rubrik CDM it is that of the list of sessions, else 24 hours from when the token was created; a token
        whose expiry is not known is valid while the platform accepts it.
    type: str
  min_remaining:
    description:
      - A token that lives no longer than this does not count as live, for example V(7d), or V(1h) on Rubrik. When not set or V(0), any time
        left will do. Where no session lives so long, every run opens another one.
    type: str
  admin_token:
    description:
      - Rubrik CDM only; an error elsewhere. A bearer token of an administrator. It is used only when a service account's session is
        refused, to list the sessions that the account has, in the error and in RV(sessions). Nothing is changed with it.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
seealso:
  - module: latchkey.tokens.access_token_info
  - module: latchkey.tokens.access_check
  - module: latchkey.tokens.session_revoke
  - module: latchkey.tokens.api_token
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

- name: Disable one token
  latchkey.tokens.access_token:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    token_id: "{{ minted.token_id }}"
    enabled: false

- name: Revoke all tokens of an account
  latchkey.tokens.access_token:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ qumulo_admin_token }}"
    user: local:svc-backup
    state: absent

# A code of two-step verification works once: log in once, pass the token on, end it whatever happened.
- name: Log in to Rubrik CDM for several tasks
  block:
    - name: Log in, with the code from the authenticator
      latchkey.tokens.access_token:
        platform: rubrik_cdm
        endpoint: rubrik.example.com
        username: admin
        password: "{{ rubrik_admin_password }}"
        totp_code: "{{ rubrik_code }}"
      register: login

    - name: Work as this user, without another log-in
      latchkey.tokens.service_account:
        platform: rubrik_cdm
        endpoint: rubrik.example.com
        token: "{{ login.token }}"
        name: svc-report
        roles:
          - ReadOnlyAdminRole
  always:
    - name: End the session
      latchkey.tokens.session_revoke:
        platform: rubrik_cdm
        endpoint: rubrik.example.com
        token: "{{ login.token }}"
        target: self
      when: login.token is defined

# Nightly: the session of last night is kept as long as it has an hour left.
- name: A session of the service account on Rubrik CDM
  latchkey.tokens.access_token:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    client_id: "{{ rubrik_client_id }}"
    client_secret: "{{ rubrik_client_secret }}"
    current: "{{ rubrik_session_token | default(omit, true) }}"
    min_remaining: 1h
    admin_token: "{{ rubrik_admin_token | default(omit, true) }}"
  register: session

- name: Store it, if it is new
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      rubrik_session_token: "{{ session.token }}"
  when: session.token is defined

- name: End one session of a service account on Rubrik CDM, as an administrator
  latchkey.tokens.access_token:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    token: "{{ rubrik_admin_token }}"
    user: svc-report
    token_id: 550cdae1-9db2-44c9-bd55-a981ad80c945
    state: absent

- name: A token of Rubrik Security Cloud; the file says where that is
  latchkey.tokens.access_token:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    current: "{{ rsc_token | default(omit, true) }}"
    min_remaining: 30m
  register: rsc
"""

RETURN = r"""
token:
  description:
    - The bearer token. It is told only now; the platform never tells it again.
    - A result that carries it is hidden from output, logs and callbacks, and can be registered and used.
  returned: when a token was created, not in check mode
  type: str
  sample: access-v1:bGF0Y2hrZXkgc2FtcGxl
token_id:
  description:
    - Id of the token. A string, since it may have more digits than any number type keeps. On Rubrik the id of the session.
    - V(null) in check mode for a token that would be created; V(null) or empty on Rubrik Security Cloud where the token tells none.
  returned: when there is a token
  type: str
  sample: "3421890012345678901234"
account:
  description:
    - Name of the account that the token speaks for. On Rubrik, the client id for a service account's session that was opened, and an id
      where the platform does not tell the name to the token in O(current).
    - Missing with O(state=absent) without O(user), when it is not known whose the token was.
  returned: when it is known
  type: str
  sample: svc-backup
account_id:
  description:
    - The platform's id of that account. On Rubrik, the client id for a service account's session that was opened. In check mode, what the
      task would log in with.
  returned: when it is known
  type: str
  sample: "1002"
created_at:
  description: When the token was created, ISO 8601 in UTC; V(null) on Rubrik for one that exists where the platform does not tell.
  returned: when there is a token
  type: str
  sample: "2026-11-23T08:12:31.123456Z"
expires_at:
  description:
    - When the token expires, ISO 8601 in UTC; V(null) when it never does. On Rubrik V(null) means that the platform does not tell, and is
      also what check mode returns for a session that would be opened.
  returned: when there is a token
  type: str
  sample: "2026-12-23T08:12:31Z"
expires_in:
  description: Seconds left until then; V(null) when it never expires, and where that is not known.
  returned: when there is a token
  type: int
  sample: 2591999
lifetime:
  description: Seconds from when the token was created until it expires; V(null) when it never expires, and where either is not known.
  returned: when there is a token
  type: int
  sample: 2592000
enabled:
  description: Whether the token is enabled. Always V(true) on Rubrik.
  returned: when there is a token
  type: bool
  sample: true
live:
  description: Whether the token can be used now, that is, it is enabled and has not expired.
  returned: when there is a token
  type: bool
  sample: true
creator:
  description: Who created the token, where the platform tells. V(null) on Rubrik.
  returned: when there is a token
  type: str
  sample: admin
kind:
  description: V(session), or V(api_token) when O(current) is one.
  returned: on Rubrik, when there is a token, not in check mode for one that would be created
  type: str
  sample: session
tag:
  description: What the token is called, when O(current) is an API token of Rubrik CDM.
  returned: where there is one
  type: str
  sample: nightly-report
last_used_at:
  description: When the session was used last, ISO 8601 in UTC; V(null) when not told, or never.
  returned: on Rubrik, when there is a token, not in check mode for one that would be created
  type: str
  sample: "2026-11-23T09:00:02Z"
sessions:
  description:
    - The live sessions that the account has, as in RV(latchkey.tokens.access_token_info#module:access_tokens), when Rubrik CDM refused
      another one and O(admin_token) or O(current) could list them.
  returned: when the task failed like that
  type: list
  elements: dict
  sample:
    - token_id: 550cdae1-9db2-44c9-bd55-a981ad80c945
      kind: session
      account: User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11
      account_id: User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11
      created_at: "2026-11-23T08:12:31.123Z"
      expires_at: "2026-11-24T08:12:31.123Z"
      expires_in: 71992
      lifetime: 86400
      enabled: true
      live: true
      creator: null
      last_used_at: "2026-11-23T09:00:02Z"
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_token import ACCESS_TOKEN


def main() -> None:
    """Run as an ordinary module."""
    run_module(ACCESS_TOKEN)


if __name__ == "__main__":
    main()
