# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Rubrik Security Cloud account: minting and ending tokens, and GraphQL for service accounts and roles."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from .._platform import Context, Definition, Identification, Platform
from .._settings import SettingError
from .._state import write_atomically
from . import _auth_views, _graphql_views
from ._errors import BARE_STATUSES, GatewayError, ServiceError, bare_response, gateway_response, service_response
from ._model import Account, Data, SessionConfig, new_client_id, new_secret
from ._settings import SETTINGS
from ._tenant import Tenant, isoformat


class RubrikRsc(Platform):
    """One RSC account."""

    name = "rubrik_rsc"

    def __init__(self, context: Context, saved: dict[str, Any] | None) -> None:
        super().__init__(context)
        self.tenant = Tenant(context, Data.load(saved) if saved else self._new_data(), self._schema_date())
        self.tenant.dirty = saved is None
        self.app.extensions["rubrik_rsc"] = self.tenant
        for module in (_auth_views, _graphql_views):
            self.app.register_blueprint(module.views)
        self.app.register_error_handler(GatewayError, gateway_response)
        self.app.register_error_handler(ServiceError, service_response)
        self.app.register_error_handler(HTTPException, self._http_error)

    def _schema_date(self) -> str:
        version = re.fullmatch(r"v(\d{4})(\d\d)(\d\d)-\d+", self.context.version)
        if version is None:
            raise SettingError(f"version {self.context.version!r} is not like v20261012-1")
        schema = self.settings["schema"]
        return "-".join(version.groups()) if schema == "version" else schema

    def _new_data(self) -> Data:
        settings = self.settings
        # old enough to be accepted at once
        now = self.clock.now() - settings.number("new_secret_seconds")
        form = settings["client_id_form"]
        config = SessionConfig(settings.integer("token_seconds"), settings.integer("max_sessions"), settings["session_limit"] != "off")
        data = Data.new(config, new_secret(settings["admin_client_secret"], now), form)
        if settings["duplicate_role_name"] == "yes":
            data.add_role("Backup Operator", "Another one of this name", [])
        roles = [role.id for role in data.roles.values() if role.name == settings["service_account_role"]][:1]
        secret = new_secret(settings["service_account_client_secret"], now)
        account = data.add(settings["service_account"], roles, secret, new_client_id(form))
        account.exemptions = [f"policy-{number}" for number in range(1, settings.integer("tpr_policies") + 1)]
        data.service_account = account.client_id
        for number in range(1, settings.integer("extra_accounts") + 1):
            data.add(f"extra-{number:04}", [], new_secret("", now), new_client_id(form))
        return data

    def _client_file(self, account: Account) -> dict[str, str]:
        """Return what the web interface's download of a service account has."""
        return {
            "client_id": account.client_id,
            "client_secret": account.secrets[-1].value,
            "name": account.name,
            "access_token_uri": self.tenant.token_uri,
        }

    def _ready(self, client_id: str) -> dict[str, Any]:
        """Return a service account for the ready file, with the path of its JSON file; nothing if it is gone."""
        account = self.tenant.data.accounts.get(client_id)
        if account is None:
            return {}
        entries = self._client_file(account)
        if self.context.stem is not None:
            # beside the ready file, as the authority's certificate is
            kind = "admin" if client_id == self.tenant.data.admin else "service_account"
            path = self.context.stem.with_name(f"{self.context.stem.name}.{kind}.json")
            write_atomically(path, json.dumps(entries, indent=1))
            entries["service_account_file"] = str(path)
        return entries

    def admin(self) -> dict[str, str]:
        """Return the service account `admin`; its client secret stands for the password, which no service account has."""
        entries = self._ready(self.tenant.data.admin)
        return {"username": entries["name"], "password": entries["client_secret"], **entries} if entries else {}

    def service_account(self) -> dict[str, Any]:
        entries = self._ready(self.tenant.data.service_account)
        return {**entries, "cluster_uuid": self.tenant.data.cluster_uuid} if entries else {}

    def identify(self) -> Identification:
        core = self.tenant
        if request.path in _auth_views.MINTS:
            given = _auth_views.given()
            account = core.data.accounts.get(str(given.get("client_id")))
            if account is None:
                return Identification("invalid")
            used = [one for one in account.secrets if one.value == given.get("client_secret")]
            live = bool(used) and core.secret_state(used[0]) == "live"
            return Identification("client_secret" if live else "invalid", account.name, used[0].id if used else None)
        session, state = core.presented()
        if state == "none":
            return Identification()
        if session is None:
            return Identification("invalid")
        return Identification("session" if state == "live" else "invalid", session.name, session.id)

    def notes(self) -> dict[str, Any]:
        return {"operation": _graphql_views.root_fields() if request.path == _graphql_views.PATH else None}

    def credentials(self) -> list[dict[str, Any]]:
        core = self.tenant
        entries = [
            ("client_secret", one.id, account.name, account.client_id, one.created, one.ends, core.secret_state(one))
            for account in core.data.accounts.values()
            for one in account.secrets
        ]
        entries += [
            ("session", one.id, one.name, one.client_id, one.created, one.expires, core.session_state(one))
            for one in core.data.sessions.values()
        ]
        return [
            {
                "id": credential_id,
                "kind": kind,
                "account": name,
                "account_id": client_id,
                "created": isoformat(created),
                "expires": None if ends is None else isoformat(ends),
                "enabled": True,
                "state": state,
            }
            for kind, credential_id, name, client_id, created, ends, state in entries
        ]

    def dump(self) -> dict[str, Any]:
        return self.tenant.data.dump()

    def take_changes(self) -> bool:
        changed, self.tenant.dirty = self.tenant.dirty, False
        return changed

    def error(self, status: int) -> Response:
        if status in BARE_STATUSES:
            return bare_response(status, self.settings["gateway_body"])
        if status == 401 and request.path not in _auth_views.MINTS:
            return gateway_response(GatewayError())
        return service_response(ServiceError.named(status, "a fault answers this"))

    def _http_error(self, error: HTTPException) -> Response:
        return service_response(ServiceError.named(error.code or 500, str(error.description)))


RUBRIK_RSC = Definition("rubrik_rsc", "v20261012-1", SETTINGS, RubrikRsc)
