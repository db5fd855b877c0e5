# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the role rotate's own actions, which run other actions of this collection as their steps. Private to this collection.

A task costs Ansible a process, so what always belongs together is one task of the role and not ten.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._execute import shared_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._on_controller import ControllerAction

# What a secret may get that is not known everywhere yet. Of the refusal on Rubrik CDM nobody has published the status.
NOT_YET = (400, 401, 403, 404, 422)
_CREDENTIALS = (
    "token",
    "username",
    "password",
    "totp_code",
    "totp_secret",
    "client_id",
    "client_secret",
    "service_account_file",
)
_PAUSE = 10.0  # seconds between two looks whether a new secret has reached everywhere; fewer when there is less time


class StepFailedError(Exception):
    """A step failed; its result is what the task returns."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class RotationAction(ControllerAction):
    """An action of the role rotate. Subclasses fill in act()."""

    _warnings: list[Any]
    _task_vars: dict[str, Any]

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        self._warnings, self._task_vars = [], task_vars
        try:
            result = self.act(options, check_mode, task_vars)
        except StepFailedError as failure:
            result = failure.result
        if self._warnings or result.get("warnings"):
            result = {**result, "warnings": [*self._warnings, *(result.get("warnings") or ())]}
        return result

    def act(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the work and return the result. Raises StepFailedError, and LatchkeyError for what the user has to know."""
        raise NotImplementedError

    def attempt(self, module: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Run another action of this collection as a task would, and return its result, also that of a failure.

        Args:
            module: its name without its collection.
            options: its options; those that are None count as unset.
        """
        task = self._task.copy()
        task.args = {name: value for name, value in options.items() if value is not None}
        action = self._shared_loader_obj.action_loader.get(
            f"latchkey.tokens.{module}",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result: dict[str, Any] = action.run(task_vars=self._task_vars)
        if result.get("skipped"):
            raise RefusedError("There is no play token in check mode.", "Set mint_in_check_mode for a look at a rotation.")
        if not result.get("_ansible_no_log"):  # else they are shown already
            self._warnings += result.pop("warnings", None) or []
        return result

    def step(self, module: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Run another action that must go well, and return its result. Raises StepFailedError."""
        result = self.attempt(module, options)
        if result.get("failed"):
            raise StepFailedError(result)
        return result

    def connection(self, **others: Any) -> dict[str, Any]:
        """Return the options of this task that say where to connect and as whom, with some of them set otherwise."""
        shared = {name: value for name, value in self._task.args.items() if name in shared_arguments()}
        return {**shared, **others}

    def connection_as(self, **credentials: Any) -> dict[str, Any]:
        """Return the options that say where to connect, with these credentials and no others."""
        return {**self.connection(), **dict.fromkeys(_CREDENTIALS), **credentials}

    def check(self, options: Mapping[str, Any], accepted: Collection[int] = ()) -> dict[str, Any]:
        """Ask a platform whether it takes a credential; return what it says of it, or a refusal.

        Args:
            options: those of access_check.
            accepted: HTTP statuses of refusals that are an answer as good as any.

        Raises:
            StepFailedError: it could not be found out, or what was expected of it is not so.
        """
        return _answered(self.attempt("access_check", options), accepted)

    def check_patiently(self, options: Mapping[str, Any], patience: timedelta, accepted: Collection[int] = ()) -> dict[str, Any]:
        """Do as check(), but ask again for a while, since a secret that was made a moment ago may still be refused."""
        retries, delay = retries_within(patience)
        result = self.attempt("access_check", options)
        for _unused in range(retries):
            if not result.get("failed") or result.get("status") not in NOT_YET:
                break
            time.sleep(delay)
            result = self.attempt("access_check", options)
        return _answered(result, accepted)


def _answered(result: dict[str, Any], accepted: Collection[int]) -> dict[str, Any]:
    if result.get("failed") and result.get("status") not in accepted:
        raise StepFailedError(result)
    return result


def retries_within(timeout: timedelta) -> tuple[int, int]:
    """Return how often to try again within a time, and the seconds between two tries."""
    if not timeout:
        return 0, 1
    pause = max(1, round(min(_PAUSE, timeout.total_seconds() / 5)))
    return max(1, math.ceil(timeout.total_seconds() / pause)), pause
