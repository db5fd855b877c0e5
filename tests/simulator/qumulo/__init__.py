# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Qumulo Core cluster: sessions, access tokens, S3 access keys, users, groups, roles and identities, and its S3 API."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from .._platform import Context, Definition, Identification, Platform, WSGIApplication
from .._settings import SettingError
from . import _identity_views, _role_views, _s3_api, _s3_key_views, _session_views, _token_views, _user_views
from ._cluster import Cluster
from ._errors import UNCONFIRMED, ApiError, error_response
from ._model import ADMIN, USERS, Data, S3Key, Session, Token, User, new_password
from ._settings import SETTINGS


class Qumulo(Platform):
    """One cluster."""

    name = "qumulo"

    def __init__(self, context: Context, saved: dict[str, Any] | None) -> None:
        super().__init__(context)
        data = Data.load(saved) if saved else Data.new(new_password())
        try:
            self.cluster = Cluster(context, data)
        except ValueError as error:
            raise SettingError(f"version {context.version!r} is not like 7.10.2.1") from error
        self._prepare_accounts(first_start=saved is None)
        self.app.extensions["qumulo"] = self.cluster
        for module in (_session_views, _token_views, _user_views, _role_views, _identity_views, _s3_key_views, _s3_api):
            self.app.register_blueprint(module.views)
        self.app.register_error_handler(ApiError, self._api_error)
        self.app.register_error_handler(_s3_api.S3Error, _s3_api.refused)
        self.app.register_error_handler(HTTPException, self._http_error)

    def _prepare_accounts(self, first_start: bool) -> None:
        data, settings = self.cluster.data, self.settings
        if first_start:
            data.ad_password = new_password()
            user = User(data.take_id(), settings["service_account"], USERS, new_password())
            data.users[user.id] = user
            data.service_account = user.id
            if settings["service_account_role"] != "none":
                data.roles[settings["service_account_role"]].members.append(user.id)
            if self.cluster.since("5.3.0"):
                identity, admin = (self.cluster.identities.by_auth_id(auth_id) for auth_id in (user.id, ADMIN))
                data.service_token = _token_views.make_token(self.cluster, identity, admin).id
        if settings["admin_password"]:
            data.users[ADMIN].password = settings["admin_password"]
        if settings["ad_password"]:
            data.ad_password = settings["ad_password"]
        if settings["service_account_password"] and data.service_account in data.users:
            data.users[data.service_account].password = settings["service_account_password"]

    def admin(self) -> dict[str, str]:
        user = self.cluster.data.users[ADMIN]
        return {"username": user.name, "password": user.password}

    def service_account(self) -> dict[str, Any]:
        data = self.cluster.data
        user = data.users.get(data.service_account)
        if user is None:
            return {}
        token = data.tokens.get(data.service_token or "")
        return {
            "username": user.name,
            "password": user.password,
            "id": user.id,
            "token": token.secret if token else None,
            "token_id": token.id if token else None,
        }

    def listeners(self) -> dict[str, WSGIApplication]:
        return {"s3": _s3_api.listener(self.app)}

    def identify(self) -> Identification:
        if _s3_api.LISTENER in request.environ:
            key = _s3_api.presented_key()
            return Identification("s3_access_key", self._name(key.user), key.id) if key else Identification("invalid")
        credential, state = self.cluster.presented()
        if state == "none" or request.path in _session_views.OPEN_PATHS:
            return Identification()
        if credential is None:
            return Identification("invalid")
        kind = "access_token" if isinstance(credential, Token) else "session"
        return Identification(kind if state == "live" else "invalid", self._name(credential.user), credential.id)

    def _name(self, auth_id: str) -> str:
        return self.cluster.identities.by_auth_id(auth_id).name or self.cluster.data.removed.get(auth_id, auth_id)

    def credentials(self) -> list[dict[str, Any]]:
        core = self.cluster
        entries: list[tuple[str, Token | Session | S3Key, str, bool]] = [
            *(("access_token", token, core.token_state(token), token.enabled) for token in core.data.tokens.values()),
            *(("session", session, core.session_state(session), True) for session in core.data.sessions.values()),
            *(("s3_access_key", key, core.s3_key_state(key), True) for key in core.data.s3_keys.values()),
        ]
        return [
            {
                "id": credential.id,
                "kind": kind,
                "account": self._name(credential.user),
                "account_id": credential.user,
                "created": _iso(credential.created),
                "expires": None if isinstance(credential, S3Key) or credential.expires is None else _iso(credential.expires),
                "enabled": enabled,
                "state": state,
            }
            for kind, credential, state, enabled in entries
        ]

    def dump(self) -> dict[str, Any]:
        return self.cluster.data.dump()

    def take_changes(self) -> bool:
        changed, self.cluster.dirty = self.cluster.dirty, False
        return changed

    def error(self, status: int) -> Response:
        if status == 401:
            return Response(status=401)
        return self._api_error(ApiError(status, UNCONFIRMED + "fault", "a fault answers this"))

    def _api_error(self, error: ApiError) -> Response:
        return error_response(error, self.settings["unauthorized_body"])

    def _http_error(self, error: HTTPException) -> Response:
        error_class = "http_not_found_error" if error.code == 404 else UNCONFIRMED + "http_error"
        return self._api_error(ApiError(error.code or 500, error_class, str(error.description)))


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


QUMULO = Definition("qumulo", "7.10.2.1", SETTINGS, Qumulo)
