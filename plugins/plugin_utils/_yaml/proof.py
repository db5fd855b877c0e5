# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an edited document is the old one with the wanted changes, and no other. Private to this collection."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import equal_nodes, is_empty_null, is_key, is_null, same, tree_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.wanted import REMOVED, WantedNode


def agrees(old: Any, new: Any, wanted: WantedNode, seen: set[tuple[int, int]]) -> bool:
    """Whether a document is what it was but for the wanted changes, and has those."""
    if wanted.below is None:
        return wanted.value is not REMOVED and same(tree_of(new), wanted.value)
    if old is None or is_null(old) or (isinstance(old, yaml.MappingNode) and not old.value):
        if wanted.tree() is REMOVED:
            return equal_nodes(old, new, seen)
        return new is not None and same(tree_of(new), wanted.tree())
    if isinstance(old, yaml.SequenceNode):
        if not isinstance(new, yaml.SequenceNode) or len(old.value) != len(new.value) or old.tag != new.tag:
            return False
        pairs = zip(old.value, new.value, strict=True)
        steps = wanted.below
        return all(agrees(a, b, steps[str(n)], seen) if str(n) in steps else equal_nodes(a, b, seen) for n, (a, b) in enumerate(pairs))
    if not isinstance(old, yaml.MappingNode):
        return wanted.tree() is REMOVED and equal_nodes(old, new, seen)
    after = new.value if isinstance(new, yaml.MappingNode) and new.tag == old.tag else []
    below = wanted.below
    others = [(key, value) for key, value in old.value if key.value not in below]
    kept = [(key, value) for key, value in after if key.value not in below]
    if len(others) != len(kept):
        return False
    if not all(equal_nodes(a, b, seen) for one, two in zip(others, kept, strict=True) for a, b in zip(one, two, strict=True)):
        return False
    if not after:
        # The last key is gone: an empty document, or {} inside one.
        empty = new is None or is_empty_null(new) or (isinstance(new, yaml.MappingNode) and not new.value)
        return empty and wanted.tree() is REMOVED and not others
    tags = {key.value: key.tag for key, _value in old.value if isinstance(key, yaml.ScalarNode)}
    for segment, step in below.items():
        before = next((value for key, value in old.value if key.value == segment), None)
        entry = next((item for item in after if item[0].value == segment), None)
        if step.tree() is REMOVED and (step.below is None or before is None):
            if entry is not None:
                return False
        elif entry is None or not is_key(entry[0], segment) or entry[0].tag != tags.get(segment, entry[0].tag):
            return False
        elif before is None:
            if not same(tree_of(entry[1]), step.tree()):
                return False
        elif not agrees(before, entry[1], step, seen):
            return False
    return True
