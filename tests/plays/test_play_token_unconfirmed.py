# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no public source tells: a play token is made, asked about and revoked whichever way an appliance turns out to behave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import Grant, is_alive, mint, mint_like, revoke
from tests.plays import test_rubrik_unconfirmed, test_unconfirmed
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import administrator, client, where

CHOICES = [("qumulo", name, choice) for name, choices in test_unconfirmed.CHOICES.items() for choice in choices]
CHOICES += [(platform, *one) for platform in ("rubrik_cdm", "rubrik_rsc") for one in test_rubrik_unconfirmed.choices_of(platform)]
# Nobody can log in there.
NOBODY = {("rubrik_rsc", *one) for one in test_rubrik_unconfirmed.NOBODY}
NOBODY |= {("qumulo", "require_sso", "yes"), ("rubrik_rsc", "service_account_role", "none")}
# The appliance keeps the token alive for a while, or for good.
STAYS = {("rubrik_rsc", "revocation_seconds", "30"), ("rubrik_cdm", "nonadmin_logout", "refused")}


def options_for(simulator: InProcess) -> dict[str, Any]:
    """Return the lookup's options."""
    return {**where(simulator), **(administrator(simulator) if simulator.platform == "qumulo" else client(simulator))}


@pytest.mark.parametrize(("platform", "setting", "choice"), [one for one in CHOICES if one not in NOBODY], ids=lambda value: value)
def test_life_of_a_play_token(appliance: Start, platform: str, setting: str, choice: str) -> None:
    simulator = appliance(platform, **{setting: choice})
    grant = mint(options_for(simulator), {}, [])
    # As whoever revokes it gets it: through JSON.
    grant = Grant.from_data(json.loads(json.dumps(grant.as_data())))
    assert is_alive(grant)
    assert grant.good_for is None or 200 < grant.good_for < 24 * 3600 + 60
    words = revoke(grant)
    if (platform, setting, choice) in STAYS:
        assert bool(words) is (platform == "rubrik_cdm")
        return
    assert words == []
    assert not is_alive(grant)
    revoke(grant)
    another = mint_like(grant)
    assert is_alive(another)
    assert another.minted.secret != grant.minted.secret
    revoke(another)


@pytest.mark.parametrize("choice", ["accepted", "refused"])
def test_a_token_that_may_not_delete_itself_is_deleted_by_its_user(appliance: Start, choice: str) -> None:
    simulator = appliance("qumulo", self_change=choice)
    grant = mint(options_for(simulator), {}, [])
    start = len(simulator.journal())
    assert revoke(grant) == []
    ended = [one["auth"] for one in simulator.journal()[start:] if one["method"] == "DELETE" and one["status"] < 300]
    assert ended == (["access_token"] if choice == "accepted" else ["session"])


@pytest.mark.parametrize("dead", ["401", "403"])
def test_an_expired_token_gives_its_place_back(appliance: Start, dead: str) -> None:
    """Vendor docs: at most two access tokens per user, expired ones included."""
    simulator = appliance("qumulo", dead_token_status=dead)
    grant = mint({**options_for(simulator), "expires_in": "1m"}, {}, [])
    simulator.advance(120)
    assert not is_alive(grant)
    assert revoke(grant) == []
    assert [one["id"] for one in simulator.credentials(everything=True) if one["id"] == grant.minted.credential.id] == []


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
def test_an_appliance_that_does_not_answer(appliance: Start, platform: str) -> None:
    """The failure says that the token may be alive, and holds no secret."""
    simulator = appliance(platform)
    grant = mint(options_for(simulator), {}, [])
    simulator.fault("DELETE:.*:503")
    with pytest.raises(LatchkeyError, match="HTTP 503") as failure:
        revoke(grant)
    assert grant.minted.secret not in str(failure.value)
    assert grant.minted.secret not in repr(grant)


def test_a_mint_is_sent_once(appliance: Start) -> None:
    for platform in ("qumulo", "rubrik_cdm", "rubrik_rsc"):
        simulator = appliance(platform)
        path = {"qumulo": "/v1/auth/access-tokens/", "rubrik_cdm": "/api/v1/service_account/session", "rubrik_rsc": "/api/client_token"}
        simulator.fault(f"POST:{path[platform]}:503")
        with pytest.raises(LatchkeyError, match="503"):
            mint(options_for(simulator), {}, [])
        assert len([one for one in simulator.journal() if (one["method"], one["path"]) == ("POST", path[platform])]) == 1
