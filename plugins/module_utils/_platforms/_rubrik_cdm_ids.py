# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rubrik CDM's ids of accounts, and what a bearer token tells of whose it is. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from .._model import Account
from ._jwt import instant_claim, jwt_claims

USER = "User:::"
CLIENT = "client|"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_USER_ID = re.compile(rf"(?:{USER})?({_UUID})")
# The second part is there for accounts that Rubrik Security Cloud manages (vendor's sample of a token).
_SUBJECT = re.compile(rf"(?:{USER})?({_UUID})(?:_(client\|[A-Za-z0-9-]{{1,64}}))?")
_SESSION_ID = re.compile(r"[A-Za-z0-9-]{1,128}")


@dataclass(frozen=True)
class Bearer:
    """What a token tells of itself; None for what it does not tell.

    Attributes:
        user: the account's id, without ``User:::``.
        client: its ``client|...`` id, where Rubrik Security Cloud manages the account.
        session: id of the session that it is the token of.
        issued_at: when it was made.
    """

    user: str | None
    client: str | None
    session: str | None
    issued_at: datetime | None


def read_bearer(token: str) -> Bearer:
    """Read a token's claims ``sub``, ``jti`` and ``iat`` (vendor's sample: ``jti`` is the session's id)."""
    claims = jwt_claims(token)
    subject = _SUBJECT.fullmatch(str(claims.get("sub")))
    session = str(claims.get("jti") or "")
    return Bearer(
        user=subject.group(1) if subject else None,
        client=subject.group(2) if subject else None,
        session=session if _SESSION_ID.fullmatch(session) else None,
        issued_at=instant_claim(claims, "iat"),
    )


def bare_user(identity: str) -> str | None:
    """Return the UUID of ``User:::UUID`` or of a bare UUID; None for anything else."""
    found = _USER_ID.fullmatch(identity)
    return found.group(1) if found else None


def user_account(user: str, name: str = "", client: str | None = None) -> Account:
    """Return the account of a user id without its prefix; where it has no name, an id stands for it."""
    return Account(USER + user, name or client or USER + user, aliases=(user, client) if client else (user,))


def client_account(client_id: str, user: str | None) -> Account:
    """Return the service account that opens sessions with this client id, and its user id where that is known."""
    others = (USER + user, user) if user else ()
    return Account(client_id, client_id, aliases=tuple(one for one in others if one != client_id))


def user_of(account: Account) -> str | None:
    """Return the UUID that the API's session calls know an account by; vendor's clients cut ``User:::`` off for them."""
    return next((user for user in map(bare_user, (account.id, *account.aliases)) if user), None)
