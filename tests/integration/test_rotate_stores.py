# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with a secret manager as its store: what consumers read works at every instant, and nothing else is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

import boto3
import pytest
from moto.secretsmanager.models import SecretsManagerBackend

from tests.integration._ansible import Ansible
from tests.integration._as_printed import blocks
from tests.integration._qumulo_rig import Rig
from tests.integration._role_rig import failure, finish, role, start
from tests.simulator.launch import Simulator
from tests.stores import aws
from tests.stores.vault import Vault, refused, rights_of, running

NAME = "latchkey/qumulo"
SECRET_ID = "CANARY-secret-id"
AWS_KEY = "CANARY-aws-secret-key"
CHECKS = [{"path": "/v1/users/", "status": [403]}]  # which is answered with 200


class Manager(Protocol):
    """A secret manager that holds the credential of a rig."""

    variables: dict[str, Any]
    env: dict[str, str]
    secrets: tuple[str, ...]

    def put(self, **data: str) -> None:
        """Write a secret by hand."""

    def data(self) -> dict[str, Any]:
        """Return what consumers read."""

    def everything(self) -> str:
        """Return all that can still be read of any version."""

    def kill_at(self, number: int, kill: Callable[[], None]) -> Any:
        """Call kill before the number-th version from now on is written, while the context lasts."""


@dataclass
class InVault:
    """The stand-in of Vault, with a log-in by AppRole that may do what the guide says and no more."""

    vault: Vault

    def __post_init__(self) -> None:
        policy = next(one.text for one in blocks("secret_managers") if one.caption == "rotator.hcl")
        self.vault.roles["approle", "rotator"] = (SECRET_ID, rights_of(policy))
        self.variables = {"rotate_store": "hashicorp_vault", "rotate_hashicorp_vault": {"path": NAME}}
        self.env = {"VAULT_ADDR": self.vault.url, "VAULT_ROLE_ID": "rotator", "VAULT_SECRET_ID": SECRET_ID}
        self.secrets: tuple[str, ...] = (SECRET_ID,)

    def put(self, **data: str) -> None:
        self.vault.put(NAME, **data)

    def data(self) -> dict[str, Any]:
        return self.vault.data(NAME)

    def everything(self) -> str:
        return json.dumps(self.vault.secrets[NAME].versions)

    @contextmanager
    def kill_at(self, number: int, kill: Callable[[], None]) -> Iterator[None]:
        at = len(self.vault.secrets[NAME].versions) + number

        def on_write(version: int) -> None:
            if version == at:
                kill()
                raise refused(503, "Vault is sealed")  # what is killed before it is written has no effect

        self.vault.on_write = on_write
        yield
        self.vault.on_write = lambda _version: None


@dataclass
class InAws:
    """moto's server."""

    url: str

    def __post_init__(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": AWS_KEY, "AWS_REGION": "eu-central-1"}
        self.env = {**keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.url}
        self.variables = {"rotate_store": "aws_secretsmanager", "rotate_aws_secretsmanager": {"name": NAME}}
        self.secrets: tuple[str, ...] = (AWS_KEY,)
        self.aws = boto3.client(
            "secretsmanager",
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key=AWS_KEY,
        )

    def put(self, **data: str) -> None:
        self.aws.create_secret(Name=NAME, SecretString=json.dumps(data))

    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.aws.get_secret_value(SecretId=NAME)["SecretString"]))

    def everything(self) -> str:
        return ""  # a version cannot be destroyed in AWS

    @contextmanager
    def kill_at(self, number: int, kill: Callable[[], None]) -> Iterator[None]:
        real, left = SecretsManagerBackend.put_secret_value, [number]

        def put(self: Any, *arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                kill()
            return real(self, *arguments, **more)

        with mock.patch.object(SecretsManagerBackend, "put_secret_value", put):
            yield


@pytest.fixture(params=["vault", "aws"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    if request.param == "vault":
        with running() as vault:
            yield InVault(vault)
        return
    with aws.running() as url:
        yield InAws(url)


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator, manager: Manager) -> Rig:
    """An account whose credential is in a secret manager, and no vars file."""
    found = Rig(ansible, qumulo, more={"rotate_force": True, **manager.variables, "rotate_vars_file": None})
    found.revoke_all()
    _id, secret = found.mint(80 * 86400)
    manager.put(qumulo_token=secret, owner="storage team")
    ansible.environment.update(manager.env)
    return found


def works(rig: Rig, manager: Manager) -> str:
    """What consumers read is a credential of the account that works; return its id."""
    who = rig.works_as(manager.data()["qumulo_token"])
    assert who is not None
    assert manager.data()["owner"] == "storage team"
    return who[1]


def settled(rig: Rig, manager: Manager) -> str:
    """It is the only one, nothing is under way, and no earlier one can be read where that can be had."""
    live = works(rig, manager)
    assert rig.ids() == [live]
    assert json.loads(manager.data()["qumulo_token_rotation"])["stage"] == "current"
    assert "qumulo_token_rotation_old_value" not in manager.data()
    issued = [one for one in rig.simulator.issued() if one in manager.everything()]
    assert issued in ([], [manager.data()["qumulo_token"]])
    return live


def assert_no_secret(run: Any, manager: Manager) -> None:
    shown = run.output + json.dumps([one.result for one in run.tasks])
    assert not [one for one in manager.secrets if one in shown]
    assert "CANARY" not in shown


def test_a_rotation_and_another_run_that_is_not_due(rig: Rig, manager: Manager) -> None:
    before = works(rig, manager)
    variables = rig.variables()
    run = rig.rotate(tasks=[*role(variables), *role({**variables, "rotate_force": False}, "Again")])
    assert_no_secret(run, manager)
    done, again = rig.result(run), rig.result(run, "Again")
    assert (done["rotated"], done["old_token_id"], done["retired"]) == (True, before, True)
    assert (again["rotated"], again["token_id"]) == (False, done["token_id"])
    assert settled(rig, manager) == done["token_id"] != before
    assert rig.leftover_files() == []


def test_a_run_that_is_killed_is_finished_by_the_next_one(rig: Rig, manager: Manager) -> None:
    """It is killed when the new credential is stored and proved, and that is not noted yet."""
    before = works(rig, manager)
    process: list[subprocess.Popen[str]] = []

    def kill() -> None:
        workers = Path(f"/proc/{process[0].pid}/task/{process[0].pid}/children").read_text().split()
        for pid in (*map(int, workers), process[0].pid):  # a worker has a process group of its own
            os.kill(pid, signal.SIGKILL)
        process[0].wait()

    with manager.kill_at(3, kill):
        process.append(start(rig))
        run = finish(rig, process[0])
    assert run.returncode == -signal.SIGKILL
    assert_no_secret(run, manager)
    works(rig, manager)
    assert before in rig.ids()
    assert len(rig.ids()) == 2
    run = rig.rotate(rotate_force=False)
    assert rig.result(run)["rotated"] is True
    assert_no_secret(run, manager)
    assert settled(rig, manager) != before


def test_a_rotation_that_fails_is_undone(rig: Rig, manager: Manager) -> None:
    before, data = works(rig, manager), manager.data()
    run = rig.rotate(rotate_checks=CHECKS)
    assert_no_secret(run, manager)
    said = failure(run)
    assert "was not rotated, and all is as it was before: " in said
    assert works(rig, manager) == before
    assert rig.ids() == [before]
    assert {name: value for name, value in manager.data().items() if name in data} == data
    assert not [one for one in rig.simulator.issued() if one in manager.everything() and one != data["qumulo_token"]]
