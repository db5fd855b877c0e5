# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every plugin, run as printed against simulated appliances, in one run of Ansible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from ansible_collections.latchkey.tokens.plugins.module_utils._common.totp import one_time_code
from tests.plays._ansible import ROOT, Ansible
from tests.plays._as_printed import World, git_repository, printed, world
from tests.plays._cases import done, live
from tests.plays._play_token_rig import wait_until

PLUGINS = [path for kind in ("modules", "lookup", "callback") for path in sorted((ROOT / "plugins" / kind).glob("[!_]*.py"))]
EXAMPLES = {stem: text for stem, text in ((path.stem, printed(path, "EXAMPLES")) for path in PLUGINS) if text}
# Examples build on what those before them made.
ORDER = [
    "service_account",
    "service_account_info",
    "api_token",
    "api_token_info",
    "access_token",
    "vault_vars",
    "vault_vars_info",
    "git_publish",
    "rotation_clone",
    "access_check",
    "access_token_info",
    "s3_access_key_info",
    "s3_access_key",
    "credential_info",
    "rotation_summary",
    "report",
    "session_revoke",
    "rotation",
    "leaked",
    "awx_setup",
]
PASSWORD = "Not a real 1"
QUMULO_ADMIN = {
    "platform": "qumulo",
    "endpoint": "qumulo.example.com",
    "username": "admin",
    "password": "{{ qumulo_admin_password }}",
}
CDM_ADMIN = {
    "platform": "rubrik_cdm",
    "endpoint": "rubrik.example.com",
    "username": "admin",
    "password": "{{ rubrik_admin_password }}",
    "totp_secret": "{{ rubrik_admin_totp_secret }}",
}
PREPARE: dict[str, list[dict[str, Any]]] = {
    "access_token": [
        {"latchkey.tokens.service_account": {**QUMULO_ADMIN, "name": "svc-backup"}},
    ],
    "vault_vars": [
        {"latchkey.tokens.access_token": {**QUMULO_ADMIN, "user": "local:svc-backup", "expires_in": "1d"}, "register": "minted"},
    ],
    "git_publish": [git_repository("group_vars")],
    "access_check": [
        {
            "ansible.builtin.copy": {
                "dest": "{{ playbook_dir }}/.rubrik/svc-report.json",
                "content": "{{ dict(keys | zip(keys | map('extract', account))) }}",
                "mode": "0600",
            },
            "vars": {"keys": ["client_id", "client_secret", "access_token_uri"]},
        },
    ],
    "session_revoke": [
        {"latchkey.tokens.access_token_info": {**QUMULO_ADMIN, "user": "local:svc-backup"}, "register": "listed"},
        {"latchkey.tokens.access_token": CDM_ADMIN, "register": "login"},
        {
            "ansible.builtin.uri": {
                "url": "https://qumulo.example.com:8000/v1/users/{{ listed.account_id }}/setpassword",
                "method": "POST",
                "headers": {"Authorization": "Bearer {{ qumulo_admin_token }}"},
                "body_format": "json",
                "body": {"new_password": "{{ qumulo_password }}"},
            }
        },
    ],
}


def variables(appliances: World) -> dict[str, Any]:
    """Return what the examples take from variables; those that a task registers are read when they are used."""
    q, cdm = appliances.qumulo, appliances.rubrik_cdm
    return {
        "qumulo_admin_password": q.admin["password"],
        "qumulo_admin_token": done(q, "access_token", expires_in="1d")["token"],
        "qumulo_token": "{{ minted.token }}",
        "qumulo_password": PASSWORD,
        "inventory_token": "not a real one",
        "inventory_repository": "{{ playbook_dir }}/remote.git",
        "rubrik_admin_password": cdm.admin["password"],
        "rubrik_admin_totp_secret": cdm.admin["totp_secret"],
        "rubrik_admin_token": done(cdm, "access_token")["token"],
        "rubrik_code": one_time_code(cdm.admin["totp_secret"], datetime.now(timezone.utc)),
        "rubrik_client_id": "{{ hostvars.localhost.rotated.client_id }}",
        "rubrik_client_secret": "{{ hostvars.localhost.rotated.client_secret }}",
        "rubrik_report_password": PASSWORD,
        "rubrik_report_totp_secret": "JBSWY3DPEHPK3PXP",
        "rubrik_report_token": "{{ minted.token }}",
        "rsc_report_client_id": "{{ account.client_id }}",
    }


def make_users_of_cdm(appliances: World) -> None:
    """Make the users that the examples about API tokens speak of."""
    cdm = appliances.rubrik_cdm
    headers = {"Authorization": f"Bearer {done(cdm, 'access_token')['token']}"}
    for name in ("reports", "jane"):
        body = {"username": name, "password": PASSWORD}
        requests.post(f"{cdm.url}/api/internal/user", json=body, headers=headers, verify=cdm.ca_file, timeout=30).raise_for_status()


def write(folder: Path, appliances: World) -> list[str]:
    """Write the examples and what they need into the folder; return the playbooks, in order."""
    tasks: list[dict[str, Any]] = []
    for name in ORDER:
        (folder / f"{name}.yml").write_text(EXAMPLES[name])
        tasks += [{"name": f"Prepare {name}", **task} for task in PREPARE.get(name, ())]
        tasks.append({"name": f"Examples of {name}", "ansible.builtin.include_tasks": f"{name}.yml"})
    play = {"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (folder / "examples.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    plays = [name for name in EXAMPLES if name not in ORDER]
    for name in plays:
        (folder / f"{name}.yml").write_text(EXAMPLES[name])
    (folder / "group_vars" / "all").mkdir(parents=True)
    (folder / ".rubrik").mkdir()
    (folder / ".rubrik" / "automation.json").write_text(appliances.service_account_file())
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (folder / "storage.yml").write_text(yaml.safe_dump({"storage": {"hosts": {"one": host, "two": host}}}))
    (folder / "vault-password").write_text("not a real one\n")
    return ["examples.yml", *(f"{name}.yml" for name in plays)]


def tasks_of(value: Any) -> Iterator[str]:
    """Return the names of all tasks in tasks or plays, those in blocks too."""
    for one in value:
        parts = [one[key] for key in ("tasks", "block", "always", "rescue") if key in one]
        if parts:
            for part in parts:
                yield from tasks_of(part)
        else:
            yield one["name"]


def test_examples_run_as_printed(tmp_path_factory: pytest.TempPathFactory, ansible: Ansible) -> None:
    """All in one run; every task of every plugin did its work, and the play tokens are gone afterwards."""
    # A code is read off once, and the run takes longer than it is good for.
    with world(tmp_path_factory.mktemp("world"), rubrik_cdm={"totp": "on", "totp_window": "20"}) as appliances:
        first, *others = write(ansible.folder, appliances)
        make_users_of_cdm(appliances)
        (ansible.folder / "variables.json").write_text(json.dumps(variables(appliances)))
        arguments = [*others, "-i", "storage.yml", "-e", "@variables.json", "--vault-id", "prod@vault-password"]
        environment = {**appliances.environment(), "LATCHKEY_LEAKED_SECRET": "no-credential-of-anything"}
        run = ansible.run(first, arguments, env=environment, timeout=280).assert_ok()

        every = [(plugin, name) for plugin, text in EXAMPLES.items() for name in tasks_of(yaml.safe_load(text))]
        assert len(every) > 40
        statuses = {(plugin, name): {one.status for one in run.tasks if one.task == name} for plugin, name in every}
        assert {place: found for place, found in statuses.items() if found not in ({"ok"}, {"ok", "item"})} == {}
        # A log-in of Qumulo Core cannot be ended; what it made can.
        kept = [run["Rotate the token of the backup scripts, when it is due"]["token_id"]]
        wait_until(lambda: live(appliances.qumulo, "access_token", account="svc-backup") == kept, "the access token is revoked")
        wait_until(lambda: not live(appliances.rubrik_cdm, "session", account="svc-report"), "the session is ended")


def test_every_plugin_has_examples() -> None:
    without = {path.stem for path in PLUGINS} - EXAMPLES.keys()
    assert without == {"revoke_play_tokens", "progress"}  # they are enabled, not called
    assert set(ORDER) | {"play_token"} == EXAMPLES.keys()
