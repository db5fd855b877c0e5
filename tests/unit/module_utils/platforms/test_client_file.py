# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files from which vendors' clients read a credential: what is written, what is kept, what is no such file."""

from __future__ import annotations

import json

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import RefusedError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform import Qumulo
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_cdm.platform import RubrikCdm
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.rubrik_rsc.platform import RubrikRsc

QQ, RSC, CDM = Qumulo.client_files["access_token"], RubrikRsc.client_files["service_account_secret"], RubrikCdm.client_files
URL = "https://example.my.rubrik.com:443"
NEW = Handed("canary-new", "client|2", "svc-2")


def test_a_new_file_is_what_the_vendors_client_writes():
    assert QQ.rendered({}, NEW, URL) == b'{"version": 1, "bearer_token": "canary-new"}\n'
    assert json.loads(RSC.rendered({}, NEW, URL)) == {
        "client_id": "client|2",
        "client_secret": "canary-new",
        "name": "svc-2",
        "access_token_uri": f"{URL}/api/client_token",
    }
    assert set(json.loads(CDM["service_account_secret"].rendered({}, NEW, URL))) == {"client_id", "client_secret", "name"}


def test_what_else_is_in_a_file_stays_where_it_is():
    before = {"note": [1], "name": "svc", "client_secret": "canary-old", "client_id": "client|1", "access_token_uri": "https://other/x"}
    after = json.loads(RSC.rendered(before, Handed("canary-new", "client|2"), URL))
    assert after == {**before, "client_secret": "canary-new", "client_id": "client|2"}
    assert list(after) == list(before)


@pytest.mark.parametrize("data", [None, b"", b" \n"])
def test_nothing_is_no_credential(data):
    assert QQ.parsed(data, "/f") == {}
    assert not QQ.holds({}, NEW)


def test_a_mark_of_an_editor_is_no_reason():
    assert RSC.parsed(b'\xef\xbb\xbf{"client_secret": "canary"}', "/f") == {"client_secret": "canary"}


@pytest.mark.parametrize(
    "data",
    [
        b"canary",
        b"[]",
        b"{}",
        b'{"version": 1}',
        b'{"version": 2, "bearer_token": "canary"}',
        b'{"version": 1, "bearer_token": 7}',
        b"\xff",
    ],
)
def test_another_file_is_not_written_over(data):
    with pytest.raises(RefusedError, match=r"^/f is not a file that qq reads, so it is not written over\.") as caught:
        QQ.parsed(data, "/f")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("credential", "same"),
    [
        (NEW, True),
        (Handed("canary-new"), True),
        (Handed("canary-new", "client|1"), False),
        (Handed("canary-old", "client|2"), False),
    ],
)
def test_which_credential_a_file_is(credential, same):
    assert RSC.holds(json.loads(RSC.rendered({}, NEW, URL)), credential) is same


def test_no_secret_shows_in_what_python_prints():
    assert "canary" not in repr(NEW)
