# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no public source tells of Rubrik's products: the modules must do their work whichever way an appliance turns out to behave.

The simulators run in this process, so that a whole life of an account takes a fraction of a second and can be lived under every
choice of every setting.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._cases import do, done, live, refused, twice
from tests.plays._in_process_simulator import InProcess, Start, definition_of
from tests.plays._options import administrator, client

# Values of settings that take any.
VALUES = {
    "account": ("another",),
    "account_flag_errors": ("3",),
    "extra_accounts": ("120",),
    "lockout_after": ("3",),
    "max_sessions": ("3",),
    "new_secret_seconds": ("30",),
    "old_secret_seconds": ("30",),
    "page_size": ("1", "2"),
    "page_size_max": ("2",),
    "revocation_seconds": ("30",),
    "rotate_field": ("other",),
    "rsc_sync_seconds": ("3600",),
    "service_account": ("svc-other",),
    "sync_seconds": ("30",),
    "session_idle_minutes": ("1",),
    "session_type_account": ("Web", "API"),
    "session_type_api_token": ("Web2",),
    "tag_limit": ("19",),
    "token_seconds": ("300",),
    "totp_window": ("0",),
    "tpr_policies": ("2",),
}
# Who is there is known to the tests only by what they set.
SECRETS = {
    "rubrik_cdm": {"admin_password", "totp_secret", "service_account_secret", "rsc_account_secret"},
    "rubrik_rsc": {"admin_client_secret", "service_account_client_secret"},
}
# Where the settings count.
VERSIONS = {"session_list": "9.4.0", "user_me": "9.4.0", "expired_login": "9.4.0"}
SECOND_STEP = ("challenge_status", "challenge_session", "wrong_code", "code_reuse", "totp_window")
ROLES_WAIT = ("role_approval", "waits")  # test_rubrik_choices.py has it: roles cannot be changed then
NOBODY = {("ip_allow_list", "blocked"), ("org_service_accounts", "disabled")}
# Choices of Rubrik Security Cloud that matter together.
TOGETHER: list[dict[str, str]] = [
    {"page_size_max": "2", "page_size_over": "rejected", "cursor": "position", "list_order": "creation"},
    {"page_size_max": "2", "page_size_over": "rejected", "page_size": "1", "extra_accounts": "5"},
    {"description_empty": "keeps", "description_omitted": "keeps"},
    {"id_form": "full", "client_id_form": "legacy"},
    {"role_change": "ends_tokens", "rotate_tokens": "ended", "delete_tokens": "ended", "revoked_token": "graphql"},
    {"current_user_id": "other", "current_user_domain": "SSO", "current_user_name": "empty"},
    {"duplicate_role_name": "yes", "search": "ignored"},
    {"session_limit": "refuse", "max_sessions": "5"},
    {"session_limit": "end_oldest", "max_sessions": "5"},
    *({"schema": schema, "validation_status": "200"} for schema in definition_of("rubrik_rsc").settings["schema"].choices),
]


def choices_of(platform: str) -> list[tuple[str, str]]:
    """Return every setting with each value that is not its default."""
    return [
        (name, choice)
        for name, setting in definition_of(platform).settings.items()
        if name not in SECRETS[platform]
        for choice in VALUES.get(name, setting.choices)
        if choice != setting.default and not choice.startswith("<")
    ]


@pytest.mark.parametrize("platform", SECRETS)
def test_all_settings_are_covered(platform: str) -> None:
    assert {name for name, _choice in choices_of(platform)} == definition_of(platform).settings.keys() - SECRETS[platform]


@pytest.mark.parametrize(("setting", "choice"), [("error_json", "full"), *choices_of("rubrik_cdm")], ids=lambda value: value)
def test_life_on_cdm(appliance: Start, setting: str, choice: str) -> None:
    second_step = {"totp": "on"} if setting in SECOND_STEP else {}
    cdm = appliance("rubrik_cdm", VERSIONS.get(setting), **{setting: choice}, **second_step)
    admin, listed = administrator(cdm), setting != "session_list"
    if (setting, choice) == ("code_reuse", "refused"):  # a code works once: one login, and its token from then on
        admin = {"token": done(cdm, "access_token", **admin)["token"]}

    account = {"name": "svc-one", **admin}
    made = twice(cdm, "service_account", **account, roles=["ReadOnlyAdminRole"])
    me = {name: made[name] for name in ("client_id", "client_secret")}
    first = done(cdm, "access_token", **me)
    kept = done(cdm, "access_token", **me, current=first["token"])
    assert (kept["changed"], kept["token_id"], kept["account_id"]) == (False, first["token_id"], me["client_id"])
    checked = done(cdm, "access_check", token=first["token"], expect_account="svc-one", probes=[{"path": "/api/v1/role"}])
    assert (checked["token_id"], checked["roles"]) == (first["token_id"], ["ReadOnlyAdminRole"])
    twice(cdm, "service_account", **account, roles=["AdministratorRole"])
    states = done(cdm, "service_account_info", **account)["service_accounts"]
    assert [(one["account_id"], one["roles"]) for one in states] == [(me["client_id"], ["AdministratorRole"])]
    if listed:
        sessions = done(cdm, "access_token_info", user="svc-one", **admin)["access_tokens"]
        assert first["token_id"] in [one["token_id"] for one in sessions]
    else:
        assert "no longer lists sessions" in refused(cdm, "access_token_info", user="svc-one", **admin)

    rotated = rotate(cdm, account, me, expire_sessions=True)
    if choice != "works":
        assert do(cdm, "access_token", **me)["failed"]
    me["client_secret"] = rotated["client_secret"]
    renewed = done(cdm, "access_token", **me, current=first["token"])
    assert renewed["changed"] is listed, "the rotation ended the session"
    if listed:
        revoked = done(cdm, "session_revoke", account="svc-one", **admin)["revoked"]
        assert renewed["token_id"] in revoked
        assert done(cdm, "session_revoke", account="svc-one", **admin)["revoked"] == []
        assert live(cdm, "service_account", account="svc-one") == []

    if listed:
        life_of_an_api_token(cdm, admin)
    else:  # whether there is one already cannot be told
        assert "no longer lists sessions" in refused(cdm, "api_token", tag="nightly", **admin)
    twice(cdm, "service_account", **account, state="absent")
    assert do(cdm, "access_token", **me)["failed"]
    if "token" in admin:
        done(cdm, "session_revoke", target="self", **admin)
    assert live(cdm, "session") == []


def life_of_an_api_token(cdm: InProcess, admin: dict[str, Any]) -> None:
    """Make one, which cannot do what only a login can; revoke it."""
    token = twice(cdm, "api_token", tag="nightly", expires_in="30d", **admin)
    [entry] = done(cdm, "api_token_info", **admin)["api_tokens"]
    assert (entry["tag"], entry["token_id"]) == ("nightly", token["token_id"])
    assert "ending this session would delete it" in refused(cdm, "session_revoke", target="self", token=token["token"])
    assert live(cdm, "api_token", account="admin") == [token["token_id"]]
    assert "A token cannot create tokens" in refused(cdm, "api_token", tag="more", token=token["token"])
    twice(cdm, "api_token", tag="nightly", state="absent", **admin)
    assert live(cdm, "api_token") == []


def rotate(simulator: InProcess, account: dict[str, Any], me: dict[str, str], **more: Any) -> dict[str, Any]:
    """Rotate the secret: check mode says so and changes nothing, and every run makes another."""
    assert done(simulator, "service_account", **account, rotate_secret=True, check=True)["changed"] is True
    assert done(simulator, "access_token", **me, check=True)["changed"] is True
    rotated = done(simulator, "service_account", **account, rotate_secret=True, **more)
    assert (rotated["changed"], rotated["client_id"]) == (True, me["client_id"])
    assert rotated["client_secret"] != me["client_secret"]
    return rotated


@pytest.mark.parametrize(
    "settings",
    [{}, *(dict([one]) for one in choices_of("rubrik_rsc") if one not in (*NOBODY, ROLES_WAIT)), *TOGETHER],
    ids=lambda settings: "-".join(part for one in settings.items() for part in one),
)
def test_life_on_rsc(appliance: Start, settings: dict[str, str]) -> None:
    rsc = appliance("rubrik_rsc", **settings)
    account: dict[str, Any] = {"name": "svc-one"}
    made = twice(rsc, "service_account", **account, roles=["Secret Rotator"], description="Reports")
    me = {name: made[name] for name in ("client_id", "client_secret")}
    twice(rsc, "service_account", **account, roles=["Read-only Administrator"], description="")
    [state] = done(rsc, "service_account_info", **account)["service_accounts"]
    assert (state["account_id"], state["roles"], state["description"]) == (me["client_id"], ["Read-only Administrator"], None)
    assert len(done(rsc, "service_account_info")["service_accounts"]) == 3 + int(settings.get("extra_accounts", 0))

    rsc.advance(30)  # until a new secret works
    rotated = rotate(rsc, account, me)
    assert rotated["access_token_uri"] == f"{rsc.url}/api/client_token"
    rsc.advance(30)  # until the old one is dead
    assert "client secret" in refused(rsc, "access_token", **me)
    me["client_secret"] = rotated["client_secret"]
    minted = done(rsc, "access_token", **me)
    kept = done(rsc, "access_token", **me, current=minted["token"])
    assert (kept["changed"], kept["token_id"], kept["expires_at"]) == (False, minted["token_id"], minted["expires_at"])
    for name in ("svc-one", me["client_id"], me["client_id"].removeprefix("client|")):
        checked = done(rsc, "access_check", token=minted["token"], expect_account=name)
        assert (checked["token_id"], checked["roles"]) == (minted["token_id"], ["Read-only Administrator"])
    assert done(rsc, "session_revoke", token=minted["token"], target="self")["revoked"] == [minted["token_id"]]
    rsc.advance(30)  # until everybody knows of the end
    again = done(rsc, "session_revoke", token=minted["token"], target="self")["revoked"]
    assert again == ([minted["token_id"]] if settings.get("revoke_again") == "204" else [])
    assert done(rsc, "access_token", **me, current=minted["token"])["changed"] is True
    gone = twice(rsc, "service_account", **account, state="absent")
    assert gone["account_id"] == me["client_id"]
    assert "client_id" in refused(rsc, "access_token", **me)
    rsc.advance(30)
    assert live(rsc, "session", account="admin") == []


@pytest.mark.parametrize(("setting", "choice"), sorted(NOBODY), ids=lambda value: value)
def test_nobody_gets_into_rsc(appliance: Start, setting: str, choice: str) -> None:
    rsc = appliance("rubrik_rsc", **{setting: choice})
    words = {"blocked": "is not on the IP allow list", "disabled": "Service accounts are disabled in this organisation"}[choice]
    for module, options in (("access_token", client(rsc)), ("service_account", {"name": "svc-one"}), ("access_check", {})):
        assert words in refused(rsc, module, **options)
    assert live(rsc, "session") == []
