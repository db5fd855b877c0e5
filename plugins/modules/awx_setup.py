#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of awx_setup, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: awx_setup
short_description: Create in AWX what jobs of this collection need
version_added: 1.1.0
description:
  - A part of the playbook C(latchkey.tokens.awx_setup), which hands its variables on.
  - It creates and changes the organization, credential types, credentials, the execution environment, a notification, the project, the
    inventory, job templates and schedules with the modules of C(awx.awx) or C(ansible.controller), whichever is installed.
  - Where AWX is, and a token, come from the environment variables C(CONTROLLER_HOST) and C(CONTROLLER_OAUTH_TOKEN).
  - The description of each object says that this task manages it. An object of the same name without that is refused.
  - In check mode, what refers to an object that is not there yet counts as to be created.
options:
  organization:
    description: The organization.
    type: str
    default: Latchkey
  image:
    description: The image of the execution environment.
    type: str
  project_url:
    description: The git repository of the project.
    type: str
  project_branch:
    description: Its branch.
    type: str
    default: main
  inventory_file:
    description: The inventory of credentials in the project.
    type: str
    default: inventory.yml
  platforms:
    description: Platforms that jobs work with; there is a credential for each.
    type: list
    elements: str
    default: []
  credentials:
    description:
      - By the key of a credential, which is a platform, V(git), V(leaked) or V(vault), its inputs.
      - An input that is a dictionary is looked up by AWX, with the credential that its C(source) names and its C(metadata).
      - An input that is not given comes from the environment. What is missing of a credential that AWX does not have yet is asked for.
    type: dict
    default: {}
  variables:
    description: By job template, its extra variables.
    type: dict
    default: {}
  schedules:
    description: By job template, when it runs, as AWX writes it in C(rrule); an empty one stands for no schedule.
    type: dict
    default: {}
  notification:
    description: The C(type) and C(configuration) of a notification of jobs that failed, as AWX has them.
    type: dict
    default: {}
  adopt:
    description:
      - Names of objects that are taken although this task did not create them. They are changed to what they should be, except an
        organization and an execution environment, which others may use as well.
    type: list
    elements: str
    default: []
  update_secrets:
    description:
      - Whether secrets of credentials that are there already are sent again. AWX never shows them, so that always counts as a change.
    type: bool
    default: false
  first_job:
    description: Whether a job of C(rotate) is started in check mode when its job template was created or changed.
    type: bool
    default: true
  directory:
    description:
      - A directory for C(latchkey.yml), which has the same objects as variables for C(infra.aap_configuration). AWX is not asked then.
    type: path
  credential_types:
    description: What C(playbooks/vars/awx_setup.yml) says of credential types.
    type: dict
    required: true
  job_templates:
    description: The job templates, as in C(playbooks/vars/awx_setup.yml).
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - latchkey.tokens._attributes.controller_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Write what jobs need as a file for infra.aap_configuration
  latchkey.tokens.awx_setup:
    image: registry.example.com/ops/latchkey-ee
    project_url: https://git.example.com/ops/keys.git
    platforms: [qumulo]
    directory: .
    credential_types:
      qumulo: {title: Qumulo Core, prefix: QUMULO, from_files: {}, asked: [username, password]}
      git: {title: Git repository, prefix: LATCHKEY_GIT, from_files: {}, asked: [token]}
    job_templates:
      - name: rotate
        description: Rotate credentials that are due.
        playbook: rotate.yml
        credentials: [platforms, git, vault]
        ask: [job_type, limit]
        schedule: ""
        survey: []
"""

RETURN = r"""
created:
  description: What was created, each as its kind and name.
  returned: success, and failure after the first request
  type: list
  elements: str
  sample: [organization Latchkey]
changed_objects:
  description: The same of what was changed.
  returned: success, and failure after the first request
  type: list
  elements: str
  sample: []
job:
  description: The C(name), C(id) and C(url) of the job that was started; empty for none.
  returned: success
  type: dict
lines:
  description: What was done, for people.
  returned: success
  type: list
  elements: str
  sample: ["created: organization Latchkey", "started in check mode: https://awx.example.com/#/jobs/playbook/17/output"]
version:
  description: The version of AWX; null with O(directory).
  returned: success
  type: str
  sample: 24.6.1
"""
