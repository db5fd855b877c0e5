# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 access keys, as the engine sees them: each is a secret that signs requests, and its id. Private."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    CheckFailedError,
    ForbiddenError,
    RefusedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import PlatformCredentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Created, Listing, NothingRotatedError, Owner


class S3AccessKeys(PlatformCredentials):
    """S3 access keys of an account, of which it may have a few: each is a secret that signs requests, and its id."""

    noun = "S3 access key"

    def _keys(self) -> list[Credential]:
        return self.platform.s3_keys(self._look_up())

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        self.platform.s3_endpoint(self.wanted.s3_endpoint)  # what is malformed is refused before anything is created
        found = [
            {"token_id": one.id, "created_at": format_instant(one.created_at) if one.created_at else None, "expires_at": None, "live": True}
            for one in self._keys()
        ]
        return Listing(self._look_up().id, found, self.platform.s3_key_limit)

    def _owner_if_taken(self, secret: str, key_id: str, own: Collection[str]) -> Owner | None:
        """Sign a request with a key; return whose the key is, or None where it is dead.

        Which refusal a deleted key gets is not published, so the list of keys decides where the answer does not tell.
        """
        try:
            is_taken = self.platform.takes_s3_key(key_id, secret.strip(), self.wanted.s3_endpoint)
        except (AuthenticationError, ForbiddenError):
            if key_id in own:
                raise
            is_taken = False
        return self._owner(key_id, own) if is_taken else None

    def _own_ids(self) -> list[str]:
        """Return the ids of the account's keys. This comes before a request is signed, since it tells the cluster's clock, too."""
        return [one.id for one in self._keys()]

    def _owner(self, key_id: str, own: Collection[str]) -> Owner:
        """Return whose a key is; the S3 API itself need not tell."""
        account = self._look_up()
        if key_id not in own:
            found = self.platform.s3_keys_with(key_id)
            if not found:
                raise NothingRotatedError(
                    f"the S3 API takes the stored key {key_id}, which is not listed, so it is not known whose it is. Nothing was rotated.",
                    "Run again; if it stays so, check that rotate_endpoint and rotate_s3_endpoint are the same cluster.",
                )
            account = found[0].account
        return Owner(account.name, account.id, key_id)

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        """See ports.Credentials. Where the store holds no id, it is that of the account's keys which has this secret."""
        own = self._own_ids()
        owners = (self._owner_if_taken(value, key_id, own) for key_id in ([client_id] if client_id else own))
        return next((one for one in owners if one), None)

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        if not client_id or token_id not in (None, client_id):
            raise CheckFailedError(f"{self.wanted.id_var} holds {client_id or 'no id'}, and not {token_id}.", "The old key stays.")
        owner = self._owner_if_taken(value, client_id, self._own_ids())
        if owner is None:
            raise CheckFailedError(f"{self.platform.title}: the S3 API does not take the stored key {client_id}.", "The old key stays.")
        return self._proved(owner, account_id)

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials."""
        there = {one.id for one in self._keys()}
        return [one for one in ids if one in there]

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        minted = self.platform.create_s3_key(self._look_up())
        return Created(minted.credential.id, minted.secret, format_instant(minted.credential.created_at or self.platform.now()))

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials."""
        apply_steps([(f"{one.id} deleted", partial(self.platform.delete_s3_key, one)) for one in self._keys() if one.id in ids])

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        raise RefusedError(f"{self.platform.title}: S3 access keys cannot be disabled.", "Use rotate_retire=delete.")
