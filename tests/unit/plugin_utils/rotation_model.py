# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate as a pure model: the steps of roles/rotate/tasks in their order, on a modelled server and vars file.

A run is a generator that stops before and after everything that reads or changes the server or the file, so that a test can kill it
there, make the step fail before or after it took effect, or let something else happen in between. The decisions are the real ones of
_rotation.py; only what the YAML does with them is written down again here.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._model import Account, Credential
from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant, parse_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import planning as rotation

START = datetime(2027, 1, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
ACCOUNT = Account("1002", "svc-backup", "LOCAL")
NAMES = ("value", "state", "old_value")

Point = tuple[str, str]  # before or after; the step's name
Run = Generator[Point, None, None]


class StepFailed(Exception):
    """A task of the role failed."""


class RunFailed(Exception):
    """The play failed; the text is what the user reads."""


@dataclass
class Server:
    """The account's tokens, by secret."""

    now: datetime = START
    limit: int | None = 2
    tells_id: bool = True
    cuts_expiry: bool = False
    new_ones_work: bool = True
    tokens: dict[str, Credential] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    made: int = 0

    def add(self, *, age: timedelta = timedelta(0), expires_at: datetime | None = None, enabled: bool = True) -> str:
        self.made += 1
        secret = f"secret-{self.made}"
        self.tokens[secret] = Credential(f"100{self.made}", ACCOUNT, self.now - age, expires_at, enabled)
        return secret

    def mint(self, expires_at: str | None) -> dict[str, Any]:
        if self.limit is not None and len(self.tokens) >= self.limit:
            raise StepFailed("no free slot")
        until = parse_instant(expires_at, "expires_at") if expires_at else None
        secret = self.add(expires_at=until.replace(microsecond=0) if until and self.cuts_expiry else until)
        if not self.new_ones_work:
            self.broken.add(secret)
        # As the module does it: the answer to the request tells neither time.
        return {"token": secret, "token_id": self.tokens[secret].id, "created_at": format_instant(self.now), "expires_at": expires_at}

    def works(self, secret: str | None) -> bool:
        return secret in self.tokens and secret not in self.broken and self.tokens[secret].is_live(self.now)

    def listed(self) -> list[dict[str, Any]]:
        return [token.as_result(self.now) for token in self.tokens.values()]

    def who_am_i(self, secret: str) -> str | None:
        if not self.works(secret):
            raise StepFailed("401")
        return self.tokens[secret].id if self.tells_id else None

    def revoke(self, ids: list[str]) -> None:
        self.tokens = {secret: token for secret, token in self.tokens.items() if token.id not in ids}

    def disable(self, token_id: str) -> None:
        found = [secret for secret, token in self.tokens.items() if token.id == token_id]
        if not found:
            raise StepFailed(f"token_id: there is no access token {token_id}.")
        self.tokens[found[0]] = Credential(**{**self.tokens[found[0]].__dict__, "enabled": False})

    def live(self) -> list[str]:
        return [secret for secret in self.tokens if self.works(secret)]


@dataclass
class File:
    """The vars file: value, state, the old value beside it, and something of somebody else's."""

    content: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        return copy.deepcopy(self.content.get(name))

    def check(self, expect: dict[str, Any]) -> None:
        for name, before in expect.items():
            if self.content.get(name) != before:
                raise StepFailed("the vars file was changed in the meantime")

    def write(self, changes: dict[str, Any], expect: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the file in one step and return its new content, which stands for its checksum; a value of None removes."""
        self.check(expect or {})
        kept = {name: value for name, value in self.content.items() if name not in changes}
        if "state" in changes and "old_value" not in changes:
            kept.pop("old_value", None)  # it stands inside the state, which is written as a whole
        self.content = {**kept, **{name: copy.deepcopy(value) for name, value in changes.items() if value is not None}}
        return copy.deepcopy(self.content)


@dataclass
class Role:
    """One run of the role; play() is the generator. Registered variables and facts are attributes."""

    server: Server
    file: File
    policy: rotation.Policy
    name: str = "run"
    is_gone: Callable[[str], bool | None] = lambda run: True
    changes: int = 0
    result: str = ""

    def do(self, name: str, act: Callable[[], Any], *, changes: bool = True) -> Generator[Point, None, Any]:
        yield ("before", name)
        done = act()
        if changes:
            self.changes += 1
        yield ("after", name)
        return done

    def play(self) -> Run:  # tasks/main.yml
        self.intent: dict[str, Any] = {}
        self.failure = "it was interrupted"
        yield from self.read()
        if self.plan.undo:
            yield from self.undo()
            yield from self.read()
        yield from self.apply()

    def read(self) -> Run:  # tasks/read.yml
        self.read_file = yield from self.do("read the file", lambda: copy.deepcopy(self.file.content), changes=False)
        tokens = yield from self.do("list", self.server.listed, changes=False)
        works, value_id = False, None
        if "value" in self.read_file:
            yield ("before", "ask whose it is")
            with contextlib.suppress(StepFailed):  # 401; another failure of this step ends the run
                value_id, works = self.server.who_am_i(self.read_file["value"]), True
            yield ("after", "ask whose it is")
        state = self.read_file.get("state", {})
        try:
            rotation.check_state(state)
        except VarsFileError as failure:
            raise RunFailed(str(failure)) from None
        pending = state.get("pending") or {}
        found = rotation.Found(
            state=state, has_value="value" in self.read_file, works=works, value_id=value_id, tokens=tokens, limit=self.server.limit,
            run_is_gone=self.is_gone(pending["run"]) if pending else True,
        )  # fmt: skip
        self.plan = rotation.plan(found, self.policy, self.server.now, self.name)
        if self.plan.problem:
            raise RunFailed(self.plan.problem)

    def apply(self) -> Run:  # tasks/apply.yml
        plan, fingerprints = self.plan, {name: self.read_file.get(name) for name in NAMES}
        settle = plan.settle
        if plan.rotate or plan.settle or plan.revoke:
            yield from self.do("make sure that nobody changed the file", lambda: self.file.check(fingerprints), changes=False)
        if plan.revoke:
            yield from self.do("revoke", lambda: self.server.revoke(list(plan.revoke)))
        if plan.retire and not plan.finish:
            try:
                yield from self.do("delete an earlier one", lambda: self.server.revoke([plan.retire]))
            except StepFailed as failure:
                if plan.rotate:
                    raise RunFailed(f"no room: {failure}") from None
                settle = False  # a warning
        if plan.disable:
            yield from self.do("switch off an earlier one", lambda: self.server.disable(plan.disable))
        if plan.rotate:
            self.intent["checksum"] = yield from self.do("note the intent", lambda: self.note_intent(fingerprints))
        if plan.rotate or plan.finish:
            try:
                if plan.rotate:
                    yield from self.mint()
                yield from self.prove()
            except StepFailed as failure:
                self.failure = str(failure)
                yield from self.undo()
                raise RunFailed(f"all is as it was before: {self.failure}") from None
            yield from self.retire()
        if settle:
            yield from self.do("settle", lambda: self.file.write({"state": dict(plan.state)}, fingerprints))

    def note_intent(self, fingerprints: dict[str, Any]) -> dict[str, Any]:
        self.intent["previous"] = copy.deepcopy(self.file.content)
        return self.file.write({"state": dict(self.plan.state)}, fingerprints)

    def mint(self) -> Run:  # tasks/change.yml
        minted = yield from self.do("mint", lambda: self.server.mint(self.plan.expires_at))
        changes = {
            "value": minted["token"],
            "state": {**self.plan.state, "stage": "stored", "pending": {**self.plan.state["pending"], "id": minted["token_id"]}},
        }
        if "value" in self.read_file:
            changes["old_value"] = self.read_file["value"]
        yield from self.do("store", lambda: self.file.write(changes))
        self.new = {"id": minted["token_id"], "minted_at": minted["created_at"], "expires_at": minted["expires_at"]}

    def prove(self) -> Run:  # tasks/prove.yml
        value = yield from self.do("read back", lambda: self.file.get("value"), changes=False)
        token_id = yield from self.do("check access", lambda: self.server.who_am_i(value), changes=False)
        expected = self.new["id"] if self.plan.rotate else self.plan.current.get("id", "")
        if token_id is not None and token_id != expected:
            raise StepFailed("it is not the one that was meant to be stored")

    def retire(self) -> Run:  # tasks/retire.yml
        old = self.plan.retire if self.plan.finish else self.plan.current.get("id", "")
        new = self.new if self.plan.rotate else dict(self.plan.current)
        state = rotation.settled_state(new, old or None, self.policy, self.server.now, retired=False)
        yield from self.do("note that it is proved", lambda: self.file.write({"state": state}))
        if not old or (self.policy.retire == "delete" and self.policy.retire_after is not None):
            return
        try:
            if self.policy.retire == "delete":
                yield from self.do("delete the old one", lambda: self.server.revoke([old]))
            else:
                yield from self.do("switch the old one off", lambda: self.server.disable(old))
        except StepFailed:
            return  # a warning
        done = rotation.settled_state(new, old, self.policy, self.server.now, retired=True)
        yield from self.do("note that it is dealt with", lambda: self.file.write({"state": done}))

    def undo(self) -> Run:  # tasks/undo.yml
        try:
            half = yield from self.do("undo: read", lambda: copy.deepcopy(self.file.content), changes=False)
            state = half.get("state", {})
            stage = state.get("stage", "")
            written = self.intent.get("checksum")
            if stage == "stored" and "old_value" in half:
                back = {"value": half["old_value"], "state": {**state, "stage": "undoing"}}
                written = yield from self.do("undo: put back", lambda: self.file.write(back))
            elif stage == "stored":
                written = yield from self.do("undo: take out", lambda: self.file.write({"value": None}))
            if (stage or "current") != "current":
                tokens = yield from self.do("undo: list", self.server.listed, changes=False)
                lost = rotation.leftovers(state, tokens)
                if lost:
                    yield from self.do("undo: revoke", lambda: self.server.revoke(lost))
            restored = False
            if "previous" in self.intent and "checksum" in self.intent:
                restored = yield from self.do("undo: restore", lambda: self.restore(written))
            if (stage or "current") != "current" and not restored:
                yield from self.do(
                    "undo: settle", lambda: self.file.write({"state": {"stage": "current", "current": state.get("current") or {}}})
                )
        except StepFailed as failure:
            raise RunFailed(f"not all of it could be undone yet: {self.failure}; {failure}") from None

    def restore(self, written: Any) -> bool:
        if self.file.content != written:
            return False
        self.file.content = copy.deepcopy(self.intent["previous"])
        return True


@dataclass(frozen=True)
class Disturbance:
    """What happens at the how-manieth point of a run: kill, fail, or edit (somebody changes another value in the file)."""

    at: int
    kind: str


def drive(role: Role, disturbances: tuple[Disturbance, ...] = (), watch: Callable[[Point], None] = lambda point: None) -> int:
    """Run the role with its disturbances and return how many points it passed; watch sees the world at every point."""
    due = {one.at: one.kind for one in disturbances}
    play, number = role.play(), 0
    role.result = "done"
    try:
        point = next(play)
        while True:
            watch(point)
            kind = due.get(number)
            number += 1
            if kind == "kill":
                role.result = "killed"
                return number
            if kind == "edit":
                role.file.content["other"] = role.file.content.get("other", 0) + 1
            point = play.throw(StepFailed(f"{point[0]} {point[1]}")) if kind == "fail" else next(play)
    except StopIteration:
        pass
    except (StepFailed, RunFailed) as failure:
        role.result = f"failed: {failure}"
    return number
