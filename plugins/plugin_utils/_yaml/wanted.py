# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edit is to change: values to set or remove, by where they are. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Tree

REMOVED = object()
"""As a wanted value: the key goes away."""


@dataclass
class WantedNode:
    """Wanted changes at and below one key: a value to set, or REMOVED, or steps further down."""

    value: Any = None
    below: dict[str, WantedNode] | None = None

    def tree(self) -> Tree:
        """What has to be written where nothing is yet."""
        if self.below is None:
            return self.value
        trees = {key: step.tree() for key, step in self.below.items()}
        trees = {key: tree for key, tree in trees.items() if tree is not REMOVED}
        return trees or REMOVED
