# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides print: playbooks are run as printed, in the order of the page; all other YAML is at least YAML."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import yaml

from tests.awx.collection import packaged_collections
from tests.plays._ansible import ROOT, Ansible
from tests.plays._as_printed import GUIDES, PLACES, Block, World, blocks, git_repository, is_play, world
from tests.plays._cases import do, done
from tests.stores import aws, vault

VAULT = ["--vault-id", "prod@vault-password"]
PAGES = sorted(path.stem for path in GUIDES.glob("*.rst"))
ELSEWHERE = {"awx"}  # test_awx_guide.py looks at that page
PASSWORD = "Not a real 1"


@dataclass
class Page:
    """A guide, and the folder of somebody who works through it."""

    name: str
    ansible: Ansible
    world: World
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.ansible.folder

    @property
    def plays(self) -> Iterator[tuple[str, Block]]:
        """The playbooks of the page, each with a name for its file."""
        for number, block in enumerate(blocks(self.name)):
            if block.language == "yaml" and is_play(yaml.safe_load(block.text)):
                yield block.caption or f"block-{number}.yml", block

    def write(self, name: str, **values: Any) -> None:
        """Write a vars file, in clear."""
        (self.folder / name).write_text(yaml.safe_dump(values))

    def follow(self, *typed: str, skip: int = 0) -> str:
        """Run the commands of the page, as a shell runs them that is typed into, in a directory that has nothing of the page but its files.

        Args:
            typed: the lines that are typed where a command asks.
            skip: how many commands at the beginning are left out.

        Returns:
            The output, which holds what the page says that it does, but for ids and times.
        """
        for name in ("vault.yml", "vault-password"):
            (self.folder / name).unlink()
        for name, block in self.plays:
            (self.folder / name).write_text(block.text)
        commands = [line[2:] for block in blocks(self.name) if block.language == "console" for line in block.text.splitlines()]
        (self.folder / "script").write_text("\n".join([self._openssl(), *commands[skip:]]) + "\n")
        ended = subprocess.run(
            ["bash", "-eux", "script"],
            cwd=self.folder,
            env={**self.ansible.env(self.world.environment()), **self.environment},
            input="".join(f"{line}\n" for line in typed),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        shown = _without_ids(ended.stdout)
        for block in blocks(self.name):
            if block.caption.startswith("output of "):
                for line in block.text.split("[localhost]")[1:]:
                    assert _without_ids(line).strip() in shown, ended.stdout
        return ended.stdout

    def _openssl(self) -> str:
        """Return openssl as a shell function that fetches the certificate of a simulator's authority, as if it were self-signed."""
        for platform, (host, port) in PLACES.items():
            authority = Path(getattr(self.world, platform).ca_file).read_text()
            (self.folder / f"{host}:{port}.pem").write_text(authority)
        return 'openssl() { if [ "$1" = s_client ]; then cat "$3.pem"; else command openssl "$@"; fi; }'

    def run(self, *names: str) -> str:
        """Run playbooks in one command, by default all of the page in its order; return the output."""
        printed = dict(self.plays)
        first, *others = names or printed
        for name in (first, *others):
            (self.folder / name).write_text(printed[name].text)
        environment = {**self.world.environment(), **self.world.credentials(), **self.environment}
        return self.ansible.run(first, [*others, *VAULT, *self.arguments], env=environment).assert_ok().output

    def run_with_one_login(self, name: str) -> str:
        """Run a playbook that logs in to Rubrik CDM with a password once; return the output."""
        before = len(self.world.rubrik_cdm.journal())
        output = self.run(name)
        requests = [(one["method"], one["path"]) for one in self.world.rubrik_cdm.journal()[before:]]
        assert requests.count(("POST", "/api/internal/session")) == 2, "the challenge, and its answer"
        return output


def _without_ids(text: str) -> str:
    """Return an output in one line, without what differs from run to run."""
    return re.sub(r"20\d\d-[\d-]+T[\d:.]+Z|\d{19,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "...", " ".join(text.split()))


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The appliances, which the pages share: each has accounts of its own, or leaves them as another one expects them."""
    with world(tmp_path_factory.mktemp("world"), rubrik_cdm={"totp": "on"}) as appliances:
        yield appliances


@pytest.fixture
def page(request: pytest.FixtureRequest, ansible: Ansible, appliances: World) -> Page:
    """The page that a test is named after."""
    (ansible.folder / "vault-password").write_text("not a real one\n")
    (ansible.folder / ".rubrik").mkdir()
    for name in ("automation", "rotator"):
        (ansible.folder / ".rubrik" / f"{name}.json").write_text(appliances.service_account_file())
    (ansible.folder / "vault.yml").touch()
    return Page(request.function.__name__.removeprefix("test_"), ansible, appliances)


@pytest.mark.parametrize("name", PAGES)
def test_yaml_of_the_guide_is_yaml(name: str) -> None:
    for block in blocks(name):
        if block.language == "yaml":
            yaml.safe_load(block.text)  # raises what is wrong with it


def test_getting_started(page: Page) -> None:
    shown = page.follow(page.world.qumulo.admin["password"], skip=2)  # the two that install
    assert len(re.findall(r"changed=(\d+)", shown)) == 4
    assert re.search(r"qumulo_token: !vault \|\s+\$ANSIBLE_VAULT;1.2;AES256;prod\n", (page.folder / "vault.yml").read_text())


def test_authentication(page: Page) -> None:
    assert f"{page.world.qumulo.admin['username']} has " in page.run()


def test_adopting(page: Page) -> None:
    q = page.world.qumulo
    done(q, "service_account", name="svc-reports")
    made = done(q, "access_token", user="local:svc-reports")
    page.environment = {"ADOPTED_TOKEN": made["token"]}
    page.run("adopt.yml")
    page.arguments = ["-e", json.dumps({"rotate_force": True})]
    assert f"token {made['token_id']} was replaced by" in page.run("rotate_reports.yml")
    [kept] = done(q, "access_token_info", user="local:svc-reports")["access_tokens"]
    assert kept["token_id"] != made["token_id"]
    assert kept["expires_at"]


def test_rotation(page: Page) -> None:
    done(page.world.qumulo, "service_account", name="svc-backup")
    page.arguments = ["-e", json.dumps({"rotate_orphans": "revoke"})]
    assert "Rotated, since no credential is stored yet; due next at 20" in page.run()


def test_publish(page: Page) -> None:
    q = page.world.qumulo
    done(q, "service_account", name="svc-backup")
    done(q, "access_token", user="local:svc-backup", state="absent")
    prepare = git_repository("vault.yml")["ansible.builtin.shell"]["cmd"]
    subprocess.run(["sh", "-c", prepare], cwd=page.folder, env=page.ansible.env(), timeout=60, check=True)
    page.environment = {"LATCHKEY_GIT_REMOTE": str(page.folder / "remote.git")}
    rest = {"platform": "qumulo", "endpoint": "qumulo.example.com", "credential": "access_token", "force": True}
    rest |= {"account": "local:svc-backup", "var": "qumulo_token"}
    page.arguments = ["-e", json.dumps({f"rotate_{name}": value for name, value in rest.items()})]
    page.run()
    log = ["git", "log", "--oneline", "main"]
    commits = subprocess.run(log, cwd=page.folder / "remote.git", capture_output=True, text=True, timeout=60, check=True).stdout
    assert len(commits.splitlines()) >= 2, commits  # the beginning, and the rotation


def test_secret_managers(page: Page) -> None:
    q = page.world.qumulo
    done(q, "service_account", name="svc-backup")
    done(q, "access_token", user="local:svc-backup", state="absent")
    page.arguments = ["-e", json.dumps({"rotate_orphans": "revoke"})]
    policy = next(one.text for one in blocks(page.name) if one.caption == "rotator.hcl")
    with vault.running() as in_vault, aws.running() as url:
        in_vault.put("latchkey/qumulo", owner="storage team")
        in_vault.tokens["rotator"] = vault.rights_of(policy)
        keys = {"region_name": "eu-central-1", "aws_access_key_id": "x", "aws_secret_access_key": "y"}
        in_aws = boto3.client("secretsmanager", endpoint_url=url, **keys)
        in_aws.create_secret(Name="latchkey/qumulo", SecretString='{"owner": "storage team"}')
        page.environment = {"VAULT_ADDR": in_vault.url, "VAULT_TOKEN": "rotator", "AWS_ENDPOINT_URL": url}
        page.environment |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
        page.run()
        texts = [in_vault.data("latchkey/qumulo"), json.loads(in_aws.get_secret_value(SecretId="latchkey/qumulo")["SecretString"])]
        in_vault.tokens["consumer"] = ("read secret/data/latchkey/qumulo",)
        read = _read_as_printed(page, {"VAULT_TOKEN": "consumer", "AWS_REGION": "eu-central-1"})
    assert read == [one["qumulo_token"] for one in texts]
    assert [one["owner"] for one in texts] == ["storage team"] * 2
    assert len({one["qumulo_token"] for one in texts}) == 2
    assert all(json.loads(one["qumulo_token_rotation"])["stage"] == "current" for one in texts)


def _read_as_printed(page: Page, environment: dict[str, str]) -> list[str]:
    """Run the tasks of the page that read a credential, with the collections of others that they name; return what they got."""
    tasks: list[dict[str, Any]] = []
    for block in blocks(page.name):
        found = yaml.safe_load(block.text) if block.language == "yaml" else []
        if found and not is_play(found):
            dest = page.folder / f"read-{len(tasks)}"
            tasks += [
                *found,
                {"name": "Keep it", "ansible.builtin.copy": {"content": "{{ qumulo_token }}", "dest": str(dest), "mode": "0600"}},
            ]
    collections = {"ANSIBLE_COLLECTIONS_PATH": f"{page.ansible.collections}:{packaged_collections()}"}
    page.ansible.play(tasks, env={**page.environment, **environment, **collections}).assert_ok()
    return [one.read_text() for one in sorted(page.folder.glob("read-*"))]


def test_vault_files(page: Page) -> None:
    page.run()
    text = (page.folder / "vault.yml").read_text()
    assert "host: qumulo.example.com" in text
    assert "token: !vault" in text


def test_qumulo(page: Page) -> None:
    done(page.world.qumulo, "service_account", name="svc-backup", state="absent")
    page.follow(*[page.world.qumulo.admin["password"]] * 2)
    assert "rotator_token_rotation" in (page.folder / "rotator.yml").read_text()
    assert "qumulo_token_rotation" in (page.folder / "vault.yml").read_text()
    assert "archive_secret_access_key_rotation" in (page.folder / "archive.yml").read_text()


def test_rubrik_cdm(page: Page) -> None:
    cdm = page.world.rubrik_cdm
    login = done(cdm, "access_token")["token"]
    headers = {"Authorization": f"Bearer {login}"}
    user = requests.post(
        f"{cdm.url}/api/internal/user",
        json={"username": "svc-rotator", "password": PASSWORD},
        headers=headers,
        verify=cdm.ca_file,
        timeout=30,
    ).json()
    _give_role(page.world, headers, user["id"], "AdministratorRole")
    page.follow(PASSWORD, "JBSWY3DPEHPK3PXP")
    page.run("free_sessions.yml", "one_session.yml")
    text = (page.folder / "vault.yml").read_text()
    assert "rubrik_client_secret: !vault" in text
    assert "rubrik_token: !vault" in text
    done(cdm, "service_account", name="svc-backup", state="absent")
    done(cdm, "api_token", user="svc-rotator", tag="nightly-report", state="absent")


def _give_role(appliances: World, headers: dict[str, str], principal: str, role: str) -> None:
    cdm = appliances.rubrik_cdm
    roles = requests.get(f"{cdm.url}/api/v1/role", headers=headers, verify=cdm.ca_file, timeout=30).json()["data"]
    wanted = [one.get("roleId", one.get("id")) for one in roles if one["name"] == role]
    assert wanted, [one["name"] for one in roles]
    body = {"principals": [principal], "roles": wanted}
    requests.post(f"{cdm.url}/api/v1/principal/role", json=body, headers=headers, verify=cdm.ca_file, timeout=30).raise_for_status()


def test_rubrik_rsc(page: Page) -> None:
    page.follow()
    text = (page.folder / "vault.yml").read_text()
    assert "rsc_client_secret: !vault" in text
    assert "stage: current" in text


def test_migrating_cdm(page: Page) -> None:
    cdm = page.world.rubrik_cdm
    old = done(cdm, "service_account", name="svc-backup", roles=["ReadOnlyAdminRole"])
    done(cdm, "api_token", tag="nightly-report", expires_in="1d")
    account = {f"rubrik_{name}": cdm.service_account[f"rsc_{name}"] for name in ("client_id", "client_secret")}
    # The simulated cloud and the simulated cluster know nothing of each other: from here on it is the account that the cluster knows.
    page.arguments = ["-e", json.dumps({**account, "old_account_id": old["account_id"]})]
    first, *others, last = (name for name, _block in page.plays)
    assert (first, last) == ("what_is_there.yml", "old_keys.yml")
    before = page.run_with_one_login(first)
    page.run(*others)
    page.run_with_one_login(last)
    after = page.run(first)
    for name in ("nightly-report", "svc-backup"):
        assert name in before
        assert name not in after


def test_leaked(page: Page) -> None:
    """The page's commands, as a shell runs them that is typed into; the secret is what is typed."""
    q = page.world.qumulo
    done(q, "service_account", name="svc-backup", privileges=["PRIVILEGE_CLUSTER_READ"])
    done(q, "access_token", user="local:svc-backup", state="absent")
    secret = done(q, "access_token", user="local:svc-backup", expires_in="30d")["token"]
    page.write("vault.yml", qumulo_token=secret)
    inventory = next(block for block in blocks(page.name) if block.caption == "inventory.yml")
    (page.folder / "inventory.yml").write_text(inventory.text)
    commands = [line[2:] for block in blocks(page.name) if block.language == "console" for line in block.text.splitlines()]
    (page.folder / "script").write_text("\n".join(commands) + "\n")
    environment = page.ansible.env({**page.world.environment(), **page.world.credentials()})
    ended = subprocess.run(
        ["bash", "-euv", "script"],
        cwd=page.folder,
        env=environment,
        input=f"{secret}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    shown = ended.stdout + ended.stderr
    assert ended.returncode == 0, shown
    assert secret not in shown
    for label in ("account    svc-backup", "last used  the platform does not tell", "may do     privileges PRIVILEGE_CLUSTER_READ"):
        assert shown.count(label) == 2, shown  # the look, and the run
    assert shown.count("proved to be dead") == 1
    assert "qumulo_token: !vault" in (page.folder / "vault.yml").read_text()
    assert do(q, "access_check", token=secret)["status"] == 401


def test_rotator(page: Page) -> None:
    q, rsc = page.world.qumulo, page.world.rubrik_rsc
    done(q, "service_account", name="svc-rotator")
    done(q, "access_token", user="local:svc-rotator", state="absent")
    token = done(q, "access_token", user="local:svc-rotator", additional=True, expires_in="5d")
    accounts = [done(rsc, "service_account", name=f"svc-rotator-{one}", roles=["Secret Rotator"]) for one in "ab"]
    first, second = (one["client_id"] for one in accounts)
    page.write("rotator.yml", rotator_token=token["token"])
    page.arguments = ["-e", json.dumps({"first_id": first, "first_secret": accounts[0]["client_secret"]})]
    page.run("store_rotator.yml")
    page.arguments = ["-e", json.dumps({"rotate_force": True})]
    shown = page.run("rotate_qumulo_rotator.yml", "rotate_rubrik_rotator.yml")
    assert f"token {token['token_id']} was replaced by" in shown
    assert f"{second} has a new secret and took the turn of {first}" in shown


def test_coming_from(page: Page) -> None:
    page.run()


def test_play_token(page: Page) -> None:
    cdm = page.world.rubrik_cdm
    inventory: dict[str, Any] = {"storage": {"hosts": {"localhost": {}}}}
    (page.folder / "storage.yml").write_text(yaml.safe_dump(inventory))
    variables = {f"rubrik_{name}": cdm.service_account[name] for name in ("client_id", "client_secret")}
    page.arguments = ["-i", "storage.yml", "-e", json.dumps(variables)]
    page.run()


def test_examples_of_the_role(page: Page) -> None:
    spec = yaml.safe_load((ROOT / "roles" / "rotate" / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
    for name in ("svc-backup", "svc-archive"):
        done(page.world.qumulo, "service_account", name=name)
    for name in ("svc-reports", "svc-reports-b"):
        done(page.world.rubrik_rsc, "service_account", name=name, roles=["Read-only Administrator"])
    (page.folder / "examples.yml").write_text(spec["examples"])
    asked = ["-e", json.dumps({"rotate_force": True, "rotate_orphans": "revoke"})]
    with vault.running() as in_vault:
        in_vault.put("latchkey/archive", owner="storage team")
        environment = {"VAULT_ADDR": in_vault.url, "VAULT_TOKEN": in_vault.root}
        environment |= {**page.world.environment(), **page.world.credentials()}
        page.ansible.run("examples.yml", [*VAULT, *asked], env=environment).assert_ok()
        assert in_vault.data("latchkey/archive").keys() == {"owner", "token", "token_rotation"}
    stored = yaml.compose((page.folder / "vault.yml").read_text())
    assert isinstance(stored, yaml.MappingNode)
    assert {"qumulo_token", "rsc_client_secret", "rsc_client_id"} <= {key.value for key, _value in stored.value}


def test_every_page_with_a_playbook_is_worked_through() -> None:
    with_plays = {name for name in PAGES if any(one.language == "yaml" and is_play(yaml.safe_load(one.text)) for one in blocks(name))}
    assert {f"test_{name}" for name in with_plays - ELSEWHERE} <= globals().keys()
