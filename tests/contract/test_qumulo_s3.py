# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 access keys: the vendor's client and boto3, both unmodified, against the simulated cluster; and boto3's signer against ours."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from qumulo.lib.identity_util import Identity
from qumulo.lib.request import RequestError
from qumulo.rest.s3 import AccessKeyDescription, CreatedAccessKey
from qumulo.rest_client import RestClient

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.signature import Signer, s3_headers
from tests.contract._qumulo_client import add_user, connect
from tests.plays._s3_rig import s3_client
from tests.simulator.launch import Simulator, launch


def buckets(simulator: Simulator, key: CreatedAccessKey, secret: str = "") -> list[str]:
    """Return the names of the buckets, as boto3 lists them."""
    return [one["Name"] for one in s3_client(simulator, key.access_key_id, secret or key.secret_access_key).list_buckets()["Buckets"]]


def code_of(simulator: Simulator, key: CreatedAccessKey, secret: str = "") -> str:
    """Return the code with which boto3 is refused."""
    with pytest.raises(ClientError) as refusal:
        buckets(simulator, key, secret)
    return str(refusal.value.response["Error"]["Code"])


def keys_of(client: RestClient, user: Identity | None = None) -> list[AccessKeyDescription]:
    """Return all keys, page by page, as the vendor's command line reads them."""
    page = client.s3.list_access_keys(user=user)
    found = list(page.entries)
    while page.paging.next:
        page = client.s3.list_access_keys(start_at=page.paging.next)
        found += page.entries
    return found


def test_the_life_of_a_key(tmp_path: Path) -> None:
    with launch("qumulo", settings={"page_size": "2"}, directory=tmp_path) as simulator:
        client = connect(simulator)
        jane, joe = (Identity({"auth_id": add_user(client, name)}) for name in ("jane", "joe"))
        first, second, other = (client.s3.create_access_key(who) for who in (jane, jane, joe))
        assert first.owner["name"] == "jane"
        assert len(first.secret_access_key) == 40
        with pytest.raises(RequestError) as limit:
            client.s3.create_access_key(jane)
        assert limit.value.status_code == 409

        assert {one.access_key_id for one in keys_of(client)} == {first.access_key_id, second.access_key_id, other.access_key_id}
        listed = keys_of(client, jane)
        assert {one.access_key_id for one in listed} == {first.access_key_id, second.access_key_id}
        assert {one.owner["auth_id"] for one in listed} == {jane.auth_id}
        assert {one.owner["name"] for one in listed} == {None}

        for one in (first, second, other):
            assert buckets(simulator, one) == ["backups"]
        client.s3.delete_access_key(first.access_key_id)
        assert code_of(simulator, first) == "InvalidAccessKeyId"
        assert buckets(simulator, second) == ["backups"]
        assert code_of(simulator, second, "not the secret") == "SignatureDoesNotMatch"
        with pytest.raises(RequestError) as unknown:
            client.s3.delete_access_key(first.access_key_id)
        assert unknown.value.status_code == 404

        client.users.delete_user(joe.auth_id)
        assert {one.access_key_id for one in keys_of(client)} == {second.access_key_id, other.access_key_id}, "seen live: they stay"
        simulator.advance(3600)
        assert code_of(simulator, second) == "RequestTimeTooSkewed"


@pytest.mark.parametrize(("version", "allowed"), [("7.2.3.1", True), ("7.2.2", False)])
def test_self_service(tmp_path: Path, version: str, allowed: bool) -> None:
    with launch("qumulo", version=version, settings={"service_account_role": "none"}, directory=tmp_path) as simulator:
        own = connect(simulator, simulator.service_account["token"])
        me = Identity({"auth_id": simulator.service_account["id"]})
        with nullcontext() if allowed else pytest.raises(RequestError, match="missing privilege"):
            key = own.s3.create_access_key(me)
            assert [one.access_key_id for one in own.s3.list_access_keys(user=me).entries] == [key.access_key_id]
            own.s3.delete_access_key(key.access_key_id)
        with pytest.raises(RequestError) as foreign:
            own.s3.list_access_keys()
        assert foreign.value.status_code == 403


def test_rights_are_those_of_buckets_where_that_is_set(tmp_path: Path) -> None:
    settings = {"s3_rights": "buckets", "service_account_role": "Data-Administrators"}  # which may write S3 credentials
    with launch("qumulo", settings=settings, directory=tmp_path) as simulator:
        with pytest.raises(RequestError) as refusal:
            connect(simulator, simulator.service_account["token"]).s3.create_access_key(Identity({"auth_id": "500"}))
        assert refusal.value.description == "missing privilege: S3_BUCKETS_WRITE"


def test_a_disabled_api_does_not_answer(tmp_path: Path) -> None:
    with launch("qumulo", settings={"s3_api": "disabled"}, directory=tmp_path) as simulator:
        key = connect(simulator).s3.create_access_key(Identity({"auth_id": "500"}))
        with pytest.raises(BotoCoreError):
            buckets(simulator, key)


def test_the_port_survives_a_restart(simulator: Simulator, client: RestClient) -> None:
    key = client.s3.create_access_key(Identity({"auth_id": "500"}))
    before = simulator.s3_url
    simulator.restart()
    assert simulator.s3_url == before
    assert buckets(simulator, key) == ["backups"]


@pytest.mark.parametrize("url", ["https://qumulo.example.com:9000", "https://qumulo.example.com:443", "https://[2001:db8::1]:9000"])
def test_botocore_signs_as_the_collection_does(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    at = datetime.now(timezone.utc).replace(microsecond=0)
    headers = s3_headers(url, at)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_unused: at.replace(tzinfo=None))
    request = AWSRequest("GET", f"{url}/", headers={"Host": headers["Host"]})
    S3SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "s3", "us-east-1").add_auth(request)
    assert request.headers["X-Amz-Date"] == headers["X-Amz-Date"]
    signer = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert request.headers["Authorization"] == signer.authorization("GET", "/", "", headers, at)
