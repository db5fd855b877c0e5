# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mint whose answer never comes: what it made is recognised and ended, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth
from ansible_collections.latchkey.tokens.plugins.module_utils._operations import unanswered
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import is_alive, mint
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.unanswered import Attempt, end_unanswered, made_by
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import administrator, client, where

MINTS = {"qumulo": "/v1/auth/access-tokens/", "rubrik_cdm": "/api/v1/service_account/session", "rubrik_rsc": "/api/client_token"}
LOG_IN = "/api/internal/session"


def options_for(simulator: InProcess, **more: Any) -> dict[str, Any]:
    """Return the lookup's options."""
    return {**where(simulator), **(administrator(simulator) if simulator.platform == "qumulo" else client(simulator)), **more}


def interrupted(simulator: InProcess, options: dict[str, Any], path: str = "") -> Attempt:
    """Mint, and lose the answer; return what was noted, as another process gets it."""
    noted: list[Attempt] = []
    path = path or MINTS[simulator.platform]
    simulator.loses = lambda entry: (entry["method"], entry["path"]) == ("POST", path)
    try:
        with pytest.raises(LatchkeyError):
            mint(options, {}, [], noted.append)
    finally:
        simulator.loses = lambda _entry: False
    (attempt,) = noted
    return Attempt.from_data(json.loads(json.dumps(attempt.as_data())))


def live(simulator: InProcess) -> set[str]:
    """Return the tokens that are alive. Sessions of Qumulo Core do not count: they cannot be ended."""
    others = ("client_secret", *(["session"] if simulator.platform == "qumulo" else []))
    return {one["id"] for one in simulator.credentials() if one["kind"] not in others}


class Clock:
    """Stands in for the module time: a pause takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.then: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(unanswered, "time", SimpleNamespace(monotonic=lambda: one.now, sleep=one.sleep))
    return one


def end(
    clock: Clock, attempts: list[Attempt], known: tuple[str, ...] = (), bearers: tuple[str, ...] = (), **how: Any
) -> unanswered.EndedAttempts:
    """Look for what these made."""
    return end_unanswered(attempts, known, bearers, pause=clock.sleep, **how)


@pytest.mark.parametrize(
    ("platform", "ahead"), [("qumulo", 0), ("qumulo", 3600), ("qumulo", -7200), ("rubrik_cdm", 0), ("rubrik_cdm", 3600)]
)
def test_it_is_found_and_ended(appliance: Start, clock: Clock, platform: str, ahead: float) -> None:
    """Whatever the appliance's clock shows."""
    simulator = appliance(platform)
    simulator.advance(ahead)
    before = live(simulator)
    attempt = interrupted(simulator, options_for(simulator))
    assert len(live(simulator) - before) == 1
    ended = end(clock, [attempt])
    assert (ended.settled, ended.words) == (True, [])
    assert live(simulator) == before


def test_a_log_in_with_a_password(appliance: Start, clock: Clock) -> None:
    simulator = appliance("rubrik_cdm")
    before = live(simulator)
    attempt = interrupted(simulator, {**where(simulator), **administrator(simulator)}, LOG_IN)
    assert end(clock, [attempt]).settled
    assert live(simulator) == before


def test_a_request_that_is_served_late(appliance: Start, clock: Clock) -> None:
    simulator = appliance("rubrik_cdm")
    before = live(simulator)
    attempt = replace(interrupted(simulator, options_for(simulator)), at=utc_now())
    (late,) = live(simulator) - before
    assert end(clock, [attempt], known=(late,), patience=10.0).settled is False  # it is not there yet
    assert 8 < clock.now <= 10
    assert end(clock, [attempt]).settled
    assert live(simulator) == before


def test_others_stay(appliance: Start, clock: Clock) -> None:
    """Those of another account, those that are in use, and those that the run knows."""
    simulator = appliance("rubrik_cdm")
    used, known = (mint(options_for(simulator), {}, []) for _unused in range(2))
    simulator.advance(2)
    assert is_alive(used)
    stranger = mint({**where(simulator), **administrator(simulator)}, {}, [])
    before = live(simulator)
    attempt = interrupted(simulator, options_for(simulator))
    assert end(clock, [attempt], known=(known.minted.credential.id,)).settled
    assert live(simulator) == before
    assert stranger.minted.credential.id in before


def test_what_cannot_be_told_apart_stays(appliance: Start, clock: Clock) -> None:
    simulator = appliance("rubrik_cdm")
    attempt = interrupted(simulator, options_for(simulator))
    mint(options_for(simulator), {}, [])
    before = live(simulator)
    ended = end(clock, [attempt])
    assert ended.settled
    assert "opened others at the same time" in ended.words[0]
    assert live(simulator) == before


def test_what_another_run_opens_meanwhile_stays(appliance: Start, clock: Clock) -> None:
    """It is used as soon as it is there, and this one's log-in never got through."""
    simulator = appliance("rubrik_cdm")
    attempt = interrupted(simulator, options_for(simulator))
    (made,) = live(simulator)
    theirs: list[Any] = []

    def use() -> None:
        if not theirs:
            theirs.append(mint(options_for(simulator), {}, []))
        simulator.advance(2)
        assert is_alive(theirs[0])

    clock.then = use
    assert end(clock, [attempt], known=(made,)).settled is False
    assert live(simulator) == {made, theirs[0].minted.credential.id}


def test_a_fleet_that_was_interrupted(appliance: Start, clock: Clock) -> None:
    simulator = appliance("rubrik_cdm")
    before = live(simulator)
    attempts = [interrupted(simulator, options_for(simulator)) for _unused in range(4)]
    assert end(clock, attempts).settled
    assert live(simulator) == before


def test_the_last_place_is_taken(appliance: Start, clock: Clock) -> None:
    """Then a session that is known is asked with."""
    simulator = appliance("rubrik_cdm", max_sessions="2")
    known = mint(options_for(simulator), {}, [])
    attempt = interrupted(simulator, options_for(simulator))
    before = live(simulator)
    refused = end(clock, [attempt], known=(known.minted.credential.id,))
    assert "stays until it ends by itself" in refused.words[0]
    assert live(simulator) == before
    assert end(clock, [attempt], (known.minted.credential.id,), (known.minted.secret,)).settled
    assert live(simulator) == {known.minted.credential.id}


@pytest.mark.parametrize(
    ("platform", "setting", "words"),
    [
        ("rubrik_rsc", {}, "Rubrik Security Cloud lists no sessions."),
        ("rubrik_cdm", {"list_keys": "minimal"}, "does not tell when each of the account's sessions was opened."),
    ],
)
def test_where_it_cannot_be_found(appliance: Start, clock: Clock, platform: str, setting: dict[str, str], words: str) -> None:
    simulator = appliance(platform, **setting)
    attempt = interrupted(simulator, options_for(simulator))
    requests = len(simulator.journal())
    ended = end(clock, [attempt])
    assert ended.settled
    assert ended.words[0].startswith(f"A token of {client(simulator)['client_id']} at {simulator.url} was being created when the run was ")
    assert ended.words[0].endswith(words)
    if platform == "rubrik_rsc":
        assert len(simulator.journal()) == requests  # no session is opened to find that out


def test_an_appliance_that_is_away_for_a_while(appliance: Start, clock: Clock) -> None:
    simulator = appliance("rubrik_cdm")
    before = live(simulator)
    attempt = interrupted(simulator, options_for(simulator))
    simulator.fault(f"POST:{MINTS['rubrik_cdm']}:503:3")
    assert end(clock, [attempt]).settled
    assert live(simulator) == before


@pytest.mark.parametrize("change", [{"endpoint": Endpoint("https://other.example.com:443")}, {"validate_certs": False}])
def test_a_bearer_goes_to_its_own_appliance_only(appliance: Start, change: dict[str, Any]) -> None:
    """A refused log-in is explained with the tokens of the run, those of the same appliance."""
    simulator = appliance("rubrik_cdm")
    grant = mint(options_for(simulator), {}, [])
    elsewhere = replace(grant, connection=replace(grant.connection, **change))
    wrong = options_for(simulator, client_secret="wrong")
    for grants, asked in (([elsewhere], False), ([elsewhere, grant], True)):
        start = len(simulator.journal())
        with pytest.raises(LatchkeyError):
            mint(wrong, {}, grants)
        assert any(one["auth"] != "none" for one in simulator.journal()[start:]) is asked


def test_how_it_is_recognised() -> None:
    at = utc_now()
    attempt = Attempt(SimpleNamespace(auth=Auth(token="canary")), at, at + timedelta(hours=1), given_up_at=at)  # type: ignore[arg-type]

    def one(created: float | None, expires: float, used: float | None = None) -> Credential:
        def instant(seconds: float | None) -> datetime | None:
            return None if seconds is None else at + timedelta(seconds=seconds)

        return Credential("1", Account("a", "a"), created_at=instant(created), expires_at=instant(expires), last_used_at=instant(used))

    for listed, found in [
        (one(1, 3600.5), True),
        (one(-4, 3600), True),
        (one(-10, 3600), False),  # an older one
        (one(20, 3600), True),  # served late
        (one(40, 3600), False),  # a later one
        (one(1, 3700), False),  # another end than was asked for
        (one(1, 3600, 1.5), True),
        (one(1, 3600, 9), False),  # somewhere it is in use
        (one(None, 3600), False),
    ]:
        assert made_by([attempt], 1, [listed], timedelta()) == ([listed] if found else [])
        ahead = timedelta(hours=1)
        assert made_by([replace(attempt, at=at - ahead, given_up_at=at - ahead)], 1, [listed], ahead) == ([listed] if found else [])
    assert made_by([attempt], 1, [one(1, 3600), one(2, 3600)], timedelta()) is None
