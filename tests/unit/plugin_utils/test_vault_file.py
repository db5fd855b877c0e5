# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaulted vars files end to end with Ansible's own vault. Touches only pytest's temporary folder."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._files import atomic as atomic_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault import vars_file as vault_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.content import fingerprint_of
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import IN_CLEAR, Change, Edit, plan_edit
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import edit_file, read_file, restore_file
from ansible_collections.latchkey.tokens.plugins.plugin_utils._yaml.document import Document

PASSWORDS = {"dev": b"dev password", "prod": b"prod password", "default": b"plain password"}


class Verbatim(yaml.SafeLoader):
    """Reads a vaulted value as Ansible does: its text as it is."""


Verbatim.add_constructor("!vault", lambda _loader, node: node.value)


def real_vault(*ids: str, encrypt_id: str | None = None, **passwords: bytes) -> Vault:
    secrets = [(vault_id, VaultSecret(passwords.get(vault_id, PASSWORDS.get(vault_id, b"?")))) for vault_id in ids]
    return Vault(VaultLib(secrets), encrypt_id)


DEV_PROD = real_vault("dev", "prod")


def made(vault: Vault, text: str, vault_id: str, indent: int = 2) -> str:
    return "!vault |\n" + "".join(" " * indent + line + "\n" for line in vault.encrypt(text, vault_id).split())


def plan(old: str | bytes | None, vault: Vault = DEV_PROD, **options: Any) -> Edit:
    return plan_edit(old.encode() if isinstance(old, str) else old, Request(**options), vault, where="v.yml")


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(VarsFileError) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def read(data: bytes, *names: str, vault: Vault = DEV_PROD, folder: Path) -> dict[str, object]:
    path = folder / "read.yml"
    path.write_bytes(data)
    return read_file(str(path), names, vault).values


# -- the vault


def test_the_label_and_the_secret_stay() -> None:
    for vault_id in ("dev", "prod"):
        old = f"x: {made(DEV_PROD, 'old', vault_id)}"
        edit = plan(old, secrets={"x": "new"})
        assert f"$ANSIBLE_VAULT;1.2;AES256;{vault_id}\n" in edit.data.decode()
        assert edit.vault_ids == {"x": vault_id}
        assert edit.changes[0].vault_id == vault_id
        assert plan(edit.data, secrets={"x": "new"}).changed is False
        assert plan(edit.data, vault=real_vault(vault_id), secrets={"x": "new"}).changed is False


def test_a_value_without_a_label_keeps_the_secret_that_opened_it() -> None:
    old = f"x: {made(real_vault('default', default=PASSWORDS['prod']), 'old', 'default')}"
    assert "1.1;AES256\n" in old
    edit = plan(old, secrets={"x": "new"})
    assert "1.1;AES256\n" in edit.data.decode()
    assert edit.vault_ids == {"x": None}
    assert plan(edit.data, vault=real_vault("prod"), secrets={"x": "new"}).changed is False
    assert "was not opened" in refused(lambda: plan(edit.data, vault=real_vault("dev"), secrets={"x": "new"}))


def test_the_label_default_in_a_header_stays() -> None:
    vault = real_vault("default")
    old = f"x: {made(vault, 'old', 'default')}".replace("1.1;AES256", "1.2;AES256;default")
    edit = plan(old, vault=vault, secrets={"x": "new"})
    assert "$ANSIBLE_VAULT;1.2;AES256;default\n" in edit.data.decode()
    assert plan(edit.data, vault=vault, secrets={"x": "new"}, vault_id="default").changed is False


def test_another_label_on_request_is_a_change(tmp_path: Path) -> None:
    old = f"x: {made(DEV_PROD, 'same', 'dev')}"
    edit = plan(old, secrets={"x": "same"}, vault_id="prod")
    assert [(change.action, change.vault_id) for change in edit.changes] == [("changed", "prod")]
    assert read(edit.data, "x", vault=real_vault("prod"), folder=tmp_path) == {"x": "same"}
    assert plan(old, secrets={"x": "same"}, vault_id="dev").changed is False
    whole = DEV_PROD.encrypt("x: same\n", "dev").encode()
    edit = plan(whole, secrets={"x": "same"}, vault_id="prod")
    assert [(change.name, change.action, change.vault_id) for change in edit.changes] == [("x", "changed", "prod")]
    assert edit.data.startswith(b"$ANSIBLE_VAULT;1.2;AES256;prod\n")


def test_which_label_a_new_value_gets() -> None:
    def label(old: str | None, vault: Vault = DEV_PROD, **options: Any) -> str | None:
        return plan(old, vault=vault, secrets={"new": "s3cret"}, create=True, **options).vault_ids["new"]

    prod, dev = f"p: {made(DEV_PROD, 'a', 'prod')}", f"d: {made(DEV_PROD, 'a', 'dev')}"
    assert label(prod, vault_id="dev") == "dev"
    assert label(prod) == "prod"
    assert label(f"q:\n  - {made(DEV_PROD, 'a', 'prod', 6)}") == "prod"
    assert label(None, real_vault("dev")) == "dev"
    assert label(None, real_vault("default")) is None
    assert label(prod + dev, real_vault("dev", "prod", encrypt_id="prod")) == "prod"
    assert refused(lambda: label(prod + dev)) == (
        "Variable 'new' in v.yml could be encrypted with several vault ids (loaded vault ids: dev, prod). Name one with vault_id."
    )
    assert refused(lambda: label(None, vault_id="qa")).startswith("Vault id 'qa' is not loaded (loaded vault ids: dev, prod).")
    assert refused(lambda: label(prod, real_vault("dev"))).startswith("Vault id 'prod' is not loaded (loaded vault ids: dev).")
    assert "no vault secrets are loaded" in refused(lambda: label(None, real_vault()))


def test_what_cannot_be_opened_is_refused() -> None:
    text = made(DEV_PROD, "s3cret", "prod")
    old = f"a: 1\nx: {text}"
    cases = {
        "Variable 'x' in v.yml (line 2) is encrypted with vault id 'prod', which is not loaded (loaded vault ids: dev).": real_vault("dev"),
        "Variable 'x' in v.yml (line 2) was not opened by the loaded secret (loaded vault ids: prod).": real_vault("prod", prod=b"wrong"),
        "Variable 'x' in v.yml (line 2) is encrypted and no vault secrets are loaded.": real_vault(),
    }
    for sentence, vault in cases.items():
        assert refused(lambda vault=vault: plan(old, vault=vault, secrets={"x": "new"})).startswith(sentence)  # type: ignore[misc]
    digits = text.split("\n")
    for damaged in (
        text.replace("3", "4", 1),
        text.replace(digits[2].strip()[-4:], "zzzz"),
        "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
        "!vault x\n",
    ):
        sentence = refused(lambda damaged=damaged: plan(f"x: {damaged}", secrets={"x": "new"}))  # type: ignore[misc]
        assert "is damaged" in sentence or "was not opened" in sentence or "is not loaded" in sentence
    whole = real_vault("prod").encrypt("x: s3cret\n", "prod").encode()
    assert refused(lambda: plan(whole, vault=real_vault("dev"), plain={"y": 1})).startswith("v.yml is encrypted with vault id 'prod'")
    binary = real_vault("dev")._lib.encrypt(b"\xff", VaultSecret(PASSWORDS["dev"]), "dev")
    assert "does not decrypt to text" in refused(lambda: plan(binary, plain={"y": 1}))


HINTED = {
    "not loaded": real_vault("dev", dev=PASSWORDS["prod"]),
    "another secret": real_vault("dev", "prod", dev=PASSWORDS["prod"], prod=b"x"),
}


@pytest.mark.parametrize("vault", HINTED.values(), ids=HINTED)
def test_a_label_is_a_hint(vault: Vault, tmp_path: Path) -> None:
    old = f"x: {made(DEV_PROD, 's3cret', 'prod')}"
    assert read(old.encode(), "x", vault=vault, folder=tmp_path) == {"x": "s3cret"}
    assert plan(old, vault=vault, secrets={"x": "s3cret"}).changed is False
    edit = plan(old, vault=vault, secrets={"x": "new", "x_rotation.previous.value": "s3cret"})
    assert edit.vault_ids == {"x": "prod", "x_rotation.previous.value": "prod"}
    # What opened the old value opens the new one, and the label in the header is the same.
    assert read(edit.data, "x", vault=real_vault("prod"), folder=tmp_path) == {"x": "new"}
    whole = DEV_PROD.encrypt("x: s3cret\n", "prod").encode()
    edit = plan(whole, vault=vault, secrets={"x": "new"})
    assert real_vault("prod").decrypt(edit.data.decode()) == ("x: 'new'\n", "prod")


def test_a_vault_id_that_is_asked_for_is_no_hint(tmp_path: Path) -> None:
    old = f"x: {made(DEV_PROD, 's3cret', 'prod')}"
    whole = DEV_PROD.encrypt("x: s3cret\n", "prod").encode()
    for data in (old.encode(), whole):
        assert "Vault id 'prod' is not loaded" in refused(
            lambda data=data: plan(data, vault=HINTED["not loaded"], secrets={"x": "s3cret"}, vault_id="prod")  # type: ignore[misc]
        )
        edit = plan(data, vault=HINTED["another secret"], secrets={"x": "s3cret"}, vault_id="prod")
        assert edit.changed
        assert read(edit.data, "x", vault=real_vault("prod", prod=b"x"), folder=tmp_path) == {"x": "s3cret"}
        edit = plan(data, vault=HINTED["not loaded"], secrets={"x": "s3cret"}, vault_id="dev")
        assert edit.vault_ids == {"x": "dev"}
        assert read(edit.data, "x", vault=HINTED["not loaded"], folder=tmp_path) == {"x": "s3cret"}


def test_a_new_value_gets_the_label_of_the_others_with_the_secret_that_opens_them(tmp_path: Path) -> None:
    old = f"x: {made(DEV_PROD, 'old', 'prod')}"
    edit = plan(old, vault=HINTED["not loaded"], secrets={"y": "s3cret"})
    assert edit.vault_ids == {"y": "prod"}
    assert read(edit.data, "x", "y", vault=real_vault("prod"), folder=tmp_path) == {"x": "old", "y": "s3cret"}


@pytest.mark.parametrize("vault", HINTED.values(), ids=HINTED)
def test_with_vault_id_match_a_label_is_no_hint(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible import constants

    monkeypatch.setattr(constants, "DEFAULT_VAULT_ID_MATCH", True)
    sentence = refused(lambda: plan(f"x: {made(DEV_PROD, 's3cret', 'prod')}", vault=vault, secrets={"x": "new"}))
    assert "which is not loaded" in sentence or "was not opened by the loaded secret" in sentence


@pytest.mark.parametrize("vault_id", ["a;b", "prod ", " prod", "a\tb ", "a\nb", "pr\u00f8d"])
def test_a_vault_id_that_no_header_can_hold_is_named(vault_id: str) -> None:
    vault = real_vault("dev", vault_id, **{vault_id: b"p"})
    for old in ("a: 1\n", f"x: {made(DEV_PROD, 'old', 'dev')}"):
        sentence = refused(lambda old=old: plan(old, vault=vault, secrets={"x": "s3cret"}, vault_id=vault_id))  # type: ignore[misc]
        assert sentence.startswith(f"Vault id {vault_id!r} cannot be written into the header of a vault")
    assert "cannot be written" in refused(lambda: plan("a: 1\n", vault=real_vault(vault_id), secrets={"x": "s3cret"}))
    assert f"(loaded vault ids: dev, {vault_id!r})" in refused(
        lambda: plan("a: 1\n", vault=vault, secrets={"x": "s3cret"}, vault_id="other")
    )
    # What it opens can be read, and written where the header names no id.
    old = f"x: {made(real_vault('default', default=b'p'), 'old', 'default')}"
    assert plan(old, vault=vault, secrets={"x": "new"}).vault_ids == {"x": None}


SPACED = {
    "blanks behind the last line": lambda text: text.rstrip("\n") + "  \n",
    "blanks behind a line": lambda text: text.replace("\n", "  \n", 3),
    "a deeper line": lambda text: text.replace("\n  ", "\n   ").replace("\n   ", "\n  ", 2),
    "a blank line above the header": lambda text: text.replace("|\n", "|\n\n"),
    "folded": lambda text: text.replace("|", ">"),
    "a tabulator": lambda text: text.rstrip("\n") + "\t\n",
    "a foreign line break": lambda text: text.rstrip("\n") + "\u2028\n",
    "no line of its own": lambda text: "!vault '" + " ".join(text.split()[2:]) + "'\n",
}


@pytest.mark.parametrize("how", SPACED)
def test_white_space_that_ansible_does_not_skip_is_never_reported_ok(how: str, tmp_path: Path) -> None:
    old = f"a: 1\nx: {SPACED[how](made(DEV_PROD, 's3cret', 'dev'))}"
    written = yaml.load(old, Loader=Verbatim)["x"]  # noqa: S506
    with pytest.raises(AnsibleError):
        DEV_PROD._lib.decrypt_and_get_vault_id(written)
    for call in (lambda: plan(old, secrets={"x": "s3cret"}), lambda: plan(old, secrets={"x": "new"})):
        sentence = refused(call)
        assert sentence.startswith("Variable 'x' in v.yml (line 2) is damaged"), sentence
        assert "white space" in sentence
    assert "is damaged" in refused(lambda: read(old.encode(), "x", folder=tmp_path))


TOLERATED = {
    "empty lines": lambda text: text.replace("\n", "\n\n").replace("|\n\n", "|\n"),
    "blanks behind the header": lambda text: text.replace(";dev\n", ";dev  \n"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "double quotes": lambda text: '!vault "' + "\\r\\n".join(text.split()[2:]) + '"\n',
    "other lines": lambda text: text[:200] + "\n  " + text[200:],
}


@pytest.mark.parametrize("how", TOLERATED)
def test_white_space_that_ansible_skips_is_skipped(how: str, tmp_path: Path) -> None:
    old = f"x: {TOLERATED[how](made(DEV_PROD, 's3cret', 'dev'))}"
    assert DEV_PROD._lib.decrypt_and_get_vault_id(yaml.load(old, Loader=Verbatim)["x"])[0] == b"s3cret"  # noqa: S506
    assert plan(old, secrets={"x": "s3cret"}).changed is False
    assert plan(old, secrets={"x": "new"}).changed
    assert read(old.encode(), "x", folder=tmp_path) == {"x": "s3cret"}


def test_a_value_whose_removal_would_damage_its_neighbour() -> None:
    old = f"alpha: {made(DEV_PROD, 's3cret', 'dev')}beta: 1\n    \ngamma: 3\n"
    edit = plan(old, remove=["beta"])
    left = yaml.load(edit.data, Loader=Verbatim)  # noqa: S506
    assert DEV_PROD._lib.decrypt_and_get_vault_id(left["alpha"])[0] == b"s3cret"
    assert list(left) == ["alpha", "gamma"]


def test_values_of_an_unloaded_label_elsewhere_do_not_matter() -> None:
    old = f"x: {made(DEV_PROD, 'a', 'prod')}y: {made(DEV_PROD, 'b', 'dev')}"
    assert plan(old, vault=real_vault("dev"), secrets={"y": "c"}).vault_ids == {"y": "dev"}
    assert plan(old, vault=real_vault("dev"), remove=["x"]).changed


def test_no_vault_is_needed_for_plain_values() -> None:
    edit = plan("a: 1\n", vault=real_vault(), plain={"b": [1, {"c": None}]})
    assert edit.data == b"a: 1\nb:\n  - 1\n  - c: null\n"


# -- the request


def test_only_text_is_encrypted() -> None:
    for value in (1, 1.5, True, None, b"x", {"a": [1]}):
        assert "only text can be encrypted" in refused(lambda value=value: plan("a: 1\n", secrets={"x": value}))  # type: ignore[misc]
    assert "is already encrypted" in refused(lambda: plan("a: 1\n", secrets={"x": "$ANSIBLE_VAULT;1.1;AES256\n00"}, vault_id="dev"))
    assert "not valid Unicode" in refused(lambda: plan("a: 1\n", plain={"x": "\ud800"}))
    assert "has no place" in refused(lambda: plan("a: 1\n", plain={"x": object()}))
    assert "make all keys strings" in refused(lambda: plan("a: 1\n", plain={"x": {1: 2}})).lower()


def test_strings_of_ansible_become_ordinary_ones(tmp_path: Path) -> None:
    class Tagged(str):
        def __str__(self) -> str:
            raise AssertionError

    edit = plan("a: 1\n", secrets={"x": Tagged("s")}, plain={"y": Tagged("p"), "z": {Tagged("k"): (Tagged("v"),)}}, vault_id="dev")
    assert read(edit.data, "x", "y", "z", folder=tmp_path) == {"x": "s", "y": "p", "z": {"k": ["v"]}}


def test_plain_and_secret_parts_are_merged(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "plain": {"st": {"stage": "x", "list": [{"n": 1}]}, "u.v": 1},
        "secrets": {"st.previous.value": "s", "st.list.0.s": "t", "u.w": {"deep": ["z"]}},
        "vault_id": "dev",
    }
    edit = plan("a: 1\n", **options)
    values = read(edit.data, "st", "u", folder=tmp_path)
    assert values == {"st": {"stage": "x", "list": [{"n": 1, "s": "t"}], "previous": {"value": "s"}}, "u": {"v": 1, "w": {"deep": ["z"]}}}
    assert edit.vault_ids == {"st.previous.value": "dev", "st.list.0.s": "dev", "u.w.deep.0": "dev"}
    assert plan(edit.data, **options).changed is False
    assert [(change.name, change.action) for change in edit.changes] == [("u.w", "added"), ("st", "added"), ("u.v", "added")]


def test_contradictions_are_refused() -> None:
    assert "asked for twice" in refused(lambda: plan("a: 1\n", plain={"x": 1}, secrets={"x": "s"}))
    assert "inside a value that is not a mapping" in refused(lambda: plan("a: 1\n", plain={"x": 1, "x.y": 2}))
    assert "to be removed and" in refused(lambda: plan("a: 1\n", plain={"x.y": 1}, remove=["x"]))
    assert "to be removed and" in refused(lambda: plan("a: 1\n", plain={"x": {}}, remove=["x.y"]))
    assert plan("a:\n  b: 1\nc: 2\n", remove=["a", "a.b"]).data == b"c: 2\n"


def test_types_count() -> None:
    assert not plan("a: 1\nb: 1.5\nc: 'x'\nd: null\n", plain={"a": 1, "b": 1.5, "c": "x", "d": None}).changed
    for value in (True, "1", 1.0, [1], {"a": 1}, None):
        assert plan("a: 1\n", plain={"a": value}).changed
    assert plan("a: 2026-01-01\n", plain={"a": "2026-01-01"}).data == b"a: '2026-01-01'\n"


def test_expect() -> None:
    old = f"x: {made(DEV_PROD, 'a', 'dev')}y: 1\n"
    fingerprint = hashlib.sha256("\n".join(old.partition("y:")[0].split()[3:]).encode()).hexdigest()
    assert plan(old, secrets={"x": "b"}, expect={"x": fingerprint, "z": ""}).changed
    assert plan(old, secrets={"x": "b"}, expect={"x": ["", fingerprint]}).changed
    expects: tuple[dict[str, str | list[str]], ...] = ({"x": "0" * 64}, {"x": ""}, {"z": fingerprint}, {"x": ["", "0" * 64]}, {"x": []})
    for expect in expects:
        with pytest.raises(VarsFileError, match="was changed by someone else since it was read"):
            plan(old, secrets={"x": "b"}, expect=expect)


def test_where_there_is_no_file() -> None:
    assert refused(lambda: plan(None, plain={"a": 1})) == "v.yml does not exist. Set create to true to make it."
    assert plan(None, remove=["a"]).changed is False
    assert plan(None, plain={"a": 1}, create=True).data == b"---\na: 1\n"


def test_a_file_that_is_not_text() -> None:
    assert refused(lambda: plan(b"a: 1\nb: \xff\n", plain={"a": 2})) == "v.yml is not UTF-8 text (line 2). Convert it to UTF-8."


def test_a_value_below_a_number_is_read_written_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    path.write_text(f"vlans:\n  10:\n    psk: {made(DEV_PROD, 'one', 'dev', 6)}    list:\n      - a: 1\n")
    assert read_file(str(path), ["vlans.10.psk"], DEV_PROD).values == {"vlans.10.psk": "one"}
    done = edit_file(str(path), Request(secrets={"vlans.10.psk": "two"}, plain={"vlans.10.psk_rotation": {"stage": "current"}}), DEV_PROD)
    assert done.vault_ids == {"vlans.10.psk": "dev"}
    assert {one.name: one.action for one in done.changes} == {"vlans.10.psk_rotation": "added", "vlans.10.psk": "changed"}
    assert read_file(str(path), ["vlans"], DEV_PROD).vault_ids == {"vlans.10.psk": "dev"}
    # A whole mapping has keys that are text; its secrets keep their labels.
    assert plan(path.read_bytes(), secrets={"vlans": {"10": {"psk": "two"}}}).vault_ids == {"vlans.10.psk": "dev"}
    assert edit_file(str(path), Request(remove=["vlans.10.psk", "vlans.10.psk_rotation"]), DEV_PROD).changed
    assert path.read_text() == "vlans:\n  10:\n    list:\n      - a: 1\n"


def test_an_own_value_beside_a_merge_key_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "v.yml"
    path.write_text(f"common: &common\n  port: 1\nsite:\n  <<: *common\n  token: {made(DEV_PROD, 'old', 'dev', 4)}")
    request = Request(
        secrets={"site.token": "new", "site.token_rotation.previous.value": "old"}, plain={"site.token_rotation.stage": "stored"}
    )
    assert edit_file(str(path), request, DEV_PROD).changed
    assert read_file(str(path), ["site.token"], DEV_PROD).values == {"site.token": "new"}
    assert yaml.load(path.read_bytes(), Loader=Verbatim)["site"].keys() == {"port", "token", "token_rotation"}  # noqa: S506


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_reference_that_is_replaced_is_told(tmp_path: Path, check_mode: bool) -> None:
    path = tmp_path / "v.yml"
    path.write_text("token: '{{ vault_token }}'\nurl: '{{ x }}'\nbraces: '{{'\nvault_token: x\n")
    request = Request(secrets={"token": "s3cret", "braces": "s3cret"}, plain={"url": "y"}, vault_id="dev")
    (warning,) = edit_file(str(path), request, DEV_PROD, check_mode=check_mode).warnings
    assert warning.startswith(f"Variable 'token' in {path} referred to another variable")
    assert check_mode or edit_file(str(path), request, DEV_PROD).warnings == ()


SOPS_MAC = "ENC[AES256_GCM,data:aaaa,iv:bbbb,tag:cccc,type:str]"
FOREIGN = {
    "SOPS": {
        "YAML": f"token: {SOPS_MAC}\nsops:\n    lastmodified: '2026-01-01T00:00:00Z'\n    mac: {SOPS_MAC}\n    version: 3.8.1\n",
        "JSON": f'{{"token": "{SOPS_MAC}", "sops": {{"lastmodified": "2026-01-01T00:00:00Z", "mac": "{SOPS_MAC}"}}}}',
        "INI": f"[DEFAULT]\ntoken = {SOPS_MAC}\n\n[sops]\nlastmodified = 2026-01-01T00:00:00Z\nmac          = {SOPS_MAC}\n",
        "dotenv": f"TOKEN={SOPS_MAC}\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_mac={SOPS_MAC}\n",
    },
    "git-crypt": {"locked": b"\0GITCRYPT\0\xff\xfe\x01"},
    "age": {"binary": b"age-encryption.org/v1\n-> X25519 abc\n\xff\xfe", "armoured": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"},
    "GnuPG": {"armoured": "-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n"},
    "OpenSSL": {"transcrypt": "U2FsdGVkX1+1234567890\n"},
    "Git LFS": {"pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"},
}


@pytest.mark.parametrize(("tool", "form"), [(tool, form) for tool, forms in FOREIGN.items() for form in forms])
def test_a_file_of_another_tool_is_refused(tool: str, form: str, tmp_path: Path) -> None:
    content = FOREIGN[tool][form]
    data = content if isinstance(content, bytes) else content.encode()
    for call in (
        lambda: plan(data, secrets={"token": "new"}, vault_id="dev"),
        lambda: plan(data, remove=["token"]),
        lambda: read(data, "token", folder=tmp_path),
    ):
        assert f"is a file of {tool}" in refused(call)


def test_a_variable_that_is_called_as_a_tool_is_none_of_its_files() -> None:
    for old in (
        "sops: {version: 3.8.1}\na: 1\n",
        "sops:\n  mac: x\na: 1\n",
        "mac: ENC[AES256_GCM,x]\na: 1\n",
        "age-encryption.org/v1: 1\na: 1\n",
    ):
        assert plan(old, plain={"a": 2}).changed


@pytest.mark.parametrize("before", ["\n", " ", "\ufeff", "# note\n", "---\n"])
def test_a_whole_file_vault_with_something_before_its_header(before: str, tmp_path: Path) -> None:
    data = (before + DEV_PROD.encrypt("x: 1\n", "dev")).encode()
    for call in (lambda: plan(data, plain={"x": 2}), lambda: read(data, "x", folder=tmp_path)):
        assert "something stands before its header" in refused(call)


@pytest.mark.parametrize(
    "header", ["$ANSIBLE_VAULT", "$ANSIBLE_VAULT;", "$ANSIBLE_VAULT;1.2;AES256;", "$ANSIBLE_VAULT;1.1;ROT13", "$ANSIBLE_VAULT;9.9;AES256"]
)
def test_a_whole_file_vault_with_an_odd_header(header: str) -> None:
    """What Ansible opens is opened, and keeps its header where that has no label; all else is damaged."""
    body = DEV_PROD.encrypt("x: 1\n", "dev").partition("\n")[2]
    data = f"{header}\n{body}"
    try:
        DEV_PROD._lib.decrypt_and_get_vault_id(data)
    except Exception:  # noqa: BLE001
        assert "v.yml is damaged" in refused(lambda: plan(data, plain={"x": 2}))
    else:
        assert DEV_PROD.decrypt(plan(data, plain={"x": 2}).data.decode())[0] == "x: 2\n"


# -- whole-file vaults


@pytest.mark.parametrize("convention", ["\n", "\r\n", ""])
def test_a_whole_file_vault(convention: str, tmp_path: Path) -> None:
    text = "# note\nx: old   # keep\ny: 1\n"
    envelope = DEV_PROD.encrypt(text, "prod").rstrip("\n")
    old = (envelope.replace("\n", convention or "\n") + convention).encode()
    assert plan(old, secrets={"x": "old"}, plain={"y": 1}).data == old
    edit = plan(old, secrets={"x": "it's {{ x }}", "z": "0"}, encrypt="file")
    assert DEV_PROD.decrypt(edit.data.decode()) == ("# note\nx: !unsafe 'it''s {{ x }}'   # keep\ny: 1\nz: '0'\n", "prod")
    assert edit.data.endswith(convention.encode())
    assert edit.data.endswith(b"\n") == bool(convention)
    assert (b"\r\n" in edit.data) == (convention == "\r\n")
    assert edit.vault_ids == {"x": "prod", "z": "prod"}
    path = tmp_path / "v.yml"
    path.write_bytes(edit.data)
    reading = read_file(str(path), ["x", "y", "q"], DEV_PROD)
    assert (reading.whole_file, reading.values, reading.vault_ids) == (True, {"x": "it's {{ x }}", "y": 1}, {"x": "prod", "y": "prod"})
    # A fingerprint must not let anyone guess what the file keeps from him.
    assert reading.fingerprints["y"] != hashlib.sha256(b"1").hexdigest()
    assert plan(edit.data, secrets={"x": "a"}, expect=reading.fingerprints).changed


def test_encrypt_file_and_value() -> None:
    whole = DEV_PROD.encrypt("x: 1\n", "prod").encode()
    assert refused(lambda: plan(whole, plain={"x": 2}, encrypt="value")).startswith("v.yml is encrypted as a whole.")
    assert refused(lambda: plan("x: 1\n", plain={"x": 2}, encrypt="file")).startswith("v.yml is not encrypted as a whole.")
    assert refused(lambda: plan("", plain={"x": 2}, encrypt="file")).startswith("v.yml is not encrypted as a whole.")
    for empty in (None, ""):
        edit = plan(empty, secrets={"x": "s"}, encrypt="file", create=True, vault_id="prod")
        assert DEV_PROD.decrypt(edit.data.decode())[0] in ("---\nx: s\n", "---\nx: 's'\n", "x: 's'\n")
        assert edit.vault_ids == {"x": "prod"}


# -- files


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
    assert second.changes[0] == Change("x", "changed", "prod", first.changes[0].after, reading.fingerprints["x"][:12])
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
    assert result.warnings == (f"{path} was deleted by someone else meanwhile; it was made again.",)
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
        document = Document(path.read_text(), "v.yml")
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


# -- what counts as a secret


def test_secrets_are_what_is_vaulted_also_inside_others(tmp_path: Path) -> None:
    path = tmp_path / "vars.yml"
    inside = made(DEV_PROD, "s3cret", "dev", 4)
    path.write_text(f"plain: word\nqumulo:\n  stage: current\n  token: {inside}x: {made(DEV_PROD, 'other s3cret', 'prod')}")
    assert read_file(str(path), ["plain", "qumulo", "x"], DEV_PROD).secrets == ("s3cret", "other s3cret")
    whole = tmp_path / "whole.yml"
    whole.write_text(DEV_PROD.encrypt("token: s3cret\nstate: {stage: current}\n", "dev"))
    assert read_file(str(whole), ["token", "state"], DEV_PROD).secrets == ("s3cret",)


def test_a_clear_value_that_becomes_a_secret_gets_no_fingerprint() -> None:
    (change,) = plan("x: s3cret\n", secrets={"x": "new s3cret"}, vault_id="dev").changes
    assert (change.before, change.action) == (IN_CLEAR, "changed")
    (change,) = plan("x: word\n", plain={"x": "new word"}).changes
    assert len(change.before) == 12
