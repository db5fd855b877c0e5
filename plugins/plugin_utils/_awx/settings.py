# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbook awx_setup become settings, or are refused by name. No request; files are read by who calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError

from .wanted import VAULT, AwxSettings, CredentialType

_NEEDED = {
    "project_url": "the git repository with the playbooks, for example https://git.example.com/ops/keys.git",
    "image": "the image of the execution environment, for example registry.example.com/ops/latchkey-ee",
    "platforms": "a list of platforms",
}
_FEW = ("git", "leaked")  # the types of ours that are no platform's


def credential_types(
    known: Mapping[str, Mapping[str, Any]], platforms: Sequence[str], read: Callable[[str], Mapping[str, Any]]
) -> dict[str, CredentialType]:
    """Return the credential types that are needed, by key.

    Args:
        known: what playbooks/vars/awx_setup.yml says of each.
        platforms: which platforms the user named.
        read: returns a document of docs/awx/credential_types.

    Raises:
        OptionError: a platform is not known.
    """
    possible = [key for key in known if key not in _FEW]
    for name in platforms:
        if name not in possible:
            raise OptionError(f"awx_setup_platforms: '{name}' is not known.", f"Name some of {', '.join(possible)}.")
    found = {
        key: CredentialType(
            key,
            str(one["title"]),
            read(f"{key}/inputs.yml"),
            read(f"{key}/injectors.yml"),
            str(one["prefix"]),
            dict(one["from_files"]),
            tuple(one["asked"]),
        )
        for key, one in known.items()
        if key in platforms or key in _FEW
    }
    return {**found, VAULT.key: VAULT}


def check_needed(options: Mapping[str, Any]) -> None:
    """Raise OptionError for a variable that is needed and not set."""
    for name, what in _NEEDED.items():
        if not options[name]:
            raise OptionError(f"awx_setup_{name} is missing: {what}.", f"Set it, for example with -e awx_setup_{name}=...")


def given_values(
    kind: CredentialType, given: Mapping[str, Any], environment: Mapping[str, str], read_file: Callable[[str], str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the inputs of a credential that the user or the environment gives, and those that another credential looks up.

    Raises:
        OptionError: an input is not one of the type, or is given in a form that is not known.
    """
    ids = [str(one["id"]) for one in kind.inputs["fields"]]
    values: dict[str, Any] = {}
    lookups: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        if name not in ids:
            raise OptionError(
                f"awx_setup_credentials: '{name}' is no input of the credential {kind.key}.", f"Its inputs are {', '.join(ids)}."
            )
        if isinstance(value, Mapping):
            if not isinstance(value.get("source"), str) or set(value) - {"source", "metadata"}:
                raise OptionError(
                    f"awx_setup_credentials: {kind.key}.{name} is a dictionary, and not one of source and metadata.",
                    "Give the value, or the name of a credential that looks it up as source, with its metadata.",
                )
            lookups[str(name)] = dict(value)
        elif value not in (None, ""):
            values[str(name)] = value
    for name in ids if kind.prefix else []:
        if name in values or name in lookups:
            continue
        path, value = environment.get(kind.from_files.get(name, ""), ""), environment.get(f"{kind.prefix}_{name.upper()}", "")
        if path or value:
            values[name] = value or read_file(path)
    return values, lookups


def missing_values(kind: CredentialType, values: Mapping[str, Any], lookups: Mapping[str, Any]) -> list[str]:
    """Return the inputs of a new credential that are to be asked for: what is required, and what proves who calls."""
    there = {*values, *lookups}
    required = [str(name) for name in kind.inputs.get("required", [])]
    proofs = [] if there & set(kind.secrets) else list(kind.asked)
    return [name for name in dict.fromkeys((*required, *proofs)) if name not in there]


def without_terminal(kind: CredentialType, name: str) -> OptionError:
    """Return the refusal of a run that would have to ask and cannot."""
    variable = f"{kind.prefix}_{name.upper()}" if kind.from_files.get(name) is None else kind.from_files[name]
    return OptionError(
        f"The credential {kind.name} needs {name}, and there is no terminal to ask on.",
        f"Set {variable} in the environment, or awx_setup_credentials.{kind.key}.{name}.",
    )


def settings_of(
    options: Mapping[str, Any],
    types: Mapping[str, CredentialType],
    values: Mapping[str, Mapping[str, Any]],
    lookups: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> AwxSettings:
    """Return the settings. Raises OptionError for a job template or a notification that is not known."""
    names = [str(one["name"]) for one in options["job_templates"]]
    for option in ("variables", "schedules"):
        for name in options[option]:
            if name not in names:
                raise OptionError(f"awx_setup_{option}: '{name}' is no job template of this setup.", f"These are {', '.join(names)}.")
    if options["notification"] and not options["notification"].get("type"):
        raise OptionError("awx_setup_notification: its type is missing.", "Set it to one of AWX's, for example webhook or email.")
    return AwxSettings(
        organization=options["organization"],
        image=options["image"],
        project_url=options["project_url"],
        project_branch=options["project_branch"],
        inventory_file=options["inventory_file"],
        types=types,
        platforms=options["platforms"],
        values=values,
        lookups=lookups,
        templates=options["job_templates"],
        variables=options["variables"],
        schedules=options["schedules"],
        notification=options["notification"],
        adopted=frozenset(options["adopt"]),
    )
