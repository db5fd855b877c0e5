# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and the vars file: vault ids and passwords, whole-file vaults, odd files, and files that cannot be edited."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure
from tests.plays._vaulted import AFTER, BEFORE, encrypted, inline
from tests.simulator.launch import Simulator


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


@pytest.mark.parametrize(
    ("vault", "words", "whole"),
    [
        ([], "is encrypted and no vault secrets are loaded. Pass --vault-id or --vault-password-file.", False),
        (
            ["--vault-id", "prod@wrong-password"],
            "was not opened by the loaded secret (loaded vault ids: prod). The password",
            True,
        ),
        (["--vault-id", "dev@dev-password"], "is encrypted with vault id 'prod', which is not loaded (loaded vault ids: dev).", False),
    ],
    ids=["no-password", "wrong-password", "other-id"],
)
def test_the_file_cannot_be_decrypted(rig: Rig, vault: list[str], words: str, whole: bool) -> None:
    (rig.ansible.folder / "wrong-password").write_text("wrong\n")
    rig.seed()
    if whole:
        rig.write(encrypted(rig.path.read_text()))
    start = len(rig.simulator.journal())
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, vault=vault))
    assert words in said
    assert str(rig.path) in said
    assert len(rig.simulator.journal()) == start


def test_the_vault_id_of_the_credential_is_changed_on_request(rig: Rig) -> None:
    rig.labels = ("prod", "dev")
    rig.seed()
    secret = rig.stored()
    rig.write(BEFORE + inline("another", "kept", "prod") + inline("qumulo_token", secret, "dev") + AFTER)
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True, rotate_vault_id="prod"))
    rig.assert_settled()
    assert rig.path.read_text().partition("qumulo_token: ")[2].splitlines()[1].strip() == "$ANSIBLE_VAULT;1.2;AES256;prod"
    assert rig.stored("another") == "kept"
    rig.assert_unchanged(rotate_vault_id="prod")


def test_whole_file_vault(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(f"# kept\nqumulo_token:   '{rig.stored()}'  # here\nother: 1\n"))
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()
    assert rig.path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert rig.stored("other") == 1
    rig.assert_unchanged()


def test_the_value_was_never_encrypted(rig: Rig) -> None:
    # Then it is not shown either, and is encrypted from then on.
    rig.seed()
    rig.write(f"{BEFORE}qumulo_token: {rig.stored()}\n{AFTER}")
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("storage: {qumulo_token: 'VALUE', other: 1}\n", "storage.qumulo_token"),
        # ansible-core 2.19 ends with an error of its own when a delegated task loads this
        ("1: one\nqumulo_token: 'VALUE'\n", "qumulo_token"),
    ],
    ids=["flow-style", "number"],
)
def test_files_that_cannot_be_edited_are_refused(rig: Rig, text: str, variable: str) -> None:
    rig.seed()
    rig.write(text.replace("VALUE", rig.stored()))
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_var=variable, rotate_force=True))
    assert str(rig.path) in said
