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

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.edit import REMOVED, Editor, Step
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.foreign import is_of_sops
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import (
    TEXT_KEY_TAGS,
    VAULT_TAGS,
    FastLoader,
    Opaque,
    children_of,
    equal_nodes,
    exact_loader,
    is_empty_null,
    is_index,
    is_key,
    is_null,
    is_plain,
    merged_has,
    numbers_of,
    same,
    size_of,
    tree_of,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path, Quoted, Tree, Unsafe, Vaulted

__all__ = ["REMOVED", "Document", "Found", "Opaque", "Path", "Quoted", "Tree", "Unsafe", "Vaulted", "format_path", "parse_path", "same"]

_MOST_VALUES = 20_000  # that aliases may stand for, in a file that is shorter
_QUOTED_FRAGMENT = re.compile(r"""(['"])(?!<[a-z ]+>['"]|.['"]|\\t['"]).*\1""")


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


class Document:
    """One parsed YAML document.

    Args:
        text: the document.
        where: its name in error messages.
    """

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self._where = where
        self._checked: dict[int, yaml.Node] = {}  # by id, and kept, so that none is another's
        self._root, _loader = self.parse(text, FastLoader)
        if self._root is not None and not is_null(self._root):
            self.check_mapping(self._root, ())
        if is_of_sops(self._root):
            raise VarsFileError(
                f"{where} is a file of SOPS, whose checksum an edit would break.", "Edit it with sops, or name another file."
            )

    def parse(self, text: str, load: Callable[[str], Any]) -> tuple[yaml.Node | None, Any]:
        problem, mark = "", None
        try:
            loader = load(text)
            try:
                root = loader.get_single_node()
                return (None if root is None or is_empty_null(root) else root), loader
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

    def refuse(self, path: Path, node: yaml.Node | None, problem: str, hint: str = "Edit it by hand.") -> VarsFileError:
        line = f" (line {node.start_mark.line + 1})" if node is not None else ""
        name = f"Variable {format_path(path)!r}" if path else "The document"
        return VarsFileError(f"{name} in {self._where}{line} cannot be handled: {problem}.", hint)

    def exact(self) -> tuple[yaml.Node | None, dict[str, tuple[yaml.Node, int]], dict[tuple[int, object], tuple[str, int, int]]]:
        """The root with exact positions below it, the anchors by name, and where aliases are."""
        if is_plain(self.text):
            return self._root, {}, {}
        root, loader = self.parse(self.text, exact_loader)
        return root, loader.anchored, loader.aliases

    # -- reading

    @property
    def names(self) -> list[str]:
        """The variables of the document, those inside others left out."""
        return [str(key.value) for key, _value in self._root.value] if isinstance(self._root, yaml.MappingNode) else []

    @property
    def names_not_text(self) -> list[tuple[str, int]]:
        """The variables whose names Ansible does not read as text, as they are written, and their lines."""
        entries = self._root.value if isinstance(self._root, yaml.MappingNode) else []
        return [(str(key.value), key.start_mark.line + 1) for key, _value in entries if key.tag not in TEXT_KEY_TAGS]

    def find(self, path: Path) -> Found | None:
        """The value at a path, or None where there is none."""
        node = self._root
        for depth, segment in enumerate(path):
            if isinstance(node, yaml.MappingNode):
                self.check_mapping(node, path[:depth])
                number = self.number_of(node, segment, path[: depth + 1])
                node = None if number is None else node.value[number][1]
            elif isinstance(node, yaml.SequenceNode) and is_index(segment):
                node = node.value[int(segment)] if int(segment) < len(node.value) else None
            else:
                return None
        if node is None:
            return None
        with contextlib.suppress(RecursionError):
            if not is_plain(self.text) and size_of(node, {}) > max(len(self.text), _MOST_VALUES):
                raise self.refuse(path, node, "its aliases (*) stand for too many values", "Write out what it needs.")
            return Found(tree_of(node), node.start_mark.line + 1)
        raise self.refuse(path, node, "it is nested too deeply or contains itself")

    def number_of(self, node: yaml.MappingNode, segment: str, path: Path) -> int | None:
        """Which entry of a mapping a name means, for reading and writing alike; None where there is none.

        Raises:
            VarsFileError: a key is written so that is neither text nor a whole number, or there are both, or it comes from a merge key.
        """
        numbers = numbers_of(node, segment)
        if len(numbers) > 1:
            second = node.value[numbers[1]][0]
            raise self.refuse(path, second, "the key is there as text and as a number", "Remove one of the two.")
        if not numbers and merged_has(node, segment):
            raise self.refuse(path, node, "it comes from a merge key (<<)", "Give it a value of its own.")
        if numbers and not is_key(node.value[numbers[0]][0], segment):
            raise self.refuse(path, node.value[numbers[0]][0], "its key is not a string", "Put the key in quotes.")
        return numbers[0] if numbers else None

    def vaulted(self) -> Iterator[Vaulted]:
        """Every vaulted leaf, each once."""
        seen: set[int] = set()
        todo = [self._root] if self._root is not None else []
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.tag in VAULT_TAGS and isinstance(node, yaml.ScalarNode):
                yield Vaulted.of(node.value)
            todo += children_of(node)

    def check_mapping(self, node: yaml.Node, path: Path) -> None:
        """Refuse what cannot hold variables: no mapping, or a key twice."""
        if id(node) in self._checked:
            return
        if not isinstance(node, yaml.MappingNode):
            raise self.refuse(path, node, "it is not a mapping", "Its top level must be keys and values.")
        seen = set()
        for key, _value in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
            if name in seen:
                path = (*path, str(key.value))
                raise self.refuse(path, key, "the key is there twice", "Remove one of the two.")
            seen.add(name)
        self._checked[id(node)] = node

    # -- editing

    def edit(self, changes: Mapping[Path, Tree]) -> Document:
        """The document with these values set, or removed where REMOVED; other text unchanged. Verified before it is returned."""
        wanted = Step(below={})
        for path, value in changes.items():
            step = wanted
            for segment in path:
                if step.below is None:
                    raise self.refuse(path, None, "one of its parents is written in the same edit")
                step = step.below.setdefault(segment, Step(below={}))
            if step.below:
                raise self.refuse(path, None, "something below it is written in the same edit")
            step.value, step.below = value, None
        new = Editor(self, wanted).run()
        after = None
        with contextlib.suppress(VarsFileError, RecursionError):
            read = Document(new, self._where)
            after = read if _agrees(self._root, read._root, wanted, set()) else None
        if after is None:
            names = ", ".join(repr(format_path(path)) for path in changes)
            raise VarsFileError(
                f"{names} in {self._where} could not be edited safely: the layout around it is too unusual.", "Edit it by hand."
            )
        return after


def _agrees(old: Any, new: Any, wanted: Step, seen: set[tuple[int, int]]) -> bool:
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
        return all(_agrees(a, b, steps[str(n)], seen) if str(n) in steps else equal_nodes(a, b, seen) for n, (a, b) in enumerate(pairs))
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
        elif not _agrees(before, entry[1], step, seen):
            return False
    return True
