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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.edit import Editor
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import (
    TEXT_KEY_TAGS,
    VAULT_TAGS,
    Opaque,
    children_of,
    is_index,
    is_plain,
    same,
    size_of,
    tree_of,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.paths import format_path, parse_path
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.proof import agrees
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path, Quoted, Tree, Unsafe, Vaulted
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.source import Source
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.wanted import REMOVED, WantedNode

__all__ = ["REMOVED", "Found", "Opaque", "Path", "Quoted", "Tree", "Unsafe", "Vaulted", "YamlDocument", "format_path", "parse_path", "same"]

_MOST_VALUES = 20_000  # that aliases may stand for, in a file that is shorter


@dataclass(frozen=True)
class Found:
    """A value in a document: its tree, with Vaulted and Opaque leaves, and its line."""

    tree: Tree = field(repr=False)
    line: int


class YamlDocument(Source):
    """One parsed YAML document, to read from and to edit."""

    # -- reading

    @property
    def names(self) -> list[str]:
        """The variables of the document, those inside others left out."""
        return [str(key.value) for key, _value in self.root.value] if isinstance(self.root, yaml.MappingNode) else []

    @property
    def names_not_text(self) -> list[tuple[str, int]]:
        """The variables whose names Ansible does not read as text, as they are written, and their lines."""
        entries = self.root.value if isinstance(self.root, yaml.MappingNode) else []
        return [(str(key.value), key.start_mark.line + 1) for key, _value in entries if key.tag not in TEXT_KEY_TAGS]

    def find(self, path: Path) -> Found | None:
        """The value at a path, or None where there is none."""
        node = self.root
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

    def vaulted(self) -> Iterator[Vaulted]:
        """Every vaulted leaf, each once."""
        seen: set[int] = set()
        todo = [self.root] if self.root is not None else []
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.tag in VAULT_TAGS and isinstance(node, yaml.ScalarNode):
                yield Vaulted.of(node.value)
            todo += children_of(node)

    # -- editing

    def edit(self, changes: Mapping[Path, Tree]) -> YamlDocument:
        """The document with these values set, or removed where REMOVED; other text unchanged. Verified before it is returned."""
        wanted = WantedNode(below={})
        for path, value in changes.items():
            step = wanted
            for segment in path:
                if step.below is None:
                    raise self.refuse(path, None, "one of its parents is written in the same edit")
                step = step.below.setdefault(segment, WantedNode(below={}))
            if step.below:
                raise self.refuse(path, None, "something below it is written in the same edit")
            step.value, step.below = value, None
        new = Editor(self, wanted).run()
        after = None
        with contextlib.suppress(VarsFileError, RecursionError):
            read = YamlDocument(new, self.where)
            after = read if agrees(self.root, read.root, wanted, set()) else None
        if after is None:
            names = ", ".join(repr(format_path(path)) for path in changes)
            raise VarsFileError(
                f"{names} in {self.where} could not be edited safely: the layout around it is too unusual.", "Edit it by hand."
            )
        return after
