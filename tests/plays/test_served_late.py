# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An appliance serves a request after the task has ceased to wait for it: every request of every module that changes something.

The task says that it is not known whether the request took effect, and never that nothing happened; it sends nothing twice that
does harm twice. Once the request was served, the same task ends in what is wished, and no second credential was created without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc import queries
from tests.plays._cases import TOLD_ONCE, checked_message, do, done, live
from tests.plays._in_process_simulator import InProcess, Start, secrets_in
from tests.plays._options import administrator, client

NAME: dict[str, Any] = {"name": "svc-one"}
USER: dict[str, Any] = {"user": "local:svc-one"}
ABSENT: dict[str, Any] = {"state": "absent"}
GONE: dict[str, Any] = {**NAME, **ABSENT}
ROLES: dict[str, Any] = {**NAME, "roles": ["Observers"]}
CDM_ROLES: dict[str, Any] = {**NAME, "roles": ["ReadOnlyAdminRole"]}
RSC_ROLES: dict[str, Any] = {**NAME, "roles": ["Read-only Administrator"]}
RIGHTS: dict[str, Any] = {**NAME, "privileges": ["PRIVILEGE_CLUSTER_READ"]}
CREDENTIALS = ("access_token", "api_token", "s3_access_key")
# What must not be said of a request that may be served yet.
NOTHING = re.compile(r"\b(nothing|none) (was|is|were)\b|was not (created|changed|deleted|ended)", re.IGNORECASE)


@dataclass(frozen=True)
class Late:
    """A request that is served late.

    Attributes:
        platform: whose it is.
        request: regular expression for it: method, path, and what GraphQL asks for.
        module, options: the task that sends it; ``ids`` of None are those of the account's tokens.
        before: tasks that come first.
        once: whether it does harm twice.
        more: whether the next run creates another one, as the first one says.
        way: whose credentials the task has: the administrator's, the service account's, or a token of either.
    """

    platform: str
    request: str
    module: str
    options: dict[str, Any]
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    once: bool = True
    more: str = ""
    way: str = ""


_MADE = (("service_account", NAME),)
_TOKEN = (*_MADE, ("access_token", USER))
_KEY = (*_MADE, ("s3_access_key", USER))
_SESSION = "POST /api/v1/service_account/session "
_LATER = "ends by itself"
CASES = {
    "Qumulo: an account": Late("qumulo", "^POST /v1/users/ ", "service_account", {**ROLES, **RIGHTS}),
    "Qumulo: a role": Late("qumulo", "^POST .*/Observers/members ", "service_account", {**ROLES, **RIGHTS}),
    "Qumulo: an own role": Late("qumulo", "^POST /v1/auth/roles/ ", "service_account", {**ROLES, **RIGHTS}),
    "Qumulo: its member": Late("qumulo", "^POST .*/latchkey-svc-one/members ", "service_account", {**ROLES, **RIGHTS}),
    "Qumulo: privileges": Late(
        "qumulo",
        "^PATCH /v1/auth/roles/",
        "service_account",
        {**NAME, "privileges": ["PRIVILEGE_ROLE_READ"]},
        (("service_account", RIGHTS),),
    ),
    "Qumulo: no privileges": Late(
        "qumulo", "^DELETE .*/latchkey-svc-one ", "service_account", {**NAME, "privileges": []}, (("service_account", RIGHTS),), False
    ),
    "Qumulo: no role": Late(
        "qumulo", "^DELETE .*/members/", "service_account", {**NAME, "roles": []}, (("service_account", ROLES),), False
    ),
    "Qumulo: a home": Late("qumulo", "^PUT /v1/users/", "service_account", {**NAME, "home_directory": "/home/one"}, _MADE),
    "Qumulo: no account": Late("qumulo", "^DELETE /v1/users/", "service_account", GONE, _TOKEN, False),
    "Qumulo: no account, its token": Late("qumulo", "^DELETE /v1/auth/access-tokens/", "service_account", GONE, _TOKEN, False),
    "Qumulo: no account, its key": Late("qumulo", "^DELETE /v1/s3/access-keys/", "service_account", GONE, _KEY, False),
    "Qumulo: a token": Late("qumulo", "^POST /v1/auth/access-tokens/ ", "access_token", {**USER, "expires_in": "1d"}, _MADE),
    "Qumulo: a token off": Late("qumulo", "^PATCH /v1/auth/access", "access_token", {**USER, "enabled": False}, _TOKEN, False),
    "Qumulo: a token on": Late(
        "qumulo",
        "^PATCH /v1/auth/access",
        "access_token",
        {**USER, "enabled": True},
        (*_TOKEN, ("access_token", {**USER, "enabled": False})),
        False,
    ),
    "Qumulo: no token": Late("qumulo", "^DELETE /v1/auth/access", "access_token", {**USER, **ABSENT}, _TOKEN, False),
    "Qumulo: ended": Late("qumulo", "^DELETE /v1/auth/access", "session_revoke", {"account": "local:svc-one"}, _TOKEN, False),
    "Qumulo: ended by id": Late("qumulo", "^DELETE /v1/auth/access", "session_revoke", {"ids": None}, _TOKEN, False),
    "Qumulo: ended itself": Late("qumulo", "^DELETE /v1/auth/access", "session_revoke", {"target": "self"}, _TOKEN, False, way="token"),
    "Qumulo: a key": Late("qumulo", "^POST /v1/s3/access-keys/ ", "s3_access_key", USER, _MADE),
    "Qumulo: no key": Late("qumulo", "^DELETE /v1/s3/access-keys/", "s3_access_key", {**USER, **ABSENT, "delete_last": True}, _KEY, False),
    "Qumulo: a log-in": Late("qumulo", "^POST /v1/session/login ", "service_account", NAME),
    "CDM: an account": Late("rubrik_cdm", "^POST /api/v1/service_account ", "service_account", CDM_ROLES),
    "CDM: roles": Late("rubrik_cdm", "^POST .*role", "service_account", CDM_ROLES, _MADE, False),
    "CDM: no roles": Late("rubrik_cdm", "^POST .*role", "service_account", {**NAME, "roles": []}, (("service_account", CDM_ROLES),), False),
    "CDM: a secret": Late("rubrik_cdm", "/rotate ", "service_account", {**NAME, "rotate_secret": True}, _MADE, more="access_check"),
    "CDM: no account": Late("rubrik_cdm", "^DELETE /api/v1/service_account/", "service_account", GONE, _MADE, False),
    "CDM: an API token": Late("rubrik_cdm", "^POST /api/internal/session ", "api_token", {"tag": "nightly"}, way="bearer"),
    "CDM: no API token": Late(
        "rubrik_cdm", "/bulk_delete ", "api_token", {"tag": "nightly", **ABSENT}, (("api_token", {"tag": "nightly"}),), False
    ),
    "CDM: a session": Late("rubrik_cdm", _SESSION, "access_token", {}, more=_LATER, way="client"),
    "CDM: a log-in": Late("rubrik_cdm", "^POST /api/internal/session ", "access_token", {}, more=_LATER, way="administrator"),
    "CDM: no sessions": Late("rubrik_cdm", "/bulk_delete ", "session_revoke", {"account": "svc-ansible"}, (("client", {}),), False),
    "CDM: itself": Late("rubrik_cdm", "^DELETE /api/v1/session/", "session_revoke", {"target": "self"}, (), False, way="bearer"),
    "CDM: a log-in of a task": Late("rubrik_cdm", "^POST /api/internal/session ", "service_account", NAME, more=_LATER),
    "RSC: a log-in of a task": Late("rubrik_rsc", "^POST /api/client_token ", "service_account", NAME, more=_LATER),
    "RSC: an account": Late("rubrik_rsc", "createServiceAccount", "service_account", RSC_ROLES),
    "RSC: a description": Late("rubrik_rsc", "updateServiceAccount", "service_account", {**NAME, "description": "Reports"}, _MADE),
    "RSC: roles": Late("rubrik_rsc", "updateRoleAssignments", "service_account", RSC_ROLES, _MADE),
    "RSC: a secret": Late(
        "rubrik_rsc", "rotateServiceAccountSecret", "service_account", {**NAME, "rotate_secret": True}, _MADE, more="access_check"
    ),
    "RSC: no account": Late("rubrik_rsc", "deleteServiceAccounts", "service_account", GONE, _MADE),
    "RSC: a session": Late("rubrik_rsc", "^POST /api/client_token ", "access_token", {}, more=_LATER, way="client"),
    "RSC: itself": Late("rubrik_rsc", "^DELETE /api/session ", "session_revoke", {"target": "self"}, (), False, way="bearer"),
}


def credentials(simulator: InProcess) -> set[str]:
    """Return the ids of all live credentials."""
    return set(live(simulator, *CREDENTIALS))


def begin(simulator: InProcess, late: Late) -> dict[str, Any]:
    """Do what comes first, and return the options of the task."""
    made: dict[str, Any] = {}
    for module, options in late.before:
        made = done(simulator, "access_token", **client(simulator)) if module == "client" else done(simulator, module, **options)
    options = dict(late.options)
    if "ids" in options:
        options["ids"] = [made["token_id"]]
    if late.way in ("client", "administrator"):
        options |= client(simulator) if late.way == "client" else administrator(simulator)
    elif late.way == "bearer":
        options["token"] = done(simulator, "access_token", **administrator(simulator))["token"]
    elif late.way == "token":
        options["token"] = made["token"]
    return options


@pytest.mark.parametrize("case", CASES)
def test_every_try_is_served_late(appliance: Start, case: str) -> None:
    late = CASES[case]
    simulator = appliance(late.platform)
    options = begin(simulator, late)
    before = credentials(simulator)
    simulator.holds = lambda request: re.search(late.request, request) is not None
    result = do(simulator, late.module, **options)
    simulator.holds = lambda _request: False
    assert result.get("failed"), result
    message = checked_message(result["msg"])
    assert re.search(r"whether (POST|PUT|PATCH|DELETE) \S+ took effect is not known", message), message
    assert not NOTHING.search(message), message
    if "done" in result:  # of several steps
        assert len(result["not_known"]) == 1, "it is neither done nor not done"
    assert late.more in message
    assert not set(TOLD_ONCE) & set(result)
    assert not any(secret in str(result) for secret in secrets_in(simulator.data()))
    simulator.serve_late()
    assert len(simulator.held) == 1 if late.once else len(simulator.held) > 1

    again = done(simulator, late.module, **options)
    if late.more:
        assert again["changed"] is True
        return
    assert not set(TOLD_ONCE) & set(again), "a second credential"
    assert len(credentials(simulator) - before) <= 1
    assert done(simulator, late.module, **options)["changed"] is False


@pytest.mark.parametrize("case", [name for name, late in CASES.items() if not late.once])
def test_the_first_try_is_served_after_the_second(appliance: Start, case: str) -> None:
    """What does no harm twice is sent again, and succeeds; nothing that comes late undoes or doubles it."""
    late = CASES[case]
    simulator = appliance(late.platform)
    options = begin(simulator, late)
    held: list[str] = []

    def once(request: str) -> bool:
        if held or not re.search(late.request, request):
            return False
        held.append(request)
        return True

    simulator.holds = once
    done(simulator, late.module, **options)
    simulator.serve_late()
    assert done(simulator, late.module, **options)["changed"] is False


@pytest.mark.parametrize(("platform", "request_"), [("rubrik_cdm", "^DELETE /api/v1/session/me "), ("rubrik_rsc", "^DELETE /api/session ")])
def test_a_session_that_is_ended_late(appliance: Start, platform: str, request_: str) -> None:
    """The task has done its work, and says that its session may be left."""
    simulator = appliance(platform)
    simulator.holds = lambda request: re.search(request_, request) is not None
    [warning] = done(simulator, "service_account", **NAME)["warnings"]
    assert re.search("could not be ended; it (stays until it expires|ends by itself)", warning)
    assert "took effect is not known" in warning
    simulator.serve_late()
    assert live(simulator, "session") == []


def test_every_mutation_is_there() -> None:
    named = {one.text.partition("(")[0] for one in vars(queries).values() if isinstance(one, queries.GraphqlDocument) and one.changes}
    left = {one for one in named if not any(re.search(late.request, f"{one}(") for late in CASES.values())}
    assert left == {"mutation createOrgSwitchSession"}  # opens a session, as a log-in does
