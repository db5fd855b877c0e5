# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that opens a connection: TLS, time-outs, retries, typed errors. Private to this collection.

Knows nothing of any vendor's API: a platform hands in how to read its error bodies.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import random
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .._common.endpoint import Endpoint
from .._common.errors import (
    AnswerError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    NotFoundError,
    OptionError,
    RequestError,
)
from .._common.one_line import one_line
from .._common.secrets import redact, remember, sayable
from .._common.times import utc_now
from .body import packed_pieces, unpacker
from .clock import clock_offset, http_date
from .deadline import DeadlineAdapter, Sending, noted_sending
from .log import silence_library
from .no_answer import causes_of, is_about_tls, never_reached, why_no_answer
from .proxy import is_final, proxy_for, why_not_through
from .slots import NoPlaceError, RequestPlaces
from .strict_json import StrangeJsonError, strict_json
from .trust import how_to_write_it, system_trust, why_unusable

try:
    import requests
    import urllib3
    from urllib3.exceptions import HTTPError, InsecureRequestWarning
except ImportError:
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

_READING_METHODS = frozenset(("GET", "HEAD"))
_BUSY_STATUSES = frozenset((429, 502, 503, 504))
_ATTEMPTS = 4
_LONGEST_PAUSE = 30.0  # seconds; a Retry-After beyond it is not waited for
_LARGEST_BODY = 32 * 1024 * 1024  # bytes
OWN = "the client's own"  # stands for the Authorization header of the client itself
_PATIENCE = 10  # time-outs that a request waits for its turn
_WORDS = 400  # characters of a vendor's own words that go into an error
_READ_FOR_WORDS = 20_000  # characters of an error body that are looked through for them
# Statuses that say that nothing was done, of those that are no success. A time-out (408) and "see other" (303) do not say so.
_NOTHING_DONE = frozenset((*range(400, 500), 300, 301, 302, 304, 305, 307, 308)) - {408}
_LONG_NUMBER = re.compile(r"&#[0-9]{8,}|&#[xX][0-9A-Fa-f]{7,}")  # of no character, and Python refuses to read a very long one


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        operation: what the request was to do, for errors.
        status: the HTTP status.
        headers: with lower-case names.
        text: the body.
        where: the client that asked.
        may_have_acted: whether the server may have done what was asked, as far as HTTP tells: it was a change, and was not refused, or an
            earlier try of the same request got no answer.
        sent_before: whether an earlier try of the same change got no answer, and may still be served.
    """

    operation: str
    status: int
    headers: Mapping[str, str]
    text: str
    where: HttpClient
    may_have_acted: bool = False
    sent_before: bool = False

    def json(self) -> Any:
        """Return the body's JSON value.

        Raises:
            AnswerError: the body is not JSON.
        """
        try:
            return strict_json(self.text)
        except StrangeJsonError as strange:
            raise self.strange(str(strange)) from None

    def json_object(self) -> dict[str, Any]:
        """Return the body's JSON object.

        Raises:
            AnswerError: the body is not a JSON object.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise self.strange("the body is not a JSON object")
        return value

    def words(self) -> str:
        """Return the vendor's own words in an error body, without secrets."""
        return self.where.words(self)

    def refusal(self, status: int, words: str, hint: str | None = None, *, may_have_acted: bool | None = None) -> RequestError:
        """Return the error for a refusal that the body tells, whatever the HTTP status; to be raised by the code that reads it.

        Args:
            status: the HTTP status that says what kind of refusal it is.
            words: the vendor's own; secrets in them are masked.
            hint: what to do; None for what is usual for the status.
            may_have_acted: whether it may have been done all the same, where the body tells; None for what HTTP and the status tell.
        """
        kind, usual = _KINDS.get(status, (RequestError, ""))
        place = self.where.without_secrets(f"{self.where.name} at {self.where.endpoint.url}: cannot {self.operation}")
        said = self.where.masked(words)
        message = f"{place}: it was answered with error {status}" + (f": {said}" if said else " and no words")
        return kind(
            message if message.endswith((".", "!", "?")) else message + ".",
            usual if hint is None else hint,
            platform=self.where.platform,
            endpoint=self.where.endpoint.url,
            operation=self.operation,
            status=status,
            may_have_acted=(self.may_have_acted and status not in _NOTHING_DONE) if may_have_acted is None else may_have_acted,
        )

    def strange(self, what: str) -> AnswerError:
        """Return the error for an answer that makes no sense, to be raised by the code that reads it."""
        return AnswerError(
            self.where.without_secrets(
                f"{self.where.name} at {self.where.endpoint.url}: cannot {self.operation}: "
                f"HTTP {self.status} returned an unexpected response: {what}."
            ),
            "Check that the endpoint is the platform's API and not a proxy or another product.",
            platform=self.where.platform,
            endpoint=self.where.endpoint.url,
            operation=self.operation,
            status=self.status,
            may_have_acted=self.may_have_acted,
        )


class HttpClient:
    """One HTTPS session with one appliance.

    Args:
        platform: the platform's name in options.
        name: the product's name for people.
        endpoint: where it is.
        validate_certs: False switches TLS verification off.
        ca_path: PEM file or directory of the certificates to trust instead of the system's.
        timeout: seconds to wait for the connection, and again for each part of the answer.
        vendor_words: takes an error body's JSON value, returns the vendor's own words or an empty string.
        max_parallel_requests: how many requests at a time the appliance may get from this user on this machine; None for any number.

    Raises:
        LatchkeyError: the Python library requests is not there.
        OptionError: ca_path names nothing, or what has no certificates in it.
    """

    def __init__(
        self,
        *,
        platform: str,
        name: str,
        endpoint: Endpoint,
        validate_certs: bool,
        ca_path: str | None,
        timeout: float,
        vendor_words: Callable[[Any], str],
        max_parallel_requests: int | None = None,
    ) -> None:
        if not HAS_REQUESTS:
            raise LatchkeyError(
                f"The Python library requests is not installed for {sys.executable}.",
                "Install it there, for example with pip install requests.",
            )
        if ca_path and not os.path.exists(ca_path):
            raise OptionError(
                f"ca_path: there is no '{ca_path}'.", "Name a PEM file with the certificates to trust, or a directory of them."
            )
        unusable = why_unusable(ca_path, at_a_glance=True) if ca_path and validate_certs else ""
        if ca_path and unusable:
            raise OptionError(f"ca_path: '{ca_path}' cannot be used, since {unusable}.", how_to_write_it(ca_path))
        self.platform = platform
        self.name = name
        self.endpoint = endpoint
        self.authorization: str | None = None
        self._timeout = timeout
        self._vendor_words = vendor_words
        self._ahead = timedelta()  # the appliance's clock, of ours
        self._verify: bool | str = (ca_path or system_trust()) if validate_certs else False
        if self._verify is False:
            urllib3.disable_warnings(InsecureRequestWarning)  # said once, by switching it off, is enough
        silence_library()
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "latchkey.tokens", "Accept-Encoding": "gzip"})
        # Plain http is for this machine only: a proxy elsewhere must not get what it carries.
        self._session.trust_env = not endpoint.url.startswith("http:")
        # Redirects are not followed, but requests would read the whole body of one, however large, and trip over a strange link.
        self._session.get_redirect_target = lambda _response: None  # type: ignore[method-assign, assignment]
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, DeadlineAdapter())
        self._places: RequestPlaces | None = None
        if max_parallel_requests is not None:
            self._places = RequestPlaces(urlsplit(endpoint.url).netloc, max_parallel_requests, _PATIENCE * timeout)

    def hide(self, *secret_values: str | None) -> None:
        """Mask these strings from now on in every message, of this client and of all others."""
        remember(*secret_values)

    def now(self) -> datetime:
        """Return the time by the appliance's clock, in UTC: ours, corrected by what its latest answer told."""
        return utc_now() + self._ahead

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        authorization: str | None = OWN,
        repeatable: bool | None = None,
        reads: bool | None = None,
        accept: Collection[int] = (),
        refused_for_now: Callable[[Answer], bool] = lambda _answer: False,
    ) -> Answer:
        """Send one request and return its answer.

        Args:
            operation: what it does, for the error: "list access tokens".
            method, path: as in HTTP; the path begins with a slash and is already quoted.
            params: query parameters.
            body: a JSON value; None sends no body.
            headers: further headers.
            authorization: the Authorization header; the client's own when not given, none when None.
            repeatable: True when sending it twice does no harm; reading does none, the rest only when said so.
            reads: True when it changes nothing; GET does not, the rest only when said so.
            accept: statuses to return like a success, besides 2xx.
            refused_for_now: tells of an answer that nothing was done and the request is worth repeating, whatever its method.

        Raises:
            ConnectionFailedError: there was no answer.
            AuthenticationError, ForbiddenError, NotFoundError, ConflictError, AnswerError, RequestError: it was no success.
        """
        reading = method in _READING_METHODS if reads is None else reads
        exchange = _Exchange(operation, method, path, reading if repeatable is None else repeatable, not reading)
        in_doubt = False  # whether an earlier try may have done it
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            sending = Sending()
            try:
                with self._turn(exchange, in_doubt), noted_sending() as sending:
                    answer = self._send(exchange, params, body, headers, self.authorization if authorization is OWN else authorization)
            except requests.RequestException as failure:
                in_doubt = in_doubt or (exchange.changes and _was_sent(failure, sending))
                if last or not self._worth_repeating(failure, exchange):
                    raise self._no_answer(failure, exchange, sending, in_doubt) from None
                pause = _back_off(attempt)
            else:
                acted = exchange.changes and (in_doubt or answer.status not in _NOTHING_DONE)
                answer = replace(answer, may_have_acted=acted, sent_before=in_doubt)
                again = not last and refused_for_now(answer)
                if not again and (200 <= answer.status < 300 or answer.status in accept):
                    return answer
                pause = _pause_asked_for(answer, attempt)
                if again:
                    pause = min(pause, _LONGEST_PAUSE)
                elif last or not exchange.repeatable or answer.status not in _BUSY_STATUSES or pause > _LONGEST_PAUSE:
                    raise self._refused(answer, exchange)
                elif exchange.changes:
                    in_doubt = answer.may_have_acted
            time.sleep(pause)
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def _turn(self, exchange: _Exchange, in_doubt: bool) -> Iterator[None]:
        """Wait until the appliance may get one more request; it counts until the block ends."""
        with contextlib.ExitStack() as held:
            if self._places is not None:
                try:
                    held.enter_context(self._places.one())
                except NoPlaceError:
                    raise ConnectionFailedError(
                        f"{self._place(exchange)}: for {_PATIENCE * self._timeout:g} s other tasks sent it all the requests that it may "
                        "get at a time, so this one was not sent.",
                        "Run with fewer forks, or raise max_parallel_requests.",
                        **self._facts(exchange, None),
                        may_have_acted=in_doubt,
                    ) from None
            yield

    def _send(
        self,
        exchange: _Exchange,
        params: Mapping[str, str] | None,
        body: Any,
        headers: Mapping[str, str] | None,
        authorization: str | None,
    ) -> Answer:
        """Send once. The whole answer must come within twice the time-out, however slowly it trickles."""

        def authorize(prepared: Any) -> Any:
            # As a callable, so that a netrc entry for the host cannot replace it.
            if authorization:
                prepared.headers["Authorization"] = authorization
            return prepared

        if authorization:
            remember(authorization.partition(" ")[2])
        deadline = time.monotonic() + 2 * self._timeout
        sent_at = utc_now()
        try:
            response = self._session.request(
                exchange.method,
                self.endpoint.url + exchange.path,
                params=params,
                json=body,
                headers=dict(headers or {}),
                auth=authorize,
                timeout=(self._timeout, self._timeout),
                verify=self._verify,
                allow_redirects=False,  # a redirect could carry the Authorization header elsewhere
                stream=True,
            )
        except (HTTPError, UnicodeError) as failure:  # requests lets some through, which headers that make no sense cause
            raise requests.exceptions.ContentDecodingError from failure
        with response:
            received_at = utc_now()  # the head; the body may take its time
            self._session.cookies.clear()
            unpack = unpacker(response.headers.get("Content-Encoding"))
            received = bytearray()
            for piece in packed_pieces(response):
                received += unpack(piece, _LARGEST_BODY + 1 - len(received))
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout("the answer did not end in time")
                if len(received) > _LARGEST_BODY:
                    raise requests.exceptions.ContentDecodingError("the answer is larger than 32 MiB")
            answer = Answer(
                exchange.operation,
                response.status_code,
                {key.lower(): value for key, value in response.headers.items()},
                received.decode("utf-8", "replace"),
                self,
            )
        self._note_date(answer, sent_at, received_at)
        return answer

    def _note_date(self, answer: Answer, sent_at: datetime, received_at: datetime) -> None:
        """Note what an answer tells about the appliance's clock.

        Refusals do not count, since they may come from a proxy in front of it, and neither does what a cache kept.
        """
        if 200 <= answer.status < 300 and "age" not in answer.headers:
            ahead = clock_offset(answer.headers.get("date"), sent_at, received_at)
            self._ahead = self._ahead if ahead is None else ahead

    @staticmethod
    def _worth_repeating(failure: Exception, exchange: _Exchange) -> bool:
        if isinstance(failure, (requests.exceptions.SSLError, requests.exceptions.ContentDecodingError, ValueError)):
            return False
        if is_final(failure):
            return False
        return exchange.repeatable or never_reached(failure)

    def _place(self, exchange: _Exchange) -> str:
        return f"{self.name} at {self.endpoint.url}: cannot {exchange.operation}"

    def _facts(self, exchange: _Exchange, status: int | None) -> dict[str, Any]:
        return {"platform": self.platform, "endpoint": self.endpoint.url, "operation": exchange.operation, "status": status}

    def _no_answer(self, failure: Exception, exchange: _Exchange, sending: Sending, in_doubt: bool) -> ConnectionFailedError:
        why, hint = self._why_no_answer(failure, sending)
        if in_doubt:
            what = f"{exchange.method} {exchange.path}"
            again = "" if exchange.repeatable else ", so it was not sent again"
            why += f"; whether {what} took effect is not known{again}"
        return ConnectionFailedError(f"{self._place(exchange)}: {why}.", hint, **self._facts(exchange, None), may_have_acted=in_doubt)

    def _why_no_answer(self, failure: Exception, sending: Sending) -> tuple[str, str]:
        causes = causes_of(failure)
        if not sending.begun:
            proxy = proxy_for(self.endpoint.url) if self._session.trust_env else None
            if proxy and not is_about_tls(causes):
                return why_not_through(proxy, failure, causes, self._timeout, sys.executable)
            unusable = why_unusable(self._verify) if isinstance(self._verify, str) and is_about_tls(causes) else ""
            if unusable:  # what the system or the environment names; ca_path was looked at before
                return f"the trusted certificates in '{self._verify}' cannot be used, since {unusable}", how_to_write_it(str(self._verify))
        return why_no_answer(failure, self._timeout)

    def _refused(self, answer: Answer, exchange: _Exchange) -> RequestError:
        words = self.words(answer)
        message = f"{self._place(exchange)}: {exchange.method} {exchange.path} was answered with HTTP {answer.status}"
        message += f": {words}" if words else " and no words"
        kind, hint = _KINDS.get(answer.status, (RequestError, ""))
        if 300 <= answer.status < 400:
            kind, hint = AnswerError, "Redirects are not followed; set endpoint to where the API really is."
        elif answer.status in _BUSY_STATUSES:
            hint = "The appliance, or something in front of it, is busy or down; run again later."
        return kind(
            message if message.endswith((".", "!", "?")) else message + ".",
            hint,
            **self._facts(exchange, answer.status),
            may_have_acted=answer.may_have_acted,
        )

    def words(self, answer: Answer) -> str:
        """Return the vendor's own words in an error body that may be JSON, text, HTML, empty or cut off; secrets are masked."""
        text = answer.text.strip()
        try:
            value = json.loads(text) if text else None
            words = self._vendor_words(value) or (value if isinstance(value, str) else "")
        except (ValueError, RecursionError):
            words = self.without_secrets(text[:_READ_FOR_WORDS])  # secrets first: one may look like a tag
            if "<" in words and ("html" in answer.headers.get("content-type", "") or words[:1] == "<"):
                words = re.sub(r"(?is)<(script|style|head)\b.*?(</\1\s*>|$)|<[^<>]*>", " ", words)
                words = html.unescape(_LONG_NUMBER.sub(" ", words))
        return self.masked(words)

    def masked(self, words: str) -> str:
        """Return a vendor's words on one line, not too long, with secrets masked: those that are known, and what looks like one."""
        return one_line(sayable(words[:_READ_FOR_WORDS]), _WORDS)

    def without_secrets(self, text: str) -> str:
        """Return a text with all known secrets masked; a name in it may be the server's, which knows them."""
        return redact(text)


@dataclass(frozen=True)
class _Exchange:
    operation: str
    method: str
    path: str
    repeatable: bool
    changes: bool


_KINDS: dict[int, tuple[type[RequestError], str]] = {
    401: (AuthenticationError, "The credential is wrong, expired, disabled or revoked: replace it with one that works."),
    403: (ForbiddenError, "The calling account is not permitted to do this: ask an administrator for the right."),
    404: (NotFoundError, "Check endpoint, and that the platform's version has this."),
    409: (ConflictError, "Look at what is there, and run again."),
    412: (ConflictError, "It was changed in the meantime; run again."),
}


def _was_sent(failure: Exception, sending: Sending) -> bool:
    """Tell whether a request that got no answer may have reached the server."""
    return sending.begun if sending.entered else not never_reached(failure)


def _back_off(attempt: int) -> float:
    return random.uniform(0.5, 1.0) * 0.25 * 2**attempt  # noqa: S311  (jitter, not secrecy)


def _pause_asked_for(answer: Answer, attempt: int) -> float:
    """Return the seconds to wait: those that Retry-After asks for, as a number or as an HTTP date, else our own back-off."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked)
    until = http_date(asked)
    return _back_off(attempt) if until is None else max(0.0, (until - utc_now()).total_seconds())
