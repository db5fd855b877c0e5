# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local service accounts: only those who logged in may manage them, no token may."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ._errors import UNCONFIRMED, refusal
from ._model import ROLE, Account, Role, Secret
from ._requests import (
    authenticate_login,
    bad_body,
    bare_id,
    body,
    changed,
    cluster,
    need,
    no_content,
    optional_body,
    required,
    texts,
    unknown,
)
from ._tokens import new_secret

views = Blueprint("accounts", __name__)
PATH = "/api/v1/service_account"
GRACE_SECONDS = 24 * 3600


@views.before_request
def check_caller() -> None:
    core = cluster()
    need(core.settings["service_accounts_since"])
    caller = authenticate_login()
    if caller.kind == "basic" and core.settings["basic_auth_accounts"] == "refused":
        raise refusal(core.settings["blocked_token"], UNCONFIRMED + "log in for this")


def _account(account_id: str) -> Account:
    core = cluster()
    account = core.data.accounts.get(bare_id(account_id))
    if account is None or account.rsc_id or not core.is_live(account):
        raise unknown("service account")
    return account


def _roles_key() -> str | None:
    key = cluster().settings["account_roles_key"]
    return None if key == "none" else key


def _roles_of(account: Account) -> list[Role]:
    return [role for role in cluster().data.roles.values() if account.id in role.principals]


def _json(account: Account, secret: str | None = None) -> dict[str, Any]:
    settings = cluster().settings
    answer: dict[str, Any] = {settings["account_id_key"]: account.client_id, "name": account.name}
    answer["organizationId"] = account.organization
    key = _roles_key()
    if key is not None:
        answer[key] = [role.id for role in _roles_of(account)]
    if secret is not None:
        answer[settings["account_secret_key"]] = secret
    return answer


def _fields() -> dict[str, Any]:
    """Return the body: `name`, and `roles` when the cluster takes them here."""
    key = _roles_key()
    known: dict[str, Any] = {"name": str} if key is None else {"name": str, key: list}
    given = body(**known)
    fields: dict[str, Any] = {}
    if "name" in given:
        fields["name"] = given["name"].strip()
        if not fields["name"]:
            raise bad_body("name must not be empty")
    if key is not None and key in given:
        fields["roles"] = texts(given, key)
        for role_id in fields["roles"]:
            bare_id(role_id, ROLE)
            if role_id not in cluster().data.roles:
                raise unknown("role")
    return fields


def _check_name(name: str, own: Account | None) -> None:
    core = cluster()
    taken = [one for one in core.data.accounts.values() if one.name == name and one is not own and core.is_live(one)]
    if taken and core.settings["account_duplicate"] != "accepted":
        raise refusal(core.settings["account_duplicate"], UNCONFIRMED + "a service account of this name exists")


def _assign(account: Account, role_ids: list[str]) -> None:
    for role in cluster().data.roles.values():
        others = [one for one in role.principals if one != account.id]
        role.principals = others + [account.id] * (role.id in role_ids)


@views.post(PATH)
def create() -> ResponseReturnValue:
    core = cluster()
    if core.since("9.5.1"):
        raise refusal(core.settings["removed"], UNCONFIRMED + "local service accounts are no longer supported")
    fields = _fields()
    name = required(fields, "name")
    _check_name(name, None)
    account = core.data.add_account(name, core.clock.now())
    _assign(account, fields.get("roles", []))
    changed()
    return jsonify(_json(account, account.secrets[0].value)), core.settings.integer("create_status")


@views.get(PATH + "/<account_id>")
def get(account_id: str) -> ResponseReturnValue:
    return jsonify(_json(_account(account_id)))


@views.patch(PATH + "/<account_id>")
def modify(account_id: str) -> ResponseReturnValue:
    account = _account(account_id)
    fields = _fields()
    if "name" in fields:
        _check_name(fields["name"], account)
        account.name = fields["name"]
    if "roles" in fields:
        _assign(account, fields["roles"])
    changed()
    if cluster().settings["update_status"] == "204":
        return no_content()
    return jsonify(_json(account))


@views.delete(PATH + "/<account_id>")
def delete(account_id: str) -> ResponseReturnValue:
    core = cluster()
    account = _account(account_id)
    core.end_sessions(account.id)
    _assign(account, [])
    del core.data.accounts[account.id]
    changed()
    return no_content(core.settings.integer("delete_status"))


@views.post(PATH + "/<account_id>/rotate")
def rotate(account_id: str) -> ResponseReturnValue:
    core = cluster()
    account = _account(account_id)
    field = core.settings["rotate_field"]
    known: dict[str, Any] = {field: bool}
    given = optional_body(**known)
    now = core.clock.now()
    until = now + GRACE_SECONDS if core.settings["rotate_old_secret"] == "works" else now
    for secret in account.secrets:
        secret.until = until if secret.until is None else min(until, secret.until)
    account.secrets = [*(one for one in account.secrets if one.until is not None and one.until > now), Secret(new_secret(), now)]
    if given.get(field, core.settings["rotate_sessions"] == "ended"):
        core.end_sessions(account.id)
    changed()
    answer = _json(account, account.secrets[-1].value)
    if core.settings["rotate_reply"] == "secret_only":
        answer = {key: answer[key] for key in (core.settings["account_secret_key"],)}
    return jsonify(answer), core.settings.integer("rotate_status")
