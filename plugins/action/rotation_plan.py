# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_plan: find out what is stored and what there is, and decide what the role rotate has to do next."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import RefusedError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_check import ACCESS_CHECK, check_place, read_probes
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._execute import shared_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._times import parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning as rotation
from ansible_collections.latchkey.tokens.plugins.plugin_utils import _rotation_in_place as in_place
from ansible_collections.latchkey.tokens.plugins.plugin_utils._hidden import MASKS_REGISTERED
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import as_credentials
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_options import (
    CLUSTERS,
    KINDS,
    POLICY_ARGUMENTS,
    is_secret,
    policy,
    where_is,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_task import NOT_YET, RotationAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._run_identity import is_gone, this_run

_RESCUED = "rotate_rescued_secret"
_RESCUED_FOR = "rotate_rescued_for"
_RESCUE = {_RESCUED, _RESCUED_FOR, "rotate_reserved_room"}  # what a rescue file holds, and nothing else
_NOT_KEPT = ("_ansible_no_log", "variables")  # of what was read; the latter may be long, and Ansible keeps it for each host
_SOMEBODY = {"platform": "rubrik_cdm", "client_id": "somebody", "client_secret": "never sent"}
_MOST_SESSIONS = 10  # that an account of Rubrik CDM may have at once; nobody has published how the eleventh is refused


@dataclass(frozen=True)
class Stored:
    """What the vars file holds, and the rescue file beside it.

    Attributes:
        state: the state of the rotation, without the old credential, which is kept in it encrypted.
        value: the credential; empty when there is none.
        client_id: the id of the account that it is of, where the file has that.
        file, rescue: as vault_vars_info returned them; empty when not read.
    """

    state: Mapping[str, Any]
    value: str = ""
    client_id: str | None = None
    file: Mapping[str, Any] = field(default_factory=dict)
    rescue: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The vars file."""
        return str(self.file["path"])

    @property
    def rescued(self) -> str:
        """The secret that an earlier run could not store; empty when there is none."""
        return str((self.rescue.get("vars") or {}).get(_RESCUED) or "")


@dataclass(frozen=True)
class Listed:
    """What the account has.

    Attributes:
        account_id: the account's id, for tokens.
        tokens: its tokens.
        accounts: service accounts, for their secrets.
        limit: how many tokens it may have; None for any number.
    """

    account_id: str | None = None
    tokens: Sequence[dict[str, Any]] = ()
    accounts: Sequence[dict[str, Any]] = ()
    limit: int | None = None

    @property
    def account_ids(self) -> list[str]:
        """The ids of the service accounts."""
        return [str(one["account_id"]) for one in self.accounts]


class ActionModule(RotationAction):
    """Runs rotation_plan."""

    name = "rotation_plan"
    argument_spec: ClassVar[dict[str, Any]] = {
        **shared_arguments(),
        **POLICY_ARGUMENTS,
        "kind": {"type": "str", "choices": list(KINDS), "default": "access_token"},
        "account": {"type": "str", "default": ""},
        "path": {"type": "path"},
        "var": {"type": "str", "default": ""},
        "state_var": {"type": "str"},
        "old_var": {"type": "str"},
        "client_id_var": {"type": "str", "default": ""},
        "rescue_path": {"type": "path"},
        "state": {"type": "dict", "default": {}},
        "roles": {"type": "list", "elements": "str", "default": []},
        "tag": {"type": "str"},
        "sync_timeout": {"type": "str", "default": "5m"},
        "probes": ACCESS_CHECK.argument_spec["probes"],
        "clusters": CLUSTERS,
        "shared": {"type": "bool", "default": False},
        "only_leftovers": {"type": "bool", "default": False},
        "warn": {"type": "str"},
    }

    def act(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["warn"]:
            return {"changed": False, "warnings": [" ".join(options["warn"].split())]}
        wanted = policy(options, utc_now())
        patience = parse_duration(options["sync_timeout"], "rotate_sync_timeout")
        if options["only_leftovers"]:
            stored = Stored(_checked_state(options["state"]))
            listed = self._list(options)
            return {"changed": False, **_accounts(listed), "leftovers": rotation.leftovers(stored.state, _ours(options, stored, listed))}
        # Once a secret is made there is no way back, so what is wrong with the checks is found before.
        read_probes(options["probes"] or [])
        for cluster in options["clusters"]:
            check_place({**where_is(cluster), **_SOMEBODY})
        stored = self._read(options)
        if options["kind"] == "in_place":
            result = self._plan_in_place(options, stored, task_vars, wanted, patience)
        else:
            result = self._plan_beside(options, stored, task_vars, wanted)
        self.secrets = self.unsayable
        self.hide_all = not MASKS_REGISTERED and any(one.get("_ansible_no_log") for one in (stored.file, stored.rescue))
        file, rescue = ({name: value for name, value in one.items() if name not in _NOT_KEPT} for one in (stored.file, stored.rescue))
        return {"changed": False, **result, "file": file, "rescue": rescue, "check_mode": check_mode}

    def _read(self, options: dict[str, Any]) -> Stored:
        """Read the vars file, and the rescue file where there is to be one. Raises VarsFileError, StepFailedError."""
        id_var = options["client_id_var"] if is_secret(options["kind"]) else ""
        names = [options[name] for name in ("var", "state_var", "old_var") if options[name]] + ([id_var] if id_var else [])
        file = self.step("vault_vars_info", {"path": options["path"], "names": names, "hide": True})
        if not file["exists"]:
            raise VarsFileError(
                f"{file['path']} does not exist, so nothing was rotated.", "Check rotate_vars_file, or create the file first."
            )
        if not file["writable"]:
            raise VarsFileError(
                f"{file['path']} cannot be written, so nothing was rotated.", "Mend its permissions or those of its folder."
            )
        rescue = self._read_rescue(options, file["path"]) if options["kind"] == "in_place" and options["rescue_path"] else {}
        values = file["vars"]
        # Whatever its name says: somebody may have swapped the names of the secret and of the client id.
        secret = {options["var"], options["old_var"], *file["vault_ids"]} - {options["state_var"]}
        told = [*(values.get(name) for name in secret), *(rescue.get("vars") or {}).values()]
        self.unsayable = [str(one) for one in told if one]
        return Stored(
            state=_checked_state(values.get(options["state_var"]) or {}),
            value=str(values.get(options["var"]) or ""),
            client_id=str(values.get(id_var) or "") or None,
            file=file,
            rescue=rescue,
        )

    def _read_rescue(self, options: dict[str, Any], vars_file: str) -> dict[str, Any]:
        """Read the rescue file. It is written over and deleted, so it must be one, and this rotation's. Raises RefusedError."""
        if os.path.realpath(self.path(options["rescue_path"])) == os.path.realpath(vars_file):
            raise RefusedError(f"{_where(options)}: rotate_rescue_file is the vars file. Nothing was rotated.", "Name another file.")
        found = self.step("vault_vars_info", {"path": options["rescue_path"], "names": [_RESCUED, _RESCUED_FOR], "hide": True})
        held = found["vars"]
        if strange := sorted(set(found["variables"]) - _RESCUE):
            raise RefusedError(
                f"{_where(options)}: {found['path']} is no rescue file, since it holds {strange[0]}. Nothing was rotated.",
                "Name a file in rotate_rescue_file that is for this credential alone, and not there yet.",
            )
        if held.get(_RESCUED_FOR) not in (None, _rescued_for(options)):
            raise RefusedError(
                f"{_where(options)}: {found['path']} is the rescue file of another rotation, {held[_RESCUED_FOR]}. Nothing was rotated.",
                "Give each credential a file of its own in rotate_rescue_file, and run that one again, which still needs this file.",
            )
        return {**found, "vars": {name: value for name, value in held.items() if name == _RESCUED}}

    def _plan_beside(self, options: dict[str, Any], stored: Stored, task_vars: dict[str, Any], wanted: rotation.Policy) -> dict[str, Any]:
        """Plan for credentials that can stand beside each other."""
        listed = self._list(options)
        value, stored_id, replaces = stored.value, stored.client_id, options["kind"] == "replace"
        if replaces and value and not stored_id:
            raise VarsFileError(
                f"{stored.path} holds a secret in {options['var']}, but no client id in {options['client_id_var']}.",
                "Put the id of the account that it belongs to there.",
            )
        check: dict[str, Any] = {}
        # The secret of an account that is gone is dead; what it would get is not published.
        if value and (not replaces or stored_id in listed.account_ids):
            check = self._check_stored(options, value, stored_id)
        works = "account_id" in check
        ours = _ours(options, stored, listed, check.get("token_id"))
        owners = [token["token_id"] for token in ours] if replaces else [listed.account_id]
        found = rotation.Found(
            state=stored.state,
            has_value=bool(value),
            works=works,
            value_id=(stored_id if replaces and value else check.get("token_id")) or None,
            tokens=ours,
            limit=listed.limit,
            stranger=f"{check['account']} (id {check['account_id']})" if works and check["account_id"] not in owners else "",
            run_is_gone=_run_is_gone(stored, task_vars),
        )
        plan = rotation.plan(found, wanted, utc_now(), this_run(_host(task_vars)))
        _stop_at(plan.problem, options, f"The stored credential was refused: {check['msg']}" if check and not works else "")
        if replaces and plan.rotate and not options["roles"] and plan.current.get("id") not in listed.account_ids:
            raise RefusedError(
                f"{_where(options)}: there is no account yet whose roles the new one could have. Nothing was rotated.",
                "Name its roles in rotate_roles.",
            )
        planned = {**asdict(plan), "revoke": list(plan.revoke)}  # the role adds lists to it
        warnings = list(planned.pop("warnings"))
        return {**_accounts(listed), "plan": planned, "warnings": warnings}

    def _plan_in_place(
        self, options: dict[str, Any], stored: Stored, task_vars: dict[str, Any], wanted: rotation.Policy, patience: timedelta
    ) -> dict[str, Any]:
        """Plan for the one secret of an account."""
        listed = self._list(options)
        account_id = _the_account(options, stored, listed)
        works = bool(stored.value) and "account_id" in self._check_stored(options, stored.value, account_id)
        rescue_works = False
        if stored.rescued:
            rescued = self.connection_as(client_id=account_id, client_secret=stored.rescued)
            rescue_works = "account_id" in self.check_patiently(rescued, patience, _refusals(options))
        found = in_place.Found(
            state=stored.state,
            account_id=account_id,
            has_value=bool(stored.value),
            works=works,
            has_rescue=bool(stored.rescue.get("exists")),
            rescue_works=rescue_works,
            run_is_gone=_run_is_gone(stored, task_vars),
        )
        plan = in_place.plan(found, wanted, utc_now(), this_run(_host(task_vars)))
        _stop_at(plan.problem, options)
        return {**_accounts(listed), "plan": {**asdict(plan), "current": {"id": account_id}}}

    def _list(self, options: dict[str, Any]) -> Listed:
        kind, account = options["kind"], options["account"]
        if kind == "access_token":
            found = self.step("access_token_info", self.connection(user=account))
            return Listed(account_id=found["account_id"], tokens=found["access_tokens"], limit=found.get("limit"))
        if kind == "api_token":
            found = self.step("api_token_info", self.connection(user=account))
            return Listed(account_id=found["account_id"], tokens=found["api_tokens"])
        found = self.step("service_account_info", self.connection(name=account if kind == "in_place" else None))
        return Listed(accounts=found["service_accounts"])

    def _check_stored(self, options: dict[str, Any], value: str, client_id: str | None) -> dict[str, Any]:
        """Ask the platform whose the stored credential is; a refusal is an answer."""
        secret = is_secret(options["kind"])
        asked = self.connection_as(client_id=client_id, client_secret=value) if secret else self.connection_as(token=value)
        answer = self.check(asked, _refusals(options))
        if secret and options["platform"] == "rubrik_cdm" and "account_id" not in answer:
            self._rule_out_too_many_sessions(options, str(client_id))
        return answer

    def _rule_out_too_many_sessions(self, options: dict[str, Any], account_id: str) -> None:
        """Make sure that a refusal is not one for too many sessions. Raises RefusedError."""
        sessions = self.attempt("access_token_info", self.connection(user=account_id))
        if sessions.get("failed"):
            if not options["force"]:
                raise RefusedError(
                    f"{_where(options)}: the stored secret was refused. It may be dead, or the account may have ten sessions, "
                    f"and they cannot be counted: {sessions['msg']} Nothing was rotated.",
                    "Set rotate_force to make a new secret all the same.",
                )
            return
        live = [one for one in sessions["access_tokens"] if one["live"]]
        if len(live) >= _MOST_SESSIONS:
            raise RefusedError(
                f"{_where(options)}: the stored secret was refused, but the account has {len(live)} sessions, so that may be why. "
                "Nothing was rotated.",
                f"End old ones with latchkey.tokens.session_revoke, target account, account {account_id}, and run again.",
            )


def _rescued_for(options: dict[str, Any]) -> str:
    return f"{options['account']} {options['var']}"


def _stop_at(problem: str, options: dict[str, Any], more: str = "") -> None:
    if problem:
        raise RefusedError(f"{_where(options)}: {problem} Nothing was rotated.", more)


def _checked_state(state: Any) -> dict[str, Any]:
    """Return a state without the old credential. Raises VarsFileError where no version wrote it."""
    rotation.check_state(state)
    return {key: value for key, value in state.items() if key != "old_value"}


def _the_account(options: dict[str, Any], stored: Stored, listed: Listed) -> str:
    """Return the id of the one account whose secret is rotated. Raises RefusedError."""
    ids = listed.account_ids
    if not ids:
        raise RefusedError(
            f"{_where(options)}: there is no service account of this name. Nothing was rotated.",
            "Check rotate_account; the secret of an account that Rubrik Security Cloud manages is rotated there, with platform rubrik_rsc.",
        )
    if len(ids) > 1:
        raise RefusedError(
            f"{_where(options)}: there are several service accounts of this name, {' and '.join(ids)}. Nothing was rotated.",
            "Delete those that nobody uses.",
        )
    if stored.client_id not in (None, ids[0]):
        raise RefusedError(
            f"{stored.path} holds the client id {stored.client_id} in {options['client_id_var']}, but {options['account']} is "
            f"{ids[0]}. Nothing was rotated.",
            "Check rotate_account.",
        )
    return ids[0]


def _accounts(listed: Listed) -> dict[str, Any]:
    return {"account_id": listed.account_id, "accounts": list(listed.accounts)}


def _refusals(options: dict[str, Any]) -> tuple[int, ...]:
    """Return the statuses which say that the stored credential is dead."""
    if not is_secret(options["kind"]):
        return (401, 403)
    # On Rubrik Security Cloud 403 tells that an account may not log in, whatever its secret.
    return (401,) if options["platform"] == "rubrik_rsc" else NOT_YET


def _ours(options: dict[str, Any], stored: Stored, listed: Listed, value_id: str | None = None) -> list[dict[str, Any]]:
    """Return those credentials that belong to the rotation."""
    if options["kind"] == "replace":
        return as_credentials(options["account"], listed.accounts)
    if not options["tag"]:
        return list(listed.tokens)
    # The user has other API tokens, for other things.
    ours = {value_id, *((stored.state.get(part) or {}).get("id") for part in ("current", "previous", "pending"))}
    return [token for token in listed.tokens if token.get("tag") == options["tag"] or token["token_id"] in ours]


def _run_is_gone(stored: Stored, task_vars: dict[str, Any]) -> bool | None:
    pending = stored.state.get("pending") or {}
    return is_gone(str(pending.get("run", "")), _host(task_vars)) if pending else True


def _host(task_vars: dict[str, Any]) -> str:
    return str(task_vars.get("inventory_hostname", ""))


def _where(options: dict[str, Any]) -> str:
    return f"{options['account']} on {options['endpoint']}"
