# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""vault_vars: the twelve cases of inline values in a real playbook, those of a whole-file vault without one, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.latchkey.tokens.plugins.action.vault_vars import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from tests.plays._ansible import Ansible
from tests.plays._cases import twelve_cases, twelve_cases_here
from tests.plays._vaulted import vault_lib

CANARY, OTHER = "canary-value-1", "canary-value-2"
AROUND = "# Kept as it is\n---\nother: [1,  2]   # odd spacing\nplain: text\n"
MODULE = "latchkey.tokens.vault_vars"
READ: dict[str, Any] = {"latchkey.tokens.vault_vars_info": {"path": "vault.yml", "names": ["secret", "nested.inner", "plain"]}}


@pytest.fixture
def vault(ansible: Ansible) -> Ansible:
    """A folder with a vault password, and the secrets in a file that is not shown."""
    (ansible.folder / "vault-password").write_text("not a real one\n")
    (ansible.folder / "secrets.yml").write_text(json.dumps({"one": CANARY, "two": OTHER}))
    return ansible


def arguments(ansible: Ansible) -> list[str]:
    """Return what the command line needs for the vault."""
    return ["--vault-id", f"prod@{ansible.folder / 'vault-password'}", "-e", f"@{ansible.folder / 'secrets.yml'}"]


def content(ansible: Ansible) -> Path:
    """Return the vars file."""
    return ansible.folder / "vault.yml"


def phases_of(encrypt: str, one: str, two: str) -> dict[str, dict[str, Any]]:
    """Return the phases of two secrets' life in a vars file that is encrypted in this way."""
    common = {"path": "vault.yml", "create": True, "encrypt": encrypt}
    return {
        "create": {**common, "vars": {"secret": one, "nested.inner": one}, "plain_vars": {"plain": "new"}},
        "change": {**common, "vars": {"secret": two}},
        "delete": {**common, "vars": {"secret": "", "nested.inner": ""}, "plain_vars": {"plain": ""}, "state": "absent"},
    }


def assert_life(results: dict[str, dict[str, Any]], checksums: Sequence[str | None]) -> None:
    """Check what each step told, and the checksum of the file before all of them and after each."""
    shown = json.dumps(results)
    assert CANARY not in shown
    assert OTHER not in shown
    for (name, result), (before, now) in zip(results.items(), pairwise(checksums), strict=True):
        if "check" in name or "again" in name:
            assert now == before, name
        else:
            assert now != before, name
            assert result["checksum"] == now
    actions = {phase: {one["name"]: one["action"] for one in results[f"{phase}: for real"]["changes"]} for phase in ("change", "delete")}
    assert actions["change"] == {"secret": "changed"}
    assert set(actions["delete"].values()) == {"removed"}


def test_twelve_cases(vault: Ansible) -> None:
    content(vault).write_text(AROUND)
    content(vault).chmod(0o640)
    results = twelve_cases(
        vault,
        "vault_vars",
        phases_of("value", "{{ one }}", "{{ two }}"),
        look={
            "ansible.builtin.debug": {"msg": f"{{{{ lookup('ansible.builtin.file', '{content(vault)}', rstrip=False) | hash('sha256') }}}}"}
        },
        arguments=arguments(vault),
    )
    assert_life(results, [sha256(AROUND.encode()).hexdigest(), *(one["look"]["msg"] for one in results.values())])
    assert content(vault).stat().st_mode & 0o777 == 0o640
    text = content(vault).read_text()
    assert text.startswith("# Kept as it is\n---\nother: [1,  2]   # odd spacing\n")
    assert "secret" not in text


class Action(ActionModule):
    """The action without Ansible around it."""

    def __init__(self, directory: Path, lib: VaultLib) -> None:
        self.directory, self.lib = directory, lib

    def vault(self) -> Vault:
        return Vault(self.lib, None)

    def path(self, written: str) -> str:
        return str(self.directory / written)

    def do(self, check: bool = False, **options: Any) -> dict[str, Any]:
        checked = checked_arguments(MODULE, options, self.argument_spec, self.rules)
        return self.perform(checked, check, {})


def test_twelve_cases_of_a_file_that_is_encrypted_as_a_whole(tmp_path: Path) -> None:
    path, action = tmp_path / "vault.yml", Action(tmp_path, vault_lib("prod"))
    checksums: list[str | None] = [None]

    def look(_result: Mapping[str, Any]) -> None:
        checksums.append(sha256(path.read_bytes()).hexdigest() if path.exists() else None)

    def perform(_simulator: object, _module: str, check: bool, **options: Any) -> dict[str, Any]:
        return action.do(check, **options)

    assert_life(twelve_cases_here(None, "vault_vars", phases_of("file", CANARY, OTHER), after=look, perform=perform), checksums)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")


def test_what_is_stored_can_be_used(vault: Ansible) -> None:
    """By Ansible itself as a vars file, and by vault_vars_info; other bytes stay; a symbolic link stays one."""
    target = vault.folder / "real.yml"
    target.write_text(AROUND)
    content(vault).symlink_to(target)
    store = {MODULE: {"path": "vault.yml", "vars": {"secret": "{{ one }}", "nested": {"inner": "{{ two }}"}}}}
    run = vault.play(
        [
            {"name": "Store", **store},
            {"name": "Read", **READ, "register": "found"},
            {"name": "Same", "ansible.builtin.assert": {"that": ["found.vars.secret == one", "found.vars['nested.inner'] == two"]}},
            {"name": "Load", "ansible.builtin.include_vars": {"file": "{{ playbook_dir }}/vault.yml", "name": "loaded"}},
            {
                "name": "Same too",
                "ansible.builtin.assert": {"that": ["loaded.secret == one", "loaded.nested.inner == two"]},
            },
        ],
        arguments=arguments(vault),
    ).assert_ok()
    assert CANARY not in run.output
    assert content(vault).is_symlink()
    text = target.read_text()
    assert text.startswith(AROUND)
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in text
    assert CANARY not in text


def test_refusals_leave_the_file_alone(vault: Ansible) -> None:
    """Each with a sentence of its own, in one run; no value is shown. Text that cannot be edited is refused in test_vars_text.py."""
    folder = vault.folder
    (folder / "scalar.yml").write_text("outer: text\n")
    value = {"vars": {"secret": "{{ one }}"}}
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "no such file": ({"path": "nowhere.yml", **value}, "nowhere.yml"),
        "no such folder": ({"path": "no/where.yml", "create": True, **value}, "where.yml"),
        "a folder": ({"path": ".", **value}, ""),
        "vault id not loaded": ({"path": "scalar.yml", "vault_id": "dev", **value}, "dev"),
        "wrong form": ({"path": "scalar.yml", "encrypt": "file", **value}, "encrypt"),
        "nothing to do": ({"path": "scalar.yml"}, "one of the following is required"),
        "bad mode": ({"path": "scalar.yml", "mode": "rw-r--r--", **value}, "not an octal file mode"),
        "bad timeout": ({"path": "scalar.yml", "lock_timeout": "soon", **value}, "lock_timeout: 'soon' is not a duration"),
        "bad restore": ({"path": "scalar.yml", "restore": "%%", "if_checksum": "x"}, "not what an earlier task returned"),
        "unknown option": ({"path": "scalar.yml", "values": {"a": "b"}, **value}, "Unsupported parameters"),
        "changed since": ({"path": "scalar.yml", "plain_vars": {"outer": "x"}, "expect": {"outer": "0" * 64}}, "outer"),
    }
    tasks = [{"name": name, MODULE: options, "ignore_errors": True} for name, (options, _words) in cases.items()]
    run = vault.play(tasks, arguments=[*arguments(vault), "--diff", "-vvv"]).assert_ok()
    for name, (_options, words) in cases.items():
        one = run.by_name[name]
        assert one.status == "ignored", (name, one)
        message = one.result["msg"]
        assert words in message, (name, message)
        assert "bug in latchkey" not in message, (name, message)
    assert CANARY not in run.output
    assert "Traceback" not in run.output
    assert (folder / "scalar.yml").read_text() == "outer: text\n"


def test_without_or_with_a_wrong_password(tmp_path: Path) -> None:
    """Nothing is written that could not be read again."""
    store: dict[str, Any] = {"path": "vault.yml", "create": True, "vars": {"secret": CANARY}}
    path = tmp_path / "vault.yml"
    with pytest.raises(LatchkeyError, match="--vault-id"):
        Action(tmp_path, VaultLib([])).do(**store)
    assert not path.exists()
    Action(tmp_path, vault_lib("prod")).do(**store)
    before = path.read_bytes()
    with pytest.raises(LatchkeyError, match="password is wrong"):
        Action(tmp_path, VaultLib([("prod", VaultSecret(b"another"))])).do(**store)
    assert path.read_bytes() == before
