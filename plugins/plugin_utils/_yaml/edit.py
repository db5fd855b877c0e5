# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one YAML document to another: goes through what is to change, refuses what is not safe to edit, and has the rest written.

What comes out is not yet proved right: the document does that. Private to this collection.
"""

from __future__ import annotations

import re

import yaml

from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.changes import Changes
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.layout import Layouts
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.lines import Lines
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import is_index, is_null, merged_has
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path, Tree
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.source import Source
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.spans import Spans, ValueSpan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.splices import Splices
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.wanted import REMOVED, WantedNode

_COLON = re.compile(r"[ \t]*:")


class Editor:
    """One edit of a document.

    Args:
        source: the document.
        wanted: what is to change.
    """

    def __init__(self, source: Source, wanted: WantedNode) -> None:
        self._source = source
        self._wanted = wanted
        self._refuse = source.refuse
        self._exact = source.exact()
        lines = Lines(source.text)
        self._spans = Spans(lines, self._exact.aliases, source.refuse)
        self._splices = Splices(lines, source.refuse((), None, "the changes overlap"))
        layouts = Layouts(lines, self._spans, self._exact.root, wanted)
        self._changes = Changes(lines, self._spans, layouts, self._splices, source.refuse)

    def run(self) -> str:
        """Return the new text. Raises VarsFileError where a change is not safe."""
        root, wanted = self._exact.root, self._wanted
        if root is None:
            self._changes.first_keys(wanted.tree())
        elif is_null(root) or (isinstance(root, yaml.MappingNode) and not root.value):
            self._changes.fill(root, wanted.tree())
        else:
            self._mapping(root, wanted, (), None)
        return self._splices.applied()

    # -- walking

    def _mapping(self, node: yaml.Node, wanted: WantedNode, path: Path, place: ValueSpan | None) -> None:
        """Change keys of one block mapping."""
        self._check_parent(node, path)
        self._source.check_mapping(node, path)
        if not isinstance(node, yaml.MappingNode) or wanted.below is None:
            raise self._refuse(path, node, "it is not a mapping")
        if not node.value and place is not None:
            tree = wanted.tree()
            if tree is not REMOVED:
                self._replace(place, tree)
            return
        colons = [self._key(key, node, path) for key, _value in node.value]
        known: dict[str, int] = {}
        new: dict[str, Tree] = {}
        gone: list[ValueSpan] = []
        for segment, step in wanted.below.items():
            here = (*path, segment)
            number = self._source.number_of(node, segment, here)
            if number is None:
                tree = self._creatable(step, here)
                if tree is not REMOVED:
                    new[segment] = tree
                continue
            known[segment] = number
            key, value = node.value[number]
            start, end = self._spans.of(node, key, value)
            child = ValueSpan(here, key.start_mark.column, colons[number], value, start, end)
            if step.value is REMOVED:
                self._check_target(child)
                if merged_has(node, segment):
                    problem = "a merge key (<<) holds it too, so it would still be there"
                    raise self._refuse(here, key, problem, "Remove it from what is merged.")
                gone.append(child)
            elif step.below is None:
                self._replace(child, step.value)
            else:
                self._descend(value, step, here, child)
        if len(gone) == len(node.value) and place is not None:
            # None of its keys is left: a nested mapping stays a mapping.
            self._replace(place, new)
            return
        numbers_gone = {known[child.path[-1]] for child in gone}
        for child in gone:
            number = known[child.path[-1]]
            swap = new if number == len(node.value) - 1 else {}
            above = next((at for at in range(number - 1, -1, -1) if at not in numbers_gone), None)
            self._changes.remove(node, number, child, swap, above)
            if swap:
                new = {}
        if new:
            self._changes.append(node, new)

    def _descend(self, value: yaml.Node, step: WantedNode, path: Path, place: ValueSpan) -> None:
        if place.start != value.start_mark.index:
            raise self._refuse(path, None, "it is an alias (*) of another value")
        if isinstance(value, yaml.SequenceNode):
            self._check_parent(value, path)
            for segment, below in (step.below or {}).items():
                here = (*path, segment)
                if not is_index(segment) or int(segment) >= len(value.value):
                    raise self._refuse(here, value, "the list has no such item", "Only items that are there can be changed.")
                item = value.value[int(segment)]
                start, end = self._spans.of(value, int(segment), item)
                child = ValueSpan(here, value.start_mark.column, None, item, start, end)
                if below.value is REMOVED:
                    raise self._refuse(here, item, "it is an item of a list", "Set the whole list.")
                if below.below is None:
                    self._replace(child, below.value)
                else:
                    self._descend(item, below, here, child)
        elif isinstance(value, yaml.MappingNode):
            self._mapping(value, step, path, place)
        elif step.tree() is not REMOVED:
            raise self._refuse(path, value, "it is a single value, and a mapping is needed", "Remove it or give it the value {}.")

    def _creatable(self, step: WantedNode, path: Path) -> Tree:
        tree = step.tree()
        if step.below is not None and tree is not REMOVED and any(is_index(segment) for segment in step.below):
            raise self._refuse(path, None, "items of a list that is not there cannot be set", "Set the whole list.")
        for segment, below in (step.below or {}).items():
            self._creatable(below, (*path, segment))
        return tree

    # -- checks

    def _replace(self, place: ValueSpan, tree: Tree) -> None:
        self._check_target(place)
        self._changes.replace(place, tree)

    def _check_parent(self, node: yaml.Node, path: Path) -> None:
        if not isinstance(node, yaml.CollectionNode):
            raise self._refuse(path, node, "it is not a mapping", "Its top level must be keys and values.")
        if node.flow_style and node.value:
            raise self._refuse(path, node, "it is written in flow style ({...} or [...])", "Write it in block style, one key per line.")
        for name, (anchored, _start) in self._exact.anchors.items():
            if anchored is node and any(alias == name for alias, _s, _e in self._exact.aliases.values()):
                raise self._refuse(path, node, "it has an anchor (&) that is used elsewhere", "Give each place its own value.")
        if self._source.text[node.start_mark.index] in "&!":
            raise self._refuse(path, node, "it has a tag or an anchor", "Write it without.")

    def _check_target(self, place: ValueSpan) -> None:
        """Refuse to touch what other places in the document refer to."""
        if place.start != place.node.start_mark.index:
            raise self._refuse(place.path, None, "it is an alias (*) of another value", "Give it a value of its own.")
        for name, (anchored, start) in self._exact.anchors.items():
            if anchored is place.node:
                raise self._refuse(place.path, place.node, "it has an anchor (&)", "Remove the anchor.")
            if place.start <= start < place.end and any(
                alias == name and not place.start <= at < place.end for alias, at, _end in self._exact.aliases.values()
            ):
                problem = "it holds an anchor (&) that is used elsewhere"
                raise self._refuse(place.path, place.node, problem, "Give each place its own value.")

    def _key(self, key: yaml.Node, parent: yaml.Node, path: Path) -> int:
        """The position behind the colon of a key."""
        colon = _COLON.match(self._source.text, key.end_mark.index)
        if (id(parent), id(None)) in self._exact.aliases or not isinstance(key, yaml.ScalarNode) or colon is None:
            raise self._refuse(path, key, "it has a key that is not a simple one", "Write its keys as: name: value.")
        return colon.end()
