# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_clone: a clone of the repository of a fleet's vars files, for the run."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.arguments import GIT_ARGUMENTS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.clone import clone, remove_clones
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.options import git_options


class ActionModule(ControllerAction):
    """Runs rotation_clone."""

    name = "rotation_clone"
    argument_spec: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "git": {"type": "dict", "default": {}, "options": GIT_ARGUMENTS},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Clone, or remove what was cloned; in check mode too, since a plan needs the vars files, and nothing else is touched."""
        if options["state"] == "absent":
            return {"changed": False, "removed": remove_clones()}
        given = {name: value or None for name, value in options["git"].items()}
        place, access = git_options(given, os.environ, self.path)
        self.unsayable = [access.token]
        made = clone(place["remote"], place["branch"], access, os.environ)
        return {"changed": False, "path": made.path, "branch": made.branch, "commit": made.commit}
