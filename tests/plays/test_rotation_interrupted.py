# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate interrupted in the middle: by a time-out of the task, or by a signal.

Those about a pause in which another run takes over are in test_rotation_taken_over.py.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._interrupted import CREATES, Moments, creates, moments, state_of
from tests.plays._play_token_rig import wait_until
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._role_rig import failure, finish, role, start
from tests.plays._rotation_kinds import AnyRig, Appliances, assert_known, is_in_place, rig_of
from tests.plays._rubrik_rigs import CdmApiTokenRig, SecretRig
from tests.plays._saboteur import Saboteur

SLOW = 5.0  # seconds that a slow answer takes, longer than the time-out of the task
TIME_OUT = 3
ANSWERED = 4  # seconds within which a request is answered that nothing holds back, on a busy machine too
TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory, slow_seconds=str(SLOW)) as found:
        yield found


def bearer_of(rig: CdmApiTokenRig | SecretRig) -> str:
    """Return the bearer token of a session of the administrator's, which no run of the role ends."""
    if rig.simulator.platform == "rubrik_cdm":
        return str(rig.appliance.log_in()["token"])
    admin = rig.simulator.admin
    return str(rig.appliance.open_session(admin["client_id"], admin["client_secret"]))


def slow_creation(rig: AnyRig, kind: str, moments_: Moments, fault: str = "slow") -> None:
    """Let the answer to the request that creates take longer than the time-out, or go wrong otherwise."""
    method, path, _field = CREATES[kind]
    rig.simulator.fault(f"{method}:{path}$:{fault}:1", after=moments_.earlier)


# Ansible's time-out of a task


def timed_out(rig: AnyRig, how: str) -> Run:
    """Run a forced rotation whose tasks may take TIME_OUT, as the play or the environment says."""
    if how == "the environment":
        return rig.rotate(rotate_force=True, env={"ANSIBLE_TASK_TIMEOUT": str(TIME_OUT)})
    tasks = role(rig.variables(rotate_force=True))
    with rig.around_run():
        return rig.run_plays([{"name": "Timed", "hosts": "localhost", "gather_facts": False, "timeout": TIME_OUT, "tasks": tasks}])


@pytest.mark.parametrize(
    ("how", "core"),
    [
        ("the play", None),
        pytest.param("the play", "2.16", marks=pytest.mark.chaos),
        pytest.param("the environment", "2.21", marks=pytest.mark.chaos),
    ],
)
def test_the_task_times_out_while_an_access_token_is_created(ansible: Ansible, appliances: Appliances, how: str, core: str | None) -> None:
    rig = rig_of("access_token-qumulo", ansible.with_core(core) if core else ansible, appliances)
    assert isinstance(rig, Rig)
    rig.seed()
    rig.simulator.fault(f"POST:^{TOKENS}$:slow:1")
    since = len(rig.simulator.journal())
    with rig.all_undone():
        run = timed_out(rig, how)
        said = failure(run)
    assert said == (
        f"local:{rig.account} on {rig.simulator.url} was not rotated, and all is as it was before: {rig.path} holds the old credential, "
        "and the new one, where there was one, is revoked. What failed: Store the new credential, and the old one beside it until the new "
        "one is proved: The rotation was interrupted by the task's time-out."
    )
    assert run["Keep whether all is as it was before"]["ansible_facts"]["rotate_undone"] is True
    create, delete = rig.writing_requests(since)
    assert create == f"POST {TOKENS}"
    assert delete.startswith(f"DELETE {TOKENS}")
    rig.assert_works()


@pytest.mark.parametrize("kind", ["in_place-rsc", pytest.param("in_place-cdm", marks=pytest.mark.chaos)])
def test_the_task_times_out_while_a_secret_is_created_in_place(
    ansible: Ansible, appliances: Appliances, saboteur: Saboteur, kind: str
) -> None:
    # The answer comes after the time-out. It is the only copy of the one secret that works, so it is stored before the run stops.
    rig = rig_of(kind, ansible, appliances)
    assert isinstance(rig, SecretRig)
    found = moments(rig, kind, saboteur)
    client_id = rig.seed()
    before = rig.stored()
    slow_creation(rig, kind, found)
    with rig.rest_untouched():
        said = failure(timed_out(rig, "the play"))
        assert [one["path"] for one in rig.simulator.journal() if one.get("fault") == "slow" and creates(one, kind)] != []
        assert "as it was before" not in said
        assert said.startswith(
            f"{rig.account} on {rig.simulator.url} has a new secret, and {rig.path} holds it, but it could not be proved."
        )
        assert said.endswith("The rotation was interrupted by the task's time-out.")
        assert rig.state["stage"] == "stored"
        assert rig.assert_works() == client_id
        new = rig.stored()
        assert new != before
        assert rig.result(rig.rotate())["reason"] == "an earlier run stored it and stopped"
        assert rig.assert_settled() == client_id
        assert rig.stored() == new
    assert not rig.rescue.exists()
    rig.assert_unchanged()


@pytest.mark.parametrize("kind", ["in_place-rsc", pytest.param("in_place-cdm", marks=pytest.mark.chaos)])
@pytest.mark.parametrize("fault", ["late", pytest.param("drop", marks=pytest.mark.chaos)])
def test_no_answer_tells_whether_a_secret_was_created_in_place(
    ansible: Ansible, appliances: Appliances, saboteur: Saboteur, kind: str, fault: str
) -> None:
    rig = rig_of(kind, ansible, appliances)
    assert isinstance(rig, SecretRig)
    found = moments(rig, kind, saboteur)
    client_id = rig.seed()
    before = rig.stored()
    slow_creation(rig, kind, found, fault)
    # With a session of the test's own: the role ends its own ones, and then the late request is refused.
    auth = {"token": bearer_of(rig), "ca_path": rig.simulator.ca_file, "timeout": ANSWERED}
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_auth=auth))
        assert "as it was before" not in said
        assert (
            f"was not rotated. Whether a secret was created is not known, so the next run creates another one; {rig.path} still holds"
            in said
        )
        assert rig.state["stage"] == "minting"
        assert rig.stored() == before
        if fault == "late":
            rig.simulator.serve_late()
        wait_until(lambda: not rig.appliance.works(client_id, before), "the secret is created late", 30)
        rig.rotate().assert_ok()
        assert rig.assert_settled() == client_id


def test_a_secret_that_comes_with_errors_is_used(ansible: Ansible, appliances: Appliances, saboteur: Saboteur) -> None:
    rig = rig_of("in_place-rsc", ansible, appliances)
    found = moments(rig, "in_place-rsc", saboteur)
    rig.seed()
    before = rig.stored()
    slow_creation(rig, "in_place-rsc", found, "doubted")
    with rig.rest_untouched():
        assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
    assert [one["operation"] for one in rig.simulator.journal() if one.get("fault") == "doubted"] == [["rotateServiceAccountSecret"]]
    rig.assert_settled()
    assert rig.stored() != before


@pytest.mark.parametrize(
    "kind",
    ["access_token-qumulo", "replace-rsc", *(pytest.param(one, marks=pytest.mark.chaos) for one in ("api_token-cdm", "replace-cdm"))],
)
def test_a_credential_appears_after_the_run_has_ended(ansible: Ansible, appliances: Appliances, saboteur: Saboteur, kind: str) -> None:
    rig = rig_of(kind, ansible, appliances)
    found = moments(rig, kind, saboteur)
    old = rig.seed()
    slow_creation(rig, kind, found, "late")
    auth = {**rig.variables()["rotate_auth"], "timeout": ANSWERED}
    if not isinstance(rig, Rig):
        auth = {"token": bearer_of(rig), "ca_path": rig.simulator.ca_file, "timeout": ANSWERED}
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_auth=auth))
        assert "is revoked" not in said
        assert " was not rotated. Whether a new " in said
        assert "was created is not known: " in said
        assert rig.assert_works() == old
        assert rig.ids() == [old]
        rig.simulator.serve_late()
        wait_until(lambda: len(rig.ids()) == 2, "it appears", 30)
        assert rig.result(rig.rotate())["rotated"] is False
        assert rig.assert_settled() == old
        assert "unconfirmed" not in rig.state


# Signals


_SIGNAL = """
import os, time
with open({noted!r}, "w") as file:
    file.write(str(os.getpid()))
for pid in {{"main": [main], "worker": [os.getpid()], "terminal": [main, os.getpid()]}}[{to!r}]:
    os.kill(pid, {number})
time.sleep(0.3)
"""


@pytest.mark.parametrize(
    ("kind", "at", "number", "to"),
    [
        ("api_token-cdm", "created", TERM, "main"),
        ("in_place-rsc", "created", INT, "worker"),
        ("in_place-rsc", "created", int(signal.SIGKILL), "worker"),
        *(
            pytest.param(kind, at, number, to, marks=pytest.mark.chaos)
            for kind in ("in_place-cdm", "replace-rsc", "access_token-qumulo")
            for at in ("before", "created", "stored", "proved")
            for number in (TERM, INT)
            for to in ("main", "worker", "terminal")
        ),
    ],
)
def test_a_signal_in_the_middle(
    ansible: Ansible, appliances: Appliances, saboteur: Saboteur, tmp_path: Path, kind: str, at: str, number: int, to: str
) -> None:
    rig = rig_of(kind, ansible, appliances)
    found = moments(rig, kind, saboteur)
    rig.seed()
    sessions = rig.sessions() if not isinstance(rig, Rig) else set()
    since, noted = len(rig.simulator.journal()), tmp_path / "worker"
    before, held = rig.path.read_bytes(), rig.held()
    env = saboteur.environment(rig.file, getattr(found, at), _SIGNAL.format(noted=str(noted), to=to, number=number))
    with rig.rest_untouched():
        run = finish(rig, start(rig, env, rotate_force=True))
        assert noted.exists(), run.output
        assert run.returncode != 0, run.output
        wait_until(lambda: not state_of(int(noted.read_text())), "the worker ends", 60)
        if not isinstance(rig, Rig):
            wait_until(lambda: rig.sessions() <= sessions, "the session is gone", 5)
        where = assert_known(rig, since)
        if to == "worker" and not is_in_place(rig) and at != "proved":
            assert (rig.path.read_bytes(), rig.held()) == (before, held)  # it undoes its rotation, and only then it ends
        # Only what ends the worker at once can keep it from storing a secret that it has.
        assert where != "nowhere" or number == signal.SIGKILL
        rig.assert_nothing_in_clear()
        rig.rotate().assert_ok()
        rig.assert_settled()
