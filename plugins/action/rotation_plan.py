# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_plan: what the role rotate has to do next."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _rotation as rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _rotation_in_place as in_place
from ansible_collections.latchkey.tokens.plugins.plugin_utils._on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_accounts import as_credentials, successor_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._run_identity import is_gone, this_run

_PAUSE = 10.0  # seconds between two looks whether a new secret has reached everywhere; fewer when there is less time


class ActionModule(ControllerAction):
    """Runs rotation_plan."""

    name = "rotation_plan"
    argument_spec: ClassVar[dict[str, Any]] = {
        "kind": {"type": "str", "choices": ["access_token", "api_token", "in_place", "replace"], "default": "access_token"},
        "account": {"type": "str", "default": ""},
        "state": {"type": "dict", "default": {}},
        "has_value": {"type": "bool", "default": False},
        "works": {"type": "bool", "default": False},
        "has_rescue": {"type": "bool", "default": False},
        "rescue_works": {"type": "bool", "default": False},
        "value_id": {"type": "str"},
        "value_account": {"type": "dict"},
        "account_id": {"type": "str"},
        "tag": {"type": "str"},
        "tokens": {"type": "list", "elements": "dict", "default": [], "no_log": False},
        "accounts": {"type": "list", "elements": "dict", "default": []},
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
        "sync_timeout": {"type": "str"},
        "shared": {"type": "bool", "default": False},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        now = utc_now()
        policy = _policy(options, now)
        if options["warn"]:
            return {"changed": False, "warnings": [" ".join(options["warn"].split())]}
        if options["sync_timeout"]:
            return {"changed": False, **_patience(parse_duration(options["sync_timeout"], "rotate_sync_timeout"))}
        if options["new"]:
            unretired, retired = (
                rotation.settled_state(options["new"], options["old_id"], policy, now, retired=done) for done in (False, True)
            )
            due = rotation.next_due(options["new"], policy)
            return {"changed": False, "state": unretired, "state_when_retired": retired, "next_due": due}
        rotation.check_state(options["state"])
        host = str(task_vars.get("inventory_hostname", ""))
        pending = options["state"].get("pending") or {}
        run_is_gone = is_gone(str(pending.get("run", "")), host) if pending else True
        state = {key: value for key, value in options["state"].items() if key != "old_value"}
        if options["kind"] == "in_place":
            secret = in_place.Found(
                state=state,
                account_id=options["account_id"] or "",
                run_is_gone=run_is_gone,
                **{key: options[key] for key in ("has_value", "works", "has_rescue", "rescue_works")},
            )
            return {"changed": False, "plan": asdict(in_place.plan(secret, policy, now, this_run(host))), "check_mode": check_mode}
        tokens = as_credentials(options["account"], options["accounts"]) if options["kind"] == "replace" else options["tokens"]
        if options["tag"]:  # the user has other API tokens, for other things
            ours = {options["value_id"], *((state.get(part) or {}).get("id") for part in ("current", "previous", "pending"))}
            tokens = [token for token in tokens if token.get("tag") == options["tag"] or token["token_id"] in ours]
        owners = [token["token_id"] for token in tokens] if options["kind"] == "replace" else [options["account_id"]]
        owner = options["value_account"] or {}
        found = rotation.Found(
            state=state,
            has_value=options["has_value"],
            works=options["works"],
            value_id=options["value_id"] or None,
            tokens=tokens,
            limit=options["limit"],
            stranger=f"{owner['name']} (id {owner['id']})" if owner.get("id") not in (None, *owners) else "",
            run_is_gone=run_is_gone,
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


def _policy(options: dict[str, Any], now: datetime) -> rotation.Policy:
    kind = options["kind"]
    if options["retire"] == "disable" and kind != "access_token":
        raise OptionError(
            "rotate_retire: only access tokens of Qumulo Core can be switched off.", "Use delete, with rotate_retire_after for a delay."
        )
    lives = kind in ("access_token", "api_token")
    return rotation.Policy(
        force=options["force"],
        when_remaining=parse_duration(options["when_remaining"], "rotate_when_remaining"),
        max_age=_duration(options["max_age"], "rotate_max_age"),
        expires_in=_lifetime(options["expires_in"]) if lives else None,
        orphans=options["orphans"],
        retire=options["retire"],
        retire_after=_duration(options["retire_after"], "rotate_retire_after"),
        exact_expiry=kind != "api_token",
        new_name=successor_name(options["account"], now) if kind == "replace" else "",
        shared=options["shared"],
    )


def _patience(timeout: timedelta) -> dict[str, int]:
    """Return how often to look, and the seconds between two looks, as the keywords retries and delay take them."""
    pause = max(1, round(min(_PAUSE, timeout.total_seconds() / 5)))
    return {"retries": max(1, math.ceil(timeout.total_seconds() / pause)), "delay": pause}


def _lifetime(text: str | None) -> timedelta | None:
    expires_in = _duration(text, "rotate_expires_in")
    if expires_in is not None and expires_in < timedelta(minutes=1):
        raise OptionError("rotate_expires_in: a credential must live at least a minute.", "Leave it empty for one that never expires.")
    return expires_in


def _duration(text: str | None, option: str) -> timedelta | None:
    return parse_duration(text, option) if text else None
