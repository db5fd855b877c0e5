# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client secrets of Rubrik's products: rotated, written to the file that the vendor's clients read, and shown to nobody."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from rsc import RSCClient

from tests.plays._ansible import Ansible, Run
from tests.plays._cases import SECRET_MARKS, do, done, refused, show, writes
from tests.plays._in_process_simulator import Start, data_of, secrets_in
from tests.plays._options import client, defaults
from tests.simulator.launch import Simulator, launch

BOTH = pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
ROTATE: dict[str, Any] = {"name": "svc-ansible", "rotate_secret": True}
ACCOUNT, CHECK, TOKEN = (f"latchkey.tokens.{name}" for name in ("service_account", "access_check", "access_token"))


# Rotation


@BOTH
def test_a_rotation_is_a_change_each_time(appliance: Start, platform: str) -> None:
    simulator = appliance(platform)
    me = client(simulator)
    foretold = done(simulator, "service_account", **ROTATE, check=True)
    assert foretold["changed"] is True
    assert (foretold["diff"]["before"]["secret"], foretold["diff"]["after"]["secret"]) == ("the old one", "a new one")
    assert "client_secret" not in foretold
    assert done(simulator, "access_check", **me)["account"] == "svc-ansible"  # check mode rotated nothing
    secrets = [me["client_secret"]]
    for _unused in range(2):
        rotated = done(simulator, "service_account", **ROTATE)
        assert (rotated["changed"], rotated["diff"]) == (True, foretold["diff"])
        assert (rotated["client_id"], rotated["account_id"]) == (me["client_id"], foretold["account_id"])
        for dead in secrets:
            assert do(simulator, "access_check", **{**me, "client_secret": dead})["failed"]
        secrets.append(rotated["client_secret"])
        assert done(simulator, "access_check", **{**me, "client_secret": secrets[-1]})["account"] == "svc-ansible"
    assert len(set(secrets)) == 3


def test_sessions_end_with_the_secret_when_told_so(appliance: Start) -> None:
    cdm = appliance("rubrik_cdm")
    token = done(cdm, "access_token", **client(cdm))["token"]
    assert done(cdm, "service_account", **ROTATE)["changed"] is True
    assert done(cdm, "access_check", token=token)["account"] == "svc-ansible"
    done(cdm, "service_account", **ROTATE, expire_sessions=True)
    assert do(cdm, "access_check", token=token)["failed"]


def test_sessions_that_go_on_are_a_warning(appliance: Start) -> None:
    """The new secret must not be lost for them."""
    cdm = appliance("rubrik_cdm")
    done(cdm, "access_token", **client(cdm))
    cdm.fault("POST:bulk_delete:500")
    rotated = done(cdm, "service_account", **ROTATE, expire_sessions=True)
    assert "was rotated, but its sessions go on until they expire" in rotated["warnings"][0]
    assert done(cdm, "access_token", client_id=rotated["client_id"], client_secret=rotated["client_secret"])["changed"] is True


def test_what_fails_before_the_rotation_leaves_the_secret(appliance: Start) -> None:
    rsc = appliance("rubrik_rsc", empty_roles="rejected")
    assert "name one with roles" in refused(rsc, "service_account", **ROTATE, roles=[])
    assert done(rsc, "access_check", **client(rsc))["account"] == "svc-ansible"


def test_suspended_exemptions_are_told_beside_a_hidden_result(each_core: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As an ordinary module, whose warnings each ansible-core hands on in a form of its own."""
    assert_suspension_is_told(each_core, tmp_path_factory.mktemp("rsc"), {"environment": {"X": "y"}})


def test_suspended_exemptions_are_told_by_the_worker(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_suspension_is_told(ansible, tmp_path_factory.mktemp("rsc"), {})


def assert_suspension_is_told(ansible: Ansible, folder: Path, keywords: dict[str, Any]) -> None:
    with launch("rubrik_rsc", settings={"tpr_policies": "2"}, directory=folder) as rsc:
        run = ansible.play([{"name": "Rotate", ACCOUNT: ROTATE, **keywords}], **kept_apart(ansible, rsc)).assert_ok()
        output = " ".join(run.output.split())
        assert "policies policy-1, policy-2" in output
        assert "under the rule RESTORE_SERVICE_ACCOUNT_TPR_EXEMPTION" in output
        assert run.by_name["Rotate"].hidden
        assert not any(secret in run.output for secret in secrets_in(data_of(rsc)))


# The file that the vendor's clients read


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_vendors_client_reads_the_file(rsc: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSC_CA_CERT_FILE", rsc.ca_file)
    monkeypatch.setenv("HOME", str(tmp_path))  # where it keeps its tokens
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = tmp_path / "robot.json"
    path.write_text("an older one")
    path.chmod(0o644)
    wish: dict[str, Any] = {"name": "svc-one", "roles": ["Read-only Administrator"], "credentials_file": str(path)}
    assert done(rsc, "service_account", **wish, check=True)["changed"] is True
    assert path.read_text() == "an older one"
    made = done(rsc, "service_account", **wish)
    assert mode_of(path) == 0o600
    assert json.loads(path.read_text()) == {
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "name": "svc-one",
        "access_token_uri": f"{rsc.url}/api/client_token",
    }
    assert [one.name for one in tmp_path.iterdir() if "robot" in one.name] == ["robot.json"]
    who = RSCClient(service_account_file=str(path)).execute("{ currentUserLoginContext { user { id } } }")
    assert who["data"]["currentUserLoginContext"]["user"]["id"] == made["client_id"]
    # and so do our own modules, which need no endpoint then
    assert done(rsc, "access_check", service_account_file=str(path), endpoint=None)["account"] == "svc-one"
    inode = path.stat().st_ino
    rotated = done(rsc, "service_account", **wish, rotate_secret=True)
    assert json.loads(path.read_text())["client_secret"] == rotated["client_secret"]
    assert path.stat().st_ino != inode  # replaced as a whole
    [warning] = done(rsc, "service_account", **wish)["warnings"]
    assert f"'{path}' was left as it is, since the secret of svc-one" in warning
    assert "Set rotate_secret=true for a new one." in warning


def test_the_file_on_cdm(appliance: Start, tmp_path: Path) -> None:
    """A cluster has no place that tokens are had at, so the file names none, and opens sessions all the same."""
    cdm = appliance("rubrik_cdm")
    path = tmp_path / "robot.json"
    made = done(cdm, "service_account", name="svc-one", credentials_file=str(path))
    assert json.loads(path.read_text()) == {**{key: made[key] for key in ("client_id", "client_secret")}, "name": "svc-one"}
    assert mode_of(path) == 0o600
    assert done(cdm, "access_token", service_account_file=str(path))["account_id"] == made["client_id"]


@BOTH
@pytest.mark.parametrize("wish", [{"name": "svc-one"}, ROTATE], ids=["made", "rotated"])
def test_a_file_that_cannot_be_written_is_refused_first(appliance: Start, tmp_path: Path, platform: str, wish: dict[str, Any]) -> None:
    simulator = appliance(platform)
    for path, why in ((tmp_path / "no" / "robot.json", "there is no directory"), (tmp_path, "it is not a regular file")):
        for check in (True, False):
            start = len(simulator.journal())
            message = refused(simulator, "service_account", **wish, credentials_file=str(path), check=check)
            assert f"credentials_file: '{path}' cannot be written, {why}" in message
            assert "nothing was created" in message
            assert writes(simulator.journal()[start:]) == []
    assert done(simulator, "access_check", **client(simulator))["account"] == "svc-ansible"


@BOTH
def test_a_file_that_fails_after_all_keeps_the_secret_in_the_result(
    appliance: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    simulator = appliance(platform)
    path = tmp_path / "robot.json"
    path.write_text("an older one")

    def full(*_paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = do(simulator, "service_account", **ROTATE, credentials_file=str(path))
    monkeypatch.undo()
    assert result["failed"] is True
    assert "could not be written: No space left on device. What was there is unchanged." in result["msg"]
    assert "The account's new secret is in this result." in result["msg"]
    assert path.read_text() == "an older one"
    assert os.listdir(tmp_path) == ["robot.json"]
    assert result["client_secret"] in secrets_in(simulator.data())
    assert result["client_secret"] not in result["msg"]


# What the vendor's clients have cached


def cached(folder: Path, made: dict[str, Any], name: str = "svc-one") -> Path:
    """Put a file where the vendor's Go client keeps the token of an account; its name is the digest of name and client id."""
    path = folder / f"token-{hashlib.sha256((name + made['client_id']).encode()).hexdigest()}"
    path.write_text("encrypted with the old secret")
    return path


def test_the_cache_is_purged_by_what_makes_it_useless(appliance: Start, tmp_path: Path) -> None:
    rsc = appliance("rubrik_rsc")
    wish: dict[str, Any] = {"name": "svc-one", "purge_sdk_cache": True, "sdk_cache_dir": str(tmp_path)}
    made = done(rsc, "service_account", **wish)
    mine, others = cached(tmp_path, made), cached(tmp_path, made, "svc-two")
    assert "purged" not in done(rsc, "service_account", **wish, description="x")
    assert done(rsc, "service_account", **wish, rotate_secret=True, check=True)["purged"] == [str(mine)]
    assert mine.exists()
    assert done(rsc, "service_account", **wish, rotate_secret=True)["purged"] == [str(mine)]
    assert done(rsc, "service_account", **wish, rotate_secret=True)["purged"] == []
    cached(tmp_path, made)
    assert done(rsc, "service_account", **wish, state="absent")["purged"] == [str(mine)]
    assert list(tmp_path.iterdir()) == [others]


def test_a_cache_that_cannot_be_purged_keeps_the_secret_in_the_result(appliance: Start, tmp_path: Path) -> None:
    rsc = appliance("rubrik_rsc")
    wish: dict[str, Any] = {"name": "svc-one", "purge_sdk_cache": True, "sdk_cache_dir": str(tmp_path)}
    path = cached(tmp_path, done(rsc, "service_account", **wish, roles=["Backup Operator"]))
    path.unlink()
    path.mkdir()
    result = do(rsc, "service_account", **wish, rotate_secret=True)
    assert result["failed"] is True
    assert f"'{path}' could not be removed" in result["msg"]
    assert "The account's new secret is in this result." in result["msg"]
    assert done(rsc, "access_check", **{key: result[key] for key in ("client_id", "client_secret")})["account"] == "svc-one"


# Nobody sees them


def assert_hidden(run: Run, simulator: Simulator, log: Path) -> None:
    """Search what a run leaves behind for every secret that the appliance knows, and for bearer tokens."""
    callback = json.dumps([[one.task, one.status, one.result] for one in run.tasks])
    for place, text in {"output": run.output, "log": log.read_text(), "callback": callback}.items():
        for secret in (*secrets_in(data_of(simulator)), *SECRET_MARKS):
            assert secret not in text, (place, text[max(0, text.find(secret) - 200) : text.find(secret)])


def kept_apart(ansible: Ansible, simulator: Simulator) -> dict[str, Any]:
    """Return arguments of a play for the administrator, whose secret is not in the playbook: ansible-core shows lines of that."""
    options = dict(defaults(simulator)["group/latchkey.tokens.latchkey"])
    key = {"rubrik_cdm": "password", "rubrik_rsc": "client_secret"}[simulator.platform]
    secrets = ansible.folder / "secrets.yml"
    secrets.write_text(json.dumps({"admin": options[key]}))
    return {
        "arguments": ["-vvvv", "--diff", "-e", f"@{secrets}"],
        "env": {"ANSIBLE_LOG_PATH": str(ansible.folder / "ansible.log")},
        "module_defaults": {"group/latchkey.tokens.latchkey": {**options, key: "{{ admin }}"}},
    }


def test_a_failure_with_a_secret_is_hidden_and_its_message_shown(ansible: Ansible, cdm: Simulator) -> None:
    cdm.fault("POST:/api/v1/principal/role$:500")
    run = ansible.play(
        [
            {"name": "Make", ACCOUNT: {"name": "svc-one", "roles": ["ReadOnlyAdminRole"]}, "register": "made", "ignore_errors": True},
            show("Usable", "made.client_secret is defined"),
        ],
        **kept_apart(ansible, cdm),
    ).assert_ok()
    assert_hidden(run, cdm, ansible.folder / "ansible.log")
    assert run.by_name["Make"].hidden
    assert run["Usable"]["msg"] is True
    assert "secret is in this result." in " ".join(run.output.split())
