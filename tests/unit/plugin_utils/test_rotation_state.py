# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a rotation as a store keeps it: what is taken for one, how one stage follows from another, who has to wait."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from tests.unit.plugin_utils.rotation_facts import (
    BESIDE_1_0_0,
    DAY,
    HOUR,
    IN_PLACE_1_0_0,
    MINUTE,
    NO_TIME,
    NOW,
    SECOND,
    at,
    minting,
    settled,
    stored,
)

INTENT = {"since": at(-HOUR), "expires_at": None, "known": ["1"], "run": "r"}

# -- what is taken for a state


@pytest.mark.parametrize(
    "state",
    [
        {"stage": "current"},
        {"current": {"id": "1"}},
        {"current": None, "previous": None},
        minting(),
        minting(about=True, lifetime=60, marked=True),
        stored(),
        stored("undoing"),
        settled(unconfirmed=[INTENT]),
        settled(unconfirmed=None),
        settled(previous={"id": "0", "delete_at": None, "disable": True}),
        settled(late_writes={"awx_credential": at(-HOUR)}),
        stored() | {"late_writes": {}},
    ],
)
def test_states_of_ours(state):
    assert states.checked(state) == state


@pytest.mark.parametrize(
    "state",
    [
        "current",
        ["current"],
        {"stage": "done"},
        {"stage": ["current"]},
        {"stage": "minting"},
        {"stage": "minting", "pending": {"id": "2"}},
        {"stage": "stored", "pending": {"since": at(-HOUR)}},
        {"stage": "undoing", "pending": {"since": at(-HOUR), "id": ""}},
        {"current": "1"},
        {"previous": ["1"]},
        {"stage": "minting", "pending": "soon"},
        {"stage": "minting", "pending": {"since": "yesterday"}},
        {"current": {"id": "1", "expires_at": "soon"}},
        {"current": {"id": 1}},
        {"previous": {"id": "1", "delete_at": "2027-01-01"}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "known": None}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "known": [{}]}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "name": ["svc"]}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "run": 7}},
        {"stage": "minting", "pending": {"since": at(-HOUR), "lifetime": "1h"}},
        {"stage": "stored", "pending": {"since": at(-HOUR), "id": [1]}},
        {"unconfirmed": "soon"},
        {"unconfirmed": {"since": at(-HOUR)}},
        {"unconfirmed": ["soon"]},
        {"unconfirmed": [{"id": "2"}]},
        {"unconfirmed": [{"since": "soon"}]},
        {"late_writes": ["awx_credential"]},
        {"late_writes": {"awx_credential": "soon"}},
        {"late_writes": {"awx_credential": None}},
    ],
)
def test_states_of_others(state):
    with pytest.raises(
        VarsFileError, match=r"is not one that this version .* or, once you know that the stored credential works, remove it"
    ):
        states.checked(state)


@pytest.mark.parametrize("state", [None, "", {}, []])
def test_no_state(state):
    assert states.checked(state) == {}


def test_a_state_is_told_without_the_old_credential():
    assert states.checked(stored() | {"old_value": "canary"}) == stored()


# -- one stage after another

CURRENT = {"id": "1", "minted_at": at(-DAY), "expires_at": None}


def test_a_rotation_that_goes_well():
    before = states.settled(CURRENT)
    assert before == {"stage": "current", "current": CURRENT}
    intent = states.minting(before, INTENT)
    assert intent == {"stage": "minting", "current": CURRENT, "pending": INTENT}
    with_new = states.stored(intent, "2")
    assert with_new == {"stage": "stored", "current": CURRENT, "pending": {**INTENT, "id": "2"}}
    back = states.undoing(with_new)
    assert back == {**with_new, "stage": "undoing"}
    for state in (before, intent, with_new, back):
        assert states.checked(state) == state
        assert states.stage_of(state) == state["stage"]
    assert intent["pending"] == INTENT, "what a state is made of is left alone"


def test_what_is_kept_beside_the_credential():
    previous = {"id": "0", "delete_at": None}
    assert states.settled(CURRENT, previous, [INTENT]) == {
        "stage": "current",
        "current": CURRENT,
        "previous": previous,
        "unconfirmed": [INTENT],
    }


def test_an_undone_rotation_forgets_its_intent_unless_that_is_still_open():
    state = {**states.undoing(stored()), "previous": {"id": "0"}, "unconfirmed": [INTENT]}
    kept = states.without_pending(state, NOW)
    assert kept == {
        "stage": "current",
        "current": {"id": "1"},
        "previous": {"id": "0"},
        "unconfirmed": [INTENT, {**state["pending"], "unconfirmed_at": at(NO_TIME)}],
    }
    assert states.without_pending(state, None) == {**kept, "unconfirmed": [INTENT]}
    assert states.without_pending({"stage": "minting"}, NOW) == {"stage": "current", "current": {}}
    late = {"awx_credential": at(NO_TIME)}
    assert states.without_pending(states.with_late_writes(state, late), NOW) == {**kept, "late_writes": late}
    assert states.with_late_writes({**kept, "late_writes": {"gone": at(-HOUR)}}, late)["late_writes"] == {"gone": at(-HOUR), **late}
    assert states.with_late_writes(kept, {}) == kept


@pytest.mark.parametrize(("since", "open_"), [(-MINUTE, True), (-HOUR + SECOND, True), (-HOUR, False), (HOUR, False)])
def test_a_write_without_an_answer_may_come_for_an_hour(since, open_):
    late = {"awx_credential": at(since)}
    assert states.late_writes(settled(late_writes=late)) == late
    assert states.late_writes(settled(late_writes=late), NOW) == (late if open_ else {})
    assert states.late_writes({}) == {}


def test_the_parts_of_a_state():
    assert (states.stage_of({}), states.part_of({}, "current"), states.id_of({"previous": None}, "previous")) == ("current", {}, "")
    assert states.id_of(stored(), "pending") == "2"


@pytest.mark.parametrize(
    ("state", "number"),
    [
        ({}, 0),
        (settled(), 0),
        (settled(pending=INTENT), 0),
        (minting(), 1),
        (stored(), 1),
        (stored() | {"unconfirmed": [INTENT, INTENT]}, 3),
    ],
)
def test_intents(state, number):
    assert len(states.intents(state)) == number
    assert states.checked(state) == state


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        (minting(), True),
        (stored(), True),
        (stored("undoing"), True),
        (minting(run="another"), False),
        (minting(since=at(-HOUR + SECOND)), False),
        (settled(pending=INTENT), False),
        ({}, False),
    ],
)
def test_whether_a_state_is_of_this_rotation(state, ours):
    assert states.is_of(state, "r", at(-HOUR)) is ours


# -- who has to wait


@pytest.mark.parametrize("stage", ["minting", "stored", "undoing"])
@pytest.mark.parametrize(
    ("gone", "since", "words"),
    [
        (True, NO_TIME, ""),
        (True, -MINUTE, ""),
        (False, -2 * DAY, "Wait for it to end."),
        (False, 2 * DAY, "Wait for it to end."),
        (None, NO_TIME, "a run may take over from 2027-01-01T12:15:00Z on."),
        (None, -14 * MINUTE, "a run may take over from 2027-01-01T12:01:00Z on."),
        (None, -15 * MINUTE + SECOND, "a run may take over from 2027-01-01T12:00:01Z on."),
        (None, -15 * MINUTE, ""),
        (None, 15 * MINUTE - SECOND, "a run may take over from 2027-01-01T12:29:59Z on."),
        (None, 15 * MINUTE, ""),
        (None, 400 * DAY, ""),
    ],
)
def test_another_run(stage, gone, since, words):
    problem = states.busy(stored(stage, since=at(since)), gone, NOW)
    assert problem.endswith(words) if words else not problem
    assert not problem or problem.startswith(f"Another run (r) has been rotating this credential since {at(since)}.")


@pytest.mark.parametrize("gone", [True, False, None])
def test_a_settled_state_waits_for_no_one(gone):
    assert states.busy(settled(), gone, NOW) == ""
    assert states.busy({}, gone, NOW) == ""


def test_a_run_without_a_name():
    assert "Another run (unknown) has" in states.busy(minting(run=""), False, NOW)


# -- what version 1.0.0 wrote


@pytest.mark.parametrize("state", [*BESIDE_1_0_0.values(), *IN_PLACE_1_0_0.values()])
def test_a_state_of_version_1_0_0_is_read(state):
    assert states.checked({**state, "old_value": "canary"}) == state
    is_under_way = state["stage"] != "current"
    assert len(states.intents(state)) == is_under_way
    assert bool(states.busy(state, False, NOW)) is is_under_way
    assert states.busy(state, None, NOW) == ""  # its lease has ended


def test_all_stages_of_version_1_0_0_are_looked_at():
    assert {one["stage"] for one in BESIDE_1_0_0.values()} == set(states.STAGES)
    assert {one["stage"] for one in IN_PLACE_1_0_0.values()} == {"current", "minting", "stored"}
