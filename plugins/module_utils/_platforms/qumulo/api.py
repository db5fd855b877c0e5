# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all calls of Qumulo Core's API share: log-in, lists in pages, versions, deletions, error bodies. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..._common.errors import RequestError, UnsupportedError
from ..._connection import Connection
from ..._http.client import OWN, Answer
from ..base import Platform, Probed
from ..fields import bearer_field
from ..pages import PageCount

_LINK = re.compile(r"/(?!/)[!-~]*")  # a path and a query, and no host; anything else than visible ASCII is quoted in it
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6})+$")
_LONGEST_VERSION = 64  # characters of a revision that are looked through for it, from its end


class QumuloApi(Platform):
    """The base of the platform; what it offers is in the classes built on it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _vendor_words)
        if connection.auth.token:
            self.http.authorization = f"Bearer {connection.auth.token}"
        self._modern = False  # seen a field that only Core 5.3.3 or later sends

    def _call(self, operation: str, method: str, path: str, **how: Any) -> Answer:
        """Send a request as the caller, logging in first where the caller came with a password."""
        if self.http.authorization is None and how.get("authorization", OWN) is OWN:
            self.http.authorization = f"Bearer {self._log_in()}"
        return self.http.request(operation, method, path, **how)

    def _log_in(self) -> str:
        auth = self.connection.auth
        body = {"username": auth.username, "password": auth.password}
        login = self.http.request("log in", "POST", "/v1/session/login", body=body, authorization=None)
        return bearer_field(login, login.json_object(), "bearer_token")

    def _pages(self, operation: str, path: str, params: dict[str, str] | None = None) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Follow ``paging.next``, a path with query, until it is null or empty; never to another host, never in a circle or for ever."""
        seen, pages = {path}, PageCount()
        answer = self._call(operation, "GET", path, params=params)
        while True:
            pages.add(answer)
            page = answer.json_object()
            yield answer, page
            paging = page.get("paging")
            following = paging.get("next") if isinstance(paging, dict) else None
            if not following:
                return
            if not isinstance(following, str) or not _LINK.fullmatch(following) or following in seen:
                raise answer.strange("the link to the next page leads somewhere else")
            seen.add(following)
            answer = self._call(operation, "GET", following)

    def _version(self) -> tuple[int, ...]:
        answer = self._call("read the version", "GET", "/v1/version", authorization=None)
        found = _VERSION.search(str(answer.json_object().get("revision_id")).rstrip()[-_LONGEST_VERSION:])
        return tuple(int(part) for part in found.group().split(".")) if found else ()

    def _require_version(self, least: tuple[int, ...], what: str) -> None:
        """Refuse what older versions would quietly ignore. Asks only when no answer has shown a recent version yet."""
        if self._modern:
            return
        version = self._version()
        if version and version < least:
            raise UnsupportedError(
                f"{self.title} {'.'.join(map(str, version))} at {self.http.endpoint.url} has no {what}.",
                f"They came with {'.'.join(map(str, least))}; upgrade the cluster or leave the option out.",
            )
        self._modern = True

    def _delete(self, operation: str, path: str, is_gone: Callable[[], bool]) -> bool:
        """Delete what may be gone already; False then. It counts as gone only once reading says so: a refusal may look like a 404."""
        try:
            self._call(operation, "DELETE", path, repeatable=True)
        except RequestError as failure:
            if failure.status not in (400, 403, 404):
                raise
            try:
                gone = is_gone()
            except RequestError:
                gone = False
            if not gone:
                raise
            return False
        return True

    def _is_missing(self, operation: str, path: str) -> bool:
        return self._call(operation, "GET", path, accept=(404,)).status == 404

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        return Probed.of(self._call(f"probe {path}", method, path, body=body, accept=range(100, 600)))


def if_unchanged(answer: Answer) -> dict[str, str]:
    """Return the header for a change of what an answer showed, so that it fails when somebody else has changed that since."""
    etag = answer.headers.get("etag")
    if not etag:
        return {}
    if not etag.isascii() or not etag.isprintable():
        raise answer.strange("the header ETag cannot be sent back")
    return {"If-Match": etag}


def _vendor_words(value: Any) -> str:
    """Return class and description of an error body, with those of the error inside it.

    Body: ``{"module", "error_class", "description", "stack", "user_visible", "inner"?}``, every field optional (vendor's client).
    """
    words: list[str] = []
    while isinstance(value, dict) and len(words) < 3:
        parts = [str(value[key]) for key in ("error_class", "description") if isinstance(value.get(key), str) and value[key]]
        if parts:
            words.append(": ".join(parts))
        value = value.get("inner")
    return "; ".join(words)
