# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All credentials that a caller may see at a platform, in one shape. Private to this collection. No HTTP, no vendor here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import ForbiddenError
from .model import Credential

ACCESS_TOKEN, API_TOKEN, SESSION = "access_token", "api_token", "session"
CLIENT_SECRET, S3_KEY = "service_account_secret", "s3_access_key"
KINDS = (ACCESS_TOKEN, API_TOKEN, SESSION, CLIENT_SECRET, S3_KEY)
ROLE = "role"  # stands for a kind where the refused list is one of roles: no credential is missing, only ``administrator`` is not known


@dataclass(frozen=True)
class Listed:
    """One credential, and what the platform tells of its kind and its account.

    Attributes:
        kind: one of KINDS.
        credential: the credential; a secret has the id that goes with it.
        name: its tag, label or description; None where there is none.
        expires_known: whether it is known when it expires; with True and no time it never does.
        state_known: whether it is known that it is enabled or disabled.
        administrator: whether the account has an administrator's role; None where that is not known.
        local: whether it is managed where it is used, and not by another product; None where there is no such difference.
        limit: how many of this kind its account may have; None where there is no limit, or none is known.
    """

    kind: str
    credential: Credential
    name: str | None = None
    expires_known: bool = True
    state_known: bool = True
    administrator: bool | None = None
    local: bool | None = None
    limit: int | None = None

    def is_live(self, now: datetime) -> bool | None:
        """Tell whether the platform accepts it now; None where that is not known."""
        if not self.credential.is_live(now):
            return False
        return True if self.expires_known and self.state_known else None

    def as_result(self, now: datetime) -> dict[str, Any]:
        """Return it with all keys that a result has, whatever the platform tells."""
        told = self.credential.as_result(now)
        return {
            "kind": self.kind,
            "id": self.credential.id,
            "account": told["account"] or told["account_id"],
            "account_id": told["account_id"],
            "name": self.name,
            "created_at": told["created_at"],
            "expires_at": told["expires_at"],
            "expires_known": self.expires_known,
            "lifetime": told["lifetime"],
            "last_used_at": self.credential.last_used(),
            "enabled": told["enabled"] if self.state_known else None,
            "live": self.is_live(now),
            "creator": told["creator"],
            "administrator": self.administrator,
            "local": self.local,
        }


@dataclass(frozen=True)
class Refused:
    """A list that the caller may not have, or not all of.

    Attributes:
        kind: one of KINDS, or ROLE.
        right: the name of the right that is missing.
        failure: how the platform refused it.
        effect: what is missing from the result because of it, as a sentence.
    """

    kind: str
    right: str
    failure: ForbiddenError
    effect: str

    def as_result(self) -> dict[str, Any]:
        """Return it with the keys that a result has."""
        return {"kind": self.kind, "right": self.right, "message": str(self.failure)}


@dataclass
class Inventory:
    """What came of listing everything.

    Attributes:
        found: the credentials.
        refused: lists that the caller may not have.
        unlisted: kinds that exist there and that this platform or version does not list, with the reason as a sentence.
        read: whether any list was had.
        version: the product's version; empty when it is not known.
    """

    found: list[Listed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unlisted: dict[str, str] = field(default_factory=dict)
    read: bool = False
    version: str = ""
