# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts: the file that keeps a new secret when the vars file cannot take it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure
from tests.plays._rubrik_rigs import SecretRig, each_secret, secret_rig_of
from tests.plays._saboteur import Saboteur
from tests.plays._vaulted import encrypted
from tests.simulator.launch import Simulator

# The vars file is put in place for the note that a secret is about to be made, and again with the secret; in between comes the rescue file.
RESCUED, STORED = "before fsync of file#3", "before replace#3"
FULL = "raise OSError(28, 'No space left on device')"


@each_secret("in_place-rsc", chaos=("in_place-cdm",))
def test_the_vars_file_cannot_be_written_once_there_is_a_secret(rig: SecretRig, saboteur: Saboteur) -> None:
    rig.seed()
    before = rig.path.read_bytes()
    env = saboteur.environment(rig.file, STORED, FULL)
    with rig.rest_untouched():
        said = failure(rig.rotate(env=env, rotate_force=True))
        assert f"has a new secret, but {rig.path} could not be written and still holds the old one, which may be dead." in said
        assert f"The new one is in {rig.rescue}, encrypted; once the cause is fixed, the next run stores it." in said
        assert "the disk is full" in said
        assert rig.path.read_bytes() != before  # it tells that a rotation is under way
        new = rig.rescued()
        assert new is not None
        assert rig.appliance.works(rig.stored(rig.id_name), new)
        rig.assert_nothing_in_clear()
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "an earlier run created a secret and could not store it")
    rig.assert_settled()
    assert rig.stored() == new


@each_secret(chaos=("in_place-rsc", "replace-rsc"))
@pytest.mark.parametrize("whole", [False, True], ids=["value", "file"])
def test_several_vault_ids(rig: SecretRig, saboteur: Saboteur, whole: bool) -> None:
    rig.labels = ("dev", "prod")
    rig.seed()
    if whole:
        rig.write(encrypted(rig.text, "dev"))
    env = saboteur.environment(rig.file, STORED, FULL)
    with rig.rest_untouched():
        failure(rig.rotate(env=env, rotate_force=True))
        if rig.strategy == "in_place":
            assert "$ANSIBLE_VAULT;1.2;AES256;dev" in rig.rescue.read_text()
        rig.rotate(rotate_force=True).assert_ok()
    rig.assert_settled()
    assert rig.path.read_text().count(";AES256;dev") == 1


@pytest.mark.chaos
def test_neither_file_can_be_written_once_there_is_a_secret(ansible: Ansible, rubrik: dict[str, Simulator], saboteur: Saboteur) -> None:
    rig = secret_rig_of("in_place-rsc", ansible, rubrik)
    rig.seed()
    old = rig.stored()
    said = failure(rig.rotate(env=saboteur.environment(rig.file, [RESCUED, STORED], FULL), rotate_force=True))
    assert "The new one could not be kept anywhere; once the cause is fixed, the next run creates another. " in said
    assert (rig.rescued(), rig.stored()) == (None, old)
    rig.rotate().assert_ok()
    rig.assert_settled()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("vault.yml", None, "rotate_rescue_file is the vars file"),
        ("all.yml", "precious: 1\n", "all.yml is no rescue file, since it holds precious"),
        ("all.yml", "rotate_rescued_for: svc-other other_secret\n", "is the rescue file of another rotation, svc-other other_secret"),
    ],
    ids=["the vars file", "any file", "another's"],
)
@pytest.mark.parametrize("force", [True, False])
def test_a_file_that_is_no_rescue_file_of_ours_is_left_alone(
    ansible: Ansible, rubrik: dict[str, Simulator], file: str, text: str | None, words: str, force: bool
) -> None:
    rig = secret_rig_of("in_place-rsc", ansible, rubrik)
    rig.seed()
    path = rig.path.with_name(file)
    if text is not None:
        path.write_text(text)
    before = path.read_bytes()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=force, rotate_rescue_file=str(path)))
    assert words in said
    assert "Nothing was rotated." in said
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"rotate_checks": [{"pathh": "/x"}]}, "path found in rotate_checks"),
        ({"rotate_checks": [{"path": "/x", "expect": "[?"}]}, "is not a JMESPath expression"),
        ({"rotate_clusters": [{"endpoint": ""}]}, "endpoint: it is empty"),
        ({"rotate_clusters": [{"endpoint": "a.example.com", "ca_path": "/nowhere.pem"}]}, "ca_path: there is no '/nowhere.pem'"),
        ({"rotate_client_id_var": "robot_secret.id"}, "name the same variable, or one inside of the other"),
        ({"rotate_client_id_var": "robot_secret_rotation.current"}, "name the same variable, or one inside of the other"),
        ({"rotate_client_id_var": "other.id"}, "other"),
    ],
)
def test_what_is_wrong_with_the_options_is_found_before_a_secret_is_made(
    ansible: Ansible, rubrik: dict[str, Simulator], variables: dict[str, Any], words: str
) -> None:
    rig = secret_rig_of("in_place-rsc", ansible, rubrik)
    rig.seed()
    with rig.nothing_changes():
        assert words in failure(rig.rotate(rotate_force=True, **variables))


def test_an_empty_name_of_the_client_id_is_none(ansible: Ansible, rubrik: dict[str, Simulator]) -> None:
    rig = secret_rig_of("in_place-rsc", ansible, rubrik)
    rig.seed()
    assert rig.result(rig.rotate(rotate_force=True, rotate_client_id_var=None))["rotated"] is True
    rig.assert_works()
