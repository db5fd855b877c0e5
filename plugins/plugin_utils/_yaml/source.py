# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One YAML document as it was read: its text and its nodes, and what is refused in it. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.foreign import is_of_sops
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import (
    FastLoader,
    exact_loader,
    is_empty_null,
    is_key,
    is_null,
    is_plain,
    merged_has,
    numbers_of,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.paths import format_path
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import Path

_QUOTED_FRAGMENT = re.compile(r"""(['"])(?!<[a-z ]+>['"]|.['"]|\\t['"]).*\1""")


@dataclass(frozen=True)
class Exact:
    """The nodes of a document, each with its exact position.

    Attributes:
        root: None where there is nothing in it.
        anchors: the node that each anchor (&) names, and where that is written.
        aliases: by parent and key or index, the name of an alias (*) and where it begins and ends.
    """

    root: yaml.Node | None
    anchors: dict[str, tuple[yaml.Node, int]] = field(default_factory=dict)
    aliases: dict[tuple[int, object], tuple[str, int, int]] = field(default_factory=dict)


class Source:
    """A document as it was read.

    Args:
        text: the document.
        where: its name in error messages.
    """

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self._checked: dict[int, yaml.Node] = {}  # by id, and kept, so that none is another's
        self.root, _loader = self._parse(text, FastLoader)
        if self.root is not None and not is_null(self.root):
            self.check_mapping(self.root, ())
        if is_of_sops(self.root):
            raise VarsFileError(
                f"{where} is a file of SOPS, whose checksum an edit would break.", "Edit it with sops, or name another file."
            )

    def _parse(self, text: str, load: Callable[[str], Any]) -> tuple[yaml.Node | None, Any]:
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
            raise VarsFileError(f"{self.where} holds more than one YAML document{position}.", "Split it, one file per document.")
        problem = _QUOTED_FRAGMENT.sub("(hidden)", problem)
        raise VarsFileError(f"{self.where} is not valid YAML{position}: {problem}.", "Correct the file by hand.")

    def refuse(self, path: Path, node: yaml.Node | None, problem: str, hint: str = "Edit it by hand.") -> VarsFileError:
        """Return the error for something that cannot be handled; without a path it is the document as a whole."""
        line = f" (line {node.start_mark.line + 1})" if node is not None else ""
        name = f"Variable {format_path(path)!r}" if path else "The document"
        return VarsFileError(f"{name} in {self.where}{line} cannot be handled: {problem}.", hint)

    def exact(self) -> Exact:
        """Return its nodes with exact positions, which take longer to find."""
        if is_plain(self.text):
            return Exact(self.root)
        root, loader = self._parse(self.text, exact_loader)
        return Exact(root, loader.anchored, loader.aliases)

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
