# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real OpenBao or Vault in dev mode, where its program is on the PATH: what contract tests do to the stand-in, done to that.

Dev mode keeps all in memory, and has KV version 2 at ``secret/``; version 1 is mounted at ``old/``, as the stand-in has it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PROGRAMS = ("bao", "vault")
_START_SECONDS = 60


class StartError(RuntimeError):
    """The program did not start; says what it wrote."""


def program() -> str | None:
    """Return the path of the first of PROGRAMS; None where there is none."""
    return next((found for one in PROGRAMS if (found := shutil.which(one))), None)


@dataclass
class Program:
    """A running program, with the methods of the stand-in that tests of both use."""

    url: str
    root: str

    def __post_init__(self) -> None:
        self._hvac = hvac.Client(url=self.url, token=self.root)
        self._kv = self._hvac.secrets.kv.v2
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def prepare(self) -> None:
        """Mount what the stand-in has."""
        system, public = self._hvac.sys, self._key.public_key()
        system.enable_secrets_engine("kv", path="old", options={"version": "1"})
        system.enable_auth_method("approle")
        system.enable_auth_method("jwt")
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self._hvac.auth.jwt.configure(jwt_validation_pubkeys=[pem])

    def put(self, path: str, **data: Any) -> int:
        """Write a version by hand."""
        return int(self._kv.create_or_update_secret(path=path, secret=data, mount_point="secret")["data"]["version"])

    def data(self, path: str) -> dict[str, Any]:
        """Return what consumers read."""
        return dict(self._kv.read_secret_version(path=path, mount_point="secret", raise_on_deleted_version=True)["data"]["data"])

    def readable(self, path: str) -> list[int]:
        """Return the versions that are not destroyed."""
        versions = self._kv.read_secret_metadata(path=path, mount_point="secret")["data"]["versions"]
        return sorted(int(number) for number, one in versions.items() if not one["destroyed"])

    def everything(self, path: str) -> str:
        """Return all that can still be read of any version."""
        found = [
            self._kv.read_secret_version(path=path, version=number, mount_point="secret", raise_on_deleted_version=False)["data"]["data"]
            for number in self.readable(path)
        ]
        return json.dumps(found)

    def delete(self, path: str) -> None:
        """Delete the newest version, which does not destroy it."""
        self._kv.delete_latest_version_of_secret(path=path, mount_point="secret")

    def forget(self, path: str) -> None:
        """Remove a secret, with all of its versions."""
        self._kv.delete_metadata_and_all_versions(path=path, mount_point="secret")

    def token_for(self, policy: str) -> str:
        """Return a token that a policy gives its rights."""
        return str(self._hvac.auth.token.create(policies=[self._named(policy)])["auth"]["client_token"])

    def app_role(self, policy: str) -> tuple[str, str]:
        """Return the role id and the secret id of an AppRole."""
        auth = self._hvac.auth.approle
        auth.create_or_update_approle(role_name="rotator", token_policies=[self._named(policy)])
        secret_id = auth.generate_secret_id(role_name="rotator")["data"]["secret_id"]
        return str(auth.read_role_id(role_name="rotator")["data"]["role_id"]), str(secret_id)

    def jwt_role(self, policy: str) -> tuple[str, str]:
        """Return a role of the JWT auth method, and a JWT that it takes."""
        audience = {"user_claim": "sub", "bound_audiences": ["vault"], "allowed_redirect_uris": []}
        self._hvac.auth.jwt.create_role(name="rotator", role_type="jwt", token_policies=[self._named(policy)], **audience)
        now = int(time.time())
        claims = {"sub": "job", "aud": "vault", "iat": now, "nbf": now - 60, "exp": now + 600}
        parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "RS256"}, claims)]
        signature = self._key.sign(b".".join(parts), padding.PKCS1v15(), hashes.SHA256())
        return "rotator", b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    def _named(self, policy: str) -> str:
        name = f"test-{secrets.token_hex(4)}"
        self._hvac.sys.create_or_update_policy(name=name, policy=policy)
        return name


@contextmanager
def running(path: str, directory: Path) -> Iterator[Program]:
    """Run a program in dev mode.

    Raises:
        StartError: it ended, or did not answer in time.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = Program(f"http://{address}", f"CANARY-root-{secrets.token_hex(12)}")
    command = [path, "server", "-dev", f"-dev-root-token-id={found.root}", f"-dev-listen-address={address}", "-dev-no-store-token"]
    log = directory / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={"PATH": os.environ["PATH"], "HOME": str(directory)}
        )
    try:
        give_up = time.monotonic() + _START_SECONDS
        while not _is_up(found):
            if process.poll() is not None or time.monotonic() > give_up:
                raise StartError(log.read_text(errors="replace"))
            time.sleep(0.05)
        found.prepare()
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _is_up(found: Program) -> bool:
    """Tell whether it answers, and has made its engine for KV version 2, which takes a moment more."""
    try:
        found.put("is-up", x="y")
    except Exception:  # noqa: BLE001  (refused, sealed, not mounted yet, being upgraded)
        return False
    return True
