# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action awx_setup: has the modules of AWX's own collection create what jobs of this collection need."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import option_names, remember
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import register
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.on_controller import ControllerAction
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx import judged
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.files import as_file, placeholder
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.settings import (
    check_needed,
    credential_types,
    given_values,
    missing_values,
    settings_of,
    without_terminal,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._awx.wanted import KINDS, AwxSettings, CredentialType, WantedObject, wanted
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.atomic import locked

_TYPES = Path(__file__).resolve().parents[2] / "docs" / "awx" / "credential_types"
_FILE = "latchkey.yml"
_FIRST = "rotate"  # the job template that a first job is of
_VAULT_ID = "prod"  # as the sample project has it
_Values = dict[str, dict[str, Any]]


class ActionModule(ControllerAction):
    """Runs awx_setup."""

    name = "awx_setup"
    argument_spec: ClassVar[dict[str, Any]] = {
        "organization": {"type": "str", "default": "Latchkey"},
        "image": {"type": "str"},
        "project_url": {"type": "str"},
        "project_branch": {"type": "str", "default": "main"},
        "inventory_file": {"type": "str", "default": "inventory.yml"},
        "platforms": {"type": "list", "elements": "str", "default": []},
        "credentials": {"type": "dict", "default": {}, "no_log": True},
        "variables": {"type": "dict", "default": {}},
        "schedules": {"type": "dict", "default": {}},
        "notification": {"type": "dict", "default": {}, "no_log": True},
        "adopt": {"type": "list", "elements": "str", "default": []},
        "update_secrets": {"type": "bool", "default": False, "no_log": False},
        "first_job": {"type": "bool", "default": True},
        "directory": {"type": "path"},
        "credential_types": {"type": "dict", "required": True, "no_log": False},
        "job_templates": {"type": "list", "elements": "dict", "required": True},
    }

    def perform(self, options: dict[str, Any], check_mode: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        check_needed(options)
        types = credential_types(options["credential_types"], options["platforms"], _document)
        values, lookups = self._given(types, options)
        if options["directory"]:
            return _written(settings_of(options, types, _placeholders(types, values), lookups), options["directory"], check_mode)
        awx = _Awx(self, task_vars)
        self._complete(types, values, lookups, awx, options, check_mode)
        return awx.create(wanted(settings_of(options, types, values, lookups)), options, check_mode)

    def _given(self, types: Mapping[str, CredentialType], options: Mapping[str, Any]) -> tuple[_Values, dict[str, _Values]]:
        """Return the inputs of all credentials that are given, and those that others look up."""
        for name in options["credentials"]:
            if name not in types:
                raise OptionError(
                    f"awx_setup_credentials: '{name}' is no credential of this setup.", f"These are {', '.join(sorted(types))}."
                )
        values, lookups = {}, {}
        for key, kind in types.items():
            values[key], lookups[key] = given_values(kind, options["credentials"].get(key) or {}, os.environ, _text)
            self._hide(kind, values[key], options)
        values["vault"] = {"vault_id": _VAULT_ID, **values["vault"]}
        values["git"] = {"remote": options["project_url"], "branch": options["project_branch"], **values["git"]}
        return values, lookups

    def _hide(self, kind: CredentialType, values: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        secrets = [str(values[name]) for name in kind.secrets if values.get(name)]
        names = [str(value) for name, value in values.items() if name not in kind.secrets]
        remember(*secrets)
        register(secrets, [*names, *option_names(options, self.argument_spec)])
        self.unsayable = [*self.unsayable, *secrets]

    def _complete(
        self,
        types: Mapping[str, CredentialType],
        values: _Values,
        lookups: Mapping[str, Mapping[str, Any]],
        awx: _Awx,
        options: Mapping[str, Any],
        check_mode: bool,
    ) -> None:
        """Ask for what new credentials need and nothing gives. One that is there keeps what it has, and check mode does without."""
        for key, kind in types.items():
            missing = missing_values(kind, values[key], lookups[key])
            if not missing or check_mode or awx.find(WantedObject("credential", kind.name)):
                continue
            for name in missing:
                values[key][name] = _asked(kind, name)
            self._hide(kind, values[key], options)

    # What objects of AWX are created with

    def run_module(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run a module of AWX's collection. Its arguments never become a file."""
        if not self._connection.become:
            with contextlib.suppress(AnsibleError, KeyError):  # a connection plugin that has no such option
                self._connection.set_option("pipelining", True)
        result: dict[str, Any] = self._execute_module(module_name=name, module_args=arguments, task_vars=task_vars)
        return result

    def lookup(self, name: str) -> Any:
        """Return a lookup plugin; None where its collection is not installed."""
        with contextlib.suppress(AnsibleError):
            return lookup_loader.get(name, loader=self._loader, templar=self._templar)
        return None


class _Awx:
    """AWX, as the modules and the lookup of its own collection reach it."""

    def __init__(self, action: ActionModule, task_vars: dict[str, Any]) -> None:
        self._action, self._task_vars = action, task_vars
        self.where = os.environ.get("CONTROLLER_HOST", "").rstrip("/")
        self._token = os.environ.get("CONTROLLER_OAUTH_TOKEN", "")
        for name, value in (("CONTROLLER_HOST", self.where), ("CONTROLLER_OAUTH_TOKEN", self._token)):
            if not value:
                raise OptionError(
                    f"{name} is not set in the environment.",
                    "Set CONTROLLER_HOST to the address of AWX, and CONTROLLER_OAUTH_TOKEN to a token of yours with the scope write.",
                )
        remember(self._token)
        action.unsayable = [*action.unsayable, self._token]
        self.collection = next((one for one in judged.COLLECTIONS if action.lookup(f"{one}.controller_api") is not None), "")
        if not self.collection:
            raise judged.no_collection()
        try:
            self.version = str(self._get("ping")[0].get("version") or "of an unknown version")
            self._get("me")
        except AnsibleError as failure:
            raise judged.unreachable(self.where, str(failure)) from None

    def _get(self, endpoint: str, **query: Any) -> list[dict[str, Any]]:
        """Return the objects of a list. Raises AnsibleError."""
        plugin = self._action.lookup(f"{self.collection}.controller_api")
        found: list[dict[str, Any]] = plugin.run(
            [endpoint], self._task_vars, host=self.where, oauth_token=self._token, verify_ssl=True, query_params=query
        )
        return found

    def find(self, one: WantedObject) -> list[dict[str, Any]]:
        """Return the objects of that kind and name."""
        failure = ""
        try:
            return self._get(KINDS[one.kind].endpoint, **one.filters())
        except AnsibleError as error:
            failure = str(error)
        raise judged.failed(one, failure, None, self.where, self.version, self.collection)

    def create(self, objects: Sequence[WantedObject], options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
        """Create and change objects in their order. A failure says what was done before it."""
        done: dict[str, list[str]] = {"created": [], "changed_objects": []}
        pending: set[tuple[str, str]] = set()
        job: dict[str, Any] = {}
        try:
            for one in objects:
                self._create(one, options["update_secrets"], done, pending)
            if options["first_job"] and any(f"job template {_FIRST}" in titles for titles in done.values()):
                job = {"name": _FIRST} if check_mode else self._launch(options["organization"])
        except LatchkeyError as failure:
            before = "; ".join(titles for titles in (", ".join(done["created"]), ", ".join(done["changed_objects"])) if titles)
            failure.add(f"Done before: {before}." if before else "Nothing was changed in AWX.", **done)
            raise
        lines = _lines(done, job, check_mode) or [f"AWX at {self.where} is as it should be; nothing was changed."]
        return {"changed": any(done.values()), **done, "job": job, "version": self.version, "lines": lines}

    def _create(self, one: WantedObject, update_secrets: bool, done: dict[str, list[str]], pending: set[tuple[str, str]]) -> None:
        if pending & set(one.needs):  # in check mode; the modules fail where something that they refer to is not there
            pending.add(one.key)
            done["created"].append(one.title)
            return
        found = judged.ours(one, self.find(one))
        if judged.kept_as_found(one, found):
            return
        given = judged.arguments(one, found, update_secrets)
        result = self._run(one, given)
        if result.get("changed"):
            done["changed_objects" if found else "created"].append(one.title)
        if self._action._task.check_mode:
            pending.update({one.key} if not found else ())
            return
        after = next(iter(self.find(one)), {}) if result.get("changed") else found
        missing = judged.not_known(one, given, after or {}) if after else []
        if missing:
            raise judged.too_old(one, missing, self.version)

    def _launch(self, organization: str) -> dict[str, Any]:
        one = WantedObject("job_launch", _FIRST)
        result = self._run(one, {"name": _FIRST, "organization": organization, "job_type": "check"})
        return {"name": _FIRST, "id": result["id"], "url": f"{self.where}/#/jobs/playbook/{result['id']}/output"}

    def _run(self, one: WantedObject, given: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module of a kind of object. Raises LatchkeyError for its failure."""
        access = {"controller_host": self.where, "controller_oauthtoken": self._token, "validate_certs": True}
        failure = ""
        result: dict[str, Any] = {}
        try:
            result = self._action.run_module(f"{self.collection}.{one.kind}", {**given, **access}, self._task_vars)
        except AnsibleError as error:
            failure = str(error)
        if failure or result.get("failed"):
            answer = result.get("response") or result.get("errors")
            raise judged.failed(one, failure or str(result.get("msg")), answer, self.where, self.version, self.collection)
        return result


def _lines(done: Mapping[str, Sequence[str]], job: Mapping[str, Any], check_mode: bool) -> list[str]:
    """Return what was done, or would be, as lines for people; none where nothing was."""
    would = "would be " if check_mode else ""
    lines = [f"{would}created: {title}" for title in done["created"]]
    lines += [f"{would}changed: {title}" for title in done["changed_objects"]]
    if job:
        lines.append(f"would start a job of {job['name']} in check mode" if check_mode else f"started in check mode: {job['url']}")
    return lines


def _asked(kind: CredentialType, name: str) -> str:
    """Ask for an input. Raises OptionError where there is no terminal."""
    try:
        answer = Display().prompt_until(f"{kind.title}, {name.replace('_', ' ')}:", private=name in kind.secrets)
    except AnsibleError:  # no terminal, or Ctrl-C
        raise without_terminal(kind, name) from None
    return bytes(answer).decode("utf-8", "replace").strip()


def _document(path: str) -> Mapping[str, Any]:
    """Return a document of a credential type."""
    return dict(yaml.safe_load((_TYPES / path).read_text(encoding="utf-8")))


def _text(path: str) -> str:
    """Return the text of a file of the user's. Raises OptionError."""
    why = "it is a program, whose output would be needed"
    try:
        if not os.access(Path(path).expanduser(), os.X_OK):
            text = Path(path).expanduser().read_text(encoding="utf-8").strip("\n")
            return f"{text}\n" if "\n" in text else text  # keys and certificates end with a line break, passwords do not
    except (OSError, UnicodeDecodeError) as failure:
        why = getattr(failure, "strerror", None) or "it is not text"
    raise OptionError(f"{path} cannot be read: {why}.", "Correct the variable of the environment that names it.")


def _placeholders(types: Mapping[str, CredentialType], values: _Values) -> _Values:
    """Return the inputs with a variable in place of each secret: of those that are given, or else of those that would be asked for."""
    found = {}
    for key, kind in types.items():
        secrets = [name for name in kind.secrets if name in values[key]] or [name for name in kind.asked if name in kind.secrets]
        found[key] = {**values[key], **{name: placeholder(kind, name) for name in secrets}}
    return found


def _written(settings: AwxSettings, directory: str, check_mode: bool) -> dict[str, Any]:
    """Write the objects as a vars file for infra.aap_configuration."""
    path = Path(directory).absolute() / _FILE
    if not path.parent.is_dir():
        raise OptionError(f"awx_setup_directory: there is no directory {path.parent}.", "Create it, or name another one.")
    data = as_file(wanted(settings)).encode()
    with locked(str(path)) as file:
        before = file.read()
        if before != data and not check_mode:
            file.replace(data, 0o644)
    title = [f"file {path}"] if before != data else []
    done = {"created": [] if before else title, "changed_objects": title if before else []}
    lines = _lines(done, {}, check_mode) or [f"The file {path} is as it should be."]
    return {"changed": bool(title), **done, "job": {}, "version": None, "lines": lines}
