# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service accounts as the credentials of one rotation: which belong to it, how old they are, what the next is called."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import as_credentials, successor_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Facts, RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning_beside import plan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import recognise
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import checked

NOW = datetime(2027, 1, 1, 12, 0, 7, 999999, tzinfo=timezone.utc)

REPLACE = RotationPolicy(successor_of="svc")


def account(name: str, account_id: str = "client|1") -> dict[str, Any]:
    return {"account": name, "account_id": account_id, "roles": []}


def test_a_successor_is_named_after_the_second():
    assert successor_name("svc", NOW) == "svc-20270101T120007Z"
    assert successor_name("svc", NOW.astimezone(timezone(timedelta(hours=2)))) == "svc-20270101T120007Z"
    taken = {"svc-20270101T120007Z", "svc-20270101T120008Z", "svc-20270101T120010Z"}
    assert successor_name("svc", NOW, taken) == "svc-20270101T120009Z", "one that was made in the same second has the first of them"


def test_the_age_of_a_successor_is_in_its_name():
    (found,) = as_credentials("svc", [account(successor_name("svc", NOW))])
    assert found == {
        "token_id": "client|1",
        "name": "svc-20270101T120007Z",
        "created_at": "2027-01-01T12:00:07Z",
        "expires_at": None,
        "live": True,
    }


def test_the_first_account_has_no_age():
    (found,) = as_credentials("svc", [account("svc")])
    assert found["created_at"] is None


@pytest.mark.parametrize(
    "name",
    [
        "svc-2",
        "svc-20270101",
        "svc-20270101T120007",
        "SVC",
        "svcx",
        "xsvc",
        "svc-20270101T120007Z-20270101T120007Z",
        "svc-20270101T120007Z\n",
    ],
)
def test_accounts_of_other_names_are_not_of_the_rotation(name):
    assert as_credentials("svc", [account(name)]) == []


def test_a_name_is_no_pattern():
    assert as_credentials("s.c", [account("svc")]) == []


def test_a_stamp_that_is_no_time_is_of_the_rotation_all_the_same():
    (found,) = as_credentials("svc", [account("svc-20271399T996199Z")])
    assert found["created_at"] is None


@given(st.text(min_size=1, max_size=20), st.integers(0, 4_000_000_000))
def test_every_successor_is_recognised(base, seconds):
    now = datetime.fromtimestamp(seconds, timezone.utc)
    found = as_credentials(base, [account(base, "1"), account(successor_name(base, now), "2")])
    assert [one["token_id"] for one in found] == ["1", "2"]


def decide(found: Facts, policy: RotationPolicy = REPLACE) -> RotationPlan:
    return plan(found, policy, NOW, "this run", lambda most: most)


def facts(tokens: list[dict[str, Any]], state: dict[str, Any] | None = None, **given: Any) -> Facts:
    return Facts(state=state or {}, credentials=tokens, **({"has_value": True, "works": True, "value_id": "1", "limit": None} | given))


def test_a_killed_replacement_is_recognised_by_its_name():
    state = {
        "stage": "minting",
        "current": {"id": "1"},
        "pending": {"since": "2027-01-01T12:00:00Z", "expires_at": None, "known": ["1"], "run": "r", "name": "svc-20270101T120000Z"},
    }
    assert checked(state) == state
    tokens = as_credentials("svc", [account("svc", "1"), account("svc-20270101T120000Z", "2"), account("svc-20260101T120000Z", "3")])
    left = recognise(state, tokens, NOW)
    assert (left.proved, left.possible, left.open) == (("2",), (), ())
    decided = decide(facts(tokens[:2], state))
    assert (decided.problem, decided.revoke, decided.rotate, decided.settled["stage"]) == ("", ("2",), False, "current")
    forced = decide(facts(tokens[:2], state), RotationPolicy(successor_of="svc", force=True))
    assert (forced.revoke, forced.intent["pending"]["name"]) == (("2",), "svc-20270101T120007Z")
    assert forced.intent["pending"]["known"] == ["1"]


def test_orphans_are_accounts():
    tokens = as_credentials("svc", [account("svc", "1"), account("svc-20260101T000000Z", "2")])
    problem = decide(facts(tokens)).problem
    assert problem.startswith(
        "The rotation has 1 live account that this vars file does not know: 2, created 2026-01-01T00:00:00Z. Find out who"
    )
    assert "delete it with latchkey.tokens.service_account" in problem
    (warning,) = decide(facts(tokens), RotationPolicy(successor_of="svc", orphans="ignore")).warnings
    assert warning == "Account 2 of the rotation is live and no store knows it."


def test_an_account_that_is_not_listed_keeps_its_id():
    """Someone deleted the stored account: an undo must find its id in the state, since the vars file names the new one by then."""
    decided = decide(facts([], works=False))
    assert decided.intent["current"] == {"id": "1"}


@pytest.mark.parametrize("part", ["current", "previous", "pending"])
def test_an_account_that_was_there_before_is_no_leftover_whatever_its_name(part):
    pending = {"since": "2027-01-01T12:00:00Z", "expires_at": None, "known": [], "run": "r", "name": "svc-20270101T120000Z"}
    state = {"stage": "minting", "pending": pending}
    if part == "pending":
        pending["known"] = ["1"]
    else:
        state[part] = {"id": "1"}
    left = recognise(state, as_credentials("svc", [account("svc-20270101T120000Z", "1")]), NOW)
    assert (left.proved, left.possible) == ((), ())
