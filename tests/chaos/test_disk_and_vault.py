# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate on a disk that fails, and on a vars file that somebody else changes, puts back, deletes, moves or locks meanwhile.

Whatever happens, a credential that works is in the vars file (or the rescue file, for a secret that is rotated in place), the run says in
one sentence what was in its way, and the next run after that is gone ends well, with one live credential.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import _evil_disk as evil
from tests.chaos._points import PointsOf
from tests.chaos._record import FULL, Recorder
from tests.chaos._scenarios import Scenario
from tests.plays._ansible import Ansible, Run
from tests.plays._role_rig import failure
from tests.plays._rotation_kinds import AnyRig, Appliances, assert_known, is_in_place, rig_of
from tests.plays._rubrik_rigs import CdmApiTokenRig
from tests.plays._saboteur import Saboteur
from tests.plays._vaulted import AFTER, BEFORE, encrypted, inline

PART = "disk and vault faults"
KINDS = ("access_token-qumulo", *(("in_place-rsc", "api_token-cdm", "in_place-cdm", "replace-rsc", "replace-cdm") if FULL else ()))
SLICES = 4
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rig(ansible: Ansible, simulators: Appliances, kind: str) -> AnyRig:
    return rig_of(kind, ansible, simulators)


def numbered(events: list[str]) -> list[tuple[int, str]]:
    """Return points with their numbers, and the how-manieth of their kind they are."""
    return [(number, f"{event}#{events[:number].count(event)}") for number, event in enumerate(events, 1)]


def is_step(event: str) -> bool:
    """Tell whether a point is a step on the disk that can fail."""
    return event.startswith(evil.STEPS)


def first_written(rig: AnyRig, events: list[str]) -> int:
    """Return the number of the first point after the new credential was made."""
    writes = [number for number, event in enumerate(events, 1) if event == "before write"]
    return writes[2 if is_in_place(rig) else 1]  # after the intent, and the room of the rescue file


def outcome(rig: AnyRig, run: Run, words: str, since: int, **after: Any) -> str:
    """Check what a run left, and that a plain run sets the rest right; return what came of it.

    Args:
        rig: what was rotated.
        run: the run that was disturbed.
        words: what it must say when it failed.
        since: requests there were before it.
        after: variables of the plain run.
    """
    where = assert_known(rig, since)
    assert where != "nowhere", "the new secret is nowhere"
    rig.assert_nothing_in_clear()
    if run.returncode:
        said = failure(run)
        assert re.search(words, said), said
        assert str(rig.path) in said or str(getattr(rig, "rescue", rig.path)) in said, said
    rig.result(rig.rotate(**after))
    rig.assert_settled()
    return f"{'failed' if run.returncode else 'rotated'}, credential in {where.removeprefix('in ')}"


# The disk


@pytest.mark.parametrize("part", range(SLICES))
def test_a_step_on_the_disk_fails_once(
    rig: AnyRig,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    part: int,
) -> None:
    events = points_of(rig, Scenario(kind)).events
    steps = [(number, point) for number, point in numbered(events) if is_step(events[number - 1])]
    steps = steps if FULL else steps[::2]  # which are all sorts of steps, since their number in a write is odd
    for index, (number, point) in list(enumerate(steps))[part::SLICES]:
        for error in evil.ERRORS if FULL else [evil.ERRORS[index % len(evil.ERRORS)]]:
            with recorder.trial(PART, kind, point, error.words) as trial:
                rig.seed()
                since = len(rig.simulator.journal())
                with rig.rest_untouched():
                    run = rig.rotate(env=saboteur.environment(rig.file, number, error.once), rotate_force=True)
                    trial.outcome = outcome(rig, run, error.words, since)


@pytest.mark.parametrize("part", range(SLICES))
def test_the_disk_fails_for_good(
    rig: AnyRig,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    part: int,
) -> None:
    events = points_of(rig, Scenario(kind)).events
    steps = [
        (number, point) for number, point in numbered(events) if point.startswith("before write") or (FULL and is_step(events[number - 1]))
    ]
    for number, point in steps[part::SLICES]:
        with recorder.trial(PART, kind, f"from {point} on", evil.FULL_DISK.words) as trial:
            rig.seed()
            since = len(rig.simulator.journal())
            with rig.rest_untouched():
                env = saboteur.environment(rig.file, range(number, number + 200), evil.FULL_DISK.at_steps)
                run = rig.rotate(env=env, rotate_force=True)
                assert run.returncode
                trial.outcome = outcome(rig, run, evil.FULL_DISK.words, since)


@pytest.mark.parametrize("made", [False, True], ids=["before", "once-made"])
def test_a_real_disk_is_full(
    rig: AnyRig,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    made: bool,
) -> None:
    number = first_written(rig, points_of(rig, Scenario(kind)).events)
    with (
        evil.tmpfs(rig.ansible.folder / "disk") as disk,
        recorder.trial(PART, kind, "once made" if made else "before", "a full disk") as trial,
    ):
        rig.file = "disk/vault.yml"
        rig.seed()
        since = len(rig.simulator.journal())
        fill = evil.filling(disk)
        env = saboteur.environment("vault.yml", number - 1 if made else None, fill)
        if not made:
            exec(fill)  # noqa: S102
        with rig.rest_untouched():
            run = rig.rotate(env=env, rotate_force=True)
            assert (disk / "filler").exists()
            # The room that was reserved for the rescue file is enough to go on.
            assert run.returncode or (made and is_in_place(rig))
            if not made:
                assert rig.writing_requests(since) == []
            assert_known(rig, since)
            (disk / "filler").unlink()
            trial.outcome = outcome(rig, run, "the disk is full", since)


@pytest.mark.parametrize("made", [False, True], ids=["before", "once-made"])
def test_a_read_only_mount(
    rig: AnyRig,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    made: bool,
) -> None:
    if made and is_in_place(rig):
        pytest.skip("a secret that is made while its whole disk turns read-only is nowhere: the one case without a way out")
    number = first_written(rig, points_of(rig, Scenario(kind)).events)
    folder = rig.ansible.folder / "disk"
    folder.mkdir()
    rig.file = "disk/vault.yml"
    with (
        evil.mounted(folder, "--bind", str(folder)),
        recorder.trial(PART, kind, "once made" if made else "before", "a read-only mount") as trial,
    ):
        rig.seed()
        since = len(rig.simulator.journal())
        env = saboteur.environment("vault.yml", number - 1 if made else None, evil.remounting(folder, "ro"))
        if not made:
            exec(evil.remounting(folder, "ro"))  # noqa: S102
        run = rig.rotate(env=env, rotate_force=True)
        assert run.returncode
        exec(evil.remounting(folder, "rw"))  # noqa: S102
        if not made:
            assert rig.writing_requests(since) == []
        trial.outcome = outcome(rig, run, "the file system is read-only|cannot be written, so nothing was rotated", since)


def test_a_mount_point_of_its_own(rig: AnyRig, recorder: Recorder, kind: str) -> None:
    # As containers get single files.
    with recorder.trial(PART, kind, "before", "the file is a mount point") as trial:
        rig.seed()
        since = len(rig.simulator.journal())
        before = rig.path.read_bytes()
        real = rig.path.with_name("real")
        real.write_bytes(before)
        rig.path.write_bytes(b"")
        with evil.mounted(rig.path, "--bind", str(real)):
            run = rig.rotate(rotate_force=True)
            assert "it is a mount point, which cannot be replaced. Mount its directory instead of the file." in failure(run)
            assert rig.path.read_bytes() == before
            assert rig.writing_requests(since) == []
        real.rename(rig.path)
        trial.outcome = outcome(rig, run, "mount point", since)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_modes(rig: AnyRig, recorder: Recorder, kind: str, what: str) -> None:
    with recorder.trial(PART, kind, "before", f"no right to write the {what}") as trial:
        plain = rig.ansible
        rig.ansible = evil.without_rights(plain)
        folder = plain.folder / "locked"
        folder.mkdir()
        rig.file = "locked/vault.yml"
        rig.seed()
        since = len(rig.simulator.journal())
        target, mode = (folder, 0o500) if what == "folder" else (rig.path, 0o000)
        target.chmod(mode)
        try:
            run = rig.rotate(rotate_force=True)
        finally:
            target.chmod(0o700 if what == "folder" else 0o600)
        words = f"{rig.path} cannot be " + ("written, so nothing was rotated" if what == "folder" else "read: permission is denied")
        assert words in failure(run)
        assert rig.writing_requests(since) == []
        trial.outcome = outcome(rig, run, "cannot be", since)


# Somebody else's hands


DEEDS: dict[str, Callable[[Path, bytes], str]] = {
    "a line is added": lambda path, _old: evil.adds_a_line(path),
    "the old version is put in place": evil.puts_in_place,
    "the file is deleted": lambda path, _old: evil.deletes(path),
    "the file is moved behind a link": lambda path, _old: evil.moves_behind_a_link(path),
}


WORDS = (
    "has changed since it was read|does not exist|does not hold .* any more|The vars file holds token|does not hold what was written to it"
)


def _disturbed(rig: AnyRig, saboteur: Saboteur, number: int, point: str, deed: str) -> str:
    rig.seed()
    moved = rig.path.with_name("moved")
    moved.unlink(missing_ok=True)
    since = len(rig.simulator.journal())
    old = rig.path.read_bytes()
    with rig.rest_untouched() if deed != "a line is added" else contextlib.nullcontext():
        run = rig.rotate(env=saboteur.environment(rig.file, number, DEEDS[deed](rig.path, old)), rotate_force=True)
        if deed == "the file is deleted" and not rig.path.exists():
            # Who deleted it has to bring it back, where this run had not written anything yet, or the secret is in the rescue file.
            assert rig.writing_requests(since) == [] or (is_in_place(rig) and rig.rescue.exists())
            rig.path.write_bytes(old)
        came = outcome(rig, run, WORDS, since)
    if deed == "a line is added" and not point.startswith("before replace"):
        assert rig.text.startswith(BEFORE)
        assert rig.text.count("theirs: 1\n") == 1
    if deed == "the file is moved behind a link" and rig.path.is_symlink():
        rig.path.unlink()
    return came


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("deed", DEEDS)
def test_somebody_else_is_at_the_file(
    rig: AnyRig,
    saboteur: Saboteur,
    points_of: PointsOf,
    recorder: Recorder,
    kind: str,
    deed: str,
    part: int,
) -> None:
    events = points_of(rig, Scenario(kind)).events
    # What is done to the file after the last write is done after the rotation.
    points = numbered(events)[: len(events) - 1 - events[::-1].index("after replace")]
    if not FULL:
        # Within each write, and after each; and after what lasts was done at the appliance.
        lasting = r"half written|after (replace|link)|answered (POST /v1/auth/access-tokens|DELETE)"
        points = [one for one in points if re.match(lasting, one[1])][list(DEEDS).index(deed) :: len(DEEDS)]  # each meets one deed
    for number, point in points[part::SLICES]:
        with recorder.trial(PART, kind, point, deed) as trial:
            trial.outcome = _disturbed(rig, saboteur, number, point, deed)


@pytest.mark.parametrize("where", ["intent", "store"])
def test_somebody_else_stores_another_credential(
    ansible: Ansible, simulators: Appliances, saboteur: Saboteur, recorder: Recorder, where: str
) -> None:
    # It works, so it stays; the one that the run made goes, and whose the first one was is for people to say.
    rig = rig_of("api_token-cdm", ansible, simulators)
    assert isinstance(rig, CdmApiTokenRig)
    point = "before write#1" if where == "intent" else "before write#2"
    with recorder.trial(PART, "api_token-cdm", point, "another credential is stored") as trial:
        old = rig.seed()
        other, secret = rig.mint()
        rig.more = {"rotate_orphans": "ignore"}
        content = (BEFORE + inline(rig.name, secret) + AFTER).encode()
        run = rig.rotate(env=saboteur.environment(rig.file, point, evil.puts_in_place(rig.path, content)), rotate_force=True)
        assert "has changed since it was read. Run again." in failure(run)
        assert "holds the old credential" not in failure(run)
        assert rig.assert_works() == other
        rig.assert_live([old, other])
        assert rig.path.read_bytes() == content
        rig.more = {"rotate_orphans": "revoke"}
        rig.result(rig.rotate())
        assert rig.assert_settled() == other
        trial.outcome = "failed, theirs stays"


def test_links(rig: AnyRig, recorder: Recorder, kind: str) -> None:
    with recorder.trial(PART, kind, "before", "a dangling link") as trial:
        rig.seed()
        since = len(rig.simulator.journal())
        real = rig.path.with_name("moved")
        rig.path.rename(real)
        rig.path.symlink_to("nowhere.yml")
        run = rig.rotate(rotate_force=True)
        words = (
            f": Read the vars file: {rig.path} does not exist, so nothing was rotated. Check rotate_vars_file, or create the file first."
        )
        assert failure(run).endswith(words)
        assert rig.writing_requests(since) == []
        rig.path.unlink()
        rig.path.symlink_to(real.name)
        trial.outcome = outcome(rig, run, "does not exist", since)
        assert rig.path.is_symlink()
    with recorder.trial(PART, kind, "before", "a hard link") as trial:
        rig.path.unlink()
        real.unlink()
        rig.seed()
        os.link(rig.path, real)
        before = real.read_bytes()
        run = rig.rotate(rotate_force=True).assert_ok()
        warning = f"{rig.path} had another name (a hard link), which keeps the old content."
        assert " ".join(run.output.split()).count(f"[WARNING]: {warning}") == 1
        assert real.read_bytes() == before
        trial.outcome = outcome(rig, run, "", since)


# Locks


def test_the_lock_is_held(rig: AnyRig, saboteur: Saboteur, points_of: PointsOf, recorder: Recorder, kind: str) -> None:
    rig.more["rotate_lock_timeout"] = "1s"
    with recorder.trial(PART, kind, "before", "another process holds the lock") as trial:
        rig.seed()
        since = len(rig.simulator.journal())
        with evil.lock_held(rig.path) as pid:
            run = rig.rotate(rotate_force=True)
        assert f"{rig.path} is locked by process {pid} (python" in failure(run)
        assert re.search(r"\) for more than 1 s\. Wait for it to end, then try again\.$", failure(run))
        assert rig.writing_requests(since) == []
        trial.outcome = outcome(rig, run, "is locked by process", since)
    number = first_written(rig, points_of(rig, Scenario(kind)).events)
    with recorder.trial(PART, kind, "once made", "another process holds the lock") as trial:
        rig.seed()
        since = len(rig.simulator.journal())
        gate = rig.ansible.folder / "gate"
        os.mkfifo(gate)
        run = rig.rotate(env=saboteur.environment(rig.file, number - 1, evil.takes_the_lock(rig.path, gate)), rotate_force=True)
        gate.write_bytes(b"")
        assert run.returncode
        trial.outcome = outcome(rig, run, r"is locked by process \d+ \(python", since)


# The vault


NOT_OPENED = {  # by what is loaded
    "wrong": (
        ["--vault-id", "prod@wrong-password"],
        "was not opened by the loaded secret (loaded vault ids: prod). The password is wrong",
    ),
    "none": ([], "is encrypted and no vault secrets are loaded. Pass --vault-id or --vault-password-file."),
    "other": (
        ["--vault-id", "dev@dev-password"],
        "is encrypted with vault id 'prod', which is not loaded (loaded vault ids: dev).",
    ),
}


# test_rotate_vault.py has them all for one kind.
@pytest.mark.parametrize(("vault", "words"), [pytest.param(*NOT_OPENED[one], id=one) for one in (NOT_OPENED if FULL else ["wrong"])])
def test_the_file_cannot_be_decrypted(rig: AnyRig, recorder: Recorder, kind: str, vault: list[str], words: str) -> None:
    with recorder.trial(PART, kind, "before", "no password" if not vault else vault[1]) as trial:
        (rig.ansible.folder / "wrong-password").write_text("wrong\n")
        rig.seed()
        since = len(rig.simulator.journal())
        with rig.nothing_changes():
            run = rig.rotate(rotate_force=True, vault=vault)
        assert words in failure(run)
        trial.outcome = outcome(rig, run, "", since)


def test_two_vault_ids_in_one_file(rig: AnyRig, recorder: Recorder, kind: str) -> None:
    with recorder.trial(PART, kind, "before", "a second vault id") as trial:
        rig.labels = ("dev", "prod")
        rig.seed()  # under the first, which is not the one that is put before it
        since = len(rig.simulator.journal())
        another = inline("another", "kept", "prod")
        rig.write(rig.text.replace(BEFORE, BEFORE + another))
        with rig.rest_untouched():
            run = rig.rotate(rotate_force=True).assert_ok()
            trial.outcome = outcome(rig, run, "", since)
        assert another in rig.text
        assert rig.text.partition(f"{rig.name}: ")[2].splitlines()[1].strip() == "$ANSIBLE_VAULT;1.2;AES256;dev"


def test_the_password_changes_meanwhile(rig: AnyRig, saboteur: Saboteur, points_of: PointsOf, recorder: Recorder, kind: str) -> None:
    # As with ansible-vault rekey: what this run knows does not open the file any more, once the new credential is made.
    number = first_written(rig, points_of(rig, Scenario(kind)).events)
    with recorder.trial(PART, kind, "once made", "the vault password changes") as trial:
        rig.labels = ("prod", "dev")
        rig.seed()
        rig.write(encrypted(rig.text, "prod"))
        since = len(rig.simulator.journal())
        rekey = (
            "from ansible.parsing.vault import VaultLib, VaultSecret; "
            f"libs = [VaultLib([(label, VaultSecret(open(f'{{label}}-password', 'rb').read().strip()))]) for label in ('prod', 'dev')]; "
            f"path = {str(rig.path)!r}; text = libs[0].decrypt(open(path, 'rb').read()); "
            "open(path, 'wb').write(libs[1].encrypt(text, vault_id='dev'))"
        )
        run = rig.rotate(env=saboteur.environment(rig.file, number - 1, rekey), rotate_force=True, vault=rig.vault_arguments[:2])
        assert run.returncode
        assert "is encrypted with vault id 'prod', which is not loaded" not in failure(run)
        assert "is encrypted with vault id 'dev', which is not loaded (loaded vault ids: prod)" in failure(run)
        trial.outcome = outcome(rig, run, "", since)
