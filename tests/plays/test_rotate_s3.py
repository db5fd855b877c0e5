# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate and the S3 access keys of Qumulo Core: no S3 client has a failed request, whatever happens to the run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    CheckFailedError,
    ForbiddenError,
    OptionError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds import KINDS
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_base import WantedCredential
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.kinds_s3_access_keys import S3AccessKeys
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import Owner
from tests.plays._ansible import Ansible
from tests.plays._in_process_simulator import InProcess, Start, simulators_in_this_process
from tests.plays._options import administrator, where
from tests.plays._s3_rig import ID_VAR, KeyRig, s3_client
from tests.simulator.launch import Simulator, launch
from tests.simulator.qumulo._settings import SETTINGS


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with launch("qumulo", directory=tmp_path_factory.mktemp("qumulo")) as running:
        yield running


@pytest.fixture
def rig(ansible: Ansible, simulator: Simulator, shared_administrator: dict[str, str]) -> KeyRig:
    return KeyRig(ansible, simulator, _admin=shared_administrator)


class Program:
    """A program that lists buckets again and again, with the key in the vars file as it is at that moment."""

    def __init__(self, rig: KeyRig) -> None:
        self._rig = rig
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.used: list[str] = []  # ids of keys, each time that another one is in use
        self.listed = 0
        self.failures: list[str] = []

    def __enter__(self) -> Program:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        client: Any = None
        while not self._end.wait(0.02):  # between two requests, so that there is time for the rotation too
            key_id = str(self._rig.stored(ID_VAR))
            if key_id not in self.used[-1:]:
                self.used.append(key_id)
                client = s3_client(self._rig.simulator, key_id, self._rig.stored())
            try:
                client.list_buckets()
                self.listed += 1
            except Exception as failure:  # noqa: BLE001  (any is one too many)
                self.failures.append(str(failure))


def test_boto3_before_during_and_after_a_rotation(rig: KeyRig) -> None:
    old = rig.seed()
    later: dict[str, Any] = {"rotate_retire_after": "1s"}
    with rig.rest_untouched(), Program(rig) as program:
        result = rig.result(rig.rotate(**later))
        new = rig.assert_works()
        assert (result["old_token_id"], result["token_id"], result["retired"]) == (old, new, False)
        assert f"S3 access key {old} was replaced by {new}" in result["message"]
        rig.result(rig.rotate(**later, rotate_force=False))
        assert rig.assert_current() == new
    assert program.failures == []
    assert program.used == [old, new]
    assert program.listed > 20
    sent = [one for one in rig.simulator.journal() if one["auth"] == "s3_access_key" and one["user_agent"] == "latchkey.tokens"]
    assert {(one["method"], one["path"], one["status"]) for one in sent} == {("GET", "/", 200)}


def test_the_first_key_is_created(rig: KeyRig) -> None:
    rig.seed(stored=False)
    assert rig.result(rig.rotate())["reason"] == "no credential is stored yet"
    first = rig.assert_settled()
    would = rig.would(rig.rotate(check=True))
    assert would[:2] == ["create a new S3 access key that never expires", f"store it in {rig.name}, and its id in {ID_VAR}"]
    assert would[-1] == f"delete the old S3 access key {first}"


# The kind by itself, under every behaviour of a cluster that no public source tells

CHOICES = [(name, choice) for name, one in SETTINGS.items() if name.startswith("s3_") for choice in one.choices if name != "s3_api"]


def credentials(simulator: InProcess, auth: Mapping[str, Any] | None = None, **wanted: Any) -> S3AccessKeys:
    """Return the port of the engine, on a cluster in this process; as the administrator by default."""
    given = {"account": "local:svc-ansible", "var": "secret", "id_var": "id", **wanted}
    platform = open_platform(resolve_connection({**where(simulator), **(auth or administrator(simulator)), "ca_path": None}, {}))
    kind = KINDS["s3_access_key"](SimpleNamespace(platform=platform), WantedCredential(**given), None, print)  # type: ignore[arg-type]
    assert isinstance(kind, S3AccessKeys)
    return kind


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return simulators_in_this_process(monkeypatch)


@pytest.mark.parametrize(("setting", "choice"), CHOICES)
def test_the_kind_on_any_cluster(start: Start, setting: str, choice: str) -> None:
    simulator = start("qumulo", service_account_role="Administrators", **{setting: choice})
    keys = credentials(simulator)
    first = keys.create({}, {})
    second = keys.create({}, {})
    with pytest.raises(RequestError, match="two S3 access keys already"):
        keys.create({}, {})
    assert {one["token_id"] for one in keys.look().credentials} == {first.id, second.id}
    for one in (first, second):
        assert keys.prove(f"{one.secret}\n", one.id, "1001", one.id) == Owner("svc-ansible", "1001", one.id)
    keys.revoke([first.id, "of others"])
    assert keys.check(first.secret, first.id) is None
    assert keys.find([first.id, second.id]) == [second.id]
    with pytest.raises(CheckFailedError, match="does not take the stored key"):
        keys.prove(first.secret, first.id, "1001", first.id)
    if (setting, choice) in (("s3_wrong_secret", "AccessDenied"), ("s3_wrong_secret", "Unauthorized")):
        with pytest.raises(RequestError, match="cannot list the S3 buckets"):
            keys.check("another secret", second.id)
    else:
        assert keys.check("another secret", second.id) is None


def test_who_may_not_list_buckets_cannot_be_told_from_a_dead_key(start: Start) -> None:
    keys = credentials(start("qumulo", service_account_role="none", s3_list_buckets="privilege"))
    made = keys.create({}, {})
    with pytest.raises(ForbiddenError, match="The key may be deleted, or its account may not list buckets"):
        keys.check(made.secret, made.id)


def test_a_key_of_another_account_is_recognised_as_that(start: Start) -> None:
    simulator = start("qumulo")
    made = credentials(simulator, account="local:guest").create({}, {})
    assert credentials(simulator).check(made.secret, made.id) == Owner("guest", "501", made.id)
    with pytest.raises(CheckFailedError, match="is of guest"):
        credentials(simulator).prove(made.secret, made.id, "1001", made.id)
    with pytest.raises(CheckFailedError, match=f"id holds {made.id}, and not another"):
        credentials(simulator).prove(made.secret, made.id, "501", "another")


@pytest.mark.parametrize(("version", "works"), [("7.2.3.1", True), ("7.2.2", False)])
def test_an_account_rotates_its_own_key(start: Start, version: str, works: bool) -> None:
    simulator = start("qumulo", version, service_account_role="none")
    own = credentials(simulator, {"token": simulator.service_account["token"]}, account="auth_id:1001")
    with nullcontext() if works else pytest.raises(ForbiddenError, match="missing privilege: S3_CREDENTIALS"):
        first, second = own.create({}, {}), own.create({}, {})
        assert own.prove(second.secret, second.id, "1001", second.id).account == "svc-ansible"
        own.revoke([first.id])
        assert own.check(first.secret, first.id) is None
        assert own.find([first.id, second.id]) == [second.id]


def test_a_secret_without_an_id_is_adopted(start: Start) -> None:
    keys = credentials(start("qumulo"))
    made = [keys.create({}, {}) for _unused in range(2)]
    assert [keys.check(one.secret, None) for one in made] == [Owner("svc-ansible", "1001", one.id) for one in made]
    assert keys.check("another secret", None) is None


def test_the_clock_that_counts_is_the_clusters(start: Start) -> None:
    simulator = start("qumulo")
    keys = credentials(simulator)
    made = keys.create({}, {})
    simulator.advance(3 * 86400)
    assert credentials(simulator).check(made.secret, made.id)


def test_a_disabled_api_says_what_to_do(start: Start) -> None:
    keys = credentials(start("qumulo", s3_api="disabled"))
    made = keys.create({}, {})
    with pytest.raises(RequestError, match="The S3 API must be enabled on the cluster, and take HTTPS: qq s3_modify_settings --enable"):
        keys.check(made.secret, made.id)


@pytest.mark.parametrize(
    ("endpoint", "words"), [("http://elsewhere.example.com", "S3 endpoint: plain http"), ("a b", "S3 endpoint: 'a b' is not a host")]
)
def test_a_malformed_endpoint_is_refused_before_anything_is_created(start: Start, endpoint: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        credentials(start("qumulo"), s3_endpoint=endpoint).look()


def test_an_answer_that_is_no_list_of_buckets_proves_nothing(start: Start) -> None:
    simulator = start("qumulo")
    keys = credentials(simulator)
    made = keys.create({}, {})
    simulator.fault("GET:^/_s3/$:strange:1")
    with pytest.raises(AnswerError, match="it is no list of buckets"):
        keys.check(made.secret, made.id)
