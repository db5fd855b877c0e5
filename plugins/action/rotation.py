# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation: one phase of a rotation, by the engine, with the real ports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from ansible import constants as C
from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    LatchkeyError,
    OptionError,
    RefusedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import option_names, redact
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, parse_duration, utc_now
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import Connection, resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.access_check import read_probes
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import auth_arguments, shared_arguments
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import CARRIED_TO, open_platform, platform_class
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.arguments import GIT_ARGUMENTS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.place import is_among_clones
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import skipped_for_want_of_a_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.refused import token_to_try_with
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import is_gone, this_run
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.display import DisplayedSteps, PlatformClock, shown_beside
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.engine import Ports, Rotation, RotationFailedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.interruption import Interruption
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds import KINDS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import WantedCredential
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.on_demand import OnDemand
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.options import refuse_missing, settings_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Remote, Sink, Store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.rotator import Rotator
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_managers import secret_store
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import AWX_CREDENTIAL
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store import RescueFile, VarsFileStore, rescue_path
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.tag import tag_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ticket import seal, ticket_key, unseal
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import ARGUMENTS, variables_set, with_defaults
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.whose import Attributed

if TYPE_CHECKING:
    from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.client_file import ClientFile
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import GitAccess
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.publish import Order
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.awx_credential import AwxAccess
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import SecretStore

_Options = Mapping[str, Any]
_Path = Callable[[str], str]
# What few rotations need.
_kept: OnDemand[..., AbstractContextManager[None]] = OnDemand("plugin_utils._git.clone", "kept")
_git_options: OnDemand[[_Options, Mapping[str, str], _Path], tuple[dict[str, Any], GitAccess]] = OnDemand(
    "plugin_utils._git.options", "git_options"
)
_order: OnDemand[..., Order] = OnDemand("plugin_utils._git.publish", "Order")
_git_remote: OnDemand[[Order, str, GitAccess, Any], Remote] = OnDemand("plugin_utils._rotation.remote", "GitRemote")
_awx_access: OnDemand[[_Options, Mapping[str, str], _Path], AwxAccess] = OnDemand("plugin_utils._rotation.awx_credential", "awx_access")
_awx_credential: OnDemand[[AwxAccess], Sink] = OnDemand("plugin_utils._rotation.awx_credential", "AwxCredential")
_credentials_file: OnDemand[[str, ClientFile, str, str, float], Sink] = OnDemand(
    "plugin_utils._rotation.credentials_file", "CredentialsFile"
)


_OF_THE_PHASE: dict[str, Any] = {  # what the tasks of the role say; all the rest are variables of the role
    "phase": {"type": "str", "required": True, "choices": ["begin", "finish", "undo", "undone"]},
    "ticket": {"type": "str", "no_log": False},
    "failed_step": {"type": "str"},
    "failure": {"type": "str"},
    "undone": {"type": "bool", "default": False},
}


class ActionModule(ControllerAction):
    """Runs rotation."""

    name = "rotation"
    argument_spec: ClassVar[dict[str, Any]] = {
        **_OF_THE_PHASE,
        "platform": shared_arguments()["platform"],
        "endpoint": {"type": "str"},
        "max_parallel_requests": {"type": "int"},
        "auth": {"type": "dict", "default": {}, "options": auth_arguments()},
        **ARGUMENTS,
        "publish_git": {"type": "dict", "options": GIT_ARGUMENTS},
    }
    called: ClassVar[Mapping[str, str]] = {name: f"rotate_{name}" for name in argument_spec if name not in _OF_THE_PHASE}

    def arguments(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the task, and for each that it does not have the role's variable, as validate_argument_spec has those.

        With a template for each in the role, Ansible would compile every one of them in each host's process.
        """
        of_the_role = [name for name in self.argument_spec if name not in self._task.args]
        own = super().arguments(task_vars)
        if isinstance(own.get("failure"), (list, dict)):  # what a task of the user failed with, such as the fail_msg of an assert
            own["failure"] = str(own["failure"])
        return {**variables_set(of_the_role, task_vars, self._templar.template), **own}

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        host = str(task_vars.get("inventory_hostname", ""))
        alone = len(task_vars.get("ansible_play_hosts_all") or ()) <= 1
        with Interruption() as interruption:
            display = Display()
            names = option_names(options, self.argument_spec)
            show = shown_beside(C.DEFAULT_STDOUT_CALLBACK, display.display)
            steps = DisplayedSteps(host, show, alone or display.verbosity > 0, interruption, names)
            self.unsayable = steps.secrets
            try:
                phase = _Phase(self, with_defaults(options), steps, host)
                with phase.clone_kept():
                    result = phase.run(options["phase"], check_mode)
            except LatchkeyError as failure:
                failure.details |= {"steps": steps.steps, "warnings": steps.warnings}
                raise
        if steps.warnings:
            result["warnings"] = steps.warnings
        if "rotate_result" in result:
            result["rotate_result"] |= {"platform": options["platform"], "time": format_instant(utc_now()), "steps": steps.steps}
        return {**result, "steps": steps.steps}


class _Phase:
    """One phase: the settings and ports from a task's options, and what the phase returns as a task's result."""

    def __init__(self, action: ActionModule, options: dict[str, Any], steps: DisplayedSteps, host: str) -> None:
        self._action = action
        self._options = options
        self._steps = steps
        self._host = host
        self._rotation: Rotation | None = None
        self._secret: SecretStore | None = None  # where a secret manager is the store
        refuse_missing("endpoint", options["endpoint"], "Set it to where the platform's API is, for example cluster.example.com:8000.")
        self._settings = settings_of(options, options["endpoint"], platform_class(options["platform"]))

    @property
    def vars_file(self) -> str:
        """Where the vars file is; empty where there is none."""
        return self._action.path(self._options["vars_file"]) if self._options["vars_file"] else ""

    @property
    def rescue_file(self) -> str:
        """Where the rescue file is; empty where a rotation has none."""
        if not (self._settings.in_place and self.vars_file):
            return ""
        return self._action.path(rescue_path(self._options["rescue_file"], self._options["vars_file"], self._settings.var))

    def clone_kept(self) -> AbstractContextManager[None]:
        """Keep the clone of a git remote that the vars file is in, if it is in one. Raises RefusedError when entered."""
        if not is_among_clones(self.vars_file):
            return nullcontext()
        return _kept(self.vars_file, is_pushed=self._settings.publishes, rescue=self.rescue_file)

    def run(self, phase: str, check_mode: bool) -> dict[str, Any]:
        if phase == "begin":
            return self._begin(check_mode)
        if phase == "undo" and not self._options["ticket"]:  # what could be undone is undone
            reason = self._options["failure"] or _sentence(*_cause(self._options))
            return {"changed": False, "undone": self._options["undone"], "reason": reason}
        if not self._options["ticket"]:
            raise OptionError(f"ticket: it goes with phase {phase}.")
        ticket = unseal(self._options["ticket"], ticket_key())
        rotator = Rotator(self._connection(), lambda: "", self._steps.warn, ticket["session"])
        rotation = Rotation.resume(
            self._settings, self._ports(rotator), ticket["rotation"], run=this_run(self._host), is_gone=self._is_gone
        )
        if phase == "finish":
            return self._guarded(rotation, rotator, rotation.finish)
        step, words = _cause(self._options)
        words = redact(words, self._steps.secrets)
        if phase == "undo":
            return self._told(rotation, rotator, rotation.undo(step, words))
        return self._told(rotation, rotator, rotation.undone(step, words if self._options["failure"] else ""))

    def _begin(self, check_mode: bool) -> dict[str, Any]:
        self._check()
        connection = self._connection()
        try:
            return self._begin_as(connection, check_mode)
        except AuthenticationError as failure:  # a play token that was refused before anything was changed is replaced, once
            auth = self._options["auth"]
            changed = self._rotation is not None and self._rotation.record.changed
            again = token_to_try_with(auth, {"status": failure.status, "changed": changed}, self._steps.warn)
            if not again:
                raise
        self._options["auth"] = {**auth, "token": again}
        return self._begin_as(self._connection(), check_mode)

    def _begin_as(self, connection: Connection, check_mode: bool) -> dict[str, Any]:
        rotator = Rotator(connection, self._rescued, self._steps.warn)
        self._rotation = Rotation(self._settings, self._ports(rotator), run=this_run(self._host), is_gone=self._is_gone)
        begin = self._rotation.begin
        return self._guarded(self._rotation, rotator, lambda: begin(check_mode))

    def _rescued(self) -> str:
        """Return the secret that an earlier run could not store; empty before the rescue file is read, and where there is none."""
        return self._rotation.record.rescued.secret if self._rotation else ""

    def _guarded(self, rotation: Rotation, rotator: Rotator, act: Any) -> dict[str, Any]:
        """Do a phase, and end the session unless another phase follows."""
        keep = False
        try:
            result: dict[str, Any] = act()
            data = result.pop("ticket_data", None)
            keep = data is not None
            if keep:
                result["ticket"] = self._ticket(data, rotator)
        except RotationFailedError as failure:
            keep = failure.needs_hand_over
            failure.details["undone"] = failure.undone
            if keep:
                failure.details["ticket"] = self._ticket(rotation.ticket_data(), rotator)
            raise
        finally:
            rotator.close(keep_session=keep)
            if self._secret:
                self._secret.close()
        if "message" in result:
            self._steps.line(result["message"])
        return self._as_result(rotation, result)

    def _as_result(self, rotation: Rotation, result: dict[str, Any]) -> dict[str, Any]:
        """Return what the role, and the tasks of the user, need of a phase's result."""
        parts: dict[str, Any] = {name: result.pop(name) for name in ("ticket", "would", "undoes", "diff") if name in result}
        record = rotation.record
        reload = self._options["reload_vars"] and bool(record.stored or record.undid) and self._secret is None
        return {
            "changed": record.changed or bool(parts.get("would")),
            "path": self._secret.where if self._secret else self._action.path(self._options["vars_file"]),
            "reload": reload,
            # The role's task files; after hand_over.yml it is the finish that tells whether to load.
            "next": [*(["hand_over.yml"] if "ticket" in parts else []), *(["load.yml"] if reload or "ticket" in parts else [])],
            "undoes": False,
            "token_id": result["token_id"],
            "expires_at": result["expires_at"],
            **parts,
            "rotate_result": result,
        }

    def _told(self, rotation: Rotation, rotator: Rotator, failure: RotationFailedError) -> dict[str, Any]:
        """Return what the role has to do about a failure, and to say of it."""
        keep = failure.needs_hand_over
        try:
            old = rotation.record.plan.current
            result = {
                "changed": rotation.record.changed,
                "undone": failure.undone,
                "reason": redact(str(failure), self._steps.secrets),
                "undoes": True,
                "token_id": old.get("id"),
                "expires_at": old.get("expires_at"),
            }
            return {**result, **({"ticket": self._ticket(rotation.ticket_data(), rotator)} if keep else {})}
        finally:
            rotator.close(keep_session=keep)

    def _ticket(self, data: Mapping[str, Any], rotator: Rotator) -> str:
        return seal({"rotation": data, "session": rotator.session_data()}, ticket_key())

    # From the options

    def _is_gone(self, run: str) -> bool | None:
        return is_gone(run, self._host)

    def _check(self) -> None:
        """Refuse what is wrong with the options before anything happens. Raises OptionError, RefusedError."""
        skipped = skipped_for_want_of_a_token(self._options["auth"], check_mode=True)
        if skipped:
            raise RefusedError("There is no play token in check mode.", "Set mint_in_check_mode for a look at a rotation.")
        read_probes(self._options["checks"], "rotate_checks")
        for cluster in self._clusters():
            with open_platform(cluster):
                pass
        tasks = self._options["publish_tasks"]
        if tasks and not os.path.isfile(self._action.path(tasks)):
            raise OptionError(f"rotate_publish_tasks: there is no file {self._action.path(tasks)}. Nothing was rotated.")

    def _connection(self) -> Connection:
        options = self._options
        auth = {name: value for name, value in options["auth"].items() if value is not None}
        place = {"platform": options["platform"], "endpoint": options["endpoint"]}
        parallel = options["max_parallel_requests"] or None
        with _named("rotate_auth", (*place, "max_parallel_requests")):
            connection = resolve_connection({**auth, **place, "max_parallel_requests": parallel}, os.environ)
        self._steps.names |= connection.auth.names()
        self._steps.hide(*connection.auth.secrets())
        return connection

    def _clusters(self) -> list[Connection]:
        if not self._settings.is_secret:
            return []
        unused = {"client_id": "none", "client_secret": "never sent"}
        with _named("rotate_clusters"):
            return [
                resolve_connection(
                    {**unused, **{name: value for name, value in one.items() if value is not None}, "platform": CARRIED_TO}, os.environ
                )
                for one in self._options["clusters"]
            ]

    def _ports(self, rotator: Rotator) -> Ports:
        options, settings, vault = self._options, self._settings, self._action.vault()
        lock_timeout = parse_duration(options["lock_timeout"], "rotate_lock_timeout").total_seconds()
        clock = PlatformClock(rotator.now, self._steps.sleep)
        rescue, remote = None, None
        store: Store | None
        store = self._secret = secret_store(options, settings.var, settings.client_id_var, os.environ, self._action.path)
        if store is None:
            path = self._action.path(options["vars_file"])
            store = VarsFileStore(path, Names(settings.var, settings.client_id_var), vault, options["vault_id"] or None, lock_timeout)
            remote = self._remote(path) if settings.publishes else None
        if settings.in_place and isinstance(store, VarsFileStore):
            rescue = RescueFile(self.rescue_file, store, f"{settings.account} {settings.var}", vault, lock_timeout)
        longest_tag = platform_class(options["platform"]).longest_tag
        wanted = WantedCredential(
            account=settings.account,
            var=settings.var,
            id_var=settings.client_id_var,
            checks=options["checks"],
            clusters=self._clusters(),
            patience=settings.patience,
            tag=tag_of(options["tag"], settings.var, longest_tag),
            old_tag=(options["tag"] or settings.var)[:longest_tag],  # as version 1.0.0 cut it off
            accounts=settings.accounts,
            roles=settings.roles,
            s3_endpoint=options["s3_endpoint"],
            force=settings.policy.force,
            tell=self._steps.line,
        )
        return Ports(
            store=store,
            credentials=Attributed(KINDS[settings.kind](rotator, wanted, clock, self._steps.warn), settings.var),
            rescue=rescue,
            remote=remote,
            clock=clock,
            progress=self._steps,
            sinks={name: self._sink(name, lock_timeout) for name in (*settings.sinks, *settings.later_sinks)},
        )

    def _sink(self, name: str, lock_timeout: float) -> Sink:
        options = self._options
        if name == AWX_CREDENTIAL:
            access = _awx_access(options[f"publish_{name}"], os.environ, self._action.path)
            self._steps.hide(access.token)
            return _awx_credential(access)
        form = platform_class(options["platform"]).client_files[options["credential"]]
        path = self._action.path(options[f"publish_{name}"]["path"])
        return _credentials_file(path, form, self._settings.account, self._connection().endpoint.url, lock_timeout)

    def _remote(self, path: str) -> Remote:
        options, settings = self._options, self._settings
        given = {name: value or None for name, value in options["publish_git"].items()}
        names = Names(settings.var, settings.client_id_var)
        message = given.get("message") or f"Rotate {settings.var} of {settings.account}"
        with _named("rotate_publish_git"):
            place, access = _git_options(given, os.environ, self._action.path)
        self._steps.hide(access.token)
        order = _order(path=path, names=[one for one in (names.value, names.client_id) if one], message=message, **place)
        return _git_remote(order, names.state, access, self._action.vault())


@contextmanager
def _named(variable: str, variables: Sequence[str] = ()) -> Iterator[None]:
    """Name the variable of the role in an error about an option.

    Args:
        variable: which holds the options.
        variables: the options that are variables of their own.
    """
    try:
        yield
    except OptionError as failure:
        failure.reword(f"rotate_{failure}" if failure.option in variables else f"{variable}: {failure}")
        raise


def _cause(options: Mapping[str, Any]) -> tuple[str, str]:
    """Return what failed, and how. From ansible-core 2.19 on, a host is also sent to undo when it is another one that failed."""
    step, words = options["failed_step"] or "", options["failure"] or ""
    if not step and not words:
        return "another host", "it failed, and any_errors_fatal ends the play for all hosts"
    return step or "a task", words or "it said nothing"


def _sentence(step: str, words: str) -> str:
    return f"{step[:1].upper()}{step[1:]}: {words}."
