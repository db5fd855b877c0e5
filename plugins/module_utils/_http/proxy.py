# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy between us and an appliance, as the environment names it. Private to this collection. For client.py only."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

with contextlib.suppress(ImportError):  # client.py says so
    from requests.exceptions import ProxyError
    from requests.utils import get_environ_proxies, select_proxy

_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")  # as http.client words it
_VARIABLES = "HTTPS_PROXY, ALL_PROXY and NO_PROXY"


@dataclass(frozen=True)
class Proxy:
    """A proxy.

    Attributes:
        name: its host and port, without a password that is in the URL.
        scheme: of its URL, in small letters.
    """

    name: str
    scheme: str


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that requests to a URL go through; None where they go straight there."""
    written = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    if not written:
        return None
    try:
        parts = urlsplit(written if "://" in written else f"http://{written}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Proxy("", "")
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{shown}:{port}" if port else shown, parts.scheme.lower())


def is_final(failure: BaseException) -> bool:
    """Tell whether a proxy refused for good, so that trying again is of no use."""
    return isinstance(failure, ProxyError) and any(found in str(failure)[:2000] for found in ("failed: 403", "failed: 407"))


def why_not_through(proxy: Proxy, failure: BaseException, causes: list[BaseException], timeout: float, python: str) -> tuple[str, str]:
    """Return why a request that was not sent did not get through a proxy, and what to do.

    Args:
        proxy: the proxy.
        failure, causes: what was raised, and all that it wraps.
        timeout: seconds that were waited.
        python: the interpreter, for what to install.
    """
    names = {type(cause).__name__ for cause in causes} | {type(failure).__name__}
    check = f"Check the proxy settings in the environment ({_VARIABLES})"
    if not proxy.name or names & {"InvalidProxyURL", "LocationParseError", "ProxySchemeUnknown"}:
        return "the proxy that the environment names is not a URL that can be used", f"{check}: http://proxy.example.com:3128."
    if "InvalidSchema" in names:
        if proxy.scheme.startswith("socks"):
            return (
                f"the proxy {proxy.name} speaks SOCKS, which needs the Python library PySocks, which is not installed for {python}",
                f"Install it there, for example with pip install PySocks; or {check[0].lower()}{check[1:]}.",
            )
        return f"the proxy {proxy.name} has a scheme that cannot be used", f"{check}: http://proxy.example.com:3128."
    refused = next((found for found in (_REFUSED_TUNNEL.search(str(cause)[:200]) for cause in causes) if found), None)
    if refused:
        hint = "it wants a user and a password, as in http://user:password@proxy.example.com:3128" if refused.group(1) == "407" else ""
        return f"the proxy {proxy.name} did not let it through (HTTP {refused.group(1)})", f"{check}{': ' if hint else ''}{hint}."
    if names & {"NameResolutionError", "gaierror"}:
        return f"the name of the proxy {proxy.name} cannot be resolved", f"{check} and DNS."
    if "ConnectionRefusedError" in names:
        return f"the proxy {proxy.name} refused the connection", f"{check}, and whether the proxy is up."
    if names & {"ConnectTimeout", "ConnectTimeoutError", "ReadTimeout", "TimeoutError"}:
        return f"the proxy {proxy.name} gave no connection within {timeout:g} s", f"{check}, and whether the proxy is up."
    return f"the proxy {proxy.name} did not let it through", f"{check}."
