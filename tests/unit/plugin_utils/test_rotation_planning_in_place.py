# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rotation of an account's one secret decides, by table. No file, no server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning_in_place
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Facts, RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import checked
from tests.unit.plugin_utils.rotation_facts import DAY, HOUR, IN_PLACE_1_0_0, MINUTE, NO_TIME, NOW, at

MONTHLY = RotationPolicy(max_age=30 * DAY)
FORCED = RotationPolicy(force=True, max_age=30 * DAY)
ID = "client|1"
CREATED = "an earlier run was interrupted while it created a secret"
RESCUE = "an earlier run created a secret and could not store it"


def current(age: timedelta = DAY, account_id: str = ID) -> dict[str, Any]:
    return {"id": account_id, "minted_at": at(-age), "expires_at": None}


def unfinished(stage: str, **pending: Any) -> dict[str, Any]:
    return {"stage": stage, "current": current(), "pending": {"since": at(-MINUTE), "id": ID, "run": "r", **pending}}


def found(state: dict[str, Any] | None = None, **given: Any) -> Facts:
    return Facts(**({"state": state or {}, "account_id": ID, "has_value": True, "works": True, "var": "secret"} | given))


def plan(what: Facts, policy: RotationPolicy = MONTHLY, run: str = "") -> RotationPlan:
    decided = planning_in_place.plan(what, policy, NOW, run)
    for state in (decided.intent, decided.settled):
        assert checked(state) == state
    return decided


SETTLED = {"stage": "current", "current": current()}
RESCUED = {"has_rescue": True, "rescue_works": True}
EMPTY = {"has_value": False, "works": False}


@pytest.mark.parametrize(
    ("what", "policy", "reason"),
    [
        (found(SETTLED), MONTHLY, ""),
        (found(SETTLED), FORCED, "it was asked for"),
        (found({"stage": "current", "current": current(30 * DAY)}), MONTHLY, "it is 30 d old"),
        (found({"stage": "current", "current": current(30 * DAY)}), RotationPolicy(), ""),
        (found({"stage": "current", "current": current(99 * DAY, "another")}), MONTHLY, ""),
        (found(), MONTHLY, ""),
        (found(**EMPTY), FORCED, "no credential is stored yet"),
        (found(unfinished("minting"), **EMPTY), MONTHLY, "no credential is stored yet"),
        (found(works=False), MONTHLY, "the platform refuses the stored credential"),
        (found(unfinished("minting")), MONTHLY, CREATED),
        (found(unfinished("minting"), works=False), MONTHLY, "the platform refuses the stored credential"),
        (found(unfinished("minting"), has_rescue=True), MONTHLY, CREATED),
        (found(unfinished("stored"), works=False), MONTHLY, "the platform refuses the stored credential"),
        (found(unfinished("stored"), works=False, has_rescue=True), MONTHLY, "the platform refuses the stored credential"),
    ],
)
def test_when_a_new_secret_is_created(what, policy, reason):
    decided = plan(what, policy)
    assert (decided.problem, decided.reason, decided.rotate) == ("", reason, bool(reason))
    assert (decided.rescue, decided.finish, decided.undo, decided.clears) == (False, False, False, False)


# -- where nothing is stored


@pytest.mark.parametrize(
    ("names", "var", "words"),
    [
        (
            ["other", "rsc_client_secret"],
            "rsc_client_secrte",
            "Was rsc_client_secret meant? It has other, rsc_client_secret.",
        ),
        (["zebra", "apple"], "secret", "a new one would end it. It has apple, zebra. Check rotate_var"),
        ([], "secret", "a new one would end it. Check rotate_var"),
        ([f"name{number:02}" for number in range(20)], "x", "name18, name19. Check rotate_var"),
        ([f"name{number:02}" for number in range(25)], "x", "name18, name19 and 5 more. Check rotate_var"),
    ],
)
@pytest.mark.parametrize("state", [{}, SETTLED, unfinished("stored")])
def test_nothing_is_stored(names, var, words, state):
    decided = plan(found(state, **EMPTY, names=names, var=var))
    assert decided.problem.startswith(f"The vars file holds no secret in {var}, and the present secret of the account may be in use")
    assert words in decided.problem
    assert decided.problem.endswith("to replace the secret all the same, set rotate_force to true.")
    assert decided == RotationPlan(problem=decided.problem)


@pytest.mark.parametrize(
    "names",
    [
        ["rsc_client_secret"],
        ["something", "else"],
    ],
)
def test_what_cannot_have_been_meant(names):
    assert "meant?" not in plan(found(**EMPTY, names=names, var="rsc_client_secret")).problem


def test_nothing_is_stored_and_a_dead_secret_is_in_the_rescue_file():
    assert plan(found(has_rescue=True, **EMPTY)).problem


# -- what an earlier run left


@pytest.mark.parametrize(
    "what",
    [
        found(unfinished("minting"), **RESCUED),
        found(unfinished("minting"), works=False, **RESCUED),
        found(unfinished("stored"), works=False, **RESCUED),
        found(SETTLED, **RESCUED),
        found(**EMPTY, **RESCUED),
    ],
)
@pytest.mark.parametrize("policy", [MONTHLY, FORCED])
def test_a_rescued_secret_is_taken_before_another_is_created(what, policy):
    decided = plan(what, policy)
    assert (decided.problem, decided.rescue, decided.rotate, decided.finish) == ("", True, False, False)
    assert (decided.reason, decided.changes) == (RESCUE, True)
    since = what.state.get("pending", {}).get("since", at(NO_TIME))
    assert decided.settled == {"stage": "current", "current": {**current(), "minted_at": since}}


def test_a_stored_secret_gives_way_where_the_rescue_file_holds_another_one_that_is_not_known_to_be_older():
    decided = plan(found(unfinished("stored"), rescue_in_doubt=True, **RESCUED))
    assert (decided.finish, decided.rescue, decided.rotate) == (False, False, True)
    assert decided.reason == "two secrets of the account work, and which of them lives on is not known"


@pytest.mark.parametrize("rescue", [{}, {"has_rescue": True}])
def test_a_stored_secret_is_only_proved(rescue):
    decided = plan(found(unfinished("stored"), **rescue), RotationPolicy(force=True))
    assert (decided.finish, decided.rescue, decided.rotate) == (True, False, False)
    assert decided.settled == {"stage": "current", "current": {**current(), "minted_at": at(-MINUTE)}}


@pytest.mark.parametrize("stage", ["minting", "stored"])
@pytest.mark.parametrize(
    ("gone", "since", "words"),
    [
        (False, -DAY, "Wait for it to end."),
        (None, -MINUTE, "a run may take over from"),
        (None, 14 * MINUTE, "a run may take over from"),
        (None, 15 * MINUTE, ""),
        (None, -15 * MINUTE, ""),
        (True, -MINUTE, ""),
    ],
)
def test_another_run(stage, gone, since, words):
    decided = plan(found(unfinished(stage, since=at(since)), run_is_gone=gone, **RESCUED))
    assert (words in decided.problem) if words else not decided.problem
    assert not words or decided == RotationPlan(problem=decided.problem)


# -- what is written


def test_what_is_noted_on_the_way():
    decided = plan(found(SETTLED), FORCED, "this run")
    pending = {"since": at(NO_TIME), "id": ID, "run": "this run", "mark": ""}
    assert decided.intent == {"stage": "minting", "current": current(), "pending": pending}
    assert decided.settled == {"stage": "current", "current": current(NO_TIME)}
    assert decided.current == decided.settled["current"]
    assert decided.next_due == at(30 * DAY)


def test_the_intent_names_no_other_part_of_what_was_noted():
    state = {**SETTLED, "previous": {"id": "0"}, "unconfirmed": [{"since": at(NO_TIME)}]}
    assert plan(found(state), FORCED).intent.keys() == {"stage", "current", "pending"}
    assert plan(found({}), FORCED).intent.keys() == {"stage", "pending"}


@pytest.mark.parametrize(
    ("state", "settle"),
    [
        ({}, True),
        (SETTLED, False),
        ({"stage": "current", "current": {"id": "another"}}, True),
        ({**SETTLED, "previous": {"id": "0"}}, True),
    ],
)
def test_the_age_counts_from_when_the_role_saw_it_first(state, settle):
    decided = plan(found(state))
    assert decided.settle is settle
    noted = at(-DAY) if state.get("current", {}).get("id") == ID else at(NO_TIME)
    assert decided.settled["current"]["minted_at"] == noted


@pytest.mark.parametrize(
    ("policy", "due", "never"),
    [(MONTHLY, 29 * DAY, ""), (RotationPolicy(), None, "never: the credential does not expire, and rotate_max_age is not set")],
)
def test_next_due(policy, due, never):
    decided = plan(found(SETTLED), policy)
    assert (decided.next_due, decided.never_due) == (at(due), never)


@pytest.mark.parametrize(
    ("state", "given", "reason"),
    [
        ("current", {}, ""),
        ("minting", {}, CREATED),
        ("minting", RESCUED, RESCUE),
        ("minting, first", RESCUED | EMPTY, RESCUE),
        ("stored", {}, "an earlier run stored it and stopped"),
    ],
)
def test_a_state_of_version_1_0_0_is_planned_from(state, given, reason):
    decided = plan(found(IN_PLACE_1_0_0[state], **given))
    assert (decided.problem, decided.reason) == ("", reason)
    assert decided.changes is bool(reason)
    assert decided.settled.get("current", {}).get("id", ID) == ID


@pytest.mark.parametrize(("since", "stays"), [(-MINUTE, True), (-HOUR, False)])
def test_a_late_write_is_kept_for_an_hour_whatever_is_done(since, stays):
    late = {"awx_credential": at(since)}
    state = {**SETTLED, "late_writes": late}
    for policy in (MONTHLY, FORCED):
        assert plan(found(state), policy).settled.get("late_writes", {}) == (late if stays else {})
    assert plan(found(state)).settle is not stays
    assert plan(found(state), FORCED).intent["late_writes"] == late, "the run that goes on with it looks at the time"
