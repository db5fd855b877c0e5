# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: many credentials at several simulated clusters of Qumulo Core, in a few vars files, and the playbook that rotates them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import TOKENS, WHO_AM_I
from tests.plays._vaulted import PASSWORDS, inline, vault_lib
from tests.simulator.launch import Simulator, launch

PLAYBOOK = "latchkey.tokens.rotate"
MAX_PARALLEL = 2


class Cluster:
    """One simulated cluster, and what people do there behind the playbook's back."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = simulator.ca_file
        bearer = self.call("POST", "/v1/session/login", dict(simulator.admin))["bearer_token"]
        self.session.headers["Authorization"] = f"Bearer {bearer}"
        self.token = self.call("POST", TOKENS, {"user": {"auth_id": "500"}})["bearer_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must go well, and return the JSON of its answer."""
        answer = self.session.request(method, self.simulator.url + path, json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def account_with_token(self, name: str) -> tuple[str, str]:
        """Make an account with one token, and return the token's id and secret."""
        made = self.call("POST", "/v1/users/", {"name": name, "primary_group": "0", "password": "Not-a-real-1"})
        token = self.call("POST", TOKENS, {"user": {"auth_id": made["id"]}})
        return token["id"], token["bearer_token"]

    def who_is(self, token: str) -> dict[str, Any] | None:
        """Return what who-am-i answers to a token; None when it is refused."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.session.get(self.simulator.url + WHO_AM_I, headers=headers, timeout=30)
        return dict(answer.json()) if answer.ok else None

    def live(self) -> dict[str, list[str]]:
        """Return the ids of live access tokens by account."""
        found: dict[str, list[str]] = {}
        for one in self.simulator.credentials():
            if one["kind"] == "access_token":
                found.setdefault(one["account"], []).append(one["id"])
        return found


@dataclass
class Credential:
    """One inventory host: its account, the account's cluster, the vars file, and the first token's id."""

    host: str
    account: str
    cluster: Cluster
    file: Path
    token_id: str
    name: str  # of its variable in the vars file
    more: dict[str, Any] = field(default_factory=dict)  # of its own variables in the inventory

    def stored(self) -> str:
        """Return the secret in the vars file."""
        text = yaml.load(self.file.read_text(), _Loader)[self.name]  # noqa: S506  (a SafeLoader)
        return vault_lib().decrypt(text).decode()

    def works(self) -> str:
        """The stored token works and is the account's; return its id."""
        who = self.cluster.who_is(self.stored())
        assert who is not None, f"{self.host}: the stored token is refused"
        assert who["name"] == self.account
        return str(who["access_token_id"])


class _Loader(yaml.SafeLoader):
    """Reads vaulted values as text, still encrypted."""


_Loader.add_constructor("!vault", lambda _loader, node: str(node.value))


@dataclass
class Ended:
    """A run that has ended: how, and what it took."""

    run: Run
    seconds: float
    peak: int  # KiB of the main process

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The numbers of PLAY RECAP by host."""
        lines = self.run.output.partition("PLAY RECAP")[2].splitlines()[1:]
        rows = [line.partition(" : ") for line in lines if " : ok=" in line]
        return {
            host.strip(): {key: int(value) for key, value in (part.split("=") for part in rest.split())} for host, _unused, rest in rows
        }


@dataclass
class Fleet:
    """Credentials, host by host, at some clusters."""

    ansible: Ansible
    clusters: list[Cluster]
    credentials: list[Credential]

    @property
    def folder(self) -> Path:
        """Where the inventory and the vars files are."""
        return self.ansible.folder

    def __getitem__(self, number: int) -> Credential:
        return self.credentials[number]

    def inventory(self, count: int | None = None) -> Path:
        """Write the inventory, of the first so many of all credentials, and return its path.

        It is that of the guide for many hosts: the hosts of a cluster are a group and share a vars file, and rules say the rest.
        """
        groups: dict[str, Any] = {}
        for one in self.credentials[:count]:
            auth = {"token": one.cluster.token, "ca_path": one.cluster.simulator.ca_file}
            shared = {"rotate_endpoint": one.cluster.simulator.url, "rotate_auth": auth, "rotate_vars_file": str(one.file)}
            group = groups.setdefault(one.host.partition("_")[0], {"vars": shared, "hosts": {}})
            group["hosts"][one.host] = one.more or None
        common = {"rotate_platform": "qumulo", "rotate_credential": "access_token"}
        rules = {"rotate_account": "local:svc-{{ inventory_hostname.split('_', 1)[1] }}", "rotate_var": "{{ inventory_hostname }}_token"}
        path = self.folder / "fleet.yml"
        path.write_text(yaml.safe_dump({"rotate": {"children": groups, "vars": {**common, **rules}}}))
        return path

    def start(self, arguments: Sequence[str] = (), count: int | None = None, **variables: Any) -> subprocess.Popen[str]:
        """Start the playbook; its variables go in as JSON."""
        given = {"rotate_max_parallel_requests": MAX_PARALLEL, "rotate_summary_file": str(self.folder / "summary.json"), **variables}
        command = [str(self.ansible.bin / "ansible-playbook"), PLAYBOOK, "-i", str(self.inventory(count)), "-e", json.dumps(given)]
        environment = self.ansible.env({"TMPDIR": str(self.folder)})
        del environment["ANSIBLE_CALLBACKS_ENABLED"]  # what it would record takes memory of the process that is measured
        return self.ansible.start([*command, "--vault-id", "prod@prod-password", *arguments], environment)

    def rotate(self, arguments: Sequence[str] = (), *, count: int | None = None, timeout: float = 250, **variables: Any) -> Ended:
        """Run the playbook; its output and its summary must not show a secret."""
        started = time.monotonic()
        process = self.start(arguments, count, **variables)
        with _peak_memory(process.pid) as peak:
            output, _unused = process.communicate(timeout=timeout)
        ended = Ended(Run(process.returncode, output), time.monotonic() - started, peak[0])
        self.assert_no_secret(output)
        return ended

    @property
    def summary(self) -> dict[str, Any]:
        """The summary's file."""
        found: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return found

    def statuses(self) -> dict[str, str]:
        """Return what the summary says of each host."""
        return {host: one["status"] for host, one in self.summary["hosts"].items()}

    def assert_no_secret(self, output: str) -> None:
        """Neither the output nor the summary shows a token or a password."""
        summary = self.folder / "summary.json"
        shown = output + (summary.read_text() if summary.exists() else "")
        secrets = [*PASSWORDS.values(), *(one.token for one in self.clusters), *(one.stored() for one in self.credentials)]
        assert not [one for one in secrets if one in shown], "a secret is shown"
        assert "Traceback" not in output, output


@contextlib.contextmanager
def _peak_memory(pid: int) -> Iterator[list[int]]:
    """Yield a list whose element is the most memory, in KiB, that a process had resident, as far as the system tells."""
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            with contextlib.suppress(OSError, StopIteration, ValueError):
                status = Path(f"/proc/{pid}/status").read_text()
                peak[0] = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def fleet(
    ansible: Ansible, credentials: int, clusters: int, files: int, latency_ms: float = 0, settings: Mapping[str, str] | None = None
) -> Iterator[Fleet]:
    """Start clusters, and give each its share of so many accounts, whose tokens are spread over vars files.

    With a latency, what asks at a time does so long enough to be seen.
    """
    (ansible.folder / "prod-password").write_text(PASSWORDS["prod"] + "\n")
    with contextlib.ExitStack() as running, ThreadPoolExecutor(4) as pool:
        folders = [ansible.folder / f"cluster-{number}" for number in range(clusters)]
        for one in folders:
            one.mkdir()
        found = list(
            pool.map(
                lambda one: Cluster(running.enter_context(launch("qumulo", directory=one, latency_ms=latency_ms, settings=settings))),
                folders,
            )
        )
        made, texts = [], ["---\n"] * files
        share = -(-credentials // clusters)
        for number in range(credentials):
            # Cluster by cluster, as people write an inventory: hosts that work at a time are at one cluster.
            where, nth = divmod(number, share)
            cluster, file = found[where], where % files
            host = f"cluster{where:02}_backup{nth:02}"
            account = f"svc-backup{nth:02}"  # the same name at several clusters, as a fleet has it
            token_id, secret = cluster.account_with_token(account)
            made.append(Credential(host, account, cluster, ansible.folder / f"vault-{file}.yml", token_id, f"{host}_token"))
            texts[file] += inline(made[-1].name, secret)
        for number, text in enumerate(texts):
            (ansible.folder / f"vault-{number}.yml").write_text(text)
        for cluster in found:
            cluster.simulator.forget_requests()
        yield Fleet(ansible, found, made)
