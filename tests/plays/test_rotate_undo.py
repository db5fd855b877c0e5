# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate when something fails on the way: the old bytes come back, the new token goes, and one sentence says what happened."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import MINTED, TOKENS, WHO_AM_I, Rig
from tests.plays._role_rig import failure
from tests.plays._saboteur import Saboteur, adds_fault
from tests.plays._vaulted import encrypted
from tests.simulator.launch import Simulator

MINT = f"POST:^{TOKENS}$"
FAILING = [{"path": "/v1/users/", "status": [403]}]


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


def all_as_before(rig: Rig, run: Run) -> str:
    """Return what is said to have failed by a run that undid everything."""
    said = failure(run)
    holds = "no credential yet" if rig.stored() is None else "the old credential"
    start = f"local:svc-ansible on {rig.simulator.url} was not rotated, and all is as it was before: {rig.path} holds {holds}, "
    assert said.startswith(start), said
    return said.partition(" What failed: ")[2]


@pytest.mark.parametrize(
    ("stored", "variables"),
    [(True, {}), (False, {}), (True, {"rotate_expires_in": ""}), (True, {"rotate_retire": "disable"})],
    ids=["stored", "nothing-yet", "never-expires", "disable"],
)
def test_a_check_fails(rig: Rig, stored: bool, variables: dict[str, Any]) -> None:
    rig.seed(stored=stored)
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(rotate_force=True, rotate_checks=FAILING, **variables))
    assert said == (
        f"Check access with what is in the vars file: Qumulo Core at {rig.simulator.url}: access check failed for svc-ansible (id 1001). "
        "GET /v1/users/ was answered with HTTP 200 instead of 403. "
        "Check the probe's status and expect, and what the platform answers to it."
    )
    assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
    rig.assert_settled()


def test_a_check_fails_where_the_file_was_empty(rig: Rig) -> None:
    rig.seed(stored=False)
    rig.write("")
    with rig.all_undone():
        all_as_before(rig, rig.rotate(rotate_checks=FAILING))
    assert rig.path.read_bytes() == b""


def test_a_check_on_the_content_fails_in_a_whole_file_vault(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(f"# kept\nqumulo_token:   '{rig.stored()}'  # here\nother: 1\n"))
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(rotate_force=True, rotate_checks=[{"path": WHO_AM_I, "expect": "name=='someone-else'"}]))
    assert "GET /v1/session/who-am-i: what came back is not as expected by 'name=='someone-else''." in said


def _says_what_failed(said: str, rig: Rig, kind: str) -> None:
    assert said.startswith(
        f"Create the new access token: Qumulo Core at {rig.simulator.url}: cannot create an access token for svc-ansible"
    )
    if kind.isdigit():
        assert f"HTTP {kind}" in said
    if kind in ("drop", "cut", "close"):
        assert f"whether POST {TOKENS} took effect is not known, so it was not sent again" in said


@pytest.mark.parametrize("kind", ["409", "drop"])
def test_minting_fails(rig: Rig, kind: str) -> None:
    rig.seed()
    rig.simulator.fault(f"{MINT}:{kind}:1")
    start = rig.minted()
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(rotate_force=True))
    _says_what_failed(said, rig, kind)
    assert rig.minted() == start + 1  # never sent twice
    rig.assert_works()


@pytest.mark.parametrize("kind", ["500", "strange"])
def test_minting_fails_and_a_token_may_still_appear(rig: Rig, kind: str) -> None:
    # Nothing was made, but no answer says so: the state keeps the intent, and the next runs look for what it may have made.
    old = rig.seed()
    rig.simulator.fault(f"{MINT}:{kind}:1")
    start = rig.minted()
    with rig.rest_untouched():
        run = rig.rotate(rotate_force=True)
        said = failure(run)
        assert run["Keep whether all is as it was before"]["ansible_facts"]["rotate_undone"] is False
    assert said.startswith(
        f"local:svc-ansible on {rig.simulator.url} was not rotated. Whether a new access token was created is not known: {rig.path} holds "
        "the old credential, and notes that one may still appear; the next runs look for it and revoke it."
    )
    _says_what_failed(said.partition(" What failed: ")[2], rig, kind)
    assert rig.minted() == start + 1  # never sent twice
    assert rig.assert_settled() == old
    [intent] = rig.state["unconfirmed"]
    rig.assert_unchanged()
    # It appears, late.
    late = {"user": {"auth_id": rig.account_id}, "expiration_time": intent["expires_at"]}
    assert rig.call("POST", TOKENS, late)[0] == 200
    rig.rotate().assert_ok()
    assert rig.assert_settled() == old
    assert "unconfirmed" not in rig.state


@pytest.mark.parametrize("kind", ["401", "drop"])
def test_what_was_stored_cannot_be_proved(rig: Rig, saboteur: Saboteur, kind: str) -> None:
    rig.seed()
    env = saboteur.environment(rig.file, MINTED, adds_fault(rig.simulator, f"GET:{WHO_AM_I}$:{kind}:8"))
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(env=env, rotate_force=True))
    assert said.startswith(f"Check access with what is in the vars file: Qumulo Core at {rig.simulator.url}: cannot identify the caller")
    rig.assert_works()


@pytest.mark.parametrize("point", ["half written#2"])
def test_the_disk_is_full_when_the_new_token_is_stored(rig: Rig, saboteur: Saboteur, point: str) -> None:
    rig.seed()
    env = saboteur.environment(rig.file, point, "raise OSError(28, 'No space left on device')")
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(env=env, rotate_force=True))
    assert said == (
        "Store the new credential, and the old one beside it until the new one is proved: "
        f"{rig.path} cannot be written: the disk is full. Free some space."
    )


def test_the_disk_is_full_before_anything_is_made(rig: Rig, saboteur: Saboteur) -> None:
    rig.seed()
    env = saboteur.environment(rig.file, "before replace#1", "raise OSError(28, 'No space left on device')")
    with rig.nothing_changes():
        said = failure(rig.rotate(env=env, rotate_force=True))
    assert "cannot be written: the disk is full" in said


def test_someone_edits_the_file_in_between(rig: Rig, saboteur: Saboteur) -> None:
    # Their edit stays, whether the rotation succeeds or is undone; then the bytes around it are what they made of them.
    edit = f"open({str(rig.path)!r}, 'a').write('theirs: 1\\n')"
    old = rig.seed()
    before = rig.path.read_text()
    env = saboteur.environment(rig.file, MINTED, edit)
    said = failure(rig.rotate(env=env, rotate_force=True, rotate_checks=FAILING))
    assert "GET /v1/users/ was answered with HTTP 200 instead of 403." in said
    assert rig.assert_settled() == old
    assert "theirs: 1\n" in rig.path.read_text()
    assert before.split("last:")[0] in rig.path.read_text()
    with rig.rest_untouched():
        rig.assert_unchanged()

    rig.seed()
    rig.result(rig.rotate(env=saboteur.environment(rig.file, MINTED, edit), rotate_force=True))
    rig.assert_settled()
    assert rig.stored("theirs") == 1


def test_someone_breaks_the_file_in_between(rig: Rig, saboteur: Saboteur) -> None:
    old = rig.seed()
    before = rig.path.read_bytes()
    env = saboteur.environment(rig.file, MINTED, f"open({str(rig.path)!r}, 'a').write('theirs: [\\n')")
    said = failure(rig.rotate(env=env, rotate_force=True))
    assert "was not rotated, and not all of it could be undone yet" in said
    assert old in rig.ids()
    # they mend it
    rig.path.write_bytes(rig.path.read_bytes().replace(b"theirs: [\n", b""))
    rig.rotate().assert_ok()
    assert rig.assert_settled() == old
    assert before.split(b"last:")[0] in rig.path.read_bytes()


def test_the_server_is_gone_right_after_it_made_the_token(rig: Rig, saboteur: Saboteur) -> None:
    old = rig.seed()
    env = saboteur.environment(rig.file, MINTED, f"import os, signal; os.kill({rig.simulator.pid}, signal.SIGKILL)")
    with rig.rest_untouched():
        said = failure(rig.rotate(env=env, rotate_force=True))
        assert "was not rotated, and not all of it could be undone yet" in said
        assert "the next run of this role finishes it; no working credential was lost." in said
        first, _words, undoing = said.partition("What failed while undoing: ")
        assert "the connection was refused" in undoing
        assert "the connection was refused" in first or "the connection broke" in first  # as the server went down
        rig.simulator.restart()
        assert rig.assert_works() == old
        assert len(rig.ids()) == 2
        assert rig.result(rig.rotate())["rotated"] is False
    assert rig.assert_settled() == old
    rig.assert_unchanged()


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "nothing-yet"])
def test_the_new_token_cannot_be_revoked(rig: Rig, stored: bool) -> None:
    old = rig.seed(stored=stored)
    rig.simulator.fault(f"DELETE:^{TOKENS}:500:1")
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
        assert "not all of it could be undone yet" in said
        assert "What failed while undoing: Revoke the new access token: " in said
        if stored:
            assert rig.assert_works() == old
        else:
            assert rig.stored() is None
        result = rig.result(rig.rotate())
        assert result["rotated"] is not stored
    assert rig.assert_settled() == (old or result["token_id"])
    rig.assert_unchanged()


def test_the_run_is_interrupted_by_the_user(rig: Rig, saboteur: Saboteur) -> None:
    # Ctrl-C reaches the main process; what it leaves is what a kill leaves.
    rig.seed()
    env = saboteur.environment(rig.file, MINTED, f"import os; os.kill(main, {int(signal.SIGINT)})")
    run = rig.rotate(env=env, rotate_force=True)
    assert run.returncode != 0, os.fspath(rig.path)
    rig.assert_works()
    rig.rotate().assert_ok()
    rig.assert_settled()
