# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential types of docs/awx: AWX takes them, and what its own code injects is all that modules, lookup and role need."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.plays._ansible import Ansible
from tests.plays._awx import CREDENTIAL_TYPES, CredentialType, Injected, needs_awx
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


def rig_of(case: str, ansible: Ansible, simulator: Simulator) -> tuple[Rig | CdmApiTokenRig | SecretRig | None, dict[str, str]]:
    """Return the rig of a rotation, and the way to log in."""
    if case == "rubrik_cdm account":
        return None, client(simulator)
    rigs: dict[str, type[Rig | CdmApiTokenRig | SecretRig]] = {
        "rubrik_rsc": SecretRig,
        "rubrik_cdm user": CdmApiTokenRig,
        "qumulo user": Rig,
    }
    return rigs[case](ansible, simulator), administrator(simulator)


@needs_awx
@pytest.mark.parametrize("case", ["qumulo user", "rubrik_cdm account", "rubrik_cdm user", "rubrik_rsc"])
def test_all_that_modules_lookup_and_role_need(case: str, ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    platform = case.partition(" ")[0]
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig, login = rig_of(case, ansible, simulator)
        project = ansible.folder / "project"
        project.mkdir()
        token = {"token": "{{ " + f"lookup('latchkey.tokens.play_token', platform='{platform}')" + " }}"}
        tasks: list[dict[str, Any]] = [
            {"name": "Module", "latchkey.tokens.access_check": {"platform": platform}},
            {"name": "Lookup", "latchkey.tokens.access_check": {"platform": platform, **token}},
        ]
        extra_vars: dict[str, Any] = {}
        if rig is not None:
            rig.seed()
            rig.path.rename(project / rig.file)
            tasks.append({"name": "Role", "ansible.builtin.import_role": {"name": "latchkey.tokens.rotate"}})
            tasks.append({"name": "Result", "ansible.builtin.debug": {"var": "rotate_result"}})
            extra_vars = {**rig.variables(), "rotate_force": "true"}
            del extra_vars["rotate_auth"]
        play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
        (project / "play.yml").write_text(yaml.safe_dump([play]))
        before = sessions(simulator)

        runner = Runner(ansible, [(platform, entered(simulator, login))], {"prod": PASSWORDS["prod"]} if rig else {})
        job = runner.run(project, "play.yml", extra_vars).assert_ok()

        assert job["Module"]["account"] == job["Lookup"]["account"]
        wait_until(lambda: sessions(simulator) <= before, "every session has ended", 5)
        exposed = {login["password"]} if "password" in login else set()
        if rig is not None:
            assert job["Result"]["rotate_result"]["rotated"] is True
            (job.execution / "project" / rig.file).rename(rig.path)
            rig.assert_settled()
            job.assert_no_secret({*rig.secrets(), rig.stored()} - exposed, rig.looks_secret, in_environment=exposed)
        else:
            job.assert_no_secret({login["client_secret"]})


def sessions(simulator: Simulator) -> set[str]:
    """Return the ids of what must be gone after a job. Sessions of Qumulo Core do not count: nobody can end them."""
    found = simulator.credentials()
    if simulator.platform == "qumulo":
        return {one["id"] for one in found if one["kind"] == "access_token" and one["account"] == simulator.admin["username"]}
    return {one["id"] for one in found if one["kind"] in ("session", "service_account")}
