# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-step verification of the simulated Rubrik cluster, without a server around it."""

from __future__ import annotations

import time

import pytest

from tests.simulator._settings import SettingError
from tests.simulator.rubrik_cdm._tokens import STEP_SECONDS, new_totp_secret, totp
from tests.simulator.tests._cdm_cluster import ME, SESSION, UNKNOWN_ID, Cluster, answer_challenge, challenge, refused


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037"), (20000000000, "353130")])
def test_codes_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", seconds // STEP_SECONDS) == code


@pytest.mark.parametrize("status", [200, 401, 403])
def test_challenge_status(status: int) -> None:
    answer = challenge(Cluster(totp="on", challenge_status=str(status)))
    assert (answer[0], set(answer[1])) == (status, {"mfaResponse"})


def test_challenge_session() -> None:
    answer = challenge(Cluster(totp="on", challenge_session="tokenless"))[1]
    assert "token" not in answer["session"]
    assert answer["mfaResponse"]["attemptId"]


@pytest.mark.parametrize("choice", ["401_text", "422", "challenge"])
def test_wrong_code(choice: str) -> None:
    cluster = Cluster(totp="on", wrong_code=choice)
    for answer in (
        answer_challenge(cluster, "000000x"),
        answer_challenge(cluster, steps=3),
        answer_challenge(cluster, attemptId=UNKNOWN_ID),
    ):
        assert "mfaResponse" in answer[1] if choice == "challenge" else refused(answer, choice)
    assert answer_challenge(cluster, challengeId="rsa")[0] == 400
    assert answer_challenge(cluster)[0] == 200


@pytest.mark.parametrize(("mode", "statuses"), [("accepted", [200, 200]), ("refused", [200, 401])])
def test_code_reuse(mode: str, statuses: list[int]) -> None:
    cluster = Cluster(totp="on", code_reuse=mode)
    code = totp(cluster.me["totp_secret"], int(time.time() // STEP_SECONDS))
    assert [answer_challenge(cluster, code)[0] for _unused in statuses] == statuses


def test_totp_window() -> None:
    cluster = Cluster(totp="on", totp_window="4")
    assert [answer_challenge(cluster, steps=steps)[0] for steps in (-3, 3)] == [200, 200]


def test_attempts_end() -> None:
    cluster = Cluster(totp="on")
    attempt = challenge(cluster)[1]["mfaResponse"]["attemptId"]
    cluster.clock.advance(301)
    assert answer_challenge(cluster, attemptId=attempt)[0] == 401


def test_api_token_with_a_code() -> None:
    secret = new_totp_secret()
    cluster = Cluster(totp="on", totp_secret=secret)
    assert cluster.me["totp_secret"] == secret
    params = {"attemptId": challenge(cluster)[1]["mfaResponse"]["attemptId"], "challengeId": "rubrik-totp-auth"}
    params["credValue"] = totp(secret, int(time.time() // STEP_SECONDS))
    body = {"initParams": {"apiToken": {"tag": "x"}}, "mfaParams": params}
    status, answer = cluster.call("POST", SESSION, body, cluster.basic())
    assert status == 200
    assert cluster.call("GET", ME, token=answer["session"]["token"])[0] == 200


def test_totp_needs_5_3() -> None:
    assert "totp_secret" not in Cluster("5.2.0", totp="on").me
    with pytest.raises(SettingError, match="Base32"):
        Cluster(totp="on", totp_secret="!")
