# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of the lookup play_token, left out, empty or of another type: the documented meaning, or a refusal that names it."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.latchkey.tokens.plugins.lookup import play_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.options import _MAY_BE_EMPTY
from tests.plays._ansible import Ansible
from tests.plays._play_token_rig import Rig
from tests.simulator.launch import Simulator

OWN = tuple(yaml.safe_load(play_token.DOCUMENTATION)["options"])
# What each kind of value is written as in a call and in a variable.
VALUES = {"omit": ("omit", "{{ omit }}"), "null": ("none", None), "empty": ("''", ""), "list": ("['canary-value']", ["canary-value"])}
IN_CALLS = ("endpoint", "scope")  # one that the play sets and one that has a default: in tasks of their own, as people write them
# A lookup that tries every option: a play with a task for each would take half a minute.
ATTEMPTS = """\
import hashlib

from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kinds):
        def attempt(more, **arguments):
            tried = lookup_loader.get("latchkey.tokens.play_token", loader=self._loader, templar=self._templar)
            try:
                return hashlib.sha256(tried.run([], {**variables, **more}, **arguments)[0].encode()).hexdigest()
            except AnsibleError as failure:
                return str(failure)

        found = {}
        for kind, value in kinds.items():
            for option in terms:
                found[f"{option} {kind} argument"] = attempt({}, **{option: value})
                found[f"{option} {kind} variable"] = attempt({f"latchkey_{option}": variables[f"as_{kind}"]})
        return [found]
"""


def tasks() -> list[dict[str, Any]]:
    """Return the tasks, with the names of those that are tried one by one."""
    made = []
    for option in IN_CALLS:
        for kind, (argument, variable) in VALUES.items():
            for place in ("argument", "variable"):
                more = f", {option}={argument}" if place == "argument" else ""
                task: dict[str, Any] = {
                    "name": f"{option} {kind} {place}",
                    "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token'" + more + ") | hash('sha256') }}"},
                    "ignore_errors": True,
                }
                if place == "variable":
                    task["vars"] = {f"latchkey_{option}": variable}
                made.append(task)
    return made


def expected(option: str, kind: str, place: str) -> str:
    """Return the option that a refusal must name; empty where there must be a token, and the run's usual one."""
    if kind == "list" or (kind == "empty" and option not in _MAY_BE_EMPTY):
        return option
    # The play gives these as variables: an argument that is left out leaves them, a variable that is left out takes their place.
    if place == "variable" and option in ("platform", "endpoint"):
        return option
    if place == "variable" and option in ("client_id", "client_secret"):
        return option
    return ""


def test_every_option(each_core: Ansible, cdm: Simulator) -> None:
    """Beside environment variables that are empty, which count as unset."""
    rig = Rig(each_core, cdm)
    (each_core.folder / "lookup_plugins").mkdir()
    (each_core.folder / "lookup_plugins" / "attempts.py").write_text(ATTEMPTS)
    kinds = ", ".join(f"{kind}={argument}" for kind, (argument, _variable) in VALUES.items())
    every = {
        "name": "Every option",
        "ansible.builtin.debug": {"msg": "{{ lookup('attempts', *options, " + kinds + ") | dict2items }}"},
        "vars": {"options": list(OWN), **{f"as_{kind}": variable for kind, (_argument, variable) in VALUES.items()}},
    }
    play = rig.play(*tasks(), every)
    ca_path = play["vars"].pop("latchkey_ca_path")
    empty = {f"LATCHKEY_{option.upper()}": "" if number % 2 else "  " for number, option in enumerate(OWN)}
    run = rig.run(play, env={**empty, "RUBRIK_CDM_CA_PATH": ca_path})
    assert run.returncode == 0, run.output[-3000:]
    words = {one["key"]: one["value"] for one in run["Every option"]["msg"]}
    assert len(words) == len(OWN) * len(VALUES) * 2
    tokens = set()
    for what, said in [*words.items(), *((str(one["name"]), str(run[str(one["name"])].get("msg"))) for one in tasks())]:
        option, kind, place = what.split(" ")
        named = expected(option, kind, place)
        assert named in said.partition("play_token:")[2], (what, said)
        assert "canary-value" not in said, what
        if not named:
            tokens.add(said)
    assert len(tokens) == 1, tokens
    assert rig.mints() == 1


def test_a_variable_of_another_type_is_refused(ansible: Ansible, cdm: Simulator) -> None:
    """Ansible itself takes any text for a boolean, and what is no yes for no: the certificate would not be verified."""
    rig = Rig(ansible, cdm)
    play = rig.play({"name": "Use", "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token') | length }}"}})
    run = rig.run(play, env={"LATCHKEY_VALIDATE_CERTS": "ture"})
    assert run.returncode == 2
    assert "LATCHKEY_VALIDATE_CERTS: it is neither true nor false." in " ".join(run.output.split())
