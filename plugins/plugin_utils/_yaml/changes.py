# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a value is replaced, a key added and a key removed, in block style, as splices. Private to this collection.

What is to be changed is checked already.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.layout import Layouts
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.lines import BREAK, Lines
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import is_literal, last_leaf
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import STEP, Tree, Vaulted, block, literal_lines, scalar
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.spans import Spans, ValueSpan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.splices import Splices
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.wanted import REMOVED


class Changes:
    """Writes the changes of one edit.

    Args:
        lines, spans, layouts: of the document.
        splices: what the changes are added to.
        refuse: as Source.refuse.
    """

    def __init__(self, lines: Lines, spans: Spans, layouts: Layouts, splices: Splices, refuse: Callable[..., VarsFileError]) -> None:
        self._lines = lines
        self._spans = spans
        self._layouts = layouts
        self._splices = splices
        self._refuse = refuse

    def fill(self, root: yaml.Node, tree: Tree) -> None:
        """Give keys to a document that is empty but for ``{}``, ``null`` or the like."""
        if tree is REMOVED:
            return
        start, end = root.start_mark.index, root.end_mark.index
        text = self._lines.text
        if root.start_mark.column or text[start : start + 1] == "&":
            raise self._refuse((), root, f"its {text[start:end]} does not start a line", "Remove it.")
        lines = block(tree, 0, self._layouts.for_new({}), self._lines.floor(self._lines.line_end(end)))
        self._splices.replace(start, end, self._lines.first_break.join(lines))

    def first_keys(self, tree: Tree) -> None:
        """Give keys to a document that has none."""
        if tree is REMOVED:
            return
        ending = re.search(r"^\.\.\.(?=\s|\Z)", self._lines.text, re.MULTILINE)
        at = ending.start() if ending else len(self._lines.text)
        lines = block(tree, 0, self._layouts.for_new({}), self._lines.floor(at) if ending else 0)
        text = self._lines.first_break.join(lines)
        bare = not self._lines.text.strip("\ufeff")
        if at == self._lines.line_start(at) or bare:
            text += self._lines.first_break
        else:
            text = self._lines.first_break + text
        self._splices.replace(at, at, text)

    def append(self, node: yaml.MappingNode, new: dict[str, Tree]) -> None:
        """Write new keys behind the last one of a mapping, and behind the comments right below that."""
        key, value = node.value[-1]
        column = key.start_mark.column
        end = self._lines.line_end(self._spans.of(node, key, value)[1])
        line_end = self._lines.comments_below(end, column)
        if end == len(self._lines.text) and self._spans.ends_in_break(value):
            problem = "the file ends in its text without a line break"
            raise self._refuse((str(key.value),), key, problem, "Add a line break at the end of the file.")
        lines = block(new, column, self._layouts.for_new({}), self._lines.floor(line_end))
        self._splices.below(line_end, lines)

    def remove(self, node: yaml.MappingNode, number: int, place: ValueSpan, new: dict[str, Tree], above: int | None) -> None:
        """Remove a key; new keys come in its place, if it was the last one. Above is the number of the key above that stays."""
        key, _value = node.value[number]
        start = key.start_mark.index
        line_start = self._lines.line_start(start)
        end = self._lines.comments_below(self._lines.line_end(place.end), place.column + 1)
        if not self._lines.text[line_start:start].strip(" \ufeff"):
            line_start += self._lines.text[line_start : line_start + 1] == "\ufeff"
            if new:
                lines = block(new, place.column, self._layouts.for_new({}), self._lines.floor(end))
                self._splices.replace(line_start, end, self._lines.break_at(place.end).join(lines))
                return
            if above is not None and is_literal(last_leaf(node.value[above][1])):
                end = self._lines.blanks_below(end)
            self._splices.delete_lines(line_start, end, keep_break=number > 0 and self._spans.feeds(node, number - 1, line_start))
            return
        # The first key of an item of a list, on the line of the dash: the next key moves up.
        if number + 1 == len(node.value):
            raise self._refuse(place.path, key, "it is the last key of an item of a list", "Set the whole item.")
        after = node.value[number + 1][0].start_mark.index
        if self._lines.text[end:after].strip():
            raise self._refuse(place.path, key, "a comment stands between it and the next key")
        self._splices.replace(start, after, "")

    def replace(self, place: ValueSpan, tree: Tree) -> None:
        """Put a value in the place of another."""
        node, start, after_colon = place.node, place.start, place.after_colon
        is_block = isinstance(tree, (list, dict)) and bool(tree)
        head_end = tail_end = place.end
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            head_end = self._spans.head_of_literal(node)
            tail_end = max(place.end, self._lines.line_end(head_end))
        elif isinstance(node, yaml.CollectionNode) and not node.flow_style:
            head_end = tail_end = self._lines.line_end(place.end)
        else:
            tail_end = self._lines.line_end(head_end)
        line_end = self._lines.line_end(head_end)
        same_line = after_colon is not None and BREAK.search(self._lines.text, after_colon, start) is None
        space = " " if start == place.end and self._lines.text[start - 1 : start] in ":-" else ""
        old_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
        if old_block and after_colon is not None and not same_line and not is_block:
            # A block below its key becomes one value beside the key.
            key_line_end = self._lines.line_end(after_colon)
            head, body = self._head_and_body(place, tree, self._floor_without(key_line_end, start, tail_end))
            self._splices.replace(after_colon, after_colon, f" {head}")
            self._splices.below(key_line_end, body)
            self._splices.delete_lines(self._lines.line_start(start), tail_end)
            return
        floor = self._lines.floor(tail_end)
        if not is_block:
            head, body = self._head_and_body(place, tree, floor)
            self._splices.replace(start, head_end, space + head)
            self._splices.below(line_end, body, tail_end)
            return
        layout = self._layouts.for_new(self._layouts.of(place))
        if after_colon is not None and same_line:
            self._splices.replace(after_colon, head_end, "")
            self._splices.below(line_end, block(tree, place.column + STEP, layout, floor), tail_end)
            return
        column = start - self._lines.line_start(start) + len(space)
        if self._lines.text.startswith("\ufeff") and not self._lines.line_start(start):
            column -= 1
        least = place.column + (STEP if after_colon is None or isinstance(tree, dict) else 0)
        shift = max(least - column, 0) if after_colon is not None else 0
        lines = block(tree, column + shift, layout, floor)
        self._splices.replace(start, head_end, space + " " * shift + lines[0].lstrip(" "))
        self._splices.below(line_end, lines[1:], max(tail_end, line_end))

    def _floor_without(self, line_end: int, start: int, end: int) -> int:
        """The floor of a literal below this line once the lines from start to end are gone."""
        between = self._lines.floor(line_end) if self._lines.line_start(start) > line_end else 0
        return max(between, self._lines.floor(end))

    def _head_and_body(self, place: ValueSpan, tree: Tree, floor: int) -> tuple[str, list[str]]:
        if not isinstance(tree, Vaulted):
            return scalar(tree), []
        literal = self._layouts.for_new(self._layouts.of(place))((), tree)
        return literal.head, literal_lines(tree, max(place.column + literal.offset, floor))
