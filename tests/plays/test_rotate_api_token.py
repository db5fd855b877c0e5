# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for API tokens of Rubrik CDM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure, role
from tests.plays._rubrik_rigs import FAILING, CdmApiTokenRig
from tests.simulator.launch import Simulator, launch


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A cluster that the tests share: every test begins with tokens of its own."""
    with launch("rubrik_cdm", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        yield simulator


@pytest.fixture
def rig(ansible: Ansible, cluster: Simulator) -> CdmApiTokenRig:
    return CdmApiTokenRig(ansible, cluster)


def test_first_then_forced_then_nothing_to_do(rig: CdmApiTokenRig) -> None:
    rig.seed(stored=False)
    rig.mint(tag="theirs")
    start = len(rig.simulator.journal())
    with rig.rest_untouched():
        run = rig.rotate(tasks=[*role(rig.variables(), "First"), *role(rig.variables(rotate_force=True), "Forced")])
    first, forced = rig.result(run, "First"), rig.result(run, "Forced")
    token_id = rig.assert_settled()
    assert (first["reason"], first["old_token_id"]) == ("no credential is stored yet", None)
    assert (forced["token_id"], forced["old_token_id"], forced["retired"]) == (token_id, first["token_id"], True)
    assert forced["next_due"] < forced["expires_at"]
    assert rig.writing_requests(start) == [*["POST /api/internal/session"] * 2, "POST /api/internal/session/bulk_delete"]
    with rig.nothing_changes():
        assert rig.assert_unchanged()["token_id"] == token_id


def test_the_stored_token_is_refused(rig: CdmApiTokenRig) -> None:
    rig.seed()
    rig.revoke_all()
    with rig.rest_untouched():
        assert rig.result(rig.rotate())["reason"] == "the platform refuses the stored credential"
    rig.assert_settled()


@pytest.mark.parametrize("stored", [True, pytest.param(False, marks=pytest.mark.chaos)], ids=["stored", "nothing-yet"])
def test_a_failing_check_undoes_it(rig: CdmApiTokenRig, stored: bool) -> None:
    rig.seed(stored=stored)
    with rig.all_undone(), rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
    assert f"{rig.path} holds {'the old credential' if stored else 'no credential yet'}, and the new one" in said
    assert "GET /api/nowhere was answered with HTTP 404 instead of 200." in said
