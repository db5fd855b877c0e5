# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaulted vars files end to end with Ansible's own vault: edited, restored, and left alone. Touches only pytest's temporary directory."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault import vars_file as vault_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import fingerprint_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import ValueChange
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import edit_file, read_file, restore_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import YamlDocument
from tests.unit.plugin_utils.vault_rig import DEV_PROD, PASSWORDS, made, real_vault, refused


def test_a_rotation_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    first = edit_file(str(path), Request(secrets={"x": "one"}, create=True, vault_id="prod"), DEV_PROD)
    assert (first.changed, first.created, first.previous) == (True, True, None)
    assert path.stat().st_mode & 0o7777 == 0o600
    before = path.read_bytes()
    checksum = hashlib.sha256(before).hexdigest()
    assert first.checksum == checksum
    request = Request(secrets={"x": "two", "x_rotation.previous.value": "one"}, plain={"x_rotation": {"stage": "current"}}, backup=True)
    expected = edit_file(str(path), request, DEV_PROD, check_mode=True)
    assert (path.read_bytes(), expected.changed, expected.checksum, os.listdir(tmp_path)) == (before, True, checksum, ["v.yml"])
    second = edit_file(str(path), request, DEV_PROD)
    assert second.previous == before
    assert Path(second.backup_file).read_bytes() == before
    assert [(change.name, change.action) for change in second.changes] == [(change.name, change.action) for change in expected.changes]
    again = edit_file(str(path), request, DEV_PROD)
    assert (again.changed, again.backup_file, again.checksum) == (False, "", second.checksum)
    reading = read_file(str(path), ["x", "x_rotation", "absent"], DEV_PROD)
    assert reading.values == {"x": "two", "x_rotation": {"stage": "current", "previous": {"value": "one"}}}
    assert reading.vault_ids == {"x": "prod", "x_rotation.previous.value": "prod"}
    assert reading.fingerprints["absent"] == ""
    assert (reading.exists, reading.writable, reading.checksum) == (True, True, second.checksum)
    assert second.changes[0] == ValueChange("x", "changed", "prod", first.changes[0].after, reading.fingerprints["x"][:12])
    assert {change.name: change.after for change in second.changes}["x_rotation"] == reading.fingerprints["x_rotation"][:12]
    for thing in (request, first, second, reading):
        assert not any(secret in repr(thing) for secret in ("'one'", "'two'", "ANSIBLE_VAULT"))
    third = edit_file(str(path), Request(secrets={"x": "one"}, remove=["x_rotation"]), DEV_PROD)
    assert path.read_bytes() == before
    assert third.checksum == checksum


@pytest.mark.parametrize(("encrypt", "secret"), [("value", "ü☃ '\" # : \n\ttail "), ("file", "ü☃ '\" # : {{ x }}\n\ttail ")])
def test_ansible_reads_what_was_written(tmp_path: Path, encrypt: Any, secret: str) -> None:
    path, password = tmp_path / "v.yml", tmp_path / "password"
    password.write_bytes(PASSWORDS["prod"])
    request = Request(secrets={"x": secret, "l": [secret]}, plain={"p": {"n": 1}}, create=True, vault_id="prod", encrypt=encrypt)
    edit_file(str(path), request, DEV_PROD)
    read_back = tmp_path / "read_back"
    # Into a file: from 2.22 on Ansible masks what it prints.
    arguments = f"dest={read_back} content={{{{ [x, l, p] | to_json | b64encode }}}}"
    run = [sys.executable, "-m", "ansible.cli.adhoc", "localhost", "-e", f"@{path}", "--vault-id", f"prod@{password}"]
    environment = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"), "ANSIBLE_HOME": str(tmp_path / "home")}
    subprocess.run([*run, "-m", "copy", "-a", arguments], capture_output=True, check=True, env=environment)
    assert json.loads(base64.b64decode(read_back.read_text())) == [secret, [secret], {"n": 1}]


def test_restore(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    path.write_bytes(b"old")
    checksum = hashlib.sha256(b"old").hexdigest()
    assert restore_file(str(path), b"older", if_checksum=checksum) is True
    assert path.read_bytes() == b"older"
    assert restore_file(str(path), b"oldest", if_checksum=checksum) is False
    assert path.read_bytes() == b"older"
    assert restore_file(str(tmp_path / "none"), b"x", if_checksum=checksum) is False
    assert os.listdir(tmp_path) == ["v.yml"]
    assert restore_file(str(path), b"oldest", if_checksum=None) is False
    assert restore_file(str(path), None, if_checksum=hashlib.sha256(b"older").hexdigest()) is True
    assert os.listdir(tmp_path) == []
    assert restore_file(str(path), b"again", if_checksum=None, mode=0o640) is True
    assert path.read_bytes() == b"again"
    assert path.stat().st_mode & 0o7777 == 0o640


def test_a_file_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    result = edit_file(str(path), Request(plain={"ours": 2}, if_gone=b"theirs: 1\n", mode=0o640), DEV_PROD)
    assert path.read_bytes() == result.content == b"theirs: 1\nours: 2\n"
    assert result.mode == path.stat().st_mode & 0o7777 == 0o640
    assert result.warnings == (f"{path} was deleted meanwhile; it was created again.",)
    # Also when nothing else is to be changed in it; and only then.
    path.unlink()
    assert edit_file(str(path), Request(plain={"theirs": 1}, if_gone=b"theirs: 1\n"), DEV_PROD).created
    assert edit_file(str(path), Request(plain={"theirs": 1}, if_gone=b"other: 1\n"), DEV_PROD).warnings == ()
    assert path.read_bytes() == b"theirs: 1\n"


def test_a_hard_link_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    path.write_bytes(b"a: 1\n")
    os.link(path, tmp_path / "other")
    assert edit_file(str(path), Request(plain={"a": 1}), DEV_PROD).warnings == ()
    (warning,) = edit_file(str(path), Request(plain={"a": 2}), DEV_PROD).warnings
    assert warning.startswith(f"{path} had another name (a hard link), which keeps the old content.")
    assert (tmp_path / "other").read_bytes() == b"a: 1\n"
    assert edit_file(str(path), Request(plain={"a": 3}), DEV_PROD).warnings == ()


@pytest.mark.parametrize("times", [1, 1000])
def test_what_an_editor_writes_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    path = tmp_path / "v.yml"
    path.write_bytes(b"a: 1\n")
    fsync, edits = os.fsync, 0

    def late(fd: int) -> None:
        nonlocal edits
        edits += 1
        if edits <= times:
            with path.open("ab") as file:
                file.write(f"theirs{edits}: 1\n".encode())
        fsync(fd)

    monkeypatch.setattr(os, "fsync", late)
    request = Request(plain={"a": 2})
    if times == 1:
        assert edit_file(str(path), request, DEV_PROD).changed
        assert path.read_bytes() == b"a: 2\ntheirs1: 1\n"
    else:
        words = "is changed all the time by a program that takes no lock. Find it, and run again."
        assert refused(lambda: edit_file(str(path), request, DEV_PROD)) == f"{path} {words}"
        assert path.read_bytes().startswith(b"a: 1\ntheirs1: 1\n")
    assert os.listdir(tmp_path) == ["v.yml"]


def test_fingerprints_are_of_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"

    def fingerprint(value: str) -> str:
        path.write_text(f"x: {value}\n")
        document = YamlDocument(path.read_text(), "v.yml")
        found = document.find(("x",))
        assert found
        return fingerprint_of(found.tree, None, DEV_PROD)

    assert fingerprint("{1: a, b: [2026-01-01, 0x10]}") == fingerprint("{b: [2026-01-01, 16], 1: 'a'}  # c")
    texts = [
        "1",
        "'1'",
        "[1]",
        "true",
        "null",
        "!odd a",
        "!odd b",
        "{<<: {a: 1}}",
        "{<<: {a: 2}}",
        "{a: 1}",
        "{'a': '1'}",
        "!vault |\n  a",
        "!!binary YQ==",
    ]
    assert len({fingerprint(text) for text in texts}) == len(texts)


def test_refusals_leave_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    for old in (b"a: 1\na: 2\n", b"a: 1\n---\n", b"a: \xff\n", b"- 1\n", b"a: {b: 1}\n"):
        path.write_bytes(old)
        inode = path.stat().st_ino
        assert str(path) in refused(lambda: edit_file(str(path), Request(plain={"a.b": 2}), DEV_PROD))
        assert (path.read_bytes(), path.stat().st_ino, os.listdir(tmp_path)) == (old, inode, ["v.yml"])


def test_an_edit_that_cannot_be_read_back_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.yml"
    old = f"x: {made(DEV_PROD, 'old', 'prod')}".encode()

    def fail(*_arguments: object) -> None:
        raise VarsFileError("It does not decrypt.")

    monkeypatch.setattr(vault_file, "_verify", fail)
    path.write_bytes(old)
    assert refused(lambda: edit_file(str(path), Request(secrets={"x": "new"}), DEV_PROD)) == "It does not decrypt."
    assert path.read_bytes() == old
    path.unlink()
    refused(lambda: edit_file(str(path), Request(secrets={"x": "new"}, create=True, vault_id="dev"), DEV_PROD))
    assert os.listdir(tmp_path) == []


def test_a_wrong_ciphertext_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.yml"
    path.write_bytes(b"a: 1\n")
    encrypt = Vault.encrypt
    monkeypatch.setattr(Vault, "encrypt", lambda self, text, *rest: encrypt(self, text + "!", *rest))
    assert "was not stored correctly" in refused(lambda: edit_file(str(path), Request(secrets={"x": "new"}, vault_id="dev"), DEV_PROD))
    assert path.read_bytes() == b"a: 1\n"


def test_a_file_that_appears_meanwhile_is_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.yml"
    link = os.link

    def late(source: str, target: str) -> None:
        path.write_bytes(b"theirs: 1\n")
        monkeypatch.setattr(os, "link", link)
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    result = edit_file(str(path), Request(plain={"ours": 2}, create=True), DEV_PROD)
    assert path.read_bytes() == b"theirs: 1\nours: 2\n"
    assert (result.created, result.previous) == (False, b"theirs: 1\n")


def test_clear_text_of_a_whole_file_vault_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.yml"
    path.write_text(DEV_PROD.encrypt("x: s3cret\n", "prod"))
    written: list[bytes] = []
    write_all = atomic_file._write_all

    def note(fd: int, data: bytes) -> None:
        written.append(data)
        write_all(fd, data)

    monkeypatch.setattr(atomic_file, "_write_all", note)
    edit_file(str(path), Request(secrets={"x": "s3cret2"}, backup=True), DEV_PROD)
    assert len(written) == 2
    assert all(data.startswith(b"$ANSIBLE_VAULT;") for data in written)


WRITER = """
import sys
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import edit_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
vault = Vault(VaultLib([("dev", VaultSecret(b"x"))]))
for number in range(10):
    edit_file(sys.argv[1], Request(secrets={f"{sys.argv[2]}_{number}": "v"}, create=True), vault)
"""


def test_two_processes_make_one_file(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    children = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], env=environment) for name in ("a", "b")]
    assert [child.wait(120) for child in children] == [0, 0]
    vault = real_vault("dev", dev=b"x")
    names = [f"{name}_{number}" for name in ("a", "b") for number in range(10)]
    assert read_file(str(path), names, vault).values == dict.fromkeys(names, "v")
    assert os.listdir(tmp_path) == ["v.yml"]


def test_ansible_vault_opens_a_whole_file(tmp_path: Path) -> None:
    path, password = tmp_path / "v.yml", tmp_path / "password"
    password.write_bytes(PASSWORDS["prod"])
    edit_file(str(path), Request(secrets={"x": "s"}, create=True, encrypt="file", vault_id="prod"), DEV_PROD)
    command = [sys.executable, "-m", "ansible.cli.vault", "view", "--vault-id", f"prod@{password}", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PAGER": "cat"})
    assert result.stdout == "---\nx: 's'\n"
