# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vars file should hold: a request, and as trees the values that it asks for. No ciphers, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_template
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import REMOVED, Path, Tree, Unsafe, format_path, parse_path

_ABSENT = object()


@dataclass(frozen=True)
class SecretLeaf:
    """A leaf to be kept encrypted."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Request:
    """What a vars file should hold. Names are dotted paths; plain and secret parts of one value are merged.

    Args:
        secrets: values to keep encrypted: text, or dicts and lists of texts.
        plain: values to keep readable.
        remove: names that should be absent.
        vault_id: encrypt the secrets under this id; by default each keeps the one it has.
        encrypt: each value, the file as a whole, or whatever the file does already.
        create: make the file when there is none, with this mode (0600 by default).
        expect: fingerprints that values must still have, "" for absent; of several any one.
        backup: keep a copy of the old file beside it.
        if_gone: the content to start from when somebody deleted the file: then it is made again, with this mode.
        or_overwrite: where there is no room for a second file, write over the one that is there.
    """

    secrets: Mapping[str, object] = field(default_factory=dict, repr=False)
    plain: Mapping[str, object] = field(default_factory=dict, repr=False)
    remove: Sequence[str] = ()
    vault_id: str | None = None
    encrypt: Literal["auto", "value", "file"] = "auto"
    create: bool = False
    mode: int | None = None
    expect: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    backup: bool = False
    if_gone: bytes | None = field(default=None, repr=False)
    or_overwrite: bool = False


def targets_of(request: Request) -> dict[Path, Tree]:
    """The values to be written, each as one tree with SecretLeaf leaves, and REMOVED."""
    parts: list[tuple[Path, Tree, str]] = []
    for secret, values in ((False, request.plain), (True, request.secrets)):
        for name, value in values.items():
            parts.append((parse_path(name), _exact(value, secret, repr(name)), name))
    paths = [parse_path(name) for values in (request.secrets, request.plain) for name in values]
    tops = {path: _ABSENT for path in paths if not any(path[:size] in paths for size in range(1, len(path)))}
    targets: dict[Path, Tree] = dict(tops)
    for path, tree, name in sorted(parts, key=lambda part: len(part[0])):
        top = next(path[:size] for size in range(1, len(path) + 1) if path[:size] in tops)
        targets[top] = _merge(targets[top], path[len(top) :], tree, name)
    removed = {parse_path(name) for name in request.remove}
    for path in (parse_path(name) for name in request.remove):
        if any(path[:size] in removed for size in range(1, len(path))):
            continue
        clash = next((top for top in tops if top[: len(path)] == path or path[: len(top)] == top), None)
        if clash is not None:
            raise VarsFileError(f"{format_path(path)!r} is to be removed and {format_path(clash)!r} to be written.", "Ask for one of them.")
        targets[path] = REMOVED
    return targets


def _kind(value: object) -> str:
    """The name of a value's built-in type; Ansible's tagged values have types of their own below those."""
    return next((one.__name__ for one in type(value).__mro__ if one.__module__ == "builtins" and one is not object), type(value).__name__)


def _exact(value: object, secret: bool, where: str) -> Tree:
    """A tree of built-in types only; Ansible's tagged strings and lazy containers become ordinary ones."""
    if isinstance(value, Mapping):
        bad = next((key for key in value if not isinstance(key, str)), None)
        if bad is not None:
            raise VarsFileError(f"{where} has a key that is a {_kind(bad)}.", "Make all keys strings.")
        keys = {str.__str__(key): item for key, item in value.items()}
        return {key: _exact(item, secret, f"{where}.{key}") for key, item in keys.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item, secret, f"{where}.{number}") for number, item in enumerate(value)]
    if isinstance(value, str):
        text = str.__str__(value)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise VarsFileError(f"{where} is not valid Unicode text.", "Encode binary data, with b64encode for example.")
        if secret:
            return SecretLeaf(text)
        # What a template came from cannot be told, on ansible-core 2.16 at all: a file that is loaded must not run it.
        return Unsafe(text) if is_template(text) else text
    if secret:
        problem = f"{where} is a {_kind(value)}, and only text can be encrypted"
        raise VarsFileError(f"{problem}.", "Put it in quotes, or use the filter string.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise VarsFileError(f"{where} is a {_kind(value)}, which has no place in a vars file.", "Pass text, numbers, lists and dicts.")


def _merge(tree: Tree, path: Path, value: Tree, name: str) -> Tree:
    """The tree with a value put in at a path where there is none yet."""
    if not path:
        if tree is _ABSENT:
            return value
        if isinstance(tree, dict) and isinstance(value, dict):
            for key, item in value.items():
                tree = _merge(tree, (key,), item, name)
            return tree
        raise VarsFileError(f"{name!r} is asked for twice, with different values.", "Name it once.")
    if tree is _ABSENT:
        tree = {}
    if isinstance(tree, list) and path[0].isdigit() and int(path[0]) < len(tree):
        number = int(path[0])
        return [*tree[:number], _merge(tree[number], path[1:], value, name), *tree[number + 1 :]]
    if not isinstance(tree, dict):
        raise VarsFileError(f"{name!r} is asked for inside a value that is not a mapping.", "Correct the names.")
    return {**tree, path[0]: _merge(tree.get(path[0], _ABSENT), path[1:], value, name)}
