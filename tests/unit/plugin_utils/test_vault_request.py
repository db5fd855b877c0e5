# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of a vars file: types, contradictions, references, files of other tools, whole-file vaults."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.plan import IN_CLEAR
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.request import Request
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.vars_file import edit_file, read_file
from tests.unit.plugin_utils.vault_rig import DEV_PROD, Verbatim, made, plan, read, refused


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
        with pytest.raises(VarsFileError, match="has changed since it was read"):
            plan(old, secrets={"x": "b"}, expect=expect)


def test_where_there_is_no_file() -> None:
    assert refused(lambda: plan(None, plain={"a": 1})) == "v.yml does not exist. Set create to true to create it."
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
