# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action rotation_plan: from what the role found to what the state machines are asked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.action.rotation_plan import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._arguments import checked_arguments


def ask(**given: Any) -> dict[str, Any]:
    """Run the action as a task with these options would."""
    options = checked_arguments("latchkey.tokens.rotation_plan", given, ActionModule.argument_spec, ActionModule.rules)
    return ActionModule.perform(object.__new__(ActionModule), options, False, {"inventory_hostname": "localhost"})


def token(token_id: str, tag: str = "ours", days: int = 60) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {
        "token_id": token_id,
        "tag": tag,
        "created_at": format_instant(now - timedelta(days=30)),
        "expires_at": format_instant(now + timedelta(days=days)),
        "live": True,
    }


API_TOKEN = {"kind": "api_token", "account": "admin", "account_id": "u1", "has_value": True, "works": True, "value_id": "1", "tag": "ours"}
OWNER = {"id": "u1", "name": "admin"}


def test_api_tokens_with_another_tag_are_none_of_its_business():
    found = ask(**API_TOKEN, value_account=OWNER, tokens=[token("1"), token("2", "theirs")], orphans="fail")
    assert (found["plan"]["problem"], found["plan"]["revoke"]) == ("", ())
    assert "2" in ask(**API_TOKEN, tokens=[token("1"), token("2")])["plan"]["problem"]


def test_a_stored_api_token_with_another_tag_is_the_current_one_all_the_same():
    found = ask(**API_TOKEN, tokens=[token("1", "theirs", days=1)], when_remaining="7d")
    assert (found["plan"]["current"]["id"], found["plan"]["rotate"]) == ("1", True)
    assert found["plan"]["state"]["pending"]["about"] is True


def test_what_the_state_names_counts_whatever_its_tag():
    state = {"stage": "current", "current": {"id": "1"}, "previous": {"id": "2", "delete_at": "2026-01-01T00:00:00Z"}}
    found = ask(**API_TOKEN, state=state, tokens=[token("1"), token("2", "theirs"), token("3", "theirs")])
    assert (found["plan"]["problem"], found["plan"]["retire"], found["plan"]["revoke"]) == ("", "2", ())


@pytest.mark.parametrize(("owner", "problem"), [(OWNER, False), ({"id": "u2", "name": "jane"}, True)])
def test_the_credential_of_somebody_else(owner, problem):
    found = ask(**API_TOKEN, value_account=owner, tokens=[token("1")])
    assert ("of jane (id u2), not of the account to rotate" in found["plan"]["problem"]) is problem


REPLACE = {"kind": "replace", "account": "svc", "has_value": True, "works": True, "value_id": "1"}


@pytest.mark.parametrize(("names", "problem"), [(["svc"], False), (["svc-20260101T000000Z"], False), (["jane"], True)])
def test_an_account_that_is_replaced_must_be_of_the_rotation(names, problem):
    accounts = [{"account": name, "account_id": str(number)} for number, name in enumerate(names, 1)]
    found = ask(**REPLACE, value_account={"id": "1", "name": names[0]}, accounts=accounts, force=True)
    assert bool(found["plan"]["problem"]) is problem
    if not problem:
        assert re.fullmatch(r"svc-\d{8}T\d{6}Z", found["plan"]["state"]["pending"]["name"])
        assert found["plan"]["expires_at"] is None


def test_secrets_have_no_expiry_to_ask_for():
    found = ask(**REPLACE, accounts=[{"account": "svc", "account_id": "1"}], expires_in="1h", when_remaining="7d", force=True)
    assert found["warnings"] == []


def test_a_plan_for_a_secret_in_place():
    found = ask(kind="in_place", account_id="1", has_value=True, works=True, force=True)
    assert (found["plan"]["rotate"], found["plan"]["intent"]["stage"]) == (True, "minting")


@pytest.mark.parametrize("kind", ["api_token", "in_place", "replace"])
def test_only_access_tokens_can_be_switched_off(kind):
    with pytest.raises(OptionError, match=r"only access tokens of Qumulo Core can be switched off\. Use delete, with rotate_retire_after"):
        ask(kind=kind, retire="disable")
    assert "plan" in ask(kind="access_token", retire="disable")


def test_a_life_of_less_than_a_minute():
    with pytest.raises(OptionError, match="must live at least a minute"):
        ask(**API_TOKEN, tokens=[token("1")], expires_in="59s")


@pytest.mark.parametrize(
    ("timeout", "retries", "delay"),
    [("0s", 1, 1), ("1s", 1, 1), ("2s", 2, 1), ("5s", 5, 1), ("20s", 5, 4), ("50s", 5, 10), ("5m", 30, 10), ("305s", 31, 10)],
)
def test_patience(timeout, retries, delay):
    found = ask(sync_timeout=timeout)
    assert (found["retries"], found["delay"]) == (retries, delay)


def test_a_patience_that_is_no_time():
    with pytest.raises(OptionError, match="rotate_sync_timeout"):
        ask(sync_timeout="soon")


def test_a_warning_is_one_line():
    assert ask(warn="one\n  two")["warnings"] == ["one two"]
