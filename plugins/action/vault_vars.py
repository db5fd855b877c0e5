# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action vault_vars: change values in a vars file, encrypted with the secrets of this run."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import quoted
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import sha256
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import IN_CLEAR, ValueChange
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import edit_file, restore_file


class ActionModule(ControllerAction):
    """Runs vault_vars."""

    name = "vault_vars"
    argument_spec: ClassVar[dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "vars": {"type": "dict", "no_log": True},
        "plain_vars": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "vault_id": {"type": "str"},
        "encrypt": {"type": "str", "choices": ["value", "file", "auto"], "default": "auto"},
        "create": {"type": "bool", "default": False},
        "mode": {"type": "raw"},
        "backup": {"type": "bool", "default": False},
        "expect": {"type": "dict"},
        "keep_previous": {"type": "bool", "default": False},
        "if_gone": {"type": "str", "no_log": True},
        "or_overwrite": {"type": "bool", "default": False},
        "restore": {"type": "str", "no_log": True},
        "if_checksum": {"type": "str"},
        "lock_timeout": {"type": "str", "default": "30s"},
    }
    rules: ClassVar[dict[str, Any]] = {
        "mutually_exclusive": [("restore", "vars"), ("restore", "plain_vars")],
        "required_one_of": [("vars", "plain_vars", "restore")],
        "required_by": {"restore": ("if_checksum",)},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        path = self.path(options["path"])
        lock_timeout = parse_duration(options["lock_timeout"], "lock_timeout").total_seconds()
        mode = _mode(options["mode"])
        if options["restore"] is not None:  # an empty file is a content, too
            return self._restore(path, options, check_mode, mode, lock_timeout)
        absent = options["state"] == "absent"
        secrets, plain = options["vars"] or {}, options["plain_vars"] or {}
        request = Request(
            secrets={} if absent else secrets,
            plain={} if absent else plain,
            remove=[*secrets, *plain] if absent else (),
            vault_id=options["vault_id"],
            encrypt=options["encrypt"],
            create=options["create"] and not absent,
            mode=mode,
            expect=options["expect"] or {},
            backup=options["backup"],
            if_gone=_content(options, "if_gone"),
            or_overwrite=options["or_overwrite"],
        )
        done = edit_file(path, request, self.vault(), check_mode=check_mode, lock_timeout=lock_timeout)
        result: dict[str, Any] = {
            "changed": done.changed,
            "path": path,
            "checksum": done.checksum,
            "checksum_before": sha256(done.previous) if done.previous is not None else "",
            "created": done.created,
            "vault_ids": done.vault_ids,
            "changes": [{"name": one.name, "action": one.action, "vault_id": one.vault_id} for one in done.changes],
            "diff": {
                "before_header": path,
                "after_header": path,
                "before": _side(done.changes, "before"),
                "after": _side(done.changes, "after"),
            },
        }
        if done.backup_file:
            result["backup_file"] = done.backup_file
        if done.warnings:
            result["warnings"] = list(done.warnings)
        if options["keep_previous"] and done.mode is not None:
            self.hide_all = True
            result["content"] = base64.b64encode(done.content).decode()
            result["mode"] = f"{done.mode:04o}"
            if done.previous is not None:
                result["previous"] = base64.b64encode(done.previous).decode()
        return result

    def _restore(self, path: str, options: dict[str, Any], check_mode: bool, mode: int | None, lock_timeout: float) -> dict[str, Any]:
        content, if_checksum = _content(options, "restore"), options["if_checksum"] or None
        restored = not check_mode and restore_file(path, content, if_checksum=if_checksum, mode=mode, lock_timeout=lock_timeout)
        return {"changed": restored, "path": path, "restored": restored}


def _content(options: dict[str, Any], name: str) -> bytes | None:
    """Return a file's content that an earlier task returned."""
    try:
        return base64.b64decode(options[name], validate=True) if options[name] is not None else None
    except binascii.Error:
        raise OptionError(f"{name}: it is not what an earlier task returned as previous or content.") from None


def _mode(value: Any) -> int | None:
    """Read a mode as the copy module takes it, where that is a number: 0600, '0600', 384."""
    if value is None:
        return None
    text = str(value)
    try:
        mode = value if isinstance(value, int) else int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:  # 600 without quotes is not 0600 but 01130
        raise OptionError(f"mode: {quoted(text)} is not an octal file mode.", "Write it in quotes, for example '0600'.")
    return mode


def _side(changes: tuple[ValueChange, ...], which: str) -> str:
    """Return one side of the diff: a line for each value, with its vault id and fingerprint, never the value."""
    lines = []
    for change in changes:
        fingerprint = getattr(change, which)
        if fingerprint:
            vault_id = "" if change.vault_id is None else f" vault id {change.vault_id},"
            stored = fingerprint if fingerprint == IN_CLEAR else f"fingerprint {fingerprint}"
            lines.append(f"{change.name}:{vault_id} {stored}\n")
    return "".join(lines)
