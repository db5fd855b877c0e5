#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module service_account: its documentation, and one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_account
short_description: Keep a service account with the rights it needs
version_added: 1.0.0
description:
  - Creates, changes and deletes an account that automation acts as, and gives it a new secret.
  - On Qumulo Core that is a local user. It gets a random password that is not kept, so that only access tokens open it
    (M(latchkey.tokens.access_token)).
  - On Rubrik that is a service account, which has a client id and a client secret. Both log in, for example with O(client_id) and
    O(client_secret) in M(latchkey.tokens.access_token). B(The secret is told once), when the account is created or its secret is rotated;
    then it is in RV(client_secret), and in O(credentials_file) where that is set. A result that carries it is hidden from output and logs
    even without C(no_log). Register it and store it. C(async) is refused for that reason.
  - Rubrik CDM has service accounts of its own from 7.0 or so to 9.5.0. Only a user manages them who logged in with O(username) and
    O(password), with O(totp_code) or O(totp_secret) where two-step verification is on. O(client_id), O(service_account_file) and API
    tokens are refused, whatever their roles. An O(token) does when it is that of such a log-in, made with M(latchkey.tokens.access_token).
  - On Rubrik CDM 9.4 and 9.5.0 such accounts are deprecated and block the upgrade to 9.5.1, so the task warns when it creates or changes
    one. From 9.5.1 on there are none and it fails. Create the account with V(rubrik_rsc) then; Rubrik Security Cloud brings it to its
    clusters. A cluster also shows those, but they are changed with V(rubrik_rsc) only.
  - On Rubrik Security Cloud the caller needs rights, VIEW_SERVICE_ACCOUNT to look, MANAGE_SERVICE_ACCOUNT to create, describe and delete,
    MANAGE_SERVICE_ACCOUNT_CREDENTIALS to rotate, VIEW_ROLE and ASSIGN_ROLE for O(roles). Another service account may have them.
  - The requests that create an account or rotate its secret are sent once. When the answer to creating one is lost, the task fails, looks
    whether the account is there, and names its id in the error and in RV(created). Its secret is lost then; run again with
    O(rotate_secret=true), or with O(state=absent). When the answer to a rotation is lost, the task fails and says that it cannot be known
    which secret counts. Check the old one with M(latchkey.tokens.access_check); if it is refused, rotate once more, as another account.
  - When something fails after an account was created, such as a role that may not be given, the failed result carries the secret. Register
    it, or take it from C(ansible_failed_result) in C(rescue).
options:
  name:
    description:
      - Name of the account, compared exactly. Where there is none of this name, one that differs in case only is an error in all states,
        since no platform publishes whether it minds the case. An account cannot be renamed. An empty string is an error. How long it
        may be is for the platform to say, so check mode does not see one that is too long.
      - On Rubrik several accounts may have the same name. Then the task fails and lists their ids, until O(account_id) says which is meant.
    type: str
    required: true
  account_id:
    description:
      - Id of the account, where O(name) alone does not say which is meant. The account must have both; with O(state=present) it is an error
        when none has, and with O(state=absent) there is nothing to do.
      - An empty string is an error.
    type: str
  state:
    description:
      - With V(present), the account exists with all that the other options say.
      - With V(absent), it is gone; on Qumulo Core its S3 access keys, its access tokens, its role of its own and its role memberships are
        removed first. RV(deleted_s3_access_keys) and the diff name the keys. A caller who may not list them is warned, since the keys of a
        deleted account stay.
        Whether tokens of Rubrik that the account still has outlive it is not published; they end after at most 24 hours.
      - The account that the task itself authenticates as is never deleted.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Rubrik Security Cloud only; an error elsewhere. What the account is for. An empty string clears it.
      - When not set, it stays as it is.
    type: str
  roles:
    description:
      - The roles that the account holds, exactly these; others are taken away. An empty list takes all away.
      - When not set, roles stay as they are. The role that O(privileges) keeps does not count.
      - On Qumulo Core each is a role's name; a name that no role has is an error. These are memberships of the account itself, not those
        that it has through groups.
      - On Rubrik each is a role's exact name or its id. A name that no role has is an error that lists some names; one that several roles
        have is an error that lists their ids. Both come before anything is changed.
      - On Rubrik CDM a new account is created first and then given its roles, and roles are given before others are taken away. What the
        cluster then says is checked.
      - On Rubrik Security Cloud all roles are replaced at once. An account without roles cannot log in there, and some tenants refuse to
        create or leave one without roles.
    type: list
    elements: str
  privileges:
    description:
      - Qumulo Core only; an error elsewhere. Keeps a role of the account's own, named C(latchkey-) and the account's name, that holds
        exactly these privileges. An empty list removes that role. A privilege that the cluster does not know is an error.
      - A role of that name that this module did not create is never touched; the task fails.
      - When not set, that role stays as it is.
    type: list
    elements: str
  primary_group:
    description:
      - Qumulo Core only; an error elsewhere. Name or id of the local group that is the account's primary group. A group that does not
        exist is an error, and so is an empty string. When not set, a new account gets V(Users), and one that exists keeps its own.
    type: str
  home_directory:
    description:
      - Qumulo Core only; an error elsewhere. Path of the home directory; an empty string clears it. When not set, it stays as it is.
    type: str
  rotate_secret:
    description:
      - Rubrik only. Gives an account that exists a new client secret, so every run with V(true) changes it; a new account has a new one
        anyway. Qumulo Core has no client secrets, so V(true) is an error there; rotate access tokens instead.
      - The client id stays, and there is only one secret, so count on the old one being dead at once. Whatever uses it must get the new
        one; the role P(latchkey.tokens.rotate#role) does that for a vars file.
      - Sessions that were opened with the old secret go on unless O(expire_sessions) ends them. Rubrik Security Cloud does not publish
        whether its own outlive a rotation; they end after at most 24 hours.
      - It is done last, after roles and description, so that nothing else can fail once the old secret is dead. With O(state=absent) it has
        no meaning.
      - On Rubrik Security Cloud it suspends exemptions of the account from quorum authorization (the two-person rule). The task then warns,
        names the policies and says how to restore them.
    type: bool
    default: false
  expire_sessions:
    description:
      - Rubrik CDM only. Ends the sessions of an account that exists after O(rotate_secret) gave it a new secret. V(true) is an error
        without O(rotate_secret=true), and on the other platforms.
      - When that fails, the task warns and does not fail, since the new secret must not be lost.
    type: bool
    default: false
  credentials_file:
    description:
      - Rubrik only; an error elsewhere. Where to write a new secret, as the JSON file that Rubrik's SDKs, its Terraform provider and
        O(service_account_file) read, with C(client_id), C(client_secret) and C(name), and on Rubrik Security Cloud C(access_token_uri).
      - The file is on the machine where the task runs. It gets mode 0600, and is replaced atomically, through a symbolic link too. A
        link of another user in a directory that all may write to, such as C(/tmp), is an error, as the kernel has it with
        C(fs.protected_symlinks). The secret is in clear in the file. It is also in the result.
      - Its directory must exist and be writable; that is checked before anything is created. When it cannot be written all the same, the
        task fails and its result carries the secret.
      - It is written only when a secret was created. When the account exists and O(rotate_secret=false), it stays as it is, with a
        warning; it stays with O(state=absent), too. In check mode nothing is written.
    type: path
  purge_sdk_cache:
    description:
      - Rubrik Security Cloud only; V(true) is an error elsewhere. Removes the account's token from the cache of Rubrik's Go SDK and
        Terraform provider once its secret was rotated or the account deleted. After a rotation they cannot decrypt the cached token, and
        fail until the file is gone.
      - It works on the machine where the task runs, and on files of this account only. It finds the file by the account's O(name) and
        id; one whose clients were given another name is not found.
    type: bool
    default: false
  sdk_cache_dir:
    description:
      - Rubrik Security Cloud only; an error elsewhere. The directory that O(purge_sdk_cache) looks in. Without that, it has no effect.
      - When not set, E(RUBRIK_TOKEN_CACHE_DIR) or E(RUBRIK_POLARIS_TOKEN_CACHE_DIR) is used, else the directory for temporary files
        (E(TMPDIR), else usually C(/tmp)), as those clients do.
      - When those clients run with E(RUBRIK_TOKEN_CACHE_SECRET) or E(RUBRIK_POLARIS_TOKEN_CACHE_SECRET), the task needs the same variable,
        since the file's name depends on it.
    type: path
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
  - latchkey.tokens._attributes
seealso:
  - module: latchkey.tokens.service_account_info
  - module: latchkey.tokens.access_token
  - module: latchkey.tokens.access_check
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: An account for backups that may look at all settings, and look up users
  latchkey.tokens.service_account:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    name: svc-backup
    roles:
      - Observers
    privileges:
      - PRIVILEGE_CLUSTER_READ
      - PRIVILEGE_IDENTITY_READ

- name: The account is gone, and its tokens with it
  latchkey.tokens.service_account:
    platform: qumulo
    endpoint: qumulo.example.com
    username: admin
    password: "{{ qumulo_admin_password }}"
    name: svc-backup
    state: absent

- name: A service account of Rubrik Security Cloud for the report on backups
  latchkey.tokens.service_account:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    name: svc-report
    description: Nightly report on backups
    roles:
      - Backup Operator
  register: account

- name: Store its secret, if it is new
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      rsc_report_client_id: "{{ account.client_id }}"
      rsc_report_client_secret: "{{ account.client_secret }}"
  when: account.client_secret is defined

- name: A new secret for Terraform, on the machine where Terraform runs
  latchkey.tokens.service_account:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    name: svc-terraform
    rotate_secret: true
    credentials_file: ~/.rubrik/svc-terraform.json
    purge_sdk_cache: true

- name: A service account on a Rubrik CDM cluster before 9.5.1
  latchkey.tokens.service_account:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    username: admin
    password: "{{ rubrik_admin_password }}"
    totp_secret: "{{ rubrik_admin_totp_secret }}"
    name: svc-report
    roles:
      - ReadOnlyAdminRole
    credentials_file: ~/.rubrik/svc-report.json

- name: Its secret leaked, so it gets a new one and all its sessions end
  latchkey.tokens.service_account:
    platform: rubrik_cdm
    endpoint: rubrik.example.com
    username: admin
    password: "{{ rubrik_admin_password }}"
    totp_secret: "{{ rubrik_admin_totp_secret }}"
    name: svc-report
    rotate_secret: true
    expire_sessions: true
  register: rotated

- name: One of two accounts with the same name goes
  latchkey.tokens.service_account:
    platform: rubrik_rsc
    service_account_file: ~/.rubrik/automation.json
    name: svc-report
    account_id: client|9f0c4a52-6b1e-4c0d-8a77-1f2e3d4c5b6a
    state: absent
"""

RETURN = r"""
account:
  description: Name of the account.
  returned: always
  type: str
  sample: svc-report
account_id:
  description: The platform's id of the account; V(null) in check mode for one that would be created, and when there is none.
  returned: always
  type: str
  sample: client|9f0c4a52-6b1e-4c0d-8a77-1f2e3d4c5b6a
client_id:
  description:
    - What logs in, with the secret; the same as RV(account_id). V(null) in check mode for an account that would be created, and when there
      is none.
  returned: on Rubrik
  type: str
  sample: client|9f0c4a52-6b1e-4c0d-8a77-1f2e3d4c5b6a
client_secret:
  description:
    - The account's new secret. It is told only now; the platform never tells it again.
    - A result that carries it is hidden from output, logs and callbacks, and can be registered and used.
  returned: on Rubrik, when the account was created or its secret rotated, not in check mode
  type: str
  sample: bGF0Y2hrZXkgc2FtcGxl
access_token_uri:
  description: Where Rubrik's clients get access tokens for the account; V(null) on Rubrik CDM.
  returned: with RV(client_secret)
  type: str
  sample: https://example.my.rubrik.com/api/client_token
description:
  description: What the account is for; V(null) when it has no description.
  returned: on Rubrik Security Cloud, when O(state=present) and the account existed or O(description) was set
  type: str
  sample: Nightly report on backups
roles:
  description: Names of the roles that the account now holds, without its own.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [Backup Operator]
role_ids:
  description: Ids of those roles, sorted.
  returned: on Rubrik, when O(state=present) and the account holds or held roles
  type: list
  elements: str
  sample: [7d2c1a34-55aa-4f0e-9b61-0c8e4d7f2a19]
privileges:
  description: What the account's own role now holds; empty when it has none, and always on Rubrik.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [PRIVILEGE_CLUSTER_READ, PRIVILEGE_IDENTITY_READ]
primary_group:
  description: Id of the primary group. Qumulo Core only.
  returned: when O(state=present) and the account existed or O(primary_group) was set
  type: str
  sample: "513"
home_directory:
  description: Path of the home directory, or V(null). Qumulo Core only.
  returned: when O(state=present) and the account existed or O(home_directory) was set
  type: str
  sample: /home/svc-backup
purged:
  description: Cached tokens that were removed, or would be in check mode; empty when there were none.
  returned: with O(purge_sdk_cache=true), when the secret was rotated or the account deleted
  type: list
  elements: str
  sample: [/tmp/token-7cf0ab4bec4fe9fa84e69ddc2871d2c367c8f35d297b9535e43605bf4c56da61]
deleted_s3_access_keys:
  description: Ids of the account's S3 access keys, which were deleted with it, or would be in check mode.
  returned: on Qumulo Core, when an account is deleted that has such keys
  type: list
  elements: str
  sample: ["00000000000003ea8527"]
created:
  description: Ids of the accounts of this name that are there although the answer to creating one was lost. Their secrets are lost.
  returned: when the task failed like that
  type: list
  elements: str
  sample: ['User:::62482f5f-9d3f-4a0e-8d42-52d0a47d2f11']
"""

from ansible_collections.latchkey.tokens.plugins.module_utils._module import run_module
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import SERVICE_ACCOUNT


def main() -> None:
    """Run as an ordinary module."""
    run_module(SERVICE_ACCOUNT)


if __name__ == "__main__":
    main()
