# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN of every module against what the modules do return: all keys, their types, and samples that look like the real thing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import ROOT, Ansible
from tests.plays._as_printed import git_repository, printed
from tests.plays._cases import do, done
from tests.plays._in_process_simulator import Start
from tests.plays._options import client, shared_options, where
from tests.simulator.launch import Simulator

MODULES = {path.stem: yaml.safe_load(printed(path, "RETURN")) for path in sorted((ROOT / "plugins" / "modules").glob("[!_]*.py"))}
# What tasks of all kinds return, and what a refused request tells of itself; the latter is in the guide to errors.
COMMON = {"changed", "diff", "failed", "msg", "warnings", "invocation", "_ansible_no_log", "deprecations", "exception"}
REQUEST = {"platform", "endpoint", "operation", "status"}
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SHAPES = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "UUID": UUID,
    "id of a client": rf"client\|{UUID}",
    "id of a user": rf"User:::{UUID}",
    "id of a token": r"\d{22}",
    "id of an S3 access key": r"[0-9a-f]{20}",
    "number": r"\d{1,21}",
    "SHA-256": r"[0-9a-f]{64}",
    "SHA-1": r"[0-9a-f]{40}",
    "bearer of Qumulo Core": r"access-v1:.*",
    "JWT": r"eyJ[\w-]*\.[\w-]*\.[\w-]*",
    "URL": r"https://.*",
    "privilege": r"PRIVILEGE_\w+",
    "path": r"/.*",
}
Results = dict[str, list[Mapping[str, Any]]]


def shape(value: Any) -> Any:
    """Return what a value looks like: its type, of a text what it is, of a mapping the same of each key, of a list that of its items."""
    if isinstance(value, str):
        return next((name for name, pattern in SHAPES.items() if re.fullmatch(pattern, value)), "text")
    if isinstance(value, Mapping):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def looks_like(sample: Any, real: Any) -> bool:
    """Tell whether a sample's shape is that of a real value; a sample may be shorter than the real thing."""
    if isinstance(sample, dict):
        return isinstance(real, dict) and all(key in real and looks_like(item, real[key]) for key, item in sample.items())
    if isinstance(sample, list):
        return isinstance(real, list) and all(any(looks_like(item, other) for other in real) for item in sample)
    return bool(sample == real)


@pytest.fixture
def leaked(qumulo: Simulator, ansible: Ansible) -> str:
    """A token of an account of its own, in clear in a vars file; made before all requests of this process go elsewhere."""
    done(qumulo, "service_account", name="svc-leaked", privileges=["PRIVILEGE_CLUSTER_READ"])
    token = str(done(qumulo, "access_token", user="local:svc-leaked")["token"])
    (ansible.folder / "leaked.yml").write_text(f"leaked_token: '{token}'\n")
    return token


@pytest.fixture
def results(leaked: str, appliance: Start, ansible: Ansible, qumulo: Simulator, tmp_path: Path) -> Results:
    """What the modules return, on all platforms and in all cases that RETURN speaks of."""
    found: Results = {name: [] for name in MODULES}
    _on_qumulo(found, appliance)
    _on_cdm(found, appliance)
    _on_rsc(found, appliance, tmp_path)
    _in_files(found, qumulo, ansible, leaked)
    return found


def _on_qumulo(found: Results, appliance: Start) -> None:
    q = appliance("qumulo")
    name = {"name": "svc-backup"}
    home = {**name, "privileges": ["PRIVILEGE_CLUSTER_READ"], "roles": ["Observers"], "home_directory": "/home/svc-backup"}
    found["service_account"] += [done(q, "service_account", **home), done(q, "service_account", **name)]
    found["service_account_info"].append(done(q, "service_account_info", **name))
    made = done(q, "access_token", user="local:svc-backup", expires_in="30d")
    again = done(q, "access_token", user="local:svc-backup", expires_in="30d")
    found["access_token"] += [made, again]
    found["access_token_info"].append(done(q, "access_token_info", user="local:svc-backup"))
    guest = done(q, "access_token", user="local:guest", expires_in="1d")
    found["credential_info"] += [done(q, "credential_info"), done(q, "credential_info", token=guest["token"])]
    found["s3_access_key"] += [done(q, "s3_access_key", user="local:svc-backup"), done(q, "s3_access_key", user="local:svc-backup")]
    key = {"user": "local:guest", "access_key_id": done(q, "s3_access_key", user="local:guest")["access_key_id"]}
    found["s3_access_key"].append(done(q, "s3_access_key", **key, state="absent", delete_last=True))
    found["s3_access_key_info"].append(done(q, "s3_access_key_info", user="local:svc-backup"))
    probes = [{"path": "/v1/session/who-am-i"}]
    found["access_check"].append(done(q, "access_check", token=made["token"], probes=probes))
    found["session_revoke"].append(done(q, "session_revoke", ids=[made["token_id"]]))
    found["service_account"].append(done(q, "service_account", **name, state="absent"))


def _on_cdm(found: Results, appliance: Start) -> None:
    cdm = appliance("rubrik_cdm", "9.3.0", list_last_usage="creation")
    account = {"name": "svc-report", "roles": ["ReadOnlyAdminRole"]}
    made = done(cdm, "service_account", **account)
    found["service_account"] += [made, done(cdm, "service_account", name="svc-report", rotate_secret=True)]
    found["service_account_info"].append(done(cdm, "service_account_info"))
    token = done(cdm, "api_token", tag="nightly-report", expires_in="90d")
    found["api_token"] += [token, done(cdm, "api_token", tag="nightly-report")]
    found["api_token_info"].append(done(cdm, "api_token_info"))
    found["access_token"].append(done(cdm, "access_token", **where(cdm), token=token["token"], current=token["token"]))
    found["access_token_info"] += [done(cdm, "access_token_info"), done(cdm, "access_token_info", token_id=token["token_id"])]
    found["credential_info"].append(done(cdm, "credential_info"))
    found["access_check"].append(done(cdm, "access_check"))
    found["api_token"].append(done(cdm, "api_token", tag="nightly-report", state="absent"))
    for _place in range(10):
        found["access_token"].append(done(cdm, "access_token", **client(cdm)))
    admin = done(cdm, "access_token")["token"]
    found["access_token"].append(do(cdm, "access_token", **client(cdm), admin_token=admin))
    cdm.loses = lambda entry: (entry["method"], entry["path"]) in {("POST", "/api/internal/session"), ("POST", "/api/v1/service_account")}
    found["api_token"].append(do(cdm, "api_token", token=admin, tag="lost"))
    found["service_account"].append(do(cdm, "service_account", token=admin, name="svc-lost"))


def _on_rsc(found: Results, appliance: Start, folder: Path) -> None:
    rsc = appliance("rubrik_rsc")
    account = {"name": "svc-report", "description": "Nightly report on backups", "roles": ["Backup Operator"]}
    made = done(rsc, "service_account", **account)
    cached = folder / f"token-{hashlib.sha256(('svc-report' + made['client_id']).encode()).hexdigest()}"
    cached.write_text("{}")
    cache = {"purge_sdk_cache": True, "sdk_cache_dir": str(folder)}
    found["service_account"] += [made, done(rsc, "service_account", name="svc-report", rotate_secret=True, **cache)]
    found["service_account_info"].append(done(rsc, "service_account_info"))
    found["credential_info"].append(done(rsc, "credential_info"))
    token = done(rsc, "access_token")
    found["access_token"].append(token)
    found["access_check"].append(done(rsc, "access_check", token=token["token"]))
    found["session_revoke"].append(done(rsc, "session_revoke", token=token["token"], target="self"))


def _in_files(found: Results, simulator: Simulator, ansible: Ansible, leaked: str) -> None:
    """Of those that run on the controller, in one run."""
    q = shared_options(simulator)
    path = {"path": "group_vars/all/vault.yml"}
    first = {**path, "create": True, "vault_id": "prod", "vars": {"qumulo_token": "{{ minted.token }}"}}
    second = {**path, "vars": {"qumulo_token": "access-v1:c29tZXRoaW5nIG5ldw"}, "backup": True, "keep_previous": True}
    place = {"platform": "qumulo", "endpoint": simulator.url.removeprefix("https://")}
    how = {name: value for name, value in q.items() if name not in place}
    what = {"credential": "access_token", "account": "local:svc-backup", "vars_file": path["path"], "var": "qumulo_token"}
    rotation = {"phase": "begin", **place, "auth": how, **what, "force": True}
    ids = {"token_id": "3421890012345678901234", "old_token_id": "3421890012345678901233"}
    dates = {"expires_at": "2026-12-23T08:12:31Z", "next_due": "2026-12-16T08:12:31Z"}
    dates |= {"created_at": "2026-11-23T08:12:29Z", "time": "2026-11-23T08:12:30.123456Z"}
    which = {"platform": "qumulo", "endpoint": "qumulo.example.com", "account": "local:svc-backup"}
    rotated = {"rotated": True, "reason": "it expires in 3 d 4 h", "retired": True, **ids, **dates, **which}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("vault_vars", first),
        ("vault_vars_info", {**path, "names": ["qumulo_token"]}),
        ("vault_vars", second),
        ("vault_vars", {**path, "restore": "{{ result_2.previous }}", "if_checksum": "{{ result_2.checksum }}"}),
        ("git_publish", {**path, "names": ["qumulo_token"]}),
        ("git_publish", {**path, "names": ["qumulo_token"], "remote": "nowhere"}),
        ("rotation", {**rotation, "publish": "git", "check_mode": True}),
        ("rotation", {**rotation, "publish": "git"}),
        ("rotation", {**rotation, "publish_tasks": "hand_over.yml"}),
        ("rotation", {**rotation, "phase": "undo", "ticket": "{{ result_8.ticket }}", "failure": "the task failed"}),
        ("rotation_summary", {"hosts": ["backup"], "results": {"backup": rotated}}),
        ("rotation_clone", {"git": {"remote": "{{ playbook_dir }}/remote.git"}}),
        ("rotation_clone", {"state": "absent"}),
    ]
    calls += _of_a_leak(len(calls), {**place, "auth": how})
    begin = len(calls)
    there = {**place, "auth": how}
    seen = {"hosts": ["localhost"], "read": {"localhost": f"{{{{ result_{begin} }}}}"}}
    calls += [
        ("report", {"state": "read", **there, "vars_files": [{"vars_file": path["path"], "var": "qumulo_token"}]}),
        ("report", {"state": "looked", **there}),
        ("report", {"state": "planned", **seen}),
        ("report", {"state": "written", **seen, "looked": {"localhost": f"{{{{ result_{begin + 1} }}}}"}, "directory": "report"}),
        ("awx_setup", yaml.safe_load(printed(ROOT / "plugins" / "modules" / "awx_setup.py", "EXAMPLES"))[0]["latchkey.tokens.awx_setup"]),
    ]
    (ansible.folder / "group_vars" / "all").mkdir(parents=True)
    (ansible.folder / "vault-password").write_text("not a real one\n")
    (ansible.folder / "hand_over.yml").touch()
    tasks: list[dict[str, Any]] = [
        {"name": "Account", "latchkey.tokens.service_account": {**q, "name": "svc-backup"}, "register": "made"},
        {
            "name": "Token",
            "latchkey.tokens.access_token": {**q, "user": "local:svc-backup", "expires_in": "30d"},
            "register": "minted",
        },
    ]
    for number, (module, options) in enumerate(calls):
        name = f"result_{number}"
        if module == "git_publish" and not any("ansible.builtin.shell" in task for task in tasks):
            tasks.append({"name": "Prepare", **git_repository("group_vars")})
        check_mode = bool(options.pop("check_mode", False))
        task = {"name": module, f"latchkey.tokens.{module}": options, "check_mode": check_mode, "ignore_errors": True}
        tasks.append({**task, "register": name})
    everything = ", ".join(f"result_{number}" for number in range(len(calls)))
    keep = {"dest": "{{ playbook_dir }}/results.json", "content": f"{{{{ [{everything}] | to_json }}}}", "mode": "0600"}
    tasks.append({"name": "Keep them", "ansible.builtin.copy": keep, "no_log": True})
    ansible.play(tasks, arguments=["--vault-id", "prod@vault-password"], env={"LATCHKEY_LEAKED_SECRET": leaked}).assert_ok()
    for (module, _options), result in zip(calls, json.loads((ansible.folder / "results.json").read_text()), strict=True):
        found[module].append(result)


def _of_a_leak(first: int, place: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the phases of the module leaked, of which the first has this number among all calls."""
    take, read, _choose, ask, judge, end = (f"result_{first + number}" for number in range(6))
    leak, asked = {"ticket": f"{{{{ {take}.ticket }}}}"}, f"{{{{ {ask}.asked }}}}"
    there = {"place": f"{{{{ {read}.place }}}}"}
    by_host = {"held": {"localhost": f"{{{{ {read}.held }}}}"}, "asked": {"localhost": asked}}
    plan = {"plan": f"{{{{ {judge}.plan }}}}"}
    store = {"credential": "access_token", "account": "local:svc-leaked", "vars_file": "leaked.yml", "var": "leaked_token"}
    phases: dict[str, dict[str, Any]] = {
        "take": {},
        "read": {**leak, **place, **store},
        "choose": {**leak, "held": by_host["held"]},
        "ask": {**leak, **there, "held": f"{{{{ {read}.held }}}}"},
        "judge": {**leak, **by_host},
        "end": {**leak, **there, **plan, "asked": asked},
        "conclude": {**plan, "asked": by_host["asked"], "ended": {"localhost": f"{{{{ {end}.ended }}}}"}},
    }
    return [("leaked", {"phase": phase, **options}) for phase, options in phases.items()]


def _documented(
    entries: Mapping[str, Any], values: list[Mapping[str, Any]], place: str
) -> Iterator[tuple[str, Mapping[str, Any], list[Any]]]:
    """Yield each documented key with its entry and its real values, those inside mappings and lists of mappings too."""
    for key, entry in entries.items():
        real = [one[key] for one in values if key in one]
        yield f"{place}: {key}", entry, real
        if "contains" in entry:
            inside = [item for one in real for item in (one if isinstance(one, list) else [one])]
            yield from _documented(entry["contains"], inside, f"{place}: {key}")


def test_return_is_what_comes_back(results: Results) -> None:
    wrong: list[str] = []
    for module, entries in MODULES.items():
        undocumented = {key for one in results[module] for key in one} - entries.keys() - COMMON - REQUEST
        wrong += [f"{module}: {key} is returned and not documented" for key in sorted(undocumented)]
        for place, entry, real in _documented(entries, results[module], module):
            told = [one for one in real if one is not None]
            described = str(entry["description"])
            if not real:
                wrong.append(f"{place} is documented and never returned")
            elif len(told) < len(real) and "null" not in described:
                wrong.append(f"{place} may be null, and the description does not say so")
            wrong += [f"{place}: {one!r} is no {entry['type']}" for one in told if not isinstance(one, TYPES[entry["type"]])]
            if entry.get("sample") is not None and told and not any(looks_like(shape(entry["sample"]), shape(one)) for one in told):
                wrong.append(f"{place}: the sample {entry['sample']!r} looks like none of {[shape(one) for one in told][:3]}")
    assert not wrong, "\n".join(wrong)
