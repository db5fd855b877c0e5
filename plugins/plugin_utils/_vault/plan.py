# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan edits of vars files with vaulted values, inline (!vault) or the file as a whole. Pure: bytes in, bytes out.

Values are compared decrypted, so that writing the value that is there changes nothing; a secret that moves within the edited values
keeps its ciphertext. Only edited values are ever decrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ChangedVarsError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import (
    VarsFileContent,
    fingerprint_of,
    leaves,
    mapped,
    value_at,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import DecryptedText, Seal, Vault, label_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request, SecretLeaf, targets_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import (
    REMOVED,
    Path,
    Quoted,
    Tree,
    Unsafe,
    Vaulted,
    YamlDocument,
    format_path,
    parse_path,
    same,
)

Action: TypeAlias = Literal["added", "changed", "removed"]

IN_CLEAR = "not encrypted"  # in place of the fingerprint of a value that becomes a secret only now


@dataclass(frozen=True)
class ValueChange:
    """One value that changes; before and after are short fingerprints, "" when absent."""

    name: str
    action: Action
    vault_id: str | None
    before: str
    after: str


@dataclass(frozen=True)
class Edit:
    """A planned edit.

    Attributes:
        changed: whether anything does.
        data: the new content.
        changes: what changes.
        vault_ids: the label of each requested secret; None for a header without one.
        document: the new content as it was read for a proof, in clear; None where nothing changes.
        references: names of values that a secret takes the place of, and that Ansible would have made of other variables.
    """

    changed: bool
    data: bytes = field(repr=False)
    changes: tuple[ValueChange, ...]
    vault_ids: dict[str, str | None]
    document: YamlDocument | None = field(default=None, repr=False, compare=False)
    references: tuple[str, ...] = ()


class _Planner:
    """One edit of one text. Decrypts each vaulted leaf of the edited values at most once."""

    def __init__(self, content: VarsFileContent, request: Request, vault: Vault, where: str, seal: Seal | None) -> None:
        self._request = request
        self._vault = vault
        self._where = where
        self._seal = seal
        self._content = content
        self._document = YamlDocument(content.text, where)
        self._opened: dict[str, DecryptedText] = {}
        self._reusable: dict[tuple[str, str | None, str], str] | None = None
        self._others: list[str] | None = None
        self.wanted = targets_of(request)
        self.old = {path: self._document.find(path) for path in self.wanted}
        self.vault_ids: dict[str, str | None] = {}

    def fingerprint(self, path: Path) -> str:
        found = self.old[path] if path in self.old else self._document.find(path)
        return "" if found is None else fingerprint_of(found.tree, self._content.seal, self._vault)

    def _what(self, path: Path, line: int | None) -> str:
        position = f" (line {line})" if line else ""
        return f"Variable {format_path(path)!r} in {self._where}{position}"

    def _open(self, leaf: Vaulted, what: str) -> DecryptedText:
        if leaf.text not in self._opened:
            self._opened[leaf.text] = self._vault.open(leaf.text, what)
        return self._opened[leaf.text]

    def _has_asked_label(self, opened: DecryptedText) -> bool:
        asked = self._request.vault_id
        return asked is None or opened.seal.is_of(asked)

    def _is(self, old: Tree, wanted: Tree, what: str) -> bool:
        """Whether a stored tree already says what is wanted."""
        if isinstance(wanted, SecretLeaf):
            if self._seal is not None and isinstance(old, str):
                return same(old, Quoted(wanted.text))
            if not isinstance(old, Vaulted):
                return False
            opened = self._open(old, what)
            return opened.text == wanted.text and (self._seal is not None or self._has_asked_label(opened))
        if isinstance(old, dict) and isinstance(wanted, dict):
            return old.keys() == wanted.keys() and all(self._is(old[key], value, what) for key, value in wanted.items())
        if isinstance(old, list) and isinstance(wanted, list):
            return len(old) == len(wanted) and all(self._is(one, two, what) for one, two in zip(old, wanted, strict=True))
        return same(old, wanted)

    def changes(self) -> dict[Path, Tree]:
        """What has to be edited, its secrets as ciphertext."""
        todo: dict[Path, Tree] = {}
        for path, wanted in self.wanted.items():
            found = self.old[path]
            if wanted is REMOVED:
                if found is not None:
                    todo[path] = REMOVED
                continue
            if found is not None and self._is(found.tree, wanted, self._what(path, found.line)):
                self._note_labels(path, found.tree, wanted)
                continue
            todo[path] = self._written(path, wanted)
            self._note_labels(path, todo[path], wanted)
        return todo

    def _note_labels(self, path: Path, stored: Tree, wanted: Tree) -> None:
        for below, leaf in leaves(wanted):
            if isinstance(leaf, SecretLeaf):
                now = value_at(stored, below)
                whole = None if self._seal is None else self._seal.label
                self.vault_ids[format_path((*path, *below))] = label_of(now.text) if isinstance(now, Vaulted) else whole

    def _written(self, path: Path, wanted: Tree) -> Tree:
        found = self.old[path]
        what = self._what(path, found.line if found else None)

        def leaf(below: Path, value: Tree) -> Tree:
            if not isinstance(value, SecretLeaf):
                return value
            if self._seal is not None:
                return Quoted(value.text)
            before = value_at(found.tree, below) if found else None
            seal = self._seal_of(before if isinstance(before, Vaulted) else None, value.text, what)
            known = self._ciphertexts().get((value.text, seal.label, seal.vault_id))
            return Vaulted(known) if known else Vaulted.of(self._vault.encrypt(value.text, seal, what))

        return mapped(wanted, leaf)

    def _seal_of(self, before: Vaulted | None, text: str, what: str) -> Seal:
        if self._request.vault_id is not None:
            return self._vault.seal(self._request.vault_id)
        if before is not None:
            return self._open(before, what).seal
        moved = [ciphertext for (clear, _label, _id), ciphertext in self._ciphertexts().items() if clear == text]
        if len(moved) == 1:
            # A secret that moves keeps its label with its ciphertext.
            return self._opened[moved[0]].seal
        if self._others is None:
            self._others = [leaf.text for leaf in self._document.vaulted()]
        return self._vault.seal_for_new(self._others, what)

    def _ciphertexts(self) -> dict[tuple[str, str | None, str], str]:
        """The ciphertexts in the old values that are edited, by clear text, label and secret."""
        if self._reusable is None:
            self._reusable = {}
            for path, found in self.old.items():
                for _below, leaf in leaves(found.tree) if found else ():
                    if not isinstance(leaf, Vaulted):
                        continue
                    try:
                        opened = self._open(leaf, self._what(path, found.line if found else None))
                    except VarsFileError:
                        # What cannot be opened cannot be reused; whether that matters is decided where it is replaced.
                        continue
                    if self._has_asked_label(opened):
                        self._reusable.setdefault((opened.text, opened.seal.label, opened.seal.vault_id), leaf.text)
        return self._reusable

    def is_reference(self, path: Path) -> bool:
        """Whether a secret takes the place of a template in clear, as in "{{ vault_token }}"."""
        found = self.old[path]
        old = found.tree if found is not None and isinstance(self.wanted[path], SecretLeaf) else None
        return isinstance(old, str) and not isinstance(old, Unsafe) and "{{" in old and "}}" in old

    def edit(self, todo: Mapping[Path, Tree]) -> YamlDocument:
        return self._document.edit(todo) if todo else self._document

    def change(self, path: Path, new: Tree) -> ValueChange:
        found = self.old[path]
        trees = [new] if new is not REMOVED else [found.tree] if found else []
        labels = {label_of(leaf.text) for tree in trees for _path, leaf in leaves(tree) if isinstance(leaf, Vaulted)}
        label = self._seal.label if self._seal else labels.pop() if len(labels) == 1 else None
        action: Action = "removed" if new is REMOVED else "added" if found is None else "changed"
        after = "" if new is REMOVED else fingerprint_of(new, self._seal, self._vault)
        # A fingerprint of a clear text could be guessed from, and what is to be encrypted now is no less a secret before.
        secret = any(isinstance(leaf, SecretLeaf) for _path, leaf in leaves(self.wanted.get(path)))
        was_clear = found is not None and self._seal is None and not any(isinstance(leaf, Vaulted) for _path, leaf in leaves(found.tree))
        before = IN_CLEAR if secret and was_clear else self.fingerprint(path)[:12]
        return ValueChange(format_path(path), action, label, before, after[:12])


def plan_edit(old: bytes | None, request: Request, vault: Vault, *, where: str = "The vars file") -> Edit:
    """The new content of a vars file with this content (None when there is no file). Pure."""
    if old is None and not request.create:
        if request.secrets or request.plain:
            raise VarsFileError(f"{where} does not exist.", "Set create to true to create it.")
        return Edit(False, b"", (), {})
    empty = not (old or b"").strip()
    content = VarsFileContent.of(old or b"", vault, where)
    seal = content.seal
    if seal is not None:
        if request.encrypt == "value":
            raise VarsFileError(f"{where} is encrypted as a whole.", "Set encrypt to auto or file.")
        if request.vault_id is not None and not seal.is_of(request.vault_id):
            seal = vault.seal(request.vault_id)
    elif request.encrypt == "file":
        if not (empty and request.create):
            raise VarsFileError(f"{where} is not encrypted as a whole.", "Encrypt it with ansible-vault first, or set encrypt to value.")
        seal = vault.seal(request.vault_id) if request.vault_id else vault.seal_for_new((), where)
    if old is None:
        content = VarsFileContent("---\n")
    planner = _Planner(content, request, vault, where, seal)
    for name, fingerprint in request.expect.items():
        if planner.fingerprint(parse_path(name)) not in ([fingerprint] if isinstance(fingerprint, str) else fingerprint):
            raise ChangedVarsError(f"Variable {name!r} in {where} has changed since it was read.", "Run again.")
    todo = planner.changes()
    relabelled = content.seal is not None and seal != content.seal and bool(request.secrets)
    if not todo and not relabelled:
        return Edit(False, old or b"", (), planner.vault_ids)
    document = planner.edit(todo)
    changes = [planner.change(path, tree) for path, tree in todo.items()]
    if relabelled and not todo:
        changes = [planner.change(path, found.tree) for path, found in planner.old.items() if found is not None]
    data = document.text.encode("utf-8") if seal is None else content.wrap(vault.encrypt(document.text, seal, where))
    references = tuple(format_path(path) for path in todo if planner.is_reference(path))
    return Edit(True, data, tuple(changes), planner.vault_ids, document, references)
