# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a secret of a secret manager holds of one credential: read, change, compare. Private. Pure functions, no manager in particular.

A secret is one flat object of texts, as every manager and each of its clients can show it: the credential and its id under the names of
the variables, and beside them the state as JSON text, with the notes of the store in it. Other keys are left as they are.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import STATE, Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import PARTS, Change, Held, Version
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import checked

_NOTES = "store"  # in the text of the state: what the store itself has to remember
_MARK = 32  # hexadecimal digits


@dataclass(frozen=True)
class SecretContent:
    """One version of a secret.

    Attributes:
        version: what the manager calls it.
        data: its keys and values, those of others too.
    """

    version: str
    data: Mapping[str, Any] = field(repr=False)

    def as_bytes(self) -> bytes:
        """Return it as what a write keeps of it, and restore() gets; the same for the same version."""
        return json.dumps([self.version, self.data], sort_keys=True).encode()

    def text(self) -> str:
        """Return the data as JSON text."""
        return json.dumps(self.data, sort_keys=True)

    @classmethod
    def from_bytes(cls, kept: bytes) -> SecretContent:
        """Return what as_bytes was called on."""
        version, data = json.loads(kept)
        return cls(version, data)


def state_in(content: SecretContent, keys: Keys) -> dict[str, Any]:
    """Return the state in a secret, without the store's notes. Raises VarsFileError where no version of this collection wrote it."""
    return checked({key: value for key, value in _written(content, keys).items() if key != _NOTES})


def notes_in(content: SecretContent, keys: Keys) -> dict[str, Any]:
    """Return what the store has noted in a secret."""
    notes = _written(content, keys).get(_NOTES)
    return dict(notes) if isinstance(notes, dict) else {}


def _written(content: SecretContent, keys: Keys) -> dict[str, Any]:
    text = content.data.get(keys.state)
    if not text:
        return {}
    try:
        state = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        state = None
    if not isinstance(state, dict):
        checked("no state")  # which raises, and says what to do
        raise AssertionError("a state that is none was accepted")
    return state


def version_of(content: SecretContent | None, keys: Keys, where: str) -> Version:
    """Return the marks of what a secret holds, by PARTS: keyed hashes, from which nothing can be read, and "" for what is absent."""
    if content is None:
        return dict.fromkeys(PARTS, "")
    texts: dict[str, str | None] = {part: _text(content.data.get(name)) for part, name in keys.by_part().items()}
    state = state_in(content, keys)
    texts["state"] = json.dumps(state, sort_keys=True) if state else None
    marks = {part: _mark(f"{where} {part}", text) for part, text in texts.items() if text is not None}
    return {part: marks.get(part, "") for part in PARTS}


def _mark(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:_MARK]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def held_in(content: SecretContent | None, keys: Keys, where: str, refusal: str = "", advice: str = "") -> Held:
    """Return what a secret holds of one credential, and why it is not for a rotation, where it is not. Raises VarsFileError."""
    version = version_of(content, keys, where)
    if content is None:
        return Held(where, version=version, exists=False)
    value = _text(content.data.get(keys.value)) or ""
    client_id = (_text(content.data.get(keys.client_id)) or "").strip() if keys.client_id else ""
    if not refusal:
        refusal, advice = _refusal(content, keys, where)
    return Held(
        where=where,
        value=value if value.strip() else "",
        client_id=client_id or None,
        state=state_in(content, keys),
        old_value=_text(content.data.get(keys.old_value)),
        version=version,
        names=[name for name in content.data if name not in (keys.state, keys.old_value)],
        refusal=refusal,
        advice=advice,
    )


def _refusal(content: SecretContent, keys: Keys, where: str) -> tuple[str, str]:
    for name in (keys.value, keys.client_id):
        if name and isinstance(content.data.get(name), (dict, list)):
            return f"{where} holds no text in {name}, but more keys.", "Name a key in rotate_var that holds the credential itself."
    others = [name for name in content.data if name.endswith(STATE) and name != keys.state]
    if others:
        return (
            f"{where} holds the state of another rotation, in {others[0]}.",
            "Give each credential a secret of its own, so that each has its own versions and its own readers.",
        )
    return "", ""


def changed(content: SecretContent, change: Change, keys: Keys) -> dict[str, Any]:
    """Return the data of a secret after a change, without notes."""
    data = dict(content.data)
    for name, value in ((keys.value, change.value), (keys.client_id, change.client_id), (keys.old_value, change.old_value or "")):
        if name and value is not None:
            data[name] = value
            if value == "":
                del data[name]
    return {**data, keys.state: json.dumps(dict(change.state), sort_keys=True)}


def with_notes(data: Mapping[str, Any], keys: Keys, notes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a secret with other notes."""
    written = _written(SecretContent("", data), keys)
    state = {key: value for key, value in written.items() if key != _NOTES} | ({_NOTES: dict(notes)} if notes else {})
    rest = {key: value for key, value in data.items() if key != keys.state}
    return {**rest, **({keys.state: json.dumps(state, sort_keys=True)} if state else {})}


def under_way_over(content: SecretContent, beneath: SecretContent, keys: Keys) -> SecretContent:
    """Return a secret whose rotation is under way, with the credential and all other keys as another version has them by now."""
    own = {name: content.data[name] for name in (keys.state, keys.old_value) if name in content.data}
    rest = {name: value for name, value in beneath.data.items() if name not in (keys.state, keys.old_value)}
    return replace(content, data={**rest, **own})


def parsed(version: str, text: str, where: str) -> SecretContent:
    """Return a version of a secret from its JSON text.

    Raises:
        LatchkeyError: it is no JSON object; its text is never quoted.
    """
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise LatchkeyError(
            f"{where} holds no JSON object, so there is no room for the state of a rotation beside the credential.",
            'Store it as key and value, for example {"token": "..."}, and name the key in rotate_var.',
        )
    return SecretContent(version, data)
