# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found in AWX, against what is wanted, and the words of its modules, as decisions and sentences. No request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RefusedError

from .wanted import KINDS, MARK, WantedObject

_HIDDEN = "$encrypted$"
# Arguments of the modules that are no fields of an object, or have another name there.
_NO_FIELDS = frozenset(("organization", "credentials", "survey_spec", "update_secrets", "notification_templates_error"))
_KEPT_AS_FOUND = ("organization", "execution_environment")  # adopted ones may be shared with others
COLLECTIONS = ("awx.awx", "ansible.controller")


def no_collection() -> OptionError:
    """Return the refusal where no collection with AWX's modules is installed."""
    return OptionError(
        "Neither awx.awx nor ansible.controller is installed, whose modules create the objects of AWX.",
        "Install the one of your AWX or automation controller, for example with: ansible-galaxy collection install awx.awx",
    )


def ours(one: WantedObject, found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the object of that name, where it may be changed; None where there is none.

    Raises:
        RefusedError: it is not ours, or there are several.
    """
    if KINDS[one.kind].nested:
        return found[0] if found else None
    if len(found) > 1:
        raise RefusedError(
            f"AWX has {len(found)} objects {one.title}, so it is not clear which one is meant.", "Rename or delete all but one of them."
        )
    if not found:
        return None
    if MARK in str(found[0].get("description") or "") or one.adopted:
        return found[0]
    raise RefusedError(
        f"AWX has an object {one.title} already, and this playbook did not create it.",
        f"Rename it, or add '{one.name}' to awx_setup_adopt to have the playbook take and change it.",
    )


def kept_as_found(one: WantedObject, found: Mapping[str, Any] | None) -> bool:
    """Tell whether an object is only used: one of another owner that others may use as well."""
    return bool(found) and one.adopted and one.kind in _KEPT_AS_FOUND


def arguments(one: WantedObject, found: Mapping[str, Any] | None, update_secrets: bool) -> dict[str, Any]:
    """Return the arguments of the module: without what AWX hides, which the module would take for a change."""
    given = one.module_arguments()
    if one.kind == "credential":
        given["update_secrets"] = update_secrets
        if found and "inputs" in given:
            given["inputs"] = {**(found.get("inputs") or {}), **given["inputs"]}
    if one.kind == "notification_template" and found and not update_secrets:
        before = found.get("notification_configuration") or {}
        if all(before.get(name) in (value, _HIDDEN) for name, value in given["notification_configuration"].items()):
            del given["notification_configuration"]
    return given


def not_known(one: WantedObject, given: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the fields that this AWX does not have: those that we gave and its object lacks."""
    return sorted(name for name in given if name not in after and name not in _NO_FIELDS)


def too_old(one: WantedObject, fields: Sequence[str], version: str) -> LatchkeyError:
    """Return the failure for fields that an AWX does not have."""
    return LatchkeyError(
        f"AWX {version} does not know {', '.join(fields)} of a {KINDS[one.kind].title}, so {one.name} is not as it should be.",
        "Update AWX; the guide says from which version on.",
    )


def failed(one: WantedObject, message: str, response: Any, where: str, version: str, collection: str) -> LatchkeyError:
    """Return the failure of a module in one sentence, with what to do.

    Args:
        one: the object that it was about.
        message: the module's words.
        response: AWX's answer, where the module hands it on.
        where: the address of AWX.
        version: AWX's version.
        collection: the collection of the module.
    """
    kind = KINDS.get(one.kind)
    if "(HTTP 403)" in message:
        right = kind.right if kind else "execute on the job template"
        return LatchkeyError(
            f"The token may not create or change the {one.title} at {where} (HTTP 403).", f"Its user needs this right in AWX: {right}."
        )
    if kind and re.search(rf"could not be found at \S*/{kind.endpoint}/", message):
        return LatchkeyError(f"AWX {version} at {where} has no list of {kind.endpoint.replace('_', ' ')}.", "Update AWX.")
    unsupported = re.search(r"Unsupported parameters for \(\S+\) module: (.*?)\.? Supported", message)
    if unsupported:
        return LatchkeyError(
            f"The module {collection}.{one.kind} does not know {unsupported[1]}, so the {one.title} was not created.",
            f"Install a newer {collection}.",
        )
    said = message.strip() + (f" {_said(response)}" if response else "")
    return LatchkeyError(
        f"The {one.title} could not be created or changed at {where}: {said.rstrip('.')}.", "Correct what AWX names, and run again."
    )


def _said(response: Any) -> str:
    """Return AWX's words from an answer that a module hands on."""
    body = response.get("json", response) if isinstance(response, Mapping) else response
    if isinstance(body, Mapping):
        return "; ".join(f"{name}: {' '.join(map(str, why)) if isinstance(why, list) else why}" for name, why in body.items())
    return str(body)


def unreachable(where: str, message: str) -> LatchkeyError:
    """Return the failure of the first request."""
    if "(HTTP 401)" in message:
        return LatchkeyError(
            f"AWX at {where} does not take the token (HTTP 401).", "Create one in AWX under your user, with the scope write."
        )
    if "could not be found" in message:
        return LatchkeyError(
            f"There is no API of AWX at {where}: {message.rstrip('.')}.",
            "Check CONTROLLER_HOST, and for automation controller behind the platform's gateway that ansible.controller is installed.",
        )
    return LatchkeyError(f"AWX at {where} cannot be reached: {message.rstrip('.')}.", "Check CONTROLLER_HOST and the certificate.")
