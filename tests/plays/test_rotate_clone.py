# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose vars files lie in one repository, over https with a token: one clone, a push for each credential, and a lost race."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._as_printed import alike, output_of
from tests.plays._fleet import PLAYBOOK, Credential, Fleet, fleet
from tests.plays._git_over_https import serve
from tests.plays._publish_rig import Remote, git
from tests.plays._vaulted import inline

CANARY = "git-canary-0123456789"


@dataclass
class Repository:
    """The repository of a fleet, with another committer who changes one credential at the worst moment."""

    fleet: Fleet
    folder: Path
    rival: Credential | None = None
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remote = Remote(self.folder / "keys.git")
        work = self.clone("work")
        for one in self.fleet.credentials:
            (work / one.file.name).write_bytes(one.file.read_bytes())
        self._push(work, "begin")
        self.files = [one.file.name for one in self.fleet.credentials]
        self.first = self.remote.head

    def _push(self, work: Path, message: str) -> None:
        git(work, "add", ".")
        git(work, "commit", "--quiet", "--message", message)
        git(work, "push", "--quiet", "origin", "HEAD:main")

    def clone(self, name: str) -> Path:
        git(self.folder, "clone", "--quiet", str(self.remote.path), name)
        return self.folder / name

    def before(self, path: str, body: bytes) -> None:
        """Let the other one be first with the push of the credential, once its new token is made."""
        self.asked.append((path, body))
        rival = self.rival
        if rival is None or not path.endswith("/git-receive-pack") or not body:
            return
        if len(rival.cluster.live()[rival.account]) < 2:
            return
        self.rival = None
        self.commit("rival", rival, "of another committer")

    def commit(self, name: str, credential: Credential, value: str) -> None:
        """Push another value of a credential, by hand."""
        work = self.clone(name)
        file = work / self.files[self.fleet.credentials.index(credential)]
        variable = re.compile(rf"^{credential.name}: .*\n(?:  .*\n)+", re.MULTILINE)
        assert variable.search(file.read_text())
        file.write_text(variable.sub(lambda _found: inline(credential.name, value), file.read_text()))
        self._push(work, name)

    @property
    def clones(self) -> int:
        """How often it was cloned, with the newest commit only."""
        return sum(b"deepen 1" in body for _path, body in self.asked)

    def in_the_clone(self) -> None:
        """Let the inventory name the files as a user does."""
        for one, name in zip(self.fleet.credentials, self.files, strict=True):
            one.file = Path("{{ rotate_checkout }}") / name

    def in_a_fresh_clone(self, name: str) -> None:
        """Look at what is pushed."""
        folder = self.clone(name)
        for one, file in zip(self.fleet.credentials, self.files, strict=True):
            one.file = folder / file


@pytest.fixture
def repository(ansible: Ansible) -> Iterator[Repository]:
    with fleet(ansible, credentials=4, clusters=2, files=2) as made:
        yield Repository(made, ansible.folder)


def rotate(repository: Repository, *arguments: str, by: str = "environment", **variables: Any) -> Run:
    """Run the playbook on the fleet; nothing of it may be left, and no secret be shown. It is told of the repository by one of two ways."""
    folder, found = repository.folder, repository.fleet
    secrets = [one.stored() for one in found.credentials]
    repository.in_the_clone()
    inventory = found.inventory()
    certificate, temporary = folder / "ca.pem", folder / "temporary"
    temporary.mkdir(exist_ok=True)
    with serve(repository.remote.path, "robot", CANARY, certificate, repository.before) as url:
        env = {"GIT_SSL_CAINFO": str(certificate), "TMPDIR": str(temporary)}
        access = {"remote": url, "username": "robot", "token": CANARY}
        if by == "variables":
            variables["rotate_publish_git"] = access
        else:
            env |= {f"LATCHKEY_GIT_{name.upper()}": value for name, value in access.items()}
        given = {"rotate_clone": True, **variables}
        run = found.ansible.run(
            PLAYBOOK,
            ["-i", str(inventory), "-e", json.dumps(given), "--vault-id", "prod@prod-password", "--forks", "4", "-vvv", *arguments],
            env=env,
        )
    assert list(temporary.glob("latchkey.tokens-clones-*/*")) == [], "the clone is deleted"
    repository.in_a_fresh_clone(f"after-{len(list(folder.glob('after-*')))}")
    secrets += [CANARY, *(one.stored() for one in found.credentials)]
    assert [one for one in secrets if one in run.output] == []
    return run


def statuses(run: Run) -> list[str]:
    return [one["status"] for one in run["Write the summary"]["summary"]["hosts"].values()]


def test_a_fleet_in_one_repository(repository: Repository) -> None:
    credentials, remote = repository.fleet.credentials, repository.remote
    *others, loser = credentials
    old = loser.stored()
    for one in others:
        one.more = {"rotate_publish": "git"}
    planned = rotate(repository, "--check", by="variables", rotate_force=True)
    assert statuses(planned) == ["rotated", "rotated", "rotated", "failed"]
    assert "nothing is pushed, so a new credential would be lost. Nothing was rotated. Set rotate_publish to git." in planned.output
    assert (remote.head, repository.clones) == (repository.first, 1)
    assert [one.works() for one in credentials] == [one.token_id for one in credentials]

    loser.more = {"rotate_publish": "git"}
    repository.asked.clear()
    repository.rival = loser
    raced = rotate(repository, rotate_force=True)
    assert raced.returncode == 2
    assert statuses(raced) == ["rotated", "rotated", "rotated", "undone"], raced.output
    assert f"{loser.name} there is not what this checkout began with; another run or commit was first." in raced.output
    shown = "\n".join(raced["Show the result of each host"]["msg"]).replace(loser.cluster.simulator.url, "https://hamburg.example.com:8000")
    shown = shown.replace("cluster00", "berlin").replace("cluster01", "hamburg").replace(f"{repository.folder}/temporary", "/tmp")
    assert alike(re.sub(r"tokens-clones-\d+", "tokens-clones-1000", shown)) == " ".join(output_of("publish", "a run that lost a race"))
    assert repository.clones == 1
    assert [one.works() != one.token_id for one in others] == [True] * 3
    assert loser.stored() == "of another committer"
    live = [one.cluster.live()[one.account] for one in credentials]
    assert live == [*([one.works()] for one in others), [loser.token_id]]
    pushed = remote.log(repository.first)
    assert (len(pushed), pushed.count("rival")) == (7, 1)
    assert [sum(subject.startswith(f"Rotate {one.name} of ") for subject in pushed) for one in others] == [2] * 3

    repository.commit("reverted", loser, old)
    repository.asked.clear()
    head = remote.head
    second = rotate(repository).assert_ok()
    assert statuses(second) == ["not_due"] * 4
    assert (remote.head, repository.clones) == (head, 1)
    assert set(re.findall(r"changed=(\d+)", second.output.partition("PLAY RECAP")[2])) == {"0"}
    assert len(repository.asked) < 6, "only the clone asks the remote"
