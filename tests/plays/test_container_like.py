# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role, lookup and module under ansible-runner as containers of AWX and of OpenShift run them, and under what hardened machines add.

A user id without an entry in passwd, a home that cannot be written, no TMPDIR, umask 077, locale C, and no MD5, as FIPS has it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._awx import needs_awx
from tests.plays._options import administrator
from tests.plays._play_token_rig import wait_until
from tests.plays._qumulo_rig import Rig
from tests.plays._runner import Runner, entered
from tests.plays._vaulted import PASSWORDS
from tests.simulator.launch import Simulator

USER = 1_000_730_000  # such ids OpenShift gives, with the group 0
WITHOUT_MD5 = """\
import hashlib
_md5, _new = hashlib.md5, hashlib.new
def _refuse(usedforsecurity):
    if usedforsecurity:
        raise ValueError("[digital envelope routines] unsupported")
def md5(*arguments, usedforsecurity=True):
    _refuse(usedforsecurity)
    return _md5(*arguments, usedforsecurity=False)
def new(name, *arguments, usedforsecurity=True, **more):
    _refuse(usedforsecurity and name.lower() == "md5")
    return _new(name, *arguments, usedforsecurity=usedforsecurity, **more)
hashlib.md5, hashlib.new = md5, new
"""
SURROUNDINGS = """\
import hashlib, os
try:
    hashlib.md5(b"")
    digests = True
except ValueError:
    digests = False
print(os.getuid(), os.umask(0), digests, os.access(os.environ["HOME"], os.W_OK))
"""
CONSTRAINTS = ("user id", "home", "umask", "locale", "FIPS")
ALONE = (("user id",), ("user id", "home"), ("umask",), ("locale",), ("FIPS",))  # root can write any home


@pytest.fixture
def open_ansible(collections: Path) -> Iterator[Ansible]:
    """Ansible in a directory that other users can reach; pytest's own cannot be."""
    directory = Path(tempfile.mkdtemp(prefix="container-", dir="/tmp"))
    directory.chmod(0o755)
    shutil.copytree(collections, directory / "collections")
    (directory / "work").mkdir()
    (directory / "work").chmod(0o777)
    yield Ansible(directory / "work", directory / "collections")
    shutil.rmtree(directory)


def constrained(ansible: Ansible, names: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the environment of the job, and what else of the runner differs."""
    top = ansible.folder.parent
    home, scratch, patches = (top / name for name in ("home", "scratch", "patches"))
    for one in (home, scratch, patches):
        one.mkdir()
    scratch.chmod(0o777)
    (patches / "sitecustomize.py").write_text(WITHOUT_MD5)
    environment: dict[str, str] = {}
    process = {**({"user": USER} if "user id" in names else {}), **({"umask": 0o077} if "umask" in names else {})}
    if "home" in names:
        home.chmod(0o555)
        # Ansible itself needs a place: it stops where it cannot create ~/.ansible.
        environment |= {"HOME": str(home), "ANSIBLE_HOME": str(scratch / "ansible"), "ANSIBLE_REMOTE_TEMP": str(scratch / "remote")}
    if "locale" in names:
        environment |= {"LANG": "C"}
    if "FIPS" in names:
        environment |= {"PYTHONPATH": str(patches)}
    return environment, process


def tokens(qumulo: Simulator) -> set[str]:
    """Return the ids of all access tokens."""
    return {str(one["id"]) for one in qumulo.credentials() if one["kind"] == "access_token"}


@needs_awx
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can run a job as another user, with setpriv")
@pytest.mark.parametrize("names", [CONSTRAINTS, *(pytest.param(one, marks=pytest.mark.chaos) for one in ALONE)], ids=", ".join)
def test_role_lookup_and_module(names: tuple[str, ...], open_ansible: Ansible, qumulo: Simulator) -> None:
    ansible = open_ansible
    rig, login = Rig(ansible, qumulo), administrator(qumulo)
    old = rig.seed()
    project = ansible.folder / "project"
    project.mkdir()
    rig.path.rename(project / rig.file)
    token = "{{ lookup('latchkey.tokens.play_token', platform='qumulo') }}"
    tasks: list[dict[str, Any]] = [
        {"name": "Surroundings", "ansible.builtin.command": {"argv": ["python3", "-c", SURROUNDINGS]}},
        {"name": "Module", "latchkey.tokens.access_check": {"platform": "qumulo"}},
        {"name": "Lookup", "latchkey.tokens.access_check": {"platform": "qumulo", "token": token}},
        {"name": "Role", "ansible.builtin.import_role": {"name": "latchkey.tokens.rotate"}},
        {"name": "Result", "ansible.builtin.debug": {"var": "rotate_result"}},
    ]
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (project / "play.yml").write_text(yaml.safe_dump([play]))
    extra_vars = {**rig.variables(), "rotate_force": "true"}
    del extra_vars["rotate_auth"]
    environment, process = constrained(ansible, names)
    before = tokens(qumulo)

    runner = Runner(ansible, [("qumulo", entered(qumulo, login))], {"prod": PASSWORDS["prod"]}, env=environment, **process)
    job = runner.run(project, "play.yml", extra_vars).assert_ok()

    user, umask = USER if "user id" in names else 0, 0o077 if "umask" in names else 0o022
    assert job["Surroundings"]["stdout"] == f"{user} {umask} {'FIPS' not in names} {'home' not in names}"
    assert job["Module"]["account"] == job["Lookup"]["account"]
    assert job["Result"]["rotate_result"]["old_token_id"] == old
    assert list((ansible.folder.parent / "home").iterdir()) == []
    (job.execution / "project" / rig.file).rename(rig.path)
    now = rig.assert_settled()
    wait_until(lambda: tokens(qumulo) == (before - {old}) | {now}, "the play token is revoked", 5)
