# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of AWS Secrets Manager as the store of a rotation: boto3, unmodified, against moto."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError, SSLError
from moto import mock_aws

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager import (
    HEAD,
    WRITING,
    SecretsManagerStore,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.aws_secretsmanager_client import Boto3Client, access_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Keys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Change, ChangedMeanwhileError, Written
from tests.stores.aws import as_aws_does
from tests.unit.plugin_utils.rotation_facts import minting, settled, stored

NAME, REGION = "prod/qumulo", "eu-central-1"
OLD, NEW = "canary-old-credential", "canary-new-credential"
SETTLED = {"stage": "current", "current": {"id": "2"}}


@pytest.fixture(scope="module")
def sessions() -> Iterator[Any]:
    """Sessions of boto3, each with what it has read of botocore's data: that takes a second."""
    with mock_aws():
        yield functools.cache(boto3.session.Session)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, sessions: Any) -> Iterator[Any]:
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "CANARY-aws-key", "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(boto3.session, "Session", sessions)
    with as_aws_does():
        client = sessions(profile_name=None, region_name=REGION).client("secretsmanager")
        client.create_secret(Name=NAME, SecretString=json.dumps({"token": OLD, "id": "c1", "owner": "storage team"}))
        yield client


def store_of(**options: Any) -> SecretsManagerStore:
    client = Boto3Client(access_of({"name": NAME, **options}, os.environ, str))
    return SecretsManagerStore(client, Keys("token", "id"), sleep=lambda _seconds: None)


def boto_of(store: SecretsManagerStore) -> Any:
    """Return the client of boto3."""
    client: Any = store._client
    return client._aws


def consumed(aws: Any) -> dict[str, Any]:
    """Return what consumers read."""
    return dict(json.loads(aws.get_secret_value(SecretId=NAME)["SecretString"]))


def labels(aws: Any) -> list[list[str]]:
    """Return the labels of each version that has some, and check that each is on one version."""
    found = [sorted(one) for one in aws.describe_secret(SecretId=NAME)["VersionIdsToStages"].values() if one]
    every = [label for one in found for label in one]
    assert len(every) == len(set(every))
    return sorted(found)


def rotated(store: SecretsManagerStore) -> list[Written]:
    """Do what a rotation does, up to the proof."""
    intent = store.write(Change(minting()), store.read().as_expected())
    return [intent, store.write(Change(stored(), value=NEW, old_value=OLD, client_id="c2"), {"state": (intent.version["state"],)})]


class Faults:
    """Calls of boto3's client, each of which may be preceded or followed by something else."""

    def __init__(self, store: SecretsManagerStore) -> None:
        self.client = boto_of(store)
        self.calls: list[str] = []

    def at(self, action: str, before: Any = None, after: Any = None, times: int = 1) -> None:
        real, left = getattr(self.client, action), [times]

        def call(**arguments: Any) -> Any:
            hit = left[0] > 0
            left[0] -= 1
            if hit and before:
                before()
            answer = real(**arguments)
            if hit and after:
                after()
            return answer

        setattr(self.client, action, call)


def refused(code: str, words: str = "") -> Any:
    def act() -> None:
        raise ClientError({"Error": {"Code": code, "Message": words}}, "UpdateSecretVersionStage")

    return act


# -- the port


def test_consumers_read_the_old_credential_until_the_new_one_is_proved(aws):
    store = store_of()
    held = store.read()
    assert (held.value, held.client_id, held.state, held.old_value) == (OLD, "c1", {}, None)
    _intent, put = rotated(store)
    held = store_of().read()
    assert (held.value, held.client_id, held.state, held.old_value) == (NEW, "c2", stored(), OLD)
    assert held.version == put.version
    assert consumed(aws) == {"token": OLD, "id": "c1", "owner": "storage team"}
    assert labels(aws) == [["AWSCURRENT"], [HEAD]]
    store.write(Change(SETTLED), held.as_expected())
    assert {"token": NEW, "id": "c2", "owner": "storage team"}.items() < consumed(aws).items()
    assert "token_rotation_old_value" not in consumed(aws)
    assert labels(aws) == [["AWSCURRENT", HEAD], ["AWSPREVIOUS"]]
    assert store_of().read().state == SETTLED


def test_an_undone_rotation_leaves_the_old_content(aws):
    store = store_of()
    intent, put = rotated(store)
    assert not store.restore(intent.before, intent.after, None), "another content is there"
    assert put.before == intent.after
    assert store.restore(intent.before, put.after, None)
    assert {"token": OLD, "id": "c1", "owner": "storage team"}.items() < consumed(aws).items()
    assert store_of().read().state == {}
    assert labels(aws) == [["AWSCURRENT", HEAD], ["AWSPREVIOUS"]]


@pytest.mark.parametrize("under_way", [False, True])
def test_a_version_that_a_hand_put_in_place_is_what_the_store_holds(aws, under_way):
    store = store_of()
    if under_way:
        rotated(store)
    else:
        store.write(Change(settled()), store.read().as_expected())
    held = store.read()
    aws.put_secret_value(SecretId=NAME, SecretString=json.dumps({"token": "by hand", "note": "x"}))
    again = store.read()
    assert again.value == "by hand"
    assert again.state == (stored() if under_way else {})
    assert again.old_value == (OLD if under_way else None)
    with pytest.raises(ChangedMeanwhileError, match=r"The|AWS secret prod/qumulo in eu-central-1 was not written, since token in it"):
        store.write(Change(SETTLED), held.as_expected())
    assert consumed(aws) == {"token": "by hand", "note": "x"}


def test_a_hand_between_read_and_write_wins(aws):
    """A version that is written is nothing before the label is moved, and that is on the condition that it is where it was."""
    store = store_of()
    rotated(store)
    held, faults = store.read(), Faults(store)

    def by_hand() -> None:
        aws.put_secret_value(SecretId=NAME, SecretString=json.dumps({"token": "by hand"}))

    faults.at("put_secret_value", before=by_hand)
    with pytest.raises(ChangedMeanwhileError, match="was not written, since token in it is not what it was when it was read"):
        store.write(Change(SETTLED), held.as_expected())
    assert consumed(aws) == {"token": "by hand"}
    assert not [one for one in labels(aws) if one[0].startswith(WRITING)]


def test_of_two_runs_one_writes(aws):
    first, second = store_of(), store_of()
    first.write(Change(settled()), first.read().as_expected())
    held = first.read()
    faults = Faults(first)
    faults.at("put_secret_value", before=lambda: second.write(Change(minting(run="second")), second.read().as_expected()))
    with pytest.raises(ChangedMeanwhileError, match="since token_rotation in it is not what it was"):
        first.write(Change(minting(run="first")), held.as_expected())
    assert first.read().state["pending"]["run"] == "second"


def test_a_run_that_stood_still_cannot_put_a_credential_in_place_that_another_one_revoked(aws):
    """It stands between its read and the move of AWSCURRENT, while the other one puts the old credential back to revoke the new one."""
    first, second = store_of(), store_of()
    rotated(first)
    faults = Faults(first)

    def other() -> None:
        second.write(Change(stored("undoing"), value=OLD, client_id="c1"), second.read().as_expected())

    held = first.read()
    faults.at("update_secret_version_stage", before=other)
    with pytest.raises(ChangedMeanwhileError):
        first.write(Change(SETTLED), held.as_expected())
    assert consumed(aws)["token"] == OLD


@pytest.mark.parametrize("number", [1, 2, 3], ids=["before AWSCURRENT is moved", "before HEAD is moved", "before the label is removed"])
def test_a_run_that_is_killed_between_two_labels_leaves_what_the_next_one_goes_on_from(aws, number):
    store = store_of()
    rotated(store)
    calls = []
    move = boto_of(store).update_secret_version_stage

    def killed(**arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) >= number:
            raise KeyboardInterrupt
        return move(**arguments)

    boto_of(store).update_secret_version_stage = killed
    with pytest.raises(KeyboardInterrupt):
        store.write(Change(SETTLED), store.read().as_expected())
    assert consumed(aws)["token"] == (OLD if number == 1 else NEW)
    following = store_of()
    held = following.read()
    assert (held.value, held.state) == (NEW, SETTLED if number == 3 else stored())
    following.write(Change(SETTLED), held.as_expected())
    assert consumed(aws)["token"] == NEW
    assert [one for one in labels(aws) if "AWSPREVIOUS" not in one] == [["AWSCURRENT", HEAD]]


@pytest.mark.parametrize("action", ["put_secret_value", "update_secret_version_stage"])
def test_what_took_effect_and_was_answered_with_a_failure_is_done_once(aws, action):
    store = store_of()
    held = store.read()
    Faults(store).at(action, after=refused("InternalServiceError", "An error occurred on the server side"))
    if action == "put_secret_value":  # nothing was written, as a version without the label is nothing
        with pytest.raises(LatchkeyError, match=r"AWS Secrets Manager failed, so the AWS secret prod/qumulo in eu-central-1 was not"):
            store.write(Change(minting()), held.as_expected())
        assert store.read().state == {}
    else:
        store.write(Change(minting()), held.as_expected())
        assert store.read().state == minting()


def test_labels_that_are_told_as_they_were_are_asked_for_again(aws):
    store = store_of()
    before = aws.describe_secret(SecretId=NAME)
    before["VersionIdsToStages"] = dict(before["VersionIdsToStages"])
    store.write(Change(settled()), store.read().as_expected())
    real, lagging = boto_of(store).describe_secret, [before] * 3
    boto_of(store).describe_secret = lambda **given: lagging.pop() if lagging else real(**given)
    assert store.read().state == settled()
    lagging[:] = [before] * 100
    with pytest.raises(LatchkeyError, match="is still told as it was before this run wrote it"):
        store.read()


# -- left alone, refused


def test_a_rotation_of_another_tool_is_left_alone(aws):
    aws.put_secret_value(SecretId=NAME, SecretString='{"token": "theirs"}', VersionStages=["AWSPENDING"])
    held = store_of().read()
    assert held.refusal.startswith("Another tool is rotating the AWS secret prod/qumulo in eu-central-1: its version ")
    assert "--version-stage AWSPENDING --remove-from-version-id" in held.advice


@pytest.mark.parametrize("text", ["plain-secret", "[1]", '"CANARY"'])
def test_a_secret_that_is_no_object_is_refused_and_not_quoted(aws, text):
    aws.put_secret_value(SecretId=NAME, SecretString=text)
    with pytest.raises(LatchkeyError, match="holds no JSON object") as failure:
        store_of().read()
    assert text not in str(failure.value)


@pytest.mark.parametrize(
    ("action", "failure", "message"),
    [
        (
            "describe_secret",
            refused("AccessDeniedException", "User: arn:x is not authorized to perform: secretsmanager:DescribeSecret"),
            r"AWS does not permit it, so the AWS secret \S+ in \S+ was not read\. It said: User: arn:x is not authorized to perform: secr",
        ),
        ("get_secret_value", refused("ExpiredTokenException"), r"The credentials of AWS have expired, so the AWS secret .* was not read"),
        ("describe_secret", refused("UnrecognizedClientException", "The security token is invalid."), r"AWS refused the credentials"),
        (
            "put_secret_value",
            refused("ThrottlingException", "Rate exceeded"),
            r"AWS throttles requests, .* not written\. It said: Rate exc",
        ),
        ("get_secret_value", refused("DecryptionFailure", "no key"), r"The KMS key of the secret could not be used"),
        ("put_secret_value", refused("LimitExceededException", "too many"), r"A quota of AWS is used up"),
        ("put_secret_value", refused("ValidationException", "odd"), r"refused the request \(ValidationException\)"),
        ("describe_secret", NoCredentialsError(), r"boto3 found no credentials of AWS, .* Set profile in rotate_aws_secretsmanager"),
        ("describe_secret", EndpointConnectionError(endpoint_url="https://x"), r"AWS Secrets Manager at \S+ cannot be reached"),
        ("describe_secret", SSLError(endpoint_url="https://x", error="y"), r"is not trusted, .* Set ca_path .* or AWS_CA_BUNDLE"),
        ("put_secret_value", ReadTimeoutError(endpoint_url="https://x"), r"gave no answer \(ReadTimeoutError\)"),
        ("get_secret_value", refused("ResourceNotFoundException"), r"Version \S+ of the AWS secret \S+ in \S+ is gone"),
    ],
)
def test_every_failure_is_a_sentence(aws, action, failure, message):
    store = store_of()

    def act() -> None:
        if isinstance(failure, Exception):
            raise failure
        failure()

    Faults(store).at(action, before=act, times=10)
    with pytest.raises(LatchkeyError, match=message) as told:
        store.write(Change(minting()), store.read().as_expected())
    assert "CANARY" not in str(told.value)
    assert consumed(aws)["token"] == OLD


def test_a_secret_that_is_not_there_or_deleted_is_named(aws):
    with pytest.raises(LatchkeyError, match=r"There is no AWS secret nothing in eu-central-1, so nothing was rotated\. Check rotate_aws"):
        store_of(name="nothing").read()
    store = store_of()
    intent, put = rotated(store)
    aws.delete_secret(SecretId=NAME)
    assert not store.read().exists
    with pytest.raises(LatchkeyError, match="is deleted, so it was not written"):
        store.restore(intent.before, None, None)
    aws.restore_secret(SecretId=NAME)
    assert store.read().version == put.version


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": ""}, "name is not set"),
        ({"timeout": -1}, "timeout -1 is not a number of seconds"),
        ({"ca_path": "/no/ca"}, "there is no /no/ca"),
        ({"profile": "no-such"}, r"The config profile \(no-such\) could not be found"),
        ({"endpoint_url": "http://aws.example.com"}, "endpoint_url: plain http .* in the clear"),
        ({"region": "not a region"}, "not a region"),
    ],
)
def test_options_that_are_wrong_are_refused_by_name(aws, options, message):
    with pytest.raises(OptionError, match=rf"^rotate_aws_secretsmanager: .*{message}"):
        store_of(**options)


def test_a_region_or_the_library_that_is_missing_is_named(aws, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(OptionError, match="no region is set"):
        store_of()
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(OptionError, match=r"needs the Python library boto3, .* pip install boto3\."):
        store_of()
