# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_setup, with the modules of awx.awx, unmodified, against a stand-in of AWX over TLS."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awxkit.api import ApiV2
from awxkit.api.client import Connection

from tests.awx.collection import packaged_collections
from tests.awx.controller import TOKEN, Awx, running
from tests.plays._ansible import ROOT, Ansible, Run
from tests.plays._as_printed import GUIDES, alike, output_of
from tests.simulator.launch import Simulator

PASSWORD, GIT_TOKEN, VAULT_PASSWORD = "canary-cluster-password", "canary-git-token", "canary-vault-password"
IN_WORKER = {"ANSIBLE_CALLBACKS_ENABLED": "record,in_worker"}
SECRETS = (TOKEN, PASSWORD, GIT_TOKEN, VAULT_PASSWORD)
# The arguments of the command that the guide prints; the first one is with --check.
GUIDE = (GUIDES / "awx.rst").read_text()
COMMANDS = re.findall(r"^   \$ (ansible-playbook .*)$", GUIDE, re.MULTILINE)
CHECK, PRINTED = (shlex.split(one)[2:] for one in COMMANDS)


@pytest.fixture
def awx(tmp_path: Path) -> Iterator[Awx]:
    with running(tmp_path) as found:
        yield found


def setup(ansible: Ansible, awx: Awx, *arguments: str, environment: dict[str, str] | None = None, **variables: str) -> Run:
    """Run the playbook as printed, with values from the environment, and look for secrets in its output."""
    password_file = ansible.folder / "vault-password"
    password_file.write_text(f"{VAULT_PASSWORD}\n")
    env = {
        "ANSIBLE_COLLECTIONS_PATH": f"{ansible.collections}:{packaged_collections()}",
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "SSL_CERT_FILE": awx.ca_file,
        "QUMULO_ENDPOINT": "qumulo.example.com",
        "QUMULO_USERNAME": "admin",
        "QUMULO_PASSWORD": PASSWORD,
        "LATCHKEY_GIT_TOKEN": GIT_TOKEN,
        "ANSIBLE_VAULT_PASSWORD_FILE": str(password_file),
        **(environment or {}),
    }
    extra = [part for name, value in variables.items() for part in ("-e", f"awx_setup_{name}={value}")]
    run = ansible.run("latchkey.tokens.awx_setup", [*PRINTED, *extra, *arguments], env=env, timeout=240)
    assert [one for one in SECRETS if one in run.output] == []
    return run


@pytest.mark.parametrize(
    "environment", [IN_WORKER, pytest.param({}, marks=pytest.mark.chaos)], ids=["modules in the worker", "modules as processes"]
)
def test_one_run_creates_all_and_a_second_one_changes_nothing(ansible: Ansible, awx: Awx, environment: dict[str, str]) -> None:
    assert ["--check", *PRINTED] == CHECK
    started = time.monotonic()
    planned = setup(ansible, awx, "--check", environment=environment).assert_ok()["Create what jobs need"]
    assert awx.journal == [], "check mode changes nothing"
    first = setup(ansible, awx, environment=environment).assert_ok()["Create what jobs need"]
    minutes = (time.monotonic() - started) / 60
    assert first["created"] == planned["created"]
    assert [alike(line.replace(awx.url, "https://awx.example.com")) for line in first["lines"]] == output_of("awx", "the setup")
    (job,) = awx.jobs
    assert (job["name"], job["job_type"], f"#/jobs/playbook/{job['id']}/" in first["job"]["url"]) == ("rotate", "check", True)

    asked = len(awx.journal)
    second = setup(ansible, awx, environment=environment).assert_ok()["Create what jobs need"]
    assert (second["changed"], second["created"], second["changed_objects"]) == (False, [], [])
    assert awx.journal[asked:] == []
    commands, objects, most, later = (int(row[1]) for row in table("These commands as printed"))
    section = GUIDE.partition("\nWith one command\n")[2].partition("\n**As files.**")[0]
    assert (commands, objects, later) == (len(re.findall(r"^   \$ ", section, re.MULTILINE)), len(first["created"]), 0)
    assert minutes < most
    look_with_awxkit(awx)


def table(title: str) -> list[list[str]]:
    """Return the cells of a table of the guide, without its head."""
    (text,) = re.findall(rf"^\.\. list-table:: {title}.*\n((?:   .*\n|\n(?=   ))+)", GUIDE, re.MULTILINE)
    rows = [" ".join(row.split()).split(" - ") for row in text.split("\n   * - ")]
    return rows[2:]


def shown_in_awx(v2: Any) -> list[list[str]]:
    """Return what AWX's API shows of the job templates, as the guide has it."""
    rows = []
    for one in v2.job_templates.get().results:
        given = sorted((credential.name for credential in one.related.credentials.get().results), key=str.lower)
        asked = [what.replace("_", " ") for what in ("job_type", "limit", "variables") if one[f"ask_{what}_on_launch"]]
        survey = [question["variable"] for question in one.related.survey_spec.get().spec] if one.survey_enabled else ["none"]
        rows.append([one.name, one.playbook, ", ".join(given), ", ".join(asked), ", ".join(survey)])
    return rows


def look_with_awxkit(awx: Awx) -> None:
    """AWX's own client finds what jobs need, and launches one."""
    connection = Connection(awx.url, verify=awx.ca_file)
    connection.login(token=TOKEN)
    v2 = ApiV2(connection=connection).get()
    assert shown_in_awx(v2) == table("The job templates, as AWX's API")
    (rotate,) = v2.job_templates.get(name="rotate").results
    survey = json.loads((ROOT / "docs" / "awx" / "survey.json").read_text())
    assert rotate.related.survey_spec.get().spec == survey["spec"]
    (git,) = v2.credentials.get(name="Latchkey Git repository").results
    assert dict(git.inputs) == {"remote": "https://git.example.com/ops/keys.git", "branch": "main", "token": "$encrypted$"}
    assert [one.name for one in v2.schedules.get().results] == ["Latchkey rotate", "Latchkey report"]
    assert rotate.related.launch.post({"job_type": "check"}).job == len(awx.jobs) == 2


def test_the_playbooks_of_the_project_understand_its_inventory(ansible: Ansible, qumulo: Simulator) -> None:
    project = ROOT / "docs" / "awx" / "project"
    env = {"QUMULO_ENDPOINT": qumulo.url, "QUMULO_CA_PATH": qumulo.ca_file, "QUMULO_USERNAME": "admin"}
    env |= {"QUMULO_PASSWORD": qumulo.admin["password"], "LATCHKEY_LEAKED_SECRET": "access-v1:bm8gdG9rZW4gb2YgYW55dGhpbmcgYXQgYWxs"}
    ansible.run(project / "account.yml", env=env).assert_ok()
    report = ansible.run(project / "report.yml", ["-i", str(project / "inventory.yml"), "-e", "report_fail_on=never"], env=env)
    assert f"in {project}/vault.yml " in str(report.assert_ok()["Show the report"]["msg"])
    leaked = ansible.run(project / "leaked.yml", ["-i", str(project / "inventory.yml"), "-e", "leaked_confirm=true"], env=env)
    assert "is no credential of" in leaked.failures[-1]


def test_the_same_is_written_as_a_file(ansible: Ansible, awx: Awx) -> None:
    run = setup(ansible, awx, environment={"CONTROLLER_HOST": ""}, directory=str(ansible.folder)).assert_ok()
    written = (ansible.folder / "latchkey.yml").read_text()
    assert written == (ROOT / "docs" / "awx" / "aap_configuration.yml").read_text()
    assert [one for one in SECRETS if one in written] == []
    assert run["Show what was done"]["msg"] == [f"created: file {ansible.folder}/latchkey.yml"]


def refusal(run: Run) -> str:
    """Return the message of a run that failed."""
    assert run.returncode != 0
    (message,) = run.failures
    return message


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("unreachable", r"AWX at https://localhost:1 cannot be reached: .* Check CONTROLLER_HOST and the certificate."),
        ("no collection", r"Neither awx.awx nor ansible.controller is installed, whose modules create the objects of AWX. Install .*"),
        ("another token", r"AWX at \S+ does not take the token \(HTTP 401\). Create one in AWX under your user, with the scope write."),
        (
            "not ours",
            r"AWX has an object organization Latchkey already, and this playbook did not create it. Rename it, or add 'Latchkey' .*",
        ),
    ],
)
def test_refused_before_anything_is_created(case: str, said: str, ansible: Ansible, awx: Awx) -> None:
    if case == "not ours":
        awx.put("organizations", name="Latchkey", description="Of another team.")
    environment = {
        "unreachable": {"CONTROLLER_HOST": "https://localhost:1"},
        "another token": {"CONTROLLER_OAUTH_TOKEN": "not-a-token"},
        "no collection": {"ANSIBLE_COLLECTIONS_PATH": str(ansible.collections)},
    }.get(case, {})
    message = refusal(setup(ansible, awx, environment=environment))
    assert re.fullmatch(said, message), message
    assert case != "not ours" or message.endswith(" Nothing was changed in AWX.")
    assert awx.journal == []


def test_a_right_that_is_missing_is_named_with_what_was_done_before(ansible: Ansible, awx: Awx) -> None:
    """An adopted organization is used as it is, and without a terminal nothing is asked."""
    awx.put("organizations", name="Latchkey", description="Of another team.")
    awx.may[TOKEN] = frozenset(("credential_types",))
    message = refusal(setup(ansible, awx, "-vvv", adopt="Latchkey"))
    assert message.startswith("The token may not create or change the credential Latchkey Qumulo Core at https://localhost:"), message
    assert message.endswith(
        " (HTTP 403). Its user needs this right in AWX: credential administrator of the organization. Done before: credential type "
        "Latchkey Qumulo Core, credential type Latchkey Git repository, credential type Latchkey Secret that leaked."
    )
    assert awx.named("organizations", "Latchkey")["description"] == "Of another team."
    message = refusal(setup(ansible, awx, adopt="Latchkey", environment={**IN_WORKER, "QUMULO_PASSWORD": ""}))
    assert message == (
        "The credential Latchkey Qumulo Core needs password, and there is no terminal to ask on. Set QUMULO_PASSWORD in the environment, "
        "or awx_setup_credentials.qumulo.password."
    )
