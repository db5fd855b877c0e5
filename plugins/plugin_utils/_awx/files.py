# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same objects as variables for infra.aap_configuration, with a variable in place of each secret. Text out, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from .wanted import KINDS, CredentialType, WantedObject

_HEAD = "# Written by latchkey.tokens.awx_setup, for the roles of infra.aap_configuration.\n---\n"

# The parts of a notification's configuration that AWX hides, by awx/main/notifications, and headers, which may have a secret in them.
_OF_NOTIFICATIONS = frozenset(
    ("password", "token", "account_token", "grafana_key", "aws_secret_access_key", "aws_session_token", "headers")
)


class _Unsafe(str):
    """Text that Ansible must not template, since AWX does."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes text that AWX templates with the tag that Ansible has for it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists in mappings, as linters of Ansible want it."""
        super().increase_indent(flow, False)


def _represent(dumper: yaml.SafeDumper, text: _Unsafe) -> yaml.Node:
    return dumper.represent_scalar("!unsafe", str(text), style='"')


_Dumper.add_representer(_Unsafe, _represent)
# Ansible has types of its own for what it read, which are those of YAML all the same.
_Dumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(text))
_Dumper.add_multi_representer(int, lambda dumper, number: dumper.represent_int(number))
_Dumper.add_multi_representer(dict, lambda dumper, mapping: dumper.represent_dict(mapping))
_Dumper.add_multi_representer(list, lambda dumper, items: dumper.represent_list(items))


def placeholder(kind: CredentialType, name: str) -> str:
    """Return the variable that stands for a secret input."""
    return f"{{{{ latchkey_{kind.key}_{name} }}}}"


def as_file(objects: Sequence[WantedObject]) -> str:
    """Return the text of one vars file with all objects. Their secrets must be placeholders."""
    variables: dict[str, list[Any]] = {}
    for one in objects:
        variables.setdefault(KINDS[one.kind].variable, []).append(_item(one))
    text = yaml.dump(variables, Dumper=_Dumper, sort_keys=False, width=130, allow_unicode=True, explicit_start=False)
    return _HEAD + str(text)


def _item(one: WantedObject) -> dict[str, Any]:
    arguments = one.module_arguments()
    if one.kind in ("credential_type", "host"):
        arguments = {name: _unsafe(value) for name, value in arguments.items()}
    if one.kind == "notification_template":
        found = arguments["notification_configuration"]
        hidden = {name: f"{{{{ latchkey_notification_{name} }}}}" for name, value in found.items() if value and name in _OF_NOTIFICATIONS}
        arguments["notification_configuration"] = {**found, **hidden}
    return arguments


def _unsafe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _unsafe(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_unsafe(one) for one in value]
    return _Unsafe(value) if isinstance(value, str) and "{{" in value else value
