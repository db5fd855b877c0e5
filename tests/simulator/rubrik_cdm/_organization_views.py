# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations, which are a cluster's tenants."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._errors import UNCONFIRMED, refusal
from ._model import ORGANIZATION, Organization, new_id
from ._requests import (
    authenticate,
    bad_body,
    bare_id,
    body,
    changed,
    cluster,
    duplicate,
    listing,
    no_content,
    query_flag,
    required,
    unknown,
)

views = Blueprint("organizations", __name__)
PATH = "/api/internal/organization"


def organization_json(organization: Organization) -> dict[str, Any]:
    return {"id": organization.id, "name": organization.name, "isGlobal": organization.is_global}


def _organization(organization_id: str) -> Organization:
    bare_id(organization_id, ORGANIZATION)
    organization = cluster().data.organizations.get(organization_id)
    if organization is None:
        raise unknown("organization")
    return organization


def _checked_name(own: Organization | None) -> str:
    name: str = required(body(name=str), "name")
    if not name.strip():
        raise bad_body("name must not be empty")
    if any(one.name == name and one is not own for one in cluster().data.organizations.values()):
        raise duplicate("organization")
    return name


@views.get(PATH)
def list_organizations() -> ResponseReturnValue:
    authenticate(reader=True)
    wanted, is_global = request.args.get("name", "").lower(), query_flag("is_global")
    found = [one for one in cluster().data.organizations.values() if wanted in one.name.lower() and is_global in (None, one.is_global)]
    return jsonify(listing(found, organization_json))


@views.post(PATH)
def create() -> ResponseReturnValue:
    authenticate(admin=True)
    organization = Organization(ORGANIZATION + new_id(), _checked_name(None))
    cluster().data.organizations[organization.id] = organization
    changed()
    return jsonify(organization_json(organization))


@views.get(PATH + "/<organization_id>")
def get(organization_id: str) -> ResponseReturnValue:
    authenticate(reader=True)
    return jsonify(organization_json(_organization(organization_id)))


@views.patch(PATH + "/<organization_id>")
def modify(organization_id: str) -> ResponseReturnValue:
    authenticate(admin=True)
    organization = _organization(organization_id)
    organization.name = _checked_name(organization)
    changed()
    return jsonify(organization_json(organization))


@views.delete(PATH + "/<organization_id>")
def delete(organization_id: str) -> ResponseReturnValue:
    authenticate(admin=True)
    organization = _organization(organization_id)
    if organization.is_global:
        raise refusal("422", UNCONFIRMED + "the organization is built in")
    del cluster().data.organizations[organization.id]
    changed()
    return no_content()
