# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate on every kind of credential: its rigs by name, what must hold for each after a kill, and their appliances."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

import pytest

from tests.plays import _rubrik_rigs as rubrik
from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import CredentialLostError, failure
from tests.plays._s3_rig import ID_VAR, KeyRig
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.simulator.launch import Simulator, launch

AnyRig = Rig | rubrik.CdmApiTokenRig | rubrik.SecretRig
KINDS = (
    "access_token-qumulo",
    "api_token-cdm",
    "in_place-cdm",
    "replace-cdm",
    "in_place-rsc",
    "replace-rsc",
    "s3_access_key-qumulo",
    "alternate-cdm",
    "alternate-rsc",
)
_PLATFORMS = {"qumulo": "qumulo", "cdm": "rubrik_cdm", "rsc": "rubrik_rsc"}


class Appliances(dict[str, Simulator]):
    """Simulated appliances by the last word of a kind, each started when it is asked for; to be used in a with statement."""

    def __init__(self, folders: pytest.TempPathFactory, **settings: str) -> None:
        super().__init__()
        self._folders, self._settings, self._running = folders, settings, contextlib.ExitStack()
        self.qumulo_admin: dict[str, str] = {}  # one token for all rigs: a user may have ten

    def __enter__(self) -> Appliances:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._running.close()

    def __missing__(self, name: str) -> Simulator:
        self[name] = self._running.enter_context(launch(_PLATFORMS[name], settings=self._settings, directory=self._folders.mktemp(name)))
        return self[name]


def rig_of(kind: str, ansible: Ansible, appliances: Appliances) -> AnyRig:
    """Return the rig of one of KINDS."""
    if kind == "access_token-qumulo":
        return Rig(ansible, appliances["qumulo"], _admin=appliances.qumulo_admin)
    if kind == "s3_access_key-qumulo":
        return KeyRig(ansible, appliances["qumulo"], more={"rotate_force": False}, _admin=appliances.qumulo_admin)
    return rubrik.rig_of(kind, ansible, appliances)


def is_in_place(rig: AnyRig) -> TypeGuard[rubrik.SecretRig]:
    """Tell whether the rig's credential is the one secret of an account, which the making of a new one kills."""
    return isinstance(rig, rubrik.SecretRig) and rig.strategy == "in_place"


def in_use(rig: AnyRig) -> list[str]:
    """Return the ids that are live once a rotation is over: that of the stored credential, or both accounts where two take turns."""
    return rig.ids() if isinstance(rig, rubrik.AlternateRig) else [rig.assert_works()]


@contextlib.contextmanager
def turns_kept(rig: AnyRig) -> Iterator[None]:
    """Where accounts take turns, the secret that is stored before works afterwards, too: who has read it goes on with it."""
    if not isinstance(rig, rubrik.AlternateRig) or not rig.stored():
        yield
        return
    client_id, secret = str(rig.stored(rig.id_name)), rig.stored()
    yield
    if not rig.appliance.works(client_id, secret):
        raise CredentialLostError(f"the secret of {client_id} ended before the account's next turn")


def set_right(rig: AnyRig, **variables: Any) -> str:
    """One plain run ends well, and all is in order after it; return what the user had to say before it did, empty for nothing.

    Nothing marks an S3 access key as the rotation's. So the run names the one that a killed run created, and the user says what becomes
    of it.
    """
    run, said = rig.rotate(**variables), ""
    if run.returncode and isinstance(rig, KeyRig):
        [left] = set(rig.ids()) - {rig.stored(ID_VAR)}
        named = failure(run)
        assert f"An interrupted run may have created {left}, and" in named, named
        run, said = rig.rotate(**{**variables, "rotate_orphans": "revoke"}), "told to revoke the key that it named"
    rig.result(run)
    rig.assert_current()
    assert not is_in_place(rig) or not rig.rescue.exists()
    return said


def assert_known(rig: AnyRig, since: int) -> str:
    """The vars file, or the rescue file of a secret that is rotated in place, holds a credential that works; return where it is.

    Only where a secret was made in place since the since-th request, and nothing was written after that, nobody has it: the documented
    exception, which the next run mends by making another.
    """
    try:
        rig.assert_works()
    except CredentialLostError:
        if not is_in_place(rig):
            raise
        rescued = rig.rescued()
        if rescued is not None and rig.appliance.works(rig.ids()[0], rescued):
            return "in the rescue file"
        if rescued is not None or not rig.writing_requests(since):
            raise
        return "nowhere"
    return "in the vars file"


def kill_and_recover(
    rig: AnyRig,
    saboteur: Saboteur,
    at: int | str,
    *,
    begin: Callable[[Any], Any] = lambda rig: rig.seed(),
    works_before: bool = True,
    after: Mapping[str, Any] | None = None,
    **variables: Any,
) -> str:
    """Kill a run at a point; a credential that works is known, and a plain run sets the rest right. Return where it was, and what was said.

    Args:
        rig, saboteur, at: what is killed, by whom, and where.
        begin: makes what is there before.
        works_before: whether the vars file holds a credential that works before.
        after: variables of the plain run.
        variables: of the run that is killed.
    """
    begin(rig)
    since = len(rig.simulator.journal())
    with rig.rest_untouched(), turns_kept(rig):
        assert run_and_kill(rig, saboteur, at, **variables), f"{at} was not reached: {saboteur.events}"
        rig.stored()  # it parses and decrypts
        where = assert_known(rig, since) if works_before else "not there yet"
        rig.assert_nothing_in_clear()
        said = set_right(rig, **(after or {}))
    return where + (f", and the next run was {said}" if said else "")
