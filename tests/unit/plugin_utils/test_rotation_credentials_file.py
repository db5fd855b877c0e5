# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A credentials file as a sink: private, compared before it is written, put back to its bytes and mode."""

from __future__ import annotations

import json
import stat

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RefusedError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.client_file import ClientFile
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.credentials_file import CredentialsFile
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import ChangedMeanwhileError, SinkContent

FORM = ClientFile("the client", "secret", id_key="id", name_key="name", fixed={"version": 1})
OLD, NEW = Handed("canary-old", "1", "svc"), Handed("canary-new", "2")
TEXT = b'{"secret": "canary-old",\n "id": "1", "version": 1, "own": true}'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "client.json"


@pytest.fixture
def sink(path):
    return CredentialsFile(str(path), FORM, "svc-backup", "https://appliance.example.com", 1.0)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_from_the_start(sink, path):
    before = sink.read()
    assert before == SinkContent()
    assert sink.write(NEW, before)
    assert (mode(path), json.loads(path.read_text())) == (0o600, {"version": 1, "id": "2", "secret": "canary-new", "name": "svc-backup"})
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    sink.restore(before, sink.read())
    assert not path.exists()


@pytest.mark.parametrize("bits", [0o600, 0o644, 0o400])
def test_an_undo_gives_the_file_its_bytes_and_mode_back(sink, path, bits):
    path.write_bytes(TEXT)
    path.chmod(bits)
    before = sink.read()
    assert sink.holds(before, OLD)
    assert sink.write(NEW, before)
    assert (mode(path), json.loads(path.read_text())["own"]) == (0o600, True)
    now = sink.read()
    assert sink.holds(now, NEW)
    assert not sink.holds(now, OLD)
    sink.restore(before, now)
    assert (path.read_bytes(), mode(path)) == (TEXT, bits)


def test_what_it_holds_already_is_not_written(sink, path):
    path.write_bytes(TEXT)
    path.chmod(0o600)
    number = path.stat().st_ino
    assert not sink.write(OLD, SinkContent(b"other"))
    assert path.stat().st_ino == number


def test_a_file_that_others_may_read_is_closed(sink, path):
    path.write_bytes(TEXT)
    path.chmod(0o644)
    assert sink.write(OLD, sink.read())
    assert mode(path) == 0o600


@pytest.mark.parametrize("act", ["write", "restore"])
def test_what_was_changed_meanwhile_stays(sink, path, act):
    path.write_bytes(TEXT)
    before = sink.read()
    path.write_bytes(TEXT.replace(b"canary-old", b"canary-hand"))
    arguments = (NEW, before) if act == "write" else (SinkContent(TEXT, 0o600), before)
    with pytest.raises(ChangedMeanwhileError, match="was changed meanwhile, so it was not written") as caught:
        getattr(sink, act)(*arguments)
    assert b"canary-hand" in path.read_bytes()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("prepare", "failure", "words"),
    [
        (lambda path: path.write_text("key: value"), RefusedError, "is not a file that the client reads"),
        (lambda path: path.mkdir(), VarsFileError, "is not a regular file"),
        (lambda path: path.parent.rmdir(), VarsFileError, "the directory does not exist"),
    ],
)
def test_what_cannot_be_written_is_found_out_before(sink, path, prepare, failure, words):
    prepare(path)
    with pytest.raises(failure, match=words):
        sink.read()


def test_every_refusal_is_a_sentence(sink, path):
    path.write_text("[]")
    with pytest.raises(LatchkeyError, match=r"\.$"):
        sink.write(NEW, SinkContent())
