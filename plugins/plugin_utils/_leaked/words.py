# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found about a leaked credential, and what was done, as lines for people. Private to this collection. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.one_line import one_line
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import to_the_second
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.planning import KEPT, REFUSED, WORKS, Asked, HostFacts, LeakPlan

_WIDTH = 11
_SHOWN = 20  # roles or privileges


def finding(held: Mapping[str, HostFacts], asked: Mapping[str, Asked], plan: LeakPlan) -> list[str]:
    """Return what was found, and what is going to be done."""
    lines: list[str] = []
    for one in asked.values():
        if one.outcome == WORKS:
            lines += _credential(one)
    for host, store in held.items():
        if store.is_replaceable:
            kept = ", as the old credential of a rotation that was interrupted" if store.holds == KEPT else ""
            lines.append(_line("stored in", f"{store.where} as {store.var} (host {host}){kept}"))
            lines += [
                _line("", f"{one.url} refuses it: it is dead there already")
                for other, one in asked.items()
                if one.outcome == REFUSED and held[other].place == store.place
            ]
    works = [one for one in asked.values() if one.outcome == WORKS]
    lines += [
        _line("known to", f"{store.where}, whose rotation of {store.var} names it by its id (host {host})")
        for host, store in held.items()
        if not store.is_replaceable and any(one.token_id in store.known_ids for one in works if one.token_id)
    ]
    if not any(store.holds for store in held.values()):
        lines.append(_line("stored in", "no store of the inventory's hosts"))
    lines += [_line("left", f"{host}: {words}") for host, words in plan.left.items()]
    lines += [_line("not known", f"{host}: {reason}") for host, reason in plan.unasked.items()]
    return [*lines, _line("to be done", "; ".join(steps(held, asked, plan)))]


def steps(held: Mapping[str, HostFacts], asked: Mapping[str, Asked], plan: LeakPlan) -> list[str]:
    """Return what is going to be done, one text for each step."""
    found = [f"replace it in {held[host].where} and prove the new one" for host in plan.replace]
    replaced = {held[host].place for host in plan.replace}
    for host in plan.revoke:
        one = asked[host]
        if held[host].place in replaced:
            continue
        if one.client_id:
            found.append(f"give {_whose(one)} another client secret, which is not kept, so that this one is dead")
        else:
            found.append(f"revoke it at {one.url}")
    ends = sorted({held[host].url for host in plan.end})
    return [*found, f"end the account's sessions, where the platform can, and prove that it is dead at {' and '.join(ends)}"]


def conclusion(asked: Mapping[str, Asked], plan: LeakPlan, replaced: Mapping[str, Any], ended: Mapping[str, Any]) -> list[str]:
    """Return what was done.

    Args:
        asked: what was found.
        plan: what was planned.
        replaced: by host, the result of its rotation; empty where that failed.
        ended: by host, what was done at its endpoint; empty where that failed.
    """
    lines = [str(one["message"]) for host in plan.replace if (one := replaced.get(host) or {}).get("message")]
    for host in plan.end:
        one = ended.get(host) or {}
        if not one:
            continue
        sessions = f", {_count(len(one['sessions']), 'session')} ended" if one["sessions"] else ""
        revoked = "revoked, " if one["revoked"] else ""
        lines.append(f"{asked[host].url}: {revoked}proved to be dead{sessions}.")
        lines += one["notes"]
    lines += [f"{host} is not known, and may hold the secret, or take it: {why}" for host, why in plan.unasked.items()]
    return [one_line(line) for line in lines]


def unfinished(plan: LeakPlan, failures: Mapping[str, str], replaced: Mapping[str, Any], ended: Mapping[str, Any]) -> str:
    """Return what is left to do, as sentences; empty when the credential is dead wherever it was known.

    Args:
        plan: what was planned.
        failures: by host, why something of it failed.
        replaced, ended: as for conclusion.
    """
    left = []
    for host, reason in failures.items():
        left.append(f"{host}: {reason}")
        if host in plan.replace and not replaced.get(host):
            left.append(
                "The credential was not replaced, so it was not revoked either, and still works. Fix the cause and run again, or set "
                "leaked_replace: false to revoke it without a replacement."
            )
    left += [f"{host}: {words}" for host, words in plan.left.items()]
    return one_line(" ".join(left))


def _credential(one: Asked) -> list[str]:
    lines = [
        f"The secret works: it is the {one.noun} {one.token_id}".rstrip() + f" of {one.title} at {one.url}.",
        _line("account", _whose(one)),
    ]
    if one.client_id:
        lines.append(_line("created", "the platform does not tell when a client secret was created"))
    else:
        creator = f" by {one.creator}" if one.creator else ""
        tag = f", tag {one.tag}" if one.tag else ""
        lines.append(
            _line(
                "created", f"{_when(one.created_at)}{creator}{tag}; expires {_when(one.expires_at, 'never, or the platform does not tell')}"
            )
        )
    lines.append(
        _line("last used", "just now, by this look; the platform tells no earlier use" if one.used_here else _when(one.last_used_at))
    )
    rights = [(name, values) for name, values in (("roles", one.roles), ("privileges", one.privileges)) if values is not None]
    may = "; ".join(f"{name} {_listed(values)}" for name, values in rights)
    lines.append(_line("may do", may or "the platform does not tell its bearer"))
    return [*lines, *(_line("", note) for note in one.notes)]


def _whose(one: Asked) -> str:
    account = one.account
    name, id_ = str(account.get("name") or ""), str(account.get("id") or "")
    return f"{name} (id {id_})" if name not in ("", id_) else id_


def _listed(values: Sequence[str]) -> str:
    if not values:
        return "none"
    return ", ".join(values[:_SHOWN]) + (f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else "")


def _when(instant: str | None, otherwise: str = "the platform does not tell") -> str:
    return to_the_second(instant) if instant else otherwise


def _line(label: str, text: str) -> str:
    return f"  {label.ljust(_WIDTH)}{one_line(text)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
