# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demos have in common: an empty directory, the collection installed from its artifact, and how a step is run and told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.launch import Simulator

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
_NOT_OURS = ("ANSIBLE_", "AWS_", "QUMULO_", "RUBRIK_", "VAULT_")  # what the user has set for other work


def say(text: str) -> None:
    """Print a line of the story at once, also into a pipe."""
    print(text, flush=True)


@dataclass
class Stage:
    """Where a demo works.

    Attributes:
        work: its directory, which is empty at first.
        env: the environment of what it runs.
    """

    work: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        (self.work / "ansible.cfg").touch()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
        self.env |= {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(self.work / "ansible.cfg"),  # an empty one, in place of the user's
            "ANSIBLE_HOME": str(self.work / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.work / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        if os.environ.get("DEMO_OUTPUT") != "ansible":
            self.env |= {"ANSIBLE_STDOUT_CALLBACK": "story", "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tools" / "story")}

    def directory(self, name: str) -> Path:
        """Make a directory for the files of one simulator."""
        path = self.work / name
        path.mkdir()
        return path

    def run(self, command: str, *arguments: str, quiet: bool = True) -> None:
        """Run a command of Ansible; on failure show what it printed and end with its status."""
        done = subprocess.run(
            [BIN / command, *arguments],
            cwd=self.work,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=quiet,
            text=True,
            check=False,
        )
        if done.returncode:
            say((done.stdout or "") + (done.stderr or "") + f"The demo failed: {command} ended with status {done.returncode}.")
            sys.exit(done.returncode)

    def install(self) -> None:
        """Build the collection, and install it as a user would."""
        say("Building the collection and installing it from the artifact ...")
        self.run("ansible-galaxy", "collection", "build", "--output-path", str(self.work), str(ROOT))
        (artifact,) = self.work.glob("latchkey-tokens-*.tar.gz")
        self.run("ansible-galaxy", "collection", "install", "--offline", str(artifact))


def settings(prefix: str, appliance: Simulator, *names: str) -> dict[str, str]:
    """Return the environment variables that let the collection speak to an appliance as its administrator."""
    return {f"{prefix}_{name.upper()}": appliance.admin[name] for name in names} | {f"{prefix}_CA_PATH": appliance.ca_file}
