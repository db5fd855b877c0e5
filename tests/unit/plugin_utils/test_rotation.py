# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation decides: every branch by table, and what must hold whatever was found. No file, no server."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning as rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Found, Policy, check_state, leftovers, plan, settled_state

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WEEK = Policy(when_remaining=7 * DAY)


def at(offset: timedelta | None) -> str | None:
    return None if offset is None else format_instant(NOW + offset)


def token(token_id: str, *, expires: timedelta | None = 60 * DAY, age: timedelta | None = 30 * DAY, live: bool = True) -> dict[str, Any]:
    return {"token_id": token_id, "expires_at": at(expires), "created_at": at(-age) if age is not None else None, "live": live}


def found(*tokens: dict[str, Any], state: dict[str, Any] | None = None, **facts: Any) -> Found:
    given_facts = {"has_value": True, "works": True, "value_id": "1", "limit": 2} | facts
    return Found(state=state or {}, tokens=tokens, **given_facts)


def minting(**pending: Any) -> dict[str, Any]:
    return {
        "stage": "minting",
        "current": {"id": "1"},
        "pending": {"since": at(-HOUR), "expires_at": None, "known": ["1"], "run": "r", **pending},
    }


# -- when it is due


@pytest.mark.parametrize(
    ("facts", "policy", "reason"),
    [
        (found(token("1")), WEEK, ""),
        (found(token("1", expires=7 * DAY)), WEEK, "it expires in 7 d"),
        (found(token("1", expires=7 * DAY + timedelta(seconds=1))), WEEK, ""),
        (found(token("1", expires=None)), WEEK, ""),
        (found(token("1", expires=None, age=31 * DAY)), Policy(max_age=30 * DAY), "it is 31 d old"),
        (found(token("1", expires=None, age=29 * DAY)), Policy(max_age=30 * DAY), ""),
        (found(token("1", expires=None, age=None)), Policy(max_age=30 * DAY), ""),
        (found(token("1")), Policy(force=True), "it was asked for"),
        (found(has_value=False, works=False, value_id=None), WEEK, "no credential is stored yet"),
        (found(works=False, value_id=None), WEEK, "the platform refuses the stored credential"),
    ],
)
def test_due(facts, policy, reason):
    decided = plan(facts, policy, NOW)
    assert (decided.problem, decided.reason, decided.rotate) == ("", reason, bool(reason))


@pytest.mark.parametrize(
    ("expires", "age", "policy", "due"),
    [
        (60 * DAY, 30 * DAY, WEEK, 53 * DAY),
        (60 * DAY, 30 * DAY, Policy(when_remaining=7 * DAY, max_age=40 * DAY), 10 * DAY),
        (None, 30 * DAY, WEEK, None),
        (None, 30 * DAY, Policy(max_age=40 * DAY), 10 * DAY),
    ],
)
def test_next_due(expires, age, policy, due):
    assert plan(found(token("1", expires=expires, age=age)), policy, NOW).next_due == at(due)


def test_what_is_noted_before_anything_is_made():
    decided = plan(found(token("1", expires=DAY)), Policy(when_remaining=7 * DAY, expires_in=90 * DAY), NOW, "this run")
    assert decided.expires_at == at(90 * DAY)
    assert decided.state == {
        "stage": "minting",
        "current": {"id": "1", "minted_at": at(-30 * DAY), "expires_at": at(DAY)},
        "pending": {"since": at(timedelta(0)), "expires_at": at(90 * DAY), "known": ["1"], "run": "this run"},
    }
    check_state(decided.state)


# -- whose credential it is, and which


def test_a_credential_of_another_account_is_a_problem():
    assert "of jane (id 1003), not of the account to rotate" in plan(found(token("1"), stranger="jane (id 1003)"), WEEK, NOW).problem


def test_without_an_id_the_noted_one_counts():
    decided = plan(found(token("1"), token("2", live=False), value_id=None, state={"stage": "current", "current": {"id": "1"}}), WEEK, NOW)
    assert (decided.problem, decided.current["id"]) == ("", "1")


def test_without_an_id_the_only_one_counts():
    assert plan(found(token("1"), value_id=None), WEEK, NOW).current["id"] == "1"


def test_without_an_id_and_with_several_nothing_is_guessed():
    problem = plan(found(token("1"), token("2"), value_id=None), WEEK, NOW).problem
    assert "does not tell its id" in problem
    assert "1, 2" in problem


# -- another run


@pytest.mark.parametrize(
    ("gone", "since", "words"),
    [
        (True, -MINUTE, ""),
        (False, -2 * DAY, "Wait for it to end."),
        (None, -14 * MINUTE, "a run may take over from"),
        (None, -15 * MINUTE, ""),
    ],
)
def test_another_run(gone, since, words):
    problem = plan(found(token("1"), state=minting(since=at(since)), run_is_gone=gone), WEEK, NOW).problem
    assert (words in problem) if words else not problem


def test_a_settled_state_waits_for_nobody():
    assert plan(found(token("1"), state={"stage": "current", "current": {"id": "1"}}, run_is_gone=None), WEEK, NOW).problem == ""


# -- what an earlier run left


def stored(stage: str = "stored") -> dict[str, Any]:
    return minting(id="2") | {"stage": stage}


def test_stored_and_working_is_finished():
    decided = plan(found(token("1"), token("2"), value_id="2", state=stored()), WEEK, NOW)
    assert (decided.finish, decided.undo, decided.rotate, decided.retire, decided.current["id"]) == (True, False, False, "1", "2")


def test_stored_and_working_is_finished_though_the_list_does_not_have_it():
    decided = plan(found(token("1"), value_id="2", state=stored()), WEEK, NOW)
    assert decided.current == {"id": "2", "expires_at": None}


def test_stored_and_refused_is_undone():
    assert plan(found(token("1"), works=False, value_id=None, state=stored()), WEEK, NOW).undo


@pytest.mark.parametrize("works", [True, False])
def test_undoing_goes_on(works):
    assert plan(found(token("1"), works=works, state=stored("undoing")), WEEK, NOW).undo


def test_what_a_killed_run_made_is_revoked_even_when_nothing_is_due():
    decided = plan(found(token("1"), token("9", expires=None, age=HOUR), state=minting()), WEEK, NOW)
    assert (decided.revoke, decided.rotate, decided.settle, decided.state["stage"]) == (("9",), False, True, "current")


SINCE = -HOUR
EXPIRY = 90 * DAY


@pytest.mark.parametrize(
    ("pending", "other", "recognised"),
    [
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY), True),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY - timedelta(seconds=1)), True),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY + timedelta(seconds=1.5)), False),
        ({"expires_at": at(EXPIRY)}, token("9", expires=None), False),
        ({"expires_at": at(EXPIRY), "known": ["9"]}, token("9", expires=EXPIRY), False),
        ({}, token("9", expires=None, age=HOUR), True),
        ({}, token("9", expires=None, age=None), True),
        ({}, token("9", expires=None, age=HOUR + 5 * MINUTE), True),
        ({}, token("9", expires=None, age=HOUR + 6 * MINUTE), False),
        ({}, token("9", expires=None, age=HOUR - 15 * MINUTE), True),
        ({}, token("9", expires=None, age=HOUR - 16 * MINUTE), False),
        ({}, token("9", expires=DAY, age=HOUR), False),
        ({"id": "9"}, token("9"), True),
        ({"id": "8"}, token("9", expires=None, age=HOUR), False),
    ],
)
def test_leftovers(pending, other, recognised):
    assert leftovers(minting(**pending), [token("1"), other]) == (["9"] if recognised else [])


# A platform that cuts the expiry to minutes: recognised by about when it expires and was made, where only one fits.
ABOUT = {"expires_at": at(EXPIRY), "about": True}


@pytest.mark.parametrize(
    ("others", "recognised"),
    [
        ([token("9", expires=EXPIRY, age=HOUR)], ["9"]),
        ([token("9", expires=EXPIRY - 15 * MINUTE, age=HOUR)], ["9"]),
        ([token("9", expires=EXPIRY - 16 * MINUTE, age=HOUR)], []),
        ([token("9", expires=EXPIRY, age=HOUR - 16 * MINUTE)], []),
        ([token("9", expires=EXPIRY, age=HOUR + 6 * MINUTE)], []),
        ([token("9", expires=EXPIRY, age=None)], ["9"]),
        ([token("9", expires=None, age=HOUR)], ["9"]),
        ([token("9", expires=None, age=2 * HOUR)], []),
        ([token("9", expires=EXPIRY, age=HOUR), token("8", expires=EXPIRY, age=HOUR)], []),
        ([token("9", expires=EXPIRY, age=HOUR), token("8", expires=DAY, age=HOUR)], ["9"]),
    ],
)
def test_leftovers_about(others, recognised):
    assert leftovers(minting(**ABOUT), [token("1"), *others]) == recognised


def test_that_an_expiry_is_not_exact_is_noted():
    policy = Policy(force=True, expires_in=90 * DAY, exact_expiry=False)
    decided = plan(found(token("1"), limit=None), policy, NOW)
    assert decided.state["pending"]["about"] is True
    check_state(decided.state)
    assert "about" not in plan(found(token("1"), limit=None), replace(policy, exact_expiry=True), NOW).state["pending"]


@pytest.mark.parametrize(
    ("policy", "words"), [(Policy(), "The account has 1 live token"), (Policy(new_name="x"), "The rotation has 1 live account")]
)
def test_what_credentials_are_called(policy, words):
    assert plan(found(token("1"), token("9")), policy, NOW).problem.startswith(words)


@pytest.mark.parametrize("state", [{}, {"stage": "current", "current": {"id": "1"}}])
def test_no_leftovers_without_an_unfinished_rotation(state):
    assert leftovers(state, [token("1"), token("9")]) == []


# -- orphans and slots


@pytest.mark.parametrize(
    ("orphans", "problem", "revoke", "warned"),
    [("fail", True, (), False), ("revoke", False, ("9",), False), ("ignore", False, (), True)],
)
def test_orphans(orphans, problem, revoke, warned):
    decided = plan(found(token("1"), token("9")), Policy(orphans=orphans), NOW)
    assert (bool(decided.problem), decided.revoke, bool(decided.warnings)) == (problem, revoke, warned)


def test_a_dead_token_is_no_orphan():
    assert plan(found(token("1"), token("9", live=False)), WEEK, NOW) == plan(found(token("1")), WEEK, NOW)


@pytest.mark.parametrize(
    ("age", "shared", "revoked"), [(MINUTE, True, False), (16 * MINUTE, True, True), (MINUTE, False, True), (None, True, True)]
)
def test_an_orphan_that_another_machine_may_be_about_to_publish(age: timedelta | None, shared: bool, revoked: bool) -> None:
    decided = plan(found(token("1"), token("9", age=age)), Policy(orphans="revoke", shared=shared), NOW)
    assert decided.revoke == (("9",) if revoked else ())
    assert revoked or "or until 2027-01-01T12:14:00Z." in decided.problem


def test_a_dead_token_goes_with_the_orphans_when_its_place_is_needed():
    dead = token("2", expires=-DAY, live=False)
    assert plan(found(token("1"), dead), Policy(orphans="revoke"), NOW).revoke == ()
    assert plan(found(token("1"), dead), Policy(orphans="revoke", force=True), NOW).revoke == ("2",)
    assert "has 2 tokens already" in plan(found(token("1"), dead), Policy(force=True), NOW).problem


def test_no_orphan_is_revoked_by_the_state_alone():
    noted = {"stage": "current", "current": {"id": "1"}}
    facts = found(token("1"), token("2"), state=noted, value_id=None)
    assert "does not tell which token" in plan(facts, Policy(orphans="revoke"), NOW).problem


def test_due_and_no_place():
    problem = plan(found(token("1", expires=DAY), token("9")), Policy(when_remaining=7 * DAY, orphans="ignore"), NOW).problem
    assert "2 tokens already, and the platform allows 2: 1, made 2026-12-02T12:00:00Z; 9, made 2026-12-02T12:00:00Z." in problem


def test_no_limit_has_always_a_place():
    assert plan(found(token("1", expires=DAY), token("9"), limit=None), Policy(when_remaining=7 * DAY, orphans="ignore"), NOW).rotate


def with_previous(**previous: Any) -> dict[str, Any]:
    return {"stage": "current", "current": {"id": "1"}, "previous": {"id": "0", "delete_at": None, **previous}}


@pytest.mark.parametrize(
    ("previous", "due", "retire", "disable", "kept"),
    [
        ({}, False, "", "", True),
        ({}, True, "0", "", False),
        ({"delete_at": at(HOUR)}, False, "", "", True),
        ({"delete_at": at(HOUR)}, True, "0", "", False),
        ({"delete_at": at(timedelta(0))}, False, "0", "", False),
        ({"disable": True}, False, "", "0", True),
        ({"disable": True}, True, "0", "", False),
    ],
)
def test_the_previous_credential(previous, due, retire, disable, kept):
    decided = plan(found(token("1"), token("0", live=False), state=with_previous(**previous)), Policy(force=due), NOW)
    assert (decided.problem, decided.retire, decided.disable) == ("", retire, disable)
    assert ("previous" in decided.state) is kept
    assert "disable" not in decided.state.get("previous", {})


def test_a_previous_credential_that_is_gone_is_forgotten():
    decided = plan(found(token("1"), state=with_previous(disable=True)), WEEK, NOW)
    assert (decided.disable, decided.retire, decided.settle, "previous" in decided.state) == ("", "", True, False)


def test_the_previous_credential_is_kept_when_it_is_the_stored_one_again():
    """Somebody put the old value back by hand and left the state alone."""
    decided = plan(found(token("0"), value_id="0", state=with_previous(delete_at=at(-HOUR), disable=True)), WEEK, NOW)
    assert (decided.disable, decided.retire, decided.revoke, decided.current["id"]) == ("", "", (), "0")


# -- the settled state


@pytest.mark.parametrize(
    ("policy", "retired", "previous"),
    [
        (Policy(), True, None),
        (Policy(), False, {"id": "1", "delete_at": at(timedelta(0))}),
        (Policy(retire_after=DAY), True, {"id": "1", "delete_at": at(DAY)}),
        (Policy(retire_after=DAY), False, {"id": "1", "delete_at": at(DAY)}),
        (Policy(retire="disable"), True, {"id": "1", "delete_at": None}),
        (Policy(retire="disable"), False, {"id": "1", "delete_at": None, "disable": True}),
        (Policy(retire="disable", retire_after=DAY), True, {"id": "1", "delete_at": at(DAY)}),
        (Policy(retire="disable", retire_after=DAY), False, {"id": "1", "delete_at": at(DAY), "disable": True}),
    ],
)
def test_settled_state(policy, retired, previous):
    state = settled_state({"id": "2"}, "1", policy, NOW, retired=retired)
    assert state == {"stage": "current", "current": {"id": "2"}} | ({"previous": previous} if previous else {})
    check_state(state)


@pytest.mark.parametrize("retire", ["delete", "disable"])
def test_settled_state_after_the_first_rotation(retire):
    assert settled_state({"id": "2"}, None, Policy(retire=retire), NOW, retired=False) == {"stage": "current", "current": {"id": "2"}}


# -- a state that somebody touched


@pytest.mark.parametrize("state", [{}, {"stage": "current"}, {"current": {"id": "1"}}, minting(), stored(), stored("undoing")])
def test_states_of_ours(state):
    check_state(state)


@pytest.mark.parametrize(
    "state",
    [
        {"stage": "done"},
        {"stage": "minting"},
        {"stage": "minting", "pending": {"id": "2"}},
        {"stage": "stored", "pending": {"since": at(-HOUR)}},
        {"stage": "undoing", "pending": {"since": at(-HOUR), "id": ""}},
        {"current": "1"},
        {"previous": ["1"]},
        {"stage": "minting", "pending": "soon"},
        {"stage": "minting", "pending": {"since": "yesterday"}},
        {"current": {"id": "1", "expires_at": "soon"}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "known": None}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "known": [{}]}},
        {"stage": "stored", "pending": {"since": at(-HOUR), "id": [1]}},
    ],
)
def test_states_of_somebody_else(state):
    with pytest.raises(VarsFileError, match="is not one that this version"):
        check_state(state)


# -- whatever was found

IDS = st.sampled_from(["1", "2", "3", "4"])
OFFSETS = st.sampled_from([-40 * DAY, -HOUR, -MINUTE, timedelta(0), MINUTE, HOUR, 3 * DAY, 90 * DAY])
TIMES = st.one_of(st.none(), OFFSETS.map(at))
TOKENS = st.lists(
    st.fixed_dictionaries({"token_id": IDS, "created_at": TIMES, "expires_at": TIMES, "live": st.booleans()}),
    max_size=4,
    unique_by=lambda one: one["token_id"],
)
PENDING = st.fixed_dictionaries(
    {"since": OFFSETS.map(at), "expires_at": TIMES, "known": st.lists(IDS), "run": st.just("r")}, optional={"id": IDS}
)
STATES = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"stage": st.sampled_from(["current", "minting", "stored", "undoing"])},
        optional={
            "current": st.fixed_dictionaries({"id": IDS, "minted_at": TIMES, "expires_at": TIMES}),
            "previous": st.fixed_dictionaries({"id": IDS, "delete_at": TIMES}, optional={"disable": st.just(True)}),
            "pending": PENDING,
        },
    ),
)
POLICIES = st.builds(
    Policy,
    force=st.booleans(),
    when_remaining=st.sampled_from([timedelta(0), 7 * DAY]),
    max_age=st.sampled_from([None, 30 * DAY]),
    expires_in=st.sampled_from([None, 90 * DAY]),
    orphans=st.sampled_from(["fail", "revoke", "ignore"]),
    retire=st.sampled_from(["delete", "disable"]),
    retire_after=st.sampled_from([None, DAY]),
)


@st.composite
def findings(draw: st.DrawFn) -> Found:
    """What can be found with a state that this version wrote, whatever happened to the tokens since."""
    state, tokens = draw(STATES), draw(TOKENS)
    if state.get("stage") == "current":
        state.pop("pending", None)
    named = [state[part]["id"] for part in ("current", "previous", "pending") if "id" in state.get(part, {})]
    assume(len(set(named)) == len(named))
    try:
        check_state(state)
    except VarsFileError:
        assume(False)
    works = draw(st.booleans())
    live = [one["token_id"] for one in tokens if one["live"]]
    value_id = draw(st.sampled_from(live)) if works and live and draw(st.booleans()) else None
    return Found(
        state=state,
        has_value=works or draw(st.booleans()),
        works=works,
        value_id=value_id,
        tokens=tokens,
        limit=draw(st.sampled_from([None, 2, 4])),
        run_is_gone=draw(st.sampled_from([True, False, None])),
    )


@settings(max_examples=300, deadline=None, report_multiple_bugs=False)
@given(findings(), POLICIES)
def test_whatever_was_found(facts, policy):
    decided = plan(facts, policy, NOW, "this run")
    lost = leftovers(facts.state, facts.tokens)
    ids = {one["token_id"] for one in facts.tokens}
    if facts.state.get("stage") == "minting" and "id" not in facts.state["pending"]:
        assert not set(lost) & set(facts.state["pending"]["known"])
    if decided.problem:
        assert decided == rotation.Plan(problem=decided.problem)
        return
    assert (decided.undo, decided.finish, decided.rotate).count(True) <= 1
    gone = {*decided.revoke, decided.retire} - {""}
    if facts.value_id and not decided.finish:
        assert facts.value_id not in {*gone, decided.disable}, "what works would be revoked"
    if decided.finish:
        assert not decided.revoke
    if decided.rotate:
        assert facts.limit is None or len(ids - gone) < facts.limit, "there is no place for a new one"
        assert not set(decided.state["pending"]["known"]) & gone
    if policy.orphans != "revoke":
        assert set(decided.revoke) <= set(lost), "an unknown token would be revoked"
    if not (decided.undo or decided.finish):
        assert len(gone) == len(decided.revoke) + bool(decided.retire)
    if decided.state:
        check_state(decided.state)
    if not decided.rotate and not decided.undo and not decided.finish and not policy.force and facts.works:
        # Done as planned, the next run finds nothing to do.
        left = [one for one in facts.tokens if one["token_id"] not in gone]
        state = decided.state if decided.settle else facts.state
        again = plan(Found(state, True, True, facts.value_id, left, facts.limit), policy, NOW)
        assert not again.problem
        assert (again.revoke, again.retire, again.disable, again.rotate, again.settle) == ((), "", "", False, False), again
