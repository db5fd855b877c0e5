# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of AWS Secrets Manager in the simulated world; and faults of it that the simulation must find."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import aws_secretsmanager
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import CURRENT, HEAD
from tests.simulation.explored import explored
from tests.simulation.labels import Plain

CASE = "access_token/labels"
UNPROVED = f"{CASE}, new ones do not work"


@pytest.mark.parametrize(("case", "how", "number"), [(CASE, "pairs", 80), (UNPROVED, "turns", 40)])
def test_what_consumers_read_works_at_every_instant(case: str, how: str, number: int) -> None:
    # A part of what `make test-simulation` plays.
    explorer = explored(case, how, number)
    assert [f"{one.schedule.script()}\n    {one.broken[0]}" for one in explorer.failures] == []
    assert sum(explorer.counts.values()) == number


def _stored_is_settled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(aws_secretsmanager, "_SETTLED", (states.CURRENT, states.UNDOING, states.STORED))


def _nothing_is_compared(patch: pytest.MonkeyPatch) -> None:
    real = Plain.move

    def move(client: Plain, label: str, to: str, away_from: str) -> None:
        real(client, label, to, client.world.labels.get(label, "") if label in (CURRENT, HEAD) else away_from)

    patch.setattr(Plain, "move", move)


@pytest.mark.parametrize(
    ("plant", "case", "how", "number", "found_as"),
    [
        (_stored_is_settled, UNPROVED, "singles", 30, "let consumers read a credential that was not proved"),
        (_nothing_is_compared, CASE, "turns", 150, "which consumers read"),
    ],
)
def test_a_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], case: str, how: str, number: int, found_as: str
) -> None:
    plant(monkeypatch)
    explorer = explored(case, how, number)
    assert any(found_as in words for one in explorer.failures for words in one.broken)
