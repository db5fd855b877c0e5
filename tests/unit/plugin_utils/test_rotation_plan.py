# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_plan: from what the role found to what the state machines are asked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.action.rotation_plan import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation_task import retries_within

PARTS = ("value", "id", "state")
PLATFORMS = {"access_token": "qumulo", "api_token": "rubrik_cdm", "in_place": "rubrik_rsc", "replace": "rubrik_rsc"}


def ask(
    listed: dict[str, Any] | None = None,
    answers: dict[str, Any] | None = None,
    file: dict[str, Any] | None = None,
    stored: dict[str, Any] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Run the action as a task with these options would, on a platform that has what is listed and answers like this by module.

    The vars file has what is stored: value, id and state.
    """
    kind = given.setdefault("kind", "access_token")
    names = {"var": "key", "state_var": "key_rotation", "client_id_var": "id"}
    given = {"platform": PLATFORMS[kind], "endpoint": "example.com", "token": "of-the-caller", "path": "vault.yml", **names, **given}
    options = checked_arguments("latchkey.tokens.rotation_plan", given, ActionModule.argument_spec, ActionModule.rules)
    found = {"account_id": None, "access_tokens": [], "api_tokens": [], "service_accounts": [], **(listed or {})}
    held = {names[name]: value for name, value in zip(("var", "client_id_var", "state_var"), map((stored or {}).get, PARTS), strict=True)}
    read = {"path": "vault.yml", "exists": True, "writable": True, "vars": held, "vault_ids": {}, **(file or {})}
    said = {
        **dict.fromkeys(("access_token_info", "api_token_info", "service_account_info"), found),
        "vault_vars_info": read,
        **(answers or {}),
    }
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args=given)
    action.attempt = lambda module, _options: said[module]
    return action.perform(options, False, {"inventory_hostname": "localhost"})


def token(token_id: str, tag: str = "ours", days: int = 60) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {
        "token_id": token_id,
        "tag": tag,
        "created_at": format_instant(now - timedelta(days=30)),
        "expires_at": format_instant(now + timedelta(days=days)),
        "live": True,
    }


API_TOKEN = {"kind": "api_token", "account": "admin", "tag": "ours"}
OWNER = {"account_id": "u1", "account": "admin", "token_id": "1"}


def ask_api_token(*tokens: dict[str, Any], caller: dict[str, Any] | None = None, state: Any = None, **given: Any) -> dict[str, Any]:
    stored = {"value": "x", "state": state}
    return ask({"account_id": "u1", "api_tokens": list(tokens)}, {"access_check": caller or OWNER}, stored=stored, **API_TOKEN, **given)


def test_api_tokens_with_another_tag_are_none_of_its_business():
    found = ask_api_token(token("1"), token("2", "theirs"), orphans="fail")
    assert found["plan"]["revoke"] == []
    with pytest.raises(LatchkeyError, match=r"admin on example\.com: .*live token .*: 2, .*Nothing was rotated\."):
        ask_api_token(token("1"), token("2"))


def test_a_stored_api_token_with_another_tag_is_the_current_one_all_the_same():
    found = ask_api_token(token("1", "theirs", days=1), when_remaining="7d")
    assert (found["plan"]["current"]["id"], found["plan"]["rotate"]) == ("1", True)
    assert found["plan"]["state"]["pending"]["about"] is True


def test_what_the_state_names_counts_whatever_its_tag():
    state = {"stage": "current", "current": {"id": "1"}, "previous": {"id": "2", "delete_at": "2026-01-01T00:00:00Z"}}
    found = ask_api_token(token("1"), token("2", "theirs"), token("3", "theirs"), state=state)
    assert (found["plan"]["retire"], found["plan"]["revoke"]) == ("2", [])


def test_the_credential_of_somebody_else():
    ask_api_token(token("1"))
    with pytest.raises(LatchkeyError, match=r"of jane \(id u2\), not of the account to rotate"):
        ask_api_token(token("1"), caller={"account_id": "u2", "account": "jane", "token_id": "1"})


REPLACE = {"kind": "replace", "account": "svc", "roles": ["r"]}


def ask_to_replace(*names: str, **given: Any) -> dict[str, Any]:
    accounts = [{"account": name, "account_id": str(number)} for number, name in enumerate(names, 1)]
    caller = {"account_id": "1", "account": names[0], "token_id": None}
    return ask({"service_accounts": accounts}, {"access_check": caller}, stored={"value": "x", "id": "1"}, **REPLACE, **given)


@pytest.mark.parametrize("name", ["svc", "svc-20260101T000000Z"])
def test_an_account_that_is_replaced(name):
    found = ask_to_replace(name, force=True)
    assert re.fullmatch(r"svc-\d{8}T\d{6}Z", found["plan"]["state"]["pending"]["name"])
    assert found["plan"]["expires_at"] is None


def test_an_account_that_is_replaced_must_be_of_the_rotation():
    with pytest.raises(LatchkeyError, match="of jane"):
        ask_to_replace("jane", force=True)


def test_secrets_have_no_expiry_to_ask_for():
    assert ask_to_replace("svc", expires_in="1h", when_remaining="7d", force=True)["warnings"] == []


def test_the_first_account_needs_roles():
    with pytest.raises(LatchkeyError, match=r"Name its roles in rotate_roles"):
        ask({}, kind="replace", account="svc")


def test_a_secret_whose_account_nobody_knows():
    with pytest.raises(LatchkeyError, match="holds a secret in key, but no client id in id"):
        ask({}, stored={"value": "x"}, **REPLACE)


IN_PLACE = {"kind": "in_place", "account": "svc"}
SVC = {"service_accounts": [{"account": "svc", "account_id": "1"}]}


def test_a_plan_for_a_secret_in_place():
    found = ask(SVC, {"access_check": {"account_id": "1", "account": "svc"}}, stored={"value": "x"}, **IN_PLACE, force=True)
    assert (found["plan"]["rotate"], found["plan"]["intent"]["stage"], found["plan"]["current"]) == (True, "minting", {"id": "1"})


@pytest.mark.parametrize(
    ("ids", "stored_id", "words"),
    [
        ([], None, "no service account of this name"),
        (["1", "2"], None, "several service accounts of this name, 1 and 2"),
        (["1"], "2", "holds the client id 2 in id, but svc is 1"),
    ],
)
def test_the_account_of_a_secret_in_place(ids, stored_id, words):
    accounts = [{"account": "svc", "account_id": one} for one in ids]
    with pytest.raises(LatchkeyError, match=words):
        ask({"service_accounts": accounts}, stored={"id": stored_id}, **IN_PLACE)


@pytest.mark.parametrize(
    ("sessions", "force", "words"),
    [
        ({"access_tokens": [{"live": True}] * 10}, True, "has 10 sessions, so that may be why"),
        ({"failed": True, "msg": "Not for you."}, False, r"cannot be counted: Not for you\. Nothing was rotated\. Set rotate_force"),
    ],
)
def test_a_refusal_that_may_be_one_for_too_many_sessions(sessions, force, words):
    answers = {"access_check": {"failed": True, "status": 422, "msg": "No."}, "access_token_info": sessions}
    with pytest.raises(LatchkeyError, match=words):
        ask(SVC, answers, stored={"value": "x"}, **IN_PLACE, platform="rubrik_cdm", force=force)


@pytest.mark.parametrize("sessions", [{"access_tokens": [{"live": True}] * 9 + [{"live": False}]}, {"failed": True, "msg": "Not for you."}])
def test_a_refusal_of_a_dead_secret(sessions):
    answers = {"access_check": {"failed": True, "status": 422, "msg": "No."}, "access_token_info": sessions}
    assert ask(SVC, answers, stored={"value": "x"}, **IN_PLACE, platform="rubrik_cdm", force=True)["plan"]["rotate"] is True


@pytest.mark.parametrize("kind", ["in_place", "replace"])
def test_an_account_of_the_cloud_that_may_not_log_in_has_no_dead_secret(kind):
    refusal = {"failed": True, "status": 403, "msg": "Locked."}
    assert ask(SVC, {"access_check": refusal}, stored={"value": "x", "id": "1"}, kind=kind, account="svc") == refusal


def test_nothing_is_asked_where_the_file_cannot_be_written():
    for unfit, words in (({"exists": False}, "does not exist, so nothing"), ({"writable": False}, "cannot be written, so nothing")):
        with pytest.raises(LatchkeyError, match=words):
            ask(answers={"access_token_info": None}, file=unfit)


@pytest.mark.parametrize("kind", ["api_token", "in_place", "replace"])
def test_only_access_tokens_can_be_switched_off(kind):
    with pytest.raises(OptionError, match=r"only access tokens of Qumulo Core can be switched off\. Use delete, with rotate_retire_after"):
        ask(kind=kind, retire="disable")
    assert "plan" in ask({"account_id": "1"}, kind="access_token", retire="disable")


def test_a_life_of_less_than_a_minute():
    with pytest.raises(OptionError, match="must live at least a minute"):
        ask_api_token(token("1"), expires_in="59s")


@pytest.mark.parametrize(
    ("seconds", "retries", "delay"),
    [(0, 0, 1), (1, 1, 1), (2, 2, 1), (5, 5, 1), (20, 5, 4), (50, 5, 10), (300, 30, 10), (305, 31, 10)],
)
def test_patience(seconds, retries, delay):
    assert retries_within(timedelta(seconds=seconds)) == (retries, delay)


def test_a_patience_that_is_no_time():
    with pytest.raises(OptionError, match="rotate_sync_timeout"):
        ask(sync_timeout="soon")


def test_a_warning_is_one_line():
    assert ask(warn="one\n  two")["warnings"] == ["one two"]


def test_in_check_mode_without_a_play_token_there_is_nothing_to_plan_with():
    action = object.__new__(ActionModule)
    result = {"changed": False, "skipped": True}
    action._task = SimpleNamespace(copy=lambda: SimpleNamespace(args={}))
    action._shared_loader_obj = SimpleNamespace(
        action_loader=SimpleNamespace(get=lambda _name, **_others: SimpleNamespace(run=lambda task_vars: result))
    )
    action._connection = action._play_context = action._loader = action._templar = action._task_vars = None
    with pytest.raises(LatchkeyError, match="Set mint_in_check_mode"):
        action.attempt("access_token_info", {})
