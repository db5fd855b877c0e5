# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts: the file that keeps a new secret when the vars file cannot take it."""

from __future__ import annotations

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure
from tests.plays._rubrik_rigs import SecretRig, each_secret, secret_rig_of
from tests.plays._saboteur import Saboteur
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
        ("all.yml", "rotate_rescued_for: svc-other other_secret\n", "is the rescue file of another rotation, svc-other other_secret"),
    ],
    ids=["the vars file", "another's"],
)
def test_a_file_that_is_no_rescue_file_of_ours_is_left_alone(
    ansible: Ansible, rubrik: dict[str, Simulator], file: str, text: str | None, words: str
) -> None:
    rig = secret_rig_of("in_place-rsc", ansible, rubrik)
    rig.seed()
    path = rig.path.with_name(file)
    if text is not None:
        path.write_text(text)
    before = path.read_bytes()
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True, rotate_rescue_file=str(path)))
    assert words in said
    assert "Nothing was rotated." in said
    assert path.read_bytes() == before
