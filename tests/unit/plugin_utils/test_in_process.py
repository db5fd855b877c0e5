# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ordinary module prints reaches the task's result only, whatever stands around it, and however the connection ends."""

from __future__ import annotations

import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import errors
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.latchkey.tokens.plugins.action.access_check import ActionModule as Checks
from ansible_collections.latchkey.tokens.plugins.action.access_token import ActionModule as Mints
from ansible_collections.latchkey.tokens.plugins.module_utils import _module
from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.placeholder import (
    PLACEHOLDER,
    not_in_check_mode,
    skipped_for_want_of_a_token,
)

OPTIONS = {"platform": "qumulo", "endpoint": "q", "token": "GIVEN-CANARY", "user": "local:svc"}
RESULT = json.dumps({"changed": True, "token": "CANARY", "token_id": "12", "account": "svc", "invocation": {}})


class Rig:
    """An action on a connection that returns what a test says, and notes whether Ansible was told to show it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type[Any], *answers: Any, check_mode: bool = False) -> None:
        self.answers, self.censored = list(answers), []
        self.rc = 0
        self.context = SimpleNamespace(no_log=None)
        self.action = kind.__new__(kind)
        self.action._play_context = self.context
        self.action._task = SimpleNamespace(args=OPTIONS, async_val=0, check_mode=check_mode, environment=[{"A": "b"}], no_log=False)
        self.of_the_connection = SimpleNamespace(no_log=None)
        self.action._connection = SimpleNamespace(
            transport="ssh", become=None, has_native_async=False, set_option=lambda *_args: None, _play_context=self.of_the_connection
        )
        self.action._used_interpreter = None
        for name, method in (("_execute_module", self.execute), ("_low_level_execute_command", self.command)):
            monkeypatch.setattr(ActionBase, name, lambda _self, *args, method=method, **options: method(*args, **options))
        monkeypatch.setattr(ActionBase, "_parse_returned_data", lambda _self, res, *_more: parsed(res))

    def command(self, *_args: Any, **_options: Any) -> dict[str, Any]:
        self.censored.append(bool(self.context.no_log and self.of_the_connection.no_log))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"stdout": answer, "stderr": "GIVEN-CANARY is wrong", "rc": self.rc}

    def execute(self, **_options: Any) -> dict[str, Any]:
        data: dict[str, Any] = self.action._parse_returned_data(self.command(), "profile")
        return data

    def run(self) -> dict[str, Any]:
        name = f"latchkey.tokens.{self.action.operation.name}"
        options = OPTIONS if self.action.mints else {key: value for key, value in OPTIONS.items() if key != "user"}
        found: dict[str, Any] = self.action._run_with(name, options, {"inventory_hostname": "web"})
        assert not self.context.no_log
        assert not self.of_the_connection.no_log
        return found


def parsed(res: dict[str, Any]) -> dict[str, Any]:
    """As ansible-core does, in short."""
    try:
        data: dict[str, Any] = json.loads(res["stdout"])
    except ValueError:
        return {"failed": True, "msg": "MODULE FAILURE", "module_stdout": res["stdout"], "module_stderr": res["stderr"], "rc": res["rc"]}
    return data


@pytest.mark.parametrize("end", ["\n\n", "x"])
def test_a_banner(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    rig = Rig(monkeypatch, Mints, f"{{ Welcome }}{end}{RESULT}{end}")
    assert rig.run() == {"changed": True, "token": "CANARY", "token_id": "12", "account": "svc"}
    assert rig.censored == [True]


@pytest.mark.parametrize("text", [RESULT[:-20], RESULT.replace('"token_id"', '\x00"token_id"')])
def test_output_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found = Rig(monkeypatch, Mints, text).run()
    assert found["failed"]
    assert "CANARY" not in json.dumps(found)
    assert "cannot be read" in found["msg"]
    assert "token_id 12" in found["msg"]
    assert "revoke" in found["msg"]


@pytest.mark.parametrize("text", [RESULT[:-20], "sh: python9: not found"])
def test_output_of_what_creates_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found = Rig(monkeypatch, Checks, text).run()
    assert "CANARY" not in json.dumps(found)
    assert "revoke" not in found["msg"]
    assert found["module_stdout"] == ("" if "{" in text else text)
    assert "credential" not in Rig(monkeypatch, Mints, text, check_mode=True).run()["msg"]


def test_an_interpreter_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, Mints, "sh: python9: not found")
    rig.rc = 127
    assert rig.run()["msg"] == "MODULE FAILURE"


def test_a_host_that_is_not_reached_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, Mints, AnsibleConnectionFailure("censored"), AnsibleConnectionFailure("Permission denied"))
    with pytest.raises(AnsibleConnectionFailure, match="Permission denied"):
        rig.run()
    assert rig.censored == [True, False]


def test_a_connection_that_breaks_while_the_module_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Rig(monkeypatch, Mints, AnsibleConnectionFailure("censored"), "").run()
    assert found["failed"]
    assert "web" in found["msg"]
    assert "may have created" in found["msg"]
    with pytest.raises(AnsibleConnectionFailure, match="censored"):
        Rig(monkeypatch, Checks, AnsibleConnectionFailure("censored"), "").run()


@pytest.mark.parametrize("is_known", [False, True], ids=["before 2.22", "2.22"])
def test_a_task_that_is_left_out_in_check_mode_says_so_as_ansible_wants_it(is_known, monkeypatch):
    class NoCheckModeError(Exception):
        """As AnsibleActionNoCheckMode, which takes the place of ``skipped``."""

    monkeypatch.delattr(errors, "AnsibleActionNoCheckMode", raising=False)
    if is_known:
        monkeypatch.setattr(errors, "AnsibleActionNoCheckMode", NoCheckModeError, raising=False)
    left_out = skipped_for_want_of_a_token({"token": PLACEHOLDER}, check_mode=True) or {}
    with pytest.raises(NoCheckModeError, match="mint_in_check_mode is false") if is_known else contextlib.nullcontext():
        assert not_in_check_mode(left_out) == {"changed": False, "skipped": True, "skip_reason": left_out["skip_reason"]}
    failed = skipped_for_want_of_a_token({"token": PLACEHOLDER}, check_mode=False) or {}
    assert not_in_check_mode(failed)["failed"] is True


@pytest.mark.parametrize("failed", [False, True])
def test_an_ordinary_module_hands_its_warnings_to_warn(failed, monkeypatch):
    """Among the keys of a result, ansible-core 2.23 does not take them."""
    told: dict[str, Any] = {"warnings": []}

    def fail_json(**result: Any) -> None:
        told["failed"] = result

    def exit_json(**result: Any) -> None:
        told["ended"] = result

    module = SimpleNamespace(
        params={},
        check_mode=False,
        warn=told["warnings"].append,
        fail_json=fail_json,
        exit_json=exit_json,
    )
    monkeypatch.setattr(_module, "_Module", lambda **_spec: module)
    outcome = {"changed": False, "warnings": ["one", "two"], **({"failed": True, "msg": "No."} if failed else {})}
    monkeypatch.setattr(_module, "execute", lambda *_args: outcome)
    _module.run_module(Checks.operation)
    assert told["warnings"] == ["one", "two"]
    assert told.get("failed") == ({"changed": False, "msg": "No."} if failed else None)
    assert "warnings" not in told["ended"]
