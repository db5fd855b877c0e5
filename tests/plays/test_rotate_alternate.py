# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for two service accounts that take turns, on Rubrik."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure, role
from tests.plays._rubrik_rigs import FAILING, AlternateRig, rig_of
from tests.simulator.launch import Simulator

BOTH = pytest.mark.parametrize("kind", ["alternate-rsc", "alternate-cdm"])


@pytest.fixture
def rig(ansible: Ansible, rubrik: dict[str, Simulator], kind: str) -> AlternateRig:
    found = rig_of(kind, ansible, rubrik)
    assert isinstance(found, AlternateRig)
    return found


@BOTH
def test_the_accounts_take_turns_and_both_work(rig: AlternateRig) -> None:
    first = rig.seed()
    second, secret = rig.other(first), rig.stored()
    with rig.rest_untouched():
        run = rig.rotate(tasks=[*role(rig.variables(rotate_force=True), "Once"), *role(rig.variables(rotate_max_age="30d"), "Not due")])
        once, not_due = rig.result(run, "Once"), rig.result(run, "Not due")
        assert (once["rotated"], once["token_id"], once["old_token_id"], once["retired"]) == (True, second, first, False)
        assert (not_due["rotated"], not_due["token_id"]) == (False, second)
        assert f"{second} has a new secret and took the turn of {first}" in once["message"]
        assert "keeps its secret until its next turn" in once["message"]
        assert rig.assert_settled() == second
        assert rig.appliance.works(first, secret), "the other account must go on working"
        twice = rig.result(rig.rotate(rotate_force=True))
        assert (twice["token_id"], twice["old_token_id"]) == (first, second)
    assert rig.assert_settled() == first
    assert not rig.appliance.works(first, secret)
    assert sorted(rig.ids()) == sorted([first, second]), "there is no new account"
    rig.assert_unchanged()


@BOTH
def test_check_mode_says_whose_turn_it_is(rig: AlternateRig) -> None:
    first = rig.seed()
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_force=True)
    assert rig.would(run) == [
        f"create a new secret for {rig.other(first)}, which ends its present one",
        f"store it in {rig.name}, and its id in {rig.id_name}",
        "check access with what is stored",
        f"leave the secret of {first} as it is until the account's next turn",
    ]


@BOTH
def test_a_failed_check_gives_the_old_credential_back(rig: AlternateRig) -> None:
    first, before = rig.seed(), rig.path.read_bytes()
    secret = rig.stored()
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
    assert "was not rotated" in said
    assert "a new secret of the other account, where there was one, is stored nowhere" in said
    assert rig.path.read_bytes() == before
    assert rig.appliance.works(first, secret)
    assert rig.result(rig.rotate(rotate_force=True))["token_id"] == rig.other(first)


def _other_roles(rig: AlternateRig) -> dict[str, Any]:
    rig.appliance.take_roles(rig.other(rig.ids()[0]))
    return {}


REFUSED: list[tuple[Callable[[AlternateRig], dict[str, Any]], str]] = [
    (lambda rig: {"rotate_accounts": [rig.account]}, "rotate_accounts: rotate_strategy=alternate needs the names of two service accounts"),
    (lambda rig: {"rotate_accounts": [rig.account] * 2}, "needs the names of two service accounts"),
    (lambda rig: {"rotate_accounts": [rig.account, "nowhere"]}, "there is no service account nowhere"),
    (lambda rig: {"rotate_account": "another"}, "rotate_account: another is neither of rotate_accounts"),
    (lambda rig: {"rotate_client_id_var": ""}, "rotate_client_id_var must name the variable"),
    (lambda rig: {"rotate_strategy": "replace"}, "rotate_accounts: it goes with rotate_strategy=alternate"),
    (lambda rig: {"rotate_var": f"{rig.name}x"}, "and the present secret of the account may be in use elsewhere"),
    (_other_roles, "do not have the same roles: only svc-ansible has Read-only Administrator"),
]


@pytest.mark.parametrize("kind", ["alternate-rsc"])
def test_what_is_refused_before_anything_is_changed(rig: AlternateRig) -> None:
    rig.seed()
    wrong = []
    for given, words in REFUSED:
        more = given(rig)
        with rig.nothing_changes():
            said = failure(rig.rotate(rotate_force="rotate_var" not in more, **more))
        wrong += [f"{words}: {said}"] if words not in said else []
    assert not wrong, "\n".join(wrong)
