# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record finds what it is there to find: what is lost, left or shown on purpose is counted, and the test fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos._record import Recorder, recorded
from tests.chaos.table import lines, summary
from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import CredentialLostError, OrphanLeftError, SecretShownError
from tests.plays._rotation_kinds import AnyRig, Appliances, assert_known, rig_of, set_right, turns_kept
from tests.plays._rubrik_rigs import AlternateRig


def _lose(rig: AnyRig) -> None:
    assert isinstance(rig, Rig)
    rig.revoke_all()
    assert_known(rig, 0)


def _leave(rig: AnyRig) -> None:
    assert isinstance(rig, Rig)
    rig.mint()
    rig.assert_current()


def _end_too_early(rig: AnyRig) -> None:
    assert isinstance(rig, AlternateRig)
    first = rig.assert_works()
    with turns_kept(rig):
        rig.appliance.rotate(first)


def _show(rig: AnyRig) -> None:
    rig.assert_no_secret(Run(0, f"msg: {rig.stored()}"))


@pytest.mark.parametrize(
    ("kind", "deed", "error", "counted"),
    [
        *(
            (kind, *deed)
            for kind in ("access_token-qumulo", "s3_access_key-qumulo")
            for deed in ((_lose, CredentialLostError, "lost"), (_leave, OrphanLeftError, "orphans"), (_show, SecretShownError, "canaries"))
        ),
        ("alternate-cdm", _end_too_early, CredentialLostError, "lost"),
        ("alternate-cdm", _show, SecretShownError, "canaries"),
    ],
)
def test_what_is_wrong_is_counted(
    ansible: Ansible,
    simulators: Appliances,
    tmp_path: Path,
    kind: str,
    deed: Callable[[AnyRig], None],
    error: type[Exception],
    counted: str,
) -> None:
    rig = rig_of(kind, ansible, simulators)
    rig.seed()
    path = tmp_path / "record.jsonl"
    with pytest.raises(error), Recorder(path).trial("killed", "a-kind", "a point", "SIGKILL"):
        deed(rig)
    (trial,) = recorded(path)
    assert trial.failed
    assert {name: getattr(trial, name) for name in ("lost", "orphans", "canaries")} == {
        name: int(name == counted) for name in ("lost", "orphans", "canaries")
    }


def test_a_key_that_no_run_created_is_no_matter_of_the_recovery(ansible: Ansible, simulators: Appliances) -> None:
    rig = rig_of("s3_access_key-qumulo", ansible, simulators)
    rig.seed()
    assert isinstance(rig, Rig)
    left, _secret = rig.mint()
    with pytest.raises(AssertionError, match=f"does not know: {left}, created [^ ]+ Find out who uses it"):
        set_right(rig)


def test_an_outcome_must_be_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not say what came of it"), Recorder(tmp_path / "x").trial("killed", "k", "p", "SIGKILL"):
        pass


def test_the_table_adds_up(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "record.jsonl")
    for kind, fault in (("one", "SIGKILL"), ("one", "SIGKILL"), ("other", "HTTP 500")):
        with recorder.trial("a part", kind, "a point", fault) as trial:
            trial.outcome = "well"
    with pytest.raises(SecretShownError), recorder.trial("a part", "other", "a point", "HTTP 500"):
        raise SecretShownError("shown")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines(summary(recorded(tmp_path / "record.jsonl")))]
    assert table[0][2:] == [
        "points killed", "faults injected", "runs", "credentials lost", "orphans left", "canaries seen", "failed",
    ]  # fmt: skip
    assert table[2:] == [
        ["a part", "one", "2", "0", "0", "0", "0", "0", "0"],
        ["a part", "other", "0", "2", "0", "0", "0", "1", "1"],
        ["in all", "", "2", "2", "0", "0", "0", "1", "1"],
    ]
