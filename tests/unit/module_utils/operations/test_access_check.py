# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_check sends, and what it takes for true."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import CheckFailedError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Caller
from ansible_collections.latchkey.tokens.plugins.module_utils._common.query import Query
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import ACCESS_CHECK, check, judge
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Probed
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
    one.caller = lambda secret=None: Caller(OWN, None)
    one.caller_roles = lambda: None
    one.public_paths = ()
    one.probe = lambda *request: sent.append(request) or Probed(200, None)
    probe = {"method": method, "path": "/x", "body": {"a": 1}, "status": None, "expect": None}
    ACCESS_CHECK.run(one, Task({"probes": [probe]}, False, partial(datetime, 2027, 1, 1, tzinfo=timezone.utc)))
    assert sent == [(method, "/x", body)]


def watched(token_id: str | None = "7") -> tuple[Fake, list[str]]:
    """Return a platform, and a list of what it is asked."""
    asked: list[str] = []
    one = Fake(token="t")
    one.http = SimpleNamespace(endpoint=SimpleNamespace(url="https://x"))
    one.public_paths = frozenset(("/open",))
    one.caller = lambda secret=None: asked.append("caller") or Caller(OWN, token_id)
    one.caller_roles = lambda: asked.append("roles") or ("r",)
    one.probe = lambda method, path, body: asked.append(f"{method} {path}") or Probed(200, None)
    return one, asked


def probe(path: str = "/x", method: str = "GET") -> dict[str, Any]:
    return {"method": method, "path": path, "body": None, "status": None, "expect": None}


ANY: dict[str, Any] = {"expected": None, "account_id": None, "token_id": None, "probes": [], "check_mode": False}


def test_roles_are_read_by_the_module_only_and_between_the_caller_and_the_probes() -> None:
    one, asked = watched()
    ACCESS_CHECK.run(one, Task({"probes": [probe()]}, False, partial(datetime, 2027, 1, 1, tzinfo=timezone.utc)))
    assert asked == ["caller", "roles", "GET /x"]
    asked.clear()
    caller, results = check(one, **ANY | {"expected": "me", "account_id": "1", "token_id": "7", "probes": [probe(), probe("/y", "POST")]})
    assert asked == ["caller", "GET /x", "POST /y"]
    assert (caller.account, [result["status"] for result in results]) == (OWN, [200, 200])


def test_check_mode_sends_what_reads_only() -> None:
    one, asked = watched()
    _caller, results = check(one, **ANY | {"probes": [probe(), probe("/y", "POST")], "check_mode": True})
    assert asked == ["caller", "GET /x"]
    assert results[1] == {"method": "POST", "path": "/y", "skipped": True}


@pytest.mark.parametrize("wrong", [{"expected": "you"}, {"account_id": "2"}, {"token_id": "8"}])
def test_another_caller_is_sent_no_probe(wrong: dict[str, str]) -> None:
    one, asked = watched()
    with pytest.raises(CheckFailedError, match=r"access check failed\. The credential is "):
        check(one, **ANY | {"probes": [probe()], "token_id_may_be_hidden": True} | wrong)
    assert asked == ["caller"]


def test_a_token_whose_id_is_not_told_is_accepted_only_where_asked_for() -> None:
    one, _asked = watched(None)
    with pytest.raises(CheckFailedError, match="the platform tells no id for it"):
        check(one, **ANY | {"token_id": "8"})
    caller, _results = check(one, **ANY | {"token_id": "8", "token_id_may_be_hidden": True})
    assert caller.token_id is None


@pytest.mark.parametrize("bad", [probe("/open/"), probe("x"), probe() | {"expect": " "}, probe() | {"expect": "["}])
def test_probes_that_are_wrong_are_found_before_any_request(bad: dict[str, Any]) -> None:
    one, asked = watched()
    with pytest.raises(OptionError, match=r"^probes: "):
        check(one, **ANY | {"probes": [bad]})
    assert asked == []


@pytest.mark.parametrize(
    ("status", "what_to_do"),
    [
        (401, "The credential is refused there: replace it, or check that the path takes credentials of this kind."),
        (403, "Ask an administrator to give the account the right for that, or probe something that it may do."),
        (404, "Check the path of the probe, and that the platform's version has it."),
        (500, "Check the probe's status and expect, and what the platform answers to it."),
    ],
)
def test_a_failed_probe_says_what_to_do(status: int, what_to_do: str) -> None:
    one, _asked = watched()
    one.probe = lambda *_request: Probed(status, None)
    with pytest.raises(CheckFailedError) as caught:
        check(one, **ANY | {"probes": [probe()]})
    assert str(caught.value).endswith(f"GET /x was answered with HTTP {status} instead of 200. {what_to_do}")
