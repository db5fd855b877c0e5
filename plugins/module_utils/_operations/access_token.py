# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation access_token: a live access token of an account exists, or does not. Private to this collection.

Read, plan, apply. The planner is pure; it decides for check mode and for real alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .._common.errors import AuthenticationError, ForbiddenError, OptionError
from .._common.model import Account, Credential
from .._common.steps import apply_steps
from .._common.times import format_instant, parse_duration, parse_instant
from .._connection import checked_token
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task
from .own_token import guard_own_token
from .session_token import run_absent, run_present

_TOLERANCE = timedelta(seconds=1)  # a platform may cut an expiry to whole seconds


@dataclass(frozen=True)
class WantedToken:
    """What the task asks for.

    Attributes:
        present: whether a token shall exist.
        token_id: the one token meant; None means any of the account's.
        expires_at: when it shall expire; None leaves that open.
        expires_in: how long a token lives from when it is made or revived; None means for ever.
        enabled: whether it shall be on; None leaves that open.
        additional: one more than there are.
        min_remaining: a token with less left does not count as live.
    """

    present: bool = True
    token_id: str | None = None
    expires_at: datetime | None = None
    expires_in: timedelta | None = None
    enabled: bool | None = None
    additional: bool = False
    min_remaining: timedelta = timedelta(0)


@dataclass(frozen=True)
class Current:
    """The token in the option current: whether it works for this account, and its id where the platform tells."""

    works: bool
    token_id: str | None = None


@dataclass(frozen=True)
class TokenPlan:
    """What to do: at most one of mint, update, delete; keep is the token that the result is about."""

    mint: bool = False
    mint_expires_at: datetime | None = None
    update: Credential | None = None
    update_enabled: bool | None = None
    update_expires_at: datetime | None = None
    delete: tuple[Credential, ...] = ()
    keep: Credential | None = None

    def updated(self) -> Credential | None:
        """Return the token that is updated as it will then be."""
        return self.update and replace(
            self.update,
            enabled=self.update.enabled if self.update_enabled is None else self.update_enabled,
            expires_at=self.update_expires_at or self.update.expires_at,
        )


def plan(
    wanted: WantedToken, tokens: list[Credential], now: datetime, *, current: Current | None = None, limit: int | None = None
) -> TokenPlan:
    """Decide what turns the tokens that exist into what is wanted.

    Args:
        wanted: what is asked for.
        tokens: all tokens of the account, or the one that token_id names.
        now: the time.
        current: what is known of the token in the option current; None when that was not given.
        limit: how many tokens the account may have.

    Raises:
        OptionError: what is wanted is not possible, or several tokens could be meant.
    """
    if not wanted.present:
        return TokenPlan(delete=tuple(tokens))
    if wanted.token_id:
        return _converge(wanted, tokens[0], now)
    if wanted.additional:
        return _mint(wanted, tokens, now, limit)
    live = sorted((one for one in tokens if one.is_live(now, wanted.min_remaining)), key=_longest_first)
    if current:
        fitting = [one for one in live if current.works and current.token_id in (None, one.id)]
        return TokenPlan(keep=fitting[0]) if fitting else _mint(wanted, tokens, now, limit)
    if wanted.enabled is None and wanted.expires_at is None:
        return TokenPlan(keep=live[0]) if live else _mint(wanted, tokens, now, limit)
    plans = [_converge(wanted, one, now) for one in sorted(tokens, key=_longest_first)]
    plans = [one for one in plans if _is_enough(wanted, one, now)]
    right = next((one for one in plans if one.keep), None)
    if right:
        return right
    if len(plans) > 1:
        listed = "; ".join(one.describe(now) for one in tokens)
        raise OptionError(
            f"{tokens[0].account} has {len(tokens)} access tokens, and the task does not say which to change: {listed}.",
            "Name one with token_id.",
        )
    if plans:
        return plans[0]
    if wanted.enabled is False:
        raise OptionError("enabled=false needs a token that exists, and the account has none.", "Leave enabled out to create one.")
    return _mint(wanted, tokens, now, limit)


def _is_enough(wanted: WantedToken, one: TokenPlan, now: datetime) -> bool:
    """Tell whether the token that a plan keeps or changes is then a live one, or switched off where that is wanted."""
    token = one.keep or one.updated()
    return token is not None and (wanted.enabled is False or token.is_live(now, wanted.min_remaining))


def _converge(wanted: WantedToken, token: Credential, now: datetime) -> TokenPlan:
    """Turn one token into what is wanted. A duration moves the expiry only once less than min_remaining is left."""
    enabled = wanted.enabled if wanted.enabled is not None and wanted.enabled != token.enabled else None
    expires_at = None
    if wanted.expires_at:
        if token.expires_at is None or abs(token.expires_at - wanted.expires_at) >= _TOLERANCE:
            expires_at = wanted.expires_at
    elif wanted.expires_in and token.expires_at and token.expires_at - now <= wanted.min_remaining:
        expires_at = now + wanted.expires_in
    if enabled is None and expires_at is None:
        return TokenPlan(keep=token)
    return TokenPlan(update=token, update_enabled=enabled, update_expires_at=expires_at)


def _mint(wanted: WantedToken, tokens: list[Credential], now: datetime, limit: int | None) -> TokenPlan:
    if limit is not None and len(tokens) >= limit:
        listed = "; ".join(one.describe(now) for one in tokens)
        raise OptionError(
            f"{tokens[0].account} has {len(tokens)} access tokens already, and the platform allows {limit}: {listed}.",
            "Delete one that is not in use with state=absent and its token_id, or use one of them.",
        )
    return TokenPlan(mint=True, mint_expires_at=wanted.expires_at or (now + wanted.expires_in if wanted.expires_in else None))


def _longest_first(token: Credential) -> tuple[bool, float, str]:
    return (token.expires_at is not None, -(token.expires_at.timestamp() if token.expires_at else 0.0), token.id)


def _wanted(task: Task) -> WantedToken:
    options = task.options
    if options["state"] == "absent" and not task.given("user", "token_id"):
        raise OptionError(
            "state=absent needs user or token_id: whose tokens, or which one, shall go?",
            "Set user, even for the calling account, to revoke all of its tokens, or token_id to revoke one.",
        )
    expires_at = parse_instant(options["expires_at"], "expires_at") if options.get("expires_at") else None
    if expires_at and expires_at <= task.now:
        raise OptionError(
            f"expires_at: {format_instant(expires_at)} is in the past.", "To end a token now, use state=absent or enabled=false."
        )
    expires_in = parse_duration(options["expires_in"], "expires_in") if options.get("expires_in") else None
    if expires_in is not None and expires_in < timedelta(minutes=1):
        raise OptionError("expires_in: a token must live at least a minute.")
    min_remaining = parse_duration(options["min_remaining"], "min_remaining") if options.get("min_remaining") else timedelta(0)
    if expires_in is not None and expires_in <= min_remaining:
        raise OptionError(
            "expires_in is not longer than min_remaining, so a new one would not do either.", "Every run would create another."
        )
    if options["state"] == "present" and options.get("enabled") is not None and options.get("current"):
        raise OptionError("enabled does not go with current, which is left as it is.", "Name the token to enable or disable with token_id.")
    if options["state"] == "present" and options.get("enabled") is False and options.get("additional"):
        raise OptionError("enabled=false does not go with additional, which creates a token that works.", "Leave one of the two out.")
    if expires_at and options["state"] == "present" and expires_at - task.now <= min_remaining:
        raise OptionError(
            "expires_at is not later than min_remaining from now, so a new one would not do either.",
            "Set expires_at to a later time, or min_remaining to less.",
        )
    return WantedToken(
        present=options["state"] == "present",
        token_id=str(options["token_id"]) if options.get("token_id") else None,
        expires_at=expires_at,
        expires_in=expires_in,
        enabled=options.get("enabled"),
        additional=bool(options.get("additional")),
        min_remaining=min_remaining,
    )


def _read(platform: Platform, task: Task, wanted: WantedToken) -> tuple[Account | None, list[Credential]]:
    """Return whose tokens are meant, and the tokens."""
    user = task.options.get("user")
    account = platform.find_account(user) if user else None
    if not wanted.token_id:
        account = account or platform.caller().account
        return account, platform.tokens(account)
    token = platform.token(wanted.token_id)
    if token is None:
        if wanted.present:
            raise OptionError(f"token_id: there is no access token {wanted.token_id}.", "Leave token_id out to have a token created.")
        return account, []
    if account and token.account.id != account.id:
        raise OptionError(f"token_id: access token {token.id} is not of {account}, but of {token.account}.", "Correct user or token_id.")
    return token.account, [token]


def _current(platform: Platform, task: Task, account: Account | None) -> Current | None:
    if not task.options.get("current"):
        return None
    try:
        caller = platform.caller(checked_token(task.options["current"], "current"))
    except (AuthenticationError, ForbiddenError):  # it takes no right to ask who one is, so either means a dead token
        return Current(works=False)
    return Current(works=account is not None and caller.account.id == account.id, token_id=caller.token_id)


def run(platform: Platform, task: Task) -> Outcome:
    """Converge the access tokens of one account. Raises what the platform raises, and OptionError and RefusedError of its own."""
    platform.require_options(task.given("enabled", "token_id", "expires_in", "expires_at", "admin_token"))
    wanted = _wanted(task)
    if platform.tokens_are_sessions:
        return run_present(platform, task, wanted.additional, wanted.min_remaining) if wanted.present else run_absent(platform, task)
    account, tokens = _read(platform, task, wanted)
    now = task.now  # one instant for the plan and the result, by the platform's clock, which the answers so far told
    plan_ = plan(wanted, tokens, now, current=_current(platform, task, account), limit=platform.token_limit)
    touched = list(plan_.delete) + ([plan_.update] if plan_.update and plan_.update_enabled is False else [])
    if touched and not wanted.token_id:
        guard_own_token(platform.caller(), touched, "deleted" if plan_.delete else "disabled")
    return _apply(platform, task, plan_, account, tokens, now)


def _apply(platform: Platform, task: Task, plan_: TokenPlan, account: Account | None, tokens: list[Credential], now: datetime) -> Outcome:
    after = list(tokens)
    values: dict[str, Any] = {}
    about = plan_.keep
    if plan_.mint and account:
        about = Credential("", account, now, plan_.mint_expires_at)
        if not task.check_mode:
            minted = platform.mint_token(account, plan_.mint_expires_at)
            about = replace(minted.credential, created_at=minted.credential.created_at or now)
            values["token"] = minted.secret
        after.append(about)
    elif plan_.update:
        about = plan_.updated() or plan_.update
        if not task.check_mode:
            about = platform.update_token(plan_.update.id, enabled=plan_.update_enabled, expires_at=plan_.update_expires_at)
        after = [about if token.id == about.id else token for token in tokens]
    elif plan_.delete:
        after = []
        if not task.check_mode:
            apply_steps(platform.revoke_steps(plan_.delete))
    if about:
        values |= about.as_result(now)
        values["token_id"] = values["token_id"] or None  # in check mode a new token has no id yet
    elif account:
        values |= {"account": account.name, "account_id": account.id}
    changed = plan_.mint or plan_.update is not None or bool(plan_.delete)
    return Outcome(changed, values, _side(tokens), _side(after))


def _side(tokens: list[Credential]) -> dict[str, Any]:
    return {
        "access_tokens": [
            {
                "token_id": token.id or "(new)",
                "enabled": token.enabled,
                "expires_at": format_instant(token.expires_at) if token.expires_at else "never",
            }
            for token in sorted(tokens, key=lambda one: one.id)
        ]
    }


ACCESS_TOKEN = Operation(
    name="access_token",
    argument_spec={
        "user": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "token_id": {"type": "str", "no_log": False},
        "expires_in": {"type": "str"},
        "expires_at": {"type": "str"},
        "enabled": {"type": "bool"},
        "additional": {"type": "bool", "default": False},
        "current": {"type": "str", "no_log": True},
        "min_remaining": {"type": "str"},
        "admin_token": {"type": "str", "no_log": True},
    },
    run=run,
    rules={
        "mutually_exclusive": [("expires_in", "expires_at"), ("token_id", "current")],
    },
)
