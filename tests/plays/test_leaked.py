# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook leaked: a credential that leaked is found, replaced where it is stored, revoked, proved to be dead, and never shown."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible, Run
from tests.plays._canaries import Scene
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._role_rig import RoleRig, failure
from tests.plays._rubrik_rigs import AlternateRig, CdmApiTokenRig, SecretRig
from tests.plays._store_rigs import InVault
from tests.plays.test_canaries_rotate import FILES
from tests.simulator.launch import Simulator
from tests.stores.vault import running

PLAYBOOK = "latchkey.tokens.leaked"
SECRET = "LATCHKEY_LEAKED_SECRET"


def inventory(rig: RoleRig, *, stored: bool = True, more: dict[str, Any] | None = None, **variables: Any) -> Path:
    """Write an inventory with the rig's credential as the host ``home``, or only its endpoint, and with other hosts."""
    home = {"rotate_vars_file": str(rig.path), **variables}
    home = {**rig.variables(), **home, **rig.more}
    if not stored:
        home = {name: home[name] for name in ("rotate_platform", "rotate_endpoint", "rotate_auth")}
    path = rig.ansible.folder / "leaked.yml"
    path.write_text(yaml.safe_dump({"rotate": {"hosts": {"home": home, **(more or {})}}}))
    return path


def leaked(rig: RoleRig, secret: str, *arguments: str, stored: bool = True, more: dict[str, Any] | None = None, **variables: Any) -> Run:
    """Run the playbook for a secret; nothing that it shows holds one."""
    given = {"leaked_confirm": True, **variables}
    hosts = ["-i", str(inventory(rig, stored=stored, more=more)), *rig.vault_arguments, "-e", json.dumps(given)]
    run = rig.ansible.run(PLAYBOOK, ["-vvv", *hosts, *arguments], env={SECRET: secret})
    rig.assert_no_secret(run)
    assert secret not in run.output
    assert secret not in json.dumps([one.result for one in run.tasks])
    return run


def out_of_reach(rig: RoleRig) -> dict[str, Any]:
    """Return a host whose certificate is not trusted, which is not asked again, as one that does not answer would be."""
    there = {"rotate_platform": "qumulo", "rotate_endpoint": f"localhost:{rig.simulator.port}", "rotate_auth": {"token": "none"}}
    return {"down": there}


def lines(run: Run) -> str:
    return "\n".join([*run["Decide what to do"]["lines"], *run["Say what was done"]["lines"]])


@pytest.fixture
def token(ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str]) -> Rig:
    """An access token of an account of Qumulo Core, in a vars file."""
    rig = Rig(ansible, shared, _admin=shared_administrator)
    rig.seed()
    return rig


def test_a_stored_token_is_replaced_at_once(token: Rig) -> None:
    """Whatever rotate_retire_after says, also with -e; an endpoint that cannot be asked is said, and check mode does nothing."""
    old_id, old = token.ids()[0], str(token.stored())
    with token.nothing_changes():
        assert "Nothing was done, since this is check mode." in lines(leaked(token, old, "--check").assert_ok())
    run = leaked(token, old, more=out_of_reach(token), rotate_retire_after="7d").assert_ok()
    shown = lines(run)
    assert f"access token {old_id} of Qumulo Core" in shown
    assert f"stored in  {token.path} as qumulo_token (host home)" in shown
    assert f"down: Qumulo Core at https://localhost:{token.simulator.port}: cannot identify the caller: its TLS certificate" in shown
    assert "proved to be dead" in shown
    assert token.who_is(old) is None
    assert token.assert_works() != old_id
    assert old_id not in token.ids()


def test_a_token_in_no_store_is_just_revoked(each_core: Ansible, shared: Simulator, shared_administrator: dict[str, str]) -> None:
    """The name of its account looks like a template, and is not evaluated; a stored credential of another account stays."""
    rig = Rig(each_core, shared, _admin=shared_administrator)
    rig.seed()
    file, name = rig.path.read_bytes(), "{{ 6 * 7 }}"
    rig.call("POST", "/v1/users/", {"name": name, "primary_group": "0", "password": "Not-a-real-1"})
    user = rig.call("POST", "/v1/identity/find", {"name": name, "domain": "LOCAL"})[1]["auth_id"]
    secret = rig.call("POST", TOKENS, {"user": {"auth_id": user}})[1]["bearer_token"]
    run = leaked(rig, secret).assert_ok()
    assert "stored in  no store of the inventory's hosts" in lines(run)
    assert f"  account    {name} (id {user})" in lines(run)
    assert f"  account    {name} (id {user})" in run.output
    assert rig.who_is(secret) is None
    assert rig.assert_works()
    assert rig.path.read_bytes() == file


def test_a_secret_of_no_endpoint(token: Rig) -> None:
    with token.nothing_changes():
        run = leaked(token, "no-credential-of-anything", more=out_of_reach(token))
        said = failure(run)
        assert (
            f"The secret is no credential of {token.simulator.url}, and no store of the inventory's hosts holds it, so nothing was" in said
        )
        assert f"down is not known: Qumulo Core at https://localhost:{token.simulator.port}" in said


def test_the_secret_is_typed(token: Rig, tmp_path_factory: pytest.TempPathFactory) -> None:
    """At a terminal; what is not confirmed is not done, and the secret is in nothing that a run with every channel open leaves."""
    scene = Scene(token.ansible, tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("handed-in"))
    secret = scene.canaries.add("the leaked token", str(token.stored()))
    for answer, status in (("no", 2), ("yes", 0)):
        output, code = typed(token, secret, answer, scene)
        assert (code, token.who_is(secret) is None) == (status, status == 0), output
        assert ("It was not confirmed, so nothing was revoked." in " ".join(output.split())) is (status == 2)
    scene.assert_clean(token.simulator, allowed=["leaked.yml", *FILES])


def typed(rig: RoleRig, secret: str, answer: str, scene: Scene) -> tuple[str, int]:
    """Run the playbook at a terminal; return what it showed there, and its exit status."""
    command = rig.ansible.command(PLAYBOOK, ["-vvvv", "--diff", "-i", str(inventory(rig)), *rig.vault_arguments])
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(rig.ansible.folder)
        os.execve(command[0], command, rig.ansible.env(scene.environment()))  # noqa: S606
    output, answers, give_up = b"", [(b"not shown as it is typed:", secret), (b"anything else to stop:", answer)], time.monotonic() + 60
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while time.monotonic() < give_up:
            if select.select([terminal], [], [], 0.5)[0]:
                output += os.read(terminal, 4096)
            elif answers and answers[0][0] in output:  # Ansible throws away what is typed before it waits for it
                os.write(terminal, f"{answers.pop(0)[1]}\r".encode())
    os.close(terminal)
    scene.output.append(output.decode())
    return output.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_secret_manager_is_a_store(ansible: Ansible, shared: Simulator, shared_administrator: dict[str, str]) -> None:
    rig = Rig(ansible, shared, _admin=shared_administrator)
    rig.seed()
    secret = str(rig.stored())
    with running() as vault:
        manager = InVault(vault)
        manager.put(qumulo_token=secret)
        rig.ansible.environment.update(manager.env)
        rig.more = {**manager.variables, "rotate_vars_file": None}
        run = leaked(rig, secret).assert_ok()
        assert "replace it in Vault secret secret/latchkey/qumulo" in lines(run)
        assert rig.who_is(secret) is None
        assert rig.who_is(manager.data()["qumulo_token"])


def test_an_api_token(ansible: Ansible, rubrik: dict[str, Simulator]) -> None:
    """The sessions of its user are ended, but those of this run."""
    rig = CdmApiTokenRig(ansible, rubrik["cdm"])
    old_id = rig.seed()
    secret = str(rig.stored())
    session = rig.appliance.log_in()
    run = leaked(rig, secret).assert_ok()
    assert f"API token {old_id} of Rubrik CDM" in lines(run)
    assert rig.works_as(secret) is None
    assert rig.works_as(session["token"]) is None
    assert rig.assert_works() != old_id


@pytest.mark.parametrize("stored", [True, False])
def test_a_client_secret(ansible: Ansible, rubrik: dict[str, Simulator], stored: bool) -> None:
    """One that no store holds is replaced by one that is not kept; its client id is asked for."""
    rig = SecretRig(ansible, rubrik["rsc"])
    client_id = rig.seed()
    secret = str(rig.stored())
    assert rig.appliance.works(client_id, secret)  # which is a log-in
    run = leaked(rig, secret, stored=stored, leaked_client_id="" if stored else client_id).assert_ok()
    assert "The secret works: it is the client secret of Rubrik Security Cloud" in lines(run)
    assert "last used  20" in lines(run)
    assert not rig.appliance.works(client_id, secret)
    assert rig.appliance.works(client_id, str(rig.stored())) is stored


def test_the_secret_of_an_account_that_takes_turns(ansible: Ansible, rubrik: dict[str, Simulator]) -> None:
    rig = AlternateRig(ansible, rubrik["rsc"])
    client_id = rig.seed()
    secret = str(rig.stored())
    leaked(rig, secret).assert_ok()
    assert rig.assert_settled() == rig.other(client_id)
    assert not rig.appliance.works(client_id, secret), "its turn would have left it alive"
