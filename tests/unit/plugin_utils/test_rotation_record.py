# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rotation got, as one phase hands it to the next."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Created, Held, Owner, Rescued, SinkContent, Written
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import PUT_BACK, RESTORE, REVOKE, Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ticket import seal, unseal
from tests.unit.plugin_utils.rotation_facts import minting, settled

KEY = bytes(range(32))
VERSION = {"value": "a1", "client_id": "", "state": "b2", "old_value": ""}
EVERY_BYTE = bytes(range(256))


def written(number: int, before: bytes | None = b"before") -> Written:
    return Written({**VERSION, "state": str(number)}, before, EVERY_BYTE, 0o640, ("A hard link.",))


def full_record() -> Record:
    """Return a record in which no attribute has its default."""
    return Record(
        found=Held("vault.yml", "canary-value", "client", settled(), "canary-old", VERSION, True, True, ("token", "other")),
        rescued=Rescued(True, "canary-rescued"),
        plan=RotationPlan(
            revoke=("8", "9"),
            rotate=True,
            reason="it was asked for",
            retire="0",
            current={"id": "1", "expires_at": None},
            intent=minting(),
            settled=settled(),
            never_due="never: so it is",
            warnings=("One.", "Two."),
        ),
        account_id="1002",
        undo=[RESTORE, REVOKE, PUT_BACK],
        intent=written(1, None),
        stored=written(2),
        put_back=written(3),
        noted=written(4),
        created=Created("2", "canary-new", "2027-01-01T12:00:00Z", None),
        created_id="2",
        in_doubt=True,
        owner=Owner("svc", "1002", "2"),
        proved_at="2027-01-01T12:00:01Z",
        notes=True,
        told=True,
        sinks={"credentials_file": SinkContent(EVERY_BYTE, 0o640)},
        handed=["credentials_file"],
        late={"awx_credential": "2027-01-01T00:00:00Z"},
        publishable={"token": "a1"},
        published="c0ffee",
        pushed=written(5),
        publish_in_doubt=True,
        retired=True,
        unretired=["0"],
        failed_step="Create",
        failure="It failed.",
        theirs=True,
        changed=True,
        undid=True,
    )


def test_nothing_is_left_out_of_these_tests():
    record = full_record()
    for one in fields(Record):
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        assert getattr(record, one.name) != default, one.name


@pytest.mark.parametrize("record", [Record(), full_record()], ids=["empty", "full"])
def test_all_of_it_comes_back_from_a_ticket(record):
    back = Record.from_data(unseal(seal(record.as_data(), KEY), KEY))
    assert back.as_data() == record.as_data()
    for one in fields(Record):
        assert type(getattr(back, one.name)) is type(getattr(record, one.name)), one.name
    assert (back.plan, back.created, back.owner, back.rescued) == (record.plan, record.created, record.owner, record.rescued)


def test_what_comes_back_is_as_it_was():
    back = Record.from_data(unseal(seal(full_record().as_data(), KEY), KEY))
    assert (back.stored.before, back.stored.after, back.stored.mode) == (b"before", EVERY_BYTE, 0o640)
    assert back.intent.before is None
    assert (back.found.value, back.found.old_value, back.found.as_expected()["state"]) == ("canary-value", "canary-old", ("b2",))
    assert (back.plan.revoke, back.plan.warnings, back.plan.clears) == (("8", "9"), ("One.", "Two."), True)
    assert back.sinks == {"credentials_file": SinkContent(EVERY_BYTE, 0o640)}
    assert back.undo.pop() == PUT_BACK


def test_sinks_are_undone_after_the_store_and_before_the_new_credential_ends():
    record = Record(undo=[RESTORE, REVOKE, PUT_BACK])
    record.undo_too("first")
    record.undo_too("second")
    assert record.undo == [RESTORE, REVOKE, "first", "second", PUT_BACK]
    record.undo.pop()
    record.undo_too("third")
    assert record.undo[-1] == "third"


def test_what_goes_into_a_ticket_is_plain():
    def check(value):
        assert not is_dataclass(value)
        assert type(value) in (dict, list, str, bytes, int, bool, type(None))
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(one)

    check(full_record().as_data())


def test_two_phases_do_not_share_anything_that_changes():
    record = full_record()
    back = Record.from_data(record.as_data())
    back.undo.clear()
    back.unretired.append("7")
    assert (record.undo, record.unretired) == ([RESTORE, REVOKE, PUT_BACK], ["0"])


def test_the_secrets_of_a_record():
    assert sorted(full_record().secrets()) == ["canary-new", "canary-old", "canary-rescued", "canary-value"]
    assert Record().secrets() == []
    assert Record(found=Held("vault.yml")).secrets() == []
    assert (full_record().new_value, Record().new_value) == ("canary-new", "")


def test_no_secret_shows_in_what_python_prints():
    assert "canary" not in repr(full_record())
    assert "before" not in repr(full_record().stored)
