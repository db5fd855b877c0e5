# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup play_token: from options to the run's token."""

from __future__ import annotations

DOCUMENTATION = r"""
name: play_token
short_description: A bearer token for the duration of a play
version_added: 1.0.0
description:
  - Returns a bearer token for an account. The first use in a run creates it; every further one gets the same, in all tasks, loops, hosts
    and forks. At the end of the run it is revoked, however the run ends.
  - Which token one gets is decided by all options here that say where to connect and as whom, and by O(expires_in). Uses that differ in
    one of these get tokens of their own.
  - The token is kept in memory and, encrypted with a key that only the processes of the run have, in Ansible's temporary directory.
  - An option that is null, or left out with C(omit), counts as not given, and so does an environment variable that is empty. An option
    that is an empty string is an error that names it, except O(ca_path) and O(organization_id), which then count as not given.
  - It is revoked by the callback P(latchkey.tokens.revoke_play_tokens#callback) when that is enabled, and in every case by a small process
    that the first use starts and that waits for the end of Ansible. Where a container is killed, nothing in it can revoke anything;
    see C(latchkey.tokens.sweep), a playbook.
  - On Rubrik the token is a session of the calling account. On Qumulo Core it is an access token of the calling user, who must log in
    with a password or a token, and may have two access tokens at most.
options:
  platform:
    required: false
    env: [{name: LATCHKEY_PLATFORM}]
    ini: [{section: latchkey_tokens, key: platform}]
    vars: [{name: latchkey_platform}]
  endpoint:
    env: [{name: LATCHKEY_ENDPOINT}]
    ini: [{section: latchkey_tokens, key: endpoint}]
    vars: [{name: latchkey_endpoint}]
  validate_certs:
    env: [{name: LATCHKEY_VALIDATE_CERTS}]
    ini: [{section: latchkey_tokens, key: validate_certs}]
    vars: [{name: latchkey_validate_certs}]
  ca_path:
    env: [{name: LATCHKEY_CA_PATH}]
    ini: [{section: latchkey_tokens, key: ca_path}]
    vars: [{name: latchkey_ca_path}]
  timeout:
    env: [{name: LATCHKEY_TIMEOUT}]
    ini: [{section: latchkey_tokens, key: timeout}]
    vars: [{name: latchkey_timeout}]
  max_parallel_requests:
    env: [{name: LATCHKEY_MAX_PARALLEL_REQUESTS}]
    ini: [{section: latchkey_tokens, key: max_parallel_requests}]
    vars: [{name: latchkey_max_parallel_requests}]
  token:
    env: [{name: LATCHKEY_TOKEN}]
    ini: [{section: latchkey_tokens, key: token}]
    vars: [{name: latchkey_token}]
  username:
    env: [{name: LATCHKEY_USERNAME}]
    ini: [{section: latchkey_tokens, key: username}]
    vars: [{name: latchkey_username}]
  password:
    env: [{name: LATCHKEY_PASSWORD}]
    ini: [{section: latchkey_tokens, key: password}]
    vars: [{name: latchkey_password}]
  totp_code:
    env: [{name: LATCHKEY_TOTP_CODE}]
    ini: [{section: latchkey_tokens, key: totp_code}]
    vars: [{name: latchkey_totp_code}]
  totp_secret:
    env: [{name: LATCHKEY_TOTP_SECRET}]
    ini: [{section: latchkey_tokens, key: totp_secret}]
    vars: [{name: latchkey_totp_secret}]
  client_id:
    env: [{name: LATCHKEY_CLIENT_ID}]
    ini: [{section: latchkey_tokens, key: client_id}]
    vars: [{name: latchkey_client_id}]
  client_secret:
    env: [{name: LATCHKEY_CLIENT_SECRET}]
    ini: [{section: latchkey_tokens, key: client_secret}]
    vars: [{name: latchkey_client_secret}]
  service_account_file:
    env: [{name: LATCHKEY_SERVICE_ACCOUNT_FILE}]
    ini: [{section: latchkey_tokens, key: service_account_file}]
    vars: [{name: latchkey_service_account_file}]
  organization_id:
    env: [{name: LATCHKEY_ORGANIZATION_ID}]
    ini: [{section: latchkey_tokens, key: organization_id}]
    vars: [{name: latchkey_organization_id}]
  expires_in:
    description:
      - How long the token lives from when it is created, for example V(30m) or V(8h). An hour when not set. At least a minute.
      - Rubrik decides on this itself, so it is an error there. With O(qumulo_kind=session) it has no effect.
    type: str
    env: [{name: LATCHKEY_EXPIRES_IN}]
    ini: [{section: latchkey_tokens, key: expires_in}]
    vars: [{name: latchkey_expires_in}]
  qumulo_kind:
    description:
      - What the token is on Qumulo Core. With V(session), it is that of a log-in, for users who may not have an access token, or have two.
      - Nothing can end such a session; it ends by itself after 10 hours. On Rubrik this option has no effect.
    type: str
    choices: [access_token, session]
    default: access_token
    env: [{name: LATCHKEY_QUMULO_KIND}]
    ini: [{section: latchkey_tokens, key: qumulo_kind}]
    vars: [{name: latchkey_qumulo_kind}]
  min_remaining:
    description:
      - A token that lives no longer than this is replaced by a new one. Of a token that lives for less than twice as long, half of its
        life will do. With V(0), only one that has expired; an empty string is an error.
      - The old one is revoked once its use has ended.
    type: str
    default: 5m
    env: [{name: LATCHKEY_MIN_REMAINING}]
    ini: [{section: latchkey_tokens, key: min_remaining}]
    vars: [{name: latchkey_min_remaining}]
  refresh:
    description:
      - Asks the platform whether it still takes the token, and replaces it when not, for example after it was revoked by hand.
      - Also asks again at once after a refusal of the credentials (401), which is remembered for a minute otherwise.
      - The modules of this collection do that by themselves with a token that came from here.
    type: bool
    default: false
    env: [{name: LATCHKEY_REFRESH}]
    ini: [{section: latchkey_tokens, key: refresh}]
    vars: [{name: latchkey_refresh}]
  scope:
    description:
      - When a token that is created now is revoked, at the end of the run or already when the next play starts.
      - The latter takes the callback P(latchkey.tokens.revoke_play_tokens#callback); without it, V(play) is the same as V(run).
    type: str
    choices: [run, play]
    default: run
    env: [{name: LATCHKEY_SCOPE}]
    ini: [{section: latchkey_tokens, key: scope}]
    vars: [{name: latchkey_scope}]
  mint_in_check_mode:
    description:
      - Whether to create a token in check mode. Reading takes one, too.
      - With V(false), a run in check mode gets a text that is no token. No module of this collection sends it; they leave their tasks out,
        which is shown as C(skipped), and from ansible-core 2.22 on as C(ok), and fail those with C(check_mode=false). What counts is the
        run. A task with C(check_mode=true) in an ordinary run gets a token.
    type: bool
    default: true
    env: [{name: LATCHKEY_MINT_IN_CHECK_MODE}]
    ini: [{section: latchkey_tokens, key: mint_in_check_mode}]
    vars: [{name: latchkey_mint_in_check_mode}]
extends_documentation_fragment:
  - latchkey.tokens._connection
  - latchkey.tokens._auth
requirements:
  - requests, on the controller
author:
  - The latchkey.tokens authors (@latchkey)
"""

EXAMPLES = r"""
- name: One log-in for all hosts and tasks
  hosts: storage
  gather_facts: false
  module_defaults:
    group/latchkey.tokens.latchkey:
      platform: rubrik_cdm
      endpoint: rubrik.example.com
      token: "{{ lookup('latchkey.tokens.play_token') }}"
  vars:
    latchkey_platform: rubrik_cdm
    latchkey_endpoint: rubrik.example.com
    latchkey_client_id: "{{ rubrik_client_id }}"
    latchkey_client_secret: "{{ rubrik_client_secret }}"
  tasks:
    - name: Whose token is it?
      latchkey.tokens.access_check:

    - name: Ask the API for something that has no module
      ansible.builtin.uri:
        url: https://rubrik.example.com/api/v1/cluster/me
        headers:
          Authorization: "Bearer {{ lookup('latchkey.tokens.play_token') }}"
      no_log: true

- name: All options in the call
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Whose token is it?
      latchkey.tokens.access_check:
        platform: qumulo
        endpoint: qumulo.example.com
        token: >-
          {{ lookup('latchkey.tokens.play_token', platform='qumulo', endpoint='qumulo.example.com',
                    username='svc-backup', password=qumulo_password, expires_in='30m') }}
"""

RETURN = r"""
_raw:
  description: One bearer token. Tasks that hand it to modules of other collections should set C(no_log).
  type: list
  elements: str
"""

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import redact
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import register, secrets_of_the_run
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.broker import TokenRequest, play_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.options import check_type, checked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import PLACEHOLDER

# Options that have no say in which token one gets.
_APART = ("timeout", "min_remaining", "refresh", "scope", "mint_in_check_mode")


class LookupModule(LookupBase):
    """Reads the options, and asks for the token."""

    # The variables and arguments of the last use in this process, and the options that they make. A task may ask many times, and of all
    # that a use takes, Ansible takes the longest to settle two dozen options.
    _settled: ClassVar[tuple[Any, dict[str, Any]]] = (None, {})
    _definitions: ClassVar[dict[str, dict[str, Any]]] = {}  # of the options, as documented above
    _variables: ClassVar[dict[str, str]] = {}  # the variable that an option is read from -> the option
    _within: ClassVar[list[str]] = []  # variables that are being templated, one within the other

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the token as the only element."""
        variables = variables or {}
        try:
            options = self._options_from(terms, variables, kwargs)
        except LatchkeyError as failure:
            raise _as_error(failure, variables) from None
        if variables.get("ansible_check_mode") and not options["mint_in_check_mode"]:
            return [PLACEHOLDER]
        try:
            request = TokenRequest(
                options={name: value for name, value in options.items() if name not in _APART},
                timeout=options["timeout"],
                margin=parse_duration(options["min_remaining"], "min_remaining").total_seconds(),
                refresh=options["refresh"],
                scope=options["scope"],
            )
            token = play_token(request, Display().warning)
        except LatchkeyError as failure:
            raise _as_error(failure, variables) from None
        register([token])
        return [token]

    def _options_from(self, terms: list[Any], variables: Mapping[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return all options; those from variables are templated first, which Ansible leaves to the plugin."""
        if terms:
            raise AnsibleError("latchkey.tokens.play_token takes options by name only, for example endpoint='cluster.example.com'.")
        definitions = self._all_definitions()
        direct = checked(kwargs, variables, definitions)
        named = {
            name: (option, self._templated(name, variables[name]))
            for name, option in self._variables.items()
            if name in variables and option not in direct
        }
        left = checked(dict(named.values()), variables, definitions)
        given = {name: value for name, (option, value) in named.items() if option in left}
        settled_for, options = type(self)._settled
        if settled_for == (given, direct):
            return options
        with _set_variables_only(definitions, {*direct, *left}):
            self.set_options(var_options=given, direct=direct)
        options = self.get_options()
        if "ca_path" in {*direct, *left} and "validate_certs" not in {*direct, *left}:
            options["validate_certs"] = None  # to verify is what they mean, whatever the environment says
        type(self)._settled = (given, direct), options
        return options

    def _all_definitions(self) -> dict[str, dict[str, Any]]:
        if not self._definitions:
            self._definitions.update(config.get_configuration_definitions("lookup", self._load_name))
            self._variables.update(
                (one["name"], option) for option, definition in self._definitions.items() for one in definition.get("vars", ())
            )
        return self._definitions

    def _templated(self, name: str, value: Any) -> Any:
        if name in self._within:  # before ansible-core 2.19 nothing else would end this
            raise AnsibleError(
                f"latchkey.tokens.play_token: the variable {name} needs itself. The lookup reads it as an option of its own, so do not "
                "keep the lookup's token in it; take another name, or give the lookup that option."
            )
        self._within.append(name)
        try:
            return self._templar.template(value)
        except AnsibleError as failure:
            if failure.__class__.__name__ == "AnsibleValueOmittedError":  # ansible-core 2.19 and later
                return None
            raise
        finally:
            self._within.pop()


def _as_error(failure: LatchkeyError, variables: Mapping[str, Any]) -> AnsibleError:
    return AnsibleError(f"latchkey.tokens.play_token: {redact(str(failure), secrets_of_the_run(variables))}")


@contextlib.contextmanager
def _set_variables_only(definitions: Mapping[str, Mapping[str, Any]], given: Collection[str]) -> Iterator[None]:
    """Let environment variables that are empty count as unset, and refuse those that Ansible would take for something else.

    Args:
        definitions: of the options, as documented.
        given: options that do not come from the environment.

    Raises:
        OptionError: one of them is of another type.
    """
    known = {one["name"]: option for option, definition in definitions.items() for one in definition.get("env", ())}
    found = {name: os.environ[name] for name in known if name in os.environ}
    empty = {name: value for name, value in found.items() if not value.strip()}
    for name in set(found) - set(empty):
        if known[name] not in given:
            check_type(name, found[name], definitions[known[name]])
    for name in empty:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(empty)
