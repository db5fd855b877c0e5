# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no public source tells of Qumulo Core: the collection must do its work whichever way a cluster turns out to behave.

Operations and the simulator run in this process, so that a whole life of an account takes a fraction of a second and can be lived
under every setting.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform import Qumulo
from tests.plays._cases import do, done, refused, tokens_of, twice
from tests.plays._in_process_simulator import Start
from tests.simulator.qumulo._settings import SETTINGS

NUMBERS = {"page_size": ("1", "2"), "password_min_length": ("40",)}
# Who is there, not how the cluster behaves; and what test_s3_access_key.py goes through.
NOT_BEHAVIOUR = {"service_account_role", *(name for name in SETTINGS if name.startswith("s3_"))}
_OTHER_THAN_USUAL = {
    name: [one for one in NUMBERS.get(name, setting.choices) if one != setting.default and not one.startswith("<")]
    for name, setting in SETTINGS.items()
    if name not in NOT_BEHAVIOUR
}
CHOICES = {name: choices for name, choices in _OTHER_THAN_USUAL.items() if choices}
MOST = max(map(len, CHOICES.values()))
# Each choice in two clusters, beside other ones: those of the same place in their lists, and those that are shifted by their settings.
CLUSTERS = [
    {
        name: choices[place]
        for number, (name, choices) in enumerate(CHOICES.items())
        if (place := (row + number * shift) % MOST) < len(choices)
    }
    for shift in (0, 1)
    for row in range(MOST)
]
USER = {"user": "local:svc-one"}


def test_all_settings_are_covered() -> None:
    texts = {name for name, setting in SETTINGS.items() if setting.choices == ("<text>",)}
    assert CHOICES.keys() == SETTINGS.keys() - texts - NOT_BEHAVIOUR
    lived = [one for settings in CLUSTERS for one in settings.items()]
    assert all(lived.count((name, choice)) == 2 for name, choices in CHOICES.items() for choice in choices)


@pytest.mark.parametrize("settings", [{}, *CLUSTERS], ids=["defaults", *map(str, range(len(CLUSTERS)))])
def test_life_of_an_account(appliance: Start, settings: dict[str, str]) -> None:
    simulator = appliance("qumulo", **settings)
    one = twice(simulator, "service_account", name="svc-one", roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"])
    minted = twice(simulator, "access_token", **USER, expires_in="30d")
    first = {"token_id": minted["token_id"]}
    own = {"token": minted["token"]}
    probes = [{"path": "/v1/cluster/settings", "expect": "cluster_name"}]
    checked = done(simulator, "access_check", **own, expect_account="local:svc-one", probes=probes)
    assert checked["token_id"] == (None if settings.get("whoami_token_id") == "absent" else minted["token_id"])
    assert done(simulator, "access_token", **own)["token_id"] == minted["token_id"]  # self-service

    moved = twice(simulator, "access_token", **USER, expires_at="2031-02-03T04:05:06.789+01:00")
    assert moved["expires_at"].startswith("2031-02-03T03:05:06")
    twice(simulator, "access_token", **first, expires_at="2032-02-03T04:05:06Z")

    second = done(simulator, "access_token", **USER, additional=True)
    assert second["expires_at"] is None
    message = refused(simulator, "access_token", **USER, additional=True)
    assert minted["token_id"] in message
    assert second["token_id"] in message
    twice(simulator, "access_token", **USER, token_id=second["token_id"], enabled=False)
    refused(simulator, "access_check", token=second["token"])
    twice(simulator, "access_token", **USER, token_id=second["token_id"], enabled=True)
    assert done(simulator, "access_token", **USER, current=second["token"])["changed"] is False

    listed = done(simulator, "access_token_info", **USER)["access_tokens"]
    assert {entry["token_id"] for entry in listed} == {minted["token_id"], second["token_id"]}
    assert {entry["account"] for entry in listed} == {"svc-one"}
    assert len(done(simulator, "access_token_info")["access_tokens"]) == 3

    twice(simulator, "session_revoke", ids=[second["token_id"]])
    refused(simulator, "access_check", token=second["token"])
    renewed = done(simulator, "access_token", **USER, current=second["token"])
    assert renewed["token"] != second["token"]
    assert renewed["changed"] is True
    done(simulator, "access_check", token=renewed["token"], expect_account="svc-one")
    twice(simulator, "access_token", token_id=renewed["token_id"], state="absent")
    assert [token["id"] for token in tokens_of(simulator, "svc-one")] == [minted["token_id"]]

    twice(simulator, "service_account", name="svc-one", roles=[], privileges=["PRIVILEGE_CLUSTER_READ", "PRIVILEGE_ROLE_READ"])
    twice(simulator, "service_account", name="svc-one", home_directory="/home/one", primary_group="Guests")
    gone = twice(simulator, "service_account", name="svc-one", state="absent")
    assert gone["account_id"] == one["account_id"]
    refused(simulator, "access_check", **own)
    assert done(simulator, "service_account_info", name="svc-one")["service_accounts"] == []
    assert [token["account"] for token in simulator.credentials(everything=True) if token["kind"] == "access_token"] == ["svc-ansible"]
    assert "svc-ansible" in refused(simulator, "access_token_info", **USER)  # the error lists who there is


@pytest.mark.parametrize("status", SETTINGS["limit_status"].choices)
def test_third_token_that_only_the_cluster_refuses(appliance: Start, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """Another run may create one between our look and our request."""
    monkeypatch.setattr(Qumulo, "token_limit", None)
    simulator = appliance("qumulo", limit_status=status)
    done(simulator, "access_token", user="local:svc-ansible", additional=True)
    before = len(simulator.journal())
    message = refused(simulator, "access_token", user="local:svc-ansible", additional=True)
    assert f"HTTP {status}" in message
    assert "two access tokens already" in message
    assert [one["method"] for one in simulator.journal()[before:]].count("POST") == 3  # log in, look up, and this once
    assert ("its secret is lost" in message) is (status == "500")


@pytest.mark.parametrize("status", SETTINGS["bad_login_status"].choices)
@pytest.mark.parametrize("body", SETTINGS["unauthorized_body"].choices)
def test_wrong_password(appliance: Start, status: str, body: str) -> None:
    simulator = appliance("qumulo", bad_login_status=status, unauthorized_body=body)
    message = refused(simulator, "access_check", username="admin", password="canary-wrong")
    assert f"Qumulo Core at {simulator.url}: cannot log in: POST /v1/session/login was answered with HTTP {status}" in message
    assert ("user name or the password is wrong" in message) is ((status, body) != ("401", "empty"))
    assert "canary-wrong" not in message


@pytest.mark.parametrize("status", SETTINGS["dead_token_status"].choices)
@pytest.mark.parametrize("body", SETTINGS["unauthorized_body"].choices)
def test_dead_tokens(appliance: Start, status: str, body: str) -> None:
    simulator = appliance("qumulo", dead_token_status=status, unauthorized_body=body)
    account = simulator.service_account
    user = {"user": "local:svc-ansible"}

    def check() -> None:
        assert f"identify the caller: GET /v1/session/who-am-i was answered with HTTP {status}" in refused(
            simulator, "access_check", token=account["token"]
        )
        for options in ({}, {"state": "absent", "token_id": account["token_id"]}, {"token_id": account["token_id"], "enabled": True}):
            assert f"HTTP {status}" in refused(simulator, "access_token", token=account["token"], **options)

    done(simulator, "access_token", **user, enabled=False)
    check()
    done(simulator, "access_token", **user, enabled=True, expires_at="2031-01-01T00:00:00Z")
    simulator.advance(10 * 366 * 86400)
    check()
    done(simulator, "access_token", token_id=account["token_id"], expires_at="2061-01-01T00:00:00Z")
    done(simulator, "access_check", token=account["token"])
    done(simulator, "access_token", **user, state="absent")
    check()


OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "mint": ("access_token", {"user": "local:admin"}),
    "revoke by user": ("access_token", {"user": "local:admin", "state": "absent"}),
    "list of one": ("access_token_info", {"user": "local:admin"}),
    "accounts": ("service_account_info", {}),
    "create": ("service_account", {"name": "svc-one"}),
    "delete": ("service_account", {"name": "guest", "state": "absent"}),
}


@pytest.mark.parametrize("status", SETTINGS["forbidden_status"].choices)
@pytest.mark.parametrize("version", ["7.2.3", "7.10.2"])
def test_no_right_is_said_and_never_taken_for_done(appliance: Start, status: str, version: str) -> None:
    simulator = appliance("qumulo", version, forbidden_status=status, service_account_role="none")
    minted = done(simulator, "access_token", user="local:admin")
    me = {"token": simulator.service_account["token"]}
    for name, (module, options) in OPERATIONS.items():
        result = do(simulator, module, **me, **options)
        assert result.get("failed"), (name, result)
        assert f"HTTP {status}" in result["msg"] or status == "404", name
        assert "missing privilege" in result["msg"], name
    assert [one["id"] for one in tokens_of(simulator, "admin")] == [minted["token_id"]]


@pytest.mark.parametrize("status", SETTINGS["forbidden_status"].choices)
def test_reading_rights_only(appliance: Start, status: str) -> None:
    """A caller who may see but not touch: a refusal that looks like a 404 is not taken for gone."""
    simulator = appliance("qumulo", forbidden_status=status, service_account_role="none")
    reading = ["IDENTITY_READ", "ACCESS_TOKENS_READ", "LOCAL_USER_READ", "ROLE_READ", "LOCAL_GROUP_READ"]
    done(simulator, "service_account", name="svc-ansible", privileges=[f"PRIVILEGE_{one}" for one in reading])
    done(simulator, "service_account", name="svc-one", roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"])
    minted = done(simulator, "access_token", **USER)
    me = {"token": simulator.service_account["token"]}
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("access_token", {"token_id": minted["token_id"], "state": "absent"}),
        ("access_token", {"token_id": minted["token_id"], "enabled": False}),
        ("access_token", {**USER, "state": "absent"}),
        ("access_token", {**USER, "additional": True}),
        ("session_revoke", {"ids": [minted["token_id"]]}),
        ("session_revoke", {"account": "local:svc-one"}),
        ("service_account", {"name": "svc-one", "roles": []}),
        ("service_account", {"name": "svc-one", "privileges": []}),
        ("service_account", {"name": "svc-one", "state": "absent"}),
    ]
    for module, options in wishes:
        assert done(simulator, module, check=True, **me, **options)["changed"] is True
        assert f"HTTP {status}" in refused(simulator, module, **me, **options), (module, options)
    done(simulator, "access_check", token=minted["token"])


@pytest.mark.parametrize("status", SETTINGS["token_id_unknown"].choices)
def test_unknown_token_id(appliance: Start, status: str) -> None:
    simulator = appliance("qumulo", token_id_unknown=status, service_account_role="none")
    unknown = "1234567890123456789012"
    assert done(simulator, "access_token", token_id=unknown, state="absent")["changed"] is False
    assert done(simulator, "access_token_info", token_id=unknown)["access_tokens"] == []
    assert done(simulator, "session_revoke", ids=[unknown])["revoked"] == []
    assert unknown in refused(simulator, "access_token", token_id=unknown, enabled=False)
    me = {"token": simulator.service_account["token"]}
    start = len(simulator.journal())
    result = do(simulator, "access_token", **me, token_id=unknown, state="absent")
    assert result.get("failed", False) is (status != "404")  # without the right to read all tokens there is no telling
    assert not result["changed"]
    assert {one["method"] for one in simulator.journal()[start:]} == {"GET"}


@pytest.mark.parametrize("status", SETTINGS["foreign_token"].choices)
def test_foreign_token(appliance: Start, status: str) -> None:
    simulator = appliance("qumulo", foreign_token=status, service_account_role="none")
    minted = done(simulator, "access_token", user="local:admin")
    me = {"token": simulator.service_account["token"]}
    refused(simulator, "access_token", **me, token_id=minted["token_id"], enabled=False)
    assert do(simulator, "access_token", **me, token_id=minted["token_id"], state="absent")["changed"] is False
    assert [one["id"] for one in tokens_of(simulator, "admin")] == [minted["token_id"]]


@pytest.mark.parametrize("choice", SETTINGS["self_change"].choices)
def test_token_that_ends_itself(appliance: Start, choice: str) -> None:
    simulator = appliance("qumulo", self_change=choice)
    me = {"token": simulator.service_account["token"]}
    if choice == "accepted":
        assert done(simulator, "session_revoke", **me, target="self")["revoked"] == [simulator.service_account["token_id"]]
        assert tokens_of(simulator, "svc-ansible") == []
    else:
        message = refused(simulator, "session_revoke", **me, target="self")
        assert "cannot disable or delete itself" in message
        assert len(tokens_of(simulator, "svc-ansible")) == 1


@pytest.mark.parametrize("choice", SETTINGS["deleted_name"].choices)
def test_account_made_again_under_an_old_name(appliance: Start, choice: str) -> None:
    """Where the cluster takes the name for the removed account's, the list of local users tells better."""
    simulator = appliance("qumulo", deleted_name=choice)
    done(simulator, "service_account", name="svc-one")
    done(simulator, "service_account", name="svc-one", state="absent")
    again = done(simulator, "service_account", name="svc-one")
    by_id = {"user": f"auth_id:{again['account_id']}"}
    minted = twice(simulator, "access_token", **USER)
    assert minted["account_id"] == again["account_id"]
    done(simulator, "access_token", **USER, state="absent")
    minted = twice(simulator, "access_token", **by_id)
    done(simulator, "access_check", token=minted["token"], expect_account=by_id["user"])
    twice(simulator, "access_token", **by_id, state="absent")


@pytest.mark.parametrize("choice", SETTINGS["ambiguous_name"].choices)
def test_bare_name_that_is_in_two_domains(appliance: Start, choice: str) -> None:
    simulator = appliance("qumulo", ambiguous_name=choice)
    local = done(simulator, "service_account", name="jane")
    if choice == "rejected":
        assert "the name is ambiguous" in refused(simulator, "access_token", user="jane")
    else:
        minted = done(simulator, "access_token", user="jane")
        assert (minted["account_id"] == local["account_id"]) is (choice == "local")
        assert [one["account"] for one in tokens_of(simulator, "jane")] == (["jane"] if choice == "local" else [])
    assert done(simulator, "access_token", user="local:jane")["account_id"] == local["account_id"]
    assert done(simulator, "access_token", user="ad:jane")["account_id"] != local["account_id"]


@pytest.mark.parametrize("choice", SETTINGS["require_sso"].choices)
def test_directory_user(appliance: Start, choice: str) -> None:
    simulator = appliance("qumulo", require_sso=choice, ad_password="canary-Directory-1")
    who = {"username": "AD\\jane", "password": "canary-Directory-1"}
    if choice == "yes":
        assert "auth_sso_required_error: log in with SAML" in refused(simulator, "access_check", **who)
    else:
        assert done(simulator, "access_check", **who, expect_account="AD\\jane")["account"] == "AD\\jane"
    minted = done(simulator, "access_token", user="ad:jane")
    me = {"token": minted["token"]}
    for right in ("AD\\jane", f"auth_id:{minted['account_id']}"):  # needs no right but to ask who one is
        done(simulator, "access_check", **me, expect_account=right)
    for wrong in ("local:jane", "auth_id:500", "admin"):
        refused(simulator, "access_check", **me, expect_account=wrong)
    assert "missing privilege: IDENTITY_READ" in refused(simulator, "access_check", **me, expect_account="ad:jane")
