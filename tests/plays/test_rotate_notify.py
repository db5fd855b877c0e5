# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a fleet is handed to tasks of the user: by mail, to a chat and to AWX, as the guide prints them, and when they fail."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._as_printed import blocks
from tests.plays._fleet import Fleet, fleet

HOSTILE = "local:{{ 6 * 7 }}"
# Takes the options of the real one, and sends by the same library; that one is no part of what is tested.
MAIL = """
import smtplib
from email.message import EmailMessage
from ansible.module_utils.basic import AnsibleModule

spec = {"host": {}, "port": {"type": "int"}, "sender": {"aliases": ["from"]}, "to": {"type": "list"}, "subject": {}, "body": {}}
module = AnsibleModule(spec)
given = module.params
message = EmailMessage()
message["Subject"], message["From"], message["To"] = given["subject"], given["sender"], ", ".join(given["to"])
message.set_content(given["body"])
with smtplib.SMTP(given["host"], given["port"], timeout=20) as server:
    server.send_message(message)
module.exit_json(msg="sent")
"""


class _Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as one mail needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        data = False
        while line := self._line():
            if data and line == b".\r\n":
                data = False
            elif data:
                self.server.got.append(line.decode())  # type: ignore[attr-defined]
                continue
            elif line.upper().startswith(b"DATA"):
                data = True
                self.wfile.write(b"354 go on\r\n")
                continue
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 well\r\n")

    def _line(self) -> bytes:
        with contextlib.suppress(OSError):  # a client that wants TLS
            return self.rfile.readline()
        return b""


class _Chat(BaseHTTPRequestHandler):
    """A webhook."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body)["text"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_unused: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def server(kind: Any, handler: Any) -> Iterator[tuple[int, list[str]]]:
    """Run a server; return its port, and what it got."""
    with kind(("127.0.0.1", 0), handler) as running:
        running.got = []
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield running.server_address[1], running.got
        running.shutdown()


@pytest.fixture
def made(each_core: Ansible) -> Iterator[Fleet]:
    """Two credentials: the account of the first is no account, and has a name that looks like a template; the other is never due."""
    with fleet(each_core, credentials=2, clusters=1, files=1) as credentials:
        yield credentials


def rotate(made: Fleet, tasks: Path, **variables: Any) -> Run:
    inventory = made.inventory()
    text = inventory.read_text()
    inventory.write_text(text.replace(f"{made[0].host}: null", f"{made[0].host}: {{rotate_account: !unsafe '{HOSTILE}'}}"))
    assert inventory.read_text() != text
    given = {"rotate_notify_tasks": str(tasks), **variables}
    return made.ansible.run("latchkey.tokens.rotate", ["-i", str(inventory), "--vault-id", "prod@prod-password", "-e", json.dumps(given)])


def test_people_are_told(made: Fleet) -> None:
    folder = made.folder
    collection = folder / "collections" / "ansible_collections" / "community" / "general" / "plugins" / "modules"
    collection.mkdir(parents=True)
    (collection / "mail.py").write_text(MAIL)
    made.ansible.environment["ANSIBLE_COLLECTIONS_PATH"] = f"{made.ansible.collections}:{folder / 'collections'}"
    made.ansible.environment["ANSIBLE_SHOW_CUSTOM_STATS"] = "1"
    tasks = folder / "notify.yml"
    tasks.write_text(next(block.text for block in blocks("notify") if block.caption == "notify.yml"))
    with server(socketserver.ThreadingTCPServer, _Mail) as (smtp, mails), server(HTTPServer, _Chat) as (chat, posts):
        variables = {"smtp_host": "127.0.0.1", "smtp_port": smtp, "chat_webhook": f"http://127.0.0.1:{chat}/hook"}
        run = rotate(made, tasks, rotate_max_age="", **variables)
    assert run.returncode == 2, run.output  # since a host failed, and for nothing else
    assert not [one for one in run.failures if "there is no user" not in one]
    [post] = posts
    subject, failed, never = post.splitlines()
    assert subject == "Rotation of credentials: 1 not due, 1 failed; 1 is never due"
    assert failed.startswith(f"{made[0].host}: failed: ")
    assert "{{ 6 * 7 }}" in failed
    assert never == f"{made[1].host}: not due: the stored credential works; its next rotation is never due"
    mail = message_from_string("".join(mails), policy=policy.default)
    assert (mail["Subject"], mail["To"]) == (subject, "storage-team@example.com")
    assert "{{ 6 * 7 }}" in str(mail.get_body().get_content())  # type: ignore[union-attr]
    assert '"attention": true' in run.output.partition("CUSTOM STATS")[2]
    summary = run["Write the summary"]["summary"]
    told = summary["hosts"][made[1].host]
    assert (told["platform"], told["account"]) == ("qumulo", f"local:{made[1].account}")
    assert told["endpoint"] == made[1].cluster.simulator.url
    assert told["run"] == summary["run"]
    assert told["age"] is not None
    assert told["time"] <= summary["written_at"].replace("Z", ".9Z")
    assert summary["hosts"][made[0].host]["account"] == HOSTILE


@pytest.mark.parametrize("tasks", ["- name: Send it\n  ansible.builtin.fail:\n    msg: the mail server is down\n", None])
def test_tasks_that_fail_are_not_hidden(ansible: Ansible, tasks: str | None) -> None:
    """Nor is a file that is not there; what was rotated stays, and is in the summary."""
    with fleet(ansible, credentials=1, clusters=1, files=1) as made:
        path = made.folder / "notify.yml"
        if tasks:
            path.write_text(tasks)
        given = {"rotate_notify_tasks": str(path), "rotate_force": True}
        arguments = ["-i", str(made.inventory()), "--vault-id", "prod@prod-password", "-e", json.dumps(given)]
        run = ansible.run("latchkey.tokens.rotate", arguments)
        assert run.returncode == 2, run.output
        said = str(run.failures[-1])
        assert said.startswith("What was done is in the summary, but rotate_notify_tasks failed, so it may not have been sent. "), said
        assert "the mail server is down" in said if tasks else "notify.yml' on the Ansible Controller" in " ".join(run.output.split())
        assert run["Write the summary"]["summary"]["counts"]["rotated"] == 1
        assert made[0].works() != made[0].token_id
