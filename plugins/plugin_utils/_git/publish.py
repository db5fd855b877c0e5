# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish variables of a vars file: commit them on top of a branch of a git remote, and push. Private to this collection.

The commit is made of objects, on what the remote has at that moment: of the vars file there, only the named variables change. So nothing
of the user's checkout is touched, and nothing in it has to be undone, until the remote has taken the commit. What the remote has is never
checked out, since its hooks, attributes and scripts would run. The user's hooks see the change in a work tree of the commit that is
checked out, and what they and filters run is of that one. A push is never forced, so of two that start from the same commit the remote
takes one; the other looks again, and gives up if someone else changed a variable that it was to change.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import Git, GitAccess, GitError, refuse_password
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import fingerprints
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.transfer import transfer
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import adopt_file

_ATTEMPTS = 8  # somebody who pushes at the same moment every time is not met by accident
_LOCK_SECONDS = 600.0  # a whole inventory may publish from one checkout, one after the other
_POLL_SECONDS = 0.1
_BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class Order:
    """What to publish, and where.

    Args:
        path: the vars file.
        names: variables that are published as the file has them; they decide whether somebody else was there first.
        plain: variables that are published with these values.
        expect: fingerprints that the names must have at the remote; by default those of the checkout's last commit.
        remote, branch: where; by default what the checked out branch follows.
        message: of the commit.
        author_name, author_email: of the commit; by default as git is configured.
    """

    path: str
    names: Sequence[str]
    plain: Mapping[str, object] = field(default_factory=dict)
    expect: Mapping[str, str] | None = None
    remote: str = ""
    branch: str = ""
    message: str = ""
    author_name: str = ""
    author_email: str = ""


@dataclass(frozen=True)
class Published:
    """How it went.

    Attributes:
        changed: whether a commit was pushed, or in check mode would be.
        commit: the commit that has the variables; empty in check mode.
        remote, branch: where.
        fingerprints: of the names, at the remote now.
        warnings: what the user should know although nothing failed.
    """

    changed: bool
    commit: str
    remote: str
    branch: str
    fingerprints: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def publish(order: Order, access: GitAccess, environment: Mapping[str, str], vault: Vault, *, check_mode: bool) -> Published:
    """Have the branch hold the variables, and the checkout know it.

    In check mode a commit is made and pushed with --dry-run, so that hooks, signing, rights and the way to the remote are tried.

    Raises:
        GitError: they are not published; where in_doubt is set, they may be.
        VarsFileError: the file is not as it has to be, here or at the remote.
    """
    checkout = _Checkout(order, access, environment)
    seen = None if check_mode else checkout.last_seen()
    with checkout.lock():
        there = checkout.file_in(seen) if seen else None
        if seen and there is not None and checkout.content_for(there, vault) == there:
            return checkout.settle(seen, there, vault, False)
        return _publish(checkout, vault, check_mode)


def _publish(checkout: _Checkout, vault: Vault, check_mode: bool) -> Published:
    for _attempt in range(_ATTEMPTS):
        tip = checkout.tip()
        there = checkout.file_at(tip)
        content = checkout.content_for(there, vault)
        checkout.refuse_rival(there, content, vault)
        if content == there:
            if not check_mode:
                return checkout.settle(tip, there, vault, False)
            checkout.push(tip, dry_run=True)
            return Published(False, "", checkout.remote_shown, checkout.branch, checkout.prints(there, vault))
        with checkout.commit(tip, content, vault) as commit:
            pushed = checkout.push(commit, dry_run=check_mode)
            if pushed and check_mode:
                return Published(True, "", checkout.remote_shown, checkout.branch, checkout.prints(there, vault))
        if pushed:
            return checkout.settle(commit, content, vault, True)
    raise GitError(f"{checkout.what}: others pushed at the same moment {_ATTEMPTS} times.", "Run again.")


class _Checkout:
    """The work tree that a vars file is in, and the branch of a remote that it goes to."""

    def __init__(self, order: Order, access: GitAccess, environment: Mapping[str, str]) -> None:
        self._order = order
        path = os.path.realpath(order.path)
        if not os.path.isfile(path):
            raise VarsFileError(f"{order.path} does not exist.", "Create it first.")
        self._git = Git(os.path.dirname(path), access, {**environment, **_identity(order)})
        found = self._git.try_run("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir")
        if found.code != 0:
            raise GitError(f"{order.path} cannot be published, for it is in no git work tree that can be used: git says: {found.words}.")
        self._top, self._common = (os.path.realpath(line) for line in found.text.splitlines())
        if self._git.try_run("rev-parse", "--show-superproject-working-tree").text:
            raise GitError(
                f"{order.path} cannot be published, for it is in a git submodule: {self._top}.",
                "Rotate in a clone of that repository; the one around it would go on pointing at the old commit.",
            )
        self._inside = os.path.relpath(path, self._top)
        self._pathspec = f":(literal){self._inside}"
        self._directory = os.path.join(self._common, "latchkey")
        # In another work tree a relative path of hooks would lead to another commit's.
        hooks = self._git.run("rev-parse", "--path-format=absolute", "--git-path", "hooks", what=order.path, directory=self._top).text
        self._git.configure(("core.hooksPath", hooks))
        self.remote, self.branch = self._target()
        self.remote_shown = self._git.scrub(self.remote)
        self.what = f"{self._inside} was not published to {self.branch} of {self.remote_shown}"
        urls = self._urls()
        self._refuse_itself(urls)
        self._git.trust(urls)
        self._give_identity()

    # Where to

    def _setting(self, key: str) -> str:
        return self._git.try_run("config", "--get", key).text

    @property
    def _head_branch(self) -> str:
        """The branch that is checked out; empty when HEAD is detached."""
        # Not --short, which is heads/main where there is a tag of that name.
        ref = self._git.try_run("symbolic-ref", "--quiet", "HEAD").text
        return ref.removeprefix(_BRANCHES) if ref.startswith(_BRANCHES) else ""

    def _target(self) -> tuple[str, str]:
        here = self._head_branch
        followed = (self._setting(f"branch.{here}.remote"), self._setting(f"branch.{here}.merge")) if here else ("", "")
        remote = self._order.remote or followed[0] or "origin"
        own = f"remote.{followed[0]}"
        if followed[0] and remote == self._setting(f"{own}.url") and not self._setting(f"{own}.pushurl"):
            remote = followed[0]  # so that what git keeps of it, such as the commit it was at, is found
        if remote == ".":
            raise OptionError(
                f"{self._order.path} cannot be published: {here or 'remote'} follows a branch of this repository, so there is no remote.",
                "Set remote and branch.",
            )
        branch = (self._order.branch or (followed[1] if remote == followed[0] else "") or here).removeprefix(_BRANCHES)
        if not branch:
            raise GitError(f"{self._order.path} cannot be published: HEAD is detached in {self._top}.", "Name the branch to push to.")
        if branch == followed[1]:
            raise GitError(f"{self._order.path} cannot be published: {here} follows {branch}.", "Name the branch to push to.")
        refuse_password(remote)
        if remote.startswith("-") or self._git.try_run("check-ref-format", f"{_BRANCHES}{branch}").code != 0:
            raise OptionError("remote and branch: one of them is no name that git takes.")
        return remote, branch

    def _urls(self) -> list[str]:
        found = [self._git.try_run("remote", "get-url", *push, self.remote) for push in ((), ("--push",))]
        return [one.text for one in found if one.code == 0] or [self.remote]

    def _refuse_itself(self, urls: Sequence[str]) -> None:
        """Refuse a remote that is this very repository: a push to it publishes nothing."""
        for url in urls:
            place = os.path.join(self._top, unquote(urlsplit(url).path) if url.startswith("file://") else url)
            if os.path.isdir(place):
                found = self._git.try_run("rev-parse", "--path-format=absolute", "--git-common-dir", directory=place)
                if found.code == 0 and os.path.realpath(found.text) == self._common:
                    raise OptionError(
                        f"{self._order.path} cannot be published: {self.remote_shown} is this repository itself.", "Set remote."
                    )

    def _give_identity(self) -> None:
        """Name somebody as the author where git knows nobody, as in a container."""
        known = self._setting("user.email") or self._setting("author.email")
        if not known and not any(self._git.environment.get(name) for name in ("EMAIL", "GIT_AUTHOR_EMAIL")):
            name, email = "Ansible", f"ansible@{os.uname().nodename or 'localhost'}"
            self._git.environment |= {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email}
            self._git.environment |= {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email}

    # What is there

    def last_seen(self) -> str | None:
        """The commit of the branch when the remote was last asked, as far as git keeps that."""
        found = self._git.try_run("rev-parse", "--quiet", "--verify", f"refs/remotes/{self.remote}/{self.branch}^{{commit}}")
        return found.text if found.code == 0 else None

    def tip(self) -> str:
        """Ask the remote which commit the branch is at, and have that commit here."""
        ref = f"{_BRANCHES}{self.branch}"
        listed = self._git.run("ls-remote", self.remote, ref, what=self.what, network=True).text
        commits = [line.split("\t")[0] for line in listed.splitlines() if line.endswith(f"\t{ref}")]
        if not commits:
            raise GitError(f"{self.what}: there is no such branch.", "Push it first.")
        commit = commits[0]
        if self._git.try_run("cat-file", "-e", f"{commit}^{{commit}}", network=True).code != 0:
            options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
            self._git.run("fetch", *options, self.remote, ref, what=self.what, network=True)
        self._git.try_run("cat-file", "-e", f"{commit}:{self._inside}", network=True)  # which a partial clone fetches only now
        return commit

    def file_in(self, commit: str) -> bytes | None:
        """The vars file as a checkout of a commit would have it; None when it has none."""
        found = self._git.try_run("cat-file", "--filters", f"{commit}:{self._inside}", directory=self._top)
        return found.output if found.code == 0 else None

    def file_at(self, tip: str) -> bytes:
        """The vars file at the remote."""
        there = self.file_in(tip)
        if there is None:
            raise VarsFileError(f"{self.what}: the branch has no such file.", "Commit it and push it first.")
        return there

    def prints(self, data: bytes, vault: Vault) -> dict[str, str]:
        """The fingerprints of the names in a copy of the file."""
        return fingerprints(data, self._order.names, vault, self._order.path)

    def content_for(self, there: bytes, vault: Vault) -> bytes:
        """What the file at the remote has to become."""
        here = atomic_file.read(self._order.path) or b""
        where = (self._order.path, f"{self._inside} in {self.branch} of {self.remote_shown}")
        return transfer(here, there, self._order.names, self._order.plain, vault, where=where)

    def refuse_rival(self, there: bytes, content: bytes, vault: Vault) -> None:
        """Refuse to replace what somebody else made of the names since this checkout, or this run, began."""
        found = self.prints(there, vault)
        if found == self.prints(content, vault):
            return
        expected = self._order.expect
        if expected is None:
            base = self.file_in("HEAD")
            expected = self.prints(base, vault) if base is not None else {}
        changed = [name for name, one in found.items() if one != expected.get(name, "")]
        if changed:
            raise VarsFileError(
                f"{self.what}: {' and '.join(changed)} there is not what this checkout began with; another run or commit was first.",
                "Bring the checkout and the branch together (git pull) and run again.",
            )

    # What is done

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other publishers in this checkout out, and clear away what a killed one left."""
        try:
            os.makedirs(self._directory, exist_ok=True)
            file = open(os.path.join(self._directory, "lock"), "ab")  # noqa: SIM115  (closed below)
        except OSError as failure:
            raise GitError(f"{self.what}: {self._directory} cannot be written: {failure.strerror}.", "Fix its permissions.") from None
        with file:
            deadline = time.monotonic() + _LOCK_SECONDS
            while not _try_lock(file.fileno()):
                if time.monotonic() >= deadline:
                    raise GitError(
                        f"{self.what}: another run has been publishing from {self._top} for {_LOCK_SECONDS:g} seconds.", "Run again."
                    )
                time.sleep(_POLL_SECONDS)
            left = [name for name in os.listdir(self._directory) if name != "lock"]
            for name in left:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self._directory, name))
                shutil.rmtree(os.path.join(self._directory, name), ignore_errors=True)
            # Of one that was killed between the two there is only git's note of the work tree.
            if left or os.path.isdir(os.path.join(os.path.dirname(self._directory), "worktrees")):
                self._git.try_run("worktree", "prune")
            yield

    @contextlib.contextmanager
    def commit(self, tip: str, content: bytes, vault: Vault) -> Iterator[str]:
        """Commit this content on top of a commit, and return the new commit."""
        directory = os.path.join(self._directory, secrets.token_hex(8))
        mode = self._mode_in(tip)
        try:
            path = f"--path={self._inside}"
            blob = self._git.run("hash-object", "-w", "--stdin", path, what=self.what, directory=self._top, given=content).text
            judged = self._judged(directory, f"{mode},{blob},{self._inside}")
            blob = self._blob(judged)
            made = self._moved(judged, directory, f"{mode},{blob},{self._inside}", tip) if blob else ""
            if not made or self.prints(self.file_in(made) or b"", vault) != self.prints(content, vault):
                raise GitError(f"{self.what}: a hook or a filter changed the credential in the commit.", "Have it leave the file alone.")
            yield made
        finally:
            shutil.rmtree(directory, ignore_errors=True)
            self._git.try_run("worktree", "prune")

    def _mode_in(self, commit: str) -> str:
        listed = self._git.run("ls-tree", "--full-tree", commit, "--", self._inside, what=self.what, directory=self._top)
        mode = listed.text.partition(" ")[0]
        if mode not in ("100644", "100755"):
            raise VarsFileError(f"{self.what}: a symbolic link leads to it there.", "Name the file that it leads to.")
        return mode

    def _judged(self, directory: str, entry: str) -> str:
        """Return a commit of the change on top of what is checked out, as hooks and the user's settings have it.

        Args:
            directory: where the work tree is made.
            entry: the vars file, as git update-index takes it.
        """
        head = self._git.try_run("rev-parse", "--quiet", "--verify", "HEAD^{commit}").text
        if not head:
            raise GitError(f"{self.what}: no commit is checked out in {self._top}.", "Check out the branch first.")
        self._git.run("worktree", "add", "--quiet", "--detach", directory, head, what=self.what)
        self._git.run("update-index", "--add", "--cacheinfo", entry, what=self.what, directory=directory)
        self._git.run("checkout-index", "--force", "--", self._inside, what=self.what, directory=directory)
        message = self._order.message or f"Update {self._order.names[0]} in {self._inside}"
        # What hooks have to say is asked, and not a second signature.
        options = ("--quiet", "--allow-empty", "--no-gpg-sign", "--message", message)
        self._git.run("commit", *options, what=self.what, directory=directory)
        return self._git.run("rev-parse", "HEAD", what=self.what, directory=directory).text

    def _moved(self, judged: str, directory: str, entry: str, tip: str) -> str:
        """Return a commit with the vars file and the message of another one, on top of the tip, without a file of the tip on disk."""
        message = self._git.run("cat-file", "commit", judged, what=self.what).output.partition(b"\n\n")[2]
        self._git.run("read-tree", tip, what=self.what, directory=directory)
        self._git.run("update-index", "--add", "--cacheinfo", entry, what=self.what, directory=directory)
        # A partial clone lacks files of the tip, and would fetch them all to see that they are there.
        tree = self._git.run("write-tree", "--missing-ok", what=self.what, directory=directory).text
        signed = ["-S"] if self._git.try_run("config", "--type=bool", "--get", "commit.gpgsign").text == "true" else []
        command = ["commit-tree", *signed, "-p", tip, "-F", "-", tree]
        return self._git.run(*command, what=self.what, directory=self._top, given=message).text

    def push(self, commit: str, *, dry_run: bool) -> bool:
        """Push a commit; False when somebody else has pushed meanwhile, so that it is to be made anew."""
        trace = os.path.join(self._directory, secrets.token_hex(8))
        arguments = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", *(["--dry-run"] if dry_run else [])]
        try:
            target = f"{commit}:{_BRANCHES}{self.branch}"
            trace_to = {"GIT_TRACE2_EVENT": trace}
            done = self._git.try_run(*arguments, self.remote, target, directory=self._top, environment=trace_to, network=True)
            if done.code == 0:
                return True
            sent = _has_sent(trace)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(trace)
        refused = re.findall(r"^!\t\S+\t(\[(?:remote )?rejected\].*)$", done.text, re.MULTILINE)
        words = "; ".join([*refused, done.words])
        if dry_run or refused or not sent:
            base = self._git.try_run("rev-parse", f"{commit}^").text
            if refused and self.tip() not in (base, commit):
                return False
            raise GitError(f"{self.what}: git says: {words}.")
        # The remote may have taken it and the answer was lost, or may still be about to take it.
        with contextlib.suppress(LatchkeyError):
            if self._git.try_run("merge-base", "--is-ancestor", commit, self.tip()).code == 0:
                return True
        raise GitError(
            f"Whether {self._inside} was published to {self.branch} of {self.remote_shown} is not known: git says: {words}.",
            in_doubt=True,
        )

    def settle(self, commit: str, content: bytes, vault: Vault, changed: bool) -> Published:
        """Let the checkout know what the remote has. Nothing may fail any more, or a credential that is published would be revoked."""
        warnings = []
        try:
            adopt_file(self._order.path, content, [*self._order.names, *self._order.plain], vault)
            self._follow(commit)
        except Exception as failure:  # noqa: BLE001  (see above)
            why = str(failure) if isinstance(failure, LatchkeyError) else type(failure).__name__
            warnings.append(f"{self._inside} is published, but this checkout could not be brought up to date: {why}")
        return Published(changed, commit, self.remote_shown, self.branch, self.prints(content, vault), tuple(warnings))

    def _follow(self, commit: str) -> None:
        """Move the checked out branch, or a detached HEAD, on to what was pushed, if all that differs is our file.

        Commits of others are left to the user's next pull: they would change files in the middle of a play. Then, so that this pull goes
        through, the index alone takes the file over. What the user has staged of the file, or committed and not pushed, stays as it is.
        """
        here = self._head_branch
        if here and here != self.branch and self._setting(f"branch.{here}.merge") != f"{_BRANCHES}{self.branch}":
            return
        head = self._git.run("rev-parse", "HEAD", what=self.what).text
        if head == commit or self._git.try_run("merge-base", "--is-ancestor", head, commit).code != 0:
            return
        known = {self._blob(one) for one in (head, f"{commit}^", commit)}
        entry = self._git.run("ls-files", "--stage", "--", self._pathspec, what=self.what, directory=self._top).text.split()
        if len(entry) < 2 or entry[1] not in known:
            return
        entry[1] = self._blob(commit)
        self._git.run("update-index", "--cacheinfo", f"{entry[0]},{entry[1]},{self._inside}", what=self.what, directory=self._top)
        between = self._git.run("diff", "--name-only", "-z", head, commit, what=self.what, directory=self._top).output
        if between.strip(b"\0") == os.fsencode(self._inside):
            self._git.run("update-ref", "-m", "latchkey.tokens.git_publish", "HEAD", commit, head, what=self.what)

    def _blob(self, commit: str) -> str:
        return self._git.try_run("rev-parse", "--quiet", "--verify", f"{commit}:{self._inside}").text


def _identity(order: Order) -> dict[str, str]:
    """What names the author, and the committer with him."""
    given = {"NAME": order.author_name, "EMAIL": order.author_email}
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in given.items() if value}


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_sent(trace: str) -> bool:
    """Tell from git's own trace whether a push came so far that the remote may have got the commit."""
    try:
        with open(trace, encoding="utf-8", errors="replace") as file:
            return any('"child_start"' in line and "pack-objects" in line for line in file)
    except OSError:
        return True
