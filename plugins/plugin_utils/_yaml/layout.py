# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How vaulted values are laid out in a document, so that new ones look like those that are there. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

import yaml

from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.lines import Lines
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import VAULT_TAGS, child_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import VAULT_TAG, Layout, Literal, Path, Vaulted
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.spans import Spans, ValueSpan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.wanted import WantedNode

_REUSABLE_HEAD = re.compile(r"!vault(?:-encrypted)? +\|[-+]?")


class Layouts:
    """The layouts of the vaulted values of a document.

    Args:
        lines, spans, root: of the document.
        wanted: what an edit of it is to change.
    """

    def __init__(self, lines: Lines, spans: Spans, root: yaml.Node | None, wanted: WantedNode) -> None:
        self._lines = lines
        self._spans = spans
        self._root = root
        self._wanted = wanted

    def for_new(self, in_place: Mapping[Path, Literal]) -> Layout:
        """Return the layout of a vaulted leaf: as what it replaces, else as where its ciphertext was, else as others in the file.

        Args:
            in_place: the layouts of what it replaces, by path.
        """

        def layout(path: Path, value: Vaulted) -> Literal:
            return in_place.get(path) or self._moved.get(value.text) or self._default

        return layout

    def of(self, place: ValueSpan) -> dict[Path, Literal]:
        """How the vaulted literals in this value are laid out, by their path in it."""
        found: dict[Path, Literal] = {}
        todo: list[tuple[Path, int, yaml.Node]] = [((), place.column, place.node)]
        seen: set[int] = set()  # what an alias stands for is laid out where its anchor is
        while todo:
            path, column, node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                todo += [((*path, str(key.value)), key.start_mark.column, value) for key, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                todo += [((*path, str(number)), node.start_mark.column, item) for number, item in enumerate(node.value)]
            else:
                literal = self._literal(node, column)
                if literal:
                    found[path] = literal
        return found

    def _literal(self, node: yaml.Node, column: int) -> Literal | None:
        if node.tag not in VAULT_TAGS or not isinstance(node, yaml.ScalarNode) or node.style != "|":
            return None
        head_end = self._spans.head_of_literal(node)
        head = self._lines.text[node.start_mark.index : head_end]
        body = re.compile(r"\s*?^( +)\S", re.MULTILINE).match(self._lines.text, self._lines.line_end(head_end))
        if not body or len(body.group(1)) <= column:
            return None
        return Literal(head if _REUSABLE_HEAD.fullmatch(head) else f"{VAULT_TAG} |", len(body.group(1)) - column)

    @cached_property
    def _moved(self) -> dict[str, Literal]:
        """The layouts of all vaulted values that this edit replaces or removes, by ciphertext."""
        found: dict[str, Literal] = {}
        todo: list[tuple[yaml.Node, WantedNode, int]] = [(self._root, self._wanted, 0)] if self._root is not None else []
        while todo:
            node, step, column = todo.pop()
            if step.below is None:
                for path, literal in self.of(ValueSpan((), column, None, node, 0, 0)).items():
                    leaf = node
                    for segment in path:
                        leaf = child_of(leaf, segment)
                    found[Vaulted.of(leaf.value).text] = Literal(offset=literal.offset)
            elif isinstance(node, yaml.MappingNode):
                todo += [(v, step.below[k.value], k.start_mark.column) for k, v in node.value if str(k.value) in step.below]
            elif isinstance(node, yaml.SequenceNode):
                column = node.start_mark.column
                todo += [(item, step.below[str(n)], column) for n, item in enumerate(node.value) if str(n) in step.below]
        return found

    @cached_property
    def _default(self) -> Literal:
        """The layout of the first vaulted value of the document."""
        todo: list[tuple[yaml.Node, int]] = [(self._root, 0)] if self._root is not None else []
        seen: set[int] = set()
        while todo:
            node, column = todo.pop()
            literal = self._literal(node, column)
            if literal:
                return Literal(offset=literal.offset)
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                todo += [(value, key.start_mark.column) for key, value in reversed(node.value)]
            elif isinstance(node, yaml.SequenceNode):
                todo += [(item, node.start_mark.column) for item in reversed(node.value)]
        return Literal()
