# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value of a document begins and ends, to the character. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.lines import BREAK, Lines
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import VAULT_TAGS, is_literal, last_leaf
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path

_LITERAL_HEAD = re.compile(r"(?:[!&]\S*[ \t]+)*[|>]([-+0-9]*)")


@dataclass(frozen=True)
class ValueSpan:
    """One value under a block parent: where its key or dash stands, and where it itself is."""

    path: Path
    column: int
    after_colon: int | None
    node: yaml.Node
    start: int
    end: int


class Spans:
    """Finds the spans of values.

    Args:
        lines: of the document.
        aliases: those of Exact.
        refuse: as Source.refuse.
    """

    def __init__(self, lines: Lines, aliases: dict[tuple[int, object], tuple[str, int, int]], refuse: Callable[..., VarsFileError]) -> None:
        self._lines = lines
        self._aliases = aliases
        self._refuse = refuse

    def of(self, parent: yaml.Node, index: object, node: yaml.Node) -> tuple[int, int]:
        """Where a value starts and where its last character of content ends."""
        alias = self._aliases.get((id(parent), index if isinstance(index, int) else id(index)))
        if alias:
            return alias[1], alias[2]
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            below = self.of(node, last[0], last[1]) if isinstance(last, tuple) else self.of(node, len(node.value) - 1, last)
            end = below[1]
        elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            end = self._end_of_literal(node)
        return start, end

    def _match(self, node: yaml.Node) -> re.Match[str]:
        match = _LITERAL_HEAD.match(self._lines.text, node.start_mark.index)
        if match is None:
            raise self._refuse((), node, "it has a block scalar with an unusual first line")
        return match

    def head_of_literal(self, node: yaml.Node) -> int:
        """The end of what stands before a block scalar's first line: its tag, anchor and indicators."""
        return self._match(node).end()

    def _indicators(self, node: yaml.Node) -> str:
        """How a block scalar ends (- or +) and how far it is indented, as it is written."""
        return self._match(node).group(1)

    def _end_of_literal(self, node: yaml.Node) -> int:
        """Where a block scalar ends without the blank lines below it, unless they are part of its value."""
        head = self.head_of_literal(node)
        first, end = self._lines.line_end(head), node.end_mark.index
        lines = [(match.start(), match.end()) for match in re.finditer("[^\r\n\x85\u2028\u2029]+", self._lines.text[first:end])]
        filled = [(first + start, first + stop) for start, stop in lines if self._lines.text[first + start : first + stop].strip(" ")]
        if "+" in self._indicators(node):
            match = re.search("(?:\r\n|[\n\r\x85\u2028\u2029])\\Z", self._lines.text[first:end])
            return first + match.start() if match else end
        if not filled:
            return first
        indent = min(stop - start - len(self._lines.text[start:stop].lstrip(" ")) for start, stop in filled)
        last = filled[-1][1]
        for start, stop in lines:
            if first + start > last and stop - start > indent:
                last = first + stop
        return last

    def ends_in_break(self, value: yaml.Node) -> bool:
        """Whether the last line of a value is text in which the line break at the end counts."""
        leaf = last_leaf(value)
        return is_literal(leaf) and leaf.tag not in VAULT_TAGS and "-" not in self._indicators(leaf)

    def feeds(self, node: yaml.MappingNode, number: int, line_start: int) -> bool:
        """Whether the line break before this line is part of the value of a key."""
        key, value = node.value[number]
        line_break = BREAK.match(self._lines.text, self._lines.line_end(self.of(node, key, value)[1]))
        return self.ends_in_break(value) and line_break is not None and line_break.end() == line_start
