# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity look-up, on its path since Core 6.2.1 and on the older one, which stayed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ._cluster import authenticate, body, cluster, required
from ._identities import Identity

views = Blueprint("identity", __name__)
_IDENT: dict[str, type] = dict.fromkeys(("domain", "auth_id", "uid", "gid", "sid", "name"), object)


@views.before_request
def need_version() -> None:
    if request.path.startswith("/v1/identity/"):
        cluster().need("6.2.1")


@views.post("/v1/identity/find")
@views.post("/v1/auth/identity/find")
def find() -> ResponseReturnValue:
    authenticate("IDENTITY_READ")
    return jsonify(cluster().identities.resolve(body(**_IDENT)).api())


@views.post("/v1/identity/expand")
@views.post("/v1/auth/identity/expand")
def expand() -> ResponseReturnValue:
    authenticate("IDENTITY_READ")
    core = cluster()
    given = body(id=dict, equivalent_ids=list, group_ids=list)
    identity = core.identities.resolve(required(given, "id"))
    groups = [core.identities.by_auth_id(group) for group in core.groups_of(identity.auth_id)]
    extra = [core.identities.resolve(ident) for ident in given.get("group_ids", [])]
    equivalent = [core.identities.resolve(ident) for ident in given.get("equivalent_ids", [])]
    return jsonify(
        id=identity.api(),
        type="UNKNOWN" if identity.removed else identity.kind,
        smb_id=identity.api(),
        nfs_id=_nfs_id(identity),
        equivalent_ids=[other.api() for other in equivalent],
        group_ids=[group.api() for group in (*groups, *extra)],
    )


def _nfs_id(identity: Identity) -> dict[str, Any]:
    """Return the identity by which NFS sees this one: its uid or gid, if it has one."""
    resolve = cluster().identities.posix
    if identity.uid is not None:
        return resolve("POSIX_USER", identity.uid).api()
    if identity.gid is not None:
        return resolve("POSIX_GROUP", identity.gid).api()
    return identity.api()
