# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of Rubrik CDM, and what its tokens tell. Private to this collection. Pure functions.

A local user is ``User:::UUID``, and its tokens say ``UUID``. An account that Rubrik Security Cloud manages logs in as ``client|...``, and
its tokens say ``UUID_client|...``, where the UUID is the issuer's (vendor's sample of a token). What a cluster calls
such an account in its lists is not published: its id may be of any form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ..._common.model import Account
from ..jwt import instant_claim, jwt_claims

USER = "User:::"
CLIENT = "client|"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MANAGED = re.compile(rf"{_UUID.pattern}_(client\|[A-Za-z0-9-]{{1,64}})")
_SESSION_ID = re.compile(r"[A-Za-z0-9-]{1,128}")


@dataclass(frozen=True)
class Bearer:
    """What a token tells of itself; None for what it does not tell.

    Attributes:
        subject: the account's id, without ``User:::``: a UUID, or ``UUID_client|...``.
        client: its ``client|...`` id, where Rubrik Security Cloud manages the account.
        session: id of the session that it is the token of.
        issued_at: when it was made.
        issuer: the UUID of its issuer, which is the same for all tokens of a cluster.
    """

    subject: str | None
    client: str | None
    session: str | None
    issued_at: datetime | None
    issuer: str | None

    @property
    def user(self) -> str | None:
        """The UUID of a local user; None for accounts that Rubrik Security Cloud manages, whose id no token tells for sure."""
        return None if self.client else self.subject


def read_bearer(token: str) -> Bearer:
    """Read a token's claims ``sub``, ``jti``, ``iat`` and ``iss`` (vendor's sample: ``jti`` is the session's id)."""
    claims = jwt_claims(token)
    subject = str(claims.get("sub")).removeprefix(USER)
    managed = _MANAGED.fullmatch(subject)
    session, issuer = str(claims.get("jti") or ""), str(claims.get("iss") or "")
    return Bearer(
        subject=subject if managed or _UUID.fullmatch(subject) else None,
        client=managed.group(1) if managed else None,
        session=session if _SESSION_ID.fullmatch(session) else None,
        issued_at=instant_claim(claims, "iat"),
        issuer=issuer if _UUID.fullmatch(issuer) else None,
    )


def bare_user(identity: str) -> str | None:
    """Return the UUID of ``User:::UUID`` or of a bare UUID; None for anything else."""
    bare = identity.removeprefix(USER)
    return bare if _UUID.fullmatch(bare) else None


def is_managed(identity: str) -> bool:
    """Tell whether an id is one of an account that Rubrik Security Cloud manages, in any of its forms."""
    bare = identity.removeprefix(USER)
    return bare.startswith(CLIENT) or bool(_MANAGED.fullmatch(bare))


def managed_user(client_id: str, issuer: str) -> str:
    """Return what a token says of an account that Rubrik Security Cloud manages."""
    return f"{issuer}_{client_id}"


def id_forms(identity: str) -> frozenset[str]:
    """Return the forms of an id, two of which have one in common when they are the same account's."""
    bare = identity.removeprefix(USER)
    managed = _MANAGED.fullmatch(bare)
    return frozenset((bare, managed.group(1)) if managed else (bare,))


def same_account(identity: str, account: Account) -> bool:
    """Tell whether an id is one of this account's, whatever its form."""
    known = frozenset[str]().union(*map(id_forms, (account.id, *account.aliases)))
    return not known.isdisjoint(id_forms(identity))


def user_account(user: str, name: str = "", client: str | None = None) -> Account:
    """Return the account of a user id as the cluster told it, with or without its prefix; where it has no name, an id stands for it."""
    bare = user.removeprefix(USER)
    id_ = USER + bare if _UUID.fullmatch(bare) else user
    others = (bare, USER + bare, *sorted(id_forms(user) - {bare}), *((client,) if client else ()))
    aliases = tuple(dict.fromkeys(one for one in others if one != id_))
    return Account(id_, name or client or id_, aliases=aliases)


def client_account(client_id: str, user: str | None) -> Account:
    """Return the service account that opens sessions with this client id, and its user id where that is known."""
    others = (USER + user, user) if user else ()
    return Account(client_id, client_id, aliases=tuple(one for one in others if one != client_id))


def user_of(account: Account) -> str | None:
    """Return what the API's session calls know an account by; vendor's clients cut ``User:::`` off for them."""
    ids = (account.id, *account.aliases)
    users = [one.removeprefix(USER) for one in ids if one.startswith(USER) or not one.startswith(CLIENT)]
    known = [user for user in users if user and (bare_user(user) or USER + user in ids)]
    return next((user for user in known if bare_user(user)), known[0] if known else None)
