# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate where AWX does not answer a write, and serves it when it holds the next credential already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.awx.controller import TOKEN, running
from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import guarded, refusal, role
from tests.simulator.launch import Simulator

_TRIES = 4  # of a request whose answer is 504


def test_a_write_that_comes_late_is_written_over(
    ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str], tmp_path: Path
) -> None:
    rig = Rig(ansible, shared, _admin=shared_administrator)
    rig.seed()
    with running(tmp_path, holds_back=_TRIES) as awx:
        kind = awx.put("credential_types", name="Appliance", inputs={"fields": [{"id": "token", "secret": True}]})["id"]
        credential = awx.put("credentials", name="Qumulo", credential_type=kind, inputs={"token": rig.stored()})
        ansible.environment = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}
        rig.more = {
            "rotate_publish": "awx_credential",
            "rotate_publish_awx_credential": {"name": "Qumulo", "input": "token", "ca_path": awx.ca_file},
        }
        failed = rig.rotate(tasks=[guarded("Fails", rig.variables(rotate_force=True))])
        words = refusal(failed, "Fails")
        assert "all is as it was before" not in words
        assert "A write to the credential Qumulo in AWX may still be served, so the next runs write the stored credential there" in words
        assert len(awx.held_back) == _TRIES

        rig.result(rig.rotate(rotate_force=True))
        awx.serve_late()
        assert rig.who_is(credential["inputs"]["token"]) is None, "AWX holds what was revoked"
        run = rig.rotate(tasks=[*role(rig.variables(), "Next"), *role(rig.variables(), "Last")])
        result: dict[str, Any] = rig.result(run, "Next")
        assert not result["rotated"]
        assert credential["inputs"]["token"] == rig.stored()
        rig.assert_no_secret(run)
