# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs to test the role rotate with a secret manager as its store: the stand-ins, and credentials whose value and state are in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import boto3

from tests.plays import _rubrik_rigs as rubrik
from tests.plays._as_printed import blocks
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import RoleRig
from tests.stores import aws
from tests.stores.vault import Vault, rights_of, running

NAME = "latchkey/qumulo"
MANAGERS = ("vault", "aws")
_SECRET_ID = "CANARY-secret-id"  # canaries: they must never be seen in an output
_AWS_KEY = "CANARY-aws-secret-key"
_OTHER = {"owner": "storage team"}  # a key that is none of the rotation's business


class Manager(Protocol):
    """A secret manager that holds the credential of a rig.

    Attributes:
        variables: of the role, that name it.
        env: what the run's environment needs.
        secrets: what the run logs in with.
    """

    variables: dict[str, Any]
    env: dict[str, str]
    secrets: tuple[str, ...]

    def put(self, **data: str) -> None:
        """Begin with a secret that was written by hand."""

    def data(self) -> dict[str, Any]:
        """Return what consumers read."""

    def everything(self) -> str:
        """Return all that can still be read of any version."""

    def open_versions(self) -> set[str]:
        """Return the versions that can still be read although they are superseded, and that no rotation is going to destroy."""


@dataclass
class InVault:
    """The stand-in of Vault, with a log-in by AppRole that may do what the guide says and no more."""

    vault: Vault

    def __post_init__(self) -> None:
        policy = next(one.text for one in blocks("secret_managers") if one.caption == "rotator.hcl")
        self.vault.roles["approle", "rotator"] = (_SECRET_ID, rights_of(policy))
        self.variables = {"rotate_store": "hashicorp_vault", "rotate_hashicorp_vault": {"path": NAME}}
        self.env = {"VAULT_ADDR": self.vault.url, "VAULT_ROLE_ID": "rotator", "VAULT_SECRET_ID": _SECRET_ID}
        self.secrets: tuple[str, ...] = (_SECRET_ID,)

    def put(self, **data: str) -> None:
        self.vault.secrets.pop(NAME, None)
        self.vault.put(NAME, **data)

    def data(self) -> dict[str, Any]:
        return self.vault.data(NAME)

    def everything(self) -> str:
        return json.dumps(self.vault.secrets[NAME].versions)

    def open_versions(self) -> set[str]:
        states = [json.loads(text) for name, text in self.data().items() if name.endswith("_rotation")]
        noted = set(states[0].get("store", {}).get("superseded", {})) if states else set()
        *earlier, _newest = self.vault.readable(NAME)
        return {str(version) for version in earlier} - noted


@dataclass
class InAws:
    """moto's server."""

    url: str

    def __post_init__(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": _AWS_KEY, "AWS_REGION": "eu-central-1"}
        self.env = {**keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.url}
        self.variables = {"rotate_store": "aws_secretsmanager", "rotate_aws_secretsmanager": {"name": NAME}}
        self.secrets: tuple[str, ...] = (_AWS_KEY,)
        self.aws = boto3.client(
            "secretsmanager",
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key=_AWS_KEY,
        )

    def put(self, **data: str) -> None:
        if self.aws.list_secrets()["SecretList"]:
            self.aws.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        self.aws.create_secret(Name=NAME, SecretString=json.dumps(data))

    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.aws.get_secret_value(SecretId=NAME)["SecretString"]))

    def everything(self) -> str:
        return ""  # a version cannot be destroyed in AWS

    def open_versions(self) -> set[str]:
        return set()


@contextmanager
def managers(name: str) -> Iterator[Manager]:
    """Run one of MANAGERS."""
    with ExitStack() as stack:
        yield InVault(stack.enter_context(running())) if name == "vault" else InAws(stack.enter_context(aws.running()))


if TYPE_CHECKING:
    _Base = RoleRig
else:  # no base of its own, whose fields would come before those of the rig that it is mixed into
    _Base = object


class _InManager(_Base):
    """What a rig has whose credential is in a secret of a secret manager, and no vars file."""

    manager: Manager

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ansible.environment.update(self.manager.env)

    @property
    def text(self) -> str:
        return ""

    def stored(self, name: str | None = None) -> Any:
        return self.manager.data().get(name or self.name)

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.stored(f"{self.name}_rotation") or "{}"))

    def secrets(self) -> list[str]:
        return [*super().secrets(), *self.manager.secrets]

    def variables(self, **more: Any) -> dict[str, Any]:
        return {**super().variables(), **self.manager.variables, "rotate_vars_file": None, **more}  # type: ignore[safe-super]

    def assert_works(self) -> str:
        """What consumers read is a credential of the account that works, and keys of others are as they were; return its id."""
        assert self.manager.data()["owner"] == _OTHER["owner"]
        return super().assert_works()

    def assert_current(self, live: Any = None) -> str:
        found = super().assert_current(live)
        assert f"{self.name}_rotation_old_value" not in self.manager.data()
        assert self.manager.open_versions() == set()
        return found


@dataclass
class TokenInManager(_InManager, Rig):
    """An access token of Qumulo Core."""

    manager: Manager = field(kw_only=True)

    def seed(self, expires_in: float | None = 80 * 86400, *, stored: bool = True, text: str | None = None) -> str:
        assert text is None
        self.revoke_all()
        token_id, secret = self.mint(expires_in) if stored else ("", "")
        self.manager.put(**_OTHER, **({self.name: secret} if stored else {}))
        return token_id


@dataclass
class AlternateInManager(_InManager, rubrik.AlternateRig):
    """Two service accounts of Rubrik that take turns."""

    manager: Manager = field(kw_only=True)

    def store(self, client_id: str, secret: str) -> None:
        self.manager.put(**_OTHER, **{self.id_name: client_id, self.name: secret})
