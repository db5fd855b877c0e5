# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option of each operation that is set to nothing, as a survey does, is refused by name before a request is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._connection import PLATFORMS
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import HttpClient
from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import Operation, execute, shared_arguments
from tests.unit.module_utils.operations.all_operations import OPERATIONS


def texts() -> Iterator[Any]:
    """Yield each operation with each of its options that can hold an empty text, and that value."""
    for operation in OPERATIONS.values():
        for name, spec in operation.argument_spec.items():
            if "choices" in spec or name in operation.may_be_empty:
                continue
            if spec["type"] in ("str", "path"):
                yield pytest.param(operation, name, "", id=f"{operation.name}-{name}")
            elif spec["type"] == "list" and spec.get("elements") == "str":
                yield pytest.param(operation, name, [""], id=f"{operation.name}-{name}")


def defaults(operation: Operation) -> dict[str, Any]:
    """Return the options as Ansible fills them in."""
    return {name: spec.get("default") for name, spec in {**shared_arguments(), **operation.argument_spec}.items()}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("operation", "name", "empty"), list(texts()))
def test_an_empty_option_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, operation: Operation, name: str, empty: Any, platform: str
) -> None:
    def no_request(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a request was sent")

    monkeypatch.setattr(HttpClient, "request", no_request, raising=True)
    given = {"platform": platform, "endpoint": "appliance.example.com", "token": "x" * 20, name: empty}
    for needed, one in (("user", "local:svc"), ("name", "svc"), ("target", "account"), ("account", "svc")):
        if needed in operation.argument_spec and needed != name:
            given[needed] = one
    result = execute(operation, {**defaults(operation), **given}, check_mode=False)
    assert result.get("failed"), result
    assert result["msg"].startswith(f"{name}: ") or f" {name}" in result["msg"].partition(".")[0], result["msg"]


def test_what_may_be_empty_is_documented() -> None:
    assert {operation.name: operation.may_be_empty for operation in OPERATIONS.values() if operation.may_be_empty} == {
        "service_account": {"description", "home_directory"}
    }
