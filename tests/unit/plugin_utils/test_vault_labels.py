# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secret of the vault opens a value, and which label and secret a value keeps or gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultSecret

from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from tests.unit.plugin_utils.vault_rig import DEV_PROD, PASSWORDS, Verbatim, made, plan, read, real_vault, refused


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
        "Variable 'new' in v.yml could be encrypted with several vault ids (loaded vault ids: dev, prod). "
        "Name one with vault_id, or with rotate_vault_id of the role."
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
