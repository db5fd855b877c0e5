# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to errors: every sentence that it quotes is one that the code can really say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "troubleshooting.rst").read_text()
# A term of a definition list: one literal, or several with commas between.
QUOTED = [words for line in re.findall(r"^(?=``)(.*)\n   \S", GUIDE, re.MULTILINE) for words in re.findall(r"``(.+?)``", line)]
HOLE = "\0"  # stands for what is put in at run time


def _text(node: ast.AST) -> str | None:
    """Return a string of Python's source, with holes; None for what is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or HOLE for part in node.values)
    return None


def _texts_of_yaml(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield re.sub(r"\{\{.*?\}\}", HOLE, " ".join(value.split()))
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts_of_yaml(one)


@cache
def said() -> tuple[str, ...]:
    """Return all texts in the code that could be part of a message."""
    found: list[str] = []
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        tree = ast.parse(path.read_text())
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, (ast.Assign, ast.Expr))}
        found += [text for node in ast.walk(tree) if (text := _text(node)) and id(node) not in documentation]
        # Messages are also assigned to names before they are raised.
        found += [text for node in ast.walk(tree) if isinstance(node, ast.Assign) and (text := _text(node.value)) and "\n" not in text]
    for path in sorted((ROOT / "roles").rglob("tasks/*.yml")):
        found += _texts_of_yaml(yaml.safe_load(path.read_text()))
    return tuple(found)


def says(quoted: str, text: str) -> bool:
    """Tell whether a quoted sentence, where ``...`` stands for anything that was put in, is in a text of the code."""
    pieces = [re.escape(piece.strip(" ")) for piece in quoted.split("...")]
    return re.search(rf"\s?[^\0]{{0,2}}{HOLE}( {HOLE})?[^\0]{{0,2}}\s?".join(pieces), HOLE + text + HOLE) is not None


@pytest.mark.parametrize("quoted", QUOTED)
def test_the_code_says_so(quoted: str) -> None:
    assert any(says(quoted, text) for text in said()), "no message of the code reads like this"


def test_a_sentence_that_nobody_says_is_found_out() -> None:
    assert len(QUOTED) > 50
    assert not any(says("The ... has gone fishing.", text) for text in said())
