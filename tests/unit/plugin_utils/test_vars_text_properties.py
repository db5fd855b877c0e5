# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every edit of every vars file must keep, over generated files. Touches no files."""

from __future__ import annotations

import copy
import math
from typing import Any

import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import REMOVED, Vaulted, YamlDocument, format_path, parse_path
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.nodes import children_of
from tests.unit.plugin_utils import vars_documents
from tests.unit.plugin_utils.vars_documents import PLAINS, documents, load

CIPHER = Vaulted("$ANSIBLE_VAULT;1.2;AES256;dev\n" + "61" * 40 + "\n6263")
VALUES = st.one_of(
    st.just(CIPHER),
    PLAINS,
    st.lists(st.just(CIPHER), min_size=1, max_size=2),
    st.dictionaries(st.sampled_from(["x", "no"]), st.just(CIPHER)),
)


def is_editable(text: str) -> bool:
    """A generated text that YAML accepts."""
    try:
        yaml.load(text, Loader=vars_documents.PlainLoader)  # noqa: S506
    except yaml.YAMLError:
        return False
    return True


def plain(value: Any) -> Any:
    """A wanted tree as the independent reader gives it back."""
    if isinstance(value, Vaulted):
        return ("vault", value.text)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def typed(value: Any) -> Any:
    """Values that compare with their types."""
    if isinstance(value, dict):
        return {typed(key): typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return ("nan",) if str(value) == "nan" else (type(value).__name__, value)


def put(tree: Any, path: tuple[str, ...], value: Any) -> Any:
    """The data with a value at a path, or without it."""
    tree = copy.deepcopy(tree) if tree is not None else {}
    node = tree
    for segment in path[:-1]:
        node = node[int(segment)] if isinstance(node, list) else node.setdefault(segment, {})
    if isinstance(node, list):
        node[int(path[-1])] = value
    elif value is REMOVED:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return tree


def kinds(document: vars_documents.Document) -> set[str]:
    return {entry.kind for entry in document.entries}


def edit_or_refusal(text: str, changes: dict[tuple[str, ...], Any]) -> tuple[str, str]:
    """The new text, or why there is none."""
    try:
        return edited(text, changes), ""
    except VarsFileError as error:
        return "", str(error)


def edited(text: str, changes: dict[tuple[str, ...], Any]) -> str:
    return YamlDocument(text, "f.yml").edit(changes).text


@st.composite
def edits(draw: Any) -> tuple[vars_documents.Document, vars_documents.Entry, Any]:
    document = draw(documents())
    assume(document.entries and is_editable(document.text))
    return document, draw(st.sampled_from(document.entries)), draw(VALUES)


@given(edits())
def test_only_the_value_changes(case: tuple[vars_documents.Document, vars_documents.Entry, Any]) -> None:
    document, entry, value = case
    before = load(document.text)
    if entry.kind in ("anchor", "alias"):
        return
    new, refusal = edit_or_refusal(document.text, {entry.path: value})
    if refusal:
        assert "anchor" in refusal
        return
    assert typed(load(new)) == typed(put(before, entry.path, plain(value)))
    old_lines, new_lines = document.text.splitlines(keepends=True), new.splitlines(keepends=True)
    assert new_lines[: entry.first] == old_lines[: entry.first]
    rest = old_lines[entry.end :]
    if rest and entry.kind != "keep":
        assert new_lines[-len(rest) :] == rest
    assert edited(new, {entry.path: value})
    if entry.kind not in ("map", "list", "keep"):
        # Where a block becomes one line, a blank line above it may come last.
        assert new.endswith("\n") == document.text.endswith("\n") or not document.lines[-1]


@given(documents(), st.data())
def test_set_then_remove_gives_the_old_bytes(document: vars_documents.Document, data: st.DataObject) -> None:
    text = document.text
    assume(is_editable(text))
    before = load(text)
    parents = [()] + [entry.path for entry in document.entries if entry.kind == "map"]
    parent = data.draw(st.sampled_from(parents))
    depth = data.draw(st.integers(0, 2))
    path = (*parent, data.draw(st.sampled_from(["new", "new key", "ключ", "yes", "0", "x: y"])), *["deep"] * depth)
    value = data.draw(VALUES)
    new, refusal = edit_or_refusal(text, {path: value})
    if refusal:
        assert "ends in its text without a line break" in refusal
        return
    assert typed(load(new)) == typed(put(before, path, plain(value)))
    # What is new stands in one piece.
    cut = next(at for at in range(len(new) + 1) if new[: at + 1] != text[: at + 1] or at == len(new))
    assert any(new[:at] + new[at + len(new) - len(text) :] == text for at in range(cut + 1))
    assert edited(new, {path[: len(parent) + 1]: REMOVED}) == text


@given(edits())
def test_a_removed_key_takes_nothing_else_along(case: tuple[vars_documents.Document, vars_documents.Entry, Any]) -> None:
    document, entry, _value = case
    before = load(document.text)
    new, refusal = edit_or_refusal(document.text, {entry.path: REMOVED})
    if refusal:
        # An empty document may not end with "..." alone, and text that keeps its blank lines would take those below the key.
        odd = ("..." in document.lines and not any(line.startswith("---") for line in document.lines)) or "keep" in kinds(document)
        assert odd or any(word in refusal for word in ("anchor", "alias", "item of a list", "comment stands")), refusal
        return
    wanted = put(before, entry.path, REMOVED)
    assert typed(load(new) or {}) == typed(wanted)
    if len(entry.path) == 1 and entry.kind != "keep":
        # One piece is gone: it starts with the key's line, and ends with the value or the deeper comments below it.
        text = document.text
        at = next(at for at in range(len(text)) if text[: at + 1] != new[: at + 1])
        assert any(text[:cut] + text[cut + len(text) - len(new) :] == new for cut in range(at + 1))
        lines = text.splitlines(keepends=True)
        assert new.startswith("".join(lines[: entry.first]).rstrip("\r\n"))
        assert new.endswith("".join(_without_deeper_comments(lines[entry.end :], 0)))


def _without_deeper_comments(lines: list[str], column: int) -> list[str]:
    for number, line in enumerate(lines):
        if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= column:
            return lines[number:]
    return []


@given(st.lists(st.text(min_size=1), min_size=1))
def test_names_are_paths_and_back(segments: list[str]) -> None:
    assert parse_path(format_path(tuple(segments))) == tuple(segments)


@given(st.text())
def test_any_text_is_edited_or_refused(text: str) -> None:
    try:
        new = edited(text, {("new",): 1})
    except VarsFileError:
        return
    assert load(new)["new"] == 1


SOUP = st.lists(
    st.sampled_from(
        [
            "a",
            "b:",
            " ",
            "  ",
            "\n",
            "- ",
            "? ",
            ": ",
            "#",
            "'",
            '"',
            "|",
            ">",
            "!vault ",
            "&x ",
            "*x",
            "{",
            "}",
            "[",
            "]",
            ",",
            "\t",
            "---\n",
            "...\n",
            "\r\n",
            "<<",
        ]
    )
)


@given(SOUP)
def test_any_soup_of_yaml_is_edited_or_refused(tokens: list[str]) -> None:
    text = "".join(tokens)
    for path in (("a",), ("b", "x"), ("b", "0", "a")):
        for value in (1, CIPHER, REMOVED, {"q": CIPHER}):
            try:
                new = edited(text, {path: value})
            except VarsFileError:
                continue
            YamlDocument(new, "f.yml")


def positions(text: str, loader: Any) -> list[Any]:
    """What a loader tells of a text: its events and its nodes, and where each is."""
    found = []
    for event in yaml.parse(text, Loader=loader):
        found.append((*place(event, text), getattr(event, "anchor", None), getattr(event, "value", None)))
    todo, seen = [yaml.compose(text, Loader=loader)], set()
    while todo:
        node: Any = todo.pop()
        if node is not None and id(node) not in seen:
            seen.add(id(node))
            found.append((*place(node, text), node.tag, node.value if isinstance(node.value, str) else None))
            todo += children_of(node)
    return found


def place(of: Any, text: str) -> tuple[Any, ...]:
    start = of.start_mark
    return type(of), getattr(of, "style", None) or None, start.index, start.column if start.index < len(text) else None, of.end_mark.index


@given(st.one_of(documents().map(lambda document: document.text), SOUP.map("".join)))
def test_both_parsers_tell_the_same_positions(text: str) -> None:
    assume("\ufeff" not in text)
    try:
        exact = positions(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        assume(False)
    assert positions(text, yaml.CSafeLoader) == exact
