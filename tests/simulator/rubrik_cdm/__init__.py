# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Rubrik CDM cluster: sessions, API tokens, service accounts, users and roles."""

from __future__ import annotations

from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from .._platform import Context, Definition, Identification, Platform
from .._settings import SettingError
from . import _account_views, _cluster_views, _organization_views, _principal_views, _session_views, _token_views, _user_views
from ._cluster import Cluster, iso
from ._errors import NO_ROUTE, TEXTS, UNCONFIRMED, ApiError, error_response, text_error
from ._model import USER, Account, Data, new_id, new_password
from ._settings import SETTINGS
from ._tokens import new_totp_secret, totp

_VIEWS = (_cluster_views, _session_views, _token_views, _account_views, _principal_views, _user_views, _organization_views)


class RubrikCdm(Platform):
    """One cluster."""

    name = "rubrik_cdm"

    def __init__(self, context: Context, saved: dict[str, Any] | None) -> None:
        super().__init__(context)
        data = Data.load(saved) if saved else Data.new(new_password())
        try:
            self.cluster = Cluster(context, data)
        except ValueError as error:
            raise SettingError(f"version {context.version!r} is not like 9.3.0 or 8.0.1-p1-22135") from error
        self._prepare_accounts(first_start=saved is None)
        self.app.extensions["rubrik_cdm"] = self.cluster
        self.app.json.mimetype = "application/json; charset=utf-8"  # type: ignore[attr-defined]
        for module in _VIEWS:
            self.app.register_blueprint(module.views)
        self.app.register_error_handler(ApiError, self._api_error)
        self.app.register_error_handler(HTTPException, self._http_error)

    def _prepare_accounts(self, first_start: bool) -> None:
        data, settings, now = self.cluster.data, self.settings, self.clock.now()
        if first_start:
            role = settings["service_account_role"]
            data.service_account = data.add_account(settings["service_account"], now, role).id
            known = now + settings.number("rsc_sync_seconds")
            data.rsc_account = data.add_account("svc-rsc", known, role, rsc_id=f"client|{new_id()}").id
        admin = data.users[data.admin]
        if settings["admin_password"]:
            admin.password = settings["admin_password"]
        admin.totp_secret = (settings["totp_secret"] or admin.totp_secret or new_totp_secret()) if settings["totp"] == "on" else ""
        self._check_totp_secret(admin.totp_secret)
        for account_id, secret in ((data.service_account, "service_account_secret"), (data.rsc_account, "rsc_account_secret")):
            if settings[secret] and account_id in data.accounts:
                data.accounts[account_id].secrets[-1].value = settings[secret]

    @staticmethod
    def _check_totp_secret(secret: str) -> None:
        try:
            totp(secret, 0)
        except ValueError as error:
            raise SettingError("setting 'totp_secret' is not Base32") from error

    def admin(self) -> dict[str, str]:
        user = self.cluster.data.users[self.cluster.data.admin]
        found = {"username": user.username, "password": user.password, "id": USER + user.id}
        if self.cluster.has_totp(user):
            found["totp_secret"] = user.totp_secret
        return found

    def service_account(self) -> dict[str, Any]:
        """Return the local service account, or from 9.5.1 the one of RSC; that one also apart, where the version has it."""
        data = self.cluster.data
        local, rsc = (self._credentials_of(data.accounts.get(one)) for one in (data.service_account, data.rsc_account))
        return {**(local or rsc), **{f"rsc_{key}": value for key, value in rsc.items()}}

    def _credentials_of(self, account: Account | None) -> dict[str, str]:
        if account is None or not self.cluster.is_live(account):
            return {}
        names = {"name": account.name, "id": USER + account.id}
        return {"client_id": account.client_id, "client_secret": account.secrets[-1].value, **names}

    def identify(self) -> Identification:
        presented = self.cluster.presented()
        account = None if presented.user is None else self.cluster.name_of(presented.user)
        return Identification(presented.kind, account, presented.session.id if presented.session else None)

    def credentials(self) -> list[dict[str, Any]]:
        return [
            {
                "id": session.id,
                "kind": session.kind,
                "account": self.cluster.name_of(session.user),
                "account_id": USER + session.user,
                "tag": session.tag,
                "created": iso(session.created),
                "expires": iso(session.expires),
                "state": self.cluster.state_of(session),
            }
            for session in self.cluster.data.sessions.values()
        ]

    def dump(self) -> dict[str, Any]:
        return self.cluster.data.dump()

    def take_changes(self) -> bool:
        changed, self.cluster.dirty = self.cluster.dirty, False
        return changed

    def error(self, status: int) -> Response:
        if status in TEXTS and status != 429:
            return self._api_error(text_error(status, TEXTS[status]))
        return self._api_error(ApiError(status, UNCONFIRMED + "a fault answers this"))

    def _api_error(self, error: ApiError) -> Response:
        return error_response(error, self.settings["error_json"])

    def _http_error(self, error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed) and self.settings["wrong_method"] == "405":
            methods = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
            return self._api_error(text_error(405, "HTTP method not allowed, supported methods: " + ", ".join(methods)))
        if isinstance(error, (NotFound, MethodNotAllowed)):
            return self._api_error(text_error(404, NO_ROUTE))
        status = error.code or 500
        return self._api_error(text_error(status, TEXTS.get(status, str(error.description))))


RUBRIK_CDM = Definition("rubrik_cdm", "9.3.0", SETTINGS, RubrikCdm)
