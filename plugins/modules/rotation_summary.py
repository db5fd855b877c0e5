# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rotation_summary, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_summary
short_description: Sum up what a run did with the credentials of many hosts
version_added: 1.0.0
description:
  - A part of the playbook C(latchkey.tokens.rotate), for playbooks that use the role P(latchkey.tokens.rotate#role) on many hosts in a
    way of their own.
  - It writes a table for people and data for machines from what the role left in C(rotate_result). No secret is in either.
  - At the end it warns of hosts that are never due for a rotation, and of those with an old token that is not retired yet.
options:
  hosts:
    description: The hosts of the summary. Those with neither a result nor a failure are C(unfinished).
    type: list
    elements: str
    required: true
  results:
    description: By host, what C(rotate_result) was after the role; empty or missing when the role failed or was not run.
    type: dict
    default: {}
  failures:
    description:
      - By host that failed, the reason, in C(reason), and in C(undone) whether the role restored everything, as its fact C(rotate_undone)
        says.
    type: dict
    default: {}
  path:
    description:
      - A file for RV(summary), as JSON. It is replaced in one step, in check mode too.
      - A relative path is relative to the working directory of the run. Its directory must exist. When not set, no file is written.
    type: path
  state:
    description:
      - V(checked) only fails, and only when none of O(hosts) is in O(matched); the file then has a summary without hosts.
      - V(begun) writes the file with all O(hosts), before anything is done. V(noted) changes what it says of O(hosts) and leaves the
        rest, when the file is of the same run of Ansible; when it cannot be written, that is a warning. V(finished) writes the whole.
      - A run that is killed leaves a file that says how far it got, in which C(finished) is false.
    type: str
    choices: [checked, begun, noted, finished]
    default: finished
  pattern:
    description: With O(state=checked), the pattern that O(hosts) match, for the error.
    type: str
  limit:
    description: With O(state=checked), what C(--limit) says, for the error.
    type: str
  matched:
    description: With O(state=checked), hosts that a play with the pattern has reached in this run of Ansible.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - latchkey.tokens._attributes.controller_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Sum up
  latchkey.tokens.rotation_summary:
    hosts: "{{ ansible_play_hosts_all }}"
    results: "{{ dict(ansible_play_hosts_all | zip(their_variables | map(attribute='rotate_result', default={}))) }}"
    path: rotation.json
  vars:
    their_variables: "{{ ansible_play_hosts_all | map('extract', hostvars) | list }}"
  run_once: true
  register: summed_up

- name: Show it
  ansible.builtin.debug:
    msg: "{{ summed_up.table }}"
  run_once: true
"""

RETURN = r"""
summary:
  description:
    - What became of each host, in C(hosts), by its C(status), which is C(rotated), C(not_due), C(undone), C(failed) or C(unfinished), its
      C(reason), and after a rotation or when none was due its C(token_id), C(expires_at), C(old_token_id), C(retired), C(next_due),
      C(next_due_reason), which says why C(next_due) is null, and C(unretired), the ids of old tokens that are not retired yet.
    - Each host also has C(run), C(time), when it was done, C(platform), C(endpoint), C(account), C(created_at) and C(age), the seconds
      since then, of the credential that is stored, so that it makes sense by itself. What is not known is null.
    - C(counts) has the number of hosts by status, C(never_due) the number of those that are never due for a rotation, C(unretired) the
      number of those with an old token that is not retired yet, C(next_due) the earliest time that a rotation is due next.
    - C(written_at) is the time of the summary, C(run) names the run of Ansible.
  returned: success, but not with O(state=checked)
  type: dict
  sample:
    run: controller/1f0c8d52/4026531836 4711 98812345 -
    written_at: "2026-11-23T08:12:31Z"
    finished: true
    check_mode: false
    counts: {not_due: 0, rotated: 1, undone: 0, failed: 0, unfinished: 0}
    never_due: 0
    unretired: 0
    next_due: "2026-12-16T08:12:31Z"
    hosts:
      backup:
        status: rotated
        reason: it expires in 3 d 4 h
        token_id: "3421890012345678901234"
        expires_at: "2026-12-23T08:12:31Z"
        old_token_id: "3421890012345678901233"
        retired: true
        next_due: "2026-12-16T08:12:31Z"
        next_due_reason: null
        unretired: []
        run: controller/1f0c8d52/4026531836 4711 98812345 -
        time: "2026-11-23T08:12:30.123456Z"
        platform: qumulo
        endpoint: qumulo.example.com
        account: local:svc-backup
        created_at: "2026-11-23T08:12:29Z"
        age: 2
notice:
  description:
    - What to tell people who were not watching. C(subject) is one line with the numbers, C(lines) has one for each host that failed, was
      undone or is unfinished, that has an old token which is not retired yet, or that is never due; C(attention) says whether there is any.
  returned: success, but not with O(state=checked)
  type: dict
  sample:
    subject: "Rotation of credentials: 1 rotated; the next one is due at 2026-12-16T08:12:31Z"
    attention: false
    lines: []
table:
  description: The same as lines of text with aligned columns, and a last line with the numbers.
  returned: success, but not with O(state=checked)
  type: list
  elements: str
  sample:
    - "host    result   next due              why"
    - "backup  rotated  2026-12-16T08:12:31Z  it expires in 3 d 4 h"
    - "1 rotated; the next one is due at 2026-12-16T08:12:31Z"
"""
