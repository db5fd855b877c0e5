# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation session_revoke: named sessions and tokens are gone. Private to this collection.

Read, plan, apply. The planner is pure; it decides for check mode and for real alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._common.errors import AuthenticationError, OptionError
from .._common.model import Caller, Credential
from .._common.query import Query
from .._common.steps import apply_steps
from .._common.times import parse_duration
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task
from .own_token import without_own_session


@dataclass(frozen=True)
class RevocationPlan:
    """Which ones to revoke, and which of the matching ones are spared because the task itself depends on them."""

    revoke: tuple[Credential, ...]
    spared: tuple[Credential, ...]


def plan(
    credentials: list[Credential],
    caller: Caller,
    now: datetime,
    *,
    older_than: timedelta | None = None,
    max_lifetime: timedelta | None = None,
    query: Query | None = None,
) -> RevocationPlan:
    """Decide which of an account's credentials go.

    Args:
        credentials: all that the account has.
        caller: who asks; the credential in use is spared, and where the platform does not tell which it is, all of the caller's.
        now: the time by the platform's clock, by which it dates them.
        older_than: only those made at least so long ago; one whose age is not known does not match.
        max_lifetime: only those that were made to live no longer than this; one without an end does not match.
        query: only those that this finds in their result form; it must return a list of them or of their ids.
    """
    matching = [one for one in credentials if older_than is None or (one.created_at is not None and now - one.created_at >= older_than)]
    if max_lifetime is not None:
        matching = [one for one in matching if one.lifetime is not None and one.lifetime <= max_lifetime]
    if query:
        found = query.search([one.as_result(now) for one in matching])
        if not isinstance(found, list):
            raise OptionError(
                f"query: '{query.expression}' returns no list.", "Let it return the entries to revoke, for example [?enabled==`false`]."
            )
        ids = [one.get("token_id") if isinstance(one, dict) else one for one in found]
        if not all(isinstance(one, str) for one in ids):
            raise OptionError(f"query: '{query.expression}' returns a list of something else than entries or their ids.")
        matching = [one for one in matching if one.id in ids]
    hidden = caller.with_token and not caller.token_id
    spared = [one for one in matching if one.id == caller.token_id or (hidden and one.account.id == caller.account.id)]
    return RevocationPlan(tuple(one for one in matching if one not in spared), tuple(spared))


def run(platform: Platform, task: Task) -> Outcome:
    """Revoke what the target names; what is gone already is fine. Raises what the platform raises, and OptionError of its own."""
    options = task.options
    target = options.get("target") or ("ids" if options.get("ids") is not None else "account" if options.get("account") else None)
    if target is None:
        raise OptionError("target is missing: which sessions shall go?", "Set target=self, or ids, or account.")
    if (target == "ids" and options.get("ids") is None) or (target == "account" and not options.get("account")):
        raise OptionError(f"{target} is missing: it goes with target={target}.")
    if target == "self" or (target == "account" and options.get("ids") is not None):
        for name in ("ids", "account"):
            if options.get(name) is not None and name != target:
                raise OptionError(f"{name} does not go with target={target}.", "Leave one out.")
    if target != "account" and task.given("older_than", "max_lifetime", "query"):
        raise OptionError("older_than, max_lifetime and query go with target=account only.")
    if target == "self":
        return _revoke_self(platform, task)
    older_than, max_lifetime = _ages(platform, options)
    query = Query(options["query"], "query") if options.get("query") else None
    account = platform.find_account(options["account"]) if options.get("account") else None
    if target == "ids":
        return _revoke(platform, task, platform.find_tokens([str(one) for one in dict.fromkeys(options["ids"])], account), [])
    caller = platform.caller()
    sessions = without_own_session(caller, platform.tokens(account))
    plan_ = plan(sessions, caller, task.now, older_than=older_than, max_lifetime=max_lifetime, query=query)
    if older_than is not None and any(one.created_at is None for one in sessions):
        platform.warn(
            f"{platform.title} at {platform.http.endpoint.url} does not tell how old some of them are. older_than passes those over; "
            "name them with ids, or choose them with query."
        )
    warnings = [f"{one.id} was spared: this task may be authenticating with it. Name it with ids to revoke it." for one in plan_.spared]
    return _revoke(platform, task, list(plan_.revoke), warnings)


def _ages(platform: Platform, options: Mapping[str, Any]) -> tuple[timedelta | None, timedelta | None]:
    """Return older_than and max_lifetime; None for each that has no effect.

    Raises:
        OptionError: one is no duration, or no session of this platform ever is as old as older_than.
    """
    older_than = parse_duration(options["older_than"], "older_than") if options.get("older_than") else None
    max_lifetime = parse_duration(options["max_lifetime"], "max_lifetime") if options.get("max_lifetime") else None
    longest = platform.session_life
    if older_than is not None and longest is not None and older_than >= longest:
        hours = longest // timedelta(hours=1)
        raise OptionError(
            f"older_than: a session of {platform.title} ends after {hours} hours, so {options['older_than']} would end nothing.",
            f"Set it to less than {hours}h.",
        )
    return older_than, None if platform.tokens_are_sessions else max_lifetime  # all sessions end, and none is stored


def _revoke_self(platform: Platform, task: Task) -> Outcome:
    """Revoke what the task authenticates with; a token that is refused is gone already."""
    try:
        own = platform.own_token()
        if own and task.check_mode:
            platform.caller()  # to see whether it works
        ended = own and (task.check_mode or platform.end_own_token(own))
    except AuthenticationError as failure:
        if not platform.connection.auth.token:
            raise
        return _revoked([], [f"The token is refused, so there is nothing to revoke. {failure}"])
    return _revoked([own.id] if own and ended else [], [])


def _revoke(platform: Platform, task: Task, credentials: list[Credential], warnings: list[str]) -> Outcome:
    ids = [one.id for one in credentials]
    if ids and not task.check_mode:
        ended = {one for found in apply_steps(platform.revoke_steps(credentials)) for one in found}
        ids = [one for one in ids if one in ended]
    return _revoked(ids, warnings)


def _revoked(ids: list[str], warnings: list[str]) -> Outcome:
    return Outcome(bool(ids), {"revoked": ids}, {"live": ids}, {"live": []}, warnings)


SESSION_REVOKE = Operation(
    name="session_revoke",
    argument_spec={
        "target": {"type": "str", "choices": ["self", "ids", "account"]},
        "ids": {"type": "list", "elements": "str"},
        "account": {"type": "str"},
        "older_than": {"type": "str"},
        "max_lifetime": {"type": "str"},
        "query": {"type": "str"},
    },
    run=run,
)
