# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of the role at once: of one account, of two accounts in one vars file, and one that begins while the other is killed.

The first is held at one of its points until the second has got to one of its own, and the second until the first has ended: each pair of
points is one interleaving. No update of the file is lost, one credential is live in the end, and who gave way says why in one sentence.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from tests.chaos._contenders import Contender
from tests.chaos._points import PointsOf, lasting
from tests.chaos._record import FULL, Recorder
from tests.chaos._scenarios import Scenario
from tests.plays import _rubrik_rigs as rubrik
from tests.plays._ansible import Ansible, Run
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure
from tests.plays._rotation_kinds import AnyRig, Appliances, assert_known, rig_of
from tests.plays._vaulted import AFTER, BEFORE

PART = "two at once"
KINDS = ("access_token-qumulo", "in_place-rsc", *(("api_token-cdm", "replace-rsc", "in_place-cdm", "replace-cdm") if FULL else ()))
# Of each kind, of one account and of two; None for all pairs of points. The simulation plays all interleavings of the engine itself.
ROUNDS, OTHERS = (None, None) if FULL else (3, 2)
SLICES = 2
pytestmark = pytest.mark.timeout(1800)
GAVE_WAY = re.compile(
    r"Another run \(.*\) has been rotating this credential since \S+\. Wait for it to end\."
    r"|has changed since it was read\. Run again\."
    r"|is locked by process \d+ \(.*\) for more than 3 s\. Wait for it to end, then try again\."
    r"|live (token|account)s? that this vars file does not know"
    r"|Another run( \(.*\))? took this rotation over while this one stood still"
)


def words_of_lasting(events: list[str]) -> list[str]:
    """Return those points between which something lasting happens, in words that do not depend on ids."""
    found = [events[0] + "#1"]
    for number, event in enumerate(events, 1):
        if (
            re.match(r"(before|answered) (POST|DELETE|PATCH) |before (replace|link)|after (replace|link)|half written", event)
            and "ID" not in event
        ):
            found.append(f"{event}#{events[:number].count(event)}")
    return list(dict.fromkeys(found))


def pairs(points: list[str], part: int, rounds: int | None) -> list[tuple[str, str]]:
    """Return pairs of points, as many as there is time for and spread over all."""
    every = list(itertools.product(points, points))
    if rounds is not None and len(every) > rounds:
        every = [every[number * len(every) // rounds + number % 3] for number in range(rounds)]
    return every[part::SLICES]


def one_line(run: Run) -> str:
    """Return the last message of a run whose tasks nobody recorded."""
    found = re.findall(r'^ *"msg": "(.*)",?$', run.output, re.MULTILINE)
    assert found, run.output
    assert "bug in latchkey" not in found[-1]
    return str(found[-1])


def outcome(runs: list[Run]) -> str:
    """Check what two runs say, and return it in few words."""
    words = []
    for run in runs:
        if run.returncode == 0:
            words.append("rotated")
        else:
            assert run.returncode == 2, run.output
            said = one_line(run)
            assert GAVE_WAY.search(said), said
            words.append("gave way")
    assert "rotated" in words, [run.output for run in runs]
    return ", ".join(words)


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("kind", KINDS)
def test_of_one_account(
    ansible: Ansible,
    simulators: Appliances,
    points_of: PointsOf,
    recorder: Recorder,
    tmp_path: Path,
    kind: str,
    part: int,
) -> None:
    rig = rig_of(kind, ansible, simulators)
    rig.more["rotate_lock_timeout"] = "3s"
    for first, second in pairs(words_of_lasting(points_of(rig, Scenario(kind)).events), part, ROUNDS):
        with recorder.trial(PART, kind, f"{first} / {second}", "another run of the same account") as trial:
            rig.seed()
            since = len(rig.simulator.journal())
            with rig.rest_untouched():
                with (
                    Contender(rig, tmp_path / "first", first, rotate_force=True) as one,
                    _then(one, rig, tmp_path / "second", second, rotate_force=True, rotate_orphans="revoke") as two,
                ):
                    two.wait()
                    runs = [one.result(), two.result()]
                trial.outcome = outcome(runs)
                assert assert_known(rig, since) != "nowhere"
                rig.assert_current()  # no double mint that stays, before anybody tidies up
                rig.result(rig.rotate())
                rig.assert_settled()


def _then(one: Contender, *arguments: Any, **variables: Any) -> Contender:
    """Start a second run once the first one is at its point."""
    assert one.wait(), "the first run did not get to its point"
    return Contender(*arguments, **variables)


def _second(rig: AnyRig) -> AnyRig:
    """Return a rig of another account, or another token, in the same vars file."""
    if isinstance(rig, Rig):
        user = {"name": "svc-second", "primary_group": "513", "uid": "", "home_directory": None, "password": "Not-real-1"}
        assert rig.call("POST", "/v1/users/", user)[0] in (200, 409)
        second = Rig(rig.ansible, rig.simulator, "second_token", "svc-second", _admin=rig._admin)
        second.revoke_all()
        return second
    if isinstance(rig, rubrik.CdmApiTokenRig):
        token = rubrik.CdmApiTokenRig(rig.ansible, rig.simulator, "second_token", tag="second_token")
        token.revoke_all()
        return token
    secret = rubrik.SecretRig(
        rig.ansible,
        rig.simulator,
        "second_secret",
        "svc-second",
        id_name="second_id",
        strategy=rig.strategy,
        allow_left=True,
        allow_ended=True,
    )
    for client_id in secret.family():
        secret.appliance.delete(client_id)
    if rig.strategy == "in_place":
        secret.appliance.create(secret.account)
    return secret


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("kind", KINDS)
def test_of_two_accounts_in_one_file(
    ansible: Ansible,
    simulators: Appliances,
    points_of: PointsOf,
    recorder: Recorder,
    tmp_path: Path,
    kind: str,
    part: int,
) -> None:
    rig = rig_of(kind, ansible, simulators)
    points = words_of_lasting(points_of(rig, Scenario(kind)).events)
    rig.seed()
    second = _second(rig)
    for at, later in pairs(points, part, OTHERS):
        # Who holds the file's lock keeps the other from getting on.
        then = None if re.match("half written|before replace|after replace", at) else later
        with recorder.trial(PART, kind, f"{at} / {then}", "a run of another account in the file") as trial:
            with (
                Contender(rig, tmp_path / "first", at, rotate_force=True) as one,
                _then(one, second, tmp_path / "second", then, rotate_force=True) as two,
            ):
                if then:
                    two.wait()
                one.let_go()
                two.let_go()
                for run in (one.result(), two.result()):
                    run.assert_ok()
            rig.assert_settled()
            second.assert_settled()
            assert rig.text.startswith(BEFORE)
            assert AFTER in rig.text
            trial.outcome = "rotated, rotated"


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("kind", KINDS)
def test_one_begins_while_the_other_is_killed(
    ansible: Ansible,
    simulators: Appliances,
    points_of: PointsOf,
    recorder: Recorder,
    tmp_path: Path,
    kind: str,
    part: int,
) -> None:
    # The second has read the vars file when the first is killed; where it was killed in the middle of a write, with the file's lock.
    rig = rig_of(kind, ansible, simulators)
    events = points_of(rig, Scenario(kind)).events
    points = words_of_lasting(events)
    if not FULL:  # every second write, and what was created
        created = [f"{events[at - 1]}#{events[:at].count(events[at - 1])}" for at in lasting(events)]
        points = [*[one for one in points if one.startswith("half")][::2], *[one for one in points if one in created and "POST" in one][:1]]
    for first in points[part::SLICES]:
        with recorder.trial(PART, kind, first, "SIGKILL", "another run has begun") as trial:
            rig.seed()
            since = len(rig.simulator.journal())
            with rig.rest_untouched():
                with (
                    Contender(rig, tmp_path / "first", first, rotate_force=True) as one,
                    _then(one, rig, tmp_path / "second", 1, rotate_force=True) as two,
                ):
                    assert two.wait()
                    one.kill()
                    run = two.result()
                trial.outcome = "the second rotated" if run.returncode == 0 else "the second gave way"
                assert run.returncode == 0 or GAVE_WAY.search(one_line(run)), run.output
                where = assert_known(rig, since)
                assert run.returncode or where != "nowhere"
                rig.result(rig.rotate())
                rig.assert_settled()
            trial.outcome += f", credential in {where.removeprefix('in ')}"


def test_another_run_is_at_it(ansible: Ansible, simulators: Appliances, recorder: Recorder, tmp_path: Path) -> None:
    rig = rig_of("access_token-qumulo", ansible, simulators)
    with recorder.trial(PART, "access_token-qumulo", "before replace#2", "another run of the same account") as trial:
        rig.seed()
        with Contender(rig, tmp_path / "first", "before replace#2", rotate_force=True) as one:
            assert one.wait()
            since = len(rig.simulator.journal())
            before = rig.path.read_bytes()
            said = failure(rig.rotate(rotate_force=True, rotate_orphans="revoke"))
            assert re.search(r"Another run \(.* localhost\) has been rotating this credential since \S+Z\. Wait for it to end\.", said), (
                said
            )
            assert rig.path.read_bytes() == before
            assert rig.writing_requests(since) == []
            one.result().assert_ok()
        rig.assert_settled()
        trial.outcome = "rotated, gave way"
