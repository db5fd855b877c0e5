# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read where a platform's API is. Private to this collection. No HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ._errors import OptionError


@dataclass(frozen=True)
class Endpoint:
    """Where a platform's API is.

    Attributes:
        url: scheme, host and port, and a path where the user gave one; no slash at the end.
    """

    url: str

    @classmethod
    def parse(cls, text: str, default_port: int) -> Endpoint:
        """Read host, host:port or URL; no scheme means https.

        Raises:
            OptionError: it is not one of these, carries a password, or is plain http to another machine.
        """
        written = str(text).strip()
        with_scheme = written if "://" in written else f"https://{written}"
        if re.search(r"[\s\x00-\x1f]", written):  # urlsplit would drop some of these, which makes another name
            with_scheme = ""
        try:
            parts = urlsplit(with_scheme)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if not host or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host) or parts.query or parts.fragment or "@" in parts.netloc:
            shown = "it" if "@" in written else f"'{written}'"
            raise OptionError(f"endpoint: {shown} is not a host, a host:port or a URL.", "Write it like cluster.example.com:8000.")
        if parts.scheme not in ("https", "http"):
            raise OptionError(f"endpoint: '{parts.scheme}' is not a scheme that can be used.", "Use https.")
        if parts.scheme == "http" and not _is_loopback(host):
            raise OptionError(
                f"endpoint: plain http to '{host}' would send credentials in the clear.", "Use https; http is for this machine only."
            )
        shown_host = f"[{host}]" if ":" in host else host
        return cls(f"{parts.scheme}://{shown_host}:{port or default_port}{parts.path.rstrip('/')}")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
