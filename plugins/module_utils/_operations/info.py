# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that only read: access_token_info, api_token_info and service_account_info. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._common.query import Query
from .._connection import API_TOKEN_PLATFORMS
from .._platforms.base import Platform
from .execute import Operation, Outcome, Task


def list_entries(task: Task, key: str, read: Callable[[], list[dict[str, Any]]]) -> Outcome:
    """Return what is read under a key; with a query, what that finds in it."""
    query = Query(task.options["query"], "query") if task.options.get("query") else None
    entries = read()
    return Outcome(values={key: query.search(entries) if query else entries})


def run_access_tokens(platform: Platform, task: Task) -> Outcome:
    """List the access tokens of one account, or of all."""
    user, token_id = task.options.get("user"), task.options.get("token_id")
    account = platform.find_account(user) if user else None

    def read() -> list[dict[str, Any]]:
        # What only may exist, since the platform does not tell, is left out.
        found = [one for one in platform.find_tokens([str(token_id)]) if one.account.id] if token_id else platform.tokens(account)
        return [token.as_result(task.now) for token in sorted(found, key=lambda one: (one.account.name, one.id))]

    outcome = list_entries(task, "access_tokens", read)
    if account:
        outcome.values |= {"account": account.name, "account_id": account.id}
    outcome.values["limit"] = platform.token_limit
    return outcome


def run_api_tokens(platform: Platform, task: Task) -> Outcome:
    """List the API tokens of one account, the caller's own when none is named."""
    account = platform.find_account(task.options["user"]) if task.options.get("user") else platform.caller().account
    tag = task.options.get("tag")

    def read() -> list[dict[str, Any]]:
        found = [one for one in platform.api_tokens(account) if tag in (None, one.tag)]
        return [token.as_result(task.now) for token in sorted(found, key=lambda one: (one.tag or "", one.id))]

    outcome = list_entries(task, "api_tokens", read)
    outcome.values |= {"account": account.name, "account_id": account.id}
    return outcome


def run_service_accounts(platform: Platform, task: Task) -> Outcome:
    """List the service accounts, or those of one name."""

    def read() -> list[dict[str, Any]]:
        states = sorted(platform.service_accounts(task.options.get("name")), key=lambda one: (one.account.name, one.account.id))
        return [one.as_result() for one in states]

    return list_entries(task, "service_accounts", read)


ACCESS_TOKEN_INFO = Operation(
    name="access_token_info",
    argument_spec={"user": {"type": "str"}, "token_id": {"type": "str", "no_log": False}, "query": {"type": "str"}},
    run=run_access_tokens,
    rules={"mutually_exclusive": [("user", "token_id")]},
)
API_TOKEN_INFO = Operation(
    name="api_token_info",
    argument_spec={
        "platform": {"type": "str", "choices": list(API_TOKEN_PLATFORMS), "default": API_TOKEN_PLATFORMS[0]},
        "user": {"type": "str"},
        "tag": {"type": "str"},
        "query": {"type": "str"},
    },
    run=run_api_tokens,
)
SERVICE_ACCOUNT_INFO = Operation(
    name="service_account_info",
    argument_spec={"name": {"type": "str"}, "query": {"type": "str"}},
    run=run_service_accounts,
)
