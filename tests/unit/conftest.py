# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make `import tests...` work under ansible-test too, which does not read pyproject.toml; and keep tests apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import forget_all

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)


@pytest.fixture(autouse=True)
def no_secrets_of_another_test() -> None:
    forget_all()
