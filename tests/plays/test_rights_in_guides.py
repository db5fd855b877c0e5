# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the guides that say what a caller needs: it is enough, and without any of it the task is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.plays._as_printed import GUIDES
from tests.plays._cases import do, done
from tests.plays._in_process_simulator import InProcess, Start

Task = tuple[str, dict[str, Any]]


def rows(guide: str, title: str) -> dict[str, list[str]]:
    """Return the rows of the table below a title: what is done, as plain text, and the rights that it takes."""
    section = (GUIDES / f"{guide}.rst").read_text().split(f"{title}\n---", 1)[1]
    found = re.findall(r"^   \* - (.+?)\n     - (.+?)(?=\n   \* -|\n\n)", section, re.MULTILINE | re.DOTALL)
    return {what: re.findall(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", needs) for what, needs in found[1:]}


QUMULO = rows("qumulo", "Privileges")


def account_with_token(q: InProcess) -> tuple[str, str]:
    """Make an account with a token, a role and a role of its own; return its name and the token's id."""
    name = f"svc-{len(q.journal())}"
    done(q, "service_account", name=name, roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"])
    return name, done(q, "access_token", user=f"local:{name}", expires_in="1d")["token_id"]


def new(q: InProcess, **options: Any) -> Task:
    return "service_account", {"name": f"svc-{len(q.journal())}", **options}


TASKS: dict[str, Callable[[InProcess], Task]] = {
    "use :ansplugin:`latchkey.tokens.access_check#module`": lambda _q: ("access_check", {}),
    "rotate another account's token, or create and revoke such tokens": lambda q: (
        "access_token",
        {"user": f"local:{account_with_token(q)[0]}", "additional": True, "expires_in": "1d"},
    ),
    "change or revoke tokens by their ids": lambda q: ("session_revoke", {"ids": [account_with_token(q)[1]]}),
    "list another account's tokens": lambda q: ("access_token_info", {"user": f"local:{account_with_token(q)[0]}"}),
    "create and delete S3 access keys of another account, or rotate one": lambda _q: (
        "s3_access_key",
        {"user": "local:guest", "additional": True},
    ),
    "list another account's S3 access keys": lambda _q: ("s3_access_key_info", {"user": "local:guest"}),
    "create an account": new,
    "create an account with ``primary_group``": lambda q: new(q, primary_group="Guests"),
    "create an account with ``roles`` or ``privileges``": lambda q: new(q, roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"]),
    "delete an account with its tokens and roles": lambda q: ("service_account", {"name": account_with_token(q)[0], "state": "absent"}),
    "list accounts": lambda _q: ("service_account_info", {}),
    "list every credential, :ansplugin:`latchkey.tokens.credential_info#module`; without one of them it lists the rest": lambda _q: (
        "credential_info",
        {},
    ),
}


def test_every_row_is_tried() -> None:
    assert QUMULO.keys() == TASKS.keys()


@pytest.mark.parametrize("what", TASKS)
def test_privileges_of_qumulo_core(what: str, appliance: Start) -> None:
    q = appliance("qumulo")

    def result(privileges: list[str]) -> dict[str, Any]:
        module, options = TASKS[what](q)
        caller = f"caller-{len(q.journal())}"
        done(q, "service_account", name=caller, privileges=privileges)
        return do(q, module, token=done(q, "access_token", user=f"local:{caller}")["token"], **options)

    def lacks(told: dict[str, Any]) -> bool:
        return bool(told.get("failed") or told.get("not_permitted"))

    needs = QUMULO[what]
    told = result(needs)
    assert not lacks(told), told
    for one in needs:
        assert lacks(result([other for other in needs if other != one])), f"{one} is not needed"


RSC = rows("rubrik_rsc", "Rights")
ROLES = {  # the simulator's roles, and what of the table's rows they allow
    "Secret Rotator": {"list service accounts", "rotate a secret, ``rotate_strategy: alternate`` or ``in_place``"},
    "Account Manager": {
        "list service accounts",
        "create and delete service accounts, ``rotate_strategy: replace``",
        "change the roles of an account",
    },
    "Read-only Administrator": {"list service accounts"},
    "Backup Operator": set(),
}
RSC_TASKS: dict[str, list[Task]] = {
    "list service accounts": [("service_account_info", {})],
    "rotate a secret, ``rotate_strategy: alternate`` or ``in_place``": [("service_account", {"name": "svc-there", "rotate_secret": True})],
    "create and delete service accounts, ``rotate_strategy: replace``": [
        ("service_account", {"name": "svc-new", "roles": ["Backup Operator"]}),
        ("service_account", {"name": "svc-new", "state": "absent"}),
    ],
    "change the roles of an account": [("service_account", {"name": "svc-there", "roles": ["Secret Rotator"]})],
}


@pytest.mark.parametrize("role", ROLES)
def test_rights_of_rubrik_security_cloud(role: str, appliance: Start) -> None:
    assert RSC.keys() - RSC_TASKS.keys() == {next(iter(RSC))}  # who has any role may log in
    for what, tasks in RSC_TASKS.items():
        rsc = appliance("rubrik_rsc")
        done(rsc, "service_account", name="svc-there", roles=["Backup Operator"])
        made = done(rsc, "service_account", name="caller", roles=[role])
        caller = {name: made[name] for name in ("client_id", "client_secret")}
        results = [do(rsc, module, **caller, **options) for module, options in tasks]
        assert all(not one.get("failed") for one in results) is (what in ROLES[role]), (what, results)
