# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rotation as lines: no secret is in them, and a name that is its own password stays readable."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import remember
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.display import DisplayedSteps, shown_beside
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.interruption import Interruption

NAMES = ["admin", "c1"]


@pytest.fixture
def registered(monkeypatch) -> list[str]:
    """What ansible-core 2.22 is told to mask."""
    told: list[str] = []
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", True)
    monkeypatch.setattr(hidden, "register_secrets", told.extend, raising=False)
    return told


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def steps(shown) -> DisplayedSteps:
    return DisplayedSteps("h", shown.append, True, Interruption(), NAMES)


def test_a_secret_is_registered_once_and_masked(steps, registered, shown):
    steps.hide("canary-secret", "", "abc")
    steps.hide("canary-secret")
    steps.line("abc: canary-secret")
    steps.warn("canary-secret is old.")
    assert registered == ["canary-secret"]
    assert shown == ["[h] abc: ********"]
    assert steps.warnings == ["******** is old."]


def test_a_name_that_is_its_own_password_is_neither(steps, registered, shown):
    steps.hide("admin")
    remember("admin")  # as what sends requests does
    steps.line("admin on c1: token 1 was replaced")
    steps.warn("The rotation of token of admin on c1 is never due.")
    assert registered == []
    assert shown == ["[h] admin on c1: token 1 was replaced"]
    assert steps.warnings == ["The rotation of token of admin on c1 is never due."]
    assert steps.secrets == ["admin"]  # a failure, which may quote a server, does not show it


def test_a_step_that_fails_is_shown_and_kept(steps, shown):
    with pytest.raises(ValueError, match="x"), steps.step("Read the vars file"):
        raise ValueError("x")
    assert [(one["name"], one["outcome"]) for one in steps.steps] == [("Read the vars file", "failed")]
    assert shown[0].startswith("[h] Read the vars file: FAILED (")


@pytest.mark.parametrize(
    ("output", "how"),
    [
        ("ansible.posix.json", {"stderr": True}),
        ("json", {"stderr": True}),
        ("ansible.posix.jsonl", {"stderr": True}),
        ("default", {}),
        ("awx_display", {}),
        ("latchkey.tokens.progress", {}),
    ],
)
def test_where_a_program_reads_the_output_lines_are_on_standard_error(output, how):
    shown = []
    shown_beside(output, lambda text, **options: shown.append((text, options)))("a line")
    assert shown == [("a line", how)]
