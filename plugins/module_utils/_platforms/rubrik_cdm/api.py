# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all calls of Rubrik CDM's API share: log-in and log-out, lists in pages, versions, error bodies. Private to this collection."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..._common.errors import AuthenticationError, ForbiddenError, RequestError, UnsupportedError
from ..._common.model import Account
from ..._connection import Connection
from ..._http.client import OWN, Answer
from ..base import Platform, Probed
from ..fields import id_field
from ..pages import PageCount
from .ids import USER, read_bearer, user_account, user_of
from .login import OpenedSession, open_session

NO_ROUTE = "Route not defined."  # vendor's client: what a path gets that this version does not have
ME = "/api/internal/user/me"
_PAGE = "100"
KEEPS_SLOT = (
    "On CDM 8.0 a service account without the Administrator role may not end its own session, "
    "so it keeps one of the account's ten slots until its 24 hours are over."
)  # vendor docs


class CdmApi(Platform):
    """The base of the platform; what it offers is in the classes built on it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _vendor_words)
        if connection.auth.token:
            self.http.authorization = f"Bearer {connection.auth.token}"
        self._session: OpenedSession | None = None  # the task's own, which ends with it
        self._by_cookie: Mapping[str, str] | None = None  # what is sent in place of its bearer
        self._bearer_works = False  # seen a request with it succeed
        self._version_seen: str | None = None

    # One request

    def _call(self, operation: str, method: str, path: str, **how: Any) -> Answer:
        """Send a request as the caller, logging in first where the caller came without a token."""
        if how.get("authorization", OWN) is OWN:
            self._log_in()
        return self._send(operation, method, path, **how)

    def _send(self, operation: str, method: str, path: str, **how: Any) -> Answer:
        """Send a request; with the log-in's cookie in place of its bearer, once the cluster has shown that it wants that.

        A refusal changes nothing, so sending it once more in the other way is safe.
        """
        if how.get("authorization", OWN) is not OWN:
            return self.http.request(operation, method, path, **how)
        if self._by_cookie:
            return self._send_by_cookie(self._by_cookie, operation, method, path, **how)
        other = self._session.by_cookie if self._session and not self._bearer_works else None
        if other is None:
            return self.http.request(operation, method, path, **how)
        with contextlib.suppress(AuthenticationError, ForbiddenError):
            answer = self.http.request(operation, method, path, **how)
            if answer.status not in (401, 403):
                self._bearer_works = True
                return answer
        answer = self._send_by_cookie(other, operation, method, path, **how)
        if answer.status not in (401, 403):
            self._by_cookie = other
            self.warn(
                f"{self.title} at {self.http.endpoint.url} takes the cookie of a log-in with username and password in place of its token: "
                "what access_token returns for such a log-in is of no use as a bearer there. Use a service account for that."
            )
        return answer

    def _send_by_cookie(self, cookie: Mapping[str, str], operation: str, method: str, path: str, **how: Any) -> Answer:
        headers = {**(how.pop("headers", None) or {}), **cookie}
        return self.http.request(operation, method, path, **{**how, "authorization": None, "headers": headers})

    def _log_in(self) -> None:
        if self.http.authorization is not None:
            return
        self.before_session()
        try:
            self._session = open_session(self.http, self.connection)
        except RequestError as failure:
            self.explain_refused_mint(failure, ())
            raise
        self.http.authorization = f"Bearer {self._session.token}"
        self.on_session(self._session.token, self._session.id)

    def log_out(self) -> None:
        if self._session is None:
            return
        try:
            self._end_session()
        except AuthenticationError:  # it is gone already
            pass
        except RequestError as left:
            self.warn(f"The session that this task opened could not be ended; it stays until it expires. {left}")
        finally:
            self._session = None

    def _end_session(self) -> bool:
        """End the session of the bearer in use. False, and a warning, when that is not allowed, or did not happen."""
        answer = self._send("log out", "DELETE", "/api/v1/session/me", repeatable=True, accept=(403, 404))
        # A 404 may come from something in between, too; a bearer that is taken no more is proof.
        if answer.status == 403 or (answer.status == 404 and not self._is_refused()):
            self.warn(f"{self.title} at {self.http.endpoint.url} did not let the session end (HTTP {answer.status}). {KEEPS_SLOT}")
            return False
        return True

    def _is_refused(self) -> bool:
        """Tell whether the bearer in use is taken no more."""
        return self._send("see whether the session ended", "GET", ME, accept=range(100, 600)).status == 401

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        return Probed.of(self._call(f"probe {path}", method, path, body=body, accept=range(100, 600)))

    def _explained(self, failure: RequestError) -> RequestError:
        """Return what a refused request that only those who logged in may send is to be reported as.

        A real cluster answers a blocked token with "Request needs authentication!", so with HTTP 401 it seems
        (rubrik-sdk-for-powershell, issue 824); that token is alive.
        """
        if not isinstance(failure, AuthenticationError) or not self.connection.auth.token:
            return failure
        seen = self._send("see whether the token works", "GET", ME, accept=range(100, 600))
        if seen.status != 403 and seen.status >= 400:
            return failure
        operation = failure.details["operation"]
        return ForbiddenError(
            f"{self.title} at {self.http.endpoint.url}: cannot {operation}: the token works, but tokens are blocked for this (HTTP 401).",
            platform=self.name,
            endpoint=self.http.endpoint.url,
            operation=str(operation),
            status=failure.status,
        )

    # Whose session is in use

    def _myself(self) -> Account:
        """Return whose session is in use; asks the cluster only where neither the token nor the log-in tells."""
        auth = self.connection.auth
        if auth.token:
            bearer = read_bearer(auth.token)
            return user_account(bearer.user) if bearer.user else self.caller().account
        self._log_in()
        if self._session and self._session.user:
            return user_account(USER + self._session.user, auth.username or "")
        return self.caller().account

    def _user(self, account: Account) -> str:
        """Return the id that session calls want. Raises UnsupportedError where an account is known by another id only."""
        user = user_of(account)
        if user is None:
            raise UnsupportedError(
                f"{self.title} at {self.http.endpoint.url} does not tell which user {account} is.",
                "Name the account by its name on the cluster, or by its id User:::....",
            )
        return user

    # Lists

    def _items(self, operation: str, path: str, params: dict[str, str], **how: Any) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Yield the items of all pages. How large a page may be is not published, and hasMore and total may be missing."""
        seen: set[str] = set()
        pages = PageCount()
        while True:
            answer = self._call(operation, "GET", path, params={**params, "limit": _PAGE, "offset": str(len(seen))}, **how)
            pages.add(answer)
            new = [one for one in objects(answer, answer.json()) if str(one) not in seen]
            seen |= {str(one) for one in new}
            for one in new:
                yield answer, one
            page = answer.json()
            if not new and is_part(page, len(seen)):
                self.incomplete = True  # it promises more, and gives none
            if not new or not isinstance(page, dict) or page.get("hasMore") is False:
                return
            total = page.get("total")
            if page.get("hasMore") is None and isinstance(total, int) and len(seen) >= total:
                return

    def _entries(self, answer: Answer) -> list[dict[str, Any]]:
        """Return the entries of a list that is asked for in one piece, and note whether it is a part only."""
        page = answer.json()
        found = objects(answer, page)
        if is_part(page, len(found)):
            self.incomplete = True
        return found

    # Versions

    def _version_text(self) -> str:
        """Return the version in numbers, such as 8.0.1; empty when it cannot be made out. Needs no log-in (vendor's client)."""
        if self._version_seen is None:
            answer = self.http.request("read the version", "GET", "/api/v1/cluster/me/version", authorization=None)
            found = re.match(r"\d{1,6}(\.\d{1,6})+", str(answer.json_object().get("version")))
            self._version_seen = found.group() if found else ""
        return self._version_seen

    def _version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self._version_text().split(".") if part)

    def _require_local(self, what: str, instead: str) -> None:
        """Refuse to make local credentials where there are none any more, and warn where they are on their way out.

        From 9.5.1 there are none, and from 9.4 on they are deprecated (a community tool's notes of Rubrik's upgrade checks).
        """
        version = self._version()
        place = f"{self.title} {self._version_text()} at {self.http.endpoint.url}"
        if version >= (9, 5, 1):
            raise UnsupportedError(f"{place} has no local {what} any more.", instead)
        if version >= (9, 4):
            self.warn(f"{place}: local {what} are deprecated, and the upgrade to 9.5.1 is blocked while there are any. {instead}")

    def _older(self, what: str, hint: str = "") -> UnsupportedError:
        """Return the error for a path that this version does not have."""
        return UnsupportedError(f"{self.title} {self._version_text()} at {self.http.endpoint.url} {what}.", hint)


def objects(answer: Answer, value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects of a list, which may be bare or under ``data``."""
    found = value.get("data") if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise answer.strange("it is not a list of JSON objects")
    return found


def is_part(page: Any, shown: int) -> bool:
    """Tell whether a list says that it has more than so many entries; hasMore and total may be missing."""
    if not isinstance(page, dict):
        return False
    more, total = page.get("hasMore"), page.get("total")
    return more is True or (more is not False and isinstance(total, int) and total > shown)


def any_id_field(answer: Answer, value: dict[str, Any], *keys: str) -> str:
    """Return an id whose key no public source tells, from the first of these keys that is there."""
    return id_field(answer, value, next((key for key in keys if value.get(key)), keys[0]))


def has_no_route(refusal: RequestError | Answer) -> bool:
    """Tell whether a refusal means that this version does not have the path, or not with this method."""
    words = refusal.words() if isinstance(refusal, Answer) else str(refusal)
    return refusal.status == 405 or (refusal.status == 404 and NO_ROUTE in words)


def was_refused(failure: RequestError) -> bool:
    """Tell whether the cluster said no, rather than failed."""
    return failure.status is not None and 400 <= failure.status < 500


def _vendor_words(value: Any) -> str:
    """Return message, or else errorType, of an error body ``{"errorType", "message", "cause"}``; each may be missing (vendor's clients)."""
    if not isinstance(value, dict):
        return ""
    return next((str(value[key]) for key in ("message", "errorType") if isinstance(value.get(key), str) and value[key]), "")
