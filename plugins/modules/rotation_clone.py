# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation_clone, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_clone
short_description: Clone the repository of a fleet's vars files for one run
version_added: 1.1.0
description:
  - A part of the playbook C(latchkey.tokens.rotate), which uses it where C(rotate_clone) is true.
  - Clones one branch of a git repository, its newest commit only, into a directory that only this user may enter, below E(TMPDIR) or
    C(/tmp). A second task of the same run with the same O(git) returns the same clone.
  - The clone is deleted by O(state=absent), or else when the run has ended, also by a signal. Where that could not be done either, as
    after a power failure, the next run deletes it.
  - No hook of the repository runs, and no filter gets a token. Hooks and filters of the user's git configuration run as they do in
    M(latchkey.tokens.git_publish); hooks that are configured with a relative path, which would lead into the repository, do not.
  - The role P(latchkey.tokens.rotate#role) refuses a vars file in such a clone unless C(rotate_publish) is V(git), since a new credential
    would be lost with it.
  - In check mode it does the same, since a plan needs the vars files.
options:
  state:
    description: V(present) clones. V(absent) deletes all clones of this run.
    type: str
    choices: [present, absent]
    default: present
  git:
    description: As C(rotate_publish_git), an option of the role P(latchkey.tokens.rotate#role). What is not set comes from the environment.
    type: dict
    default: {}
    suboptions:
      remote:
        description: The URL or the path of the repository. By default the environment variable E(LATCHKEY_GIT_REMOTE). Needed.
        type: str
      branch:
        description: The branch. By default the environment variable E(LATCHKEY_GIT_BRANCH), else the repository's own default.
        type: str
      message:
        description: It has no effect here.
        type: str
      author_name:
        description: It has no effect here.
        type: str
      author_email:
        description: It has no effect here.
        type: str
      username:
        description: The user that O(git.token) goes with. By default the environment variable E(LATCHKEY_GIT_USERNAME).
        type: str
      token:
        description: A token, or password, for https. By default the environment variable E(LATCHKEY_GIT_TOKEN).
        type: str
      ssh_key_file:
        description: The private key for ssh. By default the environment variable E(LATCHKEY_GIT_SSH_KEY_FILE).
        type: path
      ssh_known_hosts_file:
        description: The keys of known servers. By default the environment variable E(LATCHKEY_GIT_SSH_KNOWN_HOSTS_FILE).
        type: path
      timeout:
        description: Seconds that each command of git may take. When not set or V(0), 60.
        type: float
requirements:
  - git 2.31 or newer, on the controller
extends_documentation_fragment:
  - latchkey.tokens._attributes.controller_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Clone the repository of the vars files
  latchkey.tokens.rotation_clone:
    git:
      remote: "{{ inventory_repository }}" # for example https://git.example.com/ops/keys.git
      branch: main
  run_once: true
  register: cloned

- name: Delete the clone
  latchkey.tokens.rotation_clone:
    state: absent
  run_once: true
"""

RETURN = r"""
path:
  description: The work tree of the clone.
  returned: success, with O(state=present)
  type: str
  sample: /tmp/latchkey.tokens-clones-1000/6b1b36cbb04b41490bfc0ab2bfa26f86/repository
branch:
  description: The branch that is checked out.
  returned: success, with O(state=present)
  type: str
  sample: main
commit:
  description: The commit that it is at.
  returned: success, with O(state=present)
  type: str
  sample: 0f8d1f1e6b8e0b8d3c0f4c2a6c9d6a8e2b1c7d5e
removed:
  description: The paths of the clones that were deleted.
  returned: success, with O(state=absent)
  type: list
  elements: str
  sample: [/tmp/latchkey.tokens-clones-1000/6b1b36cbb04b41490bfc0ab2bfa26f86/repository]
"""
