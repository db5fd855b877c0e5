# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of interrupted rotations share: the moments of a rotation, and the state of a process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plays._qumulo_rig import TOKENS
from tests.plays._role_rig import finish, start
from tests.plays._rotation_kinds import AnyRig, is_in_place
from tests.plays._saboteur import Saboteur

# The request that creates the new credential: method, path, and the GraphQL field where there is one.
CREATES = {
    "access_token-qumulo": ("POST", TOKENS, None),
    "api_token-cdm": ("POST", "/api/internal/session", None),
    "in_place-rsc": ("POST", "/api/graphql", "rotateServiceAccountSecret"),
    "in_place-cdm": ("POST", "/rotate", None),
    "replace-rsc": ("POST", "/api/graphql", "createServiceAccount"),
    "replace-cdm": ("POST", "/api/v1/service_account", None),
}


@dataclass(frozen=True)
class Moments:
    """What an undisturbed forced rotation goes through, as numbers of the saboteur's points.

    Attributes:
        before: the request that creates is about to be sent.
        created: it is answered, and no file has the new credential.
        stored: the vars file has it, and nothing is proved.
        proved: it is proved, and that is not noted.
        earlier: how many requests of the same method and path are sent before the one that creates.
    """

    before: int
    created: int
    stored: int
    proved: int
    earlier: int


_known: dict[str, Moments] = {}


def moments(rig: AnyRig, kind: str, saboteur: Saboteur) -> Moments:
    """Return the moments of a rotation; the rig is seeded anew for that, and must be again."""
    if kind not in _known:
        rig.seed()
        since = len(rig.simulator.journal())
        finish(rig, start(rig, saboteur.environment(rig.file), rotate_force=True)).assert_ok()
        method, path, _field = CREATES[kind]
        events = ["", *saboteur.events]  # the points count from 1
        like = [one for one in rig.simulator.journal()[since:] if one["method"] == method and one["path"].endswith(path)]
        [earlier] = [number for number, one in enumerate(like) if creates(one, kind)]
        before = [number for number, one in enumerate(events) if re.fullmatch(rf"before {method} \S*{path}", one)][earlier]
        written = [number for number, one in enumerate(events) if number > before and re.match("after (replace|link)", one)]
        stored = written[1 if is_in_place(rig) else 0]  # the rescue file comes first
        asked = next(number for number, one in enumerate(events) if number > stored and re.match("before (GET|POST)", one))
        noted = next(number for number, one in enumerate(events) if number > asked and one == "before write")
        proved = max(number for number, one in enumerate(events) if number < noted and one.startswith("answered"))
        _known[kind] = Moments(before, before + 1, asked, proved, earlier)
    return _known[kind]


def creates(entry: Mapping[str, Any], kind: str) -> bool:
    """Tell of an entry of the journal whether that request creates a credential."""
    field = CREATES[kind][2]
    if kind == "api_token-cdm":
        return "apiToken" in ((entry["body"] or {}).get("initParams") or {})
    return field is None or field in (entry.get("operation") or ())


def state_of(pid: int) -> str:
    """Return the state of a process in the kernel's letter; empty when it has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else state
