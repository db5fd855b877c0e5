# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte-exact edits of one YAML document: text in, text out. No files, no crypto, no Ansible.

A value is found by its path and only its own span is replaced; all other text stays as it is. Every edit is parsed again and
compared with what was asked before it is handed out; anything that cannot be proved right is refused with a VarsFileError.

The conventions:
- a new key goes behind the last one of its mapping (and behind the comments right below that one, if they are indented alike);
- removing the only key of a nested mapping leaves ``{}``; ``{}`` may be given keys; an empty value or a scalar may not;
- removing a key removes the comments on its lines and those right below that are indented deeper, none above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml_render import (
    STEP,
    VAULT_TAG,
    Literal,
    Path,
    Quoted,
    Tree,
    Vaulted,
    block,
    literal_lines,
    scalar,
)

__all__ = ["REMOVED", "Document", "Found", "Opaque", "Path", "Quoted", "Tree", "Vaulted", "format_path", "parse_path", "same"]

REMOVED = object()
"""As a wanted value: the key goes away."""

_VAULT_TAGS = (VAULT_TAG, "!vault-encrypted")
_MERGE_TAG = "tag:yaml.org,2002:merge"
_STR_TAG = "tag:yaml.org,2002:str"
_MAP_TAG = "tag:yaml.org,2002:map"
_SEQ_TAG = "tag:yaml.org,2002:seq"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_COLON = re.compile(r"[ \t]*:")
_LITERAL_HEAD = re.compile(r"(?:[!&]\S*[ \t]+)*[|>][-+0-9]*")
_REUSABLE_HEAD = re.compile(r"!vault(?:-encrypted)? +\|[-+]?")
_QUOTED_FRAGMENT = re.compile(r"""(['"])(?!<[a-z ]+>['"]|.['"]|\\t['"]).*\1""")
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Opaque:
    """A value that has no plain form (an unknown tag, a merge key), as YAML; equal to nothing that can be asked for."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Found:
    """A value in a document: its tree, with Vaulted and Opaque leaves, and its line."""

    tree: Tree = field(repr=False)
    line: int


def parse_path(name: str) -> Path:
    """Split a dotted name; a backslash before a dot or a backslash makes it an ordinary character."""
    segments = [re.sub(r"\\([.\\])", r"\1", part) for part in re.findall(r"(?:^|\.)((?:\\[.\\]|[^.])*)", name)]
    if not name or "" in segments:
        raise VarsFileError(f"The variable name {name!r} has an empty part.", "Write names as in: user.keys.0.token.")
    return tuple(segments)


def format_path(path: Path) -> str:
    """The dotted name of a path."""
    return ".".join(re.sub(r"\\(?=[.\\]|$)|\.", r"\\\g<0>", segment) for segment in path)


def same(one: Tree, other: Tree) -> bool:
    """Whether two trees have equal values of equal types. The order of keys does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Quoted):
        one = one.text
    if isinstance(other, Quoted):
        other = other.text
    if isinstance(one, Opaque) or type(one) is not type(other):
        return False
    # NaN equals itself here: what matters is what the file says.
    return bool(scalar(one) == scalar(other) if isinstance(one, float) else one == other)


class _ExactLoader(yaml.SafeLoader):
    """Composes nodes with exact positions, and keeps where anchors and aliases are, which nodes do not tell."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.anchored: dict[str, tuple[yaml.Node, int]] = {}
        self.aliases: dict[tuple[int, object], tuple[str, int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        start, end = event.start_mark.index, event.end_mark.index
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            span = (str(event.anchor), start, end)
            self.aliases[id(parent), index if isinstance(index, int) else id(index)] = span
        elif event.anchor is not None and node is not None:
            self.anchored[event.anchor] = (node, start)
        return node


@dataclass
class _Step:
    """Wanted changes at and below one key: a value to set, or REMOVED, or steps further down."""

    value: Any = None
    below: dict[str, _Step] | None = None

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


class Document:
    """One parsed YAML document.

    Args:
        text: the document.
        where: its name in error messages.
    """

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self._where = where
        # The C parser is what Ansible itself reads with, and fast; positions are only needed for an edit.
        self._root, _loader = self._parse(text, _FastLoader)
        if self._root is not None:
            self._check_mapping(self._root, ())

    def _parse(self, text: str, loader_class: Any) -> tuple[yaml.Node | None, Any]:
        problem, mark = "", None
        try:
            loader = loader_class(text)
            try:
                root = loader.get_single_node()
                return (None if root is None or _is_empty_null(root) else root), loader
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            problem, mark = error.problem or "", error.problem_mark
            if error.context == "expected a single document in the stream":
                problem = "several documents"
        except yaml.YAMLError as error:
            problem = str(getattr(error, "reason", "") or "unacceptable characters")
        except RecursionError:
            problem = "nested too deeply"
        # Raised out here so that no exception with lines of the file in it is chained.
        position = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        if problem == "several documents":
            raise VarsFileError(f"{self._where} holds more than one YAML document{position}.", "Split it, one file per document.")
        problem = _QUOTED_FRAGMENT.sub("(hidden)", problem)
        raise VarsFileError(f"{self._where} is not valid YAML{position}: {problem}.", "Correct the file by hand.")

    def _refuse(self, path: Path, node: yaml.Node | None, problem: str, hint: str = "Edit it by hand.") -> VarsFileError:
        line = f" (line {node.start_mark.line + 1})" if node is not None else ""
        name = f"Variable {format_path(path)!r}" if path else "The document"
        return VarsFileError(f"{name} in {self._where}{line} cannot be handled: {problem}.", hint)

    # -- reading

    def find(self, path: Path) -> Found | None:
        """The value at a path, or None where there is none."""
        node = self._root
        for depth, segment in enumerate(path):
            if isinstance(node, yaml.MappingNode):
                self._check_mapping(node, path[:depth])
                child = next((value for key, value in node.value if _is_key(key, segment)), None)
                if child is None and any(key.tag == _MERGE_TAG for key, _value in node.value):
                    raise self._refuse(path[: depth + 1], node, "it may come from a merge key (<<)", "Give it a value of its own.")
                node = child
            elif isinstance(node, yaml.SequenceNode) and _is_index(segment):
                node = node.value[int(segment)] if int(segment) < len(node.value) else None
            else:
                return None
        if node is None:
            return None
        try:
            return Found(_tree(node), node.start_mark.line + 1)
        except RecursionError:
            pass
        raise self._refuse(path, node, "it is nested too deeply or contains itself")

    def vaulted(self) -> Iterator[Vaulted]:
        """Every vaulted leaf, each once."""
        seen: set[int] = set()
        todo = [self._root] if self._root is not None else []
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.tag in _VAULT_TAGS and isinstance(node, yaml.ScalarNode):
                yield Vaulted.of(node.value)
            todo += _children(node)

    def _check_mapping(self, node: yaml.Node, path: Path) -> None:
        """Refuse what cannot hold variables: no mapping, or a key twice."""
        if not isinstance(node, yaml.MappingNode):
            raise self._refuse(path, node, "it is not a mapping", "Its top level must be keys and values.")
        seen = set()
        for key, _value in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
            if name in seen:
                path = (*path, str(key.value))
                raise self._refuse(path, key, "the key is there twice", "Remove one of the two.")
            seen.add(name)

    # -- editing

    def edit(self, changes: Mapping[Path, Tree]) -> str:
        """The text with these values set, or removed where REMOVED; other text unchanged. Verified before it is returned."""
        wanted = _Step(below={})
        for path, value in changes.items():
            step = wanted
            for segment in path:
                if step.below is None:
                    raise self._refuse(path, None, "one of its parents is written in the same edit")
                step = step.below.setdefault(segment, _Step(below={}))
            if step.below:
                raise self._refuse(path, None, "something below it is written in the same edit")
            step.value, step.below = value, None
        new = _Editor(self, wanted).run()
        try:
            after = Document(new, self._where)
            good = _agrees(self._root, after._root, wanted, set())
        except (VarsFileError, RecursionError):
            good = False
        if not good:
            names = ", ".join(repr(format_path(path)) for path in changes)
            raise VarsFileError(
                f"{names} in {self._where} could not be edited safely: the layout around it is too unusual.", "Edit it by hand."
            )
        return new


class _Editor:
    """Collects the splices of one edit."""

    def __init__(self, document: Document, wanted: _Step) -> None:
        self._document = document
        self._text = document.text
        self._wanted = wanted
        self._refuse = document._refuse
        self._root, loader = document._parse(self._text, _ExactLoader)
        self._anchors: dict[str, tuple[yaml.Node, int]] = loader.anchored
        self._aliases: dict[tuple[int, object], tuple[str, int, int]] = loader.aliases
        self._splices: list[_Splice] = []
        match = _BREAK.search(self._text)
        self._first_break = match.group() if match else "\n"
        self._offsets: dict[str, int] = {}

    def run(self) -> str:
        if self._root is None:
            self._first_keys(self._wanted.tree())
        elif isinstance(self._root, yaml.MappingNode) and not self._root.value:
            if self._root.start_mark.column or self._text[self._root.start_mark.index] != "{":
                raise self._refuse((), self._root, "its {} does not start a line", "Remove it.")
            tree = self._wanted.tree()
            if tree is not REMOVED:
                lines = block(tree, 0, self._layout({}), self._floor(self._line_end(self._root.end_mark.index)))
                self._splice(self._root.start_mark.index, self._root.end_mark.index, self._first_break.join(lines))
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

    def _mapping(self, node: yaml.Node, wanted: _Step, path: Path, place: _Place | None) -> None:
        """Change keys of one block mapping."""
        self._check_parent(node, path)
        self._document._check_mapping(node, path)
        assert isinstance(node, yaml.MappingNode)
        assert wanted.below is not None
        if not node.value and place is not None:
            tree = wanted.tree()
            if tree is not REMOVED:
                self._replace(place, tree)
            return
        colons = [self._key(key, node, path) for key, _value in node.value]
        known = {key.value: number for number, (key, _value) in enumerate(node.value)}
        new: dict[str, Tree] = {}
        gone: list[_Place] = []
        for segment, step in wanted.below.items():
            here = (*path, segment)
            number = known.get(segment)
            if number is None:
                tree = self._creatable(step, here)
                if tree is not REMOVED:
                    new[segment] = tree
                continue
            key, value = node.value[number]
            if not _is_key(key, segment):
                raise self._refuse(here, key, "its key is not a string", "Put the key in quotes.")
            start, end = self._span(node, key, value)
            child = _Place(here, key.start_mark.column, colons[number], value, start, end)
            if step.value is REMOVED:
                self._check_target(child)
                gone.append(child)
            elif step.below is None:
                self._replace(child, step.value)
            else:
                self._descend(value, step, here, child)
        if len(gone) == len(node.value) and place is not None:
            # None of its keys is left: a nested mapping stays a mapping.
            self._replace(place, new)
            return
        for child in gone:
            number = known[child.path[-1]]
            swap = new if number == len(node.value) - 1 else {}
            self._remove(node, number, child, swap)
            if swap:
                new = {}
        if new:
            self._append(node, new)

    def _descend(self, value: yaml.Node, step: _Step, path: Path, place: _Place) -> None:
        if place.start != value.start_mark.index:
            raise self._refuse(path, None, "it is an alias (*) of another value")
        if isinstance(value, yaml.SequenceNode):
            self._check_parent(value, path)
            for segment, below in (step.below or {}).items():
                here = (*path, segment)
                if not _is_index(segment) or int(segment) >= len(value.value):
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

    def _creatable(self, step: _Step, path: Path) -> Tree:
        tree = step.tree()
        if step.below is not None and tree is not REMOVED and any(_is_index(segment) for segment in step.below):
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
        if key.tag == _MERGE_TAG:
            raise self._refuse(path, key, "it has a merge key (<<)", "Write the merged keys out.")
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

    def _literal_head(self, node: yaml.Node) -> int:
        match = _LITERAL_HEAD.match(self._text, node.start_mark.index)
        if match is None:
            raise self._refuse((), node, "it has a block scalar with an unusual first line")
        return match.end()

    def _literal_end(self, node: yaml.Node) -> int:
        """Where a block scalar ends without the blank lines below it, unless they are part of its value."""
        head = self._literal_head(node)
        first, end = self._line_end(head), node.end_mark.index
        lines = [(match.start(), match.end()) for match in re.finditer("[^\r\n\x85\u2028\u2029]+", self._text[first:end])]
        filled = [(first + start, first + stop) for start, stop in lines if self._text[first + start : first + stop].strip(" ")]
        if "+" in self._text[node.start_mark.index : head]:
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

    def _feeds(self, node: yaml.MappingNode, number: int, line_start: int) -> bool:
        """Whether the line break before this line is part of the value of a key."""
        key, value = node.value[number]
        line_break = _BREAK.match(self._text, self._line_end(self._span(node, key, value)[1]))
        return _ends_in_literal(value) and line_break is not None and line_break.end() == line_start

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
        if end == len(self._text) and _ends_in_literal(value):
            problem = "the file ends in its text without a line break"
            raise self._refuse((str(key.value),), key, problem, "Add a line break at the end of the file.")
        lines = block(new, column, self._layout({}), self._floor(line_end))
        self._below(line_end, lines)

    def _remove(self, node: yaml.MappingNode, number: int, place: _Place, new: dict[str, Tree]) -> None:
        """Remove a key; new keys come in its place, if it was the last one."""
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
        while todo:
            path, column, node = todo.pop()
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
        if node.tag not in _VAULT_TAGS or not isinstance(node, yaml.ScalarNode) or node.style != "|":
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
        todo: list[tuple[yaml.Node, _Step, int]] = [(self._root, self._wanted, 0)] if self._root is not None else []
        while todo:
            node, step, column = todo.pop()
            if step.below is None:
                for path, literal in self._literals(_Place((), column, None, node, 0, 0)).items():
                    leaf = node
                    for segment in path:
                        leaf = _child(leaf, segment)
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


def _is_index(segment: str) -> bool:
    return segment.isascii() and segment.isdigit()


def _is_key(key: Any, segment: str) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.tag == _STR_TAG and key.value == segment


def _is_empty_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index and node.value == ""


def _ends_in_literal(node: yaml.Node | None) -> bool:
    """Whether the last line of a value is text in which the line break at the end counts."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and node.tag not in _VAULT_TAGS


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for entry in node.value for part in entry]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: Any, segment: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next(value for key, value in node.value if str(key.value) == segment)
    return node.value[int(segment)]


def _tree(node: Any) -> Tree:
    """The value of a node, with Vaulted leaves, and Opaque ones where a value has no plain form."""
    if isinstance(node, yaml.MappingNode):
        keys = [_tree(key) if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE_TAG else None for key, _value in node.value]
        if node.tag != _MAP_TAG or any(isinstance(key, (type(None), Opaque, Vaulted)) for key in keys) or len(set(keys)) < len(keys):
            return _opaque(node)
        return {key: _tree(value) for key, (_key, value) in zip(keys, node.value, strict=True)}
    if isinstance(node, yaml.SequenceNode):
        return [_tree(item) for item in node.value] if node.tag == _SEQ_TAG else _opaque(node)
    if node.tag in _VAULT_TAGS:
        return Vaulted.of(node.value)
    if node.tag in (_STR_TAG, "!unsafe"):
        return str(node.value)
    try:
        constructor: Any = yaml.constructor.SafeConstructor()
        return constructor.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError, KeyError):
        return _opaque(node)


def _opaque(node: Any) -> Opaque:
    return Opaque(str(yaml.serialize(node, Dumper=yaml.SafeDumper)))


def _agrees(old: Any, new: Any, wanted: _Step, seen: set[tuple[int, int]]) -> bool:
    """Whether a document is what it was but for the wanted changes, and has those."""
    if wanted.below is None:
        return wanted.value is not REMOVED and same(_tree(new), wanted.value)
    if old is None or _is_empty_null(old) or (isinstance(old, yaml.MappingNode) and not old.value):
        if wanted.tree() is REMOVED:
            return _equal(old, new, seen)
        return new is not None and same(_tree(new), wanted.tree())
    if isinstance(old, yaml.SequenceNode):
        if not isinstance(new, yaml.SequenceNode) or len(old.value) != len(new.value) or old.tag != new.tag:
            return False
        pairs = zip(old.value, new.value, strict=True)
        steps = wanted.below
        return all(_agrees(a, b, steps[str(n)], seen) if str(n) in steps else _equal(a, b, seen) for n, (a, b) in enumerate(pairs))
    if not isinstance(old, yaml.MappingNode):
        return wanted.tree() is REMOVED and _equal(old, new, seen)
    after = new.value if isinstance(new, yaml.MappingNode) and new.tag == old.tag else []
    below = wanted.below
    others = [(key, value) for key, value in old.value if key.value not in below]
    kept = [(key, value) for key, value in after if key.value not in below]
    if len(others) != len(kept):
        return False
    if not all(_equal(a, b, seen) for one, two in zip(others, kept, strict=True) for a, b in zip(one, two, strict=True)):
        return False
    if not after:
        # The last key is gone: an empty document, or {} inside one.
        empty = new is None or _is_empty_null(new) or (isinstance(new, yaml.MappingNode) and not new.value)
        return empty and wanted.tree() is REMOVED and not others
    for segment, step in below.items():
        before = next((value for key, value in old.value if key.value == segment), None)
        entry = next((item for item in after if item[0].value == segment), None)
        if step.tree() is REMOVED and (step.below is None or before is None):
            if entry is not None:
                return False
        elif entry is None or not _is_key(entry[0], segment):
            return False
        elif before is None:
            if not same(_tree(entry[1]), step.tree()):
                return False
        elif not _agrees(before, entry[1], step, seen):
            return False
    return True


def _equal(one: Any, other: Any, seen: set[tuple[int, int]]) -> bool:
    """Whether two nodes are the same text in other positions."""
    todo = [(one, other)]
    while todo:
        a, b = todo.pop()
        if (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        if type(a) is not type(b):
            return False
        if a is None:
            continue
        first, second = _children(a), _children(b)
        if a.tag != b.tag or len(first) != len(second):
            return False
        # White space does not count in ciphertext; its last line break comes and goes with that of the file.
        if isinstance(a, yaml.ScalarNode) and a.value != b.value and (a.tag not in _VAULT_TAGS or a.value.split() != b.value.split()):
            return False
        todo += zip(first, second, strict=True)
    return True
