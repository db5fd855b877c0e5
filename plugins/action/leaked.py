# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action leaked: one phase of what to do about a credential that leaked."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.inventory import CLIENT_SECRET
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import remember
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import auth_arguments, shared_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import platform_class
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import register
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked import words
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.endpoint import Leak, LeakEndpoint, LeakPlace
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.planning import (
    Asked,
    HostFacts,
    LeakPlan,
    client_id_of,
    judge,
    who_asks,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.secret import confirm, take
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.stored import look
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.display import PlatformClock
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_managers import secret_store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import SecretStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import ACCESS_TOKEN, API_TOKEN
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store import VarsFileStore
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.summary import unmatched
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ticket import seal, ticket_key, unseal
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import ARGUMENTS

_AUTH = auth_arguments()
_STORE = ("store", "hashicorp_vault", "aws_secretsmanager", "vars_file", "var", "id_var", "client_id_var")  # options that name a store
_LOCK_TIMEOUT = 30.0  # seconds; a store is only read here, which takes no lock


class ActionModule(ControllerAction):
    """Runs leaked."""

    name = "leaked"
    argument_spec: ClassVar[dict[str, Any]] = {
        "phase": {
            "type": "str",
            "required": True,
            "choices": ["check", "take", "read", "choose", "ask", "judge", "confirm", "end", "conclude"],
        },
        "ticket": {"type": "str", "no_log": False},
        "place": {"type": "str", "no_log": False},
        "client_id": {"type": "str"},
        "platform": {**shared_arguments()["platform"], "required": False},
        "endpoint": {"type": "str"},
        "max_parallel_requests": {"type": "int"},
        "auth": {"type": "dict", "default": {}, "options": _AUTH},
        "credential": {"type": "str"},
        "account": {"type": "str"},
        **{
            name: ARGUMENTS[name]
            for name in ("store", "hashicorp_vault", "aws_secretsmanager", "vars_file", "var", "id_var", "client_id_var")
        },
        "sync_timeout": {"type": "str", "default": "5m"},
        "hosts": {"type": "list", "elements": "str", "default": []},
        "pattern": {"type": "str"},
        "limit": {"type": "str"},
        "matched": {"type": "list", "elements": "str", "default": []},
        "held": {"type": "dict", "default": {}},
        "asked": {"type": "dict", "default": {}},
        "failures": {"type": "dict", "default": {}},
        "plan": {"type": "dict", "default": {}},
        "replaced": {"type": "dict", "default": {}},
        "ended": {"type": "dict", "default": {}},
        "replaces": {"type": "bool", "default": True},
        "confirmed": {"type": "bool", "default": False},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        self._warnings: list[str] = []
        result: dict[str, Any] = {"changed": False, **getattr(self, f"_{options['phase']}")(options, check_mode, task_vars)}
        return {**result, "warnings": self._warnings} if self._warnings else result

    def _check(self, options: dict[str, Any], _check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        failed, advice = unmatched(
            options["pattern"] or "", options["limit"] or "", options["hosts"], options["matched"], "leaked_group", "nothing was revoked"
        )
        if failed:
            raise OptionError(failed, advice)
        return {}

    # The secret

    def _take(self, options: dict[str, Any], _check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        if "leaked_secret" in task_vars:
            raise RefusedError(
                "leaked_secret is no variable of this playbook: what is in a variable or an argument is in files, logs and lists of "
                "processes. Nothing was revoked.",
                "Type the secret at the prompt, or put it into the environment variable LATCHKEY_LEAKED_SECRET.",
            )
        leak = take(os.environ, Display().prompt_until, (options["client_id"] or "").strip())
        self._hide(leak)
        return {"ticket": _sealed_leak(leak)}

    def _leak(self, options: dict[str, Any]) -> Leak:
        leak = Leak(**unseal(options["ticket"] or "", ticket_key()))
        self._hide(leak)
        return leak

    def _hide(self, leak: Leak) -> None:
        remember(leak.secret)
        register([leak.secret])
        self.unsayable = [leak.secret]

    # Finding out

    def _read(self, options: dict[str, Any], _check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        leak = self._leak(options)
        place = _place(options)
        held = HostFacts(
            platform=place.platform,
            url=place.url(os.environ),
            var=options["var"] or "",
            account=options["account"] or "",
            is_secret=options["credential"] == CLIENT_SECRET,
            is_ended_here=options["credential"] in (None, CLIENT_SECRET, ACCESS_TOKEN, API_TOKEN),
        )
        if store := self._store(options):
            held = look(store, leak.secret, replace(held, where=store.where))
            if isinstance(store, SecretStore):
                store.close()
        return {"held": asdict(held), "place": seal(asdict(place), ticket_key())}

    def _store(self, options: dict[str, Any]) -> Store | None:
        """Return the store of a host; None where it names none. Raises OptionError where it is not named well."""
        var = options["var"] or ""
        id_var = (options["id_var"] or options["client_id_var"] or "") if options["credential"] not in (ACCESS_TOKEN, API_TOKEN) else ""
        if secret := secret_store(options, var, id_var, os.environ, self.path):
            return secret
        if not options["vars_file"] or not var:
            return None
        return VarsFileStore(self.path(options["vars_file"]), Names(var, id_var), self.vault(), None, _LOCK_TIMEOUT)

    def _choose(self, options: dict[str, Any], _check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        leak, held = self._leak(options), _held(options)
        client_id = client_id_of(leak.client_id, held)
        return {"asks": who_asks(held), "ticket": _sealed_leak(Leak(leak.secret, client_id))}

    def _ask(self, options: dict[str, Any], _check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        held = HostFacts(**options["held"])
        account = held.account if held.is_replaceable and held.is_secret else ""
        return {"asked": asdict(self._endpoint(options).ask(self._leak(options), account))}

    def _judge(self, options: dict[str, Any], _check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        held, asked = _held(options), _asked(options)
        plan = judge(held, asked, _failures(options), replaces=options["replaces"])
        found = next((one for one in asked.values() if one.client_id), None)
        leak = self._leak(options)
        return {
            "plan": plan.as_data(),
            "lines": words.finding(held, asked, plan),
            "ticket": _sealed_leak(Leak(leak.secret, found.client_id if found else leak.client_id)),
        }

    def _confirm(self, options: dict[str, Any], check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        if not check_mode and not options["confirmed"]:
            confirm(Display().prompt_until)
        return {}

    # Ending

    def _end(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        leak, plan, host = self._leak(options), LeakPlan(**options["plan"]), str(task_vars.get("inventory_hostname", ""))
        if check_mode:
            return {"changed": True}
        if any(one in _failures(options) for one in plan.replace):
            return {}  # what could not be replaced is not revoked
        patience = parse_duration(options["sync_timeout"], "rotate_sync_timeout")
        endpoint, asked = self._endpoint(options), Asked(**options["asked"])
        ended = endpoint.end(leak, asked, revokes=host in plan.revoke, patience=patience)
        return {"changed": ended.revoked or bool(ended.sessions), "ended": asdict(ended)}

    def _conclude(self, options: dict[str, Any], check_mode: bool, _task_vars: dict[str, Any]) -> dict[str, Any]:
        asked, plan = _asked(options), LeakPlan(**options["plan"])
        if check_mode:
            return {"lines": ["Nothing was done, since this is check mode."], "unfinished": ""}
        lines = words.conclusion(asked, plan, options["replaced"], options["ended"])
        return {"lines": lines, "unfinished": words.unfinished(plan, _failures(options), options["replaced"], options["ended"])}

    def _endpoint(self, options: dict[str, Any]) -> LeakEndpoint:
        place = LeakPlace(**unseal(options["place"] or "", ticket_key()))
        if auth := _given(options["auth"]):  # as it is now: a rotation may have replaced what the administrator authenticated with
            place = LeakPlace(place.platform, place.endpoint, auth, place.max_parallel_requests)
        remember(*(str(value) for name, value in place.auth.items() if _AUTH[name].get("no_log")))
        return LeakEndpoint(place, os.environ, PlatformClock(utc_now, time.sleep), self._warnings.append)


def _place(options: Mapping[str, Any]) -> LeakPlace:
    """Return the endpoint of a host. Raises OptionError where it is not named."""
    for name in ("platform", "endpoint"):
        if not str(options[name] or "").strip():
            raise OptionError(
                f"rotate_{name}: it is not set.", "A host of the playbook leaked is an endpoint: set rotate_platform and rotate_endpoint."
            )
    platform_class(options["platform"])
    return LeakPlace(options["platform"], options["endpoint"], _given(options["auth"]), options["max_parallel_requests"] or None)


def _given(auth: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in auth.items() if value is not None}


def _sealed_leak(leak: Leak) -> str:
    return seal(asdict(leak), ticket_key())


def _held(options: Mapping[str, Any]) -> dict[str, HostFacts]:
    return {host: HostFacts(**one) for host, one in options["held"].items() if one}


def _asked(options: Mapping[str, Any]) -> dict[str, Asked]:
    return {host: Asked(**one) for host, one in options["asked"].items() if one}


def _failures(options: Mapping[str, Any]) -> dict[str, str]:
    return {host: str(reason) for host, reason in options["failures"].items() if reason}
