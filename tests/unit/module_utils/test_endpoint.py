# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints as users write them: read, or refused with what to write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    OptionError,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("cluster.example.com", "https://cluster.example.com:8000"),
        (" cluster.example.com ", "https://cluster.example.com:8000"),
        ("CLUSTER.example.com:443", "https://cluster.example.com:443"),
        ("10.0.0.1:8001", "https://10.0.0.1:8001"),
        ("[::1]", "https://[::1]:8000"),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:443"),
        ("https://cluster.example.com/", "https://cluster.example.com:8000"),
        ("https://proxy.example.com:443/qumulo/", "https://proxy.example.com:443/qumulo"),
        ("HTTPS://cluster.example.com", "https://cluster.example.com:8000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://LOCALHOST", "http://localhost:8000"),
        ("::1", "https://[::1]:8000"),
        ("2001:db8::1", "https://[2001:db8::1]:8000"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]:8000"),
        ("clüster.example.com", "https://xn--clster-4ya.example.com:8000"),
        ("https://CLÜSTER.example.com:443/x", "https://xn--clster-4ya.example.com:443/x"),
        ("クラスタ.example.com", "https://xn--pckuas0o.example.com:8000"),
    ],
)
def test_endpoints(text, url):
    assert Endpoint.parse(text, 8000).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://",
        "cluster:port",
        "cluster:99999",
        "cluster:-1",
        "[::1",
        "two words",
        "cluster.example.com?x=1",
        "cluster.example.com#x",
        "faß.example.com",
        "cluster\nexample.com",
        "2001:db8::1:port",
        "https://2001:db8::1",
        "x" * 64,
        "x." * 127,
        "ftp://cluster.example.com",
        "file:///etc/passwd",
    ],
)
def test_malformed_endpoints(text):
    with pytest.raises(OptionError, match="endpoint"):
        Endpoint.parse(text, 8000)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2001:db8::1:port", r"in brackets, like \[2001:db8::1\]:8000"),
        ("https://2001:db8::1", "in brackets"),
        ("faß.example.com", "in its ASCII form, which begins with xn--"),
        ("cluster:port", "like cluster.example.com:8000"),
        ("https://user:s3cret@cluster.example.com:8000", "without a user name and a password, which have options of their own"),
    ],
)
def test_a_malformed_endpoint_comes_with_what_to_write(text, hint):
    with pytest.raises(OptionError, match=hint):
        Endpoint.parse(text, 8000)


@pytest.mark.parametrize(
    "token",
    [
        "access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "0bTOcUaNYJpSbg7FuVl2PkSKWIS2eX9q",
    ],
)
def test_a_token_is_no_endpoint(token):
    with pytest.raises(OptionError, match="endpoint: it is not a host") as caught:
        Endpoint.parse(token, 8000)
    assert token[-10:].lower() not in str(caught.value).lower()


@pytest.mark.parametrize(
    "text", ["user:s3cret@cluster", "https://user:s3cret@cluster.example.com:8000/", "s3cret@cluster", "http://s3cret@[::1]"]
)
def test_an_endpoint_with_a_password_is_refused_without_repeating_it(text):
    with pytest.raises(OptionError) as caught:
        Endpoint.parse(text, 8000)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["http://cluster.example.com", "http://10.0.0.1", "http://localhost.example.com", "http://[2001:db8::1]:8000"]
)
def test_plain_http_to_another_machine_is_refused(text):
    with pytest.raises(OptionError, match="would send credentials in the clear"):
        Endpoint.parse(text, 8000)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_any_endpoint_is_read_or_refused(text):
    try:
        url = Endpoint.parse(text, 8000).url
    except OptionError:
        return
    assert Endpoint.parse(url, 1).url == url
