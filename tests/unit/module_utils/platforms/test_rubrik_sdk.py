# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Rubrik's own clients: what is in them, and how they are called."""

from __future__ import annotations

import hashlib
import json
import tempfile

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import ClientSecret
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_sdk import client_file, token_cache_files


def test_client_file():
    told = ClientSecret("client|1", "CANARY", "svc", "https://x.my.rubrik.com/api/client_token")
    assert json.loads(client_file(told)) == {
        "client_id": "client|1",
        "client_secret": "CANARY",
        "name": "svc",
        "access_token_uri": "https://x.my.rubrik.com/api/client_token",
    }
    assert "access_token_uri" not in json.loads(client_file(ClientSecret("User:::1", "CANARY", "svc")))
    assert client_file(told).endswith("}\n")


def named(*material: str) -> str:
    return f"token-{hashlib.sha256(''.join(material).encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("folder", "environment", "paths"),
    [
        (None, {}, [f"{tempfile.gettempdir()}/{named('svc', 'client|1')}"]),
        (None, {"RUBRIK_TOKEN_CACHE_DIR": "/new", "RUBRIK_POLARIS_TOKEN_CACHE_DIR": "/old"}, [f"/new/{named('svc', 'client|1')}"]),
        (None, {"RUBRIK_POLARIS_TOKEN_CACHE_DIR": "/old"}, [f"/old/{named('svc', 'client|1')}"]),
        ("/told", {"RUBRIK_TOKEN_CACHE_DIR": "/new"}, [f"/told/{named('svc', 'client|1')}"]),
        (
            "/told",
            {"RUBRIK_TOKEN_CACHE_SECRET": "salt"},
            [f"/told/{named('svc', 'client|1')}", f"/told/{named('svc', 'client|1', 'salt')}"],
        ),
    ],
)
def test_token_cache_files(folder, environment, paths):
    assert token_cache_files("svc", "client|1", folder, environment) == paths
