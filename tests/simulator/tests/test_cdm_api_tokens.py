# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated Rubrik cluster for API tokens, without a server around it."""

from __future__ import annotations

import pytest

from tests.simulator.tests._cdm_cluster import SESSION, Cluster


@pytest.mark.parametrize(("mode", "status"), [("422", 422), ("400", 400), ("500", 500), ("truncated", 200)])
def test_tag_too_long(mode: str, status: int) -> None:
    cluster = Cluster(tag_too_long=mode, tag_limit="5")
    assert cluster.call("POST", SESSION, {"initParams": {"apiToken": {"tag": "123456"}}})[0] == status
    cluster.add_token(tag="12345")
    assert {one["tag"] for one in cluster.sessions() if one["tag"]} == {"12345"}


@pytest.mark.parametrize(("mode", "status"), [("422", 422), ("400", 400), ("clamped", 200)])
@pytest.mark.parametrize("minutes", [0, -1, 525601])
def test_expiration_out_of_range(mode: str, status: int, minutes: int) -> None:
    assert Cluster(expiration_out_of_range=mode).call("POST", SESSION, {"initParams": {"apiToken": {"expiration": minutes}}})[0] == status


def test_token_reply() -> None:
    token = Cluster(token_reply="full").add_token()
    assert set(token) == {"id", "organizationId", "token", "userId", "expirationTime", "tag"}
    assert token["tag"] == "API Token"


@pytest.mark.parametrize(("mode", "status"), [("refused", 403), ("accepted", 200)])
def test_account_makes_tokens(mode: str, status: int) -> None:
    cluster = Cluster(account_makes_tokens=mode)
    assert cluster.call("POST", SESSION, {"initParams": {"apiToken": {}}}, cluster.account_token())[0] == status
    # never a log-in, which would be let in where service accounts are not
    assert cluster.call("POST", SESSION, {"initParams": {}}, cluster.account_token())[0] == 403


def test_tags_are_not_unique() -> None:
    cluster = Cluster()
    assert len({cluster.add_token(tag="same")["id"] for _unused in range(2)}) == 2
