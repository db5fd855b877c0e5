# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action git_publish: push variables of a vars file to a branch of a git remote."""

from __future__ import annotations

import math
import os
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git import Access
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git_publish import Order, publish
from ansible_collections.latchkey.tokens.plugins.plugin_utils._on_controller import ControllerAction

_FROM_ENVIRONMENT = ("remote", "branch", "username", "token", "ssh_key_file", "ssh_known_hosts_file", "author_name", "author_email")


class ActionModule(ControllerAction):
    """Runs git_publish."""

    name = "git_publish"
    argument_spec: ClassVar[dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "plain_vars": {"type": "dict", "default": {}},
        "expect": {"type": "dict"},
        "remote": {"type": "str"},
        "branch": {"type": "str"},
        "message": {"type": "str"},
        "author_name": {"type": "str"},
        "author_email": {"type": "str"},
        "username": {"type": "str"},
        "token": {"type": "str", "no_log": True},
        "ssh_key_file": {"type": "path"},
        "ssh_known_hosts_file": {"type": "path"},
        "timeout": {"type": "float", "default": 60.0},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        if not 0 < options["timeout"] < math.inf:
            raise OptionError(f"timeout: '{options['timeout']:g}' is not a number of seconds.", "It must be more than 0.")
        given = {name: options[name] or os.environ.get(f"LATCHKEY_GIT_{name.upper()}", "") for name in _FROM_ENVIRONMENT}
        files = {name: os.path.abspath(self.path(given[name])) if given[name] else "" for name in ("ssh_key_file", "ssh_known_hosts_file")}
        path = self.path(options["path"])
        order = Order(
            path=path,
            names=options["names"],
            plain=options["plain_vars"],
            expect=options["expect"],
            message=options["message"] or "",
            **{name: given[name] for name in ("remote", "branch", "author_name", "author_email")},
        )
        access = Access(username=given["username"], token=given["token"], timeout=options["timeout"], **files)
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
