# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vars file holds: its bytes as text, the leaves of its values, fingerprints of them. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ansible_collections.latchkey.tokens.plugins.module_utils._common.credential_form import is_template
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import HEADER, Seal, Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import (
    Opaque,
    Path,
    Quoted,
    Tree,
    Unsafe,
    Vaulted,
    YamlDocument,
    parse_path,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.foreign import has_late_header, tool_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.render import UNSAFE_TAG


@dataclass(frozen=True)
class VarsFileContent:
    """The text of a vars file and, for a whole-file vault, how it is sealed."""

    text: str = field(repr=False)
    seal: Seal | None = None
    envelope: str = field(default="", repr=False)

    @classmethod
    def of(cls, data: bytes, vault: Vault, where: str) -> VarsFileContent:
        """The content of a file with these bytes; a whole-file vault is opened."""
        if tool := tool_of(data):
            raise VarsFileError(f"{where} is a file of {tool}, which an edit would break.", "Name another file.")
        if has_late_header(data):
            problem = f"{where} is a vault as a whole, but something stands before its header, so Ansible does not see that"
            raise VarsFileError(f"{problem}.", "Remove all that stands above or in front of $ANSIBLE_VAULT.")
        text, line = None, 0
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
        if text is None:
            raise VarsFileError(f"{where} is not UTF-8 text (line {line}).", "Convert it to UTF-8.")
        if not text.startswith(HEADER.rstrip(";")):
            return cls(text)
        opened = vault.open(text, where)
        return cls(opened.text, opened.seal, text)

    def wrap(self, envelope: str) -> bytes:
        """A new envelope with the line ends of the old one."""
        if self.envelope:
            if not self.envelope.endswith("\n"):
                envelope = envelope.rstrip("\n")
            if "\r\n" in self.envelope:
                envelope = envelope.replace("\n", "\r\n")
        return envelope.encode("ascii")


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """What is no mapping and no list in a tree, and where."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from leaves(value, (*path, str(number)))
    else:
        yield path, tree


def mapped(tree: Tree, change: Callable[[Path, Tree], Tree], path: Path = ()) -> Tree:
    """The same tree with other leaves."""
    if isinstance(tree, dict):
        return {key: mapped(value, change, (*path, str(key))) for key, value in tree.items()}
    if isinstance(tree, list):
        return [mapped(value, change, (*path, str(number))) for number, value in enumerate(tree)]
    return change(path, tree)


def value_at(tree: Tree, path: Path) -> Tree:
    """What a tree holds there; None where there is nothing."""
    for segment in path:
        if isinstance(tree, dict):
            keys = [key for key in tree if str(key) == segment]
            tree = tree[keys[0]] if keys else None
        elif isinstance(tree, list) and segment.isdigit() and int(segment) < len(tree):
            tree = tree[int(segment)]
        else:
            return None
    return tree


def stored_text(tree: Tree) -> str:
    """One text for a value as it is stored, the same for the same value: layout and comments do not count."""
    if isinstance(tree, dict):
        return "{" + ",".join(sorted(f"{stored_text(key)}:{stored_text(value)}" for key, value in tree.items())) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(stored_text, tree)) + "]"
    if isinstance(tree, (Vaulted, Opaque)):
        return f"{type(tree).__name__}{json.dumps(tree.text)}"
    text = tree.text if isinstance(tree, Quoted) else tree
    if isinstance(text, str):
        # The tag is part of the value only where the same text without it would be a template.
        inert = isinstance(tree, (Quoted, Unsafe)) and is_template(text)
        return f"{UNSAFE_TAG} {json.dumps(text)}" if inert else json.dumps(text)
    return f"{type(text).__name__} {text!r}"


def fingerprint_of(tree: Tree, seal: Seal | None, vault: Vault) -> str:
    """SHA-256 of a value as it is stored: of its ciphertext where vaulted, keyed by the vault secret in a whole-file vault."""
    stored = tree.text if isinstance(tree, Vaulted) else stored_text(tree)
    if seal is not None:
        return vault.keyed_digest(seal, stored)
    return hashlib.sha256(stored.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprints(data: bytes, names: Sequence[str], vault: Vault, where: str) -> dict[str, str]:
    """What read_file calls the fingerprints of these names, of a file that is not on disk."""
    content = VarsFileContent.of(data, vault, where)
    document = YamlDocument(content.text, where)
    found = {name: document.find(parse_path(name)) for name in names}
    return {name: "" if one is None else fingerprint_of(one.tree, content.seal, vault) for name, one in found.items()}
