# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: what goes wrong on purpose, for which requests and how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

# answered before anything else happens
REPLACING = frozenset({"html", "echo", "text", "empty", "nonsense", "strange", "retry-after"})
# change how the request, its answer or its connection goes
BREAKING = frozenset({"close", "drop", "cut", "slow", "late", "stall", "garbled", "hang-up", "part", "doubted"})
# strike no request but the handshake of the next connection, which is one that the fault's time has come for
HANDSHAKE = frozenset({"expired", "changed"})
KINDS = REPLACING | BREAKING | HANDSHAKE


class FaultError(ValueError):
    """A fault that is not METHOD:PATH_REGEX:STATUS[:TIMES]."""


@dataclass
class Fault:
    """One fault; `times` counts down, None is for ever; `after` counts down first, through requests that are let pass."""

    method: str
    pattern: re.Pattern[str]
    kind: str
    times: int | None
    after: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is hit; the pattern is searched in the path, so anchor it with ^ and $ where it matters."""
        return self.times != 0 and self.method in ("*", method) and self.pattern.search(path) is not None

    def __str__(self) -> str:
        return f"{self.method}:{self.pattern.pattern}:{self.kind}" + ("" if self.times is None else f":{self.times}")


def _is_kind(text: str) -> bool:
    return text in KINDS or (len(text) == 3 and text.isdigit() and 200 <= int(text) <= 599)


def parse_fault(text: str) -> Fault:
    """Parse METHOD:PATH_REGEX:STATUS[:TIMES]; the regular expression may contain colons.

    :raises FaultError: when a part is missing or wrong.
    """
    method, _unused, rest = text.partition(":")
    parts = rest.rsplit(":", 2)
    times: int | None = None
    if len(parts) == 3 and parts[2].isdigit() and _is_kind(parts[1]):
        pattern, kind, times = parts[0], parts[1], int(parts[2])
    else:
        pattern, _unused, kind = rest.rpartition(":")
    if not method or not pattern or not _is_kind(kind) or times == 0:
        raise FaultError(
            f"{text!r} is not METHOD:PATH_REGEX:STATUS[:TIMES]; METHOD may be *, STATUS is 200 to 599 or one of: {', '.join(sorted(KINDS))}"
        )
    try:
        return Fault(method.upper(), re.compile(pattern), kind, times)
    except re.error as error:
        raise FaultError(f"{pattern!r} is not a regular expression: {error}") from error


class Faults:
    """The faults in force. Safe to use from several threads."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._faults = [parse_fault(text) for text in texts]

    def add(self, text: str, after: int = 0) -> None:
        """Add a fault; see :func:`parse_fault`.

        :arg after: how many requests that it would hit are let pass first.
        """
        fault = parse_fault(text)
        fault.after = after
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> str | None:
        """Return the kind of the first fault that hits this request, and count it.

        After the last request that a fault of handshakes lets pass the connection is hung up, so that there is a next one.
        """
        with self._lock:
            for fault in self._faults:
                if not fault.matches(method, path):
                    continue
                if fault.after:
                    fault.after -= 1
                    if fault.kind in HANDSHAKE and not fault.after:
                        return "hang-up"
                elif fault.kind not in HANDSHAKE:
                    return self._count(fault)
        return None

    def take_handshake(self) -> str | None:
        """Return the kind of the first fault that hits a handshake, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.kind in HANDSHAKE and not fault.after and fault.times != 0:
                    return self._count(fault)
        return None

    @staticmethod
    def _count(fault: Fault) -> str:
        if fault.times is not None:
            fault.times -= 1
        return fault.kind

    def texts(self) -> list[str]:
        """Return the faults that can still hit."""
        with self._lock:
            return [str(fault) for fault in self._faults if fault.times != 0]
