# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse words that leave open who does what, where a user reads them: guides, documentation of plugins, errors, names of tasks.

Usage: tools/words.py     prints each place as file:line: word, and fails if there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What a credential is, where it is an object of a verb.
WHICH = r"(?:(?:a|an|another|the|that|this|new|no|any|more|its|live|access|API|service) )*"
CREDENTIAL = WHICH + r"(?:token|account|credential|secret|session|key)s?"
INSTEAD = {
    "anybody": "the caller, a user, an administrator",
    "everybody": "every user, all accounts",
    "nobody": "no user, no account",
    "somebody": "the caller, a user, an administrator",
    "whoever": "the user who",
    "mend": "fix, check, increase, set",
    "mends": "fixes",
    "mended": "fixed",
    "folder": "directory",
    "folders": "directories",
    "someone": "the user, an administrator",
    "looks? after": "check, keep",
    "switch(?:es|ed)? (?:it |them |that )?(?:off|on)": "disable, enable",
    rf"(?:make|makes|made|making) {CREDENTIAL}": "create, creates, created",
    r"(?:token|account|credential|secret|session|key)s? (?:that )?(?:is|are|was|were|being|is being|was being|cannot be) made": "created",
    r"(?:ten|two|all|free the|no) places(?: of| are taken| for a)": "slots",
}
REFUSED = re.compile("|".join(rf"(?P<w{number}>\b{word}\b)" for number, word in enumerate(INSTEAD)), re.IGNORECASE)
TEXTS = (
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "Makefile",
    "changelogs/fragments/*.yml",
    "docs/**/*.rst",
    "docs/awx/**/*.yml",
    "docs/awx/**/*.json",
    "playbooks/*.yml",
    "roles/**/*.yml",
    "roles/**/*.md",
)


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a Python file's strings, each with its number; docstrings, which only contributors read, are left out."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        node.body[0].value for node in ast.walk(tree) if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield from enumerate(node.value.splitlines(), node.lineno)


def refused() -> Iterator[str]:
    """Yield each place where a word is refused."""
    for pattern in TEXTS:
        for path in sorted(ROOT.glob(pattern)):
            yield from found(path, enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        yield from found(path, strings(path.read_text(encoding="utf-8")))


def found(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Yield each place in a file where a word is refused."""
    for number, line in lines:
        for match in REFUSED.finditer(line):
            instead = [*INSTEAD.values()][int(str(match.lastgroup)[1:])]
            yield f"{path.relative_to(ROOT)}:{number}: '{match[0]}': write {instead}"


if __name__ == "__main__":
    places = list(refused())
    print("\n".join(places) or "The words are those of the manual.")
    sys.exit(bool(places))
