# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a platform can do, in words that operations use. Private to this collection.

One file per platform fills this in with its vendor's API. A method that a platform leaves out says so when it is called. Every
method may raise the errors of _http.py; what else it raises is said with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, NoReturn

from .._connection import Connection
from .._errors import UnsupportedError
from .._http import HttpClient
from .._model import Account, AccountState, Caller, Credential, Minted


@dataclass(frozen=True)
class Probed:
    """What a probe got: the HTTP status and the body's JSON value, or its text where it is not JSON."""

    status: int
    body: Any


class Platform:
    """One appliance, spoken to as one caller. Used as a context manager; leaving it closes the connections.

    Attributes:
        name: as in the option ``platform``.
        title: for people.
        options: what this platform can be asked for beyond what all can, by option name.
        token_limit: how many tokens one account may have; None when there is no limit.
    """

    name: str
    title: str
    options: frozenset[str] = frozenset()
    token_limit: int | None = None

    def __init__(self, connection: Connection, vendor_words: Any) -> None:
        self.connection = connection
        self.http = HttpClient(
            platform=self.name,
            name=self.title,
            endpoint=connection.endpoint,
            validate_certs=connection.validate_certs,
            ca_path=connection.ca_path,
            timeout=connection.timeout,
            vendor_words=vendor_words,
        )
        self.http.hide(*connection.auth.secrets())

    def __enter__(self) -> Platform:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self.http.close()

    def require_options(self, given: Collection[str]) -> None:
        """Refuse options that this platform cannot heed.

        Args:
            given: names of options that were set and that not every platform knows.

        Raises:
            UnsupportedError: one of them is unknown here.
        """
        for name in sorted(set(given) - self.options):
            raise UnsupportedError(f"{name}: {self.title} has nothing like it.", "Leave the option out for this platform.")

    def _cannot(self, what: str, instead: str = "") -> NoReturn:
        raise UnsupportedError(f"{self.title} cannot {what}.", instead)

    # Who calls, and who else there is

    def caller(self, secret: str | None = None) -> Caller:
        """Return whom the platform takes us for; with a secret, whom it takes the bearer of that secret for."""
        self._cannot("tell who calls")

    def find_account(self, identity: str) -> Account:
        """Return the account that an identity string names. Raises OptionError when there is none."""
        self._cannot("look up accounts")

    def is_account(self, identity: str, account: Account) -> bool:
        """Tell whether an identity string names this account; asks the platform only where the string alone does not tell."""
        return identity in (account.name, account.id)

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        """Send any request of the user's and return what came, whatever its status."""
        self._cannot("be probed")

    # Tokens

    def tokens(self, account: Account | None) -> list[Credential]:
        """Return the tokens of one account, or of all; expired and disabled ones too."""
        self._cannot("list tokens")

    def token(self, token_id: str) -> Credential | None:
        """Return one token, or None when there is no such token."""
        self._cannot("read a token")

    def mint_token(self, account: Account, expires_at: datetime | None) -> Minted:
        """Make a new token; never repeated, since its secret is told only once."""
        self._cannot("make tokens")

    def update_token(self, token_id: str, *, enabled: bool | None = None, expires_at: datetime | None = None) -> Credential:
        """Switch a token on or off, or move its expiry; None leaves a setting as it is."""
        self._cannot("change tokens")

    def delete_token(self, token_id: str) -> bool:
        """Revoke a token; False when it was gone already."""
        self._cannot("delete tokens")

    def session_end_note(self) -> str:
        """Return why a session of this platform cannot be revoked; empty when it can."""
        return ""

    # Service accounts

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        """Return all service accounts, or those of exactly this name, with all that is known of them."""
        self._cannot("list service accounts")

    def checked_wish(self, wanted: AccountState) -> AccountState:
        """Return the wish with names as the platform writes them. Raises OptionError for a role, privilege or group unknown here."""
        return wanted

    def create_account(self, wanted: AccountState) -> Account:
        """Make the account with its attributes; roles and privileges come after it."""
        self._cannot("create service accounts")

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        """Change attributes of the account that was read as this state."""
        self._cannot("change service accounts")

    def add_role(self, account: Account, role: str) -> None:
        """Give the account a role."""
        self._cannot("assign roles")

    def remove_role(self, account: Account, role: str) -> None:
        """Take a role from the account."""
        self._cannot("take roles away")

    def set_privileges(self, state: AccountState, privileges: frozenset[str]) -> None:
        """Make the account's own role hold exactly these privileges; with none, remove that role."""
        self._cannot("keep privileges for one account")

    def delete_account(self, state: AccountState) -> None:
        """Delete the account after all that hangs on it: its tokens, its roles, its own role. A failure says how far it got."""
        self._cannot("delete service accounts")
