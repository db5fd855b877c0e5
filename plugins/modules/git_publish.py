# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of git_publish, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: git_publish
short_description: Push variables of a vars file to a branch of a git remote
version_added: 1.0.0
description:
  - A helper of the role P(latchkey.tokens.rotate#role), for checkouts that are deleted after the run. It can be used by itself as well.
  - Has the branch hold the named variables as the vars file has them. The commit goes on top of what the remote has at that moment, and
    changes nothing else, in the vars file neither. What is changed or staged in the checkout, or committed and not pushed, stays there and
    is not pushed.
  - A push is never forced. When another commit was pushed at the same moment, it looks at the remote again and goes on, unless that
    changed one of O(names). Then, as for every other refusal, the task fails and the checkout is as it was.
  - After the push the file in the checkout, the index and the checked out branch follow, as far as nothing but the vars file differs.
  - Git's configuration stays in force, with its identity, signing, hooks and ssh. No question is asked.
  - Hooks and filters see the change in a work tree of the commit that is checked out. What the remote has beyond that is never checked
    out, so no hook, filter or script of a commit that the user does not have runs. Only commands that talk to the remote get O(token).
  - A branch that follows a branch of the same repository, and a remote that is the same repository, are refused.
  - In check mode the commit is created and pushed with C(--dry-run), so that hooks, signing, rights and the way to the remote are tried.
  - Outside of check mode, when the branch had the variables when the remote was last asked, it is not asked again.
options:
  path:
    description:
      - The vars file, in a git work tree and committed before, and at the remote. A git submodule is refused. A relative path is beside the
        playbook; symbolic links are followed.
    type: path
    required: true
  names:
    description:
      - The variables to publish, as the file has them, with ciphertext and C(!unsafe). One that the file does not have is removed.
        Dotted names as in M(latchkey.tokens.vault_vars).
      - Whether another run was first is decided by these.
    type: list
    elements: str
    required: true
  plain_vars:
    description:
      - Values to publish readable, by name, whatever the file has. After the push they are in the file too; in check mode they are not.
      - Text that Ansible would evaluate as a template is written as C(!unsafe).
    type: dict
    default: {}
  expect:
    description:
      - The fingerprints that O(names) must have at the remote, as RV(fingerprints) of an earlier task. By default those of the checkout's
        last commit.
    type: dict
  remote:
    description:
      - The name of a remote, or a URL. A URL with a password is an error. By default the environment variable E(LATCHKEY_GIT_REMOTE), else
        the remote that the checked out branch follows, else V(origin).
    type: str
  branch:
    description:
      - The branch to push to. By default the environment variable E(LATCHKEY_GIT_BRANCH), else the one that the checked out branch follows,
        else the one of the same name. A checkout with a detached HEAD needs it. One that the remote does not have is an error.
    type: str
  message:
    description: The commit's message. When not set or empty, it names the first of O(names) and the file.
    type: str
  author_name:
    description:
      - The name of the commit's author and committer. By default the environment variable E(LATCHKEY_GIT_AUTHOR_NAME), else as git is
        configured, else V(Ansible).
    type: str
  author_email:
    description:
      - Their address. By default the environment variable E(LATCHKEY_GIT_AUTHOR_EMAIL), else as git is configured, else C(ansible) at the
        controller's name.
    type: str
  username:
    description:
      - The user that O(token) goes with. By default the environment variable E(LATCHKEY_GIT_USERNAME), else V(x-access-token), which GitHub
        and GitLab take. Without a token it has no effect.
    type: str
  token:
    description:
      - A token, or password, for a remote that is reached over https. By default the environment variable E(LATCHKEY_GIT_TOKEN), else what
        git is configured with. An error where the remote is reached over plain http; over ssh it has no effect.
      - It is given to the server of the remote only, through a credential helper of its own, so it is in no argument, file or URL.
    type: str
  ssh_key_file:
    description:
      - The private key for a remote that is reached over ssh. By default the environment variable E(LATCHKEY_GIT_SSH_KEY_FILE), else as
        ssh is configured. The key of the server must be known.
    type: path
  ssh_known_hosts_file:
    description:
      - The keys of known servers. By default the environment variable E(LATCHKEY_GIT_SSH_KNOWN_HOSTS_FILE), else as ssh is configured.
    type: path
  timeout:
    description: Seconds that each command of git may take, more than 0. One that takes longer is ended, and the task fails.
    type: float
    default: 60
requirements:
  - git 2.31 or newer, on the controller
attributes:
  check_mode:
    description: Whether the task can run in check mode and say what it would change.
    support: full
  diff_mode:
    description: Whether the task tells what it changes in diff mode. The commit tells it.
    support: none
  action:
    description: It is an action plugin and always runs on the controller, whatever the connection, C(become) or C(delegate_to) say.
    support: full
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Publish a token that was written by hand
  latchkey.tokens.git_publish:
    path: group_vars/all/vault.yml
    names: [qumulo_token]
    message: A new token of Qumulo Core

- name: The same where HEAD is detached, with a token for the remote
  latchkey.tokens.git_publish:
    path: group_vars/all/vault.yml
    names: [qumulo_token]
    remote: origin
    branch: main
    token: "{{ inventory_token }}"
"""

RETURN = r"""
path:
  description: The vars file.
  returned: success
  type: str
  sample: /srv/play/vault.yml
commit:
  description: The commit that has the variables; empty in check mode.
  returned: success
  type: str
  sample: 0f8d1f1e6b8e0b8d3c0f4c2a6c9d6a8e2b1c7d5e
remote:
  description: The remote.
  returned: success
  type: str
  sample: origin
branch:
  description: The branch.
  returned: success
  type: str
  sample: main
fingerprints:
  description: One for each of O(names) at the remote, empty where there is none. They say nothing about a secret.
  returned: success
  type: dict
  sample: {"qumulo_token": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}
in_doubt:
  description: Whether the commit may have been pushed although the task failed, because the answer was lost.
  returned: when git failed
  type: bool
  sample: false
"""
