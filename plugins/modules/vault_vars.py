# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of vault_vars, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_vars
short_description: Change encrypted values in a vars file, and nothing else in it
version_added: 1.0.0
description:
  - Sets or removes values in a YAML vars file, encrypted with the vault secrets that this run of Ansible was started with
    (C(--vault-id), C(--vault-password-file), C(--ask-vault-pass)).
  - Every byte outside the values stays as it is, with its comments, order, quoting, C(---) and line endings.
  - A value that decrypts to what is wanted already is left alone, so nothing changes.
  - The file is replaced in one step, so that it is never half written; it keeps its mode, group and owner, a symbolic link stays one, other
    writers of this collection are locked out meanwhile, and what was written is read back and decrypted before the task succeeds.
  - Where a member of the file's group changes it who is not its owner and not root, that user owns it afterwards, and a warning says so.
  - A file that cannot be edited safely is refused and left alone. That is one with duplicate keys, several documents, no mapping at the
    top, an anchor or alias on the value, a value inside a flow-style mapping, one in braces, or a file of another tool such as SOPS. The
    guide to vars files has the whole list.
options:
  path:
    description:
      - The vars file. A relative path is beside the playbook. A directory is an error, and so is a file in a directory that does not exist.
    type: path
    required: true
  vars:
    description:
      - Values to keep encrypted, by name. A dotted name such as V(qumulo.token) is a value inside a mapping, and a number in it an item
        of a list that exists, or a key that is a whole number. An item that is not there is an error, and a single one cannot be
        removed. Write a dot that belongs to a name as V(\\.).
      - Values are texts, an empty one too; mappings and lists of texts have each text encrypted. A number, V(true), V(null) and so on in it
        is an error; put it in quotes.
      - One of O(vars), O(plain_vars) and O(restore) is required. With an empty mapping nothing is changed, and no file is created.
      - A name that the file does not have is added at the end of its mapping.
      - With O(state=absent), only the names count.
    type: dict
  plain_vars:
    description:
      - Values to keep readable, by name; of any type. A name that O(vars) has too is an error. In a file that is encrypted as a whole they
        are encrypted with it.
      - Text that Ansible would evaluate as a template when it loads the file is written as C(!unsafe), since it may come from an appliance
        or another variable. Write a reference to another variable into the file by hand.
    type: dict
  state:
    description:
      - Whether the named values shall be there, or not. With V(absent), a name or a file that is not there is no error.
    type: str
    choices: [present, absent]
    default: present
  vault_id:
    description:
      - The vault id to encrypt with. A value under another id is encrypted anew under this one.
      - When not set, a value keeps the id it has and the secret that opened it, whatever its id is. A new one gets the id of the
        other values in the file, else that of the only secret that is loaded, else what C(vault_encrypt_identity) in C(ansible.cfg) says.
      - An empty string, or an id that no secret is loaded for, is refused, also when another secret would open the value. So is an id with
        a semicolon, outer blanks, or other characters than ASCII.
    type: str
  encrypt:
    description:
      - V(value) encrypts each value by itself. V(file) encrypts the file as a whole. V(auto) does what the file does, and V(value) for a
        new file.
      - A file that exists is not turned from one into the other; that is an error.
    type: str
    choices: [value, file, auto]
    default: auto
  create:
    description:
      - Whether to create the file when there is none. Otherwise that is an error, unless O(state=absent), which never creates it.
    type: bool
    default: false
  mode:
    description:
      - Octal mode of a file that is created, for example V('0640'); V('0600') when not set. Write it in
        quotes; a number such as V(600) is an error. A file that exists keeps its mode.
    type: raw
  backup:
    description:
      - Whether to keep a copy of the old file, as encrypted as it was, beside it. There is none of a file that is new or does not change,
        and none in check mode.
    type: bool
    default: false
  expect:
    description:
      - Fingerprints, by name, that values must still have, as M(latchkey.tokens.vault_vars_info) returned them; of a list any one;
        an empty one means that there is no such value. When one has changed since, the task fails and changes nothing.
    type: dict
  keep_previous:
    description:
      - Whether to return the file's old content in RV(previous), for O(restore), and its new content in RV(content), for O(if_gone).
    type: bool
    default: false
  if_gone:
    description:
      - The content to start from when the file was deleted meanwhile, as an earlier task returned it in RV(previous) or
        RV(content). The file is created again then, with O(mode).
    type: str
  or_overwrite:
    description:
      - Whether to write over the content that is there when no second file can be written beside it, on a full disk for example. Only for a
        file whose old content is not needed; a kill in that instant leaves half of each.
    type: bool
    default: false
  restore:
    description:
      - Puts back the old content of the file, as an earlier task returned it in RV(previous), byte for byte. Anything else is an error;
        an empty string restores nothing.
      - It needs O(if_checksum), and excludes O(vars) and O(plain_vars).
    type: str
  if_checksum:
    description:
      - Needed with O(restore), which restores only when the file still has this SHA-256 checksum, as an earlier task returned it in
        RV(checksum). When it was changed since, it is left alone and RV(restored) is V(false). Empty when
        there must be no file any more.
    type: str
  lock_timeout:
    description:
      - How long to wait for another writer of the file, for example V(30s). With V(0) the task does not wait. An empty
        string is an error.
    type: str
    default: 30s
attributes:
  check_mode:
    description: Whether the task can run in check mode and say what it would change.
    support: full
  diff_mode:
    description: Whether the task tells what it changes in diff mode by name, vault id and fingerprint, never by value.
    support: full
  action:
    description: It is an action plugin and always runs on the controller, whatever the connection, C(become) or C(delegate_to) say.
    support: full
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Store a token, encrypted
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    create: true
    vars:
      qumulo_token: "{{ minted.token }}"

- name: Store two values inside mappings, one of them readable, under the vault id prod
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    vault_id: prod
    vars:
      qumulo.token: "{{ minted.token }}"
    plain_vars:
      qumulo.token_id: "{{ minted.token_id }}"

- name: Remove a value
  latchkey.tokens.vault_vars:
    path: group_vars/all/vault.yml
    vars:
      old_token: ""
    state: absent
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/playbooks/group_vars/all/vault.yml
changes:
  description: What changed, or would in check mode.
  returned: when not restoring
  type: list
  elements: dict
  contains:
    name:
      description: Name of the value.
      type: str
      sample: qumulo_token
    action:
      description: V(added), V(changed) or V(removed).
      type: str
      sample: changed
    vault_id:
      description: The vault id that it is encrypted under; V(null) for none.
      type: str
      sample: prod
  sample: [{"name": "qumulo_token", "action": "changed", "vault_id": "prod"}]
vault_ids:
  description: The vault id of each encrypted value; V(null) for one without a label.
  returned: when not restoring
  type: dict
  sample: {"qumulo_token": "prod"}
checksum:
  description: SHA-256 of the file as it is now.
  returned: when not restoring
  type: str
  sample: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
checksum_before:
  description: SHA-256 of the file as this task found it; empty when there was none.
  returned: when not restoring
  type: str
  sample: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83c5a3b1a0f3b0e4a1d8f8a1d2
created:
  description: Whether the file is new.
  returned: when not restoring
  type: bool
  sample: false
backup_file:
  description: The copy of the old file.
  returned: with O(backup=true), when it changed
  type: str
  sample: /srv/playbooks/group_vars/all/vault.yml.4711.2026-11-23@08:12:31~
previous:
  description: The file's old content, Base64. The whole result is hidden from output then.
  returned: with O(keep_previous=true), when the file existed
  type: str
  sample: LS0tCg==
content:
  description: The file's new content, Base64.
  returned: with O(keep_previous=true), when there is a file
  type: str
  sample: LS0tCg==
mode:
  description: The file's mode.
  returned: with O(keep_previous=true), when there is a file
  type: str
  sample: "0640"
restored:
  description: Whether the old content was put back.
  returned: when restoring
  type: bool
  sample: true
"""
