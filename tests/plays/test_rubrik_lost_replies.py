# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server acted and its reply was lost: nothing is sent twice, and the error says what was found and what nobody knows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.plays._cases import TOLD_ONCE, checked_message, do, done, live, refused, request_of
from tests.plays._in_process_simulator import InProcess, Start, secrets_in
from tests.plays._options import administrator, client

CREATE = {"rubrik_cdm": "POST /api/v1/service_account$", "rubrik_rsc": "createServiceAccount$"}
ROTATE = {"rubrik_cdm": "/rotate$", "rubrik_rsc": "rotateServiceAccountSecret$"}
MINT = {"rubrik_cdm": "POST /api/v1/service_account/session$", "rubrik_rsc": "POST /api/client_token$"}
BOTH = pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])


def lose(simulator: InProcess, request: str, module: str, **options: Any) -> str:
    """Do something while replies to such requests are lost; return the failure's message, after checking that it was sent once.

    Args:
        simulator: the appliance, which does what is asked of it.
        request: regular expression for what is lost, as request_of returns it.
        module, options: what is done.
    """
    start = len(simulator.journal())
    simulator.loses = lambda entry: bool(re.search(request, request_of(entry)))
    result = do(simulator, module, **options)
    simulator.loses = lambda _entry: False
    assert result["failed"] is True, result
    assert len([one for one in simulator.journal()[start:] if re.search(request, request_of(one))]) == 1
    assert not set(TOLD_ONCE) & set(result)
    assert not any(secret in str(result) for secret in secrets_in(simulator.data()))
    message = checked_message(result["msg"])
    assert "took effect is not known, so it was not sent again" in message
    return message


def ids_of(simulator: InProcess, name: str) -> list[str]:
    """Return the ids of the accounts of a name."""
    return [one["account_id"] for one in done(simulator, "service_account_info", name=name)["service_accounts"]]


@BOTH
def test_an_account_that_was_made(appliance: Start, platform: str) -> None:
    """It is looked for, and named with both ways to go on."""
    simulator = appliance(platform)
    message = lose(simulator, CREATE[platform], "service_account", name="svc-one")
    [made] = ids_of(simulator, "svc-one")
    assert f"An account named 'svc-one' is there now (id {made}), and was not before. Its secret is lost:" in message
    assert "run again with rotate_secret=true to get one, or with state=absent to delete it." in message
    again = done(simulator, "service_account", name="svc-one", rotate_secret=True)
    assert again["account_id"] == made
    assert "client_secret" in again
    assert ids_of(simulator, "svc-one") == [made]


@BOTH
def test_an_account_that_cannot_be_looked_for(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    seen: list[str] = []

    def from_then_on(entry: dict[str, Any]) -> bool:
        seen.append(request_of(entry))
        return any(re.search(CREATE[platform], one) for one in seen)

    simulator.loses = from_then_on
    result = do(simulator, "service_account", name="svc-one")
    simulator.loses = lambda _entry: False
    assert "Whether the account 'svc-one' was created is not known. Look before you run again." in result["msg"]
    assert len(ids_of(simulator, "svc-one")) == 1


def test_an_account_that_was_not_made(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm")
    cdm.fault("POST:/api/v1/service_account$:close")
    message = refused(cdm, "service_account", name="svc-one")
    assert "The account 'svc-one' is not there yet; the request may still be served. Look again before you run again." in message
    cdm.clear_faults()
    assert done(cdm, "service_account", name="svc-one")["changed"] is True


@BOTH
def test_a_rotation(appliance: Start, platform: str) -> None:
    """Nobody can tell what became of the secret, and the message says how to find out."""
    simulator = appliance(platform)
    me = client(simulator)
    message = lose(simulator, ROTATE[platform], "service_account", name="svc-ansible", rotate_secret=True)
    assert "has a new secret is not known, and if it has, it is lost: the old one may be dead." in message
    assert "Check the old one with access_check; if it is refused, rotate once more, as another account." in message
    assert do(simulator, "access_check", **me)["failed"]
    me["client_secret"] = done(simulator, "service_account", name="svc-ansible", rotate_secret=True)["client_secret"]
    assert done(simulator, "access_check", **me)["account"] == "svc-ansible"


@BOTH
def test_a_session(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    kind = {"rubrik_cdm": "service_account", "rubrik_rsc": "session"}[platform]
    message = lose(simulator, MINT[platform], "access_token", **client(simulator))
    assert {"rubrik_cdm": "one of a service account takes one of its ten slots", "rubrik_rsc": "it is lost"}[platform] in message
    assert re.search("ends by itself after (at most )?24 hours", message)
    assert len(live(simulator, kind)) == 1
    assert done(simulator, "access_token", **client(simulator))["changed"] is True


def test_an_api_token(appliance: Start) -> None:
    """The token that nobody has the secret of is named by its id, and revoked with it."""
    cdm = appliance("rubrik_cdm")
    login = done(cdm, "access_token", **administrator(cdm))["token"]
    kept = done(cdm, "api_token", tag="nightly", token=login)["token_id"]
    message = lose(cdm, "POST /api/internal/session$", "api_token", tag="nightly", additional=True, token=login)
    [made] = [one for one in live(cdm, "api_token") if one != kept]
    assert f"A token was created all the same, {made}, and its secret is lost: revoke it with state=absent and token_ids." in message
    assert done(cdm, "api_token", state="absent", token_ids=[made], token=login)["revoked"] == [made]
    assert live(cdm, "api_token") == [kept]
    cdm.fault("POST:/api/internal/session$:close")
    assert "with the tag 'nightly' is not there yet; the request may still be served. Look again" in refused(
        cdm, "api_token", tag="nightly", additional=True, token=login
    )


@BOTH
def test_a_busy_appliance_is_not_asked_twice(appliance: Start, platform: str) -> None:
    """What may have been done is not repeated, not even after an answer that says to come again."""
    simulator = appliance(platform)
    path = {"rubrik_cdm": "POST:/rotate$", "rubrik_rsc": "POST:/api/client_token$"}[platform]
    simulator.fault(f"{path}:503")
    start = len(simulator.journal())
    message = refused(simulator, "service_account", name="svc-ansible", rotate_secret=True)
    assert len([one for one in simulator.journal()[start:] if one.get("fault")]) == 1
    assert "run again later" in message
