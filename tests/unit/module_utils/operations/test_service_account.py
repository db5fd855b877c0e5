# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What service_account decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ConflictError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, AccountState
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.service_account import AccountPlan, plan

ACCOUNT = Account("1002", "svc")
SETS = st.none() | st.frozensets(st.sampled_from("abc"))
ATTRIBUTES = st.dictionaries(st.sampled_from(["home_directory", "primary_group"]), st.sampled_from([None, "x", "y"]))
STATES = st.builds(AccountState, st.just(ACCOUNT), SETS, SETS, ATTRIBUTES)


def state(roles=None, privileges=None, **attributes) -> AccountState:
    sets = [None if one is None else frozenset(one) for one in (roles, privileges)]
    return AccountState(ACCOUNT, *sets, attributes)


@pytest.mark.parametrize(
    ("current", "wanted", "decided"),
    [
        (state("ab"), state(), {}),
        (state("ab"), state("bc"), {"roles": True}),
        (state("ab"), state(""), {"roles": True}),
        (state(None), state("a"), {"roles": True}),
        (state(None), state(""), {}),
        (state("", "p"), state(None, "p"), {}),
        (state("", "p"), state(None, ""), {"privileges": frozenset()}),
        (state("", None), state(None, ""), {}),
        (state("", None), state(None, "p"), {"privileges": frozenset("p")}),
        (state("", home_directory="/a"), state(home_directory="/b"), {"attributes": {"home_directory": "/b"}}),
        (state("", home_directory="/a"), state(home_directory=None), {"attributes": {"home_directory": None}}),
        (None, state("a", "p", home_directory="/a"), {"create": True, "roles": True, "privileges": frozenset("p")}),
    ],
)
def test_decisions(current, wanted, decided):
    found = plan(True, current, wanted)
    assert replace(found, after=None) == AccountPlan(**decided)
    assert found.changes is bool(decided)


def test_absent():
    assert plan(False, None, state()) == AccountPlan()
    assert plan(False, state("a"), state()) == AccountPlan(delete=True)
    assert plan(False, state("a"), state(), rotate=True) == AccountPlan(delete=True)


@pytest.mark.parametrize(
    ("current", "rotate", "decided"),
    [
        (state("a"), True, {"rotate": True}),
        (state("a"), False, {}),
        (None, True, {"create": True}),  # a new account has a new secret anyway
    ],
)
def test_rotation(current, rotate, decided):
    found = plan(True, current, state("a") if current else state(), rotate=rotate)
    assert replace(found, after=None) == AccountPlan(**decided)
    assert found.mints is found.changes is bool(decided)


def test_a_change_of_attributes_or_roles_makes_no_secret():
    found = plan(True, state("a", home_directory="/a"), state("b", home_directory="/b"))
    assert (found.changes, found.mints) == (True, False)


def test_names_of_roles_are_kept_for_the_result():
    current = AccountState(ACCOUNT, frozenset({"1"}), role_names={"1": "one"})
    wanted = AccountState(ACCOUNT, frozenset({"1", "2"}), role_names={"2": "two"})
    after = plan(True, current, wanted).after
    assert after is not None
    assert after.as_diff()["roles"] == ["one", "two"]
    assert after.as_result()["role_ids"] == ["1", "2"]


@settings(max_examples=300, deadline=None)
@given(st.none() | STATES, STATES)
def test_only_a_rotation_is_a_change_each_time(current, wanted):
    after = plan(True, current, wanted, rotate=True).after
    assert after is not None
    assert replace(plan(True, after, wanted, rotate=True), after=None) == AccountPlan(rotate=True)


@settings(max_examples=300, deadline=None)
@given(st.none() | STATES, STATES)
def test_planning_again_finds_nothing_to_do(current, wanted):
    after = plan(True, current, wanted).after
    assert after is not None
    assert not plan(True, after, wanted).changes


def test_steps_say_how_far_it_got():
    def fail() -> None:
        raise ConflictError("It changed.")

    with pytest.raises(ConflictError) as caught:
        apply_steps([("one done", lambda: None), ("two done", fail), ("three done", lambda: pytest.fail("went on"))])
    assert "It changed. Done before it: one done. Not done: two done, three done. Running again goes on from there." in str(caught.value)
    assert (caught.value.details["done"], caught.value.details["not_done"]) == (["one done"], ["two done", "three done"])
    with pytest.raises(ConflictError, match=r"^It changed\.$"):
        apply_steps([("one done", fail)])
