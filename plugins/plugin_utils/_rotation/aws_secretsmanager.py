# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of AWS Secrets Manager as the store of a rotation, by its staging labels. Private.

Consumers read the version with the label AWSCURRENT. The rotation has a label of its own, HEAD, on the version that it wrote last. At rest
both are on one version. While a rotation is under way HEAD goes ahead: the intent, and then the new credential with the old one beside it,
are versions that no consumer reads. AWSCURRENT follows once the new credential is proved; so it is a proved credential at every instant,
and AWS moves AWSPREVIOUS behind it.

AWS compares nothing when a version is written, only when a label is moved (``RemoveFromVersionId``). So a version is written with a label
that no other one has, and is nothing before HEAD is moved to it from where it was found. AWSCURRENT is moved before HEAD, also when a
rotation is undone, so that a run which stood still meanwhile cannot move it any more. A run that is killed between the two leaves HEAD on
a rotation that is under way, over a credential that works: the next run goes on from there.

A version cannot be destroyed in AWS; one without a label is removed by AWS itself, in its own time.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html, API_UpdateSecretVersionStage.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html (versions and labels)
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_content import (
    SecretContent,
    notes_in,
    parsed,
    state_in,
    under_way_over,
    with_notes,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import (
    LostRaceError,
    SecretStore,
    Sleep,
    StoreError,
)

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
HEAD = "LATCHKEY_HEAD"
WRITING = "LATCHKEY_WRITING_"  # and the version's id: the label of a version that HEAD was not moved to yet
_BASE = "base"  # a note: where AWSCURRENT was when the version was written
_SETTLED = (states.CURRENT, states.UNDOING)  # stages whose value consumers are to read


@dataclass(frozen=True)
class DescribedSecret:
    """What AWS tells of a secret.

    Attributes:
        labels: of each version, by its id.
        deleted: whether it is scheduled for deletion.
        rotates: whether AWS rotates it by itself.
    """

    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    deleted: bool = False
    rotates: bool = False

    def at(self, label: str) -> str:
        """Return the version that has a label; empty where none has."""
        return next((version for version, labels in self.labels.items() if label in labels), "")


class SecretsManagerClient(Protocol):
    """AWS, as far as one secret needs it. Each method raises StoreError."""

    where: str

    def describe(self) -> DescribedSecret | None:
        """Return the labels; None where there is no such secret."""

    def get(self, version: str) -> str:
        """Return the text of a version; empty where it is none."""

    def put(self, version: str, text: str, label: str) -> None:
        """Write a version with this id and label. The same version again is fine."""

    def move(self, label: str, to: str, away_from: str) -> None:
        """Move a label that is there; an empty ``away_from`` means on no version, an empty ``to`` removes it. Raises LostRaceError."""

    def close(self) -> None:
        """Close the connections."""


def new_version() -> str:
    """Return an id for a version."""
    return str(uuid.uuid4())


class SecretsManagerStore(SecretStore):
    """A secret of AWS Secrets Manager; see ports.Store.

    Args:
        client: of AWS.
        keys: of the secret.
        sleep: waits so many seconds.
        name: returns an id for a version.
    """

    def __init__(self, client: SecretsManagerClient, keys: Keys, sleep: Sleep | None = None, name: Callable[[], str] = new_version) -> None:
        hint = f'Check rotate_aws_secretsmanager, or create it with a first key: aws secretsmanager create-secret, {{"{keys.value}": ""}}.'
        super().__init__(client.where, keys, hint, **({"sleep": sleep} if sleep else {}))
        self._client = client
        self._name = name
        self._secret = DescribedSecret()  # as it was described last
        self._left: set[tuple[str, str]] = set()  # labels, and versions that this run moved them away from
        self._texts: dict[str, str] = {}  # by version; a version never changes

    def close(self) -> None:
        """See SecretStore."""
        self._client.close()

    def _check_rights(self) -> None:
        """AWS tells rights by trying only, and the intent, which is written before anything is created, needs all of them."""

    def _refusal(self) -> tuple[str, str]:
        pending = self._secret.at(PENDING)
        if pending and pending != self._secret.at(CURRENT):
            remove = f"aws secretsmanager update-secret-version-stage --version-stage {PENDING} --remove-from-version-id {pending}"
            return (
                f"Another tool is rotating the {self.where}: its version {pending} has the label {PENDING}.",
                f"Let it finish, or remove that label: {remove}.",
            )
        if self._secret.rotates:
            return (
                f"AWS rotates the {self.where} by itself, so two would rotate it.",
                "Cancel that (aws secretsmanager cancel-rotate-secret), or leave the rotation to it.",
            )
        return "", ""

    # Read

    def _load(self) -> SecretContent | None:
        found: DescribedSecret | None = self._until_new(self._client.describe, self._is_old)
        self._secret = found or DescribedSecret()
        if found is None or found.deleted or not found.at(CURRENT):
            return None
        current, head = found.at(CURRENT), found.at(HEAD)
        beneath = self._version(current)
        if head in ("", current):
            return beneath
        ahead = self._version(head)
        if states.stage_of(state_in(ahead, self._keys)) == states.CURRENT:
            return beneath  # a hand put another version in place since the last rotation
        if notes_in(ahead, self._keys).get(_BASE) == current:
            return ahead
        return under_way_over(ahead, beneath, self._keys)  # one did so while a rotation was under way

    def _is_old(self, found: DescribedSecret | None) -> bool:
        return found is not None and any(label in found.labels.get(version, ()) for label, version in self._left)

    def _version(self, version: str) -> SecretContent:
        if version not in self._texts:
            self._texts[version] = self._client.get(version)
        return parsed(version, self._texts[version], self.where)

    # Write

    def _save(self, content: SecretContent | None, data: dict[str, Any]) -> tuple[SecretContent, Sequence[str]]:
        if content is None:
            raise StoreError(f"The {self.where} is deleted, so it was not written.", "Restore it: aws secretsmanager restore-secret.")
        version, found = self._name(), self._secret
        current, head = found.at(CURRENT), found.at(HEAD)
        settles = states.stage_of(state_in(SecretContent("", data), self._keys)) in _SETTLED
        wanted = with_notes(data, self._keys, {_BASE: version if settles else current})
        saved = SecretContent(version, wanted)
        text = saved.text()
        self._client.put(version, text, WRITING + version)
        self._texts[version] = text
        try:
            if settles:
                self._move(CURRENT, version, current)
            self._move(HEAD, version, head)
        finally:
            self._unlabel(version)
        if settles:  # what killed runs were writing is of no use any more
            for other, labels in found.labels.items():
                if WRITING + other in labels:
                    self._unlabel(other)
        return saved, ()

    def _move(self, label: str, to: str, away_from: str) -> None:
        """Move a label; a move that took effect although AWS answered with a failure is done."""
        try:
            self._client.move(label, to, away_from)
        except (StoreError, LostRaceError) as failure:
            if isinstance(failure, StoreError) and not failure.may_have_acted:
                raise
            seen: DescribedSecret | None = self._until_new(self._client.describe, self._is_old)
            if seen is None or seen.at(label) != to:
                raise
        if away_from:
            self._left.add((label, away_from))

    def _unlabel(self, version: str) -> None:
        """Remove the label of a version that is being written. One that stays does no harm but keep the version."""
        try:
            self._client.move(WRITING + version, "", version)
        except (LatchkeyError, LostRaceError):
            return
