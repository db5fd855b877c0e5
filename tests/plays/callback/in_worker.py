# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for the tests: runs the modules of awx.awx, unmodified, in forks of Ansible's workers. A Python for each takes a second."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: in_worker
type: notification
short_description: Run the modules of awx.awx in forks of the workers
description: Takes effect in the main process, and thereby in every worker that is forked from it.
"""


def _execute_module(action: Any, module_name: str, module_args: Mapping[str, Any], **_unused: Any) -> dict[str, Any]:
    collection, _unused_dot, name = module_name.rpartition(".")
    ours, its = os.pipe()
    if not (pid := os.fork()):
        try:
            sys.stdout = os.fdopen(its, "w")
            arguments = {**module_args, "_ansible_check_mode": bool(action._task.check_mode)}
            basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
            basic._ANSIBLE_PROFILE = "legacy"
            with contextlib.suppress(SystemExit):
                import_module(f"ansible_collections.{collection}.plugins.modules.{name}").main()
            sys.stdout.flush()
        finally:
            os._exit(0)
    os.close(its)
    with os.fdopen(ours) as output:
        result: dict[str, Any] = json.loads(output.read())
    os.waitpid(pid, 0)
    return result


class CallbackModule(CallbackBase):
    """Takes the place of how Ansible runs a module."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "in_worker"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        ActionBase._execute_module = _execute_module
