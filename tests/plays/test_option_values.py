# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module with a value of another type, with nothing, and with null: refused by name, or what leaving it out means.

Nothing is sent for what is refused, and nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.execute import shared_arguments
from tests.plays._cases import ANSIBLES_WORDS, do, done
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import shared_options
from tests.unit.module_utils.operations.all_operations import OPERATIONS

CANARY = "canary-Pa55word"
# What each module cannot do without.
NEEDED: dict[str, dict[str, Any]] = {
    "service_account": {"name": "svc-one"},
    "api_token": {"tag": "one"},
    "session_revoke": {"target": "self"},
    "access_token": {"user": "local:svc-one"},
    "s3_access_key": {"user": "local:svc-one"},
    "s3_access_key_info": {"user": "local:svc-one"},
}
NOTHING = ("", "  ")
LIST, MAPPING = [CANARY], {CANARY: 1}
OTHERS: dict[str, tuple[Any, ...]] = {
    "str": (*NOTHING, LIST, MAPPING),
    "path": (*NOTHING, LIST, MAPPING),
    "bool": (*NOTHING, LIST, MAPPING, 5),
    "int": (*NOTHING, LIST, MAPPING, 1.5),
    "float": (*NOTHING, LIST, MAPPING),
    "list": (*NOTHING, MAPPING, [""], [None], [LIST], 5),
    "dict": (*NOTHING, LIST, 5),
}


def _values(spec: Mapping[str, Any], may_be_empty: bool) -> Iterator[Any]:
    """Yield what an option of this type is not."""
    for value in OTHERS[spec.get("type", "str")]:
        is_element = value == 5 and spec.get("type") == "list" and spec.get("elements") in ("str", "int")
        if not is_element and not (may_be_empty and value in NOTHING):
            yield value


def _wrong(options: Mapping[str, Any], may_be_empty: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the option that must be named, and what is given, for each option, and for each option inside of one."""
    for name, spec in options.items():
        yield from ((name, {name: value}) for value in _values(spec, name in may_be_empty))
        for inner, its in spec.get("options", {}).items():
            rest = {one: "/v1/x" for one, other in spec["options"].items() if other.get("required") and one != inner}
            yield from ((inner, {name: [{**rest, inner: value}]}) for value in _values(its, False))


def _not_refused(simulator: InProcess, module: str, named: str, given: dict[str, Any]) -> str:
    """Give a module an option that does not fit; return what is wrong with what it said and did."""
    result = do(simulator, module, **{**shared_options(simulator), **NEEDED.get(module, {}), **given})
    message = result.get("msg", "")
    is_told = result.get("failed") and named in message and (message.endswith(".") or any(one in message for one in ANSIBLES_WORDS))
    is_right = is_told and CANARY not in str(result) and "bug in latchkey" not in message and not simulator.journal()
    return "" if is_right else f"{given}: {message or result}"


@pytest.mark.parametrize("module", OPERATIONS)
def test_a_value_that_fits_no_option(appliance: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.chdir(tmp_path)
    simulator = appliance("rubrik_cdm" if "api_token" in module else "qumulo")
    operation = OPERATIONS[module]
    wrong = [_not_refused(simulator, module, *one) for one in _wrong(operation.argument_spec, operation.may_be_empty)]
    assert not any(wrong), "\n".join(wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_fits_no_shared_option(cluster: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is empty and needed is refused, too: endpoint, username and password. The rest of these mean what leaving them out means."""
    monkeypatch.chdir(tmp_path)
    needed = {"endpoint", "username", "password", "platform"}
    shared = shared_arguments()
    texts = {name for name, spec in shared.items() if spec["type"] in ("str", "path")}
    wrong = [_not_refused(cluster, "access_check", *one) for one in _wrong(shared, texts - needed)]
    assert not any(wrong), "\n".join(wrong)
    for name in texts - needed - {"client_id"}:
        for value in NOTHING:
            assert done(cluster, "access_check", **{**shared_options(cluster), name: value})["account"] == "admin", name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", OPERATIONS)
def test_null_means_what_leaving_out_means_or_is_refused_by_name(appliance: Start, module: str) -> None:
    simulator = appliance("rubrik_cdm" if "api_token" in module else "qumulo")
    options = {**shared_options(simulator), **NEEDED.get(module, {})}
    without = do(simulator, module, check=True, **options)
    wrong = []
    for name in OPERATIONS[module].argument_spec:
        if name in options:
            continue
        result = do(simulator, module, check=True, nulls=(name,), **options)
        is_same = all(result.get(one) == without.get(one) for one in ("failed", "msg", "changed"))
        if not is_same and not (result.get("failed") and re.search(rf"(value of|argument) '?{name}'? ", result["msg"])):
            wrong.append(f"{name}: {result}")
    assert not wrong, "\n".join(wrong)
