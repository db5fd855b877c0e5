# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of actions that always run on the controller, where the vars files and the vault secrets are. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.failures import failures_as_result, masked_words
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import option_names, option_secrets
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import (
    hide_loop,
    hide_secrets,
    loop_secrets,
    secrets_of_the_run,
    show_apart,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault


class ControllerAction(ActionBase):
    """An action plugin that checks its arguments and does its work in the worker. Subclasses fill in perform().

    Attributes:
        name: the module's name without its collection.
        argument_spec, rules: as AnsibleModule takes them.
        called: the variables that options are taken from, which errors name.
    """

    name: ClassVar[str]
    argument_spec: ClassVar[dict[str, Any]]
    rules: ClassVar[dict[str, Any]] = {}
    called: ClassVar[Mapping[str, str]] = {}
    secrets: Sequence[str] = ()  # what perform() returns that must not be shown
    unsayable: Sequence[str] = ()  # what perform() has come across, and no failure may quote
    hide_all = False  # set by perform() for a result that nobody wants to read

    _supports_async = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the arguments, perform, and hide what is secret in the result."""
        super().run(tmp, task_vars)
        arguments = self.arguments(task_vars or {})

        def perform() -> dict[str, Any]:
            options = checked_arguments(f"latchkey.tokens.{self.name}", arguments, self.argument_spec, self.rules, self.called)
            return self.perform(options, bool(self._task.check_mode), task_vars or {})

        given = option_secrets(arguments, self.argument_spec)
        result = failures_as_result(perform, chain(given, self._unsayable()))
        result = masked_words(result, secrets_of_the_run(task_vars))
        names = option_names(arguments, self.argument_spec)
        result = hide_secrets(result, [*self.secrets, *loop_secrets(task_vars, given)], self.hide_all, names)
        hide_loop(self._task, result)
        show_apart(result, Display())
        return result

    def _unsayable(self) -> Iterator[str]:
        yield from self.unsayable  # only looked at when something has failed, so by then it is complete

    def arguments(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments: those of the task, unless a subclass knows more. Raises what Ansible raises for a template."""
        return dict(self._task.args)

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the work and return the result. Raises LatchkeyError for what the user has to know."""
        raise NotImplementedError

    def vault(self) -> Vault:
        """Return the vault secrets that this run of Ansible was started with."""
        # Private, but the same from ansible-core 2.16 to 2.22, and the only way to reach them.
        return Vault(self._loader._vault, C.DEFAULT_VAULT_ENCRYPT_IDENTITY or None)

    def path(self, written: str) -> str:
        """Return a path on the controller; a relative one is beside the playbook."""
        return str(self._loader.path_dwim(written))
