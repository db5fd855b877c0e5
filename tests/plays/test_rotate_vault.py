# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and the vars file: vault ids and passwords, whole-file vaults, odd files, and files that cannot be edited."""

from __future__ import annotations

import stat

import pytest

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import WHO_AM_I, Rig
from tests.plays._role_rig import failure
from tests.plays._vaulted import AFTER, BEFORE, encrypted, inline
from tests.simulator.launch import Simulator


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


@pytest.mark.parametrize("whole", [False, True], ids=["value", "file"])
@pytest.mark.parametrize(
    ("vault", "words"),
    [
        ([], "is encrypted and no vault secrets are loaded. Pass --vault-id or --vault-password-file."),
        (["--vault-id", "prod@wrong-password"], "was not opened by the loaded secret (loaded vault ids: prod). The password is wrong, or"),
        (["--vault-id", "dev@dev-password"], "is encrypted with vault id 'prod', which is not loaded (loaded vault ids: dev). Pass its"),
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


def test_nothing_is_stored_yet_and_it_cannot_be_encrypted(rig: Rig) -> None:
    rig.seed(stored=False)
    with rig.nothing_changes():
        assert "cannot be encrypted: no vault secrets are loaded" in failure(rig.rotate(vault=[]))
        rig.labels = ("prod", "dev")
        assert "could be encrypted with several vault ids (loaded vault ids: prod, dev)" in failure(rig.rotate())
        assert "Vault id 'stage' is not loaded (loaded vault ids: prod, dev)" in failure(rig.rotate(rotate_vault_id="stage"))
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_vault_id="dev"))
    rig.assert_settled()
    assert ";dev\n" in rig.path.read_text()
    rig.assert_unchanged(rotate_vault_id="dev")


@pytest.mark.parametrize(("vault_id", "label"), [("", "dev"), ("prod", "prod")], ids=["keeps-its-own", "asked-for"])
def test_two_vault_ids_in_one_file(rig: Rig, vault_id: str, label: str) -> None:
    rig.labels = ("prod", "dev")
    rig.seed()
    secret = rig.stored()
    rig.write(BEFORE + inline("another", "kept", "prod") + inline("qumulo_token", secret, "dev") + AFTER)
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True, rotate_vault_id=vault_id))
    rig.assert_settled()
    assert rig.path.read_text().partition("qumulo_token: ")[2].splitlines()[1].strip() == f"$ANSIBLE_VAULT;1.2;AES256;{label}"
    assert rig.stored("another") == "kept"
    rig.assert_unchanged(rotate_vault_id=vault_id)


def test_the_id_asked_for_is_not_loaded(rig: Rig) -> None:
    rig.seed()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, rotate_vault_id="stage"))
    assert "Vault id 'stage' is not loaded (loaded vault ids: prod)" in said


def test_whole_file_vault(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(f"# kept\nqumulo_token:   '{rig.stored()}'  # here\nother: 1\n"))
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()
    assert rig.path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert rig.stored("other") == 1
    rig.assert_unchanged()


def test_a_whole_file_with_a_value_that_is_encrypted_once_more(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(rig.path.read_text()))
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()


def test_the_value_was_never_encrypted(rig: Rig) -> None:
    # Then it is not shown either, and is encrypted from now on.
    rig.seed()
    rig.write(f"{BEFORE}qumulo_token: {rig.stored()}\n{AFTER}")
    with rig.all_undone():
        failure(rig.rotate(rotate_force=True, rotate_checks=[{"path": WHO_AM_I, "status": [403]}]))
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()


def test_windows_line_ends_and_mode(rig: Rig) -> None:
    rig.seed()
    rig.path.write_bytes(rig.path.read_bytes().replace(b"\n", b"\r\n"))
    rig.path.chmod(0o640)
    with rig.rest_untouched():
        rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()
    data = rig.path.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert stat.S_IMODE(rig.path.stat().st_mode) == 0o640
    rig.assert_unchanged()
    with rig.all_undone():
        failure(rig.rotate(rotate_force=True, rotate_checks=[{"path": WHO_AM_I, "status": [403]}]))


def test_no_line_end_at_the_end_and_a_symbolic_link(rig: Rig) -> None:
    rig.seed(text=BEFORE + "{value}last: 'yes'")
    real = rig.ansible.folder / "elsewhere"
    real.mkdir()
    rig.path.rename(real / "real.yml")
    rig.path.symlink_to(real / "real.yml")
    with rig.rest_untouched():
        failure(rig.rotate(rotate_force=True, rotate_checks=[{"path": WHO_AM_I, "status": [403]}]))
    assert rig.path.read_text().endswith("last: 'yes'")
    rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()
    assert rig.path.is_symlink()
    assert [one.name for one in real.iterdir()] == ["real.yml"]
    rig.assert_unchanged()


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("storage: {qumulo_token: 'VALUE', other: 1}\n", "storage.qumulo_token"),
        ("qumulo_token: &here 'VALUE'\nother: *here\n", "qumulo_token"),
        ("qumulo_token: 'VALUE'\nqumulo_token: 'VALUE'\n", "qumulo_token"),
        ("- qumulo_token: 'VALUE'\n", "qumulo_token"),
        ("a: 1\n---\nqumulo_token: 'VALUE'\n", "qumulo_token"),
        ("qumulo_token: ['VALUE'\n", "qumulo_token"),
        ("qumulo_token: '{{ vault_token }}'\nvault_token: 'VALUE'\n", "qumulo_token"),
        # ansible-core 2.19 ends with an error of its own when a delegated task loads this
        ("1: one\nqumulo_token: 'VALUE'\n", "qumulo_token"),
    ],
    ids=["flow-style", "anchor", "twice", "list", "two-documents", "broken", "reference", "number"],
)
def test_files_that_cannot_be_edited_are_refused(rig: Rig, text: str, variable: str) -> None:
    rig.seed()
    rig.write(text.replace("VALUE", rig.stored()))
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_var=variable, rotate_force=True))
    assert str(rig.path) in said


def test_there_is_no_file(rig: Rig) -> None:
    rig.seed()
    rig.path.unlink()
    ids = rig.ids()
    said = failure(rig.rotate())
    assert said == (
        f"local:svc-ansible on {rig.simulator.url}: Read the vars file: {rig.path} does not exist, so nothing was rotated. "
        "Check rotate_vars_file, or create the file first."
    )
    assert rig.ids() == ids
    assert not rig.path.exists()
