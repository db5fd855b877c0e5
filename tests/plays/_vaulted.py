# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vars files with vaulted values look like: made as ansible-vault makes them, read back by Ansible's own vault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

PASSWORDS = {"prod": "not a real one", "dev": "another that is not real"}

BEFORE = """\
# Kept as it is
---
other: [1,  2]   # odd spacing
"quoted": 'x'

"""
AFTER = """\
# a comment behind it
last:   "yes"
"""


class _Loader(yaml.SafeLoader):
    """Reads vars files as far as the tests need it; a vaulted value stays an object."""


@dataclass(frozen=True)
class _Vaulted:
    text: str


_Loader.add_constructor("!vault", lambda _loader, node: _Vaulted(str(node.value)))
_Loader.add_constructor("!unsafe", lambda _loader, node: str(node.value))


def vault_lib(*labels: str) -> VaultLib:
    """Return Ansible's own vault with the passwords of these ids."""
    return VaultLib([(label, VaultSecret(PASSWORDS[label].encode())) for label in labels or PASSWORDS])


def encrypted(text: str, label: str = "prod") -> str:
    """Return an envelope as ansible-vault makes it."""
    return vault_lib(label).encrypt(text, vault_id=label).decode()


def inline(name: str, text: str, label: str = "prod", indent: int = 0) -> str:
    """Return a variable as `ansible-vault encrypt_string` prints it."""
    lines = encrypted(text, label).splitlines()
    return " " * indent + f"{name}: !vault |\n" + "".join(" " * (indent + 10) + line + "\n" for line in lines)


def value_in(text: str, name: str) -> Any:
    """Return a variable of a vars file, decrypted; None when it is not there. A dotted name is that of a variable inside another."""
    found: Any = yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
    for part in name.split("."):
        found = (found or {}).get(part)
    return vault_lib().decrypt(found.text).decode() if isinstance(found, _Vaulted) else found


def outside(text: str, *names: str) -> str:
    """Return a vars file without the variables and their state: what a rotation must leave as it is, byte for byte."""
    ours = "|".join(map(re.escape, names))
    kept, depth = [], -1
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip(" "))
        if depth >= 0 and line.strip() and indent <= depth:
            depth = -1
        if depth < 0 and re.match(rf"\s*({ours})(_rotation)?:", line):
            depth = indent
        if depth < 0:
            kept.append(line)
    return "".join(kept)
