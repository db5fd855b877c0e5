# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation prints, and a place in which it can be run without a changed letter.

The host names that it uses lead to simulated appliances: their certificates are good for these names, and a proxy, which Ansible finds in
the environment as it finds any, connects to them.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import select
import socket
import socketserver
import textwrap
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plays._ansible import ROOT
from tests.simulator.launch import Simulator, launch

GUIDES = ROOT / "docs" / "docsite" / "rst"
# Platform -> where the documentation's examples say that it is
PLACES = {
    "qumulo": ("qumulo.example.com", 8000),
    "rubrik_cdm": ("rubrik.example.com", 443),
    "rubrik_rsc": ("example.my.rubrik.com", 443),
}


def printed(plugin: Path, part: str) -> str:
    """Return a plugin's DOCUMENTATION, EXAMPLES or RETURN; empty when it has none."""
    for node in ast.parse(plugin.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == part:
            return str(ast.literal_eval(node.value))
    return ""


@dataclass(frozen=True)
class Block:
    """A code block of a guide, in its language; the caption is the file's name, where it is a file."""

    language: str
    caption: str
    text: str


def blocks(guide: str) -> list[Block]:
    """Return the code blocks of a guide, in order."""
    text = (GUIDES / f"{guide}.rst").read_text() + "\n"
    found = re.findall(r"^\.\. code-block:: (\S+)\n(?:   :caption: (.*)\n)?\n((?:(?:   .*)?\n)+)", text, re.MULTILINE)
    return [Block(language, caption, textwrap.dedent(code).strip("\n") + "\n") for language, caption, code in found]


def output_of(guide: str, what: str) -> list[str]:
    """Return the lines of an output that a guide shows under the caption "output of ...", as alike() has them."""
    (block,) = [one for one in blocks(guide) if one.caption == f"output of {what}"]
    return [alike(line) for line in block.text.splitlines()]


def alike(text: str) -> str:
    """Return an output in one line, without what differs from run to run: times, ids, durations and the width of a table."""
    return re.sub(r"20\d\d-[\d-]+T[\d:.]+Z|\d{19,}|\b[0-9a-f]{32}\b|(?<=\()\d+\.\d\d s(?=\))", "...", " ".join(text.split()))


class _Tunnel(socketserver.StreamRequestHandler):
    """One CONNECT: to the simulator that stands for the host, or nowhere."""

    server: Proxy

    def handle(self) -> None:
        request = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        port = self.server.ports.get(request[1]) if len(request) > 1 and request[0] == "CONNECT" else None
        if port is None:
            self.wfile.write(b"HTTP/1.1 502 Nobody is there\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port), timeout=60) as far:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            ends = {self.connection: far, far: self.connection}
            while True:
                for near in select.select(list(ends), [], [], 60)[0] or [None]:
                    data = near.recv(65536) if near else b""
                    if not data or near is None:
                        return
                    ends[near].sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy for the host names of the documentation."""

    daemon_threads = True

    def __init__(self, ports: Mapping[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.ports = ports

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@dataclass
class World:
    """One simulated appliance of each platform, under the names that the documentation uses."""

    qumulo: Simulator
    rubrik_cdm: Simulator
    rubrik_rsc: Simulator
    folder: Path
    proxy: Proxy

    def environment(self) -> dict[str, str]:
        """Return what lets a run find them."""
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.proxy.url) | dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
        return {**proxies, "SSL_CERT_FILE": str(self.folder / "authorities.pem")}

    def credentials(self) -> dict[str, str]:
        """Return the credentials of the administrators of the two that one can own, as environment variables."""
        found = {f"QUMULO_{name.upper()}": self.qumulo.admin[name] for name in ("username", "password")}
        return found | {f"RUBRIK_CDM_{name.upper()}": self.rubrik_cdm.admin[name] for name in ("username", "password", "totp_secret")}

    def service_account_file(self) -> str:
        """Return the file of an administrator as Rubrik Security Cloud gives it out."""
        names = ("client_id", "client_secret")
        uri = f"https://{PLACES['rubrik_rsc'][0]}/api/client_token"
        return json.dumps({**{name: self.rubrik_rsc.admin[name] for name in names}, "name": "admin", "access_token_uri": uri})


@contextlib.contextmanager
def world(folder: Path, **settings: Mapping[str, str]) -> Iterator[World]:
    """Run one simulator of each platform, and the proxy that leads to them; settings by platform."""
    with contextlib.ExitStack() as stack:
        running: dict[str, Simulator] = {}
        for platform, (host, _port) in PLACES.items():
            own = folder / platform
            own.mkdir(parents=True)
            running[platform] = stack.enter_context(launch(platform, settings=settings.get(platform), directory=own, host_name=host))
        (folder / "authorities.pem").write_text("".join(Path(one.ca_file).read_text() for one in running.values()))
        ports = {f"{host}:{port}": running[platform].port for platform, (host, port) in PLACES.items()}
        ports[f"{PLACES['qumulo'][0]}:9000"] = int(running["qumulo"].s3_url.rpartition(":")[2])  # of the S3 API of each cluster
        proxy = stack.enter_context(Proxy(ports))
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        stack.callback(proxy.shutdown)
        yield World(**running, folder=folder, proxy=proxy)


def git_repository(folder: str) -> dict[str, Any]:
    """Return a task that makes the playbook's folder a git checkout of this folder, with a branch main and a remote of its own."""
    author = "-c user.name=nobody -c user.email=nobody@example.com"
    commands = [
        "git init -q -b main .",
        f"git add {folder}",
        f"git {author} commit -qm begin",
        "git init -q --bare -b main remote.git",
        "git remote add origin remote.git",
        "git push -q -u origin main",
    ]
    return {"ansible.builtin.shell": {"cmd": " && ".join(commands), "chdir": "{{ playbook_dir }}"}}


def is_play(value: Any) -> bool:
    """Tell whether a YAML block is a playbook."""
    return isinstance(value, list) and all(isinstance(one, dict) and "hosts" in one for one in value)
