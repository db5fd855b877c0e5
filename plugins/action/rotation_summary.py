# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_summary: what a run of the playbook rotate did, as a table and as a file."""

from __future__ import annotations

import json
import os
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._atomic_file import ChangedError, locked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import outcome, summarize, table
from ansible_collections.latchkey.tokens.plugins.plugin_utils._run_identity import this_run


class ActionModule(ControllerAction):
    """Runs rotation_summary."""

    name = "rotation_summary"
    argument_spec: ClassVar[dict[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "results": {"type": "dict", "default": {}},
        "failures": {"type": "dict", "default": {}},
        "path": {"type": "path"},
        "state": {"type": "str", "choices": ["begun", "noted", "finished"], "default": "finished"},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        state = options["state"]
        outcomes = {host: outcome(options["results"].get(host) or {}, options["failures"].get(host) or {}) for host in options["hosts"]}
        summary = summarize(outcomes, run=this_run("-"), check_mode=check_mode, finished=state == "finished")
        result: dict[str, Any] = {"changed": False, "summary": summary, "table": table(summary)}
        if options["path"]:
            try:
                _write(os.path.abspath(options["path"]), summary, merge=state == "noted")
            except LatchkeyError as failure:
                if state != "noted":
                    raise
                result["warnings"] = [f"The summary lacks {', '.join(outcomes)} until the end of the run. {failure}"]
        return result


def _write(path: str, summary: dict[str, Any], merge: bool) -> None:
    """Put a summary into a file; when merging, into what this run has written there so far."""
    while True:
        with locked(path) as file:
            content = file.read()
            known = _known(content)
            if content and "hosts" not in known:  # such as the vars file
                raise OptionError(f"rotate_summary_file: {path} is there and holds something else.", "Name a file that is not there yet.")
            if merge:
                if known.get("run") != summary["run"]:
                    return  # another run has the file now
                outcomes = {**known["hosts"], **summary["hosts"]}
                summary = summarize(outcomes, run=summary["run"], check_mode=summary["check_mode"], finished=False)
            try:
                file.replace(f"{json.dumps(summary, indent=2)}\n".encode())
            except ChangedError:
                continue
            return


def _known(content: bytes | None) -> dict[str, Any]:
    try:
        known = json.loads(content or b"")
    except ValueError:
        known = None
    return known if isinstance(known, dict) else {}
