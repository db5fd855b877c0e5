# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explore schedules: every event at every point, pairs of events, two runs in turns, and random ones; and replay one of them."""

from __future__ import annotations

import ast
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.simulation.cases import BY_NAME, Case
from tests.simulation.drive import player
from tests.simulation.events import ANYWHERE, BY_CALL, At, Switch
from tests.simulation.scheduler import PAUSE, Simulation
from tests.simulation.verdict import settle
from tests.simulation.world import NO_TIME, ONE_SECRET, World

Trace = Sequence[tuple[int, int, str]]
NONE, SINGLE, PAIR, TURNS, RANDOM = "no event", "one event", "two events", "two runs", "random"
CLASSES = (NONE, SINGLE, PAIR, TURNS, RANDOM)
# Of what a case may play after the single events, up to which part each class may go.
_SHARES = {PAIR: 0.5, TURNS: 0.8, RANDOM: 1.0}
_SWITCHES = 3
_A_TURN = 8  # second events that a first one is played with in each round
_NAMES = re.compile(r"\b(run-\d+|T\d+|SA-\d+|5ecret-\d+-0f|\d{4}-\d\d-\d\dT\S*)")
_NEVER = 10**6  # a call that no run gets to
_NOT_WITH_ONE_SECRET = {"create unlimited", "create alike"}  # there, to create is to replace


@dataclass(frozen=True)
class Schedule:
    """A case, and what happens in it.

    Attributes:
        case: the name of a case.
        events: what happens at which points.
        switches: where one of two runs is paused and the other goes on; without any, runs follow each other.
        seen: whether a run can tell that another one has ended; None for what the case says.
    """

    case: str
    events: tuple[At, ...] = ()
    switches: tuple[Switch, ...] | None = None
    seen: bool | None = None

    def script(self) -> str:
        """Return it as Python that can be pasted into a test."""
        events = ", ".join(f'At({one.run}, {one.call}, "{one.event}", "{one.name}")' for one in self.events)
        text = f'Schedule("{self.case}", ({events}{"," if self.events else ""})'
        if self.switches is not None:
            turns = ", ".join(_switch_script(one) for one in self.switches)
            text += f", switches=({turns}{',' if self.switches else ''})"
        if self.seen is not None:
            text += f", seen={self.seen}"
        return f"{text})"


def parse(text: str) -> Schedule:
    """Return the schedule that script() printed. Raises ValueError for other text."""
    return _built(ast.parse(text.strip(), mode="eval").body)


def _built(node: ast.expr) -> Any:
    """Return what an expression of a script stands for: names, constants, tuples, and the few things that can be called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLABLE:
        more = {str(one.arg): _built(one.value) for one in node.keywords}
        return _CALLABLE[node.func.id](*(_built(one) for one in node.args), **more)
    if isinstance(node, ast.Tuple):
        return tuple(_built(one) for one in node.elts)
    if isinstance(node, ast.Name) and node.id == "PAUSE":
        return PAUSE
    return ast.literal_eval(node)


def _switch_script(one: Switch) -> str:
    return f"Switch({one.run}, {one.call}{', PAUSE' if one.pause else ''})"


_CALLABLE: dict[str, Callable[..., object]] = {"Schedule": Schedule, "At": At, "Switch": Switch}


@dataclass(frozen=True)
class Failure:
    """A schedule after which something does not hold, and what."""

    schedule: Schedule
    broken: tuple[str, ...]
    kind: str

    @property
    def what(self) -> str:
        """What does not hold, without the names of runs and credentials."""
        return _NAMES.sub("*", self.broken[0])[:120]


def simulation_of(schedule: Schedule) -> Simulation:
    """Return the simulation of a schedule before anything has happened."""
    case = BY_NAME[schedule.case]
    seen = case.seen if schedule.seen is None else schedule.seen
    simulation = Simulation(case.world(), player(case), seen=seen, lifetime=case.settings.policy.expires_in)
    simulation.schedule(schedule.events)
    return simulation


def replay(schedule: Schedule) -> World:
    """Play a schedule to the end, plain runs included; return the world, whose ``broken`` is empty where all holds.

    Raises:
        AssertionError: a point has another name by now, so the schedule means nothing any more.
    """
    simulation = simulation_of(schedule)
    simulation.trace = []
    _play(schedule, simulation)
    names = {(run, call): name for run, call, name in simulation.trace}
    for event in schedule.events:
        found = names.get((event.run, event.call))
        assert event.name in ("", found), f"call {event.call} of run {event.run} is {found}, not {event.name}"
    settle(BY_NAME[schedule.case], simulation)
    return simulation.world


def _play(schedule: Schedule, simulation: Simulation) -> None:
    """Let the runs of a schedule happen, without the plain ones that follow."""
    if schedule.switches is not None:
        simulation.run_two(schedule.switches)
    elif not simulation.runs:
        simulation.run()
    last = max((one.run for one in schedule.events), default=0)
    while simulation.runs < last:
        simulation.run()


@dataclass(frozen=True)
class Report:
    """What came of the exploration of a case.

    Attributes:
        case: its name.
        points: how many points an undisturbed run has.
        counts: how many schedules of each class were played.
        merged: how many of them ended like an earlier one, so that the plain runs were not repeated.
        failures: what does not hold.
    """

    case: str
    points: int
    counts: dict[str, int]
    merged: int
    failures: list[Failure]


@dataclass
class Explorer:
    """Explores one case.

    Attributes:
        case: which.
        random: decides what comes first where time is short.
        counts: how many schedules of each class were played.
        merged: how many of them ended like an earlier one, so that the plain runs were not repeated.
        failures: what does not hold.
        points: how many points an undisturbed run has.
        stop_at: when to stop, by the monotonic clock.
        stop_after: how many schedules to play in all.
    """

    case: Case
    random: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    merged: int = 0
    failures: list[Failure] = field(default_factory=list)
    points: int = 0
    stop_at: float = float("inf")
    stop_after: float = float("inf")
    _settled: dict[object, tuple[str, ...]] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Whether there are schedules, and there is time, left."""
        return sum(self.counts.values()) < self.stop_after and time.monotonic() < self.stop_at

    def report(self) -> Report:
        """Return what came of it."""
        return Report(self.case.name, self.points, dict(self.counts), self.merged, self.failures)

    # One schedule

    def play(self, schedule: Schedule, kind: str) -> tuple[Trace, Simulation]:
        """Play a schedule, and note what does not hold. Return its trace, without the plain runs, and the simulation before these."""
        simulation = simulation_of(schedule)
        trace: list[tuple[int, int, str]] = []
        simulation.trace = trace
        _play(schedule, simulation)
        simulation.trace = None
        self.counts[kind] += 1
        self._judge(schedule, simulation, kind)
        return trace, simulation

    def _judge(self, schedule: Schedule, simulation: Simulation, kind: str) -> None:
        broken = tuple(simulation.world.broken)
        if not broken:
            broken = self._settle(simulation)
        if broken:
            self.failures.append(Failure(schedule, broken, kind))

    def _settle(self, simulation: Simulation) -> tuple[str, ...]:
        """Let plain runs follow, unless the same were played from the same world before."""
        if simulation.late:
            settle(self.case, simulation)
            return tuple(simulation.world.broken)
        key = (simulation.runs, simulation.seen, tuple(simulation.claims), simulation.world.digest())
        if key in self._settled:
            self.merged += 1
            return self._settled[key]
        twin = simulation.fork()
        settle(self.case, twin)
        self._settled[key] = found = tuple(twin.world.broken)
        return found

    # All of a class

    def no_event(self) -> Trace:
        """Play the undisturbed run."""
        trace, _simulation = self.play(Schedule(self.case.name), NONE)
        self.points = len(trace)
        return trace

    def _at(self, run: int, call: int, name: str) -> Iterator[At]:
        """Yield the events that can happen at a call."""
        for event in BY_CALL.get(name, ()):
            yield At(run, call, event, name)
        if name in ("step", "sleep"):  # nothing takes effect there, so what happens there happens just as well at the next call
            return
        for event in ANYWHERE:
            if self.case.kind in ONE_SECRET and event in _NOT_WITH_ONE_SECRET:
                continue
            yield At(run, call, event, name)

    def events_of(self, trace: Trace) -> list[At]:
        """Return all events that can happen in the runs of a trace."""
        return [event for run, call, name in trace for event in self._at(run, call, name)]

    def singles(self, each: Callable[[Schedule, Trace, Simulation], None] | None = None) -> None:
        """Play every event at every point."""
        for event in self.events_of(self.no_event()):
            if not self.goes_on:
                return
            schedule = Schedule(self.case.name, (event,))
            trace, simulation = self.play(schedule, SINGLE)
            if each is not None:
                each(schedule, trace, simulation)

    def pairs(self) -> None:
        """Play every pair of events: both in the first run, or in it and in the next.

        What happens in the next run depends on the world alone, so that is played once for each world that the first run leaves.
        """
        firsts = self.events_of(self.no_event())
        self.random.shuffle(firsts)
        worlds: set[object] = set()
        queues: list[tuple[At, list[At]]] = []
        for first in firsts:
            if not self.goes_on:
                return
            queues.append((first, self._seconds(first, worlds)))
            self._play_some(*queues[-1])
        while queues and self.goes_on:  # in rounds, so that each has its turn where time is short
            for queue in queues:
                self._play_some(*queue)
            queues = [queue for queue in queues if queue[1]]

    def _play_some(self, first: At, seconds: list[At]) -> None:
        for _number in range(min(_A_TURN, len(seconds))):
            if not self.goes_on:
                return
            self.play(Schedule(self.case.name, (first, seconds.pop())), PAIR)

    def _seconds(self, first: At, worlds: set[object]) -> list[At]:
        """Return what can happen after an event, in any order: in the same run, and in the next one where its world is a new one."""
        trace, simulation = self._quietly(Schedule(self.case.name, (first,)))
        later = self.events_of(trace[_place(trace, first.run, first.call) + 1 :])
        key = (simulation.runs, simulation.world.digest(), tuple(simulation.claims))
        if simulation.late or key not in worlds:
            worlds.add(key)
            following, _simulation = self._quietly(Schedule(self.case.name, (first, At(simulation.runs + 1, _NEVER, "edit"))))
            later += self.events_of([one for one in following if one[0] > simulation.runs])
        self.random.shuffle(later)
        return later

    def _quietly(self, schedule: Schedule) -> tuple[Trace, Simulation]:
        """Play a schedule without its plain runs, for its trace."""
        simulation = simulation_of(schedule)
        trace: list[tuple[int, int, str]] = []
        simulation.trace = trace
        _play(schedule, simulation)
        return trace, simulation

    def turns(self) -> None:
        """Play two runs in every order with up to three switches, where they see each other and where they do not.

        All orders with one switch come first; where the number of schedules is limited, as many of those with two as of those with three.
        """
        orders: list[tuple[tuple[Switch, ...], bool, timedelta]] = [((), False, PAUSE), ((), True, NO_TIME), ((), False, NO_TIME)]
        limit = self.stop_after
        for number in range(_SWITCHES + 1):
            played = sum(self.counts.values())
            self.stop_after = played + (limit - played) / 2 if number == _SWITCHES - 1 else limit
            self.random.shuffle(orders)
            following = []
            for switches, seen, pause in orders:
                if self.goes_on:
                    following += [(more, seen, pause) for more in self._switched(switches, seen, pause)]
            orders = following

    def _switched(self, switches: tuple[Switch, ...], seen: bool, pause: timedelta) -> list[tuple[Switch, ...]]:
        """Play two runs with these switches; return the orders that have one switch more."""
        schedule = Schedule(self.case.name, switches=switches, seen=seen)
        trace, _simulation = self.play(schedule, TURNS)
        if len(switches) == _SWITCHES:
            return []
        run = 1 if not switches else 3 - switches[-1].run
        reached = _place(trace, switches[-1].run, switches[-1].call) if switches else -1
        places = [call for number, (of, call, name) in enumerate(trace) if of == run and name != "step" and number > reached]
        return [(*switches, Switch(run, call, pause)) for call in places]

    def at_random(self) -> None:
        """Play random schedules as long as there is time."""
        while self.goes_on:
            self.play(self._random_schedule(), RANDOM)

    def _random_schedule(self) -> Schedule:
        """Return a schedule with up to five events in up to three runs, each where the run gets to after the events before."""
        chance = self.random
        seen = chance.choice((True, False, None))
        switches = self._random_switches() if chance.random() < 0.3 else None
        events: tuple[At, ...] = ()
        for _number in range(chance.randint(1, 5)):
            trace, simulation = self._quietly(Schedule(self.case.name, events, switches, seen))
            if chance.random() < 0.3:
                trace = self._quietly(Schedule(self.case.name, (*events, At(simulation.runs + 1, _NEVER, "edit")), switches, seen))[0]
            # What is before the last event would change the meaning of that.
            later = trace[_place(trace, events[-1].run, events[-1].call) + 1 :] if events else trace
            places = [one for one in later if one[2] != "step" or chance.random() < 0.1]
            if not places:
                break
            candidates = list(self._at(*chance.choice(places)))
            events = (*events, chance.choice(candidates)) if candidates else events
        return Schedule(self.case.name, events, switches, seen)

    def _random_switches(self) -> tuple[Switch, ...]:
        chance = self.random
        calls = sorted(chance.sample(range(self.points or 30), 3))
        pauses = [chance.choice((NO_TIME, PAUSE)) for _call in calls]
        return (
            Switch(1, calls[0], pauses[0]),
            Switch(2, chance.randrange(self.points or 30), pauses[1]),
            Switch(1, calls[2], pauses[2]),
        )[: chance.randint(1, 3)]


def explore_singles(name: str, seed: str) -> Report:
    """Play every event at every point of one case, however long that takes."""
    explorer = Explorer(BY_NAME[name], random.Random(f"{seed} {name}"))
    explorer.singles()
    return explorer.report()


def explore_more(name: str, seed: str, schedules: int | None, seconds: float | None) -> Report:
    """Explore the rest of one case: so many schedules, which are the same on each machine; or for so long.

    Without a limit, all of its pairs and turns, and then a minute of random schedules.
    """
    explorer = Explorer(BY_NAME[name], random.Random(f"{seed} {name}"))
    began = time.monotonic()
    for kind, act in ((PAIR, explorer.pairs), (TURNS, explorer.turns), (RANDOM, explorer.at_random)):
        if schedules is not None:  # random ones are for a hunt: they go on finding what no change has brought about
            explorer.stop_after = schedules * _SHARES[kind] if kind != RANDOM else 0
        elif seconds is not None:
            explorer.stop_at = began + seconds * _SHARES[kind]
        elif kind == RANDOM:
            explorer.stop_at = time.monotonic() + 60
        act()
    del explorer.counts[NONE]  # they are among those of explore_singles
    return explorer.report()


def together(first: Report, second: Report) -> Report:
    """Return two reports of the same case as one."""
    counts = dict(Counter(first.counts) + Counter(second.counts))
    return Report(first.case, first.points, counts, first.merged + second.merged, [*first.failures, *second.failures])


def _place(trace: Trace, run: int, call: int) -> int:
    """Return where in a trace a run made a call."""
    return next(number for number, one in enumerate(trace) if one[:2] == (run, call))
