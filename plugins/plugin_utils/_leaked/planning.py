# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a credential that leaked: which hosts ask, what was found, what follows from it. Private. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, RefusedError

CURRENT, KEPT, ELSEWHERE, OTHER = "current", "kept", "elsewhere", "other"  # what a store holds the secret as
WORKS, REFUSED, UNKNOWN = "works", "refused", "unknown"  # what an endpoint says of it


@dataclass(frozen=True)
class HostFacts:
    """What a host of the inventory stands for, and whether its store holds the secret.

    Attributes:
        platform, url: the endpoint.
        where: the store, for people; empty where the host names none.
        var: the variable that its credential is in.
        holds: current, kept (the old credential of a rotation that was interrupted), elsewhere (in another variable), other (as a
            credential of a kind that is not ended here), or empty.
        client_id: the id of the account that the stored secret is of; empty where the store does not tell.
        account: as the inventory names it.
        is_secret: whether the credential is a client secret, and not a token.
        is_ended_here: whether credentials of its kind are.
        known_ids: ids of credentials that the state of the rotation names.
        problem: why the store could not be read; empty when it could.
    """

    platform: str = ""
    url: str = ""
    where: str = ""
    var: str = ""
    holds: str = ""
    client_id: str = ""
    account: str = ""
    is_secret: bool = False
    is_ended_here: bool = True
    known_ids: Sequence[str] = ()
    problem: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The endpoint, the same for the same endpoint."""
        return self.platform, self.url

    @property
    def is_replaceable(self) -> bool:
        """Whether a rotation of this host replaces the secret."""
        return self.holds in (CURRENT, KEPT)


@dataclass(frozen=True)
class Asked:
    """What an endpoint says of the secret.

    Attributes:
        outcome: works, refused or unknown.
        problem: why it is unknown.
        title, url: the platform and where it is, for people.
        noun: what the secret is, for people.
        account: whose it is: id, name, domain and aliases.
        client_id: what it was logged in with, where it is a client secret; else empty.
        token_id: the token's id; empty where the platform does not tell.
        roles, privileges: what the account may do; None where the platform does not tell.
        created_at, expires_at, last_used_at, creator, tag: of the token; None where the platform does not tell.
        used_here: whether that last use is the one by which this was found out.
        carries: whether other platforms take what this one issues, and learn from this one that it is dead.
        notes: what the user should know.
    """

    outcome: str
    problem: str = ""
    title: str = ""
    url: str = ""
    noun: str = "token"
    account: Mapping[str, Any] = field(default_factory=dict)
    client_id: str = ""
    token_id: str = ""
    roles: Sequence[str] | None = None
    privileges: Sequence[str] | None = None
    created_at: str | None = None
    expires_at: str | None = None
    last_used_at: str | None = None
    creator: str | None = None
    tag: str | None = None
    used_here: bool = False
    carries: bool = False
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class LeakPlan:
    """What to do, by hosts of the inventory.

    Attributes:
        replace: those whose stored credential is rotated.
        revoke: those at whose endpoint the secret is revoked, if it still works by then.
        end: those at whose endpoint sessions are ended, and the secret is proved to be dead.
        left: by host, what is left for the user to do.
        unasked: by host, why its endpoint or its store is not known.
    """

    replace: Sequence[str] = ()
    revoke: Sequence[str] = ()
    end: Sequence[str] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    unasked: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: list(value) if isinstance(value, tuple) else dict(value) for name, value in asdict(self).items()}


def who_asks(held: Mapping[str, HostFacts]) -> list[str]:
    """Return the hosts that ask their endpoints: one for each endpoint, the one that holds the secret where there is one."""
    first: dict[tuple[str, str], str] = {}
    for host, one in held.items():
        if not one.url:
            continue
        known = first.setdefault(one.place, host)
        if one.is_replaceable and not held[known].is_replaceable:
            first[one.place] = host
    return list(first.values())


def client_id_of(given: str, held: Mapping[str, HostFacts]) -> str:
    """Return the id of the account that the secret is of: what the user says, or a store; empty where neither tells.

    Raises:
        OptionError: they tell different ids.
    """
    stored = next((one.client_id for one in held.values() if one.is_replaceable and one.client_id), "")
    if given and stored and given != stored:
        raise OptionError(
            f"leaked_client_id is {given}, but the store that holds the secret holds the client id {stored}. Nothing was revoked.",
            "Leave leaked_client_id out.",
        )
    return given or stored


def judge(held: Mapping[str, HostFacts], asked: Mapping[str, Asked], failures: Mapping[str, str], *, replaces: bool = True) -> LeakPlan:
    """Decide what follows from what was found.

    Args:
        held: what the hosts stand for, without those that failed.
        asked: what their endpoints say, by the host that asked.
        failures: by host, why it is not known what it stands for.
        replaces: whether a stored credential is to be replaced, and not just revoked.

    Raises:
        RefusedError: it is no credential of any endpoint.
    """
    held = _without_known(held)
    unasked = {**failures, **{host: one.problem for host, one in held.items() if one.problem}}
    unasked |= {host: one.problem for host, one in asked.items() if one.outcome == UNKNOWN}
    works = [host for host, one in asked.items() if one.outcome == WORKS]
    holders = [host for host, one in held.items() if one.is_replaceable]
    if not works and not holders:
        raise _found_nowhere(held, asked, unasked)
    replaced = _first_of_each_endpoint(held, [host for host in holders if _can_rotate(host, held, asked)]) if replaces else []
    sources = [host for host in works if asked[host].carries] or works
    if not replaced and not sources:
        raise _not_to_end([held[host] for host in holders], [f"{host}: {reason}" for host, reason in unasked.items()])
    left = {host: _also_holds(held[host]) for host in holders if host not in replaced}
    left |= {host: _also_holds(one) for host, one in held.items() if one.holds in (ELSEWHERE, OTHER)}
    end = [host for host in asked if host in works or host in replaced]
    return LeakPlan(tuple(replaced), tuple(sources), tuple(end), left, unasked)


def _without_known(held: Mapping[str, HostFacts]) -> dict[str, HostFacts]:
    """Return the hosts; what one of them finds in a variable that another one describes, it does not hold."""
    described = {one.where for one in held.values() if one.holds in (CURRENT, KEPT, OTHER)}
    return {host: replace(one, holds="") if one.holds == ELSEWHERE and one.where in described else one for host, one in held.items()}


def _can_rotate(host: str, held: Mapping[str, HostFacts], asked: Mapping[str, Asked]) -> bool:
    """Tell whether a rotation could go well: the endpoint answered, and what it takes was not brought there by another platform."""
    here = next((one for other, one in asked.items() if held[other].place == held[host].place), None)
    if here is None or here.outcome == UNKNOWN:
        return False
    brought = here.client_id and not here.carries and any(one.carries for one in asked.values() if one.outcome == WORKS)
    return not brought


def _first_of_each_endpoint(held: Mapping[str, HostFacts], hosts: Sequence[str]) -> list[str]:
    """Return one host for each endpoint: what two stores hold is one credential, which is replaced once."""
    first: dict[tuple[str, str], str] = {}
    for host in hosts:
        first.setdefault(held[host].place, host)
    return list(first.values())


def _also_holds(held: HostFacts) -> str:
    if held.holds == ELSEWHERE:
        return f"{held.where} holds it in a variable that no host of the inventory describes; replace it there by hand."
    if held.holds == OTHER:
        return (
            f"{held.where} holds it in {held.var}, as a credential of a kind that is only ended by its rotation: run "
            "latchkey.tokens.rotate for this host with rotate_force=true and rotate_retire=delete."
        )
    return f"{held.where} holds it in {held.var}, where it is not replaced; run latchkey.tokens.rotate for this host afterwards."


def _not_to_end(holders: Sequence[HostFacts], unasked: Sequence[str]) -> RefusedError:
    stored = " and ".join(f"{one.where} holds the secret in {one.var}" for one in holders)
    if unasked:
        return RefusedError(
            f"{stored}, but its endpoint could not be asked, so nothing was revoked. {' '.join(unasked)}",
            "The credential may still work: run again once the endpoint answers.",
        )
    return RefusedError(
        f"{stored}, but its endpoint refuses it, so it is dead already and nothing was revoked.",
        "Run latchkey.tokens.rotate, which stores a new one.",
    )


def _found_nowhere(held: Mapping[str, HostFacts], asked: Mapping[str, Asked], unasked: Mapping[str, str]) -> RefusedError:
    refused = sorted({one.url for one in asked.values() if one.outcome == REFUSED})
    said = f"The secret is no credential of {', '.join(refused)}" if refused else "No endpoint could be asked about the secret"
    unstored = "" if any(one.holds for one in held.values()) else ", and no store of the inventory's hosts holds it"
    elsewhere = [f"{host}: {_also_holds(one)}" for host, one in held.items() if one.holds in (ELSEWHERE, OTHER)]
    unknown = [f"{host} is not known: {reason}" for host, reason in unasked.items()]
    return RefusedError(
        " ".join([f"{said}{unstored}, so nothing was revoked.", *elsewhere, *unknown]),
        "It may be dead already, or of another endpoint. A client secret of an account that no store holds is only recognised with "
        "leaked_client_id.",
    )
