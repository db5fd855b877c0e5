# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts: a log-in that is refused, though the stored secret is not dead."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure
from tests.plays._rubrik_rigs import SecretRig, each_secret
from tests.simulator.launch import launch


@each_secret("in_place-rsc", chaos=("replace-rsc",))
def test_an_account_that_may_not_log_in_has_no_dead_secret(rig: SecretRig) -> None:
    client_id = rig.seed()
    rig.appliance.take_roles(client_id)
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert "without one it cannot log in" in said


@each_secret("in_place-cdm", "replace-cdm")
def test_ten_sessions_are_no_dead_secret(rig: SecretRig) -> None:
    client_id = rig.seed()
    bearers = [rig.appliance.open_session(client_id, rig.stored()) for _unused in range(10)]
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert "the stored secret was refused, but the account has 10 sessions, so that may be why. Nothing was rotated." in said
    assert f"target account, account {client_id}, and run again." in said
    for bearer in bearers:
        rig.appliance.end_session(bearer)


def test_no_local_accounts_any_more(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_cdm", "9.5.1", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = SecretRig(ansible, simulator)
        rig.store("User:::62482f5f-0000-0000-0000-000000000000", "gone")
        with rig.nothing_changes():
            said = failure(rig.rotate())
        assert "Rubrik Security Cloud" in said
