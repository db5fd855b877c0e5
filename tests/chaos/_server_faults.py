# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a server or the way to it, how it is brought about for the N-th request of a run, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.plays._play_token_rig import wait_until
from tests.plays._rotation_kinds import AnyRig
from tests.plays._saboteur import Saboteur

PRODUCTS = {"qumulo": "Qumulo Core", "rubrik_cdm": "Rubrik CDM", "rubrik_rsc": "Rubrik Security Cloud"}
TIMEOUT = 3  # seconds that a run waits for an answer that stalls


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: in few words.
        kind: the simulator's; empty for an address that cannot be found.
        cause: a pattern of what is said of it.
    """

    name: str
    kind: str
    cause: str

    def strike(self, rig: AnyRig, saboteur: Saboteur, after: int, for_good: bool) -> dict[str, str]:
        """Let it happen once so many requests have been answered, and return what the run's environment needs."""
        times = None if for_good else 1
        if self.kind:
            rig.simulator.fault(f"*:.:{self.kind}" + ("" if for_good else ":1"), after)
            return saboteur.environment(rig.file)
        if after:
            rig.simulator.fault("*:.:hang-up:1", after - 1)
        return saboteur.environment(rig.file, unresolved={"port": rig.simulator.port, "after": after, "times": times})

    def has_struck(self, rig: AnyRig, saboteur: Saboteur, since: int, for_good: bool) -> bool:
        """Tell whether it happened."""
        if not self.kind:
            return saboteur.unresolved
        if self.kind in ("expired", "changed"):
            return for_good or rig.simulator.faults() == []
        if self.kind == "slow":  # the journal tells of it once it was served
            wait_until(lambda: self._is_told_of(rig, since), "it is served", 30)
        return self._is_told_of(rig, since)

    def _is_told_of(self, rig: AnyRig, since: int) -> bool:
        return any(one.get("fault") == self.kind for one in rig.simulator.journal()[since:])

    def variables(self, rig: AnyRig) -> dict[str, Any]:
        """Return what the role is run with beside the usual."""
        return {"rotate_auth": {**rig.variables()["rotate_auth"], "timeout": TIMEOUT}} if self.kind in ("stall", "slow") else {}

    def is_told(self, rig: AnyRig, text: str) -> int:
        """Return how many sentences name the product, the endpoint, what could not be done, and why."""
        servers = "|".join(re.escape(url) for url in (rig.simulator.url, rig.simulator.s3_url) if url)
        parts = re.split(f"{PRODUCTS[rig.simulator.platform]} at (?:{servers}): ", text)[1:]
        return sum(one.startswith("cannot ") and re.search(self.cause, one) is not None for one in parts)


def _http(status: int) -> Fault:
    return Fault(f"HTTP {status}", str(status), rf"(HTTP|error) {status}\b")


_BROKEN = "the connection broke before a complete answer came"
_UNTRUSTED = r"its TLS certificate is not trusted \("
FAULTS = (
    *(_http(status) for status in (401, 403, 404, 409, 422, 429, 500, 503)),
    Fault("HTTP 429 with Retry-After", "retry-after", r"HTTP 429\b"),
    Fault("HTTP 502 in HTML", "html", r"HTTP 502: 502 Bad Gateway"),
    Fault("answer cut off", "cut", _BROKEN),
    Fault("wrong JSON", "garbled", "HTTP 200 returned an unexpected response: the body is not JSON"),
    Fault("slow body", "stall", f"no complete answer within {TIMEOUT} s"),
    Fault("served late", "slow", f"no complete answer within {TIMEOUT} s"),
    Fault("closed before it acts", "close", _BROKEN),
    Fault("closed after it acted", "drop", _BROKEN),
    Fault("no address", "", "the host name cannot be resolved"),
    Fault("expired certificate", "expired", _UNTRUSTED + "certificate has expired"),
    Fault("changed certificate", "changed", _UNTRUSTED),
)
