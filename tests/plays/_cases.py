# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests of modules share: the twelve cases, what was written to the appliance, and operations without Ansible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.failures import failures_as_result
from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import forget_all
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import execute
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from tests.plays._ansible import Ansible
from tests.plays._in_process_simulator import data_of, secrets_in
from tests.plays._options import shared_options, where
from tests.simulator.launch import Simulator
from tests.unit.module_utils.operations.all_operations import OPERATIONS

PREFIX = "latchkey.tokens."
# Requests that change nothing although their method says otherwise.
_HARMLESS = ("/v1/session/login", "/v1/identity/find", "/v1/auth/identity/find")
# Requests that open a session on Rubrik, which counts as nothing where the task ends it again; and those that end one's own.
_OPENING = ("POST /api/internal/session", "POST /api/v1/service_account/session", "POST /api/client_token")
_CLOSING = ("DELETE /api/v1/session/me", "DELETE /api/session")
# What ansible-core says of arguments that do not fit, in its own words without a full stop.
ANSIBLES_WORDS = (
    "mutually exclusive",
    "must be one of",
    "must be one or more of",
    "unable to convert",
    "missing required",
    "Unsupported parameters",
    "required by",
)
SECRET_MARKS = ("access-v1:", "session-v1:", "eyJ")
# What a task tells once only, with a new secret.
TOLD_ONCE = ("token", "client_secret", "access_token_uri", "secret_access_key")
_WAYS = {"token", "username", "client_id", "service_account_file"}


def do(simulator: Simulator, module: str, check: bool = False, nulls: Sequence[str] = (), **options: Any) -> dict[str, Any]:
    """Run a module's operation right here, as the administrator unless the options say otherwise; None unsets one. Return its result.

    Args:
        simulator, module, options: what to do, and where.
        check: whether in check mode.
        nulls: the options that are null.
    """
    shared = where(simulator) if options.keys() & _WAYS else shared_options(simulator)
    arguments = {key: value for key, value in {**shared, **options}.items() if value is not None} | dict.fromkeys(nulls)
    forget_all()  # Ansible runs each task in a process of its own

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
    told = str({key: value for key, value in result.items() if key not in TOLD_ONCE})
    assert not any(secret in told for secret in secrets_in(data_of(simulator))), result
    return checked_message(result["msg"])


def twice(simulator: Simulator, module: str, **options: Any) -> dict[str, Any]:
    """Do it in check mode, for real, and for real again: it changes something once. Return the first result."""
    assert done(simulator, module, check=True, **options)["changed"] is True
    first = done(simulator, module, **options)
    assert first["changed"] is True, first
    assert done(simulator, module, **options)["changed"] is False
    return first


def checked_message(message: str) -> str:
    """Return a failure's message after checking what holds for all of them: sentences, no traceback, no bug, no secret."""
    assert message.endswith((".", "?", "!")) or any(words in message for words in ANSIBLES_WORDS), message
    assert "Traceback" not in message, message
    assert "bug in latchkey" not in message, message
    assert not any(mark in message for mark in SECRET_MARKS), message
    return message


def request_of(entry: Mapping[str, Any]) -> str:
    """Return method and path of a journal's entry, and of a GraphQL request what it asks for."""
    return " ".join([entry["method"], entry["path"], *(entry.get("operation") or ())])


def writes(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what of a journal's entries may have changed the appliance, beyond a session that was opened and ended again."""
    found: list[str] = []
    for one in entries:
        request = request_of(one)
        reading = one["method"] in ("GET", "HEAD") or str((one.get("body") or {}).get("query")).startswith("query")
        opened = next((other for other in reversed(found) if other in _OPENING), None)
        if request in _CLOSING and opened:
            found.remove(opened)
        elif not reading and one["path"] not in _HARMLESS and one["status"] != 401:
            found.append(request)
    return found


def tokens_of(simulator: Simulator, account: str) -> list[dict[str, Any]]:
    """Return all access tokens of an account as the cluster has them, in the order of their ids."""
    found = [one for one in simulator.credentials(everything=True) if one["account"] == account and one["kind"] == "access_token"]
    return sorted(found, key=lambda one: str(one["id"]))


def live(simulator: Simulator, *kinds: str, account: str | None = None) -> list[str]:
    """Return the ids of live credentials of these kinds, of one account or of all, as the appliance has them."""
    return sorted(one["id"] for one in simulator.credentials() if one["kind"] in kinds and account in (None, one["account"]))


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
    before: Mapping[str, Sequence[Mapping[str, Any]]] | Sequence[Mapping[str, Any]] = (),
    **play: Any,
) -> dict[str, dict[str, Any]]:
    """Run each phase (create, change, delete) in check mode, for real, and both again, in one play; check what holds for every module.

    Args:
        ansible: where to run.
        module: the module's name without its collection.
        phases: the module's options in each phase.
        simulator: whose journal tells what each step sent; None for a module that sends nothing.
        look: a task that is run after each step; its result comes back with the step's, under the key ``look``.
        before: tasks that come first, or those that come before each phase.
        play: for Ansible.play.

    Returns:
        The result of each step, without its secret, by ``"phase: step"``.
    """
    journal = f"lookup('ansible.builtin.file', '{simulator.journal_file}').splitlines() | length" if simulator else "0"
    public = f"step | dict2items | rejectattr('key', 'in', {list(TOLD_ONCE)}) | items2dict"
    befores = before if isinstance(before, Mapping) else {next(iter(phases)): before}
    tasks: list[Mapping[str, Any]] = []
    for phase, options in phases.items():
        tasks += [*befores.get(phase, ()), show(f"start of {phase}", journal)]
        for step in STEPS:
            name = f"{phase}: {step}"
            tasks += [{"name": name, PREFIX + module: dict(options), "check_mode": "check" in step, "register": "step"}]
            if look:
                tasks.append({"name": f"look after {name}", **look, "check_mode": False, "register": "seen"})
            seen = "seen" if look else "{}"
            tasks.append(show(f"result of {name}", f"{{'journal': {journal}, 'result': {public}, 'look': {seen}}}"))
    run = ansible.play(tasks, arguments=["--diff", *play.pop("arguments", ())], **play).assert_ok()

    assert not any(mark in run.output for mark in SECRET_MARKS)
    assert not any(secret in run.output for secret in (secrets_in(data_of(simulator)) if simulator else ()))
    sent = simulator.journal() if simulator else []
    results: dict[str, dict[str, Any]] = {}
    for phase in phases:
        position = int(run[f"start of {phase}"]["msg"])
        for step in STEPS:
            name = f"{phase}: {step}"
            shown = run[f"result of {name}"]["msg"]
            result, end = shown["result"], int(shown["journal"])
            _check_step(name, result, writes(sent[position:end]) if simulator else None)
            position = end
            results[name] = {**result, "look": shown["look"]}
        _check_phase(phase, results)
    return results


def twelve_cases_here(
    simulator: Simulator | None,
    module: str,
    phases: Mapping[str, Mapping[str, Any]],
    *,
    look: Mapping[str, Any] | None = None,
    after: Callable[[Mapping[str, Any]], None] = lambda _result: None,
    perform: Callable[..., dict[str, Any]] = done,
) -> dict[str, dict[str, Any]]:
    """Do the same in this process, without Ansible, for phases whose play would prove nothing that another one does not.

    Args:
        simulator, module, phases, look: as for twelve_cases().
        after: is told the result of each step, with its secret.
        perform: what does a step of a module that has no simulator, as done() does.
    """
    results: dict[str, dict[str, Any]] = {}

    def sent() -> list[dict[str, Any]]:
        return simulator.journal() if simulator else []

    for phase, options in phases.items():
        for step in STEPS:
            name, position = f"{phase}: {step}", len(sent())
            told = perform(simulator, module, check="check" in step, **options)
            after(told)
            result = {key: value for key, value in told.items() if key not in TOLD_ONCE}
            _check_step(name, result, writes(sent()[position:]) if simulator else None)
            seen = [perform(simulator, one.removeprefix(PREFIX), **its) for one, its in (look or {}).items()]
            results[name] = {**result, "look": seen[0] if seen else {}}
        _check_phase(phase, results)
    return results


def _check_step(name: str, result: Mapping[str, Any], written: Sequence[str] | None) -> None:
    """Check what one of the twelve cases said and wrote; None for a module that sends nothing."""
    first = "again" not in name
    assert result["changed"] is first, (name, result)
    if written is not None:
        assert bool(written) is (first and "check" not in name), (name, written)
    assert (result["diff"]["before"] != result["diff"]["after"]) is first, (name, result["diff"])


def _check_phase(phase: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that check mode foretold what was done for real."""
    checked, real = (results[f"{phase}: {step}"] for step in STEPS[:2])
    assert checked["diff"]["before"] == real["diff"]["before"], phase
    assert checked.keys() == real.keys(), phase
