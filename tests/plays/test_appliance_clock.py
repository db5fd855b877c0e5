# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ages and ends are those of the appliance's clock, wherever this machine's stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_token import ACCESS_TOKEN
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.api_token import API_TOKEN
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation, execute
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import is_alive, mint
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.session_revoke import SESSION_REVOKE
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import administrator, client, shared_options, where

BEHIND, AHEAD = -7200, 3600


def run(simulator: InProcess, operation: Operation, **options: Any) -> dict[str, Any]:
    """Run a task as the appliance's administrator."""
    unset = dict.fromkeys(operation.full_argument_spec())
    result = execute(operation, {**unset, **shared_options(simulator), **options}, False)
    assert not result.get("failed"), result
    return result


def live(simulator: InProcess, kind: str) -> set[str]:
    return {one["id"] for one in simulator.credentials() if one["kind"] == kind}


@pytest.mark.parametrize("clock", [BEHIND, AHEAD])
def test_what_is_young_is_not_old(appliance: Start, clock: float) -> None:
    simulator = appliance("qumulo")
    simulator.advance(clock)
    minted = run(simulator, ACCESS_TOKEN, state="present", expires_in="1d", additional=True)
    revoke = {"target": "account", "account": "local:admin"}
    assert run(simulator, SESSION_REVOKE, **revoke, older_than="30m")["revoked"] == []
    simulator.advance(1900)
    assert run(simulator, SESSION_REVOKE, **revoke, older_than="30m")["revoked"] == [minted["token_id"]]


def test_a_log_in_that_idles_out_soon_is_not_old(appliance: Start) -> None:
    """What is left of it says nothing of its age: the session of a user ends 30 minutes after its last use."""
    simulator = appliance("rubrik_cdm")
    simulator.advance(AHEAD)
    mint({**where(simulator), **administrator(simulator)}, {}, [])
    before = live(simulator, "session")
    revoke = {"target": "account", "account": simulator.admin["username"]}
    assert before
    assert run(simulator, SESSION_REVOKE, **revoke, older_than="12h")["revoked"] == []
    assert live(simulator, "session") == before


def test_an_age_that_is_not_told(appliance: Start) -> None:
    simulator = appliance("rubrik_cdm", list_keys="minimal")
    mint({**where(simulator), **client(simulator)}, {}, [])
    result = run(simulator, SESSION_REVOKE, target="account", account=client(simulator)["client_id"], older_than="0")
    assert result["revoked"] == []
    assert "does not tell how old some of them are" in result["warnings"][0]


@pytest.mark.parametrize("clock", [BEHIND, 0, AHEAD, 86400])
def test_a_play_token_lives_as_long_as_was_asked(appliance: Start, clock: float) -> None:
    simulator = appliance("qumulo")
    simulator.advance(clock)
    grant = mint({**where(simulator), **administrator(simulator), "expires_in": "1h"}, {}, [])
    assert abs((grant.good_for or 0) - 3600) < 10
    assert abs(grant.ahead - clock) < 10
    assert is_alive(grant)
    simulator.advance(3500)
    assert is_alive(grant)


@pytest.mark.parametrize(("platform", "clock"), [("rubrik_cdm", AHEAD), ("rubrik_rsc", AHEAD)])
def test_how_long_a_session_is_good(appliance: Start, platform: str, clock: float) -> None:
    simulator = appliance(platform)
    usual = mint({**where(simulator), **client(simulator)}, {}, []).good_for
    simulator.advance(clock)
    good_for = mint({**where(simulator), **client(simulator)}, {}, []).good_for
    assert abs((usual or 0) - (good_for or 0)) < 10


@pytest.mark.parametrize("reply", ["minimal", "full"])
def test_the_end_of_an_api_token(appliance: Start, reply: str) -> None:
    simulator = appliance("rubrik_cdm", token_reply=reply)
    simulator.advance(AHEAD)
    minted = run(simulator, API_TOKEN, state="present", tag="backup", expires_in="2h")
    expected = utc_now() + timedelta(seconds=AHEAD, hours=2)
    assert abs(datetime.fromisoformat(minted["expires_at"].replace("Z", "+00:00")) - expected) < timedelta(seconds=90)
    assert abs(minted["expires_in"] - 7200) < 90
