# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the rotation engine, and what happens to them at the points that a schedule names.

A point is a call of a port, counted from 0 in each run. At a point an event may happen: see events.py. Without events a run is
undisturbed, so a schedule is a list of events, and it always goes the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    VarsFileError,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import InterruptedRunError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.secret_store import LostRaceError
from tests.simulation.events import BY_HAND, CHANGING, CLOCKS, PAUSES, At, Switch
from tests.simulation.hands import by_hand, set_clock
from tests.simulation.world import HOUR, IN_PLACE, MINUTE, NO_TIME, ONE_SECRET, Issued, World

Result = TypeVar("Result")
PAUSE = timedelta(minutes=16)  # longer than a lease
LIFETIME = timedelta(days=90)


class Crash(BaseException):
    """The run was killed. Whatever it does after that has no effect."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        how: ``done``, ``failed``, ``crashed`` or ``broken``: with an exception that is none of the engine's own.
        result: what it returned.
        words: what it failed with.
        undone: whether it said that all is as it was before.
    """

    how: str
    result: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    undone: bool = False


class Engine(Protocol):
    """What plays a run: see engine.py of this directory."""

    def __call__(self, run: Run, /) -> dict[str, Any]:
        """Run it, and return its result."""


class Run:
    """One run of the engine, as its ports see it."""

    def __init__(self, simulation: Simulation, ordinal: int) -> None:
        self.simulation = simulation
        self.world = simulation.world
        self.ordinal = ordinal
        self.actor = f"run-{ordinal}"
        self.offset = NO_TIME
        self.sent_at = 0
        self.calls = 0
        self.dead = False
        self.warnings: list[str] = []
        self.steps: list[str] = []
        self.told_to_end = self.shielded = False
        self.values_before: tuple[str, str] | None = None  # what the store held when it looked first
        self.created = ""  # the secret that it got the answer about, in place
        self.cannot_keep = False  # whether a file refused it
        self.acted_in_vain = False  # whether the user's tasks failed after they had acted; they are not called again for that

    # What the ports call

    def call(self, name: str, act: Callable[[], Result]) -> Result:
        """Pass a point: let something take effect, unless an event comes first or instead."""
        events = self._arrive(name)
        if not events:
            return self._answered(act())
        for event in events:
            self._before(event, name, act)
        if name == "sleep":
            self._check_interrupted()
        result = act()
        if "crash after" in events:
            self._die()
        if "lost after" in events:
            raise self._lost(name)
        if "fail after" in events:
            self.acted_in_vain = True
            raise LatchkeyError("The tasks of the user failed after they had acted.")
        return self._answered(result)

    def told(self, secret: str) -> None:
        """Take note of a secret that the run was told."""
        if not self.dead:
            self.created = secret

    def saw(self, value: str, old_value: str) -> None:
        """Take note of what the run found in the store; its first look counts."""
        self.values_before = self.values_before or (value, old_value)

    def stores(self, secret: str) -> None:
        """Take note of a secret that the run stores; in place, it must be in the rescue file by then, or another run's is."""
        world = self.world
        is_new = world.behaviour.kind == IN_PLACE and secret == self.created and secret not in world.stored_ever
        if is_new and not world.rescue and not self.cannot_keep:
            world.breaks(f"{self.actor} stored the account's new secret before it was kept in the rescue file")

    def listing(self, name: str, found: Callable[[], list[Issued]]) -> tuple[list[Issued], bool]:
        """Pass a point with a list: it may be what there was before the last change, or a part only."""
        events = self._arrive(name)
        for event in events:
            self._before(event, name, None)
        now = found()
        if "stale" in events:
            now = list(self.world.listed_before)
        if "truncated" in events:
            return self._answered((now[1:], False))
        return self._answered((now, True))

    def warn(self, sentence: str) -> None:
        """Take note of a warning."""
        if self.dead:
            raise Crash
        self.warnings.append(sentence)

    def stepped(self, name: str) -> None:
        """Pass the point at the beginning of a step."""
        if self.dead:
            raise Crash
        self.steps.append(name)
        events = self._arrive("step")
        for event in events:
            self._before(event, "step", None)
        self._check_interrupted()

    def shield(self, on: bool = True) -> None:
        """Let no interruption stop the run any more, or let one stop it again."""
        self.shielded = on

    def _check_interrupted(self) -> None:
        if self.told_to_end and not self.shielded:
            raise InterruptedRunError("The rotation was interrupted by SIGTERM.")

    # How

    def _arrive(self, name: str) -> Sequence[str]:
        if self.dead:
            raise Crash
        simulation, number = self.simulation, self.calls
        self.calls = number + 1
        self.world.tick += 1
        self.sent_at = self.world.tick
        if simulation.trace is not None:
            simulation.trace.append((self.ordinal, number, name))
        if simulation.late:
            simulation.land()
        if simulation.baton is not None:
            simulation.baton.reach(self.ordinal, number)
        events: Sequence[str] = simulation.events.get((self.ordinal, number), ())
        if events:
            self.world.history.append(f"{self.actor}, call {number}, {name}: {', '.join(events)}")
        return events

    def _answered(self, answer: Result) -> Result:
        self.offset = self.world.appliance_skew - self.world.controller_skew
        return answer

    def _die(self) -> None:
        self.dead = True
        raise Crash

    def _lost(self, name: str) -> LatchkeyError:
        if name.startswith("remote."):
            return LatchkeyError("The push was not answered.", "Run again.", in_doubt=True)
        acted = name in CHANGING
        return ConnectionFailedError("The platform did not answer in time.", "Check that it is up.", may_have_acted=acted)

    def _before(self, event: str, name: str, act: Callable[[], object] | None) -> None:
        if event == "crash before":
            self._die()
        elif event == "lost before":
            raise self._lost(name)
        elif event.startswith("late by ") and act is not None:
            self.simulation.delay(self, event, act)
            raise self._lost(name)
        elif event == "refuse":
            if name == "check":
                self._disown_stored()
            if name in ("check", "prove"):
                raise AuthenticationError("The platform refused the credential with HTTP 401.", "Use another one.", status=401)
            raise ForbiddenError("The platform refused the request with HTTP 403.", "Check the caller's rights.", status=403)
        elif event == "fail":
            self.cannot_keep = True
            raise VarsFileError("The file cannot be used: No space left on device.", "Free some space.")
        elif event == "interrupt":
            self.told_to_end = True
        elif event in CLOCKS:
            set_clock(self.world, event)
        elif event in BY_HAND:
            by_hand(self.world, event, self.simulation.lifetime)
        elif event in PAUSES:
            self.simulation.pause(self, seen=event == "pause seen")

    def _disown_stored(self) -> None:
        """Take note that the platform says of the stored credential, which no state names, that it is dead: it is believed."""
        world = self.world
        stored, noted = world.issued.get(world.value), {part.get("id") for part in world.state.values() if isinstance(part, dict)}
        if world.behaviour.kind == IN_PLACE or stored is None or stored.id not in noted:
            world.disowned.add(world.value)


@dataclass
class Late:
    """An effect that is still to come: after a tick, or when a run begins.

    Attributes:
        tick: after which; None for one that waits for a run.
        runs: before how many more runs.
        run: whose request it was.
        sent_at: the tick at which that was sent.
        skew: of the platform's clock then.
        act: what takes effect.
    """

    tick: int | None
    runs: int
    run: Run
    sent_at: int
    skew: timedelta
    act: Callable[[], object]


class Baton:
    """Hands the processor from one of two runs, each in a thread of its own, to the other; only one of them goes on at a time."""

    def __init__(self, world: World, switches: Iterable[Switch]) -> None:
        self._world = world
        self._switches = list(switches)
        self._turns = {1: threading.Semaphore(1), 2: threading.Semaphore(0)}
        self._ended: set[int] = set()

    def begin(self, ordinal: int) -> None:
        """Wait for the first turn of a run."""
        self._turns[ordinal].acquire()

    def reach(self, ordinal: int, call: int) -> None:
        """Pass a point, and wait there where the schedule says so."""
        if not self._switches:
            return
        first = self._switches[0]
        if first.run != ordinal or first.call != call:
            return
        self._switches.pop(0)
        other = 3 - ordinal
        if other in self._ended:
            return
        self._world.time += first.pause
        self._turns[other].release()
        self._turns[ordinal].acquire()

    def end(self, ordinal: int) -> None:
        """Let the other one go on to its end."""
        self._ended.add(ordinal)
        self._turns[3 - ordinal].release()


class Simulation:
    """A world, and the runs that act on it one after the other."""

    def __init__(self, world: World, engine: Engine, *, seen: bool = True, lifetime: timedelta | None = LIFETIME) -> None:
        self.world = world
        self.engine = engine
        self.seen = seen  # whether it can be told that an earlier run has ended
        self.lifetime = lifetime
        self.events: dict[tuple[int, int], list[str]] = {}
        self.trace: list[tuple[int, int, str]] | None = None
        self.late: list[Late] = []
        self.baton: Baton | None = None
        self.runs = 0
        self.paused: dict[str, bool] = {}  # by run: whether the others see it
        self.outcomes: list[Outcome] = []
        self.landed = 0  # the tick at which a late effect took place last
        self.claims: list[str] = []  # runs that said that all is as it was before

    def fork(self) -> Simulation:
        """Return a copy that goes its own way; nothing may be paused or still to come."""
        assert not self.late
        assert not self.paused
        twin = Simulation(self.world.fork(), self.engine, seen=self.seen, lifetime=self.lifetime)
        twin.runs = self.runs
        twin.outcomes = list(self.outcomes)
        twin.claims = list(self.claims)
        twin.landed = self.landed
        return twin

    def schedule(self, events: Iterable[At]) -> None:
        """Let these events happen."""
        for one in events:
            self.events.setdefault((one.run, one.call), []).append(one.event)

    # Runs

    def run(self, wait: timedelta | None = None) -> Outcome:
        """Let a run begin and go to its end, some time after the last one; longer after one that cannot be seen to have ended."""
        if self.runs:
            self.world.time += wait if wait is not None else MINUTE if self.seen else PAUSE
        self.land(next_run=True)
        outcome = self._play(self._next())
        self.outcomes.append(outcome)
        return outcome

    def run_two(self, switches: Sequence[Switch]) -> list[Outcome]:
        """Let two runs go on in turns."""
        self.baton = Baton(self.world, switches)
        ended: dict[int, Outcome] = {}
        ordinals = [self._next(), self._next()]
        for ordinal in ordinals:
            self.paused[f"run-{ordinal}"] = self.seen
        threads = [threading.Thread(target=self._play_in_turns, args=(ordinal, ended), daemon=True) for ordinal in ordinals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.baton = None
        self.outcomes += [ended[ordinal] for ordinal in ordinals]
        return self.outcomes[-2:]

    def _play_in_turns(self, ordinal: int, ended: dict[int, Outcome]) -> None:
        assert self.baton is not None
        self.baton.begin(ordinal)
        try:
            ended[ordinal] = self._play(ordinal)
        finally:
            self.paused.pop(f"run-{ordinal}", None)
            self.baton.end(ordinal)

    def _next(self) -> int:
        self.runs += 1
        return self.runs

    def pause(self, run: Run, *, seen: bool) -> None:
        """Let another run go to its end while this one stands still."""
        self.paused[run.actor] = seen
        if not seen:
            self.world.time += PAUSE
        self.outcomes.append(self._play(self._next()))
        del self.paused[run.actor]

    def is_gone(self, run: str) -> bool | None:
        """Tell whether a run has ended, as another one sees it."""
        if run in self.paused:
            return False if self.paused[run] else None
        return True if self.seen else None

    def _play(self, ordinal: int) -> Outcome:
        world = self.world
        run = Run(self, ordinal)
        live_before = world.works(world.value)
        world.history.append(f"{run.actor} begins")
        try:
            outcome = Outcome("done", self.engine(run))
        except Crash:
            outcome = Outcome("crashed")
        except LatchkeyError as failure:
            outcome = Outcome("failed", words=str(failure), undone=bool(getattr(failure, "undone", False)))
        except Exception as failure:  # noqa: BLE001  (that there is none is what is tested)
            outcome = Outcome("crashed" if run.dead else "broken", words=f"{type(failure).__name__}: {failure}")
        if run.dead:
            outcome = Outcome("crashed")
        world.history.append(f"{run.actor} {outcome.how}. {outcome.words}{outcome.result or ''}")
        if outcome.how != "crashed":
            self._judge(run, outcome, live_before)
        return outcome

    def _judge(self, run: Run, outcome: Outcome, live_before: bool) -> None:
        world = self.world
        if outcome.how == "broken":
            world.breaks(f"{run.actor} ended with an exception that is none of the engine's: {outcome.words}")
        if outcome.how == "failed":
            if not outcome.words.strip().endswith("."):
                world.breaks(f"{run.actor} failed with words that are no sentence: {outcome.words!r}")
            if "bug in latchkey" in outcome.words:
                world.breaks(f"{run.actor} failed with a bug: {outcome.words}")
        for text in (outcome.words, *run.warnings, *run.steps):
            if "5ecret-" in text:
                world.breaks(f"{run.actor} showed a secret: {text}")
        if ".rescue.yml, encrypted" in outcome.words and not world.rescue:
            world.breaks(f"{run.actor} said where a secret is, but there is none: {outcome.words}")
        if outcome.undone:
            self.claims.append(run.actor)
            made = [one for one in world.issued.values() if one.maker == run.actor and world.is_live(one)]
            if made and world.behaviour.kind not in ONE_SECRET:
                world.breaks(f"{run.actor} said that all is as it was before, but it created {made[0].id}, which works")
            by_hand = world.hand & {"revert", "delete", "replace"}  # which also takes away what tells of another run
            if world.value not in (run.values_before or ()) and not by_hand and world.placed_by == run.actor:
                world.breaks(f"{run.actor} said that all is as it was before, but the store holds {world.value or 'nothing'}")
            for name, secret in world.sinks.items():
                if secret and not by_hand and not world.works(secret) and not world.hand:
                    world.breaks(f"{run.actor} said that all is as it was before, but the {name} holds {secret}, which does not work")
            told = world.handed_over and not run.acted_in_vain and world.issued[world.handed_over].maker == run.actor
            if told and not by_hand and not world.works(world.handed_over):
                world.breaks(f"{run.actor} said that all is as it was before, but the user's tasks have a credential that it revoked")
        result = outcome.result
        if outcome.how == "done" and result.get("retired") and result.get("old_token_id"):
            old = world.by_id(str(result["old_token_id"]))
            if old is not None and world.is_live(old) and world.behaviour.kind != IN_PLACE:
                world.breaks(f"{run.actor} said that {old.id} is retired, but it works")
        newest = world.newest() if world.behaviour.kind == IN_PLACE else None
        lost = newest is not None and newest.secret == run.created and newest.secret not in (world.value, world.rescue)
        # Which of two secrets is the newer is told by the platform's clock alone.
        if lost and not run.cannot_keep and not world.hand and not world.set_back:
            world.breaks(f"{run.actor} lost the account's new secret")
        # In place, another run's secret may have ended this one's since it was proved.
        alone = world.behaviour.kind != IN_PLACE or not self.paused
        if outcome.how == "done" and world.value and not world.works(world.value) and not world.hand and live_before and alone:
            world.breaks(f"{run.actor} succeeded, but the store holds a credential that does not work")

    # Effects that come late

    def delay(self, run: Run, event: str, act: Callable[[], object]) -> None:
        """Let an effect take place later."""
        after = event.removeprefix("late by ")
        runs = {"a run": 1, "two runs": 2}.get(after, 0)
        self.late.append(Late(None if runs else self.world.tick + int(after), runs, run, run.sent_at, self.world.appliance_skew, act))

    def land(self, *, next_run: bool = False) -> None:
        """Let take effect what is due."""
        due = []
        for one in self.late:
            if next_run:
                one.runs -= 1
            if one.runs <= 0 and (next_run or (one.tick is not None and one.tick <= self.world.tick)):
                due.append(one)
        for one in due:
            self.late.remove(one)
            self.landed = self.world.tick
            actor, now = one.run.actor, one.run.sent_at
            self.world.history.append(f"a late effect of {actor}")
            one.run.sent_at = one.sent_at
            before, held = set(self.world.issued), self.world.sinks.copy()
            try:
                one.act()
                if self.world.appliance_skew - one.skew >= HOUR:  # by the platform's clock, it comes later than any effect can
                    self.world.disowned |= set(self.world.issued) - before
                    self.world.written_too_late |= {name for name, secret in self.world.sinks.items() if secret != held[name]}
            except (LatchkeyError, LostRaceError) as refused:
                self.world.history.append(f"it has none: {refused!r}")
            one.run.sent_at = now
            if actor in self.claims and any(made.maker == actor and self.world.is_live(made) for made in self.world.issued.values()):
                self.world.breaks(f"{actor} said that all is as it was before, and then its credential appeared")
