#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of report, which is an action plugin: it runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Report on the credentials that platforms have and stores know
version_added: 1.1.0
description:
  - A part of the playbook C(latchkey.tokens.report), for playbooks that do the same in a way of their own.
  - It lists the credentials of endpoints, as M(latchkey.tokens.credential_info) does, reads the vars files that are named, joins the two,
    and writes findings and lists as files for people and for machines. No secret is in any of them, and nothing is changed on a platform.
  - An endpoint that cannot be reached and a store that cannot be read do not fail a task; they are findings.
options:
  state:
    description:
      - V(checked) fails when none of O(hosts) is in O(matched), when an option of V(written) is malformed, and when O(directory) cannot be
        created or written.
      - V(read) reads the stores of one host. The platform is asked which token a value is where no rotation has noted it.
      - V(planned) returns which of O(hosts) are to look, so that several hosts that stand for one endpoint ask it once.
      - V(looked) lists the credentials of one host's endpoint.
      - V(written) joins what O(hosts) have seen, and writes the report.
      - V(read) and V(looked) take O(auth).
    type: str
    required: true
    choices: [checked, read, planned, looked, written]
  hosts:
    description: The hosts of the report; not with V(read) and V(looked), which are about the host of the task.
    type: list
    elements: str
    default: []
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
  platform:
    description: With O(state=read) and O(state=looked), the platform of the host's endpoint.
    type: str
  endpoint:
    description: With O(state=read) and O(state=looked), where its API is, a host, V(host:port) or a URL.
    type: str
  max_parallel_requests:
    description: With O(state=read) and O(state=looked), as O(latchkey.tokens.credential_info#module:max_parallel_requests).
    type: int
  stored:
    description:
      - With O(state=read), one more entry of O(vars_files), which a rotation of the host itself has. Without C(vars_file), C(store) names
        the secret manager that it is in, with the options of the role C(rotate).
    type: dict
    suboptions: &entry
      vars_file:
        description: The vars file. A relative path is beside the playbook.
        type: path
      var:
        description: Name of the variable that holds the credential; a dotted path names one inside another.
        type: str
      account:
        description: The account that the credential is of. When not set, the platform is asked, where it can be.
        type: str
      credential:
        description: What it is. When not set, what O(platform) has that goes with an id where there is an C(id_var), else its token.
        type: str
        choices: [access_token, api_token, service_account_secret, s3_access_key, ""]
      id_var:
        description: Name of the variable that holds the client id of a service account secret, or the id of an S3 access key.
        type: str
        aliases: [client_id_var]
      accounts:
        description: Names of service accounts that take turns, of which the store has one at a time.
        type: list
        elements: str
      store:
        description: With O(stored), as O(latchkey.tokens.rotate#role:main:rotate_store).
        type: str
      hashicorp_vault:
        description: With O(stored), as O(latchkey.tokens.rotate#role:main:rotate_hashicorp_vault).
        type: dict
      aws_secretsmanager:
        description: With O(stored), as O(latchkey.tokens.rotate#role:main:rotate_aws_secretsmanager).
        type: dict
  vars_files:
    description: With O(state=read), which vars files hold which credentials of the endpoint.
    type: list
    elements: dict
    default: []
    suboptions: *entry
  read:
    description: With O(state=planned) and O(state=written), by host, the result of O(state=read), a failed one too.
    type: dict
    default: {}
  looked:
    description: With O(state=written), by host, the result of O(state=looked), a failed or skipped one too.
    type: dict
    default: {}
  max_age:
    description: A credential that is older is a finding.
    type: str
    default: 365d
  warn:
    description: One that expires within this time is a finding.
    type: str
    default: 7d
  unused:
    description: One that was not used for so long is a finding.
    type: str
    default: 90d
  fail_on:
    description: The mildest severity of which a finding is in RV(failure); V(never) leaves it empty.
    type: str
    choices: [critical, warning, never]
    default: critical
  directory:
    description:
      - Where the files go, which are C(report.html), C(report.json), C(report.csv) and C(report.prom). Each is replaced in one step, in
        check mode too. It is created, for its owner alone, when its parent is there. When not set, no file is written.
      - A relative path is relative to the working directory of the run.
    type: path
  mode:
    description: The permissions of the files, as octal digits. When not set, V(0600) for new files; others keep theirs.
    type: str
extends_documentation_fragment:
  - latchkey.tokens._auth.dictionary
  - latchkey.tokens._attributes.controller_info
requirements:
  - requests, on the controller
seealso:
  - module: latchkey.tokens.credential_info
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: Read what the vars file knows
  latchkey.tokens.report:
    state: read
    platform: qumulo
    endpoint: qumulo.example.com
    auth:
      token: "{{ qumulo_admin_token }}"
    vars_files:
      - vars_file: group_vars/all/vault.yml
        var: qumulo_token
        account: local:svc-backup
  register: read

- name: List the credentials of the endpoint
  latchkey.tokens.report:
    state: looked
    platform: qumulo
    endpoint: qumulo.example.com
    auth:
      token: "{{ qumulo_admin_token }}"
  register: looked

- name: Write the report
  latchkey.tokens.report:
    state: written
    hosts: ["{{ inventory_hostname }}"]
    read: "{{ {inventory_hostname: read} }}"
    looked: "{{ {inventory_hostname: looked} }}"
    warn: 14d
    directory: report
  register: written

- name: Show it
  ansible.builtin.debug:
    msg: "{{ written.table }}"
"""

RETURN = r"""
seen:
  description: What the host contributes to the report, packed; hand it over to O(state=written) as it is. No secret is in it.
  returned: success, with O(state=read) and O(state=looked)
  type: str
  sample: eJyrVsrJz89WslLKK83JUaoFAB9HBF0=
who:
  description: A name for the endpoint and the caller together, which tells neither; another one in every run.
  returned: success, with O(state=read)
  type: str
  sample: 8c0b6a1f0d8c4f7f9f4b7a51f7a1c1b6b9b4b1d1f6c7a8d9e0f1a2b3c4d5e6f7
looking:
  description: The hosts that are to look.
  returned: success, with O(state=planned)
  type: list
  elements: str
  sample: [cluster]
table:
  description: The first 50 findings, the worst last, and the numbers, as lines of text with aligned columns.
  returned: success, with O(state=written)
  type: list
  elements: str
  sample:
    - "5 credentials at 1 endpoint; 4 in a store; no findings"
notice:
  description:
    - What to tell people who were not watching. C(subject) is one line with the numbers, C(lines) has one for each of the first 50 findings
      that are critical or warnings; C(attention) says whether there is any.
  returned: success, with O(state=written)
  type: dict
  sample:
    subject: "Credentials: 5 credentials at 1 endpoint; 4 in a store; no findings"
    attention: false
    lines: []
totals:
  description: The numbers of the report, as C(totals) in report.json.
  returned: success, with O(state=written)
  type: dict
  sample:
    endpoints: 1
    unreachable: 0
    hosts: 1
    stores: 4
    credentials: 5
    stored: 4
    kinds: {access_token: 5, api_token: 0, session: 0, service_account_secret: 0, s3_access_key: 0}
    states: {live: 5, expired: 0, disabled: 0, unknown: 0}
    findings: {critical: 0, warning: 1, info: 0}
    codes: {orphan: 1}
files:
  description: The paths of the files.
  returned: success, with O(state=written)
  type: list
  elements: str
  sample: [/srv/report/report.json, /srv/report/report.csv, /srv/report/report.prom, /srv/report/report.html]
failure:
  description: Why the run is to fail, as O(fail_on) says; empty where it is not.
  returned: success, with O(state=written)
  type: str
  sample: The report has 2 critical findings, and report_fail_on is critical.
"""
