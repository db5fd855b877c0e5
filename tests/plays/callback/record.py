# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for the tests: writes what other callbacks are told of each task, one JSON line each, to $RECORD_FILE."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Record task results for the tests
description: Writes one JSON line for each result.
"""


class CallbackModule(CallbackBase):
    """Records results as every callback sees them, hidden ones hidden."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def _record(self, status: str, result: Any) -> None:
        task = getattr(result, "task", None) or result._task
        content = result.result if hasattr(result, "result") else result._result
        line = {"task": task.get_name(), "status": status, "result": json.loads(self._dump_results(content))}
        with open(os.environ["RECORD_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any, **_unused: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False, **_unused: Any) -> None:
        self._record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any, **_unused: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any, **_unused: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any, **_unused: Any) -> None:
        self._record("item", result)

    def v2_runner_item_on_failed(self, result: Any, **_unused: Any) -> None:
        self._record("item failed", result)
