# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action vault_vars_info: read values from a vars file, decrypted with the secrets of this run."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import MASKS_REGISTERED
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import read_file


class ActionModule(ControllerAction):
    """Runs vault_vars_info."""

    name = "vault_vars_info"
    argument_spec: ClassVar[dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "hide": {"type": "bool", "default": False},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        path = self.path(options["path"])
        found = read_file(path, options["names"], self.vault())
        asked_for = [value for value in found.values.values() if isinstance(value, str)] if options["hide"] else []
        self.secrets = [*found.secrets, *asked_for]
        self.hide_all = not MASKS_REGISTERED and (found.whole_file or bool(self.secrets))
        return {
            "changed": False,
            "path": path,
            "exists": found.exists,
            "writable": found.writable,
            "whole_file": found.whole_file,
            "vars": found.values,
            "vault_ids": found.vault_ids,
            "fingerprints": found.fingerprints,
            "checksum": found.checksum,
            "variables": list(found.names),
        }
