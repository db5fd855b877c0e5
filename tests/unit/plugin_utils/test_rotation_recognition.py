# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted rotation created is told from what others created; where there is doubt, it is never taken for the former."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import Recognised, recognise
from tests.unit.plugin_utils.rotation_facts import DAY, HOUR, MINUTE, NO_TIME, NOW, SECOND, at, minting, settled, stored, token

EXPIRY = 90 * DAY
PROVED, POSSIBLE, NEITHER = "proved", "possible", "neither"
LIFETIME = 89 * DAY + 23 * HOUR  # of an API token, from when it was created to when it expires
MARKED = {"expires_at": at(LIFETIME - HOUR), "about": True, "lifetime": int(LIFETIME.total_seconds()), "marked": True}
UNMARKED = {**MARKED, "marked": False}


def outcome(found: Recognised, token_id: str = "9") -> str:
    assert not set(found.proved) & set(found.possible)
    return PROVED if token_id in found.proved else POSSIBLE if token_id in found.possible else NEITHER


@pytest.mark.parametrize(
    ("pending", "other", "what"),
    [
        # the very expiry that was asked for
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY), PROVED),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY, age=None), PROVED),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY, live=False), PROVED),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY - SECOND), PROVED),
        ({"expires_at": at(EXPIRY + 0.5 * SECOND)}, token("9", expires=EXPIRY), PROVED),  # cut to whole seconds
        ({"expires_at": at(EXPIRY + 0.5 * SECOND)}, token("9", expires=EXPIRY + 0.4999 * SECOND), PROVED),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY + 0.3 * SECOND), NEITHER),  # of the same lifetime, a moment after
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY - 0.002 * SECOND), NEITHER),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY + 1.5 * SECOND), NEITHER),
        ({"expires_at": at(EXPIRY)}, token("9", expires=EXPIRY + 1.5 * SECOND, age=HOUR), NEITHER),
        ({"expires_at": at(EXPIRY)}, token("9", expires=None, age=HOUR), NEITHER),
        ({"expires_at": at(EXPIRY), "known": ["9"]}, token("9", expires=EXPIRY), NEITHER),
        # it never expires: it may as well be another's, whenever it was created
        ({}, token("9", expires=None, age=HOUR), POSSIBLE),
        ({}, token("9", expires=None, age=None), POSSIBLE),
        ({}, token("9", expires=None, age=HOUR + 5 * MINUTE), POSSIBLE),
        ({}, token("9", expires=None, age=HOUR + 6 * MINUTE), NEITHER),
        ({}, token("9", expires=None, age=HOUR - 15 * MINUTE), POSSIBLE),
        ({}, token("9", expires=None, age=HOUR - 16 * MINUTE), NEITHER),
        ({}, token("9", expires=DAY, age=HOUR), NEITHER),
        ({"known": ["9"]}, token("9", expires=None, age=HOUR), NEITHER),
        # its id
        ({"id": "9"}, token("9"), PROVED),
        ({"id": "9"}, token("9", expires=None, age=400 * DAY), PROVED),
        ({"id": "8"}, token("9", expires=None, age=HOUR), NEITHER),
        ({"id": "8", "expires_at": at(EXPIRY)}, token("9", expires=EXPIRY), NEITHER),
        # its name
        ({"name": "svc-2"}, token("9") | {"name": "svc-2"}, PROVED),
        ({"name": "svc-2"}, token("9", expires=None, age=HOUR) | {"name": "svc-1"}, NEITHER),
        ({"name": "svc-2"}, token("9", expires=None, age=HOUR), NEITHER),
        ({"name": "svc-2", "known": ["9"]}, token("9") | {"name": "svc-2"}, NEITHER),
        # a lifetime that marks it
        (MARKED, token("9", expires=LIFETIME - HOUR, age=HOUR), PROVED),
        (MARKED, token("9", expires=LIFETIME - 3 * DAY, age=3 * DAY), PROVED),
        (MARKED, token("9", expires=LIFETIME - HOUR + 30 * SECOND, age=HOUR), PROVED),
        (MARKED, token("9", expires=LIFETIME - HOUR + 31 * SECOND, age=HOUR), NEITHER),
        (MARKED, token("9", expires=LIFETIME - HOUR + MINUTE, age=HOUR), NEITHER),
        (MARKED, token("9", expires=LIFETIME - HOUR, age=None), NEITHER),
        (MARKED, token("9", expires=None, age=HOUR), NEITHER),
        (MARKED | {"known": ["9"]}, token("9", expires=LIFETIME - HOUR, age=HOUR), NEITHER),
        # a lifetime that does not
        (UNMARKED, token("9", expires=LIFETIME - HOUR, age=HOUR), POSSIBLE),
        (UNMARKED, token("9", expires=DAY, age=HOUR), POSSIBLE),
        (UNMARKED, token("9", expires=LIFETIME, age=HOUR - 16 * MINUTE), NEITHER),
        (UNMARKED, token("9", expires=LIFETIME, age=HOUR + 6 * MINUTE), NEITHER),
        (UNMARKED, token("9", expires=None, age=HOUR), NEITHER),
    ],
)
def test_one_intent(pending, other, what):
    assert outcome(recognise(minting(**pending), [token("1"), other], NOW)) == what


@pytest.mark.parametrize("pending", [{"expires_at": at(EXPIRY)}, {}, {"id": "9"}, {"name": "svc-2"}, MARKED, UNMARKED])
@pytest.mark.parametrize("part", ["current", "previous"])
def test_what_the_state_knows_is_nothing_that_was_left(pending, part):
    left = token("9", expires=EXPIRY, age=HOUR) | {"name": "svc-2"}
    assert outcome(recognise({**minting(**pending), part: {"id": "9"}}, [left], NOW)) == NEITHER


def test_several_with_the_very_expiry():
    """A request that was repeated below the engine may have created two."""
    alike = [token("8", expires=EXPIRY), token("9", expires=EXPIRY)]
    assert recognise(minting(expires_at=at(EXPIRY)), alike, NOW).proved == ("8", "9")


def test_several_that_never_expire():
    alike = [token("8", expires=None, age=HOUR), token("9", expires=None, age=HOUR)]
    assert recognise(minting(), alike, NOW).possible == ("8", "9")


@pytest.mark.parametrize("state", [{}, settled(), settled(pending={"since": at(-HOUR), "expires_at": at(EXPIRY), "id": "9"})])
def test_without_an_intent_nothing_was_left(state):
    assert recognise(state, [token("1"), token("9", expires=EXPIRY)], NOW) == Recognised()


@pytest.mark.parametrize("stage", ["stored", "undoing"])
def test_a_credential_that_is_recorded_is_left_where_another_one_is_stored(stage):
    assert recognise(stored(stage), [token("1"), token("2"), token("9", expires=None, age=HOUR)], NOW).proved == ("2",)


# -- intents whose request may still take effect


@pytest.mark.parametrize(
    ("since", "is_open"),
    [(NO_TIME, True), (-HOUR + SECOND, True), (-HOUR, False), (-DAY, False), (10 * MINUTE, True)],
)
def test_how_long_an_intent_stays_open(since, is_open):
    state = minting(since=at(since), expires_at=at(EXPIRY))
    assert recognise(state, [token("1")], NOW).open == ((state["pending"],) if is_open else ())


def test_an_intent_is_no_longer_open_once_its_credential_is_there():
    state = minting(since=at(-MINUTE), expires_at=at(EXPIRY))
    assert recognise(state, [token("9", expires=EXPIRY)], NOW) == Recognised(proved=("9",))


def test_a_possible_credential_leaves_an_intent_open():
    state = minting(since=at(-MINUTE))
    found = recognise(state, [token("9", expires=None, age=MINUTE)], NOW)
    assert (found.proved, found.possible, found.open) == ((), ("9",), (state["pending"],))


def test_unconfirmed_intents_count_like_the_pending_one():
    first = {"since": at(-5 * MINUTE), "expires_at": at(EXPIRY), "known": ["1"], "run": "r"}
    second = {**first, "expires_at": at(EXPIRY + MINUTE)}
    late = {**first, "since": at(-2 * HOUR), "expires_at": at(EXPIRY + 2 * MINUTE)}
    appeared = [token("1"), token("9", expires=EXPIRY + MINUTE), token("8", expires=EXPIRY + 2 * MINUTE)]
    found = recognise(settled(unconfirmed=[first, second, late]), appeared, NOW)
    assert found == Recognised(proved=("9", "8"), open=(first,))


def test_what_one_intent_proves_is_not_in_doubt_for_another():
    unlimited = {"since": at(-5 * MINUTE), "expires_at": None, "known": ["1"], "run": "r"}
    named = {**unlimited, "id": "9"}
    found = recognise(settled(unconfirmed=[unlimited, named]), [token("9", expires=None, age=5 * MINUTE)], NOW)
    assert (found.proved, found.possible) == (("9",), ())


OFFSETS = st.sampled_from([-40 * DAY, -HOUR, -MINUTE, NO_TIME, MINUTE, HOUR, EXPIRY])


@given(
    st.lists(st.tuples(st.none() | OFFSETS, st.none() | OFFSETS), max_size=4),
    st.lists(st.sampled_from("0123"), max_size=4),
    OFFSETS,
    st.sampled_from([{}, {"about": True, "lifetime": 60, "marked": False}]),
)
def test_a_credential_without_a_mark_is_never_proved(listed, known, since, more):
    """Neither an expiry that was asked for, nor a marked lifetime, an id or a name: whatever is listed may be another's."""
    credentials = [token(str(number), expires=expires, age=age) for number, (expires, age) in enumerate(listed)]
    state = minting(since=at(since), known=known, **more)
    found = recognise(state, credentials, NOW)
    assert found.proved == ()
    assert not set(found.possible) & {*known, "1"}
