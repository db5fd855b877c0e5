# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate when something fails on the way: the old bytes come back, the new token goes, and one sentence says what happened."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import MINTED, TOKENS, Rig
from tests.plays._role_rig import failure
from tests.plays._saboteur import Saboteur
from tests.simulator.launch import Simulator

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


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "nothing-yet"])
def test_a_check_fails(rig: Rig, stored: bool) -> None:
    rig.seed(stored=stored)
    with rig.all_undone():
        said = all_as_before(rig, rig.rotate(rotate_force=True, rotate_checks=FAILING))
    assert said == (
        f"Check access with what is in the vars file: Qumulo Core at {rig.simulator.url}: access check failed for svc-ansible (id 1001). "
        "GET /v1/users/ was answered with HTTP 200 instead of 403. "
        "Check the probe's status and expect, and what the platform answers to it."
    )
    assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
    rig.assert_settled()


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
