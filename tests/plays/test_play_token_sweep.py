# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook sweep: what a killed container left is ended, what may be in use is not; and the pair of tasks that needs no lookup."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import mint
from tests.plays._ansible import Ansible
from tests.plays._options import administrator, where
from tests.plays._play_token_rig import MODULE, Rig
from tests.plays._qumulo_rig import Rig as RoleRig
from tests.simulator.launch import Simulator, launch

SWEEP = "latchkey.tokens.sweep"


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm"])
def test_sweep(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str) -> None:
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator)
        before = rig.live()
        with rig.in_the_middle() as process:  # a container is killed, and the watcher with everything else
            (watcher,) = rig.watchers()
            os.kill(watcher, signal.SIGKILL)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        (left,) = set(rig.live()) - set(before)
        account = "local:admin" if platform == "qumulo" else simulator.service_account["client_id"]
        options = {**administrator(simulator), "ca_path": simulator.ca_file}
        env = {f"{platform}_{name}".upper(): value for name, value in options.items()}
        arguments = ["-e", f"sweep_platform={platform}", "-e", f"sweep_endpoint={simulator.url}", "-e", f"sweep_account={account}"]

        def sweep(*more: str) -> dict[str, Any]:
            return ansible.run(SWEEP, [*arguments, *more], env=env).assert_ok()["Report what was revoked"]

        if platform == "rubrik_cdm":
            # A user's log-in that is seconds old has little time left, since it idles out.
            mint({**where(simulator), **administrator(simulator)}, {}, [])
            fresh = set(rig.live())
            run = ansible.run(SWEEP, [*arguments, "-e", f"sweep_account={simulator.admin['username']}"], env=env).assert_ok()
            assert run["Report what was revoked"]["msg"] == "0 revoked: "
            assert set(rig.live()) == fresh
            refused = ansible.run(SWEEP, [*arguments, "-e", "sweep_hours=24"], env=env)
            assert "a session of Rubrik CDM ends after 24 hours, so 24h would end nothing. Set it to less than 24h." in refused.failures[0]
        said = {
            "sweep_hours=12h": "'sweep_hours'",
            "sweep_hours=-1": "older_than: '-1h' is not a duration",
            "sweep_lifetime=1d": "'sweep_lifetime'",
        }
        for wrong, words in said.items():
            assert words in ansible.run(SWEEP, [*arguments, "-e", wrong], env=env).failures[0]
        missing = ansible.run(SWEEP, [], env=env).failures[0]
        assert "missing required arguments: sweep_account, sweep_endpoint, sweep_platform" in missing
        assert sweep()["msg"] == "0 revoked: "
        assert sweep("-e", "sweep_hours=1")["msg"] == "0 revoked: "
        assert sweep("-e", "sweep_hours=0")["msg"] == f"1 revoked: {left}"
        assert left not in rig.live()


@pytest.mark.parametrize("expires_in", [90 * 86400, None], ids=["long", "for ever"])
def test_what_a_vars_file_holds_stays(ansible: Ansible, qumulo: Simulator, expires_in: float | None) -> None:
    """However old it is."""
    rig = RoleRig(ansible, qumulo)
    token_id = rig.seed(expires_in)
    qumulo.advance(80 * 86400)
    env = {"QUMULO_USERNAME": qumulo.admin["username"], "QUMULO_PASSWORD": qumulo.admin["password"], "QUMULO_CA_PATH": qumulo.ca_file}
    arguments = ["sweep_platform=qumulo", f"sweep_endpoint={qumulo.url}", f"sweep_account=local:{rig.account}", "sweep_hours=0"]
    run = ansible.run(SWEEP, [part for one in arguments for part in ("-e", one)], env=env).assert_ok()
    assert run["Report what was revoked"]["msg"] == "0 revoked: "
    assert rig.assert_works() == token_id


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
@pytest.mark.parametrize("fails", [False, True])
def test_explicit_pair(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, fails: bool) -> None:
    """As the manual of the lookup has it, for those who want no magic: mint, use, revoke in always."""
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator)
        before = rig.live()
        here = where(simulator)
        lifetime = {"expires_in": "1h", "additional": True} if platform == "qumulo" else {}
        block = {
            "name": "With a token",
            "block": [
                {"name": "Mint", "latchkey.tokens.access_token": {**here, **rig.login(), **lifetime}, "register": "minted"},
                {"name": "Use", MODULE: {**here, "token": "{{ minted.token }}"}},
                *([{"name": "Fail", "ansible.builtin.fail": {"msg": "on purpose"}}] if fails else []),
            ],
            "always": [
                {
                    "name": "Revoke",
                    "latchkey.tokens.session_revoke": {**here, "token": "{{ minted.token }}", "target": "self"},
                    "when": "minted.token is defined",
                }
            ],
        }
        run = ansible.play([block])
        assert run.returncode == (2 if fails else 0), run.output
        assert rig.live() == before
        assert rig.mints() == rig.revocations() == 1
