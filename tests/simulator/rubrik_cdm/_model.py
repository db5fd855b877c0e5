# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's data: users, service accounts, roles, organizations and sessions."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from ._tokens import new_secret

USER, ROLE, ORGANIZATION = "User:::", "Role:::", "Organization:::"
ADMINISTRATOR, READ_ONLY = "Administrator", "ReadOnlyAdmin"


@dataclass
class User:
    """A local user; `id` is the bare UUID, the API mostly shows it with `User:::` before it."""

    id: str
    username: str
    password: str
    organization: str
    totp_secret: str = ""
    details: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Secret:
    """A secret and the instants between which it works; `until` None: for ever."""

    value: str
    since: float
    until: float | None = None


@dataclass
class Account:
    """A service account; it is a principal as users are. `rsc_id` is set when Rubrik Security Cloud manages it."""

    id: str
    name: str
    organization: str
    secrets: list[Secret]
    rsc_id: str = ""

    @property
    def client_id(self) -> str:
        """The id that opens sessions."""
        return self.rsc_id or USER + self.id


@dataclass
class Role:
    """A role; `principals` are bare UUIDs of users and service accounts."""

    id: str
    name: str
    description: str
    template: str
    organization: str
    principals: list[str] = field(default_factory=list)
    built_in: bool = False


@dataclass
class Organization:
    """An organization (tenant)."""

    id: str
    name: str
    is_global: bool = False


@dataclass
class Session:
    """A session: of a log-in, of a service account, or an API token. `expires` of a log-in moves with its use.

    `by_cookie`: its token is no bearer.
    """

    id: str
    token: str
    user: str
    kind: str
    organization: str
    created: float
    expires: float
    last_used: float | None = None
    tag: str | None = None
    by_cookie: bool = False


@dataclass
class Attempt:
    """A log-in that waits for its second factor."""

    id: str
    user: str
    expires: float


def new_id() -> str:
    """Return a random UUID."""
    return str(uuid.uuid4())


def new_password() -> str:
    """Return a random password of all four character classes."""
    return "Aa1!" + secrets.token_urlsafe(18)


@dataclass
class Data:
    """All of a cluster's data."""

    cluster_id: str = field(default_factory=new_id)
    cluster_name: str = "simulated"
    timezone: str = "Etc/UTC"
    address: str = ""
    signing_key: str = field(default_factory=lambda: secrets.token_hex(32))
    global_organization: str = ""
    admin: str = ""
    service_account: str = ""
    rsc_account: str = ""
    users: dict[str, User] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    # "user counter" of one-time codes
    used_codes: list[str] = field(default_factory=list)

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return asdict(self)

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Data:
        """Return what :meth:`dump` gave."""
        kinds: dict[str, Any] = {
            "users": User,
            "accounts": Account,
            "roles": Role,
            "organizations": Organization,
            "sessions": Session,
            "attempts": Attempt,
        }
        values = dict(dumped)
        for name, kind in kinds.items():
            values[name] = {key: kind(**value) for key, value in dumped[name].items()}
        for account in values["accounts"].values():
            account.secrets = [Secret(**secret) for secret in account.secrets]
        return cls(**values)

    @classmethod
    def new(cls, admin_password: str) -> Data:
        """Return a fresh cluster with its administrator, built-in roles and global organization."""
        data = cls()
        data.global_organization = ORGANIZATION + new_id()
        data.organizations[data.global_organization] = Organization(data.global_organization, "Global", is_global=True)
        data.admin = new_id()
        data.users[data.admin] = User(data.admin, "admin", admin_password, data.global_organization)
        for template in (ADMINISTRATOR, READ_ONLY):
            role = Role(ROLE + new_id(), f"{template}Role", "", template, data.global_organization, built_in=True)
            data.roles[role.id] = role
        data.role_of_template(ADMINISTRATOR).principals.append(data.admin)
        return data

    def role_of_template(self, template: str) -> Role:
        """Return the built-in role of a template."""
        return next(role for role in self.roles.values() if role.built_in and role.template == template)

    def add_account(self, name: str, now: float, template: str = "none", secret: str = "", rsc_id: str = "") -> Account:
        """Add a service account, with the built-in role of a template."""
        account = Account(new_id(), name, self.global_organization, [Secret(secret or new_secret(), now)], rsc_id)
        self.accounts[account.id] = account
        if template != "none":
            self.role_of_template(template).principals.append(account.id)
        return account
