# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables to what a rotation has to do: checked, converted, refused by name. Private. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import parse_duration
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import ACCESS_CHECK
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import refuse_secret_text

ACCESS_TOKEN, API_TOKEN, IN_PLACE, REPLACE, ALTERNATE = "access_token", "api_token", "in_place", "replace", "alternate"
SECRETS = (IN_PLACE, REPLACE, ALTERNATE)
S3_ACCESS_KEY = "s3_access_key"
VARS_FILE, HASHICORP_VAULT, AWS_SECRETSMANAGER = "vars_file", "hashicorp_vault", "aws_secretsmanager"
GIT, TASKS, CREDENTIALS_FILE, AWX_CREDENTIAL = "git", "tasks", "credentials_file", "awx_credential"
SINKS = (CREDENTIALS_FILE, AWX_CREDENTIAL)  # what gets the credential itself, and gives it back when a rotation is undone
_SECRET = "service_account_secret"  # noqa: S105  (a choice of an option)
_SHORTEST_LIFE = timedelta(minutes=1)


@dataclass(frozen=True)
class Policy:
    """When to rotate, how long a credential lives, and what becomes of the old one.

    Attributes:
        force: rotate now, due or not.
        when_remaining: due when the credential expires within this time.
        max_age: due when it is older; None for any age.
        expires_in: how long a new one lives; None for ever.
        orphans: ``fail``, ``revoke`` or ``ignore``.
        retire: ``delete`` or ``disable`` the old one.
        retire_after: how long the old one is kept; None for not at all (delete), or until the next rotation (disable).
        exact_expiry: whether the platform lets a credential expire at the very instant that was asked for, and not at a whole minute.
        successor_of: the account's name, where a new credential is an account of its own; else empty.
        shared: whether the store is published, so that a run on another machine may be at work on a copy of it.
        called: what a credential is that is no account, for people.
        alternates: whether two accounts take turns: the old credential stays as it is until its account's next turn.
    """

    force: bool = False
    when_remaining: timedelta = timedelta(0)
    max_age: timedelta | None = None
    expires_in: timedelta | None = None
    orphans: str = "fail"
    retire: str = "delete"
    retire_after: timedelta | None = None
    exact_expiry: bool = True
    successor_of: str = ""
    shared: bool = False
    alternates: bool = False

    called: str = "token"

    @property
    def noun(self) -> str:
        """What a credential is, for people."""
        return "account" if self.successor_of else self.called

    @property
    def owner(self) -> str:
        """What has these credentials, for people."""
        return "the rotation" if self.successor_of else "the account"

    @property
    def retires_at_once(self) -> bool:
        """Whether the old credential goes, or is switched off, with the rotation itself."""
        return not self.alternates and (self.retire == "disable" or self.retire_after is None)


@dataclass(frozen=True)
class Settings:
    """All that a rotation has to know beside what it finds.

    Attributes:
        kind: access_token, api_token, in_place, replace or alternate.
        account, endpoint: as the user wrote them, for people.
        accounts: the two accounts that take turns; else empty.
        var, client_id_var: names of the variables, for people; the latter may be empty.
        policy: what the user wants.
        patience: how long a new secret may still be refused.
        roles: of a first account that will be replaced; empty takes those of the predecessor.
        has_hooks: whether tasks of the user come between the proof and the end.
        sinks, later_sinks: what gets the new credential, in order, before and after the tasks of the user; all before where there are none.
        publishes: whether the store is pushed.
        always_proves: whether the stored credential is proved with the user's checks also when nothing is due.
        accounts_elsewhere: where an account may be that the platform does not have, as a sentence.
    """

    kind: str = ACCESS_TOKEN
    account: str = ""
    accounts: tuple[str, ...] = ()
    endpoint: str = ""
    var: str = ""
    client_id_var: str = ""
    policy: Policy = field(default_factory=Policy)
    patience: timedelta = timedelta(0)
    roles: tuple[str, ...] = ()
    has_hooks: bool = False
    sinks: tuple[str, ...] = ()
    later_sinks: tuple[str, ...] = ()
    publishes: bool = False
    always_proves: bool = False
    accounts_elsewhere: str = ""

    @property
    def what(self) -> str:
        """What is rotated, for people."""
        return f"{self.account} on {self.endpoint}"

    @property
    def in_place(self) -> bool:
        """Whether the account has one secret, which is replaced in its place."""
        return self.kind == IN_PLACE

    @property
    def is_secret(self) -> bool:
        """Whether it is the secret of a service account, which goes with a client id."""
        return self.kind in SECRETS

    @property
    def changes_account(self) -> bool:
        """Whether the new credential is another account's, so that the client id in the store tells which one is stored."""
        return self.kind in (REPLACE, ALTERNATE)


# What the role rotate hands over, but for publish_git; the names are those of its variables without rotate_.
ARGUMENTS: dict[str, Any] = {
    "credential": {"type": "str", "required": True, "choices": [ACCESS_TOKEN, API_TOKEN, _SECRET, S3_ACCESS_KEY]},
    "account": {"type": "str"},
    "store": {"type": "str", "choices": [VARS_FILE, HASHICORP_VAULT, AWS_SECRETSMANAGER]},
    "vars_file": {"type": "path"},
    "hashicorp_vault": {
        "type": "dict",
        "options": {
            "url": {"type": "str"},
            "namespace": {"type": "str"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
            "mount": {"type": "str"},
            "path": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "role_id": {"type": "str"},
            "secret_id": {"type": "str", "no_log": True},
            "jwt": {"type": "str", "no_log": True},
            "role": {"type": "str"},
            "auth_mount": {"type": "str"},
        },
    },
    "aws_secretsmanager": {
        "type": "dict",
        "options": {
            "name": {"type": "str"},
            "region": {"type": "str"},
            "profile": {"type": "str"},
            "endpoint_url": {"type": "str"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
        },
    },
    "var": {"type": "str"},
    "vault_id": {"type": "str"},
    "strategy": {"type": "str", "choices": [IN_PLACE, REPLACE, ALTERNATE]},
    "id_var": {"type": "str"},
    "client_id_var": {"type": "str"},
    "accounts": {"type": "list", "elements": "str"},
    "roles": {"type": "list", "elements": "str"},
    "tag": {"type": "str"},
    "clusters": {
        "type": "list",
        "elements": "dict",
        "options": {
            "endpoint": {"type": "str", "required": True},
            "ca_path": {"type": "path"},
            "validate_certs": {"type": "bool"},
        },
    },
    "sync_timeout": {"type": "str"},
    "s3_endpoint": {"type": "str"},
    "rescue_file": {"type": "path"},
    "expires_in": {"type": "str"},
    "when_remaining": {"type": "str"},
    "max_age": {"type": "str"},
    "force": {"type": "bool"},
    "checks": ACCESS_CHECK.argument_spec["probes"],
    "orphans": {"type": "str", "choices": ["fail", "revoke", "ignore"]},
    "retire": {"type": "str", "choices": ["delete", "disable"]},
    "retire_after": {"type": "str"},
    "reload_vars": {"type": "bool"},
    "publish": {"type": "list", "elements": "str", "choices": ["none", GIT, TASKS, *SINKS]},
    "publish_credentials_file": {"type": "dict", "options": {"path": {"type": "path"}}},
    "publish_awx_credential": {
        "type": "dict",
        "options": {
            "controller_host": {"type": "str"},
            "controller_oauthtoken": {"type": "str", "no_log": True},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float"},
            "api_path": {"type": "str"},
            "name": {"type": "str"},
            "organization": {"type": "str"},
            "input": {"type": "str"},
            "id_input": {"type": "str"},
        },
    },
    "publish_tasks": {"type": "str"},
    "lock_timeout": {"type": "str", "default": "30s"},
}
# What a variable means that is null, or left out with omit: the role's default, never less than that.
_DEFAULTS: dict[str, Any] = {
    "store": VARS_FILE,
    "hashicorp_vault": {},
    "aws_secretsmanager": {},
    "strategy": IN_PLACE,
    "id_var": "",
    "client_id_var": "",
    "accounts": [],
    "roles": [],
    "tag": "",
    "clusters": [],
    "sync_timeout": "5m",
    "s3_endpoint": "",
    "rescue_file": "",
    "expires_in": "90d",
    "when_remaining": "7d",
    "max_age": "",
    "force": False,
    "checks": [],
    "orphans": "fail",
    "retire": "delete",
    "retire_after": "",
    "reload_vars": True,
    "publish": [],
    "publish_credentials_file": {},
    "publish_awx_credential": {},
    "publish_git": {},
    "publish_tasks": "",
    "vault_id": "",
}
# An empty variable of these says something, if only that a value was forgotten. Any other that is empty is not set.
_TELLING_WHEN_EMPTY = frozenset(
    (
        *("platform", "endpoint", "credential", "vars_file", "var"),
        *("sync_timeout", "expires_in", "when_remaining", "max_age", "force", "retire_after", "reload_vars"),
    )
)


def variables_set(names: Iterable[str], variables: Mapping[str, Any], template: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the options that the role's variables set, rotate_ before the name of each.

    Args:
        names: of the options.
        variables: all that the task has, not templated yet.
        template: templates a value.
    """
    found = template({name: variables[f"rotate_{name}"] for name in names if f"rotate_{name}" in variables})
    omitted = variables.get("omit")  # before ansible-core 2.19, what omit becomes; later, omit leaves nothing
    kept = _without(found, omitted) if omitted else found
    return {name: value for name, value in kept.items() if _is_set(name, value)}


def _is_set(name: str, value: Any) -> bool:
    """Tell whether a variable says anything; a text of nothing but blanks is empty."""
    is_empty = not (value.strip() if isinstance(value, str) else value)
    return not is_empty or (name in _TELLING_WHEN_EMPTY and value is not None)


def _without(value: Any, omitted: Any) -> Any:
    """Return a value without what is omitted in it."""
    if isinstance(value, Mapping):
        return {name: _without(one, omitted) for name, one in value.items() if one != omitted}
    if isinstance(value, list):
        return [_without(one, omitted) for one in value if one != omitted]
    return value


def with_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the role's defaults for those that are not set."""
    return {**options, **{name: default for name, default in _DEFAULTS.items() if options.get(name) is None}}


def kind_of(options: Mapping[str, Any]) -> str:
    """Return the kind of a rotation, from options with defaults."""
    return str(options["strategy"] if options["credential"] == _SECRET else options["credential"])


class Rotatable(Protocol):
    """What a platform tells of itself, as an attribute each; see Platform."""

    title: str
    rotates: tuple[str, ...]
    disables: tuple[str, ...]
    client_files: Mapping[str, Any]
    longest_api_token: timedelta | None
    accounts_elsewhere: str


def settings_of(options: Mapping[str, Any], endpoint: str, platform: Rotatable) -> Settings:
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
    policy = Policy(
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
    return Settings(
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
    taken = (var, f"{var}_rotation")
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
