# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator should know of the credentials that there are. Private to this collection. Pure functions.

Nothing is found that is not known: where a list was refused, or an endpoint did not answer, what it would have told is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import CLIENT_SECRET, S3_KEY, SESSION
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import describe_duration, format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.codes import ORDER
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.join import (
    Joined,
    ListedCredential,
    SeenEndpoint,
    names_account,
    owner_of,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._report.model import (
    CRITICAL,
    INFO,
    NOUNS,
    SEVERITIES,
    WARNING,
    Finding,
    Look,
    ReportPolicy,
    Stored,
    credential_name,
    instant_of,
    text,
)

_NEVER_EXPIRING = (CLIENT_SECRET, S3_KEY)  # no platform lets these expire
_TOMORROW = timedelta(days=1)
_OF_A_RUN = timedelta(days=1)  # a token that was given less to live is that of a play, and goes with it
_LEASE = timedelta(minutes=15)  # a rotation that began so recently may be under way


def find(joined: Joined, policy: ReportPolicy, now: datetime) -> list[Finding]:
    """Return all findings, the worst first.

    Args:
        joined: what is known.
        policy: what counts as a finding.
        now: the time of the report.
    """
    found = [one for look in _failed(joined) for one in _unreachable(look)]
    found += [one for endpoint in joined.endpoints for one in (*_not_permitted(endpoint), *_slots(endpoint))]
    there = {(id(one.endpoint), str(one.credential["kind"]), str(one.credential["id"])): one for one in joined.held}
    found += [one for store in joined.stores for one in _of_store(store, joined.endpoint_of(store), there, now)]
    has_stores = bool(joined.stores)
    unknown = _unknown(joined)
    for held in joined.held:
        rules = [*_RULES, _orphan] if has_stores and not unknown(held) else _RULES
        found += [one for rule in rules for one in rule(held, policy)]
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), ORDER[one.code]))


# Endpoints


def _failed(joined: Joined) -> list[Look]:
    return [*joined.unplaced, *(look for one in joined.endpoints for look in one.looks if look.failure)]


def _unreachable(look: Look) -> Iterator[Finding]:
    why = text(look.failure)
    what = f"The credentials of host {text(look.host)} are not known. {why if why.endswith(('.', '!', '?')) else f'{why}.'}"
    yield Finding("unreachable", CRITICAL, look.host, look.platform, look.endpoint, "", "", "", what, "Fix that, and run the report again.")


def _at(endpoint: SeenEndpoint, code: str, severity: str, what: str, advice: str, kind: str = "", account: str = "") -> Finding:
    return Finding(code, severity, endpoint.host, endpoint.platform, endpoint.url, kind, account, "", what, advice)


def _not_permitted(endpoint: SeenEndpoint) -> Iterator[Finding]:
    for one in endpoint.refusals():
        kind, right = str(one.get("kind")), text(one.get("right"))
        what = f"{endpoint.title} does not let the caller list {_plural(kind)}: {text(one.get('message')) or 'it was refused.'}"
        advice = f"Give the caller of the report {right}." if right else "Give the caller of the report the right to read them."
        yield _at(endpoint, "not_permitted", WARNING, what, advice, kind)


def _plural(kind: str) -> str:
    return {"role": "roles"}.get(kind) or f"{NOUNS.get(kind, kind)}s"


def _slots(endpoint: SeenEndpoint) -> Iterator[Finding]:
    for one in endpoint.accounts():
        used, slots, kind = one.get("used"), one.get("limit"), str(one.get("kind"))
        if not isinstance(used, int) or not isinstance(slots, int) or not _is_nearly_full(used, slots):
            continue
        account = owner_of(one)
        is_shut_out = kind == SESSION and used >= slots
        what = f"Account {account} uses {used} of its {slots} slots for {_plural(kind)}."
        if is_shut_out:
            advice = "Its next log-in is refused: end old sessions with latchkey.tokens.session_revoke, and log out at the end of scripts."
        else:
            advice = "A rotation needs a free one: revoke what is of no use any more."
        yield _at(endpoint, "slots_nearly_full", CRITICAL if is_shut_out else WARNING, what, advice, kind, account)


def _is_nearly_full(used: int, slots: int) -> bool:
    """Tell whether at most a fifth of the slots is free, and of a few, none."""
    return slots > 0 and 5 * (slots - used) <= slots


# Stores


def _of_store(
    store: Stored, endpoint: SeenEndpoint | None, there: Mapping[tuple[int, str, str], ListedCredential], now: datetime
) -> Iterator[Finding]:
    def finding(code: str, severity: str, id_: str, what: str, advice: str) -> Finding:
        known = there.get((id(endpoint), store.kind, id_))
        account = owner_of(known.credential) if known else text(store.account)
        return Finding(code, severity, store.host, store.platform, store.endpoint, store.kind, account, id_, what, advice)

    noun, place = NOUNS[store.kind], text(store.place)
    if store.problem:
        what = f"The {noun} in {place} is not known. {text(store.problem)}"
        yield finding("store_unreadable", CRITICAL, store.id, what, "Until then, no credential of that account is called an orphan.")
        return
    now = endpoint.now if endpoint else now
    held = there.get((id(endpoint), store.kind, store.id))
    gone = bool(endpoint and store.id and held is None and endpoint.lists(store.kind))
    if store.is_dead or gone or (held and not _may_work(held.credential)):
        how = _how_dead(held.credential if held else None, now, refused=store.is_dead)
        what = f"The {noun} {text(store.id)} in {place} {how}.".replace("  ", " ")
        yield finding("dead_in_store", CRITICAL, store.id, what, "Rotate it now with the role rotate, or store one that works.")
    old = there.get((id(endpoint), store.kind, store.previous_id))
    if store.is_overdue and store.previous_id and (old or not (endpoint and endpoint.lists(store.kind))):
        what = f"The old {noun} {text(store.previous_id)} of {place} should be retired by now and may still work."
        yield finding(
            "unretired", WARNING, store.previous_id, what, "Run the rotation again, which retires it, or says what is in the way."
        )
    began = instant_of(store.interrupted_at)
    if began and now - began > _LEASE:
        what = f"A rotation of {place} that began at {_day(began)} never ended."
        yield finding("unretired", WARNING, store.pending_id, what, "Run the rotation again, which finishes or undoes it.")


def _may_work(credential: Mapping[str, Any]) -> bool:
    return credential["enabled"] is not False and credential["live"] is not False


def _how_dead(credential: Mapping[str, Any] | None, now: datetime, *, refused: bool) -> str:
    if credential is None:
        return "is refused by the platform" if refused else "is not on the platform any more"
    if credential["enabled"] is False:
        return "is disabled"
    expired = instant_of(credential["expires_at"])
    return f"expired {_day(expired)}, {describe_duration(now - expired)} ago" if expired and expired <= now else "does not work any more"


def _unknown(joined: Joined) -> Callable[[ListedCredential], bool]:
    """Return what tells whether a credential may be one that a store holds and does not tell."""
    silent = [one for one in joined.stores if not one.id and not one.is_dead]

    def unknown(held: ListedCredential) -> bool:
        credential = held.credential
        return any(
            (one.platform, one.endpoint.casefold(), one.kind) == (held.endpoint.platform, held.endpoint.url.casefold(), credential["kind"])
            and (not one.account or names_account(one.account, credential))
            for one in silent
        )

    return unknown


# Credentials


def _on(held: ListedCredential, code: str, severity: str, is_so: str, advice: str) -> Iterator[Finding]:
    one, endpoint = held.credential, held.endpoint
    what = f"{credential_name(one)} {is_so}."
    yield Finding(
        code, severity, endpoint.host, endpoint.platform, endpoint.url, str(one["kind"]), owner_of(one), str(one["id"]), what, advice
    )


def _never_expires(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    one = held.credential
    if not _is_lasting(held) or not one["expires_known"] or one["expires_at"] is not None:
        return
    if one["kind"] not in _NEVER_EXPIRING:
        yield from _on(held, "never_expires", WARNING, "never expires", "Replace it by one with an expiry; the role rotate does that.")
    elif _created_at(held) is None:  # an age is judged by that
        advice = "Rotate it by age: the role rotate with rotate_max_age keeps count."
        yield from _on(held, "never_expires", INFO, "never expires, and its age is not known", advice)


def _expires_soon(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    expires_at, now = instant_of(held.credential["expires_at"]), held.endpoint.now
    if not _is_lasting(held) or expires_at is None or expires_at - now > policy.warn:
        return
    is_so = f"expires in {describe_duration(expires_at - now)}, at {_minute(expires_at)}"
    if held.store and held.is_value:
        severity = CRITICAL if expires_at - now <= _TOMORROW else WARNING
        advice = "It is in a store: rotate it now, and find out why its rotation was not due."
        yield from _on(held, "expires_soon", severity, f"{is_so}, and is in {text(held.store.place)}", advice)
    elif held.store is None:
        yield from _on(held, "expires_soon", WARNING, is_so, "Find out who uses it, and replace it before that.")


def _too_old(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    created_at, now = _created_at(held), held.endpoint.now
    if _is_lasting(held) and created_at and now - created_at > policy.max_age:
        is_so = f"was created {_day(created_at)}, {_days(now - created_at)} ago"
        yield from _on(held, "too_old", WARNING, is_so, f"Rotate it: report_max_age is {_days(policy.max_age)}.")


def _unused(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    one, now = held.credential, held.endpoint.now
    if not _is_lasting(held) or not held.endpoint.tells(str(one["kind"]), "last_used_at"):
        return
    used_at, created_at = instant_of(one["last_used_at"]), instant_of(one["created_at"])
    since = used_at or created_at
    if since and now - since > policy.unused:
        is_so = (
            f"was last used {_day(since)}, {_days(now - since)} ago" if used_at else f"was never used since it was created {_day(since)}"
        )
        yield from _on(held, "unused", WARNING, is_so, "Find out whether it is still needed, and revoke it if not.")


def _orphan(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    if _is_lasting(held) and held.store is None and not held.is_callers and held.credential["local"] is not False:
        advice = "Find out who uses it: put it into a store, or revoke it."
        yield from _on(held, "orphan", WARNING, "is known to no store that the report was given", advice)


def _disabled(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    if held.credential["enabled"] is False and held.store is None:  # what is in a store is dead there, or kept for a while
        yield from _on(held, "disabled", INFO, "is disabled and still there", "Delete it; it takes a slot, and can be enabled again.")


def _administrator(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    if held.credential["administrator"] is True and _is_lasting(held):
        advice = "Give automation an account of its own with the rights that it needs, and no more."
        yield from _on(held, "administrator", WARNING, "has an administrator's rights", advice)


def _blocks_upgrade(held: ListedCredential, policy: ReportPolicy) -> Iterator[Finding]:
    advice = held.endpoint.local_advice
    if advice and held.credential["local"] is True and held.credential["kind"] != SESSION:
        yield from _on(held, "blocks_upgrade", WARNING, "is local to the cluster", advice)


_RULES = (_never_expires, _expires_soon, _too_old, _unused, _disabled, _administrator, _blocks_upgrade)


def _is_lasting(held: ListedCredential) -> bool:
    """Tell whether a credential works, and is not one that goes by itself with the run that has it."""
    one = held.credential
    if one["kind"] == SESSION or not _may_work(one):
        return False
    return held.store is not None or one["lifetime"] is None or timedelta(seconds=one["lifetime"]) >= _OF_A_RUN


def _created_at(held: ListedCredential) -> datetime | None:
    """Return when a credential was created; where a rotation noted it, of a secret that is later than the account's own time."""
    noted = instant_of(held.store.created_at) if held.store and held.is_value else None
    told = instant_of(held.credential["created_at"])
    return (noted or told) if held.credential["kind"] == CLIENT_SECRET else (told or noted)


def _day(instant: datetime) -> str:
    return format_instant(instant)[:10]


def _minute(instant: datetime) -> str:
    return f"{format_instant(instant)[:16]}Z"


def _days(duration: timedelta) -> str:
    """Return a duration in days, so that findings of one day read the same; shorter ones as they are."""
    return f"{duration.days} d" if duration.days else describe_duration(duration)
