# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a fleet's rotation: what became of each host, the numbers, the table; and the file that a killed run leaves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.latchkey.tokens.plugins.action import rotation_summary as action
from ansible_collections.latchkey.tokens.plugins.module_utils._errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import outcome, summarize, table

ROTATED = {
    "rotated": True,
    "reason": "it expires in 3 d",
    "token_id": "2",
    "expires_at": "2027-02-01T00:00:00Z",
    "old_token_id": "1",
    "retired": True,
    "next_due": "2027-01-25T00:00:00Z",
}
NOT_DUE = {
    "rotated": False,
    "reason": "",
    "token_id": "2",
    "expires_at": "2027-02-01T00:00:00.123456Z",
    "old_token_id": None,
    "retired": False,
    "next_due": "2027-01-12T00:00:00.123456Z",
}


def summary(check_mode=False, **outcomes):
    return summarize(outcomes, run="this", check_mode=check_mode, finished=True)


@pytest.mark.parametrize(
    ("result", "failure", "status", "reason"),
    [
        (ROTATED, {}, "rotated", "it expires in 3 d"),
        (NOT_DUE, {}, "not_due", "the stored one works until 2027-02-01T00:00:00Z"),
        ({**NOT_DUE, "expires_at": None}, {}, "not_due", "the stored one works"),
        ({}, {"reason": "It was refused.", "undone": True}, "undone", "It was refused."),
        ({}, {"reason": "It was refused.", "undone": "False"}, "failed", "It was refused."),
        (ROTATED, {"reason": "two\n  lines\tand \x1b[31mmore", "undone": False}, "failed", "two lines and [31mmore"),
        ({}, {"reason": None}, "failed", "it said nothing"),
        ({}, {}, "unfinished", "The run ended before this host was done. Run again; no working credential was lost."),
    ],
)
def test_what_became_of_a_host(result, failure, status, reason):
    found = outcome(result, failure)
    assert (found["status"], found["reason"]) == (status, reason)


def test_nothing_but_what_is_known_is_kept():
    assert outcome({**ROTATED, "token": "a secret"}, {}) == {
        "status": "rotated",
        **{key: value for key, value in ROTATED.items() if key != "rotated"},
    }


def test_the_numbers():
    found = summary(a=outcome(ROTATED, {}), b=outcome(NOT_DUE, {}), c=outcome({}, {"reason": "x"}), d=outcome({}, {}))
    assert found["counts"] == {"not_due": 1, "rotated": 1, "undone": 0, "failed": 1, "unfinished": 1}
    assert found["next_due"] == "2027-01-12T00:00:00.123456Z"
    assert list(found["hosts"]) == ["a", "b", "c", "d"]


def test_the_table_is_aligned_and_troubles_come_last():
    found = summary(
        failing=outcome({}, {"reason": "It was refused."}),
        a=outcome(ROTATED, {}),
        killed=outcome({}, {}),
        undone=outcome({}, {"reason": "A check failed.", "undone": True}),
        b=outcome(NOT_DUE, {}),
    )
    assert table(found) == [
        "host     result      next due              why",
        "b        not due     2027-01-12T00:00:00Z  the stored one works until 2027-02-01T00:00:00Z",
        "a        rotated     2027-01-25T00:00:00Z  it expires in 3 d",
        "undone   undone      -                     A check failed.",
        "failing  failed      -                     It was refused.",
        "killed   unfinished  -                     The run ended before this host was done. Run again; no working credential was lost.",
        "1 not due, 1 rotated, 1 undone, 1 failed, 1 unfinished; the next one is due at 2027-01-12T00:00:00Z",
    ]


def test_the_table_in_check_mode():
    found = summary(True, a=outcome(ROTATED, {}), b=outcome({}, {"reason": "It was refused."}))
    assert table(found) == [
        "host  result        next due              why",
        "a     would rotate  2027-01-25T00:00:00Z  it expires in 3 d",
        "b     would fail    -                     It was refused.",
        "1 would rotate, 1 would fail; the next one is due at 2027-01-25T00:00:00Z",
    ]


def test_the_table_of_nobody():
    assert table(summary()) == ["host  result  next due  why", "no hosts"]


# -- the file


@pytest.fixture
def perform(tmp_path, monkeypatch):
    monkeypatch.setattr(action, "this_run", lambda _host: "this run")

    def perform(hosts, state, results=(), failures=(), path=tmp_path / "summary.json", check_mode=False):
        options = {"hosts": hosts, "results": dict(results), "failures": dict(failures), "path": str(path), "state": state}
        return action.ActionModule.perform(None, options, check_mode, {})

    return perform


def read(tmp_path):
    return json.loads((tmp_path / "summary.json").read_text())


@pytest.mark.parametrize("content", ["---\nqumulo_token: x\n", "[]", '{"a": 1}'])
def test_a_file_that_is_no_summary_is_left_alone(perform, tmp_path, content):
    path = tmp_path / "summary.json"
    path.write_text(content)
    for state in ("begun", "finished"):
        with pytest.raises(LatchkeyError, match="is there and holds something else"):
            perform(["a"], state)
    assert path.read_text() == content


def test_the_file_says_how_far_a_run_got(perform, tmp_path):
    (tmp_path / "summary.json").write_text('{"run": "an earlier one", "hosts": {}}')
    perform(["a", "b", "c"], "begun")
    assert read(tmp_path)["counts"]["unfinished"] == 3
    perform(["b"], "noted", results={"b": ROTATED})
    perform(["c"], "noted", failures={"c": {"reason": "It was refused.", "undone": True}})
    found = read(tmp_path)
    assert {host: one["status"] for host, one in found["hosts"].items()} == {"a": "unfinished", "b": "rotated", "c": "undone"}
    assert found["counts"] == {"not_due": 0, "rotated": 1, "undone": 1, "failed": 0, "unfinished": 1}
    assert found["finished"] is False
    done = perform(["a", "b", "c"], "finished", results={"a": NOT_DUE, "b": ROTATED}, failures={"c": {"reason": "It was refused."}})
    assert read(tmp_path) == done["summary"]
    assert done["summary"]["finished"] is True
    assert not done["changed"]


def test_the_file_of_another_run_is_left_alone(perform, tmp_path, monkeypatch):
    perform(["a"], "begun")
    before = (tmp_path / "summary.json").read_bytes()
    monkeypatch.setattr(action, "this_run", lambda _host: "another run")
    perform(["b"], "noted", results={"b": ROTATED})
    assert (tmp_path / "summary.json").read_bytes() == before


def test_a_file_that_cannot_be_written(perform, tmp_path):
    path = tmp_path / "nowhere" / "summary.json"
    for state in ("begun", "finished"):
        with pytest.raises(LatchkeyError, match="the folder does not exist"):
            perform(["a"], state, path=path)
    warnings = perform(["a"], "noted", path=path)["warnings"]
    assert len(warnings) == 1
    assert warnings[0].startswith("The summary lacks a until the end of the run.")


def test_many_workers_lose_nothing(perform, tmp_path):
    hosts = [f"host{number}" for number in range(40)]
    perform(hosts, "begun")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda host: perform([host], "noted", results={host: ROTATED}), hosts))
    assert read(tmp_path)["counts"]["rotated"] == 40
