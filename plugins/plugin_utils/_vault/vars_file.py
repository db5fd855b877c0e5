# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vars files with vaulted values on disk: edited, put back, brought up to another copy, read.

Files are touched only through atomic_file, and what reaches it is ciphertext wherever a secret is concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import (
    VarsFileContent,
    fingerprint_of,
    leaves,
    mapped,
    value_at,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import Edit, ValueChange, plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request, SecretLeaf, targets_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.transfer import adopted
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import (
    Opaque,
    Path,
    Tree,
    Unsafe,
    Vaulted,
    YamlDocument,
    format_path,
    parse_path,
)

_ATTEMPTS = 10  # when somebody changes the file without its lock


@dataclass(frozen=True)
class EditResult:
    """An edit that was made, or in check mode would be; checksum and content are of the file as it is now."""

    changed: bool
    changes: tuple[ValueChange, ...]
    checksum: str
    backup_file: str
    created: bool
    previous: bytes | None = field(repr=False)
    vault_ids: dict[str, str | None]
    content: bytes = field(default=b"", repr=False)
    mode: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a vars file holds; names that are absent are not in values and have the fingerprint "".

    secrets are the texts in values that were vaulted: by themselves, or as a named text in a file that is vaulted as a whole.
    """

    exists: bool
    writable: bool
    whole_file: bool
    values: dict[str, object] = field(repr=False)
    vault_ids: dict[str, str | None]
    fingerprints: dict[str, str]
    checksum: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = ()  # of all variables, those inside others left out
    inert: tuple[str, ...] = ()  # those asked for whose text Ansible takes as it is, since it is tagged !unsafe
    names_not_text: tuple[tuple[str, int], ...] = ()  # those of them that are a number, null and so on, and their lines


def edit_file(path: str, request: Request, vault: Vault, *, check_mode: bool = False, lock_timeout: float = 30.0) -> EditResult:
    """Make a vars file hold what is requested, under its lock; in check mode only say what would change."""
    if check_mode:
        old = atomic_file.read(path)
        edit = plan_edit(old, request, vault, where=path)
        checksum = "" if old is None else atomic_file.sha256(old)
        created = edit.changed and old is None
        return EditResult(edit.changed, edit.changes, checksum, "", created, old, edit.vault_ids, warnings=_replaced(edit, path))
    for _attempt in range(_ATTEMPTS):
        try:
            with atomic_file.locked(path, lock_timeout) as file:
                return _edit_locked(file, path, request, vault)
        except atomic_file.ChangedError:
            continue
    raise VarsFileError(f"{path} is changed all the time by a program that takes no lock.", "Find it, and run again.")


def _edit_locked(file: atomic_file.LockedFile, path: str, request: Request, vault: Vault) -> EditResult:
    old = file.read()
    gone = old is None and request.if_gone is not None
    edit = plan_edit(request.if_gone if gone else old, request, vault, where=path)
    if not edit.changed and not gone:
        checksum = "" if old is None else atomic_file.sha256(old)
        return EditResult(False, (), checksum, "", False, old, edit.vault_ids, old or b"", file.mode)
    warnings = [f"{path} was deleted meanwhile; it was created again."] if gone else []
    warnings += _replaced(edit, path)
    if file.other_names:
        warnings.append(f"{path} had another name (a hard link), which keeps the old content. A symbolic link would follow it.")
    backup_file = file.back_up() if request.backup and old is not None else ""
    file.replace(edit.data, request.mode, or_overwrite=request.or_overwrite)
    if file.given_up_owner:
        warnings.append(
            f"{path} belonged to {file.given_up_owner}, and belongs to the user that runs Ansible now: only root may give a file away."
        )
    try:
        _verify(file.read() or b"", edit.document, request, vault, path)
    except VarsFileError:
        if old is None:
            file.remove()
        else:
            file.replace(old)
        raise
    checksum = atomic_file.sha256(edit.data)
    return EditResult(True, edit.changes, checksum, backup_file, old is None, old, edit.vault_ids, edit.data, file.mode, tuple(warnings))


def _replaced(edit: Edit, path: str) -> tuple[str, ...]:
    return tuple(
        f"Variable {name!r} in {path} referred to another variable, which stays as it is; it now holds a value itself."
        for name in edit.references
    )


def _verify(data: bytes, written: YamlDocument | None, request: Request, vault: Vault, path: str) -> None:
    """Prove that every requested secret can be read back from what is on disk; what was read before it was written is not read again."""
    content = VarsFileContent.of(data, vault, path)
    document = written if written and written.text == content.text else YamlDocument(content.text, path)
    for target, wanted in targets_of(request).items():
        found = document.find(target)
        for below, leaf in leaves(wanted):
            stored = value_at(found.tree, below) if found else None
            if not isinstance(leaf, SecretLeaf):
                continue
            name = format_path((*target, *below))
            if isinstance(stored, Vaulted):
                stored = vault.open(stored.text, f"Variable {name!r} in {path}").text
            if stored != leaf.text:
                raise VarsFileError(f"Variable {name!r} in {path} was not stored correctly.", "The file is as it was; report a bug.")


def restore_file(path: str, content: bytes | None, *, if_checksum: str | None, mode: int | None = None, lock_timeout: float = 30.0) -> bool:
    """Put these bytes back, or remove the file if None; False when it was changed since.

    Args:
        path: the file.
        content: its old content.
        if_checksum: what it must still have; None when there must be no file.
        mode: of a file that is made again.
        lock_timeout: seconds to wait for another writer.
    """
    try:
        with atomic_file.locked(path, lock_timeout) as file:
            now = file.read()
            if (None if now is None else atomic_file.sha256(now)) != if_checksum:
                return False
            if content is None:
                file.remove()
            elif now != content:
                file.replace(content, mode)
            return True
    except atomic_file.ChangedError:
        return False


def adopt_file(path: str, other: bytes, names: Sequence[str], vault: Vault, *, lock_timeout: float = 30.0) -> bool:
    """Give a file what another copy of it has of these names; False when there is nothing to do, or somebody else is changing it."""
    try:
        with atomic_file.locked(path, lock_timeout) as file:
            now = file.read()
            if now is None or now == other:
                return False
            new = adopted(now, other, names, vault, path)
            if new == now:
                return False
            file.replace(new)
            return True
    except atomic_file.ChangedError:
        return False


def read_file(path: str, names: Sequence[str], vault: Vault) -> Reading:
    """The values of these names, decrypted. Nothing is written and no lock is taken: a replaced file is never half there."""
    data = atomic_file.read(path)
    writable = atomic_file.is_writable(path)
    if data is None:
        return Reading(False, writable, False, {}, {}, dict.fromkeys(names, ""), "")
    content = VarsFileContent.of(data, vault, path)
    document = YamlDocument(content.text, path)
    values: dict[str, object] = {}
    vault_ids: dict[str, str | None] = {}
    fingerprints = dict.fromkeys(names, "")
    secrets: list[str] = []
    inert: list[str] = []
    for name in names:
        found = document.find(parse_path(name))
        if found is None:
            continue
        if isinstance(found.tree, Unsafe):
            inert.append(name)
        what = f"Variable {name!r} in {path} (line {found.line})"

        def clear(below: Path, leaf: Tree, name: str = name, what: str = what) -> Tree:
            if isinstance(leaf, Opaque):
                raise VarsFileError(f"{what} holds a tag or a merge key that has no plain value.", "Write it as plain YAML.")
            if isinstance(leaf, Vaulted):
                text, label = vault.decrypt(leaf.text, what)
                vault_ids[".".join([name, *([format_path(below)] if below else [])])] = label
                secrets.append(text)
                return text
            if content.seal is not None:
                vault_ids.setdefault(name, content.seal.label)
                secrets.extend([str(leaf)] if isinstance(leaf, str) and not below else [])
            return str(leaf) if isinstance(leaf, Unsafe) else leaf

        values[name] = mapped(found.tree, clear)
        fingerprints[name] = fingerprint_of(found.tree, content.seal, vault)
    return Reading(
        exists=True,
        writable=writable,
        whole_file=content.seal is not None,
        values=values,
        vault_ids=vault_ids,
        fingerprints=fingerprints,
        checksum=atomic_file.sha256(data),
        secrets=tuple(secrets),
        names=tuple(document.names),
        inert=tuple(inert),
        names_not_text=tuple(document.names_not_text),
    )
