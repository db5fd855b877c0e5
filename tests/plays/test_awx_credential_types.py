# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential types of docs/awx: AWX takes them, and what its own code injects is all that modules, lookup and role need."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.latchkey.tokens.plugins.module_utils._operations.play_token import mint
from tests.plays._ansible import Ansible
from tests.plays._awx import CREDENTIAL_TYPES, CredentialType, Injected, needs_awx
from tests.plays._cases import done
from tests.plays._in_process_simulator import Start
from tests.plays._options import administrator, client
from tests.plays._play_token_rig import wait_until
from tests.plays._qumulo_rig import Rig
from tests.plays._rubrik_rigs import CdmApiTokenRig, SecretRig
from tests.plays._runner import Runner, entered
from tests.plays._vaulted import PASSWORDS
from tests.simulator.launch import Simulator, launch

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
SECRET = re.compile(r"secret|password|token|key")


@needs_awx
@pytest.mark.parametrize("name", CREDENTIAL_TYPES)
def test_awx_takes_it(name: str) -> None:
    """The rules by which AWX checks what an administrator enters."""
    from awx_plugins.credentials._types import FieldDict
    from awx_plugins.interfaces._temporary_private_inject_api import ENV_BLOCKLIST

    kind = CredentialType(name)
    assert set(kind.inputs) <= {"fields", "required"}
    fields = {one["id"]: one for one in kind.inputs["fields"]}
    assert len(fields) == len(kind.inputs["fields"])
    assert set(kind.inputs.get("required", [])) <= set(fields)
    for field in fields.values():
        assert {"id", "label"} <= set(field) <= set(FieldDict.__annotations__) - {"internal"}
        assert NAME.fullmatch(field["id"])
        assert field["id"] not in ("tower", "awx")
        assert field["type"] == "string"
        assert bool(SECRET.search(field["id"])) == field.get("secret", False)

    assert set(kind.injectors) <= {"env", "extra_vars", "file"}
    files = kind.injectors.get("file", {})
    assert set(files) == {"template"} or all(re.fullmatch(rf"template\.{NAME.pattern}", one) for one in files)
    names = {"template": "a path"} if "template" in files else {one.partition(".")[2]: "a path" for one in files}
    filename: Any = "a path" if "template" in files else SimpleNamespace(**names)
    namespace = {**dict.fromkeys(fields, "EXAMPLE"), "tower": SimpleNamespace(filename=filename)}
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind_of, templates in kind.injectors.items():
        for key, template in templates.items():
            assert isinstance(template, str)
            assert jinja.from_string(template).render(namespace)
            if kind_of != "file":
                assert NAME.fullmatch(key)
            if kind_of == "env":
                assert template.isascii()
                assert not key.startswith("ANSIBLE_")
                assert key not in ENV_BLOCKLIST


@needs_awx
@pytest.mark.parametrize("name", CREDENTIAL_TYPES)
def test_secrets_are_not_shown_and_files_are_private(name: str, tmp_path: Path) -> None:
    kind, injected = CredentialType(name), Injected()
    (tmp_path / "env").mkdir()
    values = {one["id"]: f"canary {one['id']}" for one in kind.inputs["fields"]}
    kind.inject(values, tmp_path, injected)
    for one in kind.inputs["fields"]:
        if one.get("secret"):
            assert values[one["id"]] not in str(injected.safe_env)
            assert values[one["id"]] not in str(injected.arguments)
    files = list((tmp_path / "env").iterdir())
    assert bool(files) == ("file" in kind.injectors)
    assert all(one.stat().st_mode & 0o077 == 0 for one in files)
    unused = [value for value in values.values() if value not in str(injected.env) + "".join(one.read_text() for one in files)]
    assert unused == []


@needs_awx
@pytest.mark.parametrize("name", CREDENTIAL_TYPES)
def test_what_is_left_empty_counts_as_unset(name: str, tmp_path: Path) -> None:
    kind, injected = CredentialType(name), Injected()
    (tmp_path / "env").mkdir()
    required = dict.fromkeys(kind.inputs.get("required", []), "EXAMPLE")
    kind.inject(required, tmp_path, injected)
    set_anyway = {key: value for key, value in injected.env.items() if value and "EXAMPLE" not in value}
    # The file that holds what is required.
    assert [Path(one).read_text().count("EXAMPLE") for one in set_anyway.values()] == [2] * (name == "rubrik_rsc")


RIGS: dict[str, type[Rig | CdmApiTokenRig | SecretRig]] = {"qumulo": Rig, "rubrik_cdm": CdmApiTokenRig, "rubrik_rsc": SecretRig}


@needs_awx
def test_all_that_modules_lookup_and_role_need(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One job has a credential of each platform, whose variables do not get into each other's way."""
    project = ansible.folder / "project"
    project.mkdir()
    tasks: list[dict[str, Any]] = []
    credentials, exposed, before = [], set(), {}
    with ExitStack() as running:
        rigs: dict[str, Rig | CdmApiTokenRig | SecretRig] = {}
        for platform, kind in RIGS.items():
            simulator = running.enter_context(launch(platform, directory=tmp_path_factory.mktemp(platform)))
            rigs[platform] = rig = kind(ansible, simulator, file=f"{platform}.yml")
            rig.seed()
            rig.path.rename(project / rig.file)
            login = administrator(simulator)
            credentials.append((platform, entered(simulator, login)))
            exposed |= {login["password"]} if "password" in login else set()
            token = {"token": "{{ " + f"lookup('latchkey.tokens.play_token', platform='{platform}')" + " }}"}
            variables = {**rig.variables(), "rotate_force": True}
            del variables["rotate_auth"]
            tasks += [
                {"name": f"Module on {platform}", "latchkey.tokens.access_check": {"platform": platform}},
                {"name": f"Lookup on {platform}", "latchkey.tokens.access_check": {"platform": platform, **token}},
                {"name": f"Role on {platform}", "ansible.builtin.import_role": {"name": "latchkey.tokens.rotate"}, "vars": variables},
                {"name": f"Result on {platform}", "ansible.builtin.debug": {"var": "rotate_result"}},
            ]
            before[platform] = sessions(simulator)
        play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
        (project / "play.yml").write_text(yaml.safe_dump([play]))

        job = Runner(ansible, credentials, {"prod": PASSWORDS["prod"]}).run(project, "play.yml").assert_ok()

        for platform, rig in rigs.items():
            assert job[f"Module on {platform}"]["account"] == job[f"Lookup on {platform}"]["account"]
            wait_until(partial(no_more_sessions, rig.simulator, before[platform]), "every session has ended", 5)
            assert job[f"Result on {platform}"]["rotate_result"]["rotated"] is True
            (job.execution / "project" / rig.file).rename(rig.path)
            rig.assert_settled()
            job.assert_no_secret({*rig.secrets(), rig.stored()} - exposed, rig.looks_secret, in_environment=exposed)


@needs_awx
def test_an_account_of_rubrik_cdm(appliance: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The other way to log in that its type offers."""
    simulator, injected = appliance("rubrik_cdm"), Injected()
    (tmp_path / "env").mkdir()
    CredentialType("rubrik_cdm").inject({"endpoint": simulator.url, **client(simulator)}, tmp_path, injected)
    for name, value in injected.env.items():
        monkeypatch.setenv(name, value)
    token = mint({"platform": "rubrik_cdm"}, injected.env, []).minted.secret
    module, lookup = (done(simulator, "access_check", token=one, endpoint=None, ca_path=None)["account"] for one in (None, token))
    assert module == lookup


def no_more_sessions(simulator: Simulator, before: set[str]) -> bool:
    return sessions(simulator) <= before


def sessions(simulator: Simulator) -> set[str]:
    """Return the ids of what must be gone after a job. Sessions of Qumulo Core do not count: nobody can end them."""
    found = simulator.credentials()
    if simulator.platform == "qumulo":
        return {one["id"] for one in found if one["kind"] == "access_token" and one["account"] == simulator.admin["username"]}
    return {one["id"] for one in found if one["kind"] in ("session", "service_account")}
