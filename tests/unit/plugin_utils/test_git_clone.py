# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone for one run, made by the real git from bare repositories in pytest's temporary directory, and who deletes it when."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git import clone as clones
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git import clone_cleaner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.clone import Clone, clone, kept, remove_clones
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import GitAccess, GitError
from tests.plays._publish_rig import Remote, git

CANARY = "canary-token-of-git"


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again until something is so."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory for temporary files of a run, whose name no cleaner of a test ever sees end."""
    where = tmp_path / "tmp"
    where.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(where))
    monkeypatch.setattr(clone_cleaner, "start", lambda *_unused: None)
    return where


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """A repository with a vars file and what could run: hooks, and a filter."""
    found, work = Remote(tmp_path / "keys.git"), tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(found.path), str(work))
    git(work, "checkout", "--quiet", "-B", "main")
    (work / "vault.yml").write_text("---\nother: 1\n")
    (work / "out.yml").symlink_to("/etc/passwd")
    (work / ".githooks").mkdir()
    for name in ("post-checkout", "pre-commit"):
        (work / ".githooks" / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (work / ".githooks" / name).chmod(0o755)
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "begin")
    git(work, "push", "--quiet", "origin", "main")
    return found


def cloned(remote: Remote, branch: str = "", home: Path | None = None, access: GitAccess | None = None) -> Clone:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home or "/nonexistent"), "GIT_CONFIG_NOSYSTEM": "1"}
    return clone(str(remote.path), branch, access or GitAccess(), environment)


def names(temporary: Path) -> list[str]:
    return sorted(str(one.relative_to(temporary).parts[1]) for one in temporary.glob("*/*"))


def test_one_clone_for_the_run_that_only_the_user_may_enter(temporary: Path, remote: Remote) -> None:
    made = cloned(remote)
    assert cloned(remote) == made == Clone(made.path, "main", remote.head)
    assert cloned(remote, "main").path != made.path, "another order"
    assert Path(made.path, "vault.yml").read_text() == "---\nother: 1\n"
    assert [one.stat().st_mode & 0o777 for one in (*temporary.iterdir(), *temporary.glob("*/*"))] == [0o700] * 3
    assert len(remove_clones()) == 2
    assert (names(temporary), remove_clones()) == ([], [])


def test_no_hook_of_the_repository_runs(temporary: Path, remote: Remote, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[core]\n\thooksPath = .githooks\n[user]\n\tname = Ops\n\temail = ops@example.com\n")
    made = cloned(remote, home=home)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "later"], cwd=made.path, env=environment, check=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "branch", "said"),
    [
        (
            "",
            "",
            r"remote is missing: the repository with the vars files. Set it in rotate_publish_git, or LATCHKEY_GIT_REMOTE in .*",
        ),
        ("https://ops:pass@git.example.com/keys.git", "", r"remote: there is a password in the URL, .* Set token instead."),
        ("http://git.example.com/keys.git", "", r"token: the remote is reached over http, where .* Use its https URL."),
        ("--upload-pack=touch", "", r"remote: --upload-pack=touch is no name that git takes."),
        ("", "none", r"none of \S+/keys.git was not cloned: git says: .*Remote branch none not found in upstream origin."),
        ("gone", "", r"The first branch of \S+gone was not cloned: git says: .*does not.*"),
        ("empty", "", r"The first branch of \S+empty was not cloned: it has no commit. Push the vars files first."),
    ],
)
def test_refused_in_a_sentence(url: str, branch: str, said: str, temporary: Path, remote: Remote, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty")
    where = str(tmp_path / url) if url in ("gone", "empty") else url or (str(remote.path) if branch else "")
    with pytest.raises((OptionError, GitError), match=rf"^{said}$") as caught:
        clone(where, branch, GitAccess(token=CANARY), {"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    assert CANARY not in str(caught.value)
    assert not list(temporary.glob("*/*/repository*")), "nothing half done is left"


def test_a_directory_of_others_is_refused(temporary: Path, remote: Remote) -> None:
    (temporary / f"latchkey.tokens-clones-{os.getuid()}").mkdir(mode=0o755)
    with pytest.raises(LatchkeyError, match=r"is not a directory that only this user may enter\. Nothing was rotated\."):
        cloned(remote)


def test_a_file_in_a_clone_must_be_pushed_and_in_it(temporary: Path, remote: Remote, tmp_path: Path) -> None:
    path = cloned(remote).path
    with kept(f"{path}/vault.yml", is_pushed=True), kept(str(tmp_path / "work" / "vault.yml"), is_pushed=False), kept("", is_pushed=False):
        pass
    with pytest.raises(RefusedError, match=r"so a new credential would be lost\. Nothing was rotated\. Set rotate_publish"):
        kept(f"{path}/vault.yml", is_pushed=False).__enter__()
    with pytest.raises(RefusedError, match=r"out\.yml leads out of the clone by a symbolic link"):
        kept(f"{path}/out.yml", is_pushed=True).__enter__()
    with kept(f"{path}/vault.yml", is_pushed=True, rescue=str(tmp_path / "rescue.yml")):
        pass
    with pytest.raises(RefusedError, match=r"so is the rescue file, .* Nothing was rotated\. Set rotate_rescue_file"):
        kept(f"{path}/vault.yml", is_pushed=True, rescue=f"{path}/vault.yml.secret.rescue.yml").__enter__()
    remove_clones()
    with pytest.raises(LatchkeyError, match=r"cannot be used: No such file or directory\. Run again\."):
        kept(f"{path}/vault.yml", is_pushed=True).__enter__()


@pytest.mark.parametrize("complete", [True, False])
def test_the_next_run_deletes_what_a_run_left_that_is_gone(
    complete: bool, temporary: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, mine = cloned(remote).path, clones.this_run
    if not complete:  # killed in the middle of the clone
        os.rename(left, f"{left}.new")
    monkeypatch.setattr(clones, "this_run", lambda _host: "another run")
    monkeypatch.setattr(clones, "is_gone", lambda run, _host: True if run == mine("-") else None)
    with open(os.path.join(os.path.dirname(left), "lock"), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # a rotation of that run is still at work
        other = cloned(remote).path
        assert os.path.isdir(os.path.dirname(left))
    assert cloned(remote).path == other
    assert names(temporary) == [Path(other).parent.name]


@pytest.mark.parametrize("with_descriptor", [True, False])
def test_it_is_deleted_when_the_run_is_killed(with_descriptor: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once no rotation that outlived the run is at work in it any more."""
    if not with_descriptor:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    place = tmp_path / "place"
    (place / "repository").mkdir(parents=True)
    (place / "lock").touch()
    run = subprocess.Popen(["sleep", "600"])
    with (place / "lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        clone_cleaner.start(str(place), "lock", run.pid, sys.executable)
        run.kill()
        run.wait()
        assert place.exists()
    wait_until(lambda: not place.exists())
