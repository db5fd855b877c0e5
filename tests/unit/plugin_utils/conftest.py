# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hypothesis profile of these tests, and how many vars files they edited."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

from tests.unit.examples import examples

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("vars", max_examples=examples(100), deadline=None, suppress_health_check=_SLOW)
settings.load_profile("vars")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many edits of generated vars files were made."""
    passed = terminalreporter.stats.get("passed", [])
    counts = [value for report in passed if report.when == "call" for name, value in report.user_properties if name == "vars file edits"]
    if counts:
        terminalreporter.write_line(f"Vars files were edited, and everything around the value kept, in {sum(counts):,} generated cases.")
