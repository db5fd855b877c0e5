# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts on Rubrik, in place and by replacement."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.contract._rsc_tenant import ADMINISTRATOR
from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import Saboteur, adds_fault, encrypted, failure, role, run_and_kill
from tests.integration._rotation_rubrik import FAILING, SecretRig, both, rig_of
from tests.simulator.launch import Simulator, launch

KINDS = [f"{strategy}-{platform}" for platform in ("rsc", "cdm") for strategy in ("in_place", "replace")]


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """One of each platform, shared: every test begins with accounts of its own."""
    with both(tmp_path_factory) as simulators:
        yield simulators


def secret_rig(kind: str, ansible: Ansible, simulators: dict[str, Simulator]) -> SecretRig:
    rig = rig_of(kind, ansible, simulators)
    assert isinstance(rig, SecretRig)
    return rig


@pytest.fixture
def rig(request: pytest.FixtureRequest, ansible: Ansible, simulators: dict[str, Simulator]) -> SecretRig:
    """The rig of a kind, as indirect parameter."""
    return secret_rig(request.param, ansible, simulators)


def each(*kinds: str, chaos: tuple[str, ...] = ()) -> Any:
    """Run a test with the rigs of these kinds, and of some only with -m chaos."""
    marked = [pytest.param(one, marks=pytest.mark.chaos) for one in chaos]
    return pytest.mark.parametrize("rig", [*kinds, *marked], indirect=True)


# The vars file is put in place for the note that a secret is about to be made, and again with the secret; in between comes the rescue file.
RESCUED, STORED = "before fsync of file#3", "before replace#3"
FULL = "raise OSError(28, 'No space left on device')"


@each("in_place-rsc", "replace-rsc", "replace-cdm", chaos=("in_place-cdm",))
def test_first_then_forced_then_nothing_to_do(rig: SecretRig) -> None:
    rig.seed(stored=False)
    with rig.rest_untouched():
        run = rig.rotate(tasks=[*role(rig.variables(), "First"), *role(rig.variables(rotate_force=True), "Forced")])
    first, forced = rig.result(run, "First"), rig.result(run, "Forced")
    client_id = rig.assert_settled()
    assert (first["rotated"], first["reason"], first["old_token_id"]) == (True, "no credential is stored yet", None)
    assert (forced["rotated"], forced["reason"], forced["token_id"]) == (True, "it was asked for", client_id)
    replaced = rig.strategy == "replace"
    assert (first["token_id"] == client_id) is not replaced
    assert (forced["old_token_id"], forced["retired"]) == ((first["token_id"], True) if replaced else (None, False))
    assert forced["next_due"] is None
    with rig.nothing_changes():
        assert rig.assert_unchanged()["token_id"] == client_id


@pytest.mark.chaos
@pytest.mark.parametrize("kind", KINDS)
def test_with_each_core(kind: str, each_core: Ansible, simulators: dict[str, Simulator]) -> None:
    rig = secret_rig(kind, each_core, simulators)
    rig.seed()
    assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
    rig.assert_settled()
    rig.assert_unchanged()


@each("in_place-rsc", chaos=("replace-cdm", "in_place-cdm", "replace-rsc"))
def test_the_stored_secret_is_refused(rig: SecretRig) -> None:
    client_id = rig.seed()
    held = rig.held()[client_id]
    rig.appliance.rotate(client_id)
    if rig.strategy == "replace" and rig.simulator.platform == "rubrik_rsc":
        rig.appliance.delete(client_id)
    with rig.rest_untouched():
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "the platform refuses the stored credential")
    assert rig.held()[rig.assert_settled()]["roles"] == held["roles"]


@each("in_place-rsc", chaos=("in_place-cdm", "replace-cdm", "replace-rsc"))
def test_names_that_are_mixed_up(rig: SecretRig) -> None:
    """The message about the client id would quote the secret."""
    rig.seed()
    with rig.nothing_changes():
        same = rig.rotate(rotate_client_id_var=rig.name)
        swapped = rig.rotate(rotate_var=rig.id_name, rotate_client_id_var=rig.name)
    assert "name the same variable" in same.failures[0]
    assert swapped.returncode == 2
    if rig.strategy == "in_place":
        assert f"holds the client id ******** in {rig.name}, but {rig.account} is" in swapped.failures[0]


@each("in_place-rsc", "replace-cdm", chaos=("in_place-cdm", "replace-rsc"))
def test_a_vars_file_that_cannot_be_read_costs_no_session(rig: SecretRig) -> None:
    rig.seed()
    before = len(rig.simulator.journal())
    with rig.nothing_changes():
        run = rig.rotate(vault=[])
    assert run.returncode == 2
    assert len(rig.simulator.journal()) == before


@each("in_place-rsc", "replace-rsc", chaos=("in_place-cdm", "replace-cdm"))
def test_check_mode_and_diff(rig: SecretRig) -> None:
    client_id = rig.seed()
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_force=True, rotate_orphans="revoke")
    result = rig.result(run)
    assert (result["rotated"], result["token_id"]) == (True, client_id)
    made = run["Would make a new secret" if rig.strategy == "in_place" else "Make the new account"]
    assert made["changed"] is True
    assert made["diff"]["after"] != made["diff"]["before"]
    assert run["Would write the vars file"]["changed"] is True


@each(chaos=("in_place-rsc", "in_place-cdm"))
def test_a_secret_grows_old(rig: SecretRig) -> None:
    rig.seed()
    rig.rotate(rotate_max_age="30d").assert_ok()  # the age counts from when the role sees it first
    old = rig.state["current"]["minted_at"]
    rig.write(rig.text.replace(old, "2026-01-01T00:00:00Z"))
    result = rig.result(rig.rotate(rotate_max_age="30d"))
    assert re.fullmatch(r"it is \d+ d( \d+ h)? old", result["reason"])
    assert result["next_due"] > old
    rig.assert_settled()


@each(chaos=("replace-rsc", "replace-cdm"))
def test_an_account_grows_old(rig: SecretRig) -> None:
    rig.seed(stored=False)
    client_id, secret = rig.appliance.create(f"{rig.account}-20260101T000000Z")
    rig.store(client_id, secret)
    result = rig.result(rig.rotate(rotate_max_age="30d", rotate_roles=[]))
    assert result["reason"].startswith("it is ")
    assert result["old_token_id"] == client_id
    account = rig.held()[rig.assert_settled()]
    assert re.fullmatch(re.escape(rig.account) + r"-\d{8}T\d{6}Z", account["name"])
    if rig.simulator.platform == "rubrik_rsc":
        assert account["description"] == "a robot"


# A check fails


@each("replace-rsc", chaos=("replace-cdm",))
def test_a_failing_check_undoes_a_replacement(rig: SecretRig) -> None:
    rig.seed()
    with rig.all_undone(), rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
    assert "was not rotated, and all is as it was before" in said
    assert "GET /api/nowhere was answered with HTTP 404 instead of 200." in said
    rig.assert_works()


@each(chaos=("replace-rsc", "replace-cdm"))
def test_a_failing_check_undoes_the_first_account(rig: SecretRig) -> None:
    rig.seed(stored=False)
    with rig.all_undone(), rig.rest_untouched():
        said = failure(rig.rotate(rotate_checks=FAILING))
    assert "holds no credential yet" in said


@each("in_place-rsc", chaos=("in_place-cdm",))
def test_a_failing_check_cannot_undo_a_rotation_in_place(rig: SecretRig) -> None:
    rig.seed()
    old = rig.stored()
    with rig.rest_untouched():
        said = failure(rig.rotate(rotate_force=True, rotate_checks=FAILING))
        assert (
            f"svc-ansible on {rig.simulator.url} has a new secret, and {rig.path} holds it, but it could not be proved. "
            "Such a rotation cannot be undone, so the new secret stays; the next run proves it again." in said
        )
        assert "GET /api/nowhere was answered with HTTP 404 instead of 200." in said
        rig.assert_works()
        new = rig.stored()
        assert new != old
        assert rig.rescued() == new
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "an earlier run stored it and stopped")
    rig.assert_settled()
    assert rig.stored() == new


def test_the_first_account_needs_roles(ansible: Ansible, simulators: dict[str, Simulator]) -> None:
    rig = secret_rig("replace-rsc", ansible, simulators)
    rig.seed(stored=False)
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_roles=[]))
    assert said.endswith("Nothing was rotated. Name its roles in rotate_roles.")


REFUSED = ("403", "409")
# The last point before the request that makes the secret, and the end of that request's path.
MAKING = {"rubrik_rsc": ("answered POST /api/graphql#3", "/graphql"), "rubrik_cdm": ("after replace#1", "/rotate")}


def _answers() -> list[Any]:
    kinds = ("403", "409", "500", "drop", "cut", "close", "nonsense", "strange")
    always = {("403", "rsc"), ("drop", "cdm")}
    return [
        pytest.param(f"in_place-{platform}", kind, marks=[] if (kind, platform) in always else pytest.mark.chaos)
        for kind in kinds
        for platform in ("rsc", "cdm")
    ]


@pytest.mark.parametrize(("rig", "kind"), _answers(), indirect=["rig"])
def test_the_answer_with_the_secret_does_not_come(rig: SecretRig, saboteur: Saboteur, kind: str) -> None:
    rig.seed()
    before = rig.path.read_bytes()
    point, path = MAKING[rig.simulator.platform]
    env = saboteur.environment(rig.file, point, adds_fault(rig.simulator, f"POST:{path}$:{kind}:1"))
    run = rig.rotate(env=env, rotate_force=True)
    said = failure(run)
    rig.simulator.clear_faults()
    if kind in REFUSED:
        assert f"was not rotated. All is as it was before: {rig.path} holds what it held." in said
        assert run["Keep that all is as it was before"]["ansible_facts"] == {"rotate_undone": True}
        assert rig.path.read_bytes() == before
        rig.assert_works()
    else:
        assert f"Whether a secret was made is not known, so the next run makes another one; {rig.path} still holds the old one." in said
        assert rig.result(rig.rotate())["rotated"] is True
        rig.assert_settled()


# Orphans, and what becomes of the old account


@each("replace-rsc", chaos=("replace-cdm",))
def test_orphans(rig: SecretRig) -> None:
    client_id = rig.seed()
    orphan, _unused = rig.appliance.create(f"{rig.account}-20260101T000000Z")
    rig.appliance.create(f"{rig.account}-other")  # of no rotation of this role
    with rig.nothing_changes():
        said = failure(rig.rotate(rotate_force=True))
    assert f"The rotation has 1 live account that this vars file does not know: {orphan}, made 2026-01-01T00:00:00Z." in said
    assert "delete it with latchkey.tokens.service_account, or set rotate_orphans to revoke or ignore" in said
    with rig.rest_untouched():
        run = rig.rotate(
            tasks=[
                *role(rig.variables(rotate_force=True, rotate_orphans="ignore"), "Ignore"),
                *role(rig.variables(rotate_orphans="revoke"), "Revoke"),
            ]
        )
        assert f"Account {orphan} of the rotation is live and no vars file knows it." in " ".join(run.output.split())
        new = rig.result(run, "Ignore")["token_id"]
        assert rig.result(run, "Ignore")["old_token_id"] == client_id
        assert rig.result(run, "Revoke")["rotated"] is False
    assert rig.assert_settled() == new
    for client_id in [key for key, one in rig.foreign().items() if one["name"].endswith("-other")]:
        rig.appliance.delete(client_id)


@each(chaos=("replace-rsc", "replace-cdm"))
def test_the_old_account_is_kept_for_a_while(rig: SecretRig) -> None:
    old = rig.seed()
    later: dict[str, Any] = {"rotate_retire_after": "1h"}
    run = rig.rotate(tasks=[*role(rig.variables(rotate_force=True, **later), "One"), *role(rig.variables(**later), "Two")])
    one, two = rig.result(run, "One"), rig.result(run, "Two")
    assert (one["retired"], two["rotated"]) == (False, False)
    rig.assert_settled([old, one["token_id"]])
    rig.write(rig.text.replace(rig.state["previous"]["delete_at"], "2026-01-01T00:00:00Z"))
    assert rig.result(rig.rotate(**later))["rotated"] is False
    assert rig.assert_settled() == one["token_id"]


def test_only_tokens_can_be_switched_off(ansible: Ansible, simulators: dict[str, Simulator]) -> None:
    rig = secret_rig("replace-rsc", ansible, simulators)
    rig.seed()
    with rig.nothing_changes():
        assert "only access tokens of Qumulo Core can be switched off" in failure(rig.rotate(rotate_retire="disable"))


# Logging in


@pytest.mark.parametrize("strategy", ["in_place"])
def test_a_code_is_used_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, strategy: str) -> None:
    with launch("rubrik_cdm", settings={"totp": "on", "code_reuse": "refused"}, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = SecretRig(ansible, simulator, strategy=strategy)
        account = simulator.service_account
        rig.store(account["client_id"], account["client_secret"])
        assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
        rig.assert_settled()
        logins = [one for one in simulator.journal() if one["path"] == "/api/internal/session" and one["method"] == "POST"]
        assert len(logins) == 2  # the challenge and its answer


@pytest.mark.parametrize(
    "settings",
    [{"rotate_tokens": "ended"}, pytest.param({"old_secret_seconds": "600"}, marks=pytest.mark.chaos)],
    ids=["ended", "old-one-works-on"],
)
def test_a_secret_rotates_itself(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> None:
    with launch("rubrik_rsc", settings=settings, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, role_id=ADMINISTRATOR, allow_ended=True)
        rig.seed()
        own = {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": simulator.ca_file}
        rig.play = {"vars_files": ["vault.yml"]}
        run = rig.rotate(
            tasks=[
                *role(rig.variables(rotate_auth=own, rotate_force=True), "One"),
                *role(rig.variables(rotate_auth=own), "Two"),  # with the new secret
            ]
        )
        assert (rig.result(run, "One")["rotated"], rig.result(run, "Two")["rotated"]) == (True, False)
        rig.assert_settled()


def test_an_account_that_rotates_itself_is_killed(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, saboteur: Saboteur) -> None:
    # The secret that it logs in with is dead by then; the one that works is in the rescue file.
    with launch("rubrik_rsc", settings={"rotate_tokens": "ended"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, role_id=ADMINISTRATOR, allow_ended=True)
        rig.seed()
        rig.more = {"rotate_auth": {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": simulator.ca_file}}
        rig.play = {"vars_files": ["vault.yml"]}
        assert run_and_kill(rig, saboteur, "before fsync of folder#3", rotate_force=True)
        new = rig.rescued()
        assert rig.result(rig.rotate())["reason"] == "an earlier run made a secret and could not store it"
        rig.assert_settled()
        assert rig.stored() == new


@pytest.mark.chaos
def test_an_account_replaces_itself(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, role_id=ADMINISTRATOR, strategy="replace", allow_ended=True)
        old = rig.seed()
        own = {"client_id": "{{ robot_id }}", "client_secret": "{{ robot_secret }}", "ca_path": simulator.ca_file}
        rig.play = {"vars_files": ["vault.yml"]}
        run = rig.rotate(rotate_auth=own, rotate_force=True)
        result = rig.result(run)
        assert result["retired"] is False  # an account that is in use deletes nobody's account, its own least of all
        assert f"the old credential {old} could not be retired; the next run tries again." in " ".join(run.output.split())
        rig.rotate(rotate_auth=own).assert_ok()
        assert rig.assert_settled() == result["token_id"]


# A new secret takes time to be known


@pytest.mark.parametrize("strategy", ["in_place", pytest.param("replace", marks=pytest.mark.chaos)])
def test_a_new_secret_is_not_taken_at_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, strategy: str) -> None:
    with launch("rubrik_rsc", settings={"new_secret_seconds": "3"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, strategy=strategy)
        rig.seed()
        simulator.advance(3)
        rig.rotate(rotate_force=True, rotate_sync_timeout="20s").assert_ok()
        rig.assert_settled()


@pytest.mark.chaos
@pytest.mark.parametrize("strategy", ["in_place", "replace"])
def test_a_new_secret_is_not_taken_in_time(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, strategy: str) -> None:
    with launch(
        "rubrik_rsc", settings={"new_secret_seconds": "60", "old_secret_seconds": "600"}, directory=tmp_path_factory.mktemp("rsc")
    ) as simulator:
        rig = SecretRig(ansible, simulator, strategy=strategy)
        rig.seed()
        simulator.advance(60)
        if strategy == "replace":
            with rig.all_undone():
                assert "all is as it was before" in failure(rig.rotate(rotate_force=True))
            return
        old = rig.stored()
        assert "cannot be undone, so the new secret stays" in failure(rig.rotate(rotate_force=True))
        simulator.advance(60)
        new = rig.stored()
        assert new != old
        rig.rotate().assert_ok()
        rig.assert_settled()
        assert rig.stored() == new


@dataclass
class Sync:
    """Does what Rubrik Security Cloud does with its service accounts: brings every new secret to a cluster, after a while."""

    source: SecretRig
    cluster: Simulator
    after: float
    stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Sync:
        self.known = self._secrets()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self.stopped.set()
        self.thread.join()

    def _secrets(self) -> dict[str, str]:
        return {key: one["secrets"][-1]["value"] for key, one in self.source.appliance.accounts().items()}

    def _work(self) -> None:
        while not self.stopped.wait(0.1):
            secrets = self._secrets()
            for client_id in [one for one in secrets if secrets[one] != self.known.get(one)]:
                self.bring(client_id, secrets[client_id], self.after)
            self.known = secrets

    def bring(self, client_id: str, secret: str, after: float) -> None:
        self.cluster.control("POST", "rsc_service_account", {"client_id": client_id, "client_secret": secret, "after": after})


@pytest.mark.parametrize(
    ("rig", "after", "in_time"),
    [
        pytest.param("in_place-rsc", 2, True, id="in_place-in-time"),
        pytest.param("replace-rsc", 2, True, id="replace-in-time", marks=pytest.mark.chaos),
        pytest.param("in_place-rsc", 600, False, id="in_place-too-late", marks=pytest.mark.chaos),
        pytest.param("replace-rsc", 600, False, id="replace-too-late"),
    ],
    indirect=["rig"],
)
def test_a_new_secret_takes_time_to_reach_a_cluster(rig: SecretRig, simulators: dict[str, Simulator], after: float, in_time: bool) -> None:
    cluster = simulators["cdm"]
    client_id = rig.seed()
    old = rig.stored()
    rig.more |= {
        "rotate_clusters": [{"endpoint": cluster.url, "ca_path": cluster.ca_file}],
        "rotate_sync_timeout": "30s" if in_time else "2s",
        "rotate_force": True,
    }
    sessions = cluster.credentials()
    with Sync(rig, cluster, after) as sync:
        sync.bring(client_id, old, 0)
        if in_time:
            result = rig.result(rig.rotate())
            assert result["rotated"] is True
            requests = [one for one in cluster.journal() if one["path"] == "/api/v1/service_account/session"]
            assert requests[-1]["status"] == 200
            rig.assert_settled()
        elif rig.strategy == "replace":
            with rig.all_undone():
                assert "all is as it was before" in failure(rig.rotate())
        else:
            said = failure(rig.rotate())
            assert "Such a rotation cannot be undone, so the new secret stays; the next run proves it again." in said
            assert "Rubrik CDM at" in said
            rig.assert_works()
            assert rig.stored() != old
            cluster.advance(600)
            rig.more.pop("rotate_force")
            rig.result(rig.rotate())
            rig.assert_settled()
    assert cluster.credentials() == sessions


def test_suspended_exemptions_are_told(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    with launch("rubrik_rsc", settings={"tpr_policies": "2"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator)
        account = simulator.service_account
        rig.store(account["client_id"], account["client_secret"])
        run = rig.rotate(rotate_force=True).assert_ok()
        assert "policies policy-1, policy-2" in " ".join(run.output.split())
        rig.assert_settled()


# The rescue file


@each("in_place-rsc", chaos=("in_place-cdm",))
def test_the_vars_file_cannot_be_written_once_there_is_a_secret(rig: SecretRig, saboteur: Saboteur) -> None:
    rig.seed()
    before = rig.path.read_bytes()
    env = saboteur.environment(rig.file, STORED, FULL)
    with rig.rest_untouched():
        said = failure(rig.rotate(env=env, rotate_force=True))
        assert f"has a new secret, but {rig.path} could not be written and still holds the old one, which may be dead." in said
        assert f"The new one is in {rig.rescue}, encrypted; once the cause is mended, the next run stores it." in said
        assert "the disk is full" in said
        assert rig.path.read_bytes() != before  # it tells that a rotation is under way
        new = rig.rescued()
        assert new is not None
        assert rig.appliance.works(rig.stored(rig.id_name), new)
        rig.assert_nothing_in_clear()
        result = rig.result(rig.rotate())
    assert (result["rotated"], result["reason"]) == (True, "an earlier run made a secret and could not store it")
    rig.assert_settled()
    assert rig.stored() == new


@each(chaos=("in_place-rsc", "replace-rsc"))
@pytest.mark.parametrize("whole", [False, True], ids=["value", "file"])
def test_several_vault_ids(rig: SecretRig, saboteur: Saboteur, whole: bool) -> None:
    rig.labels = ("dev", "prod")
    rig.seed()
    if whole:
        rig.write(encrypted(rig.text, "dev"))
    env = saboteur.environment(rig.file, STORED, FULL)
    with rig.rest_untouched():
        failure(rig.rotate(env=env, rotate_force=True))
        if rig.strategy == "in_place":
            assert "$ANSIBLE_VAULT;1.2;AES256;dev" in rig.rescue.read_text()
        rig.rotate(rotate_force=True).assert_ok()
    rig.assert_settled()
    assert rig.path.read_text().count(";AES256;dev") == 1


@pytest.mark.chaos
def test_neither_file_can_be_written_once_there_is_a_secret(ansible: Ansible, simulators: dict[str, Simulator], saboteur: Saboteur) -> None:
    rig = secret_rig("in_place-rsc", ansible, simulators)
    rig.seed()
    old = rig.stored()
    said = failure(rig.rotate(env=saboteur.environment(rig.file, [RESCUED, STORED], FULL), rotate_force=True))
    assert "The new one could not be kept anywhere; once the cause is mended, the next run makes another. " in said
    assert (rig.rescued(), rig.stored()) == (None, old)
    rig.rotate().assert_ok()
    rig.assert_settled()


# What is no dead secret


@each("in_place-rsc", chaos=("replace-rsc",))
def test_an_account_that_may_not_log_in_has_no_dead_secret(rig: SecretRig) -> None:
    client_id = rig.seed()
    rig.appliance.take_roles(client_id)
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert "without one it cannot log in" in said


@each("in_place-cdm", "replace-cdm")
def test_ten_sessions_are_no_dead_secret(rig: SecretRig) -> None:
    client_id = rig.seed()
    bearers = [rig.appliance.open_session(client_id, rig.stored()) for _unused in range(10)]
    with rig.nothing_changes():
        said = failure(rig.rotate())
    assert "the stored secret was refused, but the account has 10 sessions, so that may be why. Nothing was rotated." in said
    assert f"target account, account {client_id}, and run again." in said
    for bearer in bearers:
        rig.appliance.end_session(bearer)


@pytest.mark.chaos
def test_sessions_that_cannot_be_counted(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {"session_list": "gone_in_9_4"}
    with launch("rubrik_cdm", "9.4.0", settings=settings, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = SecretRig(ansible, simulator, allow_left=True)
        client_id = rig.seed()
        rig.appliance.rotate(client_id)
        with rig.nothing_changes():
            said = failure(rig.rotate())
        assert "It may be dead, or the account may have ten sessions, and they cannot be counted: " in said
        assert said.endswith("Nothing was rotated. Set rotate_force to make a new secret all the same.")
        assert rig.result(rig.rotate(rotate_force=True))["rotated"] is True
        rig.assert_settled()


@pytest.mark.parametrize("strategy", ["in_place", pytest.param("replace", marks=pytest.mark.chaos)])
def test_no_local_accounts_any_more(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, strategy: str) -> None:
    with launch("rubrik_cdm", "9.5.1", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = SecretRig(ansible, simulator, strategy=strategy)
        rig.store("User:::62482f5f-0000-0000-0000-000000000000", "gone")
        with rig.nothing_changes():
            said = failure(rig.rotate())
        assert "Rubrik Security Cloud" in said
