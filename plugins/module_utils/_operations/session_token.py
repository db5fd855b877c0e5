# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_token where a token is a session of the calling account itself, as on Rubrik. Private to this collection.

Nobody can look up the secret of a session that exists, so a session counts only where the task brings its token, in ``current``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from .._common.errors import OptionError, RequestError
from .._common.model import Account, Credential
from .._common.steps import apply_steps
from .._common.times import format_instant
from .._connection import checked_token
from .._platforms.base import Platform
from .execute import Outcome, Task
from .own_token import guard_own_token, without_own_session


def is_enough(current: Credential | None, is_own: bool, now: datetime, min_remaining: timedelta) -> bool:
    """Tell whether the token in hand will do, so that no new one is made.

    Args:
        current: what the platform says of it; None when it is dead or there is none.
        is_own: whether it is of the calling account.
        now: the time by the platform's clock.
        min_remaining: how long it must live. A session whose end is not known will do.
    """
    return current is not None and is_own and current.is_live(now, min_remaining)


def run_present(platform: Platform, task: Task, additional: bool, min_remaining: timedelta) -> Outcome:
    """Keep the session whose token the task brings, or open one."""
    options = task.options
    if options.get("token_id"):
        raise OptionError("token_id goes with state=absent here: the secret of a session that exists cannot be looked up.")
    identity = platform.connection.auth.client_id or platform.connection.auth.username
    user = options.get("user")
    if user and user != identity and not platform.is_account(user, platform.caller().account):
        raise OptionError(
            f"user: {platform.title} opens sessions for the calling account only, and that is not {user}.",
            "Authenticate as that account, or leave user out.",
        )
    secret = checked_token(options["current"], "current") if options.get("current") else None
    current = platform.inspect_token(secret) if secret and not additional else None
    if current and secret and is_enough(current, _is_own(platform, identity, current.account, secret), task.now, min_remaining):
        return Outcome(False, _values(current, task), _side(current), _side(current))
    platform.check_log_in()  # mint_token refuses the same, but not in check mode
    opened = Credential("", Account(identity or "", identity or ""), kind="session")
    values: dict[str, Any] = {}
    if not task.check_mode:
        try:
            minted = platform.mint_token(None, None)
        except RequestError as failure:
            platform.explain_refused_mint(failure, [one for one in (secret, options.get("admin_token")) if one])
            raise
        opened, values["token"] = minted.credential, minted.secret
    values |= _values(replace(opened, created_at=opened.created_at or task.now), task)
    return Outcome(True, values, _side(current), {"session": "a new one"})


def _values(session: Credential, task: Task) -> dict[str, Any]:
    """Return the result keys of a session; one that is not opened yet, or whose id the platform does not tell, has no id."""
    values = session.as_result(task.now)
    return {**values, "token_id": values["token_id"] or None}


def _is_own(platform: Platform, identity: str | None, account: Account, secret: str) -> bool:
    """Tell whether a token is of the account that the task authenticates as; one brought to be checked only is."""
    if identity is None or platform.is_account(identity, account):
        return True
    return not account.name and platform.is_account(identity, platform.caller(secret).account)


def _side(current: Credential | None) -> dict[str, Any]:
    if current is None:
        return {"session": "none"}
    expiry = format_instant(current.expires_at) if current.expires_at else "at a time that the platform does not tell"
    return {"session": f"{current.id or 'the current one'}, expires {expiry}"}


def run_absent(platform: Platform, task: Task) -> Outcome:
    """End the session that is named, or all of an account's."""
    options = task.options
    account = platform.find_account(options["user"]) if options.get("user") else None
    if options.get("token_id"):
        sessions = platform.find_tokens([str(options["token_id"])], account)
    else:
        caller = platform.caller()
        sessions = without_own_session(caller, platform.tokens(account))
        guard_own_token(caller, sessions, "ended")
    ids = sorted(one.id for one in sessions)
    if sessions and not task.check_mode:
        ids = sorted(one for found in apply_steps(platform.revoke_steps(sessions)) for one in found)
    account = account or (sessions[0].account if sessions and sessions[0].account.id else None)
    values = {"account": account.name, "account_id": account.id} if account else {}
    return Outcome(bool(ids), values, {"sessions": ids}, {"sessions": []})
