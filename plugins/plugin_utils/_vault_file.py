# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and make edits of vars files with vaulted values, inline (!vault) or the file as a whole.

plan_edit is pure: bytes in, bytes out. Files are touched only through _atomic_file, and what reaches it is ciphertext wherever a
secret is concerned. Values are compared decrypted, so that writing the value that is there changes nothing; a secret that moves
within the edited values keeps its ciphertext. Only edited values are ever decrypted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _atomic_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vars_text import (
    REMOVED,
    Document,
    Opaque,
    Path,
    Quoted,
    Tree,
    Vaulted,
    format_path,
    parse_path,
    same,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault import HEADER, Opened, Seal, Vault, label_of

__all__ = [
    "Change",
    "Edit",
    "EditResult",
    "Reading",
    "Request",
    "Vault",
    "adopt_file",
    "edit_file",
    "fingerprints",
    "plan_edit",
    "read_file",
    "restore_file",
    "transfer",
]

Action: TypeAlias = Literal["added", "changed", "removed"]
_Place: TypeAlias = Callable[[Path], str]


_ATTEMPTS = 10  # when somebody changes the file without its lock
IN_CLEAR = "not encrypted"  # in place of the fingerprint of a value that becomes a secret only now


@dataclass(frozen=True)
class Secret:
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


@dataclass(frozen=True)
class Change:
    """One value that changes; before and after are short fingerprints, "" when absent."""

    name: str
    action: Action
    vault_id: str | None
    before: str
    after: str


@dataclass(frozen=True)
class Edit:
    """A planned edit: the new content, what changes, and the label of each requested secret (None for a header without one)."""

    changed: bool
    data: bytes = field(repr=False)
    changes: tuple[Change, ...]
    vault_ids: dict[str, str | None]


@dataclass(frozen=True)
class EditResult:
    """An edit that was made, or in check mode would be; checksum and content are of the file as it is now."""

    changed: bool
    changes: tuple[Change, ...]
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


# -- the file as bytes


@dataclass(frozen=True)
class _Content:
    """The text of a vars file and, for a whole-file vault, how it is sealed."""

    text: str = field(repr=False)
    seal: Seal | None = None
    envelope: str = field(default="", repr=False)

    @classmethod
    def of(cls, data: bytes, vault: Vault, where: str) -> _Content:
        text, line = None, 0
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
        if text is None:
            raise VarsFileError(f"{where} is not UTF-8 text (line {line}).", "Convert it to UTF-8.")
        if not text.startswith(HEADER):
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


def _leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _leaves(value, (*path, str(number)))
    else:
        yield path, tree


def _mapped(tree: Tree, change: Callable[[Path, Tree], Tree], path: Path = ()) -> Tree:
    """The same tree with other leaves."""
    if isinstance(tree, dict):
        return {key: _mapped(value, change, (*path, str(key))) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_mapped(value, change, (*path, str(number))) for number, value in enumerate(tree)]
    return change(path, tree)


def _get(tree: Tree, path: Path) -> Tree:
    for segment in path:
        if isinstance(tree, dict):
            tree = tree.get(segment)
        elif isinstance(tree, list) and segment.isdigit() and int(segment) < len(tree):
            tree = tree[int(segment)]
        else:
            return None
    return tree


def _stored(tree: Tree) -> str:
    """One text for a value as it is stored, the same for the same value: layout and comments do not count."""
    if isinstance(tree, dict):
        return "{" + ",".join(sorted(f"{_stored(key)}:{_stored(value)}" for key, value in tree.items())) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_stored, tree)) + "]"
    if isinstance(tree, (Vaulted, Opaque)):
        return f"{type(tree).__name__}{json.dumps(tree.text)}"
    text = tree.text if isinstance(tree, Quoted) else tree
    return json.dumps(text) if isinstance(text, str) else f"{type(text).__name__} {text!r}"


def _fingerprint(tree: Tree, seal: Seal | None, vault: Vault) -> str:
    """SHA-256 of a value as it is stored: of its ciphertext where vaulted, keyed by the vault secret in a whole-file vault."""
    stored = tree.text if isinstance(tree, Vaulted) else _stored(tree)
    if seal is not None:
        return vault.keyed_digest(seal, stored)
    return hashlib.sha256(stored.encode("utf-8", "surrogatepass")).hexdigest()


# -- what is asked for


def _exact(value: object, secret: bool, where: str) -> Tree:
    """A tree of built-in types only; Ansible's tagged strings and lazy containers become ordinary ones."""
    if isinstance(value, Mapping):
        bad = next((key for key in value if not isinstance(key, str)), None)
        if bad is not None:
            raise VarsFileError(f"{where} has a key that is a {type(bad).__name__}.", "Make all keys strings.")
        keys = {str.__str__(key): item for key, item in value.items()}
        return {key: _exact(item, secret, f"{where}.{key}") for key, item in keys.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item, secret, f"{where}.{number}") for number, item in enumerate(value)]
    if isinstance(value, str):
        text = str.__str__(value)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise VarsFileError(f"{where} is not valid Unicode text.", "Encode binary data, with b64encode for example.")
        return Secret(text) if secret else text
    if secret:
        problem = f"{where} is a {type(value).__name__}, and only text can be encrypted"
        raise VarsFileError(f"{problem}.", "Put it in quotes, or use the filter string.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise VarsFileError(f"{where} is a {type(value).__name__}, which has no place in a vars file.", "Pass text, numbers, lists and dicts.")


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


_ABSENT = object()


def _targets(request: Request) -> dict[Path, Tree]:
    """The values to be written, each as one tree with Secret leaves, and REMOVED."""
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


# -- planning


class _Planner:
    """One edit of one text. Decrypts each vaulted leaf of the edited values at most once."""

    def __init__(self, content: _Content, request: Request, vault: Vault, where: str, seal: Seal | None) -> None:
        self._request = request
        self._vault = vault
        self._where = where
        self._seal = seal
        self._content = content
        self._document = Document(content.text, where)
        self._opened: dict[str, Opened] = {}
        self._reusable: dict[tuple[str, str | None, str], str] | None = None
        self._labels: list[str | None] | None = None
        self.wanted = _targets(request)
        self.old = {path: self._document.find(path) for path in self.wanted}
        self.vault_ids: dict[str, str | None] = {}

    def fingerprint(self, path: Path) -> str:
        found = self.old[path] if path in self.old else self._document.find(path)
        return "" if found is None else _fingerprint(found.tree, self._content.seal, self._vault)

    def _what(self, path: Path, line: int | None) -> str:
        position = f" (line {line})" if line else ""
        return f"Variable {format_path(path)!r} in {self._where}{position}"

    def _open(self, leaf: Vaulted, what: str) -> Opened:
        if leaf.text not in self._opened:
            self._opened[leaf.text] = self._vault.open(leaf.text, what)
        return self._opened[leaf.text]

    def _has_asked_label(self, opened: Opened) -> bool:
        asked = self._request.vault_id
        return asked is None or asked == (opened.seal.label or opened.seal.vault_id)

    def _is(self, old: Tree, wanted: Tree, what: str) -> bool:
        """Whether a stored tree already says what is wanted."""
        if isinstance(wanted, Secret):
            if self._seal is not None and isinstance(old, str):
                return old == wanted.text
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
        for below, leaf in _leaves(wanted):
            if isinstance(leaf, Secret):
                now = _get(stored, below)
                whole = None if self._seal is None else self._seal.label
                self.vault_ids[format_path((*path, *below))] = label_of(now.text) if isinstance(now, Vaulted) else whole

    def _written(self, path: Path, wanted: Tree) -> Tree:
        found = self.old[path]
        what = self._what(path, found.line if found else None)

        def leaf(below: Path, value: Tree) -> Tree:
            if not isinstance(value, Secret):
                return value
            if self._seal is not None:
                return Quoted(value.text)
            before = _get(found.tree, below) if found else None
            seal = self._seal_of(before if isinstance(before, Vaulted) else None, value.text, what)
            known = self._ciphertexts().get((value.text, seal.label, seal.vault_id))
            return Vaulted(known) if known else Vaulted.of(self._vault.encrypt(value.text, seal, what))

        return _mapped(wanted, leaf)

    def _seal_of(self, before: Vaulted | None, text: str, what: str) -> Seal:
        if self._request.vault_id is not None:
            return self._vault.seal(self._request.vault_id)
        if before is not None:
            return self._open(before, what).seal
        moved = [ciphertext for (clear, _label, _id), ciphertext in self._ciphertexts().items() if clear == text]
        if len(moved) == 1:
            # A secret that moves keeps its label with its ciphertext.
            return self._opened[moved[0]].seal
        if self._labels is None:
            self._labels = [label_of(leaf.text) for leaf in self._document.vaulted()]
        return self._vault.seal_for_new(self._labels, what)

    def _ciphertexts(self) -> dict[tuple[str, str | None, str], str]:
        """The ciphertexts in the old values that are edited, by clear text, label and secret."""
        if self._reusable is None:
            self._reusable = {}
            for path, found in self.old.items():
                for _below, leaf in _leaves(found.tree) if found else ():
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

    def edit(self, todo: Mapping[Path, Tree]) -> str:
        return self._document.edit(todo)

    def change(self, path: Path, new: Tree) -> Change:
        found = self.old[path]
        trees = [new] if new is not REMOVED else [found.tree] if found else []
        labels = {label_of(leaf.text) for tree in trees for _path, leaf in _leaves(tree) if isinstance(leaf, Vaulted)}
        label = self._seal.label if self._seal else labels.pop() if len(labels) == 1 else None
        action: Action = "removed" if new is REMOVED else "added" if found is None else "changed"
        after = "" if new is REMOVED else _fingerprint(new, self._seal, self._vault)
        # A fingerprint of a clear text could be guessed from, and what is to be encrypted now is no less a secret before.
        secret = any(isinstance(leaf, Secret) for _path, leaf in _leaves(self.wanted.get(path)))
        was_clear = found is not None and self._seal is None and not any(isinstance(leaf, Vaulted) for _path, leaf in _leaves(found.tree))
        before = IN_CLEAR if secret and was_clear else self.fingerprint(path)[:12]
        return Change(format_path(path), action, label, before, after[:12])


def plan_edit(old: bytes | None, request: Request, vault: Vault, *, where: str = "The vars file") -> Edit:
    """The new content of a vars file with this content (None when there is no file). Pure."""
    if old is None and not request.create:
        if request.secrets or request.plain:
            raise VarsFileError(f"{where} does not exist.", "Set create to true to make it.")
        return Edit(False, b"", (), {})
    empty = not (old or b"").strip()
    content = _Content.of(old or b"", vault, where)
    seal = content.seal
    if seal is not None:
        if request.encrypt == "value":
            raise VarsFileError(f"{where} is encrypted as a whole.", "Set encrypt to auto or file.")
        if request.vault_id not in (None, seal.label or seal.vault_id):
            seal = vault.seal(str(request.vault_id))
    elif request.encrypt == "file":
        if not (empty and request.create):
            raise VarsFileError(f"{where} is not encrypted as a whole.", "Encrypt it with ansible-vault first, or set encrypt to value.")
        seal = vault.seal(request.vault_id) if request.vault_id else vault.seal_for_new((), where)
    if old is None:
        content = _Content("---\n")
    planner = _Planner(content, request, vault, where, seal)
    for name, fingerprint in request.expect.items():
        if planner.fingerprint(parse_path(name)) not in ([fingerprint] if isinstance(fingerprint, str) else fingerprint):
            raise VarsFileError(f"Variable {name!r} in {where} was changed by someone else since it was read.", "Run again.")
    todo = planner.changes()
    relabelled = content.seal is not None and seal != content.seal and bool(request.secrets)
    if not todo and not relabelled:
        return Edit(False, old or b"", (), planner.vault_ids)
    text = planner.edit(todo) if todo else content.text
    changes = [planner.change(path, tree) for path, tree in todo.items()]
    if relabelled and not todo:
        changes = [planner.change(path, found.tree) for path, found in planner.old.items() if found is not None]
    data = text.encode("utf-8") if seal is None else content.wrap(vault.encrypt(text, seal, where))
    return Edit(True, data, tuple(changes), planner.vault_ids)


# -- from one copy of a file to another


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
    here, there = _Content.of(source, vault, where[0]), _Content.of(target, vault, where[1])
    if (here.seal is None) != (there.seal is None):
        raise VarsFileError(f"Of {where[0]} and {where[1]} only one is encrypted as a whole.", "Bring them together by hand.")
    ours, theirs = Document(here.text, where[0]), Document(there.text, where[1])
    wanted: dict[Path, Tree] = {}
    for name in names:
        found = ours.find(parse_path(name))
        wanted[parse_path(name)] = REMOVED if found is None else found.tree
    wanted |= _targets(Request(plain=plain))
    todo: dict[Path, Tree] = {}
    for path, tree in wanted.items():
        old = theirs.find(path)
        if ("" if tree is REMOVED else _stored(tree)) != ("" if old is None else _stored(old.tree)):
            todo[path] = tree
    if not todo:
        return target
    text = theirs.edit(todo)
    return text.encode("utf-8") if there.seal is None else there.wrap(vault.encrypt(text, there.seal, where[1]))


def _rest(data: bytes, names: Sequence[str], vault: Vault, where: str) -> str:
    """The text of a copy without these names."""
    document = Document(_Content.of(data, vault, where).text, where)
    there = [path for path in map(parse_path, names) if document.find(path) is not None]
    return document.edit(dict.fromkeys(there, REMOVED)) if there else document.text


def fingerprints(data: bytes, names: Sequence[str], vault: Vault, where: str) -> dict[str, str]:
    """What read_file calls the fingerprints of these names, of a file that is not on disk."""
    content = _Content.of(data, vault, where)
    document = Document(content.text, where)
    found = {name: document.find(parse_path(name)) for name in names}
    return {name: "" if one is None else _fingerprint(one.tree, content.seal, vault) for name, one in found.items()}


def adopt_file(path: str, other: bytes, names: Sequence[str], vault: Vault, *, lock_timeout: float = 30.0) -> bool:
    """Give a file these names as another copy of it has them, or that copy's very bytes where it differs in nothing else."""
    try:
        with _atomic_file.locked(path, lock_timeout) as file:
            now = file.read()
            if now is None or now == other:
                return False
            alike = _rest(now, names, vault, path) == _rest(other, names, vault, path)
            new = other if alike else transfer(other, now, names, {}, vault, where=("the other copy", path))
            if new == now:
                return False
            file.replace(new)
            return True
    except _atomic_file.ChangedError:
        return False


# -- files


def edit_file(path: str, request: Request, vault: Vault, *, check_mode: bool = False, lock_timeout: float = 30.0) -> EditResult:
    """Make a vars file hold what is requested, under its lock; in check mode only say what would change."""
    if check_mode:
        old = _atomic_file.read(path)
        edit = plan_edit(old, request, vault, where=path)
        checksum = "" if old is None else _atomic_file.sha256(old)
        return EditResult(edit.changed, edit.changes, checksum, "", edit.changed and old is None, old, edit.vault_ids)
    for _attempt in range(_ATTEMPTS):
        try:
            with _atomic_file.locked(path, lock_timeout) as file:
                return _edit_locked(file, path, request, vault)
        except _atomic_file.ChangedError:
            continue
    raise VarsFileError(f"{path} is changed all the time by a program that takes no lock.", "Find it, and run again.")


def _edit_locked(file: _atomic_file.LockedFile, path: str, request: Request, vault: Vault) -> EditResult:
    old = file.read()
    gone = old is None and request.if_gone is not None
    edit = plan_edit(request.if_gone if gone else old, request, vault, where=path)
    if not edit.changed and not gone:
        checksum = "" if old is None else _atomic_file.sha256(old)
        return EditResult(False, (), checksum, "", False, old, edit.vault_ids, old or b"", file.mode)
    warnings = [f"{path} was deleted by someone else meanwhile; it was made again."] if gone else []
    if file.other_names:
        warnings.append(f"{path} had another name (a hard link), which keeps the old content. A symbolic link would follow it.")
    backup_file = file.back_up() if request.backup and old is not None else ""
    file.replace(edit.data, request.mode, or_overwrite=request.or_overwrite)
    try:
        _verify(file.read() or b"", request, vault, path)
    except VarsFileError:
        if old is None:
            file.remove()
        else:
            file.replace(old)
        raise
    checksum = _atomic_file.sha256(edit.data)
    return EditResult(True, edit.changes, checksum, backup_file, old is None, old, edit.vault_ids, edit.data, file.mode, tuple(warnings))


def _verify(data: bytes, request: Request, vault: Vault, path: str) -> None:
    """Prove that every requested secret can be read back from what is on disk."""
    content = _Content.of(data, vault, path)
    document = Document(content.text, path)
    for target, wanted in _targets(request).items():
        found = document.find(target)
        for below, leaf in _leaves(wanted):
            stored = _get(found.tree, below) if found else None
            if not isinstance(leaf, Secret):
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
        with _atomic_file.locked(path, lock_timeout) as file:
            now = file.read()
            if (None if now is None else _atomic_file.sha256(now)) != if_checksum:
                return False
            if content is None:
                file.remove()
            elif now != content:
                file.replace(content, mode)
            return True
    except _atomic_file.ChangedError:
        return False


def read_file(path: str, names: Sequence[str], vault: Vault) -> Reading:
    """The values of these names, decrypted. Nothing is written and no lock is taken: a replaced file is never half there."""
    data = _atomic_file.read(path)
    writable = _atomic_file.is_writable(path)
    if data is None:
        return Reading(False, writable, False, {}, {}, dict.fromkeys(names, ""), "")
    content = _Content.of(data, vault, path)
    document = Document(content.text, path)
    values: dict[str, object] = {}
    vault_ids: dict[str, str | None] = {}
    fingerprints = dict.fromkeys(names, "")
    secrets: list[str] = []
    for name in names:
        found = document.find(parse_path(name))
        if found is None:
            continue
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
                secrets.extend([leaf] if isinstance(leaf, str) and not below else [])
            return leaf

        values[name] = _mapped(found.tree, clear)
        fingerprints[name] = _fingerprint(found.tree, content.seal, vault)
    return Reading(True, writable, content.seal is not None, values, vault_ids, fingerprints, _atomic_file.sha256(data), tuple(secrets))
