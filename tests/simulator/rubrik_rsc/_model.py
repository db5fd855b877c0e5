# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An RSC account's data: service accounts with their secrets, roles, sessions and session settings."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from ._rights import ADMINISTRATOR, BUILT_IN_ROLES, CUSTOM_ROLES

PREFIX = "client|"


@dataclass
class Secret:
    """A client secret; `ends` is set by a rotation."""

    id: str
    value: str
    created: float
    ends: float | None = None


@dataclass
class Account:
    """A service account; its last secret is the newest one."""

    client_id: str
    name: str
    description: str
    roles: list[str]
    serial: int
    secrets: list[Secret]
    last_login: float | None = None
    # quorum authorization policies that it is exempt from
    exemptions: list[str] = field(default_factory=list)
    failures: int = 0
    locked_until: float = 0.0


@dataclass
class Session:
    """An access token; `ended` is when something other than time ended it, and `end` says what."""

    id: str
    client_id: str
    name: str
    created: float
    expires: float
    roles: list[str]
    ended: float | None = None
    end: str = ""


@dataclass
class Role:
    """A role and the rights that it gives."""

    id: str
    name: str
    description: str
    rights: list[str]
    built_in: bool = False


@dataclass
class SessionConfig:
    """The session settings that can be changed; the names are the vendor's."""

    clientSessionTimeoutInSeconds: int
    maxConcurrentSessions: int
    isConcurrentSessionLimitationEnabled: bool
    sessionTimeoutInSeconds: int = 43200
    inactivityTimeoutInSeconds: int = 1800
    isInactivityTimeoutEnabled: bool = True


def new_secret(value: str, now: float) -> Secret:
    """Return a client secret; an empty value becomes a random one."""
    return Secret(f"secret-{secrets.token_hex(8)}", value or secrets.token_urlsafe(48), now)


def new_client_id(form: str) -> str:
    """Return a client id: `uuid`, or `legacy` with 32 letters and digits."""
    if form == "uuid":
        return PREFIX + str(uuid.uuid4())
    return PREFIX + "".join(secrets.choice(string.ascii_letters + string.digits) for _unused in range(32))


@dataclass
class Data:
    """All of an RSC account's data."""

    config: SessionConfig
    signing_key: str = field(default_factory=lambda: secrets.token_hex(32))
    cluster_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    next_serial: int = 0
    admin: str = ""
    service_account: str = ""
    accounts: dict[str, Account] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    def add(self, name: str, roles: list[str], secret: Secret, client_id: str, description: str = "") -> Account:
        """Add a service account and return it."""
        self.next_serial += 1
        account = Account(client_id, name, description, roles, self.next_serial, [secret])
        self.accounts[client_id] = account
        return account

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return asdict(self)

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Data:
        """Return what :meth:`dump` gave."""
        values = dict(dumped)
        values["config"] = SessionConfig(**dumped["config"])
        values["roles"] = {key: Role(**value) for key, value in dumped["roles"].items()}
        values["sessions"] = {key: Session(**value) for key, value in dumped["sessions"].items()}
        values["accounts"] = {
            key: Account(**{**value, "secrets": [Secret(**one) for one in value["secrets"]]}) for key, value in dumped["accounts"].items()
        }
        return cls(**values)

    @classmethod
    def new(cls, config: SessionConfig, admin_secret: Secret, client_id_form: str) -> Data:
        """Return a fresh account with its roles and the service account `admin`."""
        data = cls(config)
        for role_id, (name, description, rights) in BUILT_IN_ROLES.items():
            data.roles[role_id] = Role(role_id, name, description, sorted(rights), built_in=True)
        for name, (description, rights) in CUSTOM_ROLES.items():
            data.add_role(name, description, sorted(rights))
        data.admin = data.add("admin", [ADMINISTRATOR], admin_secret, new_client_id(client_id_form)).client_id
        return data

    def add_role(self, name: str, description: str, rights: list[str]) -> None:
        """Add a custom role."""
        role_id = str(uuid.uuid4())
        self.roles[role_id] = Role(role_id, name, description, rights)
