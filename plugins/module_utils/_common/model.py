# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every platform has in common, as plain values. Private to this collection. No Ansible, no HTTP, no vendor detail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from .credential_form import is_template
from .errors import AnswerError
from .times import describe_duration, format_instant


@dataclass(frozen=True)
class Account:
    """An account that a credential can speak for.

    Attributes:
        id: the platform's own id; ids are opaque strings.
        name: what people call it.
        domain: where it lives, in the platform's words; empty when the platform knows one place only.
        aliases: other ids under which the same account is known.
    """

    id: str
    name: str
    domain: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} (id {self.id})" if self.name not in ("", self.id) else f"id {self.id}"


@dataclass(frozen=True)
class Caller:
    """Whom the platform takes us for.

    Attributes:
        account: the account.
        token_id: id of the very credential in use, when the platform tells it.
        with_token: True when we came with a token that outlives the task, rather than with a session of the task's own.
        roles, privileges: what the platform says of the caller's rights; None where it does not say.
    """

    account: Account
    token_id: str | None = None
    with_token: bool = False
    roles: tuple[str, ...] | None = None
    privileges: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Credential:
    """A token or session that exists on the platform; never its secret.

    Attributes:
        id: the platform's id, an opaque string.
        account: whose it is.
        created_at, expires_at: instants in UTC; None when not told, or when it never expires.
        enabled: False when it is switched off.
        creator: who made it, for people.
        kind: what it is, where the platform has several kinds: ``session`` or ``api_token``.
        tag: what its maker called it; None where there are no such names.
        last_used_at: when it was used last; None when not told, or never.
    """

    id: str
    account: Account
    created_at: datetime | None = None
    expires_at: datetime | None = None
    enabled: bool = True
    creator: str = ""
    kind: str = ""
    tag: str | None = None
    last_used_at: datetime | None = None

    def is_live(self, now: datetime, min_remaining: timedelta = timedelta(0)) -> bool:
        """Tell whether it can be used now and for at least that long."""
        return self.enabled and (self.expires_at is None or self.expires_at - now > min_remaining)

    def last_used(self) -> str | None:
        """Return when it was used last, as results have it; None when not told, or never."""
        return format_instant(self.last_used_at) if self.last_used_at else None

    @property
    def lifetime(self) -> timedelta | None:
        """How long it was given to live, in whole seconds; None when it never expires, or where that is not known."""
        if self.created_at is None or self.expires_at is None:
            return None
        return timedelta(seconds=round((self.expires_at - self.created_at).total_seconds()))

    def describe(self, now: datetime) -> str:
        """Return one line for people: id, age, expiry, state."""
        words = [f"{self.id} ({self.tag})" if self.tag else self.id]
        if self.created_at:
            words.append(f"created {format_instant(self.created_at)[:19]}Z ({describe_duration(now - self.created_at)} ago)")
        if self.creator:
            words.append(f"by {self.creator}")
        if self.kind and self.expires_at is None:
            words.append("expires at a time that the platform does not tell")
        elif self.expires_at is None:
            words.append("never expires")
        else:
            words.append(f"{'expires' if self.expires_at > now else 'expired'} {format_instant(self.expires_at)[:19]}Z")
        if not self.enabled:
            words.append("disabled")
        return ", ".join(words)

    def as_result(self, now: datetime) -> dict[str, Any]:
        """Return it with the result keys that all modules share."""
        more: dict[str, Any] = {"kind": self.kind} if self.kind else {}
        if self.tag is not None:
            more["tag"] = self.tag
        if self.kind:
            more["last_used_at"] = self.last_used()
        return {
            **more,
            "token_id": self.id,
            "account": self.account.name,
            "account_id": self.account.id,
            "created_at": format_instant(self.created_at) if self.created_at else None,
            "expires_at": format_instant(self.expires_at) if self.expires_at else None,
            "expires_in": max(0, int((self.expires_at - now).total_seconds())) if self.expires_at else None,
            "lifetime": None if self.lifetime is None else int(self.lifetime.total_seconds()),
            "enabled": self.enabled,
            "live": self.is_live(now),
            "creator": self.creator or None,
        }


@dataclass(frozen=True)
class Minted:
    """A credential just made, with the secret that will never be shown again."""

    credential: Credential
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _refuse_template(self.secret, f"token {self.credential.id}")


@dataclass(frozen=True)
class ClientSecret:
    """What opens a service account: its id with the secret that will never be shown again.

    Attributes:
        token_uri: where access tokens are had for it; None where the platform has no such place.
    """

    client_id: str
    client_secret: str = field(repr=False)
    name: str
    token_uri: str | None = None

    def __post_init__(self) -> None:
        _refuse_template(self.client_secret, f"secret of {self.client_id}")

    def as_result(self) -> dict[str, Any]:
        """Return it with the result keys that all modules share."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}


class Carried(Enum):
    """How far a new secret has got on its way to other systems."""

    NOT_TOLD = auto()  # the platform does not tell, or not to this caller
    WAITS = auto()
    ARRIVED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class SecretSync:
    """What a platform tells of a new secret that it carries to other systems, and its own words for that."""

    carried: Carried = Carried.NOT_TOLD
    words: str = ""


@dataclass(frozen=True)
class AccountState:
    """A service account as it is, or as it shall be.

    Attributes:
        account: id and name; the id is empty for one that does not exist yet.
        roles: ids of the roles it holds directly, without its own role; None means "leave as they are".
        role_names: names of roles by id, where ids are no names.
        privileges: what the account's own role holds; None means there is none, or "leave as it is".
        attributes: further settings of the platform, by option name.
        s3_keys: ids of its S3 access keys, as with_s3_keys lists them before the account is deleted.
        version: an opaque mark of the state that was read, for a conditional write.
    """

    account: Account
    roles: frozenset[str] | None = None
    privileges: frozenset[str] | None = None
    attributes: dict[str, str | None] = field(default_factory=dict)
    s3_keys: tuple[str, ...] = ()
    version: str = ""
    role_names: dict[str, str] = field(default_factory=dict)

    def as_diff(self) -> dict[str, Any]:
        """Return it as one side of a diff: sorted, and free of secrets."""
        return {
            "name": self.account.name,
            "roles": sorted(self.role_names.get(role, role) for role in self.roles or ()),
            "privileges": sorted(self.privileges or ()),
            **({"s3_access_keys": sorted(self.s3_keys)} if self.s3_keys else {}),
            **self.attributes,
        }

    def as_result(self) -> dict[str, Any]:
        """Return it with the result keys that all modules share."""
        settings = self.as_diff()
        if self.role_names:
            settings["role_ids"] = sorted(self.roles or ())
        return {"account": settings.pop("name"), "account_id": self.account.id or None, **settings}


@dataclass(frozen=True)
class Handed:
    """A credential as what reads it elsewhere gets it.

    Attributes:
        value: the credential.
        id: the id that it goes with: its own, or that of its account; empty where that is not known.
        account: the account's name; empty where that is not known.
    """

    value: str = field(repr=False)
    id: str = ""
    account: str = ""


def _refuse_template(secret: str, what: str) -> None:
    """Refuse a secret that Ansible would evaluate where it is stored, whichever platform hands it out.

    Raises:
        AnswerError: it is a template.
    """
    if is_template(secret):
        raise AnswerError(
            f"The new {what} is a template, which no credential is.",
            "Check that the endpoint is the platform's API, and revoke what it created.",
            may_have_acted=True,
        )
