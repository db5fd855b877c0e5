# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone of a repository for one run of Ansible, which is deleted at the run's end, however that ends. Private to this collection.

Clones are in a directory that only this user may enter, each in a place of its own that names its run. It is deleted by the run, or by a
process that waits for the run's end, or, where that is gone as well, by the next run that clones. Nothing of what is cloned runs: no hook
of the repository, and no filter has the token.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files.flock import is_at, try_lock
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git import clone_cleaner
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import Git, GitAccess, GitError, refuse_password
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.place import clones, is_among_clones
from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import is_gone, this_run

_LOCK, _RUN, _WORK = "lock", "run", "repository"
_NO_HOST = "-"  # a clone is of the whole run
_LOCK_SECONDS = 600.0  # another host of the run may be cloning, or a rotation that outlived its run may be at work
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Clone:
    """A clone.

    Attributes:
        path: its work tree.
        branch: what is checked out, which follows the branch of that name at the remote.
        commit: what it is at.
    """

    path: str
    branch: str
    commit: str


def clone(remote: str, branch: str, access: GitAccess, environment: Mapping[str, str]) -> Clone:
    """Return this run's clone of a branch, made when the run has none yet.

    Args:
        remote: the URL or the path of the repository.
        branch: its branch; empty for the one that the repository's HEAD names.
        access: how to prove who we are.
        environment: the environment to start from.

    Raises:
        OptionError: the remote cannot be used.
        GitError: there is no clone of it; git's words say why.
    """
    remote = _checked(remote)
    root = _private_directory()
    _remove_left(root)
    run = this_run(_NO_HOST)
    place = os.path.join(root, hashlib.sha256(f"{run} {remote} {branch}".encode()).hexdigest()[:32])
    with _locked(place, create=True):
        work = os.path.join(place, _WORK)
        git = Git(place, access, environment)
        if not os.path.isdir(work):
            with open(os.path.join(place, _RUN), "w", encoding="utf-8") as file:
                file.write(run)
            clone_cleaner.start(place, _LOCK, os.getppid(), sys.executable)
            _make(git, remote, branch, work)
        made = git.try_run("rev-parse", "--abbrev-ref", "HEAD", directory=work).text
        return Clone(work, made, git.try_run("rev-parse", "HEAD", directory=work).text)


def remove_clones() -> list[str]:
    """Remove all clones of this run, and return their paths."""
    root, run = _private_directory(), this_run(_NO_HOST)
    return [os.path.join(place, _WORK) for place in _places(root) if _run_of(place) == run and _remove(place, wait=True)]


@contextlib.contextmanager
def kept(path: str, *, is_pushed: bool, rescue: str = "") -> Iterator[None]:
    """Keep the clone that a vars file is in, if it is in one, while the block lasts.

    Args:
        path: the vars file.
        is_pushed: whether what is stored there is pushed.
        rescue: the rescue file; empty where a rotation has none.

    Raises:
        RefusedError: what is stored there would be lost with the clone, or the file is not in the clone but beyond a symbolic link.
    """
    if not is_among_clones(path):
        yield
        return
    root = os.path.join(clones(), "")
    place = os.path.join(root, os.path.relpath(os.path.abspath(path), root).split(os.sep, maxsplit=1)[0])
    if not os.path.realpath(path).startswith(os.path.join(place, _WORK, "")):
        raise RefusedError(
            f"{path} leads out of the clone by a symbolic link. Nothing was rotated.", "Have the file itself in the repository."
        )
    if not is_pushed:
        raise RefusedError(
            f"{path} is in a clone that is deleted at the end of the run, and nothing is pushed, so a new credential would be lost. "
            "Nothing was rotated.",
            "Set rotate_publish to git.",
        )
    if rescue and os.path.realpath(rescue).startswith(os.path.join(os.path.realpath(root), "")):
        raise RefusedError(
            f"{path} is in a clone that is deleted at the end of the run, and so is the rescue file, so the only secret of the account "
            "would be lost where its push fails. Nothing was rotated.",
            "Set rotate_rescue_file to a file outside of the clone that outlives the run.",
        )
    with _locked(place, shared=True):
        yield


def _checked(remote: str) -> str:
    """Return where to clone from, a path as an absolute one."""
    if not remote:
        raise OptionError(
            "remote is missing: the repository with the vars files.",
            "Set it in rotate_publish_git, or LATCHKEY_GIT_REMOTE in the environment.",
        )
    refuse_password(remote)
    if remote.startswith("-"):
        raise OptionError(f"remote: {remote} is no name that git takes.")
    return os.path.abspath(remote) if os.path.isdir(remote) else remote


def _make(git: Git, remote: str, branch: str, work: str) -> None:
    """Clone, without any hook: one whose path is relative in the user's configuration would be the repository's."""
    shown = git.scrub(remote)
    what = f"{branch or 'The first branch'} of {shown} was not cloned"
    git.trust([remote])
    options = ("--quiet", "--no-checkout", "--depth=1", "--single-branch", "--no-tags", "--no-recurse-submodules")
    name = (f"--branch={branch}",) if branch else ()
    nowhere = ("-c", f"core.hooksPath={os.devnull}")
    made = f"{work}.new"  # one that is complete has its own name
    shutil.rmtree(made, ignore_errors=True)
    try:
        git.run(*nowhere, "clone", *options, *name, "--", remote, made, what=what, network=True)
        hooks = git.try_run("config", "--type=path", "--get", "core.hooksPath", directory=made).text
        if hooks and not os.path.isabs(hooks):
            git.run("config", "core.hooksPath", os.path.join(work, ".git", "hooks"), what=what, directory=made)
        # Large files are no vars files, and their server is one more to prove who we are to.
        git.environment["GIT_LFS_SKIP_SMUDGE"] = "1"
        if git.try_run("rev-parse", "--quiet", "--verify", "HEAD^{commit}", directory=made).code != 0:
            raise GitError(f"{what}: it has no commit.", "Push the vars files first.")
        git.run(*nowhere, "checkout", "--quiet", what=what, directory=made)
        os.rename(made, work)
    finally:
        shutil.rmtree(made, ignore_errors=True)


# Where clones are


def _private_directory() -> str:
    """Return the directory of clones, made when it is missing. Others may write beside it, so it must be ours alone."""
    directory = clones()
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        found = os.lstat(directory)
    except OSError as failure:
        raise _unusable(directory, f"cannot be made: {failure.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise _unusable(directory, "is not a directory that only this user may enter")
    return directory


def _unusable(directory: str, why: str) -> LatchkeyError:
    return LatchkeyError(
        f"The repository cannot be cloned, since {directory} {why}. Nothing was rotated.", "Fix that, or set TMPDIR to another directory."
    )


def _places(root: str) -> list[str]:
    return [os.path.join(root, name) for name in sorted(os.listdir(root)) if re.fullmatch(r"[0-9a-f]{32}", name)]


def _run_of(place: str) -> str:
    """Return the run that a clone is of; empty before that is noted."""
    try:
        with open(os.path.join(place, _RUN), encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _remove_left(root: str) -> None:
    """Remove clones of runs that are gone."""
    for place in _places(root):
        if is_gone(_run_of(place), "") is True:
            _remove(place, wait=False)


def _remove(place: str, *, wait: bool) -> bool:
    """Remove a clone unless a rotation is at work in it."""
    try:
        with _locked(place, wait=wait):
            shutil.rmtree(place, ignore_errors=True)
    except LatchkeyError:
        return False
    return True


@contextlib.contextmanager
def _locked(place: str, *, shared: bool = False, create: bool = False, wait: bool = True) -> Iterator[None]:
    """Lock a clone. Raises LatchkeyError where it is not there, or another process keeps it locked."""
    path = os.path.join(place, _LOCK)
    deadline = time.monotonic() + (_LOCK_SECONDS if wait else 0)
    while True:
        try:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(place, 0o700)
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0), 0o600)
        except OSError as failure:
            raise LatchkeyError(f"The clone in {place} cannot be used: {failure.strerror}.", "Run again.") from None
        try:
            if try_lock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
                # One that was deleted before it was locked keeps no other process out.
                if is_at(file, path):
                    yield
                    return
                continue
            if time.monotonic() >= deadline:
                raise LatchkeyError(f"The clone in {place} has been in use for {_LOCK_SECONDS:g} seconds.", "Run again.")
        finally:
            os.close(file)
        time.sleep(_POLL_SECONDS)
