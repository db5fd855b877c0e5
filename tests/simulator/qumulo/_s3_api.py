# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 API on a port of its own: ListBuckets, for requests whose AWS Signature Version 4 is right.

Written from Amazon's documentation of the signature, and on purpose without a line of the collection's own signer.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from .._serve import CONNECTION_FAULT
from ._cluster import cluster
from ._model import S3Key

views = Blueprint("s3_api", __name__)
PREFIX = "/_s3"
LISTENER = "latchkey.s3"  # WSGI environment key: the request came to the S3 port
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([^/, ]+)/s3/aws4_request, ?SignedHeaders=([^, ]+), ?Signature=(\w{64})"
)
_SKEW = 15 * 60  # seconds
_BUCKETS = {"backups": "2026-01-02T03:04:05.000Z"}


class S3Error(Exception):
    """A refusal in S3's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def listener(app: Flask) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application of the S3 port: the paths of S3, in the same application, under a prefix."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ |= {"PATH_INFO": PREFIX + environ["PATH_INFO"], LISTENER: True}
        return app(environ, start_response)

    return application


def presented_key() -> S3Key | None:
    """Return the key that the request names, whether its signature is right or not."""
    match = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    return cluster().data.s3_keys.get(match.group(1)) if match else None


@views.before_request
def need_listener() -> None:
    if LISTENER not in request.environ:
        raise NotFound
    if cluster().settings["s3_api"] == "disabled":
        request.environ[CONNECTION_FAULT] = "drop"


@views.get(f"{PREFIX}/")
def list_buckets() -> ResponseReturnValue:
    key = _authenticated()
    core = cluster()
    owner = core.identities.by_auth_id(key.user)
    if core.settings["s3_list_buckets"] == "privilege" and "PRIVILEGE_S3_BUCKETS_READ" not in core.privileges_of(key.user):
        raise S3Error(403, "AccessDenied", "Access Denied")
    buckets = "".join(f"<Bucket><Name>{name}</Name><CreationDate>{at}</CreationDate></Bucket>" for name, at in _BUCKETS.items())
    return _xml(
        f'<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>{owner.auth_id}</ID><DisplayName>'
        f"{escape(owner.name or '')}</DisplayName></Owner><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
    )


def _authenticated() -> S3Key:
    """Return the key whose signature the request carries.

    :raises S3Error: when it carries none that is right.
    """
    core = cluster()
    match = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:  # an anonymous request is the guest's (vendor docs), who may not list buckets
        raise S3Error(403, "AccessDenied", "Access Denied")
    key_id, day, region, names, signature = match.groups()
    key = core.data.s3_keys.get(key_id)
    if key is None or key.user in core.data.removed:
        raise _refusal("s3_dead_key", "The AWS access key ID that you provided does not exist in our records.")
    stamp = request.headers.get("X-Amz-Date", "")
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise S3Error(403, "AccessDenied", "X-Amz-Date is missing or malformed") from None
    if abs(at.timestamp() - core.clock.now()) > _SKEW:
        raise S3Error(403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large.")
    signed = names.split(";")
    if day != stamp[:8] or not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(signed):
        raise S3Error(403, "AccessDenied", "what must be signed is not")
    payload = request.headers["X-Amz-Content-Sha256"]
    if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(request.get_data()).hexdigest()):
        raise S3Error(400, "XAmzContentSHA256Mismatch", "The provided X-Amz-Content-SHA256 header does not match what was computed.")
    if not hmac.compare_digest(signature, _signature(key.secret, stamp, region, signed, payload)):
        raise _refusal("s3_wrong_secret", "The request signature we calculated does not match the signature you provided.")
    return key


def _refusal(setting: str, message: str) -> S3Error:
    code = cluster().settings[setting]
    return S3Error(401, "Unauthorized", message) if code == "Unauthorized" else S3Error(403, code, message)


def _signature(secret: str, stamp: str, region: str, signed: list[str], payload: str) -> str:
    path, _unused, query = request.environ["REQUEST_URI"].partition("?")
    pairs = sorted(_pairs(query))
    canonical = [request.method, quote(unquote(path.removeprefix(PREFIX)), safe="/-_.~")]
    canonical.append("&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs))
    canonical += [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed]
    canonical += ["", ";".join(signed), payload]
    scope = [stamp[:8], region, "s3", "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), hashlib.sha256("\n".join(canonical).encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in [*scope, text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return names and values of a query, unquoted."""
    return [(unquote(name), unquote(value)) for name, _unused, value in (one.partition("=") for one in query.split("&") if one)]


def refused(error: S3Error) -> Response:
    """Return S3's answer for a refusal."""
    return _xml(
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>",
        error.status,
    )


def _xml(text: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', status, mimetype="application/xml")
