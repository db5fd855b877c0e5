# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's data: users, groups, roles, access tokens, S3 access keys and sessions."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from ._privileges import BUILT_IN_ROLES

ADMIN, GUEST = "500", "501"
ADMINISTRATORS, USERS, GUESTS = "512", "513", "514"
EVERYONE = str(0x200000000)


@dataclass
class User:
    """A local user; its `id` is its auth_id and the last part of its SID."""

    id: str
    name: str
    primary_group: str
    password: str
    uid: str = ""
    home_directory: str | None = None


@dataclass
class Group:
    """A local group; `members` are ids of users, besides those whose primary group it is."""

    id: str
    name: str
    gid: str = ""
    members: list[str] = field(default_factory=list)


@dataclass
class Role:
    """A role; `members` are auth_ids of users and groups of any domain."""

    name: str
    description: str
    privileges: list[str]
    members: list[str] = field(default_factory=list)
    built_in: bool = False


@dataclass
class Token:
    """An access token; the instants are seconds since the epoch, the texts are what the cluster prints."""

    id: str
    secret: str
    user: str
    creator: str
    created: float
    creation_time: str
    serial: int
    expires: float | None
    expiration_time: str
    privileges: list[str]
    enabled: bool = True


@dataclass
class S3Key:
    """An S3 access key, which never expires."""

    id: str
    secret: str
    user: str
    created: float
    creation_time: str
    serial: int


@dataclass
class Session:
    """A session; role changes do not reach it (vendor docs)."""

    id: str
    secret: str
    user: str
    created: float
    expires: float
    roles: list[str]
    privileges: list[str]


def new_secret(prefix: str) -> str:
    """Return a random bearer token such as access-v1:..."""
    return f"{prefix}:{base64.b64encode(secrets.token_bytes(48)).decode()}"


def new_s3_key(user: str, created: float, creation_time: str, serial: int) -> S3Key:
    """Return a new key; the forms of id and secret are those of the vendor's examples."""
    return S3Key(
        f"{int(user):016x}{secrets.token_hex(2)}", base64.b64encode(secrets.token_bytes(30)).decode(), user, created, creation_time, serial
    )


def new_token_id() -> str:
    """Return 22 random decimal digits, the first not 0."""
    return str(10**21 + secrets.randbelow(9 * 10**21))


def new_password() -> str:
    """Return a random password of all four character classes."""
    return "Aa1!" + secrets.token_urlsafe(18)


def _random_domain_sid() -> str:
    return "S-1-5-21-" + "-".join(str(10**8 + secrets.randbelow(4 * 10**9)) for _unused in range(3))


@dataclass
class Data:
    """All of a cluster's data."""

    local_sid: str = field(default_factory=_random_domain_sid)
    ad_sid: str = field(default_factory=_random_domain_sid)
    cluster_name: str = "simulated"
    next_id: int = 1000
    next_serial: int = 0
    ad_password: str = ""
    service_account: str = ""
    service_token: str | None = None
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    s3_keys: dict[str, S3Key] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    # auth_id -> name of local users that are gone
    removed: dict[str, str] = field(default_factory=dict)

    def take_id(self) -> str:
        """Return the auth_id of the next user or group."""
        self.next_id += 1
        return str(self.next_id)

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return asdict(self)

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Data:
        """Return what :meth:`dump` gave."""
        kinds: dict[str, Any] = {"users": User, "groups": Group, "roles": Role, "tokens": Token, "s3_keys": S3Key, "sessions": Session}
        values = dict(dumped)
        for name, kind in kinds.items():
            values[name] = {key: kind(**value) for key, value in dumped.get(name, {}).items()}
        return cls(**values)

    @classmethod
    def new(cls, admin_password: str) -> Data:
        """Return a fresh cluster with its built-in users, groups and roles (ids: vendor SDK 7.10)."""
        data = cls()
        data.users[ADMIN] = User(ADMIN, "admin", USERS, admin_password)
        data.users[GUEST] = User(GUEST, "guest", GUESTS, new_password())
        data.groups[ADMINISTRATORS] = Group(ADMINISTRATORS, "Administrators", members=[ADMIN])
        data.groups[USERS] = Group(USERS, "Users")
        data.groups[GUESTS] = Group(GUESTS, "Guests")
        for name, (description, privileges) in BUILT_IN_ROLES.items():
            data.roles[name] = Role(name, description, privileges, built_in=True)
        data.roles["Administrators"].members = [ADMIN, ADMINISTRATORS]
        return data
