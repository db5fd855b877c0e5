# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rubrik Security Cloud's API, and nothing else. Private to this collection.

Facts come from the vendor's schema (2022-09 to 2026-10), the vendor's docs and the vendor's clients, unless said otherwise. What no
public source tells is not relied on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from .._connection import Connection, checked_token
from .._errors import AnswerError, AuthenticationError, ForbiddenError, OptionError, RequestError
from .._http import OWN, Answer, Endpoint
from .._model import Account, AccountState, Caller, ClientSecret, Credential, Minted
from .._steps import Step
from .._times import utc_now
from ._base import Platform, Probed
from ._fields import text_field
from ._jwt import instant_claim, jwt_claims
from ._rubrik_rsc_errors import call_refusal, is_schema_gap, login_refusal, refusal_code, refused_for_now, told_code, vendor_words
from ._rubrik_rsc_queries import (
    CALLER,
    CREATE,
    DELETE,
    ROLES,
    ROTATE,
    SERVICE_ACCOUNTS,
    SET_ROLES,
    SWITCH_ORGANIZATION,
    UPDATE,
    Document,
)
from ._rubrik_sdk import client_file, token_cache_files

_GRAPHQL = "/api/graphql"
_PAGE = 100  # neither default nor maximum is published
_PREFIX = "client|"  # what ids of service accounts begin with; some places tell them without it
_ID = re.compile(r"[A-Za-z0-9_.:|@+=/-]{1,200}")
# What follows client|: a UUID, in older accounts 32 letters and digits.
_BARE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-z]{32}", re.IGNORECASE)
# Refusals whose words are read here. Those of a proxy in front are read by HttpClient, which repeats what may be repeated.
_WORDED = frozenset((400, 401, 403, 404, 409, 500))
_ENDS_BY_ITSELF = "it ends by itself after at most 24 hours"  # vendor docs: 12 hours unless the tenant sets it otherwise, up to 24
_NO_LIST = f"It tells nobody about sessions. End a token with session_revoke and target=self, as its bearer; else {_ENDS_BY_ITSELF}."
_NO_API_TOKENS = "API tokens are Rubrik CDM's; use access_token here."


class RubrikRsc(Platform):
    """A tenant of Rubrik Security Cloud."""

    name = "rubrik_rsc"
    title = "Rubrik Security Cloud"
    options = frozenset(("description", "roles", "rotate_secret", "credentials_file", "purge_sdk_cache", "sdk_cache_dir"))
    instead = MappingProxyType(
        {
            "expire_sessions": "Its API cannot end the sessions of another account; they end by themselves after at most 24 hours.",
            "expires_in": "The tenant's session settings say how long its tokens live.",
            "expires_at": "The tenant's session settings say how long its tokens live.",
            "enabled": "End a token with session_revoke and target=self instead.",
            "token_id": _NO_LIST,
            "privileges": "Give the account roles instead.",
            "primary_group": "Its accounts are in no groups.",
            "home_directory": "Its accounts have no home directories.",
        }
    )
    tokens_are_sessions = True
    has_secrets = True

    def __init__(self, connection: Connection) -> None:
        # A service account file names the API, people name the host; probes are written from the host on.
        host = Endpoint(connection.endpoint.url.removesuffix("/api"))
        super().__init__(replace(connection, endpoint=host), vendor_words)
        self._own: Caller | None = None
        self._own_sessions: list[str] = []  # bearers that the task made for itself, to be ended with it

    # One request

    def _authorize(self) -> None:
        """Get, once, the token to work with: the user's or a new one, and in its place one for the organisation where one is named."""
        if self.http.authorization:
            return
        token = self.connection.auth.token
        if token is None:
            token, _expires_at = self._log_in()
            self._own_sessions.append(token)
        if self.connection.organization_id:
            token = self._switch_organization(token)
            self._own_sessions.append(token)
        self.http.authorization = f"Bearer {token}"

    def _log_in(self) -> tuple[str, datetime | None]:
        """Return a new access token, and when it expires as far as the reply tells that."""
        auth = self.connection.auth
        body = {"client_id": auth.client_id, "client_secret": auth.client_secret, "grant_type": "client_credentials"}
        answer = self.http.request("log in", "POST", "/api/client_token", body=body, authorization=None, accept=_WORDED)
        code = refusal_code(answer)
        if code is not None:
            raise login_refusal(answer, code)
        value = answer.json_object()
        token = self._bearer(answer, value, "access_token")
        if value.get("client_id") != auth.client_id:
            raise answer.strange("it is for another client_id")
        return token, _from_now(value.get("expires_in"))

    def _switch_organization(self, token: str) -> str:
        """Return a token for the organisation that the connection names, had with this token."""
        organization = self.connection.organization_id
        answer, reply = self._query(
            f"switch to the organisation '{organization}'",
            SWITCH_ORGANIZATION,
            {"input": {"orgId": organization}},
            authorization=f"Bearer {token}",
            hint="Check organization_id, and that the calling account may act in that organisation.",
        )
        return self._bearer(answer, _object(answer, reply), "accessToken")

    def _bearer(self, answer: Answer, value: dict[str, Any], key: str) -> str:
        """Return a field that must be a bearer token, and hide it from now on."""
        found = text_field(answer, value, key)
        self.http.hide(found)
        try:
            return checked_token(found, key)
        except OptionError:
            raise answer.strange(f"'{key}' is not a bearer token") from None

    def _query(
        self,
        operation: str,
        document: Document,
        variables: dict[str, Any] | None = None,
        *,
        authorization: str | None = OWN,
        hint: str = "",
    ) -> tuple[Answer, Any]:
        """Send a GraphQL document; return the answer and the value of its root field.

        Args:
            operation: what it does, for the error.
            document, variables: what is sent.
            authorization: the header, where it is not the client's own.
            hint: what to do about a refusal that shows none of the usual causes.
        """
        if authorization is OWN:
            self._authorize()
        answer = self.http.request(
            operation,
            "POST",
            _GRAPHQL,
            body={"query": document.text, "variables": variables or {}, "operationName": document.field},
            authorization=authorization,
            repeatable=not document.changes,
            accept=_WORDED,
            refused_for_now=refused_for_now,
        )
        code = refusal_code(answer)
        if code is not None:
            if document.fallback and is_schema_gap(code, answer.words()):
                return self._query(operation, document.fallback, variables, authorization=authorization, hint=hint)
            raise call_refusal(answer, code, document, hint)
        data = answer.json_object().get("data")
        if not isinstance(data, dict) or data.get(document.field) is None:
            raise answer.strange(f"it has no {document.field}")
        return answer, data[document.field]

    def _nodes(self, operation: str, document: Document, key: str) -> list[tuple[Answer, dict[str, Any]]]:
        """Return the entries of a list from all its pages, each once: a list that changes meanwhile may show one on two pages.

        Args:
            operation, document: as for _query; the document takes $first and $after.
            key: the field that is an entry's id.
        """
        found: dict[str, tuple[Answer, dict[str, Any]]] = {}
        seen: set[str] = set()
        variables: dict[str, Any] = {"first": _PAGE}
        while True:
            try:
                answer, value = self._query(operation, document, variables)
            except RequestError as failure:
                if failure.status != 400 or "first" not in variables:
                    raise
                del variables["first"]  # too much for this tenant, perhaps
                continue
            page = _object(answer, value)
            for node in _objects(answer, page.get("nodes")):
                found.setdefault(_id_field(answer, node, key), (answer, node))
            info = _object(answer, page.get("pageInfo"))
            if not info.get("hasNextPage"):
                return list(found.values())
            cursor = text_field(answer, info, "endCursor")
            if cursor in seen:
                raise answer.strange("the next page is one that was read already")
            seen.add(cursor)
            variables["after"] = cursor

    def log_out(self) -> None:
        while self._own_sessions:
            try:
                self._end_session(self._own_sessions.pop())
            except AuthenticationError:  # gone already
                continue
            except RequestError as failure:
                self.warn(f"A session that this task opened could not be ended; {_ENDS_BY_ITSELF}. {failure}")

    def _end_session(self, token: str) -> None:
        """End the session of a token. Raises AuthenticationError when it is refused, so gone already."""
        self.http.request("end a session", "DELETE", "/api/session", authorization=f"Bearer {token}", repeatable=True)

    # Who calls

    def caller(self, secret: str | None = None) -> Caller:
        if secret is None and self._own:
            return self._own
        self.http.hide(secret)
        answer, value = self._query("find out who calls", CALLER, authorization=OWN if secret is None else f"Bearer {secret}")
        context = _object(answer, value)
        user = _object(answer, context.get("user"))
        bearer = secret or (self.http.authorization or "").removeprefix("Bearer ")
        known = self.connection.auth.client_id if secret is None else None
        account_id, aliases = _account_id(_id_field(answer, user, "id"), str(user.get("domain")), known, jwt_claims(bearer))
        names = (user.get("username"), user.get("email"), account_id)
        caller = Caller(
            account=Account(account_id, next(str(one) for one in names if one), str(context.get("orgName") or ""), aliases),
            token_id=_session_of(bearer, Account("", "")).id or None,
            with_token=bool(secret or self.connection.auth.token),
            roles=tuple(sorted(text_field(answer, role, "name") for role in _objects(answer, user.get("roles")))),
        )
        if secret is None:
            self._own = caller
        return caller

    def is_account(self, identity: str, account: Account) -> bool:
        if super().is_account(identity, account):
            return True
        if _BARE_ID.fullmatch(identity.removeprefix(_PREFIX)) or account.name not in (account.id, *account.aliases):
            return False
        # Whether a service account is told its own name is not published; without it, the name is looked up.
        try:
            return any(one.account.id == account.id for one in self.service_accounts(identity))
        except ForbiddenError as failure:
            failure.add(f"It does not tell the name of {account.id} otherwise: name the account by its id.")
            raise

    def find_account(self, identity: str) -> Account:
        self._cannot("tell which sessions an account has", _NO_LIST)

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        self._authorize()
        answer = self.http.request(f"probe {path}", method, path, body=body, accept=range(100, 600))
        try:
            value = answer.json() if answer.text else None
        except AnswerError:
            return Probed(answer.status, answer.text)
        told = told_code(value) if answer.status == 200 and path == _GRAPHQL else None
        return Probed(answer.status if told is None else told, value)

    # Access tokens, which are sessions of the caller's

    def tokens(self, account: Account | None) -> list[Credential]:
        self._cannot("list tokens", _NO_LIST)

    def token(self, token_id: str) -> Credential | None:
        self._cannot("look a token up", _NO_LIST)

    def find_tokens(self, ids: Sequence[str], account: Account | None = None) -> list[Credential]:
        self._cannot("look tokens up", _NO_LIST)

    def delete_token(self, token_id: str) -> bool:
        self._cannot("end a token by its id", _NO_LIST)

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        """Log in for the user; the token outlives the task. Its lifetime cannot be asked for.

        Raises:
            OptionError: the connection has no client secret, or the account is another one.
        """
        client_id = self.connection.auth.client_id
        if not client_id:
            raise OptionError("A token cannot make another one.", "Authenticate with client_id and client_secret, or service_account_file.")
        if account and client_id not in (account.id, *account.aliases):
            raise OptionError(
                f"{self.title} makes tokens for the calling account only, not for {account}.", "Authenticate as that account."
            )
        try:
            secret, told = self._log_in()
            if self.connection.organization_id:
                self._own_sessions.append(secret)
                switched = self._switch_organization(secret)
                # Whether the new session outlives the one that it was had with is not published, so the latter is left alone.
                self._own_sessions.remove(secret)
                secret = switched
        except RequestError as failure:
            if failure.may_have_acted:
                failure.add(f"If a token was made, nobody knows it, and {_ENDS_BY_ITSELF}.")
            raise
        return Minted(_session_of(secret, Account(client_id, client_id), told), secret)

    def inspect_token(self, secret: str) -> Credential | None:
        self.http.hide(secret)
        expires_at = instant_claim(jwt_claims(secret), "exp")
        if expires_at and expires_at <= utc_now():
            return None
        try:
            return _session_of(secret, self.caller(secret).account)
        except AuthenticationError:
            return None

    def own_token(self) -> Credential | None:
        token = self.connection.auth.token
        if not token:
            self.warn("The token that this task works with is its own, and ends with it; there is nothing else to end.")
            return None
        own = _session_of(token, Account("", ""))
        return own if own.id else replace(own, id="self")

    def end_own_token(self, own: Credential) -> bool:
        self._end_session(self.connection.auth.token or "")
        return True

    # API tokens

    def check_api_token(self, tag: str, lifetime: timedelta | None) -> None:
        self._cannot("make API tokens", _NO_API_TOKENS)

    def api_tokens(self, account: Account | None) -> list[Credential]:
        self._cannot("list API tokens", _NO_API_TOKENS)

    def mint_api_token(self, tag: str, lifetime: timedelta | None) -> Minted:
        self._cannot("make API tokens", _NO_API_TOKENS)

    # Service accounts

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        # All pages: what searchText finds is not published, and names need not be unique.
        nodes = self._nodes("list service accounts", SERVICE_ACCOUNTS, "clientId")
        return [_state(answer, node) for answer, node in nodes if name is None or node.get("name") == name]

    def checked_wish(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        attributes = {key: value or None for key, value in wanted.attributes.items()}
        names = dict(current.role_names) if current else {}
        if not wanted.roles:
            return replace(wanted, attributes=attributes, role_names=names)
        if not all(role in names or role in names.values() for role in wanted.roles):
            nodes = self._nodes("list roles", ROLES, "id")
            names |= {node["id"]: text_field(answer, node, "name") for answer, node in nodes}
        roles = frozenset(self._role(role, names) for role in wanted.roles)
        return replace(wanted, roles=roles, attributes=attributes, role_names=names)

    def _role(self, wanted: str, names: dict[str, str]) -> str:
        """Return the id of the role that a name or an id means, among names by id."""
        if wanted in names:
            return wanted
        ids = sorted(role for role, name in names.items() if name == wanted)
        if len(ids) == 1:
            return ids[0]
        place = f"roles: {self.title} at {self.http.endpoint.url} has"
        if ids:
            raise OptionError(f"{place} {len(ids)} roles named '{wanted}': {', '.join(ids)}.", "Name the one that is meant by its id.")
        known = sorted(names.values(), key=str.lower)
        listed = ", ".join(known[:50]) + (", ..." if len(known) > 50 else "")
        raise OptionError(f"{place} no role '{wanted}'.", f"There are: {listed}." if known else "Check the name.")

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        name, roles = wanted.account.name, wanted.roles or frozenset()
        given: dict[str, Any] = {"name": name, "roleIds": sorted(roles)}
        if wanted.attributes.get("description"):
            given["description"] = wanted.attributes["description"]
        answer, reply = self._query(
            f"create the service account '{name}'",
            CREATE,
            {"input": given},
            hint="" if roles else "Perhaps this tenant makes no accounts without roles: name one with roles.",
        )
        secret = self._client_secret(answer, reply, name)
        return replace(wanted, account=_account(secret.client_id, name), roles=roles), secret

    def rotate_secret(self, state: AccountState, expire_sessions: bool) -> ClientSecret:
        account = state.account
        answer, reply = self._query(f"rotate the secret of {account}", ROTATE, {"input": {"id": account.id}})
        secret = self._client_secret(answer, reply, account.name)
        suspended = reply.get("suspendedTprPolicyIds")
        if suspended and isinstance(suspended, list):
            self.warn(
                f"The rotation suspended the exemption of {account} from quorum authorization (the two-person rule), policies "
                f"{', '.join(map(str, suspended))}: what it was exempt from now waits for approval. "
                "Restore it in Rubrik Security Cloud, under the rule RESTORE_SERVICE_ACCOUNT_TPR_EXEMPTION."
            )
        return secret

    def _client_secret(self, answer: Answer, reply: Any, name: str) -> ClientSecret:
        """Return the secret that a reply tells, for an account of this name."""
        value = _object(answer, reply)
        secret = text_field(answer, value, "clientSecret")
        self.http.hide(secret)
        uri = value.get("accessTokenUri") or f"{self.http.endpoint.url}/api/client_token"
        return ClientSecret(_id_field(answer, value, "clientId"), secret, str(value.get("name") or name), str(uri))

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        if "description" not in attributes:
            return
        wanted = attributes["description"]
        left = self._describe(state.account, wanted or "")
        if wanted or not left:
            return
        # Whether "" or null clears it is not published.
        operation = f"clear the description of {state.account}"
        try:
            left = self._describe(state.account, None)
        except RequestError as failure:
            if failure.status != 400:
                raise
            left = "as it was"
        if left:
            raise AnswerError(
                f"{self.title} at {self.http.endpoint.url}: cannot {operation}: neither an empty one nor none is taken.",
                "Set another description instead.",
                platform=self.name,
                endpoint=self.http.endpoint.url,
                operation=operation,
            )

    def _describe(self, account: Account, description: str | None) -> str:
        """Set the account's description; return what it then is."""
        variables = {"input": {"id": account.id, "description": description}}
        answer, reply = self._query(f"describe {account}", UPDATE, variables)
        return str(_object(answer, reply).get("description") or "")

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        if wanted.roles is None or wanted.roles == state.roles:
            return [], []
        names = sorted(wanted.role_names.get(role, role) for role in wanted.roles)
        words = f"roles set to {', '.join(names)}" if names else "all roles taken away"
        # The assignment replaces all roles at once, so there is no moment without the ones that stay.
        return [(words, partial(self._set_roles, state.account, wanted.roles))], []

    def _set_roles(self, account: Account, roles: frozenset[str]) -> None:
        operation = f"set the roles of {account}"
        hint = "" if roles else "Perhaps this tenant leaves no account without roles: name one with roles, or delete the account."
        answer, done = self._query(operation, SET_ROLES, {"userIds": [account.id], "roleIds": sorted(roles)}, hint=hint)
        if done is not True:
            raise answer.strange("the roles were not set")

    def delete_account(self, state: AccountState) -> None:
        account = state.account
        refused: RequestError
        try:
            answer, done = self._query(f"delete the service account {account}", DELETE, {"input": {"ids": [account.id]}})
            if done is True:
                return
            refused = answer.strange("the account was not deleted")
        except RequestError as failure:
            if failure.status not in (400, 403, 404, 500):
                raise
            refused = failure
        # What an unknown id gets is not published. It counts as gone only once the list says so.
        try:
            gone = all(one.account.id != account.id for one in self.service_accounts())
        except RequestError:
            gone = False
        if not gone:
            raise refused

    def client_file(self, secret: ClientSecret) -> str:
        return client_file(secret)

    def sdk_cache_files(self, name: str, account: Account, folder: str | None) -> list[str]:
        return token_cache_files(name, account.id, folder, os.environ)


def _object(answer: Answer, value: Any) -> dict[str, Any]:
    """Return a value that must be a JSON object."""
    if not isinstance(value, dict):
        raise answer.strange("a value in it is not a JSON object")
    return value


def _objects(answer: Answer, value: Any) -> list[dict[str, Any]]:
    """Return a value that must be a list of JSON objects."""
    if not isinstance(value, list):
        raise answer.strange("a value in it is not a list")
    return [_object(answer, one) for one in value]


def _id_field(answer: Answer, value: dict[str, Any], key: str) -> str:
    """Return a field that must be an id; those of accounts have a bar in them."""
    found = text_field(answer, value, key)
    if not _ID.fullmatch(found):
        raise answer.strange(f"'{key}' is not an id")
    return found


def _account(client_id: str, name: str) -> Account:
    bare = client_id.removeprefix(_PREFIX)
    return Account(client_id, name, aliases=(bare,) if bare != client_id else ())


def _account_id(told: str, domain: str, client_id: str | None, claims: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the caller's id in the form that lists have, and the other forms.

    What the API tells a service account about itself is not published, so better sources come first.

    Args:
        told: the user id that the API tells, perhaps without client|.
        domain: the user's domain, CLIENT for service accounts.
        client_id: what was logged in with.
        claims: the bearer's; the subject may be the client id.
    """
    subject = claims.get("sub")
    if client_id:
        found = client_id
    elif isinstance(subject, str) and subject.startswith(_PREFIX) and _ID.fullmatch(subject):
        found = subject
    else:
        found = _PREFIX + told if domain == "CLIENT" and not told.startswith(_PREFIX) else told
    bare = found.removeprefix(_PREFIX)
    forms = {told, bare, _PREFIX + bare} if _BARE_ID.fullmatch(bare) else {told, bare}
    return found, tuple(sorted(forms - {found}))


def _session_of(token: str, account: Account, told_expiry: datetime | None = None) -> Credential:
    """Return what a token says of itself; the id is empty where it says none that could be one."""
    claims = jwt_claims(token)
    session = claims.get("jti")
    return Credential(
        id=session if isinstance(session, str) and _ID.fullmatch(session) else "",
        account=account,
        created_at=instant_claim(claims, "iat"),
        expires_at=instant_claim(claims, "exp") or told_expiry,
        kind="session",
    )


def _from_now(seconds: Any) -> datetime | None:
    """Return the instant so many seconds from now; None where that makes no sense."""
    try:
        return utc_now() + timedelta(seconds=seconds)
    except (TypeError, ValueError, OverflowError):
        return None


def _state(answer: Answer, node: dict[str, Any]) -> AccountState:
    """Return a service account as the list shows it; a description that is not set is an empty string there."""
    names = {_id_field(answer, role, "id"): str(role.get("name") or "") for role in _objects(answer, node.get("roles"))}
    return AccountState(
        account=_account(node["clientId"], str(node.get("name") or "")),
        roles=frozenset(names),
        attributes={"description": str(node.get("description") or "") or None},
        role_names=names,
    )
