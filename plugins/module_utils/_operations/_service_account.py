# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation service_account: an account exists with these roles and privileges, or does not. Private to this collection.

Read, plan, apply. The planner is pure; it decides for check mode and for real alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .._errors import RefusedError
from .._model import Account, AccountState
from .._platforms._base import Platform
from .._steps import Step, apply_steps
from ._execute import Operation, Outcome, Task

# Options that not every platform knows.
_PARTICULAR = ("description", "roles", "privileges", "primary_group", "home_directory", "rotate_secret", "expire_sessions")
_ATTRIBUTES = ("description", "primary_group", "home_directory")


@dataclass(frozen=True)
class Plan:
    """What to do to an account; after is what it will then be, None when it will be gone."""

    create: bool = False
    delete: bool = False
    attributes: dict[str, str | None] = field(default_factory=dict)
    add_roles: tuple[str, ...] = ()
    remove_roles: tuple[str, ...] = ()
    privileges: frozenset[str] | None = None
    after: AccountState | None = None

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to do."""
        parts = (self.create, self.delete, self.attributes, self.add_roles, self.remove_roles)
        return any(parts) or self.privileges is not None


def plan(present: bool, current: AccountState | None, wanted: AccountState) -> Plan:
    """Decide what turns the account that is into the account that is wished.

    Args:
        present: whether it shall exist.
        current: as it is; None when there is none.
        wanted: as it shall be; roles or privileges of None and attributes left out stay as they are.
    """
    if not present:
        return Plan(delete=current is not None)
    base = current or AccountState(wanted.account, roles=frozenset(), attributes={})
    held, had = base.roles or frozenset(), base.privileges or frozenset()
    roles = held if wanted.roles is None else wanted.roles
    privileges = had if wanted.privileges is None else wanted.privileges
    return Plan(
        create=current is None,
        attributes={} if current is None else {key: value for key, value in wanted.attributes.items() if base.attributes.get(key) != value},
        add_roles=tuple(sorted(roles - held)),
        remove_roles=tuple(sorted(held - roles)),
        privileges=privileges if privileges != had else None,
        after=replace(base, roles=roles, privileges=privileges, attributes={**base.attributes, **wanted.attributes}),
    )


def run(platform: Platform, task: Task) -> Outcome:
    """Converge one service account. Raises what the platform raises, and OptionError and RefusedError of its own."""
    options, name = task.options, task.options["name"]
    platform.require_options([one for one in task.given(*_PARTICULAR) if options[one] is not False])
    task.refuse_empty("name", "primary_group")
    found = platform.service_accounts(name)
    if len(found) > 1:
        raise RefusedError(f"{platform.title} has {len(found)} accounts named '{name}': {', '.join(one.account.id for one in found)}.")
    current = found[0] if found else None
    present = options["state"] == "present"
    wanted = AccountState(
        account=current.account if current else Account("", name),
        roles=None if options.get("roles") is None else frozenset(options["roles"]),
        privileges=None if options.get("privileges") is None else frozenset(options["privileges"]),
        attributes={key: options[key] or None for key in _ATTRIBUTES if options.get(key) is not None},
    )
    plan_ = plan(present, current, platform.checked_wish(wanted) if present else wanted)
    if plan_.delete and current and platform.caller().account.id == current.account.id:
        raise RefusedError(
            f"{current.account} is the account that this task authenticates with, so it is not deleted.", "Use another account."
        )
    account = current.account if current else wanted.account
    if plan_.changes and not task.check_mode:
        account = _apply(platform, plan_, current, wanted)
    after = plan_.after
    values: dict[str, Any] = replace(after, account=account).as_result() if after else {"account": name, "account_id": account.id or None}
    return Outcome(plan_.changes, values, current.as_diff() if current else {}, after.as_diff() if after else {})


def _apply(platform: Platform, plan_: Plan, current: AccountState | None, wanted: AccountState) -> Account:
    if plan_.delete and current:
        platform.delete_account(current)
        return current.account
    state = current
    if plan_.create and plan_.after:
        state = AccountState(platform.create_account(plan_.after))
    if state is None:  # pragma: no cover  (a plan with changes creates or has found the account)
        return wanted.account
    account = state.account
    steps: list[Step] = []
    if plan_.attributes:
        steps.append((f"{' and '.join(sorted(plan_.attributes))} set", partial(platform.update_account, state, plan_.attributes)))
    # More rights before fewer: an account in use never has less than both its old and its new ones.
    steps += [(f"role '{role}' given", partial(platform.add_role, account, role)) for role in plan_.add_roles]
    if plan_.privileges is not None:
        steps.append(("privileges set", partial(platform.set_privileges, state, plan_.privileges)))
    steps += [(f"role '{role}' taken away", partial(platform.remove_role, account, role)) for role in plan_.remove_roles]
    if plan_.create:
        steps.insert(0, (f"account {account} created", lambda: None))
    apply_steps(steps)
    return account


SERVICE_ACCOUNT = Operation(
    name="service_account",
    argument_spec={
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "description": {"type": "str"},
        "roles": {"type": "list", "elements": "str"},
        "privileges": {"type": "list", "elements": "str"},
        "primary_group": {"type": "str"},
        "home_directory": {"type": "str"},
        "rotate_secret": {"type": "bool", "default": False, "no_log": False},
        "expire_sessions": {"type": "bool", "default": False},
    },
    run=run,
)
