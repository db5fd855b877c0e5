# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of HashiCorp Vault, or OpenBao, as the store of a rotation: KV secrets engine, version 2. Private.

Every write is one new version, with ``cas``: value, id, state and old value in one step. What consumers read is the newest version, and
its value is a credential that the platform takes. Versions that the rotation has superseded hold credentials that are dead, or were never
proved, so they are destroyed, which "delete" would not do: it only hides them. A version is destroyed once the newest one is at rest, and
never while it holds the value of an old credential that still stands. The state notes which ones there are, so that the next rotation
destroys what a killed run left. One that a hand wrote since, to change another key, holds the credential too, and is superseded with it.

Sources: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, https://openbao.org/api-docs/secret/kv/kv-v2/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import SecretContent, notes_in, state_in, with_notes
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import SecretStore, Sleep, StoreError

_SUPERSEDED = "superseded"  # a note: versions that were superseded, each with the ids of the credentials in it
_NOTED = 50  # versions, as many as ten rotations write that are cut off or fail one after the other; Vault keeps 10 unless told otherwise
_LOOKS = 4  # at what came of a write that Vault answered with a failure: a standby may lag behind
_PAUSE = 0.25  # seconds between two of them


@dataclass(frozen=True)
class Newest:
    """The newest version of a secret: 0 where there is none; data is None where it is deleted or destroyed."""

    version: int = 0
    data: Mapping[str, Any] | None = field(default=None, repr=False)


class VaultClient(Protocol):
    """Vault, as far as one secret needs it. Each method raises StoreError."""

    where: str

    def newest(self) -> Newest:
        """Return the newest version."""

    def put(self, data: Mapping[str, Any], cas: int) -> int:
        """Write a new version where this one is the newest, and return its number. Raises LostRaceError where it is not."""

    def destroy(self, versions: Sequence[int]) -> None:
        """Destroy versions; those that are destroyed already are fine."""

    def check_rights(self) -> None:
        """Find out whether put() and destroy() are permitted."""

    def close(self) -> None:
        """Revoke the token of a log-in."""


class VaultStore(SecretStore):
    """A secret of Vault; see ports.Store.

    Args:
        client: of Vault.
        keys: of the secret.
        sleep: waits so many seconds.
    """

    def __init__(self, client: VaultClient, keys: Keys, sleep: Sleep | None = None) -> None:
        hint = f"Check rotate_hashicorp_vault, or create it with a first key, for example by vault kv put ... {keys.value}=''."
        super().__init__(client.where, keys, hint, **({"sleep": sleep} if sleep else {}))
        self._client = client
        self._newest = 0  # the version that was read, or written, last
        self._last: SecretContent | None = None  # the last content that was there

    def close(self) -> None:
        """See SecretStore."""
        self._client.close()

    def _check_rights(self) -> None:
        self._client.check_rights()

    def _load(self) -> SecretContent | None:
        newest: Newest = self._until_new(self._client.newest, lambda seen: seen.version < self._newest and seen.version > 0)
        self._newest = newest.version
        if newest.data is None:
            return None
        self._last = SecretContent(str(newest.version), newest.data)
        return self._last

    def _save(self, content: SecretContent | None, data: dict[str, Any]) -> tuple[SecretContent, Sequence[str]]:
        superseded = self._superseded()
        wanted = with_notes(data, self._keys, {_SUPERSEDED: superseded} if superseded else {})
        self._newest = self._put(wanted)
        self._last = saved = SecretContent(str(self._newest), wanted)
        return saved, self._destroy(saved, superseded)

    def _put(self, data: Mapping[str, Any]) -> int:
        """Write a version; one that Vault wrote although it answered with a failure is written."""
        cas = self._newest
        try:
            return self._client.put(data, cas)
        except StoreError as failure:
            if not failure.may_have_acted:
                raise
            newest = self._client.newest()
            for _look in range(_LOOKS):
                if newest.version != cas:
                    break
                self._sleep(_PAUSE)
                newest = self._client.newest()
            if newest.version == cas + 1 and newest.data == data:
                return newest.version
            raise

    def _superseded(self) -> dict[str, list[str]]:
        """Return the versions that are superseded once the next one is written, each with the ids of the credentials in it.

        Of those that a hand wrote, or deleted, since this role wrote one, it is not known which of the credentials around them they hold.
        """
        if self._last is None:
            return {}
        noted = notes_in(self._last, self._keys).get(_SUPERSEDED)
        earlier = {str(version): list(ids) for version, ids in noted.items()} if isinstance(noted, dict) else {}
        state = state_in(self._last, self._keys)
        parts = ("current", "pending") if states.stage_of(state) == states.STORED else ("current",)
        ids = [one for part in parts if (one := states.id_of(state, part))]
        own = int(self._last.version)
        last = max((int(version) for version in earlier if version.isdigit()), default=own - 1)
        around = list(dict.fromkeys([*ids, *earlier.get(str(last), ())]))
        now = {str(version): ids if version == own else around for version in range(last + 1, self._newest + 1)[-_NOTED:]}
        return dict(list({**earlier, **now}.items())[-_NOTED:])

    def _destroy(self, saved: SecretContent, superseded: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Destroy what is superseded, where nothing is under way any more; return a warning where that fails."""
        state = state_in(saved, self._keys)
        if states.stage_of(state) != states.CURRENT:
            return ()
        standing = states.id_of(state, "previous")
        versions = [int(version) for version, ids in superseded.items() if version.isdigit() and (not standing or standing not in ids)]
        if not versions:
            return ()
        try:
            self._client.destroy(versions)
        except LatchkeyError as failure:
            numbers = ", ".join(map(str, versions))
            warning = (
                f"Versions {numbers} of {self.where} hold earlier credentials and could not be destroyed; the next rotation tries again."
            )
            return (f"{warning} {failure}",)
        return ()
