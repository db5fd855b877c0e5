# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of layers in CONTRIBUTING.md: every file imports only what its layer may, and what a vendor does is known to platforms only."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from operator import attrgetter
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
    """Yield what a file imports, as parts of a dotted name; relative imports as those of the collection, and what is imported on demand."""
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
        elif (called := on_demand(node)) is not None:
            yield (*PREFIX, *called[0].split("."))


def on_demand(node: ast.AST) -> tuple[str, str] | None:
    """Return the module and the name that OnDemand is called with, which are literals; None for another node."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "OnDemand"):
        return None
    module, name = (ast.literal_eval(one) for one in node.args)
    return module, name


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
    assert len(names) == len(LAYERS) >= 20
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
        ("plugin_utils/_rotation/x.py", "x = OnDemand('plugin_utils._git.publish', 'publish')"),
        ("modules/x.py", "from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform import Qumulo"),
        ("module_utils/_platforms/_x.py", "import requests"),
    ],
)
def test_what_is_forbidden_is_found_out(file: str, source: str) -> None:
    assert len(forbidden(file, source)) == 1


ON_DEMAND = [
    pytest.param(*called, id=".".join(called))
    for file in FILES
    for node in ast.walk(ast.parse((PLUGINS / file).read_text()))
    if (called := on_demand(node)) is not None
]


@pytest.mark.parametrize(("module", "name"), ON_DEMAND)
def test_what_is_imported_on_demand_is_there(module: str, name: str) -> None:
    assert callable(attrgetter(name)(import_module(".".join((*PREFIX, module)))))


def test_imports_on_demand_are_found() -> None:
    assert len(ON_DEMAND) > 10


def imported_files(file: str) -> set[str]:
    names = imported(file, (PLUGINS / file).read_text())
    return {"/".join(name[len(PREFIX) :]) + ".py" for name in names if name[: len(PREFIX)] == PREFIX}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return files each of which imports the next one, and the last one the first; empty where there is no such ring."""
    done: set[str] = set()

    def follow(file: str, path: list[str]) -> list[str]:
        if file in path:
            return path[path.index(file) :]
        if file in done:
            return []
        found = next((ring for other in sorted(graph[file]) if (ring := follow(other, [*path, file]))), [])
        done.add(file)
        return found

    return next((ring for file in sorted(graph) if (ring := follow(file, []))), [])


def test_no_file_imports_itself_over_others() -> None:
    """Neither when it is loaded, nor late in a function, nor for type checkers."""
    graph = {file: imported_files(file) & set(FILES) for file in FILES}
    assert sum(map(len, graph.values())) > len(FILES), "what imports are found?"
    assert cycle(graph) == []
    assert cycle({**graph, "module_utils/_common/errors.py": {"modules/access_token.py"}}) != []


# Ansible looks for these in each file of their kind.
NAMED_BY_ANSIBLE = frozenset(("ActionModule", "CallbackModule", "LookupModule", "ModuleDocFragment"))


def defined_again(sources: dict[str, str]) -> dict[str, list[str]]:
    """Return the names of classes that several files define, with those files."""
    found: dict[str, list[str]] = {}
    for file, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_ANSIBLE:
                found.setdefault(node.name, []).append(file)
    return {name: files for name, files in found.items() if len(files) > 1}


def test_the_name_of_a_class_means_one_thing() -> None:
    assert defined_again({file: (PLUGINS / file).read_text() for file in FILES}) == {}
    assert defined_again({"a.py": "class Plan: ...", "b.py": "def f():\n    class Plan: ..."}) == {"Plan": ["a.py", "b.py"]}


# -- what a vendor does, above the platforms

# May know it: where it belongs, what a task's options are called before a platform is chosen, and the documentation.
VENDOR_LAYERS = frozenset(("platforms", "connection", "fragments"))
# Statuses are what these speak; above them a failure is a type, or answers a question (RequestError.may_pass).
HTTP_LAYERS = frozenset(("http", "common"))
VENDOR = re.compile(
    r"qumulo|rubrik|\brsc\b|\bcdm\b|security cloud|polaris|graphql"
    r"|\b(?:[2-9]|10|two|three|ten|twelve) (?:access tokens|tokens|sessions|S3 keys)\b",
    re.IGNORECASE,
)
STATUSES = range(300, 600)
LIMIT = re.compile(r"limit|longest|most|maximum|expires_after|lifetime", re.IGNORECASE)
DOCUMENTED = frozenset(("DOCUMENTATION", "EXAMPLES", "RETURN"))
# What looks like a vendor's and is not: file, what is found there, why.
ALLOWED = {
    ("plugin_utils/_git/command.py", "limit _LONGEST = 400"): "characters of git's own words",
    ("plugin_utils/_rotation/awx_credential.py", "status 443"): "a port",
    ("plugin_utils/_rotation/lifetime.py", "limit _MOST = 59"): "minutes by which we shorten a lifetime",
    ("plugin_utils/_yaml/document.py", "limit _MOST_VALUES = 20000"): "values that we read of a file",
}


def unread(tree: ast.AST) -> set[int]:
    """Return the nodes of docstrings and of the documentation."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in DOCUMENTED:
            found |= {id(one) for one in ast.walk(node)}
        elif isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node, clean=False):
            found |= {id(one) for one in ast.walk(node.body[0])}
    return found


def numbers(node: ast.AST, source: str) -> list[int]:
    """Return the whole numbers in a piece of code, without 0, 1 and permissions of files, which are written as octal ones."""
    return [
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant)
        and isinstance(one.value, int)
        and not isinstance(one.value, bool)
        and one.value > 1
        and not (ast.get_source_segment(source, one) or "").startswith("0o")
    ]


def names_in(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        yield from (value for value in (getattr(one, field, None) for field in ("id", "attr", "arg", "name")) if isinstance(value, str))


def limits(node: ast.AST, source: str) -> Iterator[str]:
    """Yield the numbers that are given to, or compared with, something called a limit."""
    if isinstance(node, ast.Compare):
        sides: list[tuple[ast.AST, ast.AST]] = [(node, one) for one in (node.left, *node.comparators)]
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
        sides = [(one, node.value) for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    elif isinstance(node, ast.keyword):
        sides = [(ast.Name(node.arg or ""), node.value)]
    else:
        return
    for name, value in sides:
        if isinstance(value, (ast.Constant, ast.Tuple, ast.Call)):
            yield from (f"limit {one} = {number}" for one in names_in(name) if LIMIT.search(one) for number in numbers(value, source))


def vendor_knowledge(file: str, source: str) -> list[str]:
    """Return what a file knows of vendors and may not: names, limits, statuses of answers."""
    layer = layer_of(file).name
    if layer in VENDOR_LAYERS:
        return []
    tree = ast.parse(source)
    skipped, found = unread(tree), []
    for node in (one for one in ast.walk(tree) if id(one) not in skipped):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [f"name {one}" for one in VENDOR.findall(node.value)]
        elif not isinstance(node, ast.Constant):
            own = [getattr(node, field, None) for field in ("id", "attr", "arg", "name")]
            found += [f"name {one}" for one in own if isinstance(one, str) and VENDOR.search(one.replace("_", " "))]
        if layer not in HTTP_LAYERS:
            found += limits(node, source)
            if isinstance(node, ast.Constant):
                found += [f"status {one}" for one in numbers(node, source) if one in STATUSES]
    limited = {one.rpartition(" = ")[2] for one in found if one.startswith("limit")}
    found = [one for one in found if not (one.startswith("status") and one.split()[1] in limited)]
    return [one for one in dict.fromkeys(found) if (file, one) not in ALLOWED]


@pytest.mark.parametrize("file", FILES)
def test_vendors_are_known_to_platforms_only(file: str) -> None:
    assert vendor_knowledge(file, (PLUGINS / file).read_text()) == []


def test_what_is_allowed_is_there() -> None:
    """An entry that is of no use any more goes."""
    for file, what in ALLOWED:
        assert what.partition(" ")[2] in (PLUGINS / file).read_text().replace("20_000", "20000")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("action/rotation.py", 'hint = "Only on Qumulo Core."'),
        ("action/rotation.py", 'if options["platform"] == "rubrik_cdm": pass'),
        ("module_utils/_operations/x.py", "def revoke_rsc_session(): pass"),
        ("module_utils/_operations/x.py", "options.qumulo_kind"),
        ("module_utils/_http/x.py", 'what = f"{title} of RSC at {url}"'),
        ("plugin_utils/_rotation/kinds_base.py", "NOT_YET = (400,)"),
        ("plugin_utils/_rotation/engine.py", "if failure.status == 401: pass"),
        ("plugin_utils/_rotation/engine.py", "dead = failure.status in range(400, 600 - 200)"),
        ("plugin_utils/_rotation/options.py", "_LONGEST_API_TOKEN = timedelta(days=365)"),
        ("plugin_utils/_rotation/planning.py", "full = len(tokens) >= 2 and token_limit > 2"),
        ("plugin_utils/_rotation/planning.py", "Listing(token_limit=10)"),
        ("plugin_utils/_play_token/x.py", 'why = "The account has ten sessions."'),
        ("lookup/x.py", 'DOCUMENTATION = "Qumulo"\nhint = "qumulo.example.com"'),
    ],
)
def test_a_leak_is_found(file: str, source: str) -> None:
    assert len(vendor_knowledge(file, source)) == 1


@pytest.mark.parametrize(
    "source",
    ['"""Rubrik CDM allows ten sessions."""', "def f():\n    'Of Qumulo.'", 'EXAMPLES = "rubrik_rsc, 401"', "mode = 0o600", "limit = 1"],
)
def test_what_only_documents_is_none(source: str) -> None:
    assert vendor_knowledge("action/rotation.py", source) == []


@pytest.mark.parametrize("path", sorted((ROOT / "roles").glob("*/[td]*/*.yml")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_role_knows_no_vendor(path: Path) -> None:
    code = "\n".join(line.partition(" #")[0] for line in path.read_text().splitlines() if not line.startswith("#"))
    assert VENDOR.findall(code) == []
    assert re.findall(r"(?<![\w.])[345]\d\d(?![\w.])", code) == []
