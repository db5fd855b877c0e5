# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Keycard, an invented appliance that opens doors: what a fourth platform takes at least. Private to this collection.

test_fourth_platform.py puts it into the collection as CONTRIBUTING.md says.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import (
    Account,
    AccountState,
    Caller,
    ClientSecret,
    Credential,
    Minted,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import OWN, Answer
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform, Probed
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.fields import (
    bearer_field,
    id_field,
    instant_field,
    quoted,
    text_field,
)

_HOLDERS = "/v1/holders"
_CARDS = "/v1/cards"


class Keycard(Platform):
    """A box that knows holders, and the cards that speak for them."""

    name = "keycard"
    title = "Keycard"
    options = frozenset(("expires_at", "expires_in"))
    rotates = ("access_token",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, lambda value: str(value.get("error", "")) if isinstance(value, dict) else "")
        self.http.authorization = f"Bearer {connection.auth.token}"

    # Who calls, and who else there is

    def caller(self, secret: str | None = None) -> Caller:
        self.http.hide(secret)
        answer = self.http.request("identify the caller", "GET", "/v1/me", authorization=f"Bearer {secret}" if secret else OWN)
        value = answer.json_object()
        return Caller(_holder(answer, value.get("holder")), id_field(answer, value, "card"), with_token=True)

    def find_account(self, identity: str) -> Account:
        found = [one.account for one in self.service_accounts() if identity in (one.account.id, one.account.name)]
        if not found:
            raise self._unknown("holder", f"'{identity}'", [one.account.name for one in self.service_accounts()])
        return found[0]

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        return Probed.of(self.http.request(f"probe {path}", method, path, body=body, accept=range(100, 600)))

    # Access tokens, which it calls cards

    def tokens(self, account: Account | None) -> list[Credential]:
        answer = self.http.request("list cards", "GET", _CARDS, params={"holder": account.id} if account else None)
        return [_card(answer, one) for one in _list(answer)]

    def token(self, token_id: str) -> Credential | None:
        answer = self.http.request("read a card", "GET", f"{_CARDS}/{quoted(token_id)}", accept=(404,))
        return None if answer.status == 404 else _card(answer, answer.json_object())

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        holder = account or self.caller().account
        wish = {"holder": holder.id, "expires": expires_at.isoformat() if expires_at else None}
        answer = self.http.request(f"make a card for {holder}", "POST", _CARDS, body=wish)
        value = answer.json_object()
        return Minted(_card(answer, value), bearer_field(answer, value, "secret"))

    def delete_token(self, token_id: str) -> bool:
        path = f"{_CARDS}/{quoted(token_id)}"
        return self.http.request("delete a card", "DELETE", path, repeatable=True, accept=(404,)).status != 404

    def own_token(self) -> Credential | None:
        caller = self.caller()
        return Credential(caller.token_id or "", caller.account)

    # Service accounts, which it calls holders

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        answer = self.http.request("list holders", "GET", _HOLDERS)
        found = [AccountState(_holder(answer, one), roles=frozenset()) for one in _list(answer)]
        return [one for one in found if name in (None, one.account.name)]

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        if not wanted.account.name.isalnum():
            raise OptionError(f"name: '{wanted.account.name}' is not letters and digits, which is all that {self.title} prints on a card.")
        answer = self.http.request("make a holder", "POST", _HOLDERS, body={"name": wanted.account.name})
        return AccountState(_holder(answer, answer.json_object()), roles=frozenset()), None

    def delete_account(self, state: AccountState) -> None:
        self.http.request("delete a holder", "DELETE", f"{_HOLDERS}/{quoted(state.account.id)}", repeatable=True, accept=(404,))


def _list(answer: Answer) -> list[Any]:
    value = answer.json()
    if not isinstance(value, list):
        raise answer.strange("it is not a list")
    return value


def _holder(answer: Answer, value: Any) -> Account:
    if not isinstance(value, dict):
        raise answer.strange("a holder is not a JSON object")
    return Account(id_field(answer, value, "id"), text_field(answer, value, "name"))


def _card(answer: Answer, value: Any) -> Credential:
    if not isinstance(value, dict):
        raise answer.strange("a card is not a JSON object")
    return Credential(
        id=id_field(answer, value, "id"),
        account=_holder(answer, value.get("holder")),
        created_at=instant_field(answer, value, "made"),
        expires_at=instant_field(answer, value, "expires"),
    )
