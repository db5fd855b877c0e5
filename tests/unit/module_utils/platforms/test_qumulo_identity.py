# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qumulo Core's identity strings, as the vendor's qq reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.identity import parse_identity


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("jane", {"name": "jane"}),
        ("1234", {"name": "1234"}),
        ("AD\\jane", {"name": "AD\\jane"}),
        ("jane@dom", {"name": "jane@dom"}),
        ("ad:jane", {"domain": "ACTIVE_DIRECTORY", "name": "jane"}),
        ("local:jane", {"domain": "LOCAL", "name": "jane"}),
        ("LOCAL: jane ", {"domain": "LOCAL", "name": "jane"}),
        ("ldap_user:bob", {"domain": "POSIX_USER", "name": "bob"}),
        ("ldap_group:g", {"domain": "POSIX_GROUP", "name": "g"}),
        ("world:Everyone", {"domain": "WORLD", "name": "Everyone"}),
        ("auth_id:1234", {"auth_id": "1234"}),
        ("auth_id:0x10", {"auth_id": "16"}),
        ("SID:S-1-1-0", {"sid": "S-1-1-0"}),
        ("S-1-1-0", {"sid": "S-1-1-0"}),
        ("s-1-5-21-7", {"sid": "S-1-5-21-7"}),
        ("uid:1001", {"uid": 1001}),
        ("gid:2", {"gid": 2}),
        ("name:we:ird", {"name": "we:ird"}),
        ("CN=a:b,DC=x", {"name": "CN=a:b,DC=x"}),
    ],
)
def test_what_qq_sends(text, identity):
    assert parse_identity(text, "user") == identity


@pytest.mark.parametrize("text", ["", " ", "foo:bar", "uid:x", "local:", "name:", "auth_id:", "world:Nobody", "sid:jane", ":x", "uid:1.5"])
def test_what_qq_refuses(text):
    with pytest.raises(OptionError, match="user: "):
        parse_identity(text, "user")


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=20) | st.sampled_from(["uid:", "auth_id:", "gid:", "sid:S-"]).flatmap(lambda one: st.text(max_size=8).map(one.__add__))
)
def test_anything_is_read_or_refused(text):
    try:
        identity = parse_identity(text, "user")
    except OptionError:
        return
    assert identity
    assert set(identity) <= {"name", "domain", "auth_id", "uid", "gid", "sid"}
