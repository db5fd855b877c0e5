# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What service_account decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import ConflictError
from ansible_collections.latchkey.tokens.plugins.module_utils._model import Account, AccountState
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._service_account import Plan, plan
from ansible_collections.latchkey.tokens.plugins.module_utils._steps import apply_steps

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
        (state("ab"), state("bc"), {"add_roles": ("c",), "remove_roles": ("a",)}),
        (state("ab"), state(""), {"remove_roles": ("a", "b")}),
        (state("", "p"), state(None, "p"), {}),
        (state("", "p"), state(None, ""), {"privileges": frozenset()}),
        (state("", None), state(None, ""), {}),
        (state("", None), state(None, "p"), {"privileges": frozenset("p")}),
        (state("", home_directory="/a"), state(home_directory="/b"), {"attributes": {"home_directory": "/b"}}),
        (state("", home_directory="/a"), state(home_directory=None), {"attributes": {"home_directory": None}}),
        (None, state("a", "p", home_directory="/a"), {"create": True, "add_roles": ("a",), "privileges": frozenset("p")}),
    ],
)
def test_decisions(current, wanted, decided):
    found = plan(True, current, wanted)
    assert replace(found, after=None) == Plan(**decided)
    assert found.changes is bool(decided)


def test_absent():
    assert plan(False, None, state()) == Plan()
    assert plan(False, state("a"), state()) == Plan(delete=True)


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
