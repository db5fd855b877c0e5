# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The splices that turn one YAML document into another: each replaces the span of a value, a key or a line, and no more.

What is not safe to edit is refused. What comes out is not yet proved right: the document does that (_vars_text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import (
    VAULT_TAGS,
    child_of,
    is_index,
    is_literal,
    is_null,
    last_leaf,
    merged_has,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import (
    STEP,
    VAULT_TAG,
    Literal,
    Path,
    Tree,
    Vaulted,
    block,
    literal_lines,
    scalar,
)

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import Document

REMOVED = object()
"""As a wanted value: the key goes away."""

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_COLON = re.compile(r"[ \t]*:")
_LITERAL_HEAD = re.compile(r"(?:[!&]\S*[ \t]+)*[|>]([-+0-9]*)")
_REUSABLE_HEAD = re.compile(r"!vault(?:-encrypted)? +\|[-+]?")


@dataclass
class Step:
    """Wanted changes at and below one key: a value to set, or REMOVED, or steps further down."""

    value: Any = None
    below: dict[str, Step] | None = None

    def tree(self) -> Tree:
        """What has to be written where nothing is yet."""
        if self.below is None:
            return self.value
        trees = {key: step.tree() for key, step in self.below.items()}
        trees = {key: tree for key, tree in trees.items() if tree is not REMOVED}
        return trees or REMOVED


@dataclass(frozen=True)
class _Splice:
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Place:
    """One value under a block parent: where its key or dash stands, and where it itself is."""

    path: Path
    column: int
    after_colon: int | None
    node: yaml.Node
    start: int
    end: int


class Editor:
    """Collects the splices of one edit."""

    def __init__(self, document: Document, wanted: Step) -> None:
        self._document = document
        self._text = document.text
        self._wanted = wanted
        self._refuse = document.refuse
        self._root, self._anchors, self._aliases = document.exact()
        self._splices: list[_Splice] = []
        match = _BREAK.search(self._text)
        self._first_break = match.group() if match else "\n"
        self._offsets: dict[str, int] = {}

    def run(self) -> str:
        if self._root is None:
            self._first_keys(self._wanted.tree())
        elif is_null(self._root) or (isinstance(self._root, yaml.MappingNode) and not self._root.value):
            tree = self._wanted.tree()
            start, end = self._root.start_mark.index, self._root.end_mark.index
            if tree is not REMOVED and (self._root.start_mark.column or self._text[start : start + 1] == "&"):
                raise self._refuse((), self._root, f"its {self._text[start:end]} does not start a line", "Remove it.")
            if tree is not REMOVED:
                lines = block(tree, 0, self._layout({}), self._floor(self._line_end(end)))
                self._splice(start, end, self._first_break.join(lines))
        else:
            self._mapping(self._root, self._wanted, (), None)
        pieces, done = [], 0
        for splice in self._in_order():
            pieces += [self._text[done : splice.start], splice.text]
            done = splice.end
        return "".join([*pieces, self._text[done:]])

    def _in_order(self) -> list[_Splice]:
        done: list[_Splice] = []
        for splice in sorted(self._splices, key=lambda item: (item.start, item.end)):
            while done and splice.start < done[-1].end:
                before = done.pop()
                if before.text or splice.text:
                    raise self._refuse((), None, "the changes overlap")
                # Both want the break between them; at the end of the text the one before them goes instead.
                splice = _Splice(self._before_break(before.start), splice.end, "")
            done.append(splice)
        return done

    # -- walking

    def _mapping(self, node: yaml.Node, wanted: Step, path: Path, place: _Place | None) -> None:
        """Change keys of one block mapping."""
        self._check_parent(node, path)
        self._document.check_mapping(node, path)
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
        gone: list[_Place] = []
        for segment, step in wanted.below.items():
            here = (*path, segment)
            number = self._document.number_of(node, segment, here)
            if number is None:
                tree = self._creatable(step, here)
                if tree is not REMOVED:
                    new[segment] = tree
                continue
            known[segment] = number
            key, value = node.value[number]
            start, end = self._span(node, key, value)
            child = _Place(here, key.start_mark.column, colons[number], value, start, end)
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
            self._remove(node, number, child, swap, above)
            if swap:
                new = {}
        if new:
            self._append(node, new)

    def _descend(self, value: yaml.Node, step: Step, path: Path, place: _Place) -> None:
        if place.start != value.start_mark.index:
            raise self._refuse(path, None, "it is an alias (*) of another value")
        if isinstance(value, yaml.SequenceNode):
            self._check_parent(value, path)
            for segment, below in (step.below or {}).items():
                here = (*path, segment)
                if not is_index(segment) or int(segment) >= len(value.value):
                    raise self._refuse(here, value, "the list has no such item", "Only items that are there can be changed.")
                item = value.value[int(segment)]
                start, end = self._span(value, int(segment), item)
                child = _Place(here, value.start_mark.column, None, item, start, end)
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

    def _creatable(self, step: Step, path: Path) -> Tree:
        tree = step.tree()
        if step.below is not None and tree is not REMOVED and any(is_index(segment) for segment in step.below):
            raise self._refuse(path, None, "items of a list that is not there cannot be set", "Set the whole list.")
        for segment, below in (step.below or {}).items():
            self._creatable(below, (*path, segment))
        return tree

    # -- checks

    def _check_parent(self, node: yaml.Node, path: Path) -> None:
        if not isinstance(node, yaml.CollectionNode):
            raise self._refuse(path, node, "it is not a mapping", "Its top level must be keys and values.")
        if node.flow_style and node.value:
            raise self._refuse(path, node, "it is written in flow style ({...} or [...])", "Write it in block style, one key per line.")
        for name, (anchored, _start) in self._anchors.items():
            if anchored is node and any(alias == name for alias, _s, _e in self._aliases.values()):
                raise self._refuse(path, node, "it has an anchor (&) that is used elsewhere", "Give each place its own value.")
        if self._text[node.start_mark.index] in "&!":
            raise self._refuse(path, node, "it has a tag or an anchor", "Write it without.")

    def _check_target(self, place: _Place) -> None:
        """Refuse to touch what other places in the document refer to."""
        if place.start != place.node.start_mark.index:
            raise self._refuse(place.path, None, "it is an alias (*) of another value", "Give it a value of its own.")
        for name, (anchored, start) in self._anchors.items():
            if anchored is place.node:
                raise self._refuse(place.path, place.node, "it has an anchor (&)", "Remove the anchor.")
            if place.start <= start < place.end and any(
                alias == name and not place.start <= at < place.end for alias, at, _end in self._aliases.values()
            ):
                problem = "it holds an anchor (&) that is used elsewhere"
                raise self._refuse(place.path, place.node, problem, "Give each place its own value.")

    def _key(self, key: yaml.Node, parent: yaml.Node, path: Path) -> int:
        """The position behind the colon of a key."""
        colon = _COLON.match(self._text, key.end_mark.index)
        if (id(parent), id(None)) in self._aliases or not isinstance(key, yaml.ScalarNode) or colon is None:
            raise self._refuse(path, key, "it has a key that is not a simple one", "Write its keys as: name: value.")
        return colon.end()

    # -- positions

    def _span(self, parent: yaml.Node, index: object, node: yaml.Node) -> tuple[int, int]:
        """Where a value starts and where its last character of content ends."""
        alias = self._aliases.get((id(parent), index if isinstance(index, int) else id(index)))
        if alias:
            return alias[1], alias[2]
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            below = self._span(node, last[0], last[1]) if isinstance(last, tuple) else self._span(node, len(node.value) - 1, last)
            end = below[1]
        elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            end = self._literal_end(node)
        return start, end

    def _literal_match(self, node: yaml.Node) -> re.Match[str]:
        match = _LITERAL_HEAD.match(self._text, node.start_mark.index)
        if match is None:
            raise self._refuse((), node, "it has a block scalar with an unusual first line")
        return match

    def _literal_head(self, node: yaml.Node) -> int:
        """The end of what stands before a block scalar's first line: its tag, anchor and indicators."""
        return self._literal_match(node).end()

    def _literal_indicators(self, node: yaml.Node) -> str:
        """How a block scalar ends (- or +) and how far it is indented, as it is written."""
        return self._literal_match(node).group(1)

    def _literal_end(self, node: yaml.Node) -> int:
        """Where a block scalar ends without the blank lines below it, unless they are part of its value."""
        head = self._literal_head(node)
        first, end = self._line_end(head), node.end_mark.index
        lines = [(match.start(), match.end()) for match in re.finditer("[^\r\n\x85\u2028\u2029]+", self._text[first:end])]
        filled = [(first + start, first + stop) for start, stop in lines if self._text[first + start : first + stop].strip(" ")]
        if "+" in self._literal_indicators(node):
            match = re.search("(?:\r\n|[\n\r\x85\u2028\u2029])\\Z", self._text[first:end])
            return first + match.start() if match else end
        if not filled:
            return first
        indent = min(stop - start - len(self._text[start:stop].lstrip(" ")) for start, stop in filled)
        last = filled[-1][1]
        for start, stop in lines:
            if first + start > last and stop - start > indent:
                last = first + stop
        return last

    def _line_start(self, position: int) -> int:
        start = 0
        for match in _BREAK.finditer(self._text, max(self._text.rfind("\n", 0, position), 0), position):
            start = match.end()
        return start

    def _line_end(self, position: int) -> int:
        match = _BREAK.search(self._text, position)
        return match.start() if match else len(self._text)

    def _before_break(self, line_start: int) -> int:
        """The end of the line before."""
        return max(line_start - (2 if self._text[:line_start].endswith("\r\n") else 1), 0)

    def _break_at(self, position: int) -> str:
        match = _BREAK.match(self._text, position)
        return match.group() if match else self._first_break

    def _comments_below(self, line_end: int, column: int) -> int:
        """The end of the comment lines right below a line that are indented at least this much."""
        while match := _BREAK.match(self._text, line_end):
            end = self._line_end(match.end())
            line = self._text[match.end() : end]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) < column:
                break
            line_end = end
        return line_end

    def _blanks_below(self, line_end: int) -> int:
        """The end of the last line of blanks right below a line, which could become part of a literal above it; empty ones could not."""
        last = line_end
        while match := _BREAK.match(self._text, line_end):
            line_end = self._line_end(match.end())
            if self._text[match.end() : line_end].strip(" "):
                break
            last = line_end if line_end > match.end() else last
        return last

    def _floor(self, line_end: int) -> int:
        """The least indentation at which a literal that ends here does not swallow the blank and comment lines that follow."""
        floor = 0
        while match := _BREAK.match(self._text, line_end):
            line_end = self._line_end(match.end())
            line = self._text[match.end() : line_end]
            content = line.lstrip(" ")
            if content and not content.startswith("#"):
                break
            floor = max(floor, len(line) - len(content) + bool(content))
        return floor

    # -- splices

    def _splice(self, start: int, end: int, text: str) -> None:
        if start != end or text:
            self._splices.append(_Splice(start, end, text))

    def _below(self, line_end: int, lines: list[str], end: int | None = None) -> None:
        """Write lines below the line that ends here, in place of the text up to end."""
        line_break = self._break_at(line_end)
        self._splice(line_end, line_end if end is None else end, "".join(line_break + line for line in lines))

    def _ends_in_break(self, value: yaml.Node) -> bool:
        """Whether the last line of a value is text in which the line break at the end counts."""
        leaf = last_leaf(value)
        return is_literal(leaf) and leaf.tag not in VAULT_TAGS and "-" not in self._literal_indicators(leaf)

    def _feeds(self, node: yaml.MappingNode, number: int, line_start: int) -> bool:
        """Whether the line break before this line is part of the value of a key."""
        key, value = node.value[number]
        line_break = _BREAK.match(self._text, self._line_end(self._span(node, key, value)[1]))
        return self._ends_in_break(value) and line_break is not None and line_break.end() == line_start

    def _delete_lines(self, start: int, end: int, keep_break: bool = False) -> None:
        """Delete whole lines, with the break behind them or, at the end of the text, the one before."""
        match = _BREAK.match(self._text, end)
        if match:
            end = match.end()
        elif not keep_break:
            start = self._before_break(start)
        self._splice(start, end, "")

    def _first_keys(self, tree: Tree) -> None:
        """Give keys to a document that has none."""
        if tree is REMOVED:
            return
        ending = re.search(r"^\.\.\.(?=\s|\Z)", self._text, re.MULTILINE)
        at = ending.start() if ending else len(self._text)
        lines = block(tree, 0, self._layout({}), self._floor(at) if ending else 0)
        text = self._first_break.join(lines)
        bare = not self._text.strip("\ufeff")
        if at == self._line_start(at) or bare:
            text += self._first_break
        else:
            text = self._first_break + text
        self._splice(at, at, text)

    def _append(self, node: yaml.MappingNode, new: dict[str, Tree]) -> None:
        key, value = node.value[-1]
        column = key.start_mark.column
        end = self._line_end(self._span(node, key, value)[1])
        line_end = self._comments_below(end, column)
        if end == len(self._text) and self._ends_in_break(value):
            problem = "the file ends in its text without a line break"
            raise self._refuse((str(key.value),), key, problem, "Add a line break at the end of the file.")
        lines = block(new, column, self._layout({}), self._floor(line_end))
        self._below(line_end, lines)

    def _remove(self, node: yaml.MappingNode, number: int, place: _Place, new: dict[str, Tree], above: int | None) -> None:
        """Remove a key; new keys come in its place, if it was the last one. Above is the number of the key above that stays."""
        key, _value = node.value[number]
        start = key.start_mark.index
        line_start = self._line_start(start)
        end = self._comments_below(self._line_end(place.end), place.column + 1)
        if not self._text[line_start:start].strip(" \ufeff"):
            line_start += self._text[line_start : line_start + 1] == "\ufeff"
            if new:
                lines = block(new, place.column, self._layout({}), self._floor(end))
                self._splice(line_start, end, self._break_at(place.end).join(lines))
                return
            if above is not None and is_literal(last_leaf(node.value[above][1])):
                end = self._blanks_below(end)
            self._delete_lines(line_start, end, keep_break=number > 0 and self._feeds(node, number - 1, line_start))
            return
        # The first key of an item of a list, on the line of the dash: the next key moves up.
        if number + 1 == len(node.value):
            raise self._refuse(place.path, key, "it is the last key of an item of a list", "Set the whole item.")
        after = node.value[number + 1][0].start_mark.index
        if self._text[end:after].strip():
            raise self._refuse(place.path, key, "a comment stands between it and the next key")
        self._splice(start, after, "")

    def _replace(self, place: _Place, tree: Tree) -> None:
        """Put a value in the place of another."""
        self._check_target(place)
        node, start, after_colon = place.node, place.start, place.after_colon
        is_block = isinstance(tree, (list, dict)) and bool(tree)
        head_end = tail_end = place.end
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            head_end = self._literal_head(node)
            tail_end = max(place.end, self._line_end(head_end))
        elif isinstance(node, yaml.CollectionNode) and not node.flow_style:
            head_end = tail_end = self._line_end(place.end)
        else:
            tail_end = self._line_end(head_end)
        line_end = self._line_end(head_end)
        same_line = after_colon is not None and _BREAK.search(self._text, after_colon, start) is None
        space = " " if start == place.end and self._text[start - 1 : start] in ":-" else ""
        old_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
        if old_block and after_colon is not None and not same_line and not is_block:
            # A block below its key becomes one value beside the key.
            key_line_end = self._line_end(after_colon)
            head, body = self._head_and_body(place, tree, self._floor_without(key_line_end, start, tail_end))
            self._splice(after_colon, after_colon, f" {head}")
            self._below(key_line_end, body)
            self._delete_lines(self._line_start(start), tail_end)
            return
        floor = self._floor(tail_end)
        if not is_block:
            head, body = self._head_and_body(place, tree, floor)
            self._splice(start, head_end, space + head)
            self._below(line_end, body, tail_end)
            return
        layout = self._layout(self._literals(place))
        if after_colon is not None and same_line:
            self._splice(after_colon, head_end, "")
            self._below(line_end, block(tree, place.column + STEP, layout, floor), tail_end)
            return
        column = start - self._line_start(start) + len(space)
        if self._text.startswith("\ufeff") and not self._line_start(start):
            column -= 1
        least = place.column + (STEP if after_colon is None or isinstance(tree, dict) else 0)
        shift = max(least - column, 0) if after_colon is not None else 0
        lines = block(tree, column + shift, layout, floor)
        self._splice(start, head_end, space + " " * shift + lines[0].lstrip(" "))
        self._below(line_end, lines[1:], max(tail_end, line_end))

    def _floor_without(self, line_end: int, start: int, end: int) -> int:
        """The floor of a literal below this line once the lines from start to end are gone."""
        between = self._floor(line_end) if self._line_start(start) > line_end else 0
        return max(between, self._floor(end))

    def _head_and_body(self, place: _Place, tree: Tree, floor: int) -> tuple[str, list[str]]:
        if not isinstance(tree, Vaulted):
            return scalar(tree), []
        literal = self._layout(self._literals(place))((), tree)
        return literal.head, literal_lines(tree, max(place.column + literal.offset, floor))

    # -- the look of vaulted values

    def _literals(self, place: _Place) -> dict[Path, Literal]:
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
        head_end = self._literal_head(node)
        head = self._text[node.start_mark.index : head_end]
        body = re.compile(r"\s*?^( +)\S", re.MULTILINE).match(self._text, self._line_end(head_end))
        if not body or len(body.group(1)) <= column:
            return None
        return Literal(head if _REUSABLE_HEAD.fullmatch(head) else f"{VAULT_TAG} |", len(body.group(1)) - column)

    def _moved(self) -> dict[str, Literal]:
        """The layouts of all vaulted values that this edit replaces or removes, by ciphertext."""
        found: dict[str, Literal] = {}
        todo: list[tuple[yaml.Node, Step, int]] = [(self._root, self._wanted, 0)] if self._root is not None else []
        while todo:
            node, step, column = todo.pop()
            if step.below is None:
                for path, literal in self._literals(_Place((), column, None, node, 0, 0)).items():
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

    def _layout(self, in_place: Mapping[Path, Literal]) -> Any:
        """The layout of a vaulted leaf: as what it replaces, else as where its ciphertext was, else as others in the file."""
        if not hasattr(self, "_known"):
            self._known = self._moved()
            self._fallback = self._default()

        def layout(path: Path, value: Vaulted) -> Literal:
            return in_place.get(path) or self._known.get(value.text) or self._fallback

        return layout
