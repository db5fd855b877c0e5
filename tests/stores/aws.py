# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's AWS Secrets Manager, with what it does not do yet as AWS does it: labels that are moved, and are on one version at a time.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html: without RemoveFromVersionId, a label that
is on another version is not moved; GetSecretValue without a version is the one with AWSCURRENT, wherever that was moved.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from moto.secretsmanager.exceptions import InvalidParameterException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends
from moto.server import ThreadedMotoServer

_MOVE = SecretsManagerBackend.update_secret_version_stage


def _move(self: Any, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str) -> tuple[str, str]:
    secret = self.secrets.get(secret_id)
    there = [one for one, version in secret.versions.items() if version_stage in version["version_stages"]] if secret else []
    if there and there[0] not in (remove_from_version_id, move_to_version_id):
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {version_stage} is currently attached to version {there[0]}, "
            "so you must explicitly reference that version in RemoveFromVersionId."
        )
    done: tuple[str, str] = _MOVE(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == "AWSCURRENT":
        secret.set_default_version_id(move_to_version_id)
    return done


def _put_in_place(self: Any, secret_version: dict[str, Any], version_id: str) -> None:
    for version in self.versions.values():
        stages = version["version_stages"]
        stages[:] = [
            "AWSPREVIOUS" if one == "AWSCURRENT" else one for one in stages if one != "AWSPREVIOUS" and one not in _others(secret_version)
        ]
    self.versions[version_id] = secret_version
    self.default_version_id = version_id


def _others(secret_version: dict[str, Any]) -> list[str]:
    return [one for one in secret_version["version_stages"] if one != "AWSCURRENT"]


@contextmanager
def running(certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve it on this machine, over TLS with a certificate and its key; return where."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    try:
        with as_aws_does():
            yield "http{}://{}:{}".format("s" if certificate else "", *server.get_host_and_port())
    finally:
        server.stop()


@contextmanager
def as_aws_does() -> Iterator[None]:
    """Begin with no secrets, and move labels as AWS does."""
    secretsmanager_backends.reset()
    with (
        mock.patch.object(SecretsManagerBackend, "update_secret_version_stage", _move),
        mock.patch.object(FakeSecret, "reset_default_version", _put_in_place),
    ):
        yield
