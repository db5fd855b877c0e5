# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a fleet's rotation: what became of each host, the numbers, the table; and the file that a killed run leaves."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.action import rotation_summary as action
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import (
    described,
    notice,
    outcome,
    summarize,
    table,
    unmatched,
    warnings,
)

ROTATED = {
    "rotated": True,
    "reason": "it expires in 3 d",
    "token_id": "2",
    "expires_at": "2027-02-01T00:00:00Z",
    "old_token_id": "1",
    "retired": True,
    "next_due": "2027-01-25T00:00:00Z",
    "next_due_reason": None,
    "unretired": [],
}
NOT_DUE = {
    "rotated": False,
    "reason": "",
    "token_id": "2",
    "expires_at": "2027-02-01T00:00:00.123456Z",
    "old_token_id": None,
    "retired": False,
    "next_due": "2027-01-12T00:00:00.123456Z",
}  # as the role left it before it knew of next_due_reason and unretired
NEVER = {**ROTATED, "next_due": None, "next_due_reason": "never: the credential does not expire, and rotate_max_age is not set"}
UNRETIRED = {**ROTATED, "retired": False, "unretired": ["1"]}


def summary(check_mode=False, **outcomes):
    return summarize(outcomes, run="this", check_mode=check_mode, finished=True, written_at="2027-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("result", "failure", "status", "reason"),
    [
        (ROTATED, {}, "rotated", "it expires in 3 d"),
        (NOT_DUE, {}, "not_due", "the stored credential works until 2027-02-01T00:00:00Z"),
        ({**NOT_DUE, "expires_at": None}, {}, "not_due", "the stored credential works"),
        ({}, {"reason": "It was refused.", "undone": True}, "undone", "It was refused."),
        ({}, {"reason": "It was refused.", "undone": "False"}, "failed", "It was refused."),
        (ROTATED, {"reason": "two\n  lines\tand \x1b[31mmore", "undone": False}, "failed", "two lines and [31mmore"),
        ({}, {"reason": None}, "failed", "no reason was given"),
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


ABOUT = {"platform": "qumulo", "endpoint": "a.example.com", "account": "svc"}


@pytest.mark.parametrize(
    ("result", "failure", "about", "told"),
    [
        (
            {**ROTATED, **ABOUT, "created_at": "2026-12-31T23:59:00Z", "time": "2026-12-31T23:59:30Z"},
            {},
            {},
            {**ABOUT, "created_at": "2026-12-31T23:59:00Z", "age": 60, "time": "2026-12-31T23:59:30Z"},
        ),
        (
            {},
            {"reason": "x", "time": "2026-12-31T23:59:30Z"},
            {**ABOUT, "account": "two\nlines"},
            {**ABOUT, "account": "two lines", "created_at": None, "age": None, "time": "2026-12-31T23:59:30Z"},
        ),
        (NOT_DUE, {}, {}, {**dict.fromkeys(ABOUT), "created_at": None, "age": None, "time": None}),
    ],
)
def test_an_entry_makes_sense_by_itself(result, failure, about, told):
    now = datetime(2027, 1, 1, tzinfo=timezone.utc)
    found = described({"status": "any"}, result, failure, about, run="this", now=now)
    assert found == {"status": "any", "run": "this", **told}


def test_what_people_are_told():
    found = notice(
        summary(
            a=outcome(ROTATED, {}),
            b=outcome(NEVER, {}),
            c=outcome(UNRETIRED, {}),
            d=outcome({}, {"reason": "It was refused."}),
            e=outcome({}, {"reason": "A check failed.", "undone": True}),
            f=outcome({}, {}),
        )
    )
    assert found["attention"] is True
    assert found["subject"].startswith("Rotation of credentials: 3 rotated, 1 undone, 1 failed, 1 unfinished; the next one is due at ")
    assert [line.partition(":")[0] for line in found["lines"]] == ["f", "d", "e", "b", "c"]
    assert found["lines"][3] == "b: rotated: it expires in 3 d; its next rotation is never due"
    assert notice(summary(a=outcome(ROTATED, {})))["lines"] == []


def test_the_numbers():
    found = summary(a=outcome(ROTATED, {}), b=outcome(NOT_DUE, {}), c=outcome({}, {"reason": "x"}), d=outcome({}, {}))
    assert found["counts"] == {"not_due": 1, "rotated": 1, "undone": 0, "failed": 1, "unfinished": 1}
    assert found["next_due"] == "2027-01-12T00:00:00.123456Z"
    assert list(found["hosts"]) == ["a", "b", "c", "d"]
    assert (found["never_due"], found["unretired"]) == (0, 0)
    assert (found["run"], found["written_at"], found["finished"]) == ("this", "2027-01-01T00:00:00Z", True)


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
        "b        not due     2027-01-12T00:00:00Z  the stored credential works until 2027-02-01T00:00:00Z",
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


def test_the_table_without_hosts():
    assert table(summary()) == ["host  result  next due  why", "no hosts"]


def test_what_a_result_of_an_earlier_role_lacks():
    found = outcome(NOT_DUE, {})
    assert (found["unretired"], found["next_due_reason"]) == ([], None)


def test_hosts_that_are_never_due_and_old_tokens_that_are_left():
    found = summary(
        a=outcome(NEVER, {}),
        b=outcome({**UNRETIRED, "unretired": ["1", "a\nb"]}, {}),
        c=outcome({**NEVER, "rotated": False, "expires_at": None, "unretired": [7]}, {}),
        d=outcome({}, {"reason": "It was refused."}),
    )
    assert table(found) == [
        "host  result   next due              why",
        "c     not due  never                 the stored credential works; old token 7 is not retired yet; the next run tries again",
        "a     rotated  never                 it expires in 3 d",
        "b     rotated  2027-01-25T00:00:00Z  it expires in 3 d; old tokens 1, a b are not retired yet; the next run tries again",
        "d     failed   -                     It was refused.",
        (
            "1 not due, 2 rotated, 1 failed; the next one is due at 2027-01-25T00:00:00Z; 2 are never due; "
            "2 have an old token that is not retired yet"
        ),
    ]
    assert (found["never_due"], found["unretired"]) == (2, 2)
    assert found["hosts"]["c"]["unretired"] == ["7"]
    assert found["hosts"]["a"]["next_due_reason"] == NEVER["next_due_reason"]
    assert warnings(found) == [
        (
            "2 hosts are never due, because the credential does not expire and rotate_max_age is not set: a, c; "
            "rotate_max_age or an expiry of the credential ends that."
        ),
        "2 hosts have an old token that is not retired yet and may still work: b, c; the next run tries again.",
    ]


def test_one_host_that_is_never_due_with_an_old_token():
    found = summary(a=outcome({**NEVER, "unretired": ["1"]}, {}))
    assert table(found)[-1] == "1 rotated; 1 is never due; 1 has an old token that is not retired yet"
    assert [one.partition(",")[0].partition(":")[0] for one in warnings(found)] == [
        "1 host is never due",
        "1 host has an old token that is not retired yet and may still work",
    ]


@pytest.mark.parametrize(("count", "listed"), [(10, "h8, h9;"), (11, "h8, h9 and 1 more;"), (500, "h8, h9 and 490 more;")])
def test_a_warning_names_ten_hosts(count, listed):
    found = warnings(summary(**{f"h{number}": outcome({**NEVER, "unretired": ["1"]}, {}) for number in range(count)}))
    assert len(found) == 2
    for one in found:
        assert one.startswith(f"{count} hosts ")
        assert listed in one


def test_the_warning_says_why_a_host_is_never_due():
    unknown = "never: the credential does not expire, and the platform does not tell when it was created"
    silent = {**NEVER, "next_due_reason": None}
    ages = {"a": NEVER, "b": {**NEVER, "next_due_reason": unknown}, "c": silent}
    both, one = warnings(summary(**{host: outcome(one, {}) for host, one in ages.items()}))
    assert both == (
        "2 hosts are never due, because the credential does not expire and rotate_max_age is not set: a, c; "
        "rotate_max_age or an expiry of the credential ends that."
    )
    assert one == (
        "1 host is never due, because the credential does not expire and the platform does not tell when it was created: b; "
        "one rotation with rotate_force ends that."
    )


def test_hosts_without_trouble_bring_no_warning():
    assert warnings(summary(a=outcome(ROTATED, {}), b=outcome(NOT_DUE, {}), c=outcome({}, {"reason": "x"}), d=outcome({}, {}))) == []


@pytest.mark.parametrize(
    ("limit", "hosts", "matched", "failed", "advice"),
    [
        ("", ["a", "b"], ["b"], "", ""),
        ("b", ["a", "b"], ["c", "b"], "", ""),  # c is of an earlier import of the playbook
        ("", [], ["c"], "No host of the inventory matches rotate_group=storage", "set rotate_group to a group"),
        ("x", [], [], "No host of the inventory matches rotate_group=storage", "Check the inventory (-i)"),
        ("x", ["a", "b"], ["c"], "--limit x leaves no host of rotate_group=storage", "Use a --limit that leaves one, such as a."),
        ("", ["a", "b"], [], "rotate_group=storage is set in the inventory", "Set it with -e"),
    ],
)
def test_whether_the_run_has_a_host(limit, hosts, matched, failed, advice):
    found = unmatched("storage", limit, hosts, matched)
    assert bool(found[0]) == bool(failed)
    assert failed in found[0]
    assert advice in found[1]


def test_what_the_guide_shows():
    guide = " ".join((Path(__file__).parents[3] / "docs" / "docsite" / "rst" / "fleets.rst").read_text().split())
    due = {**ROTATED, "next_due": "2027-02-25T22:14:05Z", "reason": "it expires in 3 d 4 h"}
    late = {**UNRETIRED, "next_due": "2027-02-25T22:14:09.5Z", "reason": "it expires in 2 d 7 h", "unretired": ["34218"]}
    refused = "cannot identify the caller: the connection was refused. Check host and port, and whether the appliance is up."
    found = summary(
        berlin_reports=outcome({**NOT_DUE, "expires_at": "2027-02-25T07:51:12Z", "next_due": "2027-02-18T07:51:12Z"}, {}),
        hamburg_reports=outcome({**NEVER, "rotated": False, "expires_at": None}, {}),
        berlin_backup=outcome(due, {}),
        hamburg_archive=outcome(late, {}),
        hamburg_backup=outcome({}, {"reason": f"Qumulo Core at https://hamburg.example.com:8000: {refused}"}),
    )
    assert " ".join(" ".join(table(found)).split()) in guide
    for one in (*warnings(found), " ".join(unmatched("storrage", "", [], []))):
        assert one in guide


# -- the file


@pytest.fixture
def perform(tmp_path, monkeypatch):
    monkeypatch.setattr(action, "this_run", lambda _host: "this run")

    def perform(hosts, state, results=(), failures=(), path=tmp_path / "summary.json", check_mode=False, **more):
        options = {"hosts": hosts, "results": dict(results), "failures": dict(failures), "path": str(path), "state": state, **more}
        return action.ActionModule.perform(None, options, check_mode, {})

    return perform


def read(tmp_path):
    return json.loads((tmp_path / "summary.json").read_text())


@pytest.mark.parametrize("content", ["---\nqumulo_token: x\n", "[]", '{"a": 1}'])
def test_a_file_that_is_no_summary_is_left_alone(perform, tmp_path, content):
    path = tmp_path / "summary.json"
    path.write_text(content)
    for state in ("begun", "finished"):
        with pytest.raises(LatchkeyError, match="exists and is not a summary"):
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
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", done["summary"]["written_at"])
    assert "warnings" not in done


def test_the_file_of_another_run_is_left_alone(perform, tmp_path, monkeypatch):
    perform(["a"], "begun")
    before = (tmp_path / "summary.json").read_bytes()
    monkeypatch.setattr(action, "this_run", lambda _host: "another run")
    perform(["b"], "noted", results={"b": ROTATED})
    assert (tmp_path / "summary.json").read_bytes() == before


def test_a_file_that_cannot_be_written(perform, tmp_path):
    path = tmp_path / "nowhere" / "summary.json"
    for state in ("begun", "finished"):
        with pytest.raises(LatchkeyError, match="the directory does not exist"):
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


def test_only_the_end_warns_of_hosts(perform):
    results = {"a": NEVER, "b": UNRETIRED}
    perform(["a", "b"], "begun")
    assert "warnings" not in perform(["a"], "noted", results=results)
    assert [one.split(",")[0] for one in perform(["a", "b"], "finished", results=results)["warnings"]] == [
        "1 host is never due",
        "1 host has an old token that is not retired yet and may still work: b; the next run tries again.",
    ]


def check(perform, hosts, matched, **more):
    return perform(hosts, "checked", pattern="rotate", limit=None, matched=matched, **more)


def test_a_run_with_a_host_leaves_the_file(perform, tmp_path):
    assert check(perform, ["a"], ["a"]) == {"changed": False}
    assert not (tmp_path / "summary.json").exists()


def test_a_run_without_hosts_does_not_leave_the_summary_of_an_earlier_one(perform, tmp_path):
    perform(["a"], "finished", results={"a": ROTATED})
    with pytest.raises(LatchkeyError, match="No host of the inventory matches rotate_group=rotate"):
        check(perform, [], [])
    assert (read(tmp_path)["hosts"], read(tmp_path)["finished"]) == ({}, False)


def test_a_run_without_hosts_whose_file_cannot_be_written_says_both(perform, tmp_path):
    with pytest.raises(LatchkeyError, match=r"No host of the inventory .* the directory does not exist"):
        check(perform, [], [], path=tmp_path / "nowhere" / "summary.json")
