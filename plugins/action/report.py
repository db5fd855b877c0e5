# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action report: the parts of the playbook report, which looks at endpoints and stores and writes what it found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import sayable
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import auth_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import platform_class
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import ChangedError, locked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import identity
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import skipped_for_want_of_a_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.csv_file import as_csv
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.document import as_json, document, reached
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.findings import find
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.join import join
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import Look, ReportPolicy, Stored, pack, unpack
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.page import as_page
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.prometheus import as_prometheus
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.sources import ReportPlace, look_at, read_stores
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.stored import ENTRY, StoreEntry, entry_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.table import as_notice, as_table
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import unmatched

_FILES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "report.json": as_json,
    "report.csv": as_csv,
    "report.prom": as_prometheus,
    "report.html": as_page,
}
_PRIVATE = 0o600


class ActionModule(ControllerAction):
    """Runs report."""

    name = "report"
    argument_spec: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "choices": ["checked", "read", "planned", "looked", "written"], "required": True},
        "hosts": {"type": "list", "elements": "str", "default": []},
        "pattern": {"type": "str"},
        "limit": {"type": "str"},
        "matched": {"type": "list", "elements": "str", "default": []},
        "platform": {"type": "str"},
        "endpoint": {"type": "str"},
        "max_parallel_requests": {"type": "int"},
        "auth": {"type": "dict", "default": {}, "options": auth_arguments()},
        "stored": {"type": "dict", "options": ENTRY},
        "vars_files": {"type": "list", "elements": "dict", "default": [], "options": ENTRY},
        "read": {"type": "dict", "default": {}},
        "looked": {"type": "dict", "default": {}},
        "max_age": {"type": "str", "default": "365d"},
        "warn": {"type": "str", "default": "7d"},
        "unused": {"type": "str", "default": "90d"},
        "fail_on": {"type": "str", "choices": ["critical", "warning", "never"], "default": "critical"},
        "directory": {"type": "path"},
        "mode": {"type": "str"},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "checked": lambda: _checked(options),
            "read": lambda: self._read(options, task_vars),
            "planned": lambda: _planned(options["hosts"], options["read"]),
            "looked": lambda: self._looked(options, check_mode, task_vars),
            "written": lambda: _written(options),
        }
        return {"changed": False, **parts[options["state"]]()}

    # Of one host

    def _place(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> ReportPlace:
        shared = {name: options[name] for name in ("platform", "endpoint", "max_parallel_requests")}
        auth = {name: value for name, value in options["auth"].items() if value is not None}
        host = str(task_vars.get("inventory_hostname", ""))
        return ReportPlace(
            host,
            {**auth, **shared, "max_parallel_requests": shared["max_parallel_requests"] or None},
            os.environ,
            Display().warning,
            self.path,
        )

    def _read(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Read the stores of a host, and name its endpoint and caller, so that each is asked once."""
        place = self._place(options, task_vars)
        stores = read_stores(place, list(self._entries(options)), self.vault(), utc_now())
        who = {name: str(value) for name, value in place.options.items() if value is not None}
        return {"seen": pack(None, stores), "who": identity({**who, "endpoint": place.url()}, os.environ)}

    def _entries(self, options: Mapping[str, Any]) -> Iterator[StoreEntry]:
        own = options["stored"] or {}
        if any(own.get(name) for name in ("var", "account", "accounts")):
            yield entry_of(own, self.path, platform_class(str(options["platform"])).rotates, is_rotated=True)
        for one in options["vars_files"]:
            yield entry_of(one, self.path, platform_class(str(options["platform"])).rotates)

    def _looked(self, options: Mapping[str, Any], check_mode: bool, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(options, task_vars)
        skipped = skipped_for_want_of_a_token(options["auth"], check_mode)
        if skipped:
            why = str(skipped.get("msg") or skipped["skip_reason"])
            return {"seen": pack(Look(place.host, place.platform, endpoint=place.url(), failure=why), [])}
        return {"seen": pack(look_at(place), [])}


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Fail before anything is asked where the run has no host, or what it shall write could not be written."""
    failed, advice = unmatched(options["pattern"] or "", options["limit"] or "", options["hosts"], options["matched"], *_WORDS)
    if failed:
        raise OptionError(failed, advice)
    ReportPolicy.of(options)
    _mode(options["mode"])
    if options["directory"]:
        _make_directory(options["directory"])
    return {}


_WORDS = ("report_group", "nothing was looked at")


def _planned(hosts: Sequence[str], read: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return which hosts look: the first of those that stand for the same endpoint with the same caller."""
    first = {str((read.get(host) or {}).get("who")): host for host in reversed(hosts) if (read.get(host) or {}).get("who")}
    return {"looking": [host for host in hosts if host in first.values()]}


def _written(options: Mapping[str, Any]) -> dict[str, Any]:
    """Join what hosts have seen, and write it."""
    looks, stores = _seen(options["hosts"], options["read"], options["looked"])
    policy, now = ReportPolicy.of(options), utc_now().replace(microsecond=0)
    joined = join(looks, stores, now)
    report = document(joined, find(joined, policy, now), policy, now)
    files = _write(options["directory"], _mode(options["mode"]), report) if options["directory"] else []
    told = {"table": as_table(report), "notice": as_notice(report), "totals": report["totals"]}
    return {**told, "files": files, "failure": reached(report, options["fail_on"])}


def _seen(
    hosts: Sequence[str], read: Mapping[str, Mapping[str, Any]], looked: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Look], list[Stored]]:
    """Unpack what the hosts contribute; a host whose task failed contributes why."""
    looks, stores = [], []
    for host in hosts:
        for result in (read.get(host) or {}, looked.get(host) or {}):
            if result.get("seen"):
                look, found = unpack(str(result["seen"]))
                looks += [look] if look else []
                stores += found
            elif result.get("failed"):
                looks.append(Look(host, failure=sayable(" ".join(str(result.get("msg") or "The task failed.").split()))))
    return looks, stores


def _mode(text: str | None) -> int | None:
    """Return the permissions of files; None where the user did not say. Raises OptionError."""
    if not text:
        return None
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise OptionError(f"report_mode: '{text}' is invalid.", "Write it in quotes as four octal digits, for example '0640'.")
    return int(text, 8)


def _make_directory(path: str) -> None:
    """Create a directory unless it is there. Raises OptionError."""
    path = os.path.abspath(path)
    why = ""
    try:
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
    except OSError as failure:
        why = failure.strerror or "unknown reason"
    if why:
        raise OptionError(f"report_directory: {path} cannot be created: {why}.", "Create it, or name another one.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise OptionError(f"report_directory: {path} is not writable.", "Correct its permissions, or name another one.")


def _write(directory: str, mode: int | None, report: Mapping[str, Any]) -> list[str]:
    """Write all files, each in one step; return their paths."""
    _make_directory(directory)
    paths = []
    for name, content in _FILES.items():
        path = os.path.join(os.path.abspath(directory), name)
        _replace(path, content(report).encode("utf-8", "replace"), mode)
        paths.append(path)
    return paths


def _replace(path: str, data: bytes, mode: int | None) -> None:
    while True:
        with locked(path) as file:
            file.read()
            try:
                file.replace(data, _PRIVATE if mode is None else mode)
            except ChangedError:
                continue
            is_other = mode is not None and file.mode != mode  # an existing file keeps its own
        if is_other and mode is not None:
            try:
                os.chmod(path, mode)
            except OSError as failure:
                problem = f"{path} is written, but its permissions could not be set: {failure.strerror}."
            else:
                return
            raise LatchkeyError(problem, "Delete the file, or leave report_mode out.")
        return
