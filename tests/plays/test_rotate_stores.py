# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with a secret manager as its store: what consumers read works at every instant, and nothing else is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure, role
from tests.plays._store_rigs import MANAGERS, AlternateInManager, Manager, TokenInManager, managers
from tests.simulator.launch import Simulator

CHECKS = [{"path": "/v1/users/", "status": [403]}]  # which is answered with 200


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    with managers(request.param) as found:
        yield found


@pytest.fixture
def rig(ansible: Ansible, shared: Simulator, manager: Manager, shared_administrator: dict[str, str]) -> TokenInManager:
    """An account whose credential is in a secret manager, and no vars file."""
    return TokenInManager(ansible, shared, more={"rotate_force": True}, _admin=shared_administrator, manager=manager)


def assert_no_earlier_one(rig: TokenInManager) -> None:
    """No earlier credential can be read any more, where that can be had."""
    issued = [one for one in rig.simulator.issued() if one in rig.manager.everything()]
    assert issued in ([], [rig.stored()])


def test_a_rotation_and_another_run_that_is_not_due(rig: TokenInManager) -> None:
    before = rig.seed()
    variables = rig.variables()
    run = rig.rotate(tasks=[*role(variables), *role({**variables, "rotate_force": False}, "Again")])
    done, again = rig.result(run), rig.result(run, "Again")
    assert (done["rotated"], done["old_token_id"], done["retired"]) == (True, before, True)
    assert (again["rotated"], again["token_id"]) == (False, done["token_id"])
    assert rig.assert_settled() == done["token_id"] != before
    assert_no_earlier_one(rig)


def test_a_rotation_that_fails_is_undone(rig: TokenInManager, manager: Manager) -> None:
    before = rig.seed()
    data = manager.data()
    said = failure(rig.rotate(rotate_checks=CHECKS))
    assert "was not rotated, and all is as it was before: " in said
    assert rig.assert_works() == before
    assert rig.ids() == [before]
    assert {name: value for name, value in manager.data().items() if name in data} == data
    assert not [one for one in rig.simulator.issued() if one in manager.everything() and one != data["qumulo_token"]]


def test_two_accounts_take_turns(ansible: Ansible, rsc: Simulator) -> None:
    """Secret and client id change in one version, and the account that is not stored any more keeps its secret until its next turn."""
    with managers("vault") as manager:
        rig = AlternateInManager(ansible, rsc, manager=manager, allow_left=True)
        first = rig.seed()
        done = rig.result(rig.rotate(rotate_force=True))
        assert done["rotated"] is True
        assert rig.assert_settled() == rig.other(first)
