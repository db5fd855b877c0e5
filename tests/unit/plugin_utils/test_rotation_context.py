# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence round each write and revocation: a run that another one took over from stops; what is changed by hand does not stop it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, Ports, as_failure, marks
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import TakenOverError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, ChangedMeanwhileError, Held, Listing, Written
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationSettings
from tests.unit.plugin_utils.rotation_facts import HOUR, MINUTE, at, minting, settled, stored

MINE = {"run": "r", "since": at(-HOUR)}
SETTLED = settled()


def held(state=SETTLED, value="old", **more):
    """What a store holds; what stands for a part in its version is that part."""
    parts = {"value": value, "client_id": "", "state": repr(state) if state else "", "old_value": ""}
    return Held(**({"where": "vault.yml", "value": value, "state": state, "version": parts} | more))


def written(after, before=b"0", content=b"1", **more):
    return Written(after.version, before, content, 0o600, **more)


class World:
    """A store that holds something, and all that was done to it and to the account."""

    noun, where = "token", "vault.yml"

    def __init__(self, holds, found=None, **record):
        self.holds, self.done, self.warnings, self.steps = holds, [], [], []
        self.answer = lambda: written(holds)
        record = Record(found=found or held(), **({"plan": RotationPlan(intent=minting(**MINE))} | record))
        ports = Ports(self, self, None, None, SimpleNamespace(), self)
        self.context = Context(RotationSettings(account="svc", endpoint="q"), ports, "r", record)

    def read(self):
        return self.holds

    def write(self, change, expected, if_gone=None):
        self.done.append(("write", change, expected, if_gone))
        return self.answer()

    def restore(self, before, after, mode):
        self.done.append(("restore", before, after, mode))
        return True

    def look(self, known=()):
        self.done.append(("look", list(known)))
        return Listing()

    def revoke(self, ids):
        self.done.append(("revoke", list(ids)))

    def disable(self, token_id):
        self.done.append(("disable", token_id))

    @contextmanager
    def step(self, name):
        self.steps.append(name)
        yield

    def warn(self, sentence):
        self.warnings.append(sentence)


GONE = Held("vault.yml", exists=False)
ANOTHERS = minting(run="another run", since=at(-MINUTE))
GOES_ON = {
    "as found": (held(), {}),
    "deleted": (GONE, {}),
    "the value alone was edited by hand": (held(value="by hand"), {}),
    "the client id alone was edited by hand": (held(client_id="by hand", version={**held().version, "client_id": "by hand"}), {}),
    "its own intent": (held(minting(**MINE)), {}),
    "its own intent, and the value edited by hand": (held(minting(**MINE), value="by hand"), {}),
    "its own new credential": (held(stored(**MINE), value="new"), {}),
    "its own undo": (held(stored("undoing", **MINE)), {}),
    "as it noted the proof": (held(settled(current={"id": "2"}), value="new"), {"noted": written(held(settled(current={"id": "2"})))}),
    "as it put the old one back": (held({"stage": "x"}), {"put_back": written(held({"stage": "x"}))}),
    "an older content was put in place": (held(), {"intent": written(held(minting(**MINE))), "stored": written(held(stored(**MINE)))}),
}
STOPS = {
    "another run's intent": held(ANOTHERS),
    "another run's new credential": held({**ANOTHERS, "stage": "stored", "pending": {**ANOTHERS["pending"], "id": "3"}}, value="theirs"),
    "another run's settled state": held(settled(current={"id": "3"}), value="theirs"),
    "another rotation of the same run": held(minting(run="r", since=at(-MINUTE))),
    "another run of the same instant": held(minting(run="another run", since=at(-HOUR))),
    "the old value again, with another run's state": held(settled(current={"id": "1"}, unconfirmed=[])),
    "a state that was removed": held({}),
}


@pytest.mark.parametrize("case", GOES_ON)
def test_what_lets_a_run_go_on(case):
    holds, record = GOES_ON[case]
    world = World(holds, **record)
    world.context.check_fence()
    world.context.revoke(["9"], "known")
    world.context.disable("8", "known")
    assert world.done == [("revoke", ["9"]), ("disable", "8")]
    assert world.context.record.changed is True


@pytest.mark.parametrize("case", ["deleted", "the value alone was edited by hand"])
def test_what_is_known_by_its_id_alone_is_not_ended_once_the_store_was_changed(case):
    world = World(GOES_ON[case][0])
    for act in (lambda: world.context.revoke(["9"]), lambda: world.context.disable("8")):
        with pytest.raises(ChangedMeanwhileError, match="so none was ended"):
            act()
    assert world.done == []


@pytest.mark.parametrize("case", STOPS)
@pytest.mark.parametrize("record", [{}, {"intent": written(held(minting(**MINE))), "stored": written(held(stored(**MINE)))}])
def test_what_stops_a_run(case, record):
    world = World(STOPS[case], **record)
    for act in (world.context.check_fence, lambda: world.context.revoke(["9"]), lambda: world.context.disable("9")):
        with pytest.raises(TakenOverError, match=r"took this rotation over while this one stood still.* vault\.yml holds what the other"):
            act()
    assert world.done == []
    assert world.context.record.changed is False


def test_the_other_run_is_named_as_long_as_it_is_at_work():
    with pytest.raises(TakenOverError, match=r"Another run \(another run\) took"):
        World(held(ANOTHERS)).context.check_fence()
    with pytest.raises(TakenOverError, match=r"Another run took"):
        World(held(settled(current={"id": "3"}))).context.check_fence()


def test_the_first_rotation_of_a_store_is_fenced_too():
    found = held({}, value="")
    World(found, found).context.check_fence()
    with pytest.raises(TakenOverError):
        World(held(settled(), value="theirs"), found).context.check_fence()


def test_a_rotation_that_writes_no_intent_is_no_other_ones():
    """A run that only clears up has no intent, and so no state without a beginning is its own."""
    with pytest.raises(TakenOverError):
        World(held(minting(run="r", since=at(-HOUR))), plan=RotationPlan()).context.check_fence()


# -- writes

CHANGE = Change(minting(**MINE))


def raises(failure):
    def answer():
        raise failure

    return answer


def test_a_write():
    world = World(held())
    gone = written(held())
    world.answer = lambda: written(held(), warnings=("A hard link.",))
    expected = world.context.found.as_expected()
    assert world.context.write(CHANGE, expected, gone).after == b"1"
    assert world.done == [("write", CHANGE, expected, gone)]
    assert (world.context.record.changed, world.warnings) == (True, ["A hard link."])


@pytest.mark.parametrize(
    ("holds", "failure"),
    [(held(ANOTHERS), TakenOverError), (held(value="by hand"), ChangedMeanwhileError), (GONE, ChangedMeanwhileError)],
)
def test_a_write_that_finds_something_else(holds, failure):
    world = World(holds)
    world.answer = raises(ChangedMeanwhileError("The value was changed."))
    with pytest.raises(failure):
        world.context.write(CHANGE, {})
    assert world.context.record.changed is False


def test_a_write_that_fails_is_no_take_over():
    world = World(held(ANOTHERS))
    world.answer = raises(VarsFileError("The disk is full."))
    with pytest.raises(VarsFileError, match="The disk is full"):
        world.context.write(CHANGE, {})


# -- the old content back


def test_without_a_write_there_is_nothing_to_restore():
    world = World(held())
    assert (world.context.restore(), world.done) == (False, [])


def test_the_whole_chain_of_writes_is_taken_back():
    one, two, three = written(held(), b"0", b"1"), written(held(), b"1", b"2"), written(held(), b"2", b"3")
    world = World(held(), intent=replace(one, mode=0o640), stored=two, put_back=three)
    assert world.context.restore() is True
    assert world.done == [("restore", b"0", b"3", 0o640)]


def test_a_change_of_others_between_two_writes_is_not_lost():
    world = World(held(), intent=written(held(), b"0", b"1"), stored=written(held(), b"1 and theirs", b"2"))
    assert (world.context.restore(), world.done) == (False, [])


# -- the rest


def test_what_the_state_knows_belongs_to_the_rotation_whatever_it_is_called():
    state = {**stored(), "previous": {"id": "0"}}
    world = World(held(state), held(state), created_id="3")
    world.context.look("4", None)
    assert [sorted(ids) for _name, ids in world.done] == [["0", "1", "2", "3", "4"]]


def test_the_first_step_that_fails_is_kept():
    context = World(held()).context
    for name in ("Create", "Undo"):
        with pytest.raises(LatchkeyError), context.step(name):
            raise LatchkeyError("No.")
    assert context.record.failed_step == "Create"


def test_marks():
    assert marks("value", held(), None, written(held(value="new")), held()) == ("old", "new")
    assert marks("client_id", held()) == ("",)
    assert marks("value", None) == ()


def test_a_bug_is_told_without_its_words():
    def fail():
        raise ValueError("canary")

    with pytest.raises(ValueError) as caught:
        fail()
    words = str(as_failure(caught.value))
    assert words.startswith("This is a bug in latchkey.tokens: ValueError in fail, line ")
    assert "canary" not in words
    known = VarsFileError("The disk is full.")
    assert as_failure(known) is known


def test_the_words_of_a_failure():
    context = World(held()).context
    failed = context.fail("was not rotated.", undone=True)
    assert (str(failed), failed.undone) == ("svc on q was not rotated.", True)
    assert str(context.fail_at("it is done.")) == "svc on q: it is done."


def test_a_failure_has_the_step_that_failed_first_and_why():
    context, why = World(held()).context, VarsFileError("The disk is full.")
    assert str(context.fail("was not rotated.", why)) == "svc on q was not rotated. The disk is full."
    for step in ("Store it", "Undo it"):
        with pytest.raises(VarsFileError), context.step(step):
            raise why
    assert str(context.fail_at("it is done.", why)) == "svc on q: it is done. What failed: Store it: The disk is full."


def test_a_failure_knows_whether_it_names_the_step():
    context, why = World(held()).context, VarsFileError("The disk is full.")
    assert not context.fail("was not rotated.", why).names_step
    with pytest.raises(VarsFileError), context.step("Store it"):
        raise why
    assert context.fail("was not rotated.", why).names_step
    assert context.fail_at("it is done.", why).names_step
    assert not context.fail_at("Store it.").names_step
    assert context.fail("was not rotated. What failed first: Store it.", names_step=True).names_step


def test_a_step_that_the_rotation_goes_on_without_is_not_what_failed():
    world = World(held())
    context, why = world.context, VarsFileError("The disk is full.")
    with pytest.raises(VarsFileError), context.step("Delete the earlier token"):
        raise why
    context.go_on("It could not be deleted.")
    assert world.warnings == ["It could not be deleted."]
    with pytest.raises(VarsFileError), context.step("Store it"):
        raise why
    assert str(context.fail("was not rotated.", why)) == "svc on q was not rotated. What failed: Store it: The disk is full."
