# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig to test the role rotate: a credential in a vaulted vars file, and everything that must hold after any run of it.

RoleRig has what is the same for all credentials; the rig of Qumulo Core is in _qumulo_rig.py, those of Rubrik in _rubrik_rigs.py.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tests.plays._ansible import Ansible, Run
from tests.plays._vaulted import PASSWORDS, outside, value_in, vault_lib
from tests.plays._watchers import watchers
from tests.simulator.launch import Simulator

ROLE = "latchkey.tokens.rotate"
BEGIN = "Rotate the credential, up to the tasks of the user where there are any"


class CredentialLostError(AssertionError):
    """The vars file holds no credential that works."""


class OrphanLeftError(AssertionError):
    """A credential is live that no vars file knows."""


class SecretShownError(AssertionError):
    """A secret is where it must not be."""


def role(variables: Mapping[str, Any], name: str = "Rotate") -> list[dict[str, Any]]:
    """Return the tasks that use the role once and tell what it did."""
    return [
        {"name": name, "ansible.builtin.include_role": {"name": ROLE}, "vars": dict(variables)},
        {"name": f"Result of {name}", "ansible.builtin.debug": {"var": "rotate_result"}},
    ]


_REFUSAL = "Refusal of {}"  # a task's name


def guarded(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task that uses the role once and goes on where it is refused; refusal() tells."""
    rescue = {"name": _REFUSAL.format(name), "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg | default('nothing') }}"}}
    return {"name": f"Guard {name}", "block": role(variables, name), "rescue": [rescue]}


def refusal(run: Run, name: str) -> str:
    """Return how a guarded use of the role was refused; empty when it was not."""
    found = run.by_name.get(_REFUSAL.format(name))
    said = str(found.result["msg"]) if found else ""
    assert "bug in latchkey" not in said, said
    return said


@dataclass
class RoleRig(ABC):
    """One credential at one simulator, and the vars file that holds it."""

    ansible: Ansible
    simulator: Simulator
    name: str = "credential"  # dotted: inside another
    account: str = "svc-ansible"
    file: str = "vault.yml"
    labels: tuple[str, ...] = ("prod",)
    more: dict[str, Any] = field(default_factory=dict)  # of the role's variables
    play: dict[str, Any] = field(default_factory=dict)  # of the play's keywords

    looks_secret: ClassVar[re.Pattern[str]]
    searched: ClassVar[int] = 0  # runs of all rigs whose output was searched for secrets

    def __post_init__(self) -> None:
        for label, password in PASSWORDS.items():
            (self.ansible.folder / f"{label}-password").write_text(password + "\n")

    # The appliance, over real HTTPS

    def send(self, method: str, path: str, body: Any = None, authorization: str | None = None) -> tuple[int, Any]:
        """Send one request and return status and JSON."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
        request = urllib.request.Request(
            self.simulator.url + path, None if body is None else json.dumps(body).encode(), headers, method=method
        )
        context = ssl.create_default_context(cafile=self.simulator.ca_file)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None

    @abstractmethod
    def works_as(self, value: str) -> tuple[str, str] | None:
        """Return the account's name and the credential's id that a value works as; None when it is refused."""

    @abstractmethod
    def ids(self, everything: bool = False) -> list[str]:
        """Return the ids of what the rotation has made or could take for its own: live ones, or all."""

    def held(self) -> Any:
        """Return what of the appliance a run that changes nothing must leave as it is."""
        return sorted(self.ids(everything=True))

    def foreign(self) -> Any:
        """Return what of the appliance no run must ever touch."""
        return None

    @abstractmethod
    def is_writing(self, entry: Mapping[str, Any]) -> bool:
        """Tell of an entry of the journal whether that request could change something, logging in and out apart."""

    def secrets(self) -> list[str]:
        """Return what must never be shown, beside what looks like a secret."""
        return [*PASSWORDS.values(), self.simulator.admin["password"], *self.simulator.issued()]

    @property
    def own_names(self) -> list[str]:
        """The variables that the rotation changes."""
        return [self.name.rpartition(".")[2]]

    # The vars file

    @property
    def path(self) -> Path:
        """The vars file."""
        return self.ansible.folder / self.file

    def write(self, text: str) -> None:
        """Write the vars file, as it is."""
        self.path.write_bytes(text.encode())

    @property
    def text(self) -> str:
        """The vars file, decrypted where it is encrypted as a whole."""
        data = self.path.read_bytes()
        return vault_lib().decrypt(data).decode() if data.startswith(b"$ANSIBLE_VAULT") else data.decode()

    def stored(self, name: str | None = None) -> Any:
        """Return a variable of the file, decrypted; None when it is not there."""
        return value_in(self.text, name or self.name)

    @property
    def state(self) -> dict[str, Any]:
        """The state of the rotation."""
        return dict(self.stored(f"{self.name}_rotation") or {})

    # Runs

    @abstractmethod
    def variables(self, **more: Any) -> dict[str, Any]:
        """Return the role's variables."""

    @property
    def vault_arguments(self) -> list[str]:
        """Return what loads the vault secrets."""
        return [part for label in self.labels for part in ("--vault-id", f"{label}@{label}-password")]

    def sessions(self) -> set[str]:
        """Return the ids of all live sessions, where the platform has sessions that can be ended."""
        return set()

    def wait_for_end_of_sessions(self, before: set[str], left: int = 0) -> None:
        """Wait for what ends the sessions of a run that was killed; none of them is left then, but for so many.

        Where a log-in was under way, its session is looked for as long as the appliance may still open it.
        """
        give_up = time.monotonic() + 60
        while watchers(self.ansible.folder):
            assert time.monotonic() < give_up, "what ends the sessions of the run did not end itself"
            time.sleep(0.05)
        assert len(self.sessions() - before) <= left, f"sessions of the run are left: {self.sessions() - before}"

    @contextlib.contextmanager
    def around_run(self) -> Iterator[None]:
        """Check what every run that is not killed must leave as it was."""
        yield

    def rotate(
        self,
        *,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        tasks: Sequence[Mapping[str, Any]] | None = None,
        vault: Sequence[str] | None = None,
        **variables: Any,
    ) -> Run:
        """Run the role at -vvv; the output and what callbacks are told must not show a secret."""
        with self.around_run():
            run = self.ansible.play(
                tasks if tasks is not None else role(self.variables(**variables)),
                check=check,
                arguments=["-vvv", *(self.vault_arguments if vault is None else vault)],
                env=env,
                **self.play,
            )
        self.assert_no_secret(run)
        return run

    def run_plays(self, plays: Sequence[Mapping[str, Any]]) -> Run:
        """Run whole plays in the same way."""
        playbook = self.ansible.folder / "plays.yml"
        playbook.write_text(yaml.safe_dump([dict(one) for one in plays], sort_keys=False))
        run = self.ansible.run(playbook, ["-vvv", *self.vault_arguments])
        self.assert_no_secret(run)
        return run

    def result(self, run: Run, name: str = "Rotate") -> dict[str, Any]:
        """Return rotate_result of a run that went well."""
        return dict(run.assert_ok()[f"Result of {name}"]["rotate_result"])

    def would(self, run: Run) -> list[str]:
        """Return what a run in check mode says would be done."""
        told = run.assert_ok()[BEGIN]
        assert told["changed"] is bool(told["would"])
        return list(told["would"])

    # What must hold

    def assert_no_secret(self, run: Run) -> None:
        """No secret is in the output, nor in what callbacks were told."""
        RoleRig.searched += 1
        shown = run.output + json.dumps([one.result for one in run.tasks])
        if found := self.looks_secret.search(shown):
            raise SecretShownError(f"a token is shown: ...{shown[max(0, found.start() - 300) : found.start() + 16]}...")
        if any(secret in shown for secret in self.secrets()):
            raise SecretShownError(f"a secret is shown in the output of {len(shown)} characters")
        assert "Traceback" not in run.output, run.output

    def assert_works(self) -> str:
        """The file parses, decrypts, and its value is a credential of the account that works; return its id."""
        value = self.stored()
        if not isinstance(value, str):
            raise CredentialLostError(f"no credential is in the file: {self.text}")
        if value in self.text and not self.path.read_bytes().startswith(b"$ANSIBLE_VAULT"):
            raise SecretShownError("the credential is in the vars file in clear")
        who = self.works_as(value)
        if who is None:
            raise CredentialLostError(f"the credential in the file is refused; state: {self.state}")
        assert who[0] == self.account
        return who[1]

    def assert_current(self, live: Sequence[str] | None = None) -> str:
        """The file works, nothing is under way, and of the account's credentials only this one is live (or those named)."""
        token_id = self.assert_works()
        self.assert_live([token_id] if live is None else live)
        assert self.state.get("stage", "current") == "current"
        assert "pending" not in self.state
        assert "old_value" not in self.state
        return token_id

    def assert_settled(self, live: Sequence[str] | None = None) -> str:
        """The same, and no temporary file is left."""
        token_id = self.assert_current(live)
        assert self.leftover_files() == []
        return token_id

    def assert_live(self, ids: Sequence[str]) -> None:
        """Of the account's credentials just these are live."""
        live = self.ids()
        if set(live) - set(ids):
            raise OrphanLeftError(f"{sorted(live)} are live, and not just {sorted(ids)}; state: {self.state}")
        if sorted(live) != sorted(ids):
            raise CredentialLostError(f"only {sorted(live)} are live, not {sorted(ids)}; state: {self.state}")

    def leftover_files(self) -> list[str]:
        """Return temporary files beside the vars file."""
        return [one.name for one in self.path.parent.iterdir() if self.path.name in one.name and one != self.path]

    def assert_nothing_in_clear(self) -> None:
        """Neither the vars file nor a file that a killed run left beside it holds a secret in clear."""
        for name in (self.path.name, *self.leftover_files()):
            text = self.path.with_name(name).read_text(errors="replace")
            if self.looks_secret.search(text) or any(secret in text for secret in self.secrets()):
                raise SecretShownError(f"{name} holds a secret in clear")

    def assert_unchanged(self, **variables: Any) -> dict[str, Any]:
        """Another run changes nothing, neither in the file (bytes and times) nor at the appliance; return its rotate_result."""
        before, status, requests = self.path.read_bytes(), self.path.stat(), len(self.simulator.journal())
        run = self.rotate(**variables)
        result = self.result(run)
        assert result["rotated"] is False
        assert re.search(r"changed=0 ", run.output), run.output
        assert self.path.read_bytes() == before
        assert self.path.stat().st_mtime_ns == status.st_mtime_ns
        assert self.path.stat().st_ino == status.st_ino
        assert self.writing_requests(requests) == []
        return result

    def writing_requests(self, since: int = 0) -> list[str]:
        """Return the requests from the since-th on that could change something."""
        return [f"{one['method']} {one['path']}" for one in self.simulator.journal()[since:] if self.is_writing(one)]

    @contextlib.contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """The file's bytes, and the account's credentials, are afterwards what they were before, and none was made in between."""
        before, held, requests = self.path.read_bytes(), self.held(), len(self.simulator.journal())
        yield
        assert self.path.read_bytes() == before
        assert self.held() == held
        assert self.writing_requests(requests) == []
        assert self.leftover_files() == []

    @contextlib.contextmanager
    def all_undone(self) -> Iterator[None]:
        """The file's bytes and the account's credentials are afterwards what they were before, whatever happened in between."""
        before, held = self.path.read_bytes(), self.held()
        yield
        self.simulator.clear_faults()
        assert self.path.read_bytes() == before, self.text
        assert self.held() == held
        assert self.leftover_files() == []

    @contextlib.contextmanager
    def rest_untouched(self) -> Iterator[None]:
        """All of the file but the value and its state, and all that is none of the role's business, is afterwards what it was before."""
        before, foreign = outside(self.text, *self.own_names), self.foreign()
        yield
        assert outside(self.text, *self.own_names) == before
        assert self.foreign() == foreign


def failure(run: Run) -> str:
    """Return the last message of a run that failed, which is what people look at."""
    assert run.returncode == 2, run.output
    messages = [str(one.result.get("msg")) for one in run.tasks if one.status in ("failed", "unreachable")]
    last = messages[-1]
    assert "bug in latchkey" not in last, last
    assert "\n" not in last
    assert "  " not in last
    return last


def start(rig: RoleRig, env: Mapping[str, str] | None = None, **variables: Any) -> subprocess.Popen[str]:
    """Start a run of the role in a process group of its own; finish() waits for it."""
    playbook = rig.ansible.folder / f"started-{next(_numbers)}.yml"
    play = {"name": "Started", "hosts": "localhost", "gather_facts": False, **rig.play, "tasks": role(rig.variables(**variables))}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    command = [*rig.ansible.command(playbook, rig.vault_arguments), "-vvv"]
    return rig.ansible.start(command, rig.ansible.env({"RECORD_FILE": f"{playbook}.jsonl", **(env or {})}))


_numbers = itertools.count()


def finish(rig: RoleRig, process: subprocess.Popen[str]) -> Run:
    """Wait for the end of a run; its output is searched for secrets."""
    output, _unused = process.communicate(timeout=120)
    run = Run(process.returncode, output)
    rig.assert_no_secret(run)
    return run
