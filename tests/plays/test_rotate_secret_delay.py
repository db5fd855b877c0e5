# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate for secrets of service accounts: a new secret takes time until it is taken, here and at the clusters."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from tests.plays._ansible import Ansible
from tests.plays._role_rig import failure
from tests.plays._rubrik_rigs import SecretRig
from tests.simulator.launch import Simulator, launch


@pytest.mark.parametrize("strategy", ["in_place", pytest.param("replace", marks=pytest.mark.chaos)])
def test_a_new_secret_is_not_taken_at_once(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, strategy: str) -> None:
    with launch("rubrik_rsc", settings={"new_secret_seconds": "3"}, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, strategy=strategy)
        rig.seed()
        simulator.advance(3)
        rig.rotate(rotate_force=True, rotate_sync_timeout="20s").assert_ok()
        rig.assert_settled()


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
def test_a_new_secret_takes_time_to_reach_a_cluster(rig: SecretRig, rubrik: dict[str, Simulator], after: float, in_time: bool) -> None:
    cluster = rubrik["cdm"]
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


def _log_ins(cluster: Simulator, since: int) -> list[int]:
    """Return the statuses of the log-ins at a cluster with the credential of a service account."""
    return [one["status"] for one in cluster.journal()[since:] if one["path"] == "/api/v1/service_account/session"]


@pytest.mark.parametrize(("told", "tries"), [("told", 1), ("fails", 1), ("refused", None)])
def test_the_platform_is_asked_whether_a_secret_has_reached_the_clusters(
    ansible: Ansible, rubrik: dict[str, Simulator], tmp_path_factory: pytest.TempPathFactory, told: str, tries: int | None
) -> None:
    cluster = rubrik["cdm"]
    settings = {"secret_sync": told, "sync_seconds": "3"}
    with launch("rubrik_rsc", settings=settings, directory=tmp_path_factory.mktemp("rsc")) as simulator:
        rig = SecretRig(ansible, simulator, strategy="replace")
        client_id = rig.seed()
        rig.more |= {
            "rotate_clusters": [{"endpoint": cluster.url, "ca_path": cluster.ca_file}],
            "rotate_sync_timeout": "20s",
            "rotate_force": True,
        }
        since = len(cluster.journal())
        with Sync(rig, cluster, 600 if told == "fails" else 2) as sync:
            sync.bring(client_id, rig.stored(), 0)
            if told == "fails":
                with rig.all_undone():
                    said = failure(rig.rotate())
                assert "could not carry the new secret to its clusters: Synchronize the service account" in said
                assert "the cluster cannot be reached" in said
            else:
                run = rig.rotate()
                assert rig.result(run)["rotated"] is True
                waits = "is carrying the new secret to its clusters (QUEUED); waiting for that." in run.output
                assert waits is (told == "told")
                rig.assert_settled()
        statuses = _log_ins(cluster, since)
        assert statuses[-1] == (401 if told == "fails" else 200) or told == "fails"
        assert tries is None or len(statuses) == tries, "a refused log-in may lock an account"
