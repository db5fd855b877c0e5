# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a request got no answer, in words of our own. Private to this collection. For client.py only."""

from __future__ import annotations

import contextlib
import ssl

with contextlib.suppress(ImportError):  # client.py says so
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


def causes_of(failure: BaseException) -> list[BaseException]:
    """Return the failure and all that it wraps, outermost first."""
    found: list[BaseException] = []
    queue: list[object] = [failure]
    while queue:
        item = queue.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            queue += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found


def never_reached(failure: BaseException) -> bool:
    """Tell whether the server cannot have seen the request: no address, no one listening, no connection in time, no certificate."""
    kinds = (NewConnectionError, ConnectTimeoutError, ssl.SSLError, requests.exceptions.SSLError)
    return any(isinstance(cause, kinds) for cause in causes_of(failure))


def is_about_tls(causes: list[BaseException]) -> bool:
    """Tell whether a failure is TLS's own."""
    return any(isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError)) for cause in causes)


def why_no_answer(failure: Exception, timeout: float) -> tuple[str, str]:
    """Return why there was no answer, in words of our own, and what to do; never the exception's text, which quotes URLs."""
    causes = causes_of(failure)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted ({cause.verify_message or cause.reason or 'verification failed'})", (
                "Set ca_path to the PEM file of the certificate authority that signed it, or of the certificate itself if it is "
                "self-signed; also check that the endpoint's name is one that the certificate is for."
            )
    if is_about_tls(causes):
        return "TLS handshake failed", "Check that the port speaks HTTPS and that nothing in between breaks TLS."
    names = {type(cause).__name__ for cause in causes}
    if names & {"NameResolutionError", "gaierror"}:
        return "the host name cannot be resolved", "Check endpoint and DNS."
    if isinstance(failure, requests.exceptions.ConnectTimeout) or "ConnectTimeoutError" in names:
        return (
            f"no connection within {timeout:g} s",
            "Check endpoint, firewalls and whether the appliance is up; timeout sets how long to wait.",
        )
    if isinstance(failure, requests.exceptions.Timeout):
        return f"no complete answer within {timeout:g} s", "The appliance may be busy; timeout sets how long to wait."
    if "ConnectionRefusedError" in names:
        return "the connection was refused", "Check host and port, and whether the appliance is up."
    if isinstance(failure, requests.exceptions.ContentDecodingError):
        return "the answer cannot be read", "Check that the endpoint is the platform's API."
    return "the connection broke before a complete answer came", "Run again once the appliance can be reached."
