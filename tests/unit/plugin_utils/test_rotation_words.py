# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation says it did, or would do: the last line for each kind, and all that check mode announces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import words
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy, RotationSettings
from tests.unit.plugin_utils.rotation_facts import DAY

TOKEN = RotationSettings(kind="access_token", account="svc", endpoint="q.example.com", var="token")
API_TOKEN = replace(TOKEN, kind="api_token")
REPLACE = replace(TOKEN, kind="replace", client_id_var="client")
IN_PLACE = replace(TOKEN, kind="in_place")
NEW = {"id": "2", "minted_at": "2027-01-01T12:00:00.123456Z", "expires_at": "2027-04-01T12:00:00.654321Z"}
UNLIMITED = {**NEW, "expires_at": None}
DUE = "2027-03-25T12:00:00.654321Z"
NEVER = "never: the credential does not expire, and rotate_max_age is not set"
ROTATES = RotationPlan(rotate=True, reason="it was asked for")
FINISHES = RotationPlan(finish=True, reason="an earlier run stored it and stopped")


def line(
    settings: RotationSettings,
    plan: RotationPlan,
    current: dict[str, Any],
    old_id: str = "",
    due: str | None = DUE,
    never: str = "",
    **record: Any,
):
    return words.last_line(settings, Record(plan=plan, **record), current, old_id, due, never)


@pytest.mark.parametrize(
    ("settings", "plan", "current", "old_id", "said"),
    [
        (TOKEN, ROTATES, NEW, "1", "token 1 was replaced by 2 (it was asked for)"),
        (TOKEN, ROTATES, NEW, "", "token 2 was created (it was asked for)"),
        (TOKEN, FINISHES, NEW, "1", "token 1 was replaced by 2 (an earlier run stored it and stopped)"),
        (TOKEN, RotationPlan(), NEW, "", "not due, token 2 stays"),
        (API_TOKEN, ROTATES, NEW, "1", "token 1 was replaced by 2 (it was asked for)"),
        (API_TOKEN, RotationPlan(), NEW, "", "not due, token 2 stays"),
    ],
)
def test_the_last_line_of_tokens(settings, plan, current, old_id, said):
    ending = "expires 2027-04-01T12:00:00Z, next due 2027-03-25T12:00:00Z"
    assert line(settings, plan, current, old_id, retired=True) == f"svc on q.example.com: {said}; {ending}"


@pytest.mark.parametrize(
    ("settings", "plan", "old_id", "said"),
    [
        (REPLACE, ROTATES, "1", "account 1 was replaced by 2 (it was asked for)"),
        (REPLACE, ROTATES, "", "account 2 was created (it was asked for)"),
        (REPLACE, RotationPlan(), "", "not due, account 2 stays"),
        (IN_PLACE, ROTATES, "", "the secret of 2 was replaced (it was asked for)"),
        (IN_PLACE, RotationPlan(rescue=True, reason="r"), "", "the secret of 2 was replaced (r)"),
        (IN_PLACE, RotationPlan(), "", "not due, the secret stays"),
    ],
)
def test_the_last_line_of_secrets(settings, plan, old_id, said):
    assert line(settings, plan, UNLIMITED, old_id, retired=True) == f"svc on q.example.com: {said}; next due 2027-03-25T12:00:00Z"


@pytest.mark.parametrize("plan", [ROTATES, RotationPlan()])
def test_a_rotation_that_is_never_due_says_so(plan):
    assert line(TOKEN, plan, UNLIMITED, due=None, never=NEVER).endswith(f"; next due: {NEVER}")
    assert line(IN_PLACE, plan, UNLIMITED, due=None, never=NEVER).endswith(f"; next due: {NEVER}")


@pytest.mark.parametrize(
    ("record", "left"),
    [
        ({"retired": True}, ""),
        ({}, "; the old token is kept for now"),
        ({"unretired": ["1"]}, "; NOT RETIRED YET: old token 1, the next run tries again"),
        ({"unretired": ["0", "1", "0"]}, "; NOT RETIRED YET: old token 0, 1, the next run tries again"),
        ({"retired": True, "unretired": ["0"]}, "; NOT RETIRED YET: old token 0, the next run tries again"),
    ],
)
def test_what_becomes_of_the_old_one(record, left):
    assert line(TOKEN, ROTATES, NEW, "1", **record).partition("25T12:00:00Z")[2] == left


def test_an_old_one_that_could_not_be_retired_is_told_although_nothing_is_due():
    said = line(TOKEN, RotationPlan(), NEW, unretired=["0"])
    assert "not due, token 2 stays" in said
    assert said.endswith("; NOT RETIRED YET: old token 0, the next run tries again")
    assert line(REPLACE, RotationPlan(), UNLIMITED, unretired=["0"]).endswith("old account 0, the next run tries again")


@pytest.mark.parametrize(
    ("plan", "record", "first"),
    [
        ({"revoke": ("8",)}, {}, "; token 8, which no store knew, was revoked"),
        ({"revoke": ("8", "9")}, {}, "; tokens 8, 9, which no store knew, were revoked"),
        ({"retire": "0"}, {}, "; the earlier token 0 was deleted"),
        ({"retire": "0"}, {"unretired": ["0"]}, ""),
        ({"disable": "0"}, {}, "; the earlier token 0 was disabled"),
        ({"disable": "0"}, {"unretired": ["0"]}, ""),
        ({"revoke": ("8",)}, {"undid": True}, "; what an earlier run left half-way was undone; token 8, which no store knew, was revoked"),
    ],
)
def test_what_went_first_is_said_whether_a_rotation_is_due_or_not(plan, record, first):
    assert f": not due, token 2 stays{first}; expires 2027" in line(TOKEN, RotationPlan(**plan), NEW, **record)
    assert f" by 2 (it was asked for){first}; expires 2027" in line(TOKEN, replace(ROTATES, **plan), NEW, "1", retired=True, **record)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (TOKEN, "The stored credential does not expire: set rotate_max_age, or rotate once to one that expires."),
        (API_TOKEN, "The stored credential does not expire: set rotate_max_age, or rotate once to one that expires."),
        (REPLACE, "Its secret does not expire: set rotate_max_age, for example 90d."),
        (IN_PLACE, "Its secret does not expire: set rotate_max_age, for example 90d."),
    ],
)
def test_what_to_do_about_a_rotation_that_is_never_due(settings, hint):
    assert words.never_due_hint(settings) == hint


# -- what check mode announces


def would(settings: RotationSettings, plan: RotationPlan, noun: str = "access token") -> list[str]:
    return words.would_do(settings, plan, noun)


def test_all_of_a_rotation_is_announced_in_order_with_what_is_deleted():
    settings = replace(TOKEN, publishes=True)
    plan = replace(ROTATES, revoke=("8", "9"), retire="0", current={"id": "1"}, expires_at="2027-04-01T12:00:00.5Z")
    assert would(settings, plan) == [
        "revoke access token 8, which no store knows",
        "revoke access token 9, which no store knows",
        "delete the earlier access token 0",
        "create a new access token that expires 2027-04-01T12:00:00Z",
        "store it in token",
        "check access with what is stored",
        "push the vars file",
        "delete the old access token 1",
    ]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (RotationPolicy(), "delete the old access token 1"),
        (RotationPolicy(retire="disable"), "disable the old access token 1"),
        (RotationPolicy(retire="disable", retire_after=DAY), "disable the old access token 1"),
        (RotationPolicy(retire_after=DAY), "keep the old access token 1 for now, and delete it with a later run"),
    ],
)
@pytest.mark.parametrize("plan", [replace(ROTATES, current={"id": "1"}), replace(FINISHES, current={"id": "2"}, retire="1")])
def test_what_becomes_of_the_old_one_is_announced(policy, said, plan):
    assert would(replace(TOKEN, policy=policy), plan)[-1] == said


def test_of_a_first_credential_nothing_is_deleted():
    assert would(TOKEN, ROTATES) == [
        "create a new access token that never expires",
        "store it in token",
        "check access with what is stored",
    ]


def test_a_secret_in_place():
    plan = replace(ROTATES, current={"id": "c"})
    assert would(replace(IN_PLACE, client_id_var="client"), plan, "secret") == [
        "create a new secret, which ends the present one",
        "store it in token, and its id in client",
        "check access with what is stored",
    ]


def test_an_account_that_is_replaced():
    plan = replace(ROTATES, current={"id": "c1"})
    assert would(REPLACE, plan, "account") == [
        "create a new account",
        "store it in token, and its id in client",
        "check access with what is stored",
        "delete the old account c1",
    ]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (RotationPlan(), []),
        (RotationPlan(revoke=("9",)), ["revoke access token 9, which no store knows"]),
        (RotationPlan(retire="0", settle=True), ["delete the earlier access token 0", "bring the state of the rotation up to date"]),
        (RotationPlan(disable="0", settle=True), ["disable the earlier access token 0", "bring the state of the rotation up to date"]),
        (RotationPlan(undo=True), ["finish undoing what an earlier run left half-way, and revoke what it created"]),
        (
            RotationPlan(rescue=True, current={"id": "c"}),
            ["store the secret that an earlier run left in the rescue file", "check access with what is stored"],
        ),
        (replace(FINISHES, current={"id": "2"}), ["check access with what is stored"]),
    ],
)
def test_what_else_is_announced(plan, said):
    assert would(TOKEN, plan) == said


@pytest.mark.parametrize(
    ("plan", "pushed"), [(RotationPlan(), False), (RotationPlan(settle=True), True), (FINISHES, True), (ROTATES, True)]
)
def test_whether_a_push_is_announced(plan, pushed):
    assert ("push the vars file" in would(replace(TOKEN, publishes=True), plan)) is pushed
    assert "push the vars file" not in would(TOKEN, plan)


@pytest.mark.parametrize(
    ("plan", "things", "unretired", "said"),
    [
        (ROTATES, ["a", "b"], [], "svc on q.example.com: would a; b (it was asked for)"),
        (RotationPlan(), ["a"], [], "svc on q.example.com: would a"),
        (RotationPlan(), [], [], "svc on q.example.com: nothing would be done"),
        (RotationPlan(), [], ["0"], "svc on q.example.com: nothing would be done; NOT RETIRED YET: old token 0, the next run tries again"),
    ],
)
def test_the_line_of_check_mode(plan, things, unretired, said):
    assert words.preview_line(TOKEN, plan, things, unretired) == said


def test_due_of():
    policy = RotationPolicy(when_remaining=7 * DAY)
    assert words.due_of(NEW, policy) == (DUE, "")
    assert words.due_of(UNLIMITED, policy) == (None, NEVER)
