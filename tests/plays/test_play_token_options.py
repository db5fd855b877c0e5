# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of the lookup play_token, left out, empty or of another type: the documented meaning, or a refusal that names it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.lookup import play_token
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.options import _MAY_BE_EMPTY
from tests.plays._ansible import Ansible
from tests.plays._play_token_rig import Rig
from tests.simulator.launch import Simulator

OWN = tuple(yaml.safe_load(play_token.DOCUMENTATION)["options"])
# What each kind of value is written as in a call and in a variable.
VALUES = {"omit": ("omit", "{{ omit }}"), "null": ("none", None), "empty": ("''", ""), "list": ("['canary-value']", ["canary-value"])}


def tasks() -> list[dict[str, Any]]:
    """Return a task for each option, value and place that it may come from."""
    made = []
    for option in OWN:
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
    rig = Rig(each_core, cdm)
    wanted = tasks()
    play = rig.play(*wanted)
    ca_path = play["vars"].pop("latchkey_ca_path")
    run = rig.run(play, env={"RUBRIK_CDM_CA_PATH": ca_path})
    assert run.returncode == 0, run.output[-3000:]
    problems = []
    tokens = set()
    for task in wanted:
        option, kind, place = str(task["name"]).split(" ")
        result, named = run.by_name[str(task["name"])], expected(option, kind, place)
        words = str(result.result.get("msg", ""))
        if not named and result.status == "ok":
            tokens.add(words)
        elif not named or result.status == "ok" or f"{named}" not in words.partition("play_token:")[2]:
            problems.append((task["name"], result.status, words[-300:]))
        if "canary-value" in words:
            problems.append((task["name"], "quoted", words[-300:]))
    assert not problems, "\n".join(map(str, problems))
    assert len(tokens) == 1
    assert rig.mints() == 1


@pytest.mark.parametrize("text", ["", "  "])
def test_variables_that_are_empty_count_as_unset(ansible: Ansible, cdm: Simulator, text: str) -> None:
    rig = Rig(ansible, cdm)
    play = rig.play({"name": "Use", "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token') | length }}"}})
    rig.run(play, env={f"LATCHKEY_{option.upper()}": text for option in OWN}).assert_ok()


def test_a_variable_of_another_type_is_refused(ansible: Ansible, cdm: Simulator) -> None:
    """Ansible itself takes any text for a boolean, and what is no yes for no: the certificate would not be verified."""
    rig = Rig(ansible, cdm)
    play = rig.play({"name": "Use", "ansible.builtin.debug": {"msg": "{{ lookup('latchkey.tokens.play_token') | length }}"}})
    run = rig.run(play, env={"LATCHKEY_VALIDATE_CERTS": "ture"})
    assert run.returncode == 2
    assert "LATCHKEY_VALIDATE_CERTS: it is neither true nor false." in " ".join(run.output.split())
