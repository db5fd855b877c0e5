# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for canaries finds them: in every form, in every channel; and in the ways that the documentation calls exceptions."""

from __future__ import annotations

import base64
import html
import json
import re
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._canaries import Canaries, Scene
from tests.plays._cases import PREFIX
from tests.plays._options import administrator, where
from tests.simulator.launch import Simulator

FORMS: dict[str, Any] = {
    "as it is": lambda text: text,
    "in JSON": lambda text: json.dumps({"a": text}),
    "in JSON in JSON": lambda text: json.dumps(json.dumps([text])),
    "in Python": repr,
    "in YAML": lambda text: yaml.safe_dump({"a": f"words before it {text} and after it"}, width=20),
    "in quoted YAML": lambda text: yaml.safe_dump({"a": f"words before it\n {text} and after it"}, width=20, default_style='"'),
    "in HTML": html.escape,
    "in a URL": lambda text: f"https://x/?a={quote(text, safe='')}",
    "in a URL, small": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%3C", "%3c"),
    "in Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in Base64, one further": lambda text: base64.b64encode(f"a{text}".encode()).decode(),
    "of a log-in": lambda text: base64.b64encode(f"admin:{text}".encode()).decode(),
    "in Base64 for URLs": lambda text: base64.urlsafe_b64encode(f"\xff\xfe{text}".encode()).decode(),
    "in hexadecimal": lambda text: text.encode().hex(),
    "broken to lines": lambda text: "\n    ".join(textwrap.wrap(text, 10)),
    "its beginning": lambda text: text[:17] + "...",
    "its end": lambda text: "..." + text[-17:],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(form: str) -> None:
    canaries = Canaries()
    written = FORMS[form](canaries.new("secret"))
    found = canaries.search([("here", f"something {written} more".encode())])
    assert ("here", "secret") in found, written
    assert canaries.search([("here", FORMS[form]("a text that is as long as a secret would be").encode())]) == {}


def test_bearer_tokens_are_found_that_nobody_knew() -> None:
    for token in ("access-v1:abcdefgh", "eyJhbGciOiJI.eyJzdWIiOiIx.abc"):
        assert Canaries().search([("here", token.encode())])


@pytest.fixture
def scene(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(ansible, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))


def found_in(scene: Scene) -> dict[str, set[str]]:
    """Return the places where canaries were found, by their names."""
    places: dict[str, set[str]] = {name: set() for name in scene.canaries.names()}
    for place, name in scene.canaries.search(scene.places()):
        # Names of cached facts depend on the version of ansible-core.
        places.setdefault(name, set()).add(re.sub(r"^file facts/.*", "the fact cache", place))
    return places


def test_a_leak_in_each_channel_is_found(scene: Scene) -> None:
    """Tasks that leak on purpose, each a secret of its own."""
    canaries, folder = scene.canaries, scene.ansible.folder
    shared = Path("/dev/shm") / f"canary-{folder.name}"
    given = {
        name: canaries.plain(name) for name in ("shown", "argument", "variable", "logged", "cached", "kept", "removed", "changed", "raised")
    }
    given |= {name: canaries.plain(name) for name in ("shared", "last")}
    tasks: list[dict[str, Any]] = [
        {"name": "Show", "ansible.builtin.debug": {"msg": "{{ shown }}"}},
        {"name": "Fail", "ansible.builtin.fail": {"msg": "{{ raised }}"}, "ignore_errors": True},
        {"name": "Argument", "ansible.builtin.command": {"argv": ["true", "{{ argument }}"]}, "no_log": True},
        {"name": "Variable", "ansible.builtin.command": {"argv": ["true"]}, "environment": {"A": "{{ variable }}"}, "no_log": True},
        {"name": "Log", "ansible.builtin.stat": {"path": "/{{ logged }}"}, "environment": {"A": "b"}},
        {"name": "Cache", "ansible.builtin.set_fact": {"a": "{{ cached }}", "cacheable": True}, "no_log": True},
        {"name": "Keep", "ansible.builtin.copy": {"dest": str(folder / "tmp" / "x"), "content": "{{ kept }}"}, "no_log": True},
        {"name": "Share", "ansible.builtin.copy": {"dest": str(shared), "content": "{{ shared }}"}, "no_log": True},
        {"name": "Make", "ansible.builtin.copy": {"dest": str(folder / "y"), "content": "{{ removed }}"}, "no_log": True},
        {"name": "Remove", "ansible.builtin.file": {"path": str(folder / "y"), "state": "absent"}},
        {"name": "Change", "ansible.builtin.copy": {"dest": str(folder / "z"), "content": "{{ changed }}"}},
        {"name": "End", "ansible.builtin.debug": {"msg": "{{ last }}"}},  # the callback tree keeps one result of each host
    ]
    try:
        scene.play(tasks, arguments=["-vvvv", "--diff", "-e", f"@{scene.give('secrets.json', given)}"]).assert_ok()
        channels = found_in(scene)
    finally:
        shared.unlink(missing_ok=True)
    callbacks = {"file ansible.log", "file record.jsonl", "file shadow.txt", "output 0"}
    assert channels["shown"] >= callbacks
    assert channels["raised"] >= callbacks
    assert any(one.startswith("file junit/") for one in channels["raised"])
    assert channels["changed"] >= {"output 0", "file ansible.log", "file shadow.txt"}
    for name in ("argument", "variable", "logged"):
        assert "processes and the system's log" in channels[name], name
    assert channels["cached"] == {"the fact cache"}
    assert "file tree/localhost" in channels["last"]
    assert "file tmp/x" in channels["kept"]
    assert f"file elsewhere: {shared}" in channels["shared"]
    assert any(one.startswith("removed file") for one in channels["removed"])


def test_the_exceptions_are_exceptions(scene: Scene, qumulo: Simulator) -> None:
    """What SECURITY.md says that nobody here can prevent: each really happens, and what helps against it does."""
    canaries = scene.canaries
    names = ("printed", "cached", "kept back", "debugged", "debugged as a module", "in a file")
    password = scene.give("vault-password", canaries.plain("vault password"))
    secrets = scene.give("secrets.json", {**administrator(qumulo), **{name.replace(" ", "_"): canaries.plain(name) for name in names}})
    in_environment = canaries.plain("in the environment")
    token = {"user": "{{ item }}", **where(qumulo), "username": "{{ username }}", "password": "{{ password }}"}
    over = {"name": "Loop", f"{PREFIX}access_check": {**where(qumulo), "token": "{{ item.token }}"}, "loop": "{{ minted.results }}"}
    tasks: list[dict[str, Any]] = [
        {
            "name": "Store",
            f"{PREFIX}vault_vars": {
                "path": "vault.yml",
                "create": True,
                "vars": {"a": "{{ printed }}", "b": "{{ cached }}", "c": "{{ kept_back }}"},
            },
        },
        {"name": "Read", f"{PREFIX}vault_vars_info": {"path": "vault.yml", "names": ["a", "b", "c"]}, "register": "read"},
        {"name": "Print", "ansible.builtin.debug": {"var": "read.vars.a"}},
        {"name": "Cache", "ansible.builtin.set_fact": {"b": "{{ read.vars.b }}", "cacheable": True}, "no_log": True},
        {"name": "Remember", "ansible.builtin.set_fact": {"c": "{{ read.vars.c }}"}, "no_log": True},
        {"name": "Facts", "ansible.builtin.setup": {"gather_subset": ["!all", "min"]}},
        {"name": "Mint", f"{PREFIX}access_token": token, "loop": ["local:guest", "local:admin"], "register": "minted"},
        {**over, "when": "item.user is defined", "no_log": True},
    ]
    arguments = ["-vvvv", "--diff", "-e", f"@{secrets}", "--vault-id", f"prod@{password}"]
    env = {"QUMULO_TOKEN": in_environment}
    scene.play(tasks, arguments=arguments, env=env).assert_ok()
    found = found_in(scene)
    assert found["printed"] >= {"output 0", "file ansible.log"}
    assert found["cached"] == {"the fact cache"}
    assert found["kept back"] == found.get("a bearer token", set()) == set()
    assert found["in the environment"] >= {"the fact cache", "processes and the system's log"}
    # The same loop without no_log, over tokens of its own; and a module that becomes another user without pipelining, which is a file.
    mint = {**tasks[-2], f"{PREFIX}access_token": {**token, "additional": True}}
    as_file = {"name": "File", f"{PREFIX}access_check": {**where(qumulo), "token": "{{ in_a_file }}"}, "ignore_errors": True}
    scene.play([mint, {**over, "when": "item.user is defined"}, {**as_file, **scene.become}], arguments=arguments).assert_ok()
    # Ansible's own debugging: of an ordinary module, not of what runs in Ansible's process.
    debug = [
        {"name": name, f"{PREFIX}access_check": {**where(qumulo), "token": f"{{{{ {name} }}}}"}, "ignore_errors": True, **keywords}
        for name, keywords in {"debugged": {}, "debugged_as_a_module": {"environment": {"X": "y"}}}.items()
    ]
    scene.play(debug, arguments=arguments, env={"ANSIBLE_DEBUG": "1"}).assert_ok()
    found = found_in(scene)
    assert found["a bearer token"] >= {"output 1", "file ansible.log"}
    assert {one.partition(" ")[0] for one in found["in a file"]} == {"removed"}
    assert "output 2" not in found["debugged"]
    assert "output 2" in found["debugged as a module"]
