# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform of the test's own, to see what operations make of what a platform tells."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import RequestError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account, Caller, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform

OWN, OTHER = Account("1", "me", aliases=("one",)), Account("2", "svc")


class Fake(Platform):
    """Notes what it is asked to do."""

    name, title = "fake", "Fake"
    tokens_are_sessions = True

    def __init__(self, caller: Caller | None = None, **auth: Any) -> None:
        self.connection = SimpleNamespace(auth=SimpleNamespace(**{"token": None, "client_id": None, "username": None, **auth}))
        self.warnings: list[str] = []
        self.who = caller or Caller(OWN, "own")
        self.done: list[str] = []
        self.listed: list[Credential] = []
        self.inspected: Credential | None = None
        self.made: Any = None
        self.failure: RequestError | None = None

    def caller(self, secret: str | None = None) -> Caller:
        return self.who

    def find_account(self, identity: str) -> Account:
        return OTHER if identity in (OTHER.id, OTHER.name) else OWN

    def tokens(self, account: Account | None) -> list[Credential]:
        return list(self.listed)

    def api_tokens(self, account: Account | None) -> list[Credential]:
        return list(self.listed)

    def token(self, token_id: str) -> Credential | None:
        return next((one for one in self.listed if one.id == token_id), None)

    def delete_token(self, token_id: str) -> bool:
        self.done.append(f"delete {token_id}")
        return True

    def check_api_token(self, tag: str, lifetime: Any) -> None:
        self.done.append(f"check {tag} {lifetime}")

    def api_token_lifetime(self, lifetime: Any) -> Any:
        return timedelta(days=60) if lifetime is None else lifetime

    def mint_api_token(self, tag: str, lifetime: Any) -> Any:
        return self._mint(f"mint {tag} {lifetime}")

    def mint_token(self, account: Account | None, expires_at: Any) -> Any:
        return self._mint("mint")

    def _mint(self, words: str) -> Any:
        self.done.append(words)
        if self.failure is not None:
            raise self.failure
        return self.made

    def inspect_token(self, secret: str) -> Credential | None:
        self.done.append(f"inspect {secret}")
        return self.inspected

    def explain_refused_mint(self, failure: RequestError, bearers: Any) -> None:
        self.done.append(f"explain with {', '.join(bearers)}")
