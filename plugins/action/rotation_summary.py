# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_summary: what a run of the playbook rotate did, as a table and as a file."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, utc_now
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import ChangedError, locked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import this_run
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import (
    ABOUT,
    described,
    notice,
    outcome,
    summarize,
    table,
    unmatched,
    warnings,
)


class ActionModule(ControllerAction):
    """Runs rotation_summary."""

    name = "rotation_summary"
    argument_spec: ClassVar[dict[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "results": {"type": "dict", "default": {}},
        "failures": {"type": "dict", "default": {}},
        "path": {"type": "path"},
        "state": {"type": "str", "choices": ["checked", "begun", "noted", "finished"], "default": "finished"},
        "pattern": {"type": "str"},
        "limit": {"type": "str"},
        "matched": {"type": "list", "elements": "str", "default": []},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["state"] == "checked":
            return _checked(options, check_mode)
        return _summed_up(options, options["hosts"], check_mode, task_vars.get("hostvars") or {})


def _checked(options: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Fail when the run has no host; then the summary's file is written too, so that it is not that of an earlier run."""
    failed, advice = unmatched(options["pattern"] or "", options["limit"] or "", options["hosts"], options["matched"])
    if not failed:
        return {"changed": False}
    without_hosts = OptionError(failed, advice)
    try:
        _summed_up(options, [], check_mode, {})
    except LatchkeyError as unwritten:
        without_hosts.add(str(unwritten))
    raise without_hosts


def _summed_up(options: dict[str, Any], hosts: list[str], check_mode: bool, hostvars: Mapping[str, Any]) -> dict[str, Any]:
    state, run, now = options["state"], this_run("-"), utc_now().replace(microsecond=0)
    outcomes = {}
    for host in hosts:
        done, failure = options["results"].get(host) or {}, options["failures"].get(host) or {}
        about = {} if done or not failure else _about(host, hostvars)
        outcomes[host] = described(outcome(done, failure), done, failure, about, run=run, now=now)
    written_at = format_instant(now)
    summary = summarize(outcomes, run=run, check_mode=check_mode, finished=state == "finished", written_at=written_at)
    told = warnings(summary) if state == "finished" else []
    if options["path"]:
        try:
            _write(os.path.abspath(options["path"]), summary, merge=state == "noted")
        except LatchkeyError as failure:
            if state != "noted":
                raise
            told.append(f"The summary lacks {', '.join(outcomes)} until the end of the run. {failure}")
    result: dict[str, Any] = {"changed": False, "summary": summary, "table": table(summary), "notice": notice(summary)}
    return {**result, "warnings": told} if told else result


def _about(host: str, hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the variables of a host say of its credential; what cannot be read, which may be why the host failed, is left out."""
    found = {}
    for name in ABOUT:
        with contextlib.suppress(Exception):  # a template of the user's, which can raise anything
            found[name] = hostvars[host][f"rotate_{name}"]
    return found


def _write(path: str, summary: dict[str, Any], merge: bool) -> None:
    """Write a summary into a file; when merging, add it to what this run has written there so far."""
    while True:
        with locked(path) as file:
            content = file.read()
            known = _known(content)
            if content and "hosts" not in known:  # such as the vars file
                raise OptionError(f"rotate_summary_file: {path} exists and is not a summary.", "Name a file that does not exist yet.")
            if merge:
                if known.get("run") != summary["run"]:
                    return  # another run has the file now
                outcomes = {**known["hosts"], **summary["hosts"]}
                kept = {key: summary[key] for key in ("run", "check_mode", "finished", "written_at")}
                summary = summarize(outcomes, **kept)
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
