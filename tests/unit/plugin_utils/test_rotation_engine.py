# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on the simulated world, for what the explored schedules do not look at: check mode, refusals, one thing done by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.engine import Rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Listing
from tests.simulation.cases import BY_NAME
from tests.simulation.drive import ports_of
from tests.simulation.events import BY_CALL, At
from tests.simulation.explore import Schedule, simulation_of
from tests.simulation.ports import MemoryCredentials, MemoryStore
from tests.simulation.scheduler import PAUSE, Run, Simulation
from tests.simulation.world import ACCOUNT_ID, HAND, Pushed, state_text

# What version 1.0.0 knew of a credential that was about to be created.
KEYS_1_0_0 = ("since", "expires_at", "known", "run", "name", "about", "id")
RUNS = ["no earlier run", "before the second write", "after the second write", "before the third write"]
WRITE = {
    "before the second write": (1, "crash before"),
    "after the second write": (1, "crash after"),
    "before the third write": (2, "crash before"),
}


def after(case: str, earlier: str) -> Simulation:
    """Return the simulation of a case, with an earlier run that was killed at one of its writes."""
    simulation = simulation_of(Schedule(case))
    if earlier == RUNS[0]:
        return simulation
    simulation.trace = []
    simulation.run()
    number, event = WRITE[earlier]
    writes = [call for _run, call, name in simulation.trace if name == "store.write"]
    if len(writes) <= number:
        pytest.skip("There is no such write.")
    simulation = simulation_of(Schedule(case, (At(1, writes[number], event),)))
    assert simulation.run().how == "crashed"
    simulation.world.time += PAUSE
    return simulation


def preview(simulation: Simulation, case: str) -> tuple[dict[str, Any], list[str]]:
    """Return the result of a run in check mode, and its warnings."""
    run = Run(simulation, simulation.runs + 1)
    rotation = Rotation(BY_NAME[case].settings, ports_of(run, BY_NAME[case]), run=run.actor, is_gone=simulation.is_gone)
    return rotation.begin(check_mode=True), run.warnings


@pytest.mark.parametrize("earlier", RUNS)
@pytest.mark.parametrize("case", [name for name, case in BY_NAME.items() if case.behaviour.new_ones_work])
def test_check_mode_changes_nothing_and_says_all_that_is_ended(case, earlier):
    simulation = after(case, earlier)
    world = simulation.world
    effects, digest = world.effects, world.fork().digest()
    try:
        result, _warnings = preview(simulation, case)
    except LatchkeyError:
        result = None
    assert (world.effects, world.digest()) == (effects, digest)
    before = {one.secret: one.ended_by for one in world.issued.values()}
    outcome = simulation.run()
    assert (outcome.how == "done") is (result is not None), outcome.words
    if result is None:
        return
    ended = {one.id for one in world.issued.values() if one.ended_by.startswith("run-") and before.get(one.secret) == ""}
    said = "; ".join(result["would"])
    undone = "undoing what an earlier run left" in said
    if BY_NAME[case].kind != "in_place" and not undone:
        assert {one for one in ended if one not in said} == set(), said
    assert bool(outcome.result["rotated"]) is (result["rotated"] or undone)
    assert result["message"].startswith("svc-backup on appliance.example.com: ")


@pytest.mark.parametrize(
    "case",
    [
        "access_token/empty",
        "access_token/refused",
        "replace/empty",
        "access_token/expiring",
        "in_place/noted",
        "in_place/first secret",
    ],
)
def test_check_mode_does_not_say_never_due_of_what_it_would_rotate(case):
    result, warnings = preview(after(case, RUNS[0]), case)
    assert result["rotated"]
    assert [one for one in warnings if "never due" in one] == []


@pytest.mark.parametrize(
    ("case", "left"),
    [
        ("in_place/noted", "rescue"),
        ("access_token/git", "publication"),
        ("access_token/expiring", "nothing"),
    ],
)
def test_where_check_mode_says_that_nothing_would_be_done_nothing_is(case, left):
    simulation = simulation_of(Schedule(case))
    world = simulation.world
    assert simulation.run().how == "done"
    if left == "rescue":
        world.set_rescue(HAND, "")
    elif left == "publication":
        world.pushed = Pushed()
    effects = world.effects
    said = preview(simulation, case)[0]["would"]
    simulation.run()
    assert bool(said) is (world.effects != effects)


@pytest.mark.parametrize(
    "case",
    [
        "access_token/expiring",
        "replace/noted",
        "access_token/no ids told",
    ],
)
def test_an_old_value_that_is_put_back_by_hand_is_not_revoked(case):
    """A run was killed after it had stored its credential; then an administrator put the old value back, and left the state alone."""
    simulation = after(case, "after the second write")
    world = simulation.world
    old = world.issued[world.content.old_value]
    ids = {"client_id": old.account_id} if world.content.client_id else {}
    world.put(HAND, world.written(world.content, value=old.secret, **ids))
    simulation.run()
    assert world.broken == []
    assert world.works(world.value)


# -- what is refused before anything is changed


def refused(simulation: Simulation, case: str, **settings: Any) -> str:
    """Return the words of a run that must change nothing."""
    effects = simulation.world.effects
    run = Run(simulation, simulation.runs + 1)
    ports = ports_of(run, BY_NAME[case])
    rotation = Rotation(replace(BY_NAME[case].settings, **settings), ports, run=run.actor, is_gone=simulation.is_gone)
    with pytest.raises(LatchkeyError) as caught:
        rotation.begin()
    assert simulation.world.effects == effects
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_the_first_account_needs_roles():
    words = refused(after("replace/empty", RUNS[0]), "replace/empty", roles=())
    assert words.endswith(
        "there is no account yet whose roles the new one could have. Nothing was rotated. Name its roles in rotate_roles."
    )


def test_a_secret_whose_account_is_not_told():
    simulation = after("replace/noted", RUNS[0])
    simulation.world.put("", simulation.world.written(simulation.world.content, client_id=""))
    assert "holds a secret in token, but no client id in client_id" in refused(simulation, "replace/noted")


def test_a_client_id_of_another_account():
    simulation = after("in_place/noted", RUNS[0])
    simulation.world.put("", simulation.world.written(simulation.world.content, client_id="9"))
    assert "holds the client id 9 in client_id, but svc-backup is 1002. Nothing was rotated." in refused(simulation, "in_place/noted")


@pytest.mark.parametrize(
    ("ids", "words"), [([], "there is no service account of this name"), (["2", "1"], "several service accounts of this name, 1 and 2")]
)
def test_the_account_of_a_secret_in_place(ids, words, monkeypatch):
    listing = Listing(None, [{"token_id": one, "live": True} for one in ids])
    monkeypatch.setattr(MemoryCredentials, "look", lambda _self, _known=(): listing)
    assert words in refused(after("in_place/noted", RUNS[0]), "in_place/noted")


def test_a_secret_that_is_not_stored():
    case = "in_place/first secret"
    words = refused(after(case, RUNS[0]), case, policy=replace(BY_NAME[case].settings.policy, force=False))
    assert "The vars file holds no secret in token" in words


@pytest.mark.parametrize(
    ("unfit", "words"),
    [
        ({"exists": False}, "does not exist, so nothing was"),
        ({"writable": False}, "cannot be written, so nothing was"),
        ({"refusal": "It holds a reference.", "advice": "Name another."}, "It holds a reference. Nothing was rotated. Name another."),
    ],
)
def test_nothing_is_asked_where_the_store_cannot_be_written(unfit, words, monkeypatch):
    case = "access_token/expiring"
    read = MemoryStore._read
    monkeypatch.setattr(MemoryStore, "_read", lambda self: replace(read(self), **unfit))
    monkeypatch.setattr(MemoryCredentials, "check", None)
    monkeypatch.setattr(MemoryCredentials, "look", None)
    assert words in refused(after(case, RUNS[0]), case)


def test_a_credential_of_another_account():
    case = "access_token/expiring"
    simulation = after(case, RUNS[0])
    world = simulation.world
    theirs = next(one for one in world.issued.values() if one.account_id != ACCOUNT_ID)
    world.put("", world.written(world.content, value=theirs.secret))
    assert f"The stored credential is of svc-other (id {theirs.account_id}), not of the account to rotate" in refused(simulation, case)


# -- what a failure tells

WHAT = "svc-backup on appliance.example.com"
FAILS = ("fail", "refuse", "lost before")


@pytest.mark.parametrize(
    "case", ["access_token/expiring", "access_token/git", "access_token/sinks", "replace/noted", "in_place/noted", "in_place/sinks"]
)
def test_a_failure_names_the_step_the_account_and_the_endpoint(case):
    """Whichever call fails, in whichever step."""
    calm = simulation_of(Schedule(case))
    calm.trace, run = [], Run(calm, 1)
    Rotation(BY_NAME[case].settings, ports_of(run, BY_NAME[case]), run=run.actor, is_gone=calm.is_gone).begin()
    steps, step, failed = iter(run.steps), "", 0
    for _ordinal, number, name in calm.trace:
        step = next(steps) if name == "step" else step
        for event in {*FAILS}.intersection(BY_CALL.get(name, ())):
            outcome = simulation_of(Schedule(case, (At(1, number, event),))).run()
            if outcome.how == "failed":
                failed += 1
                assert outcome.words.startswith(WHAT), (name, event, outcome.words)
                assert step in outcome.words, (name, event, outcome.words)
    assert failed > 10


def failing(case: str, call: str, event: str) -> str:
    """Return the words of a run whose last such call fails."""
    calm = simulation_of(Schedule(case))
    calm.trace = []
    calm.run()
    number = [number for _run, number, name in calm.trace if name == call][-1]
    return simulation_of(Schedule(case, (At(1, number, event),))).run().words


def test_a_rescue_file_that_cannot_be_removed_leaves_a_secret_that_works():
    assert failing("in_place/noted", "rescue.remove", "fail") == (
        f"{WHAT} has a new secret that works, and vault.yml holds it; the next run does what is left. "
        "What failed: Remove the rescue file: The file cannot be used: No space left on device. Free some space."
    )


def taken_over(then: str = "") -> str:
    """Return the words of a run that stands still once its secret in place is proved, while another one takes over."""
    calm = simulation_of(Schedule("in_place/unseen"))
    calm.trace = []
    calm.run()
    proved, noted = ([number for _run, number, name in calm.trace if name == call][-1] for call in ("prove", "store.write"))
    events = [At(1, proved, "pause unseen"), *([At(1, noted, then)] if then else [])]
    simulation = simulation_of(Schedule("in_place/unseen", tuple(events)))
    words = simulation.run().words
    assert simulation.world.broken == []
    assert words.endswith("holds what the other run stored. Look at the other run's result; nothing else is to be done.")
    return words


def test_a_secret_that_another_run_took_over_is_in_the_store():
    assert taken_over().startswith(f"{WHAT} has a new secret that works, and vault.yml holds it. What failed: Note in the vars file that")


def test_a_secret_that_is_nowhere_any_more_is_said_to_be_nowhere():
    assert taken_over("replace value").startswith(
        f"{WHAT} had a new secret that worked, and neither vault.yml nor vault.yml.token.rescue.yml holds it any more. What failed: Note"
    )


# -- what an earlier run left, and nothing else is due


@pytest.mark.parametrize("is_due", [True, False])
def test_an_undo_of_what_an_earlier_run_left_is_a_change_and_is_said(is_due):
    simulation = after("access_token/expiring", "after the second write")
    world = simulation.world
    old, new = world.content.old_value, world.issued[world.value]
    world.end(HAND, new, world.tick)
    settings = BY_NAME["access_token/expiring"].settings
    if not is_due:
        settings = replace(settings, policy=replace(settings.policy, when_remaining=timedelta(0), max_age=None))
    run = Run(simulation, simulation.runs + 1)
    rotation = Rotation(settings, ports_of(run, BY_NAME["access_token/expiring"]), run=run.actor, is_gone=simulation.is_gone)
    result = rotation.begin()
    assert (result["rotated"], world.value == old) == (is_due, not is_due)
    assert rotation.record.changed
    assert rotation.record.undid  # so the play loads the vars file again
    assert "; what an earlier run left half-way was undone; expires " in result["message"]


# -- what version 1.0.0 left


@pytest.mark.parametrize("earlier", RUNS)
@pytest.mark.parametrize("case", ["access_token/expiring", "access_token/new ones do not work", "replace/noted", "in_place/noted"])
def test_a_rotation_of_version_1_0_0_is_finished(case, earlier):
    simulation = after(case, earlier)
    world = simulation.world
    state = world.state
    if "pending" in state:
        state["pending"] = {key: value for key, value in state["pending"].items() if key in KEYS_1_0_0}
        world.put(HAND, world.written(world.content, state=state_text(state)))
    outcome = simulation.run()
    assert world.broken == []
    assert world.works(world.value)
    if BY_NAME[case].behaviour.new_ones_work:
        assert (outcome.how, world.state["stage"]) == ("done", "current"), outcome.words
