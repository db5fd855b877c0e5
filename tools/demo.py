# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: install the collection as a user would and run its demo playbook against simulated appliances of all platforms.

Works in .cache/demo of the checkout. Ends with the exit status of what failed first, and leaves no process behind.
DEMO_OUTPUT=ansible shows Ansible's own output in place of the story.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.launch import Simulator

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".cache" / "demo"
BIN = Path(sys.executable).parent

VARS_FILE = """\
# Keys of the backup scripts. Lives in git, so that everybody can see who changed what.
---
backup_schedule: "30 2 * * *"   # every night
backup_targets: [home,  projects]
"""


def say(text: str) -> None:
    """Print a line of the story at once, also into a pipe."""
    print(text, flush=True)


def run(*command: str, env: dict[str, str], quiet: bool = True) -> None:
    """Run a command in the demo's folder; on failure show what it printed and end with its status."""
    done = subprocess.run(command, cwd=WORK, env=env, stdin=subprocess.DEVNULL, capture_output=quiet, text=True, check=False)
    if done.returncode:
        say((done.stdout or "") + (done.stderr or "") + f"The demo failed: {Path(command[0]).name} ended with status {done.returncode}.")
        sys.exit(done.returncode)


def folder(name: str) -> Path:
    """Make a folder for the files of one simulator."""
    path = WORK / name
    path.mkdir()
    return path


def settings(prefix: str, appliance: Simulator, *names: str) -> dict[str, str]:
    """Return the environment variables that let the collection speak to an appliance as its administrator."""
    return {f"{prefix}_{name.upper()}": appliance.admin[name] for name in names} | {f"{prefix}_CA_PATH": appliance.ca_file}


def live_sessions(appliance: Simulator) -> int:
    """Return how many sessions there are on an appliance of Rubrik."""
    return sum(one["kind"] in ("session", "service_account") for one in appliance.credentials())


def main() -> None:
    """Build, install, simulate, and tell the story."""
    sys.path.insert(0, str(ROOT))
    from tests.simulator.launch import launch

    started = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    (WORK / "ansible.cfg").touch()
    galaxy = str(BIN / "ansible-galaxy")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "QUMULO_", "RUBRIK_"))}
    env |= {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(WORK / "ansible.cfg"),  # an empty one, in place of the user's
        "ANSIBLE_HOME": str(WORK / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(WORK / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    if os.environ.get("DEMO_OUTPUT") != "ansible":
        env |= {"ANSIBLE_STDOUT_CALLBACK": "story", "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tools" / "story")}

    say("Building the collection and installing it from the artifact ...")
    run(galaxy, "collection", "build", "--output-path", str(WORK), str(ROOT), env=env)
    (artifact,) = WORK.glob("latchkey-tokens-*.tar.gz")
    run(galaxy, "collection", "install", "--offline", str(artifact), env=env)

    say("Starting simulated appliances of Qumulo Core, Rubrik CDM and Rubrik Security Cloud, over TLS ...")
    with (
        launch("qumulo", directory=folder("qumulo")) as qumulo,
        launch("rubrik_cdm", settings={"totp": "on"}, directory=folder("rubrik_cdm")) as cdm,
        launch("rubrik_rsc", directory=folder("rubrik_rsc")) as rsc,
    ):
        vars_file, password_file = WORK / "vault.yml", WORK / "vault-password"
        vars_file.write_text(VARS_FILE)
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24) + "\n")
        env |= settings("QUMULO", qumulo, "username", "password")
        env |= settings("RUBRIK_CDM", cdm, "username", "password", "totp_secret")
        env |= settings("RUBRIK_RSC", rsc, "client_id", "client_secret")
        extra = [
            f"demo_vars_file={vars_file}",
            f"demo_qumulo_endpoint={qumulo.host}:{qumulo.port}",
            f"demo_cdm_endpoint={cdm.host}:{cdm.port}",
            f"demo_rsc_endpoint={rsc.host}:{rsc.port}",
        ]
        before = live_sessions(cdm) + live_sessions(rsc)
        run(
            str(BIN / "ansible-playbook"),
            "latchkey.tokens.demo",
            "--vault-id",
            f"backup@{password_file}",
            *(word for one in extra for word in ("--extra-vars", one)),
            env=env,
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
