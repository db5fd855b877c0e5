# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation
short_description: Rotate a credential that is stored in vault-encrypted vars, or go on with a rotation
version_added: 1.1.0
description:
  - The engine of the role P(latchkey.tokens.rotate#role), which is the way to use it. Its options are the role's variables, and may change
    with the role. One that a task leaves out has the value of the variable, where that is set.
  - The phase V(begin) does all of a rotation, unless O(publish_tasks) is set. Then it stops once the new credential is stored and proved,
    the tasks of the user come next, and V(finish) does the rest.
  - Where something fails after that, V(undo) puts the old credential back, the tasks of the user may get that, and V(undone) revokes the
    new one.
  - It runs on the controller whatever the connection and C(become) of the host are.
options:
  phase:
    description: Which phase of a rotation.
    type: str
    required: true
    choices: [begin, finish, undo, undone]
  ticket:
    description:
      - What the phase before returned in RV(ticket). It is sealed with a key that only this run has, and holds the session of the rotation
        and the secrets. Every phase but V(begin) needs it; V(undo) without one only repeats what O(failure) and O(undone) say.
    type: str
  failed_step:
    description:
      - With V(undo) and V(undone), the task that failed. When not set, it is called a task. With V(undo), when O(failure) is not set
        either, it is another host that failed.
    type: str
  failure:
    description:
      - With V(undo) and V(undone), how it failed. Secrets of the rotation in it are masked. With V(undone), not set means not at all.
    type: str
  undone:
    description: With V(undo) and no O(ticket), whether all is as it was before.
    type: bool
    default: false
  platform:
    description: As O(latchkey.tokens.rotate#role:main:rotate_platform).
    type: str
    required: true
    choices: [qumulo, rubrik_cdm, rubrik_rsc]
  endpoint:
    description: As O(latchkey.tokens.rotate#role:main:rotate_endpoint).
    type: str
    required: true
  max_parallel_requests:
    description: As O(latchkey.tokens.rotate#role:main:rotate_max_parallel_requests).
    type: int
  credential:
    description: As O(latchkey.tokens.rotate#role:main:rotate_credential).
    type: str
    required: true
    choices: [access_token, api_token, service_account_secret, s3_access_key]
  account:
    description: As O(latchkey.tokens.rotate#role:main:rotate_account).
    type: str
  store:
    description: As O(latchkey.tokens.rotate#role:main:rotate_store). When not set, V(vars_file).
    type: str
    choices: [vars_file, hashicorp_vault, aws_secretsmanager]
  vars_file:
    description: As O(latchkey.tokens.rotate#role:main:rotate_vars_file).
    type: path
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
  var:
    description: As O(latchkey.tokens.rotate#role:main:rotate_var).
    type: str
    required: true
  vault_id:
    description: As O(latchkey.tokens.rotate#role:main:rotate_vault_id).
    type: str
  strategy:
    description: As O(latchkey.tokens.rotate#role:main:rotate_strategy). When not set, V(in_place).
    type: str
    choices: [in_place, replace, alternate]
  accounts:
    description: As O(latchkey.tokens.rotate#role:main:rotate_accounts).
    type: list
    elements: str
  id_var:
    description: As O(latchkey.tokens.rotate#role:main:rotate_id_var).
    type: str
  s3_endpoint:
    description: As O(latchkey.tokens.rotate#role:main:rotate_s3_endpoint).
    type: str
  client_id_var:
    description: As O(latchkey.tokens.rotate#role:main:rotate_client_id_var).
    type: str
  roles:
    description: As O(latchkey.tokens.rotate#role:main:rotate_roles).
    type: list
    elements: str
  tag:
    description: As O(latchkey.tokens.rotate#role:main:rotate_tag).
    type: str
  clusters:
    description: As O(latchkey.tokens.rotate#role:main:rotate_clusters).
    type: list
    elements: dict
    suboptions:
      endpoint:
        description: As O(latchkey.tokens.rotate#role:main:rotate_clusters[].endpoint).
        type: str
        required: true
      ca_path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_clusters[].ca_path).
        type: path
      validate_certs:
        description: As O(latchkey.tokens.rotate#role:main:rotate_clusters[].validate_certs).
        type: bool
  sync_timeout:
    description: As O(latchkey.tokens.rotate#role:main:rotate_sync_timeout). When not set, V(5m).
    type: str
  rescue_file:
    description: As O(latchkey.tokens.rotate#role:main:rotate_rescue_file).
    type: path
  expires_in:
    description: As O(latchkey.tokens.rotate#role:main:rotate_expires_in). When not set, V(90d).
    type: str
  when_remaining:
    description: As O(latchkey.tokens.rotate#role:main:rotate_when_remaining). When not set, V(7d).
    type: str
  max_age:
    description: As O(latchkey.tokens.rotate#role:main:rotate_max_age).
    type: str
  force:
    description: As O(latchkey.tokens.rotate#role:main:rotate_force). When not set, V(false).
    type: bool
  checks:
    description: As O(latchkey.tokens.rotate#role:main:rotate_checks).
    type: list
    elements: dict
    suboptions:
      path:
        description: As O(latchkey.tokens.access_check#module:probes[].path).
        type: str
        required: true
      method:
        description: As O(latchkey.tokens.access_check#module:probes[].method).
        type: str
        choices: [GET, HEAD, POST]
        default: GET
      body:
        description: As O(latchkey.tokens.access_check#module:probes[].body).
        type: dict
      status:
        description: As O(latchkey.tokens.access_check#module:probes[].status).
        type: list
        elements: int
      expect:
        description: As O(latchkey.tokens.access_check#module:probes[].expect).
        type: str
  orphans:
    description: As O(latchkey.tokens.rotate#role:main:rotate_orphans). When not set, V(fail).
    type: str
    choices: [fail, revoke, ignore]
  retire:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire). When not set, V(delete).
    type: str
    choices: [delete, disable]
  retire_after:
    description: As O(latchkey.tokens.rotate#role:main:rotate_retire_after).
    type: str
  reload_vars:
    description: Whether RV(reload) may be true. As O(latchkey.tokens.rotate#role:main:rotate_reload_vars). When not set, V(true).
    type: bool
  publish:
    description: As O(latchkey.tokens.rotate#role:main:rotate_publish). When not set, V(none).
    type: list
    elements: str
    choices: [none, git, tasks, credentials_file, awx_credential]
  publish_credentials_file:
    description: As O(latchkey.tokens.rotate#role:main:rotate_publish_credentials_file).
    type: dict
    suboptions:
      path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_credentials_file.path).
        type: path
  publish_awx_credential:
    description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential).
    type: dict
    suboptions:
      controller_host:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.controller_host).
        type: str
      controller_oauthtoken:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.controller_oauthtoken).
        type: str
      ca_path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.ca_path).
        type: path
      timeout:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.timeout).
        type: float
      api_path:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.api_path).
        type: str
      name:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.name).
        type: str
      organization:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.organization).
        type: str
      input:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.input).
        type: str
      id_input:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_awx_credential.id_input).
        type: str
  publish_git:
    description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git).
    type: dict
    suboptions:
      remote:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.remote).
        type: str
      branch:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.branch).
        type: str
      message:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.message).
        type: str
      author_name:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.author_name).
        type: str
      author_email:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.author_email).
        type: str
      username:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.username).
        type: str
      token:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.token).
        type: str
      ssh_key_file:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.ssh_key_file).
        type: path
      ssh_known_hosts_file:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.ssh_known_hosts_file).
        type: path
      timeout:
        description: As O(latchkey.tokens.rotate#role:main:rotate_publish_git.timeout).
        type: float
  publish_tasks:
    description: As O(latchkey.tokens.rotate#role:main:rotate_publish_tasks).
    type: str
  lock_timeout:
    description: As O(latchkey.tokens.vault_vars#module:lock_timeout), for the vars file and the rescue file.
    type: str
    default: 30s
extends_documentation_fragment:
  - latchkey.tokens._auth.dictionary
  - latchkey.tokens._attributes.ROTATION
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Rotate the token of the backup scripts, when it is due
  latchkey.tokens.rotation:
    phase: begin
    platform: qumulo
    endpoint: qumulo.example.com
    auth:
      username: admin
      password: "{{ qumulo_admin_password }}"
    credential: access_token
    account: local:svc-backup
    vars_file: group_vars/all/vault.yml
    var: qumulo_token
  register: rotation

- name: Tell what was done
  ansible.builtin.debug:
    msg: "{{ rotation.rotate_result.message }}"
"""

RETURN = r"""
rotate_result:
  description: What the fact of this name holds after the role.
  returned: when nothing failed, with V(begin) and V(finish)
  type: dict
  contains:
    rotated:
      description: Whether there is a new credential, or one that an earlier run stored was proved; in check mode, whether there would be.
      type: bool
      sample: true
    reason:
      description: Why it was rotated; empty when it was not due.
      type: str
      sample: it expires in 3 d 4 h
    account:
      description: The account, as O(account).
      type: str
      sample: local:svc-backup
    endpoint:
      description: The platform's endpoint, as O(endpoint).
      type: str
      sample: qumulo.example.com
    platform:
      description: The platform, as O(platform).
      type: str
      sample: qumulo
    time:
      description: When the rotation was done, by the controller's clock.
      type: str
      sample: "2026-12-01T02:00:00.123456Z"
    created_at:
      description: When the credential that is stored now was created; V(null) where the platform does not tell.
      type: str
      sample: "2026-12-01T02:00:00Z"
    token_id:
      description: >-
        Id of the credential that is stored now; the client id for the secret of a service account; V(null) where there is none yet.
      type: str
      sample: "3421890012345678901234"
    expires_at:
      description: When that expires; V(null) for never.
      type: str
      sample: "2027-03-01T02:00:00Z"
    old_token_id:
      description: Id of the credential that it took the place of; V(null) where there was none.
      type: str
      sample: "3421890012345678901233"
    retired:
      description: Whether the old one is deleted, or disabled.
      type: bool
      sample: true
    unretired:
      description: Ids of old credentials that should be gone and could not be retired yet; every later run tries again and lists them.
      type: list
      elements: str
      sample: []
    next_due:
      description: When the next rotation is due; V(null) when only O(force) brings one.
      type: str
      sample: "2027-02-22T02:00:00Z"
    next_due_reason:
      description: Why no rotation is ever due, where RV(rotate_result.next_due) is V(null).
      type: str
      sample:
    published:
      description: The commit that was pushed; V(null) where none was.
      returned: with O(publish=git)
      type: str
      sample: 4b825dc642cb6eb9a060e54bf8d69288fbee4904
    message:
      description: The last line that is shown, which says what was done.
      type: str
      sample: >-
        local:svc-backup on qumulo.example.com: token 3421890012345678901233 was replaced by 3421890012345678901234 (it expires in 3 d 4 h);
        expires 2027-03-01T02:00:00Z, next due 2027-02-22T02:00:00Z
    steps:
      description: As RV(steps).
      type: list
      elements: dict
      sample: []
would:
  description: All that would be done, deletions included.
  returned: in check mode
  type: list
  elements: str
  sample: ["create a new access token that expires 2027-03-01T02:00:00Z", "store it in qumulo_token"]
steps:
  description: Each step, with its outcome and seconds; also after a failure.
  returned: with V(begin) and V(finish)
  type: list
  elements: dict
  contains:
    name:
      description: What was done.
      type: str
      sample: Create the new access token
    outcome:
      description: V(done) or V(failed).
      type: str
      sample: done
    seconds:
      description: How long it took.
      type: float
      sample: 0.042
  sample: [{"name": "Create the new access token", "outcome": "done", "seconds": 0.042}]
ticket:
  description: What the next phase needs, sealed.
  returned: when tasks of the user come next
  type: str
  sample: NmYyYjVh
diff:
  description: The credential before and after, by its id and never by its value.
  returned: when nothing failed, with V(begin) and V(finish)
  type: dict
  sample: {"before": "qumulo_token: token 3421890012345678901233\n", "after": "qumulo_token: token 3421890012345678901234\n"}
undoes:
  description: Whether those tasks get the old credential again.
  returned: when nothing failed
  type: bool
  sample: false
path:
  description: The vars file, as an absolute path; with another O(store), what the secret is called.
  returned: when nothing failed, with V(begin) and V(finish)
  type: str
  sample: /srv/plays/group_vars/all/vault.yml
reload:
  description: Whether a new credential is in the vars file, so that it is to be loaded again. Never with O(reload_vars=false).
  returned: when nothing failed, with V(begin) and V(finish)
  type: bool
  sample: true
next:
  description: The task files of the role that come next.
  returned: when nothing failed, with V(begin) and V(finish)
  type: list
  elements: str
  sample: [load.yml]
undone:
  description: Whether all is as it was before.
  returned: after a failure, and with V(undo) and V(undone)
  type: bool
  sample: true
reason:
  description: What failed, and what was undone.
  returned: with V(undo) and V(undone)
  type: str
  sample: local:svc-backup on qumulo.example.com was not rotated, and all is as it was before.
token_id:
  description: Id of the credential that is stored; V(null) where there is none yet.
  returned: when nothing failed
  type: str
  sample: "3421890012345678901234"
expires_at:
  description: When that expires; V(null) for never.
  returned: when nothing failed
  type: str
  sample: "2027-03-01T02:00:00Z"
"""
