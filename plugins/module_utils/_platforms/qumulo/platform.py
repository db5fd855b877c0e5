# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform Qumulo Core: what it can do, who calls, and who else there is. Private to this collection.

Facts come from the vendor's client qumulo_api (5.3.0 to 7.10.2) and the vendor's REST guide, unless said otherwise. What no
public source tells (most statuses of failures) is not relied on: errors are told apart by HTTP status only.
"""

from __future__ import annotations

from types import MappingProxyType

from ..._common.errors import AuthenticationError, ForbiddenError, RequestError
from ..._common.model import Account, Caller
from ..._connection import Connection
from ..._http.client import OWN, Answer
from ..client_file import ClientFile
from ..fields import id_field, text_field
from .identity import account_of, names_account, parse_identity
from .inventory import QumuloInventory


class Qumulo(QumuloInventory):
    """A Qumulo Core cluster, 5.3.0 or later."""

    name = "qumulo"
    title = "Qumulo Core"
    options = frozenset(("roles", "privileges", "primary_group", "home_directory", "enabled", "expires_at", "expires_in", "token_id"))
    instead = MappingProxyType(
        {
            "rotate_secret": "Its accounts have no secrets; rotate access tokens instead.",
            "expire_sessions": "Its sessions end by themselves.",
        }
    )
    public_paths = frozenset(("/v1/version",))
    rotates = ("access_token", "s3_access_key")
    disables = ("access_token",)
    # qumulo.lib.auth of the vendor's client: what `qq login` writes, and `qq --credentials-store` reads; it refuses any other version.
    client_files = MappingProxyType({"access_token": ClientFile("qq", "bearer_token", fixed={"version": 1})})
    token_limit = 2  # vendor docs: at most two access tokens per user, disabled and expired ones included
    s3_key_limit = 2  # vendor docs: at most two per identity, so that they can be rotated

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._own: Caller | None = None

    def caller(self, secret: str | None = None) -> Caller:
        if secret is None and self._own:
            return self._own
        authorization = OWN
        if secret is not None:
            self.http.hide(secret)
            authorization = f"Bearer {secret}"
        answer = self._call("identify the caller", "GET", "/v1/session/who-am-i", authorization=authorization)
        value = answer.json_object()
        token_id = value.get("access_token_id") or None
        bearer = secret or self.connection.auth.token or ""
        caller = Caller(
            account=Account(id_field(answer, value, "id"), text_field(answer, value, "name")),
            token_id=id_field(answer, {"access_token_id": str(token_id)}, "access_token_id") if token_id else None,
            with_token=bool(token_id) or bearer.startswith("access-v1"),
            privileges=tuple(sorted(str(one) for one in value["privileges"])) if isinstance(value.get("privileges"), list) else None,
        )
        if secret is None:
            self._own = caller
        return caller

    def find_account(self, identity: str) -> Account:
        wanted = parse_identity(identity, "user")
        found: Answer | None = None
        operation = f"look up the identity '{identity}'"
        try:
            for path in ("/v1/identity/find", "/v1/auth/identity/find"):  # the second before Core 6.2.1
                found = self._call(operation, "POST", path, body=wanted, reads=True, accept=(400, 404))
                if found.status != 404:
                    break
        except (AuthenticationError, ForbiddenError):
            # It takes a right to look identities up, but none to be oneself.
            if names_account(wanted, self.caller().account):
                return self.caller().account
            raise
        account = None
        if found is not None and found.status not in (400, 404):
            account = account_of(found, found.json_object())
            if account.name or "name" not in wanted or account.domain != "LOCAL":
                return account if account.name else Account(account.id, identity, account.domain)
        # Not found, or found without a name: a removed user may stand in the way of a new one of the same name (seen live with S3
        # keys), and who may not look identities up may still read the local users.
        users = self._local_users()
        if account and users is None:
            return Account(account.id, identity, account.domain)
        name = wanted.get("name")
        if users and name in users and (account or wanted.get("domain") == "LOCAL"):
            return Account(users[name], name, "LOCAL")
        if not account and names_account(wanted, self.caller().account):
            return self.caller().account
        words = found.words() if found is not None and not account else ""
        raise self._unknown("user", f"'{identity}'" + (f" ({words})" if words else ""), list(users or ()))

    def is_account(self, identity: str, account: Account) -> bool:
        wanted = parse_identity(identity, "expect_account")
        if names_account(wanted, account):
            return True
        is_local = wanted.get("domain") == "LOCAL"
        if "auth_id" in wanted or (is_local and wanted["name"].casefold() != account.name.casefold()):
            return False
        # A name with a domain in it or in another case, a number or a SID: only the cluster knows whose it is.
        return self.find_account(identity).id == account.id

    def _local_users(self) -> dict[str, str] | None:
        """Return the ids of the local users by name; None when we may not read them."""
        try:
            return {user["name"]: user["id"] for user in self._users()}
        except RequestError:
            return None
