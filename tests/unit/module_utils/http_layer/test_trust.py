# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: which certificates are trusted, and what is said of those that are not."""

from __future__ import annotations

import pytest
import trustme

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    ConnectionFailedError,
    OptionError,
)
from tests.unit.module_utils.http_layer.rig import client, reply, tls_for


def test_a_trusted_certificate(serve, authority, ca_file):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    assert client(server, ca_path=ca_file).request("list", "GET", "/x").status == 200


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(serve, authority, pauses):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    with pytest.raises(ConnectionFailedError, match=r"its TLS certificate is not trusted .*Set ca_path") as caught:
        client(server).request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted
    assert (server.requests, pauses) == ([], [])


def test_a_certificate_for_another_name_is_refused(serve, authority, ca_file):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "other.example.com"))
    with pytest.raises(ConnectionFailedError, match=r"not trusted .*mismatch.*the endpoint's name"):
        client(server, ca_path=ca_file).request("list", "GET", "/x")


def test_without_validation_any_certificate_will_do(serve, authority, recwarn):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "other.example.com"))
    assert client(server, validate_certs=False).request("list", "GET", "/x").status == 200
    assert not recwarn.list


def test_validation_is_not_switched_off_by_the_environment(serve, authority, monkeypatch, ca_file):
    """REQUESTS_CA_BUNDLE is heeded where ca_path is not set, and never takes the place of ca_path."""
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    assert client(server).request("list", "GET", "/x").status == 200
    other = trustme.CA()
    with other.cert_pem.tempfile() as path, pytest.raises(ConnectionFailedError, match="not trusted"):
        client(server, ca_path=path).request("list", "GET", "/x")


def test_plain_http_where_tls_is_spoken(serve):
    server = serve(reply(200, "{}"))
    with pytest.raises(ConnectionFailedError, match=r"TLS handshake failed\. Check that the port speaks HTTPS"):
        client(f"https://127.0.0.1:{server.port}", timeout=5).request("list", "GET", "/x")


def test_ca_path_must_exist():
    with pytest.raises(OptionError, match=r"ca_path: there is no '/no/such\.pem'"):
        client("127.0.0.1", ca_path="/no/such.pem")


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\x30\x82\x01\x01\x00", b"-----BEGIN CERTIFICATE-----\nx"])
def test_a_file_without_certificates_is_named(tmp_path, serve, authority, monkeypatch, content):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(OptionError, match=rf"ca_path: '{path}' cannot be used, since it holds no certificate in PEM\. Name a PEM file"):
        client("cluster", ca_path=str(path))
    assert client("cluster", ca_path=str(path), validate_certs=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    with pytest.raises(ConnectionFailedError, match=rf"the trusted certificates in '{path}' cannot be used") as caught:
        client(server).request("make a token", "POST", "/x")
    assert not caught.value.may_have_acted


def test_a_directory_of_certificates(tmp_path, authority):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(OptionError, match=r"holds no certificate under its hash\. Run openssl rehash"):
        client("cluster", ca_path=str(tmp_path))
    authority.cert_pem.write_to_path(str(tmp_path / "0123abcd.0"))
    assert client("cluster", ca_path=str(tmp_path))
