# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo-stores`: rotate a Qumulo token in Vault and a secret of Rubrik Security Cloud in AWS Secrets Manager, and watch consumers.

Appliances and secret managers are stand-ins on this machine, over TLS. While the role works, a consumer of each secret reads it all the
time, as people's own programs do (hvac, boto3), and uses what it got at the appliance. No credential is printed, only the beginning of its
SHA-256. Works in .cache/demo-stores of the checkout. DEMO_OUTPUT=ansible shows Ansible's own output in place of the story.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if TYPE_CHECKING:
    from tests.simulator.launch import Simulator

VAULT_SECRET, AWS_SECRET, REGION = "latchkey/qumulo", "latchkey/rsc", "eu-central-1"
POLICY = f"""\
path "secret/data/{VAULT_SECRET}" {{
  capabilities = ["read", "update"]
}}
path "secret/destroy/{VAULT_SECRET}" {{
  capabilities = ["update"]
}}
"""
_LATENCY = 40  # milliseconds that an appliance takes for an answer, so that there is time to watch
_PAUSE = 0.02  # seconds between two reads of a consumer
_ASKED = 30  # seconds to wait for an appliance


@dataclass(frozen=True)
class Read:
    """What a consumer read: a credential, the id that goes with it, and where that was."""

    value: str = field(repr=False)
    account: str
    place: str

    @property
    def fingerprint(self) -> str:
        """What tells one credential from another, and nothing else."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:8] if self.value else "nothing"


@dataclass
class Consumer:
    """A program that uses a credential, which it reads from a secret manager.

    Attributes:
        what: it reads, for people.
        read: reads it.
        works: uses it, and tells whether the appliance took it.
        seen: what was read in turn, with how often it worked and was refused.
    """

    what: str
    read: Callable[[], Read]
    works: Callable[[Read], bool]
    seen: dict[tuple[str, Read], list[int]] = field(default_factory=dict)
    failure: str = ""

    def look(self, when: str) -> Read:
        """Read it and use it. What was replaced between these two is read again, as every consumer has to."""
        found = self.read()
        works = self.works(found)
        while not works and (again := self.read()) != found:
            found, works = again, self.works(again)
        self.seen.setdefault((when, found), [0, 0])[0 if works else 1] += 1
        return found

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Read it once before, all the time while the context lasts, and once after it."""
        over = threading.Event()

        def watch() -> None:
            try:
                while not over.wait(_PAUSE):
                    self.look("during")
            except Exception as failure:  # noqa: BLE001  (said below, and never with what it holds)
                self.failure = f"{type(failure).__name__} while it was read"

        old = self.look("before")
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        new = self.look("after")
        if old.value == new.value or self.works(old):
            self.failure = self.failure or "the old credential still works"

    @property
    def refused(self) -> int:
        """How often the appliance refused what was read."""
        return sum(refused for _worked, refused in self.seen.values())

    def told(self) -> list[str]:
        """Return what it saw, as lines of text."""
        rows = [("", self.what, "credential", "at the appliance")]
        before = ""
        for (when, found), (worked, refused) in self.seen.items():
            used = ", ".join(f"{word} {number}x" for word, number in (("worked", worked), ("REFUSED", refused)) if number)
            rows.append(("" if when == before else when, found.place, found.fingerprint, used))
            before = when
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows]


def _vault_consumer(url: str, ca_file: str, token: str, cluster: Simulator) -> Consumer:
    """Return a consumer of the token in Vault that may read that and nothing else."""
    import hvac
    import requests

    client = hvac.Client(url=url, token=token, verify=ca_file)

    def read() -> Read:
        answer = client.secrets.kv.v2.read_secret_version(path=VAULT_SECRET, mount_point="secret", raise_on_deleted_version=False)["data"]
        return Read((answer["data"] or {}).get("qumulo_token", ""), "", f"version {answer['metadata']['version']}")

    def works(found: Read) -> bool:
        headers = {"Authorization": f"Bearer {found.value}"}
        return requests.get(f"{cluster.url}/v1/cluster/settings", headers=headers, verify=cluster.ca_file, timeout=_ASKED).ok

    return Consumer(f"secret/{VAULT_SECRET}", read, works)


def _aws_client(url: str, ca_file: str, keys: Mapping[str, str]) -> Any:
    import boto3

    return boto3.client(
        "secretsmanager",
        endpoint_url=url,
        verify=ca_file,
        region_name=REGION,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )


def _aws_consumer(client: Any, tenant: Simulator) -> Consumer:
    """Return a consumer of the secret in AWS."""
    import requests

    names: dict[str, str] = {}  # of versions, in the order in which they are seen

    def read() -> Read:
        answer = client.get_secret_value(SecretId=AWS_SECRET)
        labels = client.describe_secret(SecretId=AWS_SECRET)["VersionIdsToStages"]
        heads = [version for version, stages in labels.items() if "LATCHKEY_HEAD" in stages]
        for version in (answer["VersionId"], *heads):
            names.setdefault(version, f"version {len(names) + 1}")
        ahead = [names[version] for version in heads if version != answer["VersionId"]]
        place = f"AWSCURRENT: {names[answer['VersionId']]}" + (f"; the rotation is at {ahead[0]}" if ahead else "")
        data = json.loads(answer["SecretString"])
        return Read(data.get("client_secret", ""), data.get("client_id", ""), place)

    def works(found: Read) -> bool:
        body = {"client_id": found.account, "client_secret": found.value}
        answer = requests.post(f"{tenant.url}/api/client_token", json=body, verify=tenant.ca_file, timeout=_ASKED)
        if answer.ok:
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            requests.delete(f"{tenant.url}/api/session", headers=headers, verify=tenant.ca_file, timeout=_ASKED)
        return answer.ok

    return Consumer(AWS_SECRET, read, works)


def _certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine; return it with its key, in one file, and that of its authority."""
    import trustme

    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    server, trusted = directory / "server.pem", directory / "ca.pem"
    server.touch(mode=0o600)
    leaf.write_to_path(server)
    authority.cert_pem.write_to_path(trusted)
    return server, trusted


def _end(consumers: Sequence[Consumer], more: str, started: float) -> None:
    """Print what consumers saw; end with an error where one got what does not work."""
    from tools.demo_stage import say

    say("What consumers read, and used at once; of each credential the beginning of its SHA-256:")
    for consumer in consumers:
        say("\n".join(["", *(f"  {line}" for line in consumer.told())]))
    failures = [f"{one.what}: {one.failure or f'{one.refused} uses were refused'}" for one in consumers if one.failure or one.refused]
    if failures:
        say(f"\nThe demo failed: {'; '.join(failures)}.")
        sys.exit(1)
    uses = sum(worked for one in consumers for worked, _refused in one.seen.values())
    say(
        f"\nDone in {time.monotonic() - started:.0f} s. All {uses} uses worked (what is replaced between its reading and its use is read "
        f"again), and the old credentials are refused now. {more}"
    )


def main() -> None:
    """Build, install, simulate, rotate, and tell what consumers saw."""
    sys.path.insert(0, str(ROOT))
    from tests.simulator.launch import launch
    from tests.stores import aws, vault
    from tools.demo_stage import Stage, say, settings

    started = time.monotonic()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server tells each request
    stage = Stage(ROOT / ".cache" / "demo-stores")
    stage.install()

    say("Starting simulated appliances, a stand-in of Vault, and moto's AWS Secrets Manager, over TLS ...")
    server, trusted = _certificate(stage.directory("certificates"))
    with (
        launch("qumulo", directory=stage.directory("qumulo"), latency_ms=_LATENCY) as cluster,
        launch("rubrik_rsc", directory=stage.directory("rubrik_rsc"), latency_ms=_LATENCY) as tenant,
        vault.running((server, server)) as in_vault,
        aws.running((server, server)) as aws_url,
    ):
        secret_id, reader = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        in_vault.roles["approle", "rotator"] = (secret_id, vault.rights_of(POLICY))
        in_vault.tokens[reader] = (f"read secret/data/{VAULT_SECRET}",)
        in_vault.put(VAULT_SECRET, owner="storage team")
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(24)}
        client = _aws_client(aws_url, str(trusted), keys)
        client.create_secret(Name=AWS_SECRET, SecretString=json.dumps({"owner": "reports team"}))
        stage.env |= {"VAULT_ADDR": in_vault.url, "VAULT_CACERT": str(trusted), "VAULT_ROLE_ID": "rotator", "VAULT_SECRET_ID": secret_id}
        stage.env |= {**keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws_url, "AWS_CA_BUNDLE": str(trusted)}
        stage.env |= settings("QUMULO", cluster, "username", "password")
        stage.env |= settings("RUBRIK_RSC", tenant, "client_id", "client_secret")

        def play(what: str, *, force: bool) -> None:
            say(f"\n--- {what}")
            extra = {
                "demo_qumulo_endpoint": f"{cluster.host}:{cluster.port}",
                "demo_rsc_endpoint": f"{tenant.host}:{tenant.port}",
                "rotate_force": force,
            }
            stage.run("ansible-playbook", str(ROOT / "tools" / "demo_stores.yml"), "--extra-vars", json.dumps(extra), quiet=False)

        play("The first credentials", force=False)
        consumers = [_vault_consumer(in_vault.url, str(trusted), reader, cluster), _aws_consumer(client, tenant)]
        with consumers[0].watching(), consumers[1].watching():
            play("New ones, while consumers use them", force=True)
        versions, left = len(in_vault.secrets[VAULT_SECRET].versions), in_vault.readable(VAULT_SECRET)
        _end(consumers, f"Of {versions} versions in Vault, all but version {', '.join(map(str, left))} are destroyed.", started)


if __name__ == "__main__":
    main()
