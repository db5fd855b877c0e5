# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options and environment to a connection."""

from __future__ import annotations

import json

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import _PLATFORMS, resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import platform_class

BASE = {"platform": "qumulo", "endpoint": "cluster"}


def auth(options=(), environment=()):
    return resolve_connection(BASE | dict(options), dict(environment)).auth


def test_defaults():
    found = resolve_connection(BASE | {"token": "t"}, {})
    assert (found.endpoint.url, found.validate_certs, found.ca_path, found.timeout) == ("https://cluster:8000", True, None, 30)


@pytest.mark.parametrize(
    ("platform", "prefix", "port"), [("qumulo", "QUMULO", 8000), ("rubrik_cdm", "RUBRIK_CDM", 443), ("rubrik_rsc", "RUBRIK_RSC", 443)]
)
def test_everything_from_the_environment(platform, prefix, port):
    values = {"ENDPOINT": "host", "TOKEN": "t", "VALIDATE_CERTS": "no", "CA_PATH": "/ca", "TIMEOUT": "5", "ORGANIZATION_ID": "o"}
    values["MAX_PARALLEL_REQUESTS"] = "3"
    found = resolve_connection({"platform": platform}, {f"{prefix}_{name}": value for name, value in values.items()})
    assert (found.endpoint.url, found.auth.token, found.validate_certs) == (f"https://host:{port}", "t", False)
    assert (found.ca_path, found.timeout, found.organization_id, found.max_parallel_requests) == ("/ca", 5, "o", 3)


def test_options_win_over_the_environment():
    environment = {"QUMULO_ENDPOINT": "other", "QUMULO_TOKEN": "other", "QUMULO_TIMEOUT": "1", "QUMULO_VALIDATE_CERTS": "false"}
    found = resolve_connection(BASE | {"token": "mine", "timeout": 7.5, "validate_certs": True}, environment)
    assert (found.endpoint.url, found.auth.token, found.timeout, found.validate_certs) == ("https://cluster:8000", "mine", 7.5, True)


def test_the_environment_of_another_platform_is_not_used():
    with pytest.raises(OptionError, match="No credentials for Qumulo Core"):
        auth(environment={"RUBRIK_CDM_TOKEN": "t"})


def test_the_environment_completes_a_way():
    found = auth({"username": "admin"}, {"QUMULO_PASSWORD": "p", "QUMULO_USERNAME": "other"})
    assert (found.username, found.password, found.token) == ("admin", "p", None)


def test_the_environment_never_mixes_another_way_in():
    found = auth({"username": "admin", "password": "p"}, {"QUMULO_TOKEN": "t"})
    assert (found.username, found.token) == ("admin", None)
    found = auth({"token": "t"}, {"QUMULO_USERNAME": "admin", "QUMULO_PASSWORD": "p"})
    assert (found.username, found.password, found.token) == (None, None, "t")


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ({}, {}, "No credentials for Qumulo Core. Set one of: token, username + password; as options or in the environment (QUMULO_"),
        ({"token": "t", "username": "u"}, {}, "The options set 2 authentication methods: token and username + password."),
        ({}, {"QUMULO_TOKEN": "t", "QUMULO_USERNAME": "u"}, "The environment variables set 2 authentication methods"),
        ({"username": "u"}, {}, "password is missing: it goes with username. Set the option, or QUMULO_PASSWORD"),
        ({"password": "p"}, {}, "username is missing: it goes with password."),
        ({"totp_code": "1"}, {}, "username is missing: it goes with totp_code."),
        ({"totp_secret": "s", "platform": "rubrik_rsc"}, {}, "totp_secret: it is no authentication method of Rubrik Security Cloud."),
        ({"username": "u"}, {"QUMULO_TOKEN": "t"}, "password is missing"),
        ({"client_id": "c"}, {}, "client_id: it is no authentication method of Qumulo Core. Use one of: token, username + password."),
        ({"service_account_file": "/f"}, {}, "service_account_file: it is no authentication method"),
        ({"username": "u", "password": "p", "totp_code": "1", "totp_secret": "s"}, {}, "totp_code and totp_secret are both set."),
        ({"token": "t", "endpoint": None}, {}, "endpoint is missing: where is the API of Qumulo Core?"),
        ({"token": "t", "platform": "pure"}, {}, "platform: 'pure' is not known. Set it to one of qumulo, rubrik_cdm, rubrik_rsc."),
        ({"token": "t", "platform": None}, {}, "platform: it is missing. Set it to one of qumulo, rubrik_cdm, rubrik_rsc."),
        ({"username": "u", "password": "\udc80"}, {}, "password: it is not text that can be sent"),
        ({}, {"QUMULO_TOKEN": "\udc80"}, "token: it is not text that can be sent"),
        ({"token": "t", "timeout": 0}, {}, "timeout: '0' is not a number of seconds"),
        ({"token": "t", "timeout": 3601}, {}, "timeout: '3601'"),
        ({"token": "t"}, {"QUMULO_TIMEOUT": "soon"}, "timeout: 'soon'"),
        ({"token": "t"}, {"QUMULO_TIMEOUT": "nan"}, "timeout: 'nan'"),
        ({"token": "t"}, {"QUMULO_TIMEOUT": "inf"}, "timeout: 'inf'"),
        ({"token": "t", "max_parallel_requests": 0}, {}, "max_parallel_requests: '0' is not a number from 1 on. Leave it out"),
        ({"token": "t"}, {"QUMULO_MAX_PARALLEL_REQUESTS": "few"}, "max_parallel_requests: 'few'"),
        ({"token": "t"}, {"QUMULO_VALIDATE_CERTS": "maybe"}, "validate_certs: 'maybe' is neither true nor false."),
    ],
)
def test_conflicts_and_gaps(options, environment, words):
    with pytest.raises(OptionError) as caught:
        auth(options, environment)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("Yes", True), ("t", True), ("0", False), ("FALSE", False), (" off ", False), ("N", False), ("", True)]
)
def test_booleans_from_the_environment(word, value):
    assert resolve_connection(BASE | {"token": "t"}, {"QUMULO_VALIDATE_CERTS": word}).validate_certs is value


AUTHENTICATION = ["token", "username", "password", "totp_code", "totp_secret", "client_id", "client_secret", "service_account_file"]


@pytest.mark.parametrize("name", ["endpoint", *AUTHENTICATION])
@pytest.mark.parametrize("nothing", ["", " ", "\n"])
@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
def test_an_empty_option_never_falls_back_to_the_environment(platform, nothing, name):
    environment = {f"{platform.upper()}_{one}": "x" for one in ("ENDPOINT", "TOKEN")}
    with pytest.raises(OptionError) as caught:
        resolve_connection({"platform": platform, name: nothing}, environment)
    unknown = {
        "qumulo": ("client_id", "client_secret", "service_account_file"),
        "rubrik_rsc": ("username", "password", "totp_code", "totp_secret"),
    }
    wanted = f"Give it a value, or leave it out to take {platform.upper()}_{name.upper()} from the environment."
    if name == "endpoint":
        wanted = "Set it to where the platform's API is, as a host, host:port or URL, for example cluster.example.com:8000; "
        wanted += f"or leave it out to take {platform.upper()}_ENDPOINT from the environment."
    assert str(caught.value) == f"{name}: it is empty. {'Leave it out.' if name in unknown.get(platform, ()) else wanted}"


def test_empty_environment_variables_count_as_unset():
    empty = {f"QUMULO_{name.upper()}": " "[: len(name) % 2] for name in AUTHENTICATION}
    assert auth(environment=empty | {"QUMULO_USERNAME": "u", "QUMULO_PASSWORD": "p"}).username == "u"
    with pytest.raises(OptionError, match="No credentials for Qumulo Core"):
        auth(environment=empty)
    with pytest.raises(OptionError, match="endpoint is missing"):
        resolve_connection({"platform": "qumulo", "token": "t"}, {"QUMULO_ENDPOINT": ""})


@pytest.mark.parametrize("nothing", [None, "", " "])
@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
def test_what_is_empty_counts_as_unset_beside_another_way(platform, nothing):
    """As a dictionary of a play for many platforms has it, in which each fills in its own."""
    ways = {
        "token": {"token": "t"},
        "password": {"username": "u", "password": "p", "totp_secret": "s"},
        "client": {"client_id": "c", "client_secret": "s"},
    }
    environment = {f"{platform.upper()}_{name.upper()}": "elsewhere" for name in AUTHENTICATION if name != "totp_code"}
    for way in {"qumulo": ("token", "password"), "rubrik_cdm": tuple(ways), "rubrik_rsc": ("token", "client")}[platform]:
        found = resolve_connection({**BASE, "platform": platform, **dict.fromkeys(AUTHENTICATION, nothing), **ways[way]}, environment).auth
        kept = {name: value for name, value in vars(found).items() if value and value != "elsewhere"}
        assert kept == ways[way]
        assert nothing is None or "elsewhere" not in vars(found).values()


@pytest.mark.parametrize(
    "options", [{"username": "u", "password": ""}, {"username": "", "password": "p"}, {"totp_secret": "", "username": ""}]
)
def test_half_of_a_way_is_refused_when_the_other_half_is_empty(options):
    environment = {f"RUBRIK_CDM_{name.upper()}": "elsewhere" for name in AUTHENTICATION}
    with pytest.raises(OptionError, match=r"^(username|password): it is empty\."):
        resolve_connection({"platform": "rubrik_cdm", "endpoint": "cdm", **options}, environment)


def test_an_empty_second_factor_is_none():
    found = auth({"username": "u", "password": "p", "totp_code": "", "platform": "rubrik_cdm"}, {"RUBRIK_CDM_TOTP_CODE": "123456"})
    assert found.totp_code is None


@pytest.mark.parametrize(
    ("options", "environment", "verifies"),
    [
        ({"ca_path": "/ca"}, {"QUMULO_VALIDATE_CERTS": "false"}, True),
        ({"ca_path": ""}, {"QUMULO_VALIDATE_CERTS": "false"}, False),
        ({"ca_path": "/ca", "validate_certs": False}, {}, False),
        ({}, {"QUMULO_VALIDATE_CERTS": "false", "QUMULO_CA_PATH": "/ca"}, False),
        ({}, {"QUMULO_CA_PATH": "/ca"}, True),
    ],
)
def test_certificates_that_a_task_names_are_used(options, environment, verifies):
    assert resolve_connection({**BASE, "token": "t", **options}, environment).validate_certs is verifies


def test_paths_of_the_environment_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "account.json").write_text(json.dumps({"client_id": "c", "client_secret": "s"}))
    environment = {"RUBRIK_RSC_SERVICE_ACCOUNT_FILE": "~/account.json", "RUBRIK_RSC_CA_PATH": "~/ca.pem", "RUBRIK_RSC_ENDPOINT": "rsc"}
    found = resolve_connection({"platform": "rubrik_rsc"}, environment)
    assert (found.auth.client_id, found.ca_path) == ("c", str(tmp_path / "ca.pem"))
    found = resolve_connection({"platform": "rubrik_rsc", "service_account_file": "$HOME/account.json", "ca_path": "~/ca"}, environment)
    assert (found.auth.client_id, found.ca_path) == ("c", str(tmp_path / "ca"))


def test_a_service_account_file_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"client_id": "c", "client_secret": "s"}), encoding="utf-8-sig")
    found = resolve_connection({"platform": "rubrik_rsc", "endpoint": "rsc", "service_account_file": str(path)}, {}).auth
    assert (found.client_id, found.client_secret) == ("c", "s")


def test_a_token_loses_its_line_break():
    assert auth({"token": "access-v1:x\n"}).token == "access-v1:x"


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"])
def test_a_secret_loses_its_line_break(end, tmp_path):
    options = {"platform": "rubrik_rsc", "client_id": f"client|1{end}", "client_secret": f"s{end}"}
    assert (auth(options).client_id, auth(options).client_secret) == ("client|1", "s")
    path = tmp_path / "account.json"
    path.write_text(
        json.dumps({"client_id": f"client|1{end}", "client_secret": f"s{end}", "access_token_uri": "https://x/api/client_token"})
    )
    found = auth({"platform": "rubrik_rsc", "service_account_file": str(path)})
    assert (found.client_id, found.client_secret) == ("client|1", "s")
    environment = {"QUMULO_USERNAME": f"admin{end}", "QUMULO_PASSWORD": f" p{end}"}
    # blanks may be a part of a password, line breaks may not
    assert auth(environment=environment).password == " p" + end.rstrip("\r\n")
    with pytest.raises(OptionError, match="client_secret: it is empty"):
        auth(options | {"client_secret": end})


@pytest.mark.parametrize("token", ["two words", "tök", "a\nb", "\x00", "$ANSIBLE_VAULT;1.1;AES256\n6162"])
def test_what_is_no_token_is_refused_and_not_repeated(token):
    with pytest.raises(OptionError, match="no bearer token has") as caught:
        auth({"token": token})
    assert token not in str(caught.value)


def test_service_account_file(tmp_path):
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"client_id": "c", "client_secret": "s", "more": 1}))
    found = resolve_connection({"platform": "rubrik_rsc", "endpoint": "rsc", "service_account_file": str(path)}, {}).auth
    assert (found.client_id, found.client_secret) == ("c", "s")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"client_id": 1, "client_secret": "s"}', b"\xff\xfe", b"s3cret", b"[" * 100_000])
def test_malformed_service_account_files(tmp_path, content):
    path = tmp_path / "account.json"
    path.write_bytes(content)
    with pytest.raises(OptionError, match="is not a service account file"):
        resolve_connection({"platform": "rubrik_rsc", "endpoint": "rsc", "service_account_file": str(path)}, {})


def test_the_content_of_a_service_account_file_is_no_path():
    content = json.dumps({"client_id": "client|1", "client_secret": "CANARY"})
    for options, environment in (({"service_account_file": content}, {}), ({}, {"RUBRIK_RSC_SERVICE_ACCOUNT_FILE": content})):
        with pytest.raises(OptionError, match="the content of a file, not its path") as refused:
            resolve_connection({"platform": "rubrik_rsc", "endpoint": "rsc", **options}, environment)
        assert "CANARY" not in str(refused.value)


def test_a_missing_service_account_file(tmp_path):
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        resolve_connection({"platform": "rubrik_rsc", "endpoint": "rsc", "service_account_file": str(tmp_path / "x")}, {})


def test_repr_hides_secrets():
    secrets = {"password": "CANARY-p", "totp_secret": "CANARY-s"}
    found = resolve_connection(BASE | {"username": "admin"} | secrets, {})
    assert "CANARY" not in repr(found)
    assert "CANARY" not in repr(resolve_connection(BASE | {"token": "CANARY-t"}, {}))
    assert sorted(found.auth.secrets()) == sorted(secrets.values())
    options = {"platform": "rubrik_cdm", "endpoint": "cdm", "client_id": "c", "client_secret": "CANARY-c"}
    assert "CANARY" not in repr(resolve_connection(options, {}))


@pytest.mark.parametrize("platform", _PLATFORMS)
def test_a_platform_is_called_alike_before_and_after_it_is_loaded(platform):
    assert _PLATFORMS[platform][0] == platform_class(platform).title
