# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a task's arguments in the worker just as AnsibleModule would. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError as UnknownOptionError

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import (
    option_names,
    option_secrets,
    redact,
    secret_strings,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._option_types import refuse_other_types
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.hidden import register


def checked_arguments(
    module: str,
    arguments: Mapping[str, Any],
    argument_spec: Mapping[str, Any],
    rules: Mapping[str, Any],
    called: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the arguments with types converted and defaults filled in; unset ones are None.

    Args:
        module: the module's full name, for the error.
        arguments: what the task says.
        argument_spec, rules: as AnsibleModule takes them.
        called: what the user calls some of the options, for the error, where the task takes them from variables of other names.

    Raises:
        OptionError: the arguments do not fit, worded as AnsibleModule does unless it would take them all the same, with secrets masked.
    """
    names = called or {}
    known, given = ({names.get(name, name): one for name, one in all_.items()} for all_ in (_without_no_log(argument_spec), arguments))
    register(option_secrets(arguments, argument_spec), option_names(arguments, argument_spec))
    refuse_other_types(given, known)
    # Without no_log, since ansible-core 2.22 would register each secret, also one that is "admin".
    checked = ArgumentSpecValidator(known, **rules).validate(given)
    if checked.error_messages:
        message = checked.errors.msg
        if isinstance(checked.errors[0], UnknownOptionError):
            message = f"Unsupported parameters for ({module}) module: {message}"
        # In this order: a secret that resembles a known one would be masked in part, and then not found.
        raise OptionError(redact(_unquoted(message, arguments), option_secrets(arguments, argument_spec)))
    validated = checked.validated_parameters
    return {name: validated[names.get(name, name)] for name in argument_spec if names.get(name, name) in validated}


def _without_no_log(argument_spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            **{key: value for key, value in spec.items() if key != "no_log"},
            **({"options": _without_no_log(spec["options"])} if "options" in spec else {}),
        }
        for name, spec in argument_spec.items()
    }


def _unquoted(message: str, arguments: Mapping[str, Any]) -> str:
    """Return the message without the values that it quotes, since one may be a secret that was given to the wrong option."""
    for text in sorted(set(secret_strings(dict(arguments))), key=len, reverse=True):
        message = message.replace(f"'{text}'", "'********'").replace(f"got: {text}", "got: ********")
    return message
