# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From checked options to one plain result, whatever happens on the way; and the operations that only read."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller
from ansible_collections.latchkey.tokens.plugins.module_utils._common.query import Query
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import PLATFORMS
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import judge, mismatch
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation, Outcome, Task, execute
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Probed
from tests.unit.module_utils.operations.all_operations import OPERATIONS

OPTIONS = {"platform": "qumulo", "endpoint": "cluster", "token": "access-v1:CANARY"}


def outcome(run, options=None):
    return execute(Operation("x", {}, run), OPTIONS if options is None else options, check_mode=False)


def test_a_result():
    found = outcome(lambda _platform, _task: Outcome(True, {"token_id": "1"}, {"a": 1}, {"a": 2}, ["careful"]))
    assert found == {"changed": True, "token_id": "1", "diff": {"before": {"a": 1}, "after": {"a": 2}}, "warnings": ["careful"]}


def test_a_failure_of_ours():
    def run(_platform, _task):
        raise RequestError("It failed.", "Try again.", platform="qumulo", endpoint="e", operation="o", status=500)

    facts = {"platform": "qumulo", "endpoint": "e", "operation": "o", "status": 500}
    assert outcome(run) == {"failed": True, "changed": False, "msg": "It failed. Try again.", **facts}


@pytest.mark.parametrize("failure", [ValueError("CANARY"), KeyError("CANARY"), RecursionError("CANARY"), UnicodeError("CANARY")])
def test_a_bug_is_one_sentence_without_the_text_of_the_exception(failure):
    def run(_platform, _task):
        raise failure

    found = outcome(run)
    assert found["failed"]
    assert found["msg"].startswith(f"This is a bug in latchkey.tokens: {type(failure).__name__} in test_execute.py, line ")
    assert "CANARY" not in repr(found)


def test_options_are_checked_before_the_operation_runs():
    found = outcome(lambda _platform, _task: pytest.fail("ran"), {"platform": "qumulo", "endpoint": "user:CANARY@host", "token": "t"})
    assert found["failed"]
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize(
    ("name", "title"), [("qumulo", "Qumulo Core"), ("rubrik_cdm", "Rubrik CDM"), ("rubrik_rsc", "Rubrik Security Cloud")]
)
def test_each_platform_is_opened_by_its_name(name, title):
    options = {"platform": name, "endpoint": "appliance.example.com", "token": "t"}
    assert outcome(lambda platform, _task: Outcome(values={"title": platform.title}), options)["title"] == title


def test_the_platforms_to_choose_from():
    assert Operation("x", {}, lambda _platform, _task: Outcome()).full_argument_spec()["platform"]["choices"] == list(PLATFORMS)


TWO_OPTIONS = Operation("x", {"a": {}, "b": {}}, lambda _platform, _task: Outcome(), may_be_empty=frozenset(("b",)))


def test_given_options():
    task = Task({"a": None, "b": False, "c": ""}, False, partial(datetime.now, timezone.utc))
    assert task.given("a", "b", "c", "d") == ["b", "c"]


@pytest.mark.parametrize(("value", "words"), [("", "a: it is empty."), (" \n", "a: it is empty."), (["x", ""], "a: one of them is empty.")])
def test_empty_options_are_refused(value, words):
    with pytest.raises(OptionError) as caught:
        TWO_OPTIONS.refuse_empty({"a": value, "b": None})
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("value", [None, "x", [], ["x"], 0, False])
def test_options_that_are_not_empty_pass(value):
    TWO_OPTIONS.refuse_empty({"a": value, "b": "", "endpoint": ""})


def test_an_error_can_be_added_to():
    failure = LatchkeyError("One.", "Two.", a=1)
    failure.add("Three.", b=2)
    assert (str(failure), failure.details) == ("One. Two. Three.", {"a": 1, "b": 2})


CALLER = Caller(Account("1002", "jane"), "7")


@pytest.mark.parametrize(
    ("caller", "named", "account_id", "token_id", "words"),
    [
        (CALLER, True, None, None, ""),
        (CALLER, True, "1002", "7", ""),
        (CALLER, False, None, None, "of jane (id 1002), not of local:bob"),
        (CALLER, True, "1003", None, "not of the account with id 1003"),
        (CALLER, True, None, "8", "not the token 8: it is 7"),
        (Caller(Account("1002", "jane")), True, None, "8", "the platform tells no id for it"),
    ],
)
def test_mismatch(caller, named, account_id, token_id, words):
    said = mismatch(caller, named, "local:bob", account_id, token_id)
    assert (words in said) if words else not said


@pytest.mark.parametrize(
    ("status", "expect", "probed", "words"),
    [
        (None, None, Probed(200, {}), ""),
        (None, None, Probed(201, {}), "HTTP 201 instead of 200"),
        ([403, 404], None, Probed(404, {}), ""),
        ([403, 404], None, Probed(200, {}), "HTTP 200 instead of 403 or 404"),
        (None, "a == `1`", Probed(200, {"a": 1}), ""),
        (None, "a == `1`", Probed(200, {"a": "CANARY"}), "not as expected by 'a == `1`'"),
        (None, "a", Probed(200, "text"), "not as expected"),
    ],
)
def test_judge(status, expect, probed, words):
    said = judge({"method": "GET", "path": "/x", "status": status}, Query(expect, "expect") if expect else None, probed)
    assert (words in said) if words else not said
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa+/QwR7tY2uI==", True),
        (["12", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"], True),
        ("1234567890123456789012", False),
        ("F2A6B3C4-1D2E-4F5A-8B9C-0D1E2F3A4B5C", False),
        (["f2a6b3c4-1d2e-4f5a-8b9c-0d1e2f3a4b5c"], False),
        (None, False),
    ],
)
def test_a_token_is_not_its_id(value, refused):
    kind = {"type": "list" if isinstance(value, list) else "str"}
    operation = Operation("x", {"token_ids": kind}, lambda _platform, _task: Outcome())
    if not refused:
        operation.refuse_tokens({"token_ids": value})
        return
    with pytest.raises(OptionError, match="token_ids: it holds a token, and not the id of one") as caught:
        operation.refuse_tokens({"token_ids": value})
    assert "3Xq9Lw2Zt7" not in str(caught.value)


QUMULO_TOKEN = "access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa+/QwR7tY2uI=="
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(("module", "option"), [(one.name, option) for one in OPERATIONS.values() for option in sorted(one.stored)])
@pytest.mark.parametrize("text", [QUMULO_TOKEN, JWT, f"/home/{JWT}", f"of the token {QUMULO_TOKEN}", f"{JWT}\n"])
def test_a_token_is_no_text_to_be_stored(module, option, text):
    with pytest.raises(OptionError, match=f"^{option}: it holds a token or another secret, and would be stored in clear") as caught:
        OPERATIONS[module].refuse_tokens({option: text})
    assert "3Xq9Lw2Zt7" not in str(caught.value)
    assert "eyJ" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "svc-backup-of-the-second-datacentre-in-the-north-01",
        "/home/svc/F2A6B3C4-1D2E-4F5A-8B9C-0D1E2F3A4B5C",
        "Nightly backups, see https://wiki.example.com/Teams/Storage/Runbooks/Nightly-Backups-2026",
        "commit 70a13475d3d8f0c4e9a1b2c3d4e5f60718293a4b",
    ],
)
def test_a_text_that_may_be_stored(text):
    OPERATIONS["service_account"].refuse_tokens({"name": text, "description": text, "home_directory": text})


def test_what_is_stored_of_each_module():
    """A text that a platform stores and shows. What only names something that is there already is not among them."""
    stored = {one.name: set(one.stored) for one in OPERATIONS.values() if one.stored}
    assert stored == {"service_account": {"name", "description", "home_directory"}, "api_token": {"tag"}}
    assert all(one.stored <= one.argument_spec.keys() for one in OPERATIONS.values())
