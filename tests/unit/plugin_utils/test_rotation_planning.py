# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation of credentials side by side decides: every branch by table, and what must hold whatever was found. No file, no server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning_beside
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Facts, RotationPlan, never_due, next_due
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning_beside import is_overdue, settled_after
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import recognise
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import checked
from tests.unit.plugin_utils.rotation_facts import (
    BESIDE_1_0_0,
    DAY,
    HOUR,
    MINUTE,
    NO_TIME,
    NOW,
    SECOND,
    at,
    facts,
    minting,
    settled,
    stored,
    token,
)

WEEK = RotationPolicy(when_remaining=7 * DAY)


def plan(found: Facts, policy: RotationPolicy = WEEK, run: str = "") -> RotationPlan:
    """Decide, with the greatest number wherever one is chosen by chance."""
    return planning_beside.plan(found, policy, NOW, run, lambda most: most)


# -- when it is due


@pytest.mark.parametrize(
    ("found", "policy", "reason"),
    [
        (facts(token("1")), WEEK, ""),
        (facts(token("1", expires=7 * DAY)), WEEK, "it expires in 7 d"),
        (facts(token("1", expires=7 * DAY + SECOND)), WEEK, ""),
        (facts(token("1", expires=None)), WEEK, ""),
        (facts(token("1", expires=None, age=31 * DAY)), RotationPolicy(max_age=30 * DAY), "it is 31 d old"),
        (facts(token("1", expires=None, age=30 * DAY)), RotationPolicy(max_age=30 * DAY), "it is 30 d old"),
        (facts(token("1", expires=None, age=29 * DAY)), RotationPolicy(max_age=30 * DAY), ""),
        (facts(token("1", expires=None, age=None)), RotationPolicy(max_age=30 * DAY), ""),
        (facts(token("1", expires=DAY, age=31 * DAY)), replace(WEEK, max_age=30 * DAY), "it expires in 1 d"),
        (facts(token("1")), RotationPolicy(force=True), "it was asked for"),
        (facts(has_value=False, works=False, value_id=None), WEEK, "no credential is stored yet"),
        (facts(works=False, value_id=None), WEEK, "the platform refuses the stored credential"),
        (facts(works=False, value_id=None), replace(WEEK, force=True), "the platform refuses the stored credential"),
    ],
)
def test_due(found, policy, reason):
    decided = plan(found, policy)
    assert (decided.problem, decided.reason, decided.rotate) == ("", reason, bool(reason))
    assert decided.changes is bool(reason)


@pytest.mark.parametrize(
    ("expires", "age", "policy", "due", "never"),
    [
        (60 * DAY, 30 * DAY, WEEK, 53 * DAY, ""),
        (60 * DAY, 30 * DAY, replace(WEEK, max_age=40 * DAY), 10 * DAY, ""),
        (60 * DAY, None, replace(WEEK, max_age=40 * DAY), 53 * DAY, ""),
        (None, 30 * DAY, WEEK, None, "never: the credential does not expire, and rotate_max_age is not set"),
        (None, 30 * DAY, RotationPolicy(max_age=40 * DAY), 10 * DAY, ""),
        (
            None,
            None,
            RotationPolicy(max_age=40 * DAY),
            None,
            "never: the credential does not expire, and the platform does not tell when it was created",
        ),
    ],
)
def test_next_due(expires, age, policy, due, never):
    decided = plan(facts(token("1", expires=expires, age=age)), policy)
    assert (decided.next_due, decided.never_due) == (at(due), never)
    assert (next_due(decided.current, policy), never_due(decided.current, policy)) == (at(due), never)


def test_what_is_noted_before_anything_is_created():
    decided = plan(facts(token("1", expires=DAY)), replace(WEEK, expires_in=90 * DAY), "this run")
    assert decided.expires_at == at(90 * DAY)
    assert decided.intent == {
        "stage": "minting",
        "current": {"id": "1", "minted_at": at(-30 * DAY), "expires_at": at(DAY)},
        "pending": {"since": at(NO_TIME), "expires_at": at(90 * DAY), "known": ["1"], "run": "this run"},
    }
    assert checked(decided.intent) == decided.intent


def test_of_credentials_that_go_the_intent_knows_nothing():
    decided = plan(facts(token("1"), token("9"), limit=None), RotationPolicy(orphans="revoke", force=True))
    assert (decided.revoke, decided.intent["pending"]["known"]) == (("9",), ["1"])


def test_a_lifetime_that_is_not_exact_is_marked_where_it_is_long_enough():
    policy = RotationPolicy(force=True, expires_in=90 * DAY, exact_expiry=False)
    decided = plan(facts(token("1"), limit=None), policy)
    lifetime = 90 * DAY - 59 * MINUTE
    pending = {"about": True, "marked": True, "lifetime": int(lifetime.total_seconds()), "expires_at": at(lifetime)}
    assert pending.items() <= decided.intent["pending"].items()
    assert decided.expires_at == at(lifetime)
    assert checked(decided.intent)
    short = plan(facts(token("1"), limit=None), replace(policy, expires_in=2 * HOUR)).intent["pending"]
    assert (short["about"], short["marked"], short["expires_at"]) == (True, False, at(2 * HOUR))
    exact = plan(facts(token("1"), limit=None), replace(policy, exact_expiry=True)).intent["pending"]
    assert exact.keys() == {"since", "expires_at", "known", "run"}


@pytest.mark.parametrize(("expires_in", "warned"), [(7 * DAY, True), (7 * DAY + SECOND, False), (None, False)])
def test_a_life_that_is_over_before_it_is_used(expires_in, warned):
    decided = plan(facts(token("1")), replace(WEEK, force=True, expires_in=expires_in))
    assert [one.startswith("A new credential lives no longer than rotate_when_remaining") for one in decided.warnings] == [True] * warned


# -- whose credential it is, and which


@pytest.mark.parametrize("state", [{}, settled(), minting(), stored(), stored("undoing")])
def test_a_credential_of_another_account_is_a_problem(state):
    decided = plan(facts(token("1"), stranger="jane (id 1003)", state=state))
    assert "of jane (id 1003), not of the account to rotate" in decided.problem
    assert decided == RotationPlan(problem=decided.problem)


def test_without_an_id_the_noted_one_counts():
    decided = plan(facts(token("1"), token("2", live=False), value_id=None, state=settled()))
    assert (decided.problem, decided.current["id"]) == ("", "1")


def test_without_an_id_the_only_one_counts():
    assert plan(facts(token("1"), value_id=None)).current["id"] == "1"
    beside_the_old = facts(token("1"), token("0", live=False), value_id=None, state={"previous": {"id": "0", "delete_at": None}})
    assert plan(beside_the_old).current["id"] == "1"


def test_without_an_id_the_only_one_of_a_list_that_is_cut_off_is_not_taken_for_it():
    assert "does not tell its id" in plan(facts(token("1"), value_id=None, complete=False)).problem


def test_without_an_id_and_with_several_nothing_is_guessed():
    problem = plan(facts(token("1"), token("2"), value_id=None)).problem
    assert "does not tell its id" in problem
    assert "1, 2" in problem


def test_a_credential_that_is_not_listed_keeps_what_the_state_says_of_it():
    noted = {"id": "1", "minted_at": at(-DAY), "expires_at": at(DAY)}
    assert plan(facts(state={"current": noted}), WEEK).current == noted
    assert plan(facts(state={"current": {**noted, "id": "another"}}), WEEK).current == {"id": "1"}


# -- another run


@pytest.mark.parametrize(
    ("gone", "since", "words"),
    [
        (True, -MINUTE, ""),
        (False, -2 * DAY, "Wait for it to end."),
        (None, -14 * MINUTE, "a run may take over from"),
        (None, -15 * MINUTE, ""),
        (None, 14 * MINUTE, "a run may take over from"),
        (None, 2 * DAY, ""),
    ],
)
def test_another_run(gone, since, words):
    decided = plan(facts(token("1"), state=minting(since=at(since)), run_is_gone=gone))
    assert (words in decided.problem) if words else not decided.problem
    assert not words or decided == RotationPlan(problem=decided.problem)


def test_a_settled_state_waits_for_no_one():
    assert plan(facts(token("1"), state=settled(), run_is_gone=None)).problem == ""


# -- what an earlier run left


def test_stored_and_working_is_finished():
    decided = plan(facts(token("1"), token("2"), value_id="2", state=stored()))
    assert (decided.finish, decided.undo, decided.rotate, decided.retire, decided.current["id"]) == (True, False, False, "1", "2")
    assert decided.reason == "an earlier run stored it and stopped"


def test_stored_and_working_is_finished_though_the_list_does_not_have_it():
    decided = plan(facts(token("1"), value_id="2", state=stored()))
    assert decided.current == {"id": "2", "expires_at": None}


def test_stored_and_working_is_finished_though_the_platform_tells_no_id():
    decided = plan(facts(token("1"), token("2"), value_id=None, state=stored()))
    assert (decided.finish, decided.current["id"], decided.retire) == (True, "2", "1")


def test_where_the_platform_tells_no_id_a_token_that_was_created_since_leaves_a_doubt():
    decided = plan(facts(token("1"), token("2"), token("3"), value_id=None, state=stored()))
    assert decided.problem.startswith("The stored credential works, but the platform does not tell its id: it is token 2, which an ")
    assert "created since: 3, created" in decided.problem
    assert (decided.finish, decided.undo, decided.rotate, decided.clears) == (False, False, False, False)


def test_where_the_platform_tells_no_id_a_direct_question_settles_which_token_is_stored():
    decided = plan(facts(token("3"), value_id=None, state=stored(), gone=frozenset({"1", "2"})))
    assert (decided.problem, decided.finish, decided.current["id"]) == ("", False, "3")


def test_stored_and_working_is_finished_where_there_was_no_old_one():
    state = {key: value for key, value in stored().items() if key != "current"}
    decided = plan(facts(token("2"), value_id="2", state=state))
    assert (decided.finish, decided.retire) == (True, "")


def test_stored_and_refused_is_undone():
    decided = plan(facts(token("1"), works=False, value_id=None, state=stored()))
    assert (decided.undo, decided.changes, decided.clears, decided.current) == (True, False, False, {"id": "1"})


@pytest.mark.parametrize("works", [True, False])
def test_undoing_goes_on(works):
    assert plan(facts(token("1"), works=works, state=stored("undoing"))).undo


@pytest.mark.parametrize("value_id", ["1", "3"])
def test_where_another_credential_is_stored_than_the_recorded_one_that_is_a_leftover(value_id):
    """Someone put the old one back by hand, or another one, and left the state alone."""
    decided = plan(
        facts(token("1"), token("2"), token("3"), value_id=value_id, state=stored(), limit=None), RotationPolicy(orphans="ignore")
    )
    assert (decided.finish, decided.undo, decided.rotate, decided.settle) == (False, False, False, True)
    assert (decided.revoke, decided.retire, decided.current["id"]) == (("2",), "", value_id)
    assert decided.settled["current"]["id"] == value_id
    assert "pending" not in decided.settled


def test_what_a_killed_run_created_is_revoked_even_when_nothing_is_due():
    state = minting(expires_at=at(90 * DAY))
    decided = plan(facts(token("1"), token("9", expires=90 * DAY, age=HOUR), state=state))
    assert (decided.revoke, decided.rotate, decided.settle, decided.settled) == (("9",), False, True, settled())


@pytest.mark.parametrize(("since", "stays"), [(-MINUTE, True), (-HOUR + SECOND, True), (-HOUR, False)])
@pytest.mark.parametrize("force", [False, True])
def test_an_intent_of_which_nothing_is_found_stays_for_an_hour(since, stays, force):
    state = minting(since=at(since), expires_at=at(90 * DAY))
    decided = plan(facts(token("1"), state=state), RotationPolicy(force=force))
    assert (decided.problem, decided.revoke, decided.settle) == ("", (), not force)
    kept = {"unconfirmed": [state["pending"]]} if stays else {}
    assert decided.settled == settled(**kept)
    for written in (decided.settled, *([decided.intent] if force else [])):
        assert written.get("unconfirmed", []) == kept.get("unconfirmed", [])
        assert checked(written) == written


def test_what_an_unconfirmed_intent_created_is_revoked_when_it_appears():
    intent = {"since": at(-2 * HOUR), "expires_at": at(90 * DAY), "known": ["1"], "run": "r"}
    decided = plan(facts(token("1"), token("9", expires=90 * DAY, age=HOUR), state=settled(unconfirmed=[intent])))
    assert (decided.revoke, decided.settle, decided.settled) == (("9",), True, settled())


def test_an_unconfirmed_intent_is_no_reason_to_write_as_long_as_it_is_open():
    intent = {"since": at(-MINUTE), "expires_at": at(90 * DAY), "known": ["1"], "run": "r"}
    decided = plan(facts(token("1"), state=settled(unconfirmed=[intent])))
    assert (decided.problem, decided.settle, decided.clears) == ("", False, False)


def test_a_credential_that_the_intent_names_and_that_is_the_stored_one_is_not_revoked():
    state = minting(expires_at=at(90 * DAY))
    decided = plan(facts(token("9", expires=90 * DAY), value_id="9", state=state))
    assert (decided.problem, decided.revoke, decided.current["id"]) == ("", (), "9")


@pytest.mark.parametrize(
    ("pending", "made_by_hand"),
    [
        ({}, token("9", expires=None, age=MINUTE)),
        ({}, token("9", expires=None, age=None)),
        (
            {"expires_at": at(2 * HOUR), "about": True, "lifetime": 7200, "marked": False},
            token("9", expires=2 * HOUR, age=MINUTE),
        ),
    ],
)
def test_a_credential_made_by_hand_is_never_taken_for_a_leftover(pending, made_by_hand):
    state = minting(since=at(-MINUTE), **pending)
    found = facts(token("1"), made_by_hand, state=state, limit=None)
    for force in (False, True):
        decided = plan(found, RotationPolicy(force=force))
        assert "has 1 live token that this vars file does not know: 9" in decided.problem
        assert "An interrupted run may have created 9, and it may as well be in use elsewhere." in decided.problem
        assert decided == RotationPlan(problem=decided.problem)
        ignored = plan(found, RotationPolicy(force=force, orphans="ignore"))
        assert (ignored.problem, ignored.revoke) == ("", ())
        assert ignored.settled["unconfirmed"] == [state["pending"]]


def test_only_what_is_possible_is_named_as_that():
    found = facts(token("1"), token("8"), token("9", expires=None, age=HOUR), state=minting(), limit=None)
    problem = plan(found).problem
    assert "has 2 live tokens that this vars file does not know: 8," in problem
    assert "An interrupted run may have created 9, and" in problem
    assert "An interrupted run" not in plan(facts(token("1"), token("8"), state=minting())).problem


# -- orphans and slots


@pytest.mark.parametrize(
    ("policy", "words"),
    [(RotationPolicy(), "The account has 1 live token"), (RotationPolicy(successor_of="x"), "The rotation has 1 live account")],
)
def test_what_credentials_are_called(policy, words):
    assert plan(facts(token("1"), token("9")), policy).problem.startswith(words)


@pytest.mark.parametrize(
    ("orphans", "problem", "revoke", "warned"),
    [("fail", True, (), False), ("revoke", False, ("9",), False), ("ignore", False, (), True)],
)
def test_orphans(orphans, problem, revoke, warned):
    decided = plan(facts(token("1"), token("9")), RotationPolicy(orphans=orphans))
    assert (bool(decided.problem), decided.revoke, bool(decided.warnings)) == (problem, revoke, warned)


def test_a_dead_token_is_no_orphan():
    assert plan(facts(token("1"), token("9", live=False))) == plan(facts(token("1")))


@pytest.mark.parametrize(
    ("age", "shared", "revoked"), [(MINUTE, True, False), (15 * MINUTE, True, True), (MINUTE, False, True), (None, True, True)]
)
def test_an_orphan_that_another_machine_may_be_about_to_publish(age: timedelta | None, shared: bool, revoked: bool) -> None:
    decided = plan(facts(token("1"), token("9", age=age)), RotationPolicy(orphans="revoke", shared=shared))
    assert decided.revoke == (("9",) if revoked else ())
    assert revoked or "or until 2027-01-01T12:14:00Z." in decided.problem


def test_a_dead_token_goes_with_the_orphans_when_its_slot_is_needed():
    dead = token("2", expires=-DAY, live=False)
    assert plan(facts(token("1"), dead), RotationPolicy(orphans="revoke")).revoke == ()
    assert plan(facts(token("1"), dead), RotationPolicy(orphans="revoke", force=True)).revoke == ("2",)
    assert "has 2 tokens already" in plan(facts(token("1"), dead), RotationPolicy(force=True)).problem


def test_no_orphan_is_revoked_by_the_state_alone():
    found = facts(token("1"), token("2"), state=settled(), value_id=None)
    assert "does not tell which token" in plan(found, RotationPolicy(orphans="revoke")).problem


def test_due_and_no_slot():
    problem = plan(facts(token("1", expires=DAY), token("9")), replace(WEEK, orphans="ignore")).problem
    assert "2 tokens already, and the platform allows 2: 1, created 2026-12-02T12:00:00Z; 9, created 2026-12-02T12:00:00Z." in problem


def test_no_limit_has_always_a_slot():
    assert plan(facts(token("1", expires=DAY), token("9"), limit=None), replace(WEEK, orphans="ignore")).rotate


def test_what_is_not_listed_frees_no_slot():
    state = settled(previous={"id": "0", "delete_at": None})
    listed = plan(facts(token("1"), token("0", live=False), state=state), RotationPolicy(force=True))
    assert (listed.rotate, listed.retire) == (True, "0")
    other = facts(token("1"), token("9", live=False), state=state)
    assert "has 2 tokens already" in plan(other, RotationPolicy(force=True)).problem


# -- the old credential


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("previous", "due", "retire", "disable", "kept"),
    [
        ({}, False, "", "", True),
        ({}, True, "0", "", False),
        ({"delete_at": at(HOUR)}, False, "", "", True),
        ({"delete_at": at(HOUR)}, True, "0", "", False),
        ({"delete_at": at(NO_TIME)}, False, "0", "", False),
        ({"disable": True}, False, "", "0", True),
        ({"disable": True}, True, "0", "", False),
    ],
)
def test_the_previous_credential(previous, due, retire, disable, kept, listed):
    """One that is not listed stays noted all the same: a list may be stale, or cut off."""
    there = [token("0", live=False)] if listed else []
    state = settled(previous={"id": "0", "delete_at": None, **previous})
    decided = plan(facts(token("1"), *there, state=state), RotationPolicy(force=due, retire_after=DAY))
    assert (decided.problem, decided.retire, decided.disable) == ("", retire, disable)
    written = decided.intent if due else decided.settled
    assert ("previous" in written) is kept
    assert "disable" not in written.get("previous", {})


def test_what_goes_at_once_waits_for_no_clock():
    state = settled(previous={"id": "0", "delete_at": at(HOUR)})
    assert plan(facts(token("1"), token("0"), state=state), RotationPolicy()).retire == "0"


@pytest.mark.parametrize("previous", [{"disable": True}, {"delete_at": at(-HOUR)}, {"delete_at": at(HOUR)}])
def test_a_previous_credential_that_a_direct_question_did_not_find_is_forgotten(previous):
    state = settled(previous={"id": "0", "delete_at": None, **previous})
    decided = plan(facts(token("1"), state=state, gone=frozenset({"0"})))
    assert (decided.disable, decided.retire, decided.settle, decided.settled) == ("", "", True, settled())


def test_the_previous_credential_is_kept_when_it_is_the_stored_one_again():
    """Someone put the old value back by hand and left the state alone."""
    state = settled(previous={"id": "0", "delete_at": at(-HOUR), "disable": True})
    decided = plan(facts(token("0"), value_id="0", state=state))
    assert (decided.disable, decided.retire, decided.revoke, decided.current["id"]) == ("", "", (), "0")


@pytest.mark.parametrize(
    ("previous", "overdue"),
    [
        (None, False),
        ({"id": "0", "delete_at": None}, False),
        ({"id": "0", "delete_at": at(SECOND)}, False),
        ({"id": "0", "delete_at": at(NO_TIME)}, True),
        ({"id": "0", "delete_at": None, "disable": True}, True),
        ({"id": "0", "delete_at": at(DAY), "disable": True}, True),
    ],
)
def test_whether_the_previous_credential_is_overdue(previous, overdue):
    assert is_overdue(settled(previous=previous), NOW) is overdue


# -- times at the ends of what there is: a zero time of a platform, or of a state that was edited

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
UNLIMITED = token("9", expires=None, age=HOUR)


@pytest.mark.parametrize(
    ("found", "policy"),
    [
        (facts(token("1") | {"expires_at": LAST}), WEEK),
        (facts(token("1"), UNLIMITED, state=minting(since=LAST)), RotationPolicy(orphans="ignore", force=True)),
        (facts(token("1") | {"expires_at": FIRST}), WEEK),
        (facts(token("1") | {"created_at": LAST}), RotationPolicy(max_age=DAY)),
        (facts(token("1"), token("9") | {"created_at": LAST}), RotationPolicy(orphans="revoke", shared=True)),
        (facts(token("1"), UNLIMITED, state=minting(since=FIRST)), WEEK),
    ],
)
def test_times_at_the_ends(found, policy):
    if found.state:
        assert checked(found.state) == found.state
    plan(found, policy)


def test_a_lifetime_that_nothing_lives():
    with pytest.raises(VarsFileError):
        checked(minting(expires_at=at(DAY), about=True, marked=True, lifetime=10**15))


# -- the settled state


@pytest.mark.parametrize(
    ("policy", "retired", "previous"),
    [
        (RotationPolicy(), True, None),
        (RotationPolicy(), False, {"id": "1", "delete_at": at(NO_TIME)}),
        (RotationPolicy(retire_after=DAY), True, {"id": "1", "delete_at": at(DAY)}),
        (RotationPolicy(retire_after=DAY), False, {"id": "1", "delete_at": at(DAY)}),
        (RotationPolicy(retire="disable"), True, {"id": "1", "delete_at": None}),
        (RotationPolicy(retire="disable"), False, {"id": "1", "delete_at": None, "disable": True}),
        (RotationPolicy(retire="disable", retire_after=DAY), True, {"id": "1", "delete_at": at(DAY)}),
        (RotationPolicy(retire="disable", retire_after=DAY), False, {"id": "1", "delete_at": at(DAY), "disable": True}),
    ],
)
def test_settled_after(policy, retired, previous):
    state = settled_after({"id": "2"}, "1", policy, NOW, retired=retired)
    assert state == {"stage": "current", "current": {"id": "2"}} | ({"previous": previous} if previous else {})
    assert checked(state) == state


@pytest.mark.parametrize("retire", ["delete", "disable"])
def test_settled_after_the_first_rotation(retire):
    assert settled_after({"id": "2"}, "", RotationPolicy(retire=retire), NOW, retired=False) == {"stage": "current", "current": {"id": "2"}}


@pytest.mark.parametrize("policy", [WEEK, replace(WEEK, force=True)])
@pytest.mark.parametrize(("since", "stays"), [(-MINUTE, True), (-HOUR, False)])
def test_a_late_write_is_kept_for_an_hour_whatever_is_done(policy, since, stays):
    late = {"awx_credential": at(since)}
    decided = plan(facts(token("1"), state=settled(late_writes=late)), policy)
    for written in (decided.settled, decided.intent) if policy.force else (decided.settled,):
        assert written.get("late_writes", {}) == (late if stays else {})
    assert decided.settle is not (stays or policy.force)
    assert settled_after({"id": "2"}, "1", policy, NOW, retired=True, late=late)["late_writes"] == late


def test_open_intents_outlive_a_rotation():
    intent = {"since": at(-MINUTE), "expires_at": at(90 * DAY), "known": ["1"], "run": "r"}
    state = settled_after({"id": "2"}, "1", RotationPolicy(), NOW, retired=True, unconfirmed=[intent])
    assert state == {"stage": "current", "current": {"id": "2"}, "unconfirmed": [intent]}


# -- whatever was found

IDS = st.sampled_from(["1", "2", "3", "4"])
OFFSETS = st.sampled_from([-40 * DAY, -HOUR, -MINUTE, NO_TIME, MINUTE, HOUR, 3 * DAY, 90 * DAY])
TIMES = st.one_of(st.none(), OFFSETS.map(at))
TOKENS = st.lists(
    st.fixed_dictionaries({"token_id": IDS, "created_at": TIMES, "expires_at": TIMES, "live": st.booleans()}),
    max_size=4,
    unique_by=lambda one: one["token_id"],
)
PENDING = st.fixed_dictionaries(
    {"since": OFFSETS.map(at), "expires_at": TIMES, "known": st.lists(IDS), "run": st.just("r")},
    optional={"id": IDS, "about": st.just(True), "marked": st.booleans(), "lifetime": st.sampled_from([3600, 90 * 86400])},
)
STATES = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"stage": st.sampled_from(["current", "minting", "stored", "undoing"])},
        optional={
            "current": st.fixed_dictionaries({"id": IDS, "minted_at": TIMES, "expires_at": TIMES}),
            "previous": st.fixed_dictionaries({"id": IDS, "delete_at": TIMES}, optional={"disable": st.just(True)}),
            "pending": PENDING,
            "unconfirmed": st.lists(PENDING, min_size=1, max_size=2),
        },
    ),
)
POLICIES = st.builds(
    RotationPolicy,
    force=st.booleans(),
    when_remaining=st.sampled_from([NO_TIME, 7 * DAY]),
    max_age=st.sampled_from([None, 30 * DAY]),
    expires_in=st.sampled_from([None, 90 * DAY]),
    exact_expiry=st.booleans(),
    orphans=st.sampled_from(["fail", "revoke", "ignore"]),
    retire=st.sampled_from(["delete", "disable"]),
    retire_after=st.sampled_from([None, DAY]),
    shared=st.booleans(),
)


def is_ours(state: dict[str, Any]) -> bool:
    try:
        return checked(state) == state
    except VarsFileError:
        return False


@st.composite
def findings(draw: st.DrawFn) -> Facts:
    """What can be found with a state that this version wrote, whatever happened to the credentials since."""
    state, tokens = draw(STATES), draw(TOKENS)
    if state.get("stage") == "current":
        state.pop("pending", None)
    named = [state[part]["id"] for part in ("current", "previous", "pending") if "id" in state.get(part, {})]
    assume(len(set(named)) == len(named))
    assume(is_ours(state))
    works = draw(st.booleans())
    live = [one["token_id"] for one in tokens if one["live"]]
    value_id = draw(st.sampled_from(live)) if works and live and draw(st.booleans()) else None
    return Facts(
        state=state,
        has_value=works or draw(st.booleans()),
        works=works,
        value_id=value_id,
        credentials=tokens,
        complete=draw(st.booleans()),
        gone=frozenset(draw(st.sets(IDS))) - {one["token_id"] for one in tokens},
        limit=draw(st.sampled_from([None, 2, 4])),
        run_is_gone=draw(st.sampled_from([True, False, None])),
    )


@settings(max_examples=300, deadline=None, report_multiple_bugs=False)
@given(findings(), POLICIES)
def test_whatever_was_found(found, policy):
    decided = plan(found, policy, "this run")
    left = recognise(found.state, found.credentials, NOW)
    ids = {one["token_id"] for one in found.credentials}
    if decided.problem:
        assert decided == RotationPlan(problem=decided.problem)
        return
    assert (decided.undo, decided.finish, decided.rotate).count(True) <= 1
    assert not decided.rescue
    gone = {*decided.revoke, decided.retire} - {""}
    if found.value_id and not decided.finish:
        assert found.value_id not in {*gone, decided.disable}, "what works would be revoked"
    if decided.finish:
        assert not decided.revoke
        assert found.value_id != decided.retire
    if decided.rotate:
        assert found.limit is None or len(ids - gone) < found.limit, "there is no slot for a new one"
        assert not set(decided.intent["pending"]["known"]) & gone
    if policy.orphans != "revoke":
        assert set(decided.revoke) <= set(left.proved), "a credential that is not the rotation's would be revoked"
    if not (decided.undo or decided.finish):
        assert len(gone) == len(decided.revoke) + bool(decided.retire)
        assert all(one in decided.settled.get("unconfirmed", []) for one in left.open)
        assert bool(decided.next_due) != bool(decided.never_due)
    for state in (decided.intent, decided.settled):
        assert checked(state) == state
    if not decided.rotate and not decided.undo and not decided.finish and not policy.force and found.works:
        # Done as planned, the next run finds nothing to do.
        there = [one for one in found.credentials if one["token_id"] not in gone]
        state = decided.settled if decided.settle else found.state
        again = plan(replace(found, state=state, credentials=there, gone=found.gone | gone, run_is_gone=True), policy)
        assert not again.problem
        assert (again.revoke, again.retire, again.disable, again.rotate, again.settle) == ((), "", "", False, False), again


# -- two accounts that take turns

TURNS = RotationPolicy(force=True, alternates=True)


def account(account_id: str) -> dict[str, Any]:
    return token(account_id, expires=None, age=None, live=False)


def turns(**given: Any) -> Facts:
    return facts(account("1"), account("2"), limit=None, **given)


def test_the_account_that_is_not_stored_is_no_orphan_and_the_old_one_is_not_retired():
    decided = plan(turns(), TURNS)
    assert (decided.problem, decided.rotate, decided.current["id"], decided.clears) == ("", True, "1", False)
    assert planning_beside.settled_after({"id": "2"}, "1", TURNS, NOW, retired=False) == {"stage": "current", "current": {"id": "2"}}


@pytest.mark.parametrize(
    ("given", "policy", "words"),
    [
        (
            {"has_value": False, "works": False, "value_id": None, "var": "secret"},
            RotationPolicy(alternates=True),
            "The vars file holds no secret in",
        ),
        ({"value_id": "3", "works": False}, TURNS, "The vars file holds the client id 3, and rotate_accounts are 1 and 2."),
    ],
)
def test_where_it_is_not_known_whose_turn_it_is(given, policy, words):
    decided = plan(turns(**given), policy)
    assert decided.problem.startswith(words)
    assert not decided.changes


def test_a_request_without_an_answer_is_waited_for_as_long_as_the_stored_secret_works():
    asked = {**minting(), "pending": {"since": at(-MINUTE), "known": ["1", "2"], "run": "r"}}
    decided = plan(turns(state=asked), TURNS)
    assert (decided.rotate, decided.problem, decided.reason) == (False, "", "")
    assert "and that request may be served until" in decided.warnings[0]
    assert decided.settled["unconfirmed"]
    assert plan(turns(state=asked, works=False), TURNS).rotate
    assert plan(turns(state={**asked, "pending": {**asked["pending"], "since": at(-2 * HOUR)}}), TURNS).rotate


# -- what version 1.0.0 left

NEW = {"token_id": "2", "created_at": "2027-01-01T11:00:01Z", "expires_at": "2027-03-02T11:00:00Z", "live": True}
ENDLESS = {**NEW, "expires_at": None}
NEW_ACCOUNT = {**ENDLESS, "name": "svc-5f0c"}


@pytest.mark.parametrize(
    ("state", "left", "given", "expected"),
    [
        ("current", None, {}, {}),
        ("current, retired later", token("0"), {}, {"disable": "0"}),
        ("minting", None, {}, {"settle": True}),
        ("minting", NEW, {}, {"revoke": ("2",), "settle": True}),
        ("minting, account", NEW_ACCOUNT, {}, {"revoke": ("2",), "settle": True}),
        ("stored", NEW, {"value_id": "2"}, {"finish": True, "retire": "1"}),
        ("stored", NEW, {"works": False, "value_id": None}, {"undo": True}),
        ("undoing", NEW, {}, {"undo": True}),
    ],
)
def test_a_state_of_version_1_0_0_is_planned_from(state, left, given, expected):
    policy = replace(WEEK, retire="disable", retire_after=7 * DAY)
    decided = plan(facts(token("1"), *([left] if left else []), state=BESIDE_1_0_0[state], **{"limit": None, **given}), policy)
    assert decided.problem == ""
    assert {key: getattr(decided, key) for key in expected} == expected
    assert {key for key in ("revoke", "undo", "finish", "retire", "disable", "rotate") if getattr(decided, key)} <= expected.keys()


@pytest.mark.parametrize(("state", "left"), [("minting, first", ENDLESS), ("minting, about", NEW)])
def test_what_version_1_0_0_did_not_mark_is_never_revoked_by_a_guess(state, left):
    found = facts(token("1"), left, state=BESIDE_1_0_0[state], limit=None)
    assert "2" not in plan(found).revoke
    assert plan(found).problem
