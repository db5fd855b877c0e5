# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_plan: what the role rotate has to do next."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _rotation as rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils._on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._run_identity import is_gone, this_run


class ActionModule(ControllerAction):
    """Runs rotation_plan."""

    name = "rotation_plan"
    argument_spec: ClassVar[dict[str, Any]] = {
        "state": {"type": "dict", "default": {}},
        "has_value": {"type": "bool", "default": False},
        "works": {"type": "bool", "default": False},
        "value_id": {"type": "str"},
        "value_account": {"type": "dict"},
        "account_id": {"type": "str"},
        "tokens": {"type": "list", "elements": "dict", "default": [], "no_log": False},
        "new": {"type": "dict"},
        "old_id": {"type": "str"},
        "warn": {"type": "str"},
        "limit": {"type": "int"},
        "force": {"type": "bool", "default": False},
        "when_remaining": {"type": "str", "default": "7d"},
        "max_age": {"type": "str"},
        "expires_in": {"type": "str"},
        "orphans": {"type": "str", "choices": ["fail", "revoke", "ignore"], "default": "fail"},
        "retire": {"type": "str", "choices": ["delete", "disable"], "default": "delete"},
        "retire_after": {"type": "str"},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        policy = rotation.Policy(
            force=options["force"],
            when_remaining=parse_duration(options["when_remaining"], "rotate_when_remaining"),
            max_age=_duration(options["max_age"], "rotate_max_age"),
            expires_in=_lifetime(options["expires_in"]),
            orphans=options["orphans"],
            retire=options["retire"],
            retire_after=_duration(options["retire_after"], "rotate_retire_after"),
        )
        now = utc_now()
        if options["warn"]:
            return {"changed": False, "warnings": [" ".join(options["warn"].split())]}
        if options["new"]:
            unretired, retired = (
                rotation.settled_state(options["new"], options["old_id"], policy, now, retired=done) for done in (False, True)
            )
            due = rotation.next_due(options["new"], policy)
            return {"changed": False, "state": unretired, "state_when_retired": retired, "next_due": due}
        rotation.check_state(options["state"])
        host = str(task_vars.get("inventory_hostname", ""))
        pending = options["state"].get("pending") or {}
        owner = options["value_account"] or {}
        found = rotation.Found(
            state={key: value for key, value in options["state"].items() if key != "old_value"},
            has_value=options["has_value"],
            works=options["works"],
            value_id=options["value_id"] or None,
            tokens=options["tokens"],
            limit=options["limit"],
            stranger=f"{owner['name']} (id {owner['id']})" if owner.get("id") not in (None, options["account_id"]) else "",
            run_is_gone=is_gone(str(pending.get("run", "")), host) if pending else True,
        )
        plan = asdict(rotation.plan(found, policy, now, this_run(host)))
        warnings = list(plan.pop("warnings"))
        return {
            "changed": False,
            "plan": plan,
            "leftovers": rotation.leftovers(found.state, found.tokens),
            "check_mode": check_mode,
            "warnings": warnings,
        }


def _lifetime(text: str | None) -> timedelta | None:
    expires_in = _duration(text, "rotate_expires_in")
    if expires_in is not None and expires_in < timedelta(minutes=1):
        raise OptionError("rotate_expires_in: a credential must live at least a minute.", "Leave it empty for one that never expires.")
    return expires_in


def _duration(text: str | None, option: str) -> timedelta | None:
    return parse_duration(text, option) if text else None
