# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_check sends, and what it takes for true."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._model import Caller
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_check import ACCESS_CHECK, judge
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms._base import Probed
from ansible_collections.latchkey.tokens.plugins.module_utils._query import Query
from tests.unit.module_utils.operations.fake import OWN, Fake


@pytest.mark.parametrize(
    ("found", "right"),
    [(0, True), (1, True), ("x", True), (True, True), (False, False), (None, False), ("", False), ([], False)],
)
def test_what_is_true(found: Any, right: bool) -> None:
    wrong = judge({"method": "GET", "path": "/x", "status": None}, Query("found", "expect"), Probed(200, {"found": found}))
    assert (not wrong) is right


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("HEAD", None), ("POST", {"a": 1})])
def test_a_body_goes_with_post_only(method: str, body: Any) -> None:
    sent: list[Any] = []
    one = Fake(token="t")
    one.caller = lambda: Caller(OWN, None)
    one.caller_roles = lambda: None
    one.public_paths = ()
    one.probe = lambda *request: sent.append(request) or Probed(200, None)
    probe = {"method": method, "path": "/x", "body": {"a": 1}, "status": None, "expect": None}
    ACCESS_CHECK.run(one, Task({"probes": [probe]}, False, datetime(2027, 1, 1, tzinfo=timezone.utc)))
    assert sent == [(method, "/x", body)]
