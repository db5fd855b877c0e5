# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation api_token: the caller has a live API token of this tag, or an account has none. Private to this collection.

Read, plan, apply. What decides is the planner of access_token, which is pure, over the tokens of one tag.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from .._common.errors import LatchkeyError, OptionError, RequestError
from .._common.model import Account, Credential, Minted
from .._common.steps import apply_steps
from .._common.times import format_instant, parse_duration
from .._connection import API_TOKEN_PLATFORMS
from .._platforms.base import Platform
from .access_token import WantedToken, plan
from .execute import Operation, Outcome, Task
from .own_token import guard_own_token


def run(platform: Platform, task: Task) -> Outcome:
    """Converge API tokens. Raises what the platform raises, and OptionError and RefusedError of its own."""
    options = task.options
    return _present(platform, task) if options["state"] == "present" else _absent(platform, task)


def _refuse_short(lifetime: timedelta | None, min_remaining: timedelta) -> None:
    if lifetime is not None and lifetime <= min_remaining:
        raise OptionError(
            "expires_in is not longer than min_remaining, so a new one would not do either.", "Every run would create another."
        )


def _present(platform: Platform, task: Task) -> Outcome:
    options, tag = task.options, task.options.get("tag")
    if not tag or options.get("token_ids"):
        raise OptionError("state=present needs tag, and no token_ids: tokens are told apart by their tag.", "Set tag.")
    lifetime = parse_duration(options["expires_in"], "expires_in") if options.get("expires_in") else None
    min_remaining = parse_duration(options["min_remaining"], "min_remaining") if options.get("min_remaining") else timedelta(0)
    _refuse_short(lifetime, min_remaining)
    platform.check_api_token(tag, lifetime)
    _refuse_short(platform.api_token_lifetime(lifetime), min_remaining)
    account = platform.caller().account
    if options.get("user") and not platform.is_account(options["user"], account):
        raise OptionError(
            f"user: API tokens can only be created for the calling user, and this task is {account}, not {options['user']}.",
            "Log in as that user, or leave user out.",
        )
    tokens = [one for one in platform.api_tokens(account) if one.tag == tag]
    wanted = WantedToken(expires_in=lifetime, additional=bool(options.get("additional")), min_remaining=min_remaining)
    now = task.now  # one instant for the plan and the result
    plan_ = plan(wanted, tokens, now)
    about, values, after = plan_.keep, dict[str, Any](), list(tokens)
    if plan_.mint:
        about = Credential("", account, now, plan_.mint_expires_at, kind="api_token", tag=tag)
        if not task.check_mode:
            minted = _mint(platform, account, tag, lifetime, {one.id for one in tokens})
            about = replace(minted.credential, account=account, created_at=minted.credential.created_at or now)
            values["token"] = minted.secret
        after.append(about)
    if about:
        values |= about.as_result(now)
        values["token_id"] = values["token_id"] or None  # in check mode a new token has no id yet
    return Outcome(plan_.mint, values, _side(tokens), _side(after))


def _mint(platform: Platform, account: Account, tag: str, lifetime: timedelta | None, known: set[str]) -> Minted:
    """Make it once. When the answer is lost, look whether it is there, and say so."""
    try:
        return platform.mint_api_token(tag, lifetime)
    except RequestError as failure:
        if not failure.may_have_acted:
            raise
        try:
            made = [one.id for one in platform.api_tokens(account) if one.tag == tag and one.id not in known]
        except LatchkeyError:
            failure.add("Whether a token was created is not known; look with api_token_info.")
        else:
            if made:
                failure.add(
                    f"A token was created all the same, {' and '.join(made)}, and its secret is lost: revoke it with state=absent and "
                    "token_ids.",
                    created=made,
                )
            else:
                failure.add(
                    f"A new token of {account} with the tag '{tag}' is not there yet; the request may still be served. "
                    "Look again with api_token_info before you run again."
                )
        raise


def _absent(platform: Platform, task: Task) -> Outcome:
    options, ids = task.options, task.options.get("token_ids")
    if not options.get("tag") and not ids:
        raise OptionError("state=absent needs tag or token_ids: which tokens shall go?", "Set one of them.")
    caller = platform.caller()
    account = platform.find_account(options["user"]) if options.get("user") else caller.account
    found = platform.api_tokens(account)
    tokens = [one for one in found if (not ids or one.id in ids) and options.get("tag") in (None, one.tag)]
    if not ids:
        guard_own_token(caller, tokens, "revoked", "token_ids")
    if tokens and not task.check_mode:
        apply_steps(platform.revoke_steps(tokens))
    values = {"account": account.name, "account_id": account.id, "revoked": [one.id for one in tokens]}
    return Outcome(bool(tokens), values, _side(tokens), _side([]))


def _side(tokens: list[Credential]) -> dict[str, Any]:
    return {
        "api_tokens": [
            {"token_id": one.id or "(new)", "tag": one.tag, "expires_at": format_instant(one.expires_at) if one.expires_at else None}
            for one in sorted(tokens, key=lambda one: one.id)
        ]
    }


API_TOKEN = Operation(
    name="api_token",
    argument_spec={
        "platform": {"type": "str", "choices": list(API_TOKEN_PLATFORMS), "default": API_TOKEN_PLATFORMS[0]},
        "user": {"type": "str"},
        "tag": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "expires_in": {"type": "str"},
        "additional": {"type": "bool", "default": False},
        "token_ids": {"type": "list", "elements": "str", "no_log": False},
        "min_remaining": {"type": "str"},
    },
    run=run,
    stored=frozenset(("tag",)),
)
