# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and tokens that no vars file knows, and the two tokens that the platform allows an account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure
from tests.simulator.launch import Simulator


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


def test_an_orphan_stops_the_run(rig: Rig) -> None:
    rig.seed()
    orphan, _unused = rig.mint()
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert said.startswith(
        f"local:svc-ansible on {rig.simulator.url}: The account has 1 live token that this vars file does not know: {orphan}, created 20"
    )
    assert "revoke it with latchkey.tokens.session_revoke, or set rotate_orphans to revoke or ignore." in said
    assert said.endswith("Nothing was rotated.")


@pytest.mark.parametrize("due", [True, False], ids=["due", "not-due"])
def test_an_orphan_is_revoked_where_that_is_wanted(rig: Rig, due: bool) -> None:
    old = rig.seed()
    orphan, secret = rig.mint()
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_orphans="revoke", rotate_force=due)
        assert f"revoke access token {orphan}, which no store knows" in rig.would(run)
    with rig.rest_untouched():
        result = rig.result(rig.rotate(rotate_orphans="revoke", rotate_force=due))
    assert result["rotated"] is due
    assert (rig.assert_settled() == old) is not due
    assert rig.who_is(secret) is None
    rig.assert_unchanged(rotate_orphans="revoke")


def test_an_orphan_is_left_alone_where_that_is_wanted(rig: Rig) -> None:
    old = rig.seed()
    orphan, _unused = rig.mint()
    ignore: dict[str, Any] = {"rotate_orphans": "ignore"}
    with rig.nothing_changes():
        run = rig.rotate(**ignore)
        assert rig.result(run)["rotated"] is False
        assert f"Token {orphan} of the account is live and no store knows it." in " ".join(run.output.split())
    # it holds the place that a new one needs: found out before anything is made
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, **ignore))
    assert "The rotation is due (it was asked for), but the account has 2 tokens already, and the platform allows 2: " in said
    assert old in said
    assert orphan in said
