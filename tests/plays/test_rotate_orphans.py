# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and tokens that no vars file knows, and the two tokens that the platform allows an account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._role_rig import failure
from tests.simulator.launch import Simulator, launch

DAY = 86400


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


@pytest.mark.parametrize("due", [True, False], ids=["due", "not-due"])
def test_an_orphan_stops_the_run(rig: Rig, due: bool) -> None:
    rig.seed()
    orphan, _unused = rig.mint()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=due))
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


def test_two_orphans_and_nothing_stored(rig: Rig) -> None:
    rig.seed(stored=False)
    orphans = [rig.mint()[0], rig.mint()[0]]
    with rig.nothing_changes():
        said = failure(rig.rotate())
        assert "The account has 2 live tokens that this vars file does not know: " in said
        assert all(one in said for one in orphans)
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_orphans="ignore"))
        assert all(one in said for one in orphans)
        assert "allows 2" in said
    assert rig.result(rig.rotate(rotate_orphans="revoke"))["rotated"] is True
    rig.assert_settled()


def _disable(rig: Rig, token_id: str) -> None:
    assert rig.call("PATCH", TOKENS + token_id, {"enabled": False})[0] == 200


def test_a_token_that_is_switched_off_is_no_orphan_but_holds_a_place(rig: Rig) -> None:
    rig.seed()
    off, _unused = rig.mint()
    _disable(rig, off)
    with rig.nothing_changes():
        assert rig.result(rig.rotate())["rotated"] is False
        said = failure(rig.rotate(rotate_force=True))
    assert "the account has 2 tokens already, and the platform allows 2: " in said
    assert off in said
    assert "Revoke one that is not in use" in said
    # and goes where orphans are to be revoked, once a new one needs its place
    with rig.nothing_changes():
        assert rig.result(rig.rotate(rotate_orphans="revoke"))["rotated"] is False
    assert rig.result(rig.rotate(rotate_force=True, rotate_orphans="revoke"))["rotated"] is True
    assert rig.ids(everything=True) == [rig.assert_settled()]


def test_a_revoke_that_fails_changes_nothing_else(rig: Rig) -> None:
    rig.seed()
    rig.mint()
    rig.simulator.fault(f"DELETE:^{TOKENS}:403:1")
    ids, before, minted = rig.ids(), rig.path.read_bytes(), rig.minted()
    said = failure(rig.rotate(rotate_orphans="revoke", rotate_force=True))
    assert "HTTP 403" in said
    assert (rig.ids(), rig.path.read_bytes(), rig.minted()) == (ids, before, minted)


@pytest.fixture
def silent(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cluster that does not tell the id of the token in use."""
    with launch("qumulo", settings={"whoami_token_id": "absent"}, directory=tmp_path_factory.mktemp("qumulo")) as simulator:
        yield simulator


def test_the_platform_does_not_tell_which_token_is_stored(ansible: Ansible, silent: Simulator) -> None:
    rig = Rig(ansible, silent)
    rig.seed()
    other, _unused = rig.mint()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, rotate_orphans="revoke"))
    assert "The stored credential works, but the platform does not tell its id, and the account has several tokens: " in said
    assert other in said
    assert rig.call("DELETE", TOKENS + other)[0] == 200
    result = rig.result(rig.rotate(rotate_force=True))
    assert rig.ids() == [result["token_id"]]
    # The state tells now which one it is, but somebody may have put another one into the file: nothing is revoked by its word alone.
    other, _unused = rig.mint()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, rotate_orphans="revoke"))
    assert "The platform does not tell which token the stored credential is, so none is revoked as an orphan." in said
    assert other in said
    assert rig.call("DELETE", TOKENS + other)[0] == 200
    result = rig.result(rig.rotate(rotate_force=True))
    assert rig.ids() == [result["token_id"]]
    value = rig.who_is(rig.stored())
    assert value is not None
    assert value["name"] == "svc-ansible"
