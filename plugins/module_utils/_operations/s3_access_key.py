# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations s3_access_key and s3_access_key_info: an account has an S3 access key, or has not. Private to this collection.

Read, plan, apply. The planner is pure; it decides for check mode and for real alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._common.errors import OptionError, RefusedError
from .._common.model import Account, Credential
from .._common.steps import apply_steps
from .._common.times import format_instant
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task
from .info import list_entries


@dataclass(frozen=True)
class WantedS3Key:
    """What the task asks for.

    Attributes:
        present: whether a key shall exist.
        key_id: the one key meant; None means any of the account's.
        additional: one more than there are.
        delete_last: whether the last key of the account may be deleted.
    """

    present: bool = True
    key_id: str | None = None
    additional: bool = False
    delete_last: bool = False


@dataclass(frozen=True)
class S3KeyPlan:
    """What to do: create, or delete some; keep is the key that the result is about."""

    create: bool = False
    delete: tuple[Credential, ...] = ()
    keep: Credential | None = None


def plan(wanted: WantedS3Key, account: Account, keys: list[Credential], limit: int | None) -> S3KeyPlan:
    """Decide what turns the keys that exist into what is wanted.

    Args:
        wanted: what is asked for.
        account: whose keys they are.
        keys: all keys of the account. Each of them works: none can be disabled, and none expires.
        limit: how many the account may have.

    Raises:
        OptionError: what is wanted is not possible.
        RefusedError: the account would lose its last key, and the task does not say that it may.
    """
    if not wanted.present:
        return S3KeyPlan(delete=_to_delete(wanted, account, keys))
    if wanted.key_id:
        found = next((one for one in keys if one.id == wanted.key_id), None)
        if found is None:
            raise OptionError(
                f"access_key_id: {account} has no S3 access key {wanted.key_id}.", "Leave access_key_id out to have a key created."
            )
        return S3KeyPlan(keep=found)
    if keys and not wanted.additional:
        return S3KeyPlan(keep=max(keys, key=_age))
    if limit is not None and len(keys) >= limit:
        raise OptionError(
            f"{account} has {len(keys)} S3 access keys already, and the platform allows {limit}: {_listed(keys)}.",
            "Delete one that is not in use with state=absent and its access_key_id, or use one of them.",
        )
    return S3KeyPlan(create=True)


def _to_delete(wanted: WantedS3Key, account: Account, keys: list[Credential]) -> tuple[Credential, ...]:
    chosen = tuple(one for one in keys if wanted.key_id in (None, one.id))
    if chosen and len(chosen) == len(keys) and not wanted.delete_last:
        raise RefusedError(
            f"{account} would have no S3 access key left, and programs that use {_listed(keys)} would be refused; nothing was changed.",
            "Set delete_last=true if no program needs it any more.",
        )
    return chosen


def _age(key: Credential) -> tuple[float, str]:
    return (key.created_at.timestamp() if key.created_at else 0.0, key.id)


def _listed(keys: list[Credential]) -> str:
    return "; ".join(f"{one.id}, created {_created_at(one) or 'at an unknown time'}" for one in sorted(keys, key=_age))


def _created_at(key: Credential) -> str | None:
    return format_instant(key.created_at) if key.created_at else None


def as_result(key: Credential) -> dict[str, Any]:
    """Return a key with its result keys; the id is None for one that check mode would create."""
    return {
        "access_key_id": key.id or None,
        "account": key.account.name,
        "account_id": key.account.id,
        "created_at": _created_at(key),
    }


def _wanted(task: Task) -> WantedS3Key:
    options = task.options
    present = options["state"] == "present"
    if not present and not task.given("user", "access_key_id"):
        raise OptionError(
            "state=absent needs user or access_key_id: whose keys, or which one, shall go?",
            "Set user, even for the calling account, to delete all of its keys, or access_key_id to delete one.",
        )
    if present and options.get("delete_last"):
        raise OptionError("delete_last goes with state=absent.", "Leave it out.")
    if not present and options.get("additional"):
        raise OptionError("additional goes with state=present.", "Leave it out.")
    return WantedS3Key(present, options.get("access_key_id"), bool(options.get("additional")), bool(options.get("delete_last")))


def _read(platform: Platform, task: Task, wanted: WantedS3Key) -> tuple[Account | None, list[Credential]]:
    """Return whose keys are meant, and all keys of that account; no account where a key is gone, and with it whose it was."""
    user = task.options.get("user")
    if wanted.key_id and not user:
        keys = platform.s3_keys_with(wanted.key_id)
        if not keys and wanted.present:
            raise OptionError(f"access_key_id: there is no S3 access key {wanted.key_id}.", "Leave it out to have a key created.")
        return (keys[0].account if keys else None), keys
    account = platform.find_account(user) if user else platform.caller().account
    return account, platform.s3_keys(account)


def run(platform: Platform, task: Task) -> Outcome:
    """Converge the S3 access keys of one account. Raises what the platform raises, and OptionError and RefusedError of its own."""
    wanted = _wanted(task)
    account, keys = _read(platform, task, wanted)
    if account is None:
        return Outcome(False, {"deleted": []}, _side([]), _side([]))
    plan_ = plan(wanted, account, keys, platform.s3_key_limit)
    values: dict[str, Any] = {"account": account.name, "account_id": account.id}
    about, after = plan_.keep, [one for one in keys if one not in plan_.delete]
    if plan_.create:
        about = Credential("", account, task.now)
        if not task.check_mode:
            made = platform.create_s3_key(account)
            about = replace(made.credential, created_at=made.credential.created_at or task.now)
            values["secret_access_key"] = made.secret
        after.append(about)
    elif plan_.delete and not task.check_mode:
        apply_steps([(f"S3 access key {one.id} deleted", partial(platform.delete_s3_key, one)) for one in plan_.delete])
    values |= as_result(about) if about else {"deleted": sorted(one.id for one in plan_.delete)}
    return Outcome(plan_.create or bool(plan_.delete), values, _side(keys), _side(after))


def _side(keys: list[Credential]) -> dict[str, Any]:
    return {"s3_access_keys": [one.id or "(new)" for one in sorted(keys, key=_age)]}


def run_info(platform: Platform, task: Task) -> Outcome:
    """List the S3 access keys of one account, or of all that the caller may see."""
    account = platform.find_account(task.options["user"]) if task.options.get("user") else None

    def read() -> list[dict[str, Any]]:
        return [as_result(one) for one in sorted(platform.s3_keys(account), key=lambda one: (one.account.name, _age(one)))]

    outcome = list_entries(task, "s3_access_keys", read)
    if account:
        outcome.values |= {"account": account.name, "account_id": account.id}
    outcome.values["limit"] = platform.s3_key_limit
    return outcome


S3_ACCESS_KEY = Operation(
    name="s3_access_key",
    argument_spec={
        "user": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "access_key_id": {"type": "str", "no_log": False},
        "additional": {"type": "bool", "default": False},
        "delete_last": {"type": "bool", "default": False},
    },
    run=run,
    rules={"mutually_exclusive": [("additional", "access_key_id")]},
)
S3_ACCESS_KEY_INFO = Operation(
    name="s3_access_key_info",
    argument_spec={"user": {"type": "str"}, "query": {"type": "str"}},
    run=run_info,
)
