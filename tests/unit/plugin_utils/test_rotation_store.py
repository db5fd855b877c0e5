# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vars file as the store of a rotation, and the rescue file beside it: real files, Ansible's own vault."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.names import Names
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    PARTS,
    Change,
    ChangedMeanwhileError,
    Held,
    NothingRotatedError,
    Rescued,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store import RescueFile, VarsFileStore, rescue_path
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from tests.unit.plugin_utils.rotation_facts import minting, settled, stored

VAULT = Vault(VaultLib([(name, VaultSecret(name.encode())) for name in ("default", "prod")]), "default")
OTHERS = "# Ours.\nother: 1 # stays\n"
INTENT, STORED = minting(), stored()

CREATED = "2026-11-23T08:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A vars file without a credential."""
    found = tmp_path / "vault.yml"
    found.write_text(OTHERS)
    found.chmod(0o640)
    return found


def store_of(path: Path, client_id: str = "client", vault_id: str | None = None, var: str = "token") -> VarsFileStore:
    return VarsFileStore(str(path), Names(var, client_id), VAULT, vault_id, 2.0)


@pytest.fixture
def store(path: Path) -> VarsFileStore:
    """The same, as a store, with a credential, its client id, and the state of an earlier rotation."""
    found = store_of(path)
    found.write(Change(settled(), value="canary-old", client_id="c1"), found.read().as_expected())
    return found


def parts_of(held: Held) -> tuple[str, str | None, dict, str | None]:
    return held.value, held.client_id, dict(held.state), held.old_value


# -- what is read


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ('token: "{{ vault_token }}"', "a reference to another variable"),
        ("token: !vault", "a reference to another variable"),
        ("token: prefix-{{ vault_token }}", "a template"),
        ("token: '{% if x %}y{% endif %}'", "a template"),
        ("token: x\nclient: '{{ vault_client }}'", "a reference to another variable"),
    ],
)
def test_a_reference_is_named_before_anything_is_done(path, written, what):
    path.write_text(f"{OTHERS}{written}\n")
    if "!vault" in written:
        envelope = VAULT.encrypt("{{ vault_token }}", "prod").replace("\n", "\n  ").rstrip()
        path.write_text(f"{OTHERS}token: !vault |\n  {envelope}\n")
    name = "client" if "client" in written else "token"
    held = store_of(path).read()
    assert held.refusal == f"{path} holds {what} in {name}, and not the value itself."
    assert (f"vault_{name}" in held.advice) == ("reference" in what)
    whole = VAULT.encrypt(f"{OTHERS}{name}: '{{{{ vault_{name} }}}}'\n", "prod")
    path.write_text(whole)
    assert f"a reference to another variable in {name}" in store_of(path).read().refusal


def test_braces_alone_are_no_reference(path):
    path.write_text(f"{OTHERS}token: !unsafe '{{{{ x }}}}'\n")
    assert (store_of(path).read().value, store_of(path).read().refusal) == ("{{ x }}", "")
    path.write_text(f"{OTHERS}token: 'a{{b}}c{{{{d'\n")
    assert (store_of(path).read().value, store_of(path).read().refusal) == ("a{b}c{{d", "")


@pytest.mark.parametrize("key", ["1", "null", "~", "true", "1.5", "2026-01-01"])
def test_variables_whose_names_are_no_text_are_found_before_anything_is_done(path, key):
    """ansible-core ends with an error of its own when such a file is loaded by a delegated task."""
    path.write_text(f"{OTHERS}{key}: 1\ntoken: x\n")
    sentence = f"{path} has a variable whose name is no text, {key} (line 3), so Ansible could not load it again."
    assert store_of(path).read().refusal == sentence
    path.write_text(f"{OTHERS}'{key}': 1\nbelow: {{{key}: 1}}\ncommon: &c {{a: 1}}\n<<: *c\ntoken: x\n")
    assert store_of(path).read().refusal == ""


def test_a_client_id_with_its_line_break(path):
    path.write_text(f"{OTHERS}token: x\nclient: |\n  client|1\n")
    assert store_of(path).read().client_id == "client|1"
    path.write_text(f"{OTHERS}token: ' '\n")
    assert store_of(path).read().value == ""


def test_a_file_that_is_not_there(tmp_path):
    held = store_of(tmp_path / "none.yml").read()
    assert (held.exists, held.writable, parts_of(held)) == (False, True, ("", None, {}, None))
    assert held.version == dict.fromkeys(PARTS, "")


def test_a_file_without_a_credential(path):
    held = store_of(path).read()
    assert (held.exists, held.names, parts_of(held)) == (True, ["other"], ("", None, {}, None))
    assert held.version == dict.fromkeys(PARTS, "")


def test_a_file_that_cannot_be_replaced(path):
    if os.geteuid() == 0:
        pytest.skip("The superuser may write everywhere.")
    path.parent.chmod(0o500)
    assert store_of(path).read().writable is False
    path.parent.chmod(0o700)


def test_what_a_file_holds(store):
    held = store.read()
    assert parts_of(held) == ("canary-old", "c1", settled(), None)
    assert held.names == ["other", "token", "client"]
    assert [part for part in PARTS if held.version[part]] == ["value", "client_id", "state"]
    assert held.version == store.read().version


def test_without_a_name_there_is_no_client_id(path, store):
    held = store_of(path, client_id="").read()
    assert (held.client_id, held.value) == (None, "canary-old")
    assert "client_id" not in held.version
    assert held.as_expected()["client_id"] == ("",)


@pytest.mark.parametrize("text", ["token_rotation: done\n", "token_rotation: {stage: done}\n", "token_rotation: [1]\n"])
def test_a_state_that_is_none(path, text):
    path.write_text(text)
    with pytest.raises(VarsFileError, match="is not one that this version of"):
        store_of(path).read()


# -- what is written


def test_the_first_write(path):
    store = store_of(path)
    written = store.write(Change(INTENT, value="canary-new", client_id="c1"), store.read().as_expected())
    assert parts_of(store.read()) == ("canary-new", "c1", INTENT, None)
    assert (written.before, written.after, written.mode, list(written.warnings)) == (OTHERS.encode(), path.read_bytes(), 0o640, [])
    assert written.version == store.read().version
    assert b"canary" not in path.read_bytes()
    assert path.read_text().startswith(OTHERS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_try_writes_nothing(path, store):
    before = path.read_bytes()
    store.try_write(Change(INTENT, value="canary-new"), store.read().as_expected())
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["vault.yml"]
    with pytest.raises(ChangedMeanwhileError):
        store.try_write(Change(INTENT), {"value": ("another",)})


def test_what_is_not_to_change_stays(store):
    before = store.read()
    store.write(Change(INTENT), before.as_expected())
    assert parts_of(store.read()) == ("canary-old", "c1", INTENT, None)
    assert store.read().version == {**before.version, "state": store.read().version["state"]}


def test_a_state_replaces_the_one_that_was_there(store):
    store.write(Change({**INTENT, "unconfirmed": [INTENT["pending"]]}), {})
    store.write(Change(settled()), {})
    assert store.read().state == settled()


def test_what_is_empty_is_removed(path, store):
    store.write(Change(settled(), value="", client_id=""), store.read().as_expected())
    assert parts_of(store.read()) == ("", None, settled(), None)
    assert yaml.safe_load(path.read_text()) == {"other": 1, "token_rotation": settled()}


def test_the_old_value_is_kept_encrypted_and_dropped_by_the_next_write(path, store):
    done = store.write(Change(STORED, value="canary-new", old_value="canary-old", client_id="c2"), store.read().as_expected())
    held = store.read()
    assert parts_of(held) == ("canary-new", "c2", STORED, "canary-old")
    assert done.version == held.version
    assert held.version["old_value"]
    assert b"canary" not in path.read_bytes()
    assert "old_value: !vault |" in path.read_text()
    store.write(Change(settled()), held.as_expected())
    assert parts_of(store.read()) == ("canary-new", "c2", settled(), None)
    assert "old_value" not in path.read_text()


def test_names_inside_of_others(path):
    path.write_text("all:\n  other: 1\n")
    store = store_of(path, "all.client", var="all.token")
    store.write(Change(STORED, value="canary-new", old_value="canary-old", client_id="c2"), store.read().as_expected())
    assert parts_of(store.read()) == ("canary-new", "c2", STORED, "canary-old")
    assert b"canary" not in path.read_bytes()
    assert re.findall(r"^  (\w+):", path.read_text(), re.MULTILINE) == ["other", "token", "token_rotation", "client"]


def test_a_file_that_is_encrypted_as_a_whole(path):
    path.write_text(VAULT.encrypt(OTHERS, "prod"))
    store = store_of(path)
    done = store.write(Change(STORED, value="canary-new", old_value="canary-old"), store.read().as_expected())
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert parts_of(store.read()) == ("canary-new", None, STORED, "canary-old")
    assert done.version == store.read().version
    before = store.read()
    store.write(Change(STORED, value="canary-newer"), before.as_expected())
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(settled()), before.as_expected())


def test_the_vault_id_of_the_credential_stays(path):
    store_of(path, vault_id="prod").write(Change(settled(), value="canary-old"), {})
    assert "AES256;prod" in path.read_text()
    store = store_of(path)
    store.write(Change(settled(), value="canary-new"), store.read().as_expected())
    assert ("AES256;prod" in path.read_text(), store.value_vault_id) == (True, "prod")


# -- compare and set


@pytest.mark.parametrize(
    ("part", "meanwhile"),
    [
        ("value", Change(settled(), value="canary-other")),
        ("value", Change(settled(), value="")),
        ("client_id", Change(settled(), client_id="c9")),
        ("client_id", Change(settled(), client_id="")),
        ("state", Change(settled(current={"id": "9"}))),
        ("state", Change(minting(run="another"))),
        ("old_value", Change(settled(), old_value="canary-older")),
    ],
)
def test_a_part_that_was_changed_meanwhile_is_refused(path, store, part, meanwhile):
    before = store.read()
    store.write(meanwhile, {})
    content = path.read_bytes()
    change = Change(INTENT, value="canary-new", client_id="c2")
    for act in (store.write, store.try_write):
        for expected in (before.as_expected(), {part: (before.version[part],)}):
            with pytest.raises(ChangedMeanwhileError) as caught:
                act(change, expected)
            assert "canary" not in str(caught.value)
    assert path.read_bytes() == content


def test_what_appears_meanwhile_is_refused(path):
    store = store_of(path)
    before = store.read()
    store.write(Change(settled(), value="canary-other"), {})
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(INTENT), before.as_expected())


def test_the_same_value_encrypted_anew_counts_as_changed(path, store):
    before = store.read()
    other = store_of(path)
    other.write(Change(settled(), value=""), {})
    other.write(Change(settled(), value="canary-old"), {})
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(INTENT), {"value": (before.version["value"],)})


def test_what_others_change_elsewhere_in_the_file_is_kept(path, store):
    before = store.read()
    path.write_text(path.read_text().replace("other: 1", "other: 2\nmore: 3"))
    store.write(Change(INTENT), before.as_expected())
    assert path.read_text().startswith("# Ours.\nother: 2\nmore: 3 # stays\n")


@pytest.mark.parametrize("marks", [("first", "second"), ("second", "first")])
def test_of_several_marks_one_must_be_there(store, marks):
    first = store.read()
    done = store.write(Change(INTENT), first.as_expected())
    known = {"first": first.version["state"], "second": done.version["state"]}
    store.write(Change(STORED, value="canary-new"), {"state": [known[one] for one in marks]})
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(settled()), {"state": [known[one] for one in marks]})


# -- a file that was deleted


def test_a_deleted_file_is_made_again_from_what_it_was(path, store):
    done = store.write(Change(INTENT), store.read().as_expected())
    path.unlink()
    expected = {"value": (done.version["value"],), "state": (done.version["state"],)}
    again = store.write(Change(STORED, value="canary-new", old_value="canary-old"), expected, done)
    assert parts_of(store.read()) == ("canary-new", "c1", STORED, "canary-old")
    assert (stat.S_IMODE(path.stat().st_mode), again.mode, again.before) == (0o640, 0o640, None)
    assert "was deleted meanwhile" in again.warnings[0]
    assert path.read_text().startswith(OTHERS)


def test_what_is_expected_of_a_deleted_file_is_expected_of_what_it_was(path, store):
    done = store.write(Change(INTENT), store.read().as_expected())
    path.unlink()
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(STORED), {"state": ("another",)}, done)
    assert not path.exists()


def test_a_deleted_file_is_not_made_by_a_write_that_knows_nothing_of_it(path, store):
    path.unlink()
    with pytest.raises(VarsFileError):
        store.write(Change(INTENT), {})
    assert not path.exists()


def test_a_file_that_is_there_is_what_counts(store):
    done = store.write(Change(INTENT), store.read().as_expected())
    store.write(Change(settled(), value="canary-other"), {})
    with pytest.raises(ChangedMeanwhileError):
        store.write(Change(STORED), {"value": (done.version["value"],)}, done)
    assert store.read().value == "canary-other"


# -- the old content back


def test_a_content_is_put_back_byte_by_byte(path, store):
    before = path.read_bytes()
    done = store.write(Change(INTENT, value="canary-new"), store.read().as_expected())
    assert store.restore(done.before, done.after, done.mode) is True
    assert path.read_bytes() == before


def test_a_content_is_not_put_back_over_changes_of_others(path, store):
    done = store.write(Change(INTENT), store.read().as_expected())
    path.write_bytes(path.read_bytes() + b"more: 1\n")
    content = path.read_bytes()
    assert store.restore(done.before, done.after, done.mode) is False
    assert path.read_bytes() == content
    path.unlink()
    assert store.restore(done.before, done.after, done.mode) is False
    assert not path.exists()


def test_a_deleted_file_gets_its_content_and_mode_back(path, store):
    before = path.read_bytes()
    path.unlink()
    assert store.restore(before, None, 0o640) is True
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (before, 0o640)
    assert store.restore(OTHERS.encode(), None, 0o640) is False
    assert path.read_bytes() == before


def test_a_file_that_was_not_there_is_removed_again(path, store):
    assert store.restore(None, path.read_bytes(), None) is True
    assert not path.exists()


# -- the rescue file


def rescue_of(store: VarsFileStore, path: Path | None = None, rescued_for: str = "svc token") -> RescueFile:
    where = str(path) if path else f"{store.where}.token.rescue.yml"
    return RescueFile(where, store, rescued_for, VAULT, 2.0)


@pytest.fixture
def rescue(store: VarsFileStore) -> RescueFile:
    """A rescue file that is not there yet."""
    return rescue_of(store)


def test_where_the_rescue_file_is():
    assert rescue_path("", "group_vars/vault.yml", "a.token") == "group_vars/vault.yml.a.token.rescue.yml"
    assert rescue_path("mine.yml", "vault.yml", "token") == "mine.yml"


def test_a_secret_is_kept_encrypted_until_it_is_removed(store, rescue):
    assert rescue.read() == Rescued()
    rescue.try_write()
    assert not os.path.exists(rescue.where)
    assert rescue.reserve() is True
    room = Path(rescue.where).stat()
    assert (room.st_size > 16384, stat.S_IMODE(room.st_mode)) == (True, 0o600)
    assert rescue_of(store).read() == Rescued(True, "")
    rescue.keep("canary-new", CREATED)
    assert b"canary" not in Path(rescue.where).read_bytes()
    assert Path(rescue.where).stat().st_size < 2000
    assert rescue_of(store).read() == Rescued(True, "canary-new", CREATED)
    rescue.remove()
    assert not os.path.exists(rescue.where)
    rescue.remove()


def test_a_secret_is_kept_where_no_room_was_reserved(store, rescue):
    rescue.keep("canary-new", CREATED)
    assert rescue_of(store).read() == Rescued(True, "canary-new", CREATED)
    assert stat.S_IMODE(Path(rescue.where).stat().st_mode) == 0o600


def test_a_secret_is_encrypted_as_the_credential_is(path):
    store_of(path, vault_id="prod").write(Change(settled(), value="canary-old"), {})
    store = store_of(path)
    store.read()
    rescue = rescue_of(store)
    rescue.keep("canary-new", CREATED)
    assert "AES256;prod" in Path(rescue.where).read_text()


def test_what_an_earlier_run_left_may_be_written_over(store, rescue):
    rescue.keep("canary-first", CREATED)
    later = rescue_of(store)
    assert later.read() == Rescued(True, "canary-first", CREATED)
    assert later.reserve() is False
    assert later.read() == Rescued(True, "canary-first", CREATED), "to reserve room takes nothing away"
    later.keep("canary-second", CREATED)
    assert rescue_of(store).read() == Rescued(True, "canary-second", CREATED)


@pytest.mark.parametrize("reserves", [False, True])
def test_another_secret_is_never_written_over(store, rescue, reserves):
    other = rescue_of(store)
    for one in (rescue, other):
        one.read()
    if reserves:
        rescue.reserve()
    other.keep("canary-others", CREATED)
    with pytest.raises(ChangedMeanwhileError, match=r"rescue\.yml holds another secret by now; it was left alone\.") as caught:
        rescue.keep("canary-ours", CREATED)
    assert "canary" not in str(caught.value)
    assert rescue_of(store).read() == Rescued(True, "canary-others", CREATED)


def test_another_secret_in_place_of_the_one_at_first_is_never_written_over(store, rescue):
    rescue.keep("canary-first", CREATED)
    slow, fast = rescue_of(store), rescue_of(store)
    for one in (slow, fast):
        one.read()
    fast.keep("canary-fast", CREATED)
    with pytest.raises(ChangedMeanwhileError):
        slow.keep("canary-slow", CREATED)
    assert rescue_of(store).read() == Rescued(True, "canary-fast", CREATED)


def test_a_secret_that_is_removed_meanwhile_can_be_kept(store, rescue):
    rescue.keep("canary-first", CREATED)
    later = rescue_of(store)
    later.read()
    rescue.remove()
    later.keep("canary-second", CREATED)
    assert rescue_of(store).read() == Rescued(True, "canary-second", CREATED)


def test_the_same_secret_may_be_kept_again(store, rescue):
    """A run that finds out late that another one took over keeps its secret once more."""
    rescue.read()
    rescue.keep("canary-new", CREATED)
    rescue.keep("canary-new", CREATED)
    assert rescue_of(store).read() == Rescued(True, "canary-new", CREATED)


@pytest.mark.parametrize("link", [False, True])
def test_a_rescue_file_is_another_one_than_the_vars_file(path, store, link):
    where = path
    if link:
        where = path.parent / "link.yml"
        where.symlink_to(path)
    with pytest.raises(NothingRotatedError, match="rotate_rescue_file is the vars file"):
        rescue_of(store, where).read()


def test_a_file_with_something_else_is_no_rescue_file(path, store, tmp_path):
    where = tmp_path / "mine.yml"
    where.write_text("zebra: 1\napple: 2\n")
    with pytest.raises(NothingRotatedError, match="is no rescue file, since it holds apple"):
        rescue_of(store, where).read()


def test_each_rotation_has_a_rescue_file_of_its_own(store, rescue):
    rescue.keep("canary-new", CREATED)
    with pytest.raises(NothingRotatedError, match="is the rescue file of another rotation, svc token"):
        rescue_of(store, Path(rescue.where), "another token").read()


def test_nothing_is_kept_where_nothing_can_be_encrypted(store, tmp_path):
    poor = RescueFile(str(tmp_path / "rescue.yml"), store, "svc token", Vault(VaultLib([]), None), 2.0)
    with pytest.raises(VarsFileError):
        poor.try_write()
    with pytest.raises(VarsFileError):
        poor.keep("canary-new", CREATED)
    assert not (tmp_path / "rescue.yml").exists()


def test_no_secret_shows_in_what_python_prints(store):
    change = Change(STORED, value="canary-new", old_value="canary-old")
    written = store.write(change, {})
    for one in (change, written, store.read(), replace(store.read(), value="canary"), Rescued(True, "canary")):
        assert "canary" not in repr(one)
