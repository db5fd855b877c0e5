# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with a secret manager as its store, killed with SIGKILL before a request is sent, or once it is answered.

Requests to the secret manager are points as those to the appliance are. After each kill consumers read a credential that works, and one
plain run sets the rest right. With FULL=1 at every point, else at those between two requests that belong together.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chaos._record import FULL, Recorder
from tests.plays._ansible import Ansible
from tests.plays._role_rig import finish, start
from tests.plays._rotation_kinds import Appliances
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.plays._store_rigs import MANAGERS, NAME, TokenInManager, managers

SLICES = 8 if FULL else 2  # of each secret manager, so that they can run side by side
CHOSEN = {
    "vault": [
        f"answered POST /v1/secret/data/{NAME}#2",  # the new credential is what consumers read, and is not proved yet
        f"before POST /v1/secret/destroy/{NAME}#2",  # all is done but for the versions that hold the old one
    ],
    "aws": [
        "before POST / UpdateSecretVersionStage#3",  # the new credential is in a version that is nothing yet
        "answered POST / UpdateSecretVersionStage#5",  # consumers read the new credential, and the rotation's own label is not moved yet
    ],
}


def _points(name: str, rig: TokenInManager, saboteur: Saboteur) -> Sequence[int | str]:
    """Return where a run is struck."""
    if not FULL:
        return CHOSEN[name]
    rig.seed()
    run = finish(rig, start(rig, saboteur.environment(rig.file), rotate_force=True))
    assert run.returncode == 0, run.output
    return range(1, len(saboteur.events) + 1)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("name", MANAGERS)
def test_killed_with_a_secret_manager(
    ansible: Ansible, simulators: Appliances, saboteur: Saboteur, recorder: Recorder, name: str, part: int
) -> None:
    with managers(name) as manager:
        rig = TokenInManager(ansible, simulators["qumulo"], _admin=simulators.qumulo_admin, manager=manager)
        for at in _points(name, rig, saboteur)[part::SLICES]:
            rig.seed()
            with recorder.trial("killed", f"{rig.simulator.platform} in {name}", str(at), "SIGKILL") as trial:
                assert run_and_kill(rig, saboteur, at, rotate_force=True), f"{at} was not reached: {saboteur.events}"
                trial.point = saboteur.events[-1]
                rig.assert_works()
                rig.result(rig.rotate())
                rig.assert_settled()
                trial.outcome = "consumers read a credential that works; set right by the next run"
