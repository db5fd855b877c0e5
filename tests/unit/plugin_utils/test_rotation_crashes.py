# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation, killed or made to fail at every point: the file always holds a working credential, and the next run puts it right.

Uses the model of the role in rotation_model.py with the real decisions of _rotation.py.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Policy
from tests.unit.plugin_utils.rotation_model import START, Disturbance, File, Role, Run, RunFailed, Server, StepFailed, drive

DAY = timedelta(days=1)
NEVER = Policy(max_age=30 * DAY, when_remaining=7 * DAY)  # tokens that never expire, rotated for their age
EXPIRING = replace(NEVER, expires_in=90 * DAY)
RETIREMENTS = {
    "delete": {},
    "delete-after": {"retire_after": DAY},
    "disable": {"retire": "disable"},
    "disable-after": {"retire": "disable", "retire_after": DAY},
}


def start_noted(server: Server, file: File, policy: Policy) -> None:
    """The value is due, and the state knows it."""
    start_adopted(server, file, policy)
    token = server.tokens[file.content["value"]]
    file.content["state"] = {
        "stage": "current",
        "current": {
            "id": token.id,
            "minted_at": format_instant(token.created_at),
            "expires_at": format_instant(token.expires_at) if token.expires_at else None,
        },
    }


def start_adopted(server: Server, file: File, policy: Policy) -> None:
    """The value is due; the role never ran before."""
    file.content["value"] = server.add(age=100 * DAY, expires_at=START + 3 * DAY if policy.expires_in else None)


def start_empty(server: Server, file: File, policy: Policy) -> None:
    """No value yet."""


def start_gone(server: Server, file: File, policy: Policy) -> None:
    """The value was revoked behind our back."""
    start_noted(server, file, policy)
    server.tokens.clear()


def start_expired(server: Server, file: File, policy: Policy) -> None:
    """The value expired long ago."""
    file.content["value"] = server.add(age=100 * DAY, expires_at=START - DAY)
    file.content["state"] = {"stage": "current", "current": {"id": "1001"}}


def start_previous_disabled(server: Server, file: File, policy: Policy) -> None:
    """An old credential, switched off, waits until its place is needed."""
    server.add(age=200 * DAY, enabled=False)
    start_noted(server, file, policy)
    file.content["state"]["previous"] = {"id": "1001", "delete_at": None}


def start_previous_overdue(server: Server, file: File, policy: Policy) -> None:
    """An old credential should have been deleted before."""
    server.add(age=200 * DAY)
    start_noted(server, file, policy)
    file.content["state"]["previous"] = {"id": "1001", "delete_at": format_instant(START - DAY)}


def start_previous_to_disable(server: Server, file: File, policy: Policy) -> None:
    """An old credential could not be switched off before."""
    server.add(age=200 * DAY)
    start_noted(server, file, policy)
    file.content["state"]["previous"] = {"id": "1001", "delete_at": None, "disable": True}


Start = Callable[[Server, File, Policy], None]
STARTS: list[Start] = [
    start_noted,
    start_adopted,
    start_empty,
    start_gone,
    start_expired,
    start_previous_disabled,
    start_previous_overdue,
    start_previous_to_disable,
]


class World:
    """A server, a vars file and a policy, with the promise that is watched at every point."""

    def __init__(self, policy: Policy, start: Start, **server: object) -> None:
        self.server, self.file, self.policy = Server(**server), File(), policy
        start(self.server, self.file, policy)
        self.promised = self.server.works(self.file.content.get("value")) and self.server.new_ones_work

    def run(self, *disturbances: Disturbance) -> Role:
        role = Role(self.server, self.file, self.policy)
        self.points = drive(role, disturbances, self.watch)
        self.server.now += timedelta(minutes=1)
        return role

    def watch(self, point: object) -> None:
        value = self.file.content.get("value")
        assert self.server.works(value) or not self.promised, f"at {point} the file holds {value!r}, which does not work"

    def converge(self, runs: int = 2) -> None:
        """Undisturbed runs end in exactly one live token, which is the value, and in nothing left to do."""
        story = [self.run().result for _number in range(runs)]
        if self.policy.retire_after:
            self.server.now += self.policy.retire_after
            story.append(self.run().result)
        content, last = self.file.content, self.run()
        told = f"{story}, {last.result}: {content} {self.server.tokens}"
        assert last.result == "done", told
        assert last.changes == 0, told
        assert self.server.live() == [content["value"]], told
        assert "old_value" not in content, told
        assert content["state"]["stage"] == "current", told
        assert "pending" not in content["state"], told
        assert content["state"]["current"]["id"] == self.server.tokens[content["value"]].id, told
        if self.policy.retire == "delete":
            assert len(self.server.tokens) == 1, told


def worlds(**server: object):
    for base, how, start, tells_id in itertools.product((NEVER, EXPIRING), RETIREMENTS.values(), STARTS, (True, False)):
        yield partial(World, replace(base, **how), start, tells_id=tells_id, **server)


@pytest.mark.parametrize("retirement", RETIREMENTS)
@pytest.mark.parametrize("base", [NEVER, EXPIRING], ids=["never", "expiring"])
@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.__name__)
def test_one_undisturbed_run_rotates(base, retirement, start):
    world = World(replace(base, **RETIREMENTS[retirement]), start)
    value = world.file.content.get("value")
    assert world.run().result == "done"
    assert world.file.content["value"] != value
    world.converge(runs=1)


@pytest.mark.parametrize("kind", ["kill", "fail", "edit"])
@pytest.mark.parametrize("cuts_expiry", [False, True])
def test_one_disturbance_at_any_point(kind, cuts_expiry):
    tried = 0
    for make in itertools.islice(worlds(cuts_expiry=cuts_expiry), cuts_expiry, None, 1 + cuts_expiry):
        probe = make()
        probe.run()
        for at in range(probe.points):
            world = make()
            world.run(Disturbance(at, kind))
            world.converge()
            tried += 1
    assert tried > 500


@pytest.mark.parametrize("kind", ["kill", "fail"])
def test_a_disturbance_while_a_failed_rotation_is_undone(kind):
    """The proof of the new credential fails; then something happens to the undoing of it, and perhaps to what finishes that."""
    for make in itertools.islice(worlds(), 1, None, 7):  # some of them, in which each policy, start and server has its turn
        for first in range(60):
            world = make()
            points = world.run(Disturbance(first, "fail")) and world.points
            if first >= points:
                break
            for second in range(first + 1, points):
                world = make()
                world.run(Disturbance(first, "fail"), Disturbance(second, kind))
                world.converge()


@settings(max_examples=300, deadline=None)
@given(
    choice=st.integers(0, 63),
    history=st.lists(
        st.lists(st.builds(Disturbance, st.integers(0, 40), st.sampled_from(("kill", "fail", "edit"))), max_size=3), max_size=4
    ),
    cuts_expiry=st.booleans(),
)
def test_any_history_of_disturbed_runs(choice, history, cuts_expiry):
    world = next(itertools.islice(worlds(cuts_expiry=cuts_expiry), choice % 64, None))()
    for disturbances in history:
        world.run(*disturbances)
    world.converge()


def test_a_failed_rotation_leaves_everything_as_it_was():
    """Whatever step of making, storing and proving fails: the same live tokens, and the very same file."""
    for make in worlds():
        probe = make()
        if "previous" in probe.file.content.get("state", {}):
            continue  # that one is dealt with before anything is made
        probe.run()
        for at in range(probe.points):
            world = make()
            live, content = world.server.live(), copy.deepcopy(world.file.content)
            role = world.run(Disturbance(at, "fail"))
            if "all is as it was before" in role.result:
                assert world.file.content == content, role.result
                assert world.server.live() == live, role.result


@pytest.mark.parametrize("start", [start_noted, start_adopted, start_empty, start_expired], ids=lambda start: start.__name__)
@pytest.mark.parametrize("base", [NEVER, EXPIRING], ids=["never", "expiring"])
def test_new_credentials_that_do_not_work_are_undone_killed_or_not(base, start):
    probe = World(base, start, new_ones_work=False)
    probe.run()
    for at in range(probe.points + 1):
        world = World(base, start, new_ones_work=False)
        live, value = world.server.live(), world.file.content.get("value")
        world.run(Disturbance(at, "kill"))
        for _run in range(2):
            world.run()
            assert world.file.content.get("value") == value
            assert world.server.live() == live
            assert all(world.server.tokens[secret].id == "1001" for secret in world.server.tokens)
        world.server.new_ones_work = True
        world.converge()


def _interleaved(choices: random.Random, policy: Policy, start: Start, gone: bool | None) -> tuple[World, list[Role]]:
    """Two runs at once, each of them going one point further in turns that chance decides."""
    world = World(policy, start)
    alive = {"one", "two"}
    roles = [
        Role(world.server, world.file, policy, name, lambda run: run not in alive if gone is False else gone) for name in ("one", "two")
    ]
    plays: list[tuple[Role, Run]] = [(role, role.play()) for role in roles]
    while plays:
        role, play = choices.choice(plays)
        try:
            point = next(play)
        except StopIteration:
            role.result = "done"
        except (StepFailed, RunFailed) as failure:
            role.result = f"failed: {failure}"
        else:
            world.watch(point)
            continue
        alive.discard(role.name)
        plays.remove((role, play))
    world.watch("the end")
    return world, roles


@pytest.mark.parametrize("gone", [False, None], ids=["seen", "unseen"])
@pytest.mark.parametrize("orphans", ["fail", "ignore", "revoke"])
@pytest.mark.parametrize("start", [start_noted, start_adopted, start_empty], ids=lambda start: start.__name__)
def test_two_runs_at_once_never_lose_the_credential(start, orphans, gone):
    """Whether they can see each other, on one machine, or wait out a lease: watch() fails when the value stops working."""
    choices = random.Random(20270101)
    for _number in range(150):
        world, roles = _interleaved(choices, replace(EXPIRING, orphans=orphans), start, gone)
        assert any(role.result == "done" for role in roles)
        world.policy = EXPIRING
        world.converge()
