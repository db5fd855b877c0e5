# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vars file as the store of a rotation, and the rescue file beside it. Private to this collection.

Every write is one atomic edit under the file's lock that finds what it expects, or nothing; a secret reaches the disk as ciphertext only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import ChangedVarsError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import ChangedError, locked, sha256
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    NEVER_WRITTEN,
    Change,
    ChangedMeanwhileError,
    Expected,
    Held,
    NothingRotatedError,
    Rescued,
    Version,
    Written,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import OLD_VALUE, checked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import fingerprints
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import (
    EditResult,
    Reading,
    edit_file,
    read_file,
    restore_file,
)

_RESCUED, _RESCUED_FOR, _ROOM = "rotate_rescued_secret", "rotate_rescued_for", "rotate_reserved_room"
_CREATED_AT = "rotate_rescued_at"
_ROOM_SIZE = 16384  # characters
_PRIVATE = 0o600
_REFERENCE = re.compile(r"\s*\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}\s*", re.ASCII)


class VarsFileStore:
    """A vars file; see ports.Store.

    Args:
        path: the file.
        names: of the variables.
        vault: the secrets of the run.
        vault_id: to encrypt with; None keeps what a value has.
        lock_timeout: seconds to wait for another writer.
    """

    noun = "vars file"

    def __init__(self, path: str, names: Names, vault: Vault, vault_id: str | None, lock_timeout: float) -> None:
        self.where = path
        self._names = names
        self._vault = vault
        self._vault_id = vault_id
        self._lock_timeout = lock_timeout
        self.value_vault_id = vault_id  # that of the stored credential, once it is read

    def read(self) -> Held:
        """See ports.Store."""
        parts = self._names.by_part()
        found = read_file(self.where, list(parts.values()), self._vault)
        if self._vault_id is None:
            self.value_vault_id = found.vault_ids.get(self._names.value)
        return held_in(self.where, found, self._names)

    def _request(self, change: Change, expected: Expected, if_gone: Written | None) -> Request:
        names, parts = self._names, self._names.by_part()
        secrets: dict[str, object] = {names.value: change.value} if change.value else {}
        if change.old_value:
            secrets[names.old_value] = change.old_value
        plain: dict[str, object] = {names.state: dict(change.state)}
        if change.client_id and names.client_id:
            plain[names.client_id] = change.client_id
        emptied = ((names.value, change.value), (names.client_id, change.client_id))
        return Request(
            secrets=secrets,
            plain=plain,
            remove=[name for name, value in emptied if name and value == ""],
            vault_id=self._vault_id,
            expect={parts[part]: list(marks) for part, marks in expected.items() if part in parts},
            if_gone=if_gone.after if if_gone else None,
            mode=if_gone.mode if if_gone else None,
        )

    def try_write(self, change: Change, expected: Expected) -> None:
        """See ports.Store."""
        self._edit(self._request(change, expected, None), check_mode=True)

    def write(self, change: Change, expected: Expected, if_gone: Written | None = None) -> Written:
        """See ports.Store."""
        done = self._edit(self._request(change, expected, if_gone))
        parts = self._names.by_part()
        marks = fingerprints(done.content, list(parts.values()), self._vault, self.where)
        version = {part: marks[name] for part, name in parts.items()}
        return Written(version, done.previous, done.content, done.mode, done.warnings)

    def _edit(self, request: Request, check_mode: bool = False) -> EditResult:
        try:
            return edit_file(self.where, request, self._vault, check_mode=check_mode, lock_timeout=self._lock_timeout)
        except ChangedVarsError as failure:
            raise ChangedMeanwhileError(str(failure)) from None

    def restore(self, before: bytes | None, after: bytes | None, mode: int | None) -> bool:
        """See ports.Store."""
        if_checksum = None if after is None else sha256(after)
        return restore_file(self.where, before, if_checksum=if_checksum, mode=mode, lock_timeout=self._lock_timeout)


def held_in(where: str, found: Reading, names: Names) -> Held:
    """Return what a vars file that was read holds of one credential. Raises VarsFileError for a state that no version wrote."""
    values = found.values
    state = values.get(names.state)
    refusal, advice = _refusal(where, found, (names.value, names.client_id))
    return Held(
        where=where,
        value=_credential(values.get(names.value)),
        client_id=_text(values.get(names.client_id)).strip() or None,  # one read from a file often brings its line break along
        state=checked(state),
        old_value=_old_value(state),
        version=_version(found, names.by_part()),
        exists=found.exists,
        writable=found.writable,
        names=[name for name in found.names if name != names.state],
        secrets=list(found.secrets),
        refusal=refusal,
        advice=advice,
    )


def _refusal(where: str, found: Reading, names: Sequence[str]) -> tuple[str, str]:
    """Return why a vars file is not for a rotation, and what to do; two empty texts where it is."""
    for name, line in found.names_not_text:
        problem = f"{where} has a variable whose name is no text, {name} (line {line}), so Ansible could not load it again."
        return problem, "Put the name in quotes, or move the variable into another one."
    for name in names:
        value = found.values.get(name)
        if isinstance(value, str) and name not in found.inert and _is_template(value, value in found.secrets):
            other = _REFERENCE.fullmatch(value)
            kind = "a reference to another variable" if other else "a template"
            instead = other.group(1) if other else "the variable that it is made of"
            problem = f"{where} holds {kind} in {name}, and not the value itself."
            return problem, f"Name {instead} in place of {name}, and in rotate_vars_file the file that holds it."
    return "", ""


def _is_template(value: str, encrypted: bool) -> bool:
    """Tell whether a value is made of others by Jinja. An encrypted one must be that from end to end: a secret may have braces in it."""
    stripped = value.strip()
    if encrypted:
        return stripped.startswith("{{") and stripped.endswith("}}")
    return any(begin in value and end in value[value.index(begin) :] for begin, end in (("{{", "}}"), ("{%", "%}")))


def _credential(value: object) -> str:
    """Return a stored credential as it is, or an empty text where there is white space only, which is none."""
    return _text(value) if _text(value).strip() else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _old_value(state: object) -> str | None:
    value = state.get(OLD_VALUE) if isinstance(state, dict) else None
    return None if value is None else str(value)


def _version(found: Reading, parts: dict[str, str]) -> Version:
    return {part: found.fingerprints.get(name, "") for part, name in parts.items()}


class RescueFile:
    """A rescue file; see ports.Rescue.

    Args:
        path: the file.
        store: the vars file, which must be another one; the secret is encrypted as the credential there.
        rescued_for: what this rotation is called in the file.
        vault: the secrets of the run.
        lock_timeout: seconds to wait for another writer.
    """

    def __init__(self, path: str, store: VarsFileStore, rescued_for: str, vault: Vault, lock_timeout: float) -> None:
        self.where = path
        self._store = store
        self._rescued_for = rescued_for
        self._vault = vault
        self._lock_timeout = lock_timeout
        self._known = {""}  # marks of the secrets that may be written over: none, and what was there at first

    def read(self) -> Rescued:
        """See ports.Rescue. The file is written over and deleted, so it must be one, and this rotation's."""
        if os.path.realpath(self.where) == os.path.realpath(self._store.where):
            raise NothingRotatedError("rotate_rescue_file is the vars file. Nothing was rotated.", "Name another file.")
        found = read_file(self.where, [_RESCUED, _RESCUED_FOR, _CREATED_AT], self._vault)
        if strange := sorted(set(found.names) - {_RESCUED, _RESCUED_FOR, _ROOM, _CREATED_AT}):
            raise NothingRotatedError(
                f"{self.where} is no rescue file, since it holds {strange[0]}. Nothing was rotated.",
                "Name a file in rotate_rescue_file that is for this credential alone, and not there yet.",
            )
        owner = found.values.get(_RESCUED_FOR)
        if owner not in (None, self._rescued_for):
            raise NothingRotatedError(
                f"{self.where} is the rescue file of another rotation, {owner}. Nothing was rotated.",
                "Give each credential a file of its own in rotate_rescue_file, and run that one again, which still needs this file.",
            )
        self._known.add(found.fingerprints[_RESCUED])
        return Rescued(found.exists, _text(found.values.get(_RESCUED)), _text(found.values.get(_CREATED_AT)))

    def _edit(self, secret: str | None, room: str, created_at: str = "", check_mode: bool = False, **more: Any) -> EditResult:
        request = Request(
            secrets={_RESCUED: secret} if secret else {},
            plain={_ROOM: room, _RESCUED_FOR: self._rescued_for, **({_CREATED_AT: created_at} if created_at else {})},
            vault_id=self._store.value_vault_id or None,
            create=True,
            mode=_PRIVATE,
            **more,
        )
        return edit_file(self.where, request, self._vault, check_mode=check_mode, lock_timeout=self._lock_timeout)

    def try_write(self) -> None:
        """See ports.Rescue."""
        self._edit(NEVER_WRITTEN, "", check_mode=True)

    def reserve(self) -> bool:
        """See ports.Rescue."""
        return self._edit(None, "x" * _ROOM_SIZE).created

    def keep(self, secret: str, created_at: str) -> None:
        """See ports.Rescue. Where there is no room for a second file, the room that was reserved is written over."""
        try:
            done = self._edit(secret, "", created_at, or_overwrite=True, expect={_RESCUED: sorted(self._known)})
            self._known.add(fingerprints(done.content, [_RESCUED], self._vault, self.where)[_RESCUED])
        except ChangedVarsError:
            raise self._changed() from None

    def remove(self) -> None:
        """See ports.Rescue."""
        with locked(self.where, self._lock_timeout) as file:
            data = file.read()
            if data is None:
                return
            if fingerprints(data, [_RESCUED], self._vault, self.where)[_RESCUED] not in self._known:
                raise self._changed()
            try:
                file.remove()
            except ChangedError:
                raise self._changed() from None

    def _changed(self) -> ChangedMeanwhileError:
        return ChangedMeanwhileError(f"{self.where} holds another secret by now; it was left alone.", "Look which run is at work there.")


def rescue_path(rescue_file: str, vars_file: str, var: str) -> str:
    """Return where the rescue file is: as the user says, else beside the vars file."""
    return rescue_file or f"{vars_file}.{var}.rescue.yml"
