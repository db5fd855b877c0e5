# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation: what it refuses before anything is asked or written, and what it makes of a phase without a ticket."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.action.rotation import ActionModule, _named, _Phase
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action import hidden
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token import keys as play_token_run
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import NothingRotatedError

GIVEN = {
    "phase": "begin",
    "platform": "qumulo",
    "endpoint": "qumulo.invalid",
    "credential": "access_token",
    "account": "svc",
    "vars_file": "vault.yml",
    "var": "token",
    "auth": {"token": "canary-caller"},
}


@pytest.fixture(autouse=True)
def run_key(monkeypatch):
    monkeypatch.setattr(play_token_run, "run_key", lambda _purpose: bytes(32))
    monkeypatch.setattr("ansible_collections.latchkey.tokens.plugins.action.rotation.ticket_key", lambda: bytes(32))


@pytest.fixture
def perform(tmp_path: Path):
    """Run the action as a task with these options would. It has no vault, and no platform answers."""

    def act(check_mode: bool = False, **given: Any) -> dict[str, Any]:
        options = checked_arguments("latchkey.tokens.rotation", {**GIVEN, **given}, ActionModule.argument_spec, ActionModule.rules)
        action = object.__new__(ActionModule)
        action.path = lambda written: str(tmp_path / written)
        action.vault = lambda: None
        return action.perform(options, check_mode, {"inventory_hostname": "localhost"})

    return act


@pytest.mark.parametrize("phase", ["begin", "finish", "undo", "undone"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_endpoint_is_refused_by_name(perform, phase, text):
    with pytest.raises(OptionError, match=r"^rotate_endpoint: it is empty\. Set it to where the platform's API is"):
        perform(phase=phase, endpoint=text)


@pytest.mark.parametrize("name", ["account", "var", "vars_file"])
def test_what_else_may_not_be_empty(perform, name):
    with pytest.raises(OptionError, match=f"^rotate_{name}: it is empty"):
        perform(**{name: " "})


def test_a_credential_that_the_platform_does_not_have(perform):
    with pytest.raises(OptionError, match=r"^rotate_credential: 'api_token' is invalid for Qumulo Core\. Set it to access_token"):
        perform(credential="api_token")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (OptionError("endpoint: it is empty.", option="endpoint"), "rotate_endpoint: it is empty."),
        (OptionError("token: it is empty.", option="token"), "rotate_auth: token: it is empty."),
        (OptionError("endpoint and token do not fit."), "rotate_auth: endpoint and token do not fit."),
    ],
)
def test_an_option_is_named_as_the_variable_of_the_role(failure, words):
    with pytest.raises(OptionError) as caught, _named("rotate_auth", ("endpoint",)):
        raise failure
    assert str(caught.value) == words


@pytest.mark.parametrize("options", [{"endpoint": "http://qumulo.invalid"}, {"endpoint": "a b"}, {"max_parallel_requests": -1}])
def test_a_malformed_option_of_the_connection_is_a_variable_of_its_own(perform, options):
    with pytest.raises(OptionError, match=f"^rotate_{next(iter(options))}: "):
        perform(**options)


@pytest.mark.parametrize("check_mode", [False, True])
def test_tasks_that_are_not_there_are_missed_before_anything_is_created(perform, check_mode):
    with pytest.raises(OptionError, match=r"rotate_publish_tasks: there is no file .*/tasks\.yml\. Nothing was rotated\."):
        perform(check_mode, publish_tasks="tasks.yml")


def test_checks_that_are_none(perform):
    with pytest.raises(OptionError, match="status"):
        perform(checks=[{"path": "/v1/x", "status": ["soon"]}])


@pytest.mark.parametrize("phase", ["finish", "undone"])
def test_these_phases_go_on_from_a_ticket(perform, phase):
    with pytest.raises(OptionError, match=f"ticket: it goes with phase {phase}"):
        perform(phase=phase)


@pytest.mark.parametrize("phase", ["finish", "undo", "undone"])
def test_a_ticket_of_another_run(perform, phase):
    with pytest.raises(OptionError, match="ticket: it is not one that an earlier phase of this run returned"):
        perform(phase=phase, ticket="canary")


@pytest.mark.parametrize("undone", [True, False])
def test_without_a_ticket_there_is_nothing_left_to_undo(perform, undone):
    result = perform(phase="undo", failure="It failed.", undone=undone)
    assert (result["changed"], result["undone"], result["reason"]) == (False, undone, "It failed.")
    assert "ticket" not in result


def test_without_words_a_failure_is_told_all_the_same(perform):
    assert perform(phase="undo", failure="", failed_step="Hand over")["reason"] == "Hand over: it said nothing."
    assert perform(phase="undo")["reason"] == "Another host: it failed, and any_errors_fatal ends the play for all hosts."


def test_a_failure_tells_the_steps_so_far(perform):
    with pytest.raises(LatchkeyError) as caught:
        perform(publish_tasks="tasks.yml")
    assert (caught.value.details["steps"], caught.value.details["warnings"]) == ([], [])


@pytest.mark.parametrize(
    ("auth", "environment", "masked"),
    [
        ({"username": "admin", "password": "admin"}, {}, []),
        ({"username": None, "password": None}, {"QUMULO_USERNAME": "admin", "QUMULO_PASSWORD": "admin"}, []),
        ({"username": "root", "password": "svc"}, {}, []),  # too short
        ({"username": "root", "password": "token"}, {}, []),  # as the variable is called
        ({"username": "root", "password": "canary"}, {}, ["canary"]),
    ],
)
def test_a_name_that_is_its_own_password_is_not_masked(perform, monkeypatch, auth, environment, masked):
    told: list[str] = []
    monkeypatch.setattr(hidden, "MASKS_REGISTERED", True)
    monkeypatch.setattr(hidden, "register_secrets", told.extend, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NothingRotatedError, match=r"vault\.yml does not exist"):
        perform(auth={"token": None, **auth})
    assert set(told) == set(masked)


def test_in_check_mode_without_a_play_token_there_is_nothing_to_look_with(perform):
    from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import PLACEHOLDER

    with pytest.raises(RefusedError, match="Set mint_in_check_mode"):
        perform(True, auth={"token": PLACEHOLDER})


@pytest.mark.parametrize(
    ("wanted", "stored", "undid", "secret", "loaded"),
    [
        (True, True, False, None, True),
        (True, False, True, None, True),
        (False, True, True, None, False),
        (True, False, False, None, False),
        (True, True, False, SimpleNamespace(where="x"), False),
    ],
)
def test_when_the_vars_file_is_loaded_again(wanted, stored, undid, secret, loaded):
    phase = object.__new__(_Phase)
    phase._action, phase._secret = SimpleNamespace(path=str), secret
    phase._options = {"vars_file": "vault.yml", "reload_vars": wanted}
    rotation = SimpleNamespace(record=SimpleNamespace(changed=True, stored=stored, undid=undid))
    told = {"token_id": "1", "expires_at": None}
    result = phase._as_result(rotation, dict(told))
    assert (result["reload"], result["next"]) == (loaded, ["load.yml"] if loaded else [])
    # The finish that comes after the tasks of the user tells whether to load.
    assert phase._as_result(rotation, {**told, "ticket": "t"})["next"] == ["hand_over.yml", "load.yml"]


OF_PHASES = {"phase", "ticket", "failed_step", "failure", "undone"}
SPECS = Path(__file__).resolve().parents[3] / "roles" / "rotate" / "meta" / "argument_specs.yml"


def test_the_options_are_the_variables_of_the_role():
    names = yaml.safe_load(SPECS.read_text())["argument_specs"]["main"]["options"]
    assert {f"rotate_{one}" for one in ActionModule.argument_spec.keys() - OF_PHASES} == names.keys()


def test_an_option_of_the_task_comes_before_the_variable():
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args={"phase": "begin", "var": "of_the_task"})
    action._templar = SimpleNamespace(template=lambda value: value)
    found = action.arguments({"rotate_var": "of_the_role", "rotate_tag": "of_the_role", "rotate_phase": ""})
    assert found == {"phase": "begin", "var": "of_the_task", "tag": "of_the_role"}


@pytest.mark.parametrize("message", [["one", "two"], {"one": 1}, "one"])
def test_a_task_of_the_user_may_fail_with_more_than_a_text(message):
    """Such as the fail_msg of an assert, which may be a list. What has to be undone is undone all the same."""
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args={**GIVEN, "phase": "undo", "failure": message})
    action._templar = SimpleNamespace(template=lambda value: value)
    given = action.arguments({})
    options = checked_arguments("latchkey.tokens.rotation", given, ActionModule.argument_spec, ActionModule.rules, ActionModule.called)
    assert options["failure"] == str(message)
