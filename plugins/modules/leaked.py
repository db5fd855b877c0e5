# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of leaked, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: leaked
short_description: Find out whose a leaked credential is, revoke it, and prove that it is dead
version_added: 1.1.0
description:
  - The engine of the playbook C(latchkey.tokens.leaked), which is the way to use it. Its options may change with the playbook.
  - Each task is one phase. V(take) takes the secret, V(read) looks for it in a host's store, V(choose) says which hosts ask, V(ask) asks
    an endpoint, V(judge) decides, V(confirm) asks the user, V(end) revokes and proves, V(conclude) says what was done and what is left.
    V(check) only makes sure that there are hosts.
  - No option and no result holds the secret. It comes from the environment variable E(LATCHKEY_LEAKED_SECRET) or from the terminal, and
    goes from phase to phase in a ticket that only this run can read.
  - V(ask) authenticates with the secret itself, so it takes no administrator to find out whose it is. On endpoints that it is no
    credential of, this is one log-in that is refused.
  - V(read) and V(end) take O(auth). With V(end) it is what it is by then, since a rotation may have replaced it.
  - It runs on the controller whatever the connection and C(become) of the host are.
options:
  phase:
    description: Which phase.
    type: str
    required: true
    choices: [check, take, read, choose, ask, judge, confirm, end, conclude]
  ticket:
    description: What an earlier phase returned in RV(ticket).
    type: str
  place:
    description: With V(ask) and V(end), what V(read) returned in RV(place).
    type: str
  client_id:
    description: With V(take), the id of the account whose client secret it is, for one that is in no store.
    type: str
  platform:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_platform).
    type: str
    choices: [qumulo, rubrik_cdm, rubrik_rsc]
  endpoint:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_endpoint).
    type: str
  max_parallel_requests:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_max_parallel_requests).
    type: int
  credential:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_credential).
    type: str
  account:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_account).
    type: str
  store:
    description: As O(latchkey.tokens.rotate#role:main:rotate_store). When not set, V(vars_file).
    type: str
    choices: [vars_file, hashicorp_vault, aws_secretsmanager]
  hashicorp_vault:
    description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault).
    type: dict
    suboptions:
      url:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.url).
        type: str
      namespace:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.namespace).
        type: str
      ca_path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.ca_path).
        type: path
      timeout:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.timeout).
        type: float
      mount:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.mount).
        type: str
      path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.path).
        type: str
      token:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.token).
        type: str
      role_id:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.role_id).
        type: str
      secret_id:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.secret_id).
        type: str
      jwt:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.jwt).
        type: str
      role:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.role).
        type: str
      auth_mount:
        description: As O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault.auth_mount).
        type: str
  aws_secretsmanager:
    description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager).
    type: dict
    suboptions:
      name:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.name).
        type: str
      region:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.region).
        type: str
      profile:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.profile).
        type: str
      endpoint_url:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.endpoint_url).
        type: str
      ca_path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.ca_path).
        type: path
      timeout:
        description: As O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager.timeout).
        type: float
  vars_file:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_vars_file). When not set, the host has no store.
    type: path
  var:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_var).
    type: str
  id_var:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_id_var).
    type: str
  client_id_var:
    description: With V(read), as O(latchkey.tokens.rotate#role:main:rotate_client_id_var).
    type: str
  sync_timeout:
    description: With V(end), how long the platform may still take the secret, as O(latchkey.tokens.rotate#role:main:rotate_sync_timeout).
    type: str
    default: 5m
  hosts:
    description: With V(check), the hosts of the inventory that match O(pattern).
    type: list
    elements: str
    default: []
  pattern:
    description: With V(check), the pattern of hosts, for the error.
    type: str
  limit:
    description: With V(check), what C(--limit) says, for the error.
    type: str
  matched:
    description: With V(check), hosts that a play with the pattern has reached in this run of Ansible.
    type: list
    elements: str
    default: []
  held:
    description: With V(ask), what V(read) returned in RV(held); with V(choose) and V(judge), that of each host, by host.
    type: dict
    default: {}
  asked:
    description: With V(end), what V(ask) returned in RV(asked); with V(judge) and V(conclude), that of each host, by host.
    type: dict
    default: {}
  failures:
    description: With V(judge), V(end) and V(conclude), by host, why something failed there; empty where nothing did.
    type: dict
    default: {}
  plan:
    description: With V(end) and V(conclude), what V(judge) returned in RV(plan).
    type: dict
    default: {}
  replaced:
    description: With V(conclude), by host, what C(rotate_result) was after the role P(latchkey.tokens.rotate#role).
    type: dict
    default: {}
  ended:
    description: With V(conclude), by host, what V(end) returned in RV(ended).
    type: dict
    default: {}
  replaces:
    description: With V(judge), whether a stored credential is replaced before it is revoked.
    type: bool
    default: true
  confirmed:
    description: With V(confirm), whether the user has confirmed already.
    type: bool
    default: false
extends_documentation_fragment:
  - latchkey.tokens._auth.dictionary
  - latchkey.tokens._attributes.leaked
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Take the secret from the environment, or ask for it
  latchkey.tokens.leaked:
    phase: take
  register: taken

- name: Look whether the vars file holds it
  latchkey.tokens.leaked:
    phase: read
    ticket: "{{ taken.ticket }}"
    platform: qumulo
    endpoint: qumulo.example.com
    credential: access_token
    account: local:svc-backup
    vars_file: group_vars/all/vault.yml
    var: qumulo_token
  register: read

- name: Ask the endpoint whose it is
  latchkey.tokens.leaked:
    phase: ask
    ticket: "{{ taken.ticket }}"
    place: "{{ read.place }}"
    held: "{{ read.held }}"
"""

RETURN = r"""
ticket:
  description: The secret and its client id, sealed with a key that only this run has.
  returned: with V(take), V(choose) and V(judge)
  type: str
  sample: bGF0Y2hrZXk
place:
  description: The endpoint and how to authenticate there, sealed with a key that only this run has.
  returned: with V(read)
  type: str
  sample: bGF0Y2hrZXk
held:
  description:
    - What the host stands for. C(holds) is V(current) where its store holds the secret, V(kept) where it is the old credential of a
      rotation that was interrupted, V(elsewhere) where another variable of the same file holds it,
      V(other) where it is a credential of a kind that only its rotation ends, or empty.
    - C(problem) says why the store could not be read; C(known_ids) are the credentials that the state of the rotation names.
      C(is_ended_here) says whether credentials of this kind are revoked here.
  returned: with V(read)
  type: dict
  sample:
    platform: qumulo
    url: https://qumulo.example.com:8000
    where: /home/jane/vault.yml
    var: qumulo_token
    holds: current
    client_id: ""
    account: local:svc-backup
    is_secret: false
    is_ended_here: true
    known_ids: []
    problem: ""
asks:
  description: The hosts that ask their endpoints.
  returned: with V(choose)
  type: list
  elements: str
  sample: [berlin_backup]
asked:
  description:
    - What the endpoint says of the secret. C(outcome) is V(works), V(refused) or V(unknown); then C(problem) says why.
    - Where it works, whose it is, what it may do, and when it was created and last used; what the platform does not tell is null.
      C(used_here) says that the last use is the one by which this was found out.
  returned: with V(ask)
  type: dict
  sample:
    outcome: works
    problem: ""
    title: Qumulo Core
    url: https://qumulo.example.com:8000
    noun: access token
    account: {id: "1003", name: svc-backup, domain: "", aliases: []}
    client_id: ""
    token_id: "3421890012345678901233"
    roles: null
    privileges: [PRIVILEGE_CLUSTER_READ]
    created_at: "2026-11-23T08:12:31Z"
    expires_at: null
    last_used_at: null
    creator: admin
    tag: null
    used_here: false
    carries: false
    notes: []
plan:
  description:
    - What to do, by hosts. At C(replace) the stored credential is rotated, at C(revoke) it is revoked if it still works by then, at C(end)
      sessions are ended and it is proved to be dead.
    - C(left) says by host what is left for the user, C(unasked) why a host's store or endpoint is not known.
  returned: with V(judge)
  type: dict
  sample:
    replace: [berlin_backup]
    revoke: [berlin_backup]
    end: [berlin_backup]
    left: {}
    unasked: {}
lines:
  description: What was found and is going to be done, or what was done, for people.
  returned: with V(judge) and V(conclude)
  type: list
  elements: str
  sample:
    - "https://qumulo.example.com:8000: proved to be dead."
ended:
  description: What was done at the endpoint. It is missing in check mode, and where a replacement failed.
  returned: with V(end)
  type: dict
  sample:
    revoked: false
    sessions: []
    notes: ["The sessions of svc-backup (id 1003) at Qumulo Core were not ended. Its sessions end by themselves."]
unfinished:
  description: What is left to do, as sentences; empty when the credential is dead wherever it was known.
  returned: with V(conclude)
  type: str
  sample: ""
"""
