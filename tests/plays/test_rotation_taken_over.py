# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate where a run stands still, and another one takes its rotation over: the former notices, and stops."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible, Run
from tests.plays._interrupted import Moments, moments, state_of
from tests.plays._play_token_rig import wait_until
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure, finish, start
from tests.plays._rotation_kinds import AnyRig, Appliances, rig_of
from tests.plays._rubrik_rigs import SecretRig
from tests.plays._saboteur import Saboteur
from tests.simulator.tests._rsc_tenant import ADMINISTRATOR

LEASE = 20 * 60  # seconds after which another machine may take over, and more
_OTHER_MACHINE = "import platform; platform.node = lambda: 'elsewhere'"
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


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as found:
        yield found


def says(run: Run) -> str:
    """Return the last message of a run whose tasks nobody recorded."""
    found = re.findall(r'^ *"msg": (".*"),?$', run.output, re.MULTILINE)
    assert found, run.output
    said = str(json.loads(found[-1]))
    assert "bug in latchkey" not in said
    return said


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
            wait_until(lambda: self._run.done() or state_of(self._pid) == "T", "the worker is stopped", 60)
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


_QUMULO, _CDM, _RSC = "access_token-qumulo", "api_token-cdm", "in_place-rsc"
_FEW = [(_QUMULO, "before"), (_QUMULO, "created"), (_RSC, "created")]
_BESIDE, _IN_PLACE = ("intent", "before", "created", "stored", "proved"), ("intent", "created", "stored", "proved")
_MORE = [
    *((kind, at) for kind in (_QUMULO, _CDM, "replace-rsc", "replace-cdm") for at in _BESIDE),
    *((kind, at) for kind in (_RSC, "in_place-cdm") for at in _IN_PLACE),
]


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        *_FEW,
        (_RSC, "rescued"),
        pytest.param("in_place-cdm", "rescued", marks=pytest.mark.chaos),
        *(pytest.param(*one, marks=pytest.mark.chaos) for one in _MORE if one not in _FEW),
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
        assert rig.leftover_files() == []
        rig.rotate().assert_ok()
        assert rig.assert_settled() == token_id
        assert rig.stored() == value


@pytest.mark.parametrize("by", ["the administrator", pytest.param("itself", marks=pytest.mark.chaos)])
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
        assert rig.result(rig.rotate())["reason"] == "an earlier run created a secret and could not store it"
        assert rig.assert_settled() == client_id
        assert rig.stored() == rescued
