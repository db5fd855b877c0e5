# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation of each module that has one, found by what the modules' files import."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation

_MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"


def _operations() -> dict[str, Operation]:
    modules = [import_module(f"ansible_collections.latchkey.tokens.plugins.modules.{path.stem}") for path in sorted(_MODULES.glob("*.py"))]
    return {one.name: one for module in modules for one in vars(module).values() if isinstance(one, Operation)}


OPERATIONS = _operations()  # by name
