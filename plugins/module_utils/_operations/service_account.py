# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation service_account: an account exists with these roles and privileges, or does not. Private to this collection.

Read, plan, apply. The planner is pure; it decides for check mode and for real alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._common.errors import LatchkeyError, OptionError, RefusedError, RequestError
from .._common.model import Account, AccountState, ClientSecret
from .._common.private_file import check_writable, remove_files, write_private
from .._common.steps import Step, apply_steps
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task

# Options that not every platform knows.
_PARTICULAR = (
    "description",
    "roles",
    "privileges",
    "primary_group",
    "home_directory",
    "rotate_secret",
    "expire_sessions",
    "credentials_file",
    "purge_sdk_cache",
    "sdk_cache_dir",
)
_ATTRIBUTES = ("description", "primary_group", "home_directory")


@dataclass(frozen=True)
class AccountPlan:
    """What to do to an account; after is what it will then be, None when it will be gone."""

    create: bool = False
    delete: bool = False
    attributes: dict[str, str | None] = field(default_factory=dict)
    roles: bool = False
    privileges: frozenset[str] | None = None
    rotate: bool = False
    after: AccountState | None = None

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to do."""
        return any((self.create, self.delete, self.attributes, self.roles, self.rotate)) or self.privileges is not None

    @property
    def mints(self) -> bool:
        """Tell whether there will be a new secret, where accounts have secrets."""
        return self.create or self.rotate


def plan(present: bool, current: AccountState | None, wanted: AccountState, *, rotate: bool = False) -> AccountPlan:
    """Decide what turns the account that is into the account that is wanted.

    Args:
        present: whether it shall exist.
        current: as it is; None when there is none.
        wanted: as it shall be; roles or privileges of None and attributes left out stay as they are.
        rotate: whether an account that exists shall get a new secret; a new account has a new one anyway.
    """
    if not present:
        return AccountPlan(delete=current is not None)
    base = current or AccountState(wanted.account, roles=frozenset(), attributes={})
    held, had = base.roles or frozenset(), base.privileges or frozenset()
    roles = held if wanted.roles is None else wanted.roles
    privileges = had if wanted.privileges is None else wanted.privileges
    return AccountPlan(
        create=current is None,
        attributes={} if current is None else {key: value for key, value in wanted.attributes.items() if base.attributes.get(key) != value},
        roles=roles != held,
        privileges=privileges if privileges != had else None,
        rotate=rotate and current is not None,
        after=replace(
            base,
            roles=roles,
            privileges=privileges,
            attributes={**base.attributes, **wanted.attributes},
            role_names={**base.role_names, **wanted.role_names},
        ),
    )


def run(platform: Platform, task: Task) -> Outcome:
    """Converge one service account. Raises what the platform raises, and OptionError and RefusedError of its own."""
    options, name = task.options, task.options["name"]
    platform.require_options([one for one in task.given(*_PARTICULAR) if options[one] is not False])
    present, rotate = options["state"] == "present", bool(options.get("rotate_secret"))
    if options.get("expire_sessions") and not rotate:
        raise OptionError(
            "expire_sessions goes with rotate_secret: sessions end when the secret is rotated.", "Set rotate_secret=true too."
        )
    current = _find(platform, name, options.get("account_id"), present)
    wanted = AccountState(
        account=current.account if current else Account("", name),
        roles=None if options.get("roles") is None else frozenset(options["roles"]),
        privileges=None if options.get("privileges") is None else frozenset(options["privileges"]),
        attributes={key: options[key] or None for key in _ATTRIBUTES if options.get(key) is not None},
    )
    plan_ = plan(present, current, platform.checked_account(wanted, current) if present else wanted, rotate=rotate)
    if plan_.delete and current and _ids(current.account) & _ids(platform.caller().account):
        raise RefusedError(
            f"{current.account} is the account that this task authenticates with, so it is not deleted.", "Use another account."
        )
    if plan_.delete or plan_.rotate:
        platform.check_end_of_secret(deletes=plan_.delete)
    if plan_.delete and current:
        current = platform.with_s3_keys(current)
    path = options.get("credentials_file")
    if path and plan_.mints:
        check_writable(path, "credentials_file")
    account, secret = current.account if current else wanted.account, None
    if plan_.changes and not task.check_mode:
        account, secret = _apply(platform, plan_, current, bool(options.get("expire_sessions")))
    return _outcome(platform, task, plan_, current, account, secret)


def _ids(account: Account) -> set[str]:
    """Return all ids of an account. They are compared as they are: read as an identity, one may mean somebody's name."""
    return {account.id, *account.aliases}


def _find(platform: Platform, name: str, account_id: str | None, present: bool) -> AccountState | None:
    """Return the one account that is meant, None when there is none."""
    found = platform.service_accounts(name)
    if account_id:
        found = [one for one in found if account_id in _ids(one.account)]
        if not found and present:
            raise OptionError(f"{platform.title} has no account named '{name}' with the id {account_id}.", "Check name and account_id.")
    if len(found) > 1:
        ids = ", ".join(one.account.id for one in found)
        raise RefusedError(f"{platform.title} has {len(found)} accounts named '{name}': {ids}.", "Say which one is meant with account_id.")
    return found[0] if found else None


def _apply(
    platform: Platform, plan_: AccountPlan, current: AccountState | None, expire_sessions: bool
) -> tuple[Account, ClientSecret | None]:
    """Do what the plan says; return the account and its new secret."""
    if plan_.after is None:
        if current:
            platform.delete_account(current)
        return (current or AccountState(Account("", ""))).account, None
    secret: ClientSecret | None = None
    steps: list[Step] = []
    state = current
    if state is None:
        state, secret = _create(platform, plan_.after)
        steps.append((f"account {state.account} created", lambda: None))
    after = replace(plan_.after, account=state.account)
    if plan_.attributes:
        steps.append(
            (f"{' and '.join(sorted(plan_.attributes))} set", lambda: platform.update_account(state, plan_.attributes)),
        )
    # More rights before fewer: an account in use never has less than both its old and its new ones.
    give, take = platform.role_steps(state, after) if state.roles != after.roles else ([], [])
    privileges = plan_.privileges
    middle: list[Step] = [("privileges set", lambda: platform.set_privileges(state, privileges))] if privileges is not None else []
    steps += [*give, *middle, *take]
    try:
        apply_steps(steps)
    except LatchkeyError as failure:
        if secret:  # told only now; the action hides the result, which can be registered and used
            failure.details |= secret.as_result()
            failure.add("The account's secret is in this result.")
        raise
    # Last: a rotation cannot be undone, so all that can fail comes before it.
    return state.account, _rotate(platform, state, expire_sessions) if plan_.rotate else secret


def _create(platform: Platform, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
    """Make the account once. When the answer is lost, look whether it is there, and say so."""
    try:
        return platform.create_account(wanted)
    except RequestError as failure:
        if not failure.may_have_acted:
            raise
        name = wanted.account.name
        try:
            made = platform.service_accounts(name)
        except LatchkeyError:
            failure.add(f"Whether the account '{name}' was created is not known. Look before you run again.")
            raise failure from None
        if not made:
            failure.add(f"The account '{name}' is not there yet; the request may still be served. Look again before you run again.")
        else:
            ids = ", ".join(one.account.id for one in made)
            failure.add(f"An account named '{name}' is there now (id {ids}), and was not before.", created=[one.account.id for one in made])
            if platform.has_secrets and "client_secret" not in failure.details:
                failure.add("Its secret is lost: run again with rotate_secret=true to get one, or with state=absent to delete it.")
        raise


def _rotate(platform: Platform, state: AccountState, expire_sessions: bool) -> ClientSecret:
    """Rotate the secret once. When the answer is lost, nobody can tell what became of it."""
    try:
        return platform.rotate_secret(state, expire_sessions)
    except RequestError as failure:
        if failure.may_have_acted:
            failure.add(
                f"Whether {state.account} has a new secret is not known, and if it has, it is lost: the old one may be dead. "
                "Check the old one with access_check; if it is refused, rotate once more, as another account."
            )
        raise


def _outcome(
    platform: Platform, task: Task, plan_: AccountPlan, current: AccountState | None, account: Account, secret: ClientSecret | None
) -> Outcome:
    after, name = plan_.after, task.options["name"]
    values: dict[str, Any] = replace(after, account=account).as_result() if after else {"account": name, "account_id": account.id or None}
    if current and current.s3_keys:
        values["deleted_s3_access_keys"] = sorted(current.s3_keys)
    before_side, after_side = current.as_diff() if current else {}, after.as_diff() if after else {}
    if plan_.rotate:
        before_side, after_side = before_side | {"secret": "the old one"}, after_side | {"secret": "a new one"}
    if platform.has_secrets:
        values["client_id"] = account.id or None
    if secret:
        values |= {**secret.as_result(), "access_token_uri": secret.token_uri}
    outcome = Outcome(plan_.changes, values, before_side, after_side)
    try:
        _write_credentials_file(platform, task, plan_, account, secret, outcome)
        if task.options.get("purge_sdk_cache") and (plan_.rotate or plan_.delete):
            files = platform.sdk_cache_files(name, account, task.options.get("sdk_cache_dir"))
            values["purged"] = remove_files(files, task.check_mode)
    except LatchkeyError as failure:
        if secret:
            failure.details |= values
            failure.add("The account's new secret is in this result.")
        raise
    return outcome


def _write_credentials_file(
    platform: Platform, task: Task, plan_: AccountPlan, account: Account, secret: ClientSecret | None, outcome: Outcome
) -> None:
    path = task.options.get("credentials_file")
    if not path or plan_.after is None:
        return
    if secret:
        write_private(path, platform.client_file(secret), "credentials_file")
    elif not plan_.mints:
        outcome.warnings.append(
            f"credentials_file: '{path}' was left as it is, since the secret of {account} is told only when it is created. "
            "Set rotate_secret=true for a new one."
        )


SERVICE_ACCOUNT = Operation(
    name="service_account",
    argument_spec={
        "name": {"type": "str", "required": True},
        "account_id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "description": {"type": "str"},
        "roles": {"type": "list", "elements": "str"},
        "privileges": {"type": "list", "elements": "str"},
        "primary_group": {"type": "str"},
        "home_directory": {"type": "str"},
        "rotate_secret": {"type": "bool", "default": False, "no_log": False},
        "expire_sessions": {"type": "bool", "default": False},
        "credentials_file": {"type": "path"},
        "purge_sdk_cache": {"type": "bool", "default": False},
        "sdk_cache_dir": {"type": "path"},
    },
    run=run,
    may_be_empty=frozenset(("description", "home_directory")),  # which clears them
    stored=frozenset(("name", "description", "home_directory")),
)
