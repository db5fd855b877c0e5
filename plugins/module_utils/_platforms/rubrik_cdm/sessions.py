# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of Rubrik CDM: listed, opened, looked at, ended. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..._common.errors import AuthenticationError, ForbiddenError, OptionError, RefusedError, RequestError
from ..._common.model import Account, Credential, Minted
from ..._common.steps import Step
from ..._http.client import Answer
from ..fields import id_field, instant_field, quoted
from .api import KEEPS_SLOT, CdmApi, has_no_route, is_part, objects, was_refused
from .ids import bare_user, client_account, is_managed, managed_user, read_bearer, same_account, user_account, user_of
from .login import SESSIONS, open_session

SESSION, API_TOKEN = "session", "api_token"  # kinds of credentials
_NOBODY = Account("", "")  # whose a session is that may be anybody's
CLIENT_LIFE = timedelta(hours=24)  # vendor docs: of a service account's session
_CLIENT_LIMIT = 10  # vendor docs: sessions of a service account at once
_SHOWN = 20  # sessions that a failure describes
_BUSY = (502, 503, 504)
_CHECK_CLIENT = "Check client_id and client_secret; a new or rotated account of Rubrik Security Cloud takes a while to reach the cluster."


class CdmSessions(CdmApi):
    """What the platform does with sessions; API tokens are among them, told apart by their tags."""

    # Listing

    def _sessions(self, account: Account, **how: Any) -> list[Credential] | None:
        """Return the sessions and API tokens of an account; None where this version does not list them."""
        user = self._user(account)
        answer = self._call(f"list the sessions of {account}", "GET", SESSIONS, params={"user_id": user}, accept=(404, 405), **how)
        if has_no_route(answer):
            return None
        if answer.status >= 400:
            # Some versions may answer so for a user who is gone. The caller is not: then it comes from something in between.
            if not how and user == user_of(self._myself()):
                raise answer.refusal(answer.status, answer.words())
            self.incomplete = True
            return []
        page = answer.json()
        found = objects(answer, page)
        if is_part(page, len(found)):
            self.incomplete = True
            self.warn(f"{self.title} at {self.http.endpoint.url} listed a part of the sessions of {account} only.")
        # Should a version not heed user_id, then sessions of other accounts may not be taken for this account's.
        own = [one for one in found if not one.get("userId") or same_account(str(one["userId"]), account)]
        return [_credential(answer, account, one) for one in own]

    def _own_sessions(self) -> list[Credential] | None:
        """Return the sessions of the caller; None where they cannot be had."""
        try:
            return self._sessions(self._myself())
        except ForbiddenError:
            return None

    def _session_in_use(self) -> Credential | None:
        """Return the session whose token the user brought, as the list tells of it; None where it does not."""
        bearer = read_bearer(self.connection.auth.token or "")
        return next((one for one in self._own_sessions() or () if one.id == bearer.session), None)

    def _listed(self, account: Account | None) -> list[Credential]:
        found = self._sessions(account or self.caller().account)
        if found is None:
            raise self._older("no longer lists sessions", "Name sessions by their ids, with session_revoke.")
        return found

    def tokens(self, account: Account | None) -> list[Credential]:
        return [one for one in self._listed(account) if one.kind == SESSION]

    def api_tokens(self, account: Account | None) -> list[Credential]:
        return [one for one in self._listed(account) if one.kind == API_TOKEN]

    def token(self, token_id: str) -> Credential | None:
        return next(iter(self.find_tokens([token_id])), None)

    def find_tokens(self, ids: Sequence[str], account: Account | None = None) -> list[Credential]:
        listed = self._sessions(account) if account else self._own_sessions()
        known = {one.id: one for one in listed or ()}
        may_be_elsewhere = account is None or listed is None  # no call tells whose a session is
        return [known.get(one) or Credential(one, account or _NOBODY) for one in dict.fromkeys(ids) if one in known or may_be_elsewhere]

    # Ending

    def revoke_steps(self, credentials: Sequence[Credential]) -> list[Step]:
        in_use = read_bearer((self.http.authorization or "").removeprefix("Bearer ")).session
        owners: dict[str, list[Credential]] = {}
        for one in sorted(credentials, key=lambda one: one.id == in_use):
            owners.setdefault(one.account.id, []).append(one)
        steps: list[Step] = []
        # The session in use goes last, or nothing could be revoked after it.
        for found in sorted(owners.values(), key=lambda found: found[-1].id == in_use):
            if found[0].account.id:
                ids = [one.id for one in found]
                steps.append((f"{' and '.join(ids)} revoked", partial(self._delete_sessions, found[0].account, ids)))
            else:
                steps += super().revoke_steps(found)
        return steps

    def _delete_sessions(self, account: Account, ids: list[str]) -> list[str]:
        """End sessions of one account in one request; return those that were there."""
        user = self._user(account)
        mine = user == user_of(self._myself())
        body: dict[str, Any] = {"tokenIds": ids} if mine else {"tokenIds": ids, "userId": user}
        try:
            self._call(f"revoke sessions of {account}", "POST", f"{SESSIONS}/bulk_delete", body=body, repeatable=True)
        except RequestError as failure:
            if failure.status == 403 and mine:
                failure.add(KEEPS_SLOT)
            if not was_refused(failure) or failure.status in (401, 403):
                raise
            # One id that is gone may have kept all of them from being deleted.
            listed = self._sessions(account)
            left = [one.id for one in listed or () if one.id in ids]
            if listed is None or len(left) == len(ids):
                raise
            return self._delete_sessions(account, left) if left else []
        return ids

    def delete_token(self, token_id: str) -> bool:
        try:
            self._call("revoke a session", "DELETE", f"/api/v1/session/{quoted(token_id)}", repeatable=True)
        except RequestError as failure:
            if failure.status not in (400, 401, 404, 422):
                raise
            listed = self._own_sessions()  # it also proves that a 401 was about the id and not about the caller
            if any(one.id == token_id for one in listed or ()) or (listed is None and failure.status == 401):
                raise
            self.warn(
                f"There is no session {token_id} that this account may end. "
                "If it is another account's and still there, revoke it with session_revoke and that account."
            )
            return False
        return True

    def own_token(self) -> Credential | None:
        token = self.connection.auth.token
        if not token:
            self.warn("The task came without a token: the session that it opens for itself ends with the task, so there is none to end.")
            return None
        bearer = read_bearer(token)
        own = self._session_in_use()
        if own and own.kind == SESSION:
            return own
        if own is None and bearer.client and bearer.session:
            return Credential(bearer.session, self._myself(), kind=SESSION)
        told = f"The token in use ({own.id}) is an API token" if own else "The token in use may be an API token"
        raise RefusedError(
            f"{self.title} at {self.http.endpoint.url}: {told}; ending this session would delete it.",
            "Name it with ids, or use api_token with state=absent, if that is what you want.",
        )

    def end_own_token(self, own: Credential) -> bool:
        return self._end_session()

    # Opening

    def check_log_in(self) -> None:
        if self.connection.auth.token:
            raise OptionError(
                "token: a session cannot be opened with a token.",
                "Set client_id with client_secret, service_account_file, or username with password.",
            )

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        self.check_log_in()
        auth = self.connection.auth
        if account and not {auth.client_id, auth.username} & {account.id, account.name, *account.aliases}:
            raise OptionError(
                f"{self.title} opens a session only for the account whose credentials the task has, not for {account}.",
                "Set the credentials of that account.",
            )
        opened = open_session(self.http, self.connection)
        return Minted(Credential(opened.id, opened.account, expires_at=opened.expires_at, kind=SESSION), opened.token)

    def explain_refused_mint(self, failure: RequestError, bearers: Sequence[str]) -> None:
        client_id = self.connection.auth.client_id
        status = failure.status or 0
        if client_id is None or status < 400 or status in _BUSY:
            return
        if has_no_route(failure):
            failure.add("This version has no service accounts; they came with 7.0 or so. Authenticate with username and password.")
            return
        if status == 401:
            failure.add(_CHECK_CLIENT)
            return
        vendor_words = str(failure).partition(f"HTTP {status}")[2].lower()
        live = self._live_sessions(client_id, bearers)
        if live:
            now = self.now()
            described = "; ".join(one.describe(now) for one in live[:_SHOWN]) + ("; ..." if len(live) > _SHOWN else "")
            failure.add(f"The account has {len(live)} sessions: {described}.", sessions=[one.as_result(now) for one in live])
        # How an eleventh session is refused is not published, nor how a wrong secret is.
        full = "session" in vendor_words or len(live or ()) >= _CLIENT_LIMIT
        failure.no_place = full and status < 500
        if not full and status < 500:
            failure.add(_CHECK_CLIENT)
        if full or live is None:
            failure.add(
                f"{'A' if full else 'Or all slots are taken: a'} service account may have ten sessions at once (Rubrik's support can "
                "raise that), and one that is not ended keeps its slot for 24 hours. End old ones as an administrator with "
                "latchkey.tokens.session_revoke: "
                f"{{platform: rubrik_cdm, target: account, account: '{client_id}', older_than: 1h}}."
            )

    def _live_sessions(self, client_id: str, bearers: Sequence[str]) -> list[Credential] | None:
        """Return the live sessions of a service account, asked with the first of these tokens that works; None where none does."""
        self.http.hide(*bearers)
        for bearer in bearers:
            read = read_bearer(bearer)
            managed = managed_user(client_id, read.issuer) if is_managed(client_id) and read.issuer else None
            user = bare_user(client_id) or (read.subject if read.client == client_id else managed)
            if user is None:
                continue
            try:
                listed = self._sessions(client_account(client_id, user), authorization=f"Bearer {bearer}")
            except RequestError:
                continue
            if listed is not None:
                return [one for one in listed if one.is_live(self.now())]
        return None

    # Looking at one

    def inspect_token(self, secret: str) -> Credential | None:
        self.http.hide(secret)
        bearer = read_bearer(secret)
        by_name = bool(self.connection.auth.username) and not bearer.client  # then a name is what it is compared with
        try:
            found = self._seen_by_itself(secret)
            account = found.account if found and not by_name else self.caller(secret).account
        except AuthenticationError:
            return None
        if bearer.client:
            account = client_account(bearer.client, user_of(account))
        found = found or Credential(bearer.session or "", account, kind=SESSION)
        expires_at = found.expires_at
        if expires_at is None and bearer.issued_at and found.kind == SESSION and not by_name:
            expires_at = bearer.issued_at + CLIENT_LIFE
        return replace(found, account=account, expires_at=expires_at)

    def _seen_by_itself(self, secret: str) -> Credential | None:
        """Return what the list of sessions tells of a token, asked with it; None where it does not tell."""
        bearer = read_bearer(secret)
        if not bearer.user or not bearer.session:
            return None
        try:
            listed = self._sessions(user_account(bearer.user), authorization=f"Bearer {secret}")
        except AuthenticationError:
            raise
        except RequestError as failure:
            if not was_refused(failure):
                raise
            listed = None
        return next((one for one in listed or () if one.id == bearer.session), None)


def _credential(answer: Answer, account: Account, value: dict[str, Any]) -> Credential:
    tag = value.get("tag")
    tag = tag if isinstance(tag, str) and tag else None
    return Credential(
        id=id_field(answer, value, "id"),
        account=account,
        created_at=instant_field(answer, value, "creationTime"),
        expires_at=instant_field(answer, value, "expirationTime"),
        # Vendor's client: log-ins have the type Web. Which other types there are is not published.
        kind=API_TOKEN if tag and value.get("sessionType") != "Web" else SESSION,
        tag=tag,
        last_used_at=instant_field(answer, value, "lastUsageTime"),
    )
