# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of plain values to block-style YAML lines, always the same lines for the same tree.

Strings are written on one line: plain where that cannot be misread, else quoted. Pure: no files, no crypto, no Ansible.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_template

Tree: TypeAlias = Any
"""str, Unsafe, int, float, bool, None, Vaulted, or a list or dict (with str keys) of trees."""
Path: TypeAlias = tuple[str, ...]

VAULT_TAG = "!vault"
UNSAFE_TAG = "!unsafe"
STEP = 2
_STR_TAG = "tag:yaml.org,2002:str"
_PLAIN = re.compile(r"[\w/](?:[\w /.,+@=()%:~*^$?;-]*[\w/.,+@=()%~*^$?;-])?")
_AMBIGUOUS = re.compile(r": | #|:$")
# Booleans of YAML 1.1 that PyYAML leaves alone but other readers do not.
_OTHER_BOOLEANS = frozenset("yYnN")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAK = re.compile("\r\n|[\n\r]")  # those of bytes.splitlines, with which Ansible takes an envelope apart
_resolver: Any = yaml.SafeLoader("")
_representer: Any = yaml.representer.SafeRepresenter()


@dataclass(frozen=True)
class Vaulted:
    """A vaulted leaf: its envelope, header line first, without indentation or final line break."""

    text: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Vaulted:
        """The envelope in a scalar. As in Ansible, line breaks and white space behind the header do not count; all else does."""
        header, *body = _BREAK.split(text)
        return cls("\n".join([header.rstrip(" \t\x0b\x0c"), *filter(None, body)]))


@dataclass(frozen=True)
class Quoted:
    """A secret leaf of a whole-file vault: a quoted string, out of Jinja's reach."""

    text: str = field(repr=False)


class Unsafe(str):
    """Text of which Ansible makes no template: the user tagged it so, or it came from elsewhere and could be one."""

    __slots__ = ()


@dataclass(frozen=True)
class Literal:
    """How a vaulted leaf is laid out: the text that opens it and its indentation relative to the line that opens it."""

    head: str = f"{VAULT_TAG} |"
    offset: int = STEP


Layout: TypeAlias = Callable[[Path, Vaulted], Literal]
"""How the vaulted leaf at a path is laid out."""


def quoted(text: str) -> str:
    """One line of YAML that reads back as this string, in quotes."""
    if _UNPRINTABLE.search(text):
        # JSON's escapes are YAML's; JSON leaves some characters alone that YAML does not accept as they are.
        return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
    return "'" + text.replace("'", "''") + "'"


def scalar(value: Tree) -> str:
    """One line of YAML that reads back as this scalar, type included."""
    if isinstance(value, Quoted):
        return (f"{UNSAFE_TAG} " if is_template(value.text) else "") + quoted(value.text)
    if isinstance(value, Unsafe):
        return f"{UNSAFE_TAG} {quoted(value)}"
    if not isinstance(value, str):
        if isinstance(value, (list, dict)):
            return "[]" if isinstance(value, list) else "{}"
        return str(_representer.represent_data(value).value)
    plain = _PLAIN.fullmatch(value) and not _AMBIGUOUS.search(value) and not _UNPRINTABLE.search(value)
    if plain and value not in _OTHER_BOOLEANS and _resolver.resolve(yaml.ScalarNode, value, (True, False)) == _STR_TAG:
        return value
    return quoted(value)


def block(tree: Tree, column: int, layout: Layout, floor: int = 0, path: Path = ()) -> list[str]:
    """The lines of a non-empty list or dict, each with its indentation.

    Args:
        column: where keys or dashes stand.
        layout: how the vaulted leaf at a path is laid out.
        floor: least indentation of a literal on the last lines, so that the comments which follow do not become part of it.
    """
    lines: list[str] = []
    pad = " " * column
    entries = list(enumerate(tree)) if isinstance(tree, list) else list(tree.items())
    for number, (key, value) in enumerate(entries, 1):
        here = (*path, str(key))
        low = floor if number == len(entries) else 0
        opening = f"{pad}-" if isinstance(tree, list) else f"{pad}{scalar(key)}:"
        if isinstance(value, Vaulted):
            literal = layout(here, value)
            lines.append(f"{opening} {literal.head}")
            lines += literal_lines(value, max(column + literal.offset, low))
        elif isinstance(value, (list, dict)) and value:
            nested = block(value, column + STEP, layout, low, here)
            if isinstance(tree, list):
                lines.append(f"{opening} {nested[0].lstrip(' ')}")
                lines += nested[1:]
            else:
                lines += [opening, *nested]
        else:
            lines.append(f"{opening} {scalar(value)}")
    return lines


def literal_lines(value: Vaulted, column: int) -> list[str]:
    """The body of a vaulted literal."""
    return [" " * column + line for line in value.text.split("\n")]
