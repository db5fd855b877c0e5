# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup play_token: where its options come from, and what its errors show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.constants import config
from ansible.errors import AnsibleError

from ansible_collections.latchkey.tokens.plugins.doc_fragments import _auth, _connection
from ansible_collections.latchkey.tokens.plugins.lookup import play_token
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection

GIVEN = {"platform": "qumulo", "endpoint": "qumulo.example.com", "username": "svc", "password": "canary-own"}
PLACES = ("nowhere", "environment", "ansible.cfg", "variable", "argument")
OF_THE_USE = ("variable", "argument")
NAME = "latchkey.tokens.play_token"


def definitions() -> dict[str, Any]:
    """Return the options as Ansible has them when it has loaded the lookup."""
    shared = [yaml.safe_load(one.ModuleDocFragment.DOCUMENTATION)["options"] for one in (_connection, _auth)]
    own = yaml.safe_load(play_token.DOCUMENTATION)["options"]
    merged = {name: dict(option) for options in (*shared, own) for name, option in options.items()}
    for options in (*shared, own):
        for name, option in options.items():
            merged[name] |= option
    return {name: {**option, "name": name} for name, option in merged.items()}


@pytest.fixture
def lookup(monkeypatch: pytest.MonkeyPatch) -> play_token.LookupModule:
    config.initialize_plugin_configuration_definitions("lookup", NAME, definitions())
    monkeypatch.setattr(play_token.LookupModule, "_settled", (None, {}))
    found = play_token.LookupModule(None, SimpleNamespace(template=lambda value: value))
    found._load_name = NAME
    return found


@pytest.mark.parametrize("refusal", PLACES)
@pytest.mark.parametrize("trust", PLACES)
def test_certificates_are_verified_with_those_that_a_use_names(lookup, monkeypatch, tmp_path, trust, refusal):
    pem = tmp_path / "ca.pem"
    pem.write_text("")
    wanted = {"ca_path": (trust, str(pem)), "validate_certs": (refusal, "false")}
    lines = [f"{name} = {value}\n" for name, (place, value) in wanted.items() if place == "ansible.cfg"]
    (tmp_path / "ansible.cfg").write_text("[latchkey_tokens]\n" + "".join(lines))
    monkeypatch.setattr(config, "_config_file", str(tmp_path / "ansible.cfg"))
    for name, (place, value) in wanted.items():
        if place == "environment":
            monkeypatch.setenv(f"LATCHKEY_{name.upper()}", value)
    variables = {f"latchkey_{name}": value for name, (place, value) in wanted.items() if place == "variable"}
    arguments = {name: value for name, (place, value) in wanted.items() if place == "argument"}
    options = lookup._options_from([], variables, {**GIVEN, **arguments})
    own = {name: value for name, value in options.items() if name not in (*play_token._APART, "expires_in", "qumulo_kind")}
    connection = resolve_connection(own, {})
    assert (connection.ca_path or "") == ("" if trust == "nowhere" else str(pem))
    assert connection.validate_certs is (refusal == "nowhere" or (trust in OF_THE_USE and refusal not in OF_THE_USE))


def test_an_error_shows_no_secret_of_another_task(lookup, monkeypatch):
    def refuse(*_unused: Any) -> str:
        raise LatchkeyError("The appliance said: no room beside canary-of-another-task.")

    monkeypatch.setattr(play_token, "play_token", refuse)
    with pytest.raises(AnsibleError, match=r"play_token: The appliance said: no room beside \*+\.$"):
        lookup.run([], {"minted": {"token": "canary-of-another-task"}}, **GIVEN)
