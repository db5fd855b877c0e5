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
import ssl
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ._endpoint import Endpoint
from ._errors import (
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
from ._http_body import packed_pieces, unpacker
from ._http_clock import clock_offset, http_date
from ._http_deadline import DeadlineAdapter
from ._http_json import StrangeJsonError, strict_json
from ._http_no_answer import never_reached, why_no_answer
from ._one_line import one_line
from ._request_places import NoPlaceError, RequestPlaces
from ._secrets import redact
from ._times import utc_now

try:
    import requests
    import urllib3
    from urllib3.exceptions import HTTPError, InsecureRequestWarning
except ImportError:
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

_REPEATABLE_METHODS = frozenset(("GET", "HEAD"))
_BUSY_STATUSES = frozenset((429, 502, 503, 504))
_ATTEMPTS = 4
_LONGEST_PAUSE = 30.0  # seconds; a Retry-After beyond it is not waited for
_LARGEST_BODY = 32 * 1024 * 1024  # bytes
OWN = "the client's own"  # stands for the Authorization header of the client itself
_PATIENCE = 10  # time-outs that a request waits for its turn
_WORDS = 400  # characters of a vendor's own words that go into an error
_READ_FOR_WORDS = 20_000  # characters of an error body that are looked through for them
# Where the systems that Ansible controllers run on keep their trusted certificates, when OpenSSL itself points nowhere.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers with lower-case names, and the body as text."""

    operation: str
    status: int
    headers: Mapping[str, str]
    text: str
    where: HttpClient

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

    def refusal(self, status: int, words: str, hint: str | None = None) -> RequestError:
        """Return the error for a refusal that the body tells, whatever the HTTP status; to be raised by whoever reads it.

        Args:
            status: the HTTP status that says what kind of refusal it is.
            words: the vendor's own; secrets in them are masked.
            hint: what to do; None for what is usual for the status.
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
            may_have_acted=status >= 500,
        )

    def strange(self, what: str) -> AnswerError:
        """Return the error for an answer that makes no sense, to be raised by whoever reads it."""
        return AnswerError(
            self.where.without_secrets(
                f"{self.where.name} at {self.where.endpoint.url}: cannot {self.operation}: "
                f"HTTP {self.status} came with a strange answer, {what}."
            ),
            "Check that the endpoint is the platform's API and not a proxy or another product.",
            platform=self.where.platform,
            endpoint=self.where.endpoint.url,
            operation=self.operation,
            status=self.status,
            may_have_acted=True,
        )


class HttpClient:
    """One HTTPS session with one appliance.

    Args:
        platform: the platform's name in options.
        name: the product's name for people.
        endpoint: where it is.
        validate_certs: False switches TLS verification off.
        ca_path: PEM file or folder of the certificates to trust instead of the system's.
        timeout: seconds to wait for the connection, and again for each part of the answer.
        vendor_words: takes an error body's JSON value, returns the vendor's own words or an empty string.
        max_parallel_requests: how many requests at a time the appliance may get from this user on this machine; None for any number.

    Raises:
        LatchkeyError: the Python library requests is not there.
        OptionError: ca_path names nothing.
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
            raise OptionError(f"ca_path: there is no '{ca_path}'.", "Name a PEM file with the certificates to trust, or a folder of them.")
        self.platform = platform
        self.name = name
        self.endpoint = endpoint
        self.authorization: str | None = None
        self._timeout = timeout
        self._vendor_words = vendor_words
        self._secrets: set[str] = set()
        self._ahead = timedelta()  # the appliance's clock, of ours
        self._verify: bool | str = (ca_path or _system_trust()) if validate_certs else False
        if self._verify is False:
            urllib3.disable_warnings(InsecureRequestWarning)  # said once, by switching it off, is enough
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
        """Mask these strings in every error of this client from now on."""
        self._secrets |= {value for value in secret_values if value}

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
            repeatable: True when sending it twice does no harm; reading is, the rest only when said so.
            accept: statuses to return like a success, besides 2xx.
            refused_for_now: tells of an answer that nothing was done and the request is worth repeating, whatever its method.

        Raises:
            ConnectionFailedError: there was no answer.
            AuthenticationError, ForbiddenError, NotFoundError, ConflictError, AnswerError, RequestError: it was no success.
        """
        exchange = _Exchange(operation, method, path, method in _REPEATABLE_METHODS if repeatable is None else repeatable)
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                with self._turn(exchange):
                    answer = self._send(exchange, params, body, headers, self.authorization if authorization is OWN else authorization)
            except requests.RequestException as failure:
                if last or not self._worth_repeating(failure, exchange):
                    raise self._no_answer(failure, exchange) from None
                pause = _back_off(attempt)
            else:
                again = not last and refused_for_now(answer)
                if not again and (200 <= answer.status < 300 or answer.status in accept):
                    return answer
                pause = _pause_asked_for(answer, attempt)
                if again:
                    pause = min(pause, _LONGEST_PAUSE)
                elif last or not exchange.repeatable or answer.status not in _BUSY_STATUSES or pause > _LONGEST_PAUSE:
                    raise self._refused(answer, exchange)
            time.sleep(pause)
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def _turn(self, exchange: _Exchange) -> Iterator[None]:
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
        return exchange.repeatable or never_reached(failure)

    def _place(self, exchange: _Exchange) -> str:
        return f"{self.name} at {self.endpoint.url}: cannot {exchange.operation}"

    def _facts(self, exchange: _Exchange, status: int | None) -> dict[str, Any]:
        return {"platform": self.platform, "endpoint": self.endpoint.url, "operation": exchange.operation, "status": status}

    def _no_answer(self, failure: Exception, exchange: _Exchange) -> ConnectionFailedError:
        why, hint = why_no_answer(failure, self._timeout)
        acted = not exchange.repeatable and not never_reached(failure) and not isinstance(failure, requests.exceptions.SSLError)
        if acted:
            why += f"; whether {exchange.method} {exchange.path} took effect is not known, so it was not sent again"
        return ConnectionFailedError(
            self.without_secrets(f"{self._place(exchange)}: {why}."), hint, **self._facts(exchange, None), may_have_acted=acted
        )

    def _refused(self, answer: Answer, exchange: _Exchange) -> RequestError:
        words = self.words(answer)
        message = f"{self._place(exchange)}: {exchange.method} {exchange.path} was answered with HTTP {answer.status}"
        message = self.without_secrets(message) + (f": {words}" if words else " and no words")
        kind, hint = _KINDS.get(answer.status, (RequestError, ""))
        if 300 <= answer.status < 400:
            kind, hint = AnswerError, "Redirects are not followed; set endpoint to where the API really is."
        elif answer.status in _BUSY_STATUSES:
            hint = "The appliance, or something in front of it, is busy or down; run again later."
        return kind(
            message if message.endswith((".", "!", "?")) else message + ".",
            hint,
            **self._facts(exchange, answer.status),
            may_have_acted=answer.status >= 500,
        )

    def words(self, answer: Answer) -> str:
        """Return the vendor's own words in an error body that may be JSON, text, HTML, empty or cut off; secrets are masked."""
        text = answer.text.strip()
        try:
            value = json.loads(text) if text else None
            words = self._vendor_words(value) or (value if isinstance(value, str) else "")
        except (ValueError, RecursionError):
            words = self.without_secrets(text)[:_READ_FOR_WORDS]  # secrets first: half of one that is cut off would not be known
            if "<" in words and ("html" in answer.headers.get("content-type", "") or words[:1] == "<"):
                words = re.sub(r"(?is)<(script|style|head)\b.*?(</\1\s*>|$)|<[^<>]*>", " ", words)
                words = html.unescape(words)
        return self.masked(words)

    def masked(self, words: str) -> str:
        """Return a vendor's words on one line, not too long, with secrets masked."""
        return one_line(self.without_secrets(words)[:_READ_FOR_WORDS], _WORDS)

    def without_secrets(self, text: str) -> str:
        """Return a text with this client's secrets masked; a name in it may be the server's, which knows them."""
        return redact(text, self._secrets)


@dataclass(frozen=True)
class _Exchange:
    operation: str
    method: str
    path: str
    repeatable: bool


_KINDS: dict[int, tuple[type[RequestError], str]] = {
    401: (AuthenticationError, "The credential is wrong, expired, disabled or revoked."),
    403: (ForbiddenError, "The calling account lacks a right for this."),
    404: (NotFoundError, ""),
    409: (ConflictError, ""),
    412: (ConflictError, "Someone else changed it in the meantime; run again."),
}


def _system_trust() -> bool | str:
    """Return the system's trusted certificates; requests alone would take those that certifi brings."""
    paths = ssl.get_default_verify_paths()  # heeds SSL_CERT_FILE and SSL_CERT_DIR
    candidates = (os.environ.get("REQUESTS_CA_BUNDLE"), paths.cafile, *_SYSTEM_BUNDLES, paths.capath)
    return next((path for path in candidates if path and os.path.exists(path)), True)


def _back_off(attempt: int) -> float:
    return random.uniform(0.5, 1.0) * 0.25 * 2**attempt  # noqa: S311  (jitter, not secrecy)


def _pause_asked_for(answer: Answer, attempt: int) -> float:
    """Return the seconds to wait: those that Retry-After asks for, as a number or as an HTTP date, else our own back-off."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked)
    until = http_date(asked)
    return _back_off(attempt) if until is None else max(0.0, (until - utc_now()).total_seconds())
