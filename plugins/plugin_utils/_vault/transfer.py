# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a vars file taken over from another copy of it, their ciphertexts as they are. Pure: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import VarsFileContent, stored_text
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request, targets_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import REMOVED, Path, Tree, YamlDocument, parse_path


def transfer(
    source: bytes, target: bytes, names: Sequence[str], plain: Mapping[str, object], vault: Vault, *, where: Sequence[str]
) -> bytes:
    """The target with these names as the source has them, their ciphertexts too, and these plain values; all else as it is. Pure.

    Args:
        source, target: two copies of a vars file.
        names: what to take over; absent in the source means absent in the target.
        plain: values to keep readable, whatever the source has.
        vault: the secrets of the run.
        where: what the copies are called in errors.
    """
    here, there = VarsFileContent.of(source, vault, where[0]), VarsFileContent.of(target, vault, where[1])
    if (here.seal is None) != (there.seal is None):
        raise VarsFileError(f"Of {where[0]} and {where[1]} only one is encrypted as a whole.", "Bring them together by hand.")
    ours, theirs = YamlDocument(here.text, where[0]), YamlDocument(there.text, where[1])
    wanted: dict[Path, Tree] = {}
    for name in names:
        found = ours.find(parse_path(name))
        wanted[parse_path(name)] = REMOVED if found is None else found.tree
    wanted |= targets_of(Request(plain=plain))
    todo: dict[Path, Tree] = {}
    for path, tree in wanted.items():
        old = theirs.find(path)
        if ("" if tree is REMOVED else stored_text(tree)) != ("" if old is None else stored_text(old.tree)):
            todo[path] = tree
    if not todo:
        return target
    text = theirs.edit(todo).text
    return text.encode("utf-8") if there.seal is None else there.wrap(vault.encrypt(text, there.seal, where[1]))


def _rest(data: bytes, names: Sequence[str], vault: Vault, where: str) -> str:
    """The text of a copy without these names."""
    document = YamlDocument(VarsFileContent.of(data, vault, where).text, where)
    there = [path for path in map(parse_path, names) if document.find(path) is not None]
    return (document.edit(dict.fromkeys(there, REMOVED)) if there else document).text


def adopted(now: bytes, other: bytes, names: Sequence[str], vault: Vault, path: str) -> bytes:
    """A file with these names as another copy of it has them, or that copy's very bytes where it differs in nothing else. Pure."""
    if _rest(now, names, vault, path) == _rest(other, names, vault, path):
        return other
    return transfer(other, now, names, {}, vault, where=("the other copy", path))
