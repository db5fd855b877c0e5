# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Signature Version 4, with which the S3 API of Qumulo Core has its requests signed. Private to this collection. Pure functions.

Only what a request without a body needs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_NO_BODY = hashlib.sha256(b"").hexdigest()
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Signer:
    """An access key, and what its signatures are good for.

    Attributes:
        access_key_id, secret_access_key: the key.
        region, service: the scope. A cluster has no regions; this one is what S3 clients name by default.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    service: str = "s3"

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str], at: datetime) -> str:
        """Return the header Authorization for a request without a body.

        Args:
            method: as in HTTP.
            path, query: quoted already, the parameters of the query in the order of their names.
            headers: those to sign, Host and X-Amz-Date among them.
            at: the instant in X-Amz-Date.
        """
        lower = {name.lower(): " ".join(value.split()) for name, value in sorted(headers.items(), key=lambda one: one[0].lower())}
        names = ";".join(lower)
        lines = "".join(f"{name}:{value}\n" for name, value in lower.items())
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{_NO_BODY}"
        scope = f"{_day(at)}/{self.region}/{self.service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{_stamp(at)}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = _mac(self._key(at), to_sign).hex()
        return f"{_ALGORITHM} Credential={self.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"

    def _key(self, at: datetime) -> bytes:
        key = f"AWS4{self.secret_access_key}".encode()
        for part in (_day(at), self.region, self.service, "aws4_request"):
            key = _mac(key, part)
        return key


def s3_headers(url: str, at: datetime) -> dict[str, str]:
    """Return the headers of a request to S3 that are signed; S3 wants the checksum of the body among them.

    Args:
        url: where the API is. Host is sent as Python's HTTP client does, without the port that the scheme has by default.
        at: the time by the server's clock, which refuses what is 15 minutes old.
    """
    parts = urlsplit(url)
    host = parts.netloc
    if parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme):
        host = host.rpartition(":")[0]
    return {"Host": host, "X-Amz-Content-Sha256": _NO_BODY, "X-Amz-Date": _stamp(at)}


def _stamp(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def _day(at: datetime) -> str:
    return _stamp(at)[:8]


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
