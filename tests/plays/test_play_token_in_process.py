# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the run's ledger and an appliance make of a play token together, in one process: renewal, a token that died, full accounts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._operations import play_token as operation
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import mint, revoke
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import broker, ledger
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.revoke import revoke_tokens
from tests.plays._cases import done
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays.test_play_token_interrupted import MINTS, live
from tests.plays.test_play_token_unconfirmed import options_for

PLATFORMS = ("qumulo", "rubrik_cdm", "rubrik_rsc")


@dataclass
class Run:
    """A run of Ansible with its ledger, which nothing watches, on a controller whose clock can be moved."""

    monkeypatch: pytest.MonkeyPatch
    directory: Path

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(broker, "ledger_path", lambda: str(self.directory / "ledger"))
        self.monkeypatch.setattr(broker, "run_key", lambda: bytes(32))
        self.monkeypatch.setattr(broker, "watch", lambda *_unused: None)

    def ask(self, simulator: InProcess, refresh: bool = False, **options: Any) -> str:
        """Use the run's token."""
        return broker.play_token(broker.TokenRequest(options_for(simulator) | options, None, 300, refresh, "run"), self.warn)

    def warn(self, words: str) -> None:
        pytest.fail(words)

    def move_clocks(self, simulator: InProcess, seconds: float) -> None:
        simulator.advance(seconds)
        for module in (ledger, broker):
            self.monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: time.time() + seconds))
        self.monkeypatch.setattr(operation, "utc_now", lambda: utc_now() + timedelta(seconds=seconds))

    def end(self) -> None:
        with broker.open_ledger() as opened:
            assert revoke_tokens(opened, for_good=True) == []


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return Run(monkeypatch, tmp_path)


def mints(simulator: InProcess) -> int:
    return sum((one["method"], one["path"]) == ("POST", MINTS[simulator.platform]) for one in simulator.journal())


@pytest.mark.parametrize(("platform", "life"), [("qumulo", 3600), ("rubrik_cdm", 24 * 3600)])
def test_renewed_before_it_expires(appliance: Start, run: Run, platform: str, life: int) -> None:
    """The first one stays until the end, since a task may be using it."""
    simulator = appliance(platform)
    before = live(simulator)
    first = run.ask(simulator)
    run.move_clocks(simulator, life - 200)
    second = run.ask(simulator)
    assert (run.ask(simulator), second != first, len(live(simulator) - before)) == (second, True, 2)
    run.end()
    assert (live(simulator), mints(simulator)) == (before, 2)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_dead_token_is_replaced_once(appliance: Start, run: Run, platform: str) -> None:
    """It is ended behind our back; all tasks that it was refused for get the same new one, which is asked for by no other way either."""
    simulator = appliance(platform)
    before = live(simulator)
    first = run.ask(simulator)
    assert broker.replacement(first, run.warn) is None, "it is alive, so another one would be refused, too"
    done(simulator, "session_revoke", token=first, target="self")
    second = broker.replacement(first, run.warn)
    assert second not in (None, first)
    assert [broker.replacement(first, run.warn), run.ask(simulator, refresh=True), run.ask(simulator)] == [second] * 3
    done(simulator, "session_revoke", token=second, target="self")
    third = run.ask(simulator, refresh=True)
    assert [run.ask(simulator, refresh=True), run.ask(simulator)] == [third] * 2
    run.end()
    assert (live(simulator), mints(simulator)) == (before, 3)


@pytest.mark.parametrize(
    ("platform", "places", "words"),
    [
        ("rubrik_cdm", 10, r"The account has 10 sessions: .*latchkey\.tokens\.session_revoke"),
        ("qumulo", 2, "The account has 2 access tokens already, and the platform allows 2: "),
    ],
)
def test_what_takes_the_places_of_a_full_account_is_named(appliance: Start, platform: str, places: int, words: str) -> None:
    simulator = appliance(platform)
    taken: list[Any] = []
    for _unused in range(places):
        taken.append(mint(options_for(simulator), {}, taken))
    with pytest.raises(LatchkeyError, match=words):
        mint(options_for(simulator), {}, taken)


def test_a_session_of_qumulo(appliance: Start) -> None:
    """For a user who has two access tokens already: a session, which cannot be ended."""
    simulator = appliance("qumulo")
    before = live(simulator)
    assert revoke(mint({**options_for(simulator), "qumulo_kind": "session"}, {}, [])) == []
    assert live(simulator) == before
    assert [one["path"] for one in simulator.journal() if one["method"] != "GET"] == ["/v1/session/login"]
