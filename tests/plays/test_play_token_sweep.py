# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook sweep: what a killed container left is ended, what may be in use is not; and the pair of tasks that needs no lookup."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import mint
from tests.plays._ansible import Ansible, Run
from tests.plays._cases import refused
from tests.plays._in_process_simulator import Start
from tests.plays._options import administrator, client, where
from tests.plays._play_token_rig import MODULE, Rig
from tests.plays._qumulo_rig import Rig as RoleRig
from tests.simulator.launch import Simulator, launch

SWEEP = "latchkey.tokens.sweep"


def sweep(ansible: Ansible, simulator: Simulator, *runs: Mapping[str, Any]) -> Run:
    """Run the playbook with each of these variables, as an administrator."""
    there = {"sweep_platform": simulator.platform, "sweep_endpoint": simulator.url}
    options = {**administrator(simulator), "ca_path": simulator.ca_file}
    plays = [{"ansible.builtin.import_playbook": SWEEP, "vars": {**there, **one}} for one in runs]
    (ansible.folder / "sweeps.yml").write_text(yaml.safe_dump(plays))
    env = {f"{simulator.platform}_{name}".upper(): value for name, value in options.items()}
    return ansible.run(ansible.folder / "sweeps.yml", env=env)


def reported(run: Run) -> list[str]:
    return [str(one.result["msg"]) for one in run.tasks if one.task == "Report what was revoked"]


@pytest.mark.parametrize(
    ("platform", "wrong", "words"),
    [
        ("qumulo", "12h", "'sweep_hours'"),
        ("rubrik_cdm", 24, "a session of Rubrik CDM ends after 24 hours, so 24h would end nothing. Set it to less than 24h."),
    ],
)
def test_sweep(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, wrong: Any, words: str) -> None:
    """What a killed container left, as test_play_token_runner.py leaves it."""
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        login = administrator(simulator) if platform == "qumulo" else client(simulator)
        left = mint({**where(simulator), **login}, {}, []).minted.credential.id
        mine = {"sweep_account": "local:admin" if platform == "qumulo" else login["client_id"]}
        runs, revoked = [mine, {**mine, "sweep_hours": 1}, {**mine, "sweep_hours": 0}], ["0 revoked: ", "0 revoked: ", f"1 revoked: {left}"]
        fresh = set()
        if platform == "rubrik_cdm":
            # A user's log-in that is seconds old has little time left, since it idles out.
            fresh.add(mint({**where(simulator), **administrator(simulator)}, {}, []).minted.credential.id)
            runs, revoked = [{"sweep_account": simulator.admin["username"]}, *runs], ["0 revoked: ", *revoked]
        run = sweep(ansible, simulator, *runs, {**mine, "sweep_hours": wrong})
        assert reported(run) == revoked
        assert (run.returncode, words in run.failures[0]) == (2, True), run.output
        alive = {one["id"] for one in simulator.credentials()}
        assert left not in alive
        assert fresh <= alive


def test_what_is_wrong_is_named(ansible: Ansible, appliance: Start) -> None:
    missing = ansible.run(SWEEP).failures[0]
    assert "missing required arguments: sweep_account, sweep_endpoint, sweep_platform" in missing
    nothing = refused(appliance("qumulo"), "session_revoke", target="account", account="", older_than="12h")
    assert "account: it is empty" in nothing
    negative = refused(appliance("qumulo"), "session_revoke", target="account", account="local:admin", older_than="-1h")
    assert "older_than: '-1h' is not a duration" in negative


def test_what_a_vars_file_may_hold_stays(ansible: Ansible, qumulo: Simulator) -> None:
    """However old it is: what was given a long life, or no end."""
    rig = RoleRig(ansible, qumulo)
    token_id = rig.seed(90 * 86400)
    for_ever = rig.mint()[0]
    qumulo.advance(80 * 86400)
    run = sweep(ansible, qumulo, {"sweep_account": f"local:{rig.account}", "sweep_hours": 0}).assert_ok()
    assert reported(run) == ["0 revoked: "]
    assert rig.assert_works() == token_id
    assert set(rig.ids()) == {token_id, for_ever}


def test_explicit_pair(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As the manual of the lookup has it, for those who want no magic: mint, use, revoke in always, also after a failure."""
    with ExitStack() as running:
        rigs, before, tasks = [], [], []
        for platform in ("qumulo", "rubrik_cdm", "rubrik_rsc"):
            simulator = running.enter_context(launch(platform, directory=tmp_path_factory.mktemp(platform)))
            rigs.append(rig := Rig(ansible, simulator))
            before.append(rig.live())
            here = where(simulator)
            lifetime = {"expires_in": "1h", "additional": True} if platform == "qumulo" else {}
            end = {"latchkey.tokens.session_revoke": {**here, "token": "{{ minted.token }}", "target": "self"}}
            block = {
                "name": "With a token",
                "block": [
                    {"name": "Mint", "latchkey.tokens.access_token": {**here, **rig.login(), **lifetime}, "register": "minted"},
                    {"name": "Use", MODULE: {**here, "token": "{{ minted.token }}"}},
                    {"name": f"Fail on {platform}", "ansible.builtin.fail": {"msg": "on purpose"}, "when": platform != "rubrik_rsc"},
                ],
                "always": [{"name": "Revoke", **end, "when": "minted.token is defined"}],
            }
            goes_on = {"name": "Go on", "ansible.builtin.debug": {"msg": "after a failure"}}
            tasks.append({"name": f"On {platform}", "block": [block], "rescue": [goes_on]})
        run = ansible.play(tasks).assert_ok()
        assert run.failures == ["on purpose"] * 2
        assert [rig.live() for rig in rigs] == before
        assert [(rig.mints(), rig.revocations()) for rig in rigs] == [(1, 1)] * 3
