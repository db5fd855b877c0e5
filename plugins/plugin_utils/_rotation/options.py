# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what a rotation has to do: checked, converted, refused by name. Private. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import refuse_secret_text
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import (
    ALTERNATE,
    API_TOKEN,
    AWX_CREDENTIAL,
    CREDENTIALS_FILE,
    IN_PLACE,
    REPLACE,
    S3_ACCESS_KEY,
    SECRETS,
    SINKS,
    RotationPolicy,
    RotationSettings,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import GIT, SERVICE_ACCOUNT_SECRET, TASKS, VARS_FILE

_SHORTEST_LIFE = timedelta(minutes=1)


def kind_of(options: Mapping[str, Any]) -> str:
    """Return the kind of a rotation, from options with defaults."""
    return str(options["strategy"] if options["credential"] == SERVICE_ACCOUNT_SECRET else options["credential"])


class Rotatable(Protocol):
    """What a platform tells of itself, as an attribute each; see Platform."""

    title: str
    rotates: tuple[str, ...]
    disables: tuple[str, ...]
    client_files: Mapping[str, Any]
    longest_api_token: timedelta | None
    accounts_elsewhere: str


def settings_of(options: Mapping[str, Any], endpoint: str, platform: Rotatable) -> RotationSettings:
    """Return what a rotation has to do.

    Args:
        options: those of ARGUMENTS, with defaults.
        endpoint: of the credential.
        platform: what can be rotated there, and how.

    Raises:
        OptionError: one of them is malformed, is empty where it may not be, or does not fit another.
    """
    if options["credential"] not in platform.rotates:
        raise OptionError(
            f"rotate_credential: '{options['credential']}' is invalid for {platform.title}.", f"Set it to {' or '.join(platform.rotates)}."
        )
    if not all(one.strip() for one in options["roles"]):
        raise OptionError("rotate_roles: one of them is empty.", "Take the empty ones out of the list.")
    kind = kind_of(options)
    for name in ("tag", *(("account",) if kind == REPLACE else ())):  # what a new credential is called on the platform
        refuse_secret_text(f"rotate_{name}", options[name])
    accounts = _taking_turns(kind, options)
    in_vars_file = options["store"] == VARS_FILE
    for name in (*(() if accounts else ("account",)), "var", *(("vars_file",) if in_vars_file else ())):
        refuse_missing(name, options[name], "Give it a value.")
    if not in_vars_file:
        _check_for_secret_manager(kind, options)
    id_var = _id_var(kind, options)
    _check_names(kind, options["var"], id_var)
    if options["retire"] == "disable" and options["credential"] not in platform.disables:
        raise OptionError(
            f"rotate_retire: on {platform.title}, '{options['credential']}' cannot be disabled.",
            "Set it to delete, with rotate_retire_after for a delay.",
        )
    if options["checks"] and kind == S3_ACCESS_KEY:
        raise OptionError(
            "rotate_checks: an S3 access key signs requests to the S3 API, and these checks are requests to another one.",
            "Leave it out; the key is proved by a request to the S3 API anyway.",
        )
    published = _published(options)
    if CREDENTIALS_FILE in published:
        _check_credentials_file(options, platform)
    if (
        AWX_CREDENTIAL in published
        and kind in (REPLACE, ALTERNATE, S3_ACCESS_KEY)
        and not options["publish_awx_credential"].get("id_input")
    ):
        raise OptionError(
            "rotate_publish_awx_credential: id_input is not set, and this rotation changes the id that goes with the secret.",
            "Name the input that holds the id.",
        )
    publishes = GIT in published
    later = published.index(TASKS) if TASKS in published else len(published)
    policy = RotationPolicy(
        force=options["force"],
        when_remaining=parse_duration(options["when_remaining"], "rotate_when_remaining"),
        max_age=_duration(options["max_age"], "rotate_max_age") or None,
        expires_in=_lifetime(options["expires_in"], kind, platform.longest_api_token),
        orphans=options["orphans"],
        retire=options["retire"],
        retire_after=_duration(options["retire_after"], "rotate_retire_after"),
        exact_expiry=kind != API_TOKEN,
        successor_of=options["account"] if kind == REPLACE else "",
        shared=publishes,
        called="S3 access key" if kind == S3_ACCESS_KEY else "token",
        alternates=kind == ALTERNATE,
    )
    return RotationSettings(
        kind=kind,
        account=" and ".join(accounts) or options["account"],
        accounts=accounts,
        endpoint=endpoint,
        var=options["var"],
        client_id_var=id_var,
        policy=policy,
        patience=parse_duration(options["sync_timeout"], "rotate_sync_timeout"),
        roles=tuple(options["roles"]),
        has_hooks=TASKS in published,
        sinks=tuple(one for one in published[:later] if one in SINKS),
        later_sinks=tuple(one for one in published[later:] if one in SINKS),
        publishes=publishes,
        always_proves=bool(options["checks"] or (options["clusters"] and kind in SECRETS)),
        accounts_elsewhere=platform.accounts_elsewhere,
    )


def refuse_missing(name: str, value: Any, hint: str) -> None:
    """Refuse a variable of the role that every rotation needs. Raises OptionError where it is not set, or empty."""
    if not str(value or "").strip():
        raise OptionError(f"rotate_{name}: it is {'not set' if value is None else 'empty'}.", hint)


def _check_for_secret_manager(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse what cannot be had where the store is a secret manager. Raises OptionError."""
    if kind == IN_PLACE:
        raise OptionError(
            "rotate_strategy: in_place ends the stored secret before the new one can be stored, and consumers of a secret manager may read "
            "it at any time.",
            "Set rotate_strategy to alternate, which has no such gap, or to replace.",
        )
    for is_set, name, what in (
        (GIT in options["publish"], "publish", "it pushes a vars file"),
        (options["publish_tasks"], "publish_tasks", "it gets the credential from a vars file"),
    ):
        if is_set:
            raise OptionError(
                f"rotate_{name}: {what}, and with rotate_store={options['store']} there is none.",
                "Leave it out; consumers read the secret manager itself.",
            )
    for name in ("var", "id_var", "client_id_var"):
        if "." in options[name]:
            raise OptionError(
                f"rotate_{name}: '{options[name]}' is a path, and with rotate_store={options['store']} it is a key of a flat secret.",
                "Name a key without dots.",
            )


def _published(options: Mapping[str, Any]) -> list[str]:
    """Return where the credential goes beside the store, in order. Tasks of the user that are not in the list come first, as ever.

    Raises:
        OptionError: the list contradicts itself, or another variable.
    """
    wanted = list(options["publish"])
    if "none" in wanted and len(wanted) > 1:
        raise OptionError("rotate_publish: none is in it, and something else.", "Leave none out, or the rest.")
    twice = next((one for one in wanted if wanted.count(one) > 1), "")
    if twice:
        raise OptionError(f"rotate_publish: {twice} is in it twice.", "Name each once.")
    if GIT in wanted[:-1]:
        raise OptionError(
            f"rotate_publish: {wanted[-1]} comes after git. A push is never taken back, so nothing that can fail may follow it.",
            "Put git last.",
        )
    if TASKS in wanted and not options["publish_tasks"]:
        raise OptionError("rotate_publish: tasks is in it, and rotate_publish_tasks is not set.", "Name their file there.")
    wanted = [one for one in wanted if one != "none"]
    return [TASKS, *wanted] if options["publish_tasks"] and TASKS not in wanted else wanted


def _check_credentials_file(options: Mapping[str, Any], platform: Rotatable) -> None:
    """Refuse a credentials file without a path, or of what no client of the vendor reads from a file. Raises OptionError."""
    if options["credential"] not in platform.client_files:
        raise OptionError(
            f"rotate_publish: on {platform.title} there is no credentials file for '{options['credential']}'.",
            f"It is for {' and '.join(platform.client_files) or 'other platforms'}; use rotate_publish_tasks.",
        )
    if not str(options["publish_credentials_file"].get("path") or "").strip():
        raise OptionError(
            "rotate_publish_credentials_file: path is not set, and rotate_publish names credentials_file.", "Set it to where the file goes."
        )


def _taking_turns(kind: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the two accounts that take turns; empty for other kinds. Raises OptionError."""
    accounts = tuple(str(one).strip() for one in options["accounts"])
    if kind != ALTERNATE:
        if accounts:
            raise OptionError(
                "rotate_accounts: it goes with rotate_strategy=alternate.", "Set rotate_strategy, or name one rotate_account."
            )
        return ()
    if len(accounts) != 2 or not all(accounts) or accounts[0] == accounts[1]:
        raise OptionError(
            "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts that take turns.",
            "Create a second account with the roles of the first, and name both.",
        )
    if options["account"] and options["account"] not in accounts:
        raise OptionError(
            f"rotate_account: {options['account']} is neither of rotate_accounts.",
            "Leave rotate_account out with rotate_strategy=alternate.",
        )
    return accounts


def _id_var(kind: str, options: Mapping[str, Any]) -> str:
    """Return the variable that holds the id that goes with the credential; rotate_client_id_var is what version 1.0.0 called it."""
    name, former = options["id_var"], options["client_id_var"]
    if name and former and name != former:
        raise OptionError(
            "rotate_id_var and rotate_client_id_var are two names of one variable of the role, and they differ.", "Set rotate_id_var only."
        )
    return str(name or former) if kind in (*SECRETS, S3_ACCESS_KEY) else ""


def _check_names(kind: str, var: str, id_var: str) -> None:
    """Refuse names of variables that are the same, or inside of one another. Raises OptionError."""
    if kind in (REPLACE, ALTERNATE) and not id_var:
        raise OptionError(
            f"rotate_strategy={kind} stores the secret of another account each time, so rotate_client_id_var must name the variable of the "
            "vars file that holds the account's id.",
            "Set rotate_client_id_var.",
        )
    if kind == S3_ACCESS_KEY and not id_var:
        raise OptionError(
            "rotate_credential=s3_access_key stores a secret that is of use with its id only, so rotate_id_var must name the variable of "
            "the vars file that holds the id.",
            "Set rotate_id_var.",
        )
    option = "rotate_id_var" if kind == S3_ACCESS_KEY else "rotate_client_id_var"
    taken = (var, Names(var).state)
    inside = id_var.startswith(tuple(f"{one}." for one in taken)) or var.startswith(f"{id_var}.")
    if id_var and (id_var in taken or inside):
        raise OptionError(
            f"rotate_var and {option} name the same variable, or one inside of the other or of its state.",
            "The secret and its id are two: name two variables.",
        )


def _lifetime(text: str, kind: str, longest: timedelta | None) -> timedelta | None:
    if kind in (*SECRETS, S3_ACCESS_KEY):
        return None
    expires_in = _duration(text, "rotate_expires_in")
    if expires_in is not None and expires_in < _SHORTEST_LIFE:
        raise OptionError("rotate_expires_in: a credential must live at least a minute.", "Leave it empty for one that never expires.")
    if kind == API_TOKEN:
        return longest if expires_in is None else expires_in
    return expires_in


def _duration(text: Any, option: str) -> timedelta | None:
    return parse_duration(text, option) if str(text) != "" else None
