# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One input of a credential of AWX, or of automation controller, as a sink of a rotation. Private to this collection.

AWX never tells a secret: it shows one as ``$encrypted$``, and keeps what it has where it gets that back (awx/main/fields.py and
awx/main/models/credential of AWX 24.6). Inputs are written as a whole, so the others are sent back as they were shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    NotFoundError,
    RefusedError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import HttpClient
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.dictionary_option import DictionaryOption
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import SinkContent

_OPTION = "rotate_publish_awx_credential"
_PORT = 443
_SECONDS = 30.0
# As the modules of awx.awx have it.
_FROM_ENVIRONMENT = {"controller_host": ("CONTROLLER_HOST",), "controller_oauthtoken": ("CONTROLLER_OAUTH_TOKEN",)}


@dataclass(frozen=True)
class AwxAccess:
    """Where a credential of AWX is, and which inputs of it are ours.

    Attributes:
        endpoint: where AWX is.
        token: an OAuth token.
        ca_path: certificates to trust; None for those of the system.
        timeout: seconds for each part of an answer.
        api: the path of the API.
        name, organization: of the credential; the latter may be empty.
        input, id_input: the inputs that hold the credential, and the id that it goes with; the latter may be empty.
    """

    endpoint: Endpoint
    token: str = field(repr=False)
    ca_path: str | None
    timeout: float
    api: str
    name: str
    organization: str
    input: str
    id_input: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that are written."""
        return (self.input, *([self.id_input] if self.id_input else []))


def awx_access(options: Mapping[str, Any], environment: Mapping[str, str], path: Callable[[str], str]) -> AwxAccess:
    """Return where the credential is, from an option's dictionary and, for what is not in it, the environment.

    Args:
        options: those of rotate_publish_awx_credential.
        environment: environment variables.
        path: makes a path on the controller of what was written.

    Raises:
        OptionError: one is missing or malformed.
    """
    option = DictionaryOption(_OPTION, options, environment, _FROM_ENVIRONMENT)
    name, written, id_input = option.needed("name"), option.needed("input"), option.texts.get("id_input", "")
    if id_input == written:
        raise option.error("input and id_input are the same.", "Name two inputs.")
    return AwxAccess(
        endpoint=option.endpoint("controller_host", _PORT),
        token=option.needed("controller_oauthtoken"),
        ca_path=option.ca_path(path) or None,
        timeout=option.timeout(_SECONDS),
        api="/" + option.texts.get("api_path", "/api/v2").strip("/"),
        name=name,
        organization=option.texts.get("organization", ""),
        input=written,
        id_input=id_input,
    )


class AwxCredential:
    """Such a credential; see ports.Sink. What it holds cannot be told, so nothing is compared, and a write is always a change."""

    tells = False

    def __init__(self, access: AwxAccess) -> None:
        self._access = access
        self.in_doubt = False
        organization = f" of {access.organization}" if access.organization else ""
        self.where = f"the credential {access.name}{organization} in AWX"

    def read(self) -> SinkContent:
        """See ports.Sink. Find out whether the credential is there, may be changed, and has these inputs of its own."""
        with self._talking() as http:
            found = self._found(http)
            path = f"{self._access.api}/credential_types/{int(found['credential_type'])}/"
            kind = http.request("read the credential's type", "GET", path).json_object()
            query = {"target_credential": str(int(found["id"]))}
            path = f"{self._access.api}/credential_input_sources/"
            sources = http.request("list what looks its inputs up", "GET", path, params=query).json_object()
        self._refuse_unfit(found, kind, sources)
        return SinkContent()

    def holds(self, content: SinkContent, credential: Handed) -> bool:
        """See ports.Sink: it does not tell."""
        return False

    def write(self, credential: Handed, expected: SinkContent) -> bool:
        """See ports.Sink."""
        access = self._access
        with self._talking() as http:
            http.hide(credential.value)
            found = self._found(http)
            ours = {access.input: credential.value, **({access.id_input: credential.id} if access.id_input else {})}
            path = f"{access.api}/credentials/{int(found['id'])}/"
            body = {"inputs": {**_inputs(found), **ours}}
            answer = http.request("write the credential", "PATCH", path, body=body, repeatable=True)
            self.in_doubt = answer.sent_before
            held = _inputs(answer.json_object())
            if not held.get(access.input) or (access.id_input and held.get(access.id_input) != credential.id):
                raise answer.strange("the credential does not have what was written")
        return True

    def restore(self, content: SinkContent, expected: SinkContent) -> None:
        """See ports.Sink: it does not tell what it held, so that cannot be given back."""

    @contextmanager
    def _talking(self) -> Iterator[HttpClient]:
        """Open a connection, and say of a refusal what may be wrong with the options."""
        access = self._access
        http = HttpClient(
            platform="awx",
            name="AWX",
            endpoint=access.endpoint,
            validate_certs=True,
            ca_path=access.ca_path,
            timeout=access.timeout,
            vendor_words=_words,
        )
        http.authorization = f"Bearer {access.token}"
        with closing(http):
            try:
                yield http
            except AuthenticationError as failure:
                failure.add("It is that of controller_oauthtoken, or of CONTROLLER_OAUTH_TOKEN.")
                raise
            except NotFoundError as failure:
                failure.add(f"Behind the gateway of Ansible Automation Platform, set api_path of {_OPTION} to /api/controller/v2.")
                raise

    def _found(self, http: HttpClient) -> dict[str, Any]:
        """Return the only credential of that name. Raises RefusedError, and what a request does."""
        access = self._access
        query = {"name": access.name, **({"organization__name": access.organization} if access.organization else {})}
        answer = http.request("find the credential", "GET", f"{access.api}/credentials/", params=query)
        results = answer.json_object().get("results")
        if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
            raise answer.strange("there is no list of credentials in it")
        if not results:
            raise RefusedError(
                f"There is no {self.where.removeprefix('the ')}, or the token may not see it.", "Create it first, or check its name."
            )
        if len(results) > 1:
            raise RefusedError(f"There are {len(results)} of {self.where}.", "Set organization, or rename the others.")
        found: dict[str, Any] = results[0]
        if not all(isinstance(found.get(name), int) for name in ("id", "credential_type")):
            raise answer.strange("a credential in it has no id or no type")
        return found

    def _refuse_unfit(self, found: Mapping[str, Any], kind: Mapping[str, Any], sources: Mapping[str, Any]) -> None:
        """Raise RefusedError where what would be written had no effect, would be shown, or may not be written."""
        summary = found.get("summary_fields")
        capabilities = summary.get("user_capabilities") if isinstance(summary, dict) else None
        if found.get("managed") or (isinstance(capabilities, dict) and capabilities.get("edit") is False):
            raise RefusedError(f"{self.where} may not be changed by this token.", "Its user needs the role Admin of the credential.")
        fields = {str(one.get("id")): one for one in _dicts(_inputs(kind).get("fields"))}
        for name in self._access.inputs:
            if name not in fields:
                raise RefusedError(
                    f"{self.where} has no input {name}.", f"Its inputs are {', '.join(fields) or 'none'}; correct {_OPTION}."
                )
        if not fields[self._access.input].get("secret"):
            raise RefusedError(
                f"The input {self._access.input} of {self.where} is no secret, so AWX would show it.",
                "Set secret: true for it in the credential type.",
            )
        looked_up = {str(one.get("input_field_name")) for one in _dicts(sources.get("results"))}
        for name in self._access.inputs:
            if name in looked_up:
                raise RefusedError(
                    f"AWX looks the input {name} of {self.where} up in another system, so what is written there has no effect.",
                    "Make that system the store of the rotation.",
                )


def _inputs(one: Mapping[str, Any]) -> dict[str, Any]:
    found = one.get("inputs")
    return dict(found) if isinstance(found, dict) else {}


def _dicts(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _words(value: Any) -> str:
    """Return AWX's own words in an error body: ``{"detail": "..."}``, or a list of them for each field."""
    if not isinstance(value, dict):
        return ""
    return "; ".join(
        str(why) if name == "detail" else f"{name}: {' '.join(map(str, why)) if isinstance(why, list) else why}"
        for name, why in value.items()
    )
