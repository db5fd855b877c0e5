# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where figures are kept between a run and the page that shows them, and where they were measured."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.benchmark._measure import Curve, Row
from tests.plays._ansible import ROOT

REPORT = ROOT / ".cache" / "bench.json"
FLEET = ROOT / ".cache" / "fleet.json"


@dataclass
class Group:
    """What one group of measurements found."""

    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)

    def add(self, one: Row | Curve) -> None:
        """Add what was measured."""
        if isinstance(one, Row):
            self.rows.append(one)
        else:
            self.curves.append(one)


def machine() -> dict[str, Any]:
    """Return where this runs, and what else it has to do."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text()) if os.path.exists("/proc/cpuinfo") else None
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "Python": platform.python_version(),
        "ansible-core": version("ansible-core"),
        "latchkey.tokens": yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"],
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def write(where: Mapping[str, Any], groups: Mapping[str, Group]) -> None:
    """Write all that was measured."""
    found = {
        name: {"rows": [one.as_data() for one in group.rows], "curves": [asdict(one) for one in group.curves]}
        for name, group in groups.items()
    }
    REPORT.write_text(json.dumps({"machine": where, "groups": found}, indent=1) + "\n")


def read() -> tuple[dict[str, Any], dict[str, Group]]:
    """Return the machine and what was measured."""
    data = json.loads(REPORT.read_text())
    groups = {
        name: Group([Row.from_data(one) for one in group["rows"]], [Curve(**one) for one in group["curves"]])
        for name, group in data["groups"].items()
    }
    return data["machine"], groups
