# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an operation inside the worker: no module to build and send, no second interpreter. Private to this collection.

Where that is not the same thing (another machine, another user, another environment) the same operation runs as an ordinary
module. Either way a result with a secret in it is hidden.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.failures import failures_as_result, masked_words
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import option_names, option_secrets, redact, result_secrets
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import HAS_REQUESTS
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation, execute
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import (
    hide_loop,
    hide_secrets,
    loop_secrets,
    secrets_of_the_run,
    show_apart,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.module_output import (
    is_telling,
    named_in,
    own_output,
    without_names_as_secrets,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import not_in_check_mode, skipped_for_want_of_a_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.refused import token_to_try_with

_NOT_STARTED = (126, 127)  # what a shell returns for an interpreter that there is not


class OperationAction(ActionBase):
    """An action plugin that is one operation. Subclasses say which.

    Attributes:
        operation: what to run.
        mints: True when a result may carry a new secret.
    """

    operation: Operation
    mints = False
    _unread: str | None = None  # what a module printed, where that is no result

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the operation, here or as an ordinary module, and hide what is secret in its result."""
        super().run(tmp, task_vars)
        name = f"latchkey.tokens.{self.operation.name}"
        if self._task.async_val and self.mints:
            return {
                "failed": True,
                "changed": False,
                "msg": f"{name} does not run with async: Ansible would keep the new secret in clear in a job file. "
                "Take async off the task.",
            }
        skipped = skipped_for_want_of_a_token(self._task.args, bool(self._task.check_mode))
        if skipped:
            return not_in_check_mode(skipped)
        result = self._run_with(name, self._task.args, task_vars)
        another = token_to_try_with(self._task.args, result, Display().warning)
        if another:
            result = self._run_with(name, {**self._task.args, "token": another}, task_vars)
        given = option_secrets(self._task.args, self.operation.full_argument_spec())
        result = masked_words(result, chain(given, secrets_of_the_run(task_vars)))
        names = option_names(self._task.args, self.operation.full_argument_spec())
        result = hide_secrets(result, [*result_secrets(result), *loop_secrets(task_vars, given)], plain=names)
        hide_loop(self._task, result)
        show_apart(result, Display())
        return result

    def _run_with(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        if self._can_run_here():
            return failures_as_result(lambda: self._run_here(name, arguments))
        unfit = failures_as_result(lambda: self._checked(name, arguments))
        if unfit.get("failed"):  # an ordinary module would quote the values
            return unfit
        self._keep_off_the_disk()
        host = str((task_vars or {}).get("inventory_hostname", "the host"))
        try:
            with self._output_unseen():
                result = self._execute(name, arguments, task_vars)
        except AnsibleConnectionFailure:
            # Why was censored together with the output; where a host cannot be reached at all, this raises the same in clear.
            self._low_level_execute_command("exit 0", sudoable=False)
            if not self._may_create():
                raise
            return _lost(f"The connection to {host} broke while {name} ran.", "")
        result.pop("invocation", None)
        if self._unread is not None and self._may_create() and result.get("rc") not in _NOT_STARTED:
            return {**result, **_lost(f"The output of {name} on {host} cannot be read.", self._unread)}
        return result

    def _execute(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        result: dict[str, Any] = self._execute_module(
            module_name=name,
            module_args=dict(arguments),  # Ansible adds to them, and a task that is tried again has the same ones
            task_vars=task_vars,
            wrap_async=wrap_async,
        )
        return result

    @contextlib.contextmanager
    def _output_unseen(self) -> Iterator[None]:
        """Have connection plugins not show what a command prints, as with no_log: ssh shows it with -vvv."""
        known: tuple[Any, ...] = (self._play_context, getattr(self._connection, "_play_context", None))
        contexts = {id(one): one for one in known if one is not None}
        before = {key: one.no_log for key, one in contexts.items()}
        for one in contexts.values():  # a connection has a copy of its own
            one.no_log = True
        try:
            yield
        finally:
            for key, one in contexts.items():
                one.no_log = before[key]

    def _parse_returned_data(self, res: Mapping[str, Any], *more: Any) -> Any:
        """Hand only what the module printed to Ansible, which takes a banner for it and shows all of what it cannot read.

        Private, but the same from ansible-core 2.16 to 2.22.
        """
        text = str(res.get("stdout") or "")
        found = own_output(text)
        self._unread = text if found is None else None
        if found is None:
            found = "" if is_telling(text) else text
        spec = self.operation.full_argument_spec()
        found = without_names_as_secrets(found, option_names(self._task.args, spec))
        errors = redact(str(res.get("stderr") or ""), option_secrets(self._task.args, spec))
        return super()._parse_returned_data({**res, "stdout": found, "stderr": errors}, *more)

    def _may_create(self) -> bool:
        return self.mints and not self._task.check_mode

    def _keep_off_the_disk(self) -> None:
        """Hand a module over by its standard input, as Ansible's pipelining does, since a file of it would have the secrets in clear.

        With become the user decides, since not every sudo takes it.
        """
        if not self._connection.become:
            with contextlib.suppress(AnsibleError, KeyError):  # a connection plugin that has no such option
                self._connection.set_option("pipelining", True)

    def _can_run_here(self) -> bool:
        """Tell whether this process is as good as the one that an ordinary module would get."""
        return (
            HAS_REQUESTS
            and self._connection.transport in ("local", "ansible.builtin.local")
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or ())
        )

    def _run_here(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return execute(self.operation, self._checked(name, arguments), bool(self._task.check_mode))

    def _checked(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return checked_arguments(name, arguments, self.operation.full_argument_spec(), self.operation.rules)


def _lost(problem: str, output: str) -> dict[str, Any]:
    """Return the failure of a task that may have created a credential whose secret nothing has."""
    names = named_in(output)
    named = f" ({', '.join(names)})" if names else ""
    hint = f"It may have created a credential{named}: look for it on the platform, and revoke it."
    return {"failed": True, "changed": True, "msg": f"{problem} {hint}"}
