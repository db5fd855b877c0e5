# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_access_key: created, found and deleted; the last key, which is never lost by accident; and what no public source tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, live, refused, twelve_cases, writes
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import defaults, shared_options
from tests.simulator.launch import Simulator
from tests.simulator.qumulo._settings import SETTINGS

USER = {"user": "local:svc-one"}
KEYS = "/v1/s3/access-keys/"
CHOICES = [
    (name, choice)
    for name, setting in SETTINGS.items()
    if name.startswith(("s3_", "user_with_limit", "page_size", "paging_end", "user_list"))
    for choice in (("1",) if name == "page_size" else setting.choices)
]


@pytest.fixture
def one(cluster: InProcess) -> InProcess:
    """A cluster with the account svc-one that has no key."""
    done(cluster, "service_account", name="svc-one")
    return cluster


def keys_of(simulator: Simulator, account: str = "svc-one") -> list[str]:
    return live(simulator, "s3_access_key", account=account)


def listed(simulator: Simulator, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(simulator, "s3_access_key_info", **options)["s3_access_keys"]
    return found


def test_twelve_cases(ansible: Ansible, qumulo: Simulator) -> None:
    """A key has nothing to change, so the change is from two keys to one."""
    key = "latchkey.tokens.s3_access_key"
    results = twelve_cases(
        ansible,
        "s3_access_key",
        {
            "create": USER,
            "change": {**USER, "state": "absent", "access_key_id": "{{ second.access_key_id }}"},
            "delete": {**USER, "state": "absent", "delete_last": True},
        },
        simulator=qumulo,
        look={"latchkey.tokens.s3_access_key_info": USER},
        before={
            "create": [{"latchkey.tokens.service_account": {"name": "svc-one"}}],
            "change": [{key: {**USER, "additional": True}, "register": "second"}],
        },
        module_defaults=defaults(qumulo),
    )
    assert results["create: in check mode"]["access_key_id"] is None
    created = results["create: for real"]
    [seen] = created["look"]["s3_access_keys"]
    assert seen == {name: created[name] for name in ("access_key_id", "account", "account_id", "created_at")}
    assert results["create: again for real"]["access_key_id"] == created["access_key_id"]
    assert len(results["change: in check mode"]["look"]["s3_access_keys"]) == 2
    assert [one["access_key_id"] for one in results["change: for real"]["look"]["s3_access_keys"]] == [created["access_key_id"]]
    assert results["delete: for real"]["deleted"] == [created["access_key_id"]]
    assert results["delete: for real"]["look"]["s3_access_keys"] == []


@pytest.mark.parametrize(("setting", "choice"), CHOICES)
def test_the_life_of_keys(appliance: Start, setting: str, choice: str) -> None:
    simulator = appliance("qumulo", **{setting: choice})
    done(simulator, "service_account", name="svc-one")
    done(simulator, "s3_access_key", user="local:guest")
    assert done(simulator, "s3_access_key", **USER, check=True)["changed"] is True
    first = done(simulator, "s3_access_key", **USER)
    assert (first["changed"], first["account"], len(first["secret_access_key"])) == (True, "svc-one", 40)
    again = done(simulator, "s3_access_key", **USER)
    assert again == {name: first[name] for name in ("access_key_id", "account", "account_id", "created_at")} | {
        "changed": False,
        "diff": {side: {"s3_access_keys": [first["access_key_id"]]} for side in ("before", "after")},
    }
    second = done(simulator, "s3_access_key", **USER, additional=True)
    assert done(simulator, "s3_access_key", **USER)["access_key_id"] == second["access_key_id"], "the one that was created last"
    message = refused(simulator, "s3_access_key", **USER, additional=True)
    assert first["access_key_id"] in message
    assert second["access_key_id"] in message
    ids = {first["access_key_id"], second["access_key_id"]}
    assert {entry["access_key_id"] for entry in listed(simulator, **USER)} == ids
    assert {entry["account"] for entry in listed(simulator)} == {"guest", "svc-one"}, "names, though a list may tell ids only"

    by_id = {"state": "absent", "access_key_id": first["access_key_id"]}
    assert done(simulator, "s3_access_key", **by_id, check=True)["deleted"] == [first["access_key_id"]]
    assert done(simulator, "s3_access_key", **by_id)["changed"] is True
    assert done(simulator, "s3_access_key", **by_id)["changed"] is False
    for options in (USER, {"access_key_id": second["access_key_id"]}):
        assert "Set delete_last=true" in refused(simulator, "s3_access_key", **options, state="absent")
    assert keys_of(simulator) == [second["access_key_id"]]
    gone = done(simulator, "service_account", name="svc-one", state="absent", check=True)
    assert gone["deleted_s3_access_keys"] == gone["diff"]["before"]["s3_access_keys"] == [second["access_key_id"]]
    assert done(simulator, "service_account", name="svc-one", state="absent")["deleted_s3_access_keys"] == [second["access_key_id"]]
    assert len(listed(simulator)) == 1
    sent = writes(simulator.journal())
    assert sent.index(f"DELETE {KEYS}{second['access_key_id']}") < sent.index(f"DELETE /v1/users/{first['account_id']}")


@pytest.mark.parametrize("status", SETTINGS["s3_limit_status"].choices)
def test_a_third_key_that_only_the_cluster_refuses(appliance: Start, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """Another program may create one between our look and our request."""
    monkeypatch.setattr("ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.platform.Qumulo.s3_key_limit", None)
    simulator = appliance("qumulo", s3_limit_status=status)
    for _unused in range(2):
        done(simulator, "s3_access_key", user="local:guest", additional=True)
    message = refused(simulator, "s3_access_key", user="local:guest", additional=True)
    assert f"HTTP {status}" in message
    assert "two S3 access keys already" in message
    assert ("its secret is lost" in message) is (status == "500")


def test_a_lost_answer_is_not_asked_for_again(one: InProcess) -> None:
    one.loses = lambda entry: (entry["method"], entry["path"]) == ("POST", KEYS)
    message = refused(one, "s3_access_key", **USER)
    assert "its secret is lost: find it with s3_access_key_info" in message
    assert len(keys_of(one)) == 1


BAD: list[tuple[Mapping[str, Any], str]] = [
    ({"state": "absent"}, "state=absent needs user or access_key_id"),
    ({"delete_last": True}, "delete_last goes with state=absent"),
    ({**USER, "state": "absent", "additional": True}, "additional goes with state=present"),
    ({"additional": True, "access_key_id": "x"}, "mutually exclusive"),
    ({"user": ""}, "user: it is empty"),
    ({"access_key_id": "", "state": "absent"}, "access_key_id: it is empty"),
    ({"access_key_id": "unknown"}, "there is no S3 access key unknown"),
    ({**USER, "access_key_id": "unknown"}, "svc-one (id 1002) has no S3 access key unknown"),
    ({"user": "local:nowhere"}, "there is no user 'local:nowhere'"),
    ({"user": "local:Users"}, "only users can have S3 access keys"),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=str)
def test_bad_options(one: InProcess, options: Mapping[str, Any], words: str) -> None:
    assert words in refused(one, "s3_access_key", **options)
    assert live(one, "s3_access_key") == []


def test_rights(appliance: Start) -> None:
    """An account manages its own keys; it lists no others, and its failure is not taken for an empty list."""
    simulator = appliance("qumulo", service_account_role="none")
    me = {"token": simulator.service_account["token"]}
    foreign = done(simulator, "s3_access_key", user="local:guest")["access_key_id"]
    own = done(simulator, "s3_access_key", **me)
    assert own["account"] == "svc-ansible"
    assert [one["access_key_id"] for one in listed(simulator, **me, user="auth_id:1001")] == [own["access_key_id"]]
    assert "HTTP 403" in refused(simulator, "s3_access_key_info", **me)
    assert "HTTP 403" in refused(simulator, "s3_access_key", **me, state="absent", access_key_id=foreign)
    assert "HTTP 403" in refused(simulator, "s3_access_key", **me, user="auth_id:501")
    gone = {"state": "absent", "access_key_id": own["access_key_id"], "delete_last": True}
    assert done(simulator, "s3_access_key", **me, **gone)["changed"] is True
    assert done(simulator, "s3_access_key", **me, user="auth_id:1001", **gone)["changed"] is False


def test_what_a_deleted_account_left_is_deleted_by_its_id(one: InProcess) -> None:
    """As another program leaves it, which deletes the account alone."""
    key = done(one, "s3_access_key", **USER)
    with open_platform(resolve_connection({**shared_options(one), "ca_path": None}, {})) as platform:
        assert platform.probe("DELETE", f"/v1/users/{key['account_id']}").status == 200
    assert [(left["access_key_id"], left["account"]) for left in listed(one)] == [(key["access_key_id"], "")]
    by_id = {"state": "absent", "access_key_id": key["access_key_id"], "delete_last": True}
    assert done(one, "s3_access_key", **by_id)["deleted"] == [key["access_key_id"]]
    assert listed(one) == []
    assert done(one, "s3_access_key", **by_id)["changed"] is False


def test_who_may_not_list_keys_is_warned_when_an_account_is_deleted(appliance: Start) -> None:
    simulator = appliance("qumulo", service_account_role="none")
    rights = [f"PRIVILEGE_{one}" for one in ("LOCAL_USER_READ", "LOCAL_USER_WRITE", "ROLE_READ", "ROLE_WRITE", "ACCESS_TOKENS_READ")]
    done(simulator, "service_account", name="svc-ansible", privileges=[*rights, "PRIVILEGE_IDENTITY_READ"])
    done(simulator, "service_account", name="svc-one")
    result = done(simulator, "service_account", token=simulator.service_account["token"], name="svc-one", state="absent")
    assert "It takes PRIVILEGE_S3_CREDENTIALS_READ or PRIVILEGE_S3_BUCKETS_READ." in result["warnings"][0]
    assert "deleted_s3_access_keys" not in result


@pytest.mark.parametrize("platform", ["rubrik_cdm", "rubrik_rsc"])
@pytest.mark.parametrize("module", ["s3_access_key", "s3_access_key_info"])
def test_other_platforms_say_that_they_cannot_do_that(appliance: Start, platform: str, module: str) -> None:
    result = do(appliance(platform), module)
    assert result["failed"] is True
    assert "cannot list S3 access keys." in result["msg"]
