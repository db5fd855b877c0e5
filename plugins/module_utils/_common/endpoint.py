# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read where a platform's API is. Private to this collection. No HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from .errors import OptionError
from .masking import looks_like_token

_LONGEST_NAME = 253  # characters, RFC 1035
_LONGEST_LABEL = 63
# What IDNA 2003 turns into something else, and IDNA 2008 keeps: two names, which may be of two owners (RFC 5894, section 7.2).
_AMBIGUOUS = "\u00df\u03c2\u200c\u200d"


@dataclass(frozen=True)
class Endpoint:
    """Where a platform's API is.

    Attributes:
        url: scheme, host and port, and a path where the user gave one; no slash at the end.
    """

    url: str

    @classmethod
    def parse(cls, text: str, default_port: int, option: str = "endpoint") -> Endpoint:
        """Read host, host:port or URL; no scheme means https. A name in other letters is taken in its ASCII form.

        Args:
            text: what the user wrote.
            default_port: where it has none.
            option: the option's name, for the error.

        Raises:
            OptionError: it is not one of these, carries a password, or is plain http to another machine.
        """
        written = str(text).strip()
        if _is_ipv6(written):
            written = f"[{written}]"
        with_scheme = written if "://" in written else f"https://{written}"
        if re.search(r"[\s\x00-\x1f]", written):  # urlsplit would drop some of these, which makes another name
            with_scheme = ""
        try:
            parts = urlsplit(with_scheme)
            host, port = _ascii_host(parts.hostname or "", parts.netloc), parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        if not host or not _is_host(host) or parts.query or parts.fragment or "@" in parts.netloc or looks_like_token(written):
            raise _malformed(written, option)
        if parts.scheme not in ("https", "http"):
            raise OptionError(f"{option}: '{parts.scheme}' is not a scheme that can be used.", "Use https.", option=option)
        if parts.scheme == "http" and not _is_loopback(host):
            raise OptionError(
                f"{option}: plain http to '{host}' would send credentials in the clear.",
                "Use https; http is for this machine only.",
                option=option,
            )
        shown_host = f"[{host}]" if ":" in host else host
        return cls(f"{parts.scheme}://{shown_host}:{port or default_port}{parts.path.rstrip('/')}")


def _malformed(written: str, option: str) -> OptionError:
    """Return the error for what is no endpoint; it does not quote what may hold a password."""
    shown = "it" if "@" in written or looks_like_token(written) else f"'{written}'"
    hint = "Write it like cluster.example.com:8000."
    if "@" in written:
        hint = "Write it without a user name and a password, which have options of their own."
    elif written.count(":") > 2 and "[" not in written:
        hint = "Write an IPv6 address in brackets, like [2001:db8::1]:8000."
    elif not written.isascii():
        hint = "Write a name with other letters than English ones in its ASCII form, which begins with xn--."
    return OptionError(f"{option}: {shown} is not a host, a host:port or a URL.", hint, option=option)


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    """Tell whether a name or an address can be looked up: letters, digits and the like, and no part longer than DNS allows."""
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        return False
    return len(host) <= _LONGEST_NAME and all(len(label) <= _LONGEST_LABEL for label in host.split("."))


def _ascii_host(host: str, netloc: str) -> str:
    """Return a host name as DNS has it. Raises ValueError for one whose ASCII form is not the same in both standards."""
    if ":" in host and "[" not in netloc:
        raise ValueError(host)
    if host.isascii():
        return host
    if any(char in _AMBIGUOUS for char in host.lower()):
        raise ValueError(host)
    return host.encode("idna").decode()


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
