# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of HashiCorp Vault's HTTP API: KV version 2 at ``secret/``, version 1 at ``old/``, tokens, AppRole, JWT, policies, faults.

hvac and the modules of community.hashi_vault drive it unmodified. Statuses and words are those of Vault 1.20 and OpenBao 2.4:
https://developer.hashicorp.com/vault/api-docs, vault/logical_kv.go, vault/request_handling.go, http/handler.go.
"""

from __future__ import annotations

import json
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = "hvs.CANARY-root-token-000000"  # a canary: it must never be seen in an output
_DENIED = ("1 error occurred:\n\t* permission denied\n\n",)


def rights_of(policy: str) -> tuple[str, ...]:
    """Return what a policy, as it is written for Vault, permits: patterns of ``capability path``; and what the policy "default" does."""
    found = re.findall(r'path "(\S+)" \{\s*capabilities = \[(.*?)\]', policy)
    own = [f"({'|'.join(re.findall('[a-z]+', listed))}) {re.escape(path)}" for path, listed in found]
    return ("update sys/capabilities-self", *own)


@dataclass
class Answer(Exception):
    """A refusal, or an answer that is ready."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, *errors: str) -> Answer:
    return Answer(status, {"errors": list(errors)})


@dataclass
class Secret:
    """One secret: its versions from 1 on; None for a destroyed one."""

    versions: list[dict[str, Any] | None] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    @property
    def newest(self) -> dict[str, Any] | None:
        return None if len(self.versions) in self.deleted or not self.versions else self.versions[-1]

    def metadata(self, version: int) -> dict[str, Any]:
        deleted = "2026-11-30T00:00:00Z" if version in self.deleted else ""
        destroyed = self.versions[version - 1] is None
        return {"version": version, "created_time": "2026-11-30T00:00:00Z", "deletion_time": deleted, "destroyed": destroyed}


@dataclass
class Vault:
    """A running stand-in.

    Attributes:
        url: where it listens.
        root: a token that may do everything.
        secrets: those at ``secret/``, by path.
        tokens: what each token may: patterns of ``capability path``.
        roles: AppRole's role ids with their secret id, JWT's roles with the JWT that they take; each gives what a token may.
        namespace: the only one that has anything in it; "" for the root.
        sealed, standby, throttled: faults that last.
        faults: the next answers to a method and path: each is called with the Vault and returns an answer, or None for the real one.
        journal: what was asked.
        on_write: is called before a version is written, with its number.
    """

    url: str = ""
    root: str = ROOT
    secrets: dict[str, Secret] = field(default_factory=dict)
    tokens: dict[str, tuple[str, ...]] = field(default_factory=lambda: {ROOT: (".*",)})
    roles: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    namespace: str = ""
    sealed: bool = False
    standby: str = ""  # the address of the active node; "none" where there is none
    throttled: bool = False
    says_invalid: bool = True  # whether a refusal tells a dead token from one without a right
    faults: list[tuple[str, Callable[[Vault], Answer | None]]] = field(default_factory=list)
    after: list[tuple[str, Callable[[Vault], Answer | None]]] = field(default_factory=list)  # the same once it took effect
    journal: list[str] = field(default_factory=list)
    on_write: Callable[[int], None] = lambda _version: None
    stale: list[int] = field(default_factory=list)  # versions that the next reads tell in place of the newest
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, path: str, **data: Any) -> int:
        """Write a version by hand."""
        with self.lock:
            secret = self.secrets.setdefault(path, Secret())
            secret.versions.append(data)
            return len(secret.versions)

    def data(self, path: str) -> dict[str, Any]:
        """Return what consumers read."""
        found = self.secrets[path].newest
        assert found is not None
        return found

    def readable(self, path: str) -> list[int]:
        """Return the versions that are not destroyed."""
        return [number for number, data in enumerate(self.secrets[path].versions, 1) if data is not None]

    def everything(self, path: str) -> str:
        """Return all that can still be read of any version."""
        return json.dumps(self.secrets[path].versions)

    def delete(self, path: str) -> None:
        """Delete the newest version, which does not destroy it."""
        self.secrets[path].deleted.add(len(self.secrets[path].versions))

    def token_for(self, policy: str) -> str:
        """Return a token that a policy gives its rights."""
        token = f"hvs.CANARY-{secrets.token_hex(12)}"
        self.tokens[token] = rights_of(policy)
        return token

    def app_role(self, policy: str) -> tuple[str, str]:
        """Return the role id and the secret id of an AppRole."""
        self.roles["approle", "rotator"] = ("CANARY-secret-id", rights_of(policy))
        return "rotator", "CANARY-secret-id"

    def jwt_role(self, policy: str) -> tuple[str, str]:
        """Return a role of the JWT auth method, and a JWT that it takes."""
        self.roles["jwt", "rotator"] = ("CANARY-jwt", rights_of(policy))
        return "rotator", "CANARY-jwt"

    # Requests

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        with self.lock:
            self.journal.append(f"{method} {path}")
            try:
                return self._fault(self.faults, method, path) or self._after(method, path, self._routed(method, path, headers, body or {}))
            except Answer as refusal:
                return refusal

    def _fault(self, faults: list[tuple[str, Callable[[Vault], Answer | None]]], method: str, path: str) -> Answer | None:
        for one in faults:
            if re.fullmatch(one[0], f"{method} {path}"):
                faults.remove(one)
                return one[1](self)
        return None

    def _after(self, method: str, path: str, done: Answer) -> Answer:
        return self._fault(self.after, method, path) or done

    def _routed(self, method: str, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Answer:
        if self.sealed:
            raise refused(503, "Vault is sealed")
        if self.standby == "none":
            raise refused(500, "local node not active but active cluster node not found")
        if self.standby:
            raise Answer(307, None, {"Location": f"{self.standby}/v1/{path}"})
        if self.throttled:
            raise refused(429, f'request path "{path}": rate limit quota exceeded')
        if headers.get("X-Vault-Namespace", "").strip("/") != self.namespace:
            raise refused(404, f'no handler for route "{path}". route entry not found.')
        if match := re.fullmatch(r"auth/([^/]+)/login", path):
            return self._log_in(match[1], body)
        token = headers.get("X-Vault-Token", "")
        if token not in self.tokens:
            raise (
                refused(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
                if self.says_invalid
                else refused(403, *_DENIED)
            )
        if path == "auth/token/lookup-self":
            return Answer(200, {"data": {"policies": ["default"]}})
        if path == "auth/token/revoke-self":
            del self.tokens[token]
            return Answer(204)
        if path == "sys/capabilities-self":
            every = ("create", "read", "update", "delete", "list")
            found = {one: [word for word in every if self._may(token, word, one)] or ["deny"] for one in body["paths"]}
            return Answer(200, {"data": found, **found})
        if path.startswith("sys/internal/ui/mounts/"):
            return self._mount(path.removeprefix("sys/internal/ui/mounts/"))
        return self._kv(token, method, path, body)

    def _log_in(self, way: str, body: dict[str, Any]) -> Answer:
        name, secret = (str(body.get(one) or "") for one in (("role_id", "secret_id") if way == "approle" else ("role", "jwt")))
        found = self.roles.get((way, name))
        if found is None or found[0] != secret:
            words = "invalid role or secret ID" if way == "approle" else "error validating token: invalid signature"
            raise refused(400, words)
        token = f"hvs.CANARY-{secrets.token_hex(12)}"
        self.tokens[token] = found[1]
        return Answer(200, {"auth": {"client_token": token, "lease_duration": 600, "renewable": True}})

    def _mount(self, path: str) -> Answer:
        mount = path.split("/")[0]
        kinds = {"secret": ("kv", {"version": "2"}), "old": ("kv", {"version": "1"}), "pki": ("pki", None)}
        if mount not in kinds:
            raise refused(403, "preflight capability check returned 403, please ensure client's policies grant access to path")
        kind, options = kinds[mount]
        return Answer(200, {"data": {"path": f"{mount}/", "type": kind, "options": options}})

    def _may(self, token: str, capability: str, path: str) -> bool:
        return any(re.fullmatch(one, f"{capability} {path}") for one in self.tokens[token])

    def _kv(self, token: str, method: str, path: str, body: dict[str, Any]) -> Answer:
        mount, kind, name = (*path.split("/", 2), "", "")[:3]
        if mount == "old":
            raise refused(404)
        if mount != "secret":
            raise refused(404, f'no handler for route "{path}". route entry not found.')
        exists = name in self.secrets
        capability = "read" if method == "GET" else "update" if exists or kind == "destroy" else "create"
        if not self._may(token, capability, path):
            raise refused(403, *_DENIED)
        if kind == "data" and method == "GET":
            return self._read(name)
        if kind == "data":
            return self._write(name, body)
        if kind == "destroy":
            for version in body["versions"]:
                if exists and 0 < version <= len(self.secrets[name].versions):
                    self.secrets[name].versions[version - 1] = None
            return Answer(204)
        raise refused(404)

    def _read(self, name: str) -> Answer:
        secret = self.secrets.get(name)
        if secret is None or not secret.versions:
            raise refused(404)
        version = self.stale.pop(0) if self.stale else len(secret.versions)
        gone = version in secret.deleted or secret.versions[version - 1] is None
        data = None if gone else secret.versions[version - 1]
        return Answer(404 if gone else 200, {"data": {"data": data, "metadata": secret.metadata(version)}})

    def _write(self, name: str, body: dict[str, Any]) -> Answer:
        secret = self.secrets.setdefault(name, Secret())
        self.on_write(len(secret.versions) + 1)
        cas = (body.get("options") or {}).get("cas")
        if cas is not None and cas != len(secret.versions):
            raise refused(400, "check-and-set parameter did not match the current version")
        secret.versions.append(dict(body["data"]))
        return Answer(200, {"data": secret.metadata(len(secret.versions))})


@contextmanager
def running(certificate: tuple[Path, Path] | None = None) -> Iterator[Vault]:
    """Serve a stand-in on this machine; over TLS with a certificate and its key."""
    vault = Vault()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet, so that no client waits for an acknowledgement

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            answer = vault.answer(self.command, self.path.split("?")[0].removeprefix("/v1/"), dict(self.headers.items()), body)
            data = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    vault.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vault
    finally:
        server.shutdown()
        server.server_close()
