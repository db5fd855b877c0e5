# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis profiles for these tests: HYPOTHESIS_PROFILE=thorough runs 10,000 examples of each property, ansible-test few."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

from tests.unit.plugin_utils.vars_documents import QUICK

_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}
settings.register_profile("vars_default", max_examples=300, **_COMMON)
settings.register_profile("thorough", max_examples=10_000, **_COMMON)
settings.register_profile("quick", max_examples=10, **_COMMON)
settings.load_profile("quick" if QUICK else "thorough" if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else "vars_default")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many edits of generated vars files were made."""
    passed = terminalreporter.stats.get("passed", [])
    counts = [value for report in passed if report.when == "call" for name, value in report.user_properties if name == "vars file edits"]
    if counts:
        terminalreporter.write_line(f"Vars files were edited, and everything around the value kept, in {sum(counts):,} generated cases.")
