# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of the role rotate with null, omit, nothing, and values of other types: refused by its name, or what leaving it out means.

Nothing is sent before that, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.latchkey.tokens.plugins.action.rotation import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager_client import access_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.variables import variables_set

CANARY = "canary-Pa55word"
NOTHING = ("", "  ")
LIST, MAPPING = [CANARY], {CANARY: 1}
SPEC = {f"rotate_{name}": ActionModule.argument_spec[name] for name in ActionModule.called}
COMMON: dict[str, Any] = {"rotate_platform": "qumulo", "rotate_endpoint": "qumulo.invalid", "rotate_auth": {"token": "caller"}}
TOKEN = {**COMMON, "rotate_credential": "access_token", "rotate_account": "svc", "rotate_vars_file": "vault.yml", "rotate_var": "token"}
SECRET = {
    **TOKEN,
    "rotate_platform": "rubrik_rsc",
    "rotate_credential": "service_account_secret",
    "rotate_auth": {"client_id": "caller", "client_secret": "caller's"},
}
# With what a variable is tried that counts only then.
BESIDE: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("rotate_clusters", "rotate_rescue_file", "rotate_client_id_var", "rotate_strategy", "rotate_roles"), SECRET),
}


class SentError(Exception):
    """A request was about to be sent, or a file to be read that is not there: nothing was refused before that."""


# What holds options of its own: all that it needs, and with what it counts.
INSIDE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rotate_auth": ({"token": "caller"}, {}),
    "rotate_hashicorp_vault": ({"url": "https://vault.invalid", "path": "x", "token": "its"}, {"rotate_store": "hashicorp_vault"}),
    "rotate_publish_credentials_file": ({"path": "token.json"}, {"rotate_publish": "credentials_file"}),
    "rotate_publish_awx_credential": (
        {"controller_host": "awx.invalid", "controller_oauthtoken": "its", "name": "one", "input": "token"},
        {"rotate_publish": "awx_credential"},
    ),
    "rotate_publish_git": ({"remote": "https://git.invalid/x.git"}, {"rotate_publish": "git"}),
}
# What is empty and yet says something: it never expires; no age, no delay.
NEVER = {("expires_in", ""), ("max_age", ""), ("retire_after", "")}


def given_by(variables: Mapping[str, Any]) -> dict[str, Any]:
    return variables_set(ActionModule.called, {"omit": "__omit__", **variables}, lambda value: value)


Perform = Callable[[Mapping[str, Any]], str]


@pytest.fixture
def perform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Perform:
    """Begin a rotation with these variables of the role. It has no vault, and no platform answers. Return how it failed."""
    monkeypatch.chdir(tmp_path)

    def send(*_args: Any, **_how: Any) -> None:
        raise SentError

    monkeypatch.setattr(requests.Session, "request", send)

    def act(variables: Mapping[str, Any]) -> str:
        given = {"phase": "begin", **given_by(variables)}
        action: Any = object.__new__(ActionModule)
        action.path = lambda written: str(tmp_path / written)
        action.vault = lambda: None
        try:
            options = checked_arguments("latchkey.tokens.rotation", given, ActionModule.argument_spec, {}, ActionModule.called)
            action.perform(options, False, {"inventory_hostname": "localhost"})
        except SentError:
            return "sent"
        except LatchkeyError as failure:
            return str(failure)
        return "done"

    return act


def others(spec: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a variable of this type is not."""
    kind = spec.get("type", "str")
    yield from (MAPPING, [None], [LIST]) if kind == "list" else (LIST, 5) if kind == "dict" else (LIST, MAPPING)
    if kind == "bool":
        yield 5
    if kind in ("int", "float"):
        yield CANARY


@pytest.mark.parametrize("name", SPEC)
def test_a_value_of_another_type(perform, tmp_path, name):
    spec, beside = SPEC[name], BESIDE.get(name, TOKEN)
    wrong = {}
    for value in others(spec):
        wrong[str(value)] = perform({**beside, name: value})
    for inner, its in spec.get("options", {}).items():
        rest = {one: "/v1/x" for one, other in spec["options"].items() if other.get("required") and one != inner}
        for value in others(its):
            one = {**rest, inner: value}
            words = perform({**beside, name: [one] if spec["type"] == "list" else one})
            wrong[str(one)] = words if inner in words else f"without the name: {words}"
    for given, words in wrong.items():
        assert words.startswith(f"{name}: ") or f"{name} " in words or f"'{name}'" in words or f"found in {name}" in words, (given, words)
        assert "without the name" not in words, (given, words)
        assert CANARY not in words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SPEC)
@pytest.mark.parametrize("value", [None, "__omit__", *NOTHING])
def test_nothing(perform, tmp_path, name, value):
    """It is refused by its name, or what is handed over is what leaving it out hands over."""
    beside = BESIDE.get(name, TOKEN)
    rest = {one: given for one, given in beside.items() if one != name}
    option = name.removeprefix("rotate_")
    if option not in given_by({**rest, name: value}):
        assert given_by({**rest, name: value}) == given_by(rest)
    elif (option, value) in NEVER:
        assert perform({**rest, name: value}) == perform(rest)
    else:
        assert name in perform({**rest, name: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", NOTHING)
def test_a_role_without_a_name(perform, value):
    assert perform({**SECRET, "rotate_roles": ["one", value]}).startswith("rotate_roles: one of them is empty.")


INNER = [(name, inner) for name in INSIDE for inner in SPEC[name]["options"]]


@pytest.mark.parametrize(("name", "inner"), INNER)
@pytest.mark.parametrize("value", [None, *NOTHING])
def test_nothing_inside(perform, tmp_path, name, inner, value):
    """An option of an option: as one that is left out, or refused by its name."""
    rest, beside = INSIDE[name]
    without = {one: given for one, given in rest.items() if one != inner}
    whole, words = (perform({**TOKEN, **beside, name: one}) for one in (without, {**without, inner: value}))
    assert words == whole or (words.startswith((f"{name}: ", "argument ", "value of ")) and inner in words and name in words), words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inner", sorted(SPEC["rotate_aws_secretsmanager"]["options"].keys() - {"timeout"}))
@pytest.mark.parametrize("value", NOTHING)
def test_nothing_inside_of_what_boto3_gets(inner, value):
    def given(options: Mapping[str, Any]) -> Any:
        try:
            return access_of(options, {}, str)
        except OptionError as failure:
            return str(failure)

    without = {one: text for one, text in {"name": "x", "region": "eu-west-1"}.items() if one != inner}
    assert given({**without, inner: value}) == given(without)
