# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gets a credential beside the store: who is written when, and what each gets back. The rest is in the simulation."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    RefusedError,
    RequestError,
    VarsFileError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.context import Context, Ports
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.delivery import Delivery
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import RotationFailedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    Created,
    Held,
    InterruptedRunError,
    SinkContent,
    Written,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationSettings
from tests.unit.plugin_utils.rotation_facts import HOUR, NO_TIME, NOW, at, settled, stored

OLD, NEW = Handed("old", "1"), Handed("new", "2", "svc")
STORE = Held("vault.yml", "old", state=settled())


class Sink:
    """A file, or a server that does not tell what it holds."""

    in_doubt = False

    def __init__(self, name, held="old", *, tells=True):
        self.where, self.tells, self.held, self.failure = f"the {name}", tells, held, None

    def read(self):
        if self.failure:
            raise self.failure
        return SinkContent(self.held.encode() if self.tells else None)

    def holds(self, content, credential):
        return content.data == credential.value.encode()

    def write(self, credential, expected):
        self.read()
        changed, self.held = self.held != credential.value, credential.value
        return changed

    def restore(self, content, expected):
        self.held = f"exactly {content.data.decode()}"


class Rig:
    """Two sinks, a store, and all that was told."""

    noun, where = "vars file", "vault.yml"

    def __init__(self, holds=STORE, **record):
        self.file, self.server = Sink("file"), Sink("server", tells=False)
        self.store_holds, self.steps, self.warnings, self.store_failure = holds, [], [], None
        sinks = {"file": self.file, "server": self.server}
        ports = Ports(self, SimpleNamespace(), None, None, SimpleNamespace(now=lambda: NOW), self, sinks)
        self.record = Record(found=STORE, **record)
        self.delivery = Delivery(Context(RotationSettings(account="svc", endpoint="q"), ports, "r", self.record))

    def read(self):
        return self.store_holds

    @contextmanager
    def step(self, name):
        self.steps.append(name)
        yield

    def write(self, change, expected, if_gone=None):
        if self.store_failure:
            raise self.store_failure
        self.store_holds = replace(self.store_holds, state=change.state)
        return Written({})

    def warn(self, sentence):
        self.warnings.append(sentence)

    @property
    def held(self):
        return self.file.held, self.server.held


CREATED = Created("2", "new")


def test_each_is_read_before_and_written_in_order():
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.delivery.hand_over(["server", "file"], NEW)
    assert rig.held == ("new", "new")
    assert (rig.record.handed, rig.record.undo, rig.record.changed) == (["server", "file"], ["server", "file"], True)
    assert rig.steps[2:] == ["Put the new credential into the server", "Put the new credential into the file"]


def test_one_that_cannot_be_written_stops_it_before_anything_is_created():
    rig = Rig()
    rig.server.failure = VarsFileError("It is not there.")
    with pytest.raises(
        RotationFailedError,
        match=r"svc on q was not rotated, and nothing was created\. What failed: Check that the server can be written: It is not there\.$",
    ):
        rig.delivery.check()


def test_a_server_that_does_not_answer_tells_nothing_of_the_platform():
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.server.failure = ConnectionFailedError("AWX did not answer.", may_have_acted=True)
    with pytest.raises(LatchkeyError, match="AWX did not answer") as caught:
        rig.delivery.hand_over(["file", "server"], NEW)
    assert not isinstance(caught.value, RequestError)
    assert rig.record.undo == ["file", "server"]  # it may hold the new one all the same


def test_an_undo_gives_a_file_its_content_and_a_server_the_old_credential_back():
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.delivery.hand_over(["file", "server"], NEW)
    for name in ("server", "file"):
        rig.delivery.put_back(name, STORE)
    assert rig.held == ("exactly old", "old")


def test_what_was_put_there_by_hand_stays():
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.file.held = "by hand"
    rig.delivery.put_back("file", STORE)
    assert rig.file.held == "by hand"


def test_where_the_new_one_was_there_before_the_old_one_is_written():
    """A run that finishes what an earlier one stored found the new credential in the sinks."""
    rig = Rig(plan=RotationPlan(finish=True))
    rig.record.found = Held("vault.yml", "new", state=stored(), old_value="old")
    rig.file.held = "new"
    rig.delivery.check()
    rig.delivery.put_back("file", STORE)
    assert rig.file.held == "old"


def test_without_an_old_one_a_server_keeps_a_dead_one_and_that_is_told():
    rig = Rig(created=CREATED)
    rig.server.held = "new"
    rig.delivery.put_back("server", Held("vault.yml"))
    assert rig.warnings == ["the server may still hold a credential that is revoked by now, since there was none before it."]


def test_a_run_that_another_one_took_over_from_leaves_what_is_stored():
    rig = Rig(created=CREATED, sinks={"file": SinkContent(b"old"), "server": SinkContent()})
    rig.delivery.hand_over(["file", "server"], NEW)
    rig.store_holds = Held("vault.yml", "theirs")
    assert rig.delivery.follow() == ""
    assert rig.held == ("theirs", "theirs")
    rig.server.failure = VarsFileError("It is gone.")
    assert rig.delivery.follow() == "It is gone."


@pytest.mark.parametrize(("state", "server"), [(settled(), "stale"), (stored(), "old")])
def test_before_a_leftover_is_revoked_no_sink_holds_it(state, server):
    rig = Rig()
    rig.record.found = rig.store_holds = Held("vault.yml", "old", state=state)
    rig.file.held, rig.server.held = "leftover", "stale"
    rig.delivery.check()
    rig.delivery.level()
    assert rig.held == ("old", server)
    assert rig.record.sinks["file"] == SinkContent(b"old")


def test_when_nothing_is_due_only_what_tells_is_looked_at():
    rig = Rig()
    rig.file.held = rig.server.held = "stale"
    assert rig.delivery.would_write(changes=False) == ["the file"]
    assert rig.delivery.would_write(changes=True) == ["the file", "the server"]
    rig.delivery.keep()
    assert rig.held == ("old", "stale")
    steps = len(rig.steps)
    rig.delivery.keep()
    assert rig.steps[steps:] == ["Look what the file holds"]


# -- a write that has no answer

UNANSWERED = ConnectionFailedError("AWX did not answer.", may_have_acted=True)
LATE = {"server": at(NO_TIME)}


@pytest.mark.parametrize(
    ("failure", "late"),
    [
        (UNANSWERED, LATE),
        (InterruptedRunError("The run was interrupted."), LATE),
        (ConnectionFailedError("AWX cannot be reached."), {}),
        (ForbiddenError("AWX refused it."), {}),
        (RefusedError("There is no such credential."), {}),
    ],
)
def test_only_a_write_that_may_have_been_taken_may_come_late(failure, late):
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.server.failure = rig.file.failure = failure
    for name in ("file", "server"):
        with pytest.raises(LatchkeyError):
            rig.delivery.hand_over([name], NEW)
    assert rig.record.late == late, "what a file holds can be compared"
    words = " A write to the server may still be served, so the next runs write the stored credential there again."
    assert rig.delivery.doubts() == (words if late else "")


def test_a_write_that_was_sent_twice_may_come_once_more():
    rig = Rig(created=CREATED)
    rig.delivery.check()
    rig.server.in_doubt = True
    rig.delivery.hand_over(["server"], NEW)
    assert (rig.server.held, rig.record.late) == ("new", LATE)


def test_a_write_that_was_answered_ends_no_doubt_about_an_earlier_one():
    rig = Rig(created=CREATED)
    rig.delivery.doubt()
    rig.delivery.check()
    rig.delivery.hand_over(["file", "server"], NEW)
    assert rig.record.late == LATE


@pytest.mark.parametrize("since", [NO_TIME, -2 * HOUR])
def test_a_server_that_a_late_write_may_have_reached_is_written_when_nothing_is_due(since):
    rig = Rig()
    rig.server.held = "late"
    rig.record.found = rig.store_holds = Held("vault.yml", "old", state=settled(late_writes={"server": at(since)}))
    assert rig.delivery.would_write(changes=False) == ["the server"]
    rig.delivery.keep()
    assert rig.held == ("old", "old")
    assert rig.record.changed


@pytest.mark.parametrize("way", ["keep", "level"])
def test_the_store_notes_a_write_without_an_answer_when_nothing_else_is_written(way):
    rig = Rig()
    rig.record.found = rig.store_holds = Held("vault.yml", "old", state=settled(late_writes={"server": at(-HOUR), "gone": at(-HOUR)}))
    rig.delivery.check()
    read, rig.server.read = rig.server.read, SinkContent
    rig.server.write = lambda credential, expected: read()
    rig.server.failure = UNANSWERED
    with pytest.raises(RotationFailedError, match="AWX did not answer"):
        getattr(rig.delivery, way)()
    assert states.late_writes(rig.store_holds.state) == {**LATE, "gone": at(-HOUR)}
    rig.store_failure = VarsFileError("No space left.")
    with pytest.raises(RotationFailedError, match="AWX did not answer"):
        getattr(rig.delivery, way)()
    assert rig.warnings == [f"{rig.delivery.doubts().strip()} That could not be noted in vault.yml: No space left."]
