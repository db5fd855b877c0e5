# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of vault_vars_info, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_vars_info
short_description: Read values from a vars file, decrypted
version_added: 1.0.0
description:
  - Reads values from a YAML vars file as it is on disk now, decrypted with the vault secrets that this run of Ansible was started with.
    Variables that Ansible loaded earlier in the run may be out of date; these are not.
  - As in Ansible, the label of a value is a hint, and every secret that is loaded is tried, unless C(vault_id_match) is set.
  - The result is hidden from output and logs even without C(no_log) when anything in it was encrypted, and can be registered.
options:
  path:
    description:
      - The vars file. A relative path is beside the playbook. It need not exist; RV(exists) tells.
    type: path
    required: true
  names:
    description:
      - The values to read, by name, dotted as for O(latchkey.tokens.vault_vars#module:vars). A name that the file does not have is no
        error; it is missing in RV(vars). An empty list reads none.
    type: list
    elements: str
    required: true
  hide:
    description:
      - Whether to hide the result also when nothing in it was encrypted, for values that should be.
    type: bool
    default: false
extends_documentation_fragment:
  - latchkey.tokens._attributes.controller_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Read the token as it is on disk now
  latchkey.tokens.vault_vars_info:
    path: group_vars/all/vault.yml
    names:
      - qumulo_token
  register: stored

- name: Does it work?
  latchkey.tokens.access_check:
    platform: qumulo
    endpoint: qumulo.example.com
    token: "{{ stored.vars.qumulo_token }}"
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/playbooks/group_vars/all/vault.yml
exists:
  description: Whether there is such a file.
  returned: success
  type: bool
  sample: true
writable:
  description: Whether the file can be replaced, that is, its directory can be written and its group kept.
  returned: success
  type: bool
  sample: true
whole_file:
  description: Whether the file is encrypted as a whole.
  returned: success
  type: bool
  sample: false
vars:
  description: The values, decrypted, by name as asked for; names that the file does not have are missing.
  returned: success
  type: dict
  sample: {"qumulo_token": "access-v1:bGF0Y2hrZXkgc2FtcGxl"}
vault_ids:
  description: The vault id of each value that is encrypted by itself; V(null) for one without a label.
  returned: success
  type: dict
  sample: {"qumulo_token": "prod"}
fingerprints:
  description: >-
    A fingerprint of what is stored for each name, for O(latchkey.tokens.vault_vars#module:expect); empty for one that is not there.
  returned: success
  type: dict
  sample: {"qumulo_token": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}
checksum:
  description: SHA-256 of the file.
  returned: success
  type: str
  sample: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
variables:
  description: The names of all variables that the file has, whatever was asked for. Those inside others are left out.
  returned: success
  type: list
  elements: str
  sample: [qumulo_token, other]
"""
