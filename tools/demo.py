# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: install the collection as a user would and run its demo playbook against simulated appliances of all platforms.

Works in .cache/demo of the checkout. Ends with the exit status of what failed first, and leaves no process behind.
DEMO_OUTPUT=ansible shows Ansible's own output in place of the story.
"""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
if TYPE_CHECKING:
    from tests.simulator.launch import Simulator

VARS_FILE = """\
# Keys of the backup scripts. Lives in git, so that everybody can see who changed what.
---
backup_schedule: "30 2 * * *"   # every night
backup_targets: [home,  projects]
"""


def live_sessions(appliance: Simulator) -> int:
    """Return how many sessions there are on an appliance of Rubrik."""
    return sum(one["kind"] in ("session", "service_account") for one in appliance.credentials())


def main() -> None:
    """Build, install, simulate, and tell the story."""
    sys.path.insert(0, str(ROOT))
    from tests.simulator.launch import launch
    from tools.demo_stage import Stage, say, settings

    started = time.monotonic()
    stage = Stage(ROOT / ".cache" / "demo")
    stage.install()

    say("Starting simulated appliances of Qumulo Core, Rubrik CDM and Rubrik Security Cloud, over TLS ...")
    with (
        launch("qumulo", directory=stage.directory("qumulo")) as qumulo,
        launch("rubrik_cdm", settings={"totp": "on"}, directory=stage.directory("rubrik_cdm")) as cdm,
        launch("rubrik_rsc", directory=stage.directory("rubrik_rsc")) as rsc,
    ):
        vars_file, password_file = stage.work / "vault.yml", stage.work / "vault-password"
        vars_file.write_text(VARS_FILE)
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24) + "\n")
        stage.env |= settings("QUMULO", qumulo, "username", "password")
        stage.env |= settings("RUBRIK_CDM", cdm, "username", "password", "totp_secret")
        stage.env |= settings("RUBRIK_RSC", rsc, "client_id", "client_secret")
        extra = [
            f"demo_vars_file={vars_file}",
            f"demo_qumulo_endpoint={qumulo.host}:{qumulo.port}",
            f"demo_cdm_endpoint={cdm.host}:{cdm.port}",
            f"demo_rsc_endpoint={rsc.host}:{rsc.port}",
        ]
        before = live_sessions(cdm) + live_sessions(rsc)
        stage.run(
            "ansible-playbook",
            "latchkey.tokens.demo",
            "--vault-id",
            f"backup@{password_file}",
            *(word for one in extra for word in ("--extra-vars", one)),
            quiet=False,
        )
        requests = [len(one.journal()) for one in (qumulo, cdm, rsc)]
        left = live_sessions(cdm) + live_sessions(rsc) - before
    took = time.monotonic() - started
    say(
        f"Done in {took:.0f} s, with {requests[0]} requests to Qumulo Core, {requests[1]} to Rubrik CDM and {requests[2]} to Rubrik "
        f"Security Cloud, and {left} sessions left on Rubrik. The vars file is {vars_file.relative_to(ROOT)}."
    )


if __name__ == "__main__":
    main()
