# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files: as a whole or not at all, and never readable by others, not even for a moment."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.private_file import (
    check_writable,
    remove_files,
    resolved,
    write_private,
)


def test_it_is_made_with_its_mode(tmp_path, monkeypatch):
    modes, replace = [], os.replace

    def noting(draft, target):
        modes.append(stat.S_IMODE(os.stat(draft).st_mode))
        replace(draft, target)

    monkeypatch.setattr(os, "replace", noting)
    before = os.umask(0)
    try:
        write_private(str(tmp_path / "file"), "text", "option")
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert (tmp_path / "file").read_text() == "text"


def test_what_is_there_is_replaced_with_a_stricter_mode(tmp_path):
    path = tmp_path / "file"
    path.write_text("older")
    path.chmod(0o666)
    write_private(str(path), "newer", "option")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("newer", 0o600)
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "kept").mkdir()
    target, link = tmp_path / "kept" / "file", tmp_path / "link"
    target.write_text("older")
    link.symlink_to(target)
    check_writable(str(link), "option")
    write_private(str(link), "newer", "option")
    assert link.is_symlink()
    assert target.read_text() == "newer"


@pytest.fixture
def shared(tmp_path) -> Path:
    """A directory as /tmp is one."""
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    return directory


def owned_by(monkeypatch, owners: dict[Path, int]) -> None:
    """Have files belong to others, as far as lstat and stat tell."""
    for name in ("lstat", "stat"):
        real = getattr(os, name)

        def told(path, *arguments, real=real, **more):
            found = real(path, *arguments, **more)
            for one, owner in owners.items():
                if str(path) == str(one):
                    found = os.stat_result([*found[:4], owner, *found[5:]])
            return found

        monkeypatch.setattr(os, name, told)


@pytest.mark.parametrize("way", ["the file", "a directory on the way", "a link to a link"])
@pytest.mark.parametrize(
    ("mode", "link_owner", "directory_owner", "followed"),
    [
        (0o1777, 4711, 0, False),
        (0o1777, 4711, 4711, True),
        (0o1777, None, 0, True),
        (0o1777, 0, 0, True),
        (0o0777, 4711, 0, True),
        (0o1755, 4711, 0, True),
    ],
)
def test_links_are_followed_as_the_kernel_follows_them(tmp_path, monkeypatch, shared, way, mode, link_owner, directory_owner, followed):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("older")
    link = shared / "link"
    link.symlink_to("../kept" if way == "a directory on the way" else kept / "file")
    path = link / "file" if way == "a directory on the way" else link
    if way == "a link to a link":
        path = tmp_path / "first"
        path.symlink_to("shared/link")
    shared.chmod(mode)
    owned_by(monkeypatch, {link: os.geteuid() if link_owner is None else link_owner, shared: directory_owner})
    if followed:
        check_writable(str(path), "option")
        write_private(str(path), "newer", "option")
    else:
        for refusing in (lambda: check_writable(str(path), "option"), lambda: write_private(str(path), "newer", "option")):
            with pytest.raises(OptionError, match=rf"option: '{path}' is not used, since '{link}' is a symbolic link of another user"):
                refusing()
    assert (kept / "file").read_text() == ("newer" if followed else "older")
    assert link.is_symlink()


@pytest.mark.parametrize("path", ["", "a/../b", "../c", "a/./b//c", "nowhere/../a", "loop/x", "here/..", "/", "/tmp/../etc"])
def test_where_a_path_leads(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "here").symlink_to("a")
    assert resolved(path, "option") == os.path.realpath(path)


def test_links_in_a_circle(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OptionError, match="it is not a regular file"):
        check_writable(str(tmp_path / "loop"), "option")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch, failing):
    path = tmp_path / "file"
    path.write_text("older")

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(LatchkeyError, match=r"option: .* could not be written: No space left on device\. What was there is unchanged\."):
        write_private(str(path), "CANARY", "option")
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["file"]


def test_an_interruption_leaves_no_draft(tmp_path, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_private(str(tmp_path / "file"), "CANARY", "option")
    assert os.listdir(tmp_path) == []


def test_paths_that_cannot_be_written(tmp_path, monkeypatch):
    for path, why in ((tmp_path / "no" / "file", "there is no directory"), (tmp_path, "it is not a regular file")):
        with pytest.raises(OptionError, match=why) as caught:
            check_writable(str(path), "option")
        assert "nothing was created. Correct the path" in str(caught.value)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OptionError, match="is not writable"):
        check_writable(str(tmp_path / "file"), "option")


@pytest.mark.parametrize("check_mode", [True, False])
def test_files_are_removed_and_named(tmp_path, check_mode):
    there, gone, link = tmp_path / "there", tmp_path / "gone", tmp_path / "link"
    there.touch()
    link.symlink_to(gone)
    assert remove_files([str(there), str(gone), str(link)], check_mode) == [str(there), str(link)]
    assert (there.exists(), link.is_symlink()) == (check_mode, check_mode)


def test_what_cannot_be_removed(tmp_path):
    with pytest.raises(LatchkeyError, match=r"could not be removed: .* Remove it by hand"):
        remove_files([str(tmp_path)], False)
