# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to the role and what came of it: one JSON line for each trial, in a file that all test processes share.

A trial is one evil deed at one point, and all the runs of the role until its outcome is known. `with recorder.trial(...) as trial:` notes
it when the block ends. What the rigs find to be wrong is an assertion of a type of its own (CredentialLostError, OrphanLeftError,
SecretShownError); it is counted here, and the test fails all the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.plays._ansible import ROOT
from tests.plays._role_rig import CredentialLostError, OrphanLeftError, RoleRig, SecretShownError

FULL = bool(os.environ.get("CHAOS_FULL"))  # everything, not only what CI has time for
LINES = ROOT / ".cache" / "chaos.jsonl"


@dataclass
class Trial:
    """One evil deed, and what came of it.

    Attributes:
        part: the row of the table: "killed", "server faults", "disk and vault faults", "two at once".
        kind: what is rotated and where: "access_token-qumulo", "in_place-rsc" and so on.
        point: where it was done: "before replace#2", "DELETE /api/v1/session/me".
        fault: what was done: "SIGKILL", "HTTP 503", "the disk is full". Only SIGKILL counts as a point killed.
        outcome: to be set by the test, in few words: "rotated", "undone", "finished by the next run"; what went wrong when it failed.
        lost, orphans, canaries: credentials lost, orphans left, secrets shown.
        runs: of ansible-playbook.
    """

    part: str
    kind: str
    point: str
    fault: str
    scenario: str = "forced"
    outcome: str = ""
    failed: bool = False
    lost: int = 0
    orphans: int = 0
    canaries: int = 0
    runs: int = 0
    seconds: float = 0.0


class Recorder:
    """Appends trials to the record."""

    def __init__(self, path: Path = LINES) -> None:
        self._path = path

    @contextmanager
    def trial(self, part: str, kind: str, point: str, fault: str, scenario: str = "forced") -> Iterator[Trial]:
        """Note what comes of the block; what it raises goes on."""
        trial = Trial(part, kind, point, fault, scenario)
        began, searched = time.monotonic(), RoleRig.searched
        try:
            yield trial
            assert trial.outcome, "the test does not say what came of it"
        except BaseException as error:
            trial.failed = True
            trial.outcome = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
            trial.lost += isinstance(error, CredentialLostError)
            trial.orphans += isinstance(error, OrphanLeftError)
            trial.canaries += isinstance(error, SecretShownError)
            raise
        finally:
            trial.runs = RoleRig.searched - searched
            trial.seconds = round(time.monotonic() - began, 2)
            self._append(trial)

    def _append(self, trial: Trial) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(asdict(trial)) + "\n")


def recorded(path: Path = LINES) -> list[Trial]:
    """Return all trials of the record, oldest first."""
    if not path.exists():
        return []
    return [Trial(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
