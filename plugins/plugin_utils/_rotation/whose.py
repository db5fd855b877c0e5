# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose credential it was that a platform refused: a rotation sends its own, the stored one and the new one. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AuthenticationError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Created, Credentials, Listing, Owner

_OWN = "The refused credential is the rotation's own: check rotate_auth, and the environment variables of the platform."


@contextmanager
def _saying(sentence: str) -> Iterator[None]:
    """Say it of a refused credential (HTTP 401), where nothing that knows better has said it."""
    try:
        yield
    except AuthenticationError as failure:
        if not failure.whose:
            failure.whose = sentence
            failure.add(sentence)
        raise


class Attributed:
    """Credentials as a port of the engine, whose refusals say whose credential was refused.

    Args:
        credentials: the port.
        var: the name of the variable that holds the credential.
    """

    def __init__(self, credentials: Credentials, var: str) -> None:
        self._credentials = credentials
        self._var = var
        self._created: set[str] = set()
        self.noun = credentials.noun

    def _sentence(self, value: str) -> str:
        if value in self._created:
            return "The refused credential is the new one, which the rotation created just now."
        return f"The refused credential is the one stored in {self._var}."

    @property
    def refusal(self) -> str:
        """See ports.Credentials."""
        return self._credentials.refusal

    def look(self, known: Collection[str] = ()) -> Listing:
        """See ports.Credentials."""
        with _saying(_OWN):
            return self._credentials.look(known)

    def check(self, value: str, client_id: str | None, *, patiently: bool = False) -> Owner | None:
        """See ports.Credentials. A stored credential that is refused is no failure, so it is the rotation's own that is."""
        with _saying(_OWN):
            return self._credentials.check(value, client_id, patiently=patiently)

    def prove(self, value: str, client_id: str | None, account_id: str | None, token_id: str | None) -> Owner:
        """See ports.Credentials."""
        with _saying(self._sentence(value)):
            return self._credentials.prove(value, client_id, account_id, token_id)

    def find(self, ids: Sequence[str]) -> list[str]:
        """See ports.Credentials."""
        with _saying(_OWN):
            return self._credentials.find(ids)

    def create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> Created:
        """See ports.Credentials."""
        with _saying(_OWN):
            created = self._credentials.create(pending, current)
        self._created.add(created.secret)
        return created

    def try_create(self, pending: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """See ports.Credentials."""
        with _saying(_OWN):
            self._credentials.try_create(pending, current)

    def revoke(self, ids: Sequence[str]) -> None:
        """See ports.Credentials."""
        with _saying(_OWN):
            self._credentials.revoke(ids)

    def disable(self, token_id: str) -> None:
        """See ports.Credentials."""
        with _saying(_OWN):
            self._credentials.disable(token_id)
