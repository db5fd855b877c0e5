# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for API tokens of Rubrik CDM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure, role
from tests.plays._rubrik_rigs import FAILING, CdmApiTokenRig
from tests.plays._saboteur import Saboteur, adds_fault
from tests.simulator.launch import Simulator, launch

MINTED = "answered POST /api/internal/session#2"  # the first one is the log-in


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


@pytest.mark.chaos
def test_with_each_core(each_core: Ansible, cluster: Simulator) -> None:
    rig = CdmApiTokenRig(each_core, cluster)
    rig.seed()
    assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
    rig.assert_settled()
    rig.assert_unchanged()


@pytest.mark.parametrize(("days", "due"), [(6, True), pytest.param(8, False, marks=pytest.mark.chaos)])
def test_due_by_expiry(rig: CdmApiTokenRig, days: int, due: bool) -> None:
    old = rig.seed(days)
    rig.simulator.advance(60)
    result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (due, "it expires in 5 d 23 h" if due else "")
    assert (rig.assert_settled() != old) is due


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


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["500", "409", "403", "drop", "cut", "nonsense", "close"])
def test_minting_fails(rig: CdmApiTokenRig, saboteur: Saboteur, kind: str) -> None:
    rig.seed()
    env = saboteur.environment(
        rig.file, "before POST /api/internal/session#2", adds_fault(rig.simulator, f"POST:^/api/internal/session$:{kind}:1")
    )
    with rig.all_undone(), rig.rest_untouched():
        failure(rig.rotate(env=env, rotate_force=True))
    rig.assert_works()


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


@pytest.mark.chaos
def test_the_old_token_is_kept_for_a_while(rig: CdmApiTokenRig) -> None:
    old = rig.seed()
    later: dict[str, Any] = {"rotate_retire_after": "1h"}
    run = rig.rotate(tasks=[*role(rig.variables(rotate_force=True, **later), "One"), *role(rig.variables(**later), "Two")])
    one, two = rig.result(run, "One"), rig.result(run, "Two")
    assert (one["retired"], two["rotated"]) == (False, False)
    rig.assert_settled([old, one["token_id"]])
    rig.write(rig.text.replace(rig.state["previous"]["delete_at"], "2026-01-01T00:00:00Z"))
    assert rig.result(rig.rotate(**later))["rotated"] is False
    assert rig.assert_settled() == one["token_id"]


@pytest.mark.chaos
def test_a_tag_of_its_own_and_a_long_name(rig: CdmApiTokenRig) -> None:
    rig.name = "an_api_token_with_a_long_name"
    rig.tag = "an_api_token_with_a_"[:19]
    rig.seed(stored=False)
    rig.rotate().assert_ok()
    old = rig.assert_settled()
    with rig.rest_untouched():
        rig.tag = "nightly"
        rig.rotate(rotate_force=True, rotate_tag="nightly").assert_ok()
    assert rig.assert_settled() != old


def test_a_code_is_used_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {"totp": "on", "code_reuse": "refused"}
    with launch("rubrik_cdm", settings=settings, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = CdmApiTokenRig(ansible, simulator)
        rig.write("other: 1\n")
        rig.rotate().assert_ok()
        rig.assert_settled()


def test_no_api_tokens_any_more(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_cdm", "9.5.1", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = CdmApiTokenRig(ansible, simulator)
        rig.write("other: 1\n")
        with rig.nothing_changes():
            said = failure(rig.rotate())
        assert "Rubrik Security Cloud" in said


@pytest.mark.chaos
def test_a_session_cannot_be_logged_in_with_an_api_token(rig: CdmApiTokenRig) -> None:
    rig.seed()
    _unused, secret = rig.mint(tag="admin")
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, rotate_auth={"token": secret, "ca_path": rig.simulator.ca_file}))
    assert "password" in said
