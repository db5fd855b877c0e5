# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests of modules share: the twelve cases, what was written to the appliance, and operations without Ansible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_check import ACCESS_CHECK
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._access_token import ACCESS_TOKEN
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._execute import execute, failures_as_result
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._info import ACCESS_TOKEN_INFO, SERVICE_ACCOUNT_INFO
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._service_account import SERVICE_ACCOUNT
from ansible_collections.latchkey.tokens.plugins.module_utils._operations._session_revoke import SESSION_REVOKE
from ansible_collections.latchkey.tokens.plugins.plugin_utils._arguments import checked_arguments
from tests.integration._ansible import Ansible
from tests.simulator.launch import Simulator

OPERATIONS = {
    one.name: one for one in (ACCESS_CHECK, ACCESS_TOKEN, ACCESS_TOKEN_INFO, SERVICE_ACCOUNT, SERVICE_ACCOUNT_INFO, SESSION_REVOKE)
}
PREFIX = "latchkey.tokens."
# Requests that change nothing although their method says otherwise.
_HARMLESS = ("/v1/session/login", "/v1/identity/find", "/v1/auth/identity/find")
# What ansible-core says of arguments that do not fit, in its own words without a full stop.
ANSIBLES_WORDS = ("mutually exclusive", "must be one of", "unable to convert", "missing required", "Unsupported parameters", "required by")
SECRET_MARKS = ("access-v1:", "session-v1:")


def do(simulator: Simulator, module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run a module's operation right here, as the administrator unless the options say otherwise; None unsets one. Return its result."""
    who = {} if options.keys() & {"token", "username"} else simulator.admin
    shared = {"platform": "qumulo", "endpoint": simulator.url, "ca_path": simulator.ca_file}
    arguments = {key: value for key, value in {**shared, **who, **options}.items() if value is not None}

    def run() -> dict[str, Any]:
        operation = OPERATIONS[module]
        checked = checked_arguments(PREFIX + module, arguments, operation.full_argument_spec(), operation.rules)
        return execute(operation, checked, check)

    return failures_as_result(run)


def done(simulator: Simulator, module: str, **options: Any) -> dict[str, Any]:
    """Do it, and fail the test when it fails."""
    result = do(simulator, module, **options)
    assert not result.get("failed"), result
    return result


def refused(simulator: Simulator, module: str, **options: Any) -> str:
    """Do what must fail, and return its message, which is for people."""
    result = do(simulator, module, **options)
    assert result.get("failed"), result
    return checked_message(result["msg"])


def checked_message(message: str) -> str:
    """Return a failure's message after checking what holds for all of them: sentences, no traceback, no bug, no secret."""
    assert message.endswith((".", "?", "!")) or any(words in message for words in ANSIBLES_WORDS), message
    assert "Traceback" not in message, message
    assert "bug in latchkey" not in message, message
    assert not any(mark in message for mark in SECRET_MARKS), message
    return message


def writes(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what of a journal's entries may have changed the appliance."""
    return [f"{one['method']} {one['path']}" for one in entries if one["method"] not in ("GET", "HEAD") and one["path"] not in _HARMLESS]


def tokens_of(simulator: Simulator, account: str) -> list[dict[str, Any]]:
    """Return all access tokens of an account as the cluster has them, in the order of their ids."""
    found = [one for one in simulator.credentials(everything=True) if one["account"] == account and one["kind"] == "access_token"]
    return sorted(found, key=lambda one: str(one["id"]))


def show(name: str, expression: str) -> dict[str, Any]:
    """Return a task that shows a value, for the test to read."""
    return {"name": name, "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}}


STEPS = ("in check mode", "for real", "again in check mode", "again for real")


def twelve_cases(
    ansible: Ansible,
    module: str,
    phases: Mapping[str, Mapping[str, Any]],
    *,
    simulator: Simulator | None = None,
    look: Mapping[str, Any] | None = None,
    before: Sequence[Mapping[str, Any]] = (),
    **play: Any,
) -> dict[str, dict[str, Any]]:
    """Run each phase (create, change, delete) in check mode, for real, and both again, in one play; check what holds for every module.

    Args:
        ansible: where to run.
        module: the module's name without its collection.
        phases: the module's options in each phase.
        simulator: whose journal tells what each step sent; None for a module that sends nothing.
        look: a task that is run after each step; its result comes back with the step's, under the key ``look``.
        before: tasks that come first.
        play: for Ansible.play.

    Returns:
        The result of each step, without its secret, by ``"phase: step"``.
    """
    journal = f"lookup('ansible.builtin.file', '{simulator.journal_file}').splitlines() | length" if simulator else "0"
    tasks = [*before, show("Start", journal)]
    names = [f"{phase}: {step}" for phase in phases for step in STEPS]
    for name in names:
        phase, _unused, step = name.partition(": ")
        public = "step | dict2items | rejectattr('key', 'equalto', 'token') | items2dict"
        tasks += [
            {"name": name, PREFIX + module: dict(phases[phase]), "check_mode": "check" in step, "register": "step"},
            {"name": f"look after {name}", **(look or {"ansible.builtin.debug": {"msg": ""}}), "check_mode": False, "register": "seen"},
            show(f"result of {name}", f"{{'journal': {journal}, 'result': {public}, 'look': seen}}"),
        ]
    run = ansible.play(tasks, arguments=["--diff", *play.pop("arguments", ())], **play).assert_ok()

    assert not any(mark in run.output for mark in SECRET_MARKS)
    sent = simulator.journal() if simulator else []
    position, results = int(run["Start"]["msg"]), {}
    for name in names:
        shown = run[f"result of {name}"]["msg"]
        result, end = shown["result"], int(shown["journal"])
        written, position = writes(sent[position:end]), end
        first = "again" not in name
        assert result["changed"] is first, (name, result)
        if "check" in name or not first:
            assert not written, (name, written)
        elif simulator:
            assert written, name
        assert (result["diff"]["before"] != result["diff"]["after"]) is first, (name, result["diff"])
        results[name] = {**result, "look": shown["look"]}
    for phase in phases:
        checked, real = (results[f"{phase}: {step}"] for step in STEPS[:2])
        assert checked["diff"]["before"] == real["diff"]["before"], phase
        assert checked.keys() == real.keys(), phase
    return results
