# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts on Rubrik, in place and by replacement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure, guarded, refusal, role
from tests.plays._rubrik_rigs import FAILING, SecretRig, each_secret
from tests.plays._saboteur import Saboteur, adds_fault
from tests.simulator.launch import launch


@each_secret("in_place-rsc", "replace-rsc", "replace-cdm", chaos=("in_place-cdm",))
def test_first_then_forced_then_nothing_to_do(rig: SecretRig) -> None:
    rig.seed(stored=False)
    with rig.rest_untouched():
        # In place, the secret that is not stored may be in use elsewhere, so ending it must be asked for.
        first_time = rig.variables(rotate_force=rig.strategy == "in_place")
        run = rig.rotate(tasks=[*role(first_time, "First"), *role(rig.variables(rotate_force=True), "Forced")])
    first, forced = rig.result(run, "First"), rig.result(run, "Forced")
    client_id = rig.assert_settled()
    assert (first["rotated"], first["reason"], first["old_token_id"]) == (True, "no credential is stored yet", None)
    assert (forced["rotated"], forced["reason"], forced["token_id"]) == (True, "it was asked for", client_id)
    replaced = rig.strategy == "replace"
    assert (first["token_id"] == client_id) is not replaced
    assert (forced["old_token_id"], forced["retired"]) == ((first["token_id"], True) if replaced else (None, False))
    assert forced["next_due"] is None
    with rig.nothing_changes():
        assert rig.assert_unchanged()["token_id"] == client_id


@each_secret("in_place-rsc", chaos=("in_place-cdm",))
def test_a_secret_that_is_not_stored_is_not_ended_by_a_typo(rig: SecretRig) -> None:
    rig.seed()
    typo = rig.name.replace("secret", "secrte")
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_var=typo))
    assert f"The vars file holds no secret in {typo}, and the present secret of the account may be in use elsewhere" in said
    assert f"Was {rig.name} meant?" in said
    assert "set rotate_force to true. Nothing was rotated." in said


@each_secret("in_place-rsc", chaos=("replace-cdm", "in_place-cdm", "replace-rsc"))
def test_the_stored_secret_is_refused(rig: SecretRig) -> None:
    client_id = rig.seed()
    held = rig.held()[client_id]
    rig.appliance.rotate(client_id)
    if rig.strategy == "replace" and rig.simulator.platform == "rubrik_rsc":
        rig.appliance.delete(client_id)
    with rig.rest_untouched():
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "the platform refuses the stored credential")
    assert rig.held()[rig.assert_settled()]["roles"] == held["roles"]


@each_secret("in_place-rsc", chaos=("in_place-cdm", "replace-cdm", "replace-rsc"))
def test_names_that_are_mixed_up(rig: SecretRig) -> None:
    """The message about the client id would quote the secret."""
    rig.seed()
    with rig.nothing_changes():
        same = rig.rotate(rotate_client_id_var=rig.name)
        swapped = rig.rotate(rotate_var=rig.id_name, rotate_client_id_var=rig.name)
    assert "name the same variable" in same.failures[0]
    assert swapped.returncode == 2
    if rig.strategy == "in_place":
        assert f"holds the client id ******** in {rig.name}, but {rig.account} is" in swapped.failures[0]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rotate_clusters": [{"endpoint": ""}]}, "endpoint: it is empty"),
    ({"rotate_clusters": [{"endpoint": "a.example.com", "ca_path": "/nowhere.pem"}]}, "ca_path: there is no '/nowhere.pem'"),
    ({"rotate_checks": [{"path": "/x", "expect": "[?"}]}, "is not a JMESPath expression"),
    ({"rotate_client_id_var": "other.id"}, "other"),
]


@each_secret("in_place-rsc")
def test_what_is_wrong_with_the_options_is_found_before_a_secret_is_created(rig: SecretRig) -> None:
    rig.seed()
    uses = [guarded(words, rig.variables(rotate_force=True, **more)) for more, words in WRONG]
    with rig.nothing_changes():
        run = rig.rotate(tasks=uses).assert_ok()
    assert [words for _more, words in WRONG if words not in refusal(run, words)] == []


@each_secret("in_place-rsc", chaos=("in_place-cdm", "replace-cdm", "replace-rsc"))
def test_a_vars_file_that_cannot_be_read_costs_no_session(rig: SecretRig) -> None:
    rig.seed()
    before = len(rig.simulator.journal())
    with rig.nothing_changes():
        run = rig.rotate(vault=[])
    assert run.returncode == 2
    assert len(rig.simulator.journal()) == before


# A check fails


@each_secret("replace-rsc", chaos=("replace-cdm",))
def test_a_failing_check_undoes_a_replacement(rig: SecretRig) -> None:
    rig.seed()
    with rig.all_undone(), rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
    assert "was not rotated, and all is as it was before" in said
    assert "GET /api/nowhere was answered with HTTP 404 instead of 200." in said
    rig.assert_works()


@each_secret("in_place-rsc", chaos=("in_place-cdm",))
def test_a_failing_check_cannot_undo_a_rotation_in_place(rig: SecretRig) -> None:
    rig.seed()
    old = rig.stored()
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
        assert (
            f"svc-ansible on {rig.simulator.url} has a new secret, and {rig.path} holds it, but it could not be proved. "
            "Such a rotation cannot be undone, so the new secret stays; the next run proves it again." in said
        )
        assert "GET /api/nowhere was answered with HTTP 404 instead of 200." in said
        rig.assert_works()
        new = rig.stored()
        assert new != old
        assert rig.rescued() == new
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "an earlier run stored it and stopped")
    rig.assert_settled()
    assert rig.stored() == new


# The last point before the request that makes the secret, and the end of that request's path.
MAKING = {"rubrik_rsc": ("answered POST /api/graphql#3", "/graphql"), "rubrik_cdm": ("after replace#1", "/rotate")}


@pytest.mark.parametrize(("rig", "kind"), [("in_place-rsc", "403"), ("in_place-cdm", "drop")], indirect=["rig"])
def test_the_answer_with_the_secret_does_not_come(rig: SecretRig, saboteur: Saboteur, kind: str) -> None:
    rig.seed()
    before = rig.path.read_bytes()
    point, path = MAKING[rig.simulator.platform]
    env = saboteur.environment(rig.file, point, adds_fault(rig.simulator, f"POST:{path}$:{kind}:1"))
    run = rig.rotate(env=env, rotate_force=True)
    said = failure(run)
    rig.simulator.clear_faults()
    if kind == "403":
        assert f"was not rotated. All is as it was before: {rig.path} holds what it held." in said
        assert run["Keep whether all is as it was before"]["ansible_facts"] == {"rotate_result": {}, "rotate_undone": True}
        assert rig.path.read_bytes() == before
        rig.assert_works()
    else:
        assert "Whether a secret was created is not known, so the next run creates another one; " in said
        assert f"{rig.path} still holds the old one." in said
        assert rig.result(rig.rotate())["rotated"] is True
        rig.assert_settled()


# Orphans, and what becomes of the old account


def test_suspended_exemptions_are_told(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_rsc", settings={"tpr_policies": "2"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator)
        account = simulator.service_account
        rig.store(account["client_id"], account["client_secret"])
        run = rig.rotate(rotate_force=True).assert_ok()
        assert "policies policy-1, policy-2" in " ".join(run.output.split())
        rig.assert_settled()
