# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a YAML document: where they are in its text, and the values they stand for. Pure; no files, no Ansible."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_template
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import (
    UNSAFE_TAG,
    VAULT_TAG,
    Quoted,
    Tree,
    Unsafe,
    Vaulted,
    scalar,
)

VAULT_TAGS = (VAULT_TAG, "!vault-encrypted")
MERGE_TAG = "tag:yaml.org,2002:merge"
_STR_TAG = "tag:yaml.org,2002:str"
TEXT_KEY_TAGS = (_STR_TAG, "!unsafe", "tag:yaml.org,2002:value", MERGE_TAG)
_INT_TAG = "tag:yaml.org,2002:int"
_NULL_TAG = "tag:yaml.org,2002:null"
_NUMBER = re.compile("0|-?[1-9][0-9]*", re.ASCII)
_MAP_TAG = "tag:yaml.org,2002:map"
_SEQ_TAG = "tag:yaml.org,2002:seq"


@dataclass(frozen=True)
class Opaque:
    """A value that has no plain form (an unknown tag, a merge key), as YAML; equal to nothing that can be asked for."""

    text: str = field(repr=False)


def same(one: Tree, other: Tree) -> bool:
    """Whether two trees have equal values of equal types. The order of keys does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_inert(one) != _is_inert(other):
        return False
    one, other = _as_text(one), _as_text(other)
    if isinstance(one, Opaque) or type(one) is not type(other):
        return False
    # NaN equals itself here: what matters is what the file says.
    return bool(scalar(one) == scalar(other) if isinstance(one, float) else one == other)


def _as_text(leaf: Tree) -> Tree:
    if isinstance(leaf, Quoted):
        return leaf.text
    return str(leaf) if isinstance(leaf, Unsafe) else leaf


def _is_inert(leaf: Tree) -> bool:
    """Whether a leaf would be a template if it were not for its tag."""
    return isinstance(leaf, (Quoted, Unsafe)) and is_template(_as_text(leaf))


# The C parser is what Ansible itself reads with, and tens of times faster than the one in Python.
FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Exact(yaml.composer.Composer):
    """Composes nodes in Python, and keeps where anchors and aliases are, which nodes do not tell."""

    loader: ClassVar[Any]

    def __init__(self, text: str) -> None:
        self.loader.__init__(self, text)
        yaml.composer.Composer.__init__(self)
        self.anchored: dict[str, tuple[yaml.Node, int]] = {}
        self.aliases: dict[tuple[int, object], tuple[str, int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[attr-defined]
        start, end = event.start_mark.index, event.end_mark.index
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            span = (str(event.anchor), start, end)
            self.aliases[id(parent), index if isinstance(index, int) else id(index)] = span
        elif event.anchor is not None and node is not None:
            self.anchored[event.anchor] = (node, start)
        return node


class PureExactLoader(_Exact, yaml.SafeLoader):
    """Reads with the parser in Python."""

    loader = yaml.SafeLoader


class FastExactLoader(_Exact, FastLoader):
    """Composes from the events of the C parser, where there is one."""

    loader = FastLoader


def exact_loader(text: str) -> PureExactLoader | FastExactLoader:
    """Return a loader of a text that keeps where anchors and aliases are, and tells exact positions.

    Both parsers tell the same ones (test_vars_text_properties), but for a byte order mark, which the C parser does not count.
    """
    return (PureExactLoader if "\ufeff" in text else FastExactLoader)(text)


def is_plain(text: str) -> bool:
    """Whether FastLoader's nodes are exact and all there is to know: no byte order mark, and nothing that could be an anchor or alias."""
    return not any(char in text for char in "\ufeff&*")


def is_index(segment: str) -> bool:
    return segment.isascii() and segment.isdigit()


def is_key(key: Any, segment: str) -> bool:
    """Whether a key is this text, or the whole number that is written so."""
    if not isinstance(key, yaml.ScalarNode) or key.value != segment:
        return False
    return key.tag == _STR_TAG or (key.tag == _INT_TAG and _NUMBER.fullmatch(segment) is not None)


def numbers_of(node: yaml.MappingNode, segment: str) -> list[int]:
    """Which entries of a mapping have a key that is written so, whatever its type."""
    return [number for number, (key, _value) in enumerate(node.value) if isinstance(key, yaml.ScalarNode) and key.value == segment]


def merged_has(node: yaml.MappingNode, segment: str) -> bool:
    """Whether a merge key (<<) brings a mapping this key, or something that cannot be merged, of which nothing can be said."""
    seen: set[int] = set()
    todo = [value for key, value in node.value if key.tag == MERGE_TAG]
    while todo:
        merged = todo.pop()
        if id(merged) in seen:
            continue
        seen.add(id(merged))
        if isinstance(merged, yaml.SequenceNode):
            todo += merged.value
        elif not isinstance(merged, yaml.MappingNode) or numbers_of(merged, segment):
            return True
        else:
            todo += [value for key, value in merged.value if key.tag == MERGE_TAG]
    return False


def is_null(node: Any) -> bool:
    """Whether a node says that there is nothing, in words or not."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL_TAG


def size_of(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values there are in a node when each alias in it is written out. The same node is counted once, so this is linear.

    Args:
        node: the node.
        sizes: of the nodes that were counted already, by id; those that are being counted are there as 0.

    Raises:
        RecursionError: the node is nested too deeply, or contains itself.
    """
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise RecursionError
        return sizes[id(node)]
    sizes[id(node)] = 0
    size = 1 + sum(size_of(one, sizes) for one in children_of(node))
    sizes[id(node)] = size
    return size


def is_empty_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index and node.value == ""


def last_leaf(node: yaml.Node) -> yaml.Node:
    """What stands in the last line of a value."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node


def is_literal(node: yaml.Node) -> bool:
    """Whether a value is a block scalar, whose text has lines of its own."""
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def children_of(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for entry in node.value for part in entry]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def child_of(node: Any, segment: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next(value for key, value in node.value if str(key.value) == segment)
    return node.value[int(segment)]


def tree_of(node: Any) -> Tree:
    """The value of a node, with Vaulted leaves, and Opaque ones where a value has no plain form."""
    if isinstance(node, yaml.MappingNode):
        keys = [tree_of(key) if isinstance(key, yaml.ScalarNode) and key.tag != MERGE_TAG else None for key, _value in node.value]
        if node.tag != _MAP_TAG or any(isinstance(key, (type(None), Opaque, Vaulted)) for key in keys) or len(set(keys)) < len(keys):
            return _opaque(node)
        return {key: tree_of(value) for key, (_key, value) in zip(keys, node.value, strict=True)}
    if isinstance(node, yaml.SequenceNode):
        return [tree_of(item) for item in node.value] if node.tag == _SEQ_TAG else _opaque(node)
    if node.tag in VAULT_TAGS:
        return Vaulted.of(node.value)
    if node.tag in (_STR_TAG, UNSAFE_TAG):
        return str(node.value) if node.tag == _STR_TAG else Unsafe(node.value)
    try:
        constructor: Any = yaml.constructor.SafeConstructor()
        return constructor.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError, KeyError):
        return _opaque(node)


def _opaque(node: Any) -> Opaque:
    return Opaque(str(yaml.serialize(node, Dumper=yaml.SafeDumper)))


def _is_same_text(one: yaml.ScalarNode, other: yaml.ScalarNode) -> bool:
    """Compare values; of ciphertexts what Ansible would decrypt, since their last line break comes and goes with that of the file."""
    return bool(one.value == other.value) or (one.tag in VAULT_TAGS and Vaulted.of(one.value) == Vaulted.of(other.value))


def equal_nodes(one: Any, other: Any, seen: set[tuple[int, int]]) -> bool:
    """Whether two nodes are the same text in other positions."""
    if isinstance(one, yaml.ScalarNode) and isinstance(other, yaml.ScalarNode) and (one.tag, one.value) == (other.tag, other.value):
        return True
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
        first, second = children_of(a), children_of(b)
        if a.tag != b.tag or len(first) != len(second):
            return False
        if isinstance(a, yaml.ScalarNode) and not _is_same_text(a, b):
            return False
        todo += zip(first, second, strict=True)
    return True
