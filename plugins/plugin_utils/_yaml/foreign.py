# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of other tools, which look like vars files or stand in their place, and which an edit would break. Pure."""

from __future__ import annotations

import codecs
import io
import re
from typing import Any

import yaml

_BEGINNINGS = {
    # https://github.com/AGWA/git-crypt: the header of every encrypted file
    b"\0GITCRYPT\0": "git-crypt",
    # https://age-encryption.org/v1 and its armour
    b"age-encryption.org/v1\n": "age",
    b"-----BEGIN AGE ENCRYPTED FILE-----": "age",
    b"-----BEGIN PGP MESSAGE-----": "GnuPG",
    # "Salted__" in Base64, as `openssl enc -a` and transcrypt write it
    b"U2FsdGVkX1": "OpenSSL",
    # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    b"version https://git-lfs.github.com/spec/": "Git LFS",
}
# https://getsops.io: the metadata in the stores INI and dotenv
_SOPS_INI = (re.compile(rb"^\[sops\]", re.MULTILINE), re.compile(rb"^mac *= *ENC\[", re.MULTILINE))
_SOPS_DOTENV = re.compile(rb"^sops_mac=ENC\[", re.MULTILINE)
_VAULT = b"$ANSIBLE_VAULT"


def tool_of(data: bytes) -> str:
    """The tool that a file belongs to, as its bytes tell; empty where they do not."""
    found = next((tool for beginning, tool in _BEGINNINGS.items() if data.startswith(beginning)), "")
    is_sops = _SOPS_DOTENV.search(data) or all(part.search(data) for part in _SOPS_INI)
    return found or ("SOPS" if is_sops else "")


def has_late_header(data: bytes) -> bool:
    """Whether this is a whole-file vault that Ansible does not take for one, since its first bytes are not the header."""
    if data.startswith(_VAULT):
        return False
    lines = (line.strip() for line in io.BytesIO(data.removeprefix(codecs.BOM_UTF8)))
    return next((line for line in lines if line and not line.startswith(b"#") and line != b"---"), b"").startswith(_VAULT + b";")


def is_of_sops(root: Any) -> bool:
    """Whether the root of a YAML or JSON document holds what SOPS keeps there: a checksum of all values among them."""
    if not isinstance(root, yaml.MappingNode):
        return False
    about = next((value for key, value in root.value if key.value == "sops"), None)
    names = {str(key.value) for key, _value in about.value} if isinstance(about, yaml.MappingNode) else set()
    return {"mac", "lastmodified"} <= names
