# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report at simulated appliances: what is planted there and in vars files is found, in one process; and the playbook, for real."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.latchkey.tokens.plugins.action.report import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._action.arguments import checked_arguments
from ansible_collections.latchkey.tokens.plugins.plugin_utils._vault.envelope import Vault
from tests.plays._ansible import Ansible, Run
from tests.plays._cases import done
from tests.plays._fleet import Fleet, fleet
from tests.plays._in_process_simulator import InProcess, Start, data_of, secrets_in
from tests.plays._options import administrator
from tests.plays._store_rigs import InAws
from tests.plays._vaulted import PASSWORDS, inline, vault_lib
from tests.stores import aws

PLAYBOOK = "latchkey.tokens.report"
DAY = 86400
FILES = ["report.csv", "report.html", "report.json", "report.prom"]


class Action(ActionModule):
    """The action without Ansible around it; its vault has the secret of prod alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def vault(self) -> Vault:
        return Vault(vault_lib("prod"), None)

    def path(self, written: str) -> str:
        return str(self.directory / written)


class Report:
    """A report that is made step by step, as the playbook does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.read: dict[str, Any] = {}
        self.looked: dict[str, Any] = {}

    def step(self, state: str, host: str = "", **options: Any) -> dict[str, Any]:
        """Do one step."""
        action = Action(self.directory)
        checked = checked_arguments("latchkey.tokens.report", {"state": state, **options}, action.argument_spec, {})
        return action.perform(checked, False, {"inventory_hostname": host})

    def host(self, host: str, place: Mapping[str, Any], auth: Mapping[str, Any], stores: Sequence[Mapping[str, Any]] = ()) -> None:
        """Read the stores of a host, and what they know."""
        there = {"platform": place["platform"], "endpoint": place["endpoint"], "auth": dict(auth)}
        self.read[host] = self.step("read", host, **there, vars_files=[dict(one) for one in stores])
        self.looked[host] = self.step("looked", host, **there)

    def written(self, **options: Any) -> dict[str, Any]:
        """Write the report; return the document."""
        hosts: dict[str, Any] = {"hosts": list(self.read), "read": self.read, "looked": self.looked}
        self.result = self.step("written", **hosts, directory=str(self.directory / "out"), **options)
        return dict(json.loads((self.directory / "out" / "report.json").read_text()))

    def assert_no_secret(self, *simulators: InProcess) -> None:
        """Neither a result nor a file has a secret in it."""
        shown = json.dumps([self.read, self.looked, self.result])
        shown += "".join(one.read_text() for one in (self.directory / "out").iterdir())
        secrets = {secret for one in simulators for secret in secrets_in(data_of(one))} | set(PASSWORDS.values())
        assert not [one for one in secrets if one in shown]


def place_of(simulator: InProcess) -> dict[str, Any]:
    return {"platform": simulator.platform, "endpoint": simulator.url}


def token(simulator: InProcess, account: str, **options: Any) -> dict[str, Any]:
    return done(simulator, "access_token", user=f"local:{account}", **{"additional": True, **options})


def state(name: str, current: Mapping[str, Any], **more: Any) -> str:
    """Return the state of a rotation as it is in a vars file."""
    part = {"id": current["token_id"], "minted_at": current.get("created_at"), "expires_at": current["expires_at"]}
    return yaml.safe_dump({f"{name}_rotation": {"stage": "current", "current": part, **more}})


def codes(document: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    """Return the findings by code and account."""
    return Counter((one["code"], str(one["account"])) for one in document["findings"])


def test_what_is_planted_on_qumulo_is_found(appliance: Start, tmp_path: Path) -> None:
    """Each account has one thing that is wrong, and what follows from it; svc-guess has none."""
    cluster = appliance("qumulo")
    names = ("fine", "dead", "soon", "never", "off", "full", "lost", "noted", "guess")
    for name in names:
        done(cluster, "service_account", name=f"svc-{name}")
    made = {name: token(cluster, f"svc-{name}", expires_in="60d") for name in names if name not in ("soon", "never", "lost")}
    made["soon"] = token(cluster, "svc-soon", expires_in="2d")
    made["never"] = token(cluster, "svc-never")
    token(cluster, "svc-lost", expires_in="60d")
    done(cluster, "session_revoke", target="ids", ids=[made["dead"]["token_id"]])
    done(cluster, "access_token", token_id=made["off"]["token_id"], enabled=False)
    newer = token(cluster, "svc-full", expires_in="60d")
    token(cluster, "svc-noted", expires_in="60d")
    forgotten = token(cluster, "svc-fine", expires_in="60d")
    done(cluster, "access_token", token_id=forgotten["token_id"], enabled=False)
    old = {"id": made["full"]["token_id"], "delete_at": "2020-01-01T00:00:00Z"}
    made["full"] = newer
    stored = [name for name in names if name not in ("lost", "noted")]
    text = "".join(inline(f"{name}_token", made[name]["token"]) for name in stored)
    # What has no state is identified by the platform, the others by what a rotation noted.
    text += "".join(state(f"{name}_token", made[name]) for name in stored if name not in ("full", "guess"))
    text += state("full_token", made["full"], previous=old)
    text += inline("locked_token", "of another vault", label="dev")
    (tmp_path / "vault.yml").write_text(text)
    stores = [{"vars_file": "vault.yml", "var": f"{name}_token", "account": f"local:svc-{name}"} for name in stored]
    stores += [{"vars_file": "vault.yml", "var": "locked_token", "account": "local:svc-noted"}]

    made_by = Report(tmp_path)
    made_by.host("cluster", place_of(cluster), administrator(cluster), stores)
    found = codes(made_by.written(warn="7d"))
    # The simulator's own accounts have tokens, too, of which no store knows.
    theirs = {key: count for key, count in found.items() if key[1].removeprefix("local:svc-").removeprefix("svc-") in names}
    assert theirs == {
        ("dead_in_store", "local:svc-dead"): 1,
        ("dead_in_store", "svc-off"): 1,
        ("disabled", "svc-fine"): 1,
        ("slots_nearly_full", "svc-fine"): 1,
        ("expires_soon", "svc-soon"): 1,
        ("never_expires", "svc-never"): 1,
        ("slots_nearly_full", "svc-full"): 1,
        ("slots_nearly_full", "svc-noted"): 1,
        ("unretired", "svc-full"): 1,
        ("orphan", "svc-lost"): 1,
        ("store_unreadable", "local:svc-noted"): 1,
    }
    assert set(found) - set(theirs) <= {("orphan", "svc-ansible"), ("never_expires", "svc-ansible")}
    made_by.assert_no_secret(cluster)


def test_what_is_planted_by_time(appliance: Start, tmp_path: Path) -> None:
    """A year later, by the clocks of the appliances, which count."""
    cluster, cdm = appliance("qumulo"), appliance("rubrik_cdm", version="9.4.0")
    done(cluster, "service_account", name="svc-old")
    old = token(cluster, "svc-old")
    done(cdm, "api_token", tag="idle", expires_in="365d")
    made_by = Report(tmp_path)
    for one in (cluster, cdm):
        one.advance(364 * DAY)
    made_by.host("cluster", place_of(cluster), administrator(cluster))
    made_by.host("cdm", place_of(cdm), administrator(cdm))
    document = made_by.written(max_age="300d", unused="90d", warn="7d")
    assert ("too_old", "svc-old") in codes(document)
    idle = [one["code"] for one in document["findings"] if one["kind"] == "api_token"]
    assert set(idle) == {"expires_soon", "too_old", "unused", "blocks_upgrade", "administrator"}
    secret = [one["code"] for one in document["findings"] if one["kind"] == "service_account_secret"]
    assert "blocks_upgrade" in secret
    blocked = next(one for one in document["findings"] if one["code"] == "blocks_upgrade")
    assert "service account of Rubrik Security Cloud" in blocked["advice"]
    assert "orphan" not in document["totals"]["codes"] or document["totals"]["codes"]["orphan"] == 0  # no store was named
    assert old["token_id"] in [one["id"] for one in document["credentials"]]
    made_by.assert_no_secret(cluster, cdm)


def test_the_secret_of_a_service_account(appliance: Start, tmp_path: Path) -> None:
    """The client id beside it says which it is; without one, the name of the account."""
    tenant = appliance("rubrik_rsc")
    made = {name: done(tenant, "service_account", name=name, roles=["Backup Operator"]) for name in ("one", "two", "three")}
    text = "".join(inline(f"{name}_secret", one["client_secret"]) for name, one in made.items())
    (tmp_path / "vault.yml").write_text(text + f"one_id: {json.dumps(made['one']['client_id'])}\n")
    stores = [
        {"vars_file": "vault.yml", "var": "one_secret", "client_id_var": "one_id"},
        {"vars_file": "vault.yml", "var": "two_secret", "account": "two"},
    ]
    made_by = Report(tmp_path)
    made_by.host("tenant", place_of(tenant), administrator(tenant), stores)
    document = made_by.written()
    known = {one["account"]: one["store"] for one in document["credentials"]}
    assert (known["one"], known["two"], known["three"]) == (
        f"one_secret in {tmp_path}/vault.yml",
        f"two_secret in {tmp_path}/vault.yml",
        None,
    )
    orphans = {one["account"] for one in document["findings"] if one["code"] == "orphan"}
    assert ("three" in orphans, orphans & {"one", "two"}) == (True, set())
    made_by.assert_no_secret(tenant)


def test_a_credential_in_a_secret_manager(appliance: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = appliance("qumulo")
    for name in ("svc-one", "svc-two"):
        done(cluster, "service_account", name=name)
    one, two = token(cluster, "svc-one", expires_in="30d"), token(cluster, "svc-two", expires_in="30d")
    there = {**place_of(cluster), "auth": administrator(cluster)}
    rotation = {"credential": "access_token", "account": "local:svc-one", "var": "qumulo_token", "vars_file": ""}
    with aws.running() as url:
        manager = InAws(url)
        manager.put(qumulo_token=one["token"])
        for name, value in manager.env.items():
            monkeypatch.setenv(name, value)
        managed = {name.removeprefix("rotate_"): value for name, value in manager.variables.items()}
        made_by = Report(tmp_path)
        made_by.read["one"] = made_by.step("read", "one", **there, stored={**rotation, **managed})
    made_by.read["down"] = made_by.step("read", "down", **there, stored={**rotation, **managed, "account": "local:svc-two"})
    made_by.looked["one"] = made_by.step("looked", "one", **there)
    document = made_by.written()
    stores = {entry["id"]: entry["store"] for entry in document["credentials"]}
    assert (stores[one["token_id"]], stores[two["token_id"]]) == ("qumulo_token in AWS secret latchkey/qumulo in eu-central-1", None)
    assert codes(document)["store_unreadable", "local:svc-two"] == 1
    made_by.assert_no_secret(cluster)


def test_a_caller_who_may_not_look_and_an_endpoint_that_is_broken(appliance: Start, tmp_path: Path) -> None:
    cluster, broken = appliance("qumulo"), appliance("rubrik_rsc")
    done(cluster, "service_account", name="svc-poor")
    poor = token(cluster, "svc-poor", expires_in="60d")
    broken.fault("*:.*:500")
    made_by = Report(tmp_path)
    made_by.host("poor", place_of(cluster), {"token": poor["token"]}, [])
    made_by.host("broken", place_of(broken), administrator(broken))
    made_by.read["wrong"] = {"failed": True, "msg": "'nowhere' is undefined"}
    document = made_by.written(fail_on="critical")
    found = [one["code"] for one in document["findings"]]
    assert found.count("unreachable") == 2
    assert "not_permitted" in found
    assert any("PRIVILEGE_" in one["advice"] for one in document["findings"] if one["code"] == "not_permitted")
    assert not {"dead_in_store", "orphan"} & set(found)
    assert made_by.result["failure"].startswith("The report has 2 critical findings")
    made_by.assert_no_secret(cluster, broken)


def test_a_stored_value_that_is_dead_and_one_that_is_none(appliance: Start, tmp_path: Path) -> None:
    cluster = appliance("qumulo")
    (tmp_path / "vault.yml").write_text(
        inline("dead", "access-v1:" + "A" * 40) + inline("odd", "no token\nat all") + 'other: "{{ dead }}"\n'
    )
    made_by = Report(tmp_path)
    stores = [{"vars_file": "vault.yml", "var": var, "account": "a"} for var in ("dead", "odd", "other", "missing")]
    made_by.host("cluster", place_of(cluster), administrator(cluster), [*stores, {"vars_file": "gone.yml", "var": "x"}])
    document = made_by.written()
    told = {one["what"] for one in document["findings"] if one["code"] in ("dead_in_store", "store_unreadable")}
    expected = (
        "is refused by the platform",
        "no bearer token has",
        "a reference to another variable",
        "holds no value in missing",
        "There is no",
    )
    assert len(told) == len(expected)
    for words in expected:
        assert any(words in one for one in told), words


def test_hosts_that_stand_for_one_endpoint_ask_it_once(appliance: Start, tmp_path: Path) -> None:
    cluster = appliance("qumulo")
    made_by = Report(tmp_path)
    there = place_of(cluster)
    other = {"token": done(cluster, "access_token", expires_in="60d")["token"]}
    for host, auth in (("a", administrator(cluster)), ("b", administrator(cluster)), ("c", other)):
        made_by.read[host] = made_by.step("read", host, **there, auth=auth)
    made_by.read["d"] = {"failed": True}
    planned = made_by.step("planned", hosts=["a", "b", "c", "d"], read=made_by.read)
    assert planned["looking"] == ["a", "c"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"warn": "soon"}, "report_warn"),
        ({"mode": "rw-r--r--"}, "report_mode: 'rw-r--r--' is invalid"),
        ({"directory": "/proc/nowhere/report"}, "report_directory: /proc/nowhere/report cannot be created"),
        ({"fail_on": "always"}, "value of fail_on must be one of"),
        ({"matched": []}, "--limit b leaves no host of report_group=report, so nothing was looked at"),
    ],
)
def test_what_is_refused_before_anything_is_asked(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(LatchkeyError, match=words):
        Report(tmp_path).step("checked", hosts=["a"], pattern="report", limit="b", **{"matched": ["a"], **options})


def test_the_permissions_of_the_files(appliance: Start, tmp_path: Path) -> None:
    made_by = Report(tmp_path)
    made_by.written()
    out = tmp_path / "out"
    assert sorted(one.name for one in out.iterdir()) == FILES
    assert {one.stat().st_mode & 0o777 for one in out.iterdir()} == {0o600}
    assert out.stat().st_mode & 0o777 == 0o700
    made_by.written(mode="0640")
    made_by.written()
    assert {one.stat().st_mode & 0o777 for one in out.iterdir()} == {0o640}


# The playbook


def run(made: Fleet, ansible: Ansible, *arguments: str, **variables: Any) -> Run:
    """Run the playbook on the inventory of a fleet's rotation."""
    given = {"report_group": "rotate", **variables}
    return ansible.run(
        PLAYBOOK, ["-i", str(made.folder / "fleet.yml"), "--vault-id", "prod@prod-password", "-e", json.dumps(given), *arguments]
    )


def test_the_inventory_of_the_rotation_serves_the_report(each_core: Ansible) -> None:
    """With an endpoint that cannot be asked, a host whose variables are wrong, and a name that is a template on top."""
    with fleet(each_core, credentials=4, clusters=2, files=1) as made:
        groups = yaml.safe_load(made.inventory().read_text())
        untrusted = f"localhost:{made.clusters[0].simulator.port}"  # which is not asked again, as one that does not answer would be
        gone = {"report_platform": "qumulo", "report_endpoint": untrusted, "report_auth": {"token": "x"}}
        groups["more"] = {"hosts": {"gone": gone, "wrong": {**gone, "report_auth": {"token": "{{ nowhere }}"}}}}
        (made.folder / "fleet.yml").write_text(yaml.safe_dump(groups))
        made.clusters[0].account_with_token("{{ lookup('pipe', 'touch evil') }}")
        out = made.folder / "out"
        ended = run(made, each_core, "-vvvv", report_group="rotate:more", report_directory=str(out))
        made.assert_no_secret(ended.output + "".join(one.read_text() for one in out.iterdir()))
        assert not (made.folder / "evil").exists()
        # Once for each cluster, whatever the number of its hosts.
        journals = [[(one["method"], one["path"]) for one in cluster.simulator.journal()] for cluster in made.clusters]
        asked = [one.count(("GET", "/v1/auth/access-tokens/")) for one in journals]
    assert ended.returncode == 2
    assert ended.failures[-1] == "The report has 2 critical findings, and report_fail_on is critical."
    document = json.loads((out / "report.json").read_text())
    assert sorted(one.name for one in out.iterdir()) == FILES
    assert document["totals"]["stored"] == document["totals"]["stores"] == 4
    assert {one["code"] for one in document["findings"]} == {"unreachable", "never_expires", "orphan", "administrator"}
    assert {one["host"] for one in document["findings"] if one["code"] == "unreachable"} == {"wrong", "gone"}
    orphans = {one["account"] for one in document["findings"] if one["code"] == "orphan"}
    assert orphans == {"svc-ansible", "{{ lookup('pipe', 'touch evil') }}"}
    assert asked == [1, 1]
    assert re.match(r"9 credentials at [34] endpoints \([12] could not be asked\); 4 in a store", ended["Show the report"]["msg"][-1])


def test_runs_that_do_not_fail_and_that_have_no_host(ansible: Ansible) -> None:
    with fleet(ansible, credentials=1, clusters=1, files=1) as made:
        made.inventory()
        tell = [{"ansible.builtin.debug": {"msg": "{{ report_notify.subject }} {{ report_notify_summary.credentials }}"}, "name": "Tell"}]
        (made.folder / "tell.yml").write_text(yaml.safe_dump(tell))
        quiet = run(made, ansible, report_fail_on="critical", report_notify_tasks=str(made.folder / "tell.yml"))
        assert quiet.returncode == 0
        assert re.match(r"Credentials: 3 credentials at 1 endpoint; 1 in a store; findings: .* 3$", quiet["Tell"]["msg"])
        assert not (made.folder / "out").exists()  # no directory, no files
        unsent = run(made, ansible, report_notify_tasks=str(made.folder / "nowhere.yml"))
        nothing = run(made, ansible, report_group="storrage")
    assert unsent.returncode == 2
    assert "The report is written, but report_notify_tasks failed" in unsent.output
    assert nothing.returncode == 2
    assert "No host of the inventory matches report_group=storrage, so nothing was looked at." in nothing.failures[0]
