# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate: many credentials in one run, some of which fail, and what it says of each."""

from __future__ import annotations

import json
import os
import re
import signal
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import ROOT, Ansible
from tests.plays._cases import done
from tests.plays._fleet import MAX_PARALLEL, PLAYBOOK, Credential, Fleet, fleet
from tests.plays._play_token_rig import wait_until
from tests.simulator.launch import launch

FAILING = [{"path": "/v1/users/"}]  # which the accounts may not read


@pytest.fixture
def small(ansible: Ansible) -> Iterator[Fleet]:
    with fleet(ansible, credentials=6, clusters=2, files=2) as made:
        yield made


def assert_rotated(made: Fleet, numbers: range | list[int]) -> None:
    """These have a new token, which works, and no other is left."""
    for number in numbers:
        one = made[number]
        token_id = one.works()
        assert token_id != one.token_id
        assert one.cluster.live()[one.account] == [token_id]


def assert_kept(made: Fleet, numbers: list[int]) -> None:
    """These have their first token, which works, and no other."""
    for number in numbers:
        one = made[number]
        assert one.works() == one.token_id
        assert one.cluster.live()[one.account] == [one.token_id]


def test_a_fleet(small: Fleet) -> None:
    wrong, unreachable, undone = 1, 2, 3
    small[wrong].more = {"rotate_credential": "acess_token"}
    small[unreachable].more = {"rotate_endpoint": "127.0.0.1:1"}
    small[undone].more = {"rotate_checks": FAILING}
    bad = [wrong, unreachable, undone]
    good = [number for number in range(6) if number not in bad]

    check = small.rotate(["--check", "--forks", "6"], rotate_force=True)
    assert check.run.returncode == 2
    assert_kept(small, list(range(6)))
    assert small.summary["check_mode"] is True
    assert small.summary["counts"] == {"not_due": 0, "rotated": 4, "undone": 0, "failed": 2, "unfinished": 0}
    assert "4 would rotate, 2 would fail" in check.run.output

    ended = small.rotate(["--forks", "6"], rotate_force=True)
    assert ended.run.returncode == 2, ended.run.output
    assert_rotated(small, good)
    assert_kept(small, bad)
    statuses = small.statuses()
    assert [statuses[small[number].host] for number in bad] == ["failed", "failed", "undone"]
    assert {statuses[small[number].host] for number in good} == {"rotated"}
    assert {host for host, one in ended.recap.items() if one["failed"]} == {small[number].host for number in bad}
    reasons = {host: one["reason"] for host, one in small.summary["hosts"].items()}
    assert "value of rotate_credential must be one of" in reasons[small[wrong].host]
    assert "the connection was refused" in reasons[small[unreachable].host]
    assert "all is as it was before" in reasons[small[undone].host]
    for one in small.clusters:
        assert 0 < one.simulator.most_requests() <= MAX_PARALLEL
    rows = re.findall(r'^ +"(\S+ +(?:rotated|failed|undone) +\S+ +.*)",?$', ended.run.output, re.MULTILINE)
    assert [row.split()[0] for row in rows[-3:]] == [small[number].host for number in (undone, wrong, unreachable)]
    assert len(rows) == 6
    assert len({row.index(row.split()[1]) for row in rows}) == 1
    assert "3 rotated, 1 undone, 2 failed; the next one is due at 20" in ended.run.output

    for number in bad:
        small[number].more = {}
    before = {one.file: one.file.read_bytes() for one in small.credentials}
    again = small.rotate(["--forks", "6"])
    assert again.run.returncode == 0, again.run.output
    assert {one["changed"] for host, one in again.recap.items()} == {0}
    assert {file: file.read_bytes() for file in before} == before
    assert set(small.statuses().values()) == {"not_due"}
    assert small.summary["finished"] is True


def test_a_run_that_is_killed_in_the_middle(small: Fleet) -> None:
    process = small.start(["--forks", "2"], rotate_force=True)
    deadline = time.monotonic() + 120
    while not (small.folder / "summary.json").exists() or small.summary["counts"]["rotated"] < 2:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    killed = small.summary
    assert killed["finished"] is False
    assert set(small.statuses().values()) == {"rotated", "unfinished"}
    assert {one["reason"] for one in killed["hosts"].values() if one["status"] == "unfinished"} == {
        "The run ended before this host was done. Run again; no working credential was lost."
    }
    done = [number for number in range(6) if small.statuses()[small[number].host] == "rotated"]
    assert_rotated(small, done)
    for one in small.credentials:
        one.works()

    again = small.rotate(["--forks", "4"])
    assert again.run.returncode == 0, again.run.output
    assert small.summary["finished"] is True
    assert set(small.statuses().values()) <= {"rotated", "not_due"}
    for one in small.credentials:
        assert one.cluster.live()[one.account] == [one.works()]


def test_what_bounds_the_requests_at_a_time(ansible: Ansible) -> None:
    """Five hosts send one request at a time each, and the first two wait for so long that a third one would join them."""
    with fleet(ansible, credentials=5, clusters=1, files=1, settings={"slow_seconds": "5"}) as made:
        simulator = made.clusters[0].simulator
        simulator.fault(f"GET:/v1/:slow:{MAX_PARALLEL}")
        made.rotate(["--forks", "5"], rotate_force=True).run.assert_ok()
        assert_rotated(made, range(5))
        assert simulator.most_requests() == MAX_PARALLEL


@pytest.mark.parametrize(
    ("nth", "files", "hosts"),
    [
        (1, ["vault.yml"], ["berlin_backup", "berlin_reports", "hamburg_backup"]),
        (2, ["berlin.yml"], ["berlin_backup", "berlin_reports"]),
    ],
    ids=["some hosts", "hundreds"],
)
def test_the_inventories_of_the_guide(ansible: Ansible, nth: int, files: list[str], hosts: list[str]) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "fleets.rst").read_text()
    text = textwrap.dedent(guide.split(".. code-block:: yaml\n")[nth].split("\n\n")[0])
    with fleet(ansible, credentials=0, clusters=2, files=0) as made:
        clusters = dict(zip(("berlin", "hamburg"), made.clusters, strict=True))
        for name, one in clusters.items():
            text = text.replace(f"{name}.example.com", one.simulator.url)
            for account in ("svc-backup", "svc-reports"):
                one.call("POST", "/v1/users/", {"name": account, "primary_group": "0", "password": "Not-a-real-1"})
        (ansible.folder / "clusters.yml").write_text(text)
        folder = ansible.folder / "group_vars" / "all"
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).write_text("# all of them\n---\n")
        env = {"QUMULO_CA_PATH": str(ansible.folder / "ca.pem")}
        (ansible.folder / "ca.pem").write_text("".join(Path(one.simulator.ca_file).read_text() for one in made.clusters))
        given = {f"{name}_admin_token": one.token for name, one in clusters.items()}
        arguments = ["-i", "clusters.yml", "-e", json.dumps(given), "--vault-id", "prod@prod-password"]
        ansible.run(PLAYBOOK, arguments, env=env).assert_ok()
        for host in hosts:
            cluster, account = clusters[host.partition("_")[0]], "svc-" + host.partition("_")[2]
            assert Credential("", account, cluster, folder / files[0], "", f"{host}_token").works() == cluster.live()[account][0]
        assert (folder / files[0]).read_text().startswith("# all of them\n---\n")


def test_the_second_factor_of_the_guide(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "fleets.rst").read_text()
    text = textwrap.dedent(guide.split(".. code-block:: yaml\n")[3].split("\n\n")[0])
    with launch("rubrik_cdm", settings={"totp": "on"}, directory=tmp_path_factory.mktemp("cdm")) as cdm:
        accounts = {name: done(cdm, "service_account", name=f"svc-{name}", roles=["ReadOnlyAdminRole"]) for name in ("backup", "reports")}
        (ansible.folder / "hosts.yml").write_text(text.replace("rubrik.example.com", cdm.url))
        (ansible.folder / "vault.yml").write_text("---\n")
        (ansible.folder / "prod-password").write_text("not a real one\n")
        given: dict[str, Any] = {f"admin_{name}": cdm.admin[name] for name in ("password", "totp_secret")}
        given["rotate_force"] = True  # no secret is stored yet, and each may be in use elsewhere
        arguments = ["-i", "hosts.yml", "-e", json.dumps(given), "--vault-id", "prod@prod-password", "--forks", "2"]
        before, requests = cdm.credentials(), len(cdm.journal())
        ansible.run(PLAYBOOK, arguments, env={"RUBRIK_CDM_CA_PATH": cdm.ca_file}).assert_ok()
        sent = [(one["method"], one["path"]) for one in cdm.journal()[requests:]]
        assert sent.count(("POST", "/api/internal/session")) == 2  # the challenge, and its answer
        assert len([one for one in sent if one[1].endswith("/rotate")]) == 2
        wait_until(lambda: cdm.credentials() == before, "the session is ended")
        for name, account in accounts.items():
            assert f"berlin_{name}_id: {account['client_id']}" in (ansible.folder / "vault.yml").read_text()


@pytest.fixture
def hopeless(ansible: Ansible) -> Path:
    """An inventory of three hosts whose variables are wrong in different ways; nothing is ever sent."""
    path = ansible.folder / "hopeless.yml"
    hosts = {
        "misspelt": {"rotate_credential": "acess_token"},
        "undefined": {"rotate_auth": "{{ nowhere_to_be_found }}"},
        "without_file": {"rotate_vars_file": str(ansible.folder / "nowhere" / "vault.yml")},
    }
    common: dict[str, Any] = {"rotate_platform": "qumulo", "rotate_endpoint": "127.0.0.1:1", "rotate_credential": "access_token"}
    common |= {"rotate_account": "local:svc", "rotate_var": "token", "rotate_vars_file": str(ansible.folder / "vault.yml")}
    common["rotate_auth"] = {"token": "never-sent"}
    path.write_text(yaml.safe_dump({"rotate": {"hosts": hosts, "vars": common}}))
    return path


REASONS = {
    "misspelt": "value of rotate_credential must be",
    "undefined": "nowhere_to_be_found",
    "without_file": "the directory does not exist",
}


def test_hosts_whose_variables_are_wrong_fail_alone(each_core: Ansible, hopeless: Path) -> None:
    """One by one on one core, and all at a time on another: what ends a batch early would end either."""
    one_by_one = ["-e", '{"rotate_serial": 1}'] if each_core.bin.parent.name == "core-2.21" else []
    run = each_core.run(PLAYBOOK, ["-i", str(hopeless), *one_by_one], env={"ANSIBLE_ANY_ERRORS_FATAL": "true"})
    assert run.returncode == 2
    assert "3 failed" in run.output
    assert len({one.result["msg"] for one in run.tasks if one.task == "Report the failure"}) == 3
    summary = run["Write the summary"]["summary"]
    assert summary["counts"]["failed"] == 3
    assert run["Set the summary as a statistic, which AWX shows"]["ansible_stats"]["data"] == {"rotate_summary": summary}
    for host, reason in REASONS.items():
        assert reason in summary["hosts"][host]["reason"]
    assert run.output.count("failed=1") == 3


def test_a_limit(ansible: Ansible, hopeless: Path) -> None:
    run = ansible.run(PLAYBOOK, ["-i", str(hopeless), "--limit", "misspelt", "-e", "rotate_summary_file=summary.json"])
    assert run.returncode == 2
    assert list(json.loads((ansible.folder / "summary.json").read_text())["hosts"]) == ["misspelt"]


def test_a_summary_that_cannot_be_written_stops_the_run_before_it_begins(ansible: Ansible, hopeless: Path) -> None:
    run = ansible.run(PLAYBOOK, ["-i", str(hopeless), "-e", "rotate_summary_file=nowhere/summary.json"])
    assert run.returncode == 2
    assert [one.task for one in run.tasks] == [
        "Note that a host matches the pattern",
        "Write the summary's file with every host unfinished",
    ]
    assert "nowhere/summary.json cannot be locked: the directory does not exist. Create the directory first." in run.failures[0]


@pytest.mark.fleet
@pytest.mark.timeout(3000)
def test_five_hundred(ansible: Ansible, capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds are printed and not asserted, apart from how they grow: they are those of the machine, and of what else it does."""
    count = int(os.environ.get("FLEET_CREDENTIALS", "500"))  # a smaller one is for trying the test
    clusters, few, forks = count // 25, count // 10, ["--forks", "10"]
    with fleet(ansible, count, clusters, files=20, latency_ms=50) as made:
        simulators = [cluster.simulator for cluster in made.clusters]
        bad = [number for number in range(count) if number % 50 == 7]
        for number in bad:
            made[number].more = {"rotate_endpoint": "127.0.0.1:1"} if number % 100 == 7 else {"rotate_checks": FAILING}
        undone = sum(number % 100 != 7 for number in bad)
        one = made.rotate(count=1, rotate_force=True)
        assert one.run.returncode == 0, one.run.output
        made.rotate(forks, count=10, rotate_force=True, rotate_max_parallel_requests=0)
        unlimited = max(one.most_requests() for one in simulators)
        for simulator in simulators:
            simulator.forget_requests()
        fifty = made.rotate(forks, count=few, rotate_force=True, timeout=600)
        for number in range(few):
            made[number].token_id = made[number].works()
        ended = made.rotate(forks, rotate_force=True, timeout=2000)
        summary = made.summary
        most = [one.most_requests() for one in simulators]
        assert_rotated(made, [number for number in range(count) if number not in bad])
        assert_kept(made, bad)
        for number in bad:
            made[number].more = {}
        again = made.rotate(forks, timeout=2000)
        changes = sum(numbers["changed"] for numbers in again.recap.values())
    by_one = {name: run.seconds / one.seconds / number for name, run, number in (("few", fifty, few), ("all", ended, count))}
    figures = [
        f"{count} credentials at {clusters} clusters, {len(bad)} of which fail; 10 forks; every answer takes 50 ms",
        f"one rotation {one.seconds:8.1f} s {one.peak / 1024:7.1f} MiB",
        f"{few:<12} {fifty.seconds:8.1f} s {fifty.peak / 1024:7.1f} MiB   {by_one['few']:.2f} of {few} x one",
        f"{count:<12} {ended.seconds:8.1f} s {ended.peak / 1024:7.1f} MiB   {by_one['all']:.2f} of {count} x one",
        f"memory for each credential more: {(ended.peak - fifty.peak) / (count - few):.1f} KiB",
        f"a second run {again.seconds:8.1f} s {again.peak / 1024:7.1f} MiB   {changes} changes",
        f"most requests at a time, by cluster: {most}; allowed: {MAX_PARALLEL}; where any number is allowed: {unlimited}",
    ]
    with capsys.disabled():
        print("", *figures, sep="\n")
    runs = {"one": (1, one), "few": (few, fifty), "all": (count, ended), "again": (count, again)}
    told = {name: {"credentials": number, "seconds": run.seconds, "MiB": run.peak / 1024} for name, (number, run) in runs.items()}
    report = {"clusters": clusters, "forks": 10, "latency_ms": 50, "failing": len(bad), **told}
    (ROOT / ".cache" / "fleet.json").write_text(json.dumps(report, indent=1) + "\n")
    assert ended.run.returncode == 2
    counts = {"not_due": 0, "rotated": count - len(bad), "undone": undone, "failed": len(bad) - undone, "unfinished": 0}
    assert summary["counts"] == counts
    assert unlimited > MAX_PARALLEL
    assert set(most) == {MAX_PARALLEL}
    # Ansible keeps a host, its variables and rotate_result until the run ends: 5 KiB of its own, and about 11 for the steps.
    assert (ended.peak - fifty.peak) / (count - few) < 32
    assert ended.seconds < 1.3 * count / few * fifty.seconds
    assert by_one["all"] <= 0.3
    assert again.run.returncode == 0, again.run.output
    assert changes == 0
