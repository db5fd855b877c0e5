# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a report has its facts from: an endpoint that is asked, stores that are read. Private to this collection.

Nothing here raises what a user can meet: what cannot be asked or read is a fact, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    ForbiddenError,
    LatchkeyError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import remember
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Auth, Connection, checked_token, resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.credential_info import CREDENTIAL_INFO
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Task
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.base import Platform
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.refused import token_to_try_with
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import Look, Stored
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.stored import BEARERS, StoreEntry, unread, with_held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Held
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_managers import secret_store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store import held_in
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import Reading, read_file


@dataclass(frozen=True)
class ReportPlace:
    """Where an endpoint is, and how to be let in; see resolve_connection.

    Attributes:
        host: the inventory host that stands for it.
        options: the shared options of modules.
        environment: environment variables.
        warn: shows a warning.
        path: makes a path on the controller of what was written.
    """

    host: str
    options: Mapping[str, Any]
    environment: Mapping[str, str]
    warn: Callable[[str], None]
    path: Callable[[str], str]

    @property
    def platform(self) -> str:
        """Its platform, as the user wrote it."""
        return str(self.options.get("platform") or "")

    def connection(self, **auth: Any) -> Connection:
        """Return how to connect, as the caller of the report or with other options. Raises LatchkeyError."""
        return resolve_connection({**self.options, **auth}, self.environment)

    def url(self) -> str:
        """Return where it is; as the user wrote it, where that cannot be read."""
        unset = dict.fromkeys(("username", "password", "totp_code", "totp_secret", "client_id", "client_secret", "service_account_file"))
        for auth in ({}, {**unset, "token": "none"}):  # where the caller cannot be read, the endpoint can all the same
            try:
                return self.connection(**auth).endpoint.url
            except LatchkeyError:
                continue
        return str(self.options.get("endpoint") or "")


def look_at(place: ReportPlace) -> Look:
    """Return all that an endpoint tells the caller of credentials, or why it tells nothing."""
    look = Look(place.host, place.platform, endpoint=place.url())
    try:
        connection = place.connection()
        try:
            return _asked(look, connection, place.warn)
        except AuthenticationError as failure:
            token = token_to_try_with({"token": connection.auth.token}, {"status": failure.status}, place.warn)
            if token is None:
                raise
        return _asked(look, replace(connection, auth=Auth(token=token)), place.warn)
    except LatchkeyError as failure:
        return replace(look, failure=str(failure))


def _asked(look: Look, connection: Connection, warn: Callable[[str], None]) -> Look:
    """Ask a platform. Raises LatchkeyError where it does not answer; that it permits no list at all is an answer."""
    platform = open_platform(connection)
    look = replace(look, title=platform.title, local_advice=platform.local_advice)
    defaults = {name: one.get("default") for name, one in CREDENTIAL_INFO.argument_spec.items()}
    try:
        with platform:
            told = CREDENTIAL_INFO.run(platform, Task(defaults, False, platform.now)).values
            caller_id = _caller_id(platform)
    except ForbiddenError as failure:
        if not failure.details.get("not_permitted"):
            raise
        return replace(look, not_permitted=failure.details["not_permitted"], is_part=True)
    for warning in platform.warnings:
        warn(warning)
    return replace(
        look,
        version=str(told["product"]["version"] or ""),
        as_of=told["as_of"],
        is_part=platform.incomplete,
        caller_id=caller_id,
        **{key: told[key] for key in ("credentials", "accounts", "not_told", "not_permitted", "not_listed")},
    )


def _caller_id(platform: Platform) -> str:
    """Return the id of the credential that the user brought for the report; empty where it is not told, or the user logged in."""
    auth = platform.connection.auth
    if not auth.token:
        return auth.client_id or ""
    try:
        return platform.caller().token_id or ""
    except LatchkeyError:  # the lists came, and that is what was asked for
        return ""


def read_stores(place: ReportPlace, entries: Sequence[StoreEntry], vault: Vault, now: datetime) -> list[Stored]:
    """Return what stores know of the credentials that they hold. The platform is asked whose a value is that has no state.

    Args:
        place: where the credentials work.
        entries: which there are.
        vault: the secrets of the run.
        now: the time.
    """
    by_file: dict[str, list[StoreEntry]] = {}
    for one in entries:
        by_file.setdefault(one.where, []).append(one)
    url = place.url() if entries else ""
    # Each file is read once, however many values it holds.
    return [stored for where, found in by_file.items() for stored in _file(place, url, where, found, vault, now)]


def _file(place: ReportPlace, url: str, where: str, entries: Sequence[StoreEntry], vault: Vault, now: datetime) -> Iterator[Stored]:
    if not where:
        yield from (_managed(place, one, one.stored(place.host, place.platform, url), now) for one in entries)
        return
    try:
        whole = read_file(where, [name for one in entries for name in _names(one).by_part().values()], vault)
    except LatchkeyError:
        whole = None  # one value may be another vault's, so each is read by itself
    for one in entries:
        stored = one.stored(place.host, place.platform, url)
        try:
            yield _one(place, stored, _names(one), whole or read_file(where, list(_names(one).by_part().values()), vault), now)
        except LatchkeyError as failure:
            yield unread(stored, failure)


def _managed(place: ReportPlace, entry: StoreEntry, stored: Stored, now: datetime) -> Stored:
    """Return what a secret manager holds of a credential."""
    try:
        secret = secret_store(entry.manager, entry.var, entry.id_var, place.environment, place.path)
        if secret is None:
            return replace(stored, problem="Neither rotate_vars_file nor rotate_store says where the credential is. Set one of them.")
        try:
            held = secret.read()
        finally:
            secret.close()
        return _known(place, replace(stored, where=secret.where), held, now)
    except LatchkeyError as failure:
        return unread(stored, failure)


def _names(entry: StoreEntry) -> Names:
    return Names(entry.var, entry.id_var)


def _one(place: ReportPlace, stored: Stored, names: Names, found: Reading, now: datetime) -> Stored:
    return _known(place, stored, held_in(stored.where, found, names), now)


def _known(place: ReportPlace, stored: Stored, held: Held, now: datetime) -> Stored:
    remember(*held.secrets, *(one for one in (held.value, held.old_value) if one))
    known = with_held(stored, held, now)
    if known.problem or known.id or known.kind not in BEARERS:
        return known
    return _identified(place, known, held.value)


def _identified(place: ReportPlace, stored: Stored, value: str) -> Stored:
    """Ask the platform, with a value that no rotation has noted, which token it is and whose. Raises OptionError where it can be none."""
    auth = Auth(token=checked_token(value, stored.var))
    try:
        platform = open_platform(replace(place.connection(), auth=auth))
        with platform:
            caller = platform.caller()
    except (AuthenticationError, ForbiddenError):
        return replace(stored, is_dead=True)
    except LatchkeyError:  # that it does not answer is found when it is asked for its credentials
        return stored
    return replace(stored, id=caller.token_id or "", account=stored.account or caller.account.name)
