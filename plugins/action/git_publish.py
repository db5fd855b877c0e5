# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action git_publish: push variables of a vars file to a branch of a git remote."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.arguments import GIT_ARGUMENTS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.options import git_options
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.publish import Order, publish


class ActionModule(ControllerAction):
    """Runs git_publish."""

    name = "git_publish"
    argument_spec: ClassVar[dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "plain_vars": {"type": "dict", "default": {}},
        "expect": {"type": "dict"},
        **GIT_ARGUMENTS,
        "timeout": {"type": "float", "default": 60.0},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        place, access = git_options(options, os.environ, self.path)
        path = self.path(options["path"])
        order = Order(
            path=path,
            names=options["names"],
            plain=options["plain_vars"],
            expect=options["expect"],
            message=options["message"] or "",
            **place,
        )
        done = publish(order, access, os.environ, self.vault(), check_mode=check_mode)
        return {
            "changed": done.changed,
            "path": path,
            "commit": done.commit,
            "remote": done.remote,
            "branch": done.branch,
            "fingerprints": dict(done.fingerprints),
            "warnings": list(done.warnings),
        }
