# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play tokens: one mint per identity and run, where options come from, renewal, refusal, check mode, and where no secret may be."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import ROOT, Ansible
from tests.plays._play_token_rig import LOOKUP, MODULE, SOON, Rig, wait_until
from tests.plays._vaulted import PASSWORDS, inline
from tests.simulator.launch import Simulator, launch

FILTERS = str(ROOT / "tests" / "plays" / "filter")
USE = {"name": "Use", MODULE: {}}


def many(rig: Rig, hosts: int) -> list[str]:
    """Return the arguments for a group of so many hosts, all of which work at a time."""
    inventory = rig.ansible.folder / "hosts"
    modules = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    inventory.write_text(f"[many]\nmany[1:{hosts}] {modules}\n")
    return ["-i", str(inventory), "--forks", str(hosts)]


def test_one_mint_for_many_hosts(each_core: Ansible, shared_cdm: Simulator) -> None:
    """Ten uses for each host: in variables, defaults of modules, arguments, loops and conditions."""
    rig = Rig(each_core, shared_cdm)
    loop = {"name": "Loop", "ansible.builtin.debug": {"msg": "{{ (item ~ " + LOOKUP + ") | length }}"}, "loop": [1, 2, 3, 4]}
    tasks = [{**one, "when": f"{LOOKUP} | length > 20"} for one in (USE, loop)]
    before = rig.live()
    play = rig.play(*tasks, hosts="many", name="Token of {{ (" + LOOKUP + ") | length }} characters")
    run = rig.run(play, arguments=many(rig, 20)).assert_ok()
    assert run.output.count("ok=2 ") == 20
    rig.assert_as_before(before)


@pytest.fixture
def strict_cdm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A cluster that says of a wrong secret that it is one, and not that it may be one."""
    with launch("rubrik_cdm", settings={"bad_secret": "401"}, directory=tmp_path_factory.mktemp("strict")) as simulator:
        yield simulator


def test_identities_and_refusals(ansible: Ansible, strict_cdm: Simulator) -> None:
    """Two accounts and an option that differs are three tokens, each always the same, on all hosts and in each round of a loop, which are
    one process; and what cannot be is said in a sentence. The check mode that the variable is about is not on."""
    rig = Rig(ansible, strict_cdm)
    account = strict_cdm.service_account
    accounts = [{"client_id": account[f"{kind}client_id"], "client_secret": account[f"{kind}client_secret"]} for kind in ("", "rsc_")]

    def lookup(**options: Any) -> str:
        return f"lookup('latchkey.tokens.play_token'{''.join(f', {name}={value!r}' for name, value in options.items())})"

    def prints(name: str, *lookups: str, **keywords: Any) -> dict[str, Any]:
        shown = ", ".join(f"{one} | hash('sha256')" for one in lookups)
        return {"name": name, "ansible.builtin.debug": {"msg": "{{ [" + shown + "] }}"}, **keywords}

    token = {"token": "{{ " + lookup(**accounts[1]) + " }}"}
    of_round = {"latchkey_client_id": "{{ accounts[item].client_id }}", "latchkey_client_secret": "{{ accounts[item].client_secret }}"}
    # Whatever their names begin with, and those of options that the call itself gives.
    not_looked_at = {"latchkey_note": "{{ nope }}", "latchkey_client_id": "{{ nope }}"}
    own = "{{ " + lookup(client_id=accounts[0]["client_id"]) + " }}"
    refused = {
        "client_secert='x'": "there is no option client_secert.",
        "client_secret='wrong'": "HTTP 401",  # accounts get locked, so it is sent once for all hosts
        "expires_in='1h'": "expires_in: Rubrik CDM",
        "endpoint='http://example.com'": "plain http to 'example.com'",
        "min_remaining='soon'": "min_remaining: 'soon' is not a duration.",
        "platform='tape'": "platform: it must be one of qumulo, rubrik_cdm, rubrik_rsc.",
    }
    before = rig.live()
    run = rig.run(
        rig.play(
            prints("Hosts", lookup(), lookup(**accounts[1]), lookup(validate_certs=False)),
            prints("Rounds", lookup(), vars={"accounts": accounts, **of_round}, loop=[0, 1, 0, 1, 1], run_once=True),
            {"name": "Whose", MODULE: token, "run_once": True},
            {"name": "Note", MODULE: {"token": own}, "vars": not_looked_at, "run_once": True},
            *(prints(one, LOOKUP.replace(")", f", {one})"), ignore_errors=True) for one in refused),
            {**USE, "name": "Itself", "vars": {"latchkey_client_secret": "{{ " + LOOKUP + " }}"}, "ignore_errors": True},
            hosts="many",
            vars={"latchkey_mint_in_check_mode": False},
        ),
        arguments=many(rig, 6),
    ).assert_ok()
    (seen,) = {tuple(one.result["msg"]) for one in run.tasks if one.task == "Hosts"}
    assert len(set(seen)) == 3
    assert [tuple(one["msg"]) for one in run["Rounds"]["results"]] == [(seen[number],) for number in (0, 1, 0, 1, 1)]
    assert run["Whose"]["account"] in (account["rsc_client_id"], account["rsc_name"])
    assert run["Note"]["account"] != run["Whose"]["account"]
    for call, words in {**refused, "Itself": "the variable latchkey_client_secret needs itself"}.items():
        failed = run.by_name[call]
        assert (failed.status, words in " ".join(str(failed.result["msg"]).split())) == ("ignored", True), failed
    assert "Traceback" not in run.output
    assert accounts[0]["client_secret"] not in run.output
    wrong = [one for one in strict_cdm.journal() if one["method"] == "POST" and one["status"] == 401]
    assert len(wrong) == 1
    rig.assert_as_before(before, 3)


def test_runs_side_by_side_do_not_disturb_each_other(ansible: Ansible, shared_cdm: Simulator) -> None:
    rig = Rig(ansible, shared_cdm)
    before = rig.live()
    processes = [rig.start([USE, USE]) for _unused in range(2)]
    for process in processes:
        output, _unused = process.communicate(timeout=60)
        assert process.returncode == 0, output
    rig.assert_as_before(before, 2)


def test_options_come_from_everywhere(ansible: Ansible, shared_cdm: Simulator) -> None:
    rig = Rig(ansible, shared_cdm)
    options = {name.removeprefix("latchkey_"): value for name, value in rig.variables().items()}
    (ansible.folder / "ansible.cfg").write_text(f"[latchkey_tokens]\nca_path = {options.pop('ca_path')}\n")
    (ansible.folder / "secrets.yml").write_text(inline("latchkey_client_secret", options.pop("client_secret")))
    (ansible.folder / "password").write_text(PASSWORDS["prod"])
    env = {"LATCHKEY_CLIENT_ID": options.pop("client_id"), "RUBRIK_CDM_ENDPOINT": options.pop("endpoint")}
    fingerprint = {"name": "Fingerprint", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | hash('sha256') }}"}}
    play = rig.play(fingerprint, vars_files=[str(ansible.folder / "secrets.yml")])
    play["vars"] = {"latchkey_platform": "{{ mine }}", "mine": options.pop("platform")}
    assert options == {}
    before = rig.live()
    rig.run(play, env=env, arguments=["--vault-id", f"prod@{ansible.folder / 'password'}"]).assert_ok()
    rig.assert_as_before(before)


def test_modules_replace_a_dead_token_by_themselves(ansible: Ansible, shared_cdm: Simulator) -> None:
    """The token is ended behind our back, between two tasks; the hosts go on with one new token, in process and as modules."""
    rig = Rig(ansible, shared_cdm)
    end = {"name": "End", "latchkey.tokens.session_revoke": {"target": "self"}, "run_once": True}
    as_module = {"name": "Check", MODULE: {}, "environment": {"ANY": "1"}}
    before = rig.live()
    run = rig.run(rig.play(USE, end, USE, end, as_module, USE, hosts="many"), arguments=many(rig, 3)).assert_ok()
    assert run.output.count("ok=") == 3
    wait_until(lambda: rig.live() == before, "the tokens are revoked", SOON)
    wait_until(lambda: not rig.watchers(), "the watcher ends", SOON)
    assert rig.mints() == 3


def test_a_task_whose_token_is_alive_fails_as_it_would_without(ansible: Ansible, shared_cdm: Simulator) -> None:
    """The appliance refuses everything, so another token would be refused, too, and none is made."""
    rig = Rig(ansible, shared_cdm)
    shared_cdm.fault("GET:/api/v1/principal/role:401")
    before = rig.live()
    run = rig.run(rig.play(USE))
    shared_cdm.clear_faults()
    assert run.returncode == 2
    assert "HTTP 401" in run.output
    rig.assert_as_before(before)


def test_check_mode(ansible: Ansible, shared_cdm: Simulator) -> None:
    rig = Rig(ansible, shared_cdm)
    before = rig.live()
    rig.run(rig.play(USE), arguments=["--check"]).assert_ok()
    rig.assert_as_before(before)
    count = len(shared_cdm.journal())
    tasks: list[dict[str, Any]] = [
        USE,
        {**USE, "name": "Loop", "loop": [1, 2]},
        {"name": "Probe", MODULE: {}, "environment": {"ANY": "1"}},
        {**USE, "name": "Do it", "check_mode": False, "ignore_errors": True},
    ]
    run = rig.run(rig.play(*tasks, vars={"latchkey_mint_in_check_mode": False}), arguments=["--check"]).assert_ok()
    left_out = [run.by_name[name] for name in ("Use", "Loop", "Probe")]
    assert {one.status for one in left_out} in ({"skipped"}, {"ok"})  # from ansible-core 2.22 on, the latter
    assert all("no play token in check mode" in str(one.result) for one in left_out)
    assert "this task has check_mode: false. Take one of the two away." in run.failures[0]
    assert len(shared_cdm.journal()) == count


def _contents(paths: Iterable[Path]) -> dict[Path, bytes]:
    """Return what is in these files, as far as they can be read."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                found[path] = path.read_bytes()
    return found


def _processes() -> dict[Path, bytes]:
    """Return the command lines and environments of all processes but this one."""
    return _contents(one / name for one in Path("/proc").iterdir() if one.name.isdecimal() for name in ("cmdline", "environ"))


def test_no_secret_is_left_in_clear(each_core: Ansible, shared_cdm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Looked for while the play runs and afterwards: in files, arguments and environments, and in all output that there is."""
    notes = tmp_path_factory.mktemp("notes") / "secrets"
    rig = Rig(each_core, shared_cdm).with_callback()
    log = each_core.folder / "ansible.log"
    rig.env |= {
        "ANSIBLE_FILTER_PLUGINS": FILTERS,
        "REMEMBER_FILE": str(notes),
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(each_core.folder / "facts"),
        "ANSIBLE_LOCAL_TEMP": str(each_core.folder / "local"),
        "TMPDIR": str(each_core.folder),
    }
    remember = {"name": "Remember", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | remember }}"}}
    fact = {"name": "Fact", "ansible.builtin.set_fact": {"length": "{{ " + LOOKUP + " | length }}", "cacheable": True}}
    fail = {"name": "Fail", MODULE: {"expect_account": "somebody-else"}, "ignore_errors": True}
    with rig.in_the_middle(remember, fact, fail, arguments=["-vvvv"]) as process:
        (ledger,) = (each_core.folder / "local").rglob("latchkey_play_tokens")
        assert ledger.stat().st_mode & 0o777 == 0o600
        assert ledger.parent.stat().st_mode & 0o777 == 0o700
        environment = Path(f"/proc/{rig.watchers()[0]}/environ").read_bytes()
        assert rig.variables()["latchkey_client_secret"].encode() not in environment
        meanwhile = _contents(each_core.folder.rglob("*"))
        processes = _processes()
        rig.let_go_on()
        output, _unused = process.communicate(timeout=60)
        assert process.returncode == 0, output
    (secret,) = set(notes.read_text().split())
    token, client_secret = secret.encode(), rig.variables()["latchkey_client_secret"].encode()
    afterwards = _contents(each_core.folder.rglob("*"))
    for content in (meanwhile, processes, afterwards):
        assert len(content) > 5
        assert [path for path, text in content.items() if token in text] == []
        # The playbook itself has the client secret, and nothing else may.
        assert [path for path, text in content.items() if client_secret in text and not path.name.startswith("playbook-")] == []
    assert secret not in output
    assert client_secret.decode() not in output
    assert log.stat().st_size > 1000
    assert json.loads(next((each_core.folder / "facts").iterdir()).read_text())
