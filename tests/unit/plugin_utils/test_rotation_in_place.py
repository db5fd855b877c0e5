# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of an account's one secret: what it decides, by table; and the whole of it, killed and made to fail at every step.

The steps are those of roles/rotate/tasks/in_place*.yml, written down again here on a modelled account and files. The decisions are
the real ones of _rotation_in_place.py.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Policy, check_state
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_in_place import Found, Plan, plan

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MONTHLY = Policy(max_age=30 * DAY)
ID = "client|1"


def at(offset: timedelta) -> str:
    return format_instant(NOW + offset)


def current(age: timedelta = DAY, account_id: str = ID) -> dict[str, Any]:
    return {"id": account_id, "minted_at": at(-age), "expires_at": None}


def unfinished(stage: str, **pending: Any) -> dict[str, Any]:
    return {"stage": stage, "current": current(), "pending": {"since": at(-MINUTE), "id": ID, "run": "r", **pending}}


def found(state: dict[str, Any] | None = None, **facts: Any) -> Found:
    return Found(**({"state": state or {}, "account_id": ID, "has_value": True, "works": True} | facts))


SETTLED = {"stage": "current", "current": current()}
RESCUED = {"has_rescue": True, "rescue_works": True}


@pytest.mark.parametrize(
    ("facts", "policy", "reason"),
    [
        (found(SETTLED), MONTHLY, ""),
        (found(SETTLED), Policy(force=True), "it was asked for"),
        (found({"stage": "current", "current": current(30 * DAY)}), MONTHLY, "it is 30 d old"),
        (found({"stage": "current", "current": current(30 * DAY)}), Policy(), ""),
        (found({"stage": "current", "current": current(99 * DAY, "another")}), MONTHLY, ""),
        (found(), MONTHLY, ""),
        (found(has_value=False, works=False), MONTHLY, "no credential is stored yet"),
        (found(works=False), MONTHLY, "the platform refuses the stored credential"),
        (found(unfinished("minting")), MONTHLY, "an earlier run was interrupted while it made a secret"),
        (found(unfinished("minting"), works=False), MONTHLY, "the platform refuses the stored credential"),
        (found(unfinished("minting"), has_rescue=True), MONTHLY, "an earlier run was interrupted while it made a secret"),
        (found(unfinished("stored"), works=False), MONTHLY, "the platform refuses the stored credential"),
    ],
)
def test_when_a_new_secret_is_made(facts, policy, reason):
    decided = plan(facts, policy, NOW)
    assert (decided.problem, decided.reason, decided.rotate) == ("", reason, bool(reason))
    assert (decided.rescue, decided.finish) == (False, False)


@pytest.mark.parametrize(
    "facts",
    [
        found(unfinished("minting"), **RESCUED),
        found(unfinished("minting"), works=False, **RESCUED),
        found(unfinished("stored"), works=False, **RESCUED),
        found(SETTLED, **RESCUED),
        found(has_value=False, works=False, **RESCUED),
    ],
)
@pytest.mark.parametrize("policy", [MONTHLY, Policy(force=True)])
def test_a_rescued_secret_is_taken_before_another_is_made(facts, policy):
    decided = plan(facts, policy, NOW)
    assert (decided.rescue, decided.rotate, decided.finish) == (True, False, False)
    assert decided.reason == "an earlier run made a secret and could not store it"


@pytest.mark.parametrize("rescue", [{}, RESCUED, {"has_rescue": True}])
def test_a_stored_secret_is_only_proved(rescue):
    # also where an older rescue file is still there, whose secret a platform may take for a while
    decided = plan(found(unfinished("stored"), **rescue), Policy(force=True), NOW)
    assert (decided.finish, decided.rescue, decided.rotate) == (True, False, False)
    assert decided.settled == {"stage": "current", "current": {**current(), "minted_at": at(-MINUTE)}}


@pytest.mark.parametrize("stage", ["minting", "stored"])
@pytest.mark.parametrize(("gone", "words"), [(False, "Wait for it to end."), (None, "a run may take over from"), (True, "")])
def test_another_run(stage, gone, words):
    decided = plan(found(unfinished(stage), run_is_gone=gone), MONTHLY, NOW)
    if words:
        assert words in decided.problem
        assert decided == Plan(problem=decided.problem)
    else:
        assert not decided.problem


def test_what_is_noted_on_the_way():
    decided = plan(found(SETTLED), Policy(force=True, max_age=30 * DAY), NOW, "this run")
    pending = {"since": at(0 * DAY), "id": ID, "run": "this run"}
    assert decided.intent == {"stage": "minting", "current": current(), "pending": pending}
    assert decided.stored == {"stage": "stored", "current": current(), "pending": pending}
    assert decided.settled == {"stage": "current", "current": current(0 * DAY)}
    assert decided.next_due == at(30 * DAY)
    for state in (decided.intent, decided.stored, decided.settled):
        check_state(state)


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
    decided = plan(found(state), MONTHLY, NOW)
    assert decided.settle is settle
    noted = at(-DAY) if state.get("current", {}).get("id") == ID else at(0 * DAY)
    assert decided.settled["current"]["minted_at"] == noted


def test_next_due_without_a_greatest_age():
    assert plan(found(SETTLED), Policy(), NOW).next_due is None


# The whole of it


class StepFailed(Exception):
    """A task of the role failed."""


class RunFailed(Exception):
    """The play failed."""


@dataclass
class World:
    """An account with one secret, a vars file and a rescue file.

    Attributes:
        grace: whether the secret before the last one goes on working.
        lost: whether the answer to a rotation was lost, so that nobody has the secret that works.
    """

    policy: Policy
    grace: bool
    now: datetime = NOW
    secrets: list[str] = field(default_factory=lambda: ["secret-1"])
    file: dict[str, Any] = field(default_factory=dict)
    rescue: str | None = None
    lost: bool = False
    rotations: int = 0

    def works(self, secret: str | None) -> bool:
        return secret in self.secrets[-2 if self.grace else -1 :]

    def rotate(self) -> str:
        self.rotations += 1
        self.secrets.append(f"secret-{len(self.secrets) + 1}")
        self.lost = True
        return self.secrets[-1]

    def write(self, **changes: Any) -> None:
        self.file = {**self.file, **copy.deepcopy(changes)}
        self.lost = self.lost and self.file.get("value") != self.secrets[-1]

    def write_rescue(self, secret: str | None) -> None:
        self.rescue = secret
        self.lost = self.lost and secret != self.secrets[-1]

    def check(self) -> None:
        """Of the two files one has a secret that works, unless the answer with it was lost."""
        assert self.works(self.file.get("value")) or self.works(self.rescue) or self.lost or "value" not in self.file


Step = tuple[str, str]
Run = Generator[Step, None, None]


def play(world: World, checks_pass: bool = True) -> Run:
    """The role, as a generator that stops before and after each step."""

    def do(name: str, act: Callable[[], Any]) -> Generator[Step, None, Any]:
        yield ("before", name)
        done = act()
        yield ("after", name)
        return done

    read = yield from do("read", lambda: copy.deepcopy(world.file))
    rescue = yield from do("read the rescue file", lambda: world.rescue)
    state = read.get("state", {})
    check_state(state)
    facts = Found(
        state=state,
        account_id=ID,
        has_value="value" in read,
        works=world.works(read.get("value")),
        has_rescue=rescue is not None,
        rescue_works=world.works(rescue),
    )
    todo = plan(facts, world.policy, world.now, "run")
    assert not todo.problem
    if todo.rotate or todo.rescue or todo.finish:
        secret = rescue
        if todo.rotate:
            before = copy.deepcopy(world.file)
            yield from do("note the intent", lambda: world.write(state=todo.intent))
            try:
                yield ("before", "rotate")
            except StepFailed:
                world.file = before
                raise RunFailed("nothing was made") from None
            secret = world.rotate()
            try:
                yield ("after", "rotate")
            except StepFailed:  # the answer was lost
                raise RunFailed("whether a secret was made is not known") from None
            with contextlib.suppress(StepFailed):
                yield from do("write the rescue file", lambda: world.write_rescue(secret))
        if not todo.finish:
            yield from do("store", lambda: world.write(value=secret, state=todo.stored))
        yield from do("prove", lambda: None)
        if not checks_pass:
            raise RunFailed("could not be proved")
        yield from do("settle", lambda: world.write(state=todo.settled))
        yield from do("remove the rescue file", lambda: world.write_rescue(None))
        return
    if todo.settle:
        yield from do("settle", lambda: world.write(state=todo.settled))
    if rescue is not None:
        yield from do("remove the rescue file", lambda: world.write_rescue(None))


def run(world: World, *disturbances: tuple[int, str], checks_pass: bool = True) -> int:
    """Run the role with its disturbances (the how-manieth stop; kill or fail) and return at how many points it stopped."""
    due, steps, number = dict(disturbances), play(world, checks_pass), 0
    try:
        next(steps)
        while True:
            world.check()
            kind = due.get(number)
            number += 1
            if kind == "kill":
                break
            steps.throw(StepFailed()) if kind == "fail" else next(steps)
    except (StopIteration, StepFailed, RunFailed):
        pass
    world.check()
    world.now += MINUTE
    return number


def converge(world: World) -> None:
    """Two plain runs end in a stored secret that works and is the last one, and in nothing left to do."""
    world.policy = replace(world.policy, force=False)
    run(world)
    before = copy.deepcopy((world.file, world.secrets))
    assert (world.file["value"], world.rescue) == (world.secrets[-1], None)
    assert world.file["state"]["stage"] == "current"
    assert "pending" not in world.file["state"]
    run(world)
    assert (world.file, world.secrets) == before


def begin(start: str, grace: bool) -> World:
    world = World(Policy(force=True, max_age=30 * DAY), grace)
    if start != "empty":
        world.file = {"value": "secret-1", "state": {"stage": "current", "current": current()}}
    if start == "refused":
        world.secrets, world.lost = ["secret-0", "secret-x", "secret-y"], True
    return world


@pytest.mark.parametrize("grace", [False, True])
@pytest.mark.parametrize("start", ["noted", "empty", "refused"])
@pytest.mark.parametrize("kind", ["kill", "fail"])
def test_disturbed_twice_at_any_two_points(start, grace, kind):
    points = run(begin(start, grace))
    assert points > 15
    for first, second in itertools.product(range(points), range(points)):
        world = begin(start, grace)
        run(world, (first, kind))
        run(world, (second, "kill"))
        converge(world)


@pytest.mark.parametrize("grace", [False, True])
def test_no_secret_is_made_in_vain(grace):
    """A kill after the rescue file is written makes no further rotation."""
    for at_point in range(run(begin("noted", grace))):
        world = begin("noted", grace)
        run(world, (at_point, "kill"))
        made, was_lost, waits = world.rotations, world.lost, world.file["state"]["stage"] == "minting"
        converge(world)
        assert world.rotations - made == int(was_lost or (waits and made == 0))


def test_a_check_that_never_passes_makes_no_further_secret():
    world = begin("noted", False)
    for _number in range(3):
        run(world, checks_pass=False)
    assert world.rotations == 1
    converge(world)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["noted", "empty"]),
    st.booleans(),
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["kill", "fail"])), max_size=2), max_size=5),
)
def test_any_history_of_disturbed_runs(start, grace, history):
    world = begin(start, grace)
    for disturbances in history:
        run(world, *disturbances)
    converge(world)
