# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What platforms have, joined with what stores know. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import CLIENT_SECRET
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import Look, Stored, instant_of, text


@dataclass(frozen=True)
class SeenEndpoint:
    """One endpoint, as all looks at it tell together.

    Attributes:
        looks: of every host that stands for it, in the order of the inventory.
        now: the time by its clock, or of the report where it was not asked.
    """

    looks: tuple[Look, ...]
    now: datetime

    @property
    def platform(self) -> str:
        """Its platform, as in the options."""
        return self.looks[0].platform

    @property
    def url(self) -> str:
        """Where it is."""
        return self.looks[0].endpoint

    @property
    def title(self) -> str:
        """Its platform, for people."""
        return next((one.title for one in self.looks if one.title), self.platform)

    @property
    def host(self) -> str:
        """The first inventory host that stands for it."""
        return self.looks[0].host

    @property
    def answered(self) -> tuple[Look, ...]:
        """The looks that saw something."""
        return tuple(one for one in self.looks if not one.failure)

    @property
    def version(self) -> str:
        """Of the platform; empty where it does not tell."""
        return next((one.version for one in self.answered if one.version), "")

    @property
    def local_advice(self) -> str:
        """Why its local credentials have to go; empty where they may stay."""
        return next((one.local_advice for one in self.answered if one.local_advice), "")

    @property
    def callers(self) -> frozenset[str]:
        """The credentials that the report itself came with."""
        return frozenset(one.caller_id for one in self.answered) - {""}

    def lists(self, kind: str) -> bool:
        """Tell whether all credentials of a kind were seen."""
        return any(one.lists(kind) for one in self.looks)

    def tells(self, kind: str, key: str) -> bool:
        """Tell whether the platform tells this of credentials of a kind."""
        return any(key not in one.not_told.get(kind, ()) for one in self.answered)

    def refusals(self) -> list[Mapping[str, Any]]:
        """Return what no look was permitted to list, once each."""
        found = {
            (str(one.get("kind")), str(one.get("right"))): one
            for look in self.answered
            for one in look.not_permitted
            if not self.lists(str(one.get("kind")))
        }
        return list(found.values())

    def accounts(self) -> list[Mapping[str, Any]]:
        """Return the accounts with the slots that they use, once each."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for one in (one for look in self.answered for one in look.accounts):
            key = (str(one.get("account_id")), str(one.get("kind")))
            if key not in found or (one.get("used") or 0) > (found[key].get("used") or 0):
                found[key] = one
        return list(found.values())


@dataclass(frozen=True)
class ListedCredential:
    """A credential that a platform has.

    Attributes:
        endpoint: where it is.
        credential: what credential_info returns of it.
        store: the store that knows it; None where none does.
        is_callers: whether the report itself came with it; wherever the inventory has it from, it is no orphan.
    """

    endpoint: SeenEndpoint
    credential: Mapping[str, Any]
    store: Stored | None = None
    is_callers: bool = False

    @property
    def is_value(self) -> bool:
        """Tell whether it is the value in the store, rather than an old or a new one beside it."""
        return self.store is not None and self.store.id in ("", self.credential["id"])


@dataclass(frozen=True)
class Joined:
    """All that is known.

    Attributes:
        endpoints: in the order of the inventory.
        stores: each once.
        held: the credentials that platforms have.
        unplaced: looks that name no endpoint, since the host's variables are wrong.
    """

    endpoints: Sequence[SeenEndpoint] = ()
    stores: Sequence[Stored] = ()
    held: Sequence[ListedCredential] = ()
    unplaced: Sequence[Look] = field(default=())

    def endpoint_of(self, store: Stored) -> SeenEndpoint | None:
        """Return where a stored credential works; None where that endpoint is not in the report."""
        return next((one for one in self.endpoints if _key(one.platform, one.url) == _key(store.platform, store.endpoint)), None)


def join(looks: Iterable[Look], stores: Iterable[Stored], now: datetime) -> Joined:
    """Join what was seen at endpoints with what stores know.

    Args:
        looks: each host's.
        stores: each host's; two that name the same variable of the same store are one.
        now: the time of the report, for an endpoint that does not tell its own.
    """
    by_place: dict[tuple[str, str], list[Look]] = {}
    unplaced = []
    for look in looks:
        if look.endpoint:
            by_place.setdefault(_key(look.platform, look.endpoint), []).append(look)
        else:
            unplaced.append(look)
    endpoints = [SeenEndpoint(tuple(found), _time_of(found) or now) for found in by_place.values()]
    known = list({(one.where, one.var, *_key(one.platform, one.endpoint)): one for one in stores}.values())
    index = _Index(known)
    held = [
        ListedCredential(one, credential, index.store_of(one, credential), credential["id"] in one.callers)
        for one in endpoints
        for credential in _credentials(one)
    ]
    return Joined(endpoints, known, held, unplaced)


def names_account(written: str, credential: Mapping[str, Any]) -> bool:
    """Tell whether the account that a user wrote for a stored credential is that of one on the platform.

    A user may write where the account lives in front of its name, ``local:svc`` or ``DOMAIN\\svc``; a platform tells the name alone.
    """
    if not written:
        return False
    bare = re.split(r"[:\\/]", written)[-1]
    return bool({written, bare} & {str(credential["account"]), str(credential["account_id"])})


class _Index:
    """Stores, found by the credentials that they know."""

    def __init__(self, stores: Sequence[Stored]) -> None:
        self._by_id: dict[tuple[str, str, str], Stored] = {}
        self._secrets: dict[str, Stored] = {}  # a client id is one account's, wherever it is listed
        self._nameless: dict[tuple[str, str], list[Stored]] = {}
        for one in stores:
            for id_ in one.ids:
                self._by_id.setdefault((*_key(one.platform, one.endpoint), id_), one)
                if one.kind == CLIENT_SECRET:
                    self._secrets.setdefault(id_, one)
            if one.kind == CLIENT_SECRET and (one.others or not one.id):
                self._nameless.setdefault(_key(one.platform, one.endpoint), []).append(one)

    def store_of(self, endpoint: SeenEndpoint, credential: Mapping[str, Any]) -> Stored | None:
        place, id_ = _key(endpoint.platform, endpoint.url), str(credential["id"])
        found = self._by_id.get((*place, id_))
        if found is None and credential["kind"] == CLIENT_SECRET:
            named = (one for one in self._nameless.get(place, ()) if any(names_account(name, credential) for name in _names(one)))
            found = self._secrets.get(id_) or next(named, None)  # an account has one secret, so its name says which
        return found


def _names(store: Stored) -> tuple[str, ...]:
    """Return the accounts whose secrets a store stands for, where no id tells."""
    return (*store.others, *(() if store.id else (store.account,)))


def _credentials(endpoint: SeenEndpoint) -> list[Mapping[str, Any]]:
    """Return the credentials that any look saw, once each."""
    found = {(str(one["kind"]), str(one["id"])): one for look in endpoint.answered for one in look.credentials}
    return list(found.values())


def _key(platform: str, endpoint: str) -> tuple[str, str]:
    return platform, endpoint.casefold()


def _time_of(looks: Sequence[Look]) -> datetime | None:
    return max((at for one in looks if (at := instant_of(one.as_of))), default=None)


def owner_of(credential: Mapping[str, Any]) -> str:
    """Return whose a credential is, for people."""
    return text(credential["account"] or credential["account_id"])
