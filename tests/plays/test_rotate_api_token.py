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


def test_check_mode(rig: CdmApiTokenRig) -> None:
    token_id = rig.seed()
    orphan, _unused = rig.mint()
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_orphans="revoke")
        assert rig.would(run) == [f"revoke API token {orphan}, which no store knows"]
        run = rig.rotate(check=True, rotate_force=True, rotate_orphans="ignore")
    assert rig.result(run)["token_id"] == token_id
    assert [one.split(" that ")[0] for one in rig.would(run)] == [
        "create a new API token",
        f"store it in {rig.name}",
        "check access with what is stored",
        f"delete the old API token {token_id}",
    ]


def test_orphans(rig: CdmApiTokenRig) -> None:
    rig.seed()
    orphan, _unused = rig.mint()
    rig.mint(tag="theirs")
    with rig.nothing_changes(), rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True))
    assert f"The account has 1 live token that this vars file does not know: {orphan}, created 20" in said
    with rig.rest_untouched():
        run = rig.rotate(
            tasks=[
                *role(rig.variables(rotate_force=True, rotate_orphans="ignore"), "Ignore"),
                *role(rig.variables(rotate_orphans="revoke"), "Revoke"),
            ]
        )
    new = rig.result(run, "Ignore")["token_id"]
    assert f"Token {orphan} of the account is live and no store knows it." in " ".join(run.output.split())
    assert rig.result(run, "Revoke")["rotated"] is False
    assert rig.assert_settled() == new
