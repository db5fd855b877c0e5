# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate interrupted in the middle: by a time-out of the task, by a signal, and by a pause in which another run takes over."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import Ansible, Run
from tests.integration._play_token_rig import wait_until
from tests.integration._qumulo_rig import TOKENS, Rig
from tests.integration._role_rig import failure, finish, role, start
from tests.integration._rotation_kinds import AnyRig, Appliances, assert_known, is_in_place, rig_of
from tests.integration._rubrik_rigs import CdmApiTokenRig, SecretRig
from tests.integration._saboteur import Saboteur
from tests.simulator.tests._rsc_tenant import ADMINISTRATOR

SLOW = 5.0  # seconds that a slow answer takes, longer than the time-out of the task
TIME_OUT = 3
LEASE = 20 * 60  # seconds after which another machine may take over, and more
TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)
# The request that creates the new credential: method, path, and the GraphQL field where there is one.
CREATES = {
    "access_token-qumulo": ("POST", TOKENS, None),
    "api_token-cdm": ("POST", "/api/internal/session", None),
    "in_place-rsc": ("POST", "/api/graphql", "rotateServiceAccountSecret"),
    "in_place-cdm": ("POST", "/rotate", None),
    "replace-rsc": ("POST", "/api/graphql", "createServiceAccount"),
    "replace-cdm": ("POST", "/api/v1/service_account", None),
}
_OTHER_MACHINE = "import platform; platform.node = lambda: 'elsewhere'"


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory, slow_seconds=str(SLOW)) as found:
        yield found


@dataclass(frozen=True)
class Moments:
    """What an undisturbed forced rotation goes through, as numbers of the saboteur's points.

    Attributes:
        before: the request that creates is about to be sent.
        created: it is answered, and no file has the new credential.
        stored: the vars file has it, and nothing is proved.
        proved: it is proved, and that is not noted.
        earlier: how many requests of the same method and path are sent before the one that creates.
    """

    before: int
    created: int
    stored: int
    proved: int
    earlier: int


_known: dict[str, Moments] = {}


def moments(rig: AnyRig, kind: str, saboteur: Saboteur) -> Moments:
    """Return the moments of a rotation; the rig is seeded anew for that, and must be again."""
    if kind not in _known:
        rig.seed()
        since = len(rig.simulator.journal())
        finish(rig, start(rig, saboteur.environment(rig.file), rotate_force=True)).assert_ok()
        method, path, _field = CREATES[kind]
        events = ["", *saboteur.events]  # the points count from 1
        like = [one for one in rig.simulator.journal()[since:] if one["method"] == method and one["path"].endswith(path)]
        [earlier] = [number for number, one in enumerate(like) if creates(one, kind)]
        before = [number for number, one in enumerate(events) if re.fullmatch(rf"before {method} \S*{path}", one)][earlier]
        written = [number for number, one in enumerate(events) if number > before and re.match("after (replace|link)", one)]
        stored = written[1 if is_in_place(rig) else 0]  # the rescue file comes first
        asked = next(number for number, one in enumerate(events) if number > stored and re.match("before (GET|POST)", one))
        noted = next(number for number, one in enumerate(events) if number > asked and one == "before write")
        proved = max(number for number, one in enumerate(events) if number < noted and one.startswith("answered"))
        _known[kind] = Moments(before, before + 1, asked, proved, earlier)
    return _known[kind]


def creates(entry: Mapping[str, Any], kind: str) -> bool:
    """Tell of an entry of the journal whether that request creates a credential."""
    field = CREATES[kind][2]
    if kind == "api_token-cdm":
        return "apiToken" in ((entry["body"] or {}).get("initParams") or {})
    return field is None or field in (entry.get("operation") or ())


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


def says(run: Run) -> str:
    """Return the last message of a run whose tasks nobody recorded."""
    found = re.findall(r'^ *"msg": (".*"),?$', run.output, re.MULTILINE)
    assert found, run.output
    said = str(json.loads(found[-1]))
    assert "bug in latchkey" not in said
    return said


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
        ("the environment", None),
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
@pytest.mark.parametrize("fault", ["slow", pytest.param("drop", marks=pytest.mark.chaos)])
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
    auth = {"token": bearer_of(rig), "ca_path": rig.simulator.ca_file, "timeout": 2}
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_auth=auth))
        assert "as it was before" not in said
        assert f"was not rotated. Whether a secret was made is not known, so the next run makes another one; {rig.path} still holds" in said
        assert rig.state["stage"] == "minting"
        assert rig.stored() == before
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
    slow_creation(rig, kind, found)
    auth = {**rig.variables()["rotate_auth"], "timeout": 2}
    if not isinstance(rig, Rig):
        auth = {"token": bearer_of(rig), "ca_path": rig.simulator.ca_file, "timeout": 2}
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_auth=auth))
        assert "is revoked" not in said
        assert " was not rotated. Whether a new " in said
        assert "was created is not known: " in said
        assert rig.assert_works() == old
        assert rig.ids() == [old]
        wait_until(lambda: len(rig.ids()) == 2, "it appears", 30)
        assert rig.result(rig.rotate())["rotated"] is False
        assert rig.assert_settled() == old
        assert "unconfirmed" not in rig.state


# Signals


def _state_of(pid: int) -> str:
    """Return the state of a process in the kernel's letter; empty when it has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else state


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
        ("api_token-cdm", "created", INT, "terminal"),
        ("in_place-rsc", "created", TERM, "worker"),
        ("api_token-cdm", "created", INT, "worker"),
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
        wait_until(lambda: not _state_of(int(noted.read_text())), "the worker ends", 60)
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


# Another run takes over while this one stands still

_STOP = """
import os, signal, sys

def stop():
    with open({noted!r}, "w") as file:
        file.write(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)

def stop_after(owner, method):
    do = getattr(owner, method)
    def done(*arguments, **more):
        setattr(owner, method, do)
        result = do(*arguments, **more)
        stop()
        return result
    setattr(owner, method, done)

store = sys.modules["ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.store"]
{how}
"""
# Where no request and no step of a file tells: after a file is written and its lock is released.
_AFTER = {"intent": 'stop_after(store.VarsFileStore, "write")', "rescued": 'stop_after(store.RescueFile, "keep")'}


class Stopped:
    """A run whose worker is stopped by SIGSTOP. To be used in a with statement, at whose end it has ended.

    Args:
        rig: what is rotated.
        folder: for what is noted.
        found: the moments of the rotation.
        at: the name of one of them, or one of _AFTER.
        variables: it is run with.
    """

    def __init__(self, rig: AnyRig, folder: Path, found: Moments, at: str, **variables: Any) -> None:
        self._noted = folder / "stopped"
        how = _STOP.format(noted=str(self._noted), how=_AFTER.get(at, "stop()"))
        env = Saboteur(folder / "stops").environment(rig.file, 1 if at in _AFTER else getattr(found, at), how)
        self._pool = ThreadPoolExecutor(1)
        self._run = self._pool.submit(finish, rig, start(rig, env, **variables))

    def __enter__(self) -> Stopped:
        try:
            wait_until(lambda: self._run.done() or _state_of(self._pid) == "T", "the worker is stopped", 60)
            assert self._pid, self._run.result(0).output
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        with contextlib.suppress(Exception):
            self.goes_on()
        self._pool.shutdown()

    @property
    def _pid(self) -> int:
        return int(self._noted.read_text() or 0) if self._noted.exists() else 0

    def goes_on(self) -> Run:
        """Let it go on, and return how it ended."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)
        return self._run.result(120)


def take_over(rig: AnyRig, folder: Path, **variables: Any) -> dict[str, Any]:
    """Let another machine, which sees nothing of the run that stands still, take its rotation over; return its result.

    It must wait for the end of the lease, and the appliance's clock stays 20 minutes ahead from then on.
    """
    env = Saboteur(folder / "takes-over").environment(rig.file, 1, _OTHER_MACHINE)
    before, since = rig.path.read_bytes(), len(rig.simulator.journal())
    said = failure(rig.rotate(env=env, **variables))
    assert "It is on another machine or in another container, so it cannot be seen from here" in said
    assert rig.path.read_bytes() == before
    assert rig.writing_requests(since) == []
    rig.simulator.advance(LEASE)
    return rig.result(rig.rotate(env=Saboteur(folder / "takes-over").environment(rig.file, 1, _OTHER_MACHINE), **variables))


class RescueFileLeftError(AssertionError):
    """All is well, but the run that stood still leaves a rescue file behind: reserved room, or a copy of what is stored."""


_LEFT = pytest.mark.xfail(
    strict=True, raises=RescueFileLeftError, reason="in place: the run that stood still writes the rescue file, which nothing needs"
)
_QUMULO, _CDM, _RSC = "access_token-qumulo", "api_token-cdm", "in_place-rsc"
_FEW = [(_QUMULO, "before"), (_QUMULO, "created"), (_QUMULO, "stored"), (_RSC, "created")]
_BESIDE, _IN_PLACE = ("intent", "before", "created", "stored", "proved"), ("created", "stored", "proved")
_MORE = [
    *((kind, at) for kind in (_QUMULO, _CDM, "replace-rsc", "replace-cdm") for at in _BESIDE),
    *((kind, at) for kind in (_RSC, "in_place-cdm") for at in _IN_PLACE),
]


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        *_FEW,
        pytest.param(_RSC, "rescued", marks=_LEFT),
        *(pytest.param(*one, marks=pytest.mark.chaos) for one in _MORE if one not in _FEW),
        *(
            pytest.param(*one, marks=[pytest.mark.chaos, _LEFT])
            for one in (("in_place-cdm", "rescued"), (_RSC, "intent"), ("in_place-cdm", "intent"))
        ),
    ],
)
def test_another_run_takes_over_while_this_one_is_stopped(
    ansible: Ansible, appliances: Appliances, saboteur: Saboteur, tmp_path: Path, kind: str, at: str
) -> None:
    rig = rig_of(kind, ansible, appliances)
    found = moments(rig, kind, saboteur)
    rig.seed()
    # A session of the run that stands still is there meanwhile.
    allowed = {} if isinstance(rig, Rig) else {"allow_left": True, "allow_ended": True}
    for name, value in allowed.items():
        setattr(rig, name, value)
    sessions = set() if isinstance(rig, Rig) else rig.sessions()
    with rig.rest_untouched(), Stopped(rig, tmp_path, found, at, rotate_force=True) as stopped:
        result = take_over(rig, tmp_path, rotate_force=True)
        token_id = rig.assert_works()
        assert result["token_id"] == token_id
        before, value = rig.path.read_bytes(), rig.stored()
        run = stopped.goes_on()
        assert run.returncode == 2, run.output
        said = says(run)
        assert re.search(r"Another run( \(.*\))? took this rotation over while this one stood still, so this one stopped", said), said
        assert rig.path.read_bytes() == before
        assert rig.stored() == value
        assert rig.assert_current() == token_id
        if not isinstance(rig, Rig):
            wait_until(lambda: rig.sessions() <= sessions, "the sessions are gone", 5)
        left = is_in_place(rig) and rig.rescue.exists()
        assert not is_in_place(rig) or rig.rescued() in (None, value)
        assert rig.leftover_files() == ([rig.rescue.name] if is_in_place(rig) and left else [])
        rig.rotate().assert_ok()
        assert rig.assert_settled() == token_id
        assert rig.stored() == value
    if left:
        raise RescueFileLeftError(said)


@pytest.mark.parametrize("by", ["the administrator", "itself"])
def test_the_secret_of_a_run_that_stood_still_ends_the_one_that_another_run_stored(
    ansible: Ansible, appliances: Appliances, saboteur: Saboteur, tmp_path: Path, by: str
) -> None:
    # It is stopped when its request is all but sent: nothing can stop that, and then its secret is the only one that works.
    rig = rig_of(_RSC, ansible, appliances)
    assert isinstance(rig, SecretRig)
    found = moments(rig, _RSC, saboteur)
    if by == "itself":
        rig.role_id = ADMINISTRATOR
        rig.more = {"rotate_auth": {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": rig.simulator.ca_file}}
        rig.play = {"vars_files": [rig.file]}
    client_id = rig.seed()
    rig.allow_left = rig.allow_ended = True
    with rig.rest_untouched(), Stopped(rig, tmp_path, found, "before", rotate_force=True) as stopped:
        take_over(rig, tmp_path, rotate_force=True)
        before, other = rig.path.read_bytes(), rig.stored()
        assert rig.appliance.works(client_id, other)
        run = stopped.goes_on()
        assert run.returncode == 2, run.output
        said = says(run)
        assert "took this rotation over while this one stood still" in said
        assert f"The secret that this run created is kept in {rig.rescue}, encrypted" in said
        assert rig.path.read_bytes() == before
        assert not rig.appliance.works(client_id, other)
        rescued = rig.rescued()
        assert rescued is not None
        assert rig.appliance.works(client_id, rescued)
        rig.assert_nothing_in_clear()
        assert rig.result(rig.rotate())["reason"] == "an earlier run made a secret and could not store it"
        assert rig.assert_settled() == client_id
        assert rig.stored() == rescued
