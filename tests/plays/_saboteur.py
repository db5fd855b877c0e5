# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saboteur: notes each HTTP request, each operation on the vars file and each command of git of a run, and strikes at one of them.

It kills the run there, or does what a test hands in. What runs inside of ansible-playbook is _sabotage.py.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plays._role_rig import RoleRig, finish, start
from tests.simulator.launch import Simulator

_SABOTAGE = Path(__file__).with_name("_sabotage.py")
_LOGGED_IN = re.compile(r"^answered POST \S*/(client_token|session)$")
_ID = re.compile(r"\d{22}|\b[0-9a-f]{20}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Saboteur:
    """Notes the points of a run, and strikes at one of them."""

    folder: Path

    def environment(
        self,
        file: str,
        at: int | str | Sequence[int | str] | None = None,
        run: str | None = None,
        unresolved: Mapping[str, int | None] | None = None,
    ) -> dict[str, str]:
        """Prepare for a run and return what its environment needs.

        Args:
            file: the vars file's name.
            at: the point to strike at, or several: its number, from 1, or its words with the how-manieth it is, "before replace#2";
                None only notes.
            run: Python to run in the worker at those points instead of a kill; `main` is the id of the main process, `event` the point.
            unresolved: the host of this `port` has no address `after` so many answers, so many `times` (None: for good).
        """
        self.folder.mkdir(exist_ok=True)
        for name in ("events", "unresolved"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(_SABOTAGE, self.folder / "sitecustomize.py")
        orders: dict[str, Any] = {
            "file": file,
            "at": [at] if isinstance(at, (int, str)) else list(at or ()),
            "unresolved": unresolved or {},
        }
        if run is not None:
            orders["run"] = run
        (self.folder / "orders.json").write_text(json.dumps(orders))
        return {"PYTHONPATH": str(self.folder)}

    @property
    def events(self) -> list[str]:
        """What was noted: one line for each point."""
        path = self.folder / "events"
        return [_ID.sub("ID", line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def unresolved(self) -> bool:
        """Whether an address was asked for in vain."""
        return (self.folder / "unresolved").exists()


def adds_fault(simulator: Simulator, fault: str) -> str:
    """Return Python that adds a fault to the simulator in the middle of a run."""
    body = json.dumps({"fault": fault})
    return f"""
import ssl, urllib.request
context = ssl.create_default_context(cafile={simulator.ca_file!r})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=context))
headers = {{"Content-Type": "application/json"}}
opener.open(urllib.request.Request({simulator.url + "/_simulator/faults"!r}, {body!r}.encode(), headers)).close()
"""


def run_and_kill(rig: RoleRig, saboteur: Saboteur, at: int | str | None, **variables: Any) -> bool:
    """Run the role and kill it at a point; return whether the run got that far. What it was logged in as ends soon after it."""
    before = rig.sessions()
    run = finish(rig, start(rig, saboteur.environment(rig.file, at), **variables))
    # One whose log-in was answered in this very instant is not known to the run yet.
    rig.wait_for_end_of_sessions(before, left=1 if saboteur.events and _LOGGED_IN.search(saboteur.events[-1]) else 0)
    return run.returncode == -signal.SIGKILL
