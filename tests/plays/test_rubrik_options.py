# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that cannot work on Rubrik's products: refused before anything is sent, with what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._cases import refused
from tests.plays._in_process_simulator import Start

CANARY = "canary-Pa55word"
NEW_ACCOUNT = {"name": "svc-one"}

# Platform, module, options as the administrator unless they say otherwise -> words. Nothing is sent for any of them.
OPTIONS: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "no lifetime on CDM": ("rubrik_cdm", "access_token", {"expires_in": "1h"}, ["expires_in", "use api_token for another lifetime"]),
    "no end on CDM": ("rubrik_cdm", "access_token", {"expires_at": "2040-01-01T00:00:00Z"}, ["expires_at", "use api_token"]),
    "no switch on CDM": ("rubrik_cdm", "access_token", {"enabled": False}, ["enabled", "Revoke the session instead."]),
    "id of a secret": ("rubrik_cdm", "access_token", {"token_id": "x"}, ["token_id goes with state=absent here"]),
    "absent, but whose": ("rubrik_cdm", "access_token", {"state": "absent"}, ["state=absent needs user or token_id"]),
    "no description on CDM": (
        "rubrik_cdm",
        "service_account",
        {**NEW_ACCOUNT, "description": "x"},
        ["description: Rubrik CDM"],
    ),
    "no cache on CDM": ("rubrik_cdm", "service_account", {**NEW_ACCOUNT, "purge_sdk_cache": True}, ["It is for platform rubrik_rsc."]),
    "sessions without rotation": (
        "rubrik_cdm",
        "service_account",
        {**NEW_ACCOUNT, "expire_sessions": True},
        ["expire_sessions goes with rotate_secret"],
    ),
    "long tag": ("rubrik_cdm", "api_token", {"tag": "a" * 21}, ["tag: 'aaaaaaaaaaaaaaaaaaaaa' is longer than 20 characters"]),
    "empty tag": ("rubrik_cdm", "api_token", {"tag": " "}, ["tag: it is empty."]),
    "no tag": ("rubrik_cdm", "api_token", {}, ["state=present needs tag"]),
    "tag and ids": ("rubrik_cdm", "api_token", {"tag": "x", "token_ids": ["y"]}, ["state=present needs tag, and no token_ids"]),
    "short life": ("rubrik_cdm", "api_token", {"tag": "x", "expires_in": "30s"}, ["lives between 1 minute and 365 days"]),
    "long life": ("rubrik_cdm", "api_token", {"tag": "x", "expires_in": "366d"}, ["lives between 1 minute and 365 days"]),
    "renewed for ever": (
        "rubrik_cdm",
        "api_token",
        {"tag": "x", "expires_in": "1d", "min_remaining": "1d"},
        ["expires_in is not longer than min_remaining"],
    ),
    "which to delete": ("rubrik_cdm", "api_token", {"state": "absent"}, ["state=absent needs tag or token_ids"]),
    "API tokens elsewhere": ("rubrik_cdm", "api_token", {"platform": "rubrik_rsc", "tag": "x"}, ["must be one of: rubrik_cdm"]),
    "a code and a secret": (
        "rubrik_cdm",
        "access_check",
        {"totp_code": "1", "totp_secret": "AA"},
        ["totp_secret are both set."],
    ),
    "secret that is none": ("rubrik_cdm", "access_token", {"current": "no\ntoken"}, ["current: it holds characters"]),
    "public probe": (
        "rubrik_cdm",
        "access_check",
        {"probes": [{"path": "/api/v1/cluster/me/version"}, {"path": "/api/v1/cluster/me/api_version/?x=1"}]},
        ["may be answered without a credential, so that proves nothing", "Add a probe of something that needs the right"],
    ),
    "no lifetime on RSC": ("rubrik_rsc", "access_token", {"expires_in": "1h"}, ["The tenant's session settings say how long"]),
    "no user on RSC": (
        "rubrik_rsc",
        "access_token",
        {"username": "u", "password": CANARY},
        ["it is no authentication method of Rubrik Security Cloud"],
    ),
    "no sessions on RSC": (
        "rubrik_rsc",
        "service_account",
        {**NEW_ACCOUNT, "rotate_secret": True, "expire_sessions": True},
        ["expire_sessions", "Its API cannot end the sessions of another account"],
    ),
    "no ids on RSC": ("rubrik_rsc", "session_revoke", {"ids": ["x"]}, ["cannot look tokens up", "session_revoke and target=self"]),
    "no accounts' sessions on RSC": ("rubrik_rsc", "session_revoke", {"account": "x"}, ["cannot tell which sessions an account has"]),
    "no list on RSC": ("rubrik_rsc", "access_token_info", {}, ["cannot list tokens", "It does not list sessions."]),
    "no end by id on RSC": ("rubrik_rsc", "access_token", {"token_id": "x", "state": "absent"}, ["token_id", "target=self"]),
    "no privileges on RSC": ("rubrik_rsc", "service_account", {**NEW_ACCOUNT, "privileges": ["x"]}, ["Give the account roles instead."]),
    "token from a token": ("rubrik_rsc", "access_token", {"token": CANARY}, ["A token cannot create another one.", "service_account_file"]),
    "session from a token": ("rubrik_cdm", "access_token", {"token": CANARY}, ["a session cannot be opened with a token"]),
    "no such file": (
        "rubrik_rsc",
        "access_check",
        {"service_account_file": "/nowhere"},
        ["'/nowhere' cannot be read"],
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options_that_cannot_work(appliance: Start, case: str) -> None:
    platform, module, options, words = OPTIONS[case]
    simulator = appliance(platform)
    message = refused(simulator, module, **options)
    for word in words:
        assert word in message, message
    assert CANARY not in message
    assert simulator.journal() == []
