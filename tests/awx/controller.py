# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of AWX's REST API over TLS: the lists and objects that a setup needs, rights, older versions, launched jobs.

The modules of awx.awx and awxkit drive it unmodified. What it answers follows awx/api/serializers.py, awx/api/generics.py and
awx/main/access.py of AWX 24.6: unknown fields are ignored, secrets are shown as $encrypted$, lists are pages with count and results.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from tests.simulator._certificates import server_context
from tests.simulator._serve import HttpsServer

TOKEN = "CANARY-awx-token-0123456789abcdef"  # a canary: it must never be seen in an output
_HIDDEN = "$encrypted$"
_V2 = "/api/v2"
_ASKS = (
    "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential", "scm_branch",
    "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout",
)  # fmt: skip
# By list: the type of its objects, the fields that may be written with their defaults, the fields that refer to another list.
_LISTS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "organizations": ("organization", {"max_hosts": 0, "default_environment": None}, {}),
    "credential_types": ("credential_type", {"kind": "", "inputs": {}, "injectors": {}, "managed": False}, {}),
    "credentials": ("credential", {"inputs": {}}, {"organization": "organizations", "credential_type": "credential_types"}),
    "credential_input_sources": (
        "credential_input_source",
        {"input_field_name": "", "metadata": {}},
        {"target_credential": "credentials", "source_credential": "credentials"},
    ),
    "execution_environments": ("execution_environment", {"image": "", "pull": ""}, {"organization": "organizations"}),
    "notification_templates": (
        "notification_template",
        {"notification_type": "", "notification_configuration": {}, "messages": None},
        {"organization": "organizations"},
    ),
    "projects": (
        "project",
        {"scm_type": "", "scm_url": "", "scm_branch": "", "scm_update_on_launch": False, "scm_clean": False, "scm_revision": ""},
        {"organization": "organizations", "credential": "credentials", "default_environment": "execution_environments"},
    ),
    "inventories": ("inventory", {"kind": "", "host_filter": None, "variables": ""}, {"organization": "organizations"}),
    "hosts": ("host", {"enabled": True, "variables": ""}, {"inventory": "inventories"}),
    "inventory_sources": (
        "inventory_source",
        {"source": "", "source_path": "", "overwrite": False, "update_on_launch": False},
        {"inventory": "inventories", "source_project": "projects"},
    ),
    "job_templates": (
        "job_template",
        {"job_type": "run", "playbook": "", "extra_vars": "", "allow_simultaneous": False, "survey_enabled": False,
         **{f"ask_{what}_on_launch": False for what in _ASKS}},
        {"organization": "organizations", "inventory": "inventories", "project": "projects",
         "execution_environment": "execution_environments"},
    ),
    "schedules": ("schedule", {"rrule": "", "enabled": True}, {"unified_job_template": "job_templates"}),
}  # fmt: skip
_ASSOCIATIONS = {"credentials": "credentials", "notification_templates_error": "notification_templates"}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, **body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class Awx:
    """A running stand-in.

    Attributes:
        url: where it listens.
        ca_file: the certificate of its authority.
        version: the one that it says it is.
        objects: by list, by id.
        jobs: what was launched.
        may: by token, the lists that it may write to; None for all.
        lacks: fields that this version does not have, and lists.
        journal: what was asked, without GET.
        holds_back: how many of the next changes are served late: AWX's web server answers them with 504 before AWX comes to them.
        held_back: those, until serve_late() is called.
    """

    url: str = ""
    ca_file: str = ""
    version: str = "24.6.1"
    objects: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in _LISTS})
    jobs: list[dict[str, Any]] = field(default_factory=list)
    may: dict[str, frozenset[str] | None] = field(default_factory=lambda: {TOKEN: None})
    lacks: set[str] = field(default_factory=set)
    journal: list[str] = field(default_factory=list)
    holds_back: int = 0
    held_back: list[Callable[[], object]] = field(default_factory=list)
    surveys: dict[int, Any] = field(default_factory=dict)
    associated: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    last_id: int = 0

    def __post_init__(self) -> None:
        for name in ("Vault", "Source Control"):
            self.put("credential_types", name=name, managed=True)

    # For tests

    def put(self, kind: str, /, **values: Any) -> dict[str, Any]:
        """Create an object by hand."""
        type_name, fields, references = _LISTS[kind]
        self.last_id += 1
        number = self.last_id
        path = f"{_V2}/{kind}/{number}/"
        known = {"name": "", "description": "", **fields, **dict.fromkeys(references)}
        one = {
            "id": number,
            "type": type_name,
            "url": path,
            **{name: values.get(name, default) for name, default in known.items() if name not in self.lacks},
            "summary_fields": {},
            "related": {name: f"{path}{name}/" for name in (*_ASSOCIATIONS, "survey_spec", "launch")} if kind == "job_templates" else {},
        }
        self.objects[kind][number] = one
        return one

    def named(self, kind: str, name: str) -> dict[str, Any]:
        """Return the only object of that name."""
        (found,) = [one for one in self.objects[kind].values() if one["name"] == name]
        return found

    def names(self) -> dict[str, list[str]]:
        """Return the names of all objects that are not AWX's own."""
        return {
            kind: [one["name"] for one in found.values() if not one.get("managed")] for kind, found in self.objects.items() if found
        }  # fmt: skip

    def serve_late(self) -> None:
        """Serve what was held back."""
        while self.held_back:
            self.held_back.pop(0)()

    # Requests

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        with self.lock:
            if method != "GET":
                self.journal.append(f"{method} {path}")
            parts = [part for part in path.split("/") if part]
            if method == "PATCH" and self.holds_back:
                self.holds_back -= 1
                self.held_back.append(lambda: self._routed(method, parts, query, body or {}, token))
                return 504, None
            try:
                return self._routed(method, parts, query, body or {}, token)
            except Refused as refusal:
                return refusal.status, refusal.body

    def _routed(self, method: str, parts: list[str], query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        if parts == ["api"]:
            return 200, {"current_version": f"{_V2}/", "available_versions": {"v2": f"{_V2}/"}}
        if parts[:2] != ["api", "v2"]:
            raise Refused(404, detail="The requested resource could not be found.")
        match parts[2:]:
            case ["ping"]:
                return 200, {"version": self.version, "ha": False}
            case [] if method == "GET":
                return 200, {kind: f"{_V2}/{kind}/" for kind in (*_LISTS, "ping", "me", "jobs")}
        if token not in self.may:
            raise Refused(401, detail="Authentication credentials were not provided. To establish a login session, visit /api/login/.")
        match parts[2:]:
            case ["me"]:
                return 200, _page([{"id": 1, "type": "user", "url": f"{_V2}/users/1/", "username": "admin"}])
            case ["jobs", number]:
                return 200, self.jobs[int(number) - 1]
            case ["unified_job_templates"]:
                return 200, _page(self._filtered("job_templates", query))
            case [kind] if kind in _LISTS and kind not in self.lacks:
                return self._list(method, kind, query, body, token)
            case [kind, number, *rest] if int(number) in self.objects.get(kind, {}):
                return self._one(method, kind, int(number), rest, body, token)
        raise Refused(404, detail="The requested resource could not be found.")

    def _list(self, method: str, kind: str, query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        if method == "GET":
            return 200, _page([self._shown(kind, one) for one in self._filtered(kind, query)])
        self._check(kind, body, token)
        if kind != "credential_input_sources" and not body.get("name"):
            raise Refused(400, name=["This field is required."])
        return 201, self._shown(kind, self.put(kind, **body))

    def _one(self, method: str, kind: str, number: int, rest: list[str], body: Any, token: str) -> tuple[int, Any]:
        one = self.objects[kind][number]
        match rest, method:
            case [], "GET":
                return 200, self._shown(kind, one)
            case [], "PATCH":
                self._check(kind, body, token)
                if "inputs" in body and kind == "credentials":
                    before = one["inputs"]
                    body["inputs"] = {name: before.get(name) if value == _HIDDEN else value for name, value in body["inputs"].items()}
                one.update({name: value for name, value in body.items() if name in one})
                return 200, self._shown(kind, one)
            case ["survey_spec"], "GET":
                return 200, self.surveys.get(number, {})
            case ["survey_spec"], "POST":
                if not body.get("spec"):
                    raise Refused(400, error="'spec' doesn't contain any items.")
                self.surveys[number] = body
                return 200, None
            case ["launch"], "POST":
                return self._launch(one, body)
            case [name], "GET" if name in _ASSOCIATIONS:
                found = self.associated.get((kind, number, name), [])
                return 200, _page([self._shown(_ASSOCIATIONS[name], self.objects[_ASSOCIATIONS[name]][other]) for other in found])
            case [name], "POST" if name in _ASSOCIATIONS:
                found = self.associated.setdefault((kind, number, name), [])
                found.remove(body["id"]) if body.get("disassociate") else found.append(body["id"])
                return 204, None
        raise Refused(405, detail=f'Method "{method}" not allowed.')

    def _launch(self, template: dict[str, Any], body: Any) -> tuple[int, Any]:
        number = len(self.jobs) + 1
        job = {"id": number, "type": "job", "url": f"{_V2}/jobs/{number}/", "status": "pending", "name": template["name"], **body}
        self.jobs.append(job)
        return 201, {**job, "job": number}

    def _check(self, kind: str, body: Any, token: str) -> None:
        lists = self.may[token]
        if lists is not None and kind not in lists:
            raise Refused(403, detail="You do not have permission to perform this action.")
        for name, other in _LISTS[kind][2].items():
            if body.get(name) is not None and body[name] not in self.objects[other]:
                raise Refused(400, **{name: [f'Invalid pk "{body[name]}" - object does not exist.']})

    def _filtered(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = list(self.objects[kind].values())
        for name, value in query.items():
            if name in ("page", "page_size", "order_by"):
                continue
            own, _unused, other = name.partition("__")
            target = {**_LISTS[kind][2]}.get(own, "")
            found = [one for one in found if str(self._value(one, own, other, target)) == value]
        return found

    def _value(self, one: dict[str, Any], own: str, other: str, target: str) -> Any:
        if own not in one:
            raise Refused(400, detail=f"{one['type']} has no field named '{own}'")
        return self.objects[target].get(one[own], {}).get(other) if other else one[own]

    def _shown(self, kind: str, one: dict[str, Any]) -> dict[str, Any]:
        """Return an object as AWX shows it, without secrets."""
        if kind == "credentials":
            fields = (self.objects["credential_types"][one["credential_type"]]["inputs"] or {}).get("fields", [])
            secret = {each["id"] for each in fields if each.get("secret")} | {"vault_password", "password", "ssh_key_data"}
            return {**one, "inputs": {name: _HIDDEN if name in secret and value else value for name, value in one["inputs"].items()}}
        if kind == "notification_templates":
            found = one["notification_configuration"]
            return {**one, "notification_configuration": {**found, **({"password": _HIDDEN} if found.get("password") else {})}}
        return one


def _page(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(found), "next": None, "previous": None, "results": found}


def _application(awx: Awx) -> Flask:
    application = Flask("awx")

    @application.route("/<path:path>", methods=["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
    def any_path(path: str) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        status, body = awx.answer(request.method, f"/{path}", request.args.to_dict(), request.get_json(silent=True), token)
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": awx.version}
        return Response("" if body is None else json.dumps(body), status, headers, mimetype="application/json")

    return application


@contextmanager
def running(directory: Path, **settings: Any) -> Iterator[Awx]:
    """Run a stand-in in this process until the block ends.

    Args:
        directory: where the certificate of its authority goes.
        settings: attributes of Awx.
    """
    awx = Awx(**settings)
    ca_file = directory / "awx-ca.pem"
    server = HttpsServer(_application(awx), server_context(None, ca_file), 0)
    awx.url, awx.ca_file = f"https://localhost:{server.start()}", str(ca_file)
    try:
        yield awx
    finally:
        server.stop()
