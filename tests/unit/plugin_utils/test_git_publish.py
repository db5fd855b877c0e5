# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a vars file, pushed by the real git to bare repositories in pytest's temporary folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git import publish as git_publish
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.command import Git, GitAccess, GitError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._git.publish import Order, Published, publish
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.transfer import transfer
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import adopt_file, edit_file, read_file
from tests.plays._publish_rig import Checkout, Remote, git

VAULT = Vault(VaultLib([("prod", VaultSecret(b"not a real one"))]))
CANARY = "ghp_canary0123456789"


class Work:
    """A work tree with a vars file, and the remote it came from."""

    def __init__(self, folder: Path, inside: str = "vault.yml", whole: bool = False) -> None:
        self.folder, self.inside = folder / "work", inside
        self.remote = Remote(folder / "remote.git")
        git(folder, "clone", "--quiet", str(self.remote.path), str(self.folder))
        git(self.folder, "checkout", "--quiet", "-B", "main")
        self.path = self.folder / inside
        self.path.parent.mkdir(parents=True, exist_ok=True)
        edit_file(
            str(self.path),
            Request({"token": "old"}, {"other": 1}, create=True, encrypt="file" if whole else "auto", vault_id="prod"),
            VAULT,
        )
        (self.folder / "readme").write_text("as it was\n")
        git(self.folder, "add", ".")
        git(self.folder, "commit", "--quiet", "--message", "begin")
        git(self.folder, "push", "--quiet", "--set-upstream", "origin", "main")

    def store(self, value: str = "new", **plain: Any) -> None:
        edit_file(str(self.path), Request({"token": value}, plain), VAULT)

    def publish(
        self, check_mode: bool = False, access: GitAccess | None = None, env: dict[str, str] | None = None, **more: Any
    ) -> Published:
        order = Order(**{"path": str(self.path), "names": ["token"], "plain": {"token_rotation": {"stage": "current"}}, **more})
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "GIT_CONFIG_NOSYSTEM": "1", **(env or {})}
        return publish(order, access or GitAccess(), environment, VAULT, check_mode=check_mode)

    def fresh(self, name: str = "fresh") -> Path:
        """The vars file in a new clone."""
        git(self.folder.parent, "clone", "--quiet", str(self.remote.path), name)
        return self.folder.parent / name / self.inside

    def value(self, path: Path, *names: str) -> Any:
        found = read_file(str(path), names or ["token"], VAULT).values
        return found if names else found["token"]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def refused(call: Callable[[], object], error: type[LatchkeyError] = LatchkeyError) -> str:
    with pytest.raises(error) as caught:
        call()
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    assert CANARY not in said
    return said


def test_transfer_takes_the_ciphertext_over_and_nothing_else(work: Work, tmp_path: Path) -> None:
    here, there = work.path.read_bytes(), b"# theirs\nother: 2\n"
    new = transfer(here, there, ["token", "gone"], {"token_rotation": {"stage": "current"}}, VAULT, where=("here", "there"))
    assert new.startswith(there)
    assert here.decode().partition("token:")[2].split("\n")[2] in new.decode()
    assert transfer(here, new, ["token"], {}, VAULT, where=("here", "there")) == new
    assert b"token:" not in transfer(there, new, ["token"], {}, VAULT, where=("there", "here"))


def test_adopting_gives_the_other_copys_bytes_where_nothing_else_differs(work: Work) -> None:
    now = work.path.read_bytes()
    work.store("newer")
    newer = work.path.read_bytes()
    work.path.write_bytes(now)
    assert adopt_file(str(work.path), newer, ["token"], VAULT)
    assert work.path.read_bytes() == newer
    assert not adopt_file(str(work.path), newer, ["token"], VAULT)
    work.path.write_bytes(now + b"mine: 1\n")
    assert adopt_file(str(work.path), newer, ["token"], VAULT)
    assert work.value(work.path, "token", "mine") == {"token": "newer", "mine": 1}


@pytest.mark.parametrize("whole", [False, True])
def test_published(tmp_path: Path, whole: bool) -> None:
    work = Work(tmp_path, whole=whole)
    work.store(token_rotation={"stage": "stored"})
    done = work.publish()
    assert done.changed
    assert done.commit == work.remote.head == git(work.folder, "rev-parse", "HEAD")
    assert git(work.folder, "status", "--porcelain") == ""
    fresh = work.fresh()
    assert fresh.read_bytes() == work.path.read_bytes()
    assert work.value(fresh, "token", "token_rotation") == {"token": "new", "token_rotation": {"stage": "current"}}
    assert not work.publish().changed
    assert sorted(os.listdir(work.folder / ".git" / "latchkey")) == ["lock"]


def test_what_else_is_changed_staged_or_committed_stays_and_is_not_pushed(work: Work) -> None:
    base = work.remote.head
    (work.folder / "readme").write_text("staged\n")
    git(work.folder, "commit", "--quiet", "--all", "--message", "mine, not pushed")
    (work.folder / "readme").write_text("unstaged\n")
    with work.path.open("a") as file:
        file.write("mine: 1\n")
    before = git(work.folder, "rev-parse", "HEAD")
    work.store()
    work.publish()
    assert git(work.folder, "rev-parse", "HEAD") == before
    assert work.remote.log(base) == ["Update token in vault.yml"]
    fresh = work.fresh()
    assert work.value(fresh, "token", "mine") == {"token": "new"}
    assert (fresh.parent / "readme").read_text() == "as it was\n"
    assert work.value(work.path, "token", "mine") == {"token": "new", "mine": 1}


@pytest.mark.parametrize("layout", ["subfolder", "symlink", "detached", "shallow", "url", "worktree", "glob"])
def test_layouts(tmp_path: Path, layout: str) -> None:
    work = Work(tmp_path, {"subfolder": "a/b c/vault.yml", "glob": "[a]*/v?.yml"}.get(layout, "vault.yml"))
    more: dict[str, Any] = {}
    if layout == "symlink":
        (tmp_path / "link").symlink_to(work.folder)
        work.path = tmp_path / "link" / work.inside
    elif layout == "detached":
        git(work.folder, "checkout", "--quiet", "--detach")
        work.store()
        assert "HEAD is detached" in refused(work.publish)
        more = {"branch": "main"}
    elif layout == "shallow":
        git(work.folder, "commit", "--quiet", "--allow-empty", "--message", "more")
        git(work.folder, "push", "--quiet")
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{work.remote.path}", "shallow")
        work.folder = tmp_path / "shallow"
        work.path = work.folder / work.inside
        assert git(work.folder, "rev-list", "--count", "HEAD") == "1"
    elif layout == "url":
        git(work.folder, "remote", "set-url", "origin", "/nowhere")
        more = {"remote": f"file://{work.remote.path}", "branch": "main"}
    elif layout == "worktree":
        git(work.folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"), "main")
        work.folder = tmp_path / "linked"
        work.path = work.folder / work.inside
        more = {"branch": "main"}
    work.store()
    assert work.publish(check_mode=True, **more).changed
    done = work.publish(**more)
    assert done.commit == work.remote.head
    assert not done.warnings
    assert work.value(work.fresh()) == "new"
    if layout != "worktree":  # another branch is checked out there
        assert git(work.folder, "rev-parse", "HEAD") == done.commit
        assert git(work.folder, "status", "--porcelain", "-uno") == ""


def test_what_cannot_be_published(work: Work, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(work.remote.path), "outer")
    git(tmp_path / "outer", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(work.remote.path), "inner")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "vault.yml").write_bytes(work.path.read_bytes())
    for path, words in (("outer/inner/vault.yml", "is in a git submodule"), ("plain/vault.yml", "is in no git work tree")):
        assert words in refused(lambda path=path: work.publish(path=str(tmp_path / path)))
    checkout = Checkout(work.folder)
    for more, words in (
        ({"branch": "nowhere"}, "there is no such branch. Push it first."),
        ({"branch": "-x y"}, "one of them is no name that git takes"),
        ({"remote": "nowhere"}, "git says: 'nowhere' does not appear to be a git repository"),
        ({"remote": f"https://me:{CANARY}@example.com/x"}, "there is a password in the URL"),
    ):
        assert words in refused(lambda more=more: work.publish(**more))
    checkout.assert_as_before()
    (work.folder / "new.yml").write_bytes(work.path.read_bytes())
    assert "the branch has no such file. Commit it and push it first." in refused(lambda: work.publish(path=str(work.folder / "new.yml")))


def rival(work: Work, monkeypatch: pytest.MonkeyPatch, times: int, change: Callable[[Path, int], object]) -> None:
    """Have somebody push right before each of the first pushes."""
    clone, push, count = work.fresh("rival").parent, git_publish._Checkout.push, [0]

    def late(self: Any, commit: str, *, dry_run: bool) -> bool:
        if not dry_run and count[0] < times:
            count[0] += 1
            git(clone, "pull", "--quiet")
            change(clone, count[0])
            git(clone, "add", ".")
            git(clone, "commit", "--quiet", "--message", "rival")
            git(clone, "push", "--quiet")
        return push(self, commit, dry_run=dry_run)

    monkeypatch.setattr(git_publish._Checkout, "push", late)


def test_rivals_with_other_files_and_other_variables(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(clone: Path, number: int) -> None:
        (clone / "readme").write_text(f"{number}\n")
        edit_file(str(clone / "vault.yml"), Request({"theirs": f"their {number}"}), VAULT)

    rival(work, monkeypatch, 3, change)
    work.store()
    assert work.publish().changed
    assert work.value(work.fresh(), "token", "theirs") == {"token": "new", "theirs": "their 3"}
    assert work.value(work.path, "token", "theirs") == {"token": "new"}
    assert (work.folder / "readme").read_text() == "as it was\n"


def test_a_rival_who_never_ends(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    rival(work, monkeypatch, 99, lambda clone, number: (clone / "readme").write_text(f"{number}\n"))
    work.store()
    assert "others pushed at the same moment 8 times. Run again." in refused(work.publish, GitError)


def test_a_rival_with_the_same_variable(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    rival(work, monkeypatch, 1, lambda clone, _number: edit_file(str(clone / "vault.yml"), Request({"token": "theirs"}), VAULT))
    work.store()
    checkout = Checkout(work.folder)
    assert "token there is not what this checkout began with" in refused(work.publish)
    checkout.assert_as_before()
    assert work.value(work.path) == "new"
    assert work.value(work.fresh()) == "theirs"


def test_expect(work: Work) -> None:
    seen = work.publish(check_mode=True).fingerprints
    work.store()
    git(work.folder, "commit", "--quiet", "--all", "--message", "committed, and not pushed")
    assert "is not what this checkout began with" in refused(work.publish)
    assert work.publish(expect=seen).changed


def hook(work: Work, name: str, script: str) -> None:
    path = work.folder / ".git" / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_hooks_and_signing_are_respected_and_tried_in_check_mode(work: Work, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("pre-commit", "commit-msg", "pre-push"):
        hook(work, name, f"echo {name} >> {log}; test -e readme")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    for key, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(tmp_path / "key")),
        ("commit.gpgsign", "true"),
        ("user.email", "me@x"),
    ):
        git(work.folder, "config", key, value)
    work.store()
    work.publish(check_mode=True)
    assert log.read_text().split() == ["pre-commit", "commit-msg", "pre-push"]
    work.publish()
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in git(work.folder, "cat-file", "commit", "HEAD")
    assert git(work.folder, "log", "-1", "--format=%ae %ce") == "me@x me@x"
    work.store("third")
    git(work.folder, "config", "user.signingkey", str(tmp_path / "gone"))
    checkout = Checkout(work.folder)
    assert "git says: " in refused(lambda: work.publish(check_mode=True), GitError)
    checkout.assert_as_before()


def test_a_hook_that_changes_the_credential(work: Work) -> None:
    hook(work, "pre-commit", "sed -i s/AES256/AES512/ vault.yml; git add vault.yml")
    work.store()
    head = work.remote.head
    assert "was not published" in refused(work.publish)
    assert work.remote.head == head


def test_authors(work: Work) -> None:
    work.store()
    work.publish(author_name="Robot", author_email="robot@example.com", message="A message")
    assert git(work.folder, "log", "-1", "--format=%an %ae %cn %ce %s") == "Robot robot@example.com Robot robot@example.com A message"


def test_an_answer_that_is_lost(work: Work) -> None:
    # The remote's end of the connection dies after it took the commit, and then before it could.
    work.remote.hook("post-receive", "kill -9 $PPID")
    work.store()
    done = work.publish()
    assert done.changed
    assert done.commit == work.remote.head
    work.remote.hook("pre-receive", "kill -9 $PPID")
    work.store("third")
    with pytest.raises(GitError) as caught:
        work.publish()
    assert caught.value.in_doubt
    assert str(caught.value).startswith("Whether vault.yml was published to main of origin is not known: git says: ")


def test_a_push_that_takes_too_long_is_in_doubt(work: Work) -> None:
    work.remote.hook("pre-receive", "sleep 20")
    work.store()
    with pytest.raises(GitError) as caught:
        work.publish(access=GitAccess(timeout=2))
    assert caught.value.in_doubt
    assert "Whether vault.yml was published to main of origin is not known: git says: it took longer than 2 seconds." in str(caught.value)
    assert work.value(work.path) == "new"


def test_a_way_that_ends_before_anything_is_sent_is_no_doubt(work: Work) -> None:
    git(work.folder, "remote", "set-url", "--push", "origin", "/nowhere")
    work.store()
    with pytest.raises(GitError) as caught:
        work.publish()
    assert not caught.value.in_doubt


def test_what_a_killed_run_left_is_cleared_away(work: Work) -> None:
    folder = work.folder / ".git" / "latchkey"
    folder.mkdir()
    git(work.folder, "worktree", "add", "--quiet", "--detach", str(folder / "left"), "HEAD")
    (folder / "trace").write_text("x")
    work.store()
    work.publish()
    assert os.listdir(folder) == ["lock"]
    assert len(git(work.folder, "worktree", "list").splitlines()) == 1


def test_a_checkout_that_cannot_follow_is_a_warning(work: Work) -> None:
    (work.folder / ".git" / "index.lock").write_text("")
    work.store()
    done = work.publish()
    assert done.changed
    assert "is published, but this checkout could not be brought up to date" in done.warnings[0]
    assert work.value(work.fresh()) == "new"


def test_ssh_with_a_key(work: Work, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/ssh.log\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    git(work.folder, "remote", "set-url", "origin", f"git@host.example:{work.remote.path}")
    work.store()
    access = GitAccess(ssh_key_file="/keys/with a blank", ssh_known_hosts_file="/keys/known")
    work.publish(access=access, env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    calls = (tmp_path / "ssh.log").read_text().splitlines()
    assert len(calls) >= 2
    for call in calls:
        assert "-o BatchMode=yes -o StrictHostKeyChecking=yes -i /keys/with a blank -o IdentitiesOnly=yes" in call
        assert "-o UserKnownHostsFile=/keys/known " in call


def test_the_environment(tmp_path: Path) -> None:
    start = {
        "PATH": os.environ["PATH"],
        "GIT_DIR": "/x",
        "GIT_TRACE_CURL": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
    }
    made = Git(str(tmp_path), GitAccess(token=CANARY), start)
    made.trust([f"https://me:{CANARY}@one.example:8443/x", "ssh://two.example/x"])
    assert "GIT_DIR" not in made.environment
    assert "GIT_TRACE_CURL" not in made.environment
    assert made.run("config", "--get", "a.b", what="x").text == "c"
    assert "LATCHKEY_GIT_TOKEN" in made.run("config", "--get", "credential.https://one.example:8443.helper", what="x").text
    assert made.try_run("config", "--get", "credential.helper").text == ""
    assert CANARY not in repr(made._access)
    assert "over http," in refused(lambda: made.trust(["http://one.example/x"]))
    assert "a line's end" in refused(lambda: Git(str(tmp_path), GitAccess(token="a\nb"), start))
    assert made.scrub(f"https://me:{CANARY}@host/x {CANARY}") == "https://host/x ********"


def test_without_git(work: Work) -> None:
    assert refused(lambda: work.publish(env={"PATH": "/nowhere"})) == "There is no git on the controller. Install it."


def foreign(work: Work, files: dict[str, str]) -> str:
    """Push a commit that the checkout never gets, with these files, executable; return it."""
    clone = work.fresh("foreign").parent
    for name, text in files.items():
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    git(clone, "add", "--all", "--force")
    git(clone, "commit", "--quiet", "--message", "foreign")
    git(clone, "push", "--quiet")
    return git(clone, "rev-parse", "HEAD")


HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-index-change", "pre-push", "fsmonitor")


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_of_a_commit_that_is_not_checked_out_runs(work: Work, tmp_path: Path, check_mode: bool) -> None:
    """Neither its hooks, nor what its attributes name in the user's configuration, nor what relative paths lead to there."""
    log = tmp_path / "log"
    files = {f".githooks/{name}": f"#!/bin/sh\necho {name} >> {log}; env >> {log}\n" for name in HOOKS}
    files |= {
        ".gitattributes": "* filter=tool diff=tool merge=tool\n",
        "tool": f"#!/bin/sh\necho tool >> {log}; exec cat\n",
        "scripts/check": f"#!/bin/sh\necho script >> {log}\n",
        ".gitconfig": f"[core]\n\tpager = {log}\n",
    }
    tip = foreign(work, files)
    own = work.folder / ".git" / "hooks" / "pre-commit"
    own.write_text("#!/bin/sh\nif test -e scripts/check; then scripts/check; fi\n")
    own.chmod(0o755)
    settings = {
        "filter.tool.clean": "./tool",
        "filter.tool.smudge": "./tool",
        "diff.tool.command": "./tool",
        "diff.tool.textconv": "./tool",
        "merge.tool.driver": "./tool",
        "core.fsmonitor": ".githooks/fsmonitor",
        "include.path": "../.gitconfig",
    }
    more: dict[str, Any] = {}
    for hooks in (".githooks", ""):
        for key, value in {**settings, "core.hooksPath": hooks}.items():
            git(work.folder, "config", *([key, value] if value else ["--unset", key]))
        work.store(f"new{hooks}")
        done = work.publish(check_mode=check_mode, **more)
        more = {"expect": done.fingerprints}
        assert done.changed
        assert not log.exists(), log.read_text()
    if not check_mode:
        assert git(work.remote.path, "show", "main:tool") == files["tool"].strip()
        assert git(work.remote.path, "diff", "--name-only", tip, "main") == "vault.yml"


def test_hooks_of_a_relative_path_are_those_of_the_checkout(work: Work, tmp_path: Path) -> None:
    log = tmp_path / "log"
    names = ("pre-commit", "commit-msg", "pre-push")
    for name in names:
        path = work.folder / ".githooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {name} >> {log}; test -e readme\n")
        path.chmod(0o755)
    git(work.folder, "config", "core.hooksPath", ".githooks")
    foreign(work, {f".githooks/{name}": f"#!/bin/sh\necho foreign >> {log}\n" for name in names})
    work.store()
    work.publish()
    assert log.read_text().split() == list(names)


def test_the_token_goes_to_network_commands_only(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    for name in ("pre-commit", "commit-msg", "post-commit", "post-checkout"):
        hook(work, name, f"env | grep -c {CANARY} >> {log}; exit 0")
    (work.folder / ".gitattributes").write_text("vault.yml filter=tool\n")
    git(work.folder, "config", "filter.tool.clean", f"env | grep -c {CANARY} >> {log}; cat")
    git(work.folder, "config", "filter.tool.smudge", f"env | grep -c {CANARY} >> {log}; cat")
    monkeypatch.setattr(git_publish._Checkout, "_urls", lambda _self: ["https://one.example/x"])
    work.store()
    work.publish(access=GitAccess(token=CANARY), env={"LATCHKEY_GIT_TOKEN": CANARY})
    assert set(log.read_text().split()) == {"0"}


def test_a_partial_clone_fetches_with_the_token(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it lacks of the remote's newest commit comes by a network command, before anything else asks for it."""
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(
        f'#!/bin/sh\ntest -n "$LATCHKEY_GIT_TOKEN" || echo missing >> {tmp_path}/log\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    ssh.chmod(0o755)
    git(work.remote.path, "config", "uploadpack.allowFilter", "true")
    git(work.remote.path, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{work.remote.path}", "partial")
    foreign(work, {"vault.yml": work.path.read_text() + "theirs: 1\n", "big": "big\n"})
    work.folder = tmp_path / "partial"
    work.path = work.folder / work.inside
    git(work.folder, "remote", "set-url", "origin", f"git@host.example:{work.remote.path}")
    monkeypatch.setattr(git_publish._Checkout, "_urls", lambda _self: ["https://one.example/x"])
    work.store()
    done = work.publish(access=GitAccess(token=CANARY), env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert done.changed
    assert not (tmp_path / "log").exists()
    assert work.value(work.fresh(), "token", "theirs") == {"token": "new", "theirs": 1}
    missing = git(work.folder, "rev-list", "--objects", "--all", "--missing=print")
    assert "?" in missing  # what is not needed is not fetched


def test_a_commit_message_that_a_hook_completes(work: Work) -> None:
    """As Gerrit's hook does, on top of a commit that the checkout does not have."""
    hook(work, "commit-msg", 'printf "\\nChange-Id: I1\\n" >> "$1"')
    foreign(work, {"readme": "theirs\n"})
    work.store()
    work.publish(message="Rotate")
    assert git(work.remote.path, "log", "-1", "--format=%B") == "Rotate\n\nChange-Id: I1"
    assert git(work.remote.path, "show", "main:readme") == "theirs"
    assert git(work.remote.path, "log", "--format=%s").splitlines() == ["Rotate", "foreign", "begin"]


@pytest.mark.parametrize("option", [{}, {"remote": "."}])
def test_a_branch_that_follows_a_local_one_has_no_remote(work: Work, option: dict[str, str]) -> None:
    git(work.folder, "checkout", "--quiet", "-b", "mine", "--track", "main")
    git(work.folder, "branch", "--quiet", "base")
    work.store()
    checkout = Checkout(work.folder)
    said = refused(partial(work.publish, **option))
    assert "no remote" in said
    assert "remote" in said
    checkout.assert_as_before()


@pytest.mark.parametrize("url", [".", "../work", "file://{}", "{}/.git"])
def test_a_remote_that_is_the_repository_itself(work: Work, url: str) -> None:
    git(work.folder, "branch", "--quiet", "other")
    git(work.folder, "remote", "add", "self", url.format(work.folder))
    work.store()
    assert "is this repository itself" in refused(lambda: work.publish(remote="self", branch="other"))


def test_a_tag_and_other_refs_with_the_branchs_name(work: Work) -> None:
    first = git(work.folder, "rev-parse", "HEAD")
    (work.folder / "readme").write_text("more\n")
    git(work.folder, "commit", "--quiet", "--all", "--message", "more")
    git(work.folder, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    for ref in ("refs/tags/main", "refs/heads/origin/main", "refs/tags/origin/main", "refs/tags/HEAD", "refs/heads/heads/main"):
        git(work.folder, "update-ref", ref, first)
    git(work.folder, "push", "--quiet", "origin", "refs/tags/main:refs/tags/main", "refs/heads/heads/main:refs/heads/heads/main")
    before = git(work.remote.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags", "refs/heads/heads")
    work.store()
    assert work.publish(check_mode=True).branch == "main"
    done = work.publish()
    assert done.branch == "main"
    assert work.remote.head == done.commit == git(work.folder, "rev-parse", "refs/heads/main")
    assert git(work.remote.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags", "refs/heads/heads") == before
    work.store("third")
    assert work.publish(branch="refs/heads/main").branch == "main"
    git(work.folder, "config", "branch.main.merge", "refs/tags/main")
    work.store("fourth")
    assert "follows refs/tags/main" in refused(work.publish)
