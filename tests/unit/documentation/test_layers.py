# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of layers in CONTRIBUTING.md: every file imports only what its layer may."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
PREFIX = ("ansible_collections", "latchkey", "tokens", "plugins")
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))


@dataclass(frozen=True)
class Layer:
    """A row of the table."""

    name: str
    files: tuple[str, ...]
    imports: frozenset[str]
    packages: frozenset[str]


def read_table(text: str) -> list[Layer]:
    rows = re.findall(r"^\| ([a-z ]+) \| (`\S+/.*?) \| .*? \| (.*?) ?\|$", text, re.MULTILINE)
    return [
        Layer(
            name,
            tuple(re.findall(r"`([^`]+)`", files)),
            frozenset(word for word in re.split(r",\s*", imports) if word and "`" not in word),
            frozenset(re.findall(r"`([^`]+)`", imports)),
        )
        for name, files, imports in rows
    ]


LAYERS = read_table((ROOT / "CONTRIBUTING.md").read_text())


def layer_of(file: str) -> Layer:
    return next(one for one in LAYERS if any(fnmatch(file, pattern) for pattern in one.files))


def imported(file: str, source: str) -> Iterator[tuple[str, ...]]:
    """Yield what a file imports, as parts of a dotted name; relative imports as those of the collection."""
    package = (*PREFIX, *Path(file).parent.parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (tuple(one.name.split(".")) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            # What is named may be a module of a package, or something in a module.
            is_package = module[: len(PREFIX)] == PREFIX and PLUGINS.joinpath(*module[len(PREFIX) :]).is_dir()
            yield from ((*module, one.name) for one in node.names) if is_package else (module,)


def forbidden(file: str, source: str) -> list[str]:
    """Return what a file imports and may not."""
    layer, found = layer_of(file), []
    for name in imported(file, source):
        if name[: len(PREFIX)] == PREFIX:
            other = layer_of("/".join(name[len(PREFIX) :]) + ".py").name
            if other not in (layer.name, *layer.imports):
                found.append(f"{'.'.join(name[len(PREFIX) :])} of layer {other}")
        elif name[0] not in {*sys.stdlib_module_names, *layer.packages}:
            found.append(name[0])
    return found


def test_the_table_is_whole() -> None:
    names = {one.name for one in LAYERS}
    assert len(names) == len(LAYERS) == 18
    assert all(one.imports <= names for one in LAYERS)
    assert {layer_of(file).name for file in FILES} == names, "a layer without a file"


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_its_layer_may(file: str) -> None:
    assert forbidden(file, (PLUGINS / file).read_text()) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("module_utils/_operations/_x.py", "from .._http import HttpClient"),
        ("module_utils/_operations/_x.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_platforms/_x.py", "from .._operations._execute import Task"),
        ("module_utils/_common/x.py", "from .._http import client"),
        ("plugin_utils/_rotation/x.py", "def late():\n    import yaml"),
        ("plugin_utils/_rotation/x.py", "from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform"),
        ("plugin_utils/_rotation/x.py", "from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store import RescueFile"),
        ("modules/x.py", "from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform import Qumulo"),
        ("module_utils/_platforms/_x.py", "import requests"),
    ],
)
def test_what_is_forbidden_is_found_out(file: str, source: str) -> None:
    assert len(forbidden(file, source)) == 1
