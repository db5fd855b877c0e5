# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts: how it logs in, as another or as the account itself."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import role
from tests.plays._rubrik_rigs import SecretRig
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.simulator.launch import launch
from tests.simulator.tests._rsc_tenant import ADMINISTRATOR


def test_a_code_is_used_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_cdm", settings={"totp": "on", "code_reuse": "refused"}, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = SecretRig(ansible, simulator)
        account = simulator.service_account
        rig.store(account["client_id"], account["client_secret"])
        assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
        rig.assert_settled()
        logins = [one for one in simulator.journal() if one["path"] == "/api/internal/session" and one["method"] == "POST"]
        assert len(logins) == 2  # the challenge and its answer


@pytest.mark.parametrize(
    "settings",
    [{"rotate_tokens": "ended"}, pytest.param({"old_secret_seconds": "600"}, marks=pytest.mark.chaos)],
    ids=["ended", "old-one-works-on"],
)
def test_a_secret_rotates_itself(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> None:
    with launch("rubrik_rsc", settings=settings, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, role_id=ADMINISTRATOR, allow_ended=True)
        rig.seed()
        own = {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": simulator.ca_file}
        rig.play = {"vars_files": ["vault.yml"]}
        run = rig.rotate(
            tasks=[
                *role(rig.variables(rotate_auth=own, rotate_force=True), "One"),
                *role(rig.variables(rotate_auth=own), "Two"),  # with the new secret
            ]
        )
        assert (rig.result(run, "One")["rotated"], rig.result(run, "Two")["rotated"]) == (True, False)
        rig.assert_settled()


def test_an_account_that_rotates_itself_is_killed(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, saboteur: Saboteur) -> None:
    # The secret that it logs in with is dead by then; the one that works is in the rescue file.
    with launch("rubrik_rsc", settings={"rotate_tokens": "ended"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, role_id=ADMINISTRATOR, allow_ended=True)
        rig.seed()
        rig.more = {"rotate_auth": {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": simulator.ca_file}}
        rig.play = {"vars_files": ["vault.yml"]}
        assert run_and_kill(rig, saboteur, "before fsync of folder#3", rotate_force=True)
        new = rig.rescued()
        assert rig.result(rig.rotate())["reason"] == "an earlier run created a secret and could not store it"
        rig.assert_settled()
        assert rig.stored() == new
