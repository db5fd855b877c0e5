# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with rotate_publish: git, for secrets of service accounts: what cannot be undone stays, what can is undone."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible
from tests.plays._publish_rig import Remote, commit_and_push
from tests.plays._role_rig import failure, guarded, refusal
from tests.plays._rubrik_rigs import SecretRig
from tests.simulator.launch import Simulator, launch


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> object:
    """An account of Rubrik Security Cloud that the tests share."""
    with launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as simulator:
        yield simulator


@pytest.fixture
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return Remote(tmp_path_factory.mktemp("remote") / "inventory.git")


@pytest.fixture
def rig(request: pytest.FixtureRequest, ansible: Ansible, tenant: Simulator, remote: Remote) -> SecretRig:
    found = SecretRig(ansible, tenant, strategy=request.param, more={"rotate_publish": "git"})
    found.seed()
    commit_and_push(found, remote)
    return found


@pytest.mark.parametrize("rig", ["in_place"], indirect=True)
def test_in_place_a_secret_that_could_not_be_published_stays_and_is_published_later(rig: SecretRig, remote: Remote) -> None:
    base, old = remote.head, rig.stored()
    remote.hook("pre-receive", "exit 1")
    run = rig.rotate(tasks=[guarded("First", rig.variables(rotate_force=True)), guarded("Again", rig.variables())])
    said, new = refusal(run, "First"), rig.assert_works()
    assert "has a new secret that works, but it could not be published. Such a rotation cannot be undone" in said
    assert "pre-receive hook declined" in said
    assert rig.stored() == rig.rescued() != old
    assert remote.head == base
    assert "could not be published" in refusal(run, "Again")
    remote.hook("pre-receive", "exit 0")
    assert rig.result(rig.rotate())["published"] == remote.head
    assert rig.assert_settled() == new
    assert remote.file() == rig.text
    assert not rig.rescue.exists()
    assert len(remote.log(base)) == 1


@pytest.mark.parametrize("rig", ["replace"], indirect=True)
def test_replace_publishes_the_id_with_the_secret_and_is_undone(rig: SecretRig, remote: Remote) -> None:
    base = remote.head
    remote.hook("pre-receive", "exit 1")
    with rig.all_undone():
        assert "all is as it was before" in failure(rig.rotate(rotate_force=True))
    assert remote.head == base
    remote.hook("pre-receive", "exit 0")
    rig.result(rig.rotate(rotate_force=True))
    client_id = rig.assert_settled()
    assert remote.file() == rig.text
    assert f"robot_id: '{client_id}'" in remote.file(commit="main~1")
