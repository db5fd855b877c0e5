# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig to test the role rotate: a credential in a vaulted vars file, and everything that must hold after any run of it.

RoleRig has what is the same for all credentials, Rig those of Qumulo Core; the rigs of Rubrik are in _rotation_rubrik.py. Also the
saboteur: a sitecustomize.py for the ansible-playbook process that notes each HTTP request, each operation on the vars file and each
command of git, and does something evil at one of them: kill the run, or what a test hands in.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.integration._ansible import Ansible, Run
from tests.simulator.launch import Simulator

ROLE = "latchkey.tokens.rotate"
PASSWORDS = {"prod": "not a real one", "dev": "another that is not real"}
TOKENS = "/v1/auth/access-tokens/"
WHO_AM_I = "/v1/session/who-am-i"

BEFORE = """\
# Kept as it is
---
other: [1,  2]   # odd spacing
"quoted": 'x'

"""
AFTER = """\
# a comment behind it
last:   "yes"
"""


class CredentialLostError(AssertionError):
    """The vars file holds no credential that works."""


class OrphanLeftError(AssertionError):
    """A credential is live that no vars file knows."""


class SecretShownError(AssertionError):
    """A secret is where it must not be."""


class _Loader(yaml.SafeLoader):
    """Reads vars files as far as the tests need it; a vaulted value stays an object."""


@dataclass(frozen=True)
class _Vaulted:
    text: str


_Loader.add_constructor("!vault", lambda _loader, node: _Vaulted(str(node.value)))


def vault_lib(*labels: str) -> VaultLib:
    """Return Ansible's own vault with the passwords of these ids."""
    return VaultLib([(label, VaultSecret(PASSWORDS[label].encode())) for label in labels or PASSWORDS])


def encrypted(text: str, label: str = "prod") -> str:
    """Return an envelope as ansible-vault makes it."""
    return vault_lib(label).encrypt(text, vault_id=label).decode()


def inline(name: str, text: str, label: str = "prod", indent: int = 0) -> str:
    """Return a variable as `ansible-vault encrypt_string` prints it."""
    lines = encrypted(text, label).splitlines()
    return " " * indent + f"{name}: !vault |\n" + "".join(" " * (indent + 10) + line + "\n" for line in lines)


def outside(text: str, *names: str) -> str:
    """Return a vars file without the variables and their state: what a rotation must leave as it is, byte for byte."""
    ours = "|".join(map(re.escape, names))
    kept, depth = [], -1
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip(" "))
        if depth >= 0 and line.strip() and indent <= depth:
            depth = -1
        if depth < 0 and re.match(rf"\s*({ours})(_rotation)?:", line):
            depth = indent
        if depth < 0:
            kept.append(line)
    return "".join(kept)


def sha256(path: Path) -> str:
    """Return a file's checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def role(variables: Mapping[str, Any], name: str = "Rotate") -> list[dict[str, Any]]:
    """Return the tasks that use the role once and tell what it did."""
    return [
        {"name": name, "ansible.builtin.include_role": {"name": ROLE}, "vars": dict(variables)},
        {"name": f"Result of {name}", "ansible.builtin.debug": {"var": "rotate_result"}},
    ]


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
        found: Any = yaml.load(self.text, _Loader)  # noqa: S506  (a SafeLoader)
        for part in (name or self.name).split("."):
            found = (found or {}).get(part)
        if isinstance(found, _Vaulted):
            return vault_lib().decrypt(found.text).decode()
        return found

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


@dataclass
class Rig(RoleRig):
    """One account of Qumulo Core with an access token."""

    name: str = "qumulo_token"
    _admin: dict[str, str] = field(default_factory=dict, repr=False)

    looks_secret = re.compile(r"(access|session)-v1:[A-Za-z0-9+/]{6,}")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self._admin:
            login = self.call("POST", "/v1/session/login", dict(self.simulator.admin), token=None)[1]["bearer_token"]
            made = self.call("POST", TOKENS, {"user": {"auth_id": "500"}}, token=login)[1]
            self._admin.update(token=made["bearer_token"], id=made["id"])

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = "admin") -> tuple[int, Any]:
        """Send one request, as the administrator or with a token, and return status and JSON."""
        return self.send(method, path, body, token and f"Bearer {self._admin['token'] if token == 'admin' else token}")

    def who_is(self, token: str) -> dict[str, Any] | None:
        """Return what who-am-i answers to a token; None when it is refused."""
        status, value = self.call("GET", WHO_AM_I, token=token)
        assert status in (200, 401), status
        return value if status == 200 else None

    def works_as(self, value: str) -> tuple[str, str] | None:
        who = self.who_is(value)
        return None if who is None else (str(who["name"]), str(who["access_token_id"]))

    def is_writing(self, entry: Mapping[str, Any]) -> bool:
        reading = re.search(r"/v1/session/login$|/v1/(auth/)?identity/find$", entry["path"])
        return entry["method"] not in ("GET", "HEAD") and not reading

    def minted(self, since: int = 0) -> int:
        """Return how many requests for a new token there were."""
        return sum(one == f"POST {TOKENS}" for one in self.writing_requests(since))

    @property
    def account_id(self) -> str:
        """The account's auth_id."""
        return str(self.call("POST", "/v1/identity/find", {"name": self.account, "domain": "LOCAL"})[1]["auth_id"])

    def mint(self, expires_in: float | None = None) -> tuple[str, str]:
        """Make a token for the account behind the role's back; return its id and secret."""
        body: dict[str, Any] = {"user": {"auth_id": self.account_id}}
        if expires_in is not None:
            body["expiration_time"] = (datetime.now(timezone.utc) + timedelta(seconds=expires_in)).isoformat()
        status, made = self.call("POST", TOKENS, body)
        assert status == 200
        return made["id"], made["bearer_token"]

    def ids(self, everything: bool = False) -> list[str]:
        found = self.simulator.credentials(everything)
        return [one["id"] for one in found if one["account"] == self.account and one["kind"] == "access_token"]

    def revoke_all(self) -> None:
        """Take all tokens from the account."""
        for token_id in self.ids(everything=True):
            assert self.call("DELETE", TOKENS + token_id)[0] == 200

    def seed(self, expires_in: float | None = 80 * 86400, *, stored: bool = True, text: str | None = None) -> str:
        """Give the account one token and put that into a fresh vars file; return the token's id.

        Args:
            expires_in: its seconds to live; None for ever.
            stored: whether the token, or none at all, is in the file.
            text: the file, with {value} where the value goes; a usual one by default.
        """
        self.revoke_all()
        if not stored:
            self.write(text or BEFORE + AFTER)
            return ""
        token_id, secret = self.mint(expires_in)
        if text is None:
            parents = self.name.split(".")[:-1]
            text = BEFORE + "".join(" " * 2 * depth + f"{one}:\n" for depth, one in enumerate(parents)) + "{value}" + AFTER
        self.write(text.replace("{value}", inline(self.name.rpartition(".")[2], secret, self.labels[0], 2 * self.name.count("."))))
        return token_id

    def variables(self, **more: Any) -> dict[str, Any]:
        """Return the role's variables."""
        return {
            "rotate_platform": "qumulo",
            "rotate_endpoint": self.simulator.url,
            "rotate_credential": "access_token",
            "rotate_account": f"local:{self.account}",
            "rotate_vars_file": self.file,
            "rotate_var": self.name,
            "rotate_auth": {"token": self._admin["token"], "ca_path": self.simulator.ca_file},
            **self.more,
            **more,
        }


def failure(run: Run) -> str:
    """Return the last message of a run that failed, which is what people look at."""
    assert run.returncode == 2, run.output
    messages = [str(one.result.get("msg")) for one in run.tasks if one.status in ("failed", "unreachable")]
    last = messages[-1]
    assert "bug in latchkey" not in last, last
    assert "\n" not in last
    assert "  " not in last
    return last


# The saboteur

_SABOTEUR = '''
"""Loaded by every Python that finds this folder on PYTHONPATH: notes what the run does, and does evil at one point of it."""
import http.client
import json
import os
import signal
import socket
import subprocess

_here = os.path.dirname(os.path.abspath(__file__))
# Modules that run in a process of their own load this too.
_main = int(os.environ.setdefault("SABOTEUR_MAIN", str(os.getpid())))
with open(os.path.join(_here, "orders.json")) as _file:
    _orders = json.load(_file)
_log = os.path.join(_here, "events")


def _note(event):
    fd = os.open(_log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _write(fd, (event + "\\n").encode())
        events = os.pread(fd, 1 << 20, 0).decode().splitlines()
    finally:
        os.close(fd)
    if len(events) in _orders["at"] or f"{event}#{events.count(event)}" in _orders["at"]:
        _evil(event)


def _evil(event):
    if "run" in _orders:
        exec(compile(_orders["run"], "evil", "exec"), {"main": _main, "event": event})
        return
    # Workers of ansible-core 2.19 and later lead a session of their own: the main process first, then this one.
    os.killpg(os.getpgid(_main), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_ours(path):
    return _orders["file"] in os.path.basename(os.fsdecode(path))


def _path_of(fd):
    return os.readlink(f"/proc/self/fd/{fd}")


_half = set()  # files whose first half was written by itself
_write, _fsync, _replace, _link, _unlink = os.write, os.fsync, os.replace, os.link, os.unlink


def write(fd, data):
    path = _path_of(fd)
    if not _is_ours(path) or path in _half:
        return _write(fd, data)
    _half.add(path)
    _note("before write")
    done = _write(fd, data[: len(data) // 2])
    _note("half written")
    return done


def fsync(fd):
    path = _path_of(fd)
    if _is_ours(path) or os.path.isdir(path):
        _note("before fsync of " + ("folder" if os.path.isdir(path) else "file"))
    return _fsync(fd)


def replace(source, target, **more):
    if not _is_ours(target):
        return _replace(source, target, **more)
    _note("before replace")
    _replace(source, target, **more)
    _note("after replace")


def link(source, target, **more):
    if not _is_ours(target):
        return _link(source, target, **more)
    _note("before link")
    _link(source, target, **more)
    _note("after link")


def unlink(path, **more):
    if not os.fsdecode(path).endswith(".rescue.yml"):
        return _unlink(path, **more)
    _note("before unlink")
    _unlink(path, **more)
    _note("after unlink")


def _started(self, args, *more, **named):
    self._event = f"git {args[1]}" if args and args[0] == "git" else ""
    if self._event:
        _note("before " + self._event)
    _init(self, args, *more, **named)


def _ended(self, *arguments, **named):
    code = _wait(self, *arguments, **named)
    if getattr(self, "_event", ""):
        event, self._event = self._event, ""
        _note("after " + event)
    return code


def _requested(self, method, url, *arguments, **more):
    self._event = f"{method} {url.split('?')[0]}"
    _note("before " + self._event)
    return _putrequest(self, method, url, *arguments, **more)


def _answered(self, *arguments, **more):
    answer = _getresponse(self, *arguments, **more)
    _note("answered " + self._event)
    return answer


def getaddrinfo(host, port, *arguments, **more):
    if port == _orders["unresolved"].get("port") and _is_unresolved(**_orders["unresolved"]):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _getaddrinfo(host, port, *arguments, **more)


def _is_unresolved(after, times, **_port):
    with open(_log, "a+") as events:
        events.seek(0)
        if sum(line.startswith("answered ") for line in events) < after:
            return False
    with open(os.path.join(_here, "unresolved"), "a") as struck:
        struck.write("x")
        struck.flush()
        return times is None or struck.tell() <= times


_getaddrinfo, socket.getaddrinfo = socket.getaddrinfo, getaddrinfo
os.write, os.fsync, os.replace, os.link, os.unlink, os.remove = write, fsync, replace, link, unlink, unlink
_init, _wait = subprocess.Popen.__init__, subprocess.Popen.wait
subprocess.Popen.__init__, subprocess.Popen.wait = _started, _ended
_putrequest, _getresponse = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse
http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse = _requested, _answered
'''


_ID = re.compile(r"\d{22}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Saboteur:
    """Notes the points of a run, and strikes at one of them."""

    folder: Path

    def environment(
        self,
        file: str,
        at: int | str | Sequence[int | str] | None = None,
        run: str | None = None,
        unresolved: Mapping[str, int | None] | None = None,
    ) -> dict[str, str]:
        """Prepare for a run and return what its environment needs.

        Args:
            file: the vars file's name.
            at: the point to strike at, or several: its number, from 1, or its words with the how-manieth it is, "before replace#2";
                None only notes.
            run: Python to run in the worker at those points instead of a kill; `main` is the id of the main process, `event` the point.
            unresolved: the host of this `port` has no address `after` so many answers, so many `times` (None: for good).
        """
        self.folder.mkdir(exist_ok=True)
        for name in ("events", "unresolved"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / "sitecustomize.py").write_text(_SABOTEUR)
        orders: dict[str, Any] = {
            "file": file,
            "at": [at] if isinstance(at, (int, str)) else list(at or ()),
            "unresolved": unresolved or {},
        }
        if run is not None:
            orders["run"] = run
        (self.folder / "orders.json").write_text(json.dumps(orders))
        return {"PYTHONPATH": str(self.folder)}

    @property
    def events(self) -> list[str]:
        """What was noted: one line for each point."""
        path = self.folder / "events"
        return [_ID.sub("ID", line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def unresolved(self) -> bool:
        """Whether an address was asked for in vain."""
        return (self.folder / "unresolved").exists()


MINTED = f"answered POST {TOKENS}#1"  # the server has made the new token, and the run does not know it yet


def adds_fault(simulator: Simulator, fault: str) -> str:
    """Return Python that adds a fault to the simulator in the middle of a run."""
    body = json.dumps({"fault": fault})
    return f"""
import ssl, urllib.request
context = ssl.create_default_context(cafile={simulator.ca_file!r})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=context))
headers = {{"Content-Type": "application/json"}}
opener.open(urllib.request.Request({simulator.url + "/_simulator/faults"!r}, {body!r}.encode(), headers)).close()
"""


def start(rig: RoleRig, env: Mapping[str, str] | None = None, **variables: Any) -> subprocess.Popen[str]:
    """Start a run of the role in a process group of its own; finish() waits for it."""
    playbook = rig.ansible.folder / f"started-{next(_numbers)}.yml"
    play = {"name": "Started", "hosts": "localhost", "gather_facts": False, **rig.play, "tasks": role(rig.variables(**variables))}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    return subprocess.Popen(
        [*rig.ansible.command(playbook, rig.vault_arguments), "-vvv"],
        cwd=rig.ansible.folder,
        env={**rig.ansible.env({"RECORD_FILE": f"{playbook}.jsonl"}), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


_numbers = itertools.count()


def finish(rig: RoleRig, process: subprocess.Popen[str]) -> Run:
    """Wait for the end of a run; its output is searched for secrets."""
    output, _unused = process.communicate(timeout=120)
    run = Run(process.returncode, output)
    rig.assert_no_secret(run)
    return run


def run_and_kill(rig: RoleRig, saboteur: Saboteur, at: int | str | None, **variables: Any) -> bool:
    """Run the role and kill it at a point; return whether the run got that far."""
    run = finish(rig, start(rig, saboteur.environment(rig.file, at), **variables))
    return run.returncode == -signal.SIGKILL
