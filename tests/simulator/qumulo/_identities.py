# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities: what a full or partial api_identity, or an identity string, denotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .._settings import Settings
from ._errors import UNCONFIRMED, ApiError, decode_error
from ._model import EVERYONE, Data, User

DOMAINS = frozenset(
    {
        "LOCAL",
        "WORLD",
        "POSIX_USER",
        "POSIX_GROUP",
        "ACTIVE_DIRECTORY",
        "API_NULL_DOMAIN",
        "API_INVALID_DOMAIN",
        "API_RESERVED_DOMAIN",
        "API_INTERNAL_DOMAIN",
        "API_OPERATOR_DOMAIN",
        "API_CREATOR_DOMAIN",
    }
)
AD_DNS = "ad.example.com"
# Active Directory's auth_ids are opaque; these only stay clear of the encodings of uids and gids
AD_JANE, AD_GROUP = str((5 << 32) + 1105), str((5 << 32) + 513)
_AD_ACCOUNTS = {AD_JANE: ("jane", 1105, "USER"), AD_GROUP: ("Domain Users", 513, "GROUP")}
_POSIX = {"POSIX_USER": (3, 1, "uid"), "POSIX_GROUP": (4, 2, "gid")}
_FIELDS = ("auth_id", "uid", "gid", "sid", "name")


@dataclass(frozen=True)
class Identity:
    """A complete identity."""

    domain: str
    auth_id: str
    sid: str
    name: str | None
    uid: int | None = None
    gid: int | None = None
    kind: str = "USER"
    removed: bool = False

    def api(self) -> dict[str, Any]:
        """Return the api_identity: no field omitted, each may be null (vendor docs)."""
        values = asdict(self)
        del values["kind"], values["removed"]
        return values


class Identities:
    """Looks identities up in a cluster's data."""

    def __init__(self, data: Data, settings: Settings) -> None:
        self._data = data
        self._settings = settings

    def fold(self, name: str) -> str:
        """Return the form of a user or group name that comparisons use."""
        return name.lower() if self._settings["name_case"] == "insensitive" else name

    def _local(self, auth_id: str, name: str | None, **more: Any) -> Identity:
        return Identity("LOCAL", auth_id, f"{self._data.local_sid}-{auth_id}", name, **more)

    def _user(self, user: User) -> Identity:
        return self._local(user.id, user.name, uid=int(user.uid) if user.uid else None)

    def _known(self) -> Iterator[Identity]:
        yield from map(self._user, self._data.users.values())
        for group in self._data.groups.values():
            yield self._local(group.id, group.name, gid=int(group.gid) if group.gid else None, kind="GROUP")
        for auth_id in self._data.removed:
            yield self._local(auth_id, None, removed=True)
        for auth_id, (name, rid, kind) in _AD_ACCOUNTS.items():
            yield Identity("ACTIVE_DIRECTORY", auth_id, f"{self._data.ad_sid}-{rid}", f"AD\\{name}", kind=kind)
        yield Identity("WORLD", EVERYONE, "S-1-1-0", "Everyone", kind="GROUP")

    def posix(self, domain: str, number: int) -> Identity:
        """Return the identity of an NFS uid or gid (encodings: vendor SDK 7.10)."""
        high, part, fieldname = _POSIX[domain]
        kind = "USER" if fieldname == "uid" else "GROUP"
        more: dict[str, Any] = {fieldname: number}
        return Identity(domain, str((high << 32) + number), f"S-1-5-88-{part}-{number}", None, kind=kind, **more)

    def _posix_denoted(self, key: str, value: Any) -> Iterator[Identity]:
        # NFS ids need no account: every number is an identity (vendor SDK 7.10)
        for domain, (high, part, fieldname) in _POSIX.items():
            if key == fieldname:
                yield self.posix(domain, value)
            elif key == "auth_id" and int(value) >> 32 == high:
                yield self.posix(domain, int(value) & 0xFFFFFFFF)
            elif key == "sid" and re.fullmatch(rf"S-1-5-88-{part}-\d+", value):
                yield self.posix(domain, int(value.rpartition("-")[2]))

    def _has_name(self, identity: Identity, name: str) -> bool:
        bare = (identity.name or "").rpartition("\\")[2]
        names = [bare]
        if identity.domain == "LOCAL":
            names.append(f"local\\{bare}")
        elif identity.domain == "ACTIVE_DIRECTORY":
            names += [f"AD\\{bare}", f"{bare}@{AD_DNS}", f"CN={bare},CN=Users," + ",".join(f"DC={part}" for part in AD_DNS.split("."))]
        return bool(bare) and self.fold(name) in map(self.fold, names)

    def denoted(self, key: str, value: Any) -> list[Identity]:
        """Return what one field denotes."""
        if key == "name":
            return [identity for identity in self._known() if self._has_name(identity, value)]
        if key == "auth_id" and value in self._data.users:  # at once, since a list of tokens looks up two for each of them
            return [self._user(self._data.users[value])]
        found = [identity for identity in self._known() if getattr(identity, key) == value]
        return found + [one for one in self._posix_denoted(key, value) if not found or key in ("uid", "gid")]

    def _named(self, name: str, domain: str | None) -> list[Identity]:
        """Return what a name denotes in a domain; a removed user may still be in the way of a new one."""
        if self._settings["deleted_name"] == "removed" and domain in (None, "LOCAL"):
            removed = [auth_id for auth_id, former in self._data.removed.items() if self.fold(former) == self.fold(name)]
            if removed:
                return [self._local(removed[-1], None, removed=True)]
        return [one for one in self.denoted("name", name) if domain in (None, one.domain)]

    def resolve(self, ident: Any, unknown_status: int | None = None) -> Identity:
        """Return what an api_identity denotes; its fields may be null or omitted but must agree.

        :arg unknown_status: HTTP status when it denotes nothing; None takes the setting.
        :raises ApiError: 400 when it is malformed, contradictory or ambiguous.
        """
        fields = _checked(ident)
        domain = fields.pop("domain", None)
        if not fields:
            raise decode_error("an identity needs at least one field besides domain")
        # only names are looked up in one domain; the other fields contradict a wrong one
        denoted = [self._named(value, domain) if key == "name" else self.denoted(key, value) for key, value in fields.items()]
        if not all(denoted):
            status = unknown_status or self._settings.integer("identity_unknown")
            raise ApiError(status, UNCONFIRMED + "identity_unknown_error", "no such identity")
        common = [one for one in denoted[0] if domain in (None, one.domain) and all(one in others for others in denoted)]
        if not common:
            raise ApiError(400, "cred_error", "the fields denote different identities")
        if len(common) > 1 and "name" in fields:
            wanted = {"local": "LOCAL", "ad": "ACTIVE_DIRECTORY"}.get(self._settings["ambiguous_name"])
            common = [one for one in common if one.domain == wanted]
            if not common:
                raise ApiError(400, "cred_error", "the name is ambiguous")
        return common[0]

    def by_auth_id(self, auth_id: str) -> Identity:
        """Return the identity of an auth_id, also when its account is gone."""
        return self.resolve({"auth_id": auth_id})

    def parse(self, text: str) -> dict[str, Any]:
        """Turn an identity string, as in `?user=`, into a partial api_identity (grammar: vendor SDK 7.10)."""
        prefix, separator, rest = (part.strip() for part in text.partition(":"))
        if not separator:
            if re.fullmatch(r"[Ss](-\d+){3,}", prefix):
                return {"sid": prefix.upper()}
            if prefix.isdigit() and self._settings["bare_digits"] == "auth_id":
                return {"auth_id": prefix}
            return {"name": prefix}
        domains = {"local": "LOCAL", "ad": "ACTIVE_DIRECTORY", "world": "WORLD", "ldap_user": "POSIX_USER", "ldap_group": "POSIX_GROUP"}
        prefix = prefix.lower()
        if prefix in domains:
            return {"domain": domains[prefix], "name": rest}
        try:
            if prefix == "auth_id":
                return {"auth_id": str(int(rest, 0))}
            if prefix in ("uid", "gid"):
                return {prefix: int(rest)}
        except ValueError as error:
            raise decode_error(f"{prefix} must be a number") from error
        if prefix in ("sid", "name"):
            return {prefix: rest}
        return {"name": text}


def _checked(ident: Any) -> dict[str, Any]:
    """Return an api_identity's fields that are given; others are ignored (the vendor's Terraform provider sends some)."""
    if not isinstance(ident, dict):
        raise decode_error("an identity is an object")
    fields = {key: value for key, value in ident.items() if value is not None and key in ("domain", *_FIELDS)}
    for key, value in fields.items():
        number = key in ("uid", "gid")
        if isinstance(value, bool) or not isinstance(value, int if number else str):
            raise decode_error(f"{key} must be a {'number' if number else 'string'}")
        if isinstance(value, int) and not 0 <= value < 2**32:
            raise decode_error(f"{key} is out of range")
    if fields.get("domain", "LOCAL") not in DOMAINS:
        raise decode_error("no such domain")
    if not fields.get("auth_id", "0").isdigit():
        raise decode_error("auth_id must be decimal digits")
    if fields.get("domain") == "API_NULL_DOMAIN":
        del fields["domain"]
    return fields
