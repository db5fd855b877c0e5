# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold once all is quiet: one plain run, and everything is as it should be; or it says a doubt that there really is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from tests.simulation.cases import Case
from tests.simulation.ports import FILE
from tests.simulation.scheduler import Outcome, Simulation
from tests.simulation.world import ALTERNATE, HAND, HOUR, IN_PLACE, MINUTE, ONE_SECRET, Issued, World, live_of_rotation, unrecorded

QUIET = 2 * HOUR  # after that no request can take effect any more
_MAY_STOP = {"create", "revert", "delete", "replace"}  # by hand, after which a run may stop and ask


def settle(case: Case, simulation: Simulation) -> None:
    """Let plain runs follow, and note what does not hold."""
    world = simulation.world
    landed = simulation.landed
    begun = world.tick
    if not world.behaviour.new_ones_work:
        failed = _plain_run(case, simulation)
        waits = failed.how == "done" and not failed.result.get("rotated")  # for a request that may still be served
        if not failed.undone and not waits and not world.hand:
            world.breaks(f"a plain run whose new credential does not work was not undone: {failed.words}")
        world.behaviour = replace(world.behaviour, new_ones_work=True)
    first = _plain_run(case, simulation)
    if first.how == "failed":
        _repair(simulation)
        second = _plain_run(case, simulation)
        if second.how == "failed" and simulation.landed >= begun:  # something appeared only after that
            _repair(simulation)
            second = _plain_run(case, simulation)
        if second.how != "done":
            world.breaks(f"a plain run fails even after an administrator cleared up: {second.words}")
    while simulation.late:
        _plain_run(case, simulation)
    if simulation.landed == landed or simulation.landed < begun:
        _check_one_is_left(case, world, "after a plain run")
    later = QUIET + world.set_back + (case.settings.policy.retire_after or timedelta(0))
    last = _plain_run(case, simulation, later)
    if last.how == "failed":
        _repair(simulation)
        last = _plain_run(case, simulation)
    if last.how != "done":
        world.breaks(f"a late plain run fails: {last.words}")
        return
    _check_rest(case, world)
    effects = world.effects
    again = _plain_run(case, simulation, MINUTE)
    if again.how != "done":
        world.breaks(f"another plain run fails: {again.words}")
    elif world.effects != effects and not case.settings.policy.force:
        world.breaks(f"another plain run still changes something: {world.history[-2]}")


def _plain_run(case: Case, simulation: Simulation, wait: timedelta | None = None) -> Outcome:
    """Let one undisturbed run happen; where it fails, there must be a reason."""
    world = simulation.world
    doubtful, landed = {one.secret for one in unrecorded(world)}, simulation.landed
    outcome = simulation.run(wait)
    came_late = case.secret is not None and simulation.landed > landed
    if outcome.how == "failed" and came_late and re.search("Another run|changed it meanwhile", outcome.words):
        outcome = simulation.run(wait)  # an earlier run's write to the secret manager came in the middle of this one, which noticed
    if outcome.how == "failed" and world.set_back and "Another run" in outcome.words:
        outcome = simulation.run(QUIET)  # a clock that was set back makes a lease longer
    if outcome.how != "failed":
        return outcome
    doubtful |= {one.secret for one in unrecorded(world)}
    disowned = any(one.secret in world.disowned and one.secret != world.value for one in live_of_rotation(world))
    may_stop = disowned or (bool(doubtful) and not case.behaviour.identifies)
    if not may_stop and not world.hand & _MAY_STOP and world.behaviour.new_ones_work:
        world.breaks(f"a plain run fails without a reason: {outcome.words}")
    elif world.behaviour.new_ones_work:
        run = f"run-{simulation.runs}"
        ended = [one.id for one in world.issued.values() if one.ended_by == run and one.secret in doubtful]
        if (ended or run in world.created) and not outcome.undone:
            world.breaks(f"a plain run that says a doubt changed something: {outcome.words}")
    return outcome


def _repair(simulation: Simulation) -> None:
    """Do what an administrator does who was told of a doubt: restore a deleted store, revoke what is not in use."""
    world = simulation.world
    if world.content is None:
        world.put(HAND, world.last_content)
    if world.behaviour.kind in ONE_SECRET:
        return
    for one in world.of_account():
        if one.secret != world.value:
            world.end(HAND, one, world.tick)


def _check_one_is_left(case: Case, world: World, when: str) -> None:
    """Check that the stored credential works, and that no other one of the rotation does, unless it is kept on purpose."""
    if not world.value or not world.works(world.value):
        world.breaks(f"{when}, the store holds {world.value or 'no credential'}, which does not work")
        return
    policy = case.settings.policy
    if case.kind == IN_PLACE:
        newest = world.newest()
        if not world.hand and (newest is None or newest.secret != world.value):
            world.breaks(f"{when}, the store does not hold the present secret of the account")
        return
    if case.kind == ALTERNATE:
        return  # the other account has a secret, too
    kept = world.state.get("previous", {}).get("id") if policy.retire_after is not None else None
    others = [one for one in live_of_rotation(world) if one.secret != world.value and one.id != kept]
    if world.hand & {"revert", "delete"}:
        others = [one for one in others if one.maker != HAND]  # perhaps no run ever saw it in the store
    if policy.orphans == "ignore":
        others = [one for one in others if one.secret not in world.disowned]
        if _are_told(world, others):
            return
    if others:
        world.breaks(f"{when}, {', '.join(one.id for one in others)} of the rotation works, and is not stored")


def _are_told(world: World, others: list[Issued]) -> bool:
    """Tell whether these may stay, since the user wants orphans to be told only: those that cannot be known to be the rotation's."""
    return bool(world.hand & {"revert", "replace", "delete"}) or not world.behaviour.identifies or not others


def _check_rest(case: Case, world: World) -> None:
    _check_one_is_left(case, world, "at rest")
    state = world.state
    content = world.content
    if content is None:
        return
    if state.get("stage", "current") != "current" or "pending" in state:
        world.breaks(f"at rest, the stage is {state.get('stage')}")
    world.check_rest()
    if content.old_value:
        world.breaks("at rest, the store still holds an old credential")
    if state.get("unconfirmed"):
        world.breaks("at rest, an intent is still unconfirmed")
    stored = world.issued[content.value]
    noted = state.get("current", {}).get("id")
    if noted is not None and noted != stored.id:
        world.breaks(f"at rest, the state names {noted}, and {stored.id} is stored")
    if content.client_id and content.client_id != stored.account_id:
        world.breaks("at rest, the client id is another account's")
    if case.kind == IN_PLACE and world.rescue is not None:
        world.breaks("at rest, there is a rescue file")
    if case.settings.publishes:
        if world.pushed.value != content.value:
            world.breaks("at rest, another credential is published than is stored")
        if world.pushed.state != content.state:
            world.breaks("at rest, another state is published than is stored")
    for name, secret in world.sinks.items():
        if name == FILE and secret != content.value:
            world.breaks(f"at rest, the {name} holds {secret or 'nothing'}, and {content.value} is stored")
        if not world.hand and not world.works(secret) and name not in world.written_too_late:
            world.breaks(f"at rest, the {name} holds {secret or 'nothing'}, which does not work")
    if case.settings.has_hooks and not world.hand and world.handed_over and not world.works(world.handed_over):
        world.breaks("at rest, the tasks of the user have a credential that does not work")
